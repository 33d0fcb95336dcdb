"""The troubleshooting page quotes what the commands print today."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
FOLDERS = ("catalogue", "components", "operations", "policies", "provider", "sandbox", "stacks")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if ".venv" not in path.parts
)
ROWS = [
    cells
    for line in PAGE.splitlines()
    if line.startswith("| ") and (cells := line.strip("| ").split(" | "))[0] != "error"
]
OURS = [quoted for cells in ROWS for quoted in re.findall("`([^`]+)`", cells[0])]


def test_each_row_has_an_error_a_cause_and_a_solution() -> None:
    assert len(ROWS) > 15 and all(len(cells) == 3 and all(cells) for cells in ROWS)


@pytest.mark.parametrize("quoted", OURS)
def test_each_sentence_of_ours_is_still_printed(quoted: str) -> None:
    assert quoted in SOURCES
