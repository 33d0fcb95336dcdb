"""A run on Azure Machine Learning: the pipeline that a schedule says, whose steps are registered commands. That of a
training job has one.

Folders on datastores are mounted where the expressions of the command have them:
https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-component-command. A datastore shows the blob
container of its own name here, and a step reads and writes it as its identity. Azure ML tries nothing again but what
lost a machine of low priority, https://hi-ml.readthedocs.io/en/latest/lowpriority.html. A refusal of storage is that of
https://learn.microsoft.com/en-us/troubleshoot/azure/azure-storage/blobs/authentication/storage-troubleshoot-403-errors;
the other words are assumed.

A sweep compares its trials by what each has logged to MLflow, in the run that Azure ML made of it:
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-tune-hyperparameters#log-metrics-for-hyperparameter-tuning.
Here that is a store of MLflow's own in the files of the container, in place of the workspace's. That a trial is named
by the sweep and a number from 0 on is assumed.
"""

import json
import math
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from catalogue.access.azure import allowed
from catalogue.behaviour import values_at
from catalogue.errors import BadInput
from catalogue.kinds.azure import IDENTITY
from catalogue.kinds.azure import machinelearningservices_jobs as jobs
from catalogue.kinds.azure.jobs import JOB, slug_of
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT
from catalogue.kinds.azure.storage import CONTAINER
from catalogue.properties import Properties
from catalogue.registries import as_written
from examples.steps import azure as adapter
from examples.steps import contract
from sandbox.managed_network import leads_to
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.records import Record
from sandbox.training import Asked, Launch, RunFailed, Scoring, Searching, Steps, standing
from sandbox.training.container import Exit
from sandbox.training.search import Range, Search, Trial

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_MOUNTED = "/mnt/azureml"
SCORES = "scores"
"""The output of what scores."""


def trains(record: Record) -> bool:
    """Whether a schedule starts a job that takes no model, and is no step of a pipeline."""
    return record.type == jobs.SCHEDULE and jobs.trains(of_record(record).props) and not is_pipeline(record)


def is_pipeline(record: Record) -> bool:
    """Whether a schedule starts the steps of a pipeline of ours: each has one of its outputs. A training job has its
    output to itself, and so has a batch job.
    """
    if record.type != jobs.SCHEDULE:
        return False
    props = of_record(record).props
    outputs = [set(part.section_or_empty("outputs").names()) for job in jobs.jobs(props) for part in job.around]
    scores = not jobs.trains(props)
    return any(not names & {contract.OUTPUT, SCORES} for names in outputs if names or not scores)


def search(record: Record) -> Search | None:
    """The sweep of a training job."""
    found = [job for job in jobs.jobs(of_record(record).props) if job.kind == SWEEP]
    return _search_of(found[0].own) if len(found) == 1 else None


def _search_of(sweep: Properties) -> Search:
    space = sweep.section_or_empty("search_space")
    total, at_once = (
        int(sweep.number_or_none(f"limits.{at}") or 0) for at in ("max_total_trials", "max_concurrent_trials")
    )
    return Search(
        sweep.text_or_empty("objective.primary_metric"),
        sweep.text_or_empty("objective.goal") == "maximize",
        total,
        at_once,
        {name: _range(space.section_or_empty(name)) for name in space.names()},
    )


def _range(one: Properties) -> Range:
    """What a hyperparameter may be. The ends of a log scale are logarithms. Raises BadInput for a distribution that the
    sandbox does not draw from."""
    kind = one.text_or_empty("type")
    if kind == "choice":
        return Range(values=[str(value) for value in one.each("values")])
    if kind not in ("uniform", "loguniform"):
        raise BadInput(f"{one.at}: is {kind!r}, a distribution that the sandbox does not draw from")
    low, high = (one.number_or_none(at) or 0.0 for at in ("min_value", "max_value"))
    return Range(math.exp(low), math.exp(high), log=True) if kind == "loguniform" else Range(low, high)


SWEEP = "sweep"
_STORE = "mlruns"
_QUIET = "MLFLOW_DISABLE_TELEMETRY"
_LOGS = {adapter.TRACKING: _STORE, "MLFLOW_ALLOW_FILE_STORE": "true", _QUIET: "true"}
"""Where a container's MLflow records: in the folder that it starts in, and nowhere else."""


def _run_of(name: str) -> dict[str, bytes]:
    """The run that Azure ML makes of a job, as MLflow's store of files has it:
    https://github.com/mlflow/mlflow/blob/master/mlflow/store/tracking/file_store.py
    """
    every = {"artifact_location": "none", "artifact_uri": "none", "lifecycle_stage": "active", "name": "0"}
    run = {"run_id": name, "run_uuid": name, "run_name": name, "user_id": "", "status": 1, "start_time": 0}
    said: dict[str, Mapping[str, str | int | None]] = {f"/{_STORE}/0": {**every, "experiment_id": "0"}}
    said[f"/{_STORE}/0/{name}"] = {**every, **run, "experiment_id": "0", "end_time": None}
    return {f"{folder}/meta.yaml": json.dumps(one).encode() for folder, one in said.items()}


def _figure(name: str, metric: str) -> Callable[[Path, str], float | None]:
    """The last that was logged of a metric in the run of this name: a line has the time, the value and the step."""

    def read(root: Path, log: str) -> float | None:
        file = root / _STORE / "0" / name / "metrics" / metric
        said = file.read_text(encoding="utf-8").split("\n") if file.is_file() else []
        found = [float(line.split()[1]) for line in said if line]
        return found[-1] if found and not math.isnan(found[-1]) else None

    return read


def step_of(record: Record) -> jobs.Job:
    """The one step of a pipeline. Raises BadInput where there are several."""
    found = list(jobs.jobs(of_record(record).props))
    if len(found) != 1 or found[0].kind not in ("command", SWEEP) or not found[0].around:
        raise BadInput(f"{record.name}: starts {len(found)} jobs; the sandbox runs a pipeline of one command or sweep")
    return found[0]


def attempts(record: Record) -> int:
    """Azure ML tries nothing again that failed."""
    return 1


def hours(record: Record) -> float:
    """The time of the one step."""
    return (step_of(record).minutes_or_none() or 0) / 60


def launch(state: State, record: Record, run: float, attempt: int, trial: Trial | None = None) -> Launch:
    """The job of the step, whose name is the same however often a machine is taken from it, or a trial of a sweep."""
    step, name = step_of(record), _id(record, run)
    if trial is not None:
        return _trial(state, record, step, name, name, trial)
    return _launch(state, record, step, name, name)


def steps(state: State, record: Record, run: float) -> Steps:
    """The job of each step, as their names have it in a stack file. What reads a sweep reads its best trial:
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-use-sweep-in-pipeline

    A run goes on at a step that failed where its settings say so, with what does not read it:
    https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-job-pipeline (continue_on_step_failure)
    """
    props = of_record(record).props
    found, written = {slug_of(job.step): job for job in jobs.jobs(props)}, dict[str, str]()
    searches, id_ = dict[str, Searching](), _id(record, run)
    goes_on = f"{JOB}.settings.continue_on_step_failure"

    def starts(name: str) -> Launch | Searching | Scoring:
        job, called = found[name], _id(record, run, found[name].step)
        written.update({one: searches[one].found.output[1] for one in {*job.after.values()} & searches.keys()})
        if job.kind == SWEEP:
            before = dict(written)
            searches[job.step] = Searching(
                _search_of(job.own), lambda trial: _trial(state, record, job, id_, called, trial, before)
            )
            return searches[job.step]
        if job.scores:
            from sandbox import scoring  # with the containers of examples/, which no other step needs

            part = scoring.of_azure(state, record, job, called, written)
            written[job.step] = part.launch.output[1]
            return Scoring(called, lambda: scoring.done(state, record, part))
        launch = _launch(state, record, job, id_, called, written)
        written[job.step] = launch.output[1]
        return launch

    waits = {name: {slug_of(one) for one in job.after.values()} for name, job in found.items()}
    return Steps(waits, starts, stops=props.flag_or_none(goes_on) is not True)


def _id(record: Record, run: float, step: str = "") -> str:
    """The name of a job of a run, which Azure ML makes up."""
    return str(uuid5(NAMESPACE_URL, f"{record.id} {run} {step}".rstrip()))


_NONE: Mapping[str, str] = MappingProxyType({})


def _trial(
    state: State,
    record: Record,
    step: jobs.Job,
    run: str,
    name: str,
    trial: Trial,
    written: Mapping[str, str] = _NONE,
) -> Launch:
    """A trial of a sweep of that name, which has a time of its own and is told what it tries."""
    os.environ.setdefault(_QUIET, "true")
    import_module("mlflow")  # takes seconds, and each trial is a process that need not do it again
    metric, called = _search_of(step.own).metric, f"{name}_{trial.number - 1}"
    made = _launch(state, record, step, run, called, written, trial.values)
    hours = (step.own.number_or_none("limits.trial_timeout") or 0) / 3600
    return replace(made, hours=hours, figure=_figure(called, metric))


def _launch(
    state: State,
    record: Record,
    step: jobs.Job,
    run: str,
    name: str,
    written: Mapping[str, str] = _NONE,
    tried: Mapping[str, str] = _NONE,
) -> Launch:
    """The job of a step of that name, where the steps before it have written to these addresses, with the values that
    it tries."""
    said = component_of(state, record, step)
    environment = state.resources.get(ENVIRONMENT, str(said.get("environment", "")).removeprefix("azureml:"))
    if environment is None:
        raise BadInput(f"{record.name}: its component or the environment of that does not stand; bring it up first")
    found = {**mounted(step, name), **{f"inputs.{key}": written[before] for key, before in step.after.items()}}
    mounts = {key: (f"{_MOUNTED}/{name}/{key.replace('.', '/')}", uri) for key, uri in found.items()}
    folders = {key: folder for key, (folder, _) in mounts.items()}
    folders |= {f"inputs.{key}": value for key, value in tried.items()}
    words, variables = _words(str(said.get("command", "")), folders, run, record)
    try:
        image = str(environment.inputs["properties"]["image"])
        if said := unreached(state, record, image):
            raise RunFailed(f"{record.name}: the run failed\n{name}: {said}")
        return Launch(
            name=name,
            image=image,
            identity=runs_as(state, step),
            words=words,
            variables={
                adapter.REPLICAS: str(step.replicas()),
                "RANK": "0",
                **_LOGS,
                "MLFLOW_RUN_ID": name,
                **variables,
            },
            files=_run_of(name),
            folders=[f"/{_STORE}/0/{name}/{part}" for part in ("artifacts", "metrics", "params")],
            reads={folder: uri for key, (folder, uri) in mounts.items() if key.startswith("inputs.")},
            output=mounts[f"outputs.{contract.OUTPUT}"],
            keeps=mounts.get(f"outputs.{contract.CHECKPOINTS}"),
            hours=(step.minutes_or_none() or 0) / 60,
            spot=_is_spot(state, step),
        )
    except KeyError as error:
        raise BadInput(f"{record.name}: its step lacks what a run needs ({error})") from None


def mounted(step: jobs.Job, name: str) -> Mapping[str, str]:
    """The address of each input and output of a step, such as `inputs.data`, in a run of this name."""
    inputs, outputs = step.places("inputs"), step.places("outputs")
    found = (*((f"inputs.{key}", one) for key, one in inputs), *((f"outputs.{key}", one) for key, one in outputs))
    return {key: one.text_or_empty("uri").replace("${{name}}", name) for key, one in found}


def component_of(state: State, record: Record, step: jobs.Job) -> Mapping[str, Any]:
    """What the component of a step says. Raises BadInput where it does not stand."""
    component = state.resources.get(jobs.COMPONENT, step.component())
    if component is None:
        raise BadInput(f"{record.name}: its component or the environment of that does not stand; bring it up first")
    return component.inputs["properties"]["componentSpec"]


def unreached(state: State, record: Record, image: str) -> str:
    """What Azure ML says of a run whose machines have no way to the registry of their image; "" where they have one."""
    if leads_to(state, record.inputs.get("workspaceName"), image):
        return ""
    return f"Failed: Unable to pull {image}: the managed network of the workspace leads to no such registry"


def runs_as(state: State, step: jobs.Job) -> str:
    """The id of the identity of a step, or its client id where no such identity stands."""
    client = step.identity().text_or_empty("clientId") or step.identity().text_or_empty("client_id")
    identities = state.resources.find(type=IDENTITY)
    return next((one.id for one in identities if one.outputs.get("clientId") == client), client)


_STEPS = ["python", "-m", "examples.steps"]
"""How the image's program is started, where a step says it whole."""


def _words(command: str, folders: Mapping[str, str], run: str, record: Record) -> tuple[list[str], dict[str, str]]:
    """The words that a shell makes of the command, which must run the program `train` or a step of the image's, and the
    variables that it sets before. Raises BadInput.
    """
    filled = _EXPRESSION.sub(lambda found: folders.get(found[1], found[0]), command)
    try:
        words = [word.replace("$AZUREML_ROOT_RUN_ID", run) for word in shlex.split(filled)]
    except ValueError:
        words = []
    words, variables = words[1:] if words[:1] == ["exec"] else words, dict[str, str]()
    if words[:1] == ["env"]:
        words = words[1:]
        while words and "=" in words[0]:
            name, _, variables[name] = words.pop(0).partition("=")
    words = words[len(_STEPS) :] if words[: len(_STEPS)] == _STEPS else words if words[:1] == ["train"] else []
    if not words or any(_EXPRESSION.search(word) for word in words):
        raise BadInput(
            f"{record.name}: {command[:120]!r}: a command that the sandbox does not run; it runs `train` alone, and "
            f"`{' '.join(_STEPS)} STEP`"
        )
    return words, variables


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
    what = launch.words[0]
    return f"Failed: Execution failed. User process '{what}' exited with status code {ended.code}. {last}".rstrip()


def stopped(launch: Launch) -> str:
    """The limit of the step."""
    return f"Canceled: the job exceeded its time-out of {launch.hours:g} h"


def interrupted(launch: Launch) -> str:
    """Azure ML starts the job again by itself."""
    return "Azure took the machine of low priority; Azure ML starts the job again, with its folder of checkpoints"


def stored(launch: Launch, folder: Path) -> tuple[str, Path]:
    """The container wrote to the datastore itself."""
    return launch.output[1], folder
