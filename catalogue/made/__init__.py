"""What each component of ours makes: a file a platform, by the component's noun and the types of its parts."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel

from catalogue.files import read
from catalogue.platforms import Platform

FOLDER = Path(__file__).parent


class Made(BaseModel):
    """What one component makes. `has` are the parts that are always there, `may` the patterns of all others, by type.

    A part is the name of a resource behind its component's: `policy` of `<component>-policy`, or empty for its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    has: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    may: dict[str, re.Pattern[str]] = Field(default_factory=dict[str, re.Pattern[str]])

    def makes(self, type_: str, part: str) -> bool:
        """Whether the component makes a part of a type under a name."""
        pattern = self.may.get(type_)
        return part in self.has.get(type_, ()) or (pattern is not None and pattern.fullmatch(part) is not None)


class _File(RootModel[dict[str, Made]]):
    """A file: what each component makes, by its noun."""


@cache
def made(platform: Platform) -> Mapping[str, Made]:
    """What the components of a platform make; nothing where the platform has no file yet."""
    file = FOLDER / f"{platform}.yaml"
    return read(file, f"catalogue/made/{platform}.yaml", _File).root if file.exists() else {}
