"""Scoring on a schedule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from catalogue import formats
from catalogue.pauses import shortest_pause_minutes
from catalogue.platforms import FOLDER, PLATFORMS
from catalogue.runs import SCORES_DAYS
from catalogue.wording import found_word
from components.shapes import Schedule
from stacks.checks import address, expires, kept_time, offered, one_by_one
from stacks.fields import CHANNEL, Cron, Machine, Slug, TimeZone, Uri, machine_type_schema
from stacks.model import Problem, Section, StackConfig
from stacks.sections import models, sources

KEEP_DAYS = 3_650
"""The most days that the stack's store may keep what expires: ten years."""
ALONE = "data"
"""What the one input is called that has no name of its own."""

Format = Literal["csv", "jsonl", "json", "parquet", "images", "tf-record", "recordio", "file-list"]
Input = Annotated[str, StringConstraints(pattern=CHANNEL)]
"""A word that is a folder's name below a run's own on each platform."""


class BatchJob(Machine):
    """Scoring on a schedule, in `timezone`, or as a step of a pipeline, stopped after `max_hours`; nothing runs between
    runs.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"oneOf": [{"required": ["family"]}, {"required": ["machine_type"]}]},
                {
                    "oneOf": [
                        {"required": ["input_uri"]},
                        {"required": ["inputs"]},
                        {"not": {"anyOf": [{"required": [key]} for key in ("input_uri", "inputs", "schedule")]}},
                    ]
                },
            ]
        }
    )

    enabled: bool = Field(default=True, examples=[False])
    """With false nothing runs or is paid; the model and the registry stay."""
    model: Slug = Field(examples=["fraud-scorer"])
    """The name of a model of this file, under `models`."""
    replicas: Annotated[int, Field(ge=1, le=100)] = Field(examples=[2])
    """How many machines a run has: its replicas."""
    schedule: Cron | None = Field(default=None, examples=["30 4 * * *"])
    """When it runs: five cron fields (minute, hour, day of month, month, day of week), in `timezone`. A job that only
    steps of pipelines do has none, nor places of its own."""
    timezone: TimeZone = Field(default="UTC", examples=["Europe/Berlin"])
    """The IANA time zone that the schedule is in."""
    max_hours: Annotated[int, Field(ge=1, le=24)] = Field(examples=[3])
    """After how many hours a run is stopped."""
    input_uri: Uri | None = Field(
        default=None,
        examples=[
            "s3://payments-risk-data-111122223333/transactions/",
            "gs://payments-risk-pilot-data/transactions/",
            "azureml://datastores/artifacts/paths/transactions/",
        ],
    )
    """Where the data to score lies, in the platform's own storage, where it lies in one place."""
    inputs: dict[Input, Uri] = Field(
        default_factory=dict[str, str],
        max_length=10,
        examples=[
            {
                "cards": "s3://payments-risk-data-111122223333/cards/",
                "transfers": "s3://payments-risk-data-111122223333/transfers/",
            }
        ],
        json_schema_extra={"additionalProperties": False},
    )
    """Where it lies by the name of each place, in place of input_uri. A run scores all of them."""
    format: Format | None = Field(default=None, examples=["csv"])
    """What the data are: csv on aws and azure and jsonl on gcp where it is left out. `docs/batch.md` has what each
    platform takes."""
    concurrency: Annotated[int, Field(ge=1, le=16)] | None = Field(default=None, examples=[4])
    """How many requests, on azure files, each replica scores at once: one where it is left out, on gcp as Vertex AI
    pleases, which takes no such number."""
    records_per_request: Annotated[int, Field(ge=1, le=1_000)] | None = Field(default=None, examples=[32])
    """How many records a replica gets in one request: on gcp 64 where it is left out; on aws 1, or as many as 6 MB
    hold; on azure a request has a whole file."""
    output_uri: Uri | None = Field(
        default=None,
        examples=[
            "s3://aws-pilot-artifacts-111122223333/batch/fraud-backfill/",
            "gs://gcp-pilot-artifacts-payments-risk-pilot/batch/fraud-backfill/",
            "azureml://datastores/artifacts/paths/batch/fraud-backfill/",
        ],
    )
    """The folder below which each run of the schedule writes its scores in a folder of its own, in the platform's own
    storage. A step of a pipeline writes below the pipeline's."""
    keep_days: Annotated[int, Field(ge=1, le=KEEP_DAYS)] = Field(default=SCORES_DAYS, examples=[90])
    """After how many days scores are deleted, where the folder lies in the stack's own artifact store. In the bucket of
    another, which `sources` names, its owner decides."""

    @property
    def of_its_runs(self) -> list[str]:
        """What it says of runs by a schedule of its own, beside that: nothing where steps of pipelines alone do it."""
        keys = ("input_uri", "inputs", "output_uri", "keep_days", "timezone")
        return [key for key in keys if key in self.model_fields_set]

    @property
    def is_of_steps_alone(self) -> bool:
        """Whether steps of pipelines alone do it: it says no schedule, and nothing of runs by one."""
        return self.schedule is None and not self.of_its_runs

    @property
    def data(self) -> Mapping[str, str]:
        """The places of what it scores, by their names."""
        return {ALONE: self.input_uri} if self.input_uri is not None else self.inputs

    def said(self, platform: str) -> str:
        """Its format, or the platform's usual one."""
        return self.format or formats.USUAL[platform]


@dataclass(frozen=True)
class Scheduled:
    """What a schedule makes of a job: when its runs start, and where they write."""

    when: Schedule
    output_uri: str


def scheduled(config: StackConfig) -> Mapping[str, tuple[BatchJob, Scheduled]]:
    """The jobs that have a schedule of their own, with what it makes of each."""
    return {
        name: (job, Scheduled(Schedule(job.schedule, job.timezone), job.output_uri))
        for name, job in of(config).items()
        if job.schedule is not None and job.output_uri is not None
    }


def _by_the_clock(config: StackConfig) -> Iterator[Problem]:
    """What has a schedule has a folder for its scores, and what has none is of no run that would read or write."""
    for name, job in of(config).items():
        if job.schedule is not None and job.output_uri is None:
            yield Problem(
                (SECTION.name, name, "output_uri"),
                "is missing; add the folder that the scores are written to, such as "
                f"{PLATFORMS[config.platform].folder_example}",
            )
        if job.schedule is None and (beside := job.of_its_runs):
            yield Problem(
                (SECTION.name, name, "schedule"),
                f"is missing; add when it runs, or leave out {', '.join(beside)}: the step of a pipeline says what it "
                "reads, and the pipeline where it writes",
            )


def _started(config: StackConfig) -> Iterator[Problem]:
    """What has no schedule is a step of a pipeline. Where the file has pipelines, that section looks at their steps."""
    if not getattr(config, "pipelines", None):
        for name, job in of(config).items():
            if job.is_of_steps_alone:
                yield started_by_none(name)


def started_by_none(name: str) -> Problem:
    """What is said of a batch job that has no schedule and is no step."""
    return Problem(
        (SECTION.name, name, "schedule"),
        "is missing; add when it runs, or name the job in a step of a pipeline (batch)",
    )


def _places(name: str, job: BatchJob) -> Iterator[tuple[tuple[str, ...], str]]:
    """The path of each place of what a job scores, and the place."""
    if job.input_uri is not None:
        yield (SECTION.name, name, "input_uri"), job.input_uri
    yield from (((SECTION.name, name, "inputs", at), uri) for at, uri in job.inputs.items())


def _input(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        for path, uri in _places(name, job):
            yield from address(config, path, uri, FOLDER if job.said(config.platform) == "file-list" else None)


def _one_or_several(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        at = (SECTION.name, name, "input_uri")
        if (job.schedule is not None or job.of_its_runs) and job.input_uri is None and not job.inputs:
            example = PLATFORMS[config.platform].folder_example
            yield Problem(
                at,
                f"is missing; add where the data to score lies, such as {example}, or each place by its name under "
                "inputs",
            )
        elif job.input_uri is not None and job.inputs:
            yield Problem(at, "stands beside inputs, allowed: one of the two; give the place a name there")
        if "model" in job.inputs:
            yield Problem((SECTION.name, name, "inputs", "model"), "is what the model is called; give it another name")


def _apart(config: StackConfig) -> Iterator[Problem]:
    """No input lies in another, which would score it twice, and none in the folder of the scores, nor around it: the
    next run would score what this one wrote.
    """
    for name, job in of(config).items():
        places = list(_places(name, job))
        for path, uri in places:
            if job.output_uri is not None and _overlap(uri, job.output_uri):
                yield Problem(
                    (SECTION.name, name, "output_uri"),
                    f"found {found_word(job.output_uri)}, and {'.'.join(path[2:])} is {found_word(uri)}: the next run "
                    "would score what this one wrote; allowed: folders apart",
                )
            for other, there in places:
                if other < path and _overlap(uri, there):
                    yield Problem(
                        path,
                        f"found {found_word(uri)}, which holds {'.'.join(other[2:])} or lies in it, so a run would "
                        "score the same twice; allowed: folders apart",
                    )


def _overlap(one: str, other: str) -> bool:
    a, b = (f"{uri.rstrip('/')}/" for uri in (one, other))
    return a.startswith(b) or b.startswith(a)


def _formats(config: StackConfig) -> Iterator[Problem]:
    platform = config.platform
    for name, job in of(config).items():
        if job.format is not None and (why := formats.LACKING[platform].get(job.format)) is not None:
            taken = ", ".join(word for word in formats.WORDS if word in formats.TAKEN[platform])
            yield Problem(
                (SECTION.name, name, "format"),
                f"found {job.format!r}, which {platform} does not take: {why}; allowed: {taken}",
            )


def _requests(config: StackConfig) -> Iterator[Problem]:
    """What a replica gets at once, as far as the platform lets a job say it. Vertex AI bounds the instances of a
    request alone (ManualBatchTuningParameters), SageMaker their megabytes, and MLflow reads whole files.
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs
    """
    for name, job in of(config).items():
        taken = formats.AWS.get(job.said("aws"))
        if config.platform == "gcp" and job.concurrency is not None:
            yield Problem(
                (SECTION.name, name, "concurrency"),
                "gcp takes none: Vertex AI decides how many requests a replica gets at once; say records_per_request, "
                "or replicas",
            )
        if job.records_per_request is None:
            continue
        at = (SECTION.name, name, "records_per_request")
        if config.platform == "azure":
            yield Problem(at, "azure takes none: a run hands MLflow whole files; cut them smaller, or say concurrency")
        elif config.platform == "aws" and taken is not None and taken.whole:
            yield Problem(at, f"is taken of records, and a request has a whole file of {job.format}; leave it out")
        elif config.platform == "aws" and job.records_per_request != 1:
            yield Problem(
                at,
                f"found {job.records_per_request}, allowed: 1, or leave it out: SageMaker counts the megabytes of a "
                "request, and no records",
            )


def _one_at_a_time(config: StackConfig) -> Iterator[Problem]:
    """No run starts while the last may still run: each would have machines, quota and money of its own."""
    for name, (job, runs) in scheduled(config).items():
        minutes = shortest_pause_minutes(runs.when.cron)
        if minutes < job.max_hours * 60:
            yield Problem(
                (SECTION.name, name, "max_hours"),
                f"found {job.max_hours}, and {job.schedule!r} starts a run again after {minutes / 60:g} h, while the "
                "last may still run; allowed: fewer hours, or a schedule with longer pauses",
            )


def _output(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        if job.output_uri is not None:
            yield from address(config, (SECTION.name, name, "output_uri"), job.output_uri, FOLDER)
            yield from models.apart_from_versions(config, (SECTION.name, name, "output_uri"), job.output_uri)


def _keep(config: StackConfig) -> Iterator[Problem]:
    """Scores expire; models and what is scored do not, but for the scores of one job that another scores in turn."""
    models_of = [model.artifact_uri for _, model in models.served(config)]
    others = list(expiring(config))
    for name, (job, runs) in scheduled(config).items():
        if "keep_days" in job.model_fields_set:
            yield from sources.kept_by_us(config, (SECTION.name, name, "keep_days"), runs.output_uri)
        inputs = (uri for of_it, each in of(config).items() if of_it != name for uri in each.data.values())
        stays = [*models_of, *(uri for uri in inputs if uri != runs.output_uri)]
        yield from expires((SECTION.name, name, "output_uri"), runs.output_uri, job.keep_days, stays, others)


def expiring(config: StackConfig) -> Iterator[tuple[str, int]]:
    """The folder of each job's scores, and after how many days they are deleted."""
    yield from ((runs.output_uri, job.keep_days) for job, runs in scheduled(config).values())


def _models(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        yield from models.known(config, (SECTION.name, name, "model"), job.model)


def _start_up(config: StackConfig) -> Iterator[Problem]:
    """A transform job waits for a container as long as SageMaker pleases: CreateTransformJob takes no time for it,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
    """
    for name, job in of(config).items() if config.platform == "aws" else ():
        model = models.of(config).get(job.model)
        if model is not None and model.start_up_seconds is not None:
            yield Problem(
                (SECTION.name, name, "model"),
                f"found {job.model!r}, which has start_up_seconds; SageMaker gives a batch job no more time to start, "
                "so name a model without it",
            )


def _hardware(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        yield from offered(config, (SECTION.name, name), job, "batch")


def _schedules(config: StackConfig) -> Iterator[Problem]:
    for name, (_, runs) in scheduled(config).items():
        yield from kept_time(config, (SECTION.name, name), runs.when.cron, runs.when.timezone)


def _own_schema(platform: str) -> dict[str, Any]:
    uri = {"pattern": f"^({PLATFORMS[platform].uri.pattern})$"}
    said = {
        "machine_type": machine_type_schema(platform),
        "input_uri": uri,
        "inputs": {"additionalProperties": uri},
        "output_uri": uri,
        "format": {"enum": [*(word for word in formats.WORDS if word in formats.TAKEN[platform]), None]},
    }
    return {"additionalProperties": {"properties": said}}


SECTION: Section[Mapping[str, BatchJob]] = Section(
    __name__,
    value=Annotated[
        dict[Slug, BatchJob],
        Field(
            max_length=1000,
            description="The batch jobs by name: scoring on a schedule, or in a pipeline. A stack may have none.",
            examples=[
                {
                    "fraud-backfill": {
                        "model": "fraud-scorer",
                        "family": "cpu-small",
                        "replicas": 2,
                        "schedule": "30 4 * * *",
                        "max_hours": 3,
                        "input_uri": "gs://payments-risk-pilot-data/transactions/",
                        "output_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/batch/fraud-backfill/",
                    }
                }
            ],
        ),
    ],
    default={},
    called="batch jobs on a schedule",
    makes={"BatchJob": "{stack}-{item}"},
    serves=PLATFORMS,
    after=("models", "workspace"),
    check=one_by_one(
        *(
            _by_the_clock,
            _started,
            _one_or_several,
            _input,
            _output,
            _apart,
            _keep,
            _formats,
            _requests,
            _schedules,
            _one_at_a_time,
        ),
        *(_models, _start_up, _hardware),
    ),
    own_schema=_own_schema,
)
of = SECTION.of
