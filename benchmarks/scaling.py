"""Time and memory at 1, 10, 100 and 1000 endpoints, step by step and as one verdict."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.processes import BenchmarkFailed, Spread, checkov_environment, checkov_scan, mlplatform, python, run
from benchmarks.tables import met, table

GOAL = 1.1
"""Of the growth exponent: 1 is linear, 2 quadratic; the rest is the spread of a small machine."""

_HEAD = """config:
  mlplatform:platform: aws
  mlplatform:account: "111122223333"
  mlplatform:region: us-east-1
  mlplatform:environment: pilot
  mlplatform:team: bench
  mlplatform:cost_center: bench
  mlplatform:owner: bench@example.com
  mlplatform:network: {cidr: 10.40.0.0/16, zones: 2}
  mlplatform:budget: {monthly_usd: 2500}
  mlplatform:workspace: {users: [ana]}
  mlplatform:models:
    m:
      image: 683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5
      artifact_uri: s3://bench-models-111122223333/m/1/model.tar.gz
  mlplatform:endpoints:
"""
# Flow style: a thousand of these have to fit into the largest stack file there may be.
_ONLINE = (
    "kind: online, model: m, family: cpu-small, min_replicas: 1, max_replicas: 2, requests_per_replica_per_minute: 600,"
    " canary: {percent: 10, bake_minutes: 10}, rollback: {p95_latency_ms: 250, error_rate_percent: 1}"
)
_ASYNC = (
    "kind: async, model: m, family: cpu-small, min_replicas: 0, max_replicas: 2, backlog_per_replica: 5,"
    " rollback: {error_rate_percent: 5}"
)
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


def stack_text(endpoints: int) -> str:
    """A stack file with so many endpoints of one model, every second one asynchronous."""
    return _HEAD + "".join(f"    e{n}: {{{_ASYNC if n % 2 else _ONLINE}}}\n" for n in range(endpoints))


def section(environment: Mapping[str, str], folder: Path, sizes: Sequence[int], rounds: int) -> str:
    """Measure and describe. Raises BenchmarkFailed when a command does not do its work."""
    figures: dict[int, dict[str, list[Figure]]] = {size: {step: [] for step in STEPS} for size in sizes}
    resources: dict[int, int] = {}
    _measure(environment, folder, sizes[0], {step: [] for step in STEPS})  # fills the bytecode cache
    for _ in range(rounds):
        for size in sizes:
            resources[size] = _measure(environment, folder, size, figures[size])
    rows = [
        (
            f"{size:,}: {resources[size]:,} resources" if step == "bare" else "",
            name,
            Spread.of([f.seconds for f in figures[size][step]]).text(),
            Spread.of([f.peak_mb for f in figures[size][step]]).text(0),
        )
        for size in sizes
        for step, name in STEPS.items()
    ]
    return "\n\n".join(
        [
            "### Time and memory at 1, 10, 100 and 1000 endpoints",
            f"Rounds: {rounds} after one warm-up, sizes in turn. Median (minimum to maximum).",
            table(("endpoints", "step", "seconds", "peak MB"), rows),
            table(("growth", *(f"{a:,} to {b:,}" for a, b in _pairs(sizes)), "exponent"), _growth(figures, sizes)),
            *_goals(figures, sizes),
        ]
    )


def _measure(environment: Mapping[str, str], folder: Path, size: int, into: Mapping[str, list[Figure]]) -> int:
    """Measure each step once at one size, and return how many cloud resources the stack has."""
    name = f"bench-{size}"
    file, graph, plan = (folder / n for n in (f"Pulumi.{name}.yaml", f"{name}.graph.json", f"{name}.plan.json"))
    file.write_text(stack_text(size), encoding="utf-8")
    config = folder / f"{name}.config.json"
    config.write_bytes(run(python("benchmarks.engine_config", file), environment).stdout)
    bare = run(python("benchmarks.bare", config, name), environment)
    into["bare"].append(Figure(bare.seconds, bare.peak_mb))
    program = run(python("operations.offline", file), environment)
    graph.write_bytes(program.stdout)
    into["program"].append(Figure(program.seconds, program.peak_mb))
    judged = json.loads(run(python("benchmarks.judging", graph, plan, folder / "judged"), environment).stdout)
    into["judging"].append(Figure(judged["seconds"], judged["peak_mb"]))
    checkov = run(checkov_scan(), checkov_environment(), stdin=f"{plan}\n".encode())
    into["checkov"].append(Figure(json.loads(checkov.stdout)["seconds_scan"], checkov.peak_mb))
    # The stack is far above the limits, so its verdict is a refusal: exit 1, and a report.
    report = folder / "out" / name / "report.json"
    report.unlink(missing_ok=True)
    whole = run(mlplatform("preview", file, "--out", folder / "out"), environment, allowed=(0, 1))
    if not report.exists():
        raise BenchmarkFailed(f"the verdict on {size:,} endpoints broke after {whole.seconds:.0f} s: {whole.said}")
    into["whole"].append(Figure(whole.seconds, whole.peak_mb))
    return judged["resources"]


def _pairs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(sizes))


def _medians(figures: Figures, step: str, what: str) -> dict[int, float]:
    return {size: Spread.of([getattr(f, what) for f in steps[step]]).middle for size, steps in figures.items()}


def _exponent(medians: Mapping[int, float], sizes: Sequence[int]) -> float:
    """The slope between the two largest sizes on a log-log scale, after taking away what one endpoint costs alone.

    Without that the fixed start would flatten the slope and hide a quadratic loop.
    """
    first, middle, last = sizes[0], sizes[-2], sizes[-1]
    grown = (medians[last] - medians[first]) / max(medians[middle] - medians[first], 1e-9)
    return math.log(max(grown, 1e-9)) / math.log((last - first) / (middle - first))


def _growth(figures: Figures, sizes: Sequence[int]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for what, unit, scale in (("seconds", "ms", 1000.0), ("peak_mb", "MB", 1.0)):
        for step, name in STEPS.items():
            medians = _medians(figures, step, what)
            each = [f"{scale * (medians[b] - medians[a]) / (b - a):,.2f}" for a, b in _pairs(sizes)]
            rows.append((f"{name}, {unit} an endpoint", *each, f"{_exponent(medians, sizes):.2f}"))
    return rows


def _goals(figures: Figures, sizes: Sequence[int]) -> list[str]:
    lines = [
        f"- whole verdict, {word}: exponent {exponent:.2f} from {sizes[-2]:,} to {sizes[-1]:,} endpoints; "
        f"goal linear (at most {GOAL}): **{met(exponent <= GOAL)}**"
        for what, word in (("seconds", "time"), ("peak_mb", "memory"))
        for exponent in [_exponent(_medians(figures, "whole", what), sizes)]
    ]
    return ["\n".join(lines)]
