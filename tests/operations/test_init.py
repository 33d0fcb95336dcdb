"""`mlplatform init`: what it writes reads and is judged for its own choices; what it lacks is named at once."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from operations.__main__ import application
from operations.commands import init
from stacks.config import read_stack_file
from stacks.sections import endpoints, models, network, workspace
from tests import sharing
from tests.conftest import forget
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


def asked(platform: str, folder: Path, *more: str, typed: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(
        application(),
        ["init", "churn-dev", "--platform", platform, *HERE[platform], *SAID, "--out", str(folder), *more],
        input=typed,
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


@pytest.mark.parametrize(
    ("platform", "environment", "least", "most"), [("aws", "dev", 2, 2), ("gcp", "dev", 1, 2), ("gcp", "prod", 2, 2)]
)
def test_an_endpoint_keeps_as_many_replicas_as_its_environment_and_its_canary_ask_for(
    platform: str, environment: str, least: int, most: int, tmp_path: Path
) -> None:
    assert asked(platform, tmp_path, *with_model(platform), "--environment", environment)[0] == 0
    (endpoint,) = endpoints.of(read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")).values()
    assert (endpoint.replicas.least, endpoint.replicas.most) == (least, most)


@pytest.mark.sweep
def test_it_names_a_zone_in_each_region_of_google_cloud(tmp_path: Path) -> None:
    for region in sharing.share(catalogue.region_names("gcp"), 4, str):
        code, _, refused = asked("gcp", tmp_path, "--region", region, "--force")
        if not [zone for zone in catalogue.load("gcp").workspace_zones or () if zone.startswith(f"{region}-")]:
            assert refused.startswith("--region: ")
            continue
        assert (code, refused) == (0, "")
        zone = workspace.of(read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")).zone
        assert zone.rpartition("-")[0] == region


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
        (["--team", "Not A Slug"], "--team: found 'Not A Slug'"),
        (["--account", "churn"], "--account: found 'churn', allowed: an AWS account id of twelve digits"),
        (["--region", "us-gov-west-1"], "--region: found 'us-gov-west-1'"),
        (
            ["--environment", "Production"],
            "--environment: found 'Production', allowed: 'pilot', 'dev', 'test' or 'prod'",
        ),
        (["--owner", '"\n  x: &a 1'], "--owner: found"),
        (["--monthly-usd", "much"], "--monthly-usd: found 'much', allowed: a number"),
        (["--user", "ana=ana@example.com"], "--user: found"),
        (["--cidr", "10.0.0.0/30"], "--cidr: found '10.0.0.0/30', allowed: a"),
        (["--user", "Ana Lee"], "--user: found 'Ana Lee'"),
        ([*with_model("aws"), "--model", "My Model"], "--model: found 'My Model'"),
        ([*with_model("aws"), "--image", "python:3"], "--image: found 'python:3'"),
        ([*with_model("aws"), "--artifact-uri", "gs://here/"], "--artifact-uri: found 'gs://here/'"),
        ([*with_model("aws"), "--family", "gpu"], "--family: found 'gpu'"),
        ([*with_model("aws"), "--family", "tpu-v5e"], "--family: found 'tpu-v5e'"),
    ],
)
def test_what_no_stack_file_may_say_is_refused_and_not_written(options: list[str], start: str, tmp_path: Path) -> None:
    code, _, refused = asked("aws", tmp_path, *options)
    lines = refused.split("\n")
    assert code != 0 and any(line.startswith(start) for line in lines), refused
    assert all(line.startswith("--") for line in lines), "no sentence speaks of a file that is not there"
    assert not list(tmp_path.iterdir())


def test_a_platform_that_is_none_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(application(), ["init", "churn-dev", "--platform", "awz", "--out", str(tmp_path)])
    assert str(result.exception) == "--platform: found 'awz', no platform; did you mean aws?"


ANSWERS = {
    "aws": ["999988887777", "eu-west-1", "dev", "churn", "cc-12", "churn@example.com", "", "kim,lou"],
    "gcp": ["churn-dev-4711", "europe-west4", "dev", "churn", "cc-12", "churn@example.com", "", "kim=k@example.com"],
}


def answered(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> tuple[int, str]:
    """The command in a terminal, where a person types these lines."""
    monkeypatch.setattr(init, "_terminal", lambda: True)
    typed = "".join(f"{line}\n" for line in lines)
    result = CliRunner().invoke(application(), ["init", "churn-dev", "--out", str(folder)], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("platform", ANSWERS)
def test_a_person_is_asked_for_everything(platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = answered(tmp_path, monkeypatch, platform, *ANSWERS[platform], "")
    config = read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")
    assert (code, config.platform, config.environment) == (0, platform, "dev") and not models.of(config)


def test_a_wrong_answer_is_asked_for_again_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ["12", "Ireland", "production", *ANSWERS["aws"][3:], "churn", *MODEL["aws"], "gpu"]
    again = [*ANSWERS["aws"][:2], "test", "gpu-l4"]
    image = MODEL["aws"][0].replace("us-east-1", "eu-west-1")
    code, said = answered(tmp_path, monkeypatch, "sagemaker", "aws", *first, *again, image)
    assert "--platform: found 'sagemaker', no platform; did you mean aws?" in said
    assert "'pilot', 'dev', 'test' or 'prod'; did you mean prod?" in said
    config = read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")
    assert (code, config.account, config.region, config.environment) == (0, "999988887777", "eu-west-1", "test")
    assert endpoints.of(config)["churn"].family == "gpu-l4"


def test_whoever_says_all_by_options_is_asked_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "_terminal", lambda: True)
    for more in ([], with_model("aws")):
        code, said, _ = asked("aws", tmp_path, *more, "--force")
        assert code == 0 and said.startswith("wrote "), said


def test_a_wrong_option_is_asked_for_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "_terminal", lambda: True)
    code, said, _ = asked("aws", tmp_path, "--environment", "production", typed="prod\n")
    assert code == 0 and "did you mean prod?" in said
    assert read_stack_file(tmp_path / "Pulumi.churn-dev.yaml").environment == "prod"


def test_whoever_stops_answering_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = answered(tmp_path, monkeypatch, "aws", "12")
    assert code != 0 and not list(tmp_path.iterdir())


def cidr_of(folder: Path, stack: str) -> str:
    return network.of(read_stack_file(folder / f"Pulumi.{stack}.yaml")).cidr


def test_a_range_overlaps_none_of_another_stack_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.broken.yaml").write_text("config: [", encoding="utf-8")
    for stack in ("one", "two", "three"):
        words = ["init", stack, "--platform", "gcp", *HERE["gcp"], *SAID, "--out", str(tmp_path)]
        assert CliRunner().invoke(application(), words).exit_code == 0
    assert [cidr_of(tmp_path, stack) for stack in ("one", "two", "three")] == [
        "10.40.0.0/20",
        "10.40.16.0/20",
        "10.40.32.0/20",
    ]
    assert asked("aws", tmp_path, "--cidr", "192.168.0.0/16")[0] == 0
    assert cidr_of(tmp_path, "churn-dev") == "192.168.0.0/16"
    assert asked("aws", tmp_path, "--force")[0] == 0, "the stack that is written over keeps nothing from itself"
    assert cidr_of(tmp_path, "churn-dev") == "10.40.48.0/20"


@pytest.mark.parametrize(
    ("used", "free"),
    [(["10.40.0.0/17"], "10.40.128.0/20"), (["10.40.0.0/13"], "10.0.0.0/20"), (["10.0.0.0/8"], "172.16.0.0/20")],
)
def test_a_range_overlaps_none_in_use_in_a_landing_zone(
    organisation: Path, tmp_path: Path, used: list[str], free: str
) -> None:
    zone = {"platform": "aws", "account": "999988887777", "region": "us-east-1", "owner": "cloud@company.example"}
    document = {"landing_zones": {"shared": zone | {"ranges_in_use": used}}}
    (organisation / "landing_zones.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    forget()
    assert asked("aws", tmp_path)[0] == 0
    assert cidr_of(tmp_path, "churn-dev") == free


def test_where_no_range_is_free_it_says_what_to_give(organisation: Path, tmp_path: Path) -> None:
    zone = {"platform": "aws", "account": "999988887777", "region": "us-east-1", "owner": "cloud@company.example"}
    used = {"ranges_in_use": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}
    (organisation / "landing_zones.yaml").write_text(
        yaml.safe_dump({"landing_zones": {"shared": zone | used}}), encoding="utf-8"
    )
    forget()
    assert asked("aws", tmp_path)[2].endswith("give one with --cidr")


@EACH
def test_terminal_it_asks_for_what_no_option_says(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "_terminal", lambda: True)
    account, region = (HERE[platform][HERE[platform].index(option) + 1] for option in ("--account", "--region"))
    people = ",".join(who for at, who in enumerate(HERE[platform]) if at and HERE[platform][at - 1] == "--user")
    image, artifact = MODEL[platform]
    lines = [
        platform,
        account,
        region,
        "",
        "churn",
        "cc-12",
        "churn@example.com",
        "",
        people,
        *([""] if platform == "azure" else []),
        "churn",
        image,
        artifact,
        "",
    ]
    result = CliRunner().invoke(
        application(), ["init", "churn-dev", "--out", str(tmp_path)], input="".join(f"{line}\n" for line in lines)
    )
    assert result.exit_code == 0, (result.output, result.exception)
    config = read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")
    assert (config.platform, config.account, config.region) == (platform, account, region)
    assert (config.environment, config.team) == ("pilot", "churn")
    assert models.of(config)["churn"].image == image
    assert ("the virtual network that people come from" in result.output) is (platform == "azure")
    text = (tmp_path / "Pulumi.churn-dev.yaml").read_text(encoding="utf-8")
    assert ("# reached_from: name the network" in text) is (platform == "azure")


def test_terminal_nothing_serves_where_no_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "_terminal", lambda: True)
    words = ["init", "churn-dev", "--platform", "aws", *HERE["aws"], *SAID, "--out", str(tmp_path)]
    result = CliRunner().invoke(application(), words, input="250\n\n")
    assert result.exit_code == 0, (result.output, result.exception)
    assert "container image" not in result.output, "the image of no model is not asked for"
    config = read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")
    assert not models.of(config) and not endpoints.of(config)


DESKTOPS = (
    "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/desktops/providers/Microsoft.Network/"
    "virtualNetworks/desktops"
)


def test_the_network_that_people_come_from_is_named_on_azure(tmp_path: Path) -> None:
    assert asked("azure", tmp_path, "--reached-from", f"{DESKTOPS}=172.16.0.0/20")[0] == 0
    (way,) = workspace.of(read_stack_file(tmp_path / "Pulumi.churn-dev.yaml")).reached_from.values()
    assert (way.network, way.cidr) == (DESKTOPS, "172.16.0.0/20")


@pytest.mark.parametrize(
    ("platform", "said", "sentence"),
    [
        ("azure", "desktops=172.16.0.0/20", "--reached-from: found 'desktops', allowed: "),
        ("azure", f"{DESKTOPS}=172.16.0.0/40", "--reached-from: found '172.16.0.0/40', allowed: "),
        ("azure", DESKTOPS, "--reached-from: found "),
        ("aws", f"{DESKTOPS}=172.16.0.0/20", "--reached-from: "),
    ],
)
def test_a_network_of_people_that_no_stack_may_name_is_told_under_its_option(
    platform: str, said: str, sentence: str, tmp_path: Path
) -> None:
    code, _, refused = asked(platform, tmp_path, "--reached-from", said)
    assert code == 1 and all(line.startswith(sentence) for line in refused.split("\n")), refused
    assert not (tmp_path / "Pulumi.churn-dev.yaml").exists()
