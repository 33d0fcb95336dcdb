"""Acting: each endpoint, cluster, machine and job acts as the persona whose work it is."""

import re
from collections.abc import Iterator, Mapping

from catalogue.arm import compared
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY
from catalogue.kinds.azure.machinelearningservices import SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT, COMPUTE, SCHEDULE, jobs
from policies.azure.identity import assigned, client_of
from policies.azure.reading import key_of, keys_on, names_one_of
from policies.rule import stack_rule
from policies.stated import item_of

_BY_SECTION: Mapping[str, str] = {
    "endpoints": "serving",
    "batch_jobs": "batch",
    "training": "training",
    "pipelines": "training",
}
"""The persona that does the work of an item of the stack file, by its section."""


@stack_rule(
    "identity-acts-where",
    WORKSPACE,
    COMPUTE,
    SERVED,
    BATCH_ENDPOINT,
    SCHEDULE,
    severity="high",
    says="Each endpoint, cluster, machine and job acts as the persona whose work it is.",
    remedy="Give it the identity of the persona that policies/azure/acting.py names for it.",
)
def acts_where(graph: Graph, resource: Resource) -> Iterator[str]:
    """What runs as another identity of the stack has that one's roles: the workspace's own is Contributor where data,
    keys and images lie ("Set up authentication between Azure Machine Learning and other services",
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-identity-based-service-authentication).
    In another program nobody said which of its identities is which persona.
    """
    if graph.ours:
        work = _by_job(graph, resource) if resource.type == SCHEDULE else [_whole(graph, resource)]
        for wanted, identities in work:
            for identity in identities if wanted else ():
                if not any(_is_of(identity, one) for one in wanted):
                    yield f"acts as {identity.name}, where {' or '.join(sorted(wanted))} does that work"


def _is_of(identity: Resource, persona: str) -> bool:
    """Whether an identity is a persona's, by its name here or in the cloud, whose end the provider makes up."""
    ends = re.compile(rf".*-identity-{re.escape(persona)}(?:[0-9a-f]{{7,8}})?", re.IGNORECASE)
    return any(ends.fullmatch(name) for name in (identity.name, *identity.names))


def _whole(graph: Graph, resource: Resource) -> tuple[set[str], list[Resource]]:
    """Whose work a resource does, which is nobody's for what was made for no item that is known here, and the
    identities that it acts as."""
    return _wanted(graph, resource), _identities(graph, resource)


def _wanted(graph: Graph, resource: Resource) -> set[str]:
    item = item_of(graph, resource) or ""
    if resource.type == COMPUTE and item.startswith("pipelines."):  # a step that scores has a cluster of its own
        return {_persona(key) for key in keys_on(graph, resource)} - {""}
    if persona := _persona(item):
        return {persona}
    if resource.type == COMPUTE and resource.props.text_or_empty("properties.computeType") == "ComputeInstance":
        return {"data-scientist"}
    return {"workspace"} if resource.type in (WORKSPACE, COMPUTE) else set()


def _persona(key: str) -> str:
    return _BY_SECTION.get(key.partition(".")[0], "")


def _by_job(graph: Graph, schedule: Resource) -> Iterator[tuple[set[str], list[Resource]]]:
    """Whose work each job of a schedule does, and the identity that it acts as. Where that is not known yet, those that
    the schedule refers to do the work of its jobs."""
    unknown, all_wanted = False, set[str]()
    for job in jobs(schedule.props):
        wanted, client = {_persona(key_of(graph, schedule, job))} - {""}, compared(client_of(job.identity()))
        unknown, all_wanted = unknown or not client, all_wanted | wanted
        yield wanted, [one for one in graph.of(IDENTITY) if compared(one.props.text_if_known("clientId")) == client]
    if unknown:
        yield all_wanted, graph.refers(schedule, "properties", IDENTITY)


def _identities(graph: Graph, resource: Resource) -> list[Resource]:
    """The identities of the stack that something acts as: by what stands there, and by reference where that is not
    known."""
    texts = assigned(resource.props)
    said = [one for one in graph.of(IDENTITY) if any(names_one_of(text, [one]) for text in texts)]
    return said if texts else graph.refers(resource, "identity", IDENTITY)


RULES = [acts_where]
