"""Azure Machine Learning: computes, the jobs that schedules start on them, and batch endpoints."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from cronsim import CronSimError

from catalogue.answers import Request, by_path
from catalogue.behaviour import Ref
from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kind import (
    Acts,
    Apart,
    At,
    Bills,
    CostsOnly,
    Kind,
    No,
    Personal,
    Reaches,
    Renders,
    Runs,
    Serves,
    StandsApart,
    always,
    assumed,
    documented,
    from_source,
    setting,
)
from catalogue.kinds.azure import CHECKED, NAMED, REPLACED, lies
from catalogue.kinds.azure.machinelearningservices import ENDPOINT_NAME, IN_WORKSPACE, MODEL, WORKSPACE, arm
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.pricing import MONTH_MINUTES, Bill, Pricing, cron_runs_per_month
from catalogue.properties import Malformed, Properties, Unreadable
from catalogue.quantities import largest_or_none, more_than_zero_or_none
from catalogue.runs import by_hand

_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/machinelearningservices"
_DOCS = "https://learn.microsoft.com/en-us/azure/machine-learning"
_COMPUTE = from_source(f"{_API}/compute/", "2026-11-26")
_SCHEDULE = from_source(f"{_API}/schedule/", "2026-11-26")
_DEPLOYMENT = from_source(f"{_API}/batchdeployment/", "2026-11-26")
_ENDPOINT = from_source(f"{_API}/batchendpoint/", "2026-11-26")
_COMPONENTS = from_source(f"{_API}/componentcontainer/", "2026-11-26")
_COMPONENT = from_source(f"{_API}/componentversion/", "2026-11-26")
_COMPONENT_NAME = documented(f"{_DOCS}/reference-yaml-component-command", "2026-11-26")
_KEY = documented(f"{_DOCS}/concept-customer-managed-keys", "2026-11-26")
_COSTS = documented(f"{_DOCS}/concept-plan-manage-cost", "2026-11-26")
_PRIVATE = documented(f"{_DOCS}/how-to-configure-private-link", "2026-11-26")
_SERVERLESS = documented(f"{_DOCS}/how-to-use-serverless-compute", "2026-11-26")

_ML = "azure-native:machinelearningservices"
COMPUTE, SCHEDULE = f"{_ML}:Compute", f"{_ML}:Schedule"
COMPONENTS, COMPONENT = f"{_ML}:ComponentContainer", f"{_ML}:ComponentVersion"
BATCH_ENDPOINT, BATCH_DEPLOYMENT = f"{_ML}:BatchEndpoint", f"{_ML}:BatchDeployment"
_OVERWRITTEN = "an update would overwrite a person's machine, with what is on it"
_ANEW = (
    "take the person out of the stack file, allow that, `uv run mlplatform teardown STACK --retired --yes`, "
    "`pulumi up`, and write the person again"
)
_DAYS = MONTH_MINUTES / (24 * 60)


def _at(props: Properties, path: str) -> str:
    return f"{props.at}.{path}" if props.at else path


_DATA = ("uri_file", "uri_folder", "mltable")
"""The inputs of a job that are data; others are models and plain values."""
_OWN_DISK = assumed(
    "the operating system's disk of a compute instance goes with it, with whatever is outside the file share",
    "2026-11-26",
)


def _of_a_person(compute: Resource) -> bool:
    return compute.props.text_or_empty("properties.computeType") == "ComputeInstance"


# ---- computes -------------------------------------------------------------------------------------------------------


_LOW = "LowPriority"


def _computing(graph: Graph, compute: Resource) -> Iterator[Machines]:
    """The nodes of a cluster, named after the batch endpoint that runs on it, or the machine of one person."""
    kind = compute.props.text_or_empty("properties.computeType")
    machine = compute.props.section_or_empty("properties.properties")
    size = machine.text_or_empty("vmSize")
    if kind not in ("AmlCompute", "ComputeInstance"):
        why = f"is {kind or 'not given'}, a compute whose machines are not in the catalogue"
        raise Malformed("properties.computeType", why, compute)
    if not size:
        raise Malformed(_at(machine, "vmSize"), "is not given, so that Azure chooses the machine", compute)
    if kind == "ComputeInstance":
        yield Machines(compute.name, size, "training", 1, 1)
        return
    priority = machine.text_or_empty("vmPriority")
    if priority not in ("", "Dedicated", _LOW):
        raise Malformed(
            _at(machine, "vmPriority"), f"is {priority}, whose price and quota are not in the catalogue", compute
        )
    users = [e.name for d in _on(graph, compute) for e in graph.refers(d, "endpointName", BATCH_ENDPOINT)]
    low = machine.number_or_none("scaleSettings.minNodeCount") or 0
    high = more_than_zero_or_none(machine, "scaleSettings.maxNodeCount")
    if high is None:
        raise Malformed(_at(machine, "scaleSettings.maxNodeCount"), "is not given, so nothing bounds it", compute)
    if not 0 <= low <= high:
        why = f"is {low:g}, which is not from zero to maxNodeCount ({high:g})"
        raise Malformed(_at(machine, "scaleSettings.minNodeCount"), why, compute)
    user, chain = " and ".join(users) or compute.name, _chain_on(graph, compute)
    use, turn = "training" if _trained_on(graph, compute) else "batch", compute.urn if chain else ""
    yield Machines(user, size, use, ceil(low), ceil(high), spot=priority == _LOW, turn=turn, chain=chain)


def _chain_on(graph: Graph, compute: Resource) -> str:
    """The URN of the one schedule whose steps run on a cluster, where they run one after the other; else empty.

    The nodes of the step before may stand idle for minutes while those of the next come. Where the quota has no room
    for both, these wait: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-quotas
    """
    on = _starting(graph).get(compute.urn, [])
    return on[0].urn if len(on) == 1 and not _on(graph, compute) and is_chain(on[0].props) else ""


def _trained_on(graph: Graph, compute: Resource) -> bool:
    """Whether all that the stack starts on a cluster trains. Where images are built, or a person scores, it does not.

    Quota and price are the cluster's, whatever runs on it:
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-quotas
    """
    on = _starting(graph).get(compute.urn, ())
    return bool(on) and not _on(graph, compute) and all(trains(one.props) for one in on)


@once_a_graph
def _starting(graph: Graph) -> Mapping[str, list[Resource]]:
    """The schedules that start a job on each cluster, by its URN. Of one that cannot be read its own bill tells."""
    found = defaultdict[str, list[Resource]](list)
    for schedule in graph.of(SCHEDULE):
        try:
            on = {one.urn for job in jobs(schedule.props) if (one := job.compute(graph, schedule))}
        except Unreadable:
            continue
        for urn in on:
            found[urn].append(schedule)
    return found


def _on(graph: Graph, compute: Resource) -> list[Resource]:
    return graph.referring(BATCH_DEPLOYMENT, "properties", compute)


def _compute(pricing: Pricing, compute: Resource) -> Bill:
    """A cluster's nodes, or a person's machine, which always has its disk and load balancer."""
    (machines,) = _computing(pricing.graph, compute)
    if not _of_a_person(compute):
        return _cluster(pricing, compute, machines)
    hours, hour = pricing.assume("workspace-hours-per-user"), pricing.hour(machines)
    standing = pricing.of("compute-instance-disk") + _DAYS * pricing.of("load-balancer")
    return Bill(
        "workspace user",
        standing,
        standing + hours * hour,
        f"disk and load balancer, kept while it is stopped; {hours:g} h of {machines.said} × ${hour:g} in the ceiling",
    )


def _cluster(pricing: Pricing, compute: Resource, nodes: Machines) -> Bill:
    """The nodes that run between jobs. Where no schedule bills the jobs, all nodes may run all month.

    No job bills the node on which a workspace builds images. It runs while an image is built.
    """
    standing = nodes.low * pricing.hours * pricing.hour(nodes) if nodes.low else 0.0
    if _is_scheduled(pricing.graph, compute) or (nodes.high == 1 and _builds_images(pricing.graph, compute)):
        basis = f"from {nodes.low or 'zero'}: what runs on it is billed with its job"
        return Bill("cluster", standing, standing, basis)
    hour = pricing.hour(nodes)
    basis = f"no schedule bills what runs: up to {nodes.high} × {nodes.machine_type} × {pricing.hours} h × ${hour:g}"
    return Bill("cluster", standing, nodes.high * pricing.hours * hour, basis)


def _is_scheduled(graph: Graph, compute: Resource) -> bool:
    """Whether a schedule of the stack starts a job on the cluster."""
    return compute.urn in _starting(graph)


def _builds_images(graph: Graph, compute: Resource) -> bool:
    """Whether the cluster's workspace names it as the one that builds its images."""
    name = compute.props.text_if_known("computeName")
    return bool(name) and any(
        workspace.props.text_if_known("imageBuildCompute") == name
        for workspace in graph.refers(compute, "workspaceName", WORKSPACE)
    )


def _services(graph: Graph, compute: Resource) -> Iterator[str]:
    """The images of the applications that a compute instance offers. An environment of Azure ML is no image."""
    for service in compute.props.each_section("properties.properties.customServices"):
        image = service.section_or_empty("image")
        if image.text_or_empty("type") != "azureml":
            version = image.text_or_empty("version")
            yield image.text_or_empty("reference") + (f":{version}" if version else "")


def _none(graph: Graph, resource: Resource) -> Iterator[str]:
    return iter(())


# ---- jobs -----------------------------------------------------------------------------------------------------------


_OF_PIPELINE = re.compile(r"\$\{\{\s*parent\.(?:inputs|outputs)\.(\w+)\s*\}\}")
_OF_STEP = re.compile(r"\$\{\{\s*parent\.jobs\.(\w+)\.outputs\.\w+\s*\}\}")
"""How a step names what its pipeline was given, and what another step writes,
https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-core-syntax
"""


@dataclass(frozen=True)
class Job:
    """One job that a schedule starts, at any depth of a pipeline.

    `around` has the pipelines around it, the outermost first. Read its nodes, time and compute by the methods, for each
    kind of job has them at another path.
    """

    kind: str
    own: Properties
    around: tuple[Properties, ...]

    @property
    def step(self) -> str:
        """What the pipeline around it calls it; empty where there is none."""
        return self.own.at.rpartition(".")[2] if self.around else ""

    def places(self, what: Literal["inputs", "outputs"]) -> Iterator[tuple[str, Properties]]:
        """Each input or output by the name that the job itself has for it; where it names one of a pipeline around it,
        that one.
        """
        own = self.own.section_or_empty(what)
        for name in own.names():
            found, parts = own.section_or_empty(name), [*self.around]
            while parts and (meant := _OF_PIPELINE.fullmatch(found.text_or_empty("value"))):
                found = parts.pop().section_or_empty(f"{what}.{meant[1]}")
            yield name, found

    @property
    def after(self) -> Mapping[str, str]:
        """The steps beside it whose outputs it reads, by the names of its inputs."""
        own = self.own.section_or_empty("inputs")
        given = ((name, own.section_or_empty(name).text_or_empty("value")) for name in own.names())
        return {name: meant[1] for name, value in given if (meant := _OF_STEP.fullmatch(value))}

    def nodes(self) -> int:
        """How many nodes run at once. Raises Malformed where nothing bounds them."""
        # A step of a pipeline is free-form JSON. Azure's own tools write these keys in snake case there.
        count = ceil(self._largest(self._resources(), "instanceCount", "instance_count") or 1)
        if self.kind == "command":
            return count
        limits = [self.own.section_or_empty(path) for path in self._limits()]
        trials = self._largest(limits, "maxConcurrentTrials", "max_concurrent_trials")
        if trials is None and self.kind == "sweep":
            where = _at(self.own, "limits.maxConcurrentTrials")
            raise Malformed(where, "is not given, so nothing bounds how many trials run at once", self.own.owner)
        return max(count * ceil(trials or 1), ceil(self._largest(limits, "maxNodes", "max_nodes") or 0))

    def machine_type(self) -> str:
        """The machine that Azure makes for the job. Empty where none is named. Raises Malformed where several are."""
        paths = ("instanceType", "instance_type")
        named = {part.text_or_empty(path) for part in self._resources() for path in paths} - {""}
        if len(named) > 1:
            why = f"names several machines ({', '.join(sorted(named))}), so the one that runs is unknown"
            raise Malformed(_at(self.own, "resources"), why, self.own.owner)
        return "".join(named)

    def _resources(self) -> list[Properties]:
        """The sections that name its machines. A sweep names them in its trial, and in a pipeline also in itself."""
        paths = ("resources", "trial.resources") if self.kind == "sweep" else ("resources",)
        return [self.own.section_or_empty(path) for path in paths]

    def _limits(self) -> tuple[str, ...]:
        """The sections with its limits.

        For an automl job, Azure's API has them in the task, and Azure's tools beside it.
        """
        return ("taskDetails.limitSettings", "limitSettings", "limits") if self.kind == "automl" else ("limits",)

    @staticmethod
    def _largest(parts: list[Properties], *paths: str) -> float | None:
        return max((most for part in parts if (most := largest_or_none(part, *paths)) is not None), default=None)

    def minutes_or_none(self) -> float | None:
        """The time after which it is stopped. With several bounds it is the longest; None without a bound."""
        if self.kind == "sweep" and isinstance(self.own.value_or_none("limits.timeout"), int | float):
            return (self.own.number_or_none("limits.timeout") or 0) / 60  # as a step of a pipeline says it
        found = [minutes_or_none(self.own, f"{limits}.timeout") for limits in self._limits()]
        return max((minutes for minutes in found if minutes is not None), default=None)

    def component(self) -> str:
        """The id of the component that says what it does; a sweep names it in its trial. Empty where it is unknown."""
        return self.own.text_if_known("trial.componentId" if self.kind == "sweep" else "componentId")

    def identity(self) -> Properties:
        """The identity of the job: its own, or that of the nearest pipeline around it that names one."""
        given = (part for part in (self.own, *reversed(self.around)) if "identity" in part)
        return next(given, self.own).section_or_empty("identity")

    def compute(self, graph: Graph, schedule: Resource) -> Resource | None:
        """The compute of the stack on which it runs. None where Azure makes one for the job ("serverless")."""
        for part in (self.own, *reversed(self.around)):
            paths = ("computeId", "settings.defaultCompute", "settings.default_compute")
            found = [compute_at(graph, schedule, part, path) for path in paths if part.is_given(path)]
            if len({compute.urn if compute else "" for compute in found}) > 1:
                raise Malformed(part.at, "names several computes, so the one it runs on is unknown", schedule)
            if found:
                return found[0]
        return None


def jobs(schedule: Properties) -> Iterator[Job]:
    """Every job that a schedule starts. Raises Malformed for an unknown action or kind of job."""
    action = schedule.text_or_empty("properties.action.actionType")
    if action != "CreateJob":
        why = f"is {action or 'not given'}, and what that starts is not in the catalogue"
        raise Malformed("properties.action.actionType", why, schedule.owner)
    yield from _steps(schedule.section_or_empty("properties.action.jobDefinition"), ())


def _steps(job: Properties, around: tuple[Properties, ...]) -> Iterator[Job]:
    said = {job.text_or_empty(path).lower() for path in ("jobType", "type")} - {""}
    if len(said) > 1:
        why = f"says {' and '.join(sorted(said))}, which contradict each other (jobType, type)"
        raise Malformed(job.at, why, job.owner)
    kind = "".join(said)
    if kind == "pipeline":
        steps = list(job.each_section("jobs.*"))
        if not steps:
            raise Malformed(_at(job, "jobs"), "is empty, so what the pipeline runs is unknown", job.owner)
        for step in steps:
            yield from _steps(step, (*around, job))
    elif kind in ("command", "sweep", "automl"):
        yield Job(kind, job, around)
    else:
        why = f"is {kind or 'not given'}, a kind of job that the catalogue does not know"
        raise Malformed(_at(job, "jobType"), why, job.owner)


def compute_at(graph: Graph, resource: Resource, part: Properties, path: str) -> Resource | None:
    """The compute of the stack that a property of a schedule or batch deployment names; None for "serverless".

    Raises Malformed for any other compute, and NotKnown where it is not known which of several is meant.
    """
    name = part.text_if_known(path).rpartition("/")[2].rpartition(":")[2].lower()
    if name == "serverless":
        return None
    computes = graph.refers(resource, "properties", COMPUTE)
    if not name and len(computes) == 1:
        return computes[0]
    if not name:
        part.text_or_empty(path)  # this raises, for it is not known which of several is meant
    named = [compute for compute in computes if compute.props.text_if_known("computeName").lower() == name]
    if len(named) != 1:
        raise Malformed(_at(part, path), "names no compute of the stack, so its machines are unknown", resource)
    return named[0]


def _data(graph: Graph, schedule: Resource) -> Iterator[str]:
    """The files and folders on datastores that jobs, or the pipelines around them, take as they are."""
    found = dict[str, None]()
    for job in jobs(schedule.props):
        for part in (job.own, *job.around):
            given = part.each_section("inputs.*")
            found |= {one.text_or_empty("uri"): None for one in given if one.text_or_empty("jobInputType") in _DATA}
    yield from (uri for uri in found if uri)


def _started(graph: Graph, schedule: Resource) -> Iterator[Machines]:
    """The machines that Azure makes for the jobs of a schedule.

    Jobs on a cluster of the stack use that cluster's nodes.
    """
    for job in jobs(schedule.props):
        if job.compute(graph, schedule) is None:
            yield _made(schedule, job)
        else:
            job.nodes()  # this raises where nothing bounds them


def _made(schedule: Resource, job: Job) -> Machines:
    machine = job.machine_type()
    tier = job.own.text_or_empty("queueSettings.jobTier")
    if not machine:
        where = _at(job.own, "resources.instanceType")
        raise Malformed(where, "is not given, nor is a compute, so that Azure chooses the machine", schedule)
    if tier not in ("", "Null", "Standard", "Premium"):
        where = _at(job.own, "queueSettings.jobTier")
        raise Malformed(where, f"is {tier}, whose price and quota are not in the catalogue", schedule)
    count = job.nodes()
    return Machines(schedule.name, machine, "training" if trains(schedule.props) else "batch", count, count, job.step)


def _by_hand(graph: Graph, deployment: Resource) -> Iterator[Machines]:
    """None: its runs use nodes of a cluster of the stack, which it must name."""
    if deployment.props.is_given("properties.deploymentConfiguration"):
        why = "is given, and what such a deployment runs is not in the catalogue"
        raise Malformed("properties.deploymentConfiguration", why, deployment)
    if compute_at(graph, deployment, deployment.props, "properties.compute") is None:
        raise Malformed("properties.compute", "names no compute of the stack, so its machines are unknown", deployment)
    return iter(())


def _schedule(pricing: Pricing, schedule: Resource) -> Bill:
    """Every job at its longest, each time it starts, and a load balancer for every fifty running nodes.

    A machine of low priority counts as a dedicated one, whose price is the most that it costs.
    """
    runs = starts_per_month(schedule.props)
    total, parts = pricing.assume("batch-log-gb") * pricing.of("log-analytics-ingestion"), list[str]()
    for job in jobs(schedule.props):
        minutes = job.minutes_or_none()
        if not minutes:
            why = "is zero or not given, so nothing bounds what a run costs"
            raise Malformed(_at(job.own, "limits.timeout"), why, schedule)
        compute = job.compute(pricing.graph, schedule)
        (machines,) = [_made(schedule, job)] if compute is None else _computing(pricing.graph, compute)
        count, hours, hour = job.nodes(), minutes / 60, pricing.hour(machines)
        total += runs * (count * hours * hour + ceil(count / 50) * pricing.of("load-balancer"))
        parts.append(f"{runs:.1f} runs × {count} × {machines.machine_type} × at most {hours:g} h × ${hour:g}")
    what = "pipeline" if len(parts) > 1 else "training job" if trains(schedule.props) else "batch job"
    return Bill(what, 0.0, total, f"nothing between runs; ceiling {'; '.join(parts)}, load balancer and logs")


def is_chain(schedule: Properties) -> bool:
    """Whether the jobs of a run are several and run one after the other, for each reads the one before it."""
    left, done = {job.step: {*job.after.values()} for job in jobs(schedule)}, list[str]()
    while left:
        ready = [step for step, reads in left.items() if reads <= {*done} and (not done or done[-1] in reads)]
        if len(ready) != 1:
            return False
        done += ready
        del left[ready[0]]
    return len(done) > 1


def last_step(schedule: Properties) -> Job:
    """The job of a run which no other job of it reads; of several such, the last. A run has succeeded with it."""
    found = list(jobs(schedule))
    read = {before for job in found for before in job.after.values()}
    return next((job for job in reversed(found) if job.step not in read), found[-1])


def trains(schedule: Properties) -> bool:
    """Whether no job of a schedule, and no pipeline around one, takes a model: one that does scores with it."""
    given = (one for job in jobs(schedule) for part in (job.own, *job.around) for one in part.each_section("inputs.*"))
    return not any(one.text_or_empty("jobInputType").endswith("_model") for one in given)


OF_THE_RUN = "${{name}}/"
"""What Azure ML puts the run's name for, https://learn.microsoft.com/en-us/azure/machine-learning/concept-expressions"""


def passing(schedule: Properties, of_a_pipeline: bool) -> Iterator[str]:
    """The addresses of the folders of what each run writes for a while: scores, the checkpoints of a training job, and
    all that the steps of a pipeline write, below which each run has its own. What is not known yet is left out.
    """
    training = trains(schedule)
    for job in jobs(schedule):
        if of_a_pipeline:  # its checkpoints are those of a training job
            for name, one in job.places("outputs"):
                if name != "checkpoints":
                    yield one.text_if_known("uri").removesuffix(OF_THE_RUN)
            continue
        for part in (job.own, *job.around):
            outputs = part.section_or_empty("outputs")
            for name in outputs.names():
                if not training or name == "checkpoints":
                    yield outputs.text_if_known(f"{name}.uri").removesuffix(OF_THE_RUN)


def starts_per_month(schedule: Properties) -> float:
    """How often people start what a schedule says, by its tag, and the schedule itself, in an average month.

    One that is off counts as on where no tag says what people start, for somebody may switch it on.
    """
    started = by_hand(schedule.section_or_empty("properties.tags"))
    if started is not None and schedule.flag_or_none("properties.isEnabled") is False:
        return started
    return runs_per_month(schedule.section_or_empty("properties.trigger")) + (started or 0.0)


_MINUTES = {"minute": 1.0, "hour": 60.0, "day": 1440.0, "week": 10_080.0, "month": MONTH_MINUTES}


def runs_per_month(trigger: Properties) -> float:
    """How often a trigger fires in an average month, even if it is switched off now."""
    kind = trigger.text_or_empty("triggerType")
    if kind == "Cron":
        try:
            runs = cron_runs_per_month(trigger.text_or_empty("expression"))
        except CronSimError:
            raise Malformed(_at(trigger, "expression"), "is no cron expression", trigger.owner) from None
        if not runs:
            raise Malformed(_at(trigger, "expression"), "does not fire in the year that is counted", trigger.owner)
        return runs
    frequency, interval = trigger.text_or_empty("frequency").lower(), more_than_zero_or_none(trigger, "interval")
    if kind != "Recurrence" or frequency not in _MINUTES or not interval:
        raise Malformed(trigger.at, "does not say how often it fires", trigger.owner)
    at = trigger.section_or_empty("schedule")
    several = {"week": ("hours", "minutes", "weekDays"), "month": ("hours", "minutes", "monthDays")}
    times = 1
    for path in several.get(frequency, ("hours", "minutes")):
        times *= max(1, len(list(at.each(path))))
    return times * MONTH_MINUTES / (_MINUTES[frequency] * interval)


def _batch(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    uri = f"https://{name}.{request.region}.inference.ml.azure.com/jobs"
    return {"properties": {**request.inputs["properties"], "scoringUri": uri}}


KINDS: tuple[Kind, ...] = (
    setting(
        BATCH_DEPLOYMENT,
        "a batch endpoint",
        _DEPLOYMENT,
        tags=At("tags", _DEPLOYMENT),
        holds=CostsOnly(_COSTS),
        runs=Runs(_by_hand, _DEPLOYMENT),
        bills=No("a setting of an endpoint is free; its cluster bills while it runs", _COSTS),
        stands=At("location", _DEPLOYMENT),
        serves=No("its environment names the image, and its model the artifact", _DEPLOYMENT),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/batchEndpoints/{{endpointName}}/deployments", "deploymentName"),
            lies(
                "deploymentName",
                "workspaceName",
                "endpointName",
                pattern=ENDPOINT_NAME,
                refs=(
                    Ref("properties.compute", (COMPUTE,)),
                    Ref("properties.model.assetId", (MODEL,), outside=True),
                ),
            ),
            NAMED,
        ),
        renders=Renders(arm("batchEndpoints/deployments", "endpointName deploymentName"), CHECKED),
    ),
    setting(
        BATCH_ENDPOINT,
        "a workspace",
        _ENDPOINT,
        tags=At("tags", _ENDPOINT),
        holds=CostsOnly(_COSTS),
        reaches=Reaches(always("amlworkspace"), _PRIVATE),
        runs=No("the clusters of its deployments run machines", _ENDPOINT),
        bills=No("an endpoint is free; the cluster of its deployment bills while it runs", _COSTS),
        stands=At("location", _ENDPOINT),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/batchEndpoints", "endpointName", _batch),
            lies("endpointName", "workspaceName", pattern=ENDPOINT_NAME, unique="{region} {name}"),
            NAMED,
        ),
        renders=Renders(arm("batchEndpoints", "endpointName"), CHECKED),
        apart=StandsApart(
            (
                Apart(
                    "properties.defaults", "a deployment stands after its endpoint, so a person names the default one"
                ),
            ),
            _ENDPOINT,
        ),
    ),
    setting(
        COMPONENTS,
        "a workspace",
        _COMPONENTS,
        tags=At("properties.tags", _COMPONENTS),
        bills=No("the registry of Azure ML is free", _COSTS),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/components", "name"),
            lies("name", "workspaceName", pattern=r"[a-z][a-z0-9_]{0,254}"),
            _COMPONENT_NAME,
        ),
        renders=Renders(arm("components", "name"), CHECKED),
    ),
    setting(
        COMPONENT,
        "a component",
        _COMPONENT,
        tags=At("properties.tags", _COMPONENT),
        runs=No("a step that a pipeline takes; the pipeline runs it", _COMPONENT),
        bills=No("the registry of Azure ML is free", _COSTS),
        serves=No("its environment names the image", _COMPONENT),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/components/{{name}}/versions", "version"),
            lies("version", "workspaceName", "name", within=""),
            REPLACED,
        ),
        renders=Renders(arm("components/versions", "name version"), CHECKED),
    ),
    setting(
        COMPUTE,
        "a workspace",
        _COMPUTE,
        tags=At("tags", _COMPUTE),
        keys=No("no machine of Azure ML takes a key for its disks", _KEY),
        holds=Personal(_of_a_person, _OWN_DISK),
        runs=Runs(_computing, _COMPUTE),
        bills=Bills(_compute, _COSTS, ("Azure Machine Learning", "Virtual Machines")),
        stands=At("location", _COMPUTE),
        serves=Serves(_services, _none, _COMPUTE),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/computes", "computeName"),
            lies("computeName", "workspaceName", pattern=r"[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]", machines=True),
            NAMED,
        ),
        renders=Renders(arm("computes", "computeName"), CHECKED),
        apart=StandsApart(
            (
                Apart(
                    "properties",
                    _OVERWRITTEN,
                    "`az rest --method post --url https://management.azure.com/subscriptions/SUBSCRIPTION/resourceGroups/"
                    "{resourceGroupName}/providers/Microsoft.MachineLearningServices/workspaces/WORKSPACE/computes/"
                    "{computeName}/updateIdleShutdownSetting?api-version=2025-12-01 --body "
                    '\'{{"idleTimeBeforeShutdown": "{properties.properties.idleTimeBeforeShutdown}"}}\'`; for another '
                    f"machine {_ANEW}",
                ),
                Apart("identity", _OVERWRITTEN, _ANEW),
                Apart("tags", _OVERWRITTEN, _ANEW),
            ),
            documented("https://learn.microsoft.com/en-us/rest/api/azureml/compute/create-or-update", "2026-11-26"),
        ),
    ),
    setting(
        SCHEDULE,
        "a workspace",
        _SCHEDULE,
        tags=At("properties.tags", _SCHEDULE),
        holds=CostsOnly(_COSTS),
        runs=Runs(_started, _SERVERLESS, _data),
        bills=Bills(_schedule, _COSTS, ("Azure Machine Learning", "Virtual Machines")),
        serves=No("the environments of its jobs name the images", _SCHEDULE),
        acts=Acts(by_path(f"{IN_WORKSPACE}/schedules", "name"), lies("name", "workspaceName"), REPLACED),
        renders=Renders(arm("schedules", "name"), CHECKED),
    ),
)
