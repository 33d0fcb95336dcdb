"""The page of what is idle, for somebody with a browser alone, and the CSV beside it."""

import csv
from html.parser import HTMLParser
from pathlib import Path

import pytest

from catalogue.graph import Graph
from operations.idle import Part, page, report
from operations.idle.asking import Answers, Stack
from operations.idle.decision import Judged, LastUse, State, Unread
from operations.standing.reading import Standing
from tests.operations.idle.test_report import BUSY, IDLE, M5, NOW, Told, config, part, rows


class Read(HTMLParser):
    """What a page says and fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said, self.fetched, self.scripts = list[str](), list[str](), 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.scripts += tag == "script"
        self.fetched += [said for key in ("src", "href") if tag != "a" and (said := found.get(key))]

    def handle_data(self, data: str) -> None:
        self.said.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.said))


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    said = config(tmp_path)
    told = Told(
        (part(), IDLE),
        (Part("d-1/<b>ana</b>/JupyterLab", "app", owner="ana", machines=M5, replicas=1), LastUse(True, stops_after=60)),
        (part("fraud-scorer-2/live", None), BUSY),
        (Part("many", "cluster"), Unread("it takes the right Microsoft.Insights/metrics/read, which is missing")),
    )
    stray = report.of_account(said, [], Told((Part("left", "variant", machines=M5, replicas=1), IDLE)), None, 72)
    standing = Standing("a test", Graph("aws-pilot", "aws", (), {}))
    stack = Stack(tmp_path / "Pulumi.aws-pilot.yaml", "aws-pilot", said, standing)
    first, *rest = rows(said, told)
    moved = [row for row in rest if row.part.name != "fraud-scorer-2/live"]
    return Answers((stack,), (first, *moved, *stray))


def test_it_says_owner_dollars_what_to_merge_and_what_is_nobodys(answers: Answers) -> None:
    html = page.as_html(answers, "idle.csv", 72, NOW)
    read = Read(html)
    idle = [row for row in answers.rows if row.idle]
    assert len(idle) == 2
    for row in idle:
        assert row.part.name in read.text and report.dollars(row.burned_usd) in read.text
        assert report.dollars(row.month_usd) in read.text and report.since(row) in read.text
    assert "payments-risk@example.com" in read.text and "nobody" in read.text
    assert "fraud-scorer:\n    enabled: false" in html and "What to merge" in read.text
    assert "Microsoft.Insights/metrics/read" in read.text and "2 idle of 4" in read.text
    assert "2026-11-26 10:40 UTC" in read.text


def test_it_fetches_nothing_and_a_name_is_no_markup(answers: Answers) -> None:
    html = page.as_html(answers, "idle.csv", 72, NOW)
    assert Read(html).fetched == ["data:,"] and "<b>ana</b>" not in html and "&lt;b&gt;ana" in html


def test_nothing_idle_is_said_and_nothing_is_to_merge(answers: Answers) -> None:
    quiet = Answers(answers.stacks, tuple(row for row in answers.rows if not row.idle))
    read = Read(page.as_html(quiet, "idle.csv", 72, NOW))
    assert "Nothing is known to be idle." in read.text and "What to merge" not in read.text


@pytest.mark.parametrize("name", ["a\r=cmd()", "a\n=cmd()", "a\u2028=cmd()", "\t=cmd()", " =cmd()", "+cmd()"])
def test_a_name_of_the_account_begins_no_line_and_no_formula_of_the_csv(name: str) -> None:
    row = report.Row("", Part(name, "machine", owner=name), Judged(State.IDLE, "idle"), name)
    (line,) = page.as_csv([row]).splitlines()[1:]
    cells = next(csv.reader([line]))
    assert "=cmd()" in "".join(cells).replace("+", "=")
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+"))]


def test_page_and_csv_stand_beside_each_other(answers: Answers, tmp_path: Path) -> None:
    file = tmp_path / "new" / "idle.html"
    assert page.write(answers, file, 72, NOW) == [file, file.with_suffix(".csv")]
    lines = file.with_suffix(".csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(answers.rows) and lines[0].startswith("stack,name,sort")
    assert sorted(one.name for one in file.parent.iterdir()) == ["idle.csv", "idle.html"]
