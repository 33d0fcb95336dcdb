"""The scoring script of an online deployment on Azure Machine Learning: `init()` once, `run()` for each call.

Source: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-deploy-online-endpoints ("Understand the scoring
script"). The body is that of a model of MLflow there, {"input_data": …}, so that callers need not know which it is:
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-deploy-mlflow-models-online-endpoints
"""

import os
from pathlib import Path

from examples.serving.predictor import FILE, BadModel, Predictor, load
from examples.serving.server import read_json

FOLDER = "AZUREML_MODEL_DIR"
_loaded: list[Predictor] = []


def init() -> None:
    """Loads the model. Raises BadModel where it cannot be used."""
    _loaded[:] = [load(folder())]


def run(raw_data: str | bytes) -> list[float]:
    """The predictions for a body. Raises BadRequest where it cannot be scored; the container answers that with 400."""
    body = raw_data.encode() if isinstance(raw_data, str) else raw_data
    return _loaded[0].predict(read_json(body, "input_data"))


def folder() -> Path:
    """Where the model's file lies: in AZUREML_MODEL_DIR, or in the one folder that Azure ML puts there for a model
    that was registered as a folder. Raises BadModel where it lies in neither.
    """
    if not os.environ.get(FOLDER):
        raise BadModel(f"{FOLDER} is not set; Azure Machine Learning sets it for a deployment that has a model.")
    named = Path(os.environ[FOLDER])
    found = [path.parent for path in (named / FILE, *sorted(named.glob(f"*/{FILE}"))) if path.is_file()]
    if len(found) != 1:
        raise BadModel(f"{named} has {FILE} {len(found)} times, at its top or a folder below; it must have it once.")
    return found[0]
