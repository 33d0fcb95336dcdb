"""Whom the rules of a security group let through, where a program says so by addresses or within the group itself."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import ec2, vpc
from catalogue.properties import Properties


def is_within(graph: Graph, block: str) -> bool:
    """Whether a block of addresses lies in a VPC of the graph."""
    try:
        here, own = IPv4Network(block), _networks(graph)
    except ValueError:
        return False
    return any(here.subnet_of(one) for one in own)


def admitting(graph: Graph, group: Resource, way: str, peer: Resource) -> Iterator[Properties]:
    """The rules of a group, of its own resources or written in it, that let a peer through by its addresses.

    One that says `self` means the group. An interface has addresses of its VPC; a gateway leads to addresses of AWS's.
    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    inline = group.props.each_section("ingress" if way == vpc.INGRESS else "egress")
    for rule in (*inline, *(one.props for one in graph.referring(way, "securityGroupId", group))):
        blocks = [*rule.each_text_if_known("cidrBlocks"), *rule.each_text_if_known("cidrIpv4")]
        if (rule.flag_or_none("self") and peer is group) or any(_holds(graph, one, peer) for one in blocks):
            yield rule


def _holds(graph: Graph, block: str, peer: Resource) -> bool:
    """Whether a block holds the addresses of a peer."""
    try:
        there = IPv4Network(block)
        return there.prefixlen == 0 or (
            peer.type == ec2.GROUP and any(one.subnet_of(there) for one in _networks(graph))
        )
    except ValueError:
        return False


def _networks(graph: Graph) -> list[IPv4Network]:
    """The networks that the graph makes. Raises ValueError for one that is none."""
    return [IPv4Network(said) for one in graph.of(ec2.VPC) if (said := one.props.text_if_known("cidrBlock"))]
