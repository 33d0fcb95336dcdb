"""Takes out of a cloud's sentence whatever could name or open something: only words known to be harmless stay.

A list of secrets to look for is never whole. So it is the other way round: a word stays where it is plain language, an
error code of letters, a short number, a sign, or a type that the catalogue knows. Any other becomes `<1>`, `<2>`, …,
the same number for the same word. What is a plain word and yet names something (an owner, a password) is known from the
stack file, the graph and the environment, and is taken out first.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from catalogue.graph import Graph
from catalogue.kinds import kind_of
from stacks.model import StackConfig

MOST = 400
"""Characters of a sentence that are kept."""
_SECRETIVE = re.compile("KEY|TOKEN|SECRET|PASS|CREDENTIAL|SIGNATURE|ACCOUNT|USER|EMAIL|HOST|DOMAIN", re.IGNORECASE)
"""Names of environment variables whose values name or open something."""
_LEAST, _INSIDE = 3, 5
"""Characters that a known word has at least, to be found as a word and inside of one. Shorter ones are in any text."""
_PLAIN = re.compile(r"[A-Za-z]?[a-z]{0,15}(?:'[a-z]{1,2})?|[A-Z]{2,8}|\d{1,4}(?:\.\d{1,2})?|[^\w\s]{1,3}")
_CODE = re.compile(r"(?:[A-Z][a-z]{1,15}){2,7}")
"""An error code such as `ResourceLimitExceeded`. One with a digit may be an id."""
_SPLIT = re.compile(r"""(\s+|["'`<>()\[\]{},;]+|(?<![.:!?])[.:!?]+(?=\s|$|["'`)\]}]))""")
_QUOTED = re.compile(r"""(["'`])(?:\\.|(?!\1).)*\1""")


class Redactor:
    """Redacts the texts of one run. The same word gets the same number in all of them."""

    def __init__(self, known: Iterable[str]) -> None:
        words = {word for word in known if len(word) >= _LEAST and not word.isspace()}
        longest = sorted(words, key=lambda word: (-len(word), word))
        self._known = re.compile("|".join(map(_found, longest)), re.IGNORECASE) if longest else None
        self._numbers: dict[str, int] = {}

    def name(self, word: str) -> str:
        """The stand-in of a name."""
        return f"<{self._numbers.setdefault(word.casefold(), len(self._numbers) + 1)}>"

    def sentence(self, text: str) -> str:
        """A sentence of a cloud, on one line and at most `MOST` characters, without what could name or open something.

        What stands between quotes is somebody's own, even where it is plain language.
        """
        line = " ".join(text[: 10 * MOST].split())
        parts: list[str] = []
        at = 0
        for quoted in _QUOTED.finditer(line):
            parts += [*self._words(line[at : quoted.start()]), self.name(quoted.group()[1:-1])]
            at = quoted.end()
        return "".join([*parts, *self._words(line[at:])])[:MOST]

    def type(self, token: str) -> str:
        """A resource type where the catalogue knows it, else its stand-in."""
        return token if kind_of(token) is not None else self.name(token)

    def _words(self, text: str) -> Iterator[str]:
        at = 0
        for known in self._known.finditer(text) if self._known else ():
            yield from map(self._word, _SPLIT.split(text[at : known.start()]))
            yield self.name(known.group())
            at = known.end()
        yield from map(self._word, _SPLIT.split(text[at:]))

    def _word(self, word: str) -> str:
        harmless = not word or _SPLIT.fullmatch(word) or _PLAIN.fullmatch(word) or _CODE.fullmatch(word)
        return word if harmless else self.name(word)


def _found(word: str) -> str:
    return re.escape(word) if len(word) >= _INSIDE else rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])"


def known_words(config: StackConfig, graph: Graph, environment: Mapping[str, str] = os.environ) -> set[str]:
    """The words that name something of this stack, its people or this machine, or that open something.

    They are the stack's own name, the names of its resources, whatever its stack file says in words that are not the
    model's, and the values of environment variables that are called like a secret or a person.
    """
    ours: set[str] = set()
    _of_the_model(type(config).model_json_schema(by_alias=True), ours)
    said = {text for text in texts_and_keys(config.model_dump(mode="json")) if text not in ours}
    named = {resource.name for resource in graph.cloud} | {name for one in graph.cloud for name in one.names}
    secret = {value for key, value in environment.items() if _SECRETIVE.search(key)}
    return {part for word in (graph.stack, *said, *named, *secret) for part in (word, *word.splitlines())}


def _of_the_model(schema: Any, found: set[str]) -> None:
    """The names of keys and the words that a stack file may choose from: they name nothing of anybody's."""
    if isinstance(schema, dict):
        tree = cast("dict[str, Any]", schema)
        found |= {*tree.get("properties", ())}
        found |= {word for word in (tree.get("const"), *tree.get("enum", ())) if isinstance(word, str)}
    for one in cast("dict[str, Any]", schema).values() if isinstance(schema, dict) else ():
        _of_the_model(one, found)
    for one in cast("list[Any]", schema) if isinstance(schema, list) else ():
        _of_the_model(one, found)


def texts_and_keys(tree: Any) -> Iterator[str]:
    """Every text in a value and every key, at any depth."""
    if isinstance(tree, dict):
        for key, value in cast("dict[str, Any]", tree).items():
            yield key
            yield from texts_and_keys(value)
    elif isinstance(tree, list):
        for one in cast("list[Any]", tree):
            yield from texts_and_keys(one)
    elif isinstance(tree, str):
        yield tree
