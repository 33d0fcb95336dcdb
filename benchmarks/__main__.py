"""`python -m benchmarks` measures everything in one run and prints it; `--write` also keeps it in README.md."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from benchmarks import bill, engine, fleet, many, rules, scaling, terraform, together, whole
from benchmarks.cloud import cloud_of
from benchmarks.processes import BenchmarkFailed, environment
from catalogue.platforms import PLATFORMS

README = Path(__file__).with_name("README.md")
START, END = "<!-- figures: written by `python -m benchmarks --write` -->", "<!-- end of figures -->"
SECTIONS = ("whole", "together", "scaling", "rules", "many", "fleet", "bill", "engine", "terraform")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 and a sentence when a measured command does not do its work. A goal that is not met is no error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite the figures in benchmarks/README.md")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="measure this section alone; may be repeated")
    parser.add_argument("--platform", choices=PLATFORMS, action="append", help="this one alone; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the whole verdict and of terraform")
    parser.add_argument("--scaling-rounds", type=int, default=2, help="rounds of each size")
    parser.add_argument("--before", type=Path, help="a folder with another commit, set up: many stacks under it, too")
    parser.add_argument("--sizes", type=int, nargs="+", help="endpoints, rising, the same for each platform")
    parser.add_argument("--stacks", type=int, default=fleet.STACKS, help="stacks of the fleet, at least 8")
    chosen = parser.parse_args(arguments)
    if chosen.write and (chosen.only or chosen.platform or chosen.sizes):
        parser.error("--write keeps one whole run: leave out --only, --platform and --sizes")
    platforms = [platform for platform in PLATFORMS if platform in (chosen.platform or PLATFORMS)]
    sections = [name for name in chosen.only or SECTIONS if name != "terraform" or "aws" in platforms]
    if not sections:
        parser.error("--only terraform measures the aws pilot: leave --platform out, or take aws with it")
    sizes = {platform: chosen.sizes or cloud_of(platform).sizes for platform in platforms}
    if chosen.sizes and (len(chosen.sizes) < 3 or sorted(set(chosen.sizes)) != chosen.sizes or min(chosen.sizes) < 1):
        parser.error("--sizes takes at least three rising numbers")
    if min(chosen.rounds, chosen.scaling_rounds) < 1 or chosen.stacks < 8:
        parser.error("at least one round, and 8 stacks")
    texts = [_machine()]
    print(texts[0], flush=True)
    try:
        with environment() as given, tempfile.TemporaryDirectory(prefix="mlplatform-bench-") as folder:
            work = Path(folder)
            ways: dict[str, Callable[[], str]] = {
                "whole": lambda: whole.section(given, work, platforms, chosen.rounds),
                "together": lambda: together.section(given, work, platforms, chosen.scaling_rounds, chosen.before),
                "scaling": lambda: scaling.section(given, work, sizes, chosen.scaling_rounds),
                "rules": lambda: rules.section(given, work, platforms, chosen.rounds),
                "many": lambda: many.section(given, work, platforms),
                "fleet": lambda: fleet.section(given, work, chosen.stacks),
                "bill": lambda: bill.section(given, work),
                "engine": lambda: engine.section(work, platforms),
                "terraform": lambda: terraform.section(given, work, chosen.rounds),
            }
            for name in sections:
                texts.append(ways[name]())
                print(f"\n{texts[-1]}", flush=True)
    except BenchmarkFailed as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.write:
        _write("\n\n".join(texts))
        print(f"\nwrote {README.name}")
    return 0


def _machine() -> str:
    return (
        f"{date.today()}, {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}; load average {os.getloadavg()[0]:.2f} before the first command."
    )


def _write(text: str) -> None:
    before, start, rest = README.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise BenchmarkFailed(f"{README.name} has lost its marks: {START} and {END}")
    README.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
