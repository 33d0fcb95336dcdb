"""Evaluates the model on the rows of the test part, which no training has seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from examples.serving.predictor import FILE, parse
from examples.steps.contract import Folders, Refused, as_json
from examples.steps.table import read

WHAT = "Predict each row of test.csv with model.json, and write metrics.json."
METRICS = "metrics.json"
_DIGITS = 6
_SURE = 1e-6
"""How far from certain a prediction is taken to be at least: it has six decimals, and a certain error is endless."""


@dataclass(frozen=True)
class Options:
    """From which probability on a tumour is called malignant."""

    threshold: float = 0.5


def run(folders: Folders, options: Options) -> int:
    """Write the metrics: an object of names and numbers, so that a condition of a pipeline reads one by its name."""
    if not 0 < options.threshold < 1:
        raise Refused("--threshold: allowed is a number between 0 and 1.")
    predictor = parse(folders.read(FILE))
    table = read(folders.read("test.csv"), "test.csv")
    if table.features != predictor.features:
        raise Refused(f"test.csv: has other features than {FILE}; give both of one training.")
    folders.write(METRICS, as_json(metrics(predictor.predict(list(table.rows)), table.positive, options.threshold)))
    return 0


def metrics(predictions: Sequence[float], positive: Sequence[bool], threshold: float) -> dict[str, float]:
    """What is measured of predictions. Raises Refused where one of the two kinds is not there at all."""
    called = [prediction >= threshold for prediction in predictions]
    pairs = list(zip(called, positive, strict=True))
    hit, actual = sum(one and true for one, true in pairs), sum(positive)
    if not 0 < actual < len(pairs):
        raise Refused("test.csv: has rows of one kind alone, of which nothing can be measured; give both kinds.")
    found = {
        "accuracy": sum(one == true for one, true in pairs) / len(pairs),
        "brier": math.fsum((one - true) ** 2 for one, true in zip(predictions, positive, strict=True)) / len(pairs),
        "log_loss": log_loss(predictions, positive),
        "precision": hit / sum(called) if any(called) else 0.0,
        "recall": hit / actual,
        "roc_auc": _area(predictions, positive),
    }
    return {name: round(value, _DIGITS) for name, value in found.items()}


def log_loss(predictions: Sequence[float], positive: Sequence[bool]) -> float:
    """The mean surprise at what each tumour was."""
    bounded = [min(max(one, _SURE), 1 - _SURE) for one in predictions]
    return -math.fsum(math.log(one if true else 1 - one) for one, true in zip(bounded, positive, strict=True)) / len(
        bounded
    )


def _area(predictions: Sequence[float], positive: Sequence[bool]) -> float:
    """How often a malignant tumour has a higher prediction than a benign one: the area under the ROC curve."""
    below, won = 0, 0.0
    ordered = sorted(zip(predictions, positive, strict=True))
    for _, alike in groupby(ordered, key=lambda one: one[0]):
        kinds = [true for _, true in alike]
        ups = sum(kinds)
        downs = len(kinds) - ups
        won += ups * (below + downs / 2)
        below += downs
    return won / (sum(positive) * below)
