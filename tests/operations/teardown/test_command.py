"""`mlplatform teardown` as it is typed: what it refuses in one sentence, and what it says of a plan."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.__main__ import application
from operations.commands import teardown as command
from operations.commands.teardown import _show  # pyright: ignore[reportPrivateUsage]  # what it prints
from operations.sandboxes import ground
from operations.teardown import KEPT, plan
from operations.teardown.running import Teardown
from stacks.config import STACKS


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--keep", "registri"],
            "--keep: 'registri' is none of its words, allowed: registry, artifacts, audit, homes; "
            "did you mean registry?",
        ),
        (["--purge", "all"], "--purge: 'all' is none of its words, allowed: homes, contents"),
        (
            ["--keep", " , "],
            "--keep: names nothing; --everything keeps nothing, and without --keep the usual stays",
        ),
        (
            ["--keep", "audit, homs"],
            "--keep: 'homs' is none of its words, allowed: registry, artifacts, audit, homes; did you mean homes?",
        ),
        (["--everything", "--keep", "audit"], "--everything keeps nothing; leave it out, or leave --keep out"),
        (["--retired", "--everything"], "--retired follows the stack file; leave --everything and --keep out"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(words: list[str], sentence: str) -> None:
    result = CliRunner().invoke(application(), ["teardown", "aws-pilot", *words])
    assert isinstance(result.exception, BadInput) and str(result.exception) == sentence


def test_a_sandbox_that_has_no_such_stack_is_refused_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "tools", lambda: (Path("pulumi"), Path("uv")))
    result = CliRunner().invoke(application(), ["teardown", "aws-pilot", "--sandbox", f"{tmp_path}/none"])
    assert isinstance(result.exception, BadInput)
    assert str(result.exception) == (
        f"--sandbox: {tmp_path}/none has no stack aws-pilot; `uv run mlplatform sandbox --name {tmp_path}/none -- "
        "pulumi up -s aws-pilot` brings it up there"
    )
    assert not [*tmp_path.iterdir()]


def test_a_stack_file_outside_of_stacks_is_none_of_a_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox would take the file of the same name in stacks/ in its place."""
    monkeypatch.setattr(ground, "tools", lambda: (Path("pulumi"), Path("uv")))
    file = tmp_path / "Pulumi.aws-pilot.yaml"
    file.write_text((STACKS / file.name).read_text(encoding="utf-8"), encoding="utf-8")
    result = CliRunner().invoke(application(), ["teardown", str(file), "--sandbox", f"{tmp_path}/none"])
    assert isinstance(result.exception, BadInput)
    assert str(result.exception) == (
        f"--sandbox: {file} lies outside stacks/, and a sandbox has the stack files of stacks/ alone"
    )


def test_it_says_what_goes_what_stays_and_why_the_bill_and_what_is_lost(
    aws_pilot: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    made = plan(aws_pilot, frozenset(KEPT))
    _show(made)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"aws-pilot: {len(made.going)} resources go, {len(made.kept.cloud)} resources stay"
    assert "  goes: aws-pilot-workspace-ana (UserProfile)" in said
    assert "  stays, audit: aws-pilot-audit, aws-pilot-audit-bucket" in said
    assert any(line.startswith("  stays, guards aws-pilot-registry-images: ") for line in said)
    assert "what stays costs $3.15 a month with no traffic, $12.75 at its most" in said
    assert "lost for good, with people's work: aws-pilot-workspace (--purge homes)" in said
    _show(plan(aws_pilot, frozenset()))
    assert any(line.startswith("later: aws-pilot-key-data: KMS") for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ("registry,artifacts,audit", "nothing was done; --yes does it, with --purge for what is lost for good"),
        ("registry,artifacts,audit,homes", "nothing was done; --yes does it"),
    ],
)
def test_a_dry_run_ends_with_what_does_it(
    aws_pilot: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str, said: str
) -> None:
    monkeypatch.setattr(command, "_door", lambda *_: (None, tmp_path))
    monkeypatch.setattr(Teardown, "planned", lambda self: plan(aws_pilot, self.choice.keep))
    result = CliRunner().invoke(application(), ["teardown", "aws-pilot", "--keep", keep])
    assert result.exit_code == 0 and result.stdout.splitlines()[-1] == said
