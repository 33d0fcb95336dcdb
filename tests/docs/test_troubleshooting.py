"""The troubleshooting page quotes what the commands print today."""

import re
from pathlib import Path

from tests.rows import rows

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


@rows("quoted", OURS)
def test_each_sentence_of_ours_is_still_printed(quoted: str) -> None:
    assert quoted in SOURCES


def test_no_error_has_two_rows() -> None:
    """Rows of one error that different hands wrote say different things to do."""
    errors = [cells[0] for cells in ROWS]
    assert [one for one in errors if errors.count(one) > 1] == []


@rows("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_the_number_of_a_decision_is_that_of_its_file(page: Path) -> None:
    links = re.findall(r"\[(\d{4})\]\((?:adr/)?(\d{4})-", page.read_text(encoding="utf-8"))
    assert all(said == file for said, file in links), links
