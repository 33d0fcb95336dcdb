"""Registered versions: no model is made of one before the workspace has its approval, the approver's alone to give."""

import re
from collections.abc import Iterator, Mapping, Sequence

from catalogue import registered
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY, resources, storage
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.jobs import jobs
from catalogue.kinds.azure.machinelearningservices import (
    DATASTORE,
    ENVIRONMENT,
    MODEL,
    MODELS,
    ONLINE_DEPLOYMENT,
    WORKSPACE,
)
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, COMPONENT, SCHEDULE
from catalogue.kinds.azure.mlplatform import APPROVED_VERSION
from catalogue.once import once_a_graph
from catalogue.properties import Properties, Unreadable
from catalogue.registered import Registered
from catalogue.wildcards import covers
from policies import preflights
from policies.azure.identity import runs_something
from policies.azure.reading import is_version, own_registries
from policies.azure.runs import components_of
from policies.rule import stack_rule

_URI = "properties.modelUri"
_IMAGE = re.compile(rf"(?P<host>[a-z0-9]+)\.azurecr\.io/{registered.REPOSITORY}:(?P<tag>[^:@]+)")
_WRITES = "microsoft.machinelearningservices/workspaces/models/versions/write"
_NAMED = "In the stack file, name it by registered, version and digest, and give image and artifact_uri for no other."


@stack_rule(
    "registry-approved",
    MODEL,
    APPROVED_VERSION,
    severity="high",
    says="A model of an artifact in the registry waits for the approval of this version, and what serves it has the "
    "version's image; what asks for an approval is waited for by such a model, and who approves neither registers nor "
    "runs anything.",
    remedy=_NAMED,
)
def approved(graph: Graph, resource: Resource) -> Iterator[str]:
    """A version of Azure ML is of any path, so what asks must stand before it. How a version is named:
    catalogue/registered. An approval is a version of a model of its own, and who may write it is a matter of role
    assignments: "Understand scope for Azure RBAC",
    https://learn.microsoft.com/en-us/azure/role-based-access-control/scope-overview

    Another digest than that of the approved record needs no rule: an approval has one, and `up` fails. That it is the
    stack file's does: by the record of another approval `up` would go through.
    """
    if resource.type == MODEL:
        if registered.in_registry(uri := resource.props.text_if_known(_URI)):
            yield from _unapproved(graph, resource, uri)
        return
    waits = preflights.waiting(graph, resource, MODEL)
    if not waits:
        yield "asks for an approval that no model waits for"
    for model in waits:
        uri = model.props.text_if_known(_URI)
        if uri and not registered.in_registry(uri):
            yield f"asks for an approval, and {model.name} waits for it and serves none of the registry"
    yield from preflights.of_no_model(graph, resource)
    yield from _approvers(graph, resource)


def _unapproved(graph: Graph, model: Resource, uri: str) -> Iterator[str]:
    found, workspaces = registered.in_datastore(uri), graph.refers(model, "workspaceName", WORKSPACE)
    stores = {one.props.text_if_known("name") for one in graph.of(DATASTORE)}
    there, own = uri.partition("/workspaces/")[2].partition("/")[0], model.props.text_if_known("workspaceName")
    if found is None or found[1] not in stores or (there and own and there.casefold() != own.casefold()):
        yield f"has the artifact {uri}, which is no version of the stack's own registry"
        return
    version, called = found[0], str(found[0])
    hosts = {one.props.text_if_known("registryName").lower() for one in own_registries(graph)}
    for image in _images(graph).get(model.urn, ()):
        pulled = _IMAGE.fullmatch(image)
        if pulled is None or pulled["tag"] != version.tag or pulled["host"] not in hosts:
            yield f"is {called}, and is served with the image {image}, which is not that version's"
    asked = {"model": version.name, "version": version.version}
    if graph.placement is not None:
        asked["subscriptionId"] = graph.placement.account
    asks = [one for one in graph.depends(model) if one.type == APPROVED_VERSION]
    if not any(
        all(one.props.value_or_none(key) == value for key, value in asked.items())
        and set(_urns(graph.refers(one, "workspace", WORKSPACE))) == set(_urns(workspaces))
        for one in asks
    ):
        yield f"is {called} and does not wait for its approval"


def _urns(found: Sequence[Resource]) -> list[str]:
    return [one.urn for one in found]


@once_a_graph
def _images(graph: Graph) -> Mapping[str, set[str]]:
    """The images that each model is served with, online or by a batch job, by the URN of the model's version."""
    found: dict[str, set[str]] = {}
    deployed = [*graph.of(ONLINE_DEPLOYMENT), *graph.of(BATCH_DEPLOYMENT)]
    served = [(model, [one]) for one in deployed for model in graph.refers(one, "properties", MODEL)]
    served += [pair for schedule in graph.of(SCHEDULE) for pair in _scored(graph, schedule)]
    for model, parts in served:
        environments = [one for part in parts for one in graph.refers(part, "properties", ENVIRONMENT)]
        images = {image for one in environments for image in one.props.each_text("properties.image")}
        found.setdefault(model.urn, set()).update(images)
    return found


def _scored(graph: Graph, schedule: Resource) -> Iterator[tuple[Resource, list[Resource]]]:
    """Each model that a schedule scores with, and the components that do. Where several steps score, which is whose is
    said by their ids alone, and judged once these are known.
    """
    models, steps = (graph.refers(schedule, "properties", type_) for type_ in (MODEL, COMPONENT))
    try:
        scoring = [job for job in jobs(schedule.props) if job.scores]
    except Unreadable:  # other rules tell
        scoring = []
    if len(scoring) < 2:
        taking = [one for one in steps if any(map(_is_model, one.props.each_section(f"{_SPEC}.inputs.*")))]
        yield from ((model, taking or steps) for model in models)
        return
    for job in scoring:
        uris = [one.text_if_known("uri") for _, one in job.places("inputs")]
        for model in models:
            if any(is_version(uri, model, "models") for uri in uris):
                yield model, components_of(graph, job)


_SPEC = "properties.componentSpec"


def _is_model(given: Properties) -> bool:
    return given.text_or_empty("type").endswith("_model")


def _approvers(graph: Graph, asks: Resource) -> Iterator[str]:
    version = Registered(asks.props.text_or_empty("model"), 1)
    there = {one.props.text_if_known("name"): one for one in graph.of(MODELS)}
    if (approvals := there.get(version.approvals)) is None:
        yield f"asks for an approval of {version.name}, and the stack has no model {version.approvals}"
        return
    may = _writers(graph, approvals)
    registering = set(_writers(graph, there[version.versions]) if version.versions in there else ())
    if not may:
        yield f"asks for an approval of {version.name}, which nobody may give"
    for key, (who, identity) in sorted(may.items()):
        if key in registering:
            yield f"asks for an approval of {version.name}, which {who} may give to what they register"
        elif identity is not None and runs_something(graph, identity):
            yield f"asks for an approval of {version.name}, which {who} may give, as whom something runs"


def _writers(graph: Graph, model: Resource) -> Mapping[str, tuple[str, Resource | None]]:
    """Who may write versions of a model, by a role of the stack's own on it, its workspace or its group.

    Of the built-in roles, `identity-least-role` allows none but the workspace's own identity any that may.
    """
    found: dict[str, tuple[str, Resource | None]] = {}
    for item in graph.of(ROLE_ASSIGNMENT):
        on = graph.refers(item, "scope", MODELS, WORKSPACE, resources.GROUP)
        if not any(one.urn == model.urn or one.type != MODELS for one in on):
            continue
        if any(_writes(role.props) for role in graph.refers(item, "roleDefinitionId", ROLE_DEFINITION)):
            identities = graph.refers(item, "principalId", IDENTITY)
            for identity in identities:
                found[identity.urn] = identity.name, identity
            if not identities and (id_ := item.props.text_or_empty("principalId")):
                found[id_] = id_, None
    return found


def _writes(role: Properties) -> bool:
    return any(covers(action, _WRITES) for action in role.each_text("permissions.actions"))


@stack_rule(
    "registry-kept",
    MODEL,
    severity="high",
    says="No version of the registry expires: no lifecycle deletes its artifact.",
    remedy="Expire nothing below registry/ in the container of artifacts.",
)
def kept(graph: Graph, model: Resource) -> Iterator[str]:
    """What serves fetches the artifact whenever a replica starts, and a rollback fetches that of the version before.

    A registry of images deletes no image that has a tag: its retention is of those without,
    https://learn.microsoft.com/en-us/azure/container-registry/container-registry-retention-policy
    """
    found = registered.in_datastore(model.props.text_if_known(_URI))
    for datastore in graph.of(DATASTORE) if found else ():
        if found is None or datastore.props.text_if_known("name") != found[1]:
            continue
        folder = f"{datastore.props.text_if_known('properties.containerName')}/{registered.FOLDER}"
        for account in graph.refers(datastore, "properties", storage.ACCOUNT):
            for lifecycle in graph.referring(storage.MANAGEMENT_POLICY, "accountName", account):
                gone = [one for one in lifecycle.props.each_section("policy.rules") if _takes(one, folder)]
                yield from (f"is of a version, and {one.at} deletes those of {account.name}" for one in gone)


def _takes(rule: Properties, folder: str) -> bool:
    """Whether a rule deletes blobs in a folder, or all below it. A prefix that is not known yet is of what it names."""
    at = "definition.filters.prefixMatch"
    below = [*rule.each_text_if_known(at)] if rule.is_given(at) else [""]
    touches = any(folder.startswith(one) or one.startswith(folder) for one in below)
    deletes = rule.is_given("definition.actions.baseBlob.delete")
    return rule.flag_or_none("enabled") is not False and touches and deletes


RULES = [approved, kept]
