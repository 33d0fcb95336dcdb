"""What a sweep of Azure Machine Learning is sent of its search, in the words of a stack file."""

import math
from typing import Any, cast

from catalogue.kinds.azure.jobs import Job
from catalogue.properties import Properties
from policies.stated import Search, in_range


def search_of(job: Job) -> Search | None:
    """The search of a job; None where it runs once. A step of a pipeline has Azure's words in snake case."""
    if job.kind != "sweep":
        return None
    space = job.own.section_or_empty("search_space")
    return Search(
        metric=job.own.text_or_empty("objective.primary_metric"),
        goal=job.own.text_or_empty("objective.goal"),
        strategy=job.own.text_or_empty("sampling_algorithm"),
        parallel=job.own.number_or_none("limits.max_concurrent_trials"),
        total=job.own.number_or_none("limits.max_total_trials"),
        ranges={name: _range(space.section_or_empty(name)) for name in space.names()},
    )


def _range(one: Properties) -> str:
    """What a distribution comes to. A choice of whole numbers that follow each other is a range of them."""
    kind, given = one.text_or_empty("type"), one.values.get("values")
    if kind == "choice" and isinstance(given, list):
        values = cast("list[Any]", given)
        if values and all(isinstance(value, int) for value in values):
            low, high = min(values), max(values)
            if sorted(values) == list(range(low, high + 1)):
                return in_range(low, high, False, True)
        return in_range(None, None, False, False, [str(value) for value in values])
    low, high = one.number_or_none("min_value"), one.number_or_none("max_value")
    if kind == "loguniform" and low is not None and high is not None:
        return in_range(math.exp(low), math.exp(high), True, False)
    return in_range(low, high, False, False) if kind == "uniform" else f"a distribution of the type {kind or 'none'}"
