"""The simulated batch services: a run of a batch job that stands scores for real, where its model is the example's.

A run is what the definition that stands says, read again: each transform job of the state machine, the batch prediction
job of the workflow, the step of the schedule; of a pipeline the same at its turn. The service reads the files that the
sandbox's stores hold as the identity of the definition, has the example's container answer as that cloud does, and puts
the scores into the run's folder. The sandbox runs the container and the model of examples/ alone, by their digests: a
run of others is `assumed`.

What a service does where a part fails: SageMaker scores the other files, and the job fails (TransformOutput,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformOutput.html); Vertex AI writes an error for each
record, and the job has succeeded in part (JobState,
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/JobState); on Azure ML the step itself goes on and then fails
(components/azure/batch.py). The names of Vertex AI's files are those of
https://cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast
from uuid import NAMESPACE_URL, uuid5

import httpx

from catalogue.errors import BadInput
from catalogue.kinds.aws import sfn
from catalogue.kinds.aws.sagemaker import MODEL as SERVED_MODEL
from catalogue.kinds.azure.jobs import Job
from catalogue.kinds.gcp import workflows
from catalogue.kinds.gcp.workflows import in_the_run
from catalogue.platforms import Platform
from catalogue.properties import Unreadable
from catalogue.registries import as_written
from examples.pack import MODEL, digest_of
from examples.serving.predictor import BadRequest, Predictor, load, rows_of_csv
from sandbox import training
from sandbox.dataplane import TIMEOUT, Served, aws, azure, gcp, running, strange
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.records import Record
from sandbox.training import Asked, Launch, RunFailed, below, lay_one
from sandbox.training import azure as azure_runs
from sandbox.training.intrinsics import filled


@dataclass(frozen=True)
class Part:
    """One job of a run: what it runs as, reads and writes, what serves it, and the format of what it reads."""

    launch: Launch
    served: Served
    format: str


def run(state: State, record: Record) -> str:
    """Score what the batch job of a state machine, workflow or schedule reads. Returns what its service says, a line a
    job.

    Raises RunFailed where a part was not scored, and BadInput for a format that the example's container does not read.
    """
    lines = list[str]()
    try:
        parts = list(_PARTS[record.platform](state, record, state.clock.now()))
    except (BadInput, Unreadable, KeyError, TypeError) as error:
        return f"the sandbox does not read what it is ({error}); it ends as `assumed`, and nothing was scored"
    for part in parts:
        said, end = done(state, record, part)
        lines.append(_said(state, record, part, said))
        if end == "assumed":
            return lines[-1]
        state.clock.move(training.STARTING)
        if end == "failed":
            raise RunFailed("\n".join([f"{record.name}: the run failed", *lines]))
    return "\n".join(lines)


def done(state: State, record: Record, part: Part) -> tuple[str, Literal["done", "failed", "assumed"]]:
    """Do one job. Returns what its service says, and how it ended."""
    if why := strange(state, cast(Platform, record.platform), part.served):
        return f"{why}; the run ends as `assumed`, and nothing was scored", "assumed"
    for asked in _asks(state, part):
        if refused := training.of(record).refused(state, part.launch, asked):
            return refused, "failed"
    if lost := [one for one in _all(state, part) if state.content.kept(state.account.digest(one)) is None]:
        why = f"the sandbox has not kept what lies at {lost[0]}; `sandbox upload {lost[0]} CONTENT` says what it is"
        return f"{why}; the run ends as `assumed`, and nothing was scored", "assumed"
    with TemporaryDirectory(prefix="mlplatform-scoring-") as scratch:
        failed = _score(state, record, part, Path(scratch))
    places = ", ".join(map(as_written, part.launch.reads.values()))
    said = f"scored {places} to {as_written(part.launch.output[1])} as {part.launch.identity}"
    return failed or said, "failed" if failed else "done"


def _said(state: State, record: Record, part: Part, said: str) -> str:
    state.journal.note("invoke", record.type, record.name, record.id, part.launch.name, said)
    return f"{part.launch.name}: {said}"


def _asks(state: State, part: Part) -> Iterator[Asked]:
    for address in part.launch.reads.values():
        yield Asked("list", address)
        yield from (Asked("read", one) for one in below(state, address))
    yield Asked("write", part.launch.output[1])


def _all(state: State, part: Part) -> list[str]:
    return [one for address in part.launch.reads.values() for one in below(state, address)]


def _score(state: State, record: Record, part: Part, scratch: Path) -> str:
    """Score all files, and put what there is of scores into the stores. Returns what failed; "" for nothing."""
    data, scores = scratch / "data", scratch / "scores"
    scores.mkdir()
    for name, address in part.launch.reads.items():
        for one in below(state, address):
            lay_one(state, one, as_written(address), data / name)
    failed = _SCORES[record.platform](part, data, scores)
    if any(scores.iterdir()):
        digest = digest_of(scores)
        state.content.keep(digest, scores)
        state.account.upload(part.launch.output[1], digest)
    return failed


def _files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# ---- Amazon SageMaker ------------------------------------------------------------------------------------------------


def _aws(state: State, record: Record, began: float) -> Iterator[Part]:
    """The transform jobs, one after the other, of a run that a schedule starts at this time."""
    given = {"run": datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    context = {"Execution": {"RedriveCount": 0}, "State": {"RetryCount": 0}}
    for job in sfn.jobs(of_record(record).props):
        asked: dict[str, Any] = filled(job.request.values, given, context)
        yield of_transform(state, record, asked, str(asked["TransformJobName"]))


def of_transform(state: State, record: Record, asked: Mapping[str, Any], name: str) -> Part:
    """A transform job of that name, of a run by itself or as a step of a pipeline."""
    model = state.resources.get(SERVED_MODEL, str(asked["ModelName"]))
    launch = _launch(
        name,
        str(model.inputs.get("executionRoleArn", "")) if model else "",
        {"": str(asked["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])},
        str(asked["TransformOutput"]["S3OutputPath"]),
        {"TRAINING_JOB_ARN": f"arn:aws:sagemaker:{record.region}:{record.account}:transform-job/{name}"},
    )
    return Part(launch, aws.of_model(model), str(asked["TransformInput"]["ContentType"]))


def _whole_files(part: Part, data: Path, scores: Path) -> str:
    """A request a file, for no file of the example's is larger than one holds."""
    lost = list[str]()
    with running(aws.container(part.served.route)) as address:
        for file in _files(data):
            inside, told = file.relative_to(data), {"Content-Type": part.format}
            answer = _post(f"{address}{part.served.route}", file.read_bytes(), told)
            if answer.status_code == 200:
                _put(scores / f"{inside}.out", f"{answer.text}\n")
            else:
                lost.append(f"{inside}: Bad HTTP status received from algorithm: {answer.status_code} {answer.text}")
    return f"Failed: AlgorithmError: {'; '.join(lost)}" if lost else ""


# ---- Vertex AI -------------------------------------------------------------------------------------------------------


def _gcp(state: State, record: Record, began: float) -> Iterator[Part]:
    """The one batch prediction job of an execution."""
    id_ = str(uuid5(NAMESPACE_URL, f"{record.id} {began}"))
    for job in workflows.jobs(of_record(record).props):
        yield of_vertex(state, record, job, f"{record.name}-{id_}-0", id_)


def of_vertex(state: State, record: Record, job: workflows.Job, name: str, run: str) -> Part:
    """A batch prediction job of that name in a run, alone or as a step of a pipeline."""
    written = in_the_run(job.body.text_or_empty(workflows.SCORED_TO), run)
    at = datetime.fromtimestamp(state.clock.now(), UTC).strftime("%Y_%m_%dT%H_%M_%S")
    uris = [in_the_run(uri.partition("*")[0], run) for uri in job.body.each_text("inputConfig.gcsSource.uris")]
    launch = _launch(
        name,
        job.body.text_or_empty("serviceAccount"),
        {str(number): uri for number, uri in enumerate(uris)},
        f"{written}prediction-{record.name}-{at}/",
    )
    served = gcp.of_version(state, job.body.text_or_empty("model"))
    return Part(launch, served, job.body.text_or_empty("inputConfig.instancesFormat"))


def _records(part: Part, data: Path, scores: Path) -> str:
    """A request a record: what is answered and what is not lie apart."""
    if part.format != "jsonl":
        raise BadInput(f"{part.launch.name}: the example's container is scored with jsonl, and not with {part.format}")
    scored, lost = list[str](), list[str]()
    with running(gcp.container(part.served.route)) as address:
        for line in (line for file in _files(data) for line in file.read_text(encoding="utf-8").splitlines() if line):
            instance = json.loads(line)
            answer = _post(f"{address}{part.served.route}", json.dumps({"instances": [instance]}).encode(), {})
            said = answer.json()
            if answer.status_code == 200:
                scored.append(json.dumps({"instance": instance, "prediction": said["predictions"][0]}))
            else:
                lost.append(json.dumps({"instance": instance, "error": {"message": said["error"]}}))
    for kind, lines in (("results", scored), ("errors_stats", lost)):
        if lines:
            _put(scores / f"prediction.{kind}-00000-of-00001", "".join(f"{line}\n" for line in lines))
    ended = "JOB_STATE_PARTIALLY_SUCCEEDED" if scored else "JOB_STATE_FAILED"
    return f"{ended}: {len(scored)} records were scored, and {len(lost)} were not" if lost else ""


# ---- Azure Machine Learning ------------------------------------------------------------------------------------------


def _azure(state: State, record: Record, began: float) -> Iterator[Part]:
    """The one step of a pipeline."""
    yield of_azure(state, record, azure_runs.step_of(record), str(uuid5(NAMESPACE_URL, f"{record.id} {began}")), {})


def of_azure(state: State, record: Record, step: Job, name: str, written: Mapping[str, str]) -> Part:
    """A command of that name that scores, where the steps before it have written to these addresses."""
    mounts, component = azure_runs.mounted(step, name), azure_runs.component_of(state, record, step)
    reads = {f"{key.partition('.')[2]}/": uri for key, uri in mounts.items() if key.startswith("inputs.")}
    reads |= {f"{key}/": written[before] for key, before in step.after.items()}
    model, environment = reads.pop("model/", ""), str(component.get("environment", "")).removeprefix("azureml:")
    launch = _launch(name, azure_runs.runs_as(state, step), reads, mounts.get(f"outputs.{azure_runs.SCORES}", ""))
    served = azure.of_environment(state, environment, model) or Served("", "", "")
    if said := azure_runs.unreached(state, record, served.image):
        raise RunFailed(f"{record.name}: the run failed\n{name}: {said}")
    return Part(launch, served, "csv")


def _by_mlflow(part: Part, data: Path, scores: Path) -> str:
    """A file at a time, as `mlflow models predict` reads CSV: the first line has the names."""
    predictor, lost = load(MODEL), list[str]()
    for file in _files(data):
        inside = file.relative_to(data)
        try:
            _put(scores / f"{inside}.json", json.dumps({"predictions": _predicted(predictor, file)}))
        except (BadRequest, UnicodeDecodeError) as error:
            lost.append(f"{inside}: {error}")
    return (
        f"Failed: Execution failed. User process 'bash' exited with status code 123. {'; '.join(lost)}" if lost else ""
    )


def _predicted(predictor: Predictor, file: Path) -> list[float]:
    names, *lines = file.read_text(encoding="utf-8").splitlines() or [""]
    columns, rows = names.split(","), rows_of_csv("\n".join(lines))
    if sorted(columns) != sorted(predictor.features) or any(len(row) != len(columns) for row in rows):
        raise BadRequest("The first line must name the model's features, and each other line have a value of each.")
    order = [columns.index(feature) for feature in predictor.features]
    return predictor.predict([[row[at] for at in order] for row in rows])


# ---- all -------------------------------------------------------------------------------------------------------------


def _post(url: str, body: bytes, told: Mapping[str, str]) -> httpx.Response:
    # A proxy of the environment knows no server of this process.
    return httpx.post(url, content=body, headers=dict(told), timeout=TIMEOUT, trust_env=False)


def _launch(
    name: str, identity: str, reads: Mapping[str, str], output: str, variables: Mapping[str, str] | None = None
) -> Launch:
    return Launch(
        name=name,
        image="",
        identity=identity,
        words=(),
        variables=variables or {},
        reads=reads,
        output=("scores", output),
        keeps=None,
        hours=0,
        spot=False,
    )


_PARTS: Mapping[str, Callable[[State, Record, float], Iterator[Part]]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}
_SCORES: Mapping[str, Callable[[Part, Path, Path], str]] = {"aws": _whole_files, "gcp": _records, "azure": _by_mlflow}
