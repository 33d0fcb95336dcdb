"""`mlplatform sandbox run` of a training job, as its exit code says how it ended, and `sandbox download`."""

import json
from pathlib import Path

import pytest

from catalogue.graph import Graph
from catalogue.kinds.aws.jobs import STATE_MACHINE
from examples.pack import STEPS, digest_of, digest_of_image
from operations.sandboxes import walk
from operations.verdict import Look, ManualStep
from sandbox.home import Home
from sandbox.state import State
from sandbox.state.records import New
from tests.commanding import command

DATA, IMAGE = "s3://lake/data/", "111122223333.dkr.ecr.us-east-1.amazonaws.com/images:train-1"
REQUEST = {
    "TrainingJobName.$": "States.Format('fraud-{}', $$.State.RetryCount)",
    "AlgorithmSpecification": {"TrainingImage": IMAGE},
    "RoleArn": "arn:aws:iam::111122223333:role/nobody",
    "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": DATA}}}],
    "OutputDataConfig": {"S3OutputPath": "s3://lake/trained/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": REQUEST}
DEFINITION = {"StartAt": "Train", "TimeoutSeconds": 3600, "States": {"Train": TASK}}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A sandbox in which a training job stands, with data that were uploaded."""
    home, data = Home(tmp_path / "here"), tmp_path / "data"
    home.mark()
    data.mkdir()
    (data / "train.csv").write_text("a,diagnosis\n", encoding="utf-8")
    state = State(home.database)
    inputs = {"definition": json.dumps(DEFINITION)}
    state.resources.create(New(STATE_MACHINE, "one", "aws", "111122223333", "us-east-1", "fraud", inputs, {}))
    state.content.keep(digest_of(data), data)
    state.account.upload(DATA, digest_of(data))
    return home


def test_a_run_of_a_foreign_image_is_assumed_and_one_that_fails_exits_1(home: Home) -> None:
    done = command("sandbox", "--name", home.path, "run", "fraud")
    assert done.returncode == 0 and "ends as `assumed`, and nothing was trained" in done.stdout
    State(home.database).account.push(IMAGE, digest_of_image(STEPS))
    done = command("sandbox", "--name", home.path, "run", "fraud")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == "fraud: the run failed"
    assert "Could not assume role arn:aws:iam::111122223333:role/nobody" in done.stderr


def test_the_command_that_runs_it_in_an_account_runs_it_in_a_sandbox(home: Home) -> None:
    """By the name that the stack file has; without --yes it is dry there, too."""
    asked = ("run", "aws-full", "training", "fraud-training", "--sandbox", home.path)
    done = command(*asked)
    assert done.returncode == 0 and "nothing is started without --yes" in done.stdout
    done = command(*asked, "--yes")
    assert (
        done.returncode == 2
        and "'aws-full-fraud-training': no batch job, training job or pipeline of that" in done.stderr
    )
    state = State(home.database)
    (job,) = state.resources.all()
    state.resources.delete(job.key)
    new = New(STATE_MACHINE, "two", "aws", job.account, job.region, "aws-full-fraud-training", job.inputs, {})
    state.resources.create(new)
    done = command(*asked, "--yes")
    assert done.returncode == 0 and "the run ends as `assumed`" in done.stdout


@pytest.mark.parametrize(
    "asked",
    [
        ("run", "aws-full", "training", "fraud-training"),
        ("register", "aws-full", "tumours@1", "--from", "s3://a/b/"),
        ("export", "aws-full", "tumours@1", "--from", "s3://a/b/", "--to", "out/bundle"),
    ],
    ids=lambda asked: asked[0],
)
def test_a_sandbox_that_is_not_there_is_refused_and_none_is_made(asked: tuple[str, ...], tmp_path: Path) -> None:
    """A misspelt one would be a new account, in which nothing stands."""
    done = command(*asked, "--sandbox", tmp_path / "mispelt")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--sandbox: there is no sandbox at {tmp_path}/mispelt" in done.stderr
    assert not (tmp_path / "mispelt").exists()


def test_the_data_and_the_image_of_the_example_are_brought_as_training_reads_them(
    aws_pilot: Graph, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, image = "aws-pilot-artifacts-111122223333", f"{IMAGE.partition('/')[0]}/x:mlplatform-example-train-1"
    looks = [Look(what="batch input", name=f"s3://{bucket}/data/mlplatform-example/"), Look(what="image", name=image)]
    step = ManualStep(what="bring them", who="publisher", commands=[], checks=[], looks=looks)
    prepared, uploaded, pushed = walk.by_hand(step, aws_pilot, home)
    assert prepared == "uv run python -m examples.train"
    assert uploaded.endswith(f"upload s3://{bucket}/data/mlplatform-example/ out/example/data")
    assert " examples/steps.Dockerfile" in pushed

    def laid_out(work: Path) -> Path:
        (work / "data").mkdir()
        (work / "data" / "train.csv").write_text("a,diagnosis\n", encoding="utf-8")
        return work / "data"

    monkeypatch.setattr("examples.train.prepared", laid_out)
    state = State(home.database)
    state.account.use()
    walk.do(state, step, aws_pilot)
    assert state.account.digest(image) == digest_of_image(STEPS)
    kept = state.content.kept(state.account.digest(looks[0].name))
    assert kept is not None and [one.name for one in kept.iterdir()] == ["train.csv"]


def test_what_lies_in_a_store_is_downloaded_into_a_new_folder(home: Home, tmp_path: Path) -> None:
    asked = ("sandbox", "--name", home.path, "download")
    assert command(*asked, DATA, tmp_path / "out").returncode == 0
    assert (tmp_path / "out" / "train.csv").read_text(encoding="utf-8") == "a,diagnosis\n"
    for uri, folder, sentence in (
        (DATA, tmp_path / "out", "is there already; name a folder that is not"),
        ("s3://lake/nothing/", tmp_path / "new", "nothing lies there in "),
    ):
        done = command(*asked, uri, folder)
        assert done.returncode == 2 and sentence in done.stderr
