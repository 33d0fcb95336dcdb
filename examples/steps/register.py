"""Registers a version: writes its record, version.json, beside its artifact.

The record is the unit of a registry. Its bytes are a function of what it says, and their SHA-256 is the version's
digest, which a stack file can name. `catalogue/versions.py` has the record's form and reads it anywhere. What is not
known is not written down as if it were: each word of it comes from a file of a step before, or is given.
"""

import re
import sys
from dataclasses import dataclass
from typing import Any

from examples.serving.predictor import FILE, FORMAT, parse
from examples.steps.contract import Folders, Refused, canonical, digest, object_of
from examples.steps.evaluate import METRICS
from examples.steps.gate import GATE
from examples.steps.prepare import PARTS, RAW, STATISTICS
from examples.steps.table import read
from examples.steps.train import TRAINING

WHAT = "Write version.json and artifact/ of a model that passed its gate."
RECORD = "version.json"
_PINNED = r"[^\s@]+@sha256:[0-9a-f]{64}"
RECORDED = 8
"""How many rows of the test part are recorded with their predictions."""
FILES = (FILE, "MLmodel")
"""What the artifact is made of, wherever it is served."""
CARD = {
    "description": "How probable it is that a tumour of the breast is malignant, from 30 measurements of a fine needle "
    "aspirate.",
    "intended_use": "To show the path from data to a served version.",
    "limits": "It is no medical device, and is of one hospital's data of 1995. Nobody is to be diagnosed with it.",
    "licence": "CC-BY-4.0",
}


@dataclass(frozen=True)
class Options:
    """What no file says: the version's name and number, the images by digest, who owns it, and where all of it came
    from."""

    name: str
    version: int
    image: str
    training_image: str
    owner: str
    data: str
    repository: str
    commit: str
    run: str


def run(folders: Folders, options: Options) -> int:
    """Write the record and copy the artifact's files. Raises Refused for a model whose gate did not pass."""
    for name, said, form, allowed in (
        ("name", options.name, r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case letters, digits and '-' between them"),
        ("version", str(options.version), r"[1-9][0-9]{0,8}", "a whole number from 1 on"),
        ("image", options.image, _PINNED, "REGISTRY/NAME@sha256:… with its digest"),
        ("training-image", options.training_image, _PINNED, "REGISTRY/NAME@sha256:… with its digest"),
        ("commit", options.commit, r"[0-9a-f]{40}|[0-9a-f]{64}|unknown", "the whole hash of a commit, or unknown"),
    ):
        if not re.fullmatch(form, said):
            raise Refused(f"--{name}: found {said[:80]!r}, allowed: {allowed}.")
    gate = object_of(folders.read(GATE), GATE, "bound", "metric", "passed", "sense", "value")
    metrics = object_of(folders.read(METRICS), METRICS)
    if gate["passed"] is not True or metrics.get(str(gate["metric"])) != gate["value"]:
        raise Refused(
            f"{GATE}: does not let this model through; only what passed, by these very metrics, is registered."
        )
    statistics = object_of(folders.read(STATISTICS), STATISTICS, "of")
    training = object_of(folders.read(TRAINING), TRAINING, "data", "parameters")
    for name, known in dict(training["data"]).items():
        if digest(folders.read(name)) != known:
            raise Refused(f"{name}: is not what the model was trained on; give what `prepare` wrote for this training.")
    files = {name: folders.read(name) for name in FILES}
    record = {
        "schema": "mlplatform-model-version/1",
        "name": options.name,
        "version": options.version,
        "artifact": {
            "format": FORMAT,
            "files": [
                {"path": name, "sha256": digest(content), "size": len(content)}
                for name, content in sorted(files.items())
            ],
        },
        "image": options.image,
        "metrics": {name: float(value) for name, value in metrics.items()},
        "gate": {key: gate[key] for key in ("bound", "metric", "sense", "value")},
        "card": {**CARD, "owner": options.owner},
        "lineage": {
            "data": [
                {"what": RAW, "uri": options.data, "sha256": statistics["of"]},
                *({"what": f"{part}.csv", "uri": "", "sha256": digest(folders.read(f"{part}.csv"))} for part in PARTS),
            ],
            "code": {"repository": options.repository, "commit": options.commit},
            "training_image": options.training_image,
            "run": options.run,
            "parameters": {name: str(value) for name, value in training["parameters"].items()},
        },
        **_said_of(files[FILE], folders),
    }
    for name, content in files.items():
        folders.write(f"artifact/{name}", content)
    written = canonical(record)
    folders.write(RECORD, written)
    sys.stdout.write(f"{options.name}@{options.version} is {digest(written)}\n")
    return 0


def _said_of(model: bytes, folders: Folders) -> dict[str, Any]:
    """What the model's own file says of its signature and preprocessing, and recorded answers of it.

    The signature is as MLflow writes one in MLmodel, and the request as the Open Inference Protocol has it:
    https://mlflow.org/docs/latest/ml/model/signatures/ and
    https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
    """
    predictor = parse(model)
    rows = list(read(folders.read("test.csv"), "test.csv").rows)[:RECORDED]
    many, wide = len(rows), len(predictor.features)
    return {
        "signature": {
            "inputs": [
                {"name": "instances", "type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, wide]}}
            ],
            "outputs": [{"name": "predictions", "type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}],
        },
        "preprocessing": [
            {
                "operation": "standardise",
                "columns": [
                    {"name": name, "mean": mean, "scale": scale}
                    for name, mean, scale in zip(predictor.features, predictor.means, predictor.scales, strict=True)
                ],
            }
        ],
        "recorded": {
            "request": {
                "inputs": [
                    {
                        "name": "instances",
                        "shape": [many, wide],
                        "datatype": "FP64",
                        "data": [value for row in rows for value in row],
                    }
                ]
            },
            "response": {
                "outputs": [
                    {"name": "predictions", "shape": [many], "datatype": "FP64", "data": predictor.predict(rows)}
                ]
            },
        },
    }
