"""The page of the personas is what the table says, and its address is a page of the clouds' for each task."""

from catalogue.platforms import PLATFORMS
from policies.personas import documentation, table


def test_the_page_is_that_of_the_table() -> None:
    assert documentation.FILE.read_text(encoding="utf-8") == documentation.page(), "run `make docs`"


def test_every_task_and_every_persona_stands_on_the_page() -> None:
    page = documentation.page()
    for platform in PLATFORMS:
        said = table(platform)
        part = page.partition(f"## {platform}\n")[2].partition("\n## ")[0]
        rows = [line for line in part.splitlines() if line.startswith("| [")]
        assert len(rows) == len(said.tasks)
        for task, row in zip(said.tasks, rows, strict=True):
            cells = dict(zip(said.taken_by, (cell.strip() for cell in row.split("|")[2:-1]), strict=True))
            assert {persona for persona, mark in cells.items() if mark not in ("–", "also")} == task.who, task.name
