"""The page on the acceptance run says what the command says."""

import re
import shlex

import typer.main
from typer.core import TyperGroup

from operations.__main__ import application
from operations.accept.acceptance import STEPS
from operations.accepted import findings
from policies import names
from stacks.config import STACKS, stack_file

ROOT = STACKS.parent
PAGE = (ROOT / "docs" / "accept.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines()]


def test_each_command_and_option_is_one_that_there_is() -> None:
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    known = {option for parameter in group.commands["accept"].params for option in parameter.opts}
    assert len(LINES) == 4
    for line in LINES:
        head, stack, *options = shlex.split(line)[2:]
        assert head == "mlplatform" and stack == "accept" and stack_file(options.pop(0))
        assert {word for word in options if word.startswith("--")} <= known
    assert set(re.findall(r"`(--[a-z-]+)`", PAGE)) <= known


def test_the_table_has_each_step_in_order() -> None:
    table = PAGE.split("## What it does")[1].split("\n## ")[0]
    assert re.findall(r"^\| ([a-z ]+) \|", table, re.M)[1:] == [*STEPS, "leave"]


def test_the_findings_are_those_of_the_code() -> None:
    for rule in ("transcript-intact", "behaviour-contradicted"):
        assert f"`{rule}`" in PAGE and rule in names.OF_THE_VERDICT
    assert findings.__doc__


def test_every_link_leads_somewhere() -> None:
    assert all((ROOT / "docs" / link).exists() for link in re.findall(r"\]\(([^)#]+)\)", PAGE))
    assert "docs/accept.md" in (ROOT / "README.md").read_text(encoding="utf-8")
