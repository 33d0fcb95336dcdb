"""`mlplatform controls`: what it writes, and what it refuses in one sentence."""

import json
import re
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from operations.__main__ import application
from policies.controls import documentation
from stacks.config import STACKS


def test_it_writes_a_document_a_file_and_says_who_lifts_each(tmp_path: Path) -> None:
    said = CliRunner().invoke(application(), ["controls", "aws-pilot", "--out", str(tmp_path)], env={"COLUMNS": "200"})
    assert said.exit_code == 0
    assert "finops@example.com" in said.output
    written = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in tmp_path.iterdir()}
    assert {*written} == {"scp-machine-learning", "scp-account", "scp-tags", "rcp-data", "s3-public-access"}
    assert "111122223333" in json.dumps(written["rcp-data"])


def test_on_a_screen_of_80_no_name_is_cut_in_two() -> None:
    said = CliRunner().invoke(application(), ["controls", "aws-pilot"], env={"COLUMNS": "80"}).output
    for whole in ("studio-in-the-network", "scp-machine-learning", "security@example.com"):
        assert whole in said


def test_a_platform_has_the_limits_of_every_stack_and_no_account() -> None:
    said = json.loads(CliRunner().invoke(application(), ["controls", "aws", "--format", "json"]).stdout)
    assert "111122223333" not in json.dumps(said)
    assert [one["name"] for one in said["controls"] if one["document"] is None] == ["own-keys", "regions"]


def test_the_commands_of_the_page_are_those_that_there_are() -> None:
    lines = re.findall(r"mlplatform (controls [^`#\n]*)", documentation.FILE.read_text(encoding="utf-8"))
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup) and len(lines) >= 3
    for line in lines:
        name, *words = line.rstrip(" )").split()
        group.commands[name].make_context(name, words).close()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["awss"], "; or name a platform: aws, gcp, azure"),
        (["aws", "--out", str(STACKS / "Pulumi.aws-pilot.yaml" / "x")], "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_sentence(words: list[str], sentence: str) -> None:
    result = CliRunner().invoke(application(), ["controls", *words])
    assert sentence in str(result.exception)
