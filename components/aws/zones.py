"""Availability zones by name: which names a region's zones may have, and which part of a network each one keeps."""

from ipaddress import IPv4Network

LETTERS = "abcdefgh"
"""What the name of a zone may end in. AWS has gone as far as `f`, in us-east-1."""


def zones_of(region: str) -> list[str]:
    """Every name that a zone of the region may have; an account has some of them."""
    return [f"{region}{letter}" for letter in LETTERS]


def part_of(cidr: str, zone: str) -> str:
    """The eighth of the network that is kept for the zone's letter, whether or not other zones take theirs."""
    eighths = IPv4Network(cidr).subnets(prefixlen_diff=3)
    return str(dict(zip(LETTERS, eighths, strict=True))[zone[-1]])
