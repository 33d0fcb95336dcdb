"""Measures the whole verdict of each pilot, and of all pilots in one command.

Beside each verdict it measures the pilot's bare program and the start of Checkov alone. Each round measures one
platform after the other, so that a machine that becomes slower or faster meanwhile is the same to all of them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import (
    ROOT,
    BenchmarkFailed,
    Run,
    Spread,
    checkov_environment,
    checkov_scan,
    mlplatform,
    python,
    run,
)
from benchmarks.tables import met, table

GOAL = 1.5
STEPS = {
    "whole": "whole verdict: `mlplatform preview {stack}`",
    "bare": "bare program under Pulumi's mocks",
    "checkov": "Checkov's own start, nothing to scan",
    "offline": "offline preview alone",
}


@dataclass(frozen=True)
class Round:
    """The measurements of one round. `steps` are by platform. `pilot` is None unless all platforms were asked for."""

    steps: Mapping[str, Mapping[str, Run]]
    pilot: Run | None


def stack(platform: str) -> str:
    """The name of a platform's pilot."""
    return f"{platform}-pilot"


def file(platform: str) -> Path:
    """The stack file of a platform's pilot."""
    return ROOT / "stacks" / f"Pulumi.{stack(platform)}.yaml"


def section(environment: Mapping[str, str], folder: Path, platforms: Sequence[str], rounds: int) -> str:
    """Measure and describe. Raises BenchmarkFailed when a command does not do its work."""
    for platform in platforms:
        _config(folder, platform).write_bytes(
            run(python("benchmarks.engine_config", file(platform)), environment).stdout
        )
    # `mlplatform pilot` takes every stack file there is: beside fewer verdicts than that it would say nothing.
    all_of_them = {file(platform) for platform in platforms} == set((ROOT / "stacks").glob("Pulumi.*.yaml"))

    def one_round() -> Round:
        steps = {platform: _steps(environment, folder, platform) for platform in platforms}
        together = run(mlplatform("pilot", "--out", folder / "out"), environment) if all_of_them else None
        return Round(steps, together)

    one_round()  # fills the bytecode cache and the file system's
    measured = [one_round() for _ in range(rounds)]
    rows = [
        (platform if step == "whole" else "", name.format(stack=stack(platform)), *_cells(measured, platform, step))
        for platform in platforms
        for step, name in STEPS.items()
    ]
    return "\n\n".join(
        [
            "### The whole verdict beside the bare program",
            f"Rounds: {rounds} after one warm-up, each command a fresh process, those of a round in turn. "
            "Median (minimum to maximum).",
            table(("platform", "what", "seconds", "CPU seconds", "peak MB"), [*rows, *_together(measured)]),
            table(("round by round", *platforms), _ratios(measured, platforms)),
            *_gain(measured),
        ]
    )


def _config(folder: Path, platform: str) -> Path:
    return folder / f"{platform}.config.json"


def _steps(environment: Mapping[str, str], folder: Path, platform: str) -> Mapping[str, Run]:
    """Each step of one platform once. Raises BenchmarkFailed where the two programs did not do the same."""
    steps = {
        "whole": run(mlplatform("preview", stack(platform), "--out", folder / "out"), environment),
        "bare": run(python("benchmarks.bare", _config(folder, platform), stack(platform)), environment),
        "checkov": run(checkov_scan(), checkov_environment(), stdin=b""),
        "offline": run(python("benchmarks.program", file(platform)), environment),
    }
    bare, offline = int(steps["bare"].stdout), len(json.loads(steps["offline"].stdout)["resources"])
    if bare != offline:
        raise BenchmarkFailed(f"{stack(platform)}: the bare program registers {bare} resources, the preview {offline}")
    return steps


def _cells(measured: Sequence[Round], platform: str, step: str) -> tuple[str, str, str]:
    return _spreads([one.steps[platform][step] for one in measured])


def _spreads(runs: Sequence[Run]) -> tuple[str, str, str]:
    return (
        Spread.of([one.seconds for one in runs]).text(),
        Spread.of([one.cpu_seconds for one in runs]).text(),
        Spread.of([one.peak_mb for one in runs]).text(0),
    )


def _added(one: Round, what: Callable[[Run], float]) -> float:
    return sum(what(steps["whole"]) for steps in one.steps.values())


def _together(measured: Sequence[Round]) -> list[tuple[str, ...]]:
    """The table rows of all pilots in one command. There are none where that was not measured."""
    runs = [one.pilot for one in measured if one.pilot]
    if not runs:
        return []
    singles = (
        Spread.of([_added(one, lambda r: r.seconds) for one in measured]).text(),
        Spread.of([_added(one, lambda r: r.cpu_seconds) for one in measured]).text(),
        Spread.of([max(steps["whole"].peak_mb for steps in one.steps.values()) for one in measured]).text(0),
    )
    return [
        ("all", f"the {len(measured[0].steps)} verdicts in one: `mlplatform pilot`", *_spreads(runs)),
        ("", "the whole verdicts above, one after the other", *singles),
    ]


def _ratios(measured: Sequence[Round], platforms: Sequence[str]) -> list[tuple[str, ...]]:
    def row(name: str, ratio: Callable[[float, float, float, float], float], goal: float | None) -> tuple[str, ...]:
        cells: list[str] = []
        for platform in platforms:
            spread = Spread.of([ratio(*(one.steps[platform][step].seconds for step in STEPS)) for one in measured])
            cells.append(spread.text() + ("" if goal is None else f" **{met(spread.middle <= goal)}**"))
        return (name, *cells)

    return [
        row(f"whole ÷ (bare + Checkov's start); goal at most {GOAL}", lambda w, b, c, _: w / (b + c), GOAL),
        row(f"whole ÷ ({GOAL} × bare + Checkov's start); goal at most 1", lambda w, b, c, _: w / (GOAL * b + c), 1),
        row("whole ÷ (offline preview + Checkov's start)", lambda w, _, c, o: w / (o + c), None),
    ]


def _gain(measured: Sequence[Round]) -> list[str]:
    ratios = [one.pilot.seconds / _added(one, lambda r: r.seconds) for one in measured if one.pilot]
    if not ratios:
        return []
    return [
        f"- `mlplatform pilot` ÷ the whole verdicts one after the other, round by round: {Spread.of(ratios).text()}; "
        "below 1 is what running them beside each other gains"
    ]
