"""A run on Azure Machine Learning: the pipeline of one step that a schedule says, whose step is a registered command.

Folders on datastores are mounted where the expressions of the command have them:
https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-component-command. A datastore shows the blob
container of its own name here, and a step reads and writes it as its identity. Azure ML tries nothing again but what
lost a machine of low priority, https://hi-ml.readthedocs.io/en/latest/lowpriority.html. A refusal of storage is that of
https://learn.microsoft.com/en-us/troubleshoot/azure/azure-storage/blobs/authentication/storage-troubleshoot-403-errors;
the other words are assumed.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from catalogue.access.azure import allowed
from catalogue.behaviour import values_at
from catalogue.errors import BadInput
from catalogue.kinds.azure import IDENTITY
from catalogue.kinds.azure import machinelearningservices_jobs as jobs
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT
from catalogue.kinds.azure.storage import CONTAINER
from catalogue.registries import as_written
from examples.steps import azure as adapter
from examples.steps import contract
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.records import Record
from sandbox.training import Asked, Launch, standing
from sandbox.training.container import Exit
from sandbox.training.search import Trial

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_MOUNTED = "/mnt/azureml"


def trains(record: Record) -> bool:
    """Whether a schedule starts jobs that take no model."""
    return record.type == jobs.SCHEDULE and jobs.trains(of_record(record).props)


def search(record: Record) -> str | None:
    """A sweep compares its trials by what they tell MLflow, which no sandbox has."""
    sweeps = any(job.kind == "sweep" for job in jobs.jobs(of_record(record).props))
    return "a trial tells its figure to MLflow, which the sandbox has not" if sweeps else None


def step_of(record: Record) -> jobs.Job:
    """The one step of a pipeline. Raises BadInput where there are several."""
    found = list(jobs.jobs(of_record(record).props))
    if len(found) != 1 or found[0].kind != "command" or not found[0].around:
        raise BadInput(f"{record.name}: starts {len(found)} jobs; the sandbox runs a pipeline of one command")
    return found[0]


def attempts(record: Record) -> int:
    """Azure ML tries nothing again that failed."""
    return 1


def hours(record: Record) -> float:
    """The time of the one step."""
    return (step_of(record).minutes_or_none() or 0) / 60


def launch(state: State, record: Record, run: float, attempt: int, trial: Trial | None = None) -> Launch:
    """The job of the step, whose name is the same however often a machine is taken from it. Of a sweep there is none,
    for `search` says why.
    """
    step, name = step_of(record), str(uuid5(NAMESPACE_URL, f"{record.id} {run}"))
    said = component_of(state, record, step)
    environment = state.resources.get(ENVIRONMENT, str(said.get("environment", "")).removeprefix("azureml:"))
    if environment is None:
        raise BadInput(f"{record.name}: its component or the environment of that does not stand; bring it up first")
    mounts = {key: (f"{_MOUNTED}/{name}/{key.replace('.', '/')}", uri) for key, uri in mounted(step, name).items()}
    words = _words(str(said.get("command", "")), {key: folder for key, (folder, _) in mounts.items()}, record)
    try:
        return Launch(
            name=name,
            image=str(environment.inputs["properties"]["image"]),
            identity=runs_as(state, step),
            words=words,
            variables={adapter.REPLICAS: str(step.nodes()), "RANK": "0"},
            reads={folder: uri for key, (folder, uri) in mounts.items() if key.startswith("inputs.")},
            output=mounts[f"outputs.{contract.OUTPUT}"],
            keeps=mounts.get(f"outputs.{contract.CHECKPOINTS}"),
            hours=hours(record),
            spot=_is_spot(state, step),
        )
    except KeyError as error:
        raise BadInput(f"{record.name}: its step lacks what a run needs ({error})") from None


def mounted(step: jobs.Job, name: str) -> Mapping[str, str]:
    """The address of each input and output of a step, such as `inputs.data`, in a run of this name."""
    found: dict[str, str] = {}
    for kind in ("inputs", "outputs"):
        for key in step.own.section_or_empty(kind).names():
            parent = _EXPRESSION.fullmatch(step.own.text_or_empty(f"{kind}.{key}.value"))
            asked = (parent[1] if parent else "").removeprefix("parent.")
            found[f"{kind}.{key}"] = step.around[-1].text_or_empty(f"{asked}.uri").replace("${{name}}", name)
    return found


def component_of(state: State, record: Record, step: jobs.Job) -> Mapping[str, Any]:
    """What the component of a step says. Raises BadInput where it does not stand."""
    component = state.resources.get(jobs.COMPONENT, step.own.text_or_empty("componentId"))
    if component is None:
        raise BadInput(f"{record.name}: its component or the environment of that does not stand; bring it up first")
    return component.inputs["properties"]["componentSpec"]


def runs_as(state: State, step: jobs.Job) -> str:
    """The id of the identity of a step, or its client id where no such identity stands."""
    client = step.identity().text_or_empty("clientId") or step.identity().text_or_empty("client_id")
    identities = state.resources.find(type=IDENTITY)
    return next((one.id for one in identities if one.outputs.get("clientId") == client), client)


def _words(command: str, folders: Mapping[str, str], record: Record) -> list[str]:
    """The words that a shell makes of the command, which must run the program `train`. Raises BadInput."""
    filled = _EXPRESSION.sub(lambda found: folders.get(found[1], found[0]), command)
    try:
        words = shlex.split(filled)
    except ValueError:
        words = []
    words = words[1:] if words[:1] == ["exec"] else words
    if words[:1] != ["train"] or any(_EXPRESSION.search(word) for word in words):
        raise BadInput(
            f"{record.name}: {command[:120]!r}: a command that the sandbox does not run; it runs `train` alone"
        )
    return words


def _is_spot(state: State, step: jobs.Job) -> bool:
    """Whether the cluster of the step has machines of low priority."""
    cluster = state.resources.get(jobs.COMPUTE, step.own.text_or_empty("computeId"))
    return cluster is not None and "LowPriority" in values_at(cluster.inputs, "properties.properties.vmPriority")


def refused(state: State, launch: Launch, asked: Asked) -> str:
    """By the roles that the step's identity is assigned."""
    _, _, rest = as_written(asked.address).partition("datastores/")
    datastore, _, path = rest.partition("/paths/")
    identity = state.resources.get(IDENTITY, launch.identity)
    who = [str(identity.outputs.get("principalId"))] if identity is not None else []
    operation = f"{_BLOBS}/{'write' if asked.does == 'write' else 'read'}"
    graph = standing(state, "azure")
    for one in state.resources.find(type=CONTAINER):
        named = one.id.endswith(f"/containers/{datastore}")
        if named and allowed(graph, who, operation, one.id, data=True, path=path):
            return ""
    return (
        "Failed: This request is not authorized to perform this operation using this permission. "
        f"ErrorCode:AuthorizationPermissionMismatch: {launch.identity} lacks {operation} on {as_written(asked.address)}"
    )


def failed(launch: Launch, ended: Exit, root: Path) -> str:
    """The exit code of the command, and the end of its log."""
    last = "".join(ended.log.strip().splitlines()[-1:])
    return f"Failed: Execution failed. User process 'train' exited with status code {ended.code}. {last}".rstrip()


def stopped(launch: Launch) -> str:
    """The limit of the step."""
    return f"Canceled: the job exceeded its time-out of {launch.hours:g} h"


def interrupted(launch: Launch) -> str:
    """Azure ML starts the job again by itself."""
    return "Azure took the machine of low priority; Azure ML starts the job again, with its folder of checkpoints"


def stored(launch: Launch, folder: Path) -> tuple[str, Path]:
    """The container wrote to the datastore itself."""
    return launch.output[1], folder
