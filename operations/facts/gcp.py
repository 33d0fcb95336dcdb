"""The facts of a stack on Vertex AI."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kind import Reaches
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import billing, compute, dns, mlplatform, vertex, workbench
from catalogue.kinds.gcp.provider import PROVIDER
from catalogue.landing_zones import GcpNetwork
from catalogue.properties import Unreadable
from catalogue.wording import counted
from operations import facts
from operations.verdict import NetworkLink, NetworkPicture
from policies import given

_DEPLOYMENT, _MODEL = mlplatform.DEPLOYMENT, mlplatform.MODEL
_SERVED, _INSTANCE = vertex.ENDPOINT, workbench.INSTANCE
_SUBNET, _BUDGET = compute.SUBNETWORK, billing.BUDGET
_ZONE, _ATTACHED = dns.ZONE, compute.FORWARDING_RULE
_GOOGLE = compute.GLOBAL_FORWARDING_RULE


def account_and_region(graph: Graph) -> tuple[str, str]:
    """The project and region of Google's provider."""
    provider = next(r for r in graph.resources if r.type == PROVIDER)
    return str(provider.inputs["project"]), str(provider.inputs["region"])


def budgets(graph: Graph) -> Iterator[float]:
    """The amount of each budget, from whole units and billionths. `cost-budget` reports one that cannot be read."""
    for budget in graph.of(_BUDGET):
        try:
            amount = budget.props.section_or_empty("amount.specifiedAmount")
            units = amount.number_or_none("units")
            if units:
                yield units + (amount.number_or_none("nanos") or 0) / 1e9
        except Unreadable:
            continue


def exportable(graph: Graph) -> str:
    """Artifacts in Cloud Storage, and the models of the registry."""
    models = counted(len(graph.of(_MODEL)), "registered model")
    return f"{counted(len(facts.artifacts(graph)), 'model artifact')} in Cloud Storage and {models}"


def network(graph: Graph) -> NetworkPicture | None:
    """The subnets, who is inside, and each Google domain and endpoint that an address of the VPC leads to."""
    subnets, there = graph.of(_SUBNET), given.of(graph, GcpNetwork)
    if not subnets and not there:
        return None
    google = [rule.name for rule in graph.of(_GOOGLE)]
    needed = _needed(graph)
    links: list[NetworkLink] = []
    for zone in graph.of(_ZONE):
        domain = zone.props.text_if_known("dnsName").rstrip(".")
        links.append(
            NetworkLink(
                service=domain,
                endpoint=", ".join(google) or "nothing",
                kind="Private Service Connect",
                needed_by=sorted(needed.get(domain, ())),
            )
        )
    for attached in graph.of(_ATTACHED):
        for deployment in graph.refers(attached, "target", _DEPLOYMENT):
            links.append(
                NetworkLink(
                    service=deployment.props.text_if_known("endpoint").rpartition("/")[2],
                    endpoint=attached.name,
                    kind="Private Service Connect",
                    needed_by=["callers of endpoints"],
                )
            )
    ranges = [(s.props.text_if_known("ipCidrRange"), s.props.text_if_known("region")) for s in subnets]
    return NetworkPicture(
        cidr=", ".join([*(cidr for cidr, _ in ranges), *(net.network_id for net in there)]),
        subnets=[*ranges, *((net.subnetwork, net.project) for net in there)],
        inside=[resource.name for resource in graph.of(_INSTANCE)],
        links=links,
    )


def _needed(graph: Graph) -> dict[str, set[str]]:
    """Each domain that must be reachable, with the component that needs it, or the resource if it has no component."""
    found: dict[str, set[str]] = {}
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.reaches, Reaches):
            for domain in kind.reaches.services(graph, resource):
                found.setdefault(domain, set()).add(_said(graph, resource))
    return found


def _said(graph: Graph, resource: Resource) -> str:
    component = graph.component_of(resource)
    return f"the {component.type.rpartition(':')[2].lower()}" if component else resource.name
