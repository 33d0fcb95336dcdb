"""The files of the example are what training writes, and what is packed is made of them."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from examples.pack import HERE, STEPS, archive, built, dockerfile, is_example, pack
from examples.serving.predictor import FILE, load
from examples.steps.prepare import Options, part_of
from examples.train import files, path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What training writes today."""
    work = tmp_path_factory.mktemp("path")
    path(work)
    return files(work)


def test_training_gives_the_files_that_are_there(trained: dict[str, bytes]) -> None:
    found = {name: (HERE / name).read_bytes() for name in trained}
    assert trained == found, "run `uv run python -m examples.train` and look at what changed"
    kept = {str(path.relative_to(HERE)) for path in (HERE / "recorded").rglob("*") if path.is_file()}
    assert kept == {name for name in trained if name.startswith("recorded/")}


def test_the_predictor_is_the_model_that_scikit_learn_has() -> None:
    """Scores of the library's own pipeline, not of the predictor: what is written must mean the same."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    kept = [index for index, row in enumerate(data.data) if part_of(row.tolist(), Options()) == "train"]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=1e-8, max_iter=1000))
    pipeline.fit(data.data[kept], data.target[kept])
    theirs = pipeline.predict_proba(data.data)[:, 0]  # the data set's class 0 is malignant
    ours = load(HERE / "model").predict(data.data.tolist())
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_the_model_is_plain_json_of_numbers_and_names() -> None:
    def leaves(value: object) -> set[type]:
        match value:
            case dict():
                return set().union(*map(leaves, value.values()))
            case list():
                return set().union(*map(leaves, value))
        return {type(value)}

    assert leaves(json.loads((HERE / "model" / FILE).read_bytes())) == {str, float}


def test_an_archive_has_no_time_and_no_person_in_it() -> None:
    first = archive()
    os.utime(HERE / "model" / FILE)
    assert archive() == first
    with gzip.open(io.BytesIO(first)) as zipped:
        zipped.read()
        assert zipped.mtime == 0
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        (entry,) = tar.getmembers()
    assert (entry.name, entry.mtime, entry.uid, entry.gid, entry.uname) == (FILE, 0, 0, 0, "")


def test_packing_lays_out_what_the_steps_of_each_verdict_name(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "left over").touch()
    folders = pack(tmp_path)
    laid = {folder.name: {str(path.relative_to(folder)) for path in folder.rglob("*")} for folder in folders}
    assert laid == {
        "aws": {"model.tar.gz", "request.json", "prediction.json", "batch.csv"},
        "gcp": {"model", "model/model.json", "model/MLmodel", "request.json", "prediction.json", "batch.jsonl"},
        "azure": {"model", "model/model.json", "model/MLmodel", "request.json", "prediction.json", "batch.csv"},
    }
    with tarfile.open(tmp_path / "aws" / "model.tar.gz") as tar:
        (name,) = tar.getnames()  # extractall asks for a filter, which Python before 3.11.4 does not know
        held = tar.extractfile(name)
        assert held is not None
        (tmp_path / "opt").mkdir()
        (tmp_path / "opt" / name).write_bytes(held.read())
    assert load(tmp_path / "opt") == load(tmp_path / "gcp" / "model")


def test_the_image_that_trains_is_known_by_its_name_and_built_from_the_steps() -> None:
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/claims-images:mlplatform-example-train-1"
    assert is_example(image) and dockerfile("aws", image) == STEPS
    assert " -f examples/steps.Dockerfile " in built("aws", image)
    assert dockerfile("aws", image.replace("-train", "")).name == "aws.Dockerfile"
