"""Identity: least privilege for each persona, no keys beside it, and guardrails that no persona's role can lift.

Two rules of AWS have no meaning here. `identity-boundary`: Azure RBAC has no permissions boundary; Azure Policy's deny
binds everybody in the resource group, which `identity-guardrails` holds. `identity-topic-policy`: an action group is
written to by Azure Monitor alone and has no policy.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalogue.access.azure import spelled
from catalogue.arm import compared, same
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import (
    IDENTITY,
    applicationinsights,
    authorization,
    containerregistry,
    keyvault,
    managedidentity,
    operationalinsights,
    resources,
    storage,
)
from catalogue.kinds.azure.jobs import COMPUTE, SCHEDULE, jobs
from catalogue.kinds.azure.machinelearningservices import DATASTORE, MODELS, SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT
from catalogue.once import once_a_graph
from catalogue.properties import Properties
from catalogue.wildcards import covers
from policies.azure.promoted import is_given
from policies.azure.reading import foreign, most_have_a_condition, names_one_of, not_before
from policies.rule import callers, resource_rule, stack_rule

_ENDPOINTS = (SERVED, BATCH_ENDPOINT)

# The built-in roles a pilot needs: on what each may be given, and whether to the workspace's own identity only. Azure
# built-in roles; "Set up authentication between Azure Machine Learning and other services" for the workspace's.
_BUILT_IN: Mapping[str, tuple[str, tuple[str, ...], bool]] = {
    "b24988ac-6180-42a0-ab88-20f7382dd24c": (
        "Contributor",
        (storage.ACCOUNT, keyvault.VAULT, containerregistry.REGISTRY, applicationinsights.COMPONENT, WORKSPACE),
        True,
    ),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": ("Reader", (PRIVATE_ENDPOINT,), True),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": (
        "Storage Blob Data Contributor",
        (storage.ACCOUNT, storage.CONTAINER),
        False,
    ),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": ("Storage Blob Data Reader", (storage.ACCOUNT, storage.CONTAINER), False),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": ("Storage Queue Data Contributor", (storage.ACCOUNT,), False),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": ("Storage Table Data Contributor", (storage.ACCOUNT,), False),
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": ("Storage File Data Privileged Contributor", (storage.ACCOUNT,), False),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": ("Key Vault Secrets Officer", (keyvault.VAULT,), True),
    "4633458b-17de-408a-b874-0445c86b69e6": ("Key Vault Secrets User", (keyvault.VAULT,), False),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": ("AcrPull", (containerregistry.REGISTRY,), False),
    "8311e382-0749-4cb8-b61a-304f252e45ec": ("AcrPush", (containerregistry.REGISTRY,), True),
    "b556d68e-0be0-4f35-a333-ad7ee1ce17ea": ("Network Connection Approver", (resources.GROUP, WORKSPACE), True),
    "635dd51f-9968-44d3-b7fb-6d9a6bd613ae": ("AzureML Metrics Writer", (WORKSPACE,), False),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": ("Key Vault Crypto Service Encryption User", (keyvault.KEY,), False),
}
_IN_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+", re.IGNORECASE)
_ONE_RESOURCE = re.compile(_IN_GROUP.pattern + "/providers/.+", re.IGNORECASE)
_OPERATIONS = "Microsoft.MachineLearningServices/workspaces"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
_COLLECTED = "modelDataCollector/"
"""Where Azure ML keeps what a deployment collects: "Collect production data from models",
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-collect-production-data"""
# Permissions that no role of ours grants: to change or open what the stack file sets, to read keys, to grant roles.
_FORBIDDEN = (
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    *(
        f"{_OPERATIONS}/{operation}"
        for operation in (
            "write",
            "delete",
            "listKeys/action",
            "batchEndpoints/write",
            "batchEndpoints/delete",
            "computes/write",
            "computes/delete",
            "connections/write",
            "datastores/listsecrets/action",
            "onlineEndpoints/write",
            "onlineEndpoints/delete",
            "onlineEndpoints/deployments/write",
            "onlineEndpoints/listKeys/action",
            "outboundRules/write",
        )
    ),
)
_PASS = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"

# Each guardrail: the built-in definition of Azure Policy that is assigned with effect Deny, and what else it is told.
# Definitions: Azure/azure-policy, built-in-policies, "Machine Learning".
GUARDRAILS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "workspaces on the internet": ("438c38d2-3772-465a-a9cc-7a6666a275ce", {}),
    "computes with local accounts": ("e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f", {}),
    "compute instances that never stop": ("679ddf89-ab8f-48a5-9029-e76054077449", {}),
    "workspaces with open egress": (
        "6ddb1705-c8cf-450e-aa4b-19ad6703c440",
        {"isolationMode": "AllowOnlyApprovedOutbound"},
    ),
}


@resource_rule(
    "identity-no-wildcard",
    authorization.ROLE_DEFINITION,
    severity="high",
    says="A custom role covers a whole provider or workspace for reading only, and never administers.",
    remedy="Name the operations that the persona needs.",
)
def no_wildcard(props: Properties) -> Iterator[str]:
    """A wildcard may only stand for what is under one kind (`jobs/*`). Microsoft cloud security benchmark PA-7.

    An operation is one in upper and lower case: https://learn.microsoft.com/en-us/azure/role-based-access-control/role-definitions
    """
    for permission in props.each_section("permissions"):
        if permission.is_given("notActions") or permission.is_given("notDataActions"):
            yield "grants everything but a list"
        for action in permission.each_text("dataActions"):
            if not action.lower().startswith(_BLOBS.lower()) or "*" in action:
                yield f"grants {action}, which is more than one operation on blobs"
        for action in permission.each_text("actions"):
            said, within = action.lower(), f"{_OPERATIONS.lower()}/"
            kind = said.removeprefix(within).partition("/")[0]
            if not said.startswith(within) or ("*" in kind and said != f"{within}*/read"):
                yield f"grants {action}, which is more than one kind of thing in a workspace"
            elif held := [o for o in _FORBIDDEN if covers(action, o)]:
                yield f"grants {held[0]}, which is left to the stack file"


def built_in(item: Resource) -> tuple[str, tuple[str, ...], bool]:
    """The built-in role of an assignment. The name is empty for any other role."""
    role = item.props.text_if_known("roleDefinitionId").rpartition("/")[2].lower()
    return _BUILT_IN.get(role, ("", (), False))


@stack_rule(
    "identity-least-role",
    authorization.ROLE_ASSIGNMENT,
    severity="critical",
    says="Only built-in roles that the pilot needs are given, each on its kind of resource; no persona is Contributor.",
    remedy="Give a role of the list in policies/azure/identity.py; the workspace alone is contributor, by resource.",
)
def least_role(graph: Graph, item: Resource) -> Iterator[str]:
    """Every unlisted role is a violation, such as Owner and User Access Administrator (MCSB PA-1 and PA-7).

    Who pushes images is the workspace, which builds them, or an identity that nothing of Azure ML runs as.
    """
    if graph.refers(item, "roleDefinitionId", authorization.ROLE_DEFINITION):
        return
    name, _, workspace_only = built_in(item)
    principals = graph.refers(item, "principalId", IDENTITY)
    if not name:
        role = item.props.text_if_known("roleDefinitionId").rpartition("/")[2]
        yield f"gives the role {role or '(unknown)'}, which no persona needs"
    elif name == "AcrPush" and principals and not any(runs_something(graph, principal) for principal in principals):
        return
    elif workspace_only and not any(graph.referring(WORKSPACE, "primaryUserAssignedIdentity", p) for p in principals):
        yield f"gives {name} to another than the workspace's own identity"


def runs_something(graph: Graph, identity: Resource) -> bool:
    """Whether something of Azure ML acts as an identity."""
    ours = (r for r in graph.cloud if r.type.rpartition(":")[0] == WORKSPACE.rpartition(":")[0])
    return any(identity.urn in urns for r in ours for urns in r.property_dependencies.values())


@stack_rule(
    "identity-scope",
    authorization.ROLE_ASSIGNMENT,
    authorization.ROLE_DEFINITION,
    severity="critical",
    says="A role is given on one resource of its kind in the stack. A custom role exists in the resource group only.",
    remedy="Set scope to the id of the resource, and assignable_scopes to that of the resource group.",
)
def scope(graph: Graph, item: Resource) -> Iterator[str]:
    """The scope refers to a resource. A known scope must also name it (Azure RBAC, "Best practices"). What a role that
    nobody listed is for is not known, so it may be on any one resource; that it is given is of `identity-least-role`.
    """
    if item.type == authorization.ROLE_ASSIGNMENT:
        kinds, text = _kinds(graph, item), item.props.text_if_known("scope")
        if not graph.refers(item, "scope", *kinds):
            yield "is not given on a resource of the stack that the role is for"
        elif text and not (_IN_GROUP if resources.GROUP in kinds else _ONE_RESOURCE).match(text):
            yield f"holds on all of {text}"
        if not item.props.is_given("condition") and most_have_a_condition(graph, item):
            yield "has no condition, where most who have its role on the same resource have one"
        return
    for key in ("scope", "assignableScopes"):
        groups = graph.refers(item, key, resources.GROUP)
        if not groups or any(foreign(item.props, key, groups)):
            yield f"can be given outside the pilot's resource group ({key})"


def _kinds(graph: Graph, item: Resource) -> tuple[str, ...]:
    """The kinds of resource that the role of an assignment is for.

    Those of our own role follow from its permissions.
    """
    roles = graph.refers(item, "roleDefinitionId", authorization.ROLE_DEFINITION)
    if not roles:
        return built_in(item)[1]
    return (storage.ACCOUNT, storage.CONTAINER) if any(map(_data_actions, roles)) else (WORKSPACE, SERVED, MODELS)


def _data_actions(role: Resource) -> list[str]:
    return list(role.props.each_text("permissions.dataActions"))


@stack_rule(
    "identity-trust",
    authorization.ROLE_ASSIGNMENT,
    managedidentity.CREDENTIAL,
    severity="high",
    says="A role goes to an identity of the stack or to one named person. No outsider acts as an identity.",
    remedy="Give principal_type and the stack's identity; remove federated credentials.",
)
def trust(graph: Graph, item: Resource) -> Iterator[str]:
    """A group or a foreign application would let in somebody who is not in the stack file. Another program has none,
    and Azure's own advice is to give roles to groups: whose it is, is of `world-principals`.
    https://learn.microsoft.com/en-us/azure/role-based-access-control/best-practices

    A federated credential lets an outside token act as the identity (Azure Policy
    2571b7c3-3056-4a61-b00a-9bc5232234f5).
    """
    if item.type == managedidentity.CREDENTIAL:
        who = " of ".join(item.props.text_if_known(key) or f"any {key}" for key in ("subject", "issuer"))
        yield f"lets an outside token act as an identity of the stack ({who})"
        return
    kind = item.props.text_or_empty("principalType")
    if kind == "Group" and not graph.ours and not graph.refers(item, "principalId", IDENTITY):
        return
    if kind not in ("ServicePrincipal", "User"):
        yield f"goes to a {kind or 'principal of no stated type'}, not to an identity or a person"
    elif not item.props.is_given("principalId"):
        yield "does not say to whom it goes"
    elif kind == "ServicePrincipal" and not _is_of_the_stack(graph, item) and not _calls(graph, item):
        yield "goes to an application that is not of the stack"
    elif kind == "User" and (who := item.props.text_if_known("principalId").lower()) and who not in _people(graph):
        yield f"goes to {who}, who has no machine of the stack and so is none of its people"


def _is_of_the_stack(graph: Graph, item: Resource) -> bool:
    """Whether a role goes to an identity that the program makes: in another program also to that of a resource itself,
    of which `identity-user-assigned` speaks.
    """
    if graph.ours or graph.refers(item, "principalId", IDENTITY):
        return bool(graph.refers(item, "principalId", IDENTITY))
    said = item.props.text_if_known("principalId")
    made_of = (graph.by_urn.get(urn) for urn in item.property_dependencies.get("principalId", ()))
    acting = [one for one in made_of if one and "SystemAssigned" in one.props.text_or_empty("identity.type")]
    return any(said in ("", _principal(one) or said) for one in acting)


def _principal(resource: Resource) -> str:
    """The principal of a resource's system-assigned identity; empty where Azure has not answered yet."""
    answered = resource.outputs.get("identity")
    return str(cast("Mapping[str, Any]", answered).get("principalId", "")) if isinstance(answered, Mapping) else ""


@once_a_graph
def _machines_of(graph: Graph) -> Counter[str]:
    return Counter(machine.props.text_if_known(_OWNER).casefold() for machine in graph.of(COMPUTE))


def _people(graph: Graph) -> set[str]:
    """The object ids of those who have a machine, in lower case: each of a stack file's people has one."""
    return {owner.lower() for machine in graph.of(COMPUTE) for owner in machine.props.each_text_if_known(_OWNER)}


_OWNER = "properties.properties.personalComputeInstanceSettings.assignedUser.objectId"


def _calls(graph: Graph, item: Resource) -> bool:
    """Whether an assignment lets a caller of the stack file call one endpoint, or gives versions, and nothing else."""
    roles = graph.refers(item, "roleDefinitionId", authorization.ROLE_DEFINITION)
    may = [action.lower() for role in roles for action in role.props.each_text("permissions.actions")]
    named = {caller.identity for caller in callers(graph) if caller.identity}
    on_one = bool(graph.refers(item, "scope", SERVED))
    alone = bool(may) and set(may) == {SCORE} and not any(_data_actions(role) for role in roles)
    return (on_one and alone and item.props.text_if_known("principalId") in named) or is_given(graph, item)


SCORE = "microsoft.machinelearningservices/workspaces/onlineendpoints/score/action"
"""What a call takes, in lower case."""


@resource_rule(
    "identity-pass-role",
    authorization.ROLE_DEFINITION,
    severity="high",
    says="No custom role assigns identities: the stack file says what runs as which identity.",
    remedy="Remove the operations of Microsoft.ManagedIdentity.",
)
def pass_role(props: Properties) -> Iterator[str]:
    """Assigning an identity to a machine lends its roles to whoever is on the machine (Managed Identity Operator)."""
    for action in props.each_text("permissions.actions"):
        if covers(action, _PASS) or action.startswith("Microsoft.ManagedIdentity/"):
            yield f"hands identities on by {action}"


@stack_rule(
    "identity-guardrails",
    resources.GROUP,
    severity="critical",
    says="Azure Policy denies in the resource group what no persona may create, whichever tool is used.",
    remedy="Restore the assignment in components/azure/group.py, with effect Deny.",
)
def guardrails(graph: Graph, group: Resource) -> Iterator[str]:
    """Each resource group has each definition assigned, enforced and without exceptions."""
    assigned = [a.props for a in graph.referring(authorization.POLICY_ASSIGNMENT, "scope", group) if _enforced(a.props)]
    for what, (definition, told) in GUARDRAILS.items():
        wanted = {"effect": "Deny", **told}
        if not any(
            compared(props.text_if_known("policyDefinitionId")).endswith(definition)
            and all(
                props.text_or_empty(f"parameters.{key}.value").lower() == value.lower() for key, value in wanted.items()
            )
            for props in assigned
        ):
            yield f"does not deny {what} (Azure Policy {definition})"


def _enforced(props: Properties) -> bool:
    if any(props.is_given(key) for key in ("notScopes", "overrides", "resourceSelectors")):
        return False
    enforced = props.text_or_empty("enforcementMode") in ("", "Default")
    return enforced and "/providers/" not in compared(props.text_if_known("scope"))


# For each type: the switch for keys and accounts other than Entra's, and its value when they are off.
_KEYS: Mapping[str, tuple[tuple[str, Any], ...]] = {
    storage.ACCOUNT: (
        ("allowSharedKeyAccess", False),
        ("isLocalUserEnabled", False),
        ("defaultToOAuthAuthentication", True),
    ),
    containerregistry.REGISTRY: (("adminUserEnabled", False), ("anonymousPullEnabled", False)),
    keyvault.VAULT: (("properties.enableRbacAuthorization", True),),
    operationalinsights.WORKSPACE: (("features.disableLocalAuth", True),),
    applicationinsights.COMPONENT: (("disableLocalAuth", True),),
    COMPUTE: (("properties.disableLocalAuth", True),),
    WORKSPACE: (("systemDatastoresAuthMode", "Identity"),),
    DATASTORE: (("properties.credentials.credentialsType", "None"),),
    **dict.fromkeys(_ENDPOINTS, (("properties.authMode", "AADToken"),)),
}
_SSH = (
    ("ComputeInstance", "properties.properties.sshSettings.sshPublicAccess"),
    ("AmlCompute", "properties.properties.remoteLoginPortPublicAccess"),
)


@stack_rule(
    "identity-local-auth",
    *_KEYS,
    severity="critical",
    says="Callers sign in with an Entra identity: no account key, admin user, local account, SSH or stored key.",
    remedy="Switch local authentication off, and give the caller's identity a role.",
)
def local_auth(graph: Graph, resource: Resource) -> Iterator[str]:
    """Azure Policy 8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54 (storage), dc921057-6b28-4fbe-9b83-f7bec05db6c2 (registry),
    12d4fa5e-1f9f-4c21-97a9-b99b3c6611b5 (vault), e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f (computes),
    e15effd4-2278-4c65-a0da-4d6f6d1890e2 (logs), 199d5677-e4d9-4264-9465-efe1839c06bd (insights); MCSB IM-1.
    """
    props = resource.props
    for path, wanted in _KEYS[resource.type]:
        said = props.value_or_none(path)
        if said is None:
            yield f"does not say that it takes Entra identities alone ({path})"
        elif not (isinstance(said, type(wanted)) and str(said).casefold() == str(wanted).casefold()):
            yield f"may be used without an Entra identity ({path} is {str(said)[:40]})"
    if resource.type == COMPUTE:
        for kind, path in _SSH:  # what another kind of compute says there is of no use to it, and no less a wish
            said = props.text_or_empty(path)
            if said.lower() != "disabled" and (said or props.text_or_empty("properties.computeType") == kind):
                yield f"has its SSH port open ({path}{' is ' if said else ''}{said})"
    if resource.type == keyvault.VAULT and props.is_given("properties.accessPolicies"):
        yield "has access policies beside its roles"


@stack_rule(
    "identity-user-assigned",
    WORKSPACE,
    COMPUTE,
    *_ENDPOINTS,
    SCHEDULE,
    severity="high",
    says="Workspace, computes, endpoints and jobs act as identities of the stack, whose roles the stack declares.",
    remedy="Set identity to type UserAssigned with the persona's identity.",
)
def user_assigned(graph: Graph, resource: Resource) -> Iterator[str]:
    """Azure Policy 5f0c7d88-c7de-45b8-ac49-db49e72eaa78; a system-assigned identity gets roles nobody wrote down."""
    if resource.type == SCHEDULE:
        yield from _jobs_act(graph, resource)
        return
    own = graph.refers(resource, "identity", IDENTITY)
    if resource.props.text_or_empty("identity.type") != "UserAssigned" or not own:
        yield "does not act as an identity of the stack"
    for other in assigned(resource.props):
        if not names_one_of(other, own):
            yield f"acts as an identity that is not of the stack as well ({other.rpartition('/')[2]})"
    if resource.type == WORKSPACE and not graph.refers(resource, "primaryUserAssignedIdentity", IDENTITY):
        yield "does not say which identity is its own"


def assigned(props: Properties) -> list[str]:
    """The known identities of a resource. The program gives a list, and Azure answers with a map."""
    given = props.section_or_empty("identity")
    if isinstance(given.values.get("userAssignedIdentities"), Mapping):
        return given.section_or_empty("userAssignedIdentities").names()
    return list(given.each_text_if_known("userAssignedIdentities"))


def _keys(acts: Properties) -> tuple[str, str]:
    """Azure's SDK writes a pipeline's steps in snake case, and the pipeline itself not."""
    return ("identity_type", "client_id") if "identity_type" in acts else ("identityType", "clientId")


def client_of(acts: Properties) -> str:
    """The client id of the identity of a job, as far as it is known."""
    return acts.text_if_known(_keys(acts)[1])


def _jobs_act(graph: Graph, schedule: Resource) -> Iterator[str]:
    own = [identity.props.text_if_known("clientId") for identity in graph.refers(schedule, "properties", IDENTITY)]
    for job in jobs(schedule.props):
        acts = job.identity()
        kind, client = _keys(acts)
        managed = acts.text_or_empty(kind) == "Managed" and acts.is_given(client)
        known = client_of(acts)
        if not managed or not own or (known and not any(same(known, one) for one in own)):
            yield "starts jobs that do not act as an identity of the stack"


# What a workspace that acts as an identity of one's own needs, and on what: by the workspace's property, or itself.
_WORKSPACE_NEEDS = (
    ("Contributor", "", WORKSPACE),
    ("Contributor", "storageAccount", storage.ACCOUNT),
    ("Contributor", "keyVault", keyvault.VAULT),
    ("Contributor", "containerRegistry", containerregistry.REGISTRY),
    ("Contributor", "applicationInsights", applicationinsights.COMPONENT),
)


@stack_rule(
    "identity-workspace-works",
    WORKSPACE,
    severity="high",
    says="A workspace's identity has the roles without which Azure ML works in part only.",
    remedy="Pass the workspace's identity and endpoints to the identity and access components, which give the roles.",
)
def workspace_works(graph: Graph, workspace: Resource) -> Iterator[str]:
    """Contributor on the workspace and what it stands on ("Set up authentication between Azure Machine Learning and
    other services", workspace); Reader on the storage's private endpoints for blobs and files where the account is
    closed, or studio shows no data ("Workspace managed virtual network isolation", Azure Machine Learning studio).

    Azure itself gives these roles to an identity that it makes for the workspace (the first page, "Workspace");
    `identity-user-assigned` says that nobody wrote them down.
    """
    if not workspace.props.is_given("primaryUserAssignedIdentity"):
        return
    roles = [
        role
        for identity in graph.refers(workspace, "primaryUserAssignedIdentity", IDENTITY)
        for role in graph.referring(authorization.ROLE_ASSIGNMENT, "principalId", identity)
    ]
    wanted = [
        (name, target)
        for name, key, type_ in _WORKSPACE_NEEDS
        for target in (graph.refers(workspace, key, type_) if key else [workspace])
    ]
    for account in graph.refers(workspace, "storageAccount", storage.ACCOUNT):
        for door in graph.referring(PRIVATE_ENDPOINT, "privateLinkServiceConnections", account):
            if {"blob", "file"} & set(door.props.each_text("privateLinkServiceConnections.groupIds")):
                wanted.append(("Reader", door))
    for name, target in wanted:
        if not any(built_in(r)[0] == name and target in graph.refers(r, "scope", target.type) for r in roles):
            yield f"acts as an identity that is not {name} on {target.name}"


@stack_rule(
    "identity-before-use",
    WORKSPACE,
    COMPUTE,
    *_ENDPOINTS,
    severity="high",
    says="A resource that acts as an identity is made after the identity's roles: Azure uses them at once.",
    remedy="Take the identity's id from the identity component, which carries its role assignments.",
)
def before_use(graph: Graph, resource: Resource) -> Iterator[str]:
    """Without the order a first run may fail with "authorization failed", which a second run cures.

    A workspace and its computes cannot wait for roles on the workspace or in it; endpoints can, and do.
    """
    for identity in graph.refers(resource, "identity", IDENTITY):
        roles = [
            role
            for role in graph.referring(authorization.ROLE_ASSIGNMENT, "principalId", identity)
            if resource.type in _ENDPOINTS or not graph.refers(role, "scope", WORKSPACE, MODELS)
        ]
        if early := [role.name for role in not_before(graph, resource, roles)]:
            yield f"may be made before {', '.join(early[:3])}{f' and {len(early) - 3} more' if len(early) > 3 else ''}"


@stack_rule(
    "identity-serving-writes",
    authorization.ROLE_ASSIGNMENT,
    severity="high",
    says="A served model writes to storage only below the folder of its collected requests.",
    remedy="Give the serving identity a reader's role, and a writer's only with the condition of the personas.",
)
def serving_writes(graph: Graph, item: Resource) -> Iterator[str]:
    """A model answers anybody who may call it, so it must not overwrite what others train on (MCSB PA-7). The condition
    must bind each operation that changes blobs to a path (Azure RBAC, "Actions and attributes for role assignment
    conditions"); the built-in writer's role also deletes containers, which no condition on blobs keeps it from.
    """
    principals = graph.refers(item, "principalId", IDENTITY)
    if not any(graph.referring(SERVED, "identity", principal) for principal in principals):
        return
    name = built_in(item)[0]
    if name.startswith("Storage") and not name.endswith("Reader"):
        yield f"lets a served model write anywhere in storage, as {name}"
    changes = [
        a for role in graph.refers(item, "roleDefinitionId", authorization.ROLE_DEFINITION) for a in _data_actions(role)
    ]
    wanted = [f"ActionMatches{{'{action}'}}" for action in changes if not action.endswith("/read")]
    if wanted:
        condition = spelled(item.props.text_if_known("condition"))
        bound = all(
            word in condition for word in (*wanted, f"[{_BLOBS.rstrip('/')}:path] StringStartsWith '{_COLLECTED}")
        )
        if item.props.text_or_empty("conditionVersion") != "2.0" or not bound:
            yield "lets a served model write anywhere in storage"


@stack_rule(
    "identity-instance-own",
    COMPUTE,
    severity="medium",
    says="A compute instance belongs to one person, who has no second one, and nobody else opens its applications.",
    remedy="Set the assigned user, and application_sharing_policy='Personal'; leave out the second machine.",
)
def instance_own(graph: Graph, compute: Resource) -> Iterator[str]:
    """Without an assigned user the machine belongs to whoever ran the program (Azure ML, "Create on behalf of").

    A stack of ours gives each person of its file one machine; another program may give more.
    """
    if compute.props.text_or_empty("properties.computeType") != "ComputeInstance":
        return
    machine = compute.props.section_or_empty("properties.properties")
    owner = compute.props.text_if_known(_OWNER).casefold()
    if graph.ours and owner and _machines_of(graph)[owner] > 1:
        yield "is one of several machines of one person"
    if not machine.is_given("personalComputeInstanceSettings.assignedUser.objectId"):
        yield "belongs to whoever ran the program"
    if machine.text_or_empty("applicationSharingPolicy") != "Personal":
        yield "shares its applications with everybody in the workspace"


RULES = [
    no_wildcard,
    least_role,
    scope,
    trust,
    pass_role,
    guardrails,
    local_auth,
    user_assigned,
    workspace_works,
    before_use,
    serving_writes,
    instance_own,
]
