"""Who acts: one managed identity for each persona and one for the workspace, each with its roles.

What it may do is in components/azure/personas.py. The workspace's own resources come first (`Identity`), for Azure ML
tries its identity while it makes the workspace; what needs the workspace to stand comes after it (`Access`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, managedidentity

from components.azure.names import guid
from components.azure.personas import BUILT_IN, DATA_ROLES, GRANTS, PERSONAS, ROLES


def grant(
    name: str,
    subscription: str,
    principal_id: pulumi.Input[str],
    role: pulumi.Input[str],
    scope: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    principal_type: str = "ServicePrincipal",
    condition: str | None = None,
) -> authorization.RoleAssignment:
    """Assign a role, one of BUILT_IN by its name or one of ours by its id, to a principal on a scope.

    The name is a GUID made of `name`, the same in every run. An assignment cannot change its principal or role, so it
    is deleted before it is replaced. `principal_type` spares Azure the look-up that a new identity fails for minutes.
    """
    built_in = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/"
    return authorization.RoleAssignment(
        name,
        role_assignment_name=guid(subscription, name),
        principal_id=principal_id,
        principal_type=principal_type,
        role_definition_id=pulumi.Output.from_input(role).apply(lambda r: r if "/" in r else built_in + BUILT_IN[r]),
        scope=scope,
        condition=condition,
        condition_version=None if condition is None else "2.0",
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
    )


def own_role(
    name: str,
    role: str,
    subscription: str,
    group_id: pulumi.Input[str],
    permission: authorization.PermissionArgsDict,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Create a role of our own that can be given in the resource group only, and return its id."""
    return authorization.RoleDefinition(
        f"{name}-{role}",
        role_definition_id=guid(subscription, name, role),
        role_name=f"{name} {role} ({subscription[:8]})",  # unique in the whole directory
        role_type="CustomRole",
        description=f"{role}, in the resource group of {name}",
        permissions=[permission],
        assignable_scopes=[group_id],
        scope=group_id,
        opts=opts,
    ).id


@dataclass
class IdentityArgs:
    """`places` are the ids of storage, artifacts (its container), registry, vault, insights and group."""

    subscription: str
    group_name: pulumi.Input[str]
    region: str
    places: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]


class Identity(pulumi.ComponentResource):
    """Creates a user-assigned identity for each of six personas and for the workspace, and their roles on resources.

    Nobody gets a role on the subscription; a role on the resource group is given once, to the workspace, for private
    connections. Rules: Azure ML, "Set up authentication between Azure ML and other services"; Azure RBAC, "Best
    practices".
    """

    identity_ids: dict[str, pulumi.Output[str]]
    client_ids: dict[str, pulumi.Output[str]]
    principal_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.identity_ids, self.client_ids, self.principal_ids = {}, {}, {}
        own = {
            role: own_role(name, role, args.subscription, args.places["group"], {"data_actions": actions}, child)
            for role, actions in DATA_ROLES.items()
        }
        for persona, grants in GRANTS.items():
            identity = managedidentity.UserAssignedIdentity(
                f"{name}-{persona}",
                resource_group_name=args.group_name,
                location=args.region,
                tags=args.tags,
                opts=child,
            )
            granted = [
                grant(
                    f"{name}-{persona}-{role}-{place}",
                    args.subscription,
                    identity.principal_id,
                    own.get(role, role),
                    args.places[place],
                    child,
                    condition=condition,
                )
                for role, place, condition in grants
            ]
            # Whoever uses the identity waits for what it may do.
            self.identity_ids[persona] = pulumi.Output.all(identity.id, *(g.id for g in granted)).apply(lambda a: a[0])
            self.client_ids[persona] = identity.client_id
            self.principal_ids[persona] = identity.principal_id
        self.register_outputs({"identity_ids": self.identity_ids})


@dataclass
class AccessArgs:
    """`people` are the Entra object ids of those who work in the workspace, by name."""

    subscription: str
    group_id: pulumi.Input[str]
    workspace_id: pulumi.Input[str]
    storage_id: pulumi.Input[str]
    identity: Identity
    people: Mapping[str, str]


class Access(pulumi.ComponentResource):
    """Creates the roles of our own and gives them on the workspace; people get the data scientist's roles.

    Workloads take their identity from here, so that they start only when its roles on the workspace stand.
    """

    identity_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Access", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        principals = args.identity.principal_ids
        roles: dict[str, pulumi.Input[str]] = {
            persona: own_role(name, persona, args.subscription, args.group_id, {"actions": actions}, self._child)
            for persona, actions in ROLES.items()
        }
        given = {**roles, "serving": "metrics-writer"}
        granted = {p: self._on_workspace(name, p, principals[p], role, args) for p, role in given.items()}
        self.identity_ids = {
            persona: pulumi.Output.all(
                args.identity.identity_ids[persona], *([granted[persona].id] if persona in granted else [])
            ).apply(lambda a: a[0])
            for persona in PERSONAS
        }
        for person, object_id in args.people.items():
            self._on_workspace(name, f"person-{person}", object_id, roles["data-scientist"], args, "User")
            for role, place, _ in GRANTS["data-scientist"]:
                if place == "storage":
                    grant(
                        f"{name}-person-{person}-{role}-{place}",
                        args.subscription,
                        object_id,
                        role,
                        args.storage_id,
                        self._child,
                        "User",
                    )
        self.register_outputs({"identity_ids": self.identity_ids})

    def _on_workspace(
        self,
        name: str,
        who: str,
        principal_id: pulumi.Input[str],
        role: pulumi.Input[str],
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
