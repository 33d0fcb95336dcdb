"""Stated: what is sent for an item of the stack file has the item's own numbers, machine and times.

A model's routes and port, which have no limit, are held where the file leaves them out against what holds then.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Set

from catalogue.best_trial import BEST
from catalogue.formats import GCP, USUAL
from catalogue.graph import Graph, Resource
from catalogue.kind import Runs
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import bigquery, billing, cloudscheduler, mlplatform, vertex, workbench, workflows
from catalogue.order import all_before, longest
from catalogue.placement import Placement
from catalogue.properties import Properties
from catalogue.runs import by_hand
from catalogue.vertex_jobs import IN_THE_RUN, SCORES, TUNES
from policies.gcp.encryption import seconds
from policies.gcp.tuned import search_of
from policies.rule import stack_rule
from policies.stated import (
    hyperparameters,
    item_of,
    other,
    other_machines,
    other_places,
    other_rollout,
    other_search,
    other_word,
    rounds,
    step_of,
)

_DEPLOYMENT, _WORKFLOW, _SCHEDULE = mlplatform.DEPLOYMENT, workflows.WORKFLOW, cloudscheduler.SCHEDULE
_ENDPOINT, _DATASET, _BUDGET, _WORKBENCH = vertex.ENDPOINT, bigquery.DATASET, billing.BUDGET, workbench.INSTANCE


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
        yield from other(place, "budget.monthly_usd", whole + rest / 1e9, "allows USD a month:")
    elif resource.type == _WORKBENCH:
        yield from other_word(place, "workspace.zone", resource.props.text_if_known("location"), "stands in")
    elif (item := item_of(graph, resource)) is not None:
        yield from _MEMBERS[resource.type](graph, place, item, resource)


def _machines(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """One job has one type of machine, in one pool or in several, and as many as the item states."""
    kind = kind_of(resource.type)
    assert kind is not None and isinstance(kind.runs, Runs)
    runs = list(kind.runs.machines(graph, resource))
    if not runs:
        return
    yield from other_machines(place, "gcp", item, {one.machine_type for one in runs})
    # Each trial that runs at once has all the machines of the job.
    found = [search_of(job) for job in workflows.jobs(resource.props)] if resource.type == _WORKFLOW else []
    trials = next((one.parallel for one in found if one is not None and one.parallel), 1)
    low, high = sum(one.low for one in runs) / trials, sum(one.high for one in runs) / trials
    lows, highs = ("min_replicas", "max_replicas") if item.startswith("endpoints.") else ("replicas", "replicas")
    yield from other(place, f"{item}.{lows}", low, "starts with replicas:")
    if (lows, low) != (highs, high):
        yield from other(place, f"{item}.{highs}", high, "grows to replicas:")


def _deployment(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    yield from _machines(graph, place, item, resource)
    yield from other_rollout(place, item, resource)
    for model in graph.refers(resource, "model", mlplatform.MODEL):
        if (whose := item_of(graph, model)) not in (None, item):
            yield f"deploys {model.name}, which is made for {whose}"
    full = resource.props.number_or_none("scalingTarget")
    yield from other(place, f"{item}.requests_per_replica_per_minute", full, "sends scalingTarget")


def _workflow(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """A run of training waits for spot machines beside its own hours."""
    if item.startswith("endpoints."):  # its workflow puts on again what the deployment says
        return
    if item.startswith("pipelines."):
        yield from _pipeline(place, item, resource)
        return
    yield from _machines(graph, place, item, resource)
    people = by_hand(resource.props.section_or_empty("labels"))
    yield from other(place, f"{item}.runs_per_month", people, "counts runs that people start in a month:")
    key = f"{item}.max_hours"
    hours, waits = place.states(key), place.states(f"{item}.spot.wait_hours")
    if not hours:
        return
    most = (float(hours) * rounds(place, item) + float(waits or 0)) * 3600
    for late in sorted({one for one in workflows.deadlines(resource.props) if one != most}):
        yield f"is stopped after {late / 3600:g} hours, where {key} of the stack file makes it {most / 3600:g}"
    for job in workflows.jobs(resource.props):
        if job.kind == SCORES:
            yield from _scored(place, item, job)
        text = job.spec.text_or_empty("scheduling.timeout")
        if job.trains:
            yield from other_search(place, item, search_of(job))
        if job.trains and text:
            yield from other(place, key, seconds(text) / 3600, "starts a job that may run for hours:")


def _pipeline(place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """Each step runs what the file says, on its machine, for its hours, on its folders; and no step is one more."""
    people = by_hand(resource.props.section_or_empty("labels"))
    yield from other(place, f"{item}.runs_per_month", people, "counts runs that people start in a month:")
    steps = [job for job in workflows.jobs(resource.props) if job.step]
    named = {one.partition(".")[0] for one in place.below(f"{item}.steps")}
    if named and (differ := sorted(named ^ {job.step for job in steps})):
        yield f"has other steps than {item} of the stack file: {', '.join(differ)}"
    lasts, reads = dict[str, float](), dict[str, set[str]]()
    for job in steps:
        key = step_of(place, item, job.step)
        waited = float(place.states(f"{key}.spot.wait_hours") or 0)
        lasts[job.step] = float(place.states(f"{key}.max_hours") or 0) * rounds(place, key) + waited
        inputs = f"{item}.steps.{job.step}.inputs"
        reads[job.step] = {
            said for name in place.below(inputs) if "://" not in (said := place.states(f"{inputs}.{name}"))
        }
        yield from other_search(place, key, search_of(job))
        if job.kind == SCORES:
            yield from _scored_step(place, item, key, job)
            continue
        if place.states(f"{item}.steps.{job.step}.batch"):
            yield f"does not score at {job.step}, where {item} of the stack file names a batch job"
        machines = set(job.spec.each_text("workerPoolSpecs.machineSpec.machineType"))
        replicas = sum(job.spec.each_number("workerPoolSpecs.replicaCount"))
        yield from other_machines(place, "gcp", key, machines)
        yield from other(place, f"{key}.replicas", replicas, f"runs {job.step} with replicas:")
        if not place.states(f"{key}.replicas") and replicas != 1:
            yield f"runs {job.step} with {replicas:g} replicas, where {key} of the stack file says none"
        runs = seconds(job.spec.text_or_empty("scheduling.timeout")) / 3600
        yield from other(place, f"{key}.max_hours", runs, f"runs {job.step} for hours:")
        for image in job.spec.each_text("workerPoolSpecs.containerSpec.imageUri"):
            yield from other_word(place, f"{key}.image", image, f"runs {job.step} from")
        for container in job.spec.each_section("workerPoolSpecs.containerSpec"):
            yield from _words(place, item, job, container)
    hours = longest(lasts, reads)
    for late in sorted({one for one in workflows.deadlines(resource.props) if named and one != hours * 3600}):
        yield f"is stopped after {late / 3600:g} hours, where the steps of {item} in the stack file take {hours:g}"
    yield from _order(item, {job.step: job.after for job in steps}, all_before(reads)) if named else ()


def _scored_step(place: Placement, item: str, key: str, job: workflows.Job) -> Iterator[str]:
    """A step that scores does what its batch job says, but for what the step reads in place of the job's own places,
    and writes to its own folder.
    """
    own = f"{item}.steps.{job.step}"
    if place.states(f"{item}.output_uri") and not place.states(f"{own}.batch"):
        yield f"scores at {job.step}, where {item} of the stack file names no batch job"
        return
    used = job.body.section_or_empty("dedicatedResources")
    yield from other_machines(place, "gcp", key, set(used.each_text("machineSpec.machineType")))
    for path in ("startingReplicaCount", "maxReplicaCount"):
        yield from other(place, f"{key}.replicas", used.number_or_none(path), f"runs {job.step} with replicas:")
    yield from other(place, f"{key}.max_hours", seconds(job.timeout) / 3600, f"runs {job.step} for hours:")
    said = {"data": place.states(f"{key}.input_uri")} if place.states(f"{key}.input_uri") else dict[str, str]()
    said |= {name: place.states(f"{key}.inputs.{name}") for name in place.below(f"{key}.inputs")}
    said |= {name: place.states(f"{own}.inputs.{name}") for name in place.below(f"{own}.inputs")}
    folder = f"{place.states(f'{item}.output_uri')}{IN_THE_RUN}/"
    wanted = {one if "://" in one else f"{folder}{one}/" for one in said.values()}
    uris = [*job.body.each_text_if_known("inputConfig.gcsSource.uris")]
    found = {_BELOW.sub("", uri) for uri in uris}
    if wanted and all(uris) and found != wanted:
        lists = [", ".join(sorted(one))[:200] for one in (found, wanted)]
        yield f"reads at {job.step} {lists[0]}, where {own} of the stack file makes it {lists[1]}"
    written = job.body.text_if_known(workflows.SCORED_TO)
    if wanted and written and written != (right := f"{folder}{job.step}/"):
        yield f"writes at {job.step} to {written[:160]}, where {item} of the stack file makes it {right}"
    yield from _requests(place, key, job)


def _order(item: str, has: Mapping[str, Set[str]], said: Mapping[str, Set[str]]) -> Iterator[str]:
    """Each step waits for those that it reads, and for no other."""
    for step, after in has.items():
        for one in sorted(after ^ said.get(step, after)):
            waits = "waits" if one in after else "does not wait"
            yield f"{waits} at {step} for the step {one}, where {item} of the stack file has it otherwise"


def _words(place: Placement, item: str, job: workflows.Job, container: Properties) -> Iterator[str]:
    """The program of a step, its options or hyperparameters, and its folders."""
    own, said = f"{item}.steps.{job.step}", list(container.each_text("args"))
    trained, out = place.states(f"{own}.training"), place.states(f"{item}.output_uri")
    command = " ".join(container.each_text("command"))
    if (out or command) and command != place.states(f"{own}.program"):
        yield f"runs {job.step} as {command[:80] or 'its image says'}, where {own} of the stack file says otherwise"
    keys = {name: f"training.{trained}.data.{name}" for name in place.below(f"training.{trained}.data") if trained}
    keys |= {name: f"{own}.inputs.{name}" for name in place.below(f"{own}.inputs")}
    told = {f"--{name}={_folder(place, item, place.states(key))}" for name, key in keys.items()}
    told |= {f"--{name}={place.states(f'{own}.options.{name}')}" for name in place.below(f"{own}.options")}
    if trained:
        told |= {f"--{name}={one}" for name, one in hyperparameters(place, f"training.{trained}", own).items()}
    if job.kind != TUNES:  # each trial has a folder that Vertex AI tells it
        told.add(f"--output={_folder(place, item, job.step)}")
    if out and (missing := sorted(told - set(said))):
        yield f"does not tell {job.step} {missing[0][:160]}, as {own} of the stack file has it"
    more = [one for one in said if one not in told]
    checkpoints = place.states(f"training.{trained}.spot.checkpoint_uri")
    kept = f"--checkpoints={_mounted(checkpoints)}{IN_THE_RUN}/" if checkpoints else ""
    if out and (more := [one for one in more if one != kept]):
        yield f"tells {job.step} {more[0][:160]}, which {own} of the stack file does not have"


def _folder(place: Placement, item: str, said: str) -> str:
    """Where Vertex AI mounts a place, or what a step before it writes: a training job to `model/` in its folder, and a
    search in that of its best trial."""
    if "://" in said:
        return _mounted(said)
    folder = f"{_mounted(place.states(f'{item}.output_uri'))}{IN_THE_RUN}/{said}/"
    trained = place.states(f"{item}.steps.{said}.training")
    if not trained:
        return folder
    return f"{folder}{BEST}/model/" if place.below(f"training.{trained}.tuning") else f"{folder}model/"


def _mounted(uri: str) -> str:
    return f"/gcs/{uri.removeprefix('gs://')}"


_BELOW = re.compile(r"\*(\.txt)?$")
"""What stands for the files below a folder: all of them, or those that list others."""


def _scored(place: Placement, item: str, job: workflows.Job) -> Iterator[str]:
    """What a job reads and where it writes, and how many records a request has: what the file leaves out is the
    platform's usual.
    """
    uris = [*job.body.each_text_if_known("inputConfig.gcsSource.uris")]
    if all(uris):
        yield from other_places(place, item, {_BELOW.sub("", uri) for uri in uris})
    written = job.body.text_if_known(workflows.SCORED_TO)
    yield from other_word(place, f"{item}.output_uri", written, "writes to")
    yield from _requests(place, item, job)


def _requests(place: Placement, item: str, job: workflows.Job) -> Iterator[str]:
    """What the records are, and how many of them a request has, as the batch job says."""
    read, said = job.body.text_or_empty("inputConfig.instancesFormat"), place.states(f"{item}.format") or USUAL["gcp"]
    if read and read != GCP.get(said):
        yield f"starts jobs that read {read[:40]}, where {item} of the stack file says {said}"
    key, count = f"{item}.records_per_request", job.body.number_or_none("manualBatchTuningParameters.batchSize")
    sent, stated = "" if count is None else f"{count:g}", place.states(key)
    if sent != stated:
        yield f"sends records in a request: {sent or 'unsaid'}, where {key} of the stack file is {stated or 'unsaid'}"


def _schedule(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """Those of an endpoint's hours are of `limits-hours-kept`."""
    for path, key in (("schedule", "schedule"), ("timeZone", "timezone")):
        yield from other_word(place, f"{item}.{key}", resource.props.text_if_known(path), f"has the {path}")


def _endpoint(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    logged: Properties = resource.props.section_or_empty("predictRequestResponseLoggingConfig")
    rate = logged.number_or_none("samplingRate")
    share = (1 if rate is None else rate) * 100 if logged.flag_or_none("enabled") else 0
    if share and not place.states(f"{item}.capture.percent"):
        yield f"captures {share:g} % of its requests, where {item} of the stack file says no capture"
    yield from other(place, f"{item}.capture.percent", share, "captures percent:")


def _dataset(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    for days in dict.fromkeys(bigquery.days(graph, resource)):
        yield from other(place, f"{item}.capture.days", days, "keeps for days:")


def _model(graph: Graph, place: Placement, item: str, resource: Resource) -> Iterator[str]:
    """A model that may take an hour to start, or answers elsewhere, is one that the file says so of."""
    named = f"models.{place.states(f'{item}.model')}"
    takes = resource.props.number_or_none("startUpSeconds")
    if takes is not None and not place.states(f"{named}.start_up_seconds"):
        yield f"may take {takes:g} seconds to start, where {named} of the stack file says none"
    yield from other(place, f"{named}.start_up_seconds", takes, "may take seconds to start:")
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
