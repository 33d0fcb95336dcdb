"""Application Auto Scaling: the range of replicas of a variant, and the policies that scale inside it."""

from catalogue.answers import Answer, Request, guid
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import No, documented, setting
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform

POLICY = "aws:appautoscaling/policy:Policy"
TARGET = "aws:appautoscaling/target:Target"

_FREE = documented(
    "https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html", READ
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
        bills=No("autoscaling is free; its alarms are AWS's", _FREE),
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
