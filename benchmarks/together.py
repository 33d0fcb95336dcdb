"""Many stacks in one command beside one alone, and beside another commit where its folder is named.

The stacks are copies of one pilot under other names. All of them in turn, so that a machine's drift cancels.
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

COUNTS = (1, 10, 50)
SAMPLE_SECONDS = 0.1


@dataclass
class Tree:
    """The most that a command and its descendants were at once."""

    peak_mb: float = 0
    processes: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self, pid: int) -> None:
        """Sample until it is stopped. Memory that several processes share is counted once, where the system says so."""
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
    """One command, and the tree of its processes."""

    run: Run
    peak_mb: float
    processes: int


Figures = Mapping[tuple[str, int], list[Measured]]


def section(environment: Mapping[str, str], folder: Path, platform: str, rounds: int, before: Path | None) -> str:
    """Measure and describe. Raises BenchmarkFailed when a command does not judge every stack it was given."""
    copies = [folder / f"Pulumi.copy-{number:02}.yaml" for number in range(max(COUNTS))]
    for copy in copies:
        copy.write_bytes(file(platform).read_bytes())
    roots = {"before": before, "now": ROOT} if before else {"now": ROOT}
    figures: dict[tuple[str, int], list[Measured]] = {(name, count): [] for count in COUNTS for name in roots}
    left_out: list[str] = []
    for root in roots.values():
        _measure(environment, folder, root, copies[:1])  # fills the bytecode cache and the file system's
    for count in COUNTS:
        for turn in range(rounds if count < max(COUNTS) else 1):
            for name, root in roots.items():
                reason = _too_large(figures, name, count)
                if reason is None:
                    figures[name, count].append(_measure(environment, folder, root, copies[:count]))
                elif turn == 0:
                    left_out.append(f"- {name}, {count} stacks: not run; {reason}")
    rows = [
        (
            f"{count} stack{'' if count == 1 else 's'}" if name == next(iter(roots)) else "",
            name,
            Spread.of([one.run.seconds for one in measured]).text(),
            Spread.of([one.run.cpu_seconds for one in measured]).text(),
            Spread.of([one.peak_mb for one in measured]).text(0),
            str(max(one.processes for one in measured)),
        )
        for (name, count), measured in figures.items()
        if measured
    ]
    return "\n\n".join(
        [
            "### Many stacks in one command beside one alone",
            f"Copies of the {platform} pilot under other names. Rounds: {rounds} after one warm-up, one for "
            f"{max(COUNTS)} stacks; in turn. Median (minimum to maximum).",
            table(("stacks", "commit", "seconds", "CPU seconds", "peak MB of all", "processes at once"), rows),
            "\n".join([*(line for name in roots for line in _each(figures, name)), *left_out]),
        ]
    )


def _measure(environment: Mapping[str, str], folder: Path, root: Path, copies: Sequence[Path]) -> Measured:
    out = folder / "together"
    reports = [out / copy.name.split(".")[1] / "report.json" for copy in copies]
    for report in reports:
        report.unlink(missing_ok=True)
    # A copy has no waivers, which go by the stack's name, so its verdict is a refusal: exit 1, and a report.
    command = command_of(root, "preview", *copies, "--out", out)
    with _watched() as (tree, started):
        done = run(command, environment, folder=root, allowed=(0, 1), started=started)
    if lost := [report.parent.name for report in reports if not report.exists()]:
        raise BenchmarkFailed(f"{len(lost)} of {len(copies)} stacks have no verdict, the first {lost[0]}: {done.said}")
    return Measured(done, tree.peak_mb, tree.processes)


@contextmanager
def _watched() -> Generator[tuple[Tree, Callable[[int], object]]]:
    """A tree, and what is to be called with the process whose tree it is; it is watched until the block ends."""
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


def _too_large(figures: Figures, name: str, count: int) -> str | None:
    """Why so many stacks at once would not fit into this machine; None where they would or nothing is known yet."""
    smaller = max((n for n in COUNTS if n < count), default=0)
    if not smaller or not figures[name, smaller]:
        return None
    one, some = (max(m.peak_mb for m in figures[name, n]) for n in (COUNTS[0], smaller))
    needed = some + max(0.0, some - one) / max(1, smaller - COUNTS[0]) * (count - smaller)
    free = psutil.virtual_memory().available / 1_000_000
    if 1.25 * needed < free:
        return None
    return f"{smaller} take {some:,.0f} MB, so it would need some {needed:,.0f} MB, and {free:,.0f} are free"


def _each(figures: Figures, name: str) -> list[str]:
    """What one more stack costs beside others, from the two largest numbers that were measured."""
    known = [count for count in COUNTS if figures[name, count]]
    if len(known) < 2:
        return []
    few, many = known[-2:]

    def middle(count: int, what: str) -> float:
        return Spread.of([getattr(one.run, what) for one in figures[name, count]]).middle

    each = {what: (middle(many, what) - middle(few, what)) / (many - few) for what in ("seconds", "cpu_seconds")}
    alone = {what: middle(COUNTS[0], what) for what in each}
    return [
        f"- {name}: from {few} to {many} stacks, each more costs {each['seconds']:.2f} s and "
        f"{each['cpu_seconds']:.2f} CPU seconds; alone it takes {alone['seconds']:.2f} s and "
        f"{alone['cpu_seconds']:.2f}: {each['cpu_seconds'] / alone['cpu_seconds']:.2f} of that"
    ]
