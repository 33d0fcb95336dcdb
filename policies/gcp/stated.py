"""Stated: what is sent for an item of the stack file has the item's own numbers, machine and times.

A limit bounds a number from above alone. Who signs a file with two replicas has not signed the nine that the limit
would let pass. A value that the file leaves out is held against its limit only; a model's routes and port, which have
no limit, against what holds where they are left out.
"""

from collections.abc import Callable, Iterator, Mapping

from catalogue.graph import Graph, Placement, Resource
from catalogue.hardware import catalogue
from catalogue.kind import Runs
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import bigquery, billing, cloudscheduler, mlplatform, vertex, workbench, workflows
from catalogue.properties import Properties
from catalogue.runs import by_hand
from policies.gcp.encryption import seconds
from policies.rule import stack_rule

_DEPLOYMENT, _WORKFLOW, _SCHEDULE = mlplatform.DEPLOYMENT, workflows.WORKFLOW, cloudscheduler.SCHEDULE
_ENDPOINT, _DATASET, _BUDGET, _WORKBENCH = vertex.ENDPOINT, bigquery.DATASET, billing.BUDGET, workbench.INSTANCE

_SECTIONS = {"Endpoint": "endpoints", "BatchJob": "batch_jobs", "TrainingJob": "training"}
"""The section whose items a component makes, by its noun."""

_OF_DEPLOYMENT = {
    "canaryPercent": "canary.percent",
    "bakeMinutes": "canary.bake_minutes",
    "p95LatencyMs": "rollback.p95_latency_ms",
    "errorRatePercent": "rollback.error_rate_percent",
    "scalingTarget": "requests_per_replica_per_minute",
}
"""The numbers of a deployment, each with the key of the endpoint that states it."""


@stack_rule(
    "limits-stated",
    _DEPLOYMENT,
    _WORKFLOW,
    _SCHEDULE,
    _ENDPOINT,
    _DATASET,
    mlplatform.MODEL,
    _BUDGET,
    _WORKBENCH,
    severity="high",
    proof="cost visibility",
    says="What is sent for an item of the stack file has the machine, the replicas, the hours and the shares that the "
    "item states, and the budget and the workspace those of theirs.",
    remedy="Say the value in the stack file, where it is reviewed, and hand it on as it is.",
)
def stated(graph: Graph, resource: Resource) -> Iterator[str]:
    """DESIGN's values, not presence: each is compared with what this stack's own file says of this item."""
    place = graph.placement
    if place is None or not graph.ours:
        return
    if resource.type == _BUDGET:
        amount = resource.props.section_or_empty("amount.specifiedAmount")
        whole, rest = amount.number_or_none("units") or 0, amount.number_or_none("nanos") or 0
        yield from _other(place, "budget.monthly_usd", whole + rest / 1e9, "allows USD a month:")
    elif resource.type == _WORKBENCH:
        yield from _other_word(place, "workspace.zone", resource.props.text_if_known("location"), "stands in")
    elif (item := _item(graph, resource)) is not None:
        yield from _MEMBERS[resource.type](graph, place, item, resource)


def _item(graph: Graph, resource: Resource) -> str | None:
    """The dotted key of the item that a resource was made for. On the engine its component's name tells."""
    if resource.stack_key is not None:
        return resource.stack_key
    above = graph.component_of(resource)
    while above is not None:
        section, own = _SECTIONS.get(above.type.rpartition(":")[2]), above.name.removeprefix(f"{graph.stack}-")
        if section is not None and own != above.name:
            return f"{section}.{own}"
        above = graph.component_of(above)
    return None


def _other(place: Placement, key: str, sent: float | None, what: str) -> Iterator[str]:
    said = place.states(key)
    if said and (sent is None or abs(sent - float(said)) > 1e-6):
        yield f"{what} {'nothing' if sent is None else f'{sent:g}'}, where {key} of the stack file says {said}"


def _other_word(place: Placement, key: str, sent: str, what: str) -> Iterator[str]:
    said = place.states(key)
    if said and sent and sent != said:
        yield f"{what} {sent}, where {key} of the stack file says {said}"


def _machines(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """One job has one type of machine, in one pool or in several, and as many as the item states."""
    kind, known = kind_of(resource.type), catalogue.load("gcp")
    assert kind is not None and isinstance(kind.runs, Runs)
    runs = list(kind.runs.machines(graph, resource))
    if not runs:
        return
    named = place.states(f"{item}.family") or place.states(f"{item}.machine_type")
    try:
        wanted = str(known.machine_in(named, place.region).machine_type) if named else ""
    except KeyError:  # the stack file is refused where it is read
        wanted = ""
    for other in sorted({one.machine_type for one in runs} - {wanted}) if wanted else ():
        yield f"runs on {other}, where {item} of the stack file says {named}, which is {wanted}"
    low, high = sum(one.low for one in runs), sum(one.high for one in runs)
    lows, highs = ("min_replicas", "max_replicas") if item.startswith("endpoints.") else ("replicas", "replicas")
    yield from _other(place, f"{item}.{lows}", low, "starts with replicas:")
    if (lows, low) != (highs, high):
        yield from _other(place, f"{item}.{highs}", high, "grows to replicas:")


def _deployment(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    yield from _machines(graph, place, item, resource)
    for path, key in _OF_DEPLOYMENT.items():
        yield from _other(place, f"{item}.{key}", resource.props.number_or_none(path), f"sends {path}")


def _workflow(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """A run of training waits for spot machines beside its own hours."""
    if item.startswith("endpoints."):  # its workflow puts on again what the deployment says
        return
    yield from _machines(graph, place, item, resource)
    people = by_hand(resource.props.section_or_empty("labels"))
    yield from _other(place, f"{item}.runs_per_month", people, "counts runs that people start in a month:")
    key = f"{item}.max_hours"
    hours, waits = place.states(key), place.states(f"{item}.spot.wait_hours")
    if not hours:
        return
    most = (float(hours) + float(waits or 0)) * 3600
    for late in sorted({one for one in workflows.deadlines(resource.props) if one != most}):
        yield f"is stopped after {late / 3600:g} hours, where {key} of the stack file makes it {most / 3600:g}"
    for job in workflows.jobs(resource.props):
        for uri in job.body.each_text_if_known("inputConfig.gcsSource.uris"):
            yield from _other_word(place, f"{item}.input_uri", uri.removesuffix("*"), "scores")
        written = job.body.text_if_known("outputConfig.gcsDestination.outputUriPrefix")
        if job.kind == "batchPredictionJobs":  # a training job writes below a folder of each run
            yield from _other_word(place, f"{item}.output_uri", written, "writes to")
        text = job.spec.text_or_empty("scheduling.timeout")
        if job.kind == "customJobs" and text:
            yield from _other(place, key, seconds(text) / 3600, "starts a job that may run for hours:")


def _schedule(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """Those of an endpoint's hours are of `limits-hours-kept`."""
    for path, key in (("schedule", "schedule"), ("timeZone", "timezone")):
        yield from _other_word(place, f"{item}.{key}", resource.props.text_if_known(path), f"has the {path}")


def _endpoint(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    logged: Properties = resource.props.section_or_empty("predictRequestResponseLoggingConfig")
    rate = logged.number_or_none("samplingRate")
    share = (1 if rate is None else rate) * 100 if logged.flag_or_none("enabled") else 0
    if share and not place.states(f"{item}.capture.percent"):
        yield f"captures {share:g} % of its requests, where {item} of the stack file says no capture"
    yield from _other(place, f"{item}.capture.percent", share, "captures percent:")


def _dataset(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    for days in dict.fromkeys(bigquery.days(graph, resource)):
        yield from _other(place, f"{item}.capture.days", days, "keeps for days:")


def _model(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """A model that may take an hour to start, or answers elsewhere, is one that the file says so of."""
    named = f"models.{place.states(f'{item}.model')}"
    takes = resource.props.number_or_none("startUpSeconds")
    if takes is not None and not place.states(f"{named}.start_up_seconds"):
        yield f"may take {takes:g} seconds to start, where {named} of the stack file says none"
    yield from _other(place, f"{named}.start_up_seconds", takes, "may take seconds to start:")
    if not place.states(f"{item}.model"):
        return
    for path, key in (("predictRoute", "predict_route"), ("healthRoute", "health_route")):
        sent, said = resource.props.text_if_known(path), place.states(f"{named}.{key}")
        if sent and sent != (said or mlplatform.ROUTES[path]):
            stands = f"{named}.{key} of the stack file says {said}" if said else f"{mlplatform.ROUTES[path]} is asked"
            yield f"answers at {sent}, where {stands}"
    port = place.states(f"{named}.port") or str(mlplatform.PORT)
    for sent in [one for one in resource.props.each_number("ports") if f"{one:g}" != port]:
        yield f"listens on the port {sent:g}, where {port} is asked"


_MEMBERS: Mapping[str, Callable[[Graph, Placement, str, Resource], Iterator[str]]] = {
    _DEPLOYMENT: _deployment,
    _WORKFLOW: _workflow,
    _SCHEDULE: _schedule,
    _ENDPOINT: _endpoint,
    _DATASET: _dataset,
    mlplatform.MODEL: _model,
}

RULES = [stated]
