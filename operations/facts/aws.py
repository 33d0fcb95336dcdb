"""The facts of a stack on Amazon SageMaker."""

from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kind import Reaches
from catalogue.kinds import kind_of
from catalogue.kinds.aws.budgets import BUDGET
from catalogue.kinds.aws.ec2 import SUBNET, VPC, VPC_ENDPOINT, is_gateway, service_of
from catalogue.kinds.aws.provider import PROVIDER, allowed_accounts
from catalogue.kinds.aws.sagemaker import DOMAIN, ENDPOINT, MODEL, PACKAGE_GROUP
from catalogue.kinds.aws.sfn import STATE_MACHINE
from catalogue.landing_zones import AwsNetwork
from catalogue.properties import Unreadable
from catalogue.wording import counted
from operations import facts
from operations.verdict import NetworkLink, NetworkPicture
from policies import given

_NEEDED_BY = {DOMAIN: "the workspace", MODEL: "models and batch jobs", ENDPOINT: "callers of endpoints"}


def account_and_region(graph: Graph) -> tuple[str, str]:
    """The provider's only allowed account and its region. Empty where it names none; rules make findings of that."""
    provider = next(iter(graph.of(PROVIDER)), None)
    if provider is None:
        return "", ""
    try:
        accounts = allowed_accounts(provider.props)
    except Unreadable:
        accounts = []
    return next(iter(accounts), ""), provider.props.text_if_known("region")


def budgets(graph: Graph) -> Iterator[float]:
    """The limit of each cost budget. `cost-budget` makes a finding of one that cannot be read."""
    for budget in graph.of(BUDGET):
        try:
            amount = budget.props.number_or_none("limitAmount")
        except Unreadable:
            continue
        if amount:
            yield float(amount)


def exportable(graph: Graph) -> str:
    """Artifacts in S3, and the registry's package groups."""
    groups = counted(len(graph.of(PACKAGE_GROUP)), "package group")
    return f"{counted(len(facts.artifacts(graph)), 'model artifact')} in S3 and {groups}"


def network(graph: Graph) -> NetworkPicture | None:
    """The VPC, its subnets, who is inside, and each service reached through a VPC endpoint."""
    vpcs, there = graph.of(VPC), given.of(graph, AwsNetwork)
    if not vpcs and not there:
        return None
    made = [(s.props.text_if_known("cidrBlock"), s.props.text_if_known("availabilityZone")) for s in graph.of(SUBNET)]
    return NetworkPicture(
        cidr=vpcs[0].props.text_if_known("cidrBlock") if vpcs else there[0].vpc_id,
        subnets=[*made, *((id_, zone) for net in there for zone, id_ in sorted(net.subnet_ids.items()))],
        inside=[resource.name for resource in graph.of(DOMAIN, ENDPOINT, STATE_MACHINE)],
        links=list(_links(graph)),
    )


def _links(graph: Graph) -> Iterator[NetworkLink]:
    """Each endpoint whose service is known. `network-proof` makes a finding of one that cannot be read."""
    for endpoint in graph.of(VPC_ENDPOINT):
        try:
            service, gateway = service_of(endpoint), is_gateway(endpoint)
        except Unreadable:
            continue
        yield NetworkLink(
            service=service,
            endpoint=endpoint.name,
            kind="Gateway" if gateway else "Interface",
            needed_by=sorted(words for type_, words in _NEEDED_BY.items() if service in _reached(graph, type_)),
        )


def _reached(graph: Graph, type_: str) -> set[str]:
    """The services that the resources of a type must reach, as their record says."""
    kind = kind_of(type_)
    if kind is None or not isinstance(kind.reaches, Reaches):
        return set()
    return {service for resource in graph.of(type_) for service in kind.reaches.services(graph, resource)}
