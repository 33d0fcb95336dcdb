"""Nothing unasked: in a stack of this program every resource is a part of a component that a section calls for."""

from collections import Counter
from collections.abc import Iterator, Mapping

from catalogue import organisation
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import (
    artifactregistry,
    bigquery,
    billing,
    cloudscheduler,
    compute,
    dns,
    kms,
    logging,
    mlplatform,
    monitoring,
    projects,
    serviceaccount,
    storage,
    vertex,
    workbench,
    workflows,
)
from policies.rule import Found, whole_stack_rule

_ANY = 0
_MAKES: Mapping[str, Mapping[str, int]] = {
    "Alerts": {monitoring.CHANNEL: 1},
    "Audit": {logging.LOG_BUCKET: 1, logging.EXCLUSION: 1, logging.SINK: 1, projects.AUDIT_CONFIG: 1},
    "BatchJob": {cloudscheduler.SCHEDULE: 1, workflows.WORKFLOW: 1, mlplatform.MODEL: 1, monitoring.ALERT: 3},
    "Budget": {billing.BUDGET: 1},
    "Encryption": {kms.KEY_RING: 1, kms.KEY: 2, kms.KEY_MEMBER: _ANY, mlplatform.GRANTS_IN_FORCE: 1},
    "Endpoint": {
        bigquery.DATASET: 1,
        compute.ADDRESS: 1,
        compute.FIREWALL: 1,
        compute.FORWARDING_RULE: 1,
        dns.RECORD: 1,
        mlplatform.DEPLOYMENT: 1,
        mlplatform.MODEL: 1,
        monitoring.ALERT: 3,
        vertex.ENDPOINT: 1,
    },
    "EndpointNames": {dns.ZONE: 1},
    "Identity": {
        artifactregistry.REPOSITORY_MEMBER: _ANY,
        mlplatform.GRANTS_IN_FORCE: 1,
        projects.CUSTOM_ROLE: _ANY,
        projects.MEMBER: _ANY,
        serviceaccount.ACCOUNT: 8,
        serviceaccount.MEMBER: 2,
        storage.BUCKET_MEMBER: _ANY,
    },
    "Network": {
        compute.FIREWALL: 3,
        compute.GLOBAL_ADDRESS: 1,
        compute.GLOBAL_FORWARDING_RULE: 1,
        compute.SUBNETWORK: 1,
        compute.VPC: 1,
        dns.POLICY: 1,
        dns.RECORD: _ANY,
        dns.ZONE: _ANY,
    },
    "PrivateBucket": {storage.BUCKET: 1},
    "Registry": {artifactregistry.REPOSITORY: 1},
    "ServiceAgents": {projects.MEMBER: _ANY, projects.SERVICE_IDENTITY: _ANY},
    "Workspace": {
        projects.CUSTOM_ROLE: 1,
        serviceaccount.MEMBER: _ANY,
        workbench.INSTANCE: _ANY,
        workbench.INSTANCE_MEMBER: _ANY,
    },
}
"""What each component makes, and how many at most; where it makes one for each of many, other rules judge each."""
_OURS = "mlplatform-gcp:index:"


@whole_stack_rule(
    "nothing-unasked",
    severity="high",
    says="In a stack of this program nothing stands that no section of its file calls for.",
    remedy="Take the resource out; or make it in a component of a section in organisation/ (CONTRIBUTING, 'Add a "
    "section'), which shows in review.",
)
def unasked(graph: Graph) -> Found:
    """A user, a key, an export, a machine or a peering beside what the sections make is a finding, of whatever kind.

    A component makes a bounded number of each kind. A company's own sections make components of their own, which no
    list of ours has; where it has none, there are none. A program that is not ours has no sections.
    """
    if not graph.ours:
        return
    company = bool(organisation.names(graph.platform))
    made_by = _parts(graph)
    for component in graph.resources:
        if component.is_component and component.type.startswith(_OURS) and component.urn not in made_by:
            yield component, "makes nothing: its parts are gone"
    for above, parts in made_by.items():
        type_, name = _named(above)
        made = _MAKES.get(type_.removeprefix(_OURS)) if type_.startswith(_OURS) else None
        if made is not None:
            yield from _beyond(f"{type_.removeprefix(_OURS)} {name}", made, parts)
        elif not company or type_ in ("", "pulumi:pulumi:Stack"):
            yield from ((part, f"is a {part.type} that no component of this program makes") for part in parts)


def _parts(graph: Graph) -> Mapping[str, list[Resource]]:
    """What each component makes, by its URN; an empty one where the program itself does."""
    found: dict[str, list[Resource]] = {}
    for resource in graph.cloud:
        found.setdefault(resource.parent or "", []).append(resource)
    return found


def _named(urn: str) -> tuple[str, str]:
    """The type and the name that a URN says; the engine does not show each component."""
    said = urn.split("::")
    return (said[2].rpartition("$")[2], said[-1]) if len(said) > 3 else ("", "")


def _beyond(component: str, made: Mapping[str, int], parts: list[Resource]) -> Iterator[tuple[Resource, str]]:
    counts = Counter(part.type for part in parts)
    for part in parts:
        if part.type not in made:
            yield part, f"is a {part.type}, which no {component.partition(' ')[0]} makes"
        elif made[part.type] and counts[part.type] > made[part.type]:
            yield part, f"is one of {counts[part.type]} of {part.type}, where {component} makes {made[part.type]}"


RULES = [unasked]
