"""Rollback: a new model version takes a little traffic first and is taken back by itself when it is worse."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity

from policies.limits import load
from policies.rule import Stack, get, refers, resource_rule, section, stack_rule

_SERVED, _ALARM = "aws:sagemaker/endpoint:Endpoint", "aws:cloudwatch/metricAlarm:MetricAlarm"
_CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
# Metrics that exist only under EndpointName and VariantName together; the backlog metrics of asynchronous endpoints
# are published under EndpointName alone (developer guide, "Monitor asynchronous endpoint").
_BY_VARIANT = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency", "OverheadLatency")
_BY_ENDPOINT = ("ApproximateBacklogSize", "ApproximateBacklogSizePerInstance", "HasBacklogWithoutCapacity")


@stack_rule(
    "rollback-alarms",
    severity=Severity.HIGH,
    says="Each endpoint rolls back on alarms that watch its own errors and, where it answers at once, its p95 latency.",
    remedy="Keep the endpoint component's alarms in auto_rollback_configuration.",
)
def alarms(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Follows deploymentConfig to the alarms of this stack."""
    for endpoint in stack.of(_SERVED):
        named = len(get(endpoint.props, "deploymentConfig.autoRollbackConfiguration.alarms") or ())
        watching = [a for a in refers(endpoint, "deploymentConfig", _ALARM) if _watches(a, endpoint)]
        metrics = {a.props.get("metricName") for a in watching}
        wanted = {"Invocation5XXErrors"} if _is_async(endpoint) else {"Invocation5XXErrors", "ModelLatency"}
        for metric in sorted(wanted - metrics if named >= len(watching) else wanted):
            yield endpoint.urn, f"does not roll back on {metric}"
        if named < len(wanted):
            yield endpoint.urn, f"names {named} rollback alarms where {len(wanted)} are needed"
        for alarm in watching:
            if alarm.props.get("metricName") == "ModelLatency" and alarm.props.get("extendedStatistic") != "p95":
                yield alarm.urn, "watches another statistic than p95"


def _watches(alarm: PolicyResource, endpoint: PolicyResource) -> bool:
    return section(alarm.props, "dimensions").get("EndpointName") == endpoint.props.get("name")


def _is_async(endpoint: PolicyResource) -> bool:
    return any(config.props.get("asyncInferenceConfig") for config in refers(endpoint, "endpointConfigName", _CONFIG))


@stack_rule(
    "rollback-traffic",
    severity=Severity.HIGH,
    says="An endpoint that answers at once shifts a canary first; every update bakes, waits and ends in bounded time.",
    remedy="Set canary.percent within the limit and canary.bake_minutes in the stack file.",
)
def traffic(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """blueGreenUpdatePolicy: type, canary size, waits and the execution timeout."""
    limit = load()["canary-percent"].number
    for endpoint in stack.of(_SERVED):
        policy = section(endpoint.props, "deploymentConfig.blueGreenUpdatePolicy")
        routing = section(policy, "trafficRoutingConfiguration")
        if not _is_async(endpoint):
            size = get(routing, "canarySize.value") or 0
            if routing.get("type") != "CANARY" or get(routing, "canarySize.type") != "CAPACITY_PERCENT":
                yield endpoint.urn, "shifts all traffic to a new version at once"
            elif not 0 < size <= limit:
                yield endpoint.urn, f"lets a new version serve {size} % first, allowed {limit:g} %"
        if not routing.get("waitIntervalInSeconds"):
            yield endpoint.urn, "does not bake a new version"
        if not policy.get("terminationWaitInSeconds"):
            yield endpoint.urn, "takes the old version away at once"
        if not policy.get("maximumExecutionTimeoutInSeconds"):
            yield endpoint.urn, "has no timeout for an update"


@resource_rule(
    "rollback-alarm-heard",
    _ALARM,
    severity=Severity.MEDIUM,
    says="An alarm does something: it reaches the owner's topic or scales.",
    remedy="Set alarm_actions.",
)
def alarm_heard(props: Mapping[str, Any]) -> Iterator[str]:
    """At least one action, and actions not switched off."""
    if not props.get("alarmActions") or props.get("actionsEnabled") is False:
        yield "rings where nobody hears it"
    if not props.get("threshold") and props.get("threshold") != 0:
        yield "has no threshold"


@resource_rule(
    "rollback-alarm-dimensions",
    _ALARM,
    severity=Severity.HIGH,
    says="An alarm on an endpoint's metric names endpoint and variant: a filter on the endpoint alone matches nothing.",
    remedy="Give both EndpointName and VariantName (cloud-custodian issue 10853).",
)
def alarm_dimensions(props: Mapping[str, Any]) -> Iterator[str]:
    """Metrics by variant need both dimensions; those of the backlog exist under the endpoint's name alone."""
    metric, given = props.get("metricName"), {key for key in section(props, "dimensions") if not key.startswith("__")}
    if props.get("namespace") != "AWS/SageMaker":
        return
    wanted = {"EndpointName", "VariantName"} if metric in _BY_VARIANT else {"EndpointName"}
    if metric in _BY_VARIANT + _BY_ENDPOINT and given != wanted:
        yield f"watches nothing: {metric} is published under {' and '.join(sorted(wanted))}"


@resource_rule(
    "rollback-config-unnamed",
    _CONFIG,
    severity=Severity.MEDIUM,
    says="An endpoint configuration's name is Pulumi's, so that a change makes a new one the endpoint notices.",
    remedy="Leave out name; pin the endpoint's name instead (terraform-provider-aws issue 21811).",
)
def config_unnamed(props: Mapping[str, Any]) -> Iterator[str]:
    """Auto-naming shows as a hexadecimal ending on the engine and as no name before it."""
    name = props.get("name")
    if name and not (len(name) > 8 and name[-8] == "-" and all(c in "0123456789abcdef" for c in name[-7:])):
        yield "has a fixed name, so an endpoint would not notice its replacement"


@stack_rule(
    "rollback-idle-watched",
    severity=Severity.MEDIUM,
    says="An endpoint that cannot scale to zero tells its owner when nobody uses it.",
    remedy="Keep the endpoint component's idle alarm.",
)
def idle_watched(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """An alarm on Invocations with missing data as breaching, by endpoint and variant."""
    idle = [a for a in stack.of(_ALARM) if a.props.get("metricName") == "Invocations"]
    watched = {
        section(a.props, "dimensions").get("EndpointName")
        for a in idle
        if a.props.get("treatMissingData") == "breaching"
    }
    for endpoint in stack.of(_SERVED):
        if not _is_async(endpoint) and endpoint.props.get("name") not in watched:
            yield endpoint.urn, "may bill while idle and nobody is told"


@stack_rule(
    "rollback-batch-watched",
    severity=Severity.MEDIUM,
    says="A batch job that fails or overruns tells its owner.",
    remedy="Keep the batch component's two alarms.",
)
def batch_watched(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Alarms on ExecutionsFailed and ExecutionsTimedOut of each state machine."""
    for machine in stack.of("aws:sfn/stateMachine:StateMachine"):
        metrics = {a.props.get("metricName") for a in stack.referring(_ALARM, "dimensions", machine)}
        for metric in sorted({"ExecutionsFailed", "ExecutionsTimedOut"} - metrics):
            yield machine.urn, f"has no alarm on {metric}"


RULES = [
    alarms,
    traffic,
    alarm_heard,
    alarm_dimensions,
    config_unnamed,
    idle_watched,
    batch_watched,
]
