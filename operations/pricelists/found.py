"""What a price API says of one price list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Pair = tuple[str, str]
"""A machine type and a region."""


@dataclass
class Found:
    """The figures of one list, in dollars an hour, and where they were read.

    `notes` are sentences for the person who reviews: SKUs that disagree, and those that were not taken although they
    are of a machine of the list.
    """

    address: str
    says: str
    figures: dict[Pair, float] = field(default_factory=dict[Pair, float])
    notes: list[str] = field(default_factory=list[str])

    def highest(self, what: str, said: Mapping[str, float]) -> float:
        """The highest of what several SKUs say of the same thing. Where they disagree, a note names each."""
        if len(set(said.values())) > 1:
            each = ", ".join(f"{sku} ${usd:g}" for sku, usd in sorted(said.items()))
            self.notes.append(f"{what} has several prices, and the highest is taken: {each}")
        return max(said.values())


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON list; what is no list has none."""
    items = cast(list[Any], value) if isinstance(value, list) else []
    return [cast(dict[str, Any], item) for item in items if isinstance(item, dict)]


def inside(value: Any, *keys: str) -> Any:
    """What stands under keys of nested JSON objects; None where one is missing."""
    for key in keys:
        value = cast(dict[str, Any], value).get(key) if isinstance(value, dict) else None
    return value


def number(value: Any) -> float | None:
    """A figure that is more than nothing, from a JSON number or its text; None for anything else."""
    try:
        figure = float(value)
    except (TypeError, ValueError):
        return None
    return figure if 0 < figure < float("inf") else None


def values_of(value: Any) -> Iterable[Any]:
    """The values of a JSON object; what is no object has none."""
    return cast(dict[str, Any], value).values() if isinstance(value, dict) else ()
