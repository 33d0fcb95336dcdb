"""Several stacks in one command: how many at once, in which order, and what is left when one of them breaks."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations import judge, together
from operations.__main__ import application
from operations.checkov import Checkov, CheckovError
from operations.preview import PreviewFailed, Program, Programs
from operations.progress import Progress
from operations.together import Broken, judge_all
from operations.verdict import Verdict
from stacks.config import STACKS
from tests.commanding import here
from tests.operations.sample_verdict import nothing
from tests.previewing import programs

TODAY = date(2026, 11, 22)
CHECKOV = STACKS.parent / "policies" / "checkov"
PILOT = STACKS / "Pulumi.aws-pilot.yaml"
SECONDS = 60
ELSEWHERE = "make room there, or name another folder with --out"


class Stage:
    """Stands where programs and scans stand: counts how many are in it at once, and lets `together` of them meet."""

    def __init__(self, together: int) -> None:
        self._meeting = threading.Barrier(together, timeout=SECONDS)
        self._lock = threading.Lock()
        self.inside, self.most = 0, 0

    def pass_through(self) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self._meeting.wait()  # nobody leaves before so many are here; more of them would be counted
        with self._lock:
            self.inside -= 1


Run = Callable[..., list[Verdict | Broken]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Judge stacks of these names, with something else for the program and the judgement; no process starts."""

    def judge_them(
        names: list[str],
        at_once: int,
        program: Callable[[str], None] = lambda stack: None,
        scan: Callable[[str], None] = lambda stack: None,
    ) -> list[Verdict | Broken]:
        class Idle(Checkov):
            def __init__(self) -> None: ...
            def scan(self, rendered: Any, timeout_seconds: float = 0) -> Any:
                scan(rendered)
                return type("Result", (), {"seconds": 0.25})()

            def close(self) -> None: ...

        def graph(self: Programs, asked: Program, timeout_seconds: float = 0) -> tuple[Graph, float]:
            program(asked.stack)
            return Graph(asked.stack, "aws", (), {}), 0.5

        def verdict(graph: Graph, scan: Any, spent: Callable[[], float], today: date, stage: Any) -> Verdict:
            scan(graph.stack)
            return nothing().model_copy(update={"stack": graph.stack, "seconds": spent(), "judged_on": today})

        monkeypatch.setattr(Programs, "start", lambda self, platform, one: None)
        monkeypatch.setattr(Programs, "run", graph)
        monkeypatch.setattr(Checkov, "start", classmethod(lambda cls, environment, one: Idle()))
        monkeypatch.setattr(judge, "judge", verdict)
        asked = [Program(f"Pulumi.{name}.yaml", name, {"mlplatform:platform": "aws"}, tmp_path) for name in names]
        progress = Progress(Console(file=StringIO()), len(names))
        return judge_all(asked, CHECKOV, tmp_path, TODAY, progress, at_once)

    return judge_them


NAMES = [f"s{number}" for number in range(12)]


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_as_many_programs_run_at_once_as_there_are_cores_and_no_more(run: Run, cores: int) -> None:
    stage = Stage(cores)
    run(NAMES, cores, program=lambda stack: stage.pass_through())
    assert stage.most == cores


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_as_many_scans_run_at_once_as_there_are_cores_and_no_more(run: Run, cores: int) -> None:
    stage = Stage(cores)
    run(NAMES, cores, scan=lambda stack: stage.pass_through())
    assert stage.most == cores


def test_verdicts_come_in_the_order_named_whichever_is_done_first(run: Run, tmp_path: Path) -> None:
    last_is_done = threading.Event()

    def program(stack: str) -> None:
        if stack == "last":
            last_is_done.set()
        else:
            assert last_is_done.wait(SECONDS)

    ended = run(["first", "last"], 2, program=program)
    assert [one.stack for one in ended if isinstance(one, Verdict)] == ["first", "last"]
    assert (tmp_path / "first" / "report.json").exists() and (tmp_path / "last" / "report.json").exists()


def test_seconds_are_of_the_stack_and_not_of_the_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these waits for the other; neither counts what it waited, nor what the other's judgement took."""
    monkeypatch.setattr(together.time, "thread_time", lambda: 5.0)
    stage = Stage(2)
    ended = run(["a", "b"], 2, program=lambda stack: stage.pass_through())
    assert [one.seconds for one in ended if isinstance(one, Verdict)] == [0.75, 0.75]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PreviewFailed("Pulumi.b.yaml: the program failed: x"), Broken("Pulumi.b.yaml: the program failed: x", 1)),
        (BadInput("Pulumi.b.yaml: refused"), Broken("Pulumi.b.yaml: refused", 2)),
        (CheckovError("Checkov failed"), Broken("b: Checkov failed", 1)),
        (
            OSError(28, "No space left on device", "report.json"),
            Broken(f"b: report.json cannot be written (No space left on device); {ELSEWHERE}", 1),
        ),
        (
            OSError(28, "No space left on device"),
            Broken(f"b: its report cannot be written (No space left on device); {ELSEWHERE}", 1),
        ),
    ],
)
def test_one_that_breaks_takes_no_verdict_of_another_along(
    run: Run, tmp_path: Path, error: Exception, expected: Broken
) -> None:
    def breaks(stack: str) -> None:
        if stack == "b":
            raise error

    for where in ({"program": breaks}, {"scan": breaks}):
        ended = run(["a", "b", "c"], 1, **where)
        assert ended[1] == expected
        assert [one.stack for one in ended if isinstance(one, Verdict)] == ["a", "c"]


def test_a_fault_of_ours_ends_the_command_and_starts_nothing_more(run: Run) -> None:
    begun: list[str] = []

    def breaks(stack: str) -> None:
        begun.append(stack)
        raise AssertionError("a fault of ours")

    with pytest.raises(AssertionError, match="a fault of ours"):
        run(NAMES, 1, program=breaks)
    assert begun[0] == "s0"


def test_the_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 7}, raising=False)
    assert together.cores() == 3


def test_a_log_gets_a_line_a_stage_and_a_terminal_one_line_that_counts() -> None:
    log, screen = StringIO(), StringIO()
    for file, terminal in ((log, False), (screen, True)):
        with Progress(Console(file=file, force_terminal=terminal, width=60), 3) as progress:
            progress.stage("a", "program")
            progress.stage("b", "checkov")
            progress.ended("a")
            progress.stage("b", "report")
    assert log.getvalue().splitlines() == ["a: program", "b: checkov", "b: report"]
    assert "1 of 3 judged  b: report" in screen.getvalue()


# ---- the command itself ---------------------------------------------------------------------------------------------


def call(*arguments: str | Path) -> BadInput:
    """What the command refuses, in this process."""
    ran = CliRunner().invoke(application(), [str(argument) for argument in arguments])
    assert isinstance(ran.exception, BadInput)
    return ran.exception


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "operations", *arguments],
        capture_output=True,
        text=True,
        cwd=STACKS.parent,
        env={**os.environ, **environment},
        timeout=200,
        check=False,
    )


def test_copies_of_one_file_get_one_verdict(tmp_path: Path) -> None:
    """Whatever their names, beside whichever others, in whatever order."""
    copies = [tmp_path / f"Pulumi.copy-{number}.yaml" for number in range(2)]
    for copy in copies:
        copy.write_bytes(PILOT.read_bytes())
    order = copies[::-1]
    result = here("preview", *order, "--format", "json", "--out", tmp_path / "out", "--today", "2026-11-22")
    assert result.returncode in (0, 1), result.stderr
    verdicts = json.loads(result.stdout)["verdicts"]
    assert [verdict["stack"] for verdict in verdicts] == [copy.name.split(".")[1] for copy in order]
    told: set[str] = set()
    for verdict in verdicts:
        assert verdict.pop("seconds") > 0 and verdict["judged_on"] == "2026-11-22"
        told.add(json.dumps(verdict).replace(verdict["stack"], "copy-n"))
    assert len(told) == 1


def test_what_breaks_is_said_last_and_the_other_verdicts_are_written_and_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here Google's SDK is broken, and nothing of Amazon's. A true process says so in test_pilot_program.py."""
    ask = programs()._ask

    def broken(program: Program, *others: Any) -> Any:
        if program.platform == "gcp":
            raise PreviewFailed(f"{program.file}: the program failed: RuntimeError: broken library")
        return ask(program, *others)

    monkeypatch.setattr(programs(), "_ask", broken)
    result = here("preview", "gcp-pilot", "aws-pilot", "--out", tmp_path / "out")
    assert result.returncode == 1
    assert "PASS" in result.stdout and (tmp_path / "out" / "aws-pilot" / "report.json").exists()
    assert "Side by side" not in result.stdout, "a comparison that passes must not leave out the one that broke"
    last = result.stderr.splitlines()[-1]
    assert last == "Pulumi.gcp-pilot.yaml: the program failed: RuntimeError: broken library"
    assert "Traceback" not in result.stderr


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    refused = call("preview", "aws-pilot", PILOT, "--out", tmp_path / "out")
    assert str(refused) == "aws-pilot: is named more than once, allowed: each stack once, for its report has its name"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("day", ["2026-13-01", "20261126", "2026-W48-4", "yesterday", ""])
@pytest.mark.parametrize("arguments", [["pilot"], ["preview", "aws-pilot"]])
def test_a_day_that_is_none_is_refused(arguments: list[str], day: str) -> None:
    refused = str(call(*arguments, "--today", day))
    assert len(refused.splitlines()) == 1
    assert refused.startswith("--today: found") and "allowed: a day such as 2026-11-26" in refused


def test_a_report_that_cannot_be_written_is_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("in the way", encoding="utf-8")
    ended = run(["a", "b"], 1)
    assert isinstance(ended[0], Verdict)
    assert ended[1] == Broken(f"b: {tmp_path / 'b'} cannot be written (File exists); {ELSEWHERE}", 1)


def test_the_report_of_the_last_run_stays_where_a_stack_breaks(run: Run, tmp_path: Path) -> None:
    run(["a"], 1)
    before = (tmp_path / "a" / "report.json").read_bytes()

    def breaks(stack: str) -> None:
        raise PreviewFailed("broken")

    assert run(["a"], 1, program=breaks) == [Broken("broken", 1)]
    assert (tmp_path / "a" / "report.json").read_bytes() == before
