"""Trains the example's model and records requests and their predictions: `uv run python -m examples.train`.

The data set is the one that scikit-learn's package ships as `load_breast_cancer`: 569 tumours, 30 measurements each,
"Breast Cancer Wisconsin (Diagnostic)", CC BY 4.0, https://doi.org/10.24432/C5DW2B. Nothing is downloaded. The page of
the loader is https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_breast_cancer.html

The same versions in uv.lock give the same bytes. The solver goes on until its error is far below the digits that are
written, so another processor's rounding does not show in them.
"""

import json
from pathlib import Path
from typing import Any, cast

from examples.serving.predictor import FILE, FORMAT, Predictor, parse

HERE = Path(__file__).parent
DIGITS = 9
"""How many significant digits of each number of the model are written."""
RECORDED = 8
"""How many instances of the part that was held back are recorded."""


def train() -> tuple[dict[str, Any], list[list[float]]]:
    """The model as its file has it, and the instances of the part that was held back.

    Every fifth tumour is held back: the order of the data set is fixed, so no seed is needed.
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    data: Any = cast(Any, load_breast_cancer())
    malignant = [int(label == 0) for label in data.target]
    held = set(range(0, len(malignant), 5))
    kept = [index for index in range(len(malignant)) if index not in held]
    scaler: Any = StandardScaler().fit(data.data[kept])
    solver: Any = LogisticRegression(C=0.1, solver="newton-cholesky", tol=1e-10, max_iter=200)
    solver.fit(scaler.transform(data.data[kept]), [malignant[index] for index in kept])
    model: dict[str, Any] = {
        "format": FORMAT,
        "positive": "malignant",
        "features": [str(name) for name in data.feature_names],
        "means": [_short(value) for value in scaler.mean_],
        "scales": [_short(value) for value in scaler.scale_],
        "coefficients": [_short(value) for value in solver.coef_[0]],
        "intercept": _short(solver.intercept_[0]),
    }
    rows = [[float(value) for value in data.data[index]] for index in sorted(held)]
    right = sum(
        (prediction >= 0.5) == malignant[index]
        for prediction, index in zip(predictor(model).predict(rows), sorted(held), strict=True)
    )
    return {**model, "accuracy": _short(right / len(rows))}, rows


def predictor(model: dict[str, Any]) -> Predictor:
    """The predictor of a model that is not written yet."""
    return parse(as_json(model))


def as_json(value: object) -> bytes:
    """JSON that says the same in the same bytes."""
    return (json.dumps(value, indent=1) + "\n").encode()


def files() -> dict[str, bytes]:
    """What training writes: each file's path below this folder, and its bytes."""
    model, rows = train()
    chosen = rows[:RECORDED]
    predictions = predictor(model).predict(chosen)
    csv = "".join(",".join(map(str, row)) + "\n" for row in chosen)
    answered = {"predictions": predictions}
    return {
        f"model/{FILE}": as_json(model),
        "recorded/aws/request.json": as_json({"instances": chosen}),
        "recorded/aws/prediction.json": as_json(answered),
        "recorded/aws/batch.csv": csv.encode(),
        "recorded/gcp/request.json": as_json({"instances": chosen}),
        "recorded/gcp/prediction.json": as_json(answered),
        "recorded/gcp/batch.jsonl": "".join(f"{json.dumps(row)}\n" for row in chosen).encode(),
        "recorded/azure/request.json": as_json({"input_data": chosen}),
        "recorded/azure/prediction.json": as_json(predictions),
        # MLflow reads the names of the features from the first line.
        "recorded/azure/batch.csv": (",".join(model["features"]) + "\n" + csv).encode(),
    }


def _short(value: Any) -> float:
    return float(f"{float(value):.{DIGITS}g}")


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        (HERE / name).write_bytes(content)
