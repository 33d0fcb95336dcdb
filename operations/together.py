"""Judges the stacks of one command, as many at once as there are cores. A stack that breaks does not stop the others.

A thread takes one stack from its program to its report. Programs and scans run in forks of warm processes, so the
number of threads bounds the number of forks, and memory follows the number of cores. The only stack of a platform needs
no fork: the warm process runs its program itself.
"""

import gc
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from catalogue.errors import BadInput
from operations import words
from operations.checkov import Checkov, CheckovError, ScanResult
from operations.preview import PreviewFailed, Program, Programs
from operations.progress import Progress
from stacks.config import STACKS

if TYPE_CHECKING:
    from catalogue.graph import Graph
    from operations.changes import Earlier
    from operations.rendering.rendered import Rendered
    from operations.standing.reading import Standing
    from operations.verdict import Verdict

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Broken:
    """A stack without a verdict: the sentence that says why, and the exit code for it."""

    sentence: str
    code: int


def cores() -> int:
    """The number of cores that this process may use. A container or `taskset` may allow fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judge_all(
    programs: Sequence[Program],
    checkov: Path,
    out: Path,
    today: date,
    progress: Progress,
    at_once: int,
    before: "Mapping[str, Earlier] | None" = None,
    standing: "Standing | None" = None,
) -> "list[Verdict | Broken]":
    """Judge stacks, at most this many at once, and write their reports. Returns each result, in the given order.

    A stack that `before` has an earlier verdict on is compared with it. The only stack is also judged by the step from
    `standing`, what stands of it. Raises as `judge_each` does.
    """

    def keep(program: Program, result: "Verdict | Broken") -> "Verdict | Broken":
        return result

    return judge_each(programs, keep, checkov, out, today, progress, at_once, before, standing)


def judge_each(
    programs: Sequence[Program],
    keep: "Callable[[Program, Verdict | Broken], Kept]",
    checkov: Path,
    out: Path,
    today: date,
    progress: Progress,
    at_once: int,
    before: "Mapping[str, Earlier] | None" = None,
    standing: "Standing | None" = None,
) -> list[Kept]:
    """Judge stacks as `judge_all` does, and return what `keep` makes of each result.

    A thread calls `keep` as soon as it has judged, so that hundreds of verdicts need not be in memory at once.
    Raises CheckovMissing where Checkov's environment (`checkov`) was not made, BadInput where the organisation has a
    file that cannot be read.
    """
    workers = ThreadPoolExecutor(min(at_once, len(programs)))
    with ExitStack() as running:
        # The `with` leaves in reverse order, so the processes end first, and threads that wait for them can go on.
        running.callback(workers.shutdown, cancel_futures=True)
        started = running.enter_context(Programs())
        # Start them before the judgement is imported, for each of these takes seconds.
        platforms = Counter(program.platform for program in programs)
        for platform, stacks in platforms.items():
            started.start(platform, one=stacks == 1 and standing is None)
        scans = running.enter_context(Checkov.start(checkov, one=len(programs) == 1))
        judging = _Judging(started, scans, out, today, progress, before or {}, standing)

        def one(program: Program) -> Kept:
            return keep(program, judging.one(program))

        futures = [workers.submit(one, program) for program in programs]
        # Import it here while the programs run. A thread that has its graph already waits for it.
        for module in ("judge", "report"):
            import_module(f"operations.{module}")
        from policies import levels, limits, pack, waivers

        # Refuse a wrong file of the organisation once, not once for each stack.
        for read in (limits.load, *(partial(pack.RULES.__getitem__, name) for name in platforms)):
            read()
        levels.check()
        waivers.check(today, _stacks_beside(programs))
        gc.freeze()  # what was imported stays, so a garbage collection need not go through it
        return [future.result() for future in futures]


def _stacks_beside(programs: Sequence[Program]) -> set[str]:
    """The stacks that there are: each whose file is in stacks/, or in the folder of one that is judged."""
    folders = {STACKS, *(program.folder for program in programs)}
    return {file.name.split(".")[1] for folder in folders for file in folder.glob("Pulumi.*.yaml")}


class _Judging:
    """Judges one stack after the other in each of several threads."""

    def __init__(
        self,
        programs: Programs,
        checkov: Checkov,
        out: Path,
        today: date,
        progress: Progress,
        before: "Mapping[str, Earlier]",
        standing: "Standing | None",
    ) -> None:
        self._programs, self._checkov, self._out = programs, checkov, out
        self._today, self._progress, self._before, self._standing = today, progress, before, standing
        # The rules share one index of the judged stack, so judgements take turns. Only one thread runs Python at once
        # anyway, and programs and scans of other stacks run beside it.
        self._turn = threading.Lock()
        self._ended = False

    def one(self, program: Program) -> "Verdict | Broken":
        """Judge one stack and write its report. An error becomes a sentence about this stack only."""
        if self._ended:  # garbage collection is off, and the stack before has left a megabyte of cycles
            gc.collect()
        try:
            return self._judged(program, partial(self._progress.stage, program.stack))
        except BadInput as error:
            return Broken(str(error), 2)
        except PreviewFailed as error:
            return Broken(str(error), 1)
        except CheckovError as error:
            return Broken(f"{program.stack}: {error}", 1)
        except OSError as error:  # a report or a temporary file cannot be written
            return Broken(f"{program.stack}: {words.unwritten(error)}", 1)
        finally:
            self._ended = True
            self._progress.ended(program.stack)

    def _judged(self, program: Program, stage: "partial[None]") -> "Verdict":
        stage("program")
        graph, elsewhere = self._programs.run(program)
        from operations import accepted, report
        from operations.judge import judge

        def scan(rendered: "Rendered") -> ScanResult:
            nonlocal elsewhere
            with _released(self._turn):
                result = self._checkov.scan(rendered)
            elsewhere += result.seconds
            return result

        with self._turn:
            here = time.thread_time()
            verdict = judge(graph, scan, lambda: elsewhere + time.thread_time() - here, self._today, stage)
        verdict = accepted.noted(verdict, graph, self._out / program.stack)
        if self._standing is not None or program.allow is not None or program.exempt:
            stage("step")
            verdict = self._stepped(self._standing, verdict, program, graph)
        stage("report")
        as_json = graph.to_json()
        if (earlier := self._before.get(program.stack)) is not None:
            from operations.changes import changes

            verdict = verdict.model_copy(update={"changes": changes(earlier, verdict, as_json)})
        report.write(verdict, as_json, self._out / program.stack)
        return verdict

    def _stepped(self, standing: "Standing | None", verdict: "Verdict", program: Program, graph: "Graph") -> "Verdict":
        from operations.standing import judgement, steps

        found = standing and steps.step(program, standing, self._programs, graph, verdict.region, self._today)
        return judgement.judged(verdict, found, program.allow, program.exempt, graph)


@contextmanager
def _released(lock: threading.Lock) -> Generator[None]:
    """Release a held lock inside the `with`, and take it again after it."""
    lock.release()
    try:
        yield
    finally:
        lock.acquire()
