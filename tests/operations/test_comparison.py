"""Several verdicts side by side: nothing is lost, each stack in its column, the dearest bar the longest."""

import re
from pathlib import Path

import pytest
from rich.console import Console

from operations import console, report
from operations.comparison import compare
from operations.verdict import PROOFS, CreatedNode
from tests.operations.sample_verdict import hostile, nothing, sample

THREE = [sample(), hostile(), nothing()]


def test_every_row_has_a_cell_for_each_stack_and_every_proof_a_row() -> None:
    made = compare(THREE)
    assert all(len(row.cells) == len(THREE) for row in made.rows)
    assert set(PROOFS) <= {row.label for row in made.rows}


def test_a_proof_that_was_not_tried_is_not_yet() -> None:
    row = next(row for row in compare([nothing()]).rows if row.label == "exportability")
    assert row.cells[0].state == "not yet"


def test_the_dearest_bar_is_whole_and_the_others_a_share_of_it() -> None:
    dear = sample()
    half = dear.model_copy(update={"cost": dear.cost.model_copy(update={"ceiling_usd": dear.cost.ceiling_usd / 2})})
    row = next(row for row in compare([dear, half]).rows if row.label == "ceiling a month")
    assert [cell.share for cell in row.cells] == [1, 0.5]


def test_a_bill_with_unknown_lines_is_at_least_in_its_column() -> None:
    unsure = sample()
    sure = unsure.model_copy(update={"cost": unsure.cost.model_copy(update={"unpriced": []})})
    rows = {row.label: row.cells for row in compare([unsure, sure]).rows}
    for label, amount in (("idle floor a month", "$155.38"), ("ceiling a month", "$2,523.91")):
        assert [(cell.text, cell.detail) for cell in rows[label]] == [
            (f"at least {amount}", "1 line unknown"),
            (amount, ""),
        ]


def test_a_bill_with_unknown_lines_is_at_least_in_the_index_and_the_summary_too() -> None:
    unsure = sample()
    sure = unsure.model_copy(update={"cost": unsure.cost.model_copy(update={"unpriced": []})})
    for text in (report.compare(compare([unsure] * 4)), report.markdown([unsure])):
        assert "at least $155.38" in text and "at least $2,523.91" in text
    for text in (report.compare(compare([sure] * 4)), report.markdown([sure])):
        assert "at least" not in text


def test_hardware_stands_by_the_name_it_has_in_the_stack_files() -> None:
    verdict = sample()
    used = {use.name.removeprefix(f"{verdict.stack}-") for use in verdict.hardware}
    made = compare([verdict, nothing()])
    rows = {row.label: row for row in made.rows}
    assert used and used <= set(rows)
    assert all(rows[name].cells[1].text == "none" for name in used)


def test_a_workspace_shows_all_its_machines_and_one_without_any_is_no_missing_workspace() -> None:
    has = sample()
    use = has.hardware[0].model_copy(update={"stack_key": "workspace", "use": "training", "replicas": "1"})
    other = use.model_copy(update={"use": "batch", "replicas": "0 to 1", "machine_type": "other"})
    machines = has.model_copy(update={"stack": "a", "hardware": [use, use, other]})
    alone = has.model_copy(update={"created": [CreatedNode(name="w", type="mlplatform-gcp:index:Workspace", count=3)]})
    row = next(row for row in compare([machines, alone, nothing()]).rows if row.label == "workspace")
    assert [(cell.text, cell.detail) for cell in row.cells] == [
        (f"2 × {use.family}, training, 1; {use.family}, batch, 0 to 1", f"{use.machine_type}, other"),
        ("none that runs by itself", "people start their own"),
        ("none", ""),
    ]


def test_one_stack_that_fails_fails_the_whole() -> None:
    passed, failed = (sample().model_copy(update={"passed": word}) for word in (True, False))
    assert compare([passed, passed]).passed
    assert not compare([passed, failed]).passed


def test_the_page_leads_to_each_report_and_what_is_hostile_stays_text(tmp_path: Path) -> None:
    page = report.write_comparison(compare(THREE), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert page.name == "index.html"
    assert 'href="aws-pilot/report.html"' in text
    assert text.count("<script") == 1 and "onerror=" not in text.replace("&lt;img", "")
    assert len(re.findall(r"<th scope=\"col\">", text)) == 1 + len(THREE)


def test_fifty_stacks_are_fifty_rows_on_one_scale() -> None:
    dear = sample()
    many = [
        dear.model_copy(
            update={"stack": f"s{n}", "cost": dear.cost.model_copy(update={"ceiling_usd": n * 10.0, "idle_usd": 1.0})}
        )
        for n in range(1, 51)
    ]
    text = report.compare(compare(many))
    assert all(f'href="s{n}/report.html"' in text for n in range(1, 51))
    assert 'class="columns"' not in text, "fifty columns cannot be read"
    widths = [float(width) for width in re.findall(r'class="ceiling" style="width: ([0-9.]+)%"', text)]
    assert widths == pytest.approx([n * 2.0 for n in range(1, 51)])
    screen = Console(width=80, record=True, no_color=True)
    console.render_comparison(compare(many), screen)
    lines = screen.export_text().splitlines()
    assert max(map(len, lines)) <= 80 and sum(bool(re.match(r" *s[0-9]+ ", f"{line} ")) for line in lines) == 50


def test_the_terminal_shows_each_proof_in_words() -> None:
    screen = Console(width=120, record=True, no_color=True)
    console.render_comparison(compare([sample(), sample()]), screen, Path("out/index.html"))
    text = screen.export_text()
    assert all(name in text for name in PROOFS)
    assert "2 stacks, page: out/index.html" in text
