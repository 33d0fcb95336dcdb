"""Values that a change puts in place of another: what is foreign, wider, or merely other, by the form of the value."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from catalogue.graph import Graph

_FOREIGN_ACCOUNT = "999988887777"
_FOREIGN_GUID = "99999999-8888-7777-6666-555555555555"
_FOREIGN_PROJECT = "somebody-elses"
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_CIDR = re.compile(r"\d+\.\d+\.\d+\.\d+/\d+")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il)-[a-z]+-\d\b|\b(?:us|europe|asia|australia)-[a-z]+\d\b")
_AZURE_REGIONS = re.compile(r"\b(?:eastus2?|westeurope|northeurope|swedencentral|westus[23]?|uksouth)\b")
_EVERYWHERE = ("0.0.0.0/0", "0.0.0.0/1", "::/0")


@dataclass(frozen=True)
class World:
    """What makes a value the stack's own: the names of its account, and the region that it stands in."""

    account: str
    region: str
    project: str

    @classmethod
    def of(cls, graph: Graph) -> "World":
        """The world of a graph, by its stack file; empty names where none was read."""
        place = graph.placement
        return cls(place.account if place else "", place.region if place else "", graph.project)


def foreign(world: World, text: str) -> Iterator[tuple[str, str]]:
    """The same text, of others: another account, name, region or peer. Each with a word for what it is of."""
    if _CIDR.fullmatch(text):
        yield from (("everywhere", wide) for wide in _EVERYWHERE)
        yield "elsewhere", "198.51.100.0/24"
        return
    if _ADDRESS.fullmatch(text):
        yield "elsewhere", "198.51.100.7"
        return
    other = _ACCOUNT.sub(_FOREIGN_ACCOUNT, text)
    if world.account:
        other = re.sub(re.escape(world.account), _other_account(world.account), other)
    if "/subscriptions/" in text:
        other = _GUID.sub(_FOREIGN_GUID, text)
    if other != text:
        yield "account", other
    if world.region and world.region in text:
        yield "region", text.replace(world.region, _other_region(world.region))
    elif (moved := _AZURE_REGIONS.sub("brazilsouth", _REGION.sub("sa-east-1", text))) != text:
        yield "region", moved
    if _GUID.fullmatch(text):
        yield "identity", _FOREIGN_GUID
    if "@" in text:
        yield "identity", re.sub(r"[^:\s]+@[^\s]+", "mallory@example.com", text)
    if (named := re.fullmatch(r"(s3://|gs://|https://|http://)([^/]+)(/.*)?", text)) is not None:
        yield (
            "place",
            f"{named[1]}mallory.example.com{named[3] or ''}"
            if "." in named[2]
            else (f"{named[1]}somebody-elses-place{named[3] or ''}"),
        )
    if re.fullmatch(r"arn:aws[\w-]*:[^:]*:[^:]*:[^:]*:.+", text) or text.startswith(("/subscriptions/", "projects/")):
        yield "name", f"{text}-of-somebody-else"


def wider(text: str) -> Iterator[tuple[str, str]]:
    """A text that takes in more: a wildcard in place of the end of a name."""
    if re.fullmatch(r"arn:aws[\w-]*:[^:]*:[^:]*:[^:]*:.+", text):
        head, _, _ = text.rpartition(":")
        yield "wildcard", f"{head}:*"
    if text.startswith("/subscriptions/") and text.count("/") > 2:
        yield "wildcard", "/".join(text.split("/")[:3])


def numbers(value: float) -> Iterator[tuple[str, float]]:
    """Numbers far off: none, and a thousand times as many."""
    if value:
        yield "none", 0
    yield "a thousand times", (value or 1) * 1000


def _other_account(account: str) -> str:
    if _GUID.fullmatch(account):
        return _FOREIGN_GUID
    return _FOREIGN_ACCOUNT if _ACCOUNT.fullmatch(account) else _FOREIGN_PROJECT


def _other_region(region: str) -> str:
    """A region of the same platform on another continent; its form tells the platform."""
    if re.fullmatch(r"[a-z]+-[a-z]+-\d", region):
        return "sa-east-1"
    return "southamerica-east1" if "-" in region else "brazilsouth"
