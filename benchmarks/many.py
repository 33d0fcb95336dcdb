"""Does a thousand models, each with a batch job, end in a verdict or in a sentence with the number?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.processes import mlplatform, run
from benchmarks.stack_files import many_text
from benchmarks.tables import table

SIZES = (100, 300, 1000)
VERDICTS = (0, 1, 2)
"""What a command may end with: a verdict that passes, one that fails, and bad input."""


def section(environment: Mapping[str, str], folder: Path, platforms: Sequence[str]) -> str:
    """Judge each size once on each platform. Raises BenchmarkFailed for a command that ends in none of VERDICTS."""
    rows: list[tuple[str, ...]] = []
    for platform in platforms:
        for size in SIZES:
            file = folder / f"Pulumi.many-{platform}.yaml"
            file.write_text(many_text(platform, size), encoding="utf-8")
            done = run(mlplatform("preview", file), environment, allowed=VERDICTS)
            said = done.stdout.decode().strip().splitlines() or [done.said]
            ended = done.said if done.code == 2 else next((line for line in said if line.strip()), "")
            kept = f"{file.stat().st_size:,}"
            rows.append(
                (
                    platform,
                    f"{size:,}",
                    kept,
                    f"{done.seconds:.0f}",
                    f"{done.peak_mb:.0f}",
                    ended.replace(f"{folder}/", "")[:160],
                )
            )
    columns = ("platform", "models and jobs", "bytes of the file", "seconds", "peak MB", "ends in")
    return "\n\n".join(["### Many models, each with a batch job", "Once each.", table(columns, rows)])
