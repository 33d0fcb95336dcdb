"""The page on promoting: its two files agree, its commands are commands, and those that change something are dry."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from catalogue.errors import BadInput
from operations.__main__ import application
from operations.promoting import asked, copying
from stacks.config import STACKS
from tests.promoting import file_of

PAGE = (STACKS.parent / "docs" / "promoting.md").read_text(encoding="utf-8")


def test_the_two_files_agree_and_neither_alone_is_enough(tmp_path: Path) -> None:
    said = [yaml.safe_load(one)["mlplatform:registry"] for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    assert len(said) == 2
    files = [file_of("aws", name, tmp_path, one) for name, one in zip(("aws-dev", "aws-test"), said, strict=True)]
    first, following = (asked("mlplatform-example@3", file) for file in files)
    hold = vars(copying)["_hold_agreed"]
    hold(first, following)
    with pytest.raises(BadInput, match="does not give versions to aws-dev"):
        hold(following, first)


def test_each_command_takes_the_words_of_the_page() -> None:
    commands: Any = get_command(application())
    lines = re.findall(r"^    uv run mlplatform (.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 6
    for line in lines:
        command, words = commands, re.findall(r'"[^"]*"|\S+', line)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context("mlplatform", words)
        if not line.startswith(("versions", "sandbox")):
            assert any("--yes" in option.opts for option in command.params), line
