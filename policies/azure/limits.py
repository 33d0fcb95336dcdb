"""Limits and quotas: replicas, machines, regions, hours, money and what is kept stay inside `policies/limits.yaml`.

`limits-schedule-retries` of AWS has no meaning here: a schedule of Azure ML starts each run once, and retries no start.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.limits import load
from policies.quotas import FLEETS_IN_UPDATE, beyond_declared, draw
from policies.rule import Stack, get, given, refers, resource_rule, section, stack_rule

_ML = "azure-native:machinelearningservices"
_DEPLOYMENT, _COMPUTE, _WORKSPACE = f"{_ML}:OnlineDeployment", f"{_ML}:Compute", f"{_ML}:Workspace"
_SERVED, _SCHEDULE, _BATCH = f"{_ML}:OnlineEndpoint", f"{_ML}:Schedule", f"{_ML}:BatchDeployment"
_SCALING, _LOGS = "azure-native:monitor:AutoscaleSetting", "azure-native:operationalinsights:Workspace"
_REGISTRY, _LIFECYCLE = "azure-native:containerregistry:Registry", "azure-native:storage:ManagementPolicy"
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_REQUESTS = "RequestsPerMinute"


def minutes(duration: Any) -> float:
    """The minutes of an ISO 8601 duration of days to seconds, such as PT2H or P1D; 0 for anything else."""
    found = _DURATION.fullmatch(str(duration))
    days, hours, mins, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    return (days * 24 + hours) * 60 + mins + seconds / 60


@resource_rule(
    "limits-replicas",
    _SCALING,
    _DEPLOYMENT,
    severity=Severity.HIGH,
    says="No deployment starts with, or grows to, more replicas than the limit.",
    remedy="Lower max_replicas in the stack file, or have the limit's owner raise it.",
)
def replicas(props: Mapping[str, Any]) -> Iterator[str]:
    """Each profile's range (numbers as text on the wire), or a deployment's own capacity; at least one of Azure's."""
    limit = load()["replicas-per-endpoint"].number
    for profile in props.get("profiles") or ():
        low, high = (int(get(profile, f"capacity.{key}") or 0) for key in ("minimum", "maximum"))
        if not 1 <= low <= high <= limit:
            yield f"may scale from {low} to {high} replicas, allowed 1 to {limit:g}"
    if given(props, "endpointName") and not 1 <= (get(props, "sku.capacity") or 0) <= limit:
        yield f"starts with {get(props, 'sku.capacity')} replicas, allowed 1 to {limit:g}"


@stack_rule(
    "limits-autoscaled",
    severity=Severity.HIGH,
    says="Every deployment is autoscaled, so somebody has set its upper bound, and Pulumi does not undo it.",
    remedy="Keep the endpoint component's autoscale setting, and ignore_changes of sku.capacity.",
)
def autoscaled(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Each deployment has an enabled setting; the capacity that autoscaling set is left alone by the next `up`."""
    for deployment in stack.of(_DEPLOYMENT):
        settings = stack.referring(_SCALING, "targetResourceUri", deployment)
        if not any(s.props.get("enabled") is True and s.props.get("profiles") for s in settings):
            yield deployment.urn, "is not autoscaled, so nothing bounds its replicas"
        if not {"sku", "sku.capacity"} & set(deployment.opts.ignore_changes):
            yield deployment.urn, "would be set back to its first size by every update (ignore sku.capacity)"


@stack_rule(
    "limits-scaling-policy",
    severity=Severity.HIGH,
    says="A setting scales both ways, on a metric of its own deployment that Azure publishes.",
    remedy="Keep scale_on_requests, which has a rule each way on the deployment's requests a replica.",
)
def scaling_policy(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Out and in; requests are counted on the endpoint, by deployment and per replica ("Monitor online endpoints",
    metrics). A threshold in at or above that out would flap (Azure Monitor, "Autoscale flapping").
    """
    for setting in stack.of(_SCALING):
        for profile in setting.props.get("profiles") or ():
            bounds: dict[str, float] = {}
            for rule in profile.get("rules") or ():
                trigger = section(rule, "metricTrigger")
                bounds[str(get(rule, "scaleAction.direction"))] = trigger.get("threshold") or 0
                if trigger.get("metricName") == _REQUESTS:
                    one = get(trigger, "dimensions.DimensionName") or get(trigger, "dimensions.dimensionName")
                    if one != "deployment" or trigger.get("dividePerInstance") is not True:
                        yield setting.urn, "counts the requests of every deployment, or not by replica"
                    if not refers(setting, "profiles", _SERVED):
                        yield setting.urn, "counts requests where none are published: not on its endpoint"
                elif not refers(setting, "profiles", _DEPLOYMENT):
                    yield setting.urn, f"scales on {trigger.get('metricName')} of something else than its deployment"
            if set(bounds) != {"Increase", "Decrease"}:
                yield setting.urn, "does not scale both out and in"
            elif not 0 < bounds["Decrease"] < bounds["Increase"]:
                yield setting.urn, "scales in where it would scale out"


@resource_rule(
    "limits-machine-types",
    _DEPLOYMENT,
    _COMPUTE,
    severity=Severity.HIGH,
    says="Deployments, clusters and compute instances run only on machine types of the limits.",
    remedy="Choose a hardware family of the limits in the stack file, or have the limit's owner add it.",
)
def machine_types(props: Mapping[str, Any]) -> Iterator[str]:
    """A rule on the resource, so that the engine judges it before it is created; Azure takes the names in any case."""
    allowed = load()["machine-types"].allowed
    machine = get(props, "properties.instanceType") or get(props, "properties.properties.vmSize")
    if str(machine).lower() not in {name.lower() for name in allowed}:
        yield f"starts {machine}, allowed {', '.join(allowed)}"


@resource_rule(
    "limits-batch-size",
    _COMPUTE,
    _SCHEDULE,
    _BATCH,
    severity=Severity.HIGH,
    says="Batch jobs run on no more replicas than the limit, and their cluster has no more.",
    remedy="Lower replicas in the stack file, or have the limit's owner change it.",
)
def batch_size(props: Mapping[str, Any]) -> Iterator[str]:
    """A cluster's nodes, a scheduled job's and a deployment's instances; left out, one is Azure's default."""
    limit = load()["batch-replicas"].number
    if get(props, "properties.computeType") == "AmlCompute":
        nodes = get(props, "properties.properties.scaleSettings.maxNodeCount") or 0
        if not 0 < nodes <= limit:
            yield f"grows to {nodes or 'any number of'} nodes, allowed {limit:g}"
    for path in ("properties.action.jobDefinition.resources", "properties.resources"):
        count = section(props, path).get("instanceCount") or 1
        if count > limit:
            yield f"runs on {count} replicas, allowed {limit:g}"


@resource_rule(
    "limits-cluster-idle",
    _COMPUTE,
    severity=Severity.HIGH,
    says="A cluster stands at no nodes between runs, and its nodes go soon.",
    remedy="Set min_node_count=0 and node_idle_time_before_scale_down within the limit.",
)
def cluster_idle(props: Mapping[str, Any]) -> Iterator[str]:
    """Nodes are billed until they are gone (Azure ML, "Manage and optimize costs")."""
    limit = load()["idle-timeout-minutes"].number
    if get(props, "properties.computeType") == "AmlCompute":
        scale = section(props, "properties.properties.scaleSettings")
        if scale.get("minNodeCount") != 0:
            yield "keeps nodes between runs, or does not say that it keeps none"
        if not 0 < minutes(scale.get("nodeIdleTimeBeforeScaleDown")) <= limit:
            yield f"keeps idle nodes longer than {limit:g} minutes"


@stack_rule(
    "quota-declared",
    severity=Severity.HIGH,
    says="What may run at once fits the declared quotas of cores, upgrades' reserve and both versions counted.",
    remedy="Lower the replicas, or ask for the quota and declare it in policies/limits.yaml.",
)
def quota(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """What replicas take of each quota of the catalogue; a quota that nobody declared counts as zero."""
    yield from beyond_declared("azure", _draws(stack))


def _draws(stack: Stack) -> Iterator[tuple[str, int]]:
    """Each quota that something draws on, and how much of it at once."""
    for deployment in stack.of(_DEPLOYMENT):
        sizes = [int(get(deployment.props, "sku.capacity") or 1)]
        for setting in stack.referring(_SCALING, "targetResourceUri", deployment):
            profiles = setting.props.get("profiles") or ()
            sizes += [int(get(profile, "capacity.maximum") or 1) for profile in profiles]
        machine = get(deployment.props, "properties.instanceType")
        for _ in range(FLEETS_IN_UPDATE):  # each deployment reserves for its own upgrades
            yield draw("azure", str(machine), "online", max(sizes))
    for compute in stack.of(_COMPUTE):
        machine = section(compute.props, "properties.properties")
        if get(compute.props, "properties.computeType") == "ComputeInstance":
            yield draw("azure", str(machine.get("vmSize")), "training", 1)
        else:
            nodes = int(get(machine, "scaleSettings.maxNodeCount") or 1)
            yield draw("azure", str(machine.get("vmSize")), "batch", nodes)


@resource_rule(
    "limits-region",
    "pulumi:providers:azure-native",
    "azure-native:applicationinsights:Component",
    _REGISTRY,
    "azure-native:keyvault:Vault",
    f"{_ML}:BatchDeployment",
    f"{_ML}:BatchEndpoint",
    _COMPUTE,
    _DEPLOYMENT,
    _SERVED,
    _WORKSPACE,
    "azure-native:network:PrivateEndpoint",
    "azure-native:network:VirtualNetwork",
    _LOGS,
    "azure-native:resources:ResourceGroup",
    "azure-native:storage:StorageAccount",
    severity=Severity.HIGH,
    says="A pilot runs and rests in a region of the limits, and its provider says which subscription is meant.",
    remedy="Choose a region of policies/limits.yaml; keep subscription_id and location on the provider.",
)
def region(props: Mapping[str, Any]) -> Iterator[str]:
    """Each of these says for itself where it is, whatever the provider's location (MCSB AM-3, data residency)."""
    allowed = load()["regions"].allowed
    if props.get("location") not in allowed:
        yield f"is in {props.get('location') or 'a region that nobody named'}, allowed {', '.join(allowed)}"
    if not given(props, "resourceGroupName") and not given(props, "subscriptionId"):
        yield "would deploy to whatever subscription the credentials name"


@resource_rule(
    "limits-idle-shutdown",
    _COMPUTE,
    severity=Severity.HIGH,
    says="Compute instances stop when idle.",
    remedy="Set workspace.idle_timeout_minutes in the stack file to at most the limit.",
)
def idle_shutdown(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy 679ddf89-ab8f-48a5-9029-e76054077449; PT15M to P3D ("Create and manage a compute instance")."""
    limit = load()["idle-timeout-minutes"].number
    if get(props, "properties.computeType") == "ComputeInstance":
        idle = minutes(get(props, "properties.properties.idleTimeBeforeShutdown"))
        if not 15 <= idle <= limit:
            yield f"does not stop within {limit:g} minutes without use"


@resource_rule(
    "limits-batch-time",
    _SCHEDULE,
    _BATCH,
    severity=Severity.HIGH,
    says="A run of a batch job ends in time; a file is retried a bounded number of times and then fails the run.",
    remedy="Set max_hours in the stack file to at most the limit; keep retry_settings and error_threshold.",
)
def batch_time(props: Mapping[str, Any]) -> Iterator[str]:
    """A scheduled job's limits.timeout; a batch deployment's retries, and its error threshold, where -1 is any number
    of errors ("Create and deploy to batch endpoints", error handling).
    """
    limit = load()["batch-hours"].number
    if get(props, "properties.action.actionType") == "CreateJob":
        if not 0 < minutes(get(props, "properties.action.jobDefinition.limits.timeout")) <= limit * 60:
            yield f"may run longer than {limit:g} hours"
    elif not given(props, "endpointName"):
        yield "starts what has no time limit of its own"
    else:
        retry = section(props, "properties.retrySettings")
        if not 0 < (retry.get("maxRetries") or 0) <= 3 or not 0 < minutes(retry.get("timeout")) <= limit * 60:
            yield "retries a file without a bound"
        threshold = get(props, "properties.errorThreshold")
        if threshold is None or threshold < 0:
            yield "ends well however many files fail"


@resource_rule(
    "limits-retention",
    _LOGS,
    severity=Severity.MEDIUM,
    says="Logs expire.",
    remedy="Set retention_in_days to at most the limit.",
)
def retention(props: Mapping[str, Any]) -> Iterator[str]:
    """Up to 730 days are possible (Azure Monitor, "Manage data retention in a Log Analytics workspace")."""
    limit = load()["retention-days"].number
    if not 0 < (props.get("retentionInDays") or 0) <= limit:
        yield f"keeps logs longer than {limit:g} days"


@stack_rule(
    "limits-stores-expire",
    severity=Severity.MEDIUM,
    says="What is kept is cleaned up: old versions and snapshots of blobs, untagged images.",
    remedy="Keep the lifecycle of the Store component and the registry's retention policy.",
)
def stores_expire(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Lifecycles delete what is no longer current; a registry's retention policy deletes untagged manifests."""
    for lifecycle in stack.of(_LIFECYCLE):
        rules = [r for r in get(lifecycle.props, "policy.rules") or () if r.get("enabled") is True]
        for what in ("version", "snapshot"):
            path = f"definition.actions.{what}.delete.daysAfterCreationGreaterThan"
            if not any(get(rule, path) is not None for rule in rules):
                yield lifecycle.urn, f"keeps every old {what} for ever"
    for registry in stack.of(_REGISTRY):
        policy = section(registry.props, "policies.retentionPolicy")
        if policy.get("status") != "enabled" or policy.get("days") is None:
            yield registry.urn, "keeps every untagged image for ever"


RULES = [
    replicas,
    autoscaled,
    scaling_policy,
    machine_types,
    batch_size,
    cluster_idle,
    quota,
    region,
    idle_shutdown,
    batch_time,
    retention,
    stores_expire,
]
