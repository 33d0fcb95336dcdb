"""Who acts: one managed identity for each persona and one for the workspace, each with its roles.

What it may do is in components/azure/personas.py. `Identity` comes before the workspace, for Azure ML tries the
workspace's identity while it makes the workspace. `Access` comes after it, for its roles stand on the workspace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import authorization, managedidentity
from pulumi_azure_native import machinelearningservices as ml

from catalogue.registered import APPROVALS
from catalogue.registered import VERSIONS as REGISTERED
from components.azure.ids import Ids, one_of
from components.azure.names import guid
from components.azure.personas import (
    BUILT_IN,
    COLLECT,
    DATA_ROLES,
    GRANTS,
    PERSONAS,
    READS_VERSIONS,
    TAKES,
    VERSIONS,
    VERSIONS_ONLY,
    roles_on_workspace,
)
from components.given import Args, Tags, Text
from provider.azure.roles import RolesInForce

IN_FORCE_MINUTES = 10
"""How long Azure may take to know a role everywhere: "Role assignment changes are not being detected", at
https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshooting
"""

WRITER = "versions-writer"
"""The role of our own that writes versions of one model."""
FINDER, READER = "versions-finder", "versions-reader"
"""The roles of our own by which a publisher finds versions and what was decided on them, and reads their files."""
ASSIGNABLE_MINUTES = 5
"""How long Azure may take to know a role of one's own wherever it is assigned:
https://github.com/hashicorp/terraform-provider-azurerm/issues/5038
"""


def grant(
    name: str,
    subscription: Text,
    principal_id: Text,
    role: Text,
    scope: Text,
    opts: pulumi.ResourceOptions,
    principal_type: str = "ServicePrincipal",
    condition: str | None = None,
) -> authorization.RoleAssignment:
    """Assign a role, one of BUILT_IN by its name or one of ours by its id, to a principal on a scope.

    The name is a GUID made of `name`, the same in every run. An assignment cannot change its principal or role, so it
    is deleted before it is replaced. `principal_type` spares Azure the look-up that a new identity fails for minutes.
    """

    def role_id(known: list[str]) -> str:
        built_in = f"/subscriptions/{known[0]}/providers/Microsoft.Authorization/roleDefinitions/"
        return known[1] if "/" in known[1] else built_in + BUILT_IN[known[1]]

    return authorization.RoleAssignment(
        name,
        role_assignment_name=pulumi.Output.from_input(subscription).apply(lambda known: guid(known, name)),
        principal_id=principal_id,
        principal_type=principal_type,
        role_definition_id=pulumi.Output.all(subscription, role).apply(role_id),
        scope=scope,
        condition=condition,
        condition_version=None if condition is None else "2.0",
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
    )


def own_role(
    name: str,
    role: str,
    subscription: Text,
    group_id: Text,
    permission: authorization.PermissionArgsDict,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Create a role of our own that can be given in the resource group only, and return its id."""
    known = pulumi.Output.from_input(subscription)
    return authorization.RoleDefinition(
        f"{name}-{role}",
        role_definition_id=known.apply(lambda id_: guid(id_, name, role)),
        role_name=known.apply(lambda id_: f"{name} {role} ({id_[:8]})"),  # unique in the whole directory
        role_type="CustomRole",
        description=f"{role}, in the resource group of {name}",
        permissions=[permission],
        assignable_scopes=[group_id],
        scope=group_id,
        opts=opts,
    ).id


def assignable(
    name: str, roles: Mapping[str, pulumi.Output[str]], opts: pulumi.ResourceOptions
) -> Mapping[str, pulumi.Output[str]]:
    """The ids of roles of our own by name, each known only when the role can be assigned.

    A server of Azure's that has not read the definition yet refuses the assignment (RoleDefinitionDoesNotExist).
    azure-native tries neither that nor any other 400 or 404 again:
    https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/azure/client_azcore.go
    """
    known = RolesInForce(f"{name}-assignable", assignments=[*roles.values()], minutes=ASSIGNABLE_MINUTES, opts=opts)
    return {role: pulumi.Output.all(id_, known.id).apply(lambda both: both[0]) for role, id_ in roles.items()}


@dataclass(kw_only=True)
class IdentityArgs(Args):
    """Where the identities stand, and the ids of that on which they get roles."""

    subscription: Text
    """The id of the subscription, whose role definitions are given."""
    group_name: Text
    """The name of the resource group in which the identities are created."""
    region: Text
    """The Azure region of the identities, such as eastus2."""
    storage_id: Text
    """The id of the storage account."""
    container_id: Text
    """The id of the blob container of the artifacts."""
    storage_endpoint_ids: Ids
    """The ids of the storage account's private endpoints by their groups. `blob` and `file` must be among them."""
    registry_id: Text
    """The id of the container registry."""
    vault_id: Text
    """The id of the key vault that the ML workspace keeps its secrets in."""
    insights_id: Text
    """The id of Application Insights."""
    group_id: Text
    """The id of the resource group that holds the resources above and will hold the ML workspace."""
    captures: bool = False
    """Whether an endpoint captures, for which `serving` writes to the workspace's storage. It must be known."""
    tags: Tags
    """The tags of the identities."""


class Identity(pulumi.ComponentResource):
    """Creates an identity for each persona and one for the ML workspace, and their roles on single resources.

    The personas are data-scientist, training, pipeline, serving, batch, approver, caller and publisher; `workspace` is
    the ninth name in each output. A pipeline of the company takes the identity of caller or publisher by a federated
    credential, and a person is given the same roles by hand. Who deploys the stack is no persona of it: whoever makes
    the identities cannot be one.

    All roles are waited for together, until they are in force: Azure ML tries them while it makes the workspace. The
    wait is the work of the resource RolesInForce, whose provider `mlplatform` your project names under `plugins`.
    Nobody gets a role on the subscription. One role stands on the resource group: the workspace's, which approves
    private connections. The roles that need the workspace to stand are Access's to give.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-identity-based-service-authentication and
    https://learn.microsoft.com/en-us/azure/role-based-access-control/best-practices
    """

    identity_ids: dict[str, pulumi.Output[str]]
    """The ids of the identities by persona. Each is known only when the roles are in force."""
    client_ids: dict[str, pulumi.Output[str]]
    """The client ids of the identities by persona, by which a job names the identity that it runs as."""
    principal_ids: dict[str, pulumi.Output[str]]
    """The object ids of the identities in Entra ID by persona, to which roles are given."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.identity_ids, self.client_ids, self.principal_ids = {}, {}, {}
        places = {
            "storage": args.storage_id,
            "artifacts": args.container_id,
            "blob-endpoint": one_of(args.storage_endpoint_ids, "blob", "IdentityArgs.storage_endpoint_ids"),
            "file-endpoint": one_of(args.storage_endpoint_ids, "file", "IdentityArgs.storage_endpoint_ids"),
            "registry": args.registry_id,
            "vault": args.vault_id,
            "insights": args.insights_id,
            "group": args.group_id,
        }
        made_roles = {
            role: own_role(name, role, args.subscription, args.group_id, {"data_actions": actions}, child)
            for role, actions in DATA_ROLES.items()
            if args.captures or role != COLLECT
        }
        own = assignable(name, made_roles, child)
        made, assigned = dict[str, managedidentity.UserAssignedIdentity](), list[pulumi.Input[str]]()
        for persona, grants in GRANTS.items():
            made[persona] = identity = managedidentity.UserAssignedIdentity(
                f"{name}-{persona}",
                resource_group_name=args.group_name,
                location=args.region,
                tags=args.tags,
                opts=child,
            )
            assigned += [
                grant(
                    f"{name}-{persona}-{role}-{place}",
                    args.subscription,
                    identity.principal_id,
                    own.get(role, role),
                    places[place],
                    child,
                    condition=condition,
                ).id
                for role, place, condition in grants
                if args.captures or role != COLLECT
            ]
        in_force = RolesInForce(f"{name}-in-force", assignments=assigned, minutes=IN_FORCE_MINUTES, opts=child)
        for persona, identity in made.items():
            # Whoever uses the identity waits until it may do what it may do.
            self.identity_ids[persona] = pulumi.Output.all(identity.id, in_force.id).apply(lambda a: a[0])
            self.client_ids[persona] = identity.client_id
            self.principal_ids[persona] = identity.principal_id
        self.register_outputs(
            {
                "identity_ids": self.identity_ids,
                "client_ids": self.client_ids,
                "principal_ids": self.principal_ids,
            }
        )


@dataclass(kw_only=True)
class GateArgs(Args):
    """The models of which registered versions are served, and the workspace that they are registered in."""

    group_name: Text
    """The name of the resource group that the workspace is in."""
    workspace_name: Text
    """The name of the ML workspace."""
    models: Sequence[str]
    """The names of the models in the registry. The program must know them: each makes two models of the workspace."""
    container_id: Text = ""
    """The id of the blob container of the artifacts, which `readers` read from. It is given where these are."""
    registry_id: Text = ""
    """The id of the container registry, which `readers` pull from. It is given where these are."""
    readers: Sequence[str] = ()
    """The object ids in Entra ID of other stacks' publishers, which read versions, what was decided on them, and
    images, and write nothing. They must stand, and be known."""
    tags: Tags
    """The tags of the models."""


@dataclass(kw_only=True)
class AccessArgs(Args):
    """The workspace, the identities of the personas, and the people who work there."""

    subscription: Text
    """The id of the subscription, whose role definitions are given."""
    group_id: Text
    """The id of the resource group, in which alone the roles can be given."""
    workspace_id: Text
    """The id of the ML workspace on which the roles are given."""
    storage_id: Text
    """The id of the storage account in which people have their data."""
    identity_ids: Ids
    """The ids of the personas' identities by persona, as Identity has them."""
    principal_ids: Ids
    """The object ids of the same identities in Entra ID by persona, and `workspace`'s, as Identity has them."""
    people: Mapping[str, Text] = field(default_factory=dict[str, Text])
    """The object ids in Entra ID of those who work in the workspace, by name.

    The program must know the names: each makes role assignments of its own.
    """
    gate: GateArgs | None = None
    """The models of which registered versions are served; none where this is left out. It must be known."""


class Access(pulumi.ComponentResource):
    """Creates roles of its own for data-scientist, pipeline, approver and caller, given on the ML workspace.

    The workspace's own identity becomes Contributor on the workspace, as Azure ML asks where it is not born with the
    workspace. The serving identity may write metrics. People get the data scientist's roles, on the workspace and on
    the storage account. Nobody may delete endpoints, change machines or change the workspace.

    Where registered versions are served, no role on the workspace writes models. Data scientists and the publisher
    register versions of a model of the workspace, and the approver alone writes versions of another, which are the
    approvals. Publishers of other stacks read both, the files below `registry/` and the images, and write nothing.

    A workload takes its identity from this component's outputs, so that it starts only when the identity's roles on the
    workspace stand. The component refuses identities of which a persona or `workspace` is missing.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-assign-roles and
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-identity-based-service-authentication
    """

    identity_ids: dict[str, pulumi.Output[str]]
    """The ids of the identities by persona. Each is known only when the identity has its role on the workspace."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Access", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        made = {
            persona: own_role(name, persona, args.subscription, args.group_id, {"actions": actions}, self._child)
            for persona, actions in roles_on_workspace(args.gate is not None).items()
        }
        shared: dict[str, tuple[bool, authorization.PermissionArgsDict]] = {
            WRITER: (args.gate is not None, {"actions": VERSIONS}),
            FINDER: (args.gate is not None, {"actions": TAKES}),
            READER: (args.gate is not None and bool(args.gate.readers), {"data_actions": READS_VERSIONS}),
        }
        for role, (needed, may) in shared.items():
            if needed:
                made[role] = own_role(name, role, args.subscription, args.group_id, may, self._child)
        roles: dict[str, Text] = {**assignable(name, made, self._child)}
        apart = {role: roles.pop(role) for role in shared if role in roles}
        if args.gate is not None:
            self._gates(name, args.gate, apart[WRITER], args)
            self._shares(name, args.gate, apart, args)
        given = {**roles, "serving": "metrics-writer", "workspace": "contributor"}
        granted = {
            persona: self._on_workspace(
                name, persona, one_of(args.principal_ids, persona, "AccessArgs.principal_ids"), role, args
            )
            for persona, role in given.items()
        }
        self.identity_ids = {
            persona: pulumi.Output.all(
                one_of(args.identity_ids, persona, "AccessArgs.identity_ids"),
                *([granted[persona].id] if persona in granted else []),
            ).apply(lambda a: a[0])
            for persona in PERSONAS
        }
        for person, object_id in args.people.items():
            self._on_workspace(name, f"person-{person}", object_id, roles["data-scientist"], args, "User")
            for role, place, condition in GRANTS["data-scientist"]:
                if place == "storage":
                    grant(
                        f"{name}-person-{person}-{role}-{place}",
                        args.subscription,
                        object_id,
                        role,
                        args.storage_id,
                        self._child,
                        "User",
                        condition,
                    )
        self.register_outputs({"identity_ids": self.identity_ids})

    def _gates(self, name: str, gate: GateArgs, writes: Text, args: AccessArgs) -> None:
        """The models of the registry and of its approvals, and who may write versions of each."""
        scientist = one_of(args.principal_ids, "data-scientist", "AccessArgs.principal_ids")
        registering = [("data-scientist", scientist, "ServicePrincipal")]
        registering += [(f"person-{who}", id_, "User") for who, id_ in args.people.items()]
        publisher = one_of(args.principal_ids, "publisher", "AccessArgs.principal_ids")
        registering.append(("publisher", publisher, "ServicePrincipal"))
        approver = one_of(args.principal_ids, "approver", "AccessArgs.principal_ids")
        for model in gate.models:
            for end, says, writers in (
                (REGISTERED, f"Registered versions of {model}", registering),
                (APPROVALS, f"Approvals of versions of {model}", [("approver", approver, "ServicePrincipal")]),
            ):
                container = ml.ModelContainer(
                    f"{name}-{model}{end}",
                    name=f"{model}{end}",
                    workspace_name=gate.workspace_name,
                    resource_group_name=gate.group_name,
                    properties=ml.ModelContainerPropertiesArgs(description=says, tags=gate.tags),
                    opts=pulumi.ResourceOptions(parent=self, protect=True),
                )
                for who, principal, type_ in writers:
                    named = f"{name}-{model}{end}-{who}"
                    grant(named, args.subscription, principal, writes, container.id, self._child, type_)

    def _shares(self, name: str, gate: GateArgs, roles: Mapping[str, Text], args: AccessArgs) -> None:
        """What publishers of other stacks read here, and what this one's looks up before it registers a version."""
        for reader in gate.readers:
            for what, scope, condition in (
                (FINDER, args.workspace_id, None),
                (READER, gate.container_id, VERSIONS_ONLY),
                ("image-pull", gate.registry_id, None),
            ):
                grant(
                    f"{name}-given-{reader}-{what}",
                    args.subscription,
                    reader,
                    roles.get(what, what),
                    scope,
                    self._child,
                    condition=condition,
                )
        publisher = one_of(args.principal_ids, "publisher", "AccessArgs.principal_ids")
        grant(
            f"{name}-publisher-{FINDER}",
            args.subscription,
            publisher,
            roles[FINDER],
            args.workspace_id,
            self._child,
        )

    def _on_workspace(
        self,
        name: str,
        who: str,
        principal_id: Text,
        role: Text,
        args: AccessArgs,
        principal_type: str = "ServicePrincipal",
    ) -> authorization.RoleAssignment:
        return grant(
            f"{name}-{who}-workspace",
            args.subscription,
            principal_id,
            role,
            args.workspace_id,
            self._child,
            principal_type,
        )
