"""What the judgement reads of a stack on Azure Machine Learning."""

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from catalogue.graph import Graph
from operations.facts import MachineUse
from operations.verdict import Link, NetworkPicture
from policies.azure import cost
from policies.rule import Stack, get, refers, section

_AZURE = "azure-native:"
_ML, _NETWORK = "azure-native:machinelearningservices", "azure-native:network"
_WORKSPACE, _COMPUTE, _MODEL = f"{_ML}:Workspace", f"{_ML}:Compute", f"{_ML}:ModelVersion"
_SERVED, _DEPLOYMENT = f"{_ML}:OnlineEndpoint", f"{_ML}:OnlineDeployment"
_BATCH, _BATCH_DEPLOYMENT = f"{_ML}:BatchEndpoint", f"{_ML}:BatchDeployment"
_SCALING, _ENDPOINT = "azure-native:monitor:AutoscaleSetting", f"{_NETWORK}:PrivateEndpoint"
_SUBNET, _VNET = f"{_NETWORK}:Subnet", f"{_NETWORK}:VirtualNetwork"
_NEEDED_BY = {
    "amlworkspace": "the workspace and callers of endpoints",
    "blob": "the workspace's datastores",
    "file": "the workspace's file share",
    "registry": "who pushes images",
    "vault": "the workspace's secrets",
}


tags_at = cost.tags_at


def place(graph: Graph) -> tuple[str, str]:
    """The subscription and location of Azure's provider."""
    provider = next(r for r in graph.resources if r.type == "pulumi:providers:azure-native")
    return str(provider.inputs["subscriptionId"]), str(provider.inputs["location"])


def uses(stack: Stack) -> Iterator[MachineUse]:
    """Online deployments under their endpoint's name, with their autoscaling's range, and batch jobs with theirs."""
    for deployment in stack.of(_DEPLOYMENT):
        machine = str(get(deployment.props, "properties.instanceType"))
        low, high = replicas(stack, deployment)
        for endpoint in refers(deployment, "endpointName", _SERVED) or [deployment]:
            yield MachineUse(endpoint.name, machine, "online", low, high)
    for deployment in stack.of(_BATCH_DEPLOYMENT):
        for cluster in refers(deployment, "properties", _COMPUTE):
            machine = str(get(cluster.props, "properties.properties.vmSize"))
            count = int(get(cluster.props, "properties.properties.scaleSettings.maxNodeCount") or 1)
            for endpoint in refers(deployment, "endpointName", _BATCH) or [deployment]:
                yield MachineUse(endpoint.name, machine, "batch", count, count)


def replicas(stack: Stack, deployment: PolicyResource) -> tuple[int, int]:
    """The fewest and the most replicas of a deployment: its autoscaling's, or the one number it starts with."""
    start = int(section(deployment.props, "sku").get("capacity") or 1)
    for setting in stack.referring(_SCALING, "targetResourceUri", deployment):
        capacity = section(setting.props, "profiles.capacity")
        return int(capacity["minimum"]), int(capacity["maximum"])
    return start, start


def budgets(stack: Stack) -> Iterator[float]:
    """The amount of each budget."""
    for budget in stack.of("azure-native:consumption:Budget"):
        if budget.props.get("amount"):
            yield float(budget.props["amount"])


def artifacts(stack: Stack) -> set[str]:
    """Where the models' versions take their files from."""
    return {str(uri) for model in stack.of(_MODEL) if (uri := get(model.props, "properties.modelUri"))}


def exportable(stack: Stack) -> str:
    """Artifacts in blob storage, and the model versions of the registry."""
    models = len(stack.of(_MODEL))
    return f"{len(artifacts(stack))} model artifacts in blob storage and {models} registered versions"


def before_up(stack: Stack) -> Iterator[str]:
    """A new subscription knows none of the namespaces that a stack uses until they are registered."""
    if stack.of(_WORKSPACE):
        spaces = sorted({_namespace(r.resource_type) for r in stack.resources if r.resource_type.startswith(_AZURE)})
        yield f"register the subscription's resource providers ({', '.join(spaces)})"


def _namespace(token: str) -> str:
    """`machinelearningservices` of azure-native:machinelearningservices:Workspace."""
    return token.removeprefix(_AZURE).partition(":")[0]


def after_up(stack: Stack) -> Iterator[str]:
    """The action group writes by itself; a first call needs somebody inside."""
    if served := stack.of(_SERVED):
        yield f"call {served[0].props.get('endpointName')} from inside the network, for example from a compute instance"


def network(stack: Stack) -> NetworkPicture | None:
    """The virtual network, who is in the managed one, and what is reached through each private endpoint."""
    vnets = stack.of(_VNET)
    if not vnets:
        return None
    links = [
        Link(service=group, endpoint=endpoint.name, kind="Private", needed_by=[_NEEDED_BY.get(group, "nothing")])
        for endpoint in stack.of(_ENDPOINT)
        for group in get(endpoint.props, "privateLinkServiceConnections.groupIds") or ()
    ]
    prefixes = [str(p) for vnet in vnets for p in get(vnet.props, "addressSpace.addressPrefixes") or ()]
    return NetworkPicture(
        cidr=", ".join(prefixes),
        subnets=[(str(s.props["addressPrefix"]), str(vnets[0].props["location"])) for s in stack.of(_SUBNET)],
        inside=[f"{resource.name} (managed network)" for resource in stack.of(_WORKSPACE, _SERVED, _BATCH)],
        links=links,
    )
