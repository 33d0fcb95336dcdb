"""`mlplatform run`: what it says without --yes, what it sends with it, and what it refuses."""

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import ANY, Stubber

from catalogue.errors import BadInput
from operations import running, timetable, words
from operations.judge import cost_of
from operations.running import aws
from stacks.config import STACKS, read_stack_file
from stacks.model import StackConfig
from tests.commanding import command
from tests.previewing import preview

FULL = STACKS / "Pulumi.aws-full.yaml"
ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:claims-fraud-training"


def file_of(folder: Path, **training: Any) -> Path:
    config = yaml.safe_load(FULL.read_text(encoding="utf-8"))
    config["config"]["mlplatform:training"]["fraud-training"] |= training
    del config["config"]["mlplatform:batch_jobs"]["fraud-rows"]
    del config["config"]["mlplatform:pipelines"]  # whose step trains by what may be switched off here
    path = folder / "Pulumi.claims.yaml"
    path.write_text(yaml.safe_dump(config).replace("aws-full", "claims"), encoding="utf-8")
    return path


def config_of(folder: Path, **training: Any) -> StackConfig:
    return read_stack_file(file_of(folder, **training))


def told(file: Path, section: str, name: str) -> str:
    return running.told(preview(file), read_stack_file(file), section, name)


def dollars(sentence: str) -> float:
    found = re.search(r"\$([\d,.]+) at most", sentence)
    assert found, sentence
    return float(found[1].replace(",", ""))


def test_a_dry_run_says_what_it_would_start_for_how_long_and_at_what_cost() -> None:
    done = command("run", "aws-full", "training", "fraud-training")
    assert done.returncode == 0
    first, second, third = done.stdout.splitlines()
    assert first == (
        "aws-full: a run of training fraud-training on ml.m5.xlarge, 6 h at most, $1.38 at most: up to 3 attempts, for "
        "all its hours, on demand; Spot machines cost less, and the wait for them nothing"
    )
    assert second.startswith("nothing is started without --yes") and third.strip().startswith("aws stepfunctions")


STARTED = [
    ("aws", "training", "fraud-search"),
    ("aws", "pipelines", "fraud-path"),
    *((platform, "training", "fraud-training") for platform in ("gcp", "azure")),
    *((platform, "pipelines", name) for platform in ("gcp", "azure") for name in ("fraud-path", "fraud-scores")),
]


@pytest.mark.parametrize(("platform", "section", "name"), STARTED)
def test_a_run_costs_what_the_report_says_of_it_and_once_a_month_what_the_bill_does(
    platform: str, section: str, name: str
) -> None:
    """One computation makes all three: the run's sentence, the report's table of what runs, and the line of the bill,
    which has on gcp and azure what is no machine, too."""
    file = STACKS / f"Pulumi.{platform}-full.yaml"
    graph = preview(file)
    (row,) = (one for one in timetable.of(graph, read_stack_file(file).region) if one.name == f"{platform}-full-{name}")
    assert row.run_usd is not None and row.a_month is not None
    assert dollars(told(file, section, name)) == row.run_usd
    (line,) = (one for one in cost_of(graph).lines if one.urn == row.urn)
    beside = 0.005 * row.a_month  # half a cent a run is rounded away
    assert row.run_usd * row.a_month <= line.ceiling_usd + beside
    assert platform != "aws" or line.ceiling_usd <= row.run_usd * row.a_month + beside


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_what_a_step_waits_for_spot_machines_is_in_no_price(platform: str, tmp_path: Path) -> None:
    """Of 2 hours of training with 4, and with 20 hours of wait; the launchers of gcp stand as long as the run."""

    def cost(hours: int) -> tuple[float, float]:
        config = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
        config["config"]["mlplatform:training"]["fraud-training"]["spot"]["wait_hours"] = hours
        file = tmp_path / f"Pulumi.{platform}-full.yaml"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        rows = timetable.of(preview(file), read_stack_file(file).region)
        (row,) = (one for one in rows if one.name == f"{platform}-full-fraud-path")
        (job,) = (one for one in rows if one.name == f"{platform}-full-fraud-training")
        assert job.run_usd is not None
        return job.run_usd, sum(part.usd or 0 for part in row.parts if not part.beside)

    # An attempt that fails after its 2 hours is done again while the run has hours: 3 attempts at most.
    assert cost(4) == cost(20)


def test_attempts_bill_no_longer_than_the_run(tmp_path: Path) -> None:
    spot = {
        "checkpoint_uri": "s3://claims-artifacts-111122223333/training/fraud-training/checkpoints/",
        "wait_hours": 1,
    }
    one = dollars(told(file_of(tmp_path), "training", "fraud-training"))
    assert dollars(told(file_of(tmp_path, spot=spot), "training", "fraud-training")) == pytest.approx(one * 3 / 6)
    more = dollars(told(file_of(tmp_path, replicas=3, max_hours=8), "training", "fraud-training"))
    assert more == pytest.approx(one * 3 * (8 + 4) / 6)


def test_a_machine_without_a_price_says_so() -> None:
    row = timetable.of(preview(FULL), "us-east-1")[-1].model_copy(update={"run_usd": None})
    assert "not known" in words.run_cost(row)


@pytest.mark.parametrize(
    ("platform", "beside"), [("gcp", "with the launchers on e2-standard-4, "), ("azure", "hours, ")]
)
def test_what_stands_beside_the_steps_is_said_with_the_price(platform: str, beside: str) -> None:
    sentence = told(STACKS / f"Pulumi.{platform}-full.yaml", "pipelines", "fraud-scores")
    assert "each step once, for all its hours" in sentence and f"{beside}on demand" in sentence


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("fraud-trainin", {}, "did you mean fraud-training"),
        ("fraud-training", {"enabled": False}, r"training\.fraud-training\.enabled: is false"),
    ],
)
def test_what_cannot_run_is_refused(tmp_path: Path, name: str, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        running.refuse(config_of(tmp_path, **changed), "training", name)


def test_a_stack_without_training_says_so() -> None:
    done = command("run", "aws-pilot", "training", "fraud-training")
    assert done.returncode == 2 and "has no training job" in done.stderr
    assert done.stderr.startswith("stacks/Pulumi.aws-pilot.yaml: "), "it names the file that is to have one"


@pytest.mark.parametrize(("section", "why"), [("batch_jobs", "; the clock alone starts a batch job"), ("trainig", "")])
def test_a_section_that_nobody_starts_is_one_sentence(section: str, why: str) -> None:
    done = command("run", "aws-full", section, "nightly")
    assert (done.returncode, done.stderr) == (2, f"run: found '{section}', allowed: training or pipelines{why}\n")


def stubbed(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    client: Any = boto3.client(
        "stepfunctions", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    stub = Stubber(client)
    stub.activate()
    monkeypatch.setattr(aws.boto3, "client", lambda service, **_: client)
    return stub


def test_a_run_is_started_by_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = stubbed(monkeypatch)
    answer = {"executionArn": f"{ARN.replace('stateMachine', 'execution')}:x", "startDate": 0}
    stub.add_response("start_execution", answer, {"stateMachineArn": ARN, "input": ANY})
    assert aws.send("claims", config_of(tmp_path), "training", "fraud-training") == answer["executionArn"]
    stub.assert_no_pending_responses()
    command_ = aws.start("claims", config_of(tmp_path), "training", "fraud-training").command
    said = re.search(r"--input '(.*?)'", command_)
    assert said and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", json.loads(said[1])["run"])


@pytest.mark.parametrize("code", ["StateMachineDoesNotExist", "AccessDeniedException"])
def test_a_refusal_of_aws_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    stubbed(monkeypatch).add_client_error("start_execution", code, "no\nwords")
    with pytest.raises(BadInput, match=f"AWS refuses to start a run \\({code}: no words\\)"):
        aws.send("claims", config_of(tmp_path), "training", "fraud-training")
