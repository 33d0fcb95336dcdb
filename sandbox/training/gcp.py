"""A run on Vertex AI: the custom job that the call of a workflow makes, or those of the steps of a pipeline job.

Vertex AI mounts Cloud Storage below /gcs, and says by variables where the job's own folder is:
https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system,
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec (baseOutputDirectory). How a job says that its
container failed is seen in https://github.com/GoogleCloudPlatform/vertex-ai-samples/issues/1898. What it says of one
that ran too long is assumed, and so is that a job on Spot machines goes on when one is taken: that Vertex AI restarts a
replica is at https://cloud.google.com/vertex-ai/docs/training/understanding-training-service, of other reasons.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

from catalogue.access.gcp import allowed
from catalogue.best_trial import BEST
from catalogue.errors import BadInput
from catalogue.kinds.gcp import WORKFLOW, workflows
from catalogue.kinds.gcp.workflows import in_the_run
from catalogue.properties import Properties
from catalogue.vertex_jobs import PIPELINE, SCORES, TUNES
from examples.steps import contract, vertex
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.records import Record
from sandbox.training import Asked, Launch, RunFailed, Scoring, Searching, Steps, standing
from sandbox.training.container import Exit
from sandbox.training.search import Range, Search, Trial

_TRIED = re.compile(r"\$\{\w+ >= ([0-9]+)\}")
"""The condition by which a workflow gives up after so many attempts."""


def trains(record: Record) -> bool:
    """Whether a workflow starts a custom job that is a run by itself, or a search, whose trials are such."""
    return record.type == WORKFLOW and any(job.trains and not job.step for job in _jobs(record))


def is_pipeline(record: Record) -> bool:
    """Whether a workflow runs a pipeline."""
    return record.type == WORKFLOW and any(job.kind == PIPELINE for job in _jobs(record))


def search(record: Record) -> Search | None:
    """The study of a hyperparameter tuning job."""
    found = [job for job in _jobs(record) if job.kind == TUNES]
    return _search_of(found[0]) if len(found) == 1 else None


def _search_of(job: workflows.Job) -> Search:
    study = job.body.section_or_empty("studySpec")
    (metric,) = study.each_section("metrics")
    total, at_once = (int(job.body.number_or_none(at) or 0) for at in ("maxTrialCount", "parallelTrialCount"))
    ranges = {one.text_or_empty("parameterId"): _range(one) for one in study.each_section("parameters")}
    maximize = metric.text_or_empty("goal") == "MAXIMIZE"
    return Search(metric.text_or_empty("metricId"), maximize, total, at_once, ranges)


def _range(one: Properties) -> Range:
    integer = one.is_given("integerValueSpec")
    ends = one.section_or_empty("integerValueSpec" if integer else "doubleValueSpec")
    low, high = (ends.number_or_none(path) or 0.0 for path in ("minValue", "maxValue"))
    values = list(one.each_text("categoricalValueSpec.values"))
    return Range(low, high, one.text_or_empty("scaleType") == "UNIT_LOG_SCALE", integer, values)


def _figure(metric: str) -> Callable[[Path, str], float | None]:
    """The last line of the file in which cloudml-hypertune leaves figures."""

    def read(root: Path, log: str) -> float | None:
        file = root / vertex.USUAL.removeprefix("/")
        said = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
        found = [one[metric] for one in said if metric in one]
        return float(found[-1]) if found else None

    return read


def _jobs(record: Record) -> list[workflows.Job]:
    return list(workflows.jobs(of_record(record).props))


def attempts(record: Record) -> int:
    """How many attempts the workflow counts to; one where it counts none."""
    counted = [found[1] for text in workflows.texts(of_record(record).props) if (found := _TRIED.fullmatch(text))]
    return max(map(int, counted), default=1)


def hours(record: Record) -> float:
    """The deadline that the workflow gives itself."""
    return max(workflows.deadlines(of_record(record).props), default=0) / 3600


def launch(state: State, record: Record, run: float, attempt: int, trial: Trial | None = None) -> Launch:
    """The custom job of an attempt, or of a trial of it, which has a folder of its number. The id of the run is that of
    its execution, the same for each attempt.
    """
    found, id_ = _jobs(record), _id(record, run)
    if len(found) != 1:
        raise BadInput(f"{record.name}: starts {len(found)} jobs; the sandbox runs a workflow that starts one")
    tried = f"/{trial.number}" if trial is not None else ""
    return _launch(record, found[0], id_, f"{record.name}-{id_}-{attempt}{tried}", trial)


def steps(state: State, record: Record, run: float) -> Steps:
    """The jobs of a run of a pipeline, by the names of its steps. The words of a program are those after `python -m
    examples.steps`; a training job has its arguments alone. The launcher of a step that reads a search puts the number
    of the best trial into them (catalogue/best_trial.py).
    """
    all_jobs, id_ = _jobs(record), _id(record, run)
    found, searches = {job.step: job for job in all_jobs if job.step}, dict[str, Searching]()
    for job in (one for one in all_jobs if one.kind == PIPELINE):
        who, root = (job.body.text_or_empty(at) for at in ("serviceAccount", "runtimeConfig.gcsOutputDirectory"))
        if said := _refused_on_bucket(state, who, root):
            raise RunFailed(f"{record.name}: Failed to create pipeline job. Error: {said}")
    policies = [one.body.text_or_empty("runtimeConfig.failurePolicy") for one in all_jobs if one.kind == PIPELINE]

    def starts(step: str) -> Launch | Searching | Scoring:
        job, name = found[step], f"{record.name}-{step}-{id_}"
        if job.kind == SCORES:
            from sandbox import scoring  # with the containers of examples/, which no other step needs

            return Scoring(name, lambda: scoring.done(state, record, scoring.of_vertex(state, record, job, name, id_)))
        if job.kind == TUNES:
            searches[step] = Searching(_search_of(job), _trial_of(record, job, id_, name))
            return searches[step]
        best = dict[str, str]()
        for one in job.after & searches.keys():
            prefix = found[one].spec.text_or_empty("baseOutputDirectory.outputUriPrefix")
            folder = _folder(str(_filled(prefix, id_, record)))
            best[f"{folder}{BEST}/"] = f"{folder}{searches[one].found.variables[vertex.TRIAL]}/"
        return _launch(record, job, id_, name, best=best)

    waits = {step: job.after for step, job in found.items()}
    return Steps(waits, starts, stops=policies == ["PIPELINE_FAILURE_POLICY_FAIL_FAST"])


def _trial_of(record: Record, job: workflows.Job, id_: str, name: str) -> Callable[[Trial], Launch]:
    """The container of each trial of a step that searches."""
    return lambda trial: _launch(record, job, id_, f"{name}/{trial.number}", trial)


def _id(record: Record, run: float) -> str:
    return str(uuid5(NAMESPACE_URL, f"{record.id} {run}"))


_PROGRAM = ["python", "-m", "examples.steps"]


def _launch(
    record: Record,
    job: workflows.Job,
    id_: str,
    name: str,
    trial: Trial | None = None,
    best: Mapping[str, str] = MappingProxyType({}),
) -> Launch:
    """The container of a custom job's chief, as Vertex AI starts it. `best` has the folders of best trials, by what
    stands for them."""
    spec: Mapping[str, Any] = _filled(job.spec.values, id_, record)
    searched = _search_of(job) if trial is not None else None
    try:
        pools = spec["workerPoolSpecs"]
        run_by: Mapping[str, Any] = pools[0]["containerSpec"]
        command, words = [str(word) for word in run_by.get("command", ())], [str(word) for word in run_by["args"]]
        for folder, number in best.items():
            words = [word.replace(folder, number) for word in words]
        if command and (not job.step or command[:3] != _PROGRAM):
            raise BadInput(
                f"{record.name}: starts {' '.join(command)[:80]}; the sandbox runs `{' '.join(_PROGRAM)}` alone, and a "
                "training job by its image's own entry point"
            )
        base = str(spec["baseOutputDirectory"]["outputUriPrefix"])
        if trial is not None:
            words += [f"--{name}={value}" for name, value in trial.values.items()]
            base = f"{base}{trial.number}/"
        own = contract.words_of(words)
        variables = {
            vertex.MODEL: f"{base}model/",
            vertex.KEPT: f"{base}checkpoints/",
            "AIP_TENSORBOARD_LOG_DIR": f"{base}logs/",
            vertex.CLUSTER: json.dumps(_cluster([int(pool["replicaCount"]) for pool in pools])),
            **({vertex.TRIAL: str(trial.number)} if trial is not None else {}),
            **{str(one["name"]): str(one["value"]) for one in run_by.get("env", ())},
        }
        written = (contract.OUTPUT, contract.CHECKPOINTS)
        output, kept = own.get(contract.OUTPUT, variables[vertex.MODEL]), own.get(contract.CHECKPOINTS)
        kept = kept or variables[vertex.KEPT]
        return Launch(
            name=name,
            image=str(run_by["imageUri"]),
            identity=str(spec["serviceAccount"]),
            words=[*command[3:], *words],
            variables=variables,
            reads={
                value: _address(value)
                for name, value in own.items()
                if name not in written and value.startswith(_MOUNT)
            },
            output=(_folder(output), _address(output)),
            keeps=(_folder(kept), _address(kept)),
            hours=int(str(spec["scheduling"]["timeout"]).removesuffix("s")) / 3600,
            spot=spec["scheduling"].get("strategy") == "SPOT",
            figure=_figure(searched.metric) if searched is not None else None,
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadInput(f"{record.name}: its custom job lacks what Vertex AI needs ({error})") from None


_MOUNT = "/gcs/"


def _address(place: str) -> str:
    return f"gs://{place.removeprefix(_MOUNT)}" if place.startswith(_MOUNT) else place


def _folder(place: str) -> str:
    return f"{_MOUNT}{place.removeprefix('gs://')}" if place.startswith("gs://") else place


def _filled(value: Any, run: str, record: Record) -> Any:
    """A part of the job in which each expression has its value in this run. Raises BadInput for one not read."""
    if isinstance(value, list):
        return [_filled(one, run, record) for one in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return {key: _filled(one, run, record) for key, one in cast("Mapping[str, Any]", value).items()}
    if not isinstance(value, str):
        return value
    if (said := in_the_run(value, run)).startswith("${"):
        raise BadInput(f"{record.name}: {said[:120]!r}: an expression of a workflow that the sandbox does not read")
    return said


def _cluster(counts: list[int]) -> dict[str, Any]:
    pools = {
        f"workerpool{pool}": [f"cmle-training-workerpool{pool}-{replica}:2222" for replica in range(count)]
        for pool, count in enumerate(counts)
    }
    return {"cluster": pools, "task": {"type": "workerpool0", "index": 0}, "environment": "cloud"}


_OF_BUCKETS = ("storage.buckets.get", "storage.objects.get", "storage.objects.create")
"""What Vertex AI asks the bucket itself for, as the account of a pipeline job and as that of a training job:
https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/pipelines/configure-project,
https://github.com/googleapis/python-aiplatform/blob/main/google/cloud/aiplatform/utils/gcs_utils.py. That it asks the
second as an account of one's own, and not as its own agent alone, is assumed.
"""


def _refused_on_bucket(state: State, account: str, address: str) -> str:
    bucket, project = address.removeprefix("gs://").partition("/")[0], account.partition("@")[2].partition(".")[0]
    graph, who = standing(state, "gcp"), [f"serviceAccount:{account}"]
    if all(allowed(graph, who, right, f"projects/_/buckets/{bucket}", project) for right in _OF_BUCKETS):
        return ""
    return (
        f"Service account `{account}` does not have `[{', '.join(_OF_BUCKETS)}]` IAM permission(s) to the bucket "
        f'"{bucket}". Please either copy the files to the Google Cloud Storage bucket owned by your project, or grant '
        "the required IAM permission(s) to the service account."
    )


def refused(state: State, launch: Launch, asked: Asked) -> str:
    """By the grants to the job's service account. Where a container is told of folders below /gcs, the whole bucket is
    mounted before anything in it is asked for.
    """
    bucket, _, path = asked.address.removeprefix("gs://").partition("/")
    right = {"list": "storage.objects.list", "read": "storage.objects.get", "write": "storage.objects.create"}
    on = f"projects/_/buckets/{bucket}" + ("" if asked.does == "list" else f"/objects/{path}")
    project = launch.identity.partition("@")[2].partition(".")[0]
    graph = standing(state, "gcp")
    mount, who = (right["list"], f"projects/_/buckets/{bucket}", ""), [f"serviceAccount:{launch.identity}"]
    mounts = any(told.startswith(_MOUNT) for told in launch.reads)
    for permission, thing, prefix in (*([mount] if mounts else []), (right[asked.does], on, path)):
        if not allowed(graph, who, permission, thing, project, prefix):
            return (
                f"JOB_STATE_FAILED: {launch.identity} does not have {permission} access to the Google Cloud Storage "
                f"object. Permission '{permission}' denied on resource (or it may not exist): {asked.address}"
            )
    # A batch prediction job, which has no container of its own, is not said to ask the bucket itself.
    asks = asked.does == "write" and bool(launch.image)
    said = _refused_on_bucket(state, launch.identity, asked.address) if asks else ""
    return f"JOB_STATE_FAILED: Unable to start training due to the following error: {said}" if said else ""


def failed(launch: Launch, ended: Exit, root: Path) -> str:
    """The exit code of the replica, and the end of its log."""
    last = "".join(ended.log.strip().splitlines()[-1:])
    return (
        f"JOB_STATE_FAILED: The replica workerpool0-0 exited with a non-zero status of {ended.code}. Termination "
        f"reason: Error. {last}".rstrip()
    )


def stopped(launch: Launch) -> str:
    """The job has a timeout of its own, within the workflow's deadline."""
    return f"JOB_STATE_FAILED: the job ran longer than its timeout of {launch.hours:g} h"


def interrupted(launch: Launch) -> str:
    """The job goes on."""
    return "Google took the Spot VM; Vertex AI starts the replica anew, with what lies in its folder of checkpoints"


def stored(launch: Launch, folder: Path) -> tuple[str, Path]:
    """The container wrote to the bucket itself."""
    return launch.output[1], folder
