"""The pilots' stack files as data. PyYAML takes a fortieth of a second for one, and hundreds of tests want one."""

import copy
from functools import cache
from typing import Any

import yaml

from stacks.config import STACKS
from stacks.strict_yaml import load


def pilot_file(platform: str) -> dict[str, Any]:
    """What `stacks/Pulumi.<platform>-pilot.yaml` says, in a copy of the caller's own, to be changed at will."""
    return copy.deepcopy(_read(platform))


@cache
def _read(platform: str) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8"))
    return said


def taken(example: str) -> Any:
    """An example of a page, by the reader of stack files, which takes less than YAML allows: no anchor, for one."""
    document, refused = load(example)
    assert not refused, refused
    return document
