"""The manual steps on Azure Machine Learning, in the words of the Azure CLI:
https://learn.microsoft.com/en-us/cli/azure/reference-index

`provider register`, `acr login`, `acr repository show`, `storage blob upload-batch`, `ml workspace list`,
`ml compute show` and `ml online-endpoint invoke` (extension `ml`) stand there, and `quota update` (extension `quota`).
"""

from collections.abc import Iterator
from shlex import quote

from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kinds.azure import IDENTITY, monitor, privatedns
from catalogue.kinds.azure.jobs import jobs
from catalogue.kinds.azure.machinelearningservices import (
    ENVIRONMENT,
    ONLINE_DEPLOYMENT,
    OUTBOUND_RULE,
    SERVED,
    WORKSPACE,
)
from catalogue.kinds.azure.machinelearningservices_jobs import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    COMPONENT,
    COMPUTE,
    SCHEDULE,
)
from catalogue.kinds.azure.mlplatform import APPROVED_VERSION
from catalogue.kinds.azure.network import PEERING
from catalogue.landing_zones import AzureZone
from catalogue.placement import Source, leaves
from catalogue.properties import Properties, Unreadable
from catalogue.quotas import LOW_PRIORITY
from catalogue.registered import DIGEST, REPOSITORY, Registered
from catalogue.registries import is_own
from catalogue.services import services_of
from operations.steps import LetIn, called_from, first, named_anew, outputs, query, registering
from operations.verdict import Look, ManualStep
from policies import given
from policies.azure.reading import is_version
from policies.rule import callers, peoples_networks

STORES = ", from inside the network"
"""From where images and artifacts are brought: the stack closes its registry and its storage to the internet."""


ADMINISTRATOR = "owner of the subscription"

FEEDER = "publisher"
"""The publisher may upload to the container of artifacts, where batch jobs read."""

_CONTAINER = "artifacts"
"""The container of artifacts, and the datastore that shows it."""
_QUOTA = "Microsoft.Quota"
"""No resource is of it. The step that asks for the quotas calls it: "Prerequisites",
https://learn.microsoft.com/en-us/rest/api/quota/
"""


def role(name: str, account: str) -> tuple[str, str]:
    """Contributor may assign no role, and the stack assigns its identities theirs."""
    at = f"--assignee DEPLOYER --scope /subscriptions/{account}"
    return (
        f"az role assignment create {at} --role {quote(name)}",
        f"az role assignment list {at} --include-inherited --query {query('[].roleDefinitionName')}",
    )


def quota(name: str, amount: int, account: str, region: str) -> tuple[str, str]:
    """Azure knows a quota by its name in the API; the catalogue has the name that people read.

    That of low priority has a name and a type of its own: "az quota update",
    https://learn.microsoft.com/en-us/cli/azure/quota
    """
    scope = f"/subscriptions/{account}/providers/Microsoft.MachineLearningServices/locations/{region}"
    at = f"--scope {scope} --subscription {account}"
    named = query(f"[?properties.name.localizedValue=='{name}'].name")
    id_, type_ = f'"$(az quota list {at} --query {named} --output tsv)"', "dedicated"
    if name == LOW_PRIORITY:
        id_, type_ = "TotalLowPriorityCores", "lowPriority"
    return (
        f"az quota update {at} --resource-name {id_} --resource-type {type_} --limit-object value={amount}",
        f"az quota show {at} --resource-name {id_} --query properties.limit.value",
    )


def before_up(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """A new subscription must ask for some regions, and register each namespace that a stack uses.

    Regions: https://learn.microsoft.com/en-us/troubleshoot/azure/general/region-access-request-process
    """
    if region in catalogue.load("azure").regions_on_request:
        named = query(f"[?name=='{region}'].name")
        yield ManualStep(
            what=f"ask Microsoft for access to {region} in a support request; a subscription has it on request only",
            who="owner of the subscription",
            checks=[f"az account list-locations --query {named} --output tsv"],
            looks=[Look(what="region", name=region)],
        )
    if graph.of(WORKSPACE):
        needed = services_of(resource.type for resource in graph.cloud)
        spaces = [*needed, _QUOTA]
        yield ManualStep(
            what=f"register the subscription's resource providers ({', '.join(spaces)})",
            who="deployer",
            commands=[f"az provider register --wait --subscription {account} --namespace {space}" for space in spaces],
            checks=[
                f"az provider list --subscription {account} "
                "--query \"[?registrationState=='Registered'].namespace\" --output tsv"
            ],
            looks=[Look(what="service", name=space) for space in needed],
        )
    if joined := _others_joined(graph):
        halves = [half for network in joined for half in _other_half(graph, network, account)]
        yield ManualStep(
            what=f"let whoever deploys join {first([network.rpartition('/')[2] for network in joined])} to the stack's "
            "network and to its private zones; without Network Contributor there Azure refuses both "
            "(LinkedAuthorizationFailed)"
            + ("; once the ground stands, make that side's half of the peering" if halves else ""),
            who="owner of that network" if len(joined) == 1 else "owners of those networks",
            commands=[
                *(
                    f'az role assignment create --assignee DEPLOYER --role "Network Contributor" --scope {network}'
                    for network in joined
                ),
                *halves,
            ],
            checks=[
                f"az role assignment list --assignee DEPLOYER --include-inherited --scope {network} "
                f"--query {query('[].roleDefinitionName')}"
                for network in joined
            ],
            looks=[Look(what="join", name="Network Contributor", at=network, rights=_JOINS) for network in joined],
        )
    if linked := _linked(graph, account):
        names = first([f"{role} on {id_.rpartition('/')[2]}" for id_, role in linked])
        yield ManualStep(
            what=f"let whoever deploys use what lies in another subscription ({names}); without it Azure refuses "
            "half-way (LinkedAuthorizationFailed)",
            who="owners of those resources",
            commands=[
                f"az role assignment create --assignee DEPLOYER --role {quote(role)} --scope {id_}"
                for id_, role in linked
            ],
            checks=[
                f"az role assignment list --assignee DEPLOYER --include-inherited --scope {id_} "
                f"--query {query('[].roleDefinitionName')}"
                for id_, _ in linked
            ],
        )
    zone = given.zone(graph)
    if isinstance(zone, AzureZone) and zone.keys is not None:
        yield ManualStep(
            what=f"see that {zone.keys.identity_id} has Key Vault Crypto Service Encryption User on "
            f"{zone.keys.data}, that the key does not rotate, and that its vault answers in public to trusted services "
            "alone; Azure ML supports no other",
            who=zone.owner,
            checks=[
                f"az role assignment list --subscription {account} --all --assignee {zone.keys.identity_id}",
                f"az keyvault key rotation-policy show --id {zone.keys.data.rpartition('/')[0]}",
                f"az keyvault show --id {zone.keys.vault_id} "
                f"--query {query('properties.[publicNetworkAccess,networkAcls]')}",
            ],
        )


_JOINS = ["Microsoft.Network/virtualNetworks/join/action", "Microsoft.Network/virtualNetworks/peer/action"]
"""What a peering and a zone's link ask for on the network of others: "Create, change, or delete a virtual network
peering" and "Azure built-in roles for Networking", https://learn.microsoft.com/en-us/azure/virtual-network/
"""


_LINKED = {
    "microsoft.network/virtualnetworks/subnets": "Network Contributor",
    "microsoft.network/privatednszones": "Private DNS Zone Contributor",
    "microsoft.operationalinsights/workspaces": "Log Analytics Contributor",
    "microsoft.managedidentity/userassignedidentities": "Managed Identity Operator",
}
"""The built-in role that lets a resource be named by one of another subscription: `subnets/join/action`
(https://learn.microsoft.com/en-us/azure/private-link/rbac-permissions), `privateDnsZones/join/action`
(https://learn.microsoft.com/en-us/azure/role-based-access-control/permissions/networking),
`workspaces/sharedKeys/action` (https://learn.microsoft.com/en-us/azure/azure-monitor/logs/manage-access) and
`userAssignedIdentities/assign/action`
(https://learn.microsoft.com/en-us/azure/role-based-access-control/permissions/identity). What each role holds: "Azure
built-in roles", https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles
"""


def _linked(graph: Graph, account: str) -> list[tuple[str, str]]:
    """The ids in another subscription that the stack's resources name, each with the role that whoever deploys needs.

    A network of others that is joined has its own step; one that only a zone's link names is here.
    """
    joined = {network.casefold() for network in _others_joined(graph)}
    named = {text: _LINKED.get(_type(text), "") for one in graph.cloud for text in leaves(one.inputs)}
    for link in graph.of(privatedns.LINK):
        if (id_ := link.props.text_if_known("virtualNetwork.id")).casefold() not in joined:
            named[id_] = "Network Contributor"
    own = f"/subscriptions/{account}/".casefold()
    found = {
        id_.casefold(): (id_, role)
        for id_, role in sorted(named.items())
        if role and id_.casefold().startswith("/subscriptions/") and not id_.casefold().startswith(own)
    }
    return sorted(found.values())


def _type(id_: str) -> str:
    """The type of what an id names: the namespace, and every second word after it."""
    space, *words = id_.casefold().rpartition("/providers/")[2].split("/")
    return "/".join([space, *words[::2]])


def _others_joined(graph: Graph) -> list[str]:
    """The networks of callers and people that the stack makes a peering with, or a link of its zone to.

    Whoever makes either needs a right on both sides ("Permissions", at
    https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-manage-peering).
    """
    named = [peering.props.text_if_known("remoteVirtualNetwork.id") for peering in graph.of(PEERING)]
    named += [link.props.text_if_known("virtualNetwork.id") for link in graph.of(privatedns.LINK)]
    joined = {id_.casefold() for id_ in named}
    theirs = [one.network for one in callers(graph) if one.cidr]
    theirs += [way.network for way in peoples_networks(graph)]
    return sorted({network for network in theirs if network.casefold() in joined})


def _other_half(graph: Graph, network: str, account: str) -> Iterator[str]:
    """What the owner of a network does: "Create a virtual network peering", Azure CLI. Azure names the stack's own."""
    for peering in graph.of(PEERING):
        remote = peering.props.text_if_known("remoteVirtualNetwork.id")
        theirs = remote.split("/")
        if len(theirs) == 9 and remote.casefold() == network.casefold():
            group = peering.props.text_if_known("resourceGroupName")
            own = f"/subscriptions/{account}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/NETWORK"
            where = f"--subscription {theirs[2]} --resource-group {theirs[4]} --vnet-name {theirs[8]}"
            yield f"az network vnet peering create --name mlplatform {where} --remote-vnet {own} --allow-vnet-access"


LETS_IN_WHO_STANDS = True
"""A role is given to an identity that stands: "Assign Azure roles using Azure CLI",
https://learn.microsoft.com/en-us/azure/role-based-access-control/role-assignments-cli
"""
PULLS = "AcrPull"
"""The role with which an identity pulls images. A registry whose roles are by repository (ABAC) takes `Container
Registry Repository Reader` in its place: "Azure Container Registry Entra permissions and role assignments overview",
https://learn.microsoft.com/en-us/azure/container-registry/container-registry-rbac-built-in-roles-overview
"""

APPROVES = "Azure AI Enterprise Network Connection Approver"
"""The role with which the workspace's identity approves a private endpoint of its network."""


def source(graph: Graph, source: Source, account: str, region: str) -> Iterator[LetIn]:
    """The owner of a registry lets those identities pull as whom its images run: an endpoint's, or a cluster's; and
    the workspace's approve the private endpoint that its network makes there.

    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-identity-based-service-authentication and
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network (prerequisites)
    """
    running = list(_running(graph, source.place))
    identities = {one.urn: one for runs in running for one in graph.refers(runs, "identity", IDENTITY)}
    approvers = {
        one.urn: one
        for workspace in (graph.of(WORKSPACE) if running else ())
        for one in graph.refers(workspace, "primaryUserAssignedIdentity", IDENTITY)
    }
    for role, right, members in ((PULLS, _PULL, identities), (APPROVES, _APPROVE, approvers)):
        yield from (
            _let_in(source, account, role, right, one) for one in sorted(members.values(), key=lambda i: i.name)
        )


def _let_in(source: Source, account: str, role: str, right: str, identity: Resource) -> LetIn:
    registry = source.place.removesuffix(".azurecr.io")
    scope = f'"$(az acr show --name {registry} --subscription {source.account} --query id --output tsv)"'
    group = identity.props.text_if_known("resourceGroupName")
    named = query(f"[?starts_with(name,'{identity.name}')].principalId")
    listed = f"az identity list --subscription {account} --resource-group {quote(group)} --query {named}"
    who = f'"$({listed} --output tsv)"'
    return LetIn(
        f"give the stack's identities {role} there, once the ground has made them",
        f"az role assignment create --assignee-object-id {who} --assignee-principal-type ServicePrincipal "
        f"--role {quote(role)} --scope {scope}",
        f"az role assignment list --assignee {who} --include-inherited --scope {scope} "
        f"--query {query('[].roleDefinitionName')}",
        Look(what="let in", name=source.place, at=f"{source.account}/{group}/{identity.name}", rights=[right]),
    )


def _running(graph: Graph, place: str) -> Iterator[Resource]:
    """The endpoints and clusters that run an image of a registry."""
    for environment in graph.of(ENVIRONMENT):
        if not environment.props.text_if_known("properties.image").startswith(f"{place}/"):
            continue
        for deployment in graph.referring(ONLINE_DEPLOYMENT, "properties", environment):
            yield from graph.refers(deployment, "endpointName", SERVED)
        for deployment in graph.referring(BATCH_DEPLOYMENT, "properties", environment):
            yield from graph.refers(deployment, "endpointName", BATCH_ENDPOINT)
        for component in graph.referring(COMPONENT, "properties", environment):
            for schedule in graph.referring(SCHEDULE, "properties", component):
                yield from _clusters(graph, schedule, component)


def _clusters(graph: Graph, schedule: Resource, component: Resource) -> list[Resource]:
    """The clusters of a run on which a component is done; all of them where that is not known yet."""
    try:
        does = [job for job in jobs(schedule.props) if is_version(job.component(), component, "components")]
        found = [one for job in does if (one := job.compute(graph, schedule)) is not None]
    except Unreadable:
        found = []
    return found or graph.refers(schedule, "properties", COMPUTE)


_PULL = "Microsoft.ContainerRegistry/registries/pull/read"
_APPROVE = "Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action"


def push(image: str, account: str, region: str) -> tuple[str, str] | None:
    """The registry is closed to the internet, so whoever pushes stands in the network."""
    registry, _, named = image.partition("/")
    if not is_own("azure", image, account):
        return None
    short = registry.partition(".")[0]
    pushed = f"az acr login --name {short} --subscription {account} && docker push {quote(image)}"
    if named.startswith(f"{REPOSITORY}:"):
        # A tag can be moved unless it is locked:
        # https://learn.microsoft.com/en-us/azure/container-registry/container-registry-image-lock
        pushed += (
            f" && az acr repository update --name {short} --subscription {account} --image {quote(named)} "
            "--write-enabled false"
        )
    return (
        pushed,
        f"az acr repository show --name {short} --subscription {account} --image {quote(named)}",
    )


def upload(uri: str, stack: str, folder: str = "") -> tuple[str, str]:
    """An artifact is a folder of the container that the workspace's datastore `artifacts` shows."""
    return _into_the_datastore(f"{folder}model", uri, stack)


def feed(uri: str, stack: str, folder: str = "data") -> tuple[str, str]:
    """A job takes a folder, as an artifact is one."""
    return _into_the_datastore(folder, uri, stack)


def _into_the_datastore(folder: str, uri: str, stack: str) -> tuple[str, str]:
    path = uri.partition("/paths/")[2].rstrip("/")
    at = f"--account-name {_named_in('artifacts', stack)} --auth-mode login"
    into = f"--destination {_CONTAINER} --destination-path {quote(path)}"
    return (
        f"az storage blob upload-batch --source {folder} {into} {at}",
        f"az storage blob list --container-name {_CONTAINER} --prefix {quote(path)} {at} --query '[].name'",
    )


def versions(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """Who registers writes versions of that model alone, and the approver alone versions of its approvals.

    `az ml model create`, https://learn.microsoft.com/en-us/cli/azure/ml/model
    """
    named = {_version(one.props): one.props for one in graph.of(APPROVED_VERSION)}
    if not named:
        return
    workspace = f"--workspace-name {_named_in('workspace', graph.stack)} --subscription {account}"

    def at(version: Registered, group: str, model: str) -> str:
        return f"--name {model} --version {version.version} --resource-group {quote(group)} {workspace}"

    asked = sorted((*name, props.text_or_empty("digest")) for name, props in named.items())
    found = [(group, Registered(model, number), digest) for group, model, number, digest in asked]
    names = [f"{group}/{version.name}/{version.version}" for group, version, _ in found]
    place = f"azureml://datastores/{_CONTAINER}/paths/"
    versions = [version for _, version, _ in found]
    yield registering(
        graph,
        STORES,
        versions,
        checks=[f"az ml model show {at(v, group, v.versions)} --query properties.{DIGEST}" for group, v, _ in found],
        looks=[Look(what="registered", name=name, at=one[2]) for name, one in zip(names, found, strict=True)],
    )
    yield ManualStep(
        what=f"decide on the versions that are served: `pulumi up` fails until they are approved ({first(names)})",
        who="approver",
        commands=[
            *(
                f"az ml model create {at(version, group, version.approvals)} --type custom_model "
                f"--path {place}{version.folder} --description WHY --set properties.{DIGEST}={digest}"
                for group, version, digest in found
            ),
            *named_anew(graph, versions),
        ],
        checks=[f"az ml model show {at(v, group, v.approvals)} --query properties.{DIGEST}" for group, v, _ in found],
        looks=[Look(what="approved", name=name, at=one[2]) for name, one in zip(names, found, strict=True)],
    )


def _version(asked: Properties) -> tuple[str, str, int]:
    """The resource group, the model and the number of a version that something waits for."""
    group, model = asked.text_if_known("resourceGroup"), asked.text_or_empty("model")
    return group, model, round(asked.number_or_none("version") or 0)


def ground(graph: Graph) -> Iterator[Look]:
    """The workspace. Azure's provider chooses its name, so it is looked for in its resource group."""
    for workspace in graph.of(WORKSPACE):
        yield Look(what="workspace", name=workspace.name, at=workspace.props.text_if_known("resourceGroupName"))


def after_ground(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """Nothing that others do is due before what serves stands."""
    return iter(())


def serving(graph: Graph) -> Iterator[Look]:
    """The endpoints, online and batch."""
    for served in graph.of(SERVED):
        yield Look(what="endpoint", name=_endpoint(served), at=served.props.text_if_known("resourceGroupName"))
    for job in graph.of(BATCH_ENDPOINT):
        yield Look(what="batch job", name=_endpoint(job), at=job.props.text_if_known("resourceGroupName"))


def standing(graph: Graph) -> Iterator[Look]:
    """Who gets an endpoint's traffic, how many replicas serve, when a person's machine stops, and ways out."""
    for served in graph.of(SERVED):
        yield Look(what="traffic", name=_endpoint(served), at=served.props.text_if_known("resourceGroupName"))
    for deployment in graph.of(ONLINE_DEPLOYMENT):
        settings = graph.referring(monitor.AUTOSCALE_SETTING, "targetResourceUri", deployment)
        most = [p.number_or_none("capacity.maximum") for s in settings for p in s.props.each_section("profiles")]
        name = f"{_endpoint(deployment)}/{deployment.props.text_if_known('deploymentName') or deployment.name}"
        bounds = [round(count) for count in most if count is not None]
        if bounds:
            group = deployment.props.text_if_known("resourceGroupName")
            yield Look(what="replicas", name=name, at=group, amount=max(bounds))
    for compute in graph.of(COMPUTE):
        minutes = minutes_or_none(compute.props, "properties.properties.idleTimeBeforeShutdown")
        if minutes is not None:
            group, name = (compute.props.text_if_known(key) for key in ("resourceGroupName", "computeName"))
            yield Look(what="idle timeout", name=name or compute.name, at=group, amount=round(minutes))
    for workspace in graph.of(WORKSPACE):
        rules = sorted(rule.props.text_if_known("ruleName") or rule.name for rule in graph.of(OUTBOUND_RULE))
        group = workspace.props.text_if_known("resourceGroupName")
        yield Look(what="outbound rules", name=" ".join(rules) or "none", at=group)


def _endpoint(resource: Resource) -> str:
    return resource.props.text_if_known("endpointName") or resource.name


def sign_in(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """The studio opens at an address made of the workspace's id, from a network that leads there. Azure ML has no API
    that says who opened it:
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-configure-private-link
    """
    for machine in graph.of(COMPUTE):
        owner = machine.props.text_if_known(
            "properties.properties.personalComputeInstanceSettings.assignedUser.objectId"
        )
        if not owner:
            continue
        group, name = (machine.props.text_if_known(key) for key in ("resourceGroupName", "computeName"))
        at = f"--subscription {account} --resource-group {quote(group)}"
        there = f"--name {name or machine.name} --workspace-name {_named_in('workspace', graph.stack)}"
        yield ManualStep(
            what=f"sign in to the studio once as {owner}, from a network of people: open "
            "https://ml.azure.com/?wsid=ID in a browser, with the id that the command prints",
            who="data-scientist",
            commands=[f"az ml workspace list {at} --query {query('[].id')} --output tsv"],
            checks=[f"az ml compute show {at} {there} --query state"],
            looks=[Look(what="sign-in", name=owner, at=f"{group}/{name or machine.name}")],
        )
        return


def after_up(graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
    """The action group needs no confirmation. Somebody inside the network must make the first call."""
    workspaces = graph.of(WORKSPACE)
    group = workspaces[0].props.text_if_known("resourceGroupName") if workspaces else ""
    for served in graph.of(SERVED)[:1]:
        name = _endpoint(served)
        workspace = _named_in("workspace", graph.stack)
        at = f"--name {quote(name)} --resource-group {quote(group)} --workspace-name {workspace}"
        yield ManualStep(
            what=f"call {name} {called_from(graph, 'a compute instance', _WAYS)}",
            who="caller",
            commands=[
                *outputs(graph),
                f"az ml online-endpoint invoke {at} --subscription {account} --request-file request.json",
            ],
            checks=[f"az ml online-endpoint show {at} --subscription {account} --query provisioning_state"],
            looks=[Look(what="call", name=name, at=group)],
        )


def _named_in(output: str, stack: str) -> str:
    """The name in the id that is an output of the stack: Azure's provider chooses it, and no plan knows it."""
    return f'"$(pulumi stack output {output} --stack {quote(stack)} | cut -d/ -f9)"'


_WAYS = {
    True: "from {network} ({cidr}), once that side makes its half of the peering",
    False: "by a private endpoint of its own in subscription {account}, once the workspace's owner approves it",
}
