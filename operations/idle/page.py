"""What is idle, for somebody with a browser and no Python: one static page, and the same as CSV."""

import csv
import io
from collections.abc import Iterable

from operations.idle.report import Row

_COLUMNS = (
    "stack",
    "name",
    "sort",
    "stack_key",
    "state",
    "since",
    "at_least",
    "owner",
    "burned_usd",
    "month_usd",
    "exempt",
    "says",
)


def as_csv(rows: Iterable[Row]) -> str:
    """One line a part. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list[str](_COLUMNS), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.to_json().items()})
    return out.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
