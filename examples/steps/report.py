"""Reports on what a batch job wrote: how many rows were scored, and how many of them the model calls malignant.

Each platform writes scores in files of its own below the folder: Vertex AI `prediction.results-…`, an object a line
with `prediction`; MLflow on Azure ML `NAME.json` with `predictions`; SageMaker `NAME.out`, with what the container
answered, a score a line.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.steps.contract import LARGEST, Folders, Refused, as_json

WHAT = "Count the scores that a batch job wrote, and write report.json."
REPORT = "report.json"


@dataclass(frozen=True)
class Options:
    """From which probability on a tumour is called malignant."""

    threshold: float = 0.5


def run(folders: Folders, options: Options) -> int:
    """Write the counts. Refused where there is no score at all, which is no report."""
    scores = [score for folder in folders.into for file in sorted(folder.rglob("*")) for score in _scores(file)]
    if not scores:
        raise Refused("no scores lie in what the step reads; let it read the step that scores.")
    positive = sum(score >= options.threshold for score in scores)
    folders.write(REPORT, as_json({"rows": len(scores), "positive": positive, "mean": sum(scores) / len(scores)}))
    return 0


def _scores(file: Path) -> Iterator[float]:
    """The scores of one file; none of a file that is of no platform."""
    is_vertex, is_mlflow = file.name.startswith("prediction.results"), file.suffix == ".json"
    is_sagemaker = file.suffix == ".out"
    if not file.is_file() or not (is_vertex or is_mlflow or is_sagemaker):
        return
    if file.stat().st_size > LARGEST:
        raise Refused(f"{file}: is larger than {LARGEST} bytes, which is the most that a step reads.")
    text = file.read_text(encoding="utf-8")
    try:
        if is_mlflow:
            yield from (_number(one) for one in json.loads(text)["predictions"])
        elif is_sagemaker:
            yield from (float(line) for line in text.splitlines() if line)
        else:
            yield from (_number(json.loads(line)["prediction"]) for line in text.splitlines() if line)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{file}: is no file of scores ({type(error).__name__}: {error}).") from None


def _number(said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise TypeError(f"{said!r} is no number")
    return float(said)
