"""Batch: what a batch job is made of is used, and nothing runs between its runs."""

import re
from collections.abc import Iterator
from itertools import chain

from catalogue.durations import minutes_or_none
from catalogue.formats import USUAL
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure.jobs import COMPUTE, JOB, SCHEDULE, Job, compute_at, jobs, runs_per_month, trains, waits
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, BATCH_ENDPOINT, COMPONENT
from catalogue.once import once_a_graph
from catalogue.order import in_order
from catalogue.pauses import shortest_pause_minutes
from catalogue.pricing import MONTH_MINUTES
from catalogue.properties import Properties, Unreadable
from catalogue.runs import RUNS_PER_MONTH, by_hand
from catalogue.wording import one_line
from policies.azure.reading import is_version, key_of, longest_minutes
from policies.rule import stack_rule
from policies.stated import is_of_a_pipeline


@stack_rule(
    "limits-batch-started",
    SCHEDULE,
    BATCH_ENDPOINT,
    COMPONENT,
    COMPUTE,
    severity="medium",
    proof="cost visibility",
    says="A job is whole: a schedule, or people by what it says, start its component on its folders, its endpoint has "
    "a deployment, its cluster has a job; its nodes stop between two runs.",
    remedy="Keep the batch component's parts, or switch the batch job off; start it less often, or serve it online.",
)
def batch_started(graph: Graph, resource: Resource) -> Iterator[str]:
    """A component that nothing starts scores nothing, and nobody hears of it.

    In another program a person may start a run by hand, so only the schedule is judged there: where it comes again
    before a node is idle for long enough to be removed, the cluster never goes to zero.
    """
    if resource.type == SCHEDULE:
        yield from _never_stops(graph, resource)
        if graph.ours:
            yield from _not_begun(resource)
            yield from _not_written(resource)
            yield from _of_another(graph, resource)
    elif not graph.ours:
        return
    elif resource.type == BATCH_ENDPOINT:
        if not graph.referring(BATCH_DEPLOYMENT, "endpointName", resource):
            yield "has no deployment, so that a run by hand starts nothing"
    elif resource.type == COMPONENT:
        schedules = graph.referring(SCHEDULE, "properties", resource)
        if not schedules:
            yield "is started by no schedule of the stack"
        for schedule in schedules:
            yield from _unlike(resource, schedule)
            yield from _scores_otherwise(graph, resource, schedule)
            yield from _starts_over(graph, resource, schedule)
    elif resource.props.text_or_empty("properties.computeType") == "AmlCompute" and not _has_a_job(graph, resource):
        yield "is a cluster on which no job of the stack runs and no image is built"


def _not_begun(schedule: Resource) -> Iterator[str]:
    """A schedule that is off starts nothing, unless people start what it says; one of theirs starts nothing itself."""
    people = by_hand(schedule.props.section_or_empty("properties.tags")) is not None
    on = schedule.props.flag_or_none("properties.isEnabled")
    if on is False and not people:
        yield f"is switched off, and no tag {RUNS_PER_MONTH} says that people start it"
    if on is not False and people:
        yield f"starts by the clock, where its tag {RUNS_PER_MONTH} says that people start it"


def _of_another(graph: Graph, schedule: Resource) -> Iterator[str]:
    """What a step does is said by a component of the stack; one that anybody registered may do anything."""
    for job in jobs(schedule.props):
        id_ = job.component()
        if id_ and not any(is_version(id_, one, "components") for one in graph.of(COMPONENT)):
            yield f"starts {one_line(id_)[:120]}, which is no component of the stack's"
        if (called := job.own.text_or_empty("name")) not in ("", job.step):
            yield f"calls its step {job.step} {one_line(called)[:80]}, by which whoever reads of a failure looks for it"


_VALUES = ("integer", "number", "string")
"""The types of what a step is told, and is no folder."""
_OF_STEP, _OF_PIPELINE = (
    re.compile(r"\$\{\{\s*(inputs|outputs)\.(\w+)\s*\}\}"),
    re.compile(r"\$\{\{\s*parent\.(?:inputs|outputs)\.(\w+)\s*\}\}"),
)


def _unlike(component: Resource, schedule: Resource) -> Iterator[str]:
    """Azure ML refuses a run whose folders are not those of its step, and of a folder that no command names nothing
    comes, https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-inputs-outputs-pipeline
    """
    said = set(_OF_STEP.findall(component.props.text_or_empty("properties.componentSpec.command")))
    own, order = _jobs_of(component, schedule), waits(schedule.props)
    steps = {*in_order(order)} if order else {job.step for job in jobs(schedule.props)}
    if own == []:
        yield f"is what no step of {schedule.name} does"
    inputs = component.props.section_or_empty("properties.componentSpec.inputs")
    tried = {name for job in (jobs(schedule.props) if own is None else own) for name in _tried(job)}
    for name in inputs.names():
        kind = inputs.text_or_empty(f"{name}.type")
        if kind in _VALUES and name not in tried:
            yield f"has an input {name} of the type {kind}, which no search tries"
        elif kind not in _VALUES and not inputs.is_given(f"{name}.mode"):
            yield f"has an input {name} that is handed over in no way (mode)"
    for what in ("inputs", "outputs"):
        has = set(component.props.section_or_empty(f"properties.componentSpec.{what}").values)
        yield from _apart(f"{what} of the step", has, "its command", {name for of, name in said if of == what})
        for job in own or ():
            given = set(job.own.section_or_empty(what).values)
            given |= _tried(job) if what == "inputs" else set()
            yield from _apart(f"{what} of the step", has, schedule.name, given)
    for job in own or ():
        for name, given in job.places("inputs"):
            sent, takes = given.text_or_empty("jobInputType"), inputs.text_or_empty(f"{name}.type")
            if sent and takes and sent != takes:
                yield f"takes as {name} a {takes}, where {schedule.name} has a {sent}"
        for name, before in job.after.items():
            if before not in steps or before == job.step:
                yield f"reads as {name} the step {before}, which {schedule.name} has not before it"
    yield from _unused(schedule)


_OUTPUT = re.compile(r"\$\{\{\s*parent\.jobs\.(\w+)\.outputs\.(\w+)\s*\}\}")


def _not_written(schedule: Resource) -> Iterator[str]:
    """A step that scores writes `scores`, any other `output`, and a run that reads another is refused."""
    found = {job.step: job for job in jobs(schedule.props)}
    for step, job in found.items():
        for value in job.own.each_text("inputs.*.value"):
            read = _OUTPUT.fullmatch(value)
            if read and read[1] in found and read[2] not in found[read[1]].own.section_or_empty("outputs").names():
                yield f"reads in {step} of {read[1]} {read[2]}, which that step does not write"


def _tried(job: Job) -> set[str]:
    """What a search hands its trials, beside the inputs of the step."""
    return set(job.own.section_or_empty("search_space").names())


def _jobs_of(component: Resource, schedule: Resource) -> list[Job] | None:
    """The jobs of a run that do what a component says; None where a component is not known yet. Of one job it is the
    one that the schedule refers to.
    """
    found = list(jobs(schedule.props))
    if len(found) == 1:
        return found
    ids = [job.component() for job in found]
    if not all(ids):
        return None
    return [job for job, id_ in zip(found, ids, strict=True) if is_version(id_, component, "components")]


def _unused(schedule: Resource) -> Iterator[str]:
    pipeline = schedule.props.section_or_empty(JOB)
    for what in ("inputs", "outputs"):
        given, used = set(pipeline.section_or_empty(what).values), set[str]()
        for job in jobs(schedule.props):
            for part in job.own.section_or_empty(what).each_section("*"):
                used |= set(_OF_PIPELINE.findall(part.text_or_empty("value")))
        yield from _apart(f"{what} of {schedule.name}", given, "its step", used)


def _scores_otherwise(graph: Graph, component: Resource, schedule: Resource) -> Iterator[str]:
    """What scores reads the files as its file says, and as many at once: csv, one by one, where it does not say."""
    found = [job for job in _jobs_of(component, schedule) or () if job.scores]
    if graph.placement is None or not found:
        return
    command = component.props.text_or_empty("properties.componentSpec.command")
    item = key_of(graph, schedule, found[0])
    for key, usual, pattern in (
        ("format", USUAL["azure"], r"--content-type (\S+)"),
        ("concurrency", "1", r"xargs\b.* -P (\S+)"),
    ):
        said, found = graph.placement.states(f"{item}.{key}") or usual, set(re.findall(pattern, command))
        if command and found != {said}:
            yield f"scores with {key} {', '.join(sorted(found)) or 'of none'}, where {item} of its file says {said}"


def _apart(what: str, has: set[str], who: str, names: set[str]) -> Iterator[str]:
    if has != names:
        yield f"has as {what} {', '.join(sorted(has)) or 'none'}, where {who} has {', '.join(sorted(names)) or 'none'}"


def _starts_over(graph: Graph, component: Resource, schedule: Resource) -> Iterator[str]:
    """A node of low priority may be taken at any time, and a run without checkpoints then begins anew each time,
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-optimize-cost
    """
    if "checkpoints" in component.props.section_or_empty("properties.componentSpec.outputs").values:
        return
    for job in _jobs_of(component, schedule) or ():
        compute = job.compute(graph, schedule)
        if compute is not None and compute.props.text_or_empty("properties.properties.vmPriority") == "LowPriority":
            yield f"runs on {compute.name}, whose nodes are of low priority, and keeps no checkpoints"


def _never_stops(graph: Graph, schedule: Resource) -> Iterator[str]:
    between = _between(schedule.props.section_or_empty("properties.trigger"))
    for job in jobs(schedule.props):
        compute = job.compute(graph, schedule)
        path = "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown"
        idle = minutes_or_none(compute.props, path) if compute is not None else None
        if idle is not None and between <= idle:
            yield f"comes again after {between:.3g} min, and a node is removed after {idle:g}: its cluster never stops"


def _has_a_job(graph: Graph, compute: Resource) -> bool:
    used = _used(graph)
    return used is None or compute.urn in used


@once_a_graph
def _used(graph: Graph) -> frozenset[str] | None:
    """The URNs of the clusters that something of the stack runs on; None where that cannot be read, as others tell."""
    try:
        scheduled = (job.compute(graph, one) for one in graph.of(SCHEDULE) for job in jobs(one.props))
        by_hand = (compute_at(graph, one, one.props, "properties.compute") for one in graph.of(BATCH_DEPLOYMENT))
        found = {one.urn for one in chain(scheduled, by_hand) if one is not None}
        builds = {one.props.text_or_empty("imageBuildCompute") for one in graph.of(WORKSPACE)}
        return frozenset(
            found.union(c.urn for c in graph.of(COMPUTE) if c.props.text_or_empty("computeName") in builds)
        )
    except Unreadable:
        return None


@stack_rule(
    "limits-schedule-times",
    SCHEDULE,
    severity="high",
    proof="cost visibility",
    says="No run of a batch job or a pipeline starts while the last may still run.",
    remedy="In the stack file, give it a schedule with more time between its starts, or fewer max_hours.",
)
def schedule_times(graph: Graph, schedule: Resource) -> Iterator[str]:
    """It would wait for the nodes of its cluster, or take others: a run is stopped by the timeouts of its steps,
    along the longest way from one to the next, https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-job-command

    Where people start it, the trigger is off and says nothing.
    """
    off = schedule.props.flag_or_none("properties.isEnabled") is False
    if not graph.ours or (trains(schedule.props) and (off or not is_of_a_pipeline(graph, schedule))):
        return
    trigger = schedule.props.section_or_empty("properties.trigger")
    pause = _between(trigger)
    longest = longest_minutes(graph, schedule)
    if pause < longest:
        yield f"starts a run after {pause:g} minutes, while the last may run for {longest:g}"


def _between(trigger: Properties) -> float:
    """The shortest time between two starts, in minutes."""
    if trigger.text_or_empty("triggerType") == "Cron":
        return shortest_pause_minutes(trigger.text_or_empty("expression"))
    return MONTH_MINUTES / runs_per_month(trigger)


RULES = [batch_started, schedule_times]
