"""Whatever a name, an owner, a reason or a path says, every writer says it as text, and a shell gets it as one word.

The edge of a stack file is `tests/stacks/test_attacks.py`. This is what comes past it: names of the account, of a state
or of a program of others, what a bill calls a resource, what a person wrote as a reason.
"""

import ast
import csv
import io
import json
import re
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from rich.console import Console

from catalogue.graph import Graph, Resource
from operations import comparison, console, evidence, report
from operations.commands import check, recover
from operations.commands.idle import _print as print_idle  # pyright: ignore[reportPrivateUsage]
from operations.fleet import page as fleet_page
from operations.fleet.result import Fleet, Outcome, Result, as_json
from operations.idle import Part, page
from operations.idle.asking import Answers
from operations.idle.decision import Judged, State
from operations.idle.report import Row
from operations.terminal import Inert, text_console
from operations.verdict import Verdict
from policies.waivers import line
from tests.operations import sample_verdict
from tests.stacks.test_attacks import ATTACKS

OPERATIONS = Path(report.__file__).parent
HOSTILE = (
    *ATTACKS,
    "</script><script>alert(1)</script>",
    "<!-- --><svg/onload=alert(1)>",
    "https://evil.example/login",
    "www.evil.example",
    "@acme/security please approve #1",
    "![x](https://evil.example/track.png)",
    "| a | b |\n|---|---|",
    "\n# PASS\n\n- **proved**",
    "\uff1dcmd()",
    "\r\n=cmd()",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x1b[2J\x1b[1;1HPASS",
    "\x9b2J",
    "[link=https://evil.example]click[/link]",
    "x" * 5_000,
    "${{ github.token }}",
    "'; touch owned; '",
    "\ud7ff\u202e\u2066fdp.exe",
)
PLAIN = ("plain words", "https://example.com/plain.words")
"""A source that is an address is a link of the page's own, and a long word may break after its dots."""
SOME = tuple("\n".join(HOSTILE[at::7]) for at in range(7))
"""All of them on a few lines each, for what takes long."""
FEW = pytest.mark.parametrize("text", SOME, ids=map(str, range(7)))
EACH = pytest.mark.parametrize("text", HOSTILE, ids=[repr(one)[:24] for one in HOSTILE])
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def verdict(text: str, patch: pytest.MonkeyPatch) -> Verdict:
    patch.setattr(sample_verdict, "HOSTILE", text)
    return sample_verdict.hostile()


def fleet(text: str) -> Fleet:
    outcome = Outcome(state="fail", says=text, region=text, by_team={text: (1.0, 2.0)}, unknown_lines=1)
    names: dict[str, Any] = {
        "file": text,
        "verb": "preview",
        "key": text,
        "platform": text,
        "team": text,
        "environment": text,
    }
    one = Result(stack="a", outcome=outcome, **names)
    return Fleet(verb=text, today=text, shards=[1], of=1, files=text, every=["a"], lacks=[text], results=[one])


def rows(text: str) -> tuple[Row, ...]:
    states = (State.IDLE, State.UNKNOWN, State.BUSY)
    parts = (Part(text, "variant", owner=text, instead=(text,)), Part(text, "machine", owner=text), Part(text, "app"))
    return tuple(
        Row(stack, part, Judged(state, text), text, text, instead=(text,))
        for part, state, stack in zip(parts, states, (text, "", text), strict=True)
    )


class Page(HTMLParser):
    """The tags of a page with the names of their attributes, its scripts, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.leads, self.said = set[tuple[str, str]](), list[str](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags |= {(tag, name) for name, _ in attrs} | {(tag, "")}
        self.leads += [value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


Writer = Callable[[str, pytest.MonkeyPatch], str]
WHEN = datetime(2026, 11, 27, tzinfo=UTC)
PAGES: dict[str, Writer] = {
    "report.html": lambda text, patch: report.html(verdict(text, patch)),
    "comparison.html": lambda text, patch: report.compare(comparison.compare([verdict(text, patch)] * 2)),
    "comparison of many": lambda text, patch: report.compare(comparison.compare([verdict(text, patch)] * 5)),
    "fleet.html": lambda text, patch: fleet_page.html(fleet(text)),
    "idle.html": lambda text, patch: page.as_html(Answers((), rows(text)), "idle.csv", 72, WHEN),
}


@cache
def harmless(writer: str) -> set[tuple[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        return set[tuple[str, str]]().union(*(Page(PAGES[writer](each, patch)).tags for each in PLAIN))


@pytest.mark.sweep(3)
@FEW
@pytest.mark.parametrize("writer", PAGES)
def test_a_page_has_the_tags_that_it_has_without_an_attack(
    writer: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Page(PAGES[writer](text, monkeypatch))
    assert theirs.tags <= harmless(writer)
    assert not [lead for lead in theirs.leads if not re.match(r"(https://|#|data:,|[\w.%/~-]+$)", lead)]
    assert not CONTROLS.search("".join(theirs.said))


@FEW
def test_a_comment_in_markdown_has_no_markup_link_or_mention_of_others(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = verdict(text, monkeypatch)
    for said in (report.markdown([told]), report.markdown([told] * 3), checked(text, check.Form.MARKDOWN)):
        tokens = [one for token in MarkdownIt("commonmark").enable("table").parse(said) for one in inside(token)]
        assert not {one.type for one in tokens} & {"image", "html_block", "code_block", "fence", "code_inline"}
        assert {one.content for one in tokens if one.type == "html_inline"} <= {"<!-- -->"}
        assert sum(one.type == "heading_open" for one in tokens) == said.count("### mlplatform: ")
        seen = re.sub(r"\[source\]\(<https://[^>]*>\)", "", said)
        assert not re.search(r"@[\w-]|#\d|://[\w]|(?i:www)\.\w", seen)
        assert not CONTROLS.search(said)


def inside(token: Any) -> Iterator[Any]:
    yield token
    yield from token.children or ()


def checked(text: str, form: check.Form) -> str:
    """What `mlplatform check` prints of a finding of a program of others."""
    told = sample_verdict.hostile().findings
    rows = [(one.rule, one.resource or "", one.message) for one in told] + [(text, text, text)]
    out = io.StringIO()
    with redirect_stdout(out):
        check._rows(text, ("a", "b", "c"), rows, form)  # pyright: ignore[reportPrivateUsage]
    return out.getvalue()


@EACH
def test_the_line_that_waives_is_one_line(text: str) -> None:
    said = line("a-rule", text, text)
    assert yaml.safe_load(said)[0]["resource"] == text and said.isprintable()


def test_machines_read_back_what_was_said_and_a_terminal_can_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(SOME)
    told = verdict(text, monkeypatch)
    sarif = json.dumps(report.sarif(told))
    (run,) = report.sarif(told)["runs"]
    for rule in run["tool"]["driver"]["rules"]:
        assert "](" not in rule["help"]["text"] + rule["shortDescription"]["text"]
    assert not [one for one in run["results"] if "](" in one["message"]["text"] + json.dumps(one["suppressions"])]
    graph = Graph("a", "aws", (Resource(urn="urn:x", type="aws:s3/bucket:Bucket", name=text, custom=True),), {})
    oscal = evidence.text_of(evidence.assessment(graph, told, "0" * 40))
    for said in (sarif, oscal, as_json(fleet(text))):
        json.loads(said)
        assert said.isascii() and not CONTROLS.search(said)
    ET.fromstring(report.junit(told))  # ours, and no entity is declared


@EACH
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    cells = [cell for each in csv.reader(io.StringIO(page.as_csv(rows(text)))) for cell in each]
    assert len(cells) == 13 * 4
    assert not [cell for cell in cells if re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell)]
    assert not CONTROLS.search("".join(cells))


@FEW
def test_a_terminal_shows_words_and_nothing_else(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = verdict(text, monkeypatch)
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", Inert(out))
    screen = text_console(width=100)
    console.render(told, screen)
    console.render_comparison(comparison.compare([told] * 2), screen)
    print_idle(rows(text), screen)
    screen.print(text)
    said = out.getvalue() + checked(text, check.Form.TABLE)
    assert not CONTROLS.search(said)
    assert ("[link=" in said) is ("[link=" in text)


@EACH
def test_what_is_copied_into_a_shell_is_one_command_a_line(text: str, tmp_path: Path, capsys: Any) -> None:
    """`mlplatform recover` prints what a state says, which an account or a program of others may have filled."""
    urn = f"urn:pulumi:a::mlplatform::aws:sqs/queue:Queue::{text}"
    made = {"urn": urn, "custom": True, "type": "aws:sqs/queue:Queue", "inputs": {"name": text, "policy": text}}
    state = {"deployment": {"resources": [], "pending_operations": [{"resource": made, "type": "creating"}]}}
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    recover.recover(file)
    for said in capsys.readouterr().out.splitlines():
        assert said.startswith("# ") or shlex.split(said)[0] == "pulumi"
        assert not CONTROLS.search(said)
        if not said.startswith("# "):
            # What the shell would run or fill in stands in quotes: outside of them nothing is left but plain words.
            assert re.fullmatch(r"[\w@%+=:,./ -]*", re.sub(r"'[^']*'|\"'\"", "", said))


@pytest.mark.parametrize("of_a_terminal", [False, True])
def test_whatever_a_command_prints_leaves_without_what_moves_the_cursor(of_a_terminal: bool) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return of_a_terminal

    out = Stream()
    for text in HOSTILE:
        assert Inert(out).write(text) == len(text)
    said = out.getvalue()
    assert not CONTROLS.search(re.sub(r"\x1b\[[0-9;]*m|\r", "", said))
    assert ("\x1b[31m" in said) is of_a_terminal and "\x1b]8" not in said and "\x1b[2J" not in said
    coloured = Stream()
    screen = Console(file=Inert(coloured), force_terminal=True, color_system="truecolor")  # pyright: ignore[reportArgumentType]
    screen.print("a word", style="bold red")
    with screen.status("at work"):
        pass
    assert ("\x1b[" in coloured.getvalue()) is of_a_terminal


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_each_new_writer_goes_through_what_is_tested_here() -> None:
    """Pages by one environment that escapes, tables by one console without markup, CSV by one function."""
    own = {"Console": "terminal.py", "Environment": "report.py", "csv.DictWriter": "idle/page.py", "csv.writer": "none"}
    for file in sorted(OPERATIONS.rglob("*.py")):
        name = file.relative_to(OPERATIONS).as_posix()
        for called in calls(ast.parse(file.read_text(encoding="utf-8"))):
            assert own.get(called, name) == name, (
                f"{name} has a {called} of its own; {own[called]} has the one that is tested"
            )
            assert called != "yaml.dump", f"{name} writes YAML that could make objects; yaml.safe_dump writes data"
    for template in sorted((OPERATIONS / "pages").glob("*.j2")):
        text = template.read_text(encoding="utf-8")
        assert "| safe" not in text and "autoescape" not in text, f"{template.name} lets markup through"
    parts = {"parts.html.j2", "runs.html.j2", "step.html.j2"}
    pages = {file.name for file in (OPERATIONS / "pages").glob("*.html.j2")} - parts
    assert pages <= {f"{writer}.j2" for writer in PAGES}, "each page has a writer here"


def test_the_command_itself_writes_by_the_stream_that_is_inert() -> None:
    text = (OPERATIONS / "__main__.py").read_text(encoding="utf-8")
    assert text.count("with inert():") == 2 and 'sys.stderr.write(f"{error}' in text.split("with inert():")[-1]
