"""The stack's own private network, and the zones that it has a part in."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import Field

from catalogue.landing_zones import AwsZone, LandingZone
from catalogue.wording import found_word
from stacks import zones
from stacks.checks import one_by_one
from stacks.fields import Cidr, Fields, Zones
from stacks.model import Problem, Section, StackConfig
from stacks.sections import landing_zone

_CIDR = "a private network such as 10.40.0.0/20"
_SMALLEST: Mapping[str, tuple[int, str]] = {
    # On aws each zone has the eighth of its letter (components/aws/zones.py): 251 addresses of a /21.
    "aws": (21, "an eighth of which is large enough for a zone's replicas"),
    "gcp": (21, "an eighth of which is large enough for a zone's replicas"),
    # On azure the replicas stand in a network that Azure ML manages. A /26 has 59 addresses.
    "azure": (26, "which is large enough for private endpoints and those who call through them"),
}
"""The longest mask of the stack's own network by platform, and why."""


class Network(Fields):
    """The pilot's own private network: no internet route. Where the landing zone gives a network, `cidr` is left out.

    `zones` are on aws the names of the availability zones, with one subnet in each. Their order says nothing, and one
    more or less leaves the subnets of the others as they are.
    """

    cidr: Cidr = Field(default="", examples=["10.40.0.0/20"])
    """The private addresses of the network in CIDR notation, between /16 and /21, or /26 on azure; they should overlap
    with no network that it may one day be joined to."""
    zones: Zones = Field(default=[], examples=[["us-east-1a", "us-east-1b"]])
    """On aws alone: the availability zones, two or more, with one subnet in each."""


def _addresses(config: StackConfig) -> Iterator[Problem]:
    """A network of the landing zone has its addresses already. One that is made overlaps nothing that is in use."""
    zone, said = landing_zone.found(config), SECTION.of(config)
    if zone is None and landing_zone.of(config) is not None:
        return  # that mistake has a sentence of its own
    if zone is not None and zone.network is not None:
        if said.cidr:
            where = f"the landing zone {landing_zone.of(config)} gives a network, which has its addresses"
            yield Problem((SECTION.name, "cidr"), f"contradicts the landing zone: {where}; leave it out")
        return
    if not said.cidr:
        missing = (SECTION.name, "cidr") if SECTION.name in config.model_fields_set else (SECTION.name,)
        yield Problem(missing, f"is missing; add {'' if len(missing) > 1 else 'cidr, '}{_CIDR}")
        return
    smallest, why = _SMALLEST[config.platform]
    if not 16 <= IPv4Network(said.cidr).prefixlen <= smallest:
        allowed = f"a network between /16 and /{smallest}, {why}"
        yield Problem((SECTION.name, "cidr"), f"found {found_word(said.cidr)}, allowed: {allowed}")
    for used in zone.ranges_in_use if zone else ():
        if IPv4Network(said.cidr).overlaps(IPv4Network(used)):
            allowed = f"a network that does not overlap {used}, which is in use in the landing zone"
            yield Problem((SECTION.name, "cidr"), f"found {found_word(said.cidr)}, allowed: {allowed}")


def _zones(config: StackConfig) -> Iterator[Problem]:
    """The zones are those of the stack's region, or of the network that the landing zone gives."""
    zone = landing_zone.found(config)
    if zone is None and landing_zone.of(config) is not None:
        return
    if zone is None or zone.network is None:
        # Without a network at all its zones are not missing too.
        yield from zones.check(config, SECTION, "zones") if SECTION.name in config.model_fields_set else ()
        return
    has = _given_zones(zone)
    for path, named in zones.each(SECTION, "zones", SECTION.of(config).zones):
        if named not in has:
            allowed = f"a zone in which the landing zone gives a subnet ({', '.join(has)})"
            yield Problem(path, f"found {found_word(named)}, allowed: {allowed}")


def zones_of(config: StackConfig) -> list[str]:
    """The zones in which the network has a subnet: those that the file names, else those that the landing zone gives.

    Only on aws are there any.
    """
    return SECTION.of(config).zones or _given_zones(landing_zone.found(config))


def _given_zones(zone: LandingZone | None) -> list[str]:
    return sorted(zone.network.subnet_ids) if isinstance(zone, AwsZone) and zone.network else []


SECTION: Section[Network] = Section(
    __name__,
    value=Annotated[
        Network,
        Field(
            description="The stack's own private network, which has no route to the internet. Where a landing zone "
            "gives a network, leave this section out.",
            examples=[{"cidr": "10.40.0.0/20"}],
        ),
    ],
    default=Network(),
    called="private network",
    makes={"Network": "{stack}-network"},
    in_ground=True,
    check=one_by_one(_addresses, _zones),
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
