"""The page on fleets and its workflow: their commands are the command's, and the matrix is what it is split by."""

import re
import shlex
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from operations.__main__ import application
from stacks.config import STACKS

DOCS = STACKS.parent / "docs"
WORKFLOW: dict[str, Any] = yaml.safe_load((DOCS / "workflows" / "fleet.yml").read_text(encoding="utf-8"))
TEXTS = "".join((DOCS / page).read_text(encoding="utf-8") for page in ("fleet.md", "bill.md", "workflows/fleet.yml"))
LINES = [line.partition(" # ")[0] for line in re.findall(r"mlplatform ((?:fleet|cost) .*?)(?:`|$)", TEXTS, re.M)]


@pytest.mark.parametrize("line", [line for line in LINES if "…" not in line])
def test_a_command_of_the_page_is_one_that_there_is(line: str) -> None:
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    name, *words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "1", line))
    group.commands[name].make_context(name, words).close()


def test_the_parts_of_the_workflow_are_those_that_it_asks_for() -> None:
    jobs = WORKFLOW["jobs"]
    parts = jobs["shard"]["strategy"]["matrix"]["shard"]
    (asked,) = re.findall(r"--shard \$\{\{ matrix\.shard \}\}/([0-9]+)", yaml.safe_dump(jobs["shard"]))
    assert parts == list(range(1, int(asked) + 1))
    assert jobs["merge"]["if"].startswith("always()") and jobs["merge"]["needs"] == "shard"


def test_the_settings_of_the_page_are_yaml() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", TEXTS, re.S)
    deployments, operator = map(yaml.safe_load, blocks)
    assert deployments["gitHub"]["paths"] and operator["kind"] == "Stack"
