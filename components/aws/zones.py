"""Availability zones by name: which part of a network each one keeps."""

from ipaddress import IPv4Network

from catalogue.zones import LETTERS


def part_of(cidr: str, zone: str) -> str:
    """The eighth of the network that is kept for the zone's letter, whether or not other zones take theirs."""
    eighths = IPv4Network(cidr).subnets(prefixlen_diff=3)
    return str(dict(zip(LETTERS, eighths, strict=True))[zone[-1]])
