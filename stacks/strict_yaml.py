"""YAML as a stack file may use it: nothing that two readers, or a reader and a person, take for different things."""

import re
from collections.abc import Hashable
from typing import Any, cast

import yaml

from catalogue.documents import keys_of
from catalogue.wording import found_word


class Refused(Exception):
    """What YAML allows and a stack file does not. `sentences` has one a mistake."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Unread(str):
    """A word that was refused: whatever else is wrong with it is the same mistake."""


def load(text: str) -> tuple[Any, list[str]]:
    """The document, and a sentence for each word in it that was refused and stands there as Unread.

    Raises Refused where what was found is no word, and what yaml raises for text that is no YAML.
    """
    loader = Loader(text)
    try:
        document = loader.get_single_data()
    except Refused as error:
        raise Refused(*loader.sentences, *error.sentences) from None
    finally:
        loader.dispose()
    return document, loader.sentences


_TEXT = "tag:yaml.org,2002:str"
_PLAIN_WORD = re.compile(r"|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]{1,40})?")
_TWOFOLD = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?0[xob][0-9a-fA-F_]+|[yYnN]")
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Loader(yaml.SafeLoader):
    """Safe YAML that refuses what a reader of the file could misread.

    That is a key written twice, a key that is no text, an anchor, an alias, a merge, a tag, and a bare word such as
    `on`, `010`, `1e3` or `1:30`, which this reader, the engine's and a person take for different things.
    """

    def __init__(self, stream: str) -> None:
        """Read a text."""
        super().__init__(stream)
        self.sentences: list[str] = []

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse anchors, aliases, tags and twofold words before they become anything."""
        event: Any = cast(Any, self).peek_event()
        if event.anchor is not None:
            raise Refused(_at(event, "found an anchor or alias (& or *), allowed: the value itself"))
        if getattr(event, "tag", None) is not None:
            raise Refused(_at(event, f"found the tag {found_word(event.tag)}, allowed: values without a tag"))
        refused = self._refused(event) if isinstance(event, yaml.ScalarEvent) else None
        node = super().compose_node(parent, index)
        if refused and isinstance(node, yaml.ScalarNode):
            self.sentences.append(_at(event, refused))
            return _unread(node, node.value)
        return node

    def _refused(self, event: yaml.ScalarEvent) -> str | None:
        word, bare = str(event.value), bool(event.implicit[0])
        if _SURROGATE.search(word):
            return f"found {found_word(word)}, half of a character, allowed: the character itself"
        if not bare or _PLAIN_WORD.fullmatch(word) or _PLAIN_NUMBER.fullmatch(word):
            return None
        if cast(Any, self).resolve(yaml.ScalarNode, word, event.implicit) == _TEXT and not _TWOFOLD.fullmatch(word):
            return None
        if word == "<<":
            raise Refused(_at(event, f"found {found_word(word)} without quotes, allowed: the keys themselves"))
        text = f"quoted text such as '{word}'" if _DAY.fullmatch(word) else "quoted text"
        return f"found {found_word(word)} without quotes, allowed: {text}, a plain decimal number, true or false"

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that is no text, and one that stands twice."""
        for at, (key, again) in enumerate(keys_of(node)):
            if key.tag != _TEXT:
                self.sentences.append(
                    _at(key, f"found {found_word(key.value)} as a key, allowed: text; put it in quotes")
                )
                node.value[at] = (_unread(key, found_word(key.value)), node.value[at][1])
            elif again:
                self.sentences.append(_at(key, f"found the key {found_word(key.value)} twice, allowed: once"))
        return super().construct_mapping(node, deep)


def _at(place: Any, sentence: str) -> str:
    return f"line {place.start_mark.line + 1}: {sentence}"


def _unread(node: yaml.Node, word: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_TEXT, Unread(word), node.start_mark, node.end_mark)
