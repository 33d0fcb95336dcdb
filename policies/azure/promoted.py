"""Versions that go from stack to stack: another subscription reads what the stack file gives it, and nothing else.

The publisher of the other stack has three roles: one that finds versions and what was decided on them in the workspace,
one that reads blobs below `registry/` of the container of artifacts, and AcrPull on the registry of images. The store
decrypts by itself, so it has none on the key: "Customer-managed keys for Azure Storage encryption",
https://learn.microsoft.com/en-us/azure/storage/common/customer-managed-keys-overview
"""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import containerregistry, storage
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.machinelearningservices import DATASTORE, WORKSPACE
from catalogue.once import once_a_graph
from catalogue.registered import FOLDER
from policies.rule import OPEN_TO_OTHERS, stack_rule

_ML = "Microsoft.MachineLearningServices/workspaces"
TAKES = (f"{_ML}/read", f"{_ML}/datastores/read", f"{_ML}/models/versions/read")
"""What finding a version takes: its workspace, the store of its files, and what the workspace says of it.

https://learn.microsoft.com/en-us/azure/role-based-access-control/permissions/ai-machine-learning
"""
_READ = "microsoft.storage/storageaccounts/blobservices/containers/blobs/read"
_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""AcrPull: https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles/containers"""
_ONLY = (
    f"((!(ActionMatches{{'{_READ}'}}))OR(@Resource[{_READ.removesuffix('/read')}:path]"
    f"StringStartsWith'{FOLDER}'))".lower()
)
"""The condition, without spaces and in small letters: "Azure role assignment condition format and syntax",
https://learn.microsoft.com/en-us/azure/role-based-access-control/conditions-format
"""


@once_a_graph
def publishers(graph: Graph) -> frozenset[str]:
    """The object ids of other stacks' publishers that the stack file gives versions to."""
    return frozenset(one.publisher.casefold() for one in (graph.placement.gives_to if graph.placement else ()))


def _to(item: Resource) -> str:
    return item.props.text_if_known("principalId").casefold() if item.props.is_given("principalId") else ""


def is_given(graph: Graph, item: Resource) -> bool:
    """Whether a role assignment gives versions, and no more, to a publisher that the stack file names."""
    return item.type == ROLE_ASSIGNMENT and _to(item) in publishers(graph) and _gives(graph, item) != ""


def _gives(graph: Graph, item: Resource) -> str:
    """The type of what an assignment lets a publisher read; "" for one that does more, or is on something else."""
    props = item.props
    if props.text_if_known("principalType") != "ServicePrincipal":
        return ""
    if props.text_if_known("roleDefinitionId").casefold().endswith(f"/{_PULL}"):
        return containerregistry.REGISTRY if graph.refers(item, "scope", containerregistry.REGISTRY) else ""
    roles = graph.refers(item, "roleDefinitionId", ROLE_DEFINITION)
    may = {one.casefold() for role in roles for one in role.props.each_text("permissions.actions")}
    data = {one.casefold() for role in roles for one in role.props.each_text("permissions.dataActions")}
    if may and not data and may <= {one.casefold() for one in TAKES}:
        return WORKSPACE if graph.refers(item, "scope", WORKSPACE) else ""
    said = "".join(props.text_if_known("condition").split()).lower() if props.is_given("condition") else ""
    if data == {_READ} and not may and said == _ONLY:
        return storage.CONTAINER if graph.refers(item, "scope", storage.CONTAINER) else ""
    return ""


@stack_rule(
    "registry-shared",
    ROLE_ASSIGNMENT,
    containerregistry.REGISTRY,
    storage.CONTAINER,
    WORKSPACE,
    severity="critical",
    says="The publisher of another stack that the stack file gives versions to may read them, what was decided on them "
    "and their images, and do nothing else.",
    remedy="Keep the roles that the access component gives to other stacks as they are, and name who gets versions "
    "under registry in the stack file.",
    never_waived=OPEN_TO_OTHERS,
)
def shared(graph: Graph, resource: Resource) -> Iterator[str]:
    """What is given otherwise to somebody of another subscription is found by identity-trust, whatever it is."""
    if not publishers(graph):
        return
    if resource.type == ROLE_ASSIGNMENT:
        if _to(resource) in publishers(graph) and not _gives(graph, resource):
            yield f"lets {_to(resource)} do more than versions take"
        return
    if resource.type == storage.CONTAINER and not _has_versions(graph, resource):
        return
    given = [one for one in graph.of(ROLE_ASSIGNMENT) if _to(one) and _gives(graph, one) == resource.type]
    reading = {_to(one) for one in given if resource in graph.refers(one, "scope", resource.type)}
    for who in sorted(publishers(graph) - reading):
        yield f"does not let {who} read, without which no version can be copied"


def _has_versions(graph: Graph, container: Resource) -> bool:
    """Whether a container is that of a datastore, in which versions lie."""
    name = container.props.text_if_known("containerName")
    return any(one.props.text_if_known("properties.containerName") == name for one in graph.of(DATASTORE))


RULES = [shared]
