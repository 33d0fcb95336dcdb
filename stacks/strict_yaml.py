"""YAML as a stack file may use it: nothing that two readers, or a reader and a person, take for different things."""

import re
from collections.abc import Hashable
from typing import Any, cast

import yaml

from catalogue.documents import keys_of
from catalogue.wording import found_word


class Refused(Exception):
    """What YAML allows and a stack file does not."""

    def __init__(self, at: Any, sentence: str) -> None:
        super().__init__(f"line {at.start_mark.line + 1}: {sentence}")


_TEXT = "tag:yaml.org,2002:str"
_PLAIN_WORD = re.compile(r"|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})(\.[0-9]{1,40})?")
_TWOFOLD = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?0[xob][0-9a-fA-F_]+|[yYnN]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Loader(yaml.SafeLoader):
    """Safe YAML that refuses what a reader of the file could misread.

    That is a key written twice, a key that is no text, an anchor, an alias, a merge, a tag, and a bare word such as
    `on`, `010`, `1e3` or `1:30`, which this reader, the engine's and a person take for different things.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse anchors, aliases, tags and twofold words before they become anything."""
        event: Any = cast(Any, self).peek_event()
        if event.anchor is not None:
            raise Refused(event, "found an anchor or alias (& or *), allowed: the value itself")
        if getattr(event, "tag", None) is not None:
            raise Refused(event, f"found the tag {found_word(event.tag)}, allowed: values without a tag")
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_scalar(event)
        return super().compose_node(parent, index)

    def _refuse_scalar(self, event: yaml.ScalarEvent) -> None:
        word, bare = str(event.value), bool(event.implicit[0])
        if _SURROGATE.search(word):
            raise Refused(event, f"found {found_word(word)}, half of a character, allowed: the character itself")
        if not bare or _PLAIN_WORD.fullmatch(word) or _PLAIN_NUMBER.fullmatch(word):
            return
        if cast(Any, self).resolve(yaml.ScalarNode, word, event.implicit) != _TEXT or _TWOFOLD.fullmatch(word):
            allowed = "the keys themselves" if word == "<<" else "quoted text, a plain decimal number, true or false"
            raise Refused(event, f"found {found_word(word)} without quotes, allowed: {allowed}")

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that is no text, and one that stands twice."""
        for key, again in keys_of(node):
            if key.tag != _TEXT:
                raise Refused(key, f"found {found_word(key.value)} as a key, allowed: text; put it in quotes")
            if again:
                raise Refused(key, f"found the key {found_word(key.value)} twice, allowed: once")
        return super().construct_mapping(node, deep)
