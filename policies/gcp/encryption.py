"""Encryption: the pilot's own rotated keys wherever data and logs rest, granted before anything uses them.

Three rules of AWS have no meaning here. `encryption-endpoint-volumes`: a deployment uses the key of its endpoint, which
`encryption-customer-key` checks. `encryption-bucket-whole`: on Google Cloud the parts of a bucket are its properties,
which `encryption-bucket-public` and `encryption-bucket-settings` check. `encryption-bucket-tls`: a bucket has no such
switch. The network lets out only HTTPS, and the organisation's policy `storage.secureHttpTransport` refuses the rest.
"""

import re
from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kind import Keys
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.gcp import bigquery, kms, logging, projects, storage, vertex, workbench, workflows
from catalogue.kinds.gcp.mlplatform import GRANTS_IN_FORCE
from catalogue.kinds.gcp.workflows import jobs
from catalogue.properties import Properties
from catalogue.wording import one_line
from policies.ripening import long_enough
from policies.rule import OPEN_TO_OTHERS, resource_rule, stack_rule

_KEY, _GRANT = kms.KEY, kms.KEY_MEMBER
_IDENTITY, _BUCKET = projects.SERVICE_IDENTITY, storage.BUCKET
_DATASET, _SERVED = bigquery.DATASET, vertex.ENDPOINT
_DISKS = ("bootDisk", "dataDisks")
# The addresses of the agents are from Google Cloud's documentation, "Service agents".
AGENT = re.compile(
    r"serviceAccount:[^@]+@(gcp-sa-[a-z-]+|bigquery-encryption|compute-system|gs-project-accounts)"
    r"\.iam\.gserviceaccount\.com"
)
_DAY = 86_400


@resource_rule(
    "encryption-workspace-disks",
    workbench.INSTANCE,
    severity="high",
    says="Every disk of a Workbench instance is set to a customer-managed key.",
    remedy="Set disk_encryption='CMEK' on the boot disk and on each data disk.",
)
def workspace_disks(props: Properties) -> Iterator[str]:
    """Workbench ignores the key of a disk unless diskEncryption says that the disk has one."""
    for name in _DISKS:
        disks = list(props.each_section(f"gceSetup.{name}"))
        if not disks or any(disk.text_or_empty("diskEncryption") != "CMEK" for disk in disks):
            yield f"says nothing of the key of its {name} (diskEncryption)"


@stack_rule(
    "encryption-key-granted",
    *(token for token, kind in kinds("gcp").items() if isinstance(kind.keys, Keys)),
    severity="high",
    says="A service's agent is granted the key before a resource uses it, and the resource waits until the grant is in "
    "force, not only until it is given.",
    remedy="Take the key from the encryption component, or grant it to the agent and wait with our provider's "
    "GrantsInForce.",
)
def key_granted(graph: Graph, resource: Resource) -> Iterator[str]:
    """Order matters: agents appear late, and IAM is checked when a resource is made (KMS, "Using CMEK"). A grant may
    take seven minutes (IAM, "Access change propagation"); a bucket that is made before is refused its key (issue 21931
    of hashicorp/terraform-provider-google).
    """
    for at, agent, named in _used(resource):
        waits = {*resource.property_dependencies.get(at, ()), *resource.dependencies}
        for key in _keys_named(graph, named) or graph.refers(resource, at, _KEY):
            on_key = graph.referring(_GRANT, "cryptoKeyId", key)
            grants = [grant for grant in on_key if _agent(graph, grant) == agent]
            in_force = {
                wait.urn
                for grant in grants
                for wait in graph.referring(GRANTS_IN_FORCE, "grants", grant)
                if long_enough(wait, grant)
            }
            if not grants:
                for grant in on_key:
                    _agent(graph, grant, known=True)
                yield f"uses {key.name}, which {agent} has not been granted"
            elif not in_force & waits and (graph.ours or graph.of(GRANTS_IN_FORCE)):  # which only our provider has
                yield f"does not wait until the grant of {key.name} to {agent} is in force"


def _used(resource: Resource) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Each input with a key, the agent that uses it, and the keys that it names; those of the jobs of a workflow too,
    which Vertex AI encrypts: https://cloud.google.com/vertex-ai/docs/general/cmek
    """
    kind = kind_of(resource.type)
    assert kind is not None and isinstance(kind.keys, Keys)
    found: dict[tuple[str, str], set[str]] = {}
    for place in kind.keys.at:
        for user in place.users:
            named = found.setdefault((place.path.partition(".")[0], user), set())
            named |= set(resource.props.each_text_if_known(place.path)) - {""}
    yield from ((at, agent, frozenset(named)) for (at, agent), named in sorted(found.items()))
    for job in jobs(resource.props) if resource.type == workflows.WORKFLOW else ():
        if name := job.body.text_if_known("encryptionSpec.kmsKeyName"):
            yield workflows.AT, "gcp-sa-aiplatform", frozenset({name})


def _keys_named(graph: Graph, texts: frozenset[str]) -> list[Resource]:
    """The keys of the stack that these texts name as wholes: a reference may lead to another than the one that is
    named.
    """
    return [key for key in graph.of(_KEY) if texts.intersection(key.names)]


def _agent(graph: Graph, grant: Resource, known: bool = False) -> str:
    """The agent that a grant is for, such as `gcp-sa-aiplatform`; none where it is not known yet.

    A name is read from the service identity that the member refers to, or from the member's address. Raises NotKnown
    where it is to be `known` and is not.
    """
    identities = graph.refers(grant, "member", _IDENTITY)
    if len(identities) == 1:
        return f"gcp-sa-{identities[0].props.text_if_known('service').partition('.')[0]}"
    member = grant.props.text_or_empty("member") if known else grant.props.text_if_known("member")
    return member.partition("@")[2].partition(".")[0]


_ENCRYPTING = {
    user
    for kind in kinds("gcp").values()
    if isinstance(kind.keys, Keys)
    for place in kind.keys.at
    for user in place.users
}
"""The agents that use a key for a kind of the catalogue, as its record says."""


@stack_rule(
    "encryption-key-users",
    _GRANT,
    severity="high",
    says="Only Google's agents may use a key. They use it for whoever may use the resource (CIS GCP 1.9).",
    remedy="Grant roles/cloudkms.cryptoKeyEncrypterDecrypter to the service's agent; a persona needs no key.",
)
def key_users(graph: Graph, grant: Resource) -> Iterator[str]:
    """Users and administrators of keys differ (CIS GCP 1.11), and who writes logs reads no data, nor the reverse: Cloud
    KMS, "Separation of duties", https://cloud.google.com/kms/docs/separation-of-duties. `identity-no-wildcard` checks
    which role is granted.
    """
    if not graph.refers(grant, "cryptoKeyId", _KEY):
        yield "is on a key that is not of this stack"
    member = grant.props.text_if_known("member")
    if member and not AGENT.fullmatch(member):
        yield f"lets {member} use a key"
    elif graph.ours and member and (agent := _agent(graph, grant)) not in _ENCRYPTING:
        yield f"lets {agent} use a key, the agent of a service that keeps nothing of a stack"
    for key in graph.refers(grant, "cryptoKeyId", _KEY) if member else ():
        logs, writes_logs = bool(graph.referring(logging.LOG_BUCKET, "cmekSettings", key)), "@gcp-sa-logging." in member
        if logs and not writes_logs:
            yield f"lets {member} use the key of logs"
        elif writes_logs and not logs and graph.referring(storage.BUCKET, "encryption", key):
            yield f"lets {member}, which writes logs, use the key of data"


@stack_rule(
    "encryption-request-log",
    _SERVED,
    severity="high",
    says="Requests are logged into a dataset of the stack, encrypted with its key.",
    remedy="Give predict_request_response_logging_config the endpoint component's dataset.",
)
def request_log(graph: Graph, endpoint: Resource) -> Iterator[str]:
    """Without a destination Vertex AI makes its own dataset, without a key (aiplatform v1, bigqueryDestination). What
    it refers to counts if the name in the address, where that is known, is the name of it.
    """
    at = "predictRequestResponseLoggingConfig"
    given = endpoint.props.is_given(f"{at}.bigqueryDestination.outputUri")
    uri = endpoint.props.text_if_known(f"{at}.bigqueryDestination.outputUri") if given else ""
    names = {one.props.text_if_known("datasetId") for one in graph.refers(endpoint, at, _DATASET)}
    if endpoint.props.flag_or_none(f"{at}.enabled") and not (given and names):
        yield "logs requests to a dataset that is not of this stack"
    elif uri and "" not in names and not names.intersection(uri.split(".")):
        yield f"logs requests to {one_line(uri)}, which is not the dataset that it refers to"


@resource_rule(
    "encryption-batch",
    workflows.WORKFLOW,
    severity="high",
    says="A job that a workflow starts encrypts what it keeps with the pilot's key.",
    remedy="Set encryptionSpec.kmsKeyName in each job that the workflow starts.",
)
def batch(props: Properties) -> Iterator[str]:
    """Every job, of any kind."""
    if any(not job.body.is_given("encryptionSpec.kmsKeyName") for job in jobs(props) if not job.deploys):
        yield "starts batch jobs without a key"


_LEAST_ROTATION_DAYS = 7


@resource_rule(
    "encryption-key",
    _KEY,
    severity="high",
    says="A key is rotated every 7 to 90 days and slow to destroy (CIS GCP 1.10).",
    remedy="Set rotation_period to 604800s to 7776000s and destroy_scheduled_duration to at least 2592000s.",
)
def key(props: Properties) -> Iterator[str]:
    """`encryption-key-users` checks who may use the key.

    Each version is billed until it is destroyed, and none is by itself (Cloud KMS, "Pricing",
    https://cloud.google.com/kms/pricing): of a daily rotation that is a version more each day, for ever.
    """
    period = seconds(props.text_or_empty("rotationPeriod"))
    if not 0 < period <= 90 * _DAY:
        yield "is not rotated within 90 days"
    elif period < _LEAST_ROTATION_DAYS * _DAY:
        yield f"is rotated more than once in {_LEAST_ROTATION_DAYS} days, and each version is billed for ever"
    if seconds(props.text_or_empty("destroyScheduledDuration")) < 30 * _DAY:
        yield "can be destroyed in less than 30 days"


def seconds(duration: str) -> float:
    """The seconds of a text such as `7776000s`. 0 for an empty one."""
    text = duration.removesuffix("s")
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else 0


@resource_rule(
    "encryption-bucket-public",
    _BUCKET,
    severity="critical",
    says="No bucket can be made public (CIS GCP 5.1).",
    remedy="Set public_access_prevention='enforced'.",
    never_waived=OPEN_TO_OTHERS,
)
def bucket_public(props: Properties) -> Iterator[str]:
    """The value `inherited` would leave it to the organisation."""
    if props.text_or_empty("publicAccessPrevention") != "enforced":
        yield "can be made public"


@resource_rule(
    "encryption-bucket-settings",
    _BUCKET,
    severity="medium",
    says="A bucket keeps old versions, has no ACLs (CIS GCP 5.2), and is not destroyed while it holds objects.",
    remedy="Set versioning.enabled=True and uniform_bucket_level_access=True; leave out force_destroy.",
)
def bucket_settings(props: Properties) -> Iterator[str]:
    """Versioning and uniform access must be present and true."""
    if props.flag_or_none("versioning.enabled") is not True:
        yield "keeps no versions"
    if props.flag_or_none("uniformBucketLevelAccess") is not True:
        yield "still knows ACLs"
    if props.flag_or_none("forceDestroy"):
        yield "would delete its objects with itself"


RULES = [
    workspace_disks,
    key_granted,
    key_users,
    request_log,
    batch,
    key,
    bucket_public,
    bucket_settings,
]
