"""Limits: machines, hours, money and what is kept stay inside the limits, and autoscaling has both bounds.

Replicas, machine types, quotas, regions and the retention of logs are judged for every platform alike, by what the
catalogue knows of each kind. `limits-schedule-retries` of AWS has no meaning here: a schedule of Azure ML starts each
run once, and retries no start.
"""

import re
from collections.abc import Iterator

from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kinds
from catalogue.kinds.azure import containerregistry, monitor, storage
from catalogue.kinds.azure.jobs import COMPUTE, SCHEDULE, compute_at, jobs
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT
from catalogue.kinds.azure.mlplatform import TRAFFIC
from catalogue.platforms import PLATFORMS
from catalogue.properties import Properties
from policies.azure import outputs
from policies.azure.published import asked_wrongly, kinds_with
from policies.azure.reading import foreign
from policies.limits import OWN, Limits
from policies.rule import limit_rule, resource_rule, stack_rule

_PROVIDER = PLATFORMS["azure"].provider
_REQUESTS = "RequestsPerMinute"
_IN_A_REGION = tuple(t for t, kind in kinds("azure").items() if isinstance(kind.stands, At) and t != _PROVIDER)


@stack_rule(
    "limits-autoscaled",
    ONLINE_DEPLOYMENT,
    severity="high",
    says="Every deployment is autoscaled within set bounds, and Pulumi does not undo the scaling.",
    remedy="Keep the endpoint component's autoscale setting, and ignore_changes of sku.capacity.",
)
def autoscaled(graph: Graph, deployment: Resource) -> Iterator[str]:
    """Each deployment has an enabled setting; the next `up` ignores the capacity that autoscaling has set. A
    deployment of Azure ML has one replica at least ("Autoscale online endpoints").
    """
    settings = graph.referring(monitor.AUTOSCALE_SETTING, "targetResourceUri", deployment)
    if not any(s.props.flag_or_none("enabled") is True and s.props.is_given("profiles") for s in settings):
        yield "is not autoscaled, so nothing bounds its replicas"
    fewest = [deployment.props.number_or_none("sku.capacity")]
    fewest += [p.number_or_none("capacity.minimum") for s in settings for p in s.props.each_section("profiles")]
    if any(replicas is not None and replicas < 1 for replicas in fewest):
        yield "is scaled to no replica, which Azure ML refuses"
    if not {"sku", "sku.capacity"} & set(deployment.ignored_changes):
        yield "would be set back to its first size by every update (ignore sku.capacity)"


@stack_rule(
    "limits-scaling-policy",
    monitor.AUTOSCALE_SETTING,
    severity="high",
    says="A setting scales both ways in time, on a metric of its own deployment that Azure publishes, and starts with "
    "its fewest replicas.",
    remedy="Keep scale_on_requests, which has a rule each way on the deployment's requests a replica.",
)
def scaling_policy(graph: Graph, setting: Resource) -> Iterator[str]:
    """Out and in; requests are counted on the endpoint, by deployment and per replica ("Monitor online endpoints",
    metrics). Azure scales in only where what is left would stay below the threshold out (Azure Monitor, "Autoscale
    flapping"): with the fewest replicas and one more, the load of all is on the fewest.
    """
    for profile in setting.props.each_section("profiles"):
        yield from _slow(profile)
        fewest = profile.number_or_none("capacity.minimum") or 1
        bounds: dict[str, dict[str, list[float]]] = {"Increase": {}, "Decrease": {}}
        for rule in profile.each_section("rules"):
            trigger, direction = rule.section_or_empty("metricTrigger"), rule.text_or_empty("scaleAction.direction")
            by_metric = bounds.setdefault(direction, {})
            by_metric.setdefault(trigger.text_or_empty("metricName"), []).append(
                trigger.number_or_none("threshold") or 0
            )
            yield from _wrongly_measured(graph, setting, trigger)
        out, back = bounds["Increase"], bounds["Decrease"]
        if not out or not back or len(bounds) > 2:
            yield "does not scale both out and in"
        elif any(bound <= 0 for by in (out, back) for found in by.values() for bound in found):
            yield "scales at no threshold"
        elif any(max(f) * (fewest + 1) > fewest * min(out[metric]) for metric, f in back.items() if metric in out):
            yield "never scales in to its fewest replicas, which would have to scale out again"


_SLOWEST = 60
"""The minutes after which a burst of requests has long been refused, or a replica long been idle."""
_WAYS = {"Increase": ("GreaterThan", "GreaterThanOrEqual"), "Decrease": ("LessThan", "LessThanOrEqual")}


def _slow(profile: Properties) -> Iterator[str]:
    """What keeps replicas that nothing asks for, or leaves requests waiting."""
    fewest, first = (profile.number_or_none(f"capacity.{key}") for key in ("minimum", "default"))
    if None not in (fewest, first) and fewest != first:
        yield f"has {first:g} replicas where its metric is not known, and {fewest:g} are its fewest"
    for rule in profile.each_section("rules"):
        way, sign = rule.text_or_empty("scaleAction.direction"), rule.text_or_empty("metricTrigger.operator")
        if sign and sign not in _WAYS.get(way, (sign,)):
            yield f"scales {way} where its metric is {sign} the threshold"
        for path in ("metricTrigger.timeWindow", "metricTrigger.timeGrain", "scaleAction.cooldown"):
            if (minutes := minutes_or_none(rule, path)) is not None and minutes > _SLOWEST:
                yield f"takes {minutes:g} minutes ({path}), allowed {_SLOWEST}"
        step, most = (part.number_or_none(key) for part, key in ((rule, "scaleAction.value"), (profile, _MOST)))
        if step is not None and most is not None and step > most:
            yield f"makes or takes {step:g} replicas at once, where it has {most:g} at most"


_MOST = "capacity.maximum"


def _wrongly_measured(graph: Graph, setting: Resource, trigger: Properties) -> Iterator[str]:
    metric = trigger.text_or_empty("metricName")
    kind = SERVED if metric == _REQUESTS else ONLINE_DEPLOYMENT
    if kind not in kinds_with(metric):
        yield f"scales on {metric or 'no metric'}, which no deployment publishes"
        return
    yield from asked_wrongly(kind, trigger, "metricNamespace", "statistic")
    source = graph.refers(setting, "profiles", kind)
    elsewhere = not source or any(foreign(trigger, "metricResourceUri", source))
    if metric != _REQUESTS:
        if elsewhere:
            yield f"scales on {metric} of another resource than its deployment"
        return
    if trigger.flag_or_none("dividePerInstance") is not True or not _of_one_deployment(graph, setting, trigger):
        yield "counts the requests of every deployment, or not by replica"
    if elsewhere:
        yield "counts requests of another resource than its endpoint, which alone publishes them"


def _of_one_deployment(graph: Graph, setting: Resource, trigger: Properties) -> bool:
    """Whether requests are split by the deployment only, and counted for the scaled deployment.

    Azure's API spells these keys with a capital letter and azure-native without; both are read.
    """
    names: list[str] = []
    counted: list[str] = []
    for dimension in trigger.each_section("dimensions"):
        names.append(dimension.text_or_empty("dimensionName") or dimension.text_or_empty("DimensionName"))
        counted += [*dimension.each_text_if_known("values"), *dimension.each_text_if_known("Values")]
    scaled = graph.refers(setting, "targetResourceUri", ONLINE_DEPLOYMENT)
    own = {deployment.props.text_if_known("deploymentName") for deployment in scaled}
    return names == ["deployment"] and set(counted) <= own


@stack_rule(
    "limits-batch-size",
    SCHEDULE,
    BATCH_DEPLOYMENT,
    severity="high",
    proof="hardware fit",
    says="A batch job asks for no more nodes than its cluster has.",
    remedy=f"Lower replicas in the stack file, or have the limit's owner change it in {OWN}.",
)
def batch_size(graph: Graph, resource: Resource) -> Iterator[str]:
    """Every job of a schedule, at whatever depth of a pipeline, and a batch deployment's runs; a job that Azure makes
    machines for is held by `limits-replicas`. Left out, one node is Azure's default.
    """
    if resource.type == SCHEDULE:
        asked = [(job.nodes(), job.compute(graph, resource)) for job in jobs(resource.props)]
    else:
        count = resource.props.number_or_none("properties.resources.instanceCount")
        asked = [(1 if count is None else count, compute_at(graph, resource, resource.props, "properties.compute"))]
    for count, compute in asked:
        if compute is None:
            continue
        has = compute.props.number_or_none("properties.properties.scaleSettings.maxNodeCount") or 1
        if not 0 < count <= has:
            yield f"runs on {count:g} nodes of {compute.name}, which has {has:g}"


@limit_rule(
    "limits-cluster-idle",
    COMPUTE,
    severity="high",
    says="A cluster has no nodes between runs, and removes idle nodes soon.",
    remedy="Set min_node_count=0 and node_idle_time_before_scale_down within the limit.",
)
def cluster_idle(limits: Limits, props: Properties) -> Iterator[str]:
    """Nodes are billed until they are gone (Azure ML, "Manage and optimize costs")."""
    limit = limits["idle-timeout-minutes"].number
    if props.text_or_empty("properties.computeType") == "AmlCompute":
        scale = props.section_or_empty("properties.properties.scaleSettings")
        if scale.number_or_none("minNodeCount") != 0:
            yield "keeps nodes between runs, or does not say that it keeps none"
        if not 0 < (minutes_or_none(scale, "nodeIdleTimeBeforeScaleDown") or 0) <= limit:
            yield f"keeps idle nodes longer than {limit:g} minutes"
    elif props.is_given("properties.properties.scaleSettings"):
        yield "has scale settings, which only a cluster has"


@stack_rule(
    "limits-account",
    _PROVIDER,
    TRAFFIC,
    severity="high",
    says="A provider names its subscription, which is that of the stack file.",
    remedy="Keep subscription_id on the provider, of `account` in the stack file.",
)
def account(graph: Graph, resource: Resource) -> Iterator[str]:
    """Without it the current credentials decide into which subscription the stack goes. Our own Traffic names its."""
    named = resource.props.text_if_known("subscriptionId")
    if not resource.props.is_given("subscriptionId"):
        yield "would deploy to whatever subscription the credentials name"
    elif named and graph.placement is not None and named.lower() != graph.placement.account.lower():
        yield f"would deploy to the subscription {named}, where the stack file says {graph.placement.account}"


@resource_rule(
    "limits-region-named",
    *_IN_A_REGION,
    severity="high",
    says="Each regional resource names its region, so no default decides it.",
    remedy="Pass the stack's region as location.",
)
def region_named(props: Properties) -> Iterator[str]:
    """A missing region is that of the provider or the resource group (MCSB AM-3, data residency).

    `limits-region` checks which region it is.
    """
    if not props.is_given("location"):
        yield "names no region"


@limit_rule(
    "limits-idle-shutdown",
    COMPUTE,
    severity="high",
    says="Compute instances stop when idle.",
    remedy="Set workspace.idle_timeout_minutes in the stack file to at most the limit.",
)
def idle_shutdown(limits: Limits, props: Properties) -> Iterator[str]:
    """Azure Policy 679ddf89-ab8f-48a5-9029-e76054077449; PT15M to P3D ("Create and manage a compute instance")."""
    limit = limits["idle-timeout-minutes"].number
    if props.text_or_empty("properties.computeType") == "ComputeInstance":
        idle = minutes_or_none(props, "properties.properties.idleTimeBeforeShutdown")
        if not 15 <= (idle or 0) <= limit:
            yield f"does not stop within {limit:g} minutes without use"


@limit_rule(
    "limits-batch-time",
    SCHEDULE,
    BATCH_DEPLOYMENT,
    severity="high",
    says="A run of a batch job ends in time; a file is retried a bounded number of times and then fails the run.",
    remedy="Set max_hours in the stack file to at most the limit; keep retry_settings and error_threshold.",
)
def batch_time(limits: Limits, props: Properties) -> Iterator[str]:
    """The time limit of every job that a schedule starts; a batch deployment's retries, and its error threshold, where
    -1 is any number of errors ("Create and deploy to batch endpoints", error handling).
    """
    limit = limits["batch-hours"].number
    if not props.is_given("endpointName"):
        for job in jobs(props):
            if not 0 < (job.minutes_or_none() or 0) <= limit * 60:
                yield f"may run longer than {limit:g} hours"
        return
    retry = props.section_or_empty("properties.retrySettings")
    tries, minutes = retry.number_or_none("maxRetries") or 0, minutes_or_none(retry, "timeout") or 0
    if not 0 < tries <= 3 or not 0 < minutes <= limit * 60:
        yield "retries a file without a bound"
    threshold = props.number_or_none("properties.errorThreshold")
    if threshold is None or threshold < 0:
        yield "ends well however many files fail"


@stack_rule(
    "limits-stores-expire",
    storage.MANAGEMENT_POLICY,
    containerregistry.REGISTRY,
    severity="medium",
    says="Old versions and snapshots of blobs and untagged images go after a time.",
    remedy="Keep the lifecycle of the Workspace component and the registry's retention policy.",
)
def stores_expire(graph: Graph, resource: Resource) -> Iterator[str]:
    """Lifecycles delete old versions. A registry's retention policy deletes untagged manifests."""
    if resource.type == containerregistry.REGISTRY:
        policy = resource.props.section_or_empty("policies.retentionPolicy")
        if policy.text_or_empty("status") != "enabled" or policy.number_or_none("days") is None:
            yield "keeps every untagged image for ever"
        return
    rules = [rule for rule in resource.props.each_section("policy.rules") if rule.flag_or_none("enabled") is True]
    for what in ("version", "snapshot"):
        path = f"definition.actions.{what}.delete.daysAfterCreationGreaterThan"
        of_all = [rule for rule in rules if not rule.is_given(_PREFIXES) and _of_block_blobs(rule)]
        if not any(rule.number_or_none(path) is not None for rule in of_all):
            yield f"keeps every old {what} for ever"


def _of_block_blobs(rule: Properties) -> bool:
    """Whether a rule is for block blobs, which nearly all blobs are; Azure ML's own are:
    https://learn.microsoft.com/en-us/azure/storage/blobs/lifecycle-management-policy-structure
    """
    return "blockBlob" in rule.each_text("definition.filters.blobTypes")


_PREFIXES = "definition.filters.prefixMatch"
_COLLECTED = re.compile(r"[^/]+/modelDataCollector/.*")


@stack_rule(
    "limits-stores-keep",
    storage.MANAGEMENT_POLICY,
    severity="high",
    says="A lifecycle of a workspace's storage deletes what endpoints capture and what jobs write for a while, and no "
    "model, code or data.",
    remedy="Name the folder modelDataCollector/ of the workspace's container, or that of a batch job's scores or of "
    "checkpoints, in prefixMatch of the rule that deletes.",
)
def stores_keep(graph: Graph, lifecycle: Resource) -> Iterator[str]:
    """A rule without a prefix deletes every blob of the account after its days, artifacts among them ("Lifecycle
    management policy structure", filters:
    https://learn.microsoft.com/en-us/azure/storage/blobs/lifecycle-management-policy-structure).
    """
    accounts = graph.refers(lifecycle, "accountName", storage.ACCOUNT)
    if not any(graph.referring(WORKSPACE, "storageAccount", account) for account in accounts):
        return
    passing = outputs.written_for_a_while(graph)
    for rule in lifecycle.props.each_section("policy.rules"):
        if not rule.is_given("definition.actions.baseBlob"):
            continue
        if not rule.is_given(_PREFIXES):
            yield f"deletes whatever lies in the workspace's storage ({rule.text_if_known('name')})"
        for prefix in rule.each_text_if_known(_PREFIXES):
            if prefix and not _COLLECTED.fullmatch(prefix) and prefix not in passing:
                yield f"deletes what lies below {prefix}, which no endpoint captures and no job writes for a while"


RULES = [
    autoscaled,
    scaling_policy,
    batch_size,
    cluster_idle,
    account,
    region_named,
    idle_shutdown,
    batch_time,
    stores_expire,
    stores_keep,
]
