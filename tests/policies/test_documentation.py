"""The pages made from code, and the README, say what the code does today."""

import re
from pathlib import Path

from typer.testing import CliRunner

from operations.__main__ import app
from policies import documentation

ROOT = Path(__file__).parents[2]


def test_the_table_of_rules_is_that_of_the_pack() -> None:
    assert documentation.FILE.read_text(encoding="utf-8") == documentation.page(), "run `make docs`"


def test_every_command_the_readme_names_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    help_text = CliRunner().invoke(app, ["--help"]).output
    commands = set(re.findall(r"mlplatform ([a-z]+)", text))
    assert commands == {"pilot", "preview", "graph", "cost", "limits", "schema", "sandbox", "drill"}
    assert all(re.search(rf"\b{command}\b", help_text) for command in commands)


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
