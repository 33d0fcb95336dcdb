"""Rewrites which version of the registry a model of a stack file is: the values of `version` and `digest`.

Nothing else of the file changes: its comments, its quotes, its order and its line ends stay as they are. What was
written is read again; where it does not say what was meant, nothing is written.
"""

from typing import Any

import yaml

from catalogue.errors import BadInput
from catalogue.registered import Registered
from catalogue.wording import nearest, one_line
from stacks.model import NAMESPACE
from stacks.strict_yaml import Loader, load

_SECTION = f"{NAMESPACE}:models"


def rewritten(text: str, version: Registered, digest: str, model: str | None = None) -> tuple[str, str]:
    """The text of a stack file in which the model is that version, and the model's name there.

    Without `model` it is the one that is registered under the version's name. Raises BadInput where none or several
    are, or where the file is written so that nobody can tell what to change.
    """
    known: dict[str, dict[str, Any]] = load(text)[0]["config"].get(_SECTION) or {}
    named = [name for name, said in known.items() if said.get("registered") == version.name]
    if model is not None and model not in named:
        raise BadInput(f"{_SECTION}: {one_line(model)} is no model that is registered as {version.name}")
    if not named:
        said = [str(one["registered"]) for one in known.values() if one.get("registered")]
        raise BadInput(f"{_SECTION}: no model is registered as {version.name}{nearest(version.name, said)}")
    if model is None and len(named) > 1:
        raise BadInput(f"{_SECTION}: {', '.join(named)} are registered as {version.name}; name one with --model")
    name = model or named[0]
    edited = _put(_put(text, name, "version", str(version.version), "registered"), name, "digest", digest, "version")
    known[name].update(version=version.version, digest=digest)
    try:
        got = load(edited)[0]["config"][_SECTION]
    except (yaml.YAMLError, KeyError, TypeError):
        got = None
    if got != known or load(edited)[0]["config"].keys() != load(text)[0]["config"].keys():
        raise BadInput(f"{_SECTION}.{name}: is written so that no program can change it; write both lines by hand")
    return edited, name


def _put(text: str, name: str, key: str, value: str, behind: str) -> str:
    """The text with another plain value of a key of a model, between the same quotes; a key that is not there comes
    behind another.
    """
    node: Any = yaml.compose(text, Loader=Loader)
    for each in ("config", _SECTION, name):
        node = next((found for at, found in _pairs(node) if at.value == each), None)
    model, node = node, next((found for at, found in _pairs(node) if at.value == key), None)
    if node is None and (before := next((one for one in _pairs(model) if one[0].value == behind), None)):
        if model.flow_style:
            end = before[1].end_mark.index
            return f"{text[:end]}, {key}: {value}{text[end:]}"
        end = text.find("\n", before[1].end_mark.index)
        line = "\r\n" if text[:end].endswith("\r") else "\n"
        end = len(text) if end < 0 else end + 1
        first = "" if text[:end].endswith("\n") else line
        return f"{text[:end]}{first}{' ' * before[0].start_mark.column}{key}: {value}{line}{text[end:]}"
    if not isinstance(node, yaml.ScalarNode) or node.style in (">", "|"):
        raise BadInput(f"{_SECTION}.{name}.{key}: is missing, or no plain value; write it by hand")
    quote = node.style if node.style in ("'", '"') else ""
    return f"{text[: node.start_mark.index]}{quote}{value}{quote}{text[node.end_mark.index :]}"


def _pairs(node: Any) -> list[tuple[Any, Any]]:
    return node.value if isinstance(node, yaml.MappingNode) else []
