"""Application Auto Scaling: the range of replicas of a variant, and what moves it inside the range."""

from catalogue.kind import No, documented, setting
from catalogue.kinds.aws import READ, regional, registry, tagged

POLICY = "aws:appautoscaling/policy:Policy"
TARGET = "aws:appautoscaling/target:Target"

_FREE = documented(
    "https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html", READ
)

KINDS = (
    setting(
        POLICY,
        "a scalable target",
        registry(POLICY),
        bills=No("autoscaling is free; its alarms are AWS's", _FREE),
        stands=regional(POLICY),
    ),
    setting(
        TARGET,
        "an endpoint",
        registry(TARGET),
        tags=tagged(TARGET),
        runs=No("it bounds what its endpoint runs, whose record reads it", registry(TARGET)),
        bills=No("autoscaling is free", _FREE),
        stands=regional(TARGET),
    ),
)
