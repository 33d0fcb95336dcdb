"""What is idle, for somebody with a browser and no Python: one static page, and the same as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from operations import report as pages
from operations import words
from operations.idle import report
from operations.idle.asking import Answers
from operations.idle.decision import State
from operations.idle.report import Row
from operations.writing import put
from stacks.config import display

_BADGES: Mapping[State, str] = {
    State.IDLE: "no",
    State.BUSY: "yes",
    State.ASLEEP: "waived",
    State.NEW: "planned",
    State.UNKNOWN: "open",
}

_COLUMNS = (
    "stack",
    "name",
    "sort",
    "kind",
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
    """One line a part, whatever a name or a tag has in it.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, list[str](_COLUMNS), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.to_json().items()})
    return out.getvalue()


_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, in full width too: OWASP, "CSV Injection",
https://owasp.org/www-community/attacks/CSV_Injection"""


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    line = words.one_line(value)
    return f"'{line}" if line[:1] in _FORMULA else line


def write(answers: Answers, file: Path, since_hours: int, on: datetime) -> list[Path]:
    """Write the page, and the CSV beside it under the same name. Returns both paths. Raises OSError.

    The folder is made if it is not there. Each file is put in place with one rename.
    """
    table = file.with_suffix(".csv")
    texts = {table: as_csv(answers.rows), file: as_html(answers, table.name, since_hours, on)}
    for path, text in texts.items():
        put(path, text)
    return [file, table]


def as_html(answers: Answers, csv_name: str, since_hours: int, on: datetime) -> str:
    """The page. `csv_name` is the file beside it, `on` when the accounts were asked."""
    idle = sorted((row for row in answers.rows if row.idle), key=lambda row: -(row.month_usd or 0))
    off: list[tuple[str, list[str], str]] = []
    for one in answers.stacks:
        found = report.switchable(row for row in answers.rows if row.stack == one.name)
        if found:
            less = report.sum_of((row for parts in found.values() for row in parts), "month_usd")
            off.append((display(one.file), sorted(found), less))
    return pages.page(
        "idle.html.j2",
        report=report,
        badges=_BADGES,
        rows=answers.rows,
        idle=idle,
        off=off,
        ways=[row for row in idle if row.instead],
        strays=[row for row in answers.rows if not row.stack],
        others=[row for row in answers.rows if row.stack and not row.idle],
        since_hours=since_hours,
        csv=csv_name,
        on=f"{on:%Y-%m-%d %H:%M} UTC",
    )
