"""The private addresses that a new stack may take."""

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from yaml import YAMLError

from catalogue import landing_zones
from catalogue.errors import BadInput
from stacks.config import NAMESPACE, display
from stacks.strict_yaml import load

_RANGES = [IPv4Network(block) for block in ("10.40.0.0/13", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
"""Where a range is looked for, in this order: the private addresses of RFC 1918, first where the pilots' lie."""
_PREFIX = 20


def free_range(folder: Path, file: Path) -> str:
    """The first range that overlaps no network of the other stacks of the folder, and none in use in a landing zone.

    Raises BadInput where a file of the organisation's cannot be read, and where no range is free.
    """
    used = [IPv4Network(each) for zone in landing_zones.load().values() for each in zone.ranges_in_use]
    for other in folder.glob("Pulumi.*.yaml"):
        used += _network_of(other) if other != file else []
    for block in _RANGES:
        for free in block.subnets(new_prefix=_PREFIX):
            if not any(free.overlaps(each) for each in used):
                return str(free)
    raise BadInput(
        f"{display(folder)}: no private range of /{_PREFIX} is free beside those in use; give one with --cidr"
    )


def _network_of(file: Path) -> list[IPv4Network]:
    """The network of a stack file; none where it says none, or nothing that can be read, which its own verdict says."""
    try:
        document: Any = load(file.read_text(encoding="utf-8"))[0]
        return [IPv4Network(document["config"][f"{NAMESPACE}:network"]["cidr"])]
    except (OSError, ValueError, LookupError, TypeError, YAMLError):
        return []
