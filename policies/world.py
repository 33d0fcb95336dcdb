"""What is the stack's own: its account and region, the names of its resources, and what its file and landing zone name.

A rule holds each principal, key, network, bucket, registry and destination against it: what is neither is foreign.
`policies/<platform>/world.py` has the rules that know how the platform's own names are built.
"""

import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kind import Acts
from catalogue.kinds import kind_of
from catalogue.landing_zones import GcpNetwork
from catalogue.marked import texts_in
from catalogue.marks import is_marked
from catalogue.once import once_a_graph, once_a_resource
from policies import given

_NAMED_BY = ("name", "bucket", "domainName", "repositoryId", "accountId")
"""The inputs with the name of a resource, which the engine knows before the cloud has answered."""


_OUR_PROVIDER = "pulumi:providers:mlplatform"
_SCHEME = re.compile(r"arn:aws[a-z-]*:s3:::|(?<![a-z0-9])[a-z0-9]+://")
"""What stands before a name that is the only one in the world."""


@dataclass(frozen=True)
class World:
    """What is the stack's own, in lower case. `by_type` has the names of its resources, by their type.

    `given` are the texts that the stack file says of others (sources, callers, networks of people), and those of its
    landing zone's entry. `addresses` are the places of the addresses in it, which name a place and trust no account.
    `account` and `region` are empty where nobody says them.
    """

    account: str
    region: str
    by_type: Mapping[str, frozenset[str]]
    names: frozenset[str]
    given: frozenset[str]
    addresses: frozenset[str]

    def has(self, text: str, *types: str) -> bool:
        """Whether a text names a resource of the stack, of these types where any are given, or what the file names.

        What lies in one of them is named with it: an object of a bucket, a stream of a log group.
        """
        own = self.names if not types else frozenset[str]().union(*(self.by_type.get(one, ()) for one in types))
        return any(one in own or one in self.given or one in self.addresses for one in _above(text))


@once_a_graph
def world(graph: Graph) -> World:
    """The world of a graph."""
    by_type: dict[str, set[str]] = {}
    for resource in graph.cloud:
        by_type.setdefault(resource.type, set()).update(names_of(resource))
    place, zone = graph.placement, given.zone(graph)
    said: list[Any] = []
    for network in given.networks(graph).values():
        # One of Google Cloud says its parts, and is named by the whole.
        said += [network.model_dump(mode="json"), network.named_by]
        said += [network.subnet_id(place.region)] if isinstance(network, GcpNetwork) and place else []
    said += [zone.model_dump(mode="json")] if zone else []
    for each in (*place.sources, *place.callers, *place.people) if place else ():
        said += list(each if isinstance(each, tuple) else astuple(each))
    return World(
        account=place.account if place else "",
        region=place.region if place else "",
        by_type={type_: frozenset(names) for type_, names in by_type.items()},
        names=frozenset(name for names in by_type.values() for name in names),
        given=frozenset(one.casefold() for text in texts_in(said) if text for one in (text, _place(text))),
        addresses=frozenset(_place(one).casefold() for one in (place.addresses if place else ())),
    )


@once_a_resource
def names_of(resource: Resource) -> Set[str]:
    """What a resource is named by, in lower case: by its inputs, and by the cloud's answers where they are known."""
    kind = kind_of(resource.type)
    own = kind.acts.behaviour.name if kind and isinstance(kind.acts, Acts) and kind.acts.behaviour else ""
    named = (resource.inputs.get(key) for key in (*_NAMED_BY, own))
    known = {text for text in named if isinstance(text, str) and text and not is_marked(text)}
    answered = {*resource.names} - {resource.inputs.get("arn")}  # an ARN that is sent is of what a resource points at
    return frozenset(one.casefold() for one in known | answered)


def may_be_id(graph: Graph, resource: Resource, path: str, text: str, *types: str) -> bool:
    """Whether a text may be the id of a resource of the stack of these types, which its property is made of.

    The engine shows a rule no ids, and some are in no other answer. The text must have a name of that resource in it,
    or end its ARN, where one is known. Offline every id is known, so this is never asked for.
    """
    made_of = (graph.by_urn.get(urn) for urn in resource.property_dependencies.get(path.partition(".")[0], ()))
    for one in made_of:
        if one is not None and one.type in types and "id" not in one.outputs and not _is_elsewhere(graph, one, text):
            names = names_of(one)
            if not names or one.is_named([text]) or any(name in text.casefold() for name in names):
                return True
    return False


def _is_elsewhere(graph: Graph, one: Resource, text: str) -> bool:
    """Whether a text that has a resource's name in it is in full another's: of another ARN, or of another project."""
    arn, said = one.outputs.get("arn"), text.casefold()
    if said.startswith("arn:") and isinstance(arn, str) and not is_marked(arn):
        return not said.startswith(arn.casefold())
    parts = said.split("/")
    account = graph.placement.account if graph.placement else ""
    return parts[0] == "projects" and len(parts) > 1 and bool(account) and parts[1] not in (account, "_")


def _place(text: str) -> str:
    """The bucket, the container or the host of an address or of S3's ARN; any other text as it is."""
    return _SCHEME.sub("", text).partition("/")[0] if _SCHEME.match(text) else text


def texts(resource: Resource) -> Iterator[tuple[str, str]]:
    """Every text in the inputs of a resource with its path, those in JSON documents too, after a `#`.

    Our own provider has none. It takes no inputs, and the engine hands it the whole stack file, for the file's keys are
    those of its namespace: that configures nothing, and what comes of it is judged where it is made.
    https://www.pulumi.com/docs/iac/concepts/providers/#default-provider-configuration
    """
    return iter(()) if resource.type == _OUR_PROVIDER else texts_of(resource.inputs)


def texts_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a value, as `texts` has them. A key that has a `/` in it may name something, so it is one too."""
    if is_marked(value):
        return
    if isinstance(value, str):
        document = _document(value) if value.lstrip()[:1] in ("{", "[") else None
        if document is None:
            yield path, value
        else:
            yield from ((f"{path}#{below}", text) for below, text in document)
    elif isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            if "/" in key:
                yield path, key
            yield from texts_of(one, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, one in enumerate(cast("list[Any]", value)):
            yield from texts_of(one, f"{path}.{number}".lstrip("."))


@lru_cache(maxsize=1024)
def _document(text: str) -> tuple[tuple[str, str], ...] | None:
    """The texts of a JSON document, or None for any other text."""
    try:
        return tuple(texts_of(json.loads(text)))
    except (ValueError, RecursionError):
        return None


_LONGEST = 2048
"""The most characters of a name. An ARN has no more: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html
"""


@lru_cache(maxsize=65_536)
def _above(text: str) -> tuple[str, ...]:
    """A text in lower case, and what it lies in: each beginning of it that ends before a `/` or a `:`.

    So too of what stands behind the scheme of an address.
    """
    said = text.casefold()
    both = dict.fromkeys((said, _SCHEME.sub("", said)))
    ends = [(one, end) for one in both for end, letter in enumerate(one[:_LONGEST]) if letter in "/:" and end]
    return (*both, *(one[:end] for one, end in ends))
