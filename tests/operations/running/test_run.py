"""`mlplatform run`: what it says without --yes, what it sends with it, and what it refuses."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import ANY, Stubber

from catalogue.errors import BadInput
from operations import running
from operations.running import aws
from stacks.config import STACKS, read_stack_file
from stacks.model import StackConfig
from tests.commanding import command

FULL = STACKS / "Pulumi.aws-full.yaml"
ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:claims-fraud-training"


def config_of(folder: Path, **training: Any) -> StackConfig:
    config = yaml.safe_load(FULL.read_text(encoding="utf-8"))
    config["config"]["mlplatform:training"]["fraud-training"] |= training
    del config["config"]["mlplatform:batch_jobs"]["fraud-rows"]
    del config["config"]["mlplatform:pipelines"]  # whose step trains by what may be switched off here
    path = folder / "Pulumi.claims.yaml"
    path.write_text(yaml.safe_dump(config).replace("aws-full", "claims"), encoding="utf-8")
    return read_stack_file(path)


def test_a_dry_run_says_what_it_would_start_for_how_long_and_at_what_cost() -> None:
    done = command("run", "aws-full", "training", "fraud-training")
    assert done.returncode == 0
    first, second, third = done.stdout.splitlines()
    assert first == (
        "aws-full: a run of training fraud-training on ml.m5.xlarge, 6 h at most, $1.38 at most, less on Spot machines"
    )
    assert second.startswith("nothing is started without --yes") and third.strip().startswith("aws stepfunctions")


@pytest.mark.parametrize(("platform", "beside"), [("aws", 0), ("gcp", 3), ("azure", 0)])
def test_the_cost_has_the_launchers_that_stand_beside_the_steps(platform: str, beside: int) -> None:
    """Of gcp's steps that score: three hours of two machines, and three of a launcher beside them."""
    name = "fraud-path" if platform == "aws" else "fraud-scores"
    config = read_stack_file(STACKS / f"Pulumi.{platform}-full.yaml")
    run = running.planned(f"{platform}-full", config, "pipelines", name)
    steps, launchers = sum(part.dollars or 0 for part in run.parts), run.launchers
    assert (launchers.hours if launchers else 0) == beside
    assert run.dollars == pytest.approx(steps + ((launchers.dollars or 0) if launchers else 0))
    if launchers:
        assert launchers.dollars and "with the launchers of its steps on e2-standard-4" in run.cost
        assert replace(run, launchers=replace(launchers, dollars=None)).dollars is None


def test_the_cost_grows_with_machines_and_hours(tmp_path: Path) -> None:
    one = running.planned("claims", config_of(tmp_path), "training", "fraud-training")
    more = running.planned("claims", config_of(tmp_path, replicas=3, max_hours=8), "training", "fraud-training")
    assert one.dollars and more.dollars
    assert more.dollars == pytest.approx(one.dollars * 3 * (8 + 4) / 6)


def test_a_machine_without_a_price_says_so(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    job = config_of(tmp_path, family="gpu-l40s").__dict__["training"]["fraud-training"]
    assert job.machine == "gpu-l40s"
    (part,) = running.planned("claims", config, "training", "fraud-training").parts
    assert "known" in running.Run("claims", "x", [part, replace(part, dollars=None)]).cost


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("fraud-trainin", {}, "did you mean fraud-training"),
        ("fraud-training", {"enabled": False}, r"training\.fraud-training\.enabled: is false"),
    ],
)
def test_what_cannot_run_is_refused(tmp_path: Path, name: str, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        running.planned("claims", config_of(tmp_path, **changed), "training", name)


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
