"""Trains the model: a logistic regression on standardised numbers, one step of Newton's method at a time.

After each of them the coefficients are kept in the checkpoint folder, where there is one. A run that was killed, as
Spot and preemptible machines are, goes on from there and writes the same bytes as one that was not: the solver knows
nothing of the past but its coefficients. A checkpoint of other data, hyperparameters or versions is left aside.

The same versions in uv.lock give the same bytes. The solver goes on until its error is far below the digits that are
written, so another processor's rounding does not show in them.
"""

import math
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from examples.serving.predictor import FILE, FORMAT, parse
from examples.steps.contract import Folders, Refused, as_json, digest, object_of, written
from examples.steps.prepare import STATISTICS, short
from examples.steps.table import Table, read

WHAT = "Train the model on train.csv with the means and scales of statistics.json; write model.json and training.json."
TRAINING = "training.json"
"""What the version's record says of the training. It lies beside the model and is no part of it."""
CHECKPOINT = "checkpoint.json"
CLOSE = 1e-10
"""The solver ends where no coefficient changes by more than this."""
MLMODEL = """\
# What Azure Machine Learning and `mlflow models predict` read. The image has the module that loads the model.
# https://mlflow.org/docs/latest/ml/model/ (storage format, python_function)
flavors:
  python_function:
    data: model.json
    loader_module: examples.serving.mlflow_model
"""


@dataclass(frozen=True)
class Options:
    """The hyperparameters: `regularization` is the inverse strength, C in scikit-learn; and the most steps."""

    regularization: float = 0.1
    iterations: int = 200


def run(folders: Folders, options: Options) -> int:
    """Train, and say how well the model does on the validation part, in a line that a tuner reads."""
    if not (math.isfinite(options.regularization) and options.regularization > 0 and options.iterations > 0):
        raise Refused("--regularization and --iterations: allowed are numbers above 0.")
    contents = {name: folders.read(name) for name in ("train.csv", STATISTICS)}
    table = read(contents["train.csv"], "train.csv")
    statistics = object_of(contents[STATISTICS], STATISTICS, "features", "positive")
    means, scales = _standard(statistics["features"], table.features)
    rows = [
        [(value - mean) / scale for value, mean, scale in zip(row, means, scales, strict=True)] for row in table.rows
    ]
    of = {"data": {name: digest(content) for name, content in contents.items()}, "parameters": asdict(options)}
    coefficients, intercept, taken = _solved(rows, table.positive, options, folders, of)
    model = {
        "format": FORMAT,
        "positive": statistics["positive"],
        "features": list(table.features),
        "means": means,
        "scales": scales,
        "coefficients": [short(value) for value in coefficients],
        "intercept": short(intercept),
    }
    folders.write(FILE, as_json(model))
    folders.write("MLmodel", MLMODEL.encode())
    folders.write(TRAINING, as_json({**of, "iterations_taken": taken}))
    if folders.has("validation.csv"):
        loss = _loss(as_json(model), read(folders.read("validation.csv"), "validation.csv"))
        folders.report("validation:log_loss", loss)
    return 0


def _standard(described: Any, features: Sequence[str]) -> tuple[list[float], list[float]]:
    """The means and the scales of the features. Raises Refused where the statistics are of others."""
    try:
        means, scales = [float(one["mean"]) for one in described], [float(one["scale"]) for one in described]
        same = [one["name"] for one in described] == list(features) and all(map(math.isfinite, means)) and all(scales)
    except (KeyError, TypeError, ValueError):
        same, means, scales = False, [], []
    if not same:
        raise Refused(f"{STATISTICS}: is not of the features of train.csv; give both as `prepare` wrote them.")
    return means, scales


def _solved(
    rows: Sequence[Sequence[float]], positive: Sequence[bool], options: Options, folders: Folders, of: dict[str, Any]
) -> tuple[list[float], float, int]:
    """The coefficients, the intercept, and how many steps they took in all runs together."""
    import numpy
    import sklearn
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    labels = [int(one) for one in positive]
    solver: Any = LogisticRegression(
        C=options.regularization, solver="newton-cholesky", tol=CLOSE, max_iter=1, warm_start=True
    )
    of = {**of, "numpy": numpy.__version__, "scikit-learn": sklearn.__version__}
    last = [0.0] * (len(rows[0]) + 1)
    taken = 0
    if kept := _kept(folders, of, len(last)):
        last, taken, ended = kept
        if ended:
            return last[1:], last[0], taken
        solver.classes_ = numpy.array([0, 1])
        solver.intercept_, solver.coef_ = numpy.array(last[:1]), numpy.array([last[1:]])
    while taken < options.iterations:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is one step at a time
            solver.fit(rows, labels)
        found = [float(solver.intercept_[0]), *map(float, solver.coef_[0])]
        taken += 1
        ended = max(abs(new - old) for new, old in zip(found, last, strict=True)) <= CLOSE
        last = found
        if folders.checkpoints:
            said = {"of": of, "taken": taken, "ended": ended, "coefficients": last}
            written(folders.checkpoints / CHECKPOINT, as_json(said))
        if ended:
            break
    return last[1:], last[0], taken


def _kept(folders: Folders, of: dict[str, Any], many: int) -> tuple[list[float], int, bool] | None:
    """What an earlier run of the same training left: the coefficients, the steps taken, and whether it had ended."""
    file = folders.checkpoints / CHECKPOINT if folders.checkpoints else None
    if file is None or not file.is_file():
        return None
    try:
        said = object_of(file.read_bytes(), str(file))
        last, taken, ended = [float(one) for one in said["coefficients"]], int(said["taken"]), bool(said["ended"])
        same = said["of"] == of and len(last) == many and all(map(math.isfinite, last))
    except (Refused, KeyError, TypeError, ValueError):
        same, last, taken, ended = False, [], 0, False
    if not same:
        sys.stdout.write(f"{file}: is of another training; this one begins anew\n")
        return None
    sys.stdout.write(f"{file}: goes on after {taken} steps\n")
    return last, taken, ended


def _loss(model: bytes, table: Table) -> float:
    from examples.steps.evaluate import log_loss

    return log_loss(parse(model).predict(list(table.rows)), table.positive)
