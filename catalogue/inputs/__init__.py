"""What the inputs of each known kind may say: a file a platform, an entry a type, as `catalogue.kind.Takes` has it.

It is the list of what is needed, and no list of what is bad: what a provider's next release adds is unknown until
somebody reads it and writes down here what it may be.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from catalogue.files import read
from catalogue.kind import Takes
from catalogue.platforms import Platform

FOLDER = Path(__file__).parent


class _Entry(BaseModel):
    """One type of the file."""

    model_config = ConfigDict(extra="forbid")

    free: list[str] = Field(default_factory=list[str])
    judged: list[str] = Field(default_factory=list[str])
    may: dict[str, list[Any]] = Field(default_factory=dict[str, list[Any]])
    must: dict[str, list[Any]] = Field(default_factory=dict[str, list[Any]])
    like: dict[str, re.Pattern[str]] = Field(default_factory=dict[str, re.Pattern[str]])
    within: dict[str, tuple[float, float]] = Field(default_factory=dict[str, tuple[float, float]])
    own: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    needed: list[str] = Field(default_factory=list[str])
    once: list[str] = Field(default_factory=list[str])
    refused: dict[str, str] = Field(default_factory=dict[str, str])


class _File(RootModel[dict[str, _Entry]]):
    """A file: its entries by the type."""


@cache
def inputs(platform: Platform) -> Mapping[str, Takes]:
    """What the inputs of each type of a platform may say."""
    return _takes(f"{platform}.yaml")


@cache
def requests() -> Mapping[str, Takes]:
    """What a state machine of AWS may say and send: its `definition`, each type of state, and each call's request.

    The other platforms have no document of requests in a resource.
    """
    return _takes("aws-requests.yaml")


def _takes(name: str) -> Mapping[str, Takes]:
    said = read(FOLDER / name, f"catalogue/inputs/{name}", _File).root
    return {
        token: Takes(
            frozenset(one.free),
            frozenset(one.judged),
            {path: tuple(values) for path, values in one.may.items()},
            {path: tuple(values) for path, values in one.must.items()},
            one.like,
            one.within,
            {path: tuple(types) for path, types in one.own.items()},
            frozenset(one.needed),
            frozenset(one.once),
            one.refused,
        )
        for token, one in said.items()
    }
