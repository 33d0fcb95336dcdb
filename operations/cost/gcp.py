"""What a stack on Vertex AI costs: each resource type is free for a reason, or priced by a function."""

import re
from collections.abc import Callable, Mapping

from operations.cost.prices import Bill, Prices, cron_runs_per_month
from pulumi_policy import PolicyResource

from policies.gcp.encryption import batch_jobs
from policies.rule import section

_GOOGLE, _ATTACHED = (
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    "gcp:compute/forwardingRule:ForwardingRule",
)
_KEY, _WORKFLOW = "gcp:kms/cryptoKey:CryptoKey", "gcp:workflows/workflow:Workflow"

# What bills nothing by itself, and why. Sources: the pricing pages of the services named in the catalogue.
FREE: Mapping[str, str] = {
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": "IAM is free",
    "gcp:billing/budget:Budget": "budgets are free",
    "gcp:compute/address:Address": "an internal address is free; what stands behind it is not",
    "gcp:compute/firewall:Firewall": "VPC firewall rules are free; their logs count with the flows",
    "gcp:compute/globalAddress:GlobalAddress": "an internal address is free; its endpoint is not",
    "gcp:compute/network:Network": "a VPC is free",
    "gcp:dns/policy:Policy": "a setting; its logs count with the flows",
    "gcp:dns/recordSet:RecordSet": "a record is free; its zone is not",
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": "IAM is free",
    "gcp:kms/keyRing:KeyRing": "a key ring is free; its keys are not",
    "gcp:logging/projectSink:ProjectSink": "routing is free; its bucket is not",
    "gcp:monitoring/notificationChannel:NotificationChannel": "e-mails are free",
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": "a setting; what it records bills in its bucket",
    "gcp:projects/iAMCustomRole:IAMCustomRole": "IAM is free",
    "gcp:projects/iAMMember:IAMMember": "IAM is free",
    "gcp:projects/serviceIdentity:ServiceIdentity": "IAM is free",
    "gcp:serviceaccount/account:Account": "IAM is free",
    "gcp:serviceaccount/iAMMember:IAMMember": "IAM is free",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "IAM is free",
    "gcp:vertex/aiEndpoint:AiEndpoint": "an endpoint is free; what is deployed to it bills",
    "gcp:workbench/instanceIamMember:InstanceIamMember": "IAM is free",
    "mlplatform:gcp:Model": "the registry is free; what serves a model bills",
}


def _deployment(prices: Prices, resource: PolicyResource) -> Bill:
    props = resource.props
    machine, low, high = str(props["machineType"]), int(props["minReplicas"]), int(props["maxReplicas"])
    hour = prices.hour(machine, "online", props.get("acceleratorType"))
    logs = prices.assume("log-gb-per-replica") * prices.of("logging-ingestion")
    return Bill(
        "online endpoint",
        low * prices.hours * hour,
        high * (prices.hours * hour + logs),
        f"{low} to {high} × {machine} × {prices.hours} h × ${hour:g}, and logs in the ceiling",
    )


def _workflow(prices: Prices, resource: PolicyResource) -> Bill:
    jobs = prices.stack.referring("gcp:cloudscheduler/job:Job", "httpTarget", resource)
    runs = sum(cron_runs_per_month(str(job.props["schedule"])) for job in jobs)
    steps = prices.assume("workflow-steps-per-run") / 1000 * prices.of("workflows-steps")
    total, parts = runs * steps + prices.assume("batch-log-gb") * prices.of("logging-ingestion"), list[str]()
    hours = _deadline_hours(str(resource.props["sourceContents"]))
    for job in batch_jobs(resource.props):
        resources, machine = section(job, "dedicatedResources"), section(job, "dedicatedResources.machineSpec")
        count, type_ = int(resources["maxReplicaCount"]), str(machine["machineType"])
        hour = prices.hour(type_, "batch", machine.get("acceleratorType"))
        total += runs * count * hours * hour
        parts.append(f"{runs:.1f} runs × {count} × {type_} × at most {hours:g} h × ${hour:g}")
    return Bill("batch job", 0.0, total, f"nothing between runs; ceiling {'; '.join(parts)}, logs and steps")


def _deadline_hours(definition: str) -> float:
    """How long a run may last; a day where the workflow sets itself no deadline."""
    found = re.search(r"sys\.now\(\) \+ ([0-9]+)", definition)
    return int(found.group(1)) / 3600 if found else 24


def _schedule(prices: Prices, resource: PolicyResource) -> Bill:
    month = prices.of("scheduler-job")
    return Bill("schedule", month, month, f"${month:g} a month")


def _endpoint(prices: Prices, resource: PolicyResource) -> Bill:
    hour = prices.of("psc-endpoint")
    endpoints = len(prices.stack.of(_GOOGLE, _ATTACHED))
    data = prices.assume("endpoint-data-gb") / endpoints * prices.of("psc-data")
    standing = prices.hours * hour
    return Bill(
        "Private Service Connect endpoint",
        standing,
        standing + data,
        f"{prices.hours} h × ${hour:g}, data in the ceiling",
    )


def _instance(prices: Prices, resource: PolicyResource) -> Bill:
    setup = section(resource.props, "gceSetup")
    machine = str(setup.get("machineType"))
    disks = sum(int(section(setup, disk).get("diskSizeGb") or 0) for disk in ("bootDisk", "dataDisks"))
    hours, hour = prices.assume("workspace-hours-per-user"), prices.of(f"workbench-{machine}")
    space = disks * prices.of("pd-balanced")
    return Bill(
        "workspace user",
        space,
        space + hours * hour,
        f"{disks} GB of disks, kept while it is stopped; {hours:g} h of {machine} × ${hour:g} in the ceiling",
    )


def _key(prices: Prices, resource: PolicyResource) -> Bill:
    month, versions = prices.of("kms-key-version"), prices.assume("key-versions")
    operations = prices.assume("kms-operations") / 10_000 * prices.of("kms-operations") / len(prices.stack.of(_KEY))
    return Bill(
        "key",
        month,
        versions * month + operations,
        f"1 to {versions:g} versions × ${month:g}, operations in the ceiling",
    )


def _alert(prices: Prices, resource: PolicyResource) -> Bill:
    conditions = len(resource.props.get("conditions") or ())
    month = conditions * prices.of("monitoring-alert")
    return Bill("alert policy", month, month, f"{conditions} condition × ${prices.of('monitoring-alert'):g} a month")


def _zone(prices: Prices, resource: PolicyResource) -> Bill:
    month = prices.of("dns-zone")
    return Bill("private zone", month, month, f"${month:g} a month")


def _subnet(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("flow-log-gb")
    return Bill("flow log", 0.0, amount * prices.of("logging-ingestion"), f"{amount:g} GiB taken in, in the ceiling")


def _log_bucket(prices: Prices, resource: PolicyResource) -> Bill:
    months, amount = int(resource.props.get("retentionDays") or 30) / 30, prices.assume("audit-log-gb")
    kept = amount * max(0.0, months - 1) * prices.of("logging-retention")
    return Bill(
        "audit log",
        0.0,
        amount * prices.of("logging-ingestion") + kept,
        f"{amount:g} GiB taken in and kept {months:.0f} months, in the ceiling",
    )


def _bucket(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("artifact-gb") / len(prices.stack.of("gcp:storage/bucket:Bucket"))
    cost = amount * prices.of("storage-standard")
    return Bill("storage", cost, cost, f"{amount:g} GB kept, traffic or not")


def _repository(prices: Prices, resource: PolicyResource) -> Bill:
    amount, scans = prices.assume("image-gb"), prices.assume("images-scanned")
    cost = amount * prices.of("artifact-registry-storage") + scans * prices.of("artifact-registry-scanning")
    return Bill("images", 0.0, cost, f"empty at first; {amount:g} GB and {scans:g} scans in the ceiling")


def _dataset(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("request-log-gb")
    return Bill("request log", 0.0, amount * prices.of("bigquery-storage"), f"{amount:g} GB kept, in the ceiling")


PRICED: Mapping[str, Callable[[Prices, PolicyResource], Bill]] = {
    "gcp:artifactregistry/repository:Repository": _repository,
    "gcp:bigquery/dataset:Dataset": _dataset,
    "gcp:cloudscheduler/job:Job": _schedule,
    _ATTACHED: _endpoint,
    _GOOGLE: _endpoint,
    "gcp:compute/subnetwork:Subnetwork": _subnet,
    "gcp:dns/managedZone:ManagedZone": _zone,
    _KEY: _key,
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": _log_bucket,
    "gcp:monitoring/alertPolicy:AlertPolicy": _alert,
    "gcp:storage/bucket:Bucket": _bucket,
    "gcp:workbench/instance:Instance": _instance,
    _WORKFLOW: _workflow,
    "mlplatform:gcp:Deployment": _deployment,
}
