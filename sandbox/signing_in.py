"""A person signs in to the workspace: whether it stands, lets that very person in, and is reached from where they are.

The words of Studio and of IAM are those of `sandbox.dataplane.aws`. Those of Google's proxy and of Azure's studio are
assumed: nobody has seen them here.
"""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from catalogue.behaviour import values_at
from catalogue.errors import BadInput
from catalogue.iam import Call as Asked
from catalogue.iam import refusal
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.studio import DOMAIN, USER_PROFILE
from catalogue.kinds.azure import NETWORK
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from catalogue.kinds.azure.network import PEERING
from catalogue.kinds.azure.privatedns import LINK
from catalogue.kinds.gcp.serviceaccount import MEMBER
from catalogue.kinds.gcp.workbench import INSTANCE
from sandbox.dataplane.aws import session_of
from sandbox.dataplane.azure import network_of, private_ways, zones_of
from sandbox.state import State
from sandbox.state.records import Record

_ERROR = "An error occurred"
_OPEN = "sagemaker:CreatePresignedDomainUrl"
_ACT_AS = "roles/iam.serviceAccountUser"
_ML = "microsoft.machinelearningservices/workspaces"
_OPENS = (f"{_ML}/read", f"{_ML}/computes/applicationaccess/action")
"""What opening one's own machine in the studio takes: "Manage access to Azure Machine Learning workspaces",
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-assign-roles"""


def sign_in(state: State, user: str, outside: bool = False) -> Record:
    """Let a person open the workspace, by the name that it knows them by. Returns what is theirs there.

    That name is a profile's on aws, an e-mail address on gcp, an object id in Entra ID on azure. From `outside` a
    person comes from the internet, else from a network that people of the stack come from. An app of theirs runs then,
    on aws in a private space, which keeps its volume when the app is stopped:
    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-spaces.html

    Raises BadInput for a person of whom nothing stands, whom nobody lets in, or who stands where nothing leads in.
    """
    for type_, theirs in _WHOSE.items():
        for one in state.resources.find(type=type_):
            if user in theirs(one.inputs):
                if why := _REFUSED[type_](state, one, user, outside):
                    raise BadInput(why)
                state.account.start_app(user)
                if type_ == USER_PROFILE:
                    state.account.keep_space(user, _volume(state, one))
                return one
    known = sorted(
        who for type_, theirs in _WHOSE.items() for r in state.resources.find(type=type_) for who in theirs(r.inputs)
    )
    there = f"; it knows {', '.join(known)}" if known else "; bring up the ground first"
    raise BadInput(f"{user[:80]!r}: no workspace that stands here knows that person{there}")


_GIGABYTES = 5
"""The volume of a space where neither person nor domain says another size: "JupyterLab user guide",
https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-jl-user-guide.html
"""
_SIZE = "spaceStorageSettings.defaultEbsStorageSettings.defaultEbsVolumeSizeInGb"


def _volume(state: State, profile: Record) -> int:
    """The gigabytes of a person's volume at first."""
    domain = state.resources.get(DOMAIN, str(profile.inputs.get("domainId")), profile.account)
    sizes = [*values_at(profile.inputs, f"userSettings.{_SIZE}")]
    sizes += [*values_at(domain.inputs, f"defaultUserSettings.{_SIZE}")] if domain else []
    return int(next(iter(sizes), _GIGABYTES))


def _owner(inputs: Mapping[str, Any]) -> list[str]:
    """Whose a compute instance is. A cluster is nobody's."""
    whose = values_at(inputs, "properties.properties.personalComputeInstanceSettings.assignedUser.objectId")
    return [str(one) for one in whose if list(values_at(inputs, "properties.computeType")) == ["ComputeInstance"]]


_WHOSE: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    USER_PROFILE: lambda inputs: [str(inputs.get("userProfileName"))],
    INSTANCE: lambda inputs: [str(one) for one in inputs.get("instanceOwners") or ()],
    COMPUTE: _owner,
}
"""Whose a profile, an instance or a machine is."""


def _refused_by_aws(state: State, profile: Record, user: str, outside: bool) -> str:
    """Studio opens at an address that AWS signs for whoever may ask for it, from wherever they are.

    A person takes a role with their own name as the source identity, as docs/personas.md has it.
    """
    domain = str(profile.inputs.get("domainId"))
    if state.resources.get(DOMAIN, domain, profile.account) is None:
        return f"{_ERROR} (ResourceNotFound) when calling the CreatePresignedDomainUrl operation: no domain {domain}"
    arn = str(profile.outputs.get("arn"))
    tags: Mapping[str, str] = profile.inputs.get("tags") or {}
    brings = {
        "aws:SourceIdentity": user,
        "aws:ResourceAccount": profile.account,
        "aws:RequestedRegion": profile.region,
        "aws:SecureTransport": "true",
        **{f"aws:ResourceTag/{key}": value for key, value in tags.items()},
    }
    roles = [session_of(state, role) for role in state.resources.find(type=ROLE, account=profile.account)]
    reasons = [refusal(role, Asked(_OPEN, arn, brings)) for role in roles]
    if "" in reasons:
        return ""
    return (
        f"{_ERROR} (AccessDeniedException) when calling the CreatePresignedDomainUrl operation: User: "
        f"arn:aws:sts::{profile.account}:assumed-role/data-scientist/{user} is not authorized to perform: {_OPEN} on "
        f"resource: {arn} because no identity-based policy allows the {_OPEN} action"
    )


def _refused_by_google(state: State, instance: Record, user: str, outside: bool) -> str:
    """Google's proxy lets in the owner of an instance, from anywhere, who may act as the instance's account:
    https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-access-jupyterlab
    """
    if instance.inputs.get("disableProxyAccess") is True:
        return f"403: the instance {instance.name} has no proxy access, so nobody opens its JupyterLab"
    emails = [str(one) for one in values_at(instance.inputs, "gceSetup.serviceAccounts.email")]
    for grant in state.resources.find(type=MEMBER):
        on = str(grant.inputs.get("serviceAccountId", "")).rpartition("/")[2]
        if on in emails and (grant.inputs.get("role"), grant.inputs.get("member")) == (_ACT_AS, f"user:{user}"):
            return ""
    return (
        f"403: {user} does not have iam.serviceAccounts.actAs on {' and '.join(emails) or 'the default account'}, as "
        f"which {instance.name} runs"
    )


def _refused_by_azure(state: State, machine: Record, user: str, outside: bool) -> str:
    """The studio opens from a network that leads to the workspace, for whoever has a role there."""
    at = machine.id.partition("/computes/")[0]
    workspace = state.resources.get(WORKSPACE, at, machine.account)
    if workspace is None:
        return f"404 Not found: the workspace {at.rpartition('/')[2]} of {machine.name} does not stand"
    if workspace.inputs.get("publicNetworkAccess") == "Disabled" and (outside or not _people_come(state, workspace)):
        whence = "the internet" if outside else "a network that nobody joined to the workspace's"
        return (
            f"403 Forbidden: Public network access is disabled; {workspace.name} opens from a network of people, named "
            f"under workspace.reached_from or given by a landing zone, and not from {whence}"
        )
    missing = [action for action in _OPENS if not _may(state, machine, user, action)]
    return f"403 Access denied: the token of {user} has no permission to perform {missing[0]}." if missing else ""


def _people_come(state: State, workspace: Record) -> bool:
    """Whether people stand in a network that leads to the workspace: one that is given, or one that is joined.

    A network that is joined has a peering with that of the private endpoint, and reads the zone with its name. What a
    landing zone gives is taken to lead on.
    """
    for way in private_ways(state, workspace.id):
        own = network_of(way).casefold()
        network = state.resources.get(NETWORK, network_of(way))
        if network is None:
            continue
        peerings = [one for one in state.resources.find(type=PEERING) if one.id.casefold().startswith(f"{own}/")]
        remotes = {_named(peering, "remoteVirtualNetwork") for peering in peerings} - {""}
        for zone in zones_of(state, way):
            links = (one for one in state.resources.below(zone.id, zone.account) if one.type == LINK)
            readers = {_named(link, "virtualNetwork") for link in links}
            if not zone.inputs or (own in readers and not network.inputs) or readers & remotes:
                return True
    return False


def _named(record: Record, key: str) -> str:
    return next((str(one).casefold() for one in values_at(record.inputs, f"{key}.id")), "")


def _may(state: State, machine: Record, user: str, action: str) -> bool:
    """Whether a role of the stack's own, given to the person at the machine or above it, has the action."""
    return any(_has(role, action) for role in _roles(state, machine, user))


def _roles(state: State, machine: Record, user: str) -> Iterator[Record]:
    for given in state.resources.find(type=ROLE_ASSIGNMENT):
        scope = str(given.inputs.get("scope", "")).casefold().rstrip("/")
        if given.inputs.get("principalId") == user and f"{machine.id}/".casefold().startswith(f"{scope}/"):
            role = state.resources.get(ROLE_DEFINITION, str(given.inputs.get("roleDefinitionId", "")))
            yield from [role] if role else []


def _has(role: Record, action: str) -> bool:
    for part in role.inputs.get("permissions") or ():
        allowed, but = ([str(one).lower() for one in part.get(key) or ()] for key in ("actions", "notActions"))
        if any(fnmatchcase(action, one) for one in allowed) and not any(fnmatchcase(action, one) for one in but):
            return True
    return False


_REFUSED: Mapping[str, Callable[[State, Record, str, bool], str]] = {
    USER_PROFILE: _refused_by_aws,
    INSTANCE: _refused_by_google,
    COMPUTE: _refused_by_azure,
}
"""What the cloud says to a person of whom such a thing stands. Empty where it lets them in."""
