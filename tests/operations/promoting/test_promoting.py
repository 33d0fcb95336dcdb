"""`mlplatform promote` and `approve`, in an account that moto answers: what they write, send and refuse."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from typer.testing import CliRunner

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import Registered, lies_in
from operations.__main__ import application
from operations.promoting.rewriting import rewritten
from stacks.config import STACKS
from tests.catalogue.test_versions import RECORD

ME, REGION = "123456789012", "us-east-1"
NAME, GROUP, BUCKET = "scorer", "aws-pilot-registry-scorer", f"aws-pilot-artifacts-{ME}"
OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"
TEXT = f"""config:
  mlplatform:models:
    champion:   # what serves
      registered: scorer   # from the registry
      version: 1   # before the drift
      digest: "{OLD}"  # as the approver saw it
    other: {{registered: ranker, version: 7, digest: '{OLD}'}}
"""


def test_two_values_change_and_nothing_else_of_the_file() -> None:
    text, name = rewritten(TEXT, Registered("scorer", 12), NEW)
    assert name == "champion"
    assert text == TEXT.replace("version: 1 ", "version: 12 ").replace(f'"{OLD}"', f'"{NEW}"')
    assert rewritten(text, Registered("scorer", 1), OLD)[0] == TEXT, "the way back is the same edit"
    flowed, _ = rewritten(TEXT, Registered("ranker", 8), NEW)
    assert flowed == TEXT.replace("version: 7", "version: 8").replace(f"'{OLD}'", f"'{NEW}'")
    windows = TEXT.replace("\n", "\r\n")
    assert rewritten(windows, Registered("scorer", 12), NEW)[0] == text.replace("\n", "\r\n")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_place_without_a_version_gets_both_lines_beside_its_name(ends: str) -> None:
    block = "config:\n  mlplatform:models:\n    champion:\n      registered: scorer   # to come\n    other: {}\n"
    flow = "config:\n  mlplatform:models:\n    champion: {registered: scorer}  # to come\n"
    said = rewritten(block.replace("\n", ends), Registered("scorer", 1), NEW)[0]
    lines = f"      registered: scorer   # to come\n      version: 1\n      digest: {NEW}\n    other: "
    assert lines.replace("\n", ends) in said and len(said.splitlines()) == len(block.splitlines()) + 2
    (line,) = (one for one in rewritten(flow, Registered("scorer", 1), NEW)[0].splitlines() if "champion" in one)
    assert line == f"    champion: {{registered: scorer, version: 1, digest: {NEW}}}  # to come"
    bare, added = block.partition("\n    other")[0], f"\n      version: 1\n      digest: {NEW}\n"
    assert rewritten(bare, Registered("scorer", 1), NEW)[0] == bare + added


@pytest.mark.parametrize(
    ("text", "version", "model", "said"),
    [
        (TEXT, Registered("scorre", 2), None, "no model is registered as scorre"),
        (TEXT, Registered("scorer", 2), "other", "other is no model that is registered as scorer"),
        (TEXT.replace("ranker", "scorer"), Registered("scorer", 2), None, "name one with --model"),
        (TEXT.replace(f'"{OLD}"', f">-\n        {OLD}\n     "), None, None, "by hand"),
    ],
)
def test_what_cannot_be_told_is_refused(text: str, version: Registered | None, model: str | None, said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        rewritten(text, version or Registered("scorer", 2), NEW, model)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with the group of one model, and versions 1 and 2 of it with their records."""
    for key, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        made: Any = boto3.client("sagemaker", region_name=REGION)
        made.create_model_package_group(ModelPackageGroupName=GROUP)
        boto3.client("s3", region_name=REGION).create_bucket(Bucket=BUCKET)
        for number in (1, 2):
            register(number)
        yield made


def content(number: int) -> bytes:
    return versions.canonical({**RECORD, "name": NAME, "version": number})


def register(number: int, digest: str = "") -> None:
    made: Any = boto3.client("sagemaker", region_name=REGION)
    made.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={"digest": digest or versions.digest(content(number))},
    )
    boto3.client("s3", region_name=REGION).put_object(
        Bucket=BUCKET, Key=f"registry/{NAME}/{number}/version.json", Body=content(number)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The pilot of this account, whose scorer is version 1."""
    config = yaml.safe_load((STACKS / "Pulumi.aws-pilot.yaml").read_text(encoding="utf-8"))
    config["config"]["mlplatform:account"] = ME
    config["config"]["mlplatform:models"]["fraud-scorer"] = {"registered": NAME, "version": 1, "digest": OLD}
    own = yaml.safe_dump(config, sort_keys=False).replace("111122223333", ME)
    path = tmp_path / "Pulumi.aws-pilot.yaml"
    path.write_text(own, encoding="utf-8")
    return path


def run(*words: object) -> str:
    """What a command prints. Raises BadInput where it refuses."""
    done = CliRunner().invoke(application(), [str(word) for word in words], env={"PATH": "/nowhere"})
    if isinstance(done.exception, BadInput):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


BECAUSE = ("--because", "it passed the review of risk")


def test_a_version_is_refused_until_the_approver_approves_and_then_it_is_named(registry: Any, file: Path) -> None:
    before = file.read_text(encoding="utf-8")
    with pytest.raises(BadInput, match=r"scorer@2: is not approved \(PendingManualApproval\)"):
        run("promote", "scorer@2", file)
    assert "nothing is approved without --yes" in run("approve", file, "scorer@2", *BECAUSE)
    with pytest.raises(BadInput, match="is not approved"):
        run("promote", "scorer@2", file)
    assert "scorer@2 is approved\n" in run("approve", file, "scorer@2", *BECAUSE, "--yes")
    assert "is approved already" in run("approve", file, "scorer@2", *BECAUSE, "--yes")
    shown = run("promote", "scorer@2", file)
    assert "+      version: 2" in shown and "nothing is written without --yes" in shown
    assert file.read_text(encoding="utf-8") == before
    run("promote", "scorer@2", file, "--yes")
    said = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]["mlplatform:models"]["fraud-scorer"]
    assert said == {"registered": NAME, "version": 2, "digest": versions.digest(content(2))}
    assert "is scorer@2 already" in run("promote", "scorer@2", file, "--yes")
    assert "nothing is rejected without --yes" in run("reject", file, "scorer@2", *BECAUSE)
    assert "scorer@2 is rejected\nwhat serves it serves on" in run("reject", file, "scorer@2", *BECAUSE, "--yes")
    with pytest.raises(BadInput, match=r"scorer@2: is not approved \(Rejected\)"):
        run("promote", "scorer@2", file, "--yes")
    run("approve", file, "scorer@1", *BECAUSE, "--yes")
    run("promote", "scorer@1", file, "--yes")
    assert "version: 1\n" in file.read_text(encoding="utf-8")


def test_a_step_that_compares_with_what_served_before_is_told(registry: Any, file: Path) -> None:
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    steps = {"family": "cpu-small", "max_hours": 1, "image": f"{ME}.dkr.ecr.us-east-1.amazonaws.com/steps:1"}
    folders = {"serving": f"registry/{NAME}/1/", "newest": f"registry/{NAME}/2/", "other": "registry/ranker/1/"}
    inputs = {key: f"s3://{BUCKET}/{folder}" for key, folder in folders.items()}
    tree["config"]["mlplatform:pipelines"] = {
        "retrain": {
            "output_uri": f"s3://{BUCKET}/pipelines/retrain/",
            "runs_per_month": 1,
            "steps": {"compare": {**steps, "program": ["compare"], "inputs": inputs}},
        }
    }
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    run("approve", file, "scorer@2", *BECAUSE, "--yes")
    told = [line for line in run("promote", "scorer@2", file).splitlines() if " reads " in line]
    assert [line.partition(" as before")[0] for line in told] == [
        "pipelines.retrain.steps.compare.inputs.serving reads scorer@1"
    ]


@pytest.mark.parametrize("uri", ["s3://b/{}", "gs://b/{}", "azureml://datastores/artifacts/paths/{}"])
def test_the_folder_of_a_version_is_known_on_each_platform(uri: str) -> None:
    version = Registered("scorer", 12)
    assert lies_in(uri.format(version.folder)) == lies_in(uri.format(version.artifact_folder)) == version
    assert lies_in(uri.format("registry/scorer/12")) == version
    for other in ("registry/scorer/", "registry/scorer/0/", "data/registry/scorer/12/", "registry/scorer/12x/"):
        assert lies_in(uri.format(other)) is None


def test_what_is_not_what_was_registered_is_refused(registry: Any, file: Path) -> None:
    register(3, digest=NEW)
    store: Any = boto3.client("s3", region_name=REGION)
    for said, number in (("no such version", 4), (f"was registered with the digest {NEW}", 3)):
        for words in (("promote", f"scorer@{number}", file), ("approve", file, f"scorer@{number}", *BECAUSE)):
            with pytest.raises(BadInput, match=said):
                run(*words)
    store.put_object(Bucket=BUCKET, Key=f"registry/{NAME}/2/version.json", Body=content(1))
    with pytest.raises(BadInput, match="is of scorer@1"):
        run("approve", file, "scorer@2", *BECAUSE, "--yes")
    store.delete_object(Bucket=BUCKET, Key=f"registry/{NAME}/2/version.json")
    with pytest.raises(BadInput, match="has no record at s3://"):
        run("approve", file, "scorer@2", *BECAUSE, "--yes")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("promote", "scorer", "aws-pilot"), "allowed: NAME@N such as fraud-scorer@3"),
        (("promote", "scorer@0", "aws-pilot"), "allowed: NAME@N"),
        (("approve", "aws-pilot", "scorer@1", "--because", "ok"), "--because: found 2 characters"),
    ],
)
def test_bad_input_is_one_sentence(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        run(*words)
