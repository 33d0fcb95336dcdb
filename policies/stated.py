"""Stated: what the rules `limits-stated` of the platforms share, which hold what is sent against the stack's own file.

A limit bounds a number from above alone. Who signs a file with two replicas has not signed the nine that the limit
would let pass. A value that the file leaves out is held against its limit only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.placement import Placement
from catalogue.platforms import Platform
from policies import given

_SECTIONS = {"Endpoint": "endpoints", "BatchJob": "batch_jobs", "Pipeline": "pipelines", "TrainingJob": "training"}
"""The section whose items a component makes, by its noun."""


def item_of(graph: Graph, resource: Resource) -> str | None:
    """The dotted key of the item that a resource was made for. On the engine its component's name tells."""
    if resource.stack_key is not None:
        return resource.stack_key
    zone = given.zone(graph)
    before, above = f"{zone.name_prefix if zone else ''}{graph.stack}-", graph.component_of(resource)
    while above is not None:
        section, own = _SECTIONS.get(above.type.rpartition(":")[2]), above.name.removeprefix(before)
        if section is not None and own != above.name:
            return f"{section}.{own}"
        above = graph.component_of(above)
    return None


def is_of_a_pipeline(graph: Graph, resource: Resource) -> bool:
    """Whether a resource was made for a pipeline of the stack file."""
    return (item_of(graph, resource) or "").startswith("pipelines.")


def step_of(place: Placement, pipeline: str, step: str) -> str:
    """The dotted key of what states the numbers of a pipeline's step: the job that it names, or itself."""
    key = f"{pipeline}.steps.{step}"
    for word, section in (("training", "training"), ("batch", "batch_jobs")):
        if job := place.states(f"{key}.{word}"):
            return f"{section}.{job}"
    return key


def hyperparameters(place: Placement, job: str, step: str = "") -> Mapping[str, str]:
    """The hyperparameters that the file says of a training job and, over them, of a step that does it."""
    keys = [f"{one}.hyperparameters" for one in (job, step) if one]
    return {name: place.states(f"{key}.{name}") for key in keys for name in place.below(key)}


def other(place: Placement, key: str, sent: float | None, what: str) -> Iterator[str]:
    """What is sent, where it is another number than the file states under a key."""
    said = place.states(key)
    if said and (sent is None or abs(sent - float(said)) > 1e-6):
        yield f"{what} {'nothing' if sent is None else f'{sent:g}'}, where {key} of the stack file says {said}"


def other_word(place: Placement, key: str, sent: str, what: str) -> Iterator[str]:
    """What is sent and known, where it is another word than the file states under a key."""
    said = place.states(key)
    if said and sent and sent != said:
        yield f"{what} {sent}, where {key} of the stack file says {said}"


def other_machines(place: Placement, platform: Platform, item: str, types: set[str]) -> Iterator[str]:
    """The machine types that are not the one which an item of the file names, by its family or by itself."""
    named = place.states(f"{item}.family") or place.states(f"{item}.machine_type")
    try:
        wanted = str(catalogue.load(platform).machine_in(named, place.region).machine_type) if named else ""
    except KeyError:  # the stack file is refused where it is read
        wanted = ""
    for type_ in sorted(types) if wanted else ():
        if type_.casefold() != wanted.casefold():  # Azure takes them in any case
            yield f"runs on {type_}, where {item} of the stack file says {named}, which is {wanted}"


_ROLLOUT = {
    "canaryPercent": "canary.percent",
    "bakeMinutes": "canary.bake_minutes",
    "p95LatencyMs": "rollback.p95_latency_ms",
    "errorRatePercent": "rollback.error_rate_percent",
}
"""What our own provider's resources call the numbers of a rollout, each with the key of the endpoint that states it."""


def other_rollout(place: Placement, item: str, shifts: Resource) -> Iterator[str]:
    """What is sent of a rollout to what shifts the traffic of an endpoint, where the endpoint states another number."""
    for path, key in _ROLLOUT.items():
        yield from other(place, f"{item}.{key}", shifts.props.number_or_none(path), f"sends {path}")


def other_places(place: Placement, item: str, read: set[str]) -> Iterator[str]:
    """What the jobs of a run read, where it is not all the places that an item of the file names, and no other."""
    keys = [f"{item}.{key}.{name}" for key in ("data", "inputs") for name in place.below(f"{item}.{key}")]
    said = {text for key in (f"{item}.input_uri", *keys) if (text := place.states(key))}
    if said and read != said:
        lists = [", ".join(sorted(one)) or "nothing" for one in (read, said)]
        yield f"reads {lists[0]}, where {item} of the stack file says {lists[1]}"


def rounds(place: Placement, item: str) -> int:
    """How many trials of an item's search come one after the other; 1 where it has none."""
    total, parallel = place.figure(item, "tuning.total"), place.figure(item, "tuning.parallel")
    return -(-int(total) // int(parallel)) if total and parallel else 1


@dataclass(frozen=True)
class Search:
    """What is sent of a search of hyperparameters, in the words of the stack file; `ranges` as `in_range` says each."""

    metric: str
    goal: str
    strategy: str
    parallel: float | None
    total: float | None
    ranges: Mapping[str, str]


def in_range(low: float | None, high: float | None, log: bool, integer: bool, values: Sequence[str] = ()) -> str:
    """What a hyperparameter may be, in words that are the same for the same."""
    if values:
        return f"one of {', '.join(sorted(values))}"
    ends = ["nothing" if one is None else f"{one:g}" for one in (low, high)]
    return f"{ends[0]} to {ends[1]}{' in whole numbers' if integer else ''}{' on a log scale' if log else ''}"


def other_search(place: Placement, item: str, sent: Search | None) -> Iterator[str]:
    """What is sent of a search, where it is another than an item of the file says, or where only one of both is one."""
    key = f"{item}.tuning"
    if (sent is not None) != bool(said := place.below(key)):
        does = "searches hyperparameters" if sent else "trains once"
        yield f"{does}, where {item} of the stack file says {'' if said else 'no '}tuning"
    if sent is None or not said:
        return
    yield from other_word(place, f"{key}.objective.metric", sent.metric, "compares trials by")
    yield from other_word(place, f"{key}.objective.goal", sent.goal, "wants to")
    yield from other(place, f"{key}.parallel", sent.parallel, "runs trials at once:")
    yield from other(place, f"{key}.total", sent.total, "makes trials:")
    strategy = place.states(f"{key}.strategy") or "bayesian"
    if sent.strategy != strategy:
        yield f"searches by {sent.strategy or 'nothing'}, where {key} of the stack file says {strategy}"
    names = {one.partition(".")[0] for one in place.below(f"{key}.ranges")}
    for name in sorted(names | sent.ranges.keys()):
        wanted, found = _range_of(place, f"{key}.ranges.{name}"), sent.ranges.get(name, "nothing")
        if wanted != found:
            yield f"tries {found} of {name}, where {key}.ranges of the stack file says {wanted}"


def _range_of(place: Placement, key: str) -> str:
    if not place.below(key):
        return "nothing"
    values = place.states(f"{key}.values")
    scale, integer = place.states(f"{key}.scale") == "log", place.states(f"{key}.integer") == "true"
    low, high = place.figure(key, "min"), place.figure(key, "max")
    return in_range(low, high, scale, integer, values.split(", ") if values else ())
