"""Helpers for rules on Azure: the order of resources, and whether a text names a resource."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import ceil

from catalogue.arm import compared, same
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY, authorization
from catalogue.kinds.azure.containerregistry import REGISTRY
from catalogue.kinds.azure.jobs import SCHEDULE, Job, jobs, slug_of, waits
from catalogue.kinds.azure.machinelearningservices import MODELS, WORKSPACE
from catalogue.kinds.azure.mlplatform import APPROVED_VERSION
from catalogue.once import once_a_graph
from catalogue.order import longest
from catalogue.properties import Properties
from catalogue.registered import APPROVALS, VERSIONS
from policies.stated import is_of_a_pipeline, item_of, step_of


def not_before(graph: Graph, resource: Resource, wanted: Iterable[Resource]) -> list[Resource]:
    """The resources of `wanted` that the resource does not wait for, directly or through others."""
    missing = {item.urn: item for item in wanted}
    missing.pop(resource.urn, None)
    seen, waiting = {resource.urn}, graph.depends(resource)
    while waiting and missing:
        item = waiting.pop()
        if item.urn not in seen:
            seen.add(item.urn)
            missing.pop(item.urn, None)
            waiting.extend(graph.depends(item))
    return list(missing.values())


def encrypts_a_workspace(graph: Graph, item: Resource) -> bool:
    """Whether a workspace is encrypted with this key, or with a key of this vault, inside the service."""
    return any(
        workspace.props.flag_or_none("enableServiceSideCMKEncryption")
        for workspace in graph.referring(WORKSPACE, "encryption", item)
    )


def names_one_of(text: str, resources: Iterable[Resource]) -> bool:
    """Whether a known text is the id of one of the resources. Where an id is not known, its name decides."""
    for resource in resources:
        id_ = resource.outputs.get("id")
        if isinstance(id_, str) and id_.startswith("/"):
            if same(text, id_):
                return True
        elif text.rpartition("/")[2].lower() == resource.props.text_if_known("name").lower():
            return True
    return False


@once_a_graph
def own_registries(graph: Graph) -> tuple[Resource, ...]:
    """The registries of images that the stack's workspaces have for their own. Another beside them is a stranger's,
    whoever made it. In another program each that it makes is its own.
    """
    if not graph.ours:
        return tuple(graph.of(REGISTRY))
    found = (one for workspace in graph.of(WORKSPACE) for one in graph.refers(workspace, "containerRegistry", REGISTRY))
    return tuple({one.urn: one for one in found}.values())


def is_at(registry: Resource, place: str) -> bool:
    """Whether a registry has this address. An auto-name ends in digits that are another's in a preview."""
    if named := registry.props.text_if_known("registryName"):
        return place == _address(named)
    made = re.escape(registry.props.text_if_known("name"))
    return re.fullmatch(rf"({re.escape(registry.name)}[0-9a-f]{{8}}|{made})\.azurecr\.io", place) is not None


def own_addresses(graph: Graph) -> list[str]:
    """The addresses of the stack's own registries whose names the program gives. All registries of Azure share one
    space of names, so that nobody guesses them.
    """
    names = [one.props.text_if_known("registryName") for one in own_registries(graph)]
    return [_address(name) for name in names if name]


def _address(name: str) -> str:
    return f"{name.lower()}.azurecr.io"


def is_version(id_: str, asset: Resource, kind: str) -> bool:
    """Whether a known id is that of a version of `models` or `components`. The engine shows no id of it, so that its
    name and version decide.
    """
    own = asset.outputs.get("id")
    if isinstance(own, str) and own.startswith("/"):
        return same(id_, own)
    name, version = (asset.props.text_if_known(key) for key in ("name", "version"))
    return bool(name and version) and id_.lower().endswith(f"/{kind}/{name}/versions/{version}".lower())


def foreign(props: Properties, path: str, own: list[Resource]) -> Iterator[str]:
    """Every known text at the path that names none of the stack's `own` resources."""
    return (text for text in props.each_text_if_known(path) if text and not names_one_of(text, own))


def key_of(graph: Graph, schedule: Resource, job: Job) -> str:
    """The dotted key of what states the numbers of a job: of a pipeline that of its step, or of the job of the file
    that the step names; of another the item itself. Empty where the schedule is of no item.
    """
    item = item_of(graph, schedule) or ""
    if graph.placement is None or not is_of_a_pipeline(graph, schedule):
        return item
    return step_of(graph.placement, item, slug_of(job.step))


def keys_on(graph: Graph, cluster: Resource) -> Iterator[str]:
    """The keys of the steps of a pipeline that run on a cluster."""
    for schedule in graph.referring(SCHEDULE, "properties", cluster):
        for job in jobs(schedule.props):
            compute = job.compute(graph, schedule)
            if compute is not None and compute.urn == cluster.urn:
                yield key_of(graph, schedule, job)


def longest_minutes(graph: Graph, schedule: Resource) -> float:
    """How long a run may take at most, with what the stack file lets its jobs wait for Spot machines. A job that
    nothing ends counts nothing, as its bill tells.
    """
    place, lasts = graph.placement, Counter[str]()
    for job in jobs(schedule.props):
        waited = place.states(f"{key_of(graph, schedule, job)}.spot.wait_hours") if place else ""
        lasts[job.step] += ceil((job.minutes_or_none() or 0) + float(waited or 0) * 60)
    return longest(lasts, waits(schedule.props))


@once_a_graph
def registered_models(graph: Graph) -> frozenset[str]:
    """The names in the registry of the models of which registered versions are served, or will be.

    The models of its approvals stand with the ground, before anything asks for one.
    """
    asked = {one.props.text_or_empty("model") for one in graph.of(APPROVED_VERSION)}
    names = {one.props.text_if_known("name") for one in graph.of(MODELS)}
    kept = {name.removesuffix(APPROVALS) for name in names if name.endswith(APPROVALS)}
    return frozenset(asked | {name for name in kept if f"{name}{VERSIONS}" in names})


def is_in_a_hub(graph: Graph, workspace: Resource) -> bool:
    """Whether a workspace is a project in a hub of the stack, whose network it has and which is judged in its place.

    A project's machines run in the managed network of its hub, and are reached through the hub's private endpoint
    (https://learn.microsoft.com/azure/ai-foundry/how-to/configure-managed-network). Of a hub
    elsewhere nothing is known.
    """
    project = workspace.props.text_or_empty("kind").lower() == "project"
    return project and bool(graph.refers(workspace, "hubResourceId", WORKSPACE))


def most_have_a_condition(graph: Graph, item: Resource) -> bool:
    """Whether most assignments of the same role on the same scope have a condition. A workspace's own identity needs
    none: it keeps what the others may not.
    """
    principals = graph.refers(item, "principalId", IDENTITY)
    if any(graph.referring(WORKSPACE, "primaryUserAssignedIdentity", one) for one in principals):
        return False
    given = _conditions(graph)[_role_and_scope(item)]
    return 2 * given[True] > given.total()


@once_a_graph
def _conditions(graph: Graph) -> Mapping[tuple[str, str], Counter[bool]]:
    """By role and scope, how many assignments have a condition and how many have none."""
    found: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for item in graph.of(authorization.ROLE_ASSIGNMENT):
        if all(_role_and_scope(item)):
            found[_role_and_scope(item)][item.props.is_given("condition")] += 1
    return found


def _role_and_scope(item: Resource) -> tuple[str, str]:
    role = item.props.text_if_known("roleDefinitionId").rpartition("/")[2]
    return role.casefold(), compared(item.props.text_if_known("scope"))
