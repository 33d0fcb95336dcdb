"""The files of the example are what training writes, and what is packed is made of them."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from catalogue import versions
from examples.pack import DATA, HERE, NAME, RAW_DATA, STEPS, archive, built, data_of, dockerfile, is_example, pack
from examples.serving.predictor import FILE, load
from examples.steps.prepare import Options, part_of
from examples.train import PLATFORMS, files, path
from stacks.config import STACKS, read_stack_file
from stacks.sections import models


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the whole path was gone today."""
    folder = tmp_path_factory.mktemp("path")
    path(folder)
    return folder


@pytest.fixture(scope="module")
def trained(work: Path) -> dict[str, bytes]:
    """What training writes today."""
    return files(work)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_full_stack_names_the_digest_of_the_examples_record_on_its_platform(work: Path, platform: str) -> None:
    """Where the bytes of examples/ change, so do the images that the record names, and with them its digest."""
    record = json.loads((work / "version" / platform / versions.RECORD).read_bytes())
    digest = versions.digest(versions.canonical({**record, "name": NAME, "version": 1}))
    (served,) = [
        one for one in models.of(read_stack_file(STACKS / f"Pulumi.{platform}-full.yaml")).values() if one.registered
    ]
    assert (served.registered, served.version) == (NAME, 1)
    assert served.digest == digest, f"write {digest} into Pulumi.{platform}-full.yaml"


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
        entries = tar.getmembers()
    assert [entry.name for entry in entries] == ["MLmodel", FILE], "as the record names the files of the artifact"
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in entries} == {(0, 0, 0, "")}


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
        (tmp_path / "opt").mkdir()
        for name in tar.getnames():  # extractall asks for a filter, which Python before 3.11.4 does not know
            held = tar.extractfile(name)
            assert held is not None
            (tmp_path / "opt" / name).write_bytes(held.read())
    assert load(tmp_path / "opt") == load(tmp_path / "gcp" / "model")


def test_the_image_that_trains_is_known_by_its_name_and_built_from_the_steps() -> None:
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/claims-images:mlplatform-example-train-1"
    assert is_example(image) and dockerfile("aws", image) == STEPS
    assert " -f examples/steps.Dockerfile " in built("aws", image)
    assert dockerfile("aws", image.replace("-train", "")).name == "aws.Dockerfile"


def test_a_place_of_the_example_holds_the_raw_table_where_it_is_called_so() -> None:
    assert data_of("azureml://datastores/artifacts/paths/mlplatform-example-raw/") == RAW_DATA
    assert data_of("s3://bucket/mlplatform-example-raw") == RAW_DATA
    assert data_of("gs://bucket/data/mlplatform-example/") == data_of("s3://bucket/drawn/") == DATA
