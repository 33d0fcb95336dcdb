"""The model as MLflow loads it, which is how a batch job on Azure Machine Learning scores.

MLflow calls `_load_pyfunc` of the module that `MLmodel` names, and `predict` of what it returns:
https://mlflow.org/docs/latest/api_reference/python_api/mlflow.pyfunc.html
"""

from pathlib import Path
from typing import Any

from examples.serving.predictor import BadRequest, Predictor, load


class Loaded:
    """A predictor that takes a table of pandas, as MLflow reads it from CSV."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(self, table: Any, params: object = None) -> list[float]:
        """The prediction of each row. The columns may stand in any order.

        Raises BadRequest where the columns are not the model's features: a file without a line of names would
        otherwise lose its first row.
        """
        names = [str(name) for name in table.columns]
        wanted = self._predictor.features
        if sorted(names) != sorted(wanted):
            missing = sorted({*wanted} - {*names})
            which = f"it lacks {missing[0]!r}" if missing else "it has others"
            raise BadRequest(
                f"The first line must name the model's {len(wanted)} features, once each and no other; {which}."
            )
        return self._predictor.predict(table[list(wanted)].to_numpy().tolist())


def _load_pyfunc(data_path: str) -> Loaded:  # pyright: ignore[reportUnusedFunction]  # MLflow calls it by this name
    return Loaded(load(Path(data_path).parent))
