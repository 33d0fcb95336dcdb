"""The stack's own private network, and the zones that it has a part in."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from stacks import zones
from stacks.fields import Fields, Zones
from stacks.model import Problem, Section, StackConfig


def _private_cidr(value: str) -> str:
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError("an IPv4 network in CIDR notation such as 10.40.0.0/20") from None
    if str(network) != value:  # bits beyond the mask, or a mask in another notation, which the clouds refuse
        raise ValueError(f"an IPv4 network in CIDR notation; did you mean {network}?")
    if not any(network.subnet_of(IPv4Network(block)) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise ValueError("a private network inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    # On aws each zone has the eighth of its letter (components/aws/zones.py): 251 addresses of a /21.
    if not 16 <= network.prefixlen <= 21:
        raise ValueError("a network between /16 and /21, an eighth of which is large enough for a zone's replicas")
    return value


class Network(Fields):
    """The pilot's own private network: no internet route.

    `zones` are on aws the names of the availability zones, with one subnet in each. Their order says nothing, and one
    more or less leaves the subnets of the others as they are.
    """

    cidr: Annotated[str, AfterValidator(_private_cidr)] = Field(examples=["10.40.0.0/20"])
    """The private addresses of the network in CIDR notation, between /16 and /21; they should overlap with no network
    that it may one day be joined to."""
    zones: Zones = Field(default=[], examples=[["us-east-1a", "us-east-1b"]])
    """On aws alone: the availability zones, two or more, with one subnet in each."""


def check(config: StackConfig) -> Iterator[Problem]:
    """The zones are those of the stack's region."""
    yield from zones.check(config, SECTION, "zones")


SECTION: Section[Network] = Section(
    __name__,
    value=Annotated[
        Network,
        Field(
            description="The stack's own private network, which has no route to the internet.",
            examples=[{"cidr": "10.40.0.0/20"}],
        ),
    ],
    called="private network",
    makes={"Network": "{stack}-network"},
    in_ground=True,
    check=check,
    own_schema=lambda platform: zones.schema(SECTION, platform, ("zones",)),
    refused_keys={
        "zones": {
            "gcp": "a subnet of Google Cloud spans its region; "
            "name the zone of people's machines under mlplatform:workspace.zone",
            "azure": zones.AZURE_HAS_NONE,
        }
    },
)
of = SECTION.of
