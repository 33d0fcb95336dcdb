"""Ways in: each endpoint can be called by somebody, from somewhere."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import compute, mlplatform, vertex, workbench
from catalogue.landing_zones import GcpNetwork
from catalogue.placement import Caller
from policies import given
from policies.gcp.network import in_given, let_out_to
from policies.rule import Found, callers, whole_stack_rule


@whole_stack_rule(
    "network-way-in",
    vertex.ENDPOINT,
    severity="high",
    proof="network fit",
    says="Each endpoint can be called: by people of the workspace, or by a caller that the stack file names. Each such "
    "caller has a whole way in.",
    remedy="Name people under workspace, or the project of who calls under callers.",
)
def way_in(graph: Graph) -> Found:
    """Follows the way from who calls to the endpoint: network, firewall, address, service attachment, allow list.

    Whose stack file nobody read may have callers that are in no graph. Vertex AI asks callers for no permission
    (https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect).
    """
    if graph.placement is None:
        return
    for endpoint in graph.of(vertex.ENDPOINT):
        lacking = {caller.name: lacks for caller in callers(graph) if (lacks := _lacks(graph, endpoint, caller))}
        for name, lacks in lacking.items():
            yield endpoint, f"cannot be called by {name}: {lacks}"
        if not lacking and not callers(graph) and not any(_works_at(graph, way) for way in _ways(graph, endpoint)):
            yield endpoint, "can be called by nobody: no one stands in a network that leads to it"


def _deployed(graph: Graph, endpoint: Resource) -> list[Resource]:
    return graph.referring(mlplatform.DEPLOYMENT, "endpoint", endpoint)


def _ways(graph: Graph, endpoint: Resource) -> Iterator[Resource]:
    """The forwarding rules to the endpoint that its allow list lets connect, and that HTTPS may be opened to."""
    allowed = endpoint.props.section_or_empty("privateServiceConnectConfig").each_text_if_known("projectAllowlists")
    projects = set(allowed)
    for deployment in _deployed(graph, endpoint):
        for way in graph.referring(compute.FORWARDING_RULE, "target", deployment):
            addresses = graph.refers(way, "ipAddress", compute.ADDRESS)
            opened = all(
                address in let_out_to(graph)[vpc.urn]
                for vpc in graph.refers(way, "network", compute.VPC)
                for address in addresses
            )
            if addresses and opened and way.props.text_if_known("project") in projects:
                yield way


def _works_at(graph: Graph, way: Resource) -> bool:
    """Whether anybody's machine stands in the network of a forwarding rule."""
    own = graph.refers(way, "network", compute.VPC)
    for instance in graph.of(workbench.INSTANCE):
        setup = instance.props.section_or_empty("gceSetup")
        inside = any(vpc in own for vpc in graph.refers(instance, "gceSetup", compute.VPC))
        named = way.props.text_if_known("network") in set(setup.each_text_if_known("networkInterfaces.network"))
        if inside or (in_given(graph, way, "network") and named):
            return True
    return False


def _lacks(graph: Graph, endpoint: Resource, caller: Caller) -> str:
    """What lacks on a caller's way to an endpoint; empty where it is whole."""
    if not _deployed(graph, endpoint):
        return "nothing is deployed to it, so there is no service attachment"
    if not caller.cidr:
        private = endpoint.props.section_or_empty("privateServiceConnectConfig")
        allowed = caller.account in set(private.each_text_if_known("projectAllowlists"))
        return "" if allowed else f"{caller.account} may not connect to it (projectAllowlists)"
    there = {net.network_id for net in given.of(graph, GcpNetwork)}
    ways = [way.props.text_if_known("network") for way in _ways(graph, endpoint)]
    if caller.network not in there or caller.network not in ways:
        return f"no address in {caller.network} leads to it"
    return ""


RULES = [way_in]
