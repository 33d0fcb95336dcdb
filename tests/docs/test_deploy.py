"""The page that leads from a verdict to a prediction: its commands are those of the CLI, of the steps and of ours."""

import re
import shlex
import subprocess
from functools import cache

import pytest
import typer.main
from typer.core import TyperGroup

from catalogue.deployers import ROLES
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS, Platform
from examples.pack import PACKED
from operations.__main__ import application
from operations.doctor import steps_of
from sandbox.tools import CLI_VERSION, find_cli
from stacks.config import STACKS, TOP_LEVEL, stack_file

ROOT = STACKS.parent
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines()]
PULUMI = {
    "version": (set[str](), 0),
    "login": (set[str](), 1),
    "stack init": ({"--secrets-provider"}, 1),
    "stack output": ({"--stack"}, 0),
    "config set": ({"--stack"}, 2),
    "config rm": ({"--stack"}, 1),
    "preview": ({"--stack", "--policy-pack", "--expect-no-changes"}, 0),
    "up": ({"--stack", "--policy-pack"}, 0),
    "cancel": ({"--stack"}, 0),
}
"""The commands of Pulumi on the page: their options, and at most how many words beside."""
EXAMPLE = [line for line in LINES if line == PACKED or line.startswith("docker build ")]
BACKENDS = ("s3://", "gs://", "azblob://")
PROVIDERS = ("awskms://", "gcpkms://", "azurekeyvault://")


def pulumi_lines() -> list[str]:
    spans = [span for span in re.findall(r"`([^`\n]+)`", PAGE) if span.startswith("pulumi ") and span != "pulumi up"]
    return [line for line in (*LINES, *spans) if line.startswith("pulumi ")]


@pytest.mark.parametrize("line", pulumi_lines())
def test_a_command_of_pulumi_is_one_that_there_is(line: str) -> None:
    words = shlex.split(line)[1:]
    name = next(name for name in PULUMI if words[: len(name.split())] == name.split())
    options, most = PULUMI[name]
    rest, beside = words[len(name.split()) :], list[str]()
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            beside.append(word)
            continue
        assert word in options
        value = rest.pop(0) if word != "--expect-no-changes" else ""
        assert word != "--stack" or stack_file(value)
        assert word != "--policy-pack" or (ROOT / value / "PulumiPolicy.yaml").is_file()
        assert word != "--secrets-provider" or value.startswith(PROVIDERS)
    assert len(beside) <= most
    assert name != "stack init" or stack_file(beside[0])
    assert name != "login" or not beside or beside[0].startswith(BACKENDS)


@cache
def help_of(name: str) -> str:
    cli = find_cli()
    if cli is None:
        pytest.skip("the Pulumi CLI is not there: `make sandbox` installs it")
    return subprocess.run([cli, *name.split(), "--help"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", PULUMI)
def test_the_cli_itself_has_the_command_and_its_options(name: str) -> None:
    said = help_of(name)
    assert f"pulumi {name}" in said.replace("stack new", "stack init")  # of which `init` is another name since 3.25x
    assert not {option for option in PULUMI[name][0] if not re.search(rf"{option}\b", said)}


def test_the_cli_itself_has_the_backends_and_the_providers() -> None:
    assert all(backend in help_of("login") for backend in BACKENDS)
    assert all(provider in help_of("stack init") for provider in PROVIDERS)


def test_a_command_of_ours_is_one_that_there_is() -> None:
    ours = [shlex.split(line)[3:] for line in LINES if line.startswith("uv run mlplatform ")]
    assert len(ours) > 3
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    for name, *words in ours:
        known = {option for parameter in group.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, name


def test_every_line_is_somebodys() -> None:
    assert not [
        line
        for line in LINES
        if not line.startswith(("pulumi ", "uv run mlplatform ", "make setup", "export PATH=")) and line not in EXAMPLE
    ]


def test_the_example_is_built_and_packed_as_the_manual_steps_say(aws_pilot: Graph) -> None:
    commands = [command for step in steps_of(aws_pilot) for command in step.commands]
    at = [commands.index(line) for line in LINES if line in EXAMPLE]
    assert len(at) == 2 and at == sorted(at)
    assert "docker push" in commands[at[0] + 1] and "out/example/aws/model.tar.gz" in " ".join(commands[at[1] :])


def test_both_phases_come_up_as_the_manual_steps_say(aws_pilot: Graph) -> None:
    by_step = [step.commands for step in steps_of(aws_pilot) if step.what.startswith("bring up")]
    assert len(by_step) == 2
    for command in (command for commands in by_step for command in commands):
        assert LINES.index(command) >= 0
    ground, serve = (LINES.index(commands[0]) for commands in by_step)
    assert ground < serve
    assert (
        PAGE.index("## 6. Bring up the ground") < PAGE.index(by_step[0][0]) < PAGE.index("## 7. Bring up what serves")
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_page_names_the_roles_of_whoever_deploys_and_no_others(platform: Platform) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{platform}` |")]
    assert set(re.findall("`([^`]+)`", row.rpartition(" | ")[2])) == {one.role for one in ROLES[platform]}


def test_the_page_says_what_the_code_says() -> None:
    assert f"Version {CLI_VERSION} is the one" in PAGE
    for key in (*TOP_LEVEL[1:], "environment:"):
        assert f"`{key}`" in PAGE
    assert (ROOT / "examples" / "recorded" / "aws" / "request.json").is_file()
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert link.startswith("https://") or (ROOT / "docs" / link).resolve().exists(), link
    assert "docs/deploy.md" in (ROOT / "README.md").read_text(encoding="utf-8")
