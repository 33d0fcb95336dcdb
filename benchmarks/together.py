"""Measures many stacks in one command, beside one stack alone.

The stacks are copies of one pilot under other names. Where the folder of another commit is named, that commit is
measured too. The measurements take turns, so that a machine that becomes slower or faster meanwhile is the same to all
of them.
"""

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from benchmarks.processes import ROOT, BenchmarkFailed, Run, Spread, command_of, run
from benchmarks.tables import table
from benchmarks.whole import file

MANY = (10, 50)
SAMPLE_SECONDS = 0.1
LONGEST_SECONDS = 300
"""A command that would take longer is not run: its own time limits would end it."""


@dataclass
class Tree:
    """The largest memory, and the largest number of processes, that a command had with its descendants."""

    peak_mb: float = 0
    processes: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self, pid: int) -> None:
        """Look again and again until it is stopped.

        Memory that several processes share is counted once, on systems that say how much that is.
        """
        while not self.stop.wait(SAMPLE_SECONDS):
            sizes: list[float] = []
            try:
                command = psutil.Process(pid)
                for process in (command, *command.children(recursive=True)):
                    sizes.append(_size_mb(process))
            except psutil.NoSuchProcess:
                continue
            self.peak_mb, self.processes = max(self.peak_mb, sum(sizes)), max(self.processes, len(sizes))


@dataclass(frozen=True)
class Measured:
    """The measurements of one command, and of all its processes together."""

    run: Run
    peak_mb: float
    processes: int


Case = tuple[str, int]
"""A platform, and how many copies of its pilot stand in one command."""
Figures = Mapping[tuple[str, Case], list[Measured]]


def section(
    environment: Mapping[str, str], folder: Path, platforms: Sequence[str], rounds: int, before: Path | None
) -> str:
    """Measure and describe. Raises BenchmarkFailed when a command does not judge every stack it was given."""
    for platform in platforms:
        for copy in _copies(folder, (platform, max(MANY))):
            copy.write_bytes(file(platform).read_bytes())
    roots = {"before": before, "now": ROOT} if before else {"now": ROOT}
    cases = [*((platform, 1) for platform in platforms), *((platforms[0], many) for many in MANY)]
    figures: dict[tuple[str, Case], list[Measured]] = {(name, case): [] for case in cases for name in roots}
    left_out: list[str] = []
    for root in roots.values():
        for platform in platforms:  # fills the bytecode cache and the file system's
            _measure(environment, folder, root, (platform, 1))
    for case in cases:
        for turn in range(rounds if case[1] < max(MANY) else 1):
            for name, root in roots.items():
                reason = _too_large(figures, name, case)
                if reason is not None:
                    if turn == 0:
                        left_out.append(f"- {name}, {case[1]} stacks: not run; {reason}")
                    continue
                try:
                    figures[name, case].append(_measure(environment, folder, root, case))
                except BenchmarkFailed as error:
                    if root is ROOT:
                        raise
                    left_out.append(f"- {name}, {case[1]} stacks: {error}")
    rows = [
        (
            f"{count} × {platform}",
            name,
            Spread.of([one.run.seconds for one in measured]).text(),
            Spread.of([one.run.cpu_seconds for one in measured]).text(),
            Spread.of([one.peak_mb for one in measured]).text(0),
            str(max(one.processes for one in measured)),
        )
        for (name, (platform, count)), measured in figures.items()
        if measured
    ]
    return "\n\n".join(
        [
            "### Many stacks in one command beside one alone",
            f"Copies of the pilots under other names. Rounds: {rounds} after one warm-up, one for {max(MANY)} stacks; "
            "in turn. Median (minimum to maximum).",
            table(("stacks", "commit", "seconds", "CPU seconds", "peak MB of all", "processes at once"), rows),
            "\n".join([*(line for name in roots for line in _each(figures, name, platforms[0])), *left_out]),
        ]
    )


def _copies(folder: Path, case: Case) -> list[Path]:
    platform, count = case
    return [folder / f"Pulumi.{platform}-copy-{number:02}.yaml" for number in range(count)]


def _measure(environment: Mapping[str, str], folder: Path, root: Path, case: Case) -> Measured:
    out, copies = folder / "together", _copies(folder, case)
    reports = [out / copy.name.split(".")[1] / "report.json" for copy in copies]
    for report in reports:
        report.unlink(missing_ok=True)
    command = command_of(root, "preview", *copies, "--out", out)
    with watched() as (tree, started):
        done = run(command, environment, folder=root, started=started)
    if lost := [report.parent.name for report in reports if not report.exists()]:
        raise BenchmarkFailed(f"{len(lost)} of {len(copies)} stacks have no verdict, the first {lost[0]}: {done.said}")
    return Measured(done, tree.peak_mb, tree.processes)


@contextmanager
def watched() -> Generator[tuple[Tree, Callable[[int], object]]]:
    """Yield a Tree, and the function that starts to watch a process by its id. The watch ends with the block."""
    tree = Tree()
    with ThreadPoolExecutor(1) as watching:
        try:
            yield tree, partial(watching.submit, tree.watch)
        finally:
            tree.stop.set()


def _size_mb(process: psutil.Process) -> float:
    try:
        info = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has just ended
        return 0
    return float(getattr(info, "pss", info.uss)) / 1_000_000


def _too_large(figures: Figures, name: str, case: Case) -> str | None:
    """Why this machine cannot judge so many stacks at once. None where it can, or where nothing is known yet."""
    platform, count = case
    known = {few: figures[name, (platform, few)] for few in (1, *MANY) if few < count}
    peaks = {few: max(one.peak_mb for one in measured) for few, measured in known.items() if measured}
    if len(peaks) < 2:
        return None
    fewer = max(peaks)
    seconds = max(one.run.seconds for one in known[fewer]) / fewer
    if seconds * count > LONGEST_SECONDS:
        return f"{fewer} take {seconds * fewer:,.0f} s"
    needed = peaks[fewer] + max(0.0, peaks[fewer] - peaks[1]) / (fewer - 1) * (count - fewer)
    free = psutil.virtual_memory().available / 1_000_000
    if 1.25 * needed < free:
        return None
    return f"{fewer} take {peaks[fewer]:,.0f} MB, so it would need some {needed:,.0f} MB, and {free:,.0f} are free"


def _each(figures: Figures, name: str, platform: str) -> list[str]:
    """The sentence on what one more stack costs beside others. It compares the two largest numbers of stacks."""
    few, many = [count for count in (1, *MANY) if figures[name, (platform, count)]][-2:]

    def middle(count: int, what: str) -> float:
        return Spread.of([getattr(one.run, what) for one in figures[name, (platform, count)]]).middle

    each = {what: (middle(many, what) - middle(few, what)) / (many - few) for what in ("seconds", "cpu_seconds")}
    alone = {what: middle(1, what) for what in each}
    return [
        f"- {name}, {platform}: from {few} to {many} stacks each more costs {each['seconds']:.2f} s and "
        f"{each['cpu_seconds']:.2f} CPU seconds; alone it takes {alone['seconds']:.2f} s and "
        f"{alone['cpu_seconds']:.2f} CPU seconds, so beside others it costs "
        f"{each['cpu_seconds'] / alone['cpu_seconds']:.2f} of them"
    ]
