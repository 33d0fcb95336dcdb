"""The facts of a stack on Azure Machine Learning."""

from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kinds.azure import NETWORK, consumption
from catalogue.kinds.azure.machinelearningservices import MODEL, SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT, SUBNET
from catalogue.landing_zones import AzureNetwork
from catalogue.platforms import PLATFORMS
from catalogue.wording import counted
from operations import facts
from operations.verdict import NetworkLink, NetworkPicture
from policies import given

_NEEDED_BY = {
    "amlworkspace": "the workspace and callers of endpoints",
    "blob": "the workspace's datastores",
    "file": "the workspace's file share",
    "registry": "who pushes images",
    "vault": "the workspace's secrets",
}


def account_and_region(graph: Graph) -> tuple[str, str]:
    """The subscription and location of Azure's provider. Empty where it does not name them."""
    for provider in graph.of(PLATFORMS["azure"].provider):
        return provider.props.text_if_known("subscriptionId"), provider.props.text_if_known("location")
    return "", ""


def budgets(graph: Graph) -> Iterator[float]:
    """The amount of each budget."""
    for budget in graph.of(consumption.BUDGET):
        amount = budget.props.number_or_none("amount")
        if amount:
            yield float(amount)


def exportable(graph: Graph) -> str:
    """Artifacts in blob storage, and the model versions of the registry."""
    models = counted(len(graph.of(MODEL)), "registered version")
    return f"{counted(len(facts.artifacts(graph)), 'model artifact')} in blob storage and {models}"


def network(graph: Graph) -> NetworkPicture | None:
    """The virtual network, who is in the managed network, and the service behind each private endpoint."""
    vnets, there = graph.of(NETWORK), given.of(graph, AzureNetwork)
    if not vnets and not there:
        return None
    links = [
        NetworkLink(service=group, endpoint=endpoint.name, kind="Private", needed_by=[_NEEDED_BY.get(group, "nothing")])
        for endpoint in graph.of(PRIVATE_ENDPOINT)
        for group in endpoint.props.each_text_if_known("privateLinkServiceConnections.groupIds")
    ]
    prefixes = [prefix for vnet in vnets for prefix in vnet.props.each_text_if_known("addressSpace.addressPrefixes")]
    places = {vnet.urn: vnet.props.text_if_known("location") for vnet in vnets}
    subnets = [
        (prefix, next((places[v.urn] for v in graph.refers(subnet, "virtualNetworkName", NETWORK)), ""))
        for subnet in graph.of(SUBNET)
        for path in ("addressPrefix", "addressPrefixes")
        for prefix in subnet.props.each_text_if_known(path)
    ]
    return NetworkPicture(
        cidr=", ".join([*prefixes, *(net.virtual_network_id.rpartition("/")[2] for net in there)]),
        subnets=[*subnets, *((net.subnet_id.rpartition("/")[2], "") for net in there)],
        inside=[f"{resource.name} (managed network)" for resource in graph.of(WORKSPACE, SERVED, BATCH_ENDPOINT)],
        links=links,
    )
