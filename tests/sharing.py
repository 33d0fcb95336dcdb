"""Which cases of a sweep `make test` runs: a share of them. `make sweeps` runs them all.

A sweep asks one question of each element, property, row or program that there is. Its cases take one way through the
code, so that a share of them sees a fault of that way, and the whole is for who changed it. A digest of what a case is
called chooses, so that the same cases run on any day, in any order and beside any other tests.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar
from zlib import crc32

import pytest

T = TypeVar("T")
_wanted = {"whole": False}


def begin(config: pytest.Config) -> None:
    """Before tests are collected: whether this run wants each sweep whole."""
    _wanted["whole"] = bool(config.getoption("--long"))


def whole() -> bool:
    """Whether each sweep runs whole. What only all cases can say, such as that an excuse is still needed, asks this."""
    return _wanted["whole"]


def is_taken(case: str, one_in: int) -> bool:
    """Whether the case of this name is in the share."""
    return whole() or crc32(case.encode()) % one_in == 0


def share(cases: Iterable[T], one_in: int, name: Callable[[T], str], always: Collection[str] = ()) -> Iterator[T]:
    """The cases of a sweep that run. Those whose names are in `always` are in every share: each alone shows a fault.
    Raises AssertionError at the end where there is no such case any more.
    """
    left = {*always}
    for case in cases:
        called = name(case)
        if called in left or is_taken(called, one_in):
            left.discard(called)
            yield case
    assert not left, f"there is no such case any more: {sorted(left)}"


def calls(of: str, first: int, last: int, one_in: int = 3) -> list[int]:
    """The numbers of the calls at which something goes wrong: others for what goes wrong under another name."""
    return [number for number in range(first, last + 1) if is_taken(f"{of} {number}", one_in)] or [last]


def examples(count: int, one_in: int = 4) -> int:
    """How many of the examples that a whole sweep draws are drawn."""
    return count if whole() else max(1, count // one_in)


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is in no share of the tests that are marked `sweep(one_in)`.

    One case stays at least of each such test, and where its cases are of platforms, one of each. Whoever names a test
    gets it whole.
    """
    if whole() or any("::" in arg for arg in config.args):
        return
    shares: dict[str, dict[pytest.Item, bool]] = {}
    for item in items:
        marker = item.get_closest_marker("sweep")
        if marker and marker.args and isinstance(item, pytest.Function):
            platform = item.callspec.params.get("platform") if hasattr(item, "callspec") else None
            of_one = shares.setdefault(f"{item.nodeid.partition('[')[0]} {platform}", {})
            of_one[item] = is_taken(item.nodeid, *marker.args)
    out = set[pytest.Item]()
    for cases in shares.values():
        if not any(cases.values()):
            cases[min(cases, key=lambda item: crc32(item.nodeid.encode()))] = True
        out |= {item for item, taken in cases.items() if not taken}
    config.hook.pytest_deselected(items=[item for item in items if item in out])
    items[:] = [item for item in items if item not in out]
