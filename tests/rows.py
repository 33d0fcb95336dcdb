"""Tests that go over a table in one, and name every row that is wrong.

A test of its own for each row costs two workers and the process above them more than asking most rows does. Where a row
takes files, patches or a program of its own, `pytest.mark.parametrize` is right.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any


def rows(names: str | Iterable[str], table: Iterable[Any], ids: object = None) -> Callable[[Callable[..., None]], Any]:
    """As `pytest.mark.parametrize`, in one test, which goes through to the end and fails with all rows that do."""
    each = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    said = [row if len(each) > 1 else (row,) for row in table]
    assert said, "there is no row"

    def in_one(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def every_row(**fixtures: Any) -> None:
            wrong = list[str]()
            for number, row in enumerate(said):
                try:
                    test(**dict(zip(each, row, strict=True)), **fixtures)
                except Exception as error:  # a row may break otherwise than by what is asserted, and hides no other
                    wrong.append(f"row {number}, {row!r:.300}: {type(error).__name__}: {error}")
            assert not wrong, f"{len(wrong)} of {len(said)} rows:\n" + "\n".join(wrong)

        signature = inspect.signature(test)
        others = [one for name, one in signature.parameters.items() if name not in each]
        every_row.__signature__ = signature.replace(parameters=others)  # pyright: ignore[reportAttributeAccessIssue]
        return every_row

    return in_one
