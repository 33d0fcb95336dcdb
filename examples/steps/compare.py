"""Compares models of one table: the one that is least surprised by the rows of the validation part goes on.

A search and a training job that ran beside it leave a model each. What is written has the names of what one training
leaves, so that the steps after this one read the better model as they would read the only one.
"""

import sys
from dataclasses import dataclass, replace

from examples.serving.predictor import FILE, parse
from examples.steps.contract import Folders, Refused, as_json, digest
from examples.steps.evaluate import log_loss
from examples.steps.register import FILES
from examples.steps.table import read
from examples.steps.train import TRAINING

WHAT = "Keep, of several models, the one with the least log loss on validation.csv, and write comparison.json."
COMPARISON = "comparison.json"
VALIDATION = "validation.csv"


@dataclass(frozen=True)
class Options:
    """It has none."""


def run(folders: Folders, options: Options) -> int:
    """Write the best model's files and what was compared. Raises Refused for fewer than two models, or other
    features."""
    table = read(folders.read(VALIDATION), VALIDATION)
    found = [one for folder in folders.into if (one := replace(folders, into=[folder])).has(FILE)]
    if len(found) < 2:
        raise Refused(f"{FILE}: found {len(found)} times; give the folders of two models or more.")
    losses = list[tuple[float, str, Folders]]()
    for one in found:
        content = one.read(FILE)
        predictor = parse(content)
        if predictor.features != table.features:
            raise Refused(f"{FILE}: is of other features than {VALIDATION}; give models of one table.")
        losses.append((log_loss(predictor.predict(list(table.rows)), table.positive), digest(content), one))
    least, chosen, best = min(losses, key=lambda one: one[:2])  # of two that are as good, the same one each time
    for name in (*FILES, TRAINING):
        folders.write(name, best.read(name))
    models = [{"log_loss": loss, "sha256": model} for loss, model, _ in losses]
    folders.write(COMPARISON, as_json({"of": VALIDATION, "models": models, "best": chosen}))
    sys.stdout.write(f"the best of {len(losses)} models is {chosen}: log_loss={least:.6f}\n")
    return 0
