"""The page on promoting: its two files agree, its commands are commands, and those that change something are dry."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from catalogue.errors import BadInput
from operations.__main__ import application
from operations.evaluation import evaluate
from operations.promoting import asked, copying
from policies import pack
from stacks.config import STACKS
from tests.previewing import preview
from tests.promoting import file_of

PAGE = (STACKS.parent / "docs" / "promoting.md").read_text(encoding="utf-8")


def test_the_two_files_agree_and_neither_alone_is_enough(tmp_path: Path) -> None:
    examples = [yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    said = [one["mlplatform:registry"] for one in examples if "mlplatform:registry" in one]
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
    assert len(lines) == 11
    for line in lines:
        command, words = commands, re.findall(r'"[^"]*"|\S+', line)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context("mlplatform", words)
        if not line.startswith(("versions", "sandbox", "preview")):
            assert any("--yes" in option.opts for option in command.params), line


def test_the_code_moves_with_what_the_page_has_the_next_file_say(tmp_path: Path) -> None:
    """Its image is dev's, by a digest, and its model a place: nothing is taken from the registry of dev."""
    *_, sources, models = (yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    file = file_of("aws", "aws-test", tmp_path, {})
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    config = {**tree["config"], **sources, **models}
    for section in ("endpoints", "batch_jobs", "callers", "registry"):
        config.pop(f"mlplatform:{section}")
    del config["mlplatform:pipelines"]["fraud-scores"]
    (host,) = sources["mlplatform:sources"]
    own = config["mlplatform:training"]["fraud-training"]["image"]
    image = f"{host}/training@sha256:{'c' * 64}"
    text = yaml.safe_dump({"config": config}, sort_keys=False).replace(own, image)
    file.write_text(text, encoding="utf-8")
    graph = preview(file)
    assert image in text and [one.message for one in evaluate(graph, pack.RULES["aws"]).findings if one.mandatory] == []
    del config["mlplatform:sources"]
    file.write_text(yaml.safe_dump({"config": config}, sort_keys=False).replace(own, image), encoding="utf-8")
    rules = {one.rule for one in evaluate(preview(file), pack.RULES["aws"]).findings if one.mandatory}
    assert "identity-registries" in rules, "without the word nobody lets the stack in"
