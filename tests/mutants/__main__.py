"""Prints the mutants of a pilot that no rule notices, by change, type and path. Minutes; with --type, seconds.

python -m tests.mutants aws --type '*bucket*' --change set
"""

import argparse
import fnmatch
import re
import sys
from collections import defaultdict

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations.preview import preview
from stacks.config import STACKS
from tests.mutants.changes import mutants
from tests.mutants.survey import reasons, survey, unexplained


def main() -> None:
    """Judge the mutants of one pilot, and print what lived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("platform", choices=PLATFORMS)
    parser.add_argument("--stack", help="another stack than the platform's pilot, such as aws-full")
    parser.add_argument("--type", default="*", help="the resource types, as a shell pattern")
    parser.add_argument("--change", default="*", help="the kinds of change, as a shell pattern")
    parser.add_argument("--every", action="store_true", help="also those that may live for a stated reason")
    parser.add_argument("--each", action="store_true", help="every resource, not the first two of each type")
    parser.add_argument("--exact", action="store_true", help="exit 1 where survivors/ is not exactly what lives")
    chosen = parser.parse_args()
    graph: Graph = preview(STACKS / f"Pulumi.{chosen.stack or f'{chosen.platform}-pilot'}.yaml")
    wanted = (
        one
        for one in mutants(graph, None if chosen.each else 2)
        if fnmatch.fnmatchcase(one.type, chosen.type) and fnmatch.fnmatchcase(one.change, chosen.change)
    )
    known = reasons(chosen.platform)
    found = survey(graph, wanted, lambda count: print(f"\r{count} mutants", end="", file=sys.stderr, flush=True))
    print(file=sys.stderr)
    alive = found.lived if chosen.every else list(unexplained(found, known))
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in alive:
        grouped[one.change, one.type, re.sub(r"(?<=[.#])\d+(?=\.|$)", "*", one.path)].append(one.what)
    for (change, type_, path), whats in sorted(grouped.items()):
        print(f"{change:10}{type_:60} {path or '-':60} {len(whats):4}  {'; '.join(sorted(set(whats)))[:120]}")
    print()
    for change, tried in sorted(found.tried.items()):
        lived = sum(one.change == change for one in found.lived)
        left = sum(one.change == change for one in alive)
        print(f"{change:10} {tried:6} mutants, {tried - lived:6} caught, {lived:5} live, {left:5} of them shown")
    if chosen.exact:
        idle = [reason for reason in known if not any(reason.covers(one) for one in found.lived)]
        for reason in idle:
            print(f"covers nothing that lives any more: {reason}")
        sys.exit(1 if idle or list(unexplained(found, known)) else 0)


if __name__ == "__main__":
    main()
