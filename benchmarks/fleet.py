"""Measures `mlplatform fleet` over hundreds of generated stacks, beside one alone, and in four shards.

The stacks take turns: aws, gcp, azure, with one to four endpoints. The shards run one after the other, each as if it
had the machine alone, as the machines of a CI matrix have.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import BenchmarkFailed, mlplatform, run
from benchmarks.stack_files import stack_text
from benchmarks.tables import table
from benchmarks.together import Measured, watched
from catalogue.platforms import PLATFORMS

STACKS, SHARDS = 300, 4
_LONGEST = 4


def section(environment: Mapping[str, str], folder: Path, stacks: int) -> str:
    """Measure and describe. Raises BenchmarkFailed where a stack has no verdict, or the shards are not the whole."""
    files, one, each_platform = (folder / name for name in ("fleet", "fleet-of-one", "one-of-each-platform"))
    for place in (files, one, each_platform):
        place.mkdir()
    for number in range(stacks):
        platform = tuple(PLATFORMS)[number % len(PLATFORMS)]
        text = stack_text(platform, 1 + number // len(PLATFORMS) % _LONGEST)
        for place in (files, *([each_platform] if number < len(PLATFORMS) else []), *([one] if number == 0 else [])):
            (place / f"Pulumi.{platform}-{number:03}.yaml").write_text(text, encoding="utf-8")
    _fleet(environment, one, folder / "warm-up")
    alone = _fleet(environment, one, folder / "alone")
    few = _fleet(environment, each_platform, folder / "few")
    whole = _fleet(environment, files, folder / "whole")
    again = _fleet(environment, files, folder / "whole")
    parts = [
        _fleet(environment, files, folder / f"part-{part}", "--shard", f"{part}/{SHARDS}")
        for part in range(1, SHARDS + 1)
    ]
    shards = [folder / f"part-{part}" for part in range(1, SHARDS + 1)]
    merging = run(mlplatform("fleet", "merge", *shards, "--out", folder / "joined"), environment, allowed=(0, 1))
    _same(folder / "whole", folder / "joined", stacks)
    slowest = max(parts, key=lambda part: part.run.seconds)
    rows = [
        _row("1 alone", alone),
        _row(f"{len(PLATFORMS)}: one of each platform", few),
        _row(f"{stacks} in one run", whole),
        _row("the same again: nothing to do", again),
        _row(f"the slowest of {SHARDS} shards", slowest),
        (
            f"joining {SHARDS} shards",
            f"{merging.seconds:.1f}",
            f"{merging.cpu_seconds:.1f}",
            f"{merging.peak_mb:.0f}",
            "",
        ),
    ]
    # Each platform has a process of its own, so what a stack more costs shows where all of them run already.
    more = stacks - len(PLATFORMS)
    each = (whole.run.cpu_seconds - few.run.cpu_seconds) / more
    return "\n\n".join(
        [
            "### A fleet",
            f"{stacks} generated stacks, aws, gcp and azure in turn, one to {_LONGEST} endpoints each; once each.",
            table(("what", "seconds", "CPU seconds", "peak MB of all", "processes at once"), rows),
            "\n".join(
                [
                    f"- each stack more costs {each:.2f} CPU seconds, {each / alone.run.cpu_seconds:.2f} of one alone, "
                    f"and {(whole.peak_mb - few.peak_mb) / more:.2f} MB of peak; one alone takes "
                    f"{alone.run.cpu_seconds:.2f} CPU seconds and {alone.peak_mb:.0f} MB",
                    f"- the shards together take {sum(part.run.cpu_seconds for part in parts):.0f} CPU seconds, "
                    f"{sum(part.run.cpu_seconds for part in parts) / whole.run.cpu_seconds:.2f} of one run",
                ]
            ),
        ]
    )


def _fleet(environment: Mapping[str, str], files: Path, out: Path, *more: str) -> Measured:
    command = mlplatform("fleet", files, "preview", "--out", out, *more)
    with watched() as (tree, started):
        # Whether a generated stack keeps every limit is no matter here: a refusal is judged as a pass is.
        done = run(command, environment, started=started, allowed=(0, 1), seconds=7200)
    return Measured(done, tree.peak_mb, tree.processes)


def _row(what: str, measured: Measured) -> tuple[str, ...]:
    done = measured.run
    return what, f"{done.seconds:.1f}", f"{done.cpu_seconds:.1f}", f"{measured.peak_mb:,.0f}", str(measured.processes)


def _same(whole: Path, joined: Path, stacks: int) -> None:
    one, other = (
        json.loads((folder / "fleet.json").read_text(encoding="utf-8"))["results"] for folder in (whole, joined)
    )
    said = [
        [(each["stack"], each["outcome"]["state"], each["outcome"]["says"]) for each in all_] for all_ in (one, other)
    ]
    if (
        said[0] != said[1]
        or len(one) != stacks
        or any(each["outcome"]["state"] not in ("pass", "fail") for each in one)
    ):
        raise BenchmarkFailed(f"the shards do not say what one run of {stacks} stacks says, or a stack has no verdict")
