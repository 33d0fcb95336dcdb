"""Where people work, and who they are."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word, nearest
from stacks import zones
from stacks.checks import one_by_one
from stacks.fields import Fields, Principal, Slug, Zone, Zones, distinct
from stacks.model import NAMESPACE, Problem, Section, StackConfig
from stacks.sections import network

FAMILY = "cpu-small"
"""The machine of each person's own: a Workbench instance or a compute instance. Azure builds images on it, too. On aws
it is what applications of the workspace run on, and people's role may start none on another."""


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
    makes={"Workspace": "{stack}-workspace"},
    after=("network",),
    check=one_by_one(_people, _zones, _idle),
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
    },
)
of = SECTION.of
