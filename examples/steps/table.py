"""Tables of the example: numbers under the names of their columns, with what each tumour was in the last one."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from examples.steps.contract import Refused

LABEL = "diagnosis"
POSITIVE, NEGATIVE = "malignant", "benign"


@dataclass(frozen=True)
class Table:
    """Rows of numbers, their features, and of each row whether it is malignant."""

    features: tuple[str, ...]
    rows: Sequence[list[float]]
    positive: Sequence[bool]

    def written(self) -> bytes:
        """The table as CSV. Each number is the shortest that reads as itself."""
        out = io.StringIO()
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow([*self.features, LABEL])
        for row, positive in zip(self.rows, self.positive, strict=True):
            lines.writerow([*map(repr, row), POSITIVE if positive else NEGATIVE])
        return out.getvalue().encode()

    def of(self, kept: Sequence[bool]) -> "Table":
        """The table of the rows that are kept."""
        chosen = [index for index, keep in enumerate(kept) if keep]
        return Table(self.features, [self.rows[index] for index in chosen], [self.positive[index] for index in chosen])


def read(content: bytes, called: str) -> Table:
    """The table in a file of CSV. Raises Refused, with the line, for what is none."""
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{called}: cannot be read as CSV in UTF-8 ({error}).") from None
    if len(lines) < 2:
        raise Refused(f"{called}: has no rows; give a line of names and lines of numbers under it.")
    *features, last = lines[0]
    if last != LABEL or not features or len({*features}) != len(features):
        raise Refused(f"{called}: line 1 must name each feature once, and {LABEL!r} at its end.")
    rows: list[list[float]] = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(lines[0]) or line[-1] not in (POSITIVE, NEGATIVE):
            raise Refused(f"{called}: line {number} must have {len(features)} numbers, then {POSITIVE} or {NEGATIVE}.")
        rows.append([_number(word, f"{called}: line {number}, {name!r}") for word, name in zip(line, features)])  # noqa: B905  # the last word is no feature
    return Table(tuple(features), rows, [line[-1] == POSITIVE for line in lines[1:]])


def _number(word: str, where: str) -> float:
    try:
        found = float(word)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Refused(f"{where}: found {word[:40]!r}, allowed: a finite number.")
    return found
