"""The page on what is idle and the workflow that asks every night say what the command says."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from operations.__main__ import application
from operations.idle import aws, azure, gcp
from operations.idle.decision import State
from stacks.config import STACKS, stack_file

ROOT = STACKS.parent
PAGE = (ROOT / "docs" / "idle.md").read_text(encoding="utf-8")
WORKFLOW = ROOT / "docs" / "workflows" / "idle.yaml"


def commands(text: str) -> list[list[str]]:
    """Each call of the command, with its continued lines as one."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [
        shlex.split(found.partition("|")[0]) for found in re.findall(r"uv run (?:--frozen )?mlplatform (.*)", joined)
    ]


@pytest.mark.parametrize(
    "text", ["\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)), WORKFLOW.read_text("utf-8")]
)
def test_each_command_and_option_is_one_that_there_is(text: str) -> None:
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    found = [words for words in commands(text) if words[0] in ("idle", "wake")]
    assert found
    for name, *words in found:
        known = {option for parameter in group.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
        assert not words or words[0].startswith("--") or stack_file(words[0])


def test_the_page_has_each_state_and_each_figure() -> None:
    assert re.findall(r"^\| `([a-z]+)` \|", PAGE, re.M) == [*State]
    figures = [*gcp.ANSWERED, *gcp.STANDING]
    asked = [name.removeprefix("prediction/") for name in figures]
    sources = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (aws, azure))
    asked += re.findall(
        r'"(Invocations|Invocation5XXErrors|CPUUtilization|DeploymentCapacity|RequestsPerMinute)"', sources
    )
    assert len(set(asked)) == 9 and all(f"`{name}`" in PAGE for name in asked)


def test_the_workflow_asks_at_night_and_holds_no_right_that_it_does_not_use() -> None:
    said: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert said[True]["schedule"], "YAML 1.1 reads `on` as true"
    assert set(said["permissions"]) == {"contents", "pull-requests", "id-token"}
    steps = said["jobs"]["idle"]["steps"]
    assert not any("pulumi up" in step.get("run", "").split("{ echo")[0] for step in steps), "it changes no cloud"
    assert any("--only-file" in step.get("run", "") for step in steps)
