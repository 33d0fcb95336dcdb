"""The gate: whether a metric is good enough for the version to be registered.

A pipeline's condition reads `passed` of gate.json, and then --report-only is said: the step has done its work whichever
way the condition goes. Without it, a model that is not let through ends the step with exit 1, and so the pipeline:
what forgets the condition registers nothing.
"""

import math
import sys
from dataclasses import dataclass

from examples.steps.contract import Folders, Refused, as_json, object_of
from examples.steps.evaluate import METRICS

WHAT = "Compare a metric of metrics.json with a bound, and write gate.json; exit 1 where it does not pass."
GATE = "gate.json"


@dataclass(frozen=True)
class Options:
    """The metric, its bound, and whether it must be `at-least` or `at-most` that."""

    bound: float
    metric: str = "accuracy"
    sense: str = "at-least"
    report_only: str = "no"


def run(folders: Folders, options: Options) -> int:
    """Write what was compared. A metric that is not there, or is no number, lets nothing through."""
    if options.sense not in ("at-least", "at-most") or options.report_only not in ("yes", "no"):
        raise Refused("--sense: allowed are at-least and at-most; --report-only: allowed are yes and no.")
    found = object_of(folders.read(METRICS), METRICS).get(options.metric)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise Refused(f"{METRICS}: has no number {options.metric!r}; name a metric that `evaluate` wrote.")
    if not math.isfinite(options.bound):
        raise Refused("--bound: allowed is a finite number.")
    passed = found >= options.bound if options.sense == "at-least" else found <= options.bound
    told = {
        "bound": options.bound,
        "metric": options.metric,
        "passed": passed,
        "sense": options.sense,
        "value": float(found),
    }
    folders.write(GATE, as_json(told))
    sys.stdout.write(
        f"{options.metric} is {found}, {'and' if passed else 'but must be'} {options.sense} {options.bound}\n"
    )
    return 0 if passed or options.report_only == "yes" else 1
