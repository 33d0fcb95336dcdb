"""Amazon EventBridge Scheduler: what it starts, and how often."""

import re
from collections.abc import Iterator

from cronsim import CronSimError

from catalogue.answers import by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.crons import expression_in_words, unix_cron
from catalogue.graph import Graph, Resource
from catalogue.kind import Bills, KeyAt, Keys, Kind, No, Runs, Serves, documented
from catalogue.kinds.aws import READ, acts, regional, registry, terraform
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.jobs import DOES, PIPELINE, STATE_MACHINE, Job, called
from catalogue.kinds.aws.kms import names_key
from catalogue.machines import Machines
from catalogue.pauses import LOOKS_BACK_HOURS, longest_pause_hours, shortest_pause_minutes
from catalogue.pricing import MONTH_MINUTES, Bill, Pricing, Unpriced, cron_runs_per_month
from catalogue.properties import Malformed
from catalogue.runs import RUNS_PER_MONTH, by_hand
from catalogue.work import Part, Start, Work, by_people

SCHEDULE = "aws:scheduler/schedule:Schedule"

_GUIDE = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/"
_TYPES = documented(f"{_GUIDE}schedule-types.html", READ)
_TARGETS = documented(f"{_GUIDE}managing-targets-universal.html", READ)
_KMS = documented(f"{_GUIDE}encryption-rest.html", READ)
_PRICING = documented("https://aws.amazon.com/eventbridge/pricing/", READ)

_ACTS = acts(
    "scheduler",
    by_name("arn:aws:scheduler:{region}:{account}:schedule/default/{name}"),
    Behaviour(
        name="name",
        pattern=r"[0-9a-zA-Z\-_.]{1,64}",
        refs=(Ref("target.roleArn", (ROLE,)), *names_key("kmsKeyArn")),
    ),
)

_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def starts_per_month(graph: Graph, target: Resource) -> float:
    """How often all schedules of the stack together, and the people that its tag counts, start a state machine or a
    pipeline in an average month.

    Raises Unpriced where neither is there. Then something else starts it, at an unknown rate.
    """
    found = starters(graph, target)
    started = by_hand(target.props.section_or_empty("tags"))
    if not found and started is None:
        what = "a pipeline" if target.type == PIPELINE else "a state machine"
        raise Unpriced(
            f"{what} that no schedule of the stack starts: nothing says how often it runs; a tag {RUNS_PER_MONTH} would"
        )
    return sum(_starts(schedule) for schedule in found) + (started or 0.0)


def starts_of(graph: Graph, target: Resource) -> tuple[Start, ...]:
    """What starts a state machine or a pipeline: schedules of the stack, and people as its tag says."""
    by_schedule = (_start(schedule) for schedule in starters(graph, target))
    return (*by_schedule, *by_people(by_hand(target.props.section_or_empty("tags"))))


def _start(schedule: Resource) -> Start:
    expression = schedule.props.text_or_empty("scheduleExpression")
    a_month = _starts(schedule)  # this raises for what is no expression
    when = expression_in_words(expression, schedule.props.text_or_empty("scheduleExpressionTimezone") or "UTC")
    off = schedule.props.text_or_empty("state") == "DISABLED"
    return Start(schedule.name, f"{when}; switched off" if off else when, a_month)


def _work(graph: Graph, schedule: Resource) -> Work | None:
    job = job_of(graph, schedule)
    if job is None:
        return None
    part = Part("", DOES[job.action], tuple(job.machines(schedule.name)), job.longest_hours())
    return Work((part,), {}, (_start(schedule),))


def starters(graph: Graph, target: Resource) -> list[Resource]:
    """The schedules of the stack that start a state machine or a pipeline."""
    referring = graph.referring(SCHEDULE, "target", target)
    return [one for one in graph.of(SCHEDULE) if one in referring or _names(one, target)]


def _names(schedule: Resource, target: Resource) -> bool:
    """Whether a schedule names a state machine by its ARN, or by a version or an alias of it; or a pipeline by its ARN,
    or in what it sends to start one.
    """
    arn = schedule.props.text_if_known("target.arn")
    if target.type == PIPELINE:
        name = target.props.text_if_known("pipelineName").casefold()  # an ARN has it in small letters
        return bool(name) and name == _pipeline_of(schedule).casefold()
    _, mark, named = arn.partition(":stateMachine:")
    return bool(mark) and named.partition(":")[0] == target.props.text_if_known("name")


def _pipeline_of(schedule: Resource) -> str:
    """The pipeline that a schedule starts, as it names it; empty where it starts none, or where that is not known yet.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
    """
    arn = schedule.props.text_if_known("target.arn")
    if arn == STARTS_PIPELINE and schedule.props.text_if_known("target.input"):
        named = schedule.props.document_or_empty("target.input").text_or_empty("PipelineName")
        return named.rpartition(":pipeline/")[2]
    return arn.partition(":pipeline/")[2]


STARTS_PIPELINE = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
"""The target that sends StartPipelineExecution with what the schedule says, its token among it:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""
# Sections of a target that starts something other than a state machine or a pipeline.
_OTHERS = (
    "ecsParameters",
    "eventbridgeParameters",
    "kinesisParameters",
    "sagemakerPipelineParameters",
    "sqsParameters",
)
_UNIVERSAL = re.compile(r"arn:aws[\w-]*:scheduler:::aws-sdk:sagemaker:(\w+)")


def job_of(graph: Graph, schedule: Resource) -> Job | None:
    """The job that a schedule creates by itself. None where it starts a state machine or a pipeline of the stack, or
    nothing.

    Raises Malformed for any other target, because what it runs is unknown.
    """
    target = schedule.props.section_or_empty("target")
    of_pipeline = ":pipeline/" in target.text_if_known("arn")
    for key in _OTHERS:
        if key in target and not (of_pipeline and key == "sagemakerPipelineParameters"):
            raise Malformed(f"target.{key}", "starts a job of another service; let a state machine start it", schedule)
    started = graph.of(STATE_MACHINE, PIPELINE)
    waits = not target.text_if_known("arn") or not target.text_if_known("input")
    if any(_names(schedule, one) for one in started) or (
        waits and graph.refers(schedule, "target", STATE_MACHINE, PIPELINE)
    ):
        return None
    arn = target.text_or_empty("arn")
    universal = _UNIVERSAL.fullmatch(arn)
    action = called(universal[1]) if universal else None
    if action is None:
        why = f"is {arn or 'missing'}, no state machine or pipeline of the stack, so what it runs is unknown"
        raise Malformed("target.arn", why, schedule)
    return Job("its target", action, 1, target, target.document_or_empty("input"), awaited=False) if action else None


def _machines(graph: Graph, schedule: Resource) -> Iterator[Machines]:
    job = job_of(graph, schedule)
    if job is not None:
        yield from job.machines(schedule.name)


def _price(pricing: Pricing, schedule: Resource) -> Bill:
    job = job_of(pricing.graph, schedule)
    if job is None:
        return Bill("schedule", 0.0, 0.0, "free; what it starts bills")
    runs, hours = _starts(schedule), job.longest_hours()
    total, parts = 0.0, list[str]()
    for machines in job.machines(schedule.name):
        hour = pricing.hour(machines)
        total += runs * machines.high * hours * hour
        parts.append(f"{runs:.1f} runs × {machines.high} × {machines.said} × at most {hours:g} h × ${hour:g}")
    return Bill("scheduled job", 0.0, total, f"nothing between runs; ceiling {'; '.join(parts)}")


def _data(graph: Graph, schedule: Resource) -> Iterator[str]:
    job = job_of(graph, schedule)
    yield from job.data() if job else ()


def _images(graph: Graph, schedule: Resource) -> Iterator[str]:
    job = job_of(graph, schedule)
    if job is not None:
        yield from job.images()


def _artifacts(graph: Graph, schedule: Resource) -> Iterator[str]:
    """None: a transform job names a model, whose record has its artifacts."""
    yield from ()


def _starts(schedule: Resource) -> float:
    key = "scheduleExpression"
    try:
        return runs_per_month(schedule.props.text_or_empty(key))
    except ValueError as error:
        raise Malformed(key, str(error), schedule) from None


def runs_per_month(expression: str) -> float:
    """How often an expression of the Scheduler fires in an average month. The year in a cron is ignored.

    Raises ValueError where the text is no expression.
    """
    kind, _, inner = expression.rstrip(")").partition("(")
    fields = inner.split()
    if kind == "at" and fields:
        return 1
    if (
        kind == "rate"
        and len(fields) == 2
        and fields[1].rstrip("s") in _MINUTES
        and re.fullmatch(r"[1-9]\d*", fields[0])
    ):
        return MONTH_MINUTES / (int(fields[0]) * _MINUTES[fields[1].rstrip("s")])
    if kind == "cron" and len(fields) == 6:
        try:
            return cron_runs_per_month(unix_cron(inner))
        except CronSimError:
            pass
    raise ValueError(f"is {expression!r}, which is no at(), rate() or cron() that can be read")


def longest_pause_of(expression: str) -> int:
    """The longest time between two starts in hours, as `longest_pause_hours` counts it, at most `LOOKS_BACK_HOURS`.

    at() starts once. Raises ValueError where the text is no expression.
    """
    runs_per_month(expression)
    kind, _, inner = expression.rstrip(")").partition("(")
    if kind == "at":
        return LOOKS_BACK_HOURS
    if kind == "rate":
        value, unit = inner.split()
        return min(int(value) * _MINUTES[unit.rstrip("s")] // 60 + 2, LOOKS_BACK_HOURS)
    return longest_pause_hours(unix_cron(inner))


def shortest_pause_of(expression: str) -> float:
    """The shortest time between two starts in minutes, as `shortest_pause_minutes` counts it. at() starts once.

    Raises ValueError where the text is no expression.
    """
    runs_per_month(expression)
    kind, _, inner = expression.rstrip(")").partition("(")
    if kind == "at":
        return MONTH_MINUTES
    if kind == "rate":
        value, unit = inner.split()
        return int(value) * _MINUTES[unit.rstrip("s")]
    return shortest_pause_minutes(unix_cron(inner))


KINDS = (
    Kind(
        token=SCHEDULE,
        tags=No("a schedule takes none; its group does", registry(SCHEDULE)),
        keys=Keys((KeyAt("kmsKeyArn"),), _KMS),
        holds=No("it can be made again from the program", registry(SCHEDULE)),
        reaches=No("it starts its target on AWS's side", _TYPES),
        runs=Runs(_machines, _TARGETS, _data, _work),
        bills=Bills(_price, _PRICING, ("Amazon EventBridge", "CloudWatch Events")),
        stands=regional(SCHEDULE),
        keeps=No("nothing is written to it", _TYPES),
        serves=Serves(_images, _artifacts, _TARGETS),
        acts=_ACTS,
        renders=terraform("scheduler_schedule"),
    ),
)
