"""Where people work, and who they are."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word, nearest
from stacks import zones
from stacks.checks import one_by_one
from stacks.fields import NETWORK, Cidr, Fields, Principal, Slug, Zone, Zones, distinct
from stacks.model import NAMESPACE, Problem, Section, StackConfig
from stacks.sections import network

FAMILY = "cpu-small"
"""The machine of each person's own: a Workbench instance or a compute instance. Azure builds images on it, too. On aws
it is what applications of the workspace run on, and people's role may start none on another."""


class From(Fields):
    """A network that people come from: where their virtual desktops or jump hosts stand. It is joined to the stack's.

    The stack makes its half of a peering, and links its private DNS zones to the network, which may read no other zones
    of the same names.
    """

    network: Annotated[str, StringConstraints(pattern=NETWORK)] = Field(
        examples=[
            "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/desktops/providers/Microsoft.Network/"
            "virtualNetworks/desktops"
        ]
    )
    """The private network that people stand in, by its id."""
    cidr: Cidr = Field(examples=["10.50.0.0/20"])
    """Its people's addresses, in CIDR notation."""


class Workspace(Fields):
    """Where people work. What is idle stops after `idle_timeout_minutes`: at least 60 on aws, 15 on azure, 10 on gcp.

    `principals` says who each user is in the platform's directory, where a machine of theirs must belong to one person:
    an e-mail address on gcp, an Entra object id on azure; aws knows people by the role they sign in with.

    `zones` are on aws the zones of the network that Studio and everybody's home directory stand in, for good: another
    set of them would be another Studio, so the engine refuses it. `zone` is on gcp where new machines are made; one
    that stands stays where it is.
    """

    users: Annotated[
        list[Slug],
        Field(min_length=1, max_length=50, json_schema_extra={"uniqueItems": True}),
        AfterValidator(distinct),
    ] = Field(examples=[["ana", "ben"]])
    """The people who work here, by a short name of your choice."""
    idle_timeout_minutes: Annotated[int, Field(ge=10, le=525_600)] = Field(default=60, examples=[60])
    """After how many minutes of idleness a person's machine stops."""
    principals: dict[Slug, Principal] = Field(
        default={}, max_length=50, examples=[{"ana": "ana@example.com", "ben": "ben@example.com"}]
    )
    """Who each user is in the directory: an e-mail address on gcp, an Entra object id on azure; on aws nothing."""
    zones: Zones = Field(default=[], examples=[["us-east-1a", "us-east-1b"]])
    """On aws alone: the zones of the network that Studio stands in, for good."""
    zone: Zone = Field(default="", examples=["us-central1-a"])
    """On gcp alone: the zone in which people's new machines are made."""
    reached_from: dict[Slug, From] = Field(
        default={},
        max_length=5,
        examples=[
            {
                "desktops": {
                    "network": "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/desktops/"
                    "providers/Microsoft.Network/virtualNetworks/desktops",
                    "cidr": "10.50.0.0/20",
                }
            }
        ],
    )
    """On azure alone: the networks that people come from, by a name of your choice. The workspace answers in private
    only, so nobody opens the studio from anywhere else. To a landing zone's network its owner joins them; the stack
    lets them read the private zones that it makes there."""


_SHORTEST = {"aws": 60, "gcp": 10, "azure": 15}
"""The shortest idle timeout in minutes: of Studio's applications, of a Workbench instance, of a compute instance.

Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_IdleSettings.html,
https://cloud.google.com/vertex-ai/docs/workbench/instances/idle-shutdown and
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-create-compute-instance
"""


def _idle(config: StackConfig) -> Iterator[Problem]:
    shortest, longest = _SHORTEST[config.platform], PLATFORMS[config.platform].idle_minutes
    minutes = of(config).idle_timeout_minutes
    if not shortest <= minutes <= longest:
        allowed = f"{longest} or less" if minutes > longest else f"{shortest} or more"
        sentence = f"found {minutes}, allowed: {allowed} on {config.platform}"
        yield Problem((SECTION.name, "idle_timeout_minutes"), sentence)


def _people(config: StackConfig) -> Iterator[Problem]:
    """Who each user is: one person of the platform's directory, where a machine of theirs must belong to one."""
    person, users, principals = PLATFORMS[config.platform].person, of(config).users, of(config).principals
    for user, who in principals.items():
        if not re.fullmatch(person.pattern or "", who):
            yield _problem(user, f"found {found_word(who)}, allowed: {person.words}")
    for user in users if person.pattern else ():
        if user not in principals:
            yield _problem(user, f"is missing; add {person.words}")
    for user in principals:
        if user not in users:
            yield _problem(user, f"is no name under {NAMESPACE}:workspace.users{nearest(user, users)}")
    first = {who: user for user, who in reversed(principals.items())}
    for user, who in principals.items() if person.pattern else ():
        if first[who] != user:  # Azure refuses to give one person the same role twice
            yield _problem(user, f"found {found_word(who)}, which is {first[who]} already, allowed: each person once")


def _problem(user: str, sentence: str) -> Problem:
    return Problem((SECTION.name, "principals", user), sentence)


def _zones(config: StackConfig) -> Iterator[Problem]:
    own = [problem for key in ("zones", "zone") for problem in zones.check(config, SECTION, key, FAMILY)]
    yield from own
    if own or SECTION.refused_key("zones", config.platform) or list(network.SECTION.check(config)):
        return
    has = network.zones_of(config)
    for path, zone in zones.each(SECTION, "zones", of(config).zones):
        if zone not in has:
            allowed = f"a zone of {NAMESPACE}:network.zones ({', '.join(has)})"
            kept = "the network must keep a zone that Studio stands in"
            yield Problem(path, f"found {found_word(zone)}, allowed: {allowed}; {kept}")


_DOCKER = IPv4Network("172.17.0.0/16")
"""What the container runtime of a Workbench instance takes for itself: Workbench troubleshooting, "docker0 address
conflicts with VPC addressing",
https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/general/troubleshooting-workbench
"""


def _addresses(config: StackConfig) -> Iterator[Problem]:
    """An instance reaches nobody at an address that it takes for its own containers'."""
    cidr = network.of(config).cidr
    if config.platform == "gcp" and cidr and IPv4Network(cidr).overlaps(_DOCKER):
        allowed = f"a network that does not overlap {_DOCKER}, which a person's machine keeps for its own containers"
        yield Problem((network.SECTION.name, "cidr"), f"found {found_word(cidr)}, allowed: {allowed}")


def _ways(config: StackConfig) -> Iterator[Problem]:
    """The networks that people come from: each once, and none shares an address with another or with the stack's."""
    if SECTION.refused_key("reached_from", config.platform):
        return
    own, form = network.of(config).cidr, PLATFORMS[config.platform].network
    taken = [("the stack", "", IPv4Network(own))] if own else []
    for name, way in of(config).reached_from.items():
        at, range_ = (SECTION.name, "reached_from", name), IPv4Network(way.cidr)
        if not re.fullmatch(form.pattern or "", way.network):
            yield Problem((*at, "network"), f"found {found_word(way.network)}, allowed: {form.words}")
        for other, there, other_range in taken:
            if there == way.network.casefold():
                yield Problem((*at, "network"), f"is the network of {other} already, allowed: each network once")
            elif range_.overlaps(other_range):
                allowed = f"a network that does not overlap that of {other}, {other_range}"
                yield Problem((*at, "cidr"), f"found {found_word(way.cidr)}, allowed: {allowed}")
        taken.append((name, way.network.casefold(), range_))


def networks_of(config: StackConfig) -> list[str]:
    """The ids of the networks that people come from."""
    return [way.network for way in of(config).reached_from.values()]


def _own_schema(platform: str) -> dict[str, Any]:
    return zones.schema(SECTION, platform, ("zones", "zone"), FAMILY)


SECTION: Section[Workspace] = Section(
    __name__,
    value=Annotated[
        Workspace,
        Field(
            description="Where people work, and who they are. What is idle stops.",
            examples=[{"users": ["ana", "ben"]}],
        ),
    ],
    called="workspace with idle shutdown",
    makes={"Workspace": "{stack}-workspace", "People": "{stack}-people"},
    after=("network",),
    check=one_by_one(_people, _zones, _addresses, _idle, _ways),
    own_schema=_own_schema,
    refused_keys={
        "zones": {
            "gcp": "a Workbench instance stands in one zone; name it under mlplatform:workspace.zone",
            "azure": zones.AZURE_HAS_NONE,
        },
        "zone": {
            "aws": "Studio stands in two zones or more; name them under mlplatform:workspace.zones",
            "azure": zones.AZURE_HAS_NONE,
        },
        "reached_from": {
            # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedDomainUrl.html
            "aws": "Studio opens at an address that AWS signs for one person who has signed in, from wherever they "
            "are; the nearest thing is a condition on aws:SourceIp in the permission set that people sign in with",
            # https://cloud.google.com/vertex-ai/docs/workbench/instances/create
            "gcp": "JupyterLab opens through Google's proxy, which asks each person to sign in, from wherever they "
            "are; the nearest thing is an access level of the organisation's",
        },
    },
)
of = SECTION.of
