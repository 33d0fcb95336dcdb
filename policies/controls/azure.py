"""The preventive controls of Azure: assignments of built-in definitions of Azure Policy, and our own where none fits.

The built-in definitions are those of https://github.com/Azure/azure-policy, each with the effect Deny. What there is no
built-in for is a definition of ours in the same language, whose fields are aliases that Azure Policy has:
https://learn.microsoft.com/en-us/azure/governance/policy/concepts/definition-structure-basics

An assignment binds whoever calls Azure Resource Manager, owners too. It looks at what is created or changed from then
on; what stands is shown as not compliant. The stack's own resource group has four of these by itself
(components/azure/group.py), which whoever owns the group can take off. These stand on the subscription, above it: its
owners can take them off, and nobody below.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalogue.hardware.catalogue import load
from policies.controls import Control, Document, World

ASSIGNED, DEFINED = "policy-assignments", "policy-definitions"

_BUILT_IN = "https://github.com/Azure/azure-policy/tree/master/built-in-policies/policyDefinitions"
_ML = f"{_BUILT_IN}/Machine%20Learning"
_LANGUAGE = "https://learn.microsoft.com/en-us/azure/governance/policy/concepts/definition-structure-policy-rule"
_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
_PEERING = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
_GRANT = "Microsoft.Authorization/roleAssignments"
_GROUP = "Microsoft.Network/networkSecurityGroups"
_BEFORE = "By what stood before, which is shown and not refused."

_WAYS_OUT = (
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/bastionHosts",
    "Microsoft.Network/expressRouteCircuits",
    "Microsoft.Network/expressRouteGateways",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/publicIPPrefixes",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworkGateways",
    "Microsoft.Network/vpnGateways",
)
_UNASKED = (
    "Microsoft.Authorization/policyExemptions",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.Compute/virtualMachines",
)
_WIDE_ROLES: Mapping[str, str] = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
}
"""https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles. Contributor is none of them: the
identity of a workspace needs it on the workspace's own resources, or Azure ML works in part only."""


def _assigned(name: str, definition: str, effect: str | None = "Deny", **parameters: Any) -> Document:
    """An assignment of a built-in definition. One that has no parameter `effect` denies by itself."""
    given = {**({"effect": effect} if effect else {}), **parameters}
    return {
        "name": f"ml-{name}",
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
        "enforcementMode": "Default",
        "parameters": {key: {"value": value} for key, value in given.items()},
    }


def _defined(name: str, says: str, *conditions: Document) -> Document:
    """A definition of ours, to be assigned as it is. It denies what meets every condition."""
    rule = {"if": {"allOf": list(conditions)}, "then": {"effect": "deny"}}
    return {"name": f"ml-{name}", "displayName": says, "policyType": "Custom", "mode": "All", "policyRule": rule}


def _is(type_: str) -> Document:
    return {"field": "type", "equals": type_}


def _always(*parts: Document) -> Callable[[World], Sequence[Document]]:
    return lambda world: parts


def _machines(world: World) -> Sequence[Document]:
    """Azure Policy knows one `*` in a pattern, so the machine types of the catalogue are written out."""
    limit = world.limits["machine-types"]
    if not world.machine_types:
        return []
    allowed = sorted(type_ for type_ in load("azure").machine_types if limit.allows(type_))
    computes = f"{_WORKSPACES}/computes"
    deployments = f"{_WORKSPACES}/onlineEndpoints/deployments"
    return [
        _defined(
            "compute-machines",
            "Computes are of machine types of the limits",
            _is(computes),
            {"field": f"{computes}/computeType", "in": ["AmlCompute", "ComputeInstance"]},
            {"field": f"{computes}/vmSize", "notIn": allowed},
        ),
        _defined(
            "served-machines",
            "Models are served on machine types of the limits",
            _is(deployments),
            {"field": f"{deployments}/instanceType", "notIn": allowed},
        ),
    ]


def _replicas(world: World) -> Sequence[Document]:
    deployments = f"{_WORKSPACES}/onlineEndpoints/deployments"
    most = int(world.limits["replicas-per-endpoint"].number)
    return [
        _defined(
            "replicas",
            "A deployment has as many replicas as the limits say",
            _is(deployments),
            {"field": f"{deployments}/sku.capacity", "greater": most},
        )
    ]


def _regions(world: World) -> Sequence[Document]:
    if not world.regions:
        return []
    return [_assigned("regions", "e56962a6-4747-49cd-b67b-bf8b01975c4c", listOfAllowedLocations=list(world.regions))]


def _peerings(world: World) -> Sequence[Document]:
    """With networks of callers and of people by name, as the stack file has them."""
    if world.place is None:
        return []
    named = [one.network for one in (*world.place.callers, *world.place.people) if one.cidr]
    other = {"field": f"{_PEERING}/remoteVirtualNetwork.id", "notIn": sorted(named)}
    return [_defined("peerings", "A network is peered with callers and people by name", _is(_PEERING), other)]


def _tags(world: World) -> Sequence[Document]:
    definition = "871b6d14-10aa-478d-b590-94f262ecfa99"
    return [_assigned(f"tag-{tag}", definition, effect=None, tagName=tag) for tag in world.tags]


def _open_rules() -> Sequence[Document]:
    """A rule within a group, and one that is a resource of its own. What is not the private network is open."""
    rules = f"{_GROUP}/securityRules"

    def opened(at: str) -> Document:
        inward = [{"field": f"{at}direction", "equals": "Inbound"}, _not_private(f"{at}sourceAddressPrefix")]
        outward = [{"field": f"{at}direction", "equals": "Outbound"}, _not_private(f"{at}destinationAddressPrefix")]
        either = {"anyOf": [{"allOf": inward}, {"allOf": outward}]}
        return {"allOf": [{"field": f"{at}access", "equals": "Allow"}, either]}

    within = {"count": {"field": f"{rules}[*]", "where": opened(f"{rules}[*].")}, "greater": 0}
    return [
        _defined("open-groups", "A security group allows the private network alone", _is(_GROUP), within),
        _defined("open-rules", "A security rule allows the private network alone", _is(rules), opened(f"{rules}/")),
    ]


def _not_private(field: str) -> Document:
    return {"field": field, "notEquals": "VirtualNetwork"}


CONTROLS: Sequence[Control] = (
    Control(
        "regions",
        ASSIGNED,
        "Data or machines stand in a region where the company may not keep them.",
        "Nothing that has a location is made in another region.",
        ("limits-region",),
        "By resources whose location is `global`. " + _BEFORE,
        f"{_BUILT_IN}/General",
        _regions,
        approves="regions",
    ),
    Control(
        "machine-types",
        DEFINED,
        "Somebody starts machines of eight large GPUs, and the bill comes at the end of the month.",
        "No compute and no deployment is made on a machine type that the limits do not allow.",
        ("limits-machine-types",),
        "By serverless jobs, which no resource of ARM stands for. " + _BEFORE,
        _LANGUAGE,
        _machines,
        approves="machine-types",
    ),
    Control(
        "replicas",
        DEFINED,
        "Somebody serves a model with fifty replicas.",
        "No deployment is made with more replicas than the limits allow.",
        ("limits-replicas",),
        "By a second deployment of the endpoint; by an autoscale setting, whose maximum no field here reads.",
        _LANGUAGE,
        _replicas,
        approves="replicas-per-endpoint",
    ),
    Control(
        "no-public-network",
        ASSIGNED,
        "Workspace, storage, vault or registry answers on the internet.",
        "None of them is made, or changed to, with public network access.",
        ("network-public-access",),
        "By an online endpoint, whose own switch no known alias reads: the workspace's holds for the rest. " + _BEFORE,
        f"{_BUILT_IN}/Network",
        _always(
            _assigned("private-workspace", "438c38d2-3772-465a-a9cc-7a6666a275ce"),
            _assigned("private-storage", "b2982f36-99f2-4db5-8eff-283140c09693"),
            _assigned("private-vault", "405c5871-3e91-4644-8a63-58e19d68ff5b"),
            _assigned("private-registry", "0fdf0491-d080-4575-b627-ad0e843cba0f"),
        ),
    ),
    Control(
        "approved-outbound",
        ASSIGNED,
        "Computes reach the internet and carry data out.",
        "No workspace is made whose managed network lets out more than what is approved.",
        ("network-workspace-vpc-only",),
        "By an approved rule that leads to a stranger, which no definition reads. " + _BEFORE,
        _ML,
        _always(
            _assigned(
                "approved-outbound",
                "6ddb1705-c8cf-450e-aa4b-19ad6703c440",
                isolationMode="AllowOnlyApprovedOutbound",
            )
        ),
    ),
    Control(
        "no-local-auth",
        ASSIGNED,
        "Somebody signs in with a key or a password that everybody knows and nobody can tell apart.",
        "No account key, admin user or anonymous pull is switched on, and no compute with local accounts is made.",
        ("identity-local-auth",),
        "By an online endpoint with keys, whose setting no known alias reads. " + _BEFORE,
        _ML,
        _always(
            _assigned("compute-sign-in", "e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f"),
            _assigned("no-account-keys", "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54"),
            _assigned("no-admin-user", "dc921057-6b28-4fbe-9b83-f7bec05db6c2"),
            _assigned("no-anonymous-pull", "9f2dea28-e834-476c-99c5-3507b4728395"),
        ),
    ),
    Control(
        "workspace-identity",
        ASSIGNED,
        "A workspace acts as an identity whose roles nobody declared.",
        "No workspace is made without an identity of ours.",
        ("identity-user-assigned",),
        "By roles that the identity is given later. " + _BEFORE,
        _ML,
        _always(_assigned("workspace-identity", "5f0c7d88-c7de-45b8-ac49-db49e72eaa78")),
    ),
    Control(
        "idle-shutdown",
        ASSIGNED,
        "A compute instance runs for weeks, and nobody uses it.",
        "No compute instance is made that does not stop by itself.",
        ("limits-idle-shutdown",),
        "By a very long time without use: the definition asks for one, and not for how long. " + _BEFORE,
        _ML,
        _always(_assigned("idle-shutdown", "679ddf89-ab8f-48a5-9029-e76054077449")),
        approves="idle-timeout-minutes",
    ),
    Control(
        "ways-out",
        ASSIGNED,
        "A gateway, a public address, a route or a machine of one's own leads out of the private network.",
        "None of these types is made, and no exemption of a policy.",
        ("network-no-internet-gateway", "network-no-internet-route", "kind-known"),
        "By a type that is not in the list. " + _BEFORE,
        f"{_BUILT_IN}/General",
        _always(
            _assigned(
                "ways-out",
                "6c112d4e-5bc7-47ae-a041-ea2d9dccd749",
                listOfResourceTypesNotAllowed=[*_WAYS_OUT, *_UNASKED],
            )
        ),
    ),
    Control(
        "peerings",
        DEFINED,
        "A peering joins the private network to one of a stranger.",
        "A network is peered with those of callers and people that the stack file names.",
        ("network-no-internet-gateway",),
        "By a named network that is joined to others itself; by a peering that is written into the network itself, and "
        "is no resource of its own. " + _BEFORE,
        _LANGUAGE,
        _peerings,
    ),
    Control(
        "private-subnets",
        ASSIGNED,
        "Machines of a subnet reach the internet by Azure's default.",
        "No subnet is made with default outbound access.",
        ("network-subnet-private",),
        _BEFORE,
        f"{_BUILT_IN}/Network",
        _always(_assigned("private-subnets", "7bca8353-aa3b-429b-904a-9229c4385837")),
    ),
    Control(
        "closed-groups",
        DEFINED,
        "A security group opens the network to or from anywhere.",
        "A security group allows traffic with the private network and nothing else.",
        ("network-security-group-closed",),
        "By a list of several prefixes in place of one, which the rule of the pack reads. " + _BEFORE,
        _LANGUAGE,
        lambda world: _open_rules(),
    ),
    Control(
        "wide-roles",
        DEFINED,
        "Somebody is made owner and may do anything, or gives roles to whom they like.",
        "Owner and the roles that give roles are assigned to nobody.",
        ("identity-least-role",),
        "By a custom role with the same rights; by Contributor, which the identity of a workspace needs. Whoever "
        "deploys is given Owner before the assignment is in force. " + _BEFORE,
        _LANGUAGE,
        _always(
            _defined(
                "wide-roles",
                "No role that may do anything is assigned",
                _is(_GRANT),
                {"anyOf": [{"field": f"{_GRANT}/roleDefinitionId", "contains": id_} for id_ in _WIDE_ROLES.values()]},
            )
        ),
    ),
    Control(
        "no-groups",
        DEFINED,
        "A role goes to a group, and whoever joins it later has the role.",
        "No role is assigned to a group, ours or foreign.",
        ("identity-trust",),
        "By a role on a level above the assignment; by whoever leaves out the kind of the principal, which Azure then "
        "fills in by itself. " + _BEFORE,
        _LANGUAGE,
        _always(
            _defined(
                "no-groups",
                "No role is assigned to a group",
                _is(_GRANT),
                {"field": f"{_GRANT}/principalType", "in": ["ForeignGroup", "Group"]},
            )
        ),
    ),
    Control(
        "keys-given",
        DEFINED,
        "Storage rests under Microsoft's key, which nobody here can take away.",
        "No storage account is made without a key of ours.",
        ("encryption-key-used",),
        "By a key of another vault. The built-in definition audits alone, so this is its rule with a deny. " + _BEFORE,
        f"{_BUILT_IN}/Storage",
        _always(
            _defined(
                "storage-key",
                "Storage rests under a key of ours",
                _is("Microsoft.Storage/storageAccounts"),
                {
                    "field": "Microsoft.Storage/storageAccounts/encryption.keySource",
                    "notEquals": "Microsoft.Keyvault",
                },
            )
        ),
    ),
    Control(
        "registry-kept",
        ASSIGNED,
        "Images rest under Microsoft's key, or are copied into a registry of a stranger.",
        "No registry is made without a key of ours, or with exports.",
        ("encryption-customer-key", "audit-packages-own-account"),
        "By whoever may pull an image and push it elsewhere. " + _BEFORE,
        f"{_BUILT_IN}/Container%20Registry",
        _always(
            _assigned("registry-key", "5b9159ae-1701-4a6f-9a7a-aa9c8ddd0580"),
            _assigned("registry-exports", "524b0254-c285-4903-bee6-bb8126cde579"),
        ),
    ),
    Control(
        "no-public-blobs",
        ASSIGNED,
        "Somebody opens a container to the world.",
        "No storage account lets a container be made public.",
        ("encryption-bucket-public",),
        "By a shared access signature of a user, which ends with the user's own right. " + _BEFORE,
        f"{_BUILT_IN}/Storage",
        _always(_assigned("no-public-blobs", "4fa4b6c0-31ca-4c0d-b10d-24b96f62a751")),
    ),
    Control(
        "tls",
        ASSIGNED,
        "Data goes in clear text, or under a cipher that is broken.",
        "No storage account answers without TLS 1.2.",
        ("encryption-bucket-tls",),
        _BEFORE,
        f"{_BUILT_IN}/Storage",
        _always(
            _assigned("https", "404c3081-a854-4457-ae30-26a93ef643f9"),
            _assigned("tls", "fe83a0eb-a853-422d-aac2-1bffd182c5d0", minimumTlsVersion="TLS1_2"),
        ),
    ),
    Control(
        "encrypted-twice",
        ASSIGNED,
        "One broken cipher lays the data open.",
        "No storage account is made that does not encrypt twice.",
        ("encryption-bucket-settings",),
        _BEFORE,
        f"{_BUILT_IN}/Storage",
        _always(_assigned("encrypted-twice", "4733ea7b-a883-42fe-8cac-97454c2a9e4a")),
    ),
    Control(
        "keys-kept",
        ASSIGNED,
        "Whoever wants to harm purges the vault, and with the key all data.",
        "No vault is made that can be purged.",
        ("encryption-vault",),
        "By a shorter time that a deleted vault is kept. " + _BEFORE,
        f"{_BUILT_IN}/Key%20Vault",
        _always(_assigned("keys-kept", "0b60c0b2-2dc2-4e1c-b5c9-abbed971de53")),
    ),
    Control(
        "tags",
        ASSIGNED,
        "Nobody knows whose machines these are, and no bill says it.",
        "What carries tags is made with each of them.",
        ("cost-tags",),
        "By a tag with a wrong value. " + _BEFORE,
        f"{_BUILT_IN}/Tags",
        _tags,
        approves="monthly-usd",
    ),
)

UNPREVENTED: Mapping[str, Sequence[str]] = {
    "A definition sees one resource. What several of them say together is no part of it, and no deny asks for a second "
    "one.": (
        "audit-state-protected",
        "audit-trail",
        "cost-alerts-reach-owner",
        "cost-budget",
        "encryption-bucket-whole",
        "encryption-key-granted",
        "encryption-vault-reachable",
        "identity-before-use",
        "identity-roles-in-force",
        "identity-workspace-works",
        "limits-autoscaled",
        "limits-stated",
        "network-batch-reaches",
        "network-images-reached",
        "network-default-denied",
        "network-endpoint-closed",
        "network-people-in",
        "network-proof",
        "network-way-in",
        "registry-approved",
        "registry-kept",
        "registry-shared",
    ),
    "It is what Azure Policy itself has in force in the stack's group, and its absence no definition can refuse.": (
        "identity-guardrails",
    ),
    "What a role may do, and on what it is given, depends on the stack. `wide-roles` bounds the widest.": (
        "identity-acts-where",
        "identity-no-wildcard",
        "identity-pass-role",
        "identity-scope",
        "identity-serving-writes",
    ),
    "No known alias reads it, of a workspace, an endpoint, a job, an environment or a datastore of Azure ML.": (
        "identity-models-own",
        "audit-images-pinned",
        "audit-images-reviewed",
        "cost-batch-tags",
        "cost-nothing-unseen",
        "encryption-datastore",
        "encryption-scratch-disks",
        "encryption-workspace-key",
        "identity-instance-own",
        "identity-registries",
        "limits-batch-*",
        "limits-schedule-times",
        "workflow-environment",
        "world-containers",
        "world-folders",
        "limits-capture",
        "limits-cluster-idle",
        "network-approved-outbound",
        "network-model-isolated",
    ),
    "The built-in definitions of a key, a lifecycle or a retention audit alone, or ask for a shortest time only.": (
        "audit-image-current",
        "audit-images-answer",
        "encryption-key",
        "limits-retention",
        "limits-scaling-policy",
        "limits-outputs-expire",
        "limits-stores-expire",
    ),
    "It is a setting of the program, and no call of Azure's.": (
        "audit-name-reusable",
        "limits-account",
        "limits-region-named",
        "sizes-config",
    ),
    "How a version is rolled out and watched is no matter of a right: a bad version is taken back, not refused.": (
        "rollback-*",
    ),
    "The service itself refuses what exceeds it.": ("quota-*", "sizes-[adeln]*"),
    "It reads the organization's own policies, which are in force already.": ("landing-zone-unread", "org-*"),
}


def documents(world: World) -> Mapping[str, Document]:
    """The assignments of built-in definitions, and our own definitions, each of which is assigned as it is."""
    parts = {
        name: [p for one in CONTROLS if one.document == name for p in one.compile(world)]
        for name in (ASSIGNED, DEFINED)
    }
    return {ASSIGNED: {"assignments": parts[ASSIGNED]}, DEFINED: {"definitions": parts[DEFINED]}}
