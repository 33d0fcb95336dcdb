"""The steps of the example, in order and one by one: what they write and refuse, and that a killed one goes on."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import httpx
import jsonschema
import pytest

from catalogue import versions
from catalogue.runs import RUN_VARIABLE
from examples import train
from examples.pack import HERE
from examples.serving import sagemaker
from examples.serving.predictor import FILE, parse
from examples.steps import __main__ as steps
from examples.steps import contract, register
from examples.steps import train as training
from examples.steps.contract import ARCHIVE, RUN, place, written
from examples.steps.evaluate import metrics
from examples.steps.table import read
from sandbox.dataplane import running

Work = Path
_DOCKERFILE = HERE / "steps.Dockerfile"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """A folder in which the whole path was gone."""
    folder = tmp_path_factory.mktemp("path")
    train.path(folder)
    return folder


def _json(path: Path) -> dict[str, object]:
    return json.loads(path.read_bytes())


def _run(*words: str | Path, root: Path = Path("/"), told: Mapping[str, str] | None = None) -> int:
    return steps.main([str(word) for word in words], told or {}, root)


def test_the_path_goes_from_data_to_an_answered_prediction(work: Work) -> None:
    """What the served model answers is what the version recorded, and what the batch step wrote of the same rows."""
    record = json.loads((work / "version" / "aws" / "version.json").read_bytes())
    (asked,), (answered,) = record["recorded"]["request"]["inputs"], record["recorded"]["response"]["outputs"]
    many, wide = asked["shape"]
    rows = [asked["data"][at : at + wide] for at in range(0, many * wide, wide)]
    with running(sagemaker.serve(work / "version" / "aws" / "artifact", ("127.0.0.1", 0))) as address:
        said = httpx.post(f"{address}/invocations", json={"instances": rows}, trust_env=False)
    assert said.json() == {"predictions": answered["data"]}
    batch = (work / "predictions" / "predictions.csv").read_text().splitlines()
    assert batch[0] == "prediction" and [float(one) for one in batch[1 : many + 1]] == answered["data"]
    kept = json.loads((HERE / "recorded" / "aws" / "prediction.json").read_bytes())
    assert kept["predictions"] == answered["data"]


def test_what_is_registered_is_a_record_that_is_read_anywhere(work: Work) -> None:
    """The steps write it without the catalogue's module, for their image has neither it nor pydantic."""
    content = (work / "version" / "aws" / versions.RECORD).read_bytes()
    found = versions.read(content, "version.json")
    assert {file.path: file.sha256 for file in found.artifact.files} == {
        name: versions.digest((work / "version" / "aws" / versions.ARTIFACT / name).read_bytes())
        for name in (FILE, "MLmodel")
    }
    jsonschema.validate(json.loads(content), versions.schema())


def test_each_row_lies_in_one_part_whatever_stands_beside_it(work: Work, tmp_path: Path) -> None:
    raw = read((work / "raw" / "tumours.csv").read_bytes(), "raw")
    parts = {name: read((work / "data" / f"{name}.csv").read_bytes(), name) for name in ("train", "validation", "test")}
    assert sum(len(part.rows) for part in parts.values()) == len(raw.rows) == 569
    kept = [index % 3 > 0 for index in range(len(raw.rows))]
    (tmp_path / "tumours.csv").write_bytes(raw.of(kept[::-1]).written())
    assert _run("prepare", "--in", tmp_path, "--out", tmp_path / "data") == 0
    for name, part in parts.items():
        fewer = read((tmp_path / "data" / f"{name}.csv").read_bytes(), name)
        assert fewer.rows and all(row in part.rows for row in fewer.rows)


def test_a_training_that_is_killed_goes_on_and_writes_the_same_bytes(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Killed(BaseException):
        """Spot took the machine."""

    def kill(path: Path, content: bytes) -> None:
        written(path, content)
        if path.name == training.CHECKPOINT and json.loads(content)["taken"] == 3:
            raise Killed

    asked = ("train", "--in", work / "data", "--out", tmp_path / "model", "--checkpoints", tmp_path / "kept")
    with monkeypatch.context() as patch:
        patch.setattr(training, "written", kill)
        with pytest.raises(Killed):
            _run(*asked)
    assert not (tmp_path / "model").exists()
    assert _run(*asked) == 0 and "goes on after 3 steps" in capsys.readouterr().out
    for name in (FILE, "training.json"):
        assert (tmp_path / "model" / name).read_bytes() == (work / "model" / name).read_bytes()
    # Another hyperparameter is another training, and half a checkpoint is none.
    assert _run(*asked, "--regularization", "10") == 0 and "begins anew" in capsys.readouterr().out
    assert (tmp_path / "model" / FILE).read_bytes() != (work / "model" / FILE).read_bytes()
    (tmp_path / "kept" / training.CHECKPOINT).write_text('{"of"')
    assert _run(*asked) == 0 and "begins anew" in capsys.readouterr().out
    assert (tmp_path / "model" / FILE).read_bytes() == (work / "model" / FILE).read_bytes()


def test_sagemaker_starts_training_with_one_argument_and_takes_its_archive_on(work: Work, tmp_path: Path) -> None:
    root = tmp_path / "opt" / "ml"
    shutil.copytree(work / "data", root / "input" / "data" / "training")
    (root / "input" / "config").mkdir()
    said = {"regularization": "0.1", "sagemaker_program": "x", "_tuning_objective_metric": "validation:log_loss"}
    (root / "input" / "config" / "hyperparameters.json").write_text(json.dumps(said))
    (root / "checkpoints").mkdir()
    assert _run("train", root=tmp_path, told={"TRAINING_JOB_NAME": "fraud-1"}) == 0
    assert (root / "model" / FILE).read_bytes() == (work / "model" / FILE).read_bytes()
    assert (root / "checkpoints" / training.CHECKPOINT).is_file()
    (tmp_path / "given").mkdir()
    with tarfile.open(tmp_path / "given" / ARCHIVE, "w:gz") as tar:
        content = (root / "model" / FILE).read_bytes()
        entry = tarfile.TarInfo(f"./{FILE}")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    assert _run("evaluate", "--in", work / "data", tmp_path / "given", "--out", tmp_path / "metrics") == 0
    assert _json(tmp_path / "metrics" / "metrics.json") == _json(work / "metrics" / "metrics.json")


def test_a_step_that_fails_leaves_one_sentence_where_sagemaker_looks(tmp_path: Path) -> None:
    root = tmp_path / "opt" / "ml"
    (root / "output").mkdir(parents=True)
    assert _run("train", "--in", tmp_path, "--out", tmp_path / "model", root=tmp_path) == 2
    told = (root / "output" / "failure").read_text()
    assert told.startswith("train.csv: found 0 times in ") and (root / "output" / "message").read_text() == told
    (root / "input" / "config").mkdir(parents=True)
    for name, said, sentence in (
        ("hyperparameters", {"epochs": "3"}, "'epochs' is no hyperparameter, allowed: regularization, iterations."),
        ("resourceconfig", {"hosts": ["algo-1", "algo-2"]}, "train: is one of 2 replicas, and trains on one machine"),
    ):
        (root / "input" / "config" / f"{name}.json").write_text(json.dumps(said))
        assert _run("train", root=tmp_path, told={"TRAINING_JOB_NAME": "fraud-1"}) == 2
        assert sentence in (root / "output" / "failure").read_text(encoding="utf-8")


def test_vertex_starts_training_with_arguments_alone(work: Work, tmp_path: Path) -> None:
    """As the workflow of components/gcp/training.py has them, with what Vertex AI sets of the folder of a run."""
    shutil.copytree(work / "data", tmp_path / "gcs" / "lake" / "data")
    told = {"AIP_MODEL_DIR": "gs://mine/run/model/", "AIP_CHECKPOINT_DIR": "gs://mine/run/checkpoints/"}
    assert _run("--train=/gcs/lake/data/", "--regularization=0.1", root=tmp_path, told=told) == 0
    run = tmp_path / "gcs" / "mine" / "run"
    assert (run / "model" / FILE).read_bytes() == (work / "model" / FILE).read_bytes()
    assert (run / "checkpoints" / training.CHECKPOINT).is_file()
    words = ("--train=/gcs/lake/data/", "--output=/gcs/mine/2/model/", "--checkpoints=/gcs/mine/2/")
    assert _run(*words, root=tmp_path, told=told) == 0
    assert {one.name for one in (tmp_path / "gcs" / "mine" / "2").iterdir()} == {"model", training.CHECKPOINT}


def test_a_trial_of_vertex_leaves_its_figure_where_it_is_looked_for(work: Work, tmp_path: Path) -> None:
    shutil.copytree(work / "data", tmp_path / "gcs" / "lake" / "data")
    told = {"AIP_MODEL_DIR": "gs://mine/run/3/model/", "CLOUD_ML_TRIAL_ID": "3"}
    assert _run("--train=/gcs/lake/data/", "--regularization=0.1", root=tmp_path, told=told) == 0
    said = json.loads((tmp_path / "tmp" / "hypertune" / "output.metrics").read_text(encoding="utf-8"))
    assert said["trial"] == "3" and 0 < float(said["validation:log_loss"]) < 1


def test_a_job_of_azure_logs_its_figure_to_mlflow(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a run of MLflow's own, whose name is without the colon that not every MLflow takes."""
    import mlflow

    logged = list[tuple[str, float]]()

    def logs(name: str, value: float) -> None:
        logged.append((name, value))

    monkeypatch.setattr(mlflow, "log_metric", logs)
    words = ["train", f"--train={work / 'data'}", f"--output={tmp_path / 'out'}", "--regularization=0.1"]
    assert _run(*words) == 0 and not logged, "nobody records"
    assert _run(*words, told={"MLFLOW_TRACKING_URI": "azureml://eastus2.api.azureml.ms/mlflow/v1.0/"}) == 0
    ((name, value),) = logged
    assert name == "validation_log_loss" and 0 < value < 1


def test_azure_starts_training_as_a_command(work: Work, tmp_path: Path) -> None:
    """As the command of components/azure/training.py has it, with the paths that Azure ML mounts the folders at."""
    words = [f"--train={work / 'data'}", f"--output={tmp_path / 'out'}", f"--checkpoints={tmp_path / 'kept'}"]
    assert _run("train", *words, "--regularization=0.1", told={"WORLD_SIZE": "1"}) == 0
    assert (tmp_path / "out" / FILE).read_bytes() == (work / "model" / FILE).read_bytes()
    assert (tmp_path / "kept" / training.CHECKPOINT).is_file()


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (
            ["train", "--output=/x", "--epochs=3"],
            {},
            "--epochs: is no hyperparameter and names no folder, allowed: reg",
        ),
        (["train", "--output=/x", "--iterations=many"], {}, "--iterations: found 'many', allowed: int."),
        (["train", "--output=/x", "fast"], {}, "train: found 'fast', allowed: --NAME=VALUE, each name once."),
        (["train", "--output=/x"], {"WORLD_SIZE": "2"}, "train: is one of 2 replicas, and trains on one machine alone"),
        (["--output=/x", "--output=/y"], {"AIP_MODEL_DIR": "gs://a/"}, "train: found '--output=/y', allowed: "),
        (
            ["--output=/x"],
            {"AIP_MODEL_DIR": "gs://a/", "CLUSTER_SPEC": '{"cluster": {"workerpool0": ["a"], "workerpool1": ["b"]}}'},
            "train: is one of 2 replicas, and trains on one machine alone",
        ),
        (["--output=/x"], {"AIP_MODEL_DIR": "gs://a/", "CLUSTER_SPEC": '{"cluster": 1}'}, "CLUSTER_SPEC: has no pools"),
    ],
)
def test_what_a_platform_hands_over_wrongly_is_one_sentence(
    words: list[str], environment: dict[str, str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(*words, told=environment) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(sentence)


def test_the_program_train_of_the_image_is_the_step(tmp_path: Path) -> None:
    """What the Dockerfile writes, run by the shell that Azure ML runs a command with."""
    written = re.search(
        r"^RUN (printf .*) > (\S+) && chmod \+x \2$", _DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert written is not None and written[2] == "/usr/local/bin/train"
    program = tmp_path / "train"
    subprocess.run(["sh", "-c", f"{written[1]} > {program} && chmod +x {program}"], check=True)
    (tmp_path / "python").symlink_to(sys.executable)
    environment = {"PATH": f"{tmp_path}:{os.defpath}", "PYTHONPATH": str(HERE.parent)}
    command = f"exec train --train={tmp_path} --output={tmp_path / 'out'}"
    done = subprocess.run(
        ["bash", "-c", command], check=False, env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stderr.startswith(f"train.csv: found 0 times in {tmp_path}")


def test_an_address_in_cloud_storage_is_the_folder_that_vertex_mounts() -> None:
    assert place("gs://bucket/a/b") == Path("/gcs/bucket/a/b") and place("/mnt/x") == Path("/mnt/x")
    assert place("out/x") == Path("out/x")


def test_metrics_are_those_of_scikit_learn(work: Work) -> None:
    from sklearn import metrics as theirs

    test = read((work / "data" / "test.csv").read_bytes(), "test")
    scores = parse((work / "model" / FILE).read_bytes()).predict(list(test.rows))
    called, true = [one >= 0.5 for one in scores], list(test.positive)
    assert metrics(scores, true, 0.5) == pytest.approx(
        {
            "accuracy": theirs.accuracy_score(true, called),
            "brier": theirs.brier_score_loss(true, scores),
            "log_loss": theirs.log_loss(true, [min(max(one, 1e-6), 1 - 1e-6) for one in scores]),
            "precision": theirs.precision_score(true, called),
            "recall": theirs.recall_score(true, called),
            "roc_auc": theirs.roc_auc_score(true, scores),
        },
        abs=1e-6,
    )


def test_a_pipeline_hands_each_step_its_folders_and_options_by_name(
    work: Work, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As each platform's component of a pipeline starts them: the same bytes as by `--in` and `--out`."""
    assert RUN == RUN_VARIABLE
    at = {"data": f"--data={work / 'data'}", "model": f"--model={work / 'model'}", "out": f"--output={tmp_path}"}
    assert _run("prepare", f"--raw={work / 'raw'}", f"--output={tmp_path / 'data'}", "--validation=10") == 0
    assert (tmp_path / "data" / "train.csv").read_bytes() == (work / "data" / "train.csv").read_bytes()
    assert _run("evaluate", at["data"], at["model"], at["out"]) == 0
    assert _run("gate", f"--metrics={tmp_path}", f"--output={tmp_path / 'gate'}", "--bound=0.9") == 0
    image = f"a/b@sha256:{'0' * 64}"
    said = [f"--image={image}", f"--training-image={image}", "--owner=o@example.com", "--data=d", "--repository=r"]
    said += ["--name=tumours", "--version=2", "--commit=unknown"]
    read_ = [f"--{one}={folder}" for one, folder in zip("abcd", ["data", "model", "metrics", "gate"], strict=True)]
    folders = [word.replace("=", f"={work}/") for word in read_]
    made = [*folders, f"--output={tmp_path / 'version'}", *said]
    assert _run("register", *made) == 2 and "--run is missing" in capsys.readouterr().err
    assert _run("register", *made, told={"MLPLATFORM_RUN": "run-7"}) == 0
    record = versions.read((tmp_path / "version" / versions.RECORD).read_bytes(), "version.json")
    assert (record.version, record.lineage.run) == (2, "run-7")


def test_the_better_of_two_models_goes_on_whichever_comes_first(
    work: Work, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weak = tmp_path / "weak"
    assert _run("train", "--in", work / "data", "--out", weak, "--regularization", "0.001") == 0
    words = [f"--a={weak}", f"--b={work / 'model'}"]
    for at, either in enumerate((words, [f"--a={work / 'model'}", f"--b={weak}"])):
        out = tmp_path / str(at)
        assert _run("compare", f"--data={work / 'data'}", *either, f"--output={out}") == 0
        for name in (*register.FILES, training.TRAINING):
            assert (out / name).read_bytes() == (work / "model" / name).read_bytes()
        said = json.loads((out / "comparison.json").read_bytes())
        least = min(said["models"], key=lambda one: one["log_loss"])
        assert said["best"] == least["sha256"] == contract.digest((work / "model" / FILE).read_bytes())
    capsys.readouterr()
    assert _run("compare", f"--data={work / 'data'}", f"--a={weak}", f"--output={tmp_path / 'x'}") == 2
    assert "model.json: found 1 times; give the folders of two models or more." in capsys.readouterr().err
    other = json.loads((weak / FILE).read_bytes())
    other["features"] = [f"{name} of another" for name in other["features"]]
    (weak / FILE).write_text(json.dumps(other))
    assert _run("compare", f"--data={work / 'data'}", *words, f"--output={tmp_path / 'x'}") == 2
    assert "model.json: is of other features than validation.csv" in capsys.readouterr().err


def test_what_the_gate_stops_is_not_registered(work: Work, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("gate", "--in", work / "metrics", "--out", tmp_path / "gate", "--bound", "0.999")
    assert _run(*asked) == 1 and _json(tmp_path / "gate" / "gate.json")["passed"] is False
    assert _run(*asked, "--report-only", "yes") == 0
    said = [("--name", "a"), ("--version", "1"), ("--owner", "o"), ("--data", "d"), ("--repository", "r")]
    said += [("--commit", "a" * 40), ("--run", "r"), ("--image", f"a/b@sha256:{'0' * 64}")]
    words = [word for pair in said for word in pair] + ["--training-image", f"a/b@sha256:{'0' * 64}"]
    folders = [work / "data", work / "model", work / "metrics"]
    assert _run("register", "--in", *folders, tmp_path / "gate", "--out", tmp_path / "version", *words) == 2
    assert "does not let this model through" in capsys.readouterr().err and not (tmp_path / "version").exists()
    # A gate of other metrics is the gate of another model.
    other = {"bound": 0.9, "metric": "accuracy", "passed": True, "sense": "at-least", "value": 0.99}
    (tmp_path / "gate" / "gate.json").write_text(json.dumps(other))
    assert _run("register", "--in", *folders, tmp_path / "gate", "--out", tmp_path / "version", *words) == 2
    assert "does not let this model through" in capsys.readouterr().err
    assert _run("gate", "--in", work / "metrics", "--out", tmp_path / "gate", "--bound", "0", "--metric", "f1") == 2
    assert "has no number 'f1'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("name", "Churn"),
        ("version", "0"),
        ("image", "registry.example.com/churn:1"),
        ("training-image", "sha256:0"),
        ("commit", "main"),
    ],
)
def test_a_word_that_no_record_takes_is_refused_before_anything_is_written(
    option: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = f"a/b@sha256:{'0' * 64}"
    said = {"name": "a", "version": "1", "image": image, "training-image": image, "commit": "unknown"}
    said |= {"owner": "o", "data": "d", "repository": "r", "run": "r", option: value}
    words = [word for name, one in said.items() for word in (f"--{name}", one)]
    assert _run("register", "--in", tmp_path, "--out", tmp_path / "version", *words) == 2
    assert capsys.readouterr().err.startswith(f"--{option}: found {value!r}, allowed: ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a,diagnosis\n", "has no rows"),
        (b"a,a,diagnosis\n1,2,benign\n", "line 1 must name each feature once"),
        (b"a,diagnosis\n1,benign\nx,benign\n", "line 3, 'a': found 'x', allowed: a finite number."),
        (b"a,diagnosis\nnan,benign\n", "line 2, 'a': found 'nan', allowed: a finite number."),
        (b"a,diagnosis\n1,perhaps\n", "line 2 must have 1 numbers, then malignant or benign."),
        (b"\xff", "cannot be read as CSV in UTF-8"),
    ],
)
def test_a_table_that_is_none_is_refused_at_its_line(
    content: bytes, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tumours.csv").write_bytes(content)
    assert _run("prepare", "--in", tmp_path, "--out", tmp_path / "data") == 2
    assert sentence in capsys.readouterr().err and not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [[], ["fly"], ["prepare"], ["prepare", "--test", "x"], ["prepare", "--speed", "3"]])
def test_a_wrong_word_is_one_sentence_and_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(*words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_image_of_the_steps_has_the_versions_of_the_lock() -> None:
    text = _DOCKERFILE.read_text(encoding="utf-8")
    locked = tomllib.loads((HERE.parent / "uv.lock").read_text(encoding="utf-8"))["package"]
    pinned = re.findall(r"([a-z-]+)==([\d.a-z]+)", text)
    numbers = {"scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl", "narwhals"}
    assert {name for name, _ in pinned} == numbers | {"mlflow-skinny", "azureml-mlflow"}
    assert all((name, version) in {(one["name"], one["version"]) for one in locked} for name, version in pinned)
