"""The pages made from code, and the README, say what the code does today."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.__main__ import application
from policies import documentation

ROOT = Path(__file__).parents[2]


def test_the_table_of_rules_is_that_of_the_pack() -> None:
    assert documentation.FILE.read_text(encoding="utf-8") == documentation.page(), "run `make docs`"


def test_every_command_the_readme_names_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    help_text = CliRunner().invoke(application(), ["--help"]).output
    commands = set(re.findall(r"mlplatform ([a-z]+)", text))
    known = {
        "pilot",
        "preview",
        "graph",
        "cost",
        "limits",
        "kinds",
        "schema",
        "sandbox",
        "drill",
        "doctor",
        "recover",
        "step",
        "idle",
        "wake",
        "teardown",
        "fleet",
        "init",
        "accept",
        "check",
        "controls",
        "evidence",
        "export",
        "run",
        "waivers",
    }
    assert commands == known
    assert all(re.search(rf"\b{command}\b", help_text) for command in commands)


def test_the_readme_says_first_where_its_commands_find_what_make_installs(tmp_path: Path) -> None:
    text, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    said = re.search(r"^    (export PATH=\S+)", text, re.MULTILINE)
    assert said is not None and said.start() < text.index("uv run")
    assert said[1].replace("$", r"\$$").replace('"', r"\"") in makefile, "make prints the same"
    for name in ("uv", "pulumi"):
        (tmp_path / ".tools" / "bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".tools" / "bin" / name).write_text(f"#!/bin/sh\necho {name} of make\n", encoding="utf-8")
        (tmp_path / ".tools" / "bin" / name).chmod(0o755)
    command = ["/bin/sh", "-c", f"{said[1]} && uv && pulumi"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "uv of make\npulumi of make\n"


@pytest.mark.parametrize("environment", [".venv", "elsewhere", "/absolute"])
def test_make_finds_the_environment_where_uv_has_it(environment: str) -> None:
    """Only names what it would do. Checkov's environment stays its own, for two projects cannot share one."""
    variables = {"UV_PROJECT_ENVIRONMENT": environment, "VIRTUAL_ENV": "/activated"}
    done = subprocess.run(
        ["make", "--always-make", "--dry-run", "setup"],
        cwd=ROOT,
        env={**os.environ, **(variables if environment != ".venv" else {}), "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    stamps = re.findall(r"^touch (.*)$", done.stdout, re.MULTILINE)
    assert sorted(stamps) == sorted(
        [f"{environment}/.synced", "policies/checkov/.venv/.synced", f"{environment}/.compiled"]
    )
    assert re.search(r"^env -u UV_PROJECT_ENVIRONMENT .*--project policies/checkov$", done.stdout, re.MULTILINE)


def test_every_make_target_the_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"`make ([a-z ]+)`", (ROOT / name).read_text(encoding="utf-8"))
        assert {word for words in named for word in words.split()} <= targets


def test_every_path_the_documents_link_exists() -> None:
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs" / "adr").glob("*.md"),
        documentation.FILE,
    ):
        for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert link.startswith("http") or (path.parent / link).exists(), f"{path.name} links {link}"


def test_the_readme_fits_three_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
