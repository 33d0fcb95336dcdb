"""Limits and quotas: replicas, machines, regions, hours, money and what is kept stay inside `policies/limits.yaml`.

`limits-autoscaled` of AWS has no meaning here: a deployment has its range of replicas in itself, so `limits-replicas`
and `limits-scaling-policy` ask for both.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from catalogue.hardware.catalogue import Use
from policies.gcp.encryption import batch_jobs, seconds
from policies.limits import load
from policies.quotas import FLEETS_IN_UPDATE, beyond_declared, draw
from policies.rule import Stack, get, given, known, resource_rule, section, stack_rule

_DEPLOYMENT, _WORKFLOW = "mlplatform:gcp:Deployment", "gcp:workflows/workflow:Workflow"
_WORKBENCH, _BUCKET = "gcp:workbench/instance:Instance", "gcp:storage/bucket:Bucket"
_LOGS, _PROVIDER = "gcp:logging/projectBucketConfig:ProjectBucketConfig", "pulumi:providers:gcp"
_DATASET, _DAY_MS = "gcp:bigquery/dataset:Dataset", 86_400_000
_METRICS = (
    "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle",
    "aiplatform.googleapis.com/prediction/online/cpu/utilization",
    "aiplatform.googleapis.com/prediction/online/request_count",
)


@resource_rule(
    "limits-replicas",
    _DEPLOYMENT,
    severity=Severity.HIGH,
    says="No endpoint starts with, or grows to, more replicas than the limit.",
    remedy="Lower max_replicas in the stack file, or have the limit's owner raise it.",
)
def replicas(props: Mapping[str, Any]) -> Iterator[str]:
    """Vertex AI keeps at least one replica of an online deployment (aiplatform v1, minReplicaCount)."""
    limit = load()["replicas-per-endpoint"].number
    low, high = props.get("minReplicas"), props.get("maxReplicas")
    if low is None or high is None or not 1 <= low <= high <= limit:
        yield f"may grow to {'any number of' if high is None else f'{high:g}'} replicas, allowed {limit:g}"


@resource_rule(
    "limits-scaling-policy",
    _DEPLOYMENT,
    severity=Severity.HIGH,
    says="A deployment scales on a metric with a target, so that it shrinks again.",
    remedy="Keep the endpoint component's scaling_metric and scaling_target.",
)
def scaling_policy(props: Mapping[str, Any]) -> Iterator[str]:
    """The three metrics that autoscalingMetricSpecs takes (aiplatform v1); none for a range of one."""
    if props.get("scalingMetric") not in _METRICS or not (props.get("scalingTarget") or 0) > 0:
        yield "scales on no metric that Vertex AI knows, or to no target"


@resource_rule(
    "limits-machine-types",
    _DEPLOYMENT,
    _WORKBENCH,
    severity=Severity.HIGH,
    says="Endpoints and Workbench instances run only on machine types of the limits.",
    remedy="Choose a hardware family of the limits in the stack file, or have the limit's owner add it.",
)
def machine_types(props: Mapping[str, Any]) -> Iterator[str]:
    """A rule on the resource, so that the engine judges it before it is created."""
    allowed = load()["machine-types"].allowed
    machine = get(props, "gceSetup.machineType") if "gceSetup" in props else props.get("machineType")
    if machine not in allowed:
        yield f"starts {machine}, allowed {', '.join(allowed)}"


@resource_rule(
    "limits-batch-size",
    _WORKFLOW,
    severity=Severity.HIGH,
    says="Batch jobs run on no more replicas, and on no other machine types, than the limits name.",
    remedy="Lower replicas or choose another family in the stack file, or have the limit's owner change it.",
)
def batch_size(props: Mapping[str, Any]) -> Iterator[str]:
    """A rule on the resource, so that the engine judges it before it is created."""
    limit, allowed = load()["batch-replicas"].number, load()["machine-types"].allowed
    for job in batch_jobs(props):
        resources = section(job, "dedicatedResources")
        count = max(resources.get("startingReplicaCount") or 1, resources.get("maxReplicaCount") or 0)
        if not resources.get("maxReplicaCount") or count > limit:
            yield f"runs on {resources.get('maxReplicaCount', 'ten or more')} replicas, allowed {limit:g}"
        if (machine := get(resources, "machineSpec.machineType")) not in allowed:
            yield f"runs on {machine}, allowed {', '.join(allowed)}"


@stack_rule(
    "quota-declared",
    severity=Severity.HIGH,
    says="What may run at once fits the project's declared quotas, old and new version of an endpoint counted.",
    remedy="Lower the replicas, or ask for the quota and declare it in policies/limits.yaml.",
)
def quota(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """What replicas take of each quota of the catalogue; a quota that nobody declared counts as zero."""
    yield from beyond_declared("gcp", _draws(stack))


def _draws(stack: Stack) -> Iterator[tuple[str, int]]:
    """Each quota that something draws on, and how much of it at once."""
    for deployment in stack.of(_DEPLOYMENT):
        count = FLEETS_IN_UPDATE * int(deployment.props.get("maxReplicas") or 1)
        yield _draw(deployment.props, "online", count)
    for workflow in stack.of(_WORKFLOW):
        for job in batch_jobs(workflow.props):
            resources = section(job, "dedicatedResources")
            yield _draw(section(resources, "machineSpec"), "batch", int(resources.get("maxReplicaCount") or 1))


def _draw(machine: Mapping[str, Any], use: Use, count: int) -> tuple[str, int]:
    return draw("gcp", str(machine.get("machineType")), use, count, machine.get("acceleratorType"))


@resource_rule(
    "limits-region",
    _PROVIDER,
    "gcp:artifactregistry/repository:Repository",
    "gcp:cloudscheduler/job:Job",
    "gcp:compute/subnetwork:Subnetwork",
    "gcp:kms/keyRing:KeyRing",
    _LOGS,
    _BUCKET,
    _DATASET,
    "gcp:vertex/aiEndpoint:AiEndpoint",
    _WORKBENCH,
    _WORKFLOW,
    "mlplatform:gcp:Deployment",
    "mlplatform:gcp:Model",
    severity=Severity.HIGH,
    says="A pilot runs and rests in a region of the limits, and its provider says which project is meant.",
    remedy="Choose a region of policies/limits.yaml; keep project and region on the provider.",
)
def region(props: Mapping[str, Any]) -> Iterator[str]:
    """Each of these says for itself where it is, a Workbench instance by its zone; `us` is no region."""
    allowed = load()["regions"].allowed
    where = re.sub(r"-[a-z]$", "", known(props, "location" if "location" in props else "region").lower())
    if where and where not in allowed:
        yield f"deploys to {where}, allowed {', '.join(allowed)}"
    if not given(props, "project") and not given(props, "keyRing"):
        yield "would deploy to whatever project the credentials name"


@resource_rule(
    "limits-idle-shutdown",
    _WORKBENCH,
    severity=Severity.HIGH,
    says="A Workbench instance stops when idle.",
    remedy="Set workspace.idle_timeout_minutes in the stack file to at most the limit.",
)
def idle_shutdown(props: Mapping[str, Any]) -> Iterator[str]:
    """Workbench documentation, "Idle shutdown": it reads guest attributes, and without a timeout waits three hours."""
    limit = load()["idle-timeout-minutes"].number
    metadata = section(props, "gceSetup.metadata")
    if not 0 < float(metadata.get("idle-timeout-seconds") or 0) <= limit * 60:
        yield f"does not stop within {limit:g} minutes of idling"
    if str(metadata.get("enable-guest-attributes")).lower() != "true":
        yield "does not tell when it is idle (enable-guest-attributes)"


@stack_rule(
    "limits-idle-kept",
    severity=Severity.MEDIUM,
    says="An update of a Workbench instance leaves its metadata, and with it the idle timeout, alone.",
    remedy="Set ignore_changes=['gceSetup.metadata'] and replace the instance for another timeout.",
)
def idle_kept(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """An update of the metadata loses keys (terraform-provider-google issue 22622)."""
    for instance in stack.of(_WORKBENCH):
        if "gceSetup.metadata" not in (instance.opts.ignore_changes or ()):
            yield instance.urn, "may lose its idle timeout when it is updated"


@resource_rule(
    "limits-batch-time",
    _WORKFLOW,
    severity=Severity.HIGH,
    says="A run of a batch job ends in time, and is retried a bounded number of times.",
    remedy="Set max_hours in the stack file to at most the limit; keep the workflow's deadline, attempts and cancel.",
)
def batch_time(props: Mapping[str, Any]) -> Iterator[str]:
    """A batch prediction job has no timeout of its own (aiplatform v1), so the workflow keeps one and cancels."""
    limit = load()["batch-hours"].number
    source = str(props.get("sourceContents") or "")
    deadlines = [int(seconds_) for seconds_ in re.findall(r"sys\.now\(\) \+ (\d+)", source)]
    late, cancels = re.search(r"sys\.now\(\) >=? deadline", source), re.search(r"[\w-]:cancel\b|\":cancel", source)
    if not deadlines or not 0 < max(deadlines) <= limit * 3600:
        yield f"may run longer than {limit:g} hours"
    elif not late or not cancels:
        yield "does not stop a job that is late"
    attempts = [int(count) for count in re.findall(r"attempt (?:>=|<) (\d+)", source)]
    if not attempts or not 0 < max(attempts) <= 3:
        yield "is not retried, or without a bound"


@resource_rule(
    "limits-schedule-retries",
    "gcp:cloudscheduler/job:Job",
    severity=Severity.MEDIUM,
    says="A schedule tries a start again, and gives up one it cannot deliver.",
    remedy="Set retry_config with a retry_count and a max_retry_duration.",
)
def schedule_retries(props: Mapping[str, Any]) -> Iterator[str]:
    """Cloud Scheduler's own default is no retry, and with retries no end (RetryConfig.maxRetryDuration)."""
    retry = section(props, "retryConfig")
    if not 0 < (retry.get("retryCount") or 0) <= 5:
        yield "does not try a failed start again"
    if not 0 < seconds(retry.get("maxRetryDuration")) <= 7200:
        yield "sets no end to its retries"


@resource_rule(
    "limits-retention",
    _LOGS,
    severity=Severity.MEDIUM,
    says="Logs expire.",
    remedy="Set retention_days to at most the limit.",
)
def retention(props: Mapping[str, Any]) -> Iterator[str]:
    """Up to 3650 days are possible (Cloud Logging, "Configure log buckets")."""
    limit = load()["retention-days"].number
    if not 0 < (props.get("retentionDays") or 0) <= limit:
        yield f"keeps logs longer than {limit:g} days"


@stack_rule(
    "limits-stores-expire",
    severity=Severity.MEDIUM,
    says="What is kept is cleaned up: old object versions, unfinished uploads, untagged images, logged requests.",
    remedy="Keep the lifecycle rules of PrivateBucket and the registry's clean-up policies.",
)
def stores_expire(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Buckets delete old versions and unfinished uploads; repositories delete something, and not as a dry run."""
    for bucket in stack.of(_BUCKET):
        rules = bucket.props.get("lifecycleRules") or ()
        if not any(get(r, "action.type") == "Delete" and get(r, "condition.daysSinceNoncurrentTime") for r in rules):
            yield bucket.urn, "keeps old versions for ever"
        if not any(get(r, "action.type") == "AbortIncompleteMultipartUpload" for r in rules):
            yield bucket.urn, "keeps unfinished uploads for ever"
    for repository in stack.of("gcp:artifactregistry/repository:Repository"):
        deletes = [p for p in repository.props.get("cleanupPolicies") or () if p.get("action") == "DELETE"]
        if not deletes or repository.props.get("cleanupPolicyDryRun"):
            yield repository.urn, "keeps every image for ever"
    for dataset in stack.of(_DATASET):
        for kind in ("defaultTableExpirationMs", "defaultPartitionExpirationMs"):
            if not 0 < (dataset.props.get(kind) or 0) <= load()["retention-days"].number * _DAY_MS:
                yield dataset.urn, f"keeps logged requests too long, or for ever ({kind})"


RULES = [
    replicas,
    scaling_policy,
    machine_types,
    batch_size,
    quota,
    region,
    idle_shutdown,
    idle_kept,
    batch_time,
    schedule_retries,
    retention,
    stores_expire,
]
