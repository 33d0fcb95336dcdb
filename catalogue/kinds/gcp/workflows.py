"""Google's Workflows: a definition whose steps call APIs, and the Vertex AI jobs that these calls start.

The definition is read whole: every step of every sub-workflow, in branches, conditions and loops. A call that starts
something unknown raises Malformed and is never skipped.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from math import ceil
from typing import Any, cast

from cronsim import CronSim, CronSimError

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import Apis, At, Bills, KeyAt, Keys, Kind, No, Runs, Serves, documented
from catalogue.kinds.gcp import (
    ACCOUNT,
    DEPLOYMENT,
    IN_PROJECT,
    KEY,
    OWN_ACCOUNT,
    READ,
    WORKFLOW,
    acting,
    in_terraform,
    registry,
)
from catalogue.kinds.gcp.cloudscheduler import runs_per_month, start_of, starting
from catalogue.machines import Machines
from catalogue.pricing import Bill, Pricing, Unpriced
from catalogue.properties import Malformed, NotKnown, Properties
from catalogue.quantities import more_than_zero_or_none
from catalogue.runs import RUNS_PER_MONTH, by_hand
from catalogue.vertex_jobs import DEPLOY, IN_THE_RUN, JOBS, PIPELINE, SCORES, TUNES, Job, steps
from catalogue.week import WEEK, together
from catalogue.work import Part, Work, by_people

_SDK = registry("workflows/workflow")
_KMS = documented("https://cloud.google.com/workflows/docs/use-cmek", READ)
_PRICES = documented("https://cloud.google.com/workflows/pricing", READ)
_SCHEDULED = documented("https://cloud.google.com/workflows/docs/schedule-workflow", READ)
_CALLS = documented("https://cloud.google.com/workflows/docs/reference/syntax/calls", READ)

AT = "sourceContents"
"""The property with the definition of a workflow."""

# Functions of the standard library that start nothing (Workflows, "Standard library overview"). HTTP has its own check.
_STARTS_NOTHING = re.compile(r"(base64|events|hash|json|list|map|math|retry|sys|text|time|uuid)\.\w+")
_READS = frozenset({"get", "list", "search", "cancel", "delete", "undeployModel"})
_TARGET = re.compile(r'[/:]([A-Za-z]+)"?\}?$')
_COUNTED = re.compile(r"\$\{\s*(\w+)\s*>=?\s*[0-9]+\s*\}")
_LATE = re.compile(r"sys\.now\(\) >=? (\w+)")
_SECONDS = re.compile(r"([0-9]+)s")
_DEADLINE = re.compile(r"\$\{sys\.now\(\) \+ ([0-9]+)\}")


_UNDEPLOY = "undeployModel"


# A dozen rules ask the same workflow, and following its steps is most of a judgement. A stack has so many batch jobs.
@lru_cache(maxsize=1024)
def jobs(props: Properties) -> tuple[Job, ...]:
    """Every job that a workflow starts, once for each step that starts it, and after a pipeline job those of its steps.

    Raises Malformed for a call that starts what this module does not know.
    """
    document = props.document_or_empty(AT)
    found: list[tuple[str, Job]] = []
    callers: dict[str, list[tuple[str, bool]]] = {name: [] for name in document.names()}
    for name in callers:
        for step in document.section_or_empty(name).sections_inside():
            called = step.text_or_empty("call") if "call" in step else ""
            in_a_loop = ".for." in step.at
            if called in callers:
                callers[called].append((name, in_a_loop))
            elif called and (job := _started(step, called)) is not None:
                found.append((name, replace(job, times=None if in_a_loop else 1)))
    starters = {name for name, _ in found}
    while more := {by for name in starters for by, _ in callers[name]} - starters:
        starters |= more
    for section in document.sections_inside():
        if "steps" in section:
            _bounded(section, callers, starters)
    started = [replace(job, times=job.times and _entered(name, callers, {})) for name, job in found]
    return tuple(each for job in started for each in (job, *(steps(job) if job.kind == PIPELINE else ())))


def _bounded(section: Properties, callers: Iterable[str], starters: set[str]) -> None:
    """Refuse a step that starts jobs and can be reached again without a bound. Raises Malformed.

    A bound is a counter. Every way back adds to it, and has a condition that compares it with a number.
    """
    named = [(name, each.section_or_empty(name)) for each in section.each_section("steps") for name in each.names()]
    names, steps = [name for name, _ in named], [step for _, step in named]
    ways = {at: _follow(step, at, names, None) for at, step in enumerate(steps)}
    counters = {name for step in steps for each in step.each_section("switch") if (name := _counter(each))}
    for start, step in enumerate(steps):
        starts = any(_starts(each, callers, starters) for each in step.sections_inside())
        if not starts or start not in _reached(start, ways):
            continue
        if not any(_bounds(counter, start, steps, names, ways) for counter in counters):
            why = "is repeated without a bound, so the number of its jobs is unknown"
            raise Malformed(step.at, why, step.owner)


def _starts(step: Properties, callers: Iterable[str], starters: set[str]) -> bool:
    return "call" in step and (step.text_or_empty("call") in starters or _starts_job(step, callers))


def _counter(branch: Properties) -> str:
    """The variable that the condition of a branch compares with a number."""
    counted = _COUNTED.fullmatch(branch.text_or_empty("condition"))
    return counted.group(1) if counted else ""


def _follow(step: Properties, at: int, names: list[str], counter: str | None) -> set[int]:
    """The steps that may follow a step. With a counter, those that follow before it reaches its number."""
    found = set[int]()
    for branch in step.each_section("switch"):
        found |= _jumps(branch, names)
        if counter and _counter(branch) == counter:
            return found
    found |= _jumps(step, names)
    return found if any(key in step for key in ("next", "return", "raise")) else found | {at + 1}


def _jumps(part: Properties, names: list[str]) -> set[int]:
    said = {each.text_or_empty("next") for each in part.sections_inside() if "next" in each}
    return {at for at, name in enumerate(names) if name in said}


def _reached(start: int, ways: Mapping[int, set[int]]) -> set[int]:
    """All steps that can come after a step."""
    found, waiting = set[int](), set(ways.get(start, ()))
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting |= ways.get(at, set())
    return found


def _bounds(counter: str, start: int, steps: list[Properties], names: list[str], ways: Mapping[int, set[int]]) -> bool:
    """Whether every way back to a step adds to the counter, does not set it otherwise, and ends at its number."""
    adding, setting = set[int](), set[int]()
    for at, step in enumerate(steps):
        said = [text for each in step.sections_inside() for text in _set_to(each, counter) if "call" not in each]
        if said and all(re.fullmatch(rf"\$\{{\s*{counter}\s*\+\s*[1-9][0-9]*\s*\}}", text) for text in said):
            adding |= {at} if "assign" in step else set[int]()
        elif said:
            setting.add(at)
    around = {at for at in _reached(start, ways) if start in _reached(at, ways)}
    counted = {at: _follow(step, at, names, counter) for at, step in enumerate(steps)}
    uncounted = {at: to - adding for at, to in ways.items()}
    return not around & setting and start not in _reached(start, counted) and start not in _reached(start, uncounted)


def _entered(name: str, callers: Mapping[str, list[tuple[str, bool]]], known: dict[str, int | None]) -> int | None:
    """How often a run enters a sub-workflow. None in a loop, or where it calls itself.

    One that nothing calls is entered once, for it may be the main one.
    """
    if name not in known:
        known[name] = None  # None until it is known, so a sub-workflow that calls itself gets None
        times = [None if in_a_loop else _entered(caller, callers, known) for caller, in_a_loop in callers[name]]
        known[name] = None if None in times else sum(filter(None, times)) if times else 1
    return known[name]


def _started(step: Properties, called: str) -> Job | None:
    """The job that one call starts. None where it starts nothing."""
    args = step.section_or_empty("args")
    if called.startswith("http."):
        method = args.text_or_empty("method") if called == "http.request" else called.removeprefix("http.")
        if method.lower() in ("get", "delete", "head", "options"):
            return None
        address = args.text_or_empty("url")
        target = _TARGET.search(address.partition("?")[0])
        kind = target.group(1) if target and method.lower() == "post" else ""
        if kind in ("cancel", _UNDEPLOY):
            return None
        what = f"sends {method.upper()} to {address[:80]}"
    elif called.startswith("googleapis."):
        *_, collection, verb = called.split(".")
        if verb in _READS:
            return None
        kind = collection if verb == "create" else verb if verb == DEPLOY else ""
        what = f"calls {called[:80]}"
    elif _STARTS_NOTHING.fullmatch(called):
        return None
    else:
        kind, what = "", f"calls {called[:80]}"
    if kind not in JOBS:
        raise Malformed(step.at, f"{what}, and what that starts is unknown", step.owner)
    body = args.section_or_empty("body")
    return Job(kind, body, body.section_or_empty(JOBS[kind].spec) if JOBS[kind].spec else body)


def trains(workflow: Resource) -> bool:
    """Whether a workflow starts training jobs. One whose definition is not known yet is judged again once it is."""
    return _starts_one(workflow, lambda job: JOBS[job.kind].use == "training")


def paths(workflow: Resource) -> bool:
    """Whether a workflow runs a pipeline. One whose definition is not known yet is judged again once it is."""
    return _starts_one(workflow, lambda job: job.kind == PIPELINE)


def _starts_one(workflow: Resource, of: Callable[[Job], bool]) -> bool:
    try:
        return any(of(job) for job in jobs(workflow.props))
    except NotKnown:
        return False


def texts(props: Properties, bodies: bool = True) -> Iterator[str]:
    """Every text of a workflow's definition, at any depth: expressions, addresses, names of functions. Without
    `bodies`, all but what is sent in a call.
    """
    for section in props.document_or_empty(AT).sections_inside():
        if not bodies and ".args.body" in section.at:
            continue
        for name in section.names():
            yield from _texts(section.values[name])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _texts(item)


def deadlines(props: Properties) -> list[int]:
    """The seconds after which a workflow gives up: the values of variables that it compares the time with.

    Empty where a sub-workflow starts a job and compares nothing, or where one of the values is not readable.
    """
    document, found = props.document_or_empty(AT), list[int]()
    within = [list(document.section_or_empty(name).sections_inside()) for name in document.names()]
    compared = [set(_compared(sections)) for sections in within]
    for sections, names in zip(within, compared, strict=True):
        if not names and any(_starts_job(section, document.names()) for section in sections):
            return []
    for name in set[str]().union(*compared):
        said = [text for sections in within for section in sections for text in _set_to(section, name)]
        seconds = [
            _DEADLINE.fullmatch(text) for text in said if text != f"${{{name}}}"
        ]  # the variable itself, handed on to a sub-workflow
        if not seconds or None in seconds:
            return []
        found += [int(match.group(1)) for match in seconds if match]
    return found


def _compared(sections: list[Properties]) -> Iterator[str]:
    """The variables that a condition compares the time with.

    The condition must have no other part, which might stay false.
    """
    for section in sections:
        if "condition" in section and (
            late := re.fullmatch(rf"\$\{{{_LATE.pattern}\}}", section.text_or_empty("condition"))
        ):
            yield late.group(1)


def _set_to(section: Properties, name: str) -> Iterator[str]:
    """The values of a variable, set by an assignment or as an argument of a call."""
    for path in ("assign", "args"):
        if path == "args" and isinstance(section.values.get(path), list):  # the arguments of a container
            continue
        if path in section:
            for given in section.each_section(path):
                if name in given:
                    yield given.text_or_empty(name)


def _starts_job(step: Properties, own: Iterable[str]) -> bool:
    """Whether a step itself starts a job. `own` are the sub-workflows; their steps are checked separately."""
    called = step.text_or_empty("call") if "call" in step else ""
    return bool(called) and called not in own and _started(step, called) is not None


def _machines(graph: Graph, resource: Resource) -> Iterator[Machines]:
    """The machines that one run may have at once: every pool of every job, as often as the job is started.

    What puts a deployment of the stack on again has none of its own: they are the deployment's.
    """
    yield from (machines for _, machines in _used(graph, resource))


def _used(graph: Graph, resource: Resource) -> Iterator[tuple[Job, Machines]]:
    own = [one for one in jobs(resource.props) if not (one.deploys and deployments(graph, resource, one))]
    groups = [(job, *group) for job in own for group in JOBS[job.kind].machines(job)]
    for number, (job, spec, low, high) in enumerate(groups, 1):
        if job.times is None:
            raise Malformed(job.body.at, "is started in a loop, so the number of jobs at once is unknown", resource)
        machine = spec.text_or_empty("machineType")
        if not machine:
            raise Malformed(job.body.at, "names no machine type, so its machines are unknown", resource)
        count = more_than_zero_or_none(spec, "acceleratorCount")
        machines = Machines(
            user=resource.name,
            machine_type=machine,
            use=JOBS[job.kind].use,
            low=low * job.times,
            high=high * job.times,
            part=_part(job, number) if len(groups) > 1 else "",
            accelerator=spec.text_or_empty("acceleratorType") or None,
            accelerators=None if count is None else ceil(count),
            spot=job.spec.text_or_empty("scheduling.strategy") in ("SPOT", "LOW_COST"),
            turn=job.step,
            after=job.after,
            launch=job.kind == PIPELINE,
        )
        yield job, machines


def _part(job: Job, number: int) -> str:
    if job.kind == PIPELINE:
        return "launchers of its steps"
    return f"step {job.step}" if job.step else f"{job.kind} {number}"


def deployments(graph: Graph, workflow: Resource, job: Job) -> list[Resource]:
    """The deployments of the stack that a job puts on an endpoint again: the same model, on the same machines.

    A graph that another program left may have the model's project by its number, so the project is not compared.
    """
    spec, machine = job.spec, job.spec.section_or_empty("dedicatedResources.machineSpec")
    resources = job.spec.section_or_empty("dedicatedResources")
    said = (
        spec.text_or_empty("model").partition("/locations/")[2],
        spec.text_or_empty("serviceAccount"),
        machine.text_or_empty("machineType"),
        machine.text_or_empty("acceleratorType"),
        machine.number_or_none("acceleratorCount"),
        resources.number_or_none("minReplicaCount"),
        resources.number_or_none("maxReplicaCount"),
    )
    return [one for one in graph.refers(workflow, AT, DEPLOYMENT) if said == _as_deployed(one.props)]


def _as_deployed(props: Properties) -> tuple[Any, ...]:
    return (
        props.text_or_empty("model").partition("/locations/")[2],
        *(props.text_or_empty(key) for key in ("serviceAccount", "machineType", "acceleratorType")),
        *(props.number_or_none(key) for key in ("acceleratorCount", "minReplicas", "maxReplicas")),
    )


def by_schedule(graph: Graph, deployment: Resource, asked: str) -> bool:
    """Whether a deployment's hours are kept: each time that they end, a schedule in force asks for it to be `off`.

    Each time that they begin, one asks for it to be `on`. What it starts is a workflow of the stack that is made of the
    deployment, and takes off or puts on. What that does is not known before `up` where the endpoint is new: then it
    counts, for `up` judges it again.
    """
    hours = deployment.props.section_or_empty("hours")
    days = {name: hours.text_or_empty(name) for name in hours.names() if name != "timezone"}
    if not days:
        return False
    starts = [
        (schedule.props.text_or_empty("schedule"), schedule.props.text_or_empty("timeZone"))
        for workflow in graph.referring(WORKFLOW, AT, deployment)
        if _does(graph, workflow, deployment, asked)
        for schedule in starting(graph, workflow)
        if schedule.props.flag_or_none("paused") is not True and wanted(schedule) == asked
    ]
    zone, ranges = hours.text_or_empty("timezone"), together(days)
    times = {(ends if asked == "off" else begins) % WEEK for begins, ends in ranges}
    return times <= {minute for cron, at in starts if at == zone for minute in _minutes_of_week(cron)}


def _does(graph: Graph, workflow: Resource, deployment: Resource, asked: str) -> bool:
    """Whether a workflow can do to the deployment's endpoint what is asked."""
    try:
        if asked == "on":
            return any(job.deploys and deployment in deployments(graph, workflow, job) for job in jobs(workflow.props))
        endpoint = deployment.props.text_or_empty("endpoint")
        return any(text.endswith(f"/{endpoint}:{_UNDEPLOY}") for text in texts(workflow.props))
    except NotKnown:
        return True


def wanted(schedule: Resource) -> str:
    """What a schedule asks of the workflow that it starts: `wanted` of its argument. Empty where it asks nothing."""
    try:
        sent = json.loads(base64.b64decode(schedule.props.text_or_empty("httpTarget.body"), validate=True))
        return str(json.loads(sent["argument"])["wanted"])
    except (ValueError, KeyError, TypeError):
        return ""


def _minutes_of_week(cron: str) -> set[int]:
    """When a five-field cron fires in a week that begins on a Monday, in minutes from its begin."""
    monday = datetime(2026, 11, 30)
    try:
        times = takewhile(lambda at: at < monday + timedelta(days=7), CronSim(cron, monday - timedelta(minutes=1)))
        return {int((at - monday) / timedelta(minutes=1)) for at in times}
    except CronSimError:
        return set()


def _workflow(pricing: Pricing, resource: Resource) -> Bill:
    schedules, people = starting(pricing.graph, resource), by_hand(resource.props.section_or_empty("labels"))
    machines = list(_used(pricing.graph, resource))
    if machines and not schedules and people is None:
        raise Unpriced(
            f"runs of {resource.name}, which no schedule of the stack starts; a label {RUNS_PER_MONTH} would say how "
            "often people do"
        )
    hours = max(deadlines(resource.props), default=0) / 3600
    if machines and not hours:
        raise Unpriced(f"runs of {resource.name}, whose deadline is not readable")
    runs = sum(runs_per_month(schedule) for schedule in schedules) + (people or 0.0)
    steps = pricing.assume("workflow-steps-per-run") / 1000 * pricing.of("workflows-steps")
    started = jobs(resource.props)
    total, parts = runs * steps + pricing.assume("batch-log-gb") * pricing.of("logging-ingestion"), list[str]()
    for job, each in machines:
        hour, most = pricing.hour(each), min(hours, _own_hours(job) or hours)
        total += runs * each.high * most * hour
        parts.append(f"{runs:.1f} runs × {each.high} × {each.machine_type} × at most {most:g} h × ${hour:g}")
    what = "batch job"
    if any(job.kind == PIPELINE for job in started):
        what, total = "pipeline", total + runs * pricing.of("pipelines-runs")
        parts.append(f"{runs:.1f} runs of a pipeline × ${pricing.of('pipelines-runs'):g}")
    if any(job.deploys for job in started):
        what = "hours"
    elif started and what == "batch job" and all(JOBS[job.kind].use == "training" for job in started):
        what = "training job"
    return Bill(what, 0.0, total, f"nothing between runs; ceiling {'; '.join([*parts, 'logs and steps'])}")


def _own_hours(job: Job) -> float:
    """How long a step of a pipeline may run, all rounds of a search; zero where the run's deadline alone bounds it."""
    seconds = _SECONDS.fullmatch(job.timeout) if job.step else None
    return int(seconds[1]) * job.rounds / 3600 if seconds else 0.0


_DOES = {SCORES: "batch job", TUNES: "search", PIPELINE: "starts its steps and waits"}


def _work(graph: Graph, resource: Resource) -> Work | None:
    """A step of a pipeline is a custom job, whatever it does; a custom job that stands alone trains."""
    run = max(deadlines(resource.props), default=0) / 3600 or None
    parts, waits = dict[Job, list[Machines]](), dict[str, frozenset[str]]()
    for job, machines in _used(graph, resource):
        parts.setdefault(job, []).append(machines)
        waits |= {job.step: job.after} if job.step else {}
    told = [
        Part(
            job.step or ("launchers" if job.kind == PIPELINE else ""),
            _DOES.get(job.kind, "custom job" if job.step else "training job"),
            tuple(machines),
            min(filter(None, (run, _own_hours(job))), default=None),
        )
        for job, machines in parts.items()
        if not job.deploys
    ]
    by = starting(graph, resource)
    starts = (*map(start_of, by), *by_people(by_hand(resource.props.section_or_empty("labels"))))
    return Work(tuple(told), waits, starts, run, tuple(by)) if told else None


def _data(graph: Graph, resource: Resource) -> Iterator[str]:
    """A folder is written with a `*` for all files in it, or some. A training job names its own in its arguments."""
    for job in jobs(resource.props):
        if job.kind == SCORES:
            uris = (uri.partition("*")[0] for uri in job.body.each_text("inputConfig.gcsSource.uris"))
            yield from (uri for uri in uris if below_the_run(uri) is None)
        else:
            yield from dict.fromkeys(uri for _, uri, own in _told(job) if not own)


SCORED_TO = "outputConfig.gcsDestination.outputUriPrefix"
"""Where a batch prediction job says the folder of its scores."""
OF_THE_RUN = 'sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")'
_OF_A_RUN = re.compile(rf'\$\{{"([^"]*)" \+ {re.escape(OF_THE_RUN)} \+ "(/[a-z/]*)"\}}')
_OF_A_STEP = re.compile(rf"([^{{}}]*){re.escape(IN_THE_RUN)}((?:/[a-z0-9/-]*)?)")
_MOUNTED = re.compile(r"--([\w-]+)=/gcs/(.+)")
_WRITTEN = ("output", "checkpoints")
"""The arguments by which a job of ours tells its container where to write (components/gcp/training.py)."""


def below_the_run(text: str) -> str | None:
    """The text before the id of the run in an expression for a place of the run's own; None where it is no such."""
    found = _OF_A_RUN.fullmatch(text) or _OF_A_STEP.fullmatch(text)
    return found[1] if found else None


def in_the_run(text: str, run: str) -> str:
    """A text of a definition as a run of that id has it: an expression for a place of its own is read, no other."""
    found = _OF_A_RUN.fullmatch(text)
    return f"{found[1]}{run}{found[2]}" if found else text.replace(IN_THE_RUN, run)


def is_folder(word: str) -> bool:
    """Whether an argument names a folder below /gcs."""
    return _MOUNTED.fullmatch(word) is not None


def mounted(job: Job, written: bool) -> Iterator[str]:
    """The addresses of the folders that the containers of a training job are told: what they read, or what they write.

    Vertex AI mounts Cloud Storage at /gcs, https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system.
    What is written has a folder for each run. Of a place of the run's own it is the address of the folder of all runs.
    A trial writes below the job's own folder, whatever it is told:
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec (baseOutputDirectory)
    """
    if written and job.kind == TUNES:
        below = below_the_run(job.spec.text_if_known("baseOutputDirectory.outputUriPrefix"))
        yield from [below] if below is not None else []
    yield from (uri for name, uri, own in _told(job) if (own and name in _WRITTEN) == written)


def is_written(word: str) -> bool:
    """Whether an argument tells a container a folder to write to."""
    found = _MOUNTED.fullmatch(word)
    return found is not None and found[1] in _WRITTEN


def left(job: Job) -> Iterator[str]:
    """The folders of all runs in which a step of a pipeline leaves what it made, which is not its checkpoints."""
    if job.step:
        yield from (uri for name, uri, own in _told(job) if own and name == "output")
        yield from (below for uri in job.body.each_text_if_known(SCORED_TO) if (below := below_the_run(uri)))


def _told(job: Job) -> Iterator[tuple[str, str, bool]]:
    """Each argument that names a folder below /gcs, its address, and whether it is of the run's own."""
    for word in job.spec.each_text_if_known("workerPoolSpecs.containerSpec.args"):
        own = below_the_run(word)
        if found := _MOUNTED.fullmatch(word if own is None else own):
            yield found[1], f"gs://{found[2]}", own is not None


def passing(workflow: Resource) -> Iterator[str]:
    """The gs:// folders of what each run writes for a while: the scores of a batch prediction job, what the steps of a
    pipeline write, and the checkpoints of a training job, below whose folder each run has its own.
    """
    for job in jobs(workflow.props):
        if job.kind == SCORES:
            written = job.body.text_if_known(SCORED_TO)
            yield below_the_run(written) or written
        if job.step:
            yield from mounted(job, written=True)
        for word in job.spec.each_text_if_known("workerPoolSpecs.containerSpec.args"):
            own = below_the_run(word)
            if own is not None and own.startswith(_CHECKPOINTS):
                yield f"gs://{own.removeprefix(_CHECKPOINTS)}"


_CHECKPOINTS = "--checkpoints=/gcs/"
"""How a training job of ours hands its container the folder of checkpoints (components/gcp/training.py)."""


def _images(graph: Graph, resource: Resource) -> Iterator[str]:
    for job in jobs(resource.props):
        for path in JOBS[job.kind].containers:
            yield from job.spec.each_text(path)


def _artifacts(graph: Graph, resource: Resource) -> Iterator[str]:
    for job in jobs(resource.props):
        yield from job.spec.each_text("unmanagedContainerModel.artifactUri")


KINDS = (
    Kind(
        token=WORKFLOW,
        tags=At("labels", _SDK),
        keys=Keys((KeyAt("cryptoKeyName", users=("gcp-sa-workflows",)),), _KMS),
        holds=No("it can be made again from the program", _SDK),
        reaches=No("it calls Google's APIs on Google's side", _CALLS),
        runs=Runs(_machines, _CALLS, _data, _work),
        bills=Bills(_workflow, _PRICES, ("Workflows", "Vertex AI")),
        stands=At("region", _SDK),
        keeps=No("its calls are logged to Cloud Logging", _SDK),
        serves=Serves(_images, _artifacts, _CALLS),
        acts=acting(
            "workflows",
            by_resource_name(
                IN_PROJECT + "/locations/{region}/workflows/{name}", revisionId="000001-{hex}", state="ACTIVE"
            ),
            Behaviour(
                name="name",
                pattern=r"[a-zA-Z]([a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?",
                refs=(Ref("serviceAccount", (ACCOUNT,), only=OWN_ACCOUNT), Ref("cryptoKeyName", (KEY,))),
            ),
        ),
        renders=in_terraform("google_workflows_workflow"),
        apis=Apis(("workflowexecutions",), _SCHEDULED),  # which a schedule calls to start one
    ),
)
