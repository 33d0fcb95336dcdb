"""Takes an endpoint off in its stack file, and brings it back: `enabled: false`, with a line that says when and why.

Nothing else of the file changes: its comments, its order and its line ends stay as they are. What was written is read
again; where it does not say what was meant, nothing is written.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from catalogue.errors import BadInput
from catalogue.wording import did_you_mean, one_line
from stacks.model import NAMESPACE
from stacks.strict_yaml import Loader, load

_MARK = "# off by mlplatform idle"
_SECTION = f"{NAMESPACE}:endpoints"


@dataclass(frozen=True)
class Reason:
    """Why an endpoint is taken off: the day, who does it, and what was seen of it."""

    day: date
    who: str
    why: str

    @property
    def line(self) -> str:
        """The comment above `enabled: false`."""
        return f"{_MARK} on {self.day}, by {one_line(self.who, 100)}: {one_line(self.why, 300)}"


def taken_off(text: str, reasons: Mapping[str, Reason]) -> str:
    """The text of a stack file in which these endpoints are `enabled: false`.

    Raises BadInput where the file has no such endpoint, or is written so that nobody can tell where the word belongs.
    """
    edited = text
    for name, reason in reasons.items():
        edited = _off(edited, name, reason)
    _check(text, edited, dict.fromkeys(reasons, False))
    return edited


def brought_back(text: str, names: Collection[str] = ()) -> tuple[str, list[str]]:
    """The text in which these endpoints are on again, and their names. Without names, all that `taken_off` wrote.

    Raises BadInput as `taken_off` does, and where a named endpoint is on already.
    """
    woken = list(names) or [name for name, fields in _endpoints(text).items() if _line_above(text, fields)]
    edited = text
    for name in woken:
        edited = _on(edited, name)
    _check(text, edited, dict.fromkeys(woken, True))
    return edited, woken


def _endpoints(text: str) -> dict[str, yaml.MappingNode]:
    """The mapping of each endpoint by its name, as it stands in the text."""
    node: Any = yaml.compose(text, Loader=Loader)
    for key in ("config", _SECTION):
        node = _value(node, key)
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value if isinstance(node, yaml.MappingNode) else []
    return {str(key.value): value for key, value in pairs if isinstance(value, yaml.MappingNode)}


def _value(node: Any, key: str) -> yaml.Node | None:
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _endpoint(text: str, name: str) -> yaml.MappingNode:
    every = _endpoints(text)
    if name not in every:
        hint = did_you_mean(name, every) or (f"; there are {', '.join(every)}" if every else "; it has none at all")
        raise BadInput(f"{_SECTION}: has no endpoint {one_line(name)} that could be switched{hint}")
    return every[name]


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_above(text: str, fields: yaml.MappingNode) -> tuple[int, int] | None:
    """Where the comment of `taken_off` stands above the word `enabled` of an endpoint; None where there is none."""
    said = _value(fields, "enabled")
    if said is None:
        return None
    end = _line_start(text, said.start_mark.index)
    start = _line_start(text, max(end - 1, 0))
    return (start, end) if text[start:end].strip().startswith(_MARK) else None


def _off(text: str, name: str, reason: Reason) -> str:
    fields = _endpoint(text, name)
    said, newline = _value(fields, "enabled"), "\r\n" if "\r\n" in text else "\n"
    if said is not None:
        if said.value.lower() == "false":
            raise BadInput(f"{_SECTION}.{name}.enabled: is false already; `mlplatform wake` brings the endpoint back")
        text = f"{text[: said.start_mark.index]}false{text[said.end_mark.index :]}"
        at = said.start_mark.index
    else:
        at = fields.start_mark.index + (1 if fields.flow_style else 0)
        column = at - _line_start(text, at)
        word = "enabled: false, " if fields.flow_style else f"enabled: false{newline}{' ' * column}"
        text = f"{text[:at]}{word}{text[at:]}"
    start = _line_start(text, at)
    indent = text[start:at][: len(text[start:at]) - len(text[start:at].lstrip())]
    return f"{text[:start]}{indent}{reason.line}{newline}{text[start:]}"


def _on(text: str, name: str) -> str:
    fields = _endpoint(text, name)
    said, above = _value(fields, "enabled"), _line_above(text, fields)
    if said is None or said.value.lower() != "false":
        raise BadInput(
            f"{_SECTION}.{name}: is on already; name one that is off, or none for all that `idle --off` took off"
        )
    start = _line_start(text, said.start_mark.index)
    end = text.find("\n", said.end_mark.index) + 1 or len(text)
    before, after = text[start : said.start_mark.index], text[said.end_mark.index : end]
    if before.strip() == "enabled:" and not after.strip():
        edited = text[:start] + text[end:]
    elif text[: said.start_mark.index].endswith("{enabled: ") and text[said.end_mark.index :].startswith(", "):
        edited = text[: said.start_mark.index - len("enabled: ")] + text[said.end_mark.index + len(", ") :]
    else:
        edited = f"{text[: said.start_mark.index]}true{text[said.end_mark.index :]}"
    return edited if above is None else edited[: above[0]] + edited[above[1] :]


def _check(before: str, after: str, meant: Mapping[str, bool]) -> None:
    """Refuse an edit that changed more than the word, or did not change it."""
    try:
        wanted, got = load(before)[0], load(after)[0]
        for name, on in meant.items():
            for document in (wanted, got):
                endpoint = document["config"][_SECTION][name]
                endpoint["enabled"] = endpoint.get("enabled", True) if document is got else on
    except (yaml.YAMLError, KeyError, TypeError):
        wanted, got = None, object()
    if wanted != got:
        where = ", ".join(meant)
        raise BadInput(f"{_SECTION}: {where} is written so that no program can switch it; write `enabled` by hand")
