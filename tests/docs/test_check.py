"""The workflow and the hooks of the door `check`: commands that there are, and the least rights."""

import re
import shlex
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from operations.__main__ import application
from stacks.config import STACKS

ROOT = STACKS.parent
FILE = ROOT / "docs" / "workflows" / "check.yml"
WORKFLOW: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
OWN = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
ENTRIES = [hook["entry"] for hook in (*HOOKS, *OWN) if "mlplatform" in hook["entry"]]
LINES = [
    *(entry.partition("mlplatform ")[2] + " file.yaml" for entry in ENTRIES),
    *re.findall(r"mlplatform (.*?)(?: >|`)", FILE.read_text(encoding="utf-8")),
]


@pytest.mark.parametrize("line", LINES)
def test_a_command_is_one_that_there_is(line: str) -> None:
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    name, *words = shlex.split(line)
    group.commands[name].make_context(name, words).close()


def test_the_workflow_has_the_least_rights() -> None:
    (job,) = WORKFLOW["jobs"].values()
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert job["permissions"] == {"contents": "read", "security-events": "write"}
    assert "secrets." not in FILE.read_text(encoding="utf-8")


def test_the_hooks_judge_stack_files_and_no_other() -> None:
    stacks, kept = (re.compile(hook["files"]) for hook in HOOKS)
    for file in ("stacks/Pulumi.aws-pilot.yaml", "Pulumi.claims.yaml"):
        assert stacks.search(file) and not kept.search(file)
    for file in ("Pulumi.yaml", "docs/notPulumi.a.yaml", "stacks/Pulumi.a.yaml.bak"):
        assert not stacks.search(file)
    assert kept.search("out/preview.json") and not kept.search("preview.jsonl")
    assert all(hook["language"] == "system" and hook["require_serial"] for hook in HOOKS)
