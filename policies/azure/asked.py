"""Nothing unasked: in a stack of ours, what no section of its file calls for is a finding, of a known kind or not.

A section registers components, and a component makes what the table here says, under names made from its own. So a
resource beside the components, of a kind that its component does not make, or under a name that it does not give, was
put in by something else: a hook, a transform, a hand in the program. In a program that is not ours the rule is silent.
A company's own component makes what it makes: its author answers for it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import (
    DIAGNOSTIC_SETTING,
    IDENTITY,
    NETWORK,
    applicationinsights,
    authorization,
    consumption,
    containerregistry,
    keyvault,
    monitor,
    operationalinsights,
    privatedns,
    resources,
    storage,
)
from catalogue.kinds.azure import machinelearningservices as ml
from catalogue.kinds.azure import machinelearningservices_jobs as jobs
from catalogue.kinds.azure.mlplatform import ROLES_IN_FORCE, TRAFFIC
from catalogue.kinds.azure.network import PEERING, PRIVATE_ENDPOINT, SECURITY_GROUP, SUBNET, ZONE_GROUP
from policies.azure.permissions import PERSONAS
from policies.rule import Found, whole_stack_rule

_OURS = "mlplatform-azure:index:"
_ITSELF = ""
"""The part of a child that has the name of its component."""
_MANY = frozenset(("BatchJob", "Endpoint"))
"""The components of which a stack has one for each entry of a section; of any other it has one."""

_FOLDED = re.compile(r"(?P<begins>.{8,}?)-?[0-9a-f]{4}")

_PARTS: Mapping[str, Mapping[str, Iterable[str]]] = {
    "Access": {
        authorization.ROLE_DEFINITION: ("approver", "caller", "data-scientist", "pipeline"),
        authorization.ROLE_ASSIGNMENT: (
            *(f"{one}-workspace" for one in (*PERSONAS, "workspace")),
            *(f"person-*-{what}" for what in ("blob-contributor-storage", "file-contributor-storage", "workspace")),
        ),
        ROLES_IN_FORCE: ("assignable",),
    },
    "Alerts": {monitor.ACTION_GROUP: (_ITSELF,)},
    "Audit": {operationalinsights.WORKSPACE: (_ITSELF,), applicationinsights.COMPONENT: ("insights",)},
    "BatchJob": {
        jobs.BATCH_ENDPOINT: (_ITSELF,),
        jobs.BATCH_DEPLOYMENT: ("v-*",),
        jobs.COMPONENTS: ("step",),
        jobs.COMPONENT: ("step-*",),
        jobs.COMPUTE: ("cluster-*",),
        jobs.SCHEDULE: ("schedule",),
        monitor.QUERY_RULE: ("failed",),
    },
    "Budget": {consumption.BUDGET: (_ITSELF,)},
    "Callers": {
        authorization.ROLE_DEFINITION: ("call",),
        authorization.ROLE_ASSIGNMENT: ("*-*",),
        ROLES_IN_FORCE: ("assignable",),
        PEERING: ("peering-*",),
        privatedns.LINK: ("link-*",),
    },
    "Encryption": {
        keyvault.VAULT: (_ITSELF,),
        keyvault.KEY: ("data",),
        IDENTITY: ("wraps",),
        authorization.ROLE_ASSIGNMENT: ("wraps-data",),
        ROLES_IN_FORCE: ("in-force",),
        DIAGNOSTIC_SETTING: ("vault-audit",),
        PRIVATE_ENDPOINT: ("vault",),
        ZONE_GROUP: ("vault-dns",),
    },
    "Endpoint": {
        ml.SERVED: (_ITSELF,),
        ml.ONLINE_DEPLOYMENT: ("v-*",),
        monitor.AUTOSCALE_SETTING: ("scale-v-*",),
        TRAFFIC: ("traffic",),
        DIAGNOSTIC_SETTING: ("audit",),
        monitor.METRIC_ALERT: ("p95-latency",),
        monitor.QUERY_RULE: ("errors", "idle"),
    },
    "Group": {
        resources.GROUP: (_ITSELF,),
        authorization.POLICY_ASSIGNMENT: ("approved-outbound", "idle-shutdown", "no-local-auth", "no-public-access"),
    },
    "Identity": {
        IDENTITY: (*PERSONAS, "workspace"),
        authorization.ROLE_DEFINITION: ("collect", "upload"),
        authorization.ROLE_ASSIGNMENT: tuple(f"{one}-*" for one in (*PERSONAS, "workspace")),
        ROLES_IN_FORCE: ("assignable", "in-force"),
    },
    "Network": {
        NETWORK: ("vnet",),
        SUBNET: ("private",),
        SECURITY_GROUP: ("rules",),
        privatedns.ZONE: ("*",),
        privatedns.LINK: ("*-link",),
    },
    "Outbound": {ml.OUTBOUND_RULE: ("queue", "table")},
    "People": {PEERING: ("peering-*",), privatedns.LINK: ("*-*",)},
    "Registry": {
        ml.DATASTORE: ("artifacts",),
        ml.ENVIRONMENTS: ("*",),
        ml.ENVIRONMENT: ("*-*",),
        ml.MODELS: ("*",),
        ml.MODEL: ("*-*",),
    },
    "Store": {
        storage.ACCOUNT: (_ITSELF,),
        storage.BLOB_SERVICE: ("blobs",),
        storage.FILE_SERVICE: ("files",),
        storage.CONTAINER: ("artifacts",),
        containerregistry.REGISTRY: ("images",),
        DIAGNOSTIC_SETTING: ("blobs-audit", "images-audit"),
        PRIVATE_ENDPOINT: ("blob", "file", "registry"),
        ZONE_GROUP: ("blob-dns", "file-dns", "registry-dns"),
    },
    "Workspace": {
        ml.WORKSPACE: (_ITSELF,),
        jobs.COMPUTE: ("*",),
        storage.MANAGEMENT_POLICY: ("clean-up",),
        DIAGNOSTIC_SETTING: ("audit",),
        PRIVATE_ENDPOINT: ("private",),
        ZONE_GROUP: ("private-dns",),
    },
}
"""What each component makes: the kinds and, of each, the names after the component's own."""


@whole_stack_rule(
    "unasked",
    severity="high",
    says="In a stack of this program, everything is what a section of its file calls for.",
    remedy="Take the resource out; or make it by a component, of a section that calls for it (CONTRIBUTING).",
)
def unasked(graph: Graph) -> Found:
    """By the component that a resource stands in. What is asked for is judged by the other rules.

    Nobody can tell where the reader of the graph was told of no parents at all.
    """
    if not graph.ours or not any(graph.component_of(resource) for resource in graph.cloud):
        return
    seen = Counter[str]()
    for component in graph.resources:
        if component.is_component and component.type.startswith(_OURS):
            seen[component.type] += 1
            if seen[component.type] > 1 and _noun(component) not in _MANY:
                yield component, "is a second component of its type, and a stack has one"
    made = dict[tuple[str, str], list[Resource]]()
    for resource in graph.cloud:
        above = graph.component_of(resource)
        if above is None or above.type.startswith("pulumi:"):
            yield resource, "stands in no component, so no section of the stack file calls for it"
        elif above.type.startswith(_OURS) and _noun(above) in _PARTS:
            made.setdefault((above.urn, resource.type), []).append(resource)
    for (urn, type_), each in made.items():
        yield from _too_many(graph.by_urn[urn], type_, each)


def _too_many(component: Resource, type_: str, made: list[Resource]) -> Found:
    """What a component does not make. A resource under another name is told where there are more than it makes."""
    parts = _PARTS[_noun(component)].get(type_, ())
    if not any("*" in part for part in parts) and len(made) > len(tuple(parts)):
        others = [one for one in made if not any(_fits(one, component, part) for part in parts)]
        for one in others or made[-1:]:
            yield one, f"is none of what {component.name} ({_noun(component)}) makes"


def _noun(component: Resource) -> str:
    return component.type.removeprefix(_OURS)


def _fits(resource: Resource, component: Resource, part: str) -> bool:
    """Whether a resource has the name that its component gives: its own with a part behind it.

    Where Azure takes no dashes, a name has none; where it takes fewer letters, a name ends in four digits that stand
    for the rest (`components/azure/names.py`).
    """
    whole = f"{component.name}-{part}" if part else component.name
    names = (whole, whole.replace("-", ""))
    folded = _FOLDED.fullmatch(resource.name)
    return any(fnmatchcase(resource.name, one) for one in names) or (
        folded is not None and any(one.startswith(folded["begins"]) for one in names)
    )


RULES = [unasked]
