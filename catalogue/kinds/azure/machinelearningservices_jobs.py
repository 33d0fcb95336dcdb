"""Azure Machine Learning: computes, the jobs that schedules start on them, and batch endpoints."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from math import ceil
from typing import Any

from catalogue.answers import Request, by_path
from catalogue.behaviour import Ref
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
from catalogue.kinds.azure.jobs import (
    COMPUTE,
    JOB,
    SCHEDULE,
    Job,
    below,
    compute_at,
    in_words_of,
    jobs,
    runs_per_month,
    slug_of,
    starts_per_month,
    trains,
    waits,
)
from catalogue.kinds.azure.machinelearningservices import ENDPOINT_NAME, IN_WORKSPACE, MODEL, WORKSPACE, arm
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.order import all_before
from catalogue.pricing import MONTH_MINUTES, Bill, Pricing
from catalogue.properties import Malformed, NotKnown, Unreadable
from catalogue.quantities import more_than_zero_or_none
from catalogue.runs import by_hand
from catalogue.work import Part, Start, Work, by_people

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

_COMPUTE_NAME = r"[a-zA-Z](?![a-zA-Z0-9-]*-[0-9]+$)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]"
"""No digits alone behind a dash: https://learn.microsoft.com/en-us/rest/api/azureml/compute/create-or-update"""

_ML = "azure-native:machinelearningservices"
COMPONENTS, COMPONENT = f"{_ML}:ComponentContainer", f"{_ML}:ComponentVersion"
BATCH_ENDPOINT, BATCH_DEPLOYMENT = f"{_ML}:BatchEndpoint", f"{_ML}:BatchDeployment"
_OVERWRITTEN = "an update would overwrite a person's machine, with what is on it"
_ANEW = (
    "take the person out of the stack file, allow that, `uv run mlplatform teardown STACK --retired --yes`, "
    "`pulumi up`, and write the person again"
)
_DAYS = MONTH_MINUTES / (24 * 60)


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
        raise Malformed(below(machine, "vmSize"), "is not given, so that Azure chooses the machine", compute)
    if kind == "ComputeInstance":
        yield Machines(compute.name, size, "training", 1, 1)
        return
    priority = machine.text_or_empty("vmPriority")
    if priority not in ("", "Dedicated", _LOW):
        raise Malformed(
            below(machine, "vmPriority"), f"is {priority}, whose price and quota are not in the catalogue", compute
        )
    users = [e.name for d in _on(graph, compute) for e in graph.refers(d, "endpointName", BATCH_ENDPOINT)]
    low = machine.number_or_none("scaleSettings.minNodeCount") or 0
    high = more_than_zero_or_none(machine, "scaleSettings.maxNodeCount")
    if high is None:
        raise Malformed(below(machine, "scaleSettings.maxNodeCount"), "is not given, so nothing bounds it", compute)
    if not 0 <= low <= high:
        why = f"is {low:g}, which is not from zero to maxNodeCount ({high:g})"
        raise Malformed(below(machine, "scaleSettings.minNodeCount"), why, compute)
    user, use = " and ".join(users) or compute.name, "training" if _trained_on(graph, compute) else "batch"
    on, spot = _starting(graph).get(compute.urn, []), priority == _LOW
    if len(on) != 1 or _on(graph, compute):  # who else starts what there, and when, the order of steps does not say
        yield Machines(user, size, use, ceil(low), ceil(high), spot=spot)
        return
    after = _ended_before(graph).get(compute.urn, frozenset())
    yield Machines(user, size, use, ceil(low), ceil(high), spot=spot, turn=compute.urn, after=after, run=on[0].urn)


@once_a_graph
def _ended_before(graph: Graph) -> Mapping[str, frozenset[str]]:
    """By the URN of each cluster of a run, those on which all has ended before anything begins on it.

    The nodes of the step before may stand idle for minutes while those of the next come. Where the quota has no room
    for both, these wait: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-quotas
    """
    found = dict[str, frozenset[str]]()
    for schedule in graph.of(SCHEDULE):
        with suppress(Unreadable):  # its own bill tells
            found |= _ended_before_in(graph, schedule)
    return found


def _ended_before_in(graph: Graph, schedule: Resource) -> Mapping[str, frozenset[str]]:
    before, on = all_before(waits(schedule.props)), defaultdict[str, set[str]](set)
    try:
        for job in jobs(schedule.props):
            if (compute := job.compute(graph, schedule)) is not None:
                on[compute.urn].add(job.step)
    except NotKnown:  # which cluster is whose step's is known once they stand, and then it is judged again
        clusters = sorted(one.urn for one in graph.refers(schedule, "properties", COMPUTE))
        return {urn: frozenset(clusters[:at]) for at, urn in enumerate(clusters)} if before else {}
    return {
        urn: frozenset(
            other for other, ends in on.items() if all(ends <= before.get(step, frozenset()) for step in steps)
        )
        for urn, steps in on.items()
    }


def _trained_on(graph: Graph, compute: Resource) -> bool:
    """Whether all that the stack starts on a cluster trains. Where images are built, or a person scores, it does not.

    Quota and price are the cluster's, whatever runs on it:
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-quotas
    """
    on = _starting(graph).get(compute.urn, ())
    return bool(on) and not _on(graph, compute) and not any(_scores_on(graph, one, compute) for one in on)


def _scores_on(graph: Graph, schedule: Resource, compute: Resource) -> bool:
    """Whether a job of a schedule scores on a cluster; where it is not known which job is on it, whether all do."""
    try:
        found = [job for job in jobs(schedule.props) if job.compute(graph, schedule) == compute]
    except NotKnown:
        return not trains(schedule.props)
    return any(job.scores for job in found)


@once_a_graph
def _starting(graph: Graph) -> Mapping[str, list[Resource]]:
    """The schedules that start a job on each cluster, by its URN. Of one that cannot be read its own bill tells."""
    found = defaultdict[str, list[Resource]](list)
    for schedule in graph.of(SCHEDULE):
        try:
            on = {one.urn for job in jobs(schedule.props) if (one := job.compute(graph, schedule))}
        except NotKnown:  # before it stands: its jobs are on those that it refers to, whichever is on which
            on = {one.urn for one in graph.refers(schedule, "properties", COMPUTE)}
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
        where = below(job.own, "resources.instanceType")
        raise Malformed(where, "is not given, nor is a compute, so that Azure chooses the machine", schedule)
    if tier not in ("", "Null", "Standard", "Premium"):
        where = below(job.own, "queueSettings.jobTier")
        raise Malformed(where, f"is {tier}, whose price and quota are not in the catalogue", schedule)
    count = job.nodes()
    return Machines(schedule.name, machine, "batch" if job.scores else "training", count, count, job.step)


def _work(graph: Graph, schedule: Resource) -> Work:
    found, alone = list(jobs(schedule.props)), "training job" if trains(schedule.props) else "batch job"
    parts = list[Part]()
    for job in found:
        compute, minutes = job.compute(graph, schedule), job.minutes_or_none()
        (one,) = [_made(schedule, job)] if compute is None else _computing(graph, compute)
        does = "search" if job.kind == "sweep" else "step" if len(found) > 1 else alone
        machines = replace(one, low=job.nodes(), high=job.nodes())
        parts.append(
            Part(slug_of(job.step) if len(found) > 1 else "", does, (machines,), minutes / 60 if minutes else None)
        )
    people = by_people(by_hand(schedule.props.section_or_empty("properties.tags")))
    off = schedule.props.flag_or_none("properties.isEnabled") is False
    trigger = schedule.props.section_or_empty("properties.trigger")
    own = Start(schedule.name, in_words_of(trigger), runs_per_month(trigger))
    starts = people if off else (own, *people)
    called = schedule.props.text_if_known(f"{JOB}.experimentName")
    before = {slug_of(step): [*map(slug_of, ends)] for step, ends in waits(schedule.props).items()}
    return Work(tuple(parts), before, starts, called=(called,) if called else ())


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
            raise Malformed(below(job.own, "limits.timeout"), why, schedule)
        compute = job.compute(pricing.graph, schedule)
        (machines,) = [_made(schedule, job)] if compute is None else _computing(pricing.graph, compute)
        count, hours, hour = job.nodes(), minutes / 60, pricing.hour(machines)
        total += runs * (count * hours * hour + ceil(count / 50) * pricing.of("load-balancer"))
        parts.append(f"{runs:.1f} runs × {count} × {machines.machine_type} × at most {hours:g} h × ${hour:g}")
    what = "pipeline" if len(parts) > 1 else "training job" if trains(schedule.props) else "batch job"
    return Bill(what, 0.0, total, f"nothing between runs; ceiling {'; '.join(parts)}, load balancer and logs")


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
            lies("computeName", "workspaceName", pattern=_COMPUTE_NAME, machines=True),
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
        runs=Runs(_started, _SERVERLESS, _data, _work),
        bills=Bills(_schedule, _COSTS, ("Azure Machine Learning", "Virtual Machines")),
        serves=No("the environments of its jobs name the images", _SCHEDULE),
        acts=Acts(by_path(f"{IN_WORKSPACE}/schedules", "name"), lies("name", "workspaceName"), REPLACED),
        renders=Renders(arm("schedules", "name"), CHECKED),
    ),
)
