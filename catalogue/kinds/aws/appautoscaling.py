"""Application Auto Scaling: the range of replicas of a variant, what moves it, and the policies that scale inside."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile

from cronsim import CronSim, CronSimError

from catalogue.answers import Answer, Request, guid
from catalogue.behaviour import Behaviour, Ref
from catalogue.crons import unix_cron
from catalogue.graph import Graph, Resource
from catalogue.kind import Apart, Bills, No, StandsApart, documented, setting
from catalogue.kinds.aws import READ, acts, asks, regional, registry, tagged, terraform
from catalogue.pricing import Bill, Pricing

POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"
TARGET = "aws:appautoscaling/target:Target"

_GUIDE = "https://docs.aws.amazon.com/autoscaling/application/userguide/"
_FREE = documented(f"{_GUIDE}what-is-application-auto-scaling.html", READ)
_ALARMS = documented(f"{_GUIDE}target-tracking-scaling-policy-overview.html", READ)
_SCHEDULES = documented(f"{_GUIDE}application-auto-scaling-scheduled-scaling.html", READ)
_TRACKING = "targetTrackingScalingPolicyConfiguration"


# ---- scheduled actions ----------------------------------------------------------------------------------------------

YEAR_BEGINS, YEAR_ENDS = datetime(2026, 1, 5), datetime(2027, 1, 4)
"""Fifty-two whole weeks from a Monday on."""
_MOST_EVENTS = 9000


def scheduled(graph: Graph, target: Resource) -> list[Resource]:
    """The scheduled actions of a scalable target: those that refer to it, and those that name the same resource."""
    refers, name = graph.referring(SCHEDULED, "resourceId", target), target.props.text_if_known("resourceId")
    return [one for one in graph.of(SCHEDULED) if one in refers or (name and _scaled(one) == name)]


def _scaled(action: Resource) -> str:
    return action.props.text_if_known("resourceId")


def bounds_over_time(target: Resource, actions: list[Resource]) -> list[tuple[float, float, float]] | None:
    """The bounds of a target that scheduled actions move: each share of the time, with the fewest and the most then.

    None where `_course` cannot tell.
    """
    course = _course(target, actions)
    if course is None:
        return None
    found: dict[tuple[float, float], timedelta] = {}
    for since, until, *bounds in course:
        found[bounds[0], bounds[1]] = found.get((bounds[0], bounds[1]), timedelta()) + (until - since)
    return [(lasts / (YEAR_ENDS - YEAR_BEGINS), *bounds) for bounds, lasts in found.items() if lasts]


def closed(target: Resource, actions: list[Resource]) -> list[tuple[datetime, datetime]]:
    """When scheduled actions let a target have no replica, in their local time. Empty where `_course` cannot tell."""
    found: list[tuple[datetime, datetime]] = []
    for since, until, _, most in _course(target, actions) or ():
        if most == 0 and until > since:
            begins = found.pop()[0] if found and found[-1][1] == since else since
            found.append((begins, until))
    return found


def _course(target: Resource, actions: list[Resource]) -> list[tuple[datetime, datetime, float, float]] | None:
    """The bounds of a target from each scheduled action to the next, over the fifty-two weeks of a year.

    They are gone through in the local time of the actions; a clock that is changed twice a year takes an hour and gives
    it back. At first the bounds are those that the year ends with. None where that cannot be told: an action that comes
    once, between two days, at a rate or too often, one whose cron cannot be read, and two that go by different time
    zones.
    """
    zones = {action.props.text_or_empty("timezone") or "UTC" for action in actions}
    events: list[tuple[datetime, Resource]] = []
    for action in actions:
        times = _times(action)
        if times is None or len(zones) > 1:
            return None
        events += [(time, action) for time in times]
    events.sort(key=lambda event: event[0])
    now = target.props
    least, most = now.number_or_none("minCapacity") or 0, now.number_or_none("maxCapacity") or 0
    for _, action in events:
        least, most = _moved(action, least, most)
    found: list[tuple[datetime, datetime, float, float]] = []
    since = YEAR_BEGINS
    for time, action in [*events, (YEAR_ENDS, None)]:
        found.append((since, time, least, most))
        since = time
        if action is not None:
            least, most = _moved(action, least, most)
    return found


def _times(action: Resource) -> list[datetime] | None:
    """When an action comes in the year. None where it cannot be told."""
    kind, _, inner = action.props.text_or_empty("schedule").rstrip(")").partition("(")
    if kind != "cron" or action.props.is_given("startTime") or action.props.is_given("endTime"):
        return None
    try:
        # A year that is named makes it a schedule that ends.
        if not inner.endswith("*"):
            return None
        comes = CronSim(unix_cron(inner), YEAR_BEGINS - timedelta(minutes=1))
    except (CronSimError, ValueError):
        return None
    found = list(islice(takewhile(lambda time: time < YEAR_ENDS, _until_it_ends(comes)), _MOST_EVENTS))
    return found if len(found) < _MOST_EVENTS else None


def _until_it_ends(comes: CronSim) -> Iterator[datetime]:
    yield from comes


def _moved(action: Resource, least: float, most: float) -> tuple[float, float]:
    low, high = moves(action)
    return least if low is None else low, most if high is None else high


def moves(action: Resource) -> tuple[float | None, float | None]:
    """The fewest and the most replicas that a scheduled action sets; None for a bound that it leaves alone."""
    bounds = action.props.section_or_empty("scalableTargetAction")
    return bounds.number_or_none("minCapacity"), bounds.number_or_none("maxCapacity")


# ---- what they cost, and how AWS treats them ------------------------------------------------------------------------


def _policy_price(pricing: Pricing, resource: Resource) -> Bill:
    """Target tracking makes two alarms, above and below the target, and each bills for every metric that it reads.

    A step policy makes none: who calls it is an alarm of the stack.
    """
    alarm = pricing.of("cloudwatch-alarm")
    metrics = [
        sum("metricStat" in metric for metric in custom.each_section("metrics")) or 1
        for custom in resource.props.each_section(f"{_TRACKING}.customizedMetricSpecification")
    ]
    read = sum(metrics) or 1
    number = 2 * read if resource.props.is_given(_TRACKING) else 0
    return Bill(
        "autoscaling", number * alarm, number * alarm, f"{number} alarm metrics × ${alarm:g}, made by the policy"
    )


def _policy(request: Request) -> Answer:
    name = request.physical_name()
    uuid = guid(request.hex(32))
    resource = f"resource/sagemaker/{request.inputs['resourceId']}:policyName/{name}"
    arn = f"arn:aws:autoscaling:{request.region}:{request.account}:scalingPolicy:{uuid}:{resource}"
    return Answer(name, {"name": name, "arn": arn})


def _target(request: Request) -> Answer:
    target = f"0{request.hex(29)}"
    arn = f"arn:aws:application-autoscaling:{request.region}:{request.account}:scalable-target/{target}"
    return Answer(str(request.inputs["resourceId"]), {"arn": arn})


def _scheduled_action(request: Request) -> Answer:
    name, of = request.physical_name(), request.inputs["resourceId"]
    resource = f"resource/sagemaker/{of}:scheduledActionName/{name}"
    arn = f"arn:aws:autoscaling:{request.region}:{request.account}:scheduledAction:{guid(request.hex(32))}:{resource}"
    return Answer(f"{name}-{request.inputs['serviceNamespace']}-{of}", {"name": name, "arn": arn})


_SCHEDULED_ACTS = acts(
    "appautoscaling",
    _scheduled_action,
    Behaviour(
        name="name",
        # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
        pattern=r"(?! )[^\x00-\x1f\x7f-\x9f:/|]{1,256}(?<! )",
        refs=(Ref("resourceId", (TARGET,)),),
        second="changes",
    ),
)
_POLICY_ACTS = acts(
    "appautoscaling",
    _policy,
    Behaviour(
        name="name",
        refs=(Ref("resourceId", (TARGET,)),),
        second="changes",
    ),
)
_TARGET_ACTS = acts(
    "appautoscaling",
    _target,
    Behaviour(second="changes"),
)

_MOVED = "its off hours move both bounds, and another range in the stack file comes with the next of them"
_NOW = (
    "`aws application-autoscaling register-scalable-target --service-namespace sagemaker --scalable-dimension "
    "{scalableDimension} --resource-id {resourceId} --min-capacity {minCapacity} --max-capacity {maxCapacity}`"
)

KINDS = (
    setting(
        POLICY,
        "a scalable target",
        registry(POLICY),
        bills=Bills(_policy_price, _ALARMS, ("AmazonCloudWatch",)),
        stands=regional(POLICY),
        acts=_POLICY_ACTS,
        renders=terraform("appautoscaling_policy"),
    ),
    setting(
        SCHEDULED,
        "a scalable target",
        registry(SCHEDULED),
        bills=No("scheduled scaling is free", _FREE),
        stands=regional(SCHEDULED),
        acts=_SCHEDULED_ACTS,
        renders=terraform("appautoscaling_scheduled_action"),
        rights=asks(
            "awsapplicationautoscaling",
            "application-autoscaling:DescribeScheduledActions",
            "application-autoscaling:PutScheduledAction",
            deletes=(
                "application-autoscaling:DeleteScheduledAction",
                "application-autoscaling:DescribeScheduledActions",
            ),
        ),
    ),
    setting(
        TARGET,
        "an endpoint",
        registry(TARGET),
        tags=tagged(TARGET),
        runs=No("it bounds what its endpoint runs, whose record reads it", registry(TARGET)),
        bills=No("autoscaling is free", _FREE),
        stands=regional(TARGET),
        acts=_TARGET_ACTS,
        renders=terraform("appautoscaling_target"),
        apart=StandsApart(
            (
                Apart("minCapacity", _MOVED, _NOW),
                Apart("maxCapacity", _MOVED, _NOW),
            ),
            _SCHEDULES,
        ),
    ),
)
