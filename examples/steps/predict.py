"""Predicts in batch: each row of a table gets its prediction, as the served model would give it."""

from dataclasses import dataclass

from examples.serving.predictor import FILE, parse
from examples.steps.contract import Folders, Refused
from examples.steps.table import read

WHAT = "Predict each row of a table with model.json, and write predictions.csv."
PREDICTIONS = "predictions.csv"


@dataclass(frozen=True)
class Options:
    """The table's file."""

    table: str = "test.csv"


def run(folders: Folders, options: Options) -> int:
    """Write a line for each row of the table, in its order."""
    predictor = parse(folders.read(FILE))
    table = read(folders.read(options.table), options.table)
    if table.features != predictor.features:
        raise Refused(f"{options.table}: has other features than {FILE}; name each, in the model's order.")
    lines = ["prediction", *map(str, predictor.predict(list(table.rows)))]
    folders.write(PREDICTIONS, ("\n".join(lines) + "\n").encode())
    return 0
