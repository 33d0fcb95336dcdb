"""The command: dry by default, bounded before it starts, and never in an account that is none."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations import accepted
from operations.__main__ import application
from operations.accept import command
from operations.accept.acceptance import STEPS, Bounds, Versions
from operations.accept.command import Asked, reckoned
from operations.judge import cost_of
from stacks.config import STACKS, read_stack_file


def asked(graph: Graph, kept: Path, sandbox: bool = False) -> Asked:
    file = STACKS / f"Pulumi.{graph.stack}.yaml"
    bounds, versions = Bounds(3, 40), Versions(None, "s3://b/9/model.tar.gz")
    return Asked(
        graph.stack, file, read_stack_file(file), graph, bounds, versions, sandbox, None, kept, kept.parent / "run"
    )


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_dry_it_says_steps_bounds_and_cost(
    platform: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    ceiling = cost_of(graph).ceiling_usd
    command._say_what_would_be_done(asked(graph, tmp_path / "t.json"), ceiling)
    said = capsys.readouterr().out
    for number, name in enumerate([*STEPS, "leave"], 1):
        assert f"{number}. {name}: " in said
    assert f"it could cost ${reckoned(ceiling, 3, graph):,.2f}" in said and "3 hours, $40.00" in said
    assert "without --next-artifact its step is left out" in said and "without --bad-artifact" not in said
    assert "manual steps that come before it: " in said and "`uv run mlplatform doctor" in said
    assert not (tmp_path / "t.json").exists()


@pytest.mark.parametrize("hours", [0.5, 4, 48])
def test_it_is_refused_where_twice_the_ceiling_is_above_the_dollars(aws_pilot: Graph, hours: float) -> None:
    ceiling = cost_of(aws_pilot).ceiling_usd
    could = reckoned(ceiling, hours, aws_pilot)
    assert could == pytest.approx(2 * ceiling * hours / 730, rel=0.01)
    command._refuse_dear("s", ceiling, [], Bounds(hours, could + 0.01), aws_pilot)
    with pytest.raises(BadInput, match="give fewer --hours, or more --dollars"):
        command._refuse_dear("s", ceiling, [], Bounds(hours, could - 0.01), aws_pilot)
    with pytest.raises(BadInput, match="nobody can say what the run costs"):
        command._refuse_dear("s", ceiling, ["an endpoint has no price"], Bounds(hours, 10**6), aws_pilot)


@pytest.mark.usefixtures("warm")
def test_it_is_refused_before_anything_is_asked_or_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "FOLDER", tmp_path / "accept")
    done = CliRunner().invoke(application(), ["accept", "aws-pilot", "--yes", "--dollars", "1"])
    assert isinstance(done.exception, BadInput) and "allowed $1.00" in str(done.exception)
    assert not (tmp_path / "accept").exists()


def test_a_stand_in_for_the_cloud_is_no_account(
    aws_pilot: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from operations.doctor import aws as doctor

    monkeypatch.setattr(doctor, "open_account", lambda account, region: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    with pytest.raises(BadInput, match=r"AWS_ENDPOINT_URL .* rehearse with --sandbox"):
        command._account(asked(aws_pilot, tmp_path / "t.json"), tmp_path / "pulumi")


def test_without_credentials_it_points_to_the_sandbox(
    aws_pilot: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from operations.doctor import NoCredentials
    from operations.doctor import aws as doctor

    def nobody(account: str, region: str) -> None:
        raise NoCredentials("no AWS credentials: set AWS_PROFILE")

    monkeypatch.setattr(doctor, "open_account", nobody)
    with pytest.raises(BadInput, match=r"no AWS credentials: .*--sandbox"):
        command._account(asked(aws_pilot, tmp_path / "t.json"), tmp_path / "pulumi")


def test_a_rehearsal_is_kept_beside_the_reports_and_never_among_what_people_review(organisation: Path) -> None:
    assert command._kept_in("dev", sandbox=False, given=None) == organisation.resolve() / "transcripts" / "dev.json"
    assert command._kept_in("dev", sandbox=True, given=None) == STACKS.parent / "out" / "dev" / accepted.FILE
    assert command._kept_in("dev", sandbox=True, given=Path("here.json")) == Path("here.json")


def test_a_rehearsal_and_a_run_in_the_account_never_take_down_what_the_other_made() -> None:
    assert command._folder_of("dev", sandbox=True) != command._folder_of("dev", sandbox=False)
