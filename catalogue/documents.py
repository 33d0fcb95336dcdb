"""Documents inside properties, such as policies, state machines and workflows. One reader parses them whole."""

import json
from collections.abc import Hashable, Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import Any, cast

import yaml

from catalogue.marks import is_secret, is_unknown

_NODES = 50_000
"""The most parts of a document. It is far above what any cloud accepts."""


class NoDocument(ValueError):
    """A text that is no document. `str()` is the end of a sentence that begins with the path of the text."""


class _Twice(ValueError):
    """A document names one key twice. Two readers would then read different values."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of pairs that JSON has. Raises ValueError, which names it, for a key that stands there twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in [k for k, _ in pairs[:index]])
        raise _Twice(f"names {twice!r} twice")
    return found


def keys_of(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, bool]]:
    """Each key of a mapping of YAML in its order, and whether it stood there before. PyYAML takes the last in silence.

    A key that is itself a list or a mapping never stood before: the loader refuses it.
    """
    seen: set[str] = set()
    for key, _ in node.value:
        scalar = isinstance(key, yaml.ScalarNode)
        yield key, scalar and key.value in seen
        if scalar:
            seen.add(key.value)


class OnceLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice, and says where: of two entries a reader may see the other."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping. Raises MarkedYAMLError for a key that stands there twice."""
        for key, again in keys_of(node):
            if again:
                raise yaml.MarkedYAMLError(problem=f"has the key {key.value!r} twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


_DEPTH = 100
"""The most brackets within one another in YAML, whose reader takes the square of their number."""


class _Yaml(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice.

    It refuses aliases too, for a short text could hold endless parts by them; and brackets `_DEPTH` deep.
    """

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:
        scanner = cast(Any, self)
        if scanner.flow_level > _DEPTH:
            raise ValueError
        cast(Any, super()).fetch_flow_collection_start(TokenClass)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if cast(Any, self).check_event(yaml.AliasEvent):
            raise ValueError
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        for key, again in keys_of(node):
            if again:
                raise _Twice(f"names {key.value!r} twice")
        return super().construct_mapping(node, deep)


@lru_cache(maxsize=1024)  # many rules read one policy, and nobody writes into what was read
def parse(text: str) -> Mapping[str, Any]:
    """The document in a text: JSON, or YAML where the text does not begin as JSON does.

    Raises NoDocument where the text cannot be read, names one key twice, has a key that is no text, or is not made of
    sections. Raises it for one of Pulumi's own marks too: no real document has one, and a rule would wait for ever for
    its value.
    """
    try:
        if text.lstrip().startswith("{"):
            found: Any = json.loads(text, object_pairs_hook=once)
        else:
            found = yaml.load(text, Loader=_Yaml)  # a safe loader, made strict
        _plain(found, count(1))
    except _Twice as error:
        raise NoDocument(f"{error}, so that it can be read in two ways") from None
    except Exception:  # the parsers raise many kinds of errors, and each means that the text is no document
        raise NoDocument("is no document that can be read") from None
    if not isinstance(found, Mapping):
        raise NoDocument("is no document of sections")
    return cast(Mapping[str, Any], found)


def _plain(value: Any, nodes: Iterator[int]) -> None:
    """Raise ValueError for what no real document has: a mark of Pulumi, a key that is no text, too many parts."""
    if next(nodes) > _NODES or is_unknown(value) or is_secret(value):
        raise ValueError
    if isinstance(value, Mapping):
        for key, item in cast(Mapping[Any, Any], value).items():
            if not isinstance(key, str):
                raise ValueError
            _plain(item, nodes)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            _plain(item, nodes)
