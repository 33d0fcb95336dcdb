"""The whole verdict beside the bare program and Checkov's own start, in turn so that a machine's drift cancels."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import ROOT, Run, Spread, checkov_environment, checkov_scan, mlplatform, python, run
from benchmarks.tables import met, table

STACK = "aws-pilot"
FILE = ROOT / "stacks" / f"Pulumi.{STACK}.yaml"
GOAL = 1.5


def section(environment: Mapping[str, str], folder: Path, rounds: int) -> str:
    """Measure and describe. Raises BenchmarkFailed when a command does not do its work."""
    config = folder / "config.json"
    config.write_bytes(run(python("benchmarks.engine_config", FILE), environment).stdout)

    def one_round() -> dict[str, Run]:
        return {
            "whole": run(mlplatform("preview", STACK, "--out", folder / "out"), environment),
            "bare": run(python("benchmarks.bare", config, STACK), environment),
            "checkov": run(checkov_scan(), checkov_environment(), stdin=b"\n"),
            "offline": run(python("operations.offline", FILE), environment),
        }

    one_round()  # fills the bytecode cache and the file system's
    measured = [one_round() for _ in range(rounds)]
    names = {
        "whole": f"whole verdict: `mlplatform preview {STACK}`",
        "bare": "bare program under Pulumi's mocks",
        "checkov": "Checkov's own start, no plan",
        "offline": "offline preview alone",
    }
    rows = [
        (
            name,
            Spread.of([one[key].seconds for one in measured]).text(),
            Spread.of([one[key].cpu_seconds for one in measured]).text(),
            Spread.of([one[key].peak_mb for one in measured]).text(0),
        )
        for key, name in names.items()
    ]
    whole, bare, checkov, offline = ([one[key].seconds for one in measured] for key in names)
    ratio = Spread.of([a / (b + c) for a, b, c in zip(whole, bare, checkov, strict=True)])
    strict = Spread.of([a / (GOAL * b + c) for a, b, c in zip(whole, bare, checkov, strict=True)])
    leanest = Spread.of([a / (d + c) for a, c, d in zip(whole, checkov, offline, strict=True)])
    return "\n\n".join(
        [
            "### The whole verdict beside the bare program",
            f"Rounds: {rounds} after one warm-up, each command a fresh process, the four of a round in turn. "
            "Median (minimum to maximum).",
            table(("what", "seconds", "CPU seconds", "peak MB"), rows),
            f"- whole ÷ (bare + Checkov's start), round by round: {ratio.text()}; goal at most {GOAL}: "
            f"**{met(ratio.middle <= GOAL)}**\n"
            f"- read strictly, whole ÷ ({GOAL} × bare + Checkov's start): {strict.text()}; goal at most 1: "
            f"**{met(strict.middle <= 1)}**\n"
            f"- with the offline preview in the bare run's place: {leanest.text()}",
        ]
    )
