"""What the words of `azure.yaml` stand for in the graph of a stack, and what its role assignments say of a request."""

from collections.abc import Iterable, Mapping, Sequence

from catalogue.access.azure import allowed
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY, containerregistry, resources, storage
from catalogue.kinds.azure.jobs import COMPUTE, JOB, SCHEDULE, passing, trains
from catalogue.kinds.azure.machinelearningservices import MODELS, ONLINE_DEPLOYMENT, SERVED, WORKSPACE, collects
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT
from catalogue.once import once_a_graph
from catalogue.registered import APPROVALS, FOLDER, VERSIONS
from policies.azure.reading import registered_models
from policies.personas.simulation import Cloud, Place, Request
from policies.stated import is_of_a_pipeline

_OPENS = "Microsoft.MachineLearningServices/workspaces/computes/applicationaccess/action"
_PERSONAL = "properties.properties.personalComputeInstanceSettings.assignedUser.objectId"


def identity_of(graph: Graph, persona: str) -> Resource:
    """The identity of a persona, by the end of its resource's name. Raises LookupError where there is none."""
    return next(one for one in graph.of(IDENTITY) if one.name.endswith(f"-identity-{persona}"))


@once_a_graph
def people(graph: Graph) -> list[str]:
    """The object ids of those who have a machine."""
    return [owner for machine in graph.of(COMPUTE) for owner in machine.props.each_text(_PERSONAL)]


@once_a_graph
def _places(graph: Graph) -> Mapping[str, Sequence[Place]]:
    machines = [machine for machine in graph.of(COMPUTE) if [*machine.props.each_text(_PERSONAL)]]
    accounts, containers = _ids(graph.of(storage.ACCOUNT)), _ids(graph.of(storage.CONTAINER))
    # Azure ML makes the container of data, and names it.
    data = [f"{account}/blobServices/default/containers/azureml-blobstore-x" for account in accounts]
    return {
        "group": _at(_ids(graph.of(resources.GROUP))),
        "workspace": _at(_ids(graph.of(WORKSPACE))),
        "own-machine": [_machine(machine) for machine in machines[:1]],
        "other-machine": [_machine(machine) for machine in machines[1:2]],
        "storage": _at(accounts),
        "training-data": _at(data, "training/data.csv"),
        "own-files": _at(data, "notebooks/mine.ipynb"),
        **_versions(graph),
        "own-artifacts": _at(containers, "scorer/1/model.json"),
        "versions-files": _at(containers, f"{FOLDER}x/1/model.json"),
        "batch-output": _at(containers, "batch/job/scores.csv"),
        "collected": _at(data, "modelDataCollector/x.jsonl") if any(map(collects, graph.of(ONLINE_DEPLOYMENT))) else [],
        "registry": _at(_ids(graph.of(containerregistry.REGISTRY))),
        "endpoints": _at(_ids(graph.of(SERVED))),
        "batch-endpoints": _at(_ids(graph.of(BATCH_ENDPOINT))),
        **_training(graph, containers),
    }


def _training(graph: Graph, containers: Sequence[str]) -> Mapping[str, Sequence[Place]]:
    """The schedules that say what a training job is, the folders that its runs read and write, and those in which the
    steps of a pipeline leave what they made."""
    schedules = [one for one in graph.of(SCHEDULE) if trains(one.props)]
    found: dict[str, Sequence[Place]] = {"training-jobs": _at(_ids(schedules))}
    for word, what in (("data-of-runs", "inputs"), ("trained", "outputs")):
        uris = {uri for one in schedules for uri in one.props.each_text_if_known(f"{JOB}.{what}.*.uri")}
        folders = sorted(f"{uri.partition('/paths/')[2]}x" for uri in uris)
        found[word] = [place for folder in folders for place in _at(containers, folder)]
    left = [uri for one in graph.of(SCHEDULE) if is_of_a_pipeline(graph, one) for uri in passing(one.props, True)]
    folders = sorted({uri.partition("/paths/")[2] for uri in left if uri})
    found["candidates"] = [place for folder in folders for place in _at(containers, f"{folder}x/version.json")]
    return found


def _versions(graph: Graph) -> Mapping[str, Sequence[Place]]:
    """The models whose versions are registered and approved, each by itself; the workspace, where no version is."""
    of = registered_models(graph)
    ids = {one.props.text_if_known("name"): one.props.text_if_known("id") for one in graph.of(MODELS)}
    workspaces = _ids(graph.of(WORKSPACE))
    return {
        "open-registry": [] if of else _at(workspaces),
        "gated-registry": _at(workspaces) if of else [],
        "registered": _at(sorted(ids[f"{name}{VERSIONS}"] for name in of if ids.get(f"{name}{VERSIONS}"))),
        "approvals": _at(sorted(ids[f"{name}{APPROVALS}"] for name in of if ids.get(f"{name}{APPROVALS}"))),
    }


def _ids(resources_: Iterable[Resource]) -> list[str]:
    return sorted({id_ for one in resources_ if (id_ := one.props.text_if_known("id"))})


def _at(ids: Iterable[str], path: str = "") -> list[Place]:
    return [Place(id_, {"path": path}) for id_ in ids]


def _machine(machine: Resource) -> Place:
    return Place(machine.props.text_or_empty("id"), {"path": "", "owner": next(machine.props.each_text(_PERSONAL))})


def _principals(graph: Graph, persona: str) -> list[str]:
    """A data scientist is a person, the first of the stack's, and on a machine the identity that it acts as."""
    own = [identity_of(graph, persona).props.text_or_empty("principalId")]
    return own + (people(graph)[:1] if persona == "data-scientist" else [])


def _entered(graph: Graph, persona: str, by: str) -> bool:
    """A person acts as themselves; a workload, or a pipeline with a federated credential, takes the identity."""
    return bool(identity_of(graph, persona).props.text_or_empty("principalId"))


def _refusal(graph: Graph, persona: str, request: Request) -> str:
    place = request.at
    principals = _principals(graph, persona)
    if request.do == _OPENS and place.brings["owner"] not in principals:
        return "the machine is another person's"
    data = request.brings.get("plane") == "data"
    held = allowed(graph, principals, request.do, place.name, data=data, path=place.brings["path"])
    return "" if held else "no role assignment allows it"


MODEL = Cloud(places=_places, entered=_entered, refusal=_refusal)
