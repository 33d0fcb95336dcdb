"""Writes the rows of a table as a batch job of a pipeline scores them: what was measured, and not what it was."""

import json
from dataclasses import dataclass

from examples.steps.contract import Folders, Refused
from examples.steps.prepare import RAW
from examples.steps.table import read

WHAT = "Write the rows of a raw table without what each was, as rows.csv or rows.jsonl."
FORMATS = ("csv", "jsonl", "values")


@dataclass(frozen=True)
class Options:
    """What the batch job reads: csv, whose first line has the names; values, which is csv without that line, as
    SageMaker reads it; or jsonl, a list a line."""

    format: str


def run(folders: Folders, options: Options) -> int:
    """Write the one file, each row in its place."""
    if options.format not in FORMATS:
        raise Refused(f"--format: found {options.format[:40]!r}, allowed: {', '.join(FORMATS)}.")
    table = read(folders.read(RAW), RAW)
    if options.format == "jsonl":
        lines = [json.dumps(row) for row in table.rows]
    else:
        names = [",".join(table.features)] if options.format == "csv" else []
        lines = [*names, *(",".join(map(repr, row)) for row in table.rows)]
    folders.write("rows.jsonl" if options.format == "jsonl" else "rows.csv", ("\n".join(lines) + "\n").encode())
    return 0
