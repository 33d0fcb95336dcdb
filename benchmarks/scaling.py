"""Time and memory of each platform by the number of endpoints, step by step and as one verdict."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.processes import BenchmarkFailed, Spread, checkov_environment, checkov_scan, mlplatform, python, run
from benchmarks.stack_files import stack_text
from benchmarks.tables import met, table

GOAL = 1.1
"""Of the growth exponent: 1 is linear, 2 quadratic; the rest is the spread of a small machine."""

ONCE_ABOVE = 200
"""More endpoints than these are measured in the first round alone: they run long enough to be steady."""

STEPS = {
    "bare": "bare program under Pulumi's mocks",
    "program": "offline preview",
    "judging": "policies, cost, proofs, report",
    "checkov": "Checkov's scan",
    "whole": "whole verdict",
}


@dataclass(frozen=True)
class Figure:
    """One step of one run at one size."""

    seconds: float
    peak_mb: float


Figures = Mapping[int, Mapping[str, Sequence[Figure]]]


def section(environment: Mapping[str, str], folder: Path, sizes: Mapping[str, Sequence[int]], rounds: int) -> str:
    """Measure the sizes of each platform and describe. Raises BenchmarkFailed when a command does not do its work."""
    figures = {platform: {n: {step: list[Figure]() for step in STEPS} for n in own} for platform, own in sizes.items()}
    resources: dict[tuple[str, int], int] = {}
    for platform, own in sizes.items():  # fills the bytecode cache
        _measure(environment, folder, platform, own[0], {step: [] for step in STEPS})
    for turn in range(rounds):
        for platform, own in sizes.items():
            for size in own if turn == 0 else [n for n in own if n <= ONCE_ABOVE]:
                resources[platform, size] = _measure(environment, folder, platform, size, figures[platform][size])
    return "\n\n".join(
        [
            "### Time and memory by the number of endpoints",
            f"Rounds: {rounds} after one warm-up, one for more than {ONCE_ABOVE} endpoints; platforms and sizes in "
            "turn. Median (minimum to maximum).",
            *(
                part
                for platform, own in sizes.items()
                for part in _described(platform, figures[platform], [resources[platform, n] for n in own])
            ),
        ]
    )


def _described(platform: str, figures: Figures, resources: Sequence[int]) -> list[str]:
    sizes = list(figures)
    rows = [
        (
            f"{size:,}: {count:,} resources" if step == "bare" else "",
            name,
            Spread.of([f.seconds for f in figures[size][step]]).text(),
            Spread.of([f.peak_mb for f in figures[size][step]]).text(0),
        )
        for size, count in zip(sizes, resources, strict=True)
        for step, name in STEPS.items()
    ]
    return [
        f"#### {platform}",
        table(("endpoints", "step", "seconds", "peak MB"), rows),
        table(("growth", *(f"{a:,} to {b:,}" for a, b in _pairs(sizes)), "exponent"), _growth(figures, sizes)),
        _goals(platform, figures, sizes),
    ]


def _measure(
    environment: Mapping[str, str], folder: Path, platform: str, size: int, into: Mapping[str, list[Figure]]
) -> int:
    """Measure each step once at one size, and return how many cloud resources the stack has."""
    name = f"bench-{platform}-{size}"
    file, graph, plan = (folder / n for n in (f"Pulumi.{name}.yaml", f"{name}.graph.json", f"{name}.plan.json"))
    file.write_text(stack_text(platform, size), encoding="utf-8")
    config = folder / f"{name}.config.json"
    config.write_bytes(run(python("benchmarks.engine_config", file), environment).stdout)
    bare = run(python("benchmarks.bare", config, name), environment)
    into["bare"].append(Figure(bare.seconds, bare.peak_mb))
    program = run(python("benchmarks.program", file), environment)
    graph.write_bytes(program.stdout)
    into["program"].append(Figure(program.seconds, program.peak_mb))
    judged = json.loads(run(python("benchmarks.judging", graph, plan, folder / "judged"), environment).stdout)
    into["judging"].append(Figure(judged["seconds"], judged["peak_mb"]))
    if int(bare.stdout) != judged["registered"]:
        counts = f"the bare program registers {int(bare.stdout):,} resources, the preview {judged['registered']:,}"
        raise BenchmarkFailed(f"{name}: {counts}")
    asked = f"{judged['framework']} {plan}\n".encode()
    checkov = run(checkov_scan(), checkov_environment(), stdin=asked)
    into["checkov"].append(Figure(float(checkov.said), checkov.peak_mb))
    # A large stack is far above the limits, so its verdict is a refusal: exit 1, and a report.
    report = folder / "out" / name / "report.json"
    report.unlink(missing_ok=True)
    whole = run(mlplatform("preview", file, "--out", folder / "out"), environment, allowed=(0, 1))
    if not report.exists():
        raise BenchmarkFailed(f"the verdict on {name} broke after {whole.seconds:.0f} s: {whole.said}")
    into["whole"].append(Figure(whole.seconds, whole.peak_mb))
    return judged["resources"]


def _pairs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(sizes))


def _medians(figures: Figures, step: str, what: str) -> dict[int, float]:
    return {size: Spread.of([getattr(f, what) for f in steps[step]]).middle for size, steps in figures.items()}


def _exponent(medians: Mapping[int, float], sizes: Sequence[int]) -> float | None:
    """The slope between the two largest sizes on a log-log scale, after taking away what one endpoint costs alone.

    Without that the fixed start would flatten the slope and hide a quadratic loop. None where the figures do not rise
    from size to size: the machine's noise is then larger than the growth.
    """
    first, middle, last = sizes[0], sizes[-2], sizes[-1]
    if not medians[first] < medians[middle] < medians[last]:
        return None
    grown = (medians[last] - medians[first]) / (medians[middle] - medians[first])
    return math.log(grown) / math.log((last - first) / (middle - first))


def _growth(figures: Figures, sizes: Sequence[int]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for what, unit, scale in (("seconds", "ms", 1000.0), ("peak_mb", "MB", 1.0)):
        for step, name in STEPS.items():
            medians = _medians(figures, step, what)
            each = [f"{scale * (medians[b] - medians[a]) / (b - a):,.2f}" for a, b in _pairs(sizes)]
            exponent = _exponent(medians, sizes)
            rows.append((f"{name}, {unit} an endpoint", *each, "noise" if exponent is None else f"{exponent:.2f}"))
    return rows


def _goals(platform: str, figures: Figures, sizes: Sequence[int]) -> str:
    lines: list[str] = []
    for what, word in (("seconds", "time"), ("peak_mb", "memory")):
        exponent = _exponent(_medians(figures, "whole", what), sizes)
        told = (
            "lost in the machine's noise"
            if exponent is None
            else f"exponent {exponent:.2f} from {sizes[-2]:,} to {sizes[-1]:,} endpoints; "
            f"goal linear (at most {GOAL}): **{met(round(exponent, 2) <= GOAL)}**"
        )
        lines.append(f"- {platform}, whole verdict, {word}: {told}")
    return "\n".join(lines)
