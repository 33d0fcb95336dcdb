"""A run on Amazon SageMaker: the training job that a state machine's task makes, or the jobs of a pipeline's steps.

What the container finds, and what becomes of what it leaves: SageMaker developer guide, "Use your own training
algorithms", https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html. A request names the
bucket, and SageMaker reads and writes it as the job's role. How a job says that it failed is seen in
https://github.com/aws-samples/amazon-sagemaker-ml-pipeline-deploy-with-terraform/issues/12, a refusal is that of
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html, and the states of a job are those of
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html (SecondaryStatus).
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from catalogue.archives import archive
from catalogue.errors import BadInput
from catalogue.iam import Call, read_text, refusal
from catalogue.kinds.aws import pipelines, sfn
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.jobs import PIPELINE, SCORES, STATE_MACHINE, TRAINS, TUNES, Job, whole
from catalogue.kinds.aws.s3 import BUCKET_POLICY
from catalogue.kinds.aws.watched import watches
from catalogue.order import all_before
from catalogue.runs import RUN_VARIABLE
from examples.steps import sagemaker
from sandbox.dataplane.aws import session_of
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.records import Record
from sandbox.training import Asked, Launch, Scoring, Searching, Steps, standing
from sandbox.training.container import Exit, as_inside
from sandbox.training.intrinsics import filled
from sandbox.training.search import Range, Search, Trial

_ML = f"/{sagemaker.FOLDER}"
_ARCHIVE = "model.tar.gz"
_RETRIED = frozenset({"States.ALL", "States.TaskFailed"})


def trains(record: Record) -> bool:
    """Whether a state machine starts a training job, or a tuning job, whose trials are such."""
    return record.type == STATE_MACHINE and any(job.action in (TRAINS, TUNES) for job in _jobs(record))


def search(record: Record) -> Search | None:
    """The search of a tuning job."""
    job = _job(record)
    return _search_of(job) if job.action == TUNES else None


def _search_of(job: Job) -> Search:
    config = job.request.section_or_empty("HyperParameterTuningJobConfig")
    limits, objective = (config.section_or_empty(at) for at in ("ResourceLimits", "HyperParameterTuningJobObjective"))
    found = {
        one.text_or_empty("Name"): Range(
            one.number_or_none("MinValue") or 0.0,
            one.number_or_none("MaxValue") or 0.0,
            one.text_or_empty("ScalingType") == "Logarithmic",
            sort == "Integer",
        )
        for sort in ("Integer", "Continuous")
        for one in config.each_section(f"ParameterRanges.{sort}ParameterRanges")
    }
    for one in config.each_section("ParameterRanges.CategoricalParameterRanges"):
        found[one.text_or_empty("Name")] = Range(values=list(one.each_text("Values")))
    return Search(
        objective.text_or_empty("MetricName"),
        objective.text_or_empty("Type") == "Maximize",
        whole(limits, "MaxNumberOfTrainingJobs"),
        whole(limits, "MaxParallelTrainingJobs"),
        found,
    )


def _trial(record: Record, asked: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    """The training job that SageMaker makes of a tuning job's request for a trial: it is named by the tuning job, its
    number and eight letters of its own. Beside what it tries, the container is told the objective's name:
    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-monitor.html
    """
    name = str(asked["HyperParameterTuningJobName"])
    own = uuid5(NAMESPACE_URL, f"{record.id} {name} {trial.number}").hex[:8]
    objective = asked["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
    definition: Mapping[str, Any] = asked["TrainingJobDefinition"]
    told = {**definition["StaticHyperParameters"], **trial.values, "_tuning_objective_metric": objective}
    return {**definition, "TrainingJobName": f"{name}-{trial.number:03}-{own}", "HyperParameters": told}


def _figure(asked: Mapping[str, Any]) -> Callable[[Path, str], float | None]:
    """The last of what the metric's expression finds in the log.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-metrics-variables.html
    """
    (metric,) = asked["AlgorithmSpecification"]["MetricDefinitions"]

    def read(root: Path, log: str) -> float | None:
        found = re.findall(metric["Regex"], log)
        return float(found[-1]) if found else None

    return read


def _jobs(record: Record) -> list[Job]:
    return list(sfn.jobs(of_record(record).props))


def _job(record: Record) -> Job:
    """The one job of a state machine, which a run of the sandbox starts. Raises BadInput where there are several."""
    found = _jobs(record)
    if len(found) != 1:
        raise BadInput(f"{record.name}: starts {len(found)} jobs; the sandbox runs a state machine that starts one")
    return found[0]


def attempts(record: Record) -> int:
    """How often the task is tried: once, and as often as it retries a task that failed, which is thrice unless said.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    retriers = [one for one in _job(record).task.each_section("Retry") if _RETRIED & set(one.each_text("ErrorEquals"))]
    most = [one.number_or_none("MaxAttempts") for one in retriers[:1]]
    return 1 + sum(3 if one is None else int(one) for one in most)


def hours(record: Record) -> float:
    """The state machine's own time-out."""
    return sfn.longest_hours(of_record(record).props)


def launch(state: State, record: Record, run: float, attempt: int, trial: Trial | None = None) -> Launch:
    """The training job of an attempt, or of a trial of it, whose input names the time of its run as a schedule does."""
    given = {"run": datetime.fromtimestamp(run, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    asked: dict[str, Any] = filled(
        _job(record).request.values, given, {"Execution": {"RedriveCount": 0}, "State": {"RetryCount": attempt}}
    )
    if trial is not None:
        asked = _trial(record, asked, trial)
    return _training(record, asked, str(asked.get("TrainingJobName", "")), searches=trial is not None)


def _training(
    record: Record,
    asked: Mapping[str, Any],
    name: str,
    told: Mapping[str, str] | None = None,
    searches: bool = False,
) -> Launch:
    """The container of a training job, as SageMaker starts it; `told` are the variables that a step has beside."""
    try:
        role = str(asked["RoleArn"])
        channels = {
            str(one["ChannelName"]): str(one["DataSource"]["S3DataSource"]["S3Uri"]) for one in asked["InputDataConfig"]
        }
        kept: Mapping[str, Any] | None = asked.get("CheckpointConfig")
        count = int(asked["ResourceConfig"]["InstanceCount"])
        return Launch(
            name=name,
            image=str(asked["AlgorithmSpecification"]["TrainingImage"]),
            identity=role,
            words=["train"],
            variables={
                sagemaker.JOB: name,
                "TRAINING_JOB_ARN": f"arn:aws:sagemaker:{record.region}:{record.account}:training-job/{name}",
                **(told or {}),
            },
            reads={f"{_ML}/input/data/{channel}": uri for channel, uri in channels.items()},
            output=(
                f"{_ML}/model",
                f"{asked['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output/{_ARCHIVE}",
            ),
            keeps=(str(kept.get("LocalPath", f"{_ML}/checkpoints")), str(kept["S3Uri"])) if kept else None,
            hours=int(asked["StoppingCondition"]["MaxRuntimeInSeconds"]) / 3600,
            spot=bool(asked.get("EnableManagedSpotTraining")),
            files={
                f"{_ML}/input/config/{file}.json": json.dumps(said).encode()
                for file, said in (
                    ("hyperparameters", asked.get("HyperParameters", {})),
                    ("inputdataconfig", {channel: {"TrainingInputMode": "File"} for channel in channels}),
                    ("resourceconfig", _cluster(count)),
                )
            },
            folders=[f"{_ML}/output/data"],
            figure=_figure(asked) if searches else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{record.name}: its request for a training job lacks what SageMaker needs ({error})") from None


def is_pipeline(record: Record) -> bool:
    """Whether what stands is a pipeline, whose steps a run does one after the other."""
    return record.type == PIPELINE


_PROGRAM = ["python", "-m", "examples.steps"]


def steps(state: State, record: Record, run: float) -> Steps:
    """The jobs of a run of a pipeline, by the names of its steps.

    The id of the run is SageMaker's to make up, and so is the end of each job's name ("Customize access management for
    Pipelines jobs", https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html). The words of a
    program are those after `python -m examples.steps`. That none begins once one has failed no setting of SageMaker's
    changes.
    """
    id_, props = hashlib.sha256(f"{record.id} {run}".encode()).hexdigest()[:12], of_record(record).props
    found, waits = {step.text_or_empty("Name"): step for step in pipelines.steps(props)}, pipelines.waits(props)
    if found.keys() != waits.keys():
        raise BadInput(f"{record.name}: two of its steps have one name, so that nobody can tell which waits for which")
    archives, searches = dict[str, str](), dict[str, Searching]()

    def starts(name: str) -> Launch | Searching | Scoring:
        step, called = found[name], pipelines.call_of(found[name])
        ended = [one for one in searches if one in before[name]]
        best = {f"Steps.{one}.BestTrainingJob.TrainingJobName": searches[one].found.name for one in ended}
        asked: Mapping[str, Any] = _filled(step.section_or_empty("Arguments").values, id_, {**archives, **best})
        if called == TRAINS:
            job = f"{asked.get('TrainingJobName', 'pipelines')}-{id_}-{name[:8]}-0"
            launched = _training(record, asked, job, _told(asked))
            archives[f"Steps.{name}.ModelArtifacts.S3ModelArtifacts"] = launched.output[1]
            return launched
        if called == TUNES:
            tunes = next(one for one in pipelines.jobs(props) if one.state == name)
            searches[name] = Searching(_search_of(tunes), _trial_of_a_step(record, asked, id_, name))
            return searches[name]
        if called == SCORES:
            return _scoring(state, record, name, asked, id_)
        if called == "createProcessingJob":
            return _processing(record, asked, f"{asked.get('ProcessingJobName', 'pipelines')}-{id_}-{name[:8]}-0")
        raise BadInput(f"{record.name}: the sandbox runs no step of the type {step.text_or_empty('Type')} ({name})")

    before = all_before(waits)
    return Steps(waits, starts)


def _scoring(state: State, record: Record, step: str, asked: Mapping[str, Any], id_: str) -> Scoring:
    """The transform job of a step. One that is armed to overrun, by the names of pipeline and step, is stopped by what
    stands and looks for it by the clock (catalogue/kinds/aws/watched.py), and by nothing where that is gone.
    """
    from sandbox import scoring  # with the containers of examples/, which no other step needs

    token = hashlib.sha256(step.encode()).hexdigest()[:8]
    name = f"{asked.get('TransformJobName', 'pipelines')}-{id_}-{token}-0"
    if state.faults.take(["job-overruns"], record.type, f"{record.name}-{step}") is None:
        part = scoring.of_transform(state, record, asked, name)
        return Scoring(name, lambda: scoring.done(state, record, part))
    (job,) = (one for one in pipelines.jobs(of_record(record).props) if one.state == step)
    stopping = [watch for watch in watches(standing(state, "aws")) if watch.stops(job)]
    if not stopping:
        return Scoring(name, lambda: ("InProgress, and nothing that stands stops it", "failed"), _WEEK)
    first = min(stopping, key=lambda watch: watch.hours)
    said = f"Stopped, by {first.machine.name} after {first.hours:g} h"
    return Scoring(name, lambda: (said, "failed"), first.hours * 3600)


_WEEK = 7 * 24 * 3600.0
"""How long a sandbox waits for a job that nothing stops, before it says so."""


def _trial_of_a_step(record: Record, asked: Mapping[str, Any], id_: str, step: str) -> Callable[[Trial], Launch]:
    """The container of each trial of a step that searches. Pipelines makes the name of its tuning job."""
    named = {**asked, "HyperParameterTuningJobName": f"{asked.get('HyperParameterTuningJobName')}-{id_}-{step[:8]}-0"}

    def launch(trial: Trial) -> Launch:
        made = _trial(record, named, trial)
        return _training(record, made, str(made["TrainingJobName"]), _told(made), searches=True)

    return launch


def _told(asked: Mapping[str, Any]) -> dict[str, str]:
    """What a step tells its container beside."""
    return {str(key): str(value) for key, value in asked.get("Environment", {}).items() if key == RUN_VARIABLE}


def _filled(value: Any, run: str, answers: Mapping[str, str]) -> Any:
    """The arguments of a step with what a run says in them: its id, and what is answered of the jobs of the steps
    before."""
    if isinstance(value, list):
        return [_filled(one, run, answers) for one in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    said = cast("Mapping[str, Any]", value)
    if "Std:Join" in said:
        return str(said["Std:Join"].get("On", "")).join(
            _filled(one, run, answers) for one in said["Std:Join"]["Values"]
        )
    if "Get" not in said:
        return {key: _filled(one, run, answers) for key, one in said.items()}
    known = {**answers, "Execution.PipelineExecutionId": run}
    if said["Get"] not in known:
        raise BadInput(f"found {said['Get']!r} in the definition of a pipeline, of which the sandbox knows nothing")
    return known[said["Get"]]


def _processing(record: Record, asked: Mapping[str, Any], name: str) -> Launch:
    """The container of a processing job, https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html"""
    try:
        app, (output,) = asked["AppSpecification"], asked["ProcessingOutputConfig"]["Outputs"]
        program = [str(word) for word in app["ContainerEntrypoint"]]
        if program[:3] != _PROGRAM:
            raise BadInput(
                f"{record.name}: starts {' '.join(program)[:80]}; the sandbox runs `{' '.join(_PROGRAM)}` alone"
            )
        return Launch(
            name=name,
            image=str(app["ImageUri"]),
            identity=str(asked["RoleArn"]),
            words=[*program[3:], *(str(word) for word in app["ContainerArguments"])],
            variables={
                "AWS_REGION": record.region,
                **{str(key): str(value) for key, value in asked.get("Environment", {}).items()},
            },
            reads={str(one["S3Input"]["LocalPath"]): str(one["S3Input"]["S3Uri"]) for one in asked["ProcessingInputs"]},
            output=(str(output["S3Output"]["LocalPath"]), str(output["S3Output"]["S3Uri"])),
            keeps=None,
            hours=int(asked["StoppingCondition"]["MaxRuntimeInSeconds"]) / 3600,
            spot=False,
            files={f"{_ML}/config/resourceconfig.json": json.dumps(_cluster(1)).encode()},
            folders=[f"{_ML}/output"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{record.name}: its request for a processing job lacks what SageMaker needs ({error})"
        ) from None


def _cluster(count: int) -> dict[str, Any]:
    hosts = [f"algo-{number}" for number in range(1, count + 1)]
    return {"current_host": hosts[0], "hosts": hosts, "network_interface_name": "eth0"}


def refused(state: State, launch: Launch, asked: Asked) -> str:
    """By the policies of the job's role and the bucket's. From which network S3 is asked is not known here."""
    role = next((one for one in state.resources.find(type=ROLE) if one.outputs.get("arn") == launch.identity), None)
    if role is None:
        return f"ValidationException: Could not assume role {launch.identity}. Please ensure that the role exists"
    bucket, key = urlsplit(asked.address).netloc, urlsplit(asked.address).path.removeprefix("/")
    action = {"list": "s3:ListBucket", "read": "s3:GetObject", "write": "s3:PutObject"}[asked.does]
    arn = f"arn:aws:s3:::{bucket}" if asked.does == "list" else f"arn:aws:s3:::{bucket}/{key}"
    unknown = ("aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp", "aws:SourceIp", "aws:PrincipalOrgID")
    sealed = ("s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id")
    brings = {
        **dict.fromkeys((*unknown, *(sealed if asked.does == "write" else ())), ""),
        "aws:ResourceAccount": role.account,
        "aws:RequestedRegion": launch.variables.get("AWS_REGION") or launch.variables["TRAINING_JOB_ARN"].split(":")[3],
        "aws:SecureTransport": "true",
        **({"s3:prefix": key} if asked.does == "list" else {}),
    }
    policies = [one for one in state.resources.find(type=BUCKET_POLICY) if one.inputs.get("bucket") == bucket]
    there = [said for one in policies for said in read_text(str(one.inputs.get("policy") or ""))]
    if not (why := refusal(session_of(state, role), Call(action, arn, brings), there)):
        return ""
    return (
        f"Failed: ClientError: User: arn:aws:sts::{role.account}:assumed-role/{launch.identity.rpartition('/')[2]}/"
        f"SageMaker is not authorized to perform: {action} on resource: {arn} because {why}"
    )


def failed(launch: Launch, ended: Exit, root: Path) -> str:
    """What the container left in /opt/ml/output/failure, and its exit code."""
    why = root / sagemaker.FOLDER / "output" / "failure"
    said = why.read_text(encoding="utf-8", errors="replace").strip() if why.is_file() else ""
    return f"Failed: AlgorithmError: {as_inside(root, said)}, exit code: {ended.code}"


def stopped(launch: Launch) -> str:
    """A job that is stopped is none that failed; the state machine, which asks for its status, fails."""
    return f"Stopped: MaxRuntimeExceeded, after {launch.hours:g} h"


def interrupted(launch: Launch) -> str:
    """Managed Spot training goes on by itself, https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html"""
    return "Interrupted: SageMaker took the Spot instance, and starts the container anew with its checkpoints"


def stored(launch: Launch, folder: Path) -> tuple[str, Path]:
    """SageMaker makes an archive of /opt/ml/model, and puts what a program wrote where it is to be, file by file."""
    if not launch.output[1].endswith(_ARCHIVE):
        return launch.output[1], folder
    kept = folder.with_name(_ARCHIVE)
    with kept.open("wb") as to:
        archive(folder, (one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()), to)
    return launch.output[1], kept
