"""What a tuning job is sent of its search, in the words of a stack file, and where they are judged."""

import re
from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.jobnames import search_begins, step_search_begins
from catalogue.kinds.aws.jobs import TUNES, Job, formatted
from catalogue.placement import Placement
from catalogue.wording import one_line
from policies import given
from policies.stated import Search, in_range, other_search, other_word

_CONFIG = "HyperParameterTuningJobConfig"
LIMITS = f"{_CONFIG}.ResourceLimits"
_NUMBERS = (("IntegerParameterRanges", True), ("ContinuousParameterRanges", False))


def beginnings(graph: Graph) -> frozenset[str]:
    """How the names of the stack's tuning jobs begin: of each training job of the stack file that searches, those that
    are switched off among them, for the roles stand before the jobs do; and of each of them that is a step, too."""
    return frozenset(search_begins(one) for one in _searching(graph)) | step_beginnings(graph)


def step_beginnings(graph: Graph) -> frozenset[str]:
    """How the names of the tuning jobs begin that steps of pipelines make."""
    stated = graph.placement.stated if graph.placement else ()
    steps = {job for key, job in stated if re.fullmatch(r"pipelines\.[^.]+\.steps\.[^.]+\.training", key)}
    found = _searching(graph)
    return frozenset(step_search_begins(name) for name, job in found.items() if job in steps)


def _searching(graph: Graph) -> dict[str, str]:
    """The names of the training jobs that search, as they are and as the stack file has them."""
    zone, stated = given.zone(graph), graph.placement.stated if graph.placement else ()
    prefix = f"{zone.name_prefix if zone else ''}{graph.stack}"
    found = (key.split(".") for key, _ in stated if key.startswith("training.") and key.endswith(".tuning.total"))
    return {f"{prefix}-{job}": job for _, job, *_ in found}


def search_of(job: Job) -> Search | None:
    """The search of a job; None where it trains once."""
    if job.action != TUNES:
        return None
    config = job.request.section_or_empty(_CONFIG)
    ranges = {
        one.text_or_empty("Name"): in_range(
            one.number_or_none("MinValue"),
            one.number_or_none("MaxValue"),
            one.text_or_empty("ScalingType") == "Logarithmic",
            integer,
        )
        for path, integer in _NUMBERS
        for one in config.each_section(f"ParameterRanges.{path}")
    }
    for one in config.each_section("ParameterRanges.CategoricalParameterRanges"):
        ranges[one.text_or_empty("Name")] = in_range(None, None, False, False, list(one.each_text("Values")))
    limits = job.request.section_or_empty(LIMITS)
    return Search(
        metric=config.text_or_empty("HyperParameterTuningJobObjective.MetricName"),
        goal=config.text_or_empty("HyperParameterTuningJobObjective.Type").lower(),
        strategy=config.text_or_empty("Strategy").lower(),
        parallel=limits.number_or_none("MaxParallelTrainingJobs"),
        total=limits.number_or_none("MaxNumberOfTrainingJobs"),
        ranges=ranges,
    )


def searched(place: Placement, item: str, job: Job) -> Iterator[str]:
    """Where a search, or the figure that it reads in the log, is another than the stack file's."""
    search = search_of(job)
    yield from other_search(place, item, search)
    if search is None:
        return
    lists = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
    ranges = (one for path in lists for one in job.request.each_section(f"{_CONFIG}.ParameterRanges.{path}"))
    named = [one.text_or_empty("Name") for one in ranges]
    yield from (f"has two ranges of {one}" for one in sorted({one for one in named if named.count(one) > 1}))
    for training in job.trainings():
        read = [*training.each_section("AlgorithmSpecification.MetricDefinitions")]
        if [one.text_or_empty("Name") for one in read] != [search.metric]:
            yield "reads other figures in the log than the one that it compares trials by"
        for one in read:
            sent = one.text_or_empty("Regex")
            yield from other_word(place, f"{item}.tuning.objective.pattern", sent, "reads the figure by")


def named_otherwise(job: Job, machine: str) -> str:
    """How a tuning job is called, where it is not as the role of its state machine may create it; else empty."""
    said = job.request.values.get(
        "HyperParameterTuningJobName", job.request.values.get("HyperParameterTuningJobName.$")
    )
    if job.action != TUNES or not isinstance(said, str):
        return ""
    wanted = f"{search_begins(machine)}-"
    if (formatted(said)[0] or said).startswith(wanted):
        return ""
    return f"calls its job {one_line(said)}, where {wanted}* is what its role may create ({job.state})"
