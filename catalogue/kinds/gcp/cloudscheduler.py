"""Cloud Scheduler, which starts workflows on a schedule."""

import re
from collections.abc import Iterator, Mapping

from cronsim import CronSimError

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import Apis, At, Bills, Kind, No, Runs, assumed, documented
from catalogue.kinds.gcp import ACCOUNT, IN_PROJECT, OWN_ACCOUNT, READ, WORKFLOW, acting, in_terraform, registry
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.pricing import Bill, Pricing, cron_runs_per_month
from catalogue.properties import Malformed, NotKnown
from catalogue.work import Start, cron_in_words

SCHEDULE = "gcp:cloudscheduler/job:Job"

_SDK = registry("cloudscheduler/job")
_PRICES = documented("https://cloud.google.com/scheduler/pricing", READ)
_STARTS = documented("https://cloud.google.com/workflows/docs/schedule-workflow", READ)
_EXECUTION = re.compile(
    r"https://workflowexecutions\.googleapis\.com/v1/projects/([^/?#]+)/locations/([^/?#]+)/workflows/([^/?#]+)/executions"
)


def started(graph: Graph, schedule: Resource) -> Resource:
    """The workflow of the stack that a schedule starts an execution of, by the address that it calls.

    Where the address is not known yet, what it is made of decides. Raises Malformed for whatever else a schedule calls.
    """
    for target in ("pubsubTarget", "appEngineHttpTarget"):
        if schedule.props.is_given(target):
            raise Malformed(target, "is given, and what that starts is unknown", schedule)
    method = schedule.props.text_or_empty("httpTarget.httpMethod") or "POST"
    if method != "POST":
        raise Malformed("httpTarget.httpMethod", f"is {method}, where POST starts an execution", schedule)
    try:
        address = schedule.props.text_or_empty("httpTarget.uri")
    except NotKnown:
        found = graph.refers(schedule, "httpTarget", WORKFLOW)
        if len(found) != 1:
            raise
    else:
        called = _EXECUTION.fullmatch(address)
        named = _by_name(graph).get(called[3], ()) if called else ()
        found = [workflow for workflow in named if called and _is_in(workflow, called[1], called[2])]
    if len(found) != 1:
        raise Malformed("httpTarget.uri", "starts no workflow of the stack, so what it starts is unknown", schedule)
    return found[0]


@once_a_graph
def _by_name(graph: Graph) -> Mapping[str, list[Resource]]:
    """The workflows of the stack by their names, as far as these are known."""
    found: dict[str, list[Resource]] = {}
    for workflow in graph.of(WORKFLOW):
        found.setdefault(workflow.props.text_if_known("name"), []).append(workflow)
    return found


def _is_in(workflow: Resource, project: str, region: str) -> bool:
    """Whether a workflow stands there. A missing project or region is that of the provider."""
    said = (workflow.props.text_if_known(key) for key in ("project", "region"))
    return all(own in ("", asked) for own, asked in zip(said, (project, region), strict=True))


def starting(graph: Graph, workflow: Resource) -> list[Resource]:
    """The schedules that start a workflow, whether they refer to it or name it by text.

    Raises Malformed where one of the stack's schedules has an unknown target, for that may be this workflow.
    """
    return _by_workflow(graph).get(workflow.urn, [])


@once_a_graph
def _by_workflow(graph: Graph) -> Mapping[str, list[Resource]]:
    """The schedules by the URN of the workflow that each starts."""
    found: dict[str, list[Resource]] = {}
    for schedule in graph.of(SCHEDULE):
        found.setdefault(started(graph, schedule).urn, []).append(schedule)
    return found


def runs_per_month(schedule: Resource) -> float:
    """How often a schedule fires in an average month. Raises Malformed where that cannot be read."""
    cron = schedule.props.text_or_empty("schedule")
    try:
        runs = cron_runs_per_month(cron)
    except CronSimError:
        raise Malformed("schedule", f"is {cron!r}, where five fields of cron are read", schedule) from None
    if not runs:
        raise Malformed("schedule", f"is {cron!r}, which does not fire in the year that is counted", schedule)
    return runs


def start_of(schedule: Resource) -> Start:
    """What a schedule says of the runs that it starts."""
    props = schedule.props
    when = cron_in_words(props.text_or_empty("schedule"), props.text_or_empty("timeZone") or "UTC")
    off = props.flag_or_none("paused") is True
    return Start(schedule.name, f"{when}; switched off" if off else when, runs_per_month(schedule))


def _machines(graph: Graph, schedule: Resource) -> Iterator[Machines]:
    """None of its own: the workflow that it starts has them. Raises Malformed where it starts anything else.

    In another program a message, or a call of somebody's own service, starts nothing that is known to be a machine;
    `identity-starts-own` says that nobody knows what it starts.
    """
    if graph.ours or _calls_google(schedule):
        started(graph, schedule)
    return iter(())


def _calls_google(schedule: Resource) -> bool:
    """Whether a schedule calls an API of Google's, or where nobody knows yet."""
    if any(schedule.props.is_given(target) for target in ("pubsubTarget", "appEngineHttpTarget")):
        return False
    address = schedule.props.text_if_known("httpTarget.uri")
    return not address or re.match(r"https?://[^/]*\.googleapis\.com(:\d+)?(/|$)", address) is not None


def _schedule(pricing: Pricing, resource: Resource) -> Bill:
    month = pricing.of("scheduler-job")
    return Bill("schedule", month, month, f"${month:g} a month")


KINDS = (
    Kind(
        token=SCHEDULE,
        tags=No("a schedule takes no labels", _SDK),
        keys=No("a schedule names no key; what it sends holds no data", _SDK),
        holds=No("it can be made again from the program", _SDK),
        reaches=No("it calls Google's APIs on Google's side", assumed("it has no network of its own", READ)),
        runs=Runs(_machines, _STARTS),
        bills=Bills(_schedule, _PRICES, ("Cloud Scheduler",)),
        stands=At("region", _SDK),
        keeps=No("nothing is written to it", _SDK),
        serves=No("it runs no container", _SDK),
        acts=acting(
            "cloudscheduler",
            by_resource_name(IN_PROJECT + "/locations/{region}/jobs/{name}", state="ENABLED"),
            Behaviour(
                name="name",
                pattern=r"[a-zA-Z0-9_-]{1,500}",
                refs=(Ref("httpTarget.oauthToken.serviceAccountEmail", (ACCOUNT,), only=OWN_ACCOUNT),),
            ),
        ),
        renders=in_terraform("google_cloud_scheduler_job"),
        apis=Apis(("workflowexecutions",), _STARTS),
    ),
)
