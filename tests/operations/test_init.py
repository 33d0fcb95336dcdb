"""`mlplatform init`: what it writes reads and is judged for its own choices; what it lacks is named at once."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from operations.__main__ import application
from stacks.config import read_stack_file
from stacks.sections import endpoints, models
from tests.operations.test_judge import judged
from tests.previewing import preview

HERE = {
    "aws": ["--account", "999988887777", "--region", "us-east-1", "--user", "kim", "--user", "lou"],
    "gcp": ["--account", "churn-dev-4711", "--region", "us-central1", "--user", "kim=kim@example.com"],
    "azure": [
        *("--account", "99998888-7777-4666-8555-444433332222", "--region", "eastus2"),
        *("--user", "kim=0a1b2c3d-0000-4000-8000-00000000000c"),
    ],
}
SAID = ["--team", "churn", "--cost-center", "cc-12", "--owner", "churn@example.com", "--environment", "dev"]
MODEL = {
    "aws": ("999988887777.dkr.ecr.us-east-1.amazonaws.com/churn:1.0", "s3://churn-999988887777/churn/1/model.tar.gz"),
    "gcp": ("us-central1-docker.pkg.dev/churn-dev-4711/serving/churn:1.0", "gs://churn-dev-4711-models/churn/1/"),
    "azure": ("mcr.microsoft.com/azureml/churn:1.0", "azureml://datastores/artifacts/paths/churn/1/"),
}
EACH = pytest.mark.parametrize("platform", PLATFORMS)


def asked(platform: str, folder: Path, *more: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(
        application(),
        ["init", "churn-dev", "--platform", platform, *HERE[platform], *SAID, "--out", str(folder), *more],
    )
    refused = str(result.exception) if isinstance(result.exception, BadInput) else ""
    assert refused or not isinstance(result.exception, Exception), result.exception
    return result.exit_code, result.output, refused


def with_model(platform: str) -> list[str]:
    image, artifact = MODEL[platform]
    return ["--model", "churn", "--image", image, "--artifact-uri", artifact]


@EACH
@pytest.mark.parametrize("serving", [False, True])
def test_what_it_writes_is_a_stack_that_passes(platform: str, serving: bool, tmp_path: Path) -> None:
    code, said, refused = asked(platform, tmp_path, *(with_model(platform) if serving else ()))
    assert (code, refused) == (0, "") and "Pulumi.churn-dev.yaml; judge it with" in said
    file = tmp_path / "Pulumi.churn-dev.yaml"
    config = read_stack_file(file)
    assert bool(endpoints.of(config)) is bool(models.of(config)) is serving
    verdict = judged(preview(file))
    assert not [f"{f.rule}: {f.message}" for f in verdict.failing] and verdict.passed


@pytest.mark.parametrize(("environment", "least", "most"), [("dev", 1, 2), ("prod", 2, 2)])
def test_an_endpoint_keeps_as_many_replicas_as_its_environment_asks_for(
    environment: str, least: int, most: int, tmp_path: Path
) -> None:
    assert asked("aws", tmp_path, *with_model("aws"), "--environment", environment)[0] == 0
    (endpoint,) = endpoints.of(read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")).values()
    assert (endpoint.replicas.least, endpoint.replicas.most) == (least, most)


@EACH
def test_it_writes_over_nothing_unless_forced(platform: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.churn-dev.yaml"
    file.write_text("mine", encoding="utf-8")
    assert "is there already" in asked(platform, tmp_path)[2]
    assert file.read_text(encoding="utf-8") == "mine"
    assert asked(platform, tmp_path, "--force")[0] == 0
    assert read_stack_file(file).team == "churn"


def test_standard_output_has_the_file_and_nothing_else(tmp_path: Path) -> None:
    code, said, _ = asked("aws", Path("-"))
    assert code == 0 and said.startswith("# yaml-language-server: $schema=stack.schema.json\n")
    (tmp_path / "Pulumi.churn-dev.yaml").write_text(said, encoding="utf-8")
    assert read_stack_file(tmp_path / "Pulumi.churn-dev.yaml").account == "999988887777"


def test_all_that_nobody_said_is_named_at_once(tmp_path: Path) -> None:
    result = CliRunner().invoke(application(), ["init", "churn-dev", "--platform", "gcp", "--out", str(tmp_path)])
    assert isinstance(result.exception, BadInput)
    lines = str(result.exception).split("\n")
    options = [line.partition(": is missing; add ")[0] for line in lines]
    assert options == ["--account", "--region", "--team", "--cost-center", "--owner", "--user"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (["--team", "Not A Slug"], "mlplatform:team: found 'Not A Slug'"),
        (["--account", "churn"], "mlplatform:account: found 'churn'"),
        (["--region", "us-gov-west-1"], "mlplatform:region: found 'us-gov-west-1'"),
        (["--owner", '"\n  x: &a 1'], "mlplatform:owner: found"),
        (["--monthly-usd", "much"], "mlplatform:budget.monthly_usd: found 'much', allowed: a number"),
        (["--user", "ana=ana@example.com"], "mlplatform:workspace.principals.ana: found"),
    ],
)
def test_what_no_stack_file_may_say_is_refused_and_not_written(options: list[str], start: str, tmp_path: Path) -> None:
    code, _, refused = asked("aws", tmp_path, *options)
    assert code != 0 and any(start in line for line in refused.split("\n")), refused
    assert not list(tmp_path.iterdir())


def test_a_platform_that_is_none_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(application(), ["init", "churn-dev", "--platform", "awz", "--out", str(tmp_path)])
    assert str(result.exception) == "--platform: found 'awz', no platform; did you mean aws?"
