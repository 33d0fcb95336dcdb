"""Goes the example's path from data to recorded predictions: `uv run python -m examples.train`.

The version is tumours@1, of images that nobody has built. `--name`, `--version` and `--image REGISTRY/NAME@sha256:…`
say how a registry calls it that is to have it, and which image serves it there.

The data set is the one that scikit-learn's package ships as `load_breast_cancer`: 569 tumours, 30 measurements each,
"Breast Cancer Wisconsin (Diagnostic)", CC BY 4.0, https://doi.org/10.24432/C5DW2B. Nothing is downloaded. The page of
the loader is https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_breast_cancer.html

The steps are those of `steps/`, which the platforms' containers run, one after the other in a folder of this machine.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from examples.pack import HERE, OUT, STEPS, digest_of_image, dockerfile
from examples.serving.predictor import FILE, parse
from examples.steps import __main__ as steps
from examples.steps.contract import as_json
from examples.steps.prepare import RAW
from examples.steps.register import RECORDED
from examples.steps.table import Table, read

PLATFORMS = ("aws", "azure", "gcp")
BOUND = 0.9
"""The least accuracy with which the example is registered."""


class Stopped(Exception):
    """A step ended with an exit code that is not 0. `str()` says which."""


def raw() -> bytes:
    """The raw table, as a person would upload it."""
    from sklearn.datasets import load_breast_cancer

    data: Any = cast(Any, load_breast_cancer())
    rows = [[float(value) for value in row] for row in data.data]
    return Table(tuple(map(str, data.feature_names)), rows, [int(label) == 0 for label in data.target]).written()


def prepared(work: Path) -> Path:
    """Prepare the data in a folder. Returns the folder with what training reads. Raises Stopped."""
    (work / "raw").mkdir(parents=True)
    (work / "raw" / RAW).write_bytes(raw())
    _step(work, "prepare", ["raw"], "data")
    return work / "data"


def path(work: Path, name: str = "tumours", version: str = "1", image: str = "") -> Path:
    """Go the whole path in a folder, each step in one of its own. Returns the folder with a version for each platform.

    Raises Stopped where a step does not end well.
    """
    prepared(work)
    _step(work, "train", ["data"], "model", "--checkpoints", str(work / "checkpoints"))
    _step(work, "evaluate", ["data", "model"], "metrics")
    _step(work, "gate", ["metrics"], "gate", "--metric", "accuracy", "--bound", str(BOUND))
    for platform in PLATFORMS:
        said = {
            "name": name,
            "version": version,
            "image": image or f"registry.example.com/mlplatform-example@{digest_of_image(dockerfile(platform))}",
            "training-image": f"registry.example.com/mlplatform-steps@{digest_of_image(STEPS)}",
            "owner": "ml-platform@example.com",
            "data": "https://doi.org/10.24432/C5DW2B",
            "repository": "https://github.com/example/mlplatform",
            "commit": "unknown",
            "run": "local",
        }
        words = [word for name, value in said.items() for word in (f"--{name}", value)]
        sys.stdout.write(f"for {platform}: ")  # the digests differ, for the images do
        _step(work, "register", ["data", "model", "metrics", "gate"], f"version/{platform}", *words)
    _step(work, "predict", ["data", "model"], "predictions")
    return work / "version"


def _step(work: Path, step: str, into: Sequence[str], out: str, *more: str) -> None:
    code = steps.main([step, "--in", *(str(work / one) for one in into), "--out", str(work / out), *more])
    if code:
        raise Stopped(f"the step {step} ended with exit {code}")


def files(work: Path) -> dict[str, bytes]:
    """What the path left in a folder, as it is kept here: each file's path below this folder, and its bytes."""
    model = (work / "model" / FILE).read_bytes()
    predictor = parse(model)
    chosen = list(read((work / "data" / "test.csv").read_bytes(), "test.csv").rows)[:RECORDED]
    predictions = predictor.predict(chosen)
    csv = "".join(",".join(map(str, row)) + "\n" for row in chosen)
    answered = {"predictions": predictions}
    return {
        f"model/{FILE}": model,
        "model/MLmodel": (work / "model" / "MLmodel").read_bytes(),
        "recorded/aws/request.json": as_json({"instances": chosen}),
        "recorded/aws/prediction.json": as_json(answered),
        "recorded/aws/batch.csv": csv.encode(),
        "recorded/gcp/request.json": as_json({"instances": chosen}),
        "recorded/gcp/prediction.json": as_json(answered),
        "recorded/gcp/batch.jsonl": "".join(f"{json.dumps(row)}\n" for row in chosen).encode(),
        "recorded/azure/request.json": as_json({"input_data": chosen}),
        "recorded/azure/prediction.json": as_json(predictions),
        # MLflow reads the names of the features from the first line.
        "recorded/azure/batch.csv": (",".join(predictor.features) + "\n" + csv).encode(),
    }


def main(words: Sequence[str]) -> int:
    """Write the model and the recorded predictions, and lay data and versions out beside what is packed."""
    import shutil

    parser = argparse.ArgumentParser(prog="examples.train", description="Train the example, and lay its version out.")
    parser.add_argument("--name", default="tumours", metavar="NAME", help="what the registry calls the model")
    parser.add_argument("--version", default="1", metavar="N", help="the number of the version")
    parser.add_argument("--image", default="", metavar="IMAGE@sha256:…", help="what serves it, by its digest")
    said = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        try:
            version = path(Path(folder), said.name, said.version, said.image)
        except Stopped as stopped:
            sys.stderr.write(f"{stopped}\n")
            return 2
        for name, content in files(Path(folder)).items():
            (HERE / name).parent.mkdir(parents=True, exist_ok=True)
            (HERE / name).write_bytes(content)
        for name, laid in (("version", version), ("raw", Path(folder) / "raw"), ("data", Path(folder) / "data")):
            shutil.rmtree(OUT / name, ignore_errors=True)
            shutil.copytree(laid, OUT / name)
        metrics = json.loads((Path(folder) / "metrics" / "metrics.json").read_bytes())
    sys.stdout.write(f"{json.dumps(metrics)}\n{OUT / 'version'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
