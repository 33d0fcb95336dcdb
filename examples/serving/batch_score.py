"""The scoring script of a batch deployment on Azure Machine Learning: `init()` once, `run()` for each mini-batch.

Source: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-batch-scoring-script. Our own BatchJob scores
with `mlflow models predict` and needs none; this is for a batch endpoint of another making.
"""

from pathlib import Path

from examples.serving.predictor import BadRequest, Predictor, load, rows_of_csv
from examples.serving.score import folder

_loaded: list[Predictor] = []


def init() -> None:
    """Loads the model. Raises BadModel where it cannot be used."""
    _loaded[:] = [load(folder())]


def run(mini_batch: list[str]) -> list[str]:
    """One line for each row of each file, `FILE,ROW,PREDICTION`. A file is CSV, without a line of names.

    A file that cannot be scored raises BadRequest, which names it: Azure ML counts it against `error_threshold`.
    """
    scored: list[str] = []
    for path in map(Path, mini_batch):
        try:
            predictions = _loaded[0].predict(rows_of_csv(path.read_text(encoding="utf-8-sig")))
        except (BadRequest, UnicodeDecodeError) as error:
            raise BadRequest(f"{path.name}: {error}") from error
        scored += [f"{path.name},{row},{prediction}" for row, prediction in enumerate(predictions, start=1)]
    return scored
