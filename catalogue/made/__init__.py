"""What each component of ours makes: a file a platform, by the component's noun and the types of its parts.

A part is bounded by how many there are, `2`, `0..1` or `1..many`: names are the program's, and may change.
"""

import re
from collections.abc import Mapping
from functools import cache
from math import inf
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel

from catalogue.files import read
from catalogue.platforms import Platform

FOLDER = Path(__file__).parent


def _bounds(said: Any) -> tuple[float, float]:
    found = re.fullmatch(r"(\d+)(?:\.\.(\d+|many))?", str(said))
    if found is None:
        raise ValueError(f"found {said!r}, allowed: a number such as 2, or bounds such as 0..1 or 1..many")
    least, most = float(found[1]), found[2] or found[1]
    return least, inf if most == "many" else float(most)


class Made(BaseModel):
    """What one component makes: of each type at least so many `parts`, and at most. `many` are in one stack, or one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    many: bool = False
    parts: dict[str, Annotated[tuple[float, float], BeforeValidator(_bounds)]]


class _File(RootModel[dict[str, Made]]):
    """A file: what each component makes, by its noun."""


@cache
def made(platform: Platform) -> Mapping[str, Made]:
    """What the components of a platform make."""
    return read(FOLDER / f"{platform}.yaml", f"catalogue/made/{platform}.yaml", _File).root
