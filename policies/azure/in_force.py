"""In force: what uses a role, or runs as whoever has it, waits until the role is known everywhere."""

from collections import Counter
from collections.abc import Iterator

from catalogue.arm import same
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY, authorization, containerregistry, storage
from catalogue.kinds.azure.machinelearningservices import MODELS, SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT, COMPUTE
from catalogue.kinds.azure.mlplatform import ROLES_IN_FORCE
from catalogue.once import once_a_graph
from policies.azure.reading import not_before
from policies.ripening import long_enough
from policies.rule import stack_rule


@stack_rule(
    "identity-roles-in-force",
    WORKSPACE,
    storage.ACCOUNT,
    containerregistry.REGISTRY,
    authorization.ROLE_ASSIGNMENT,
    SERVED,
    BATCH_ENDPOINT,
    COMPUTE,
    severity="high",
    says="A resource that uses a role while it is made, or runs as whoever has it, waits until the role is in force, "
    "not only until it is given.",
    remedy="Take the identity from the encryption or identity component, or wait with our provider's RolesInForce.",
)
def roles_in_force(graph: Graph, resource: Resource) -> Iterator[str]:
    """A role may take ten minutes ("Troubleshoot Azure RBAC", role assignment changes are not being detected). Storage
    with a key of one's own fails before (KeyVaultAuthenticationFailure: issue 16601 of Azure/bicep, 16893 of
    pulumi/pulumi), and so does a workspace; a cluster pulls an image as itself, and a deployment its image and model as
    its endpoint ("Startup task failed due to authorization error":
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-troubleshoot-online-endpoints). A role on the
    workspace itself cannot come first. An assignment of a role of one's own fails where a server of Azure's has not
    read the role yet (RoleDefinitionDoesNotExist). Another program may try again, or deploy later; where
    it has none of our provider's resources, `identity-before-use` and `encryption-key-granted` say what is too early.
    """
    if resource.type == authorization.ROLE_ASSIGNMENT:
        if graph.ours and _given_twice(graph)[_given(resource)] > 1:
            yield "gives what another assignment gives, which Azure refuses (RoleAssignmentExists)"
        for role in graph.refers(resource, "roleDefinitionId", authorization.ROLE_DEFINITION) if graph.ours else ():
            if not _waits_for(graph, resource, role):
                yield f"gives the role {role.name}, and does not wait until Azure knows it everywhere"
        return
    if not graph.ours and (resource.type in (SERVED, BATCH_ENDPOINT, COMPUTE) or not graph.of(ROLES_IN_FORCE)):
        return
    identities = {i.urn: i for key in ("identity", "encryption") for i in graph.refers(resource, key, IDENTITY)}
    for identity in identities.values():
        for role in graph.referring(authorization.ROLE_ASSIGNMENT, "principalId", identity):
            if not graph.refers(role, "scope", WORKSPACE, MODELS) and not _waits_for(graph, resource, role):
                yield f"does not wait until {role.name} is in force"


def _given(item: Resource) -> tuple[str, ...] | None:
    """Who gets which role where; None where that is not known."""
    said = [item.props.text_if_known(key) for key in ("principalId", "roleDefinitionId", "scope")]
    return (*(one.casefold() for one in said), item.props.text_or_empty("condition")) if all(said) else None


@once_a_graph
def _given_twice(graph: Graph) -> Counter[tuple[str, ...] | None]:
    return Counter(given for item in graph.of(authorization.ROLE_ASSIGNMENT) if (given := _given(item)))


def _waits_for(graph: Graph, resource: Resource, role: Resource) -> bool:
    """Whether a resource waits for our provider's RolesInForce on a role or an assignment, which waits long enough.

    Where every id that it waits for is known, the one of the role is among them.
    """
    id_ = role.outputs.get("id")
    waits = [
        one
        for one in graph.referring(ROLES_IN_FORCE, "assignments", role)
        if long_enough(one, role) and _among(id_, list(one.props.each_text_if_known("assignments")))
    ]
    return len(not_before(graph, resource, waits)) < len(waits)


def _among(id_: object, known: list[str]) -> bool:
    return not isinstance(id_, str) or not all(known) or not known or any(same(id_, one) for one in known)


RULES = [roles_in_force]
