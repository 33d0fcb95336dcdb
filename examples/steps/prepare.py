"""Prepares the data: the raw table is split into three parts, and the training part's statistics are written.

A row's part follows from what stands in it, never from where it stands: a row that is there today lies in the same part
tomorrow, whatever rows come before it, and a row that is there twice is never both trained on and tested with.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from examples.steps.contract import Folders, Refused, as_json, digest
from examples.steps.table import POSITIVE, Table, read

WHAT = "Split a raw table into train.csv, validation.csv and test.csv, and write statistics.json."
RAW = "tumours.csv"
STATISTICS = "statistics.json"
PARTS = ("train", "validation", "test")
DIGITS = 9
"""How many significant digits of a number are written where another machine may round the last ones otherwise."""


@dataclass(frozen=True)
class Options:
    """How many of a hundred rows go to each of the parts that are held back."""

    validation: int = 10
    test: int = 20


def run(folders: Folders, options: Options) -> int:
    """Write the parts and the statistics of the training part, which has the features' means and scales."""
    if min(options.validation, options.test) < 1 or options.validation + options.test > 90:
        raise Refused("--validation and --test: allowed are whole numbers from 1 on, 90 together at most.")
    raw = folders.read(RAW)
    table = read(raw, RAW)
    where = [part_of(row, options) for row in table.rows]
    parts = {name: table.of([part == name for part in where]) for name in PARTS}
    for name, part in parts.items():
        if not any(part.positive) or all(part.positive):
            raise Refused(f"{RAW}: the part {name} would have {len(part.rows)} rows of one kind alone; give more rows.")
        folders.write(f"{name}.csv", part.written())
    statistics = {
        "of": digest(raw),
        "positive": POSITIVE,
        "rows": {name: len(part.rows) for name, part in parts.items()},
        "features": [_described(parts["train"], index) for index in range(len(table.features))],
    }
    folders.write(STATISTICS, as_json(statistics))
    return 0


def part_of(row: Sequence[float], options: Options) -> str:
    """The part in which a row lies, by its own numbers alone."""
    drawn = int.from_bytes(hashlib.sha256(repr(list(row)).encode()).digest()[:8]) % 100
    if drawn < options.test:
        return "test"
    return "validation" if drawn < options.test + options.validation else "train"


def _described(table: Table, index: int) -> dict[str, str | float]:
    """A feature's mean and scale, which is its standard deviation, and its bounds.

    `fsum` rounds once, so every machine gives the same digits.
    """
    values = [row[index] for row in table.rows]
    mean = math.fsum(values) / len(values)
    scale = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    if not scale:
        raise Refused(f"{RAW}: {table.features[index]!r} is the same in every row of training; leave it out.")
    return {
        "name": table.features[index],
        "mean": short(mean),
        "scale": short(scale),
        "least": min(values),
        "most": max(values),
    }


def short(value: float) -> float:
    """A number with as many digits as every machine gives alike."""
    return float(f"{value:.{DIGITS}g}")
