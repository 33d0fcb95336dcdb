"""Encryption: the pilot's own rotated keys wherever data and logs rest, granted before anything uses them.

Three rules of AWS have no meaning here. `encryption-endpoint-volumes`: what runs under an endpoint takes the
endpoint's key, which `encryption-customer-key` asks for. `encryption-bucket-whole`: a bucket's parts are its
own properties, which `encryption-bucket-public` and `encryption-bucket-settings` ask for. `encryption-bucket-tls`: a
bucket has no such switch; the network lets nothing but HTTPS out, and the organisation's policy
`storage.secureHttpTransport` refuses the rest.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml
from pulumi_policy import PolicyResource, Severity

from policies.rule import Stack, get, given, known, refers, resource_rule, stack_rule

_KEY, _GRANT = "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
_IDENTITY, _BUCKET = "gcp:projects/serviceIdentity:ServiceIdentity", "gcp:storage/bucket:Bucket"
_DATASET, _SERVED = "gcp:bigquery/dataset:Dataset", "gcp:vertex/aiEndpoint:AiEndpoint"
_WORKFLOW, _WORKBENCH = "gcp:workflows/workflow:Workflow", "gcp:workbench/instance:Instance"

# Where each type names its key, and the service whose agent uses it. The agents' addresses are of Google Cloud's
# documentation "Service agents".
_KEY_AT: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gcp:artifactregistry/repository:Repository": (("kmsKeyName",), ("gcp-sa-artifactregistry",)),
    _DATASET: (("defaultEncryptionConfiguration.kmsKeyName",), ("bigquery-encryption",)),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": (("cmekSettings.kmsKeyName",), ("gcp-sa-logging",)),
    _BUCKET: (("encryption.defaultKmsKeyName",), ("gs-project-accounts",)),
    _SERVED: (("encryptionSpec.kmsKeyName",), ("gcp-sa-aiplatform",)),
    _WORKBENCH: (
        ("gceSetup.bootDisk.kmsKey", "gceSetup.dataDisks.kmsKey"),
        ("compute-system", "gcp-sa-notebooks"),
    ),
    _WORKFLOW: (("cryptoKeyName",), ("gcp-sa-workflows",)),
    "mlplatform:gcp:Model": (("kmsKeyName",), ("gcp-sa-aiplatform",)),
}
AGENT = re.compile(
    r"serviceAccount:[^@]+@(gcp-sa-[a-z-]+|bigquery-encryption|compute-system|gs-project-accounts)"
    r"\.iam\.gserviceaccount\.com"
)
_DAY = 86_400


@stack_rule(
    "encryption-customer-key",
    severity=Severity.HIGH,
    says="What rests, rests under one of the pilot's own keys.",
    remedy="Pass the encryption component's data key, or its logs key for logs.",
)
def customer_key(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The property that holds the key, by type; a key that Google manages has no name to put there."""
    for type_, (paths, _) in _KEY_AT.items():
        for resource in stack.of(type_):
            for path in paths:
                if not given(resource.props, path):
                    yield resource.urn, f"has no customer-managed key at {path}"
    for instance in stack.of(_WORKBENCH):
        for disk in ("bootDisk", "dataDisks"):
            if known(instance.props, f"gceSetup.{disk}.diskEncryption") != "CMEK":
                yield instance.urn, f"says nothing of the key of its {disk} (diskEncryption)"


@stack_rule(
    "encryption-key-granted",
    severity=Severity.HIGH,
    says="Who uses a key has been granted it before: the service's agent, on the key, and the user waits for it.",
    remedy="Grant the service's agent the key in the encryption component, and hand out the key after its grants.",
)
def key_granted(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Agents appear lazily and IAM is checked at creation (KMS documentation, "Using CMEK"): so order is part of it."""
    granted: dict[tuple[str, str], set[str]] = {}
    for grant in stack.of(_GRANT):
        for key in refers(grant, "cryptoKeyId", _KEY):
            granted.setdefault((key.urn, _agent(grant)), set()).add(grant.urn)
    for type_, (paths, agents) in _KEY_AT.items():
        for resource in stack.of(type_):
            at = paths[0].partition(".")[0]
            waits = {d.urn for d in resource.property_dependencies.get(at, ())} | {d.urn for d in resource.dependencies}
            for key, agent in ((key, agent) for key in refers(resource, at, _KEY) for agent in agents):
                grants = granted.get((key.urn, agent))
                if not grants:
                    yield resource.urn, f"uses {key.name}, which {agent} has not been granted"
                elif not grants & waits:
                    yield resource.urn, f"does not wait until {agent} has been granted {key.name}"


def _agent(grant: PolicyResource) -> str:
    """`gcp-sa-aiplatform` of the agent's address, or of the service identity that the member refers to."""
    for identity in refers(grant, "member", _IDENTITY):
        return f"gcp-sa-{known(identity.props, 'service').partition('.')[0]}"
    return known(grant.props, "member").partition("@")[2].partition(".")[0]


@stack_rule(
    "encryption-key-users",
    severity=Severity.HIGH,
    says="Google's agents use a key, on behalf of whoever may use the resource, and nobody else does (CIS GCP 1.9).",
    remedy="Grant roles/cloudkms.cryptoKeyEncrypterDecrypter to the service's agent; a persona needs no key.",
)
def key_users(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Users and administrators of keys differ (CIS GCP 1.11); which role it is, `identity-no-wildcard` asks."""
    for grant in stack.of(_GRANT):
        if not refers(grant, "cryptoKeyId", _KEY):
            yield grant.urn, "is on a key that is not of this stack"
        member = known(grant.props, "member")
        if member and not AGENT.fullmatch(member):
            yield grant.urn, f"lets {member} use a key"


@stack_rule(
    "encryption-request-log",
    severity=Severity.HIGH,
    says="Logged requests rest in a dataset of the stack, under its key.",
    remedy="Give predict_request_response_logging_config the endpoint component's dataset.",
)
def request_log(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Without a destination Vertex AI makes a dataset of its own, and no key (aiplatform v1, bigqueryDestination)."""
    at = "predictRequestResponseLoggingConfig"
    for endpoint in stack.of(_SERVED):
        there = given(endpoint.props, f"{at}.bigqueryDestination.outputUri") and refers(endpoint, at, _DATASET)
        if given(endpoint.props, f"{at}.enabled") and not there:
            yield endpoint.urn, "logs requests to a dataset that is not of this stack"


@resource_rule(
    "encryption-batch",
    _WORKFLOW,
    severity=Severity.HIGH,
    says="A batch job encrypts what it keeps with the pilot's key.",
    remedy="Set encryptionSpec.kmsKeyName in the workflow's batch prediction job.",
)
def batch(props: Mapping[str, Any]) -> Iterator[str]:
    """Looks into each BatchPredictionJob that the workflow starts."""
    for job in batch_jobs(props):
        if not given(job, "encryptionSpec.kmsKeyName"):
            yield "starts batch jobs without a key"


def batch_jobs(props: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The bodies of the batch prediction jobs that a workflow starts: what names an input and its machines."""
    source = str(props.get("sourceContents") or "{}")
    return list(_bodies(json.loads(source) if source.startswith("{") else yaml.safe_load(source)))


def _bodies(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        body = cast(Mapping[str, Any], value)
        if "dedicatedResources" in body or "inputConfig" in body:
            yield body
        else:
            for item in body.values():
                yield from _bodies(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _bodies(item)


@resource_rule(
    "encryption-key",
    _KEY,
    severity=Severity.HIGH,
    says="A key is rotated every 90 days and slow to destroy (CIS GCP 1.10).",
    remedy="Set rotation_period to at most 7776000s and destroy_scheduled_duration to at least 2592000s.",
)
def key(props: Mapping[str, Any]) -> Iterator[str]:
    """Who may use it is the business of `encryption-key-users`."""
    if not 0 < seconds(props.get("rotationPeriod")) <= 90 * _DAY:
        yield "is not rotated within 90 days"
    if seconds(props.get("destroyScheduledDuration")) < 30 * _DAY:
        yield "can be destroyed in less than 30 days"


def seconds(duration: Any) -> float:
    """7776000 of `7776000s`; 0 where there is none."""
    text = str(duration or "0s").removesuffix("s")
    return float(text) if text.replace(".", "", 1).isdigit() else 0


@resource_rule(
    "encryption-bucket-public",
    _BUCKET,
    severity=Severity.CRITICAL,
    says="No bucket can be made public (CIS GCP 5.1).",
    remedy="Set public_access_prevention='enforced'.",
)
def bucket_public(props: Mapping[str, Any]) -> Iterator[str]:
    """`inherited` leaves it to the organisation."""
    if props.get("publicAccessPrevention") != "enforced":
        yield "can be made public"


@resource_rule(
    "encryption-bucket-settings",
    _BUCKET,
    severity=Severity.MEDIUM,
    says="A bucket keeps versions and knows no ACLs (CIS GCP 5.2), and does not delete its objects with itself.",
    remedy="Set versioning.enabled=True and uniform_bucket_level_access=True; leave out force_destroy.",
)
def bucket_settings(props: Mapping[str, Any]) -> Iterator[str]:
    """Versioning and uniform access must be present and true."""
    if get(props, "versioning.enabled") is not True:
        yield "keeps no versions"
    if props.get("uniformBucketLevelAccess") is not True:
        yield "still knows ACLs"
    if props.get("forceDestroy"):
        yield "would delete its objects with itself"


RULES = [
    customer_key,
    key_granted,
    key_users,
    request_log,
    batch,
    key,
    bucket_public,
    bucket_settings,
]
