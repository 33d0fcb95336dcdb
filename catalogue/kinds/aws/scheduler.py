"""Amazon EventBridge Scheduler: what starts by itself, and how often."""

import re

from cronsim import CronSimError

from catalogue.answers import by_name
from catalogue.behaviour import Behaviour, Ref, in_region
from catalogue.graph import Graph, Resource
from catalogue.kind import KeyAt, Keys, Kind, No, documented
from catalogue.kinds.aws import READ, acts, regional, registry, terraform
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.kms import names_key
from catalogue.pricing import MONTH_MINUTES, cron_runs_per_month
from catalogue.properties import Malformed

SCHEDULE = "aws:scheduler/schedule:Schedule"

_GUIDE = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/"
_TYPES = documented(f"{_GUIDE}schedule-types.html", READ)
_KMS = documented(f"{_GUIDE}encryption-rest.html", READ)
_PRICING = documented("https://aws.amazon.com/eventbridge/pricing/", READ)

_ACTS = acts(
    "scheduler",
    by_name("arn:aws:scheduler:{region}:{account}:schedule/default/{name}"),
    Behaviour(
        in_region("name", "groupName"),
        name="name",
        pattern=r"[0-9a-zA-Z\-_.]{1,64}",
        refs=(Ref("target.roleArn", (ROLE,)), *names_key("kmsKeyArn")),
    ),
)

KINDS = (
    Kind(
        token=SCHEDULE,
        tags=No("a schedule takes none; its group does", registry(SCHEDULE)),
        keys=Keys((KeyAt("kmsKeyArn"),), _KMS),
        holds=No("it can be made again from the program", registry(SCHEDULE)),
        reaches=No("it starts its target on AWS's side", _TYPES),
        runs=No("its target runs, not the schedule", _TYPES),
        bills=No("a start a night is far below the free invocations", _PRICING),
        stands=regional(SCHEDULE),
        keeps=No("nothing is written to it", _TYPES),
        serves=No("it runs no container", _TYPES),
        acts=_ACTS,
        renders=terraform("scheduler_schedule"),
    ),
)

_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def starts_per_month(graph: Graph, target: Resource) -> float:
    """How often the schedules of the stack start a target in an average month, all of them together."""
    return sum(_starts(schedule) for schedule in graph.referring(SCHEDULE, "target", target))


def _starts(schedule: Resource) -> float:
    key = "scheduleExpression"
    try:
        return runs_per_month(schedule.props.text_or_empty(key))
    except ValueError as error:
        raise Malformed(key, str(error), schedule) from None


def runs_per_month(expression: str) -> float:
    """How often an expression of the Scheduler fires in an average month; the year of a cron is taken for any year.

    Raises ValueError for what is none.
    """
    kind, _, inner = expression.rstrip(")").partition("(")
    fields = inner.split()
    if kind == "at" and fields:
        return 1
    if kind == "rate" and len(fields) == 2 and fields[1].rstrip("s") in _MINUTES and fields[0].isdecimal():
        return MONTH_MINUTES / (max(1, int(fields[0])) * _MINUTES[fields[1].rstrip("s")])
    if kind == "cron" and len(fields) == 6:
        minute, hour, day, month, weekday, _ = fields
        try:
            return cron_runs_per_month(f"{minute} {hour} {_any(day)} {month} {_unix(weekday)}")
        except CronSimError:
            pass
    raise ValueError(f"is {expression!r}, which is no at(), rate() or cron() that can be read")


def _any(day: str) -> str:
    return "*" if day == "?" else day


def _unix(weekday: str) -> str:
    """Days of the week as cron(5) counts them, from 0; the Scheduler counts from 1. A week or a step stays."""
    return ",".join(_days(part) for part in _any(weekday).split(","))


def _days(part: str) -> str:
    days = re.split(r"[#/]", part, maxsplit=1)[0]
    return re.sub(r"\d+", lambda day: str(int(day[0]) - 1), days) + part.removeprefix(days)
