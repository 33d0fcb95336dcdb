"""Limits and quotas: replicas, machines, regions, hours, money and what is kept stay inside `policies/limits.yaml`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from catalogue.hardware.catalogue import Use
from policies.aws.encryption import transform_tasks
from policies.limits import load
from policies.quotas import FLEETS_IN_UPDATE, beyond_declared, draw
from policies.rule import Stack, get, refers, resource_rule, section, stack_rule

_TARGET, _SERVED = "aws:appautoscaling/target:Target", "aws:sagemaker/endpoint:Endpoint"
_CONFIG, _MACHINE = "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:sfn/stateMachine:StateMachine"


@resource_rule(
    "limits-replicas",
    _TARGET,
    _CONFIG,
    severity=Severity.HIGH,
    says="No endpoint starts with, or grows to, more replicas than the limit.",
    remedy="Lower max_replicas in the stack file, or have the limit's owner raise it.",
)
def replicas(props: Mapping[str, Any]) -> Iterator[str]:
    """A scalable target's range, or an endpoint configuration's initial count."""
    limit = load()["replicas-per-endpoint"].number
    if "scalableDimension" in props:
        low, high = props.get("minCapacity"), props.get("maxCapacity")
        if low is None or high is None or not 0 <= low <= high <= limit:
            yield f"may grow to {'any number of' if high is None else f'{high:g}'} replicas, allowed {limit:g}"
    elif (get(props, "productionVariants.initialInstanceCount") or 0) > limit:
        yield f"starts with more than {limit:g} replicas"


@stack_rule(
    "limits-autoscaled",
    severity=Severity.HIGH,
    says="Every endpoint is autoscaled, so somebody has set its upper bound.",
    remedy="Keep the endpoint component's scalable target.",
)
def autoscaled(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Each endpoint has a scalable target."""
    for endpoint in stack.of(_SERVED):
        if not stack.referring(_TARGET, "resourceId", endpoint):
            yield endpoint.urn, "is not autoscaled, so nothing bounds its replicas"


@stack_rule(
    "limits-scaling-policy",
    severity=Severity.HIGH,
    says="A scalable target has a policy that scales it, and one that may stand at zero has a policy that wakes it.",
    remedy="Keep the endpoint component's target tracking, and its wake-up step and alarm where min_replicas is 0.",
)
def scaling_policy(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Target tracking for each; from zero a step policy and the alarm on HasBacklogWithoutCapacity that starts it."""
    type_ = "aws:appautoscaling/policy:Policy"
    woken = {
        policy.urn
        for alarm in stack.of("aws:cloudwatch/metricAlarm:MetricAlarm")
        if alarm.props.get("metricName") == "HasBacklogWithoutCapacity"
        for policy in alarm.property_dependencies.get("alarmActions", ())
    }
    for target in stack.of(_TARGET):
        policies = stack.referring(type_, "resourceId", target)
        if not any(p.props.get("targetTrackingScalingPolicyConfiguration") for p in policies):
            yield target.urn, "has no target tracking, so it never scales in"
        steps = [p for p in policies if p.props.get("stepScalingPolicyConfiguration")]
        if target.props.get("minCapacity") == 0 and not any(step.urn in woken for step in steps):
            yield target.urn, "may stand at zero replicas and nothing brings the first one"


@resource_rule(
    "limits-machine-types",
    _CONFIG,
    severity=Severity.HIGH,
    says="Endpoints run only on machine types of the limits.",
    remedy="Choose a hardware family of the limits in the stack file, or have the limit's owner add it.",
)
def machine_types(props: Mapping[str, Any]) -> Iterator[str]:
    """A rule on the resource, so that the engine judges it before it is created."""
    allowed = load()["machine-types"].allowed
    machine = get(props, "productionVariants.instanceType")
    if machine not in allowed:
        yield f"starts {machine}, allowed {', '.join(allowed)}"


@resource_rule(
    "limits-batch-size",
    _MACHINE,
    severity=Severity.HIGH,
    says="Batch jobs run on no more replicas, and on no other machine types, than the limits name.",
    remedy="Lower replicas or choose another family in the stack file, or have the limit's owner change it.",
)
def batch_size(props: Mapping[str, Any]) -> Iterator[str]:
    """A rule on the resource, so that the engine judges it before it is created."""
    limit, allowed = load()["batch-replicas"].number, load()["machine-types"].allowed
    for task in transform_tasks(props):
        resources = section(task, "Parameters.TransformResources")
        if (resources.get("InstanceCount") or 0) > limit:
            yield f"runs on {resources['InstanceCount']} replicas, allowed {limit:g}"
        if resources.get("InstanceType") not in allowed:
            yield f"runs on {resources.get('InstanceType')}, allowed {', '.join(allowed)}"


@stack_rule(
    "quota-declared",
    severity=Severity.HIGH,
    says="What may run at once fits the account's declared quotas, both fleets of a blue/green update counted.",
    remedy="Lower the replicas, or ask for the quota and declare it in policies/limits.yaml.",
)
def quota(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """What replicas take of each quota of the catalogue; a quota that nobody declared counts as zero."""
    yield from beyond_declared("aws", _draws(stack))


def _draws(stack: Stack) -> Iterator[tuple[str, int]]:
    """Each quota that something draws on, and how much of it at once."""
    for endpoint in stack.of(_SERVED):
        targets = stack.referring(_TARGET, "resourceId", endpoint)
        for config in refers(endpoint, "endpointConfigName", _CONFIG):
            initial = get(config.props, "productionVariants.initialInstanceCount") or 1
            count = max([initial, *(t.props.get("maxCapacity") or 0 for t in targets)])
            use: Use = "async" if config.props.get("asyncInferenceConfig") else "online"
            machine = str(get(config.props, "productionVariants.instanceType"))
            yield draw("aws", machine, use, FLEETS_IN_UPDATE * int(count))
    for machine in stack.of(_MACHINE):
        for task in transform_tasks(machine.props):
            resources = section(task, "Parameters.TransformResources")
            yield draw("aws", str(resources.get("InstanceType")), "batch", int(resources.get("InstanceCount") or 1))


@resource_rule(
    "limits-region",
    "pulumi:providers:aws",
    severity=Severity.HIGH,
    says="A pilot runs in a region of the limits, and its provider refuses any other account.",
    remedy="Choose a region of policies/limits.yaml; keep allowed_account_ids on the provider.",
)
def region(props: Mapping[str, Any]) -> Iterator[str]:
    """Provider inputs are JSON strings on the wire."""
    allowed = load()["regions"].allowed
    if props.get("region") not in allowed:
        yield f"deploys to {props.get('region')}, allowed {', '.join(allowed)}"
    if not props.get("allowedAccountIds"):
        yield "would deploy to whatever account the credentials name"


@resource_rule(
    "limits-idle-shutdown",
    "aws:sagemaker/domain:Domain",
    severity=Severity.HIGH,
    says="Workspace applications stop when idle.",
    remedy="Set workspace.idle_timeout_minutes in the stack file to at most the limit.",
)
def idle_shutdown(props: Mapping[str, Any]) -> Iterator[str]:
    """JupyterLab and Code Editor, which a user could else leave on for weeks."""
    limit = load()["idle-timeout-minutes"].number
    for app in ("jupyterLabAppSettings", "codeEditorAppSettings"):
        idle = section(props, f"defaultUserSettings.{app}.appLifecycleManagement.idleSettings")
        minutes = idle.get("idleTimeoutInMinutes") or 0
        if idle.get("lifecycleManagement") != "ENABLED" or not 0 < minutes <= limit:
            yield f"does not stop idle applications within {limit:g} minutes ({app})"
        if (idle.get("maxIdleTimeoutInMinutes") or 0) > limit or not idle.get("maxIdleTimeoutInMinutes"):
            yield f"lets a user raise the idle timeout beyond {limit:g} minutes ({app})"


@resource_rule(
    "limits-batch-time",
    _MACHINE,
    severity=Severity.HIGH,
    says="A run of a batch job ends in time, and is retried a bounded number of times.",
    remedy="Set max_hours in the stack file to at most the limit.",
)
def batch_time(props: Mapping[str, Any]) -> Iterator[str]:
    """TimeoutSeconds of the whole machine; MaxAttempts of each retry."""
    limit = load()["batch-hours"].number
    definition = json.loads(props.get("definition") or "{}")
    if not 0 < definition.get("TimeoutSeconds", 0) <= limit * 3600:
        yield f"may run longer than {limit:g} hours"
    for task in transform_tasks(props):
        if not task.get("Retry") or any(not 0 < retry.get("MaxAttempts", 0) <= 3 for retry in task["Retry"]):
            yield "is not retried, or without a bound"


@resource_rule(
    "limits-schedule-retries",
    "aws:scheduler/schedule:Schedule",
    severity=Severity.MEDIUM,
    says="A schedule gives up a start it cannot deliver.",
    remedy="Set the target's retry_policy.",
)
def schedule_retries(props: Mapping[str, Any]) -> Iterator[str]:
    """The service's own default is 185 attempts over 24 hours."""
    policy = section(props, "target.retryPolicy")
    if not 0 < (policy.get("maximumEventAgeInSeconds") or 0) <= 7200 or not policy.get("maximumRetryAttempts"):
        yield "retries a start for a day"


@resource_rule(
    "limits-retention",
    "aws:cloudwatch/logGroup:LogGroup",
    severity=Severity.MEDIUM,
    says="Logs expire.",
    remedy="Set retention_in_days to at most the limit.",
)
def retention(props: Mapping[str, Any]) -> Iterator[str]:
    """No retention means for ever."""
    limit = load()["retention-days"].number
    if not 0 < (props.get("retentionInDays") or 0) <= limit:
        yield f"keeps logs longer than {limit:g} days"


@stack_rule(
    "limits-stores-expire",
    severity=Severity.MEDIUM,
    says="What is kept is cleaned up: old object versions, unfinished uploads, untagged images.",
    remedy="Keep the lifecycle rules of PrivateBucket and the registry's clean-up policy.",
)
def stores_expire(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Bucket lifecycles clean up old versions and uploads; each image repository has a lifecycle policy."""
    for lifecycle in stack.of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"):
        rules = [r for r in lifecycle.props.get("rules") or () if r.get("status") == "Enabled"]
        if not any(get(r, "noncurrentVersionExpiration.noncurrentDays") for r in rules):
            yield lifecycle.urn, "keeps old versions for ever"
        if not any(get(r, "abortIncompleteMultipartUpload.daysAfterInitiation") for r in rules):
            yield lifecycle.urn, "keeps unfinished uploads for ever"
    for repository in stack.of("aws:ecr/repository:Repository"):
        if not stack.referring("aws:ecr/lifecyclePolicy:LifecyclePolicy", "repository", repository):
            yield repository.urn, "keeps every image for ever"


RULES = [
    replicas,
    autoscaled,
    scaling_policy,
    machine_types,
    batch_size,
    quota,
    region,
    idle_shutdown,
    batch_time,
    schedule_retries,
    retention,
    stores_expire,
]
