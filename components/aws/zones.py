"""Availability zones by name: which part of a network each one keeps."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from catalogue.zones import LETTERS
from components.given import BadArgument


def part_of(cidr: str, zone: str) -> str:
    """The eighth of the network that is kept for the zone's letter, whether or not other zones take theirs."""
    eighths = IPv4Network(cidr).subnets(prefixlen_diff=3)
    return str(dict(zip(LETTERS, eighths, strict=True))[zone[-1]])


def check_cidr(at: str, cidr: str) -> None:
    """A VPC is between /16 and /28, a subnet too, and each zone's subnet is an eighth of the VPC.

    Raises BadArgument for any other. Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    try:
        divisible = 16 <= IPv4Network(cidr).prefixlen <= 25
    except ValueError:
        divisible = False
    if not divisible:
        raise BadArgument(f"{at}: {cidr!r} is no IPv4 network between /16 and /25; give one such as 10.40.0.0/20")


def check_zones(at: str, zones: Sequence[str]) -> None:
    """One zone or more, each with a letter of its own. Raises BadArgument for others."""
    letters = [zone[-1:] for zone in zones]
    if not letters or len(set(letters)) < len(letters) or not set(letters) <= set(LETTERS):
        raise BadArgument(
            f"{at}: {list(zones)} are not one zone or more of one region, each with a letter of its own from "
            f"{LETTERS[0]} to {LETTERS[-1]}; give names such as us-east-1a and us-east-1b"
        )
