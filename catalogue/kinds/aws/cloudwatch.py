"""Amazon CloudWatch: logs and alarms."""

from collections.abc import Iterator, Mapping

from catalogue.answers import Answer, Request, by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import Bills, Keeps, KeyAt, Keys, Kind, No, Watches, assumed, documented, setting
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.kinds.aws.kms import names_key
from catalogue.kinds.aws.sns import TOPIC
from catalogue.pricing import Bill, Pricing
from catalogue.wording import counted

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
MUTE = "aws:cloudwatch/alarmMuteRule:AlarmMuteRule"

_OF_VARIANT = frozenset({"EndpointName", "VariantName"})
_OF_FLEET = (_OF_VARIANT, _OF_VARIANT | {"EndpointConfigName"})
_OF_ENDPOINT, _OF_RUN, _OF_COPIES = (
    frozenset({one}) for one in ("EndpointName", "StateMachineArn", "InferenceComponentName")
)
_OF_PIPELINE = frozenset({"PipelineName"})
_OF_STEP = _OF_PIPELINE | {"StepName"}
_MACHINE = ("CPUUtilization", "MemoryUtilization", "GPUUtilization", "GPUMemoryUtilization", "DiskUtilization")
_OF_JOB: Mapping[str, tuple[frozenset[str], ...]] = dict.fromkeys(_MACHINE, (frozenset({"Host"}),))
PUBLISHED: Mapping[str, Mapping[str, tuple[frozenset[str], ...]]] = {
    "AWS/SageMaker": {
        # Of InvokeEndpoint. Under EndpointConfigName they are those of one fleet.
        **dict.fromkeys(
            (
                *("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors"),
                *("InvocationsPerInstance", "ModelLatency", "OverheadLatency", "ModelSetupTime"),
                *("ConcurrentRequestsPerModel", "FirstChunkLatency", "FirstChunkModelLatency", "MidStreamErrors"),
                *("ModelLoadingWaitTime", "ModelUnloadingTime", "ModelDownloadingTime", "ModelLoadingTime"),
                "ModelCacheHit",
            ),
            _OF_FLEET,
        ),
        # Of an asynchronous endpoint, beside errors and ModelLatency, and no other.
        **dict.fromkeys(
            (
                *("ApproximateAgeOfOldestRequest", "ApproximateBacklogSize", "ApproximateBacklogSizePerInstance"),
                "HasBacklogWithoutCapacity",
            ),
            (_OF_ENDPOINT,),
        ),
        **dict.fromkeys(
            (
                *("RequestDownloadFailures", "ResponseUploadFailures", "NotificationFailures", "ExpiredRequests"),
                *("RequestDownloadLatency", "ResponseUploadLatency", "InvocationFailures", "InvocationsProcessed"),
                *("TimeInBacklog", "TotalProcessingTime"),
            ),
            _OF_FLEET,
        ),
        **dict.fromkeys(
            ("InvocationsPerCopy", "ConcurrentRequestsPerCopy", "NoCapacityInvocationFailures"), (_OF_COPIES,)
        ),
    },
    "/aws/sagemaker/Endpoints": dict.fromkeys((*_MACHINE, "LoadedModelCount"), (_OF_VARIANT,)),
    **{f"/aws/sagemaker/{jobs}Jobs": _OF_JOB for jobs in ("Processing", "Training", "Transform")},
    "AWS/Sagemaker/ModelBuildingPipeline": {
        # Without a dimension they are those of all the account's pipelines together.
        **dict.fromkeys(
            (
                *("ExecutionStarted", "ExecutionFailed", "ExecutionSucceeded", "ExecutionStopped"),
                "ExecutionDuration",
            ),
            (_OF_PIPELINE, frozenset[str]()),
        ),
        **dict.fromkeys(
            ("StepStarted", "StepFailed", "StepSucceeded", "StepStopped", "StepDuration"),
            (_OF_STEP,),
        ),
    },
    "AWS/States": dict.fromkeys(
        (
            *("ExecutionsAborted", "ExecutionsFailed", "ExecutionsStarted", "ExecutionsSucceeded"),
            *("ExecutionsTimedOut", "ExecutionThrottled", "ExecutionTime"),
        ),
        (_OF_RUN,),
    ),
}
"""What is published in which namespace, and under which dimensions: an alarm under others hears nothing, ever.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html (EndpointConfigName),
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"
_GROUPS = documented(f"{_LOGS}Working-with-log-groups-and-streams.html", READ)
_KMS = documented(f"{_LOGS}encrypt-log-data-kms.html", READ)
_PRICING = documented("https://aws.amazon.com/cloudwatch/pricing/", READ)


def _retention(graph: Graph, resource: Resource) -> Iterator[float | None]:
    """The retention in days. 0 and no value mean for ever."""
    yield resource.props.number_or_none("retentionInDays") or None


ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"
"""What the name of an endpoint's own log group begins with; the endpoint's follows.
https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"""


def months_kept(group: Resource | None) -> float:
    """How many months of logs a group holds. A year is counted where nothing expires, and where no group is known."""
    days = group.props.number_or_none("retentionInDays") if group else None
    return (days or 0) * 12 / 365 or 12


def _log_group_price(pricing: Pricing, resource: Resource) -> Bill:
    """What is taken in and what is kept: the month's amount as many months as the group keeps it, uncompressed."""
    if resource.props.text_if_known("name").startswith(ENDPOINT_LOGS):
        return Bill("logs", 0.0, 0.0, "the endpoint's own line has them")
    amount = pricing.assume("batch-log-gb")
    days = resource.props.number_or_none("retentionInDays") or 0
    kept = amount * months_kept(resource) * pricing.of("cloudwatch-logs-storage")
    cost = amount * pricing.of("cloudwatch-logs-ingestion") + kept
    how_long = f"{days:g} days" if days else "for ever, of which a year is counted"
    return Bill("logs", 0.0, cost, f"{amount:g} GB taken in and kept {how_long}, in the ceiling")


def _alarm_price(pricing: Pricing, resource: Resource) -> Bill:
    """Each metric that an alarm reads is billed, so one on metric math of two bills twice."""
    each, metrics = pricing.of("cloudwatch-alarm"), len(list(resource.props.each_section("metricQueries.metric"))) or 1
    return Bill("alarm", each * metrics, each * metrics, f"{counted(metrics, 'metric')} × ${each:g} a month")


def _log_group(request: Request) -> Answer:
    name = request.physical_name()
    return Answer(name, {"name": name, "arn": f"arn:aws:logs:{request.region}:{request.account}:log-group:{name}"})


_LOG_GROUP_ACTS = acts(
    "logs",
    _log_group,
    Behaviour(
        name="name",
        pattern=r"[.\-_/#A-Za-z0-9]{1,512}",
        # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
        exists="ResourceAlreadyExistsException: The specified log group already exists",
        refs=names_key("kmsKeyId"),
    ),
)
_ALARM_ACTS = acts(
    "cloudwatch",
    by_name("arn:aws:cloudwatch:{region}:{account}:alarm:{name}"),
    Behaviour(
        name="name",
        pattern=r".{1,255}",
        refs=(Ref("alarmActions[]", (TOPIC,), only=r"arn:aws:sns:.*"),),
        second="changes",
    ),
)

_MUTE_ACTS = acts(
    "cloudwatch",
    by_name("arn:aws:cloudwatch:{region}:{account}:alarm-mute-rule:{name}"),
    Behaviour(
        name="name",
        pattern=r".{1,255}",
        # "The alarm names must match existing alarms", MuteTargets of
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html
        refs=(Ref("muteTargets.alarmNames[]", (ALARM,)),),
        second="changes",
    ),
)

KINDS = (
    Kind(
        token=LOG_GROUP,
        tags=tagged(LOG_GROUP),
        keys=Keys((KeyAt("kmsKeyId"),), _KMS),
        holds=No("logs expire by themselves", _GROUPS),
        reaches=No("the services write on AWS's side", _GROUPS),
        runs=No("it runs no machine", _GROUPS),
        bills=Bills(_log_group_price, _PRICING, ("AmazonCloudWatch",)),
        stands=regional(LOG_GROUP),
        keeps=Keeps(_retention, _GROUPS),
        serves=No("it runs no container", registry(LOG_GROUP)),
        acts=_LOG_GROUP_ACTS,
        renders=terraform("cloudwatch_log_group"),
    ),
    setting(
        ALARM,
        "what it watches",
        registry(ALARM),
        tags=tagged(ALARM),
        bills=Bills(_alarm_price, _PRICING, ("AmazonCloudWatch",)),
        stands=regional(ALARM),
        acts=_ALARM_ACTS,
        watches=Watches(("dimensions", "metricQueries"), registry(ALARM)),
        renders=terraform("cloudwatch_metric_alarm", name="alarm_name"),
    ),
    setting(
        MUTE,
        "an alarm",
        registry(MUTE),
        tags=tagged(MUTE),
        bills=No("muting is free", assumed("CloudWatch's price page names no price of it", READ)),
        stands=regional(MUTE),
        acts=_MUTE_ACTS,
        renders=terraform("cloudwatch_alarm_mute_rule"),
    ),
)
