"""Application Auto Scaling: the range of replicas of a variant, and the policies that scale inside it."""

from catalogue.answers import Answer, Request, guid
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import Bills, No, documented, setting
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.pricing import Bill, Pricing

POLICY = "aws:appautoscaling/policy:Policy"
TARGET = "aws:appautoscaling/target:Target"

_GUIDE = "https://docs.aws.amazon.com/autoscaling/application/userguide/"
_FREE = documented(f"{_GUIDE}what-is-application-auto-scaling.html", READ)
_ALARMS = documented(f"{_GUIDE}target-tracking-scaling-policy-overview.html", READ)
_TRACKING = "targetTrackingScalingPolicyConfiguration"


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

KINDS = (
    setting(
        POLICY,
        "a scalable target",
        registry(POLICY),
        bills=Bills(_policy_price, _ALARMS),
        stands=regional(POLICY),
        acts=_POLICY_ACTS,
        renders=terraform("appautoscaling_policy"),
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
    ),
)
