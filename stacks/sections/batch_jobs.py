"""Scoring on a schedule."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from catalogue.platforms import FOLDER, PLATFORMS
from catalogue.runs import SCORES_DAYS
from components.shapes import Schedule
from stacks.checks import address, expires, kept_time, offered, one_by_one
from stacks.fields import Cron, Machine, Slug, TimeZone, Uri, machine_type_schema
from stacks.model import Problem, Section, StackConfig
from stacks.sections import models, sources

KEEP_DAYS = 3_650
"""The most days that the stack's store may keep what expires: ten years."""


class BatchJob(Machine):
    """Scoring on a schedule, in `timezone`, stopped after `max_hours`; nothing runs between runs."""

    enabled: bool = Field(default=True, examples=[False])
    """With false nothing runs or is paid; the model and the registry stay."""
    model: Slug = Field(examples=["fraud-scorer"])
    """The name of a model of this file, under `models`."""
    replicas: Annotated[int, Field(ge=1, le=100)] = Field(examples=[2])
    """How many machines a run has: its replicas."""
    schedule: Cron = Field(examples=["30 4 * * *"])
    """When it runs: five cron fields (minute, hour, day of month, month, day of week), in `timezone`."""
    timezone: TimeZone = Field(default="UTC", examples=["Europe/Berlin"])
    """The IANA time zone that the schedule is in."""
    max_hours: Annotated[int, Field(ge=1, le=24)] = Field(examples=[3])
    """After how many hours a run is stopped."""
    input_uri: Uri = Field(
        examples=[
            "s3://payments-risk-data-111122223333/transactions/",
            "gs://payments-risk-pilot-data/transactions/",
            "azureml://datastores/artifacts/paths/transactions/",
        ]
    )
    """Where the data to score lies, in the platform's own storage."""
    output_uri: Uri = Field(
        examples=[
            "s3://aws-pilot-artifacts-111122223333/batch/fraud-backfill/",
            "gs://gcp-pilot-artifacts-payments-risk-pilot/batch/fraud-backfill/",
            "azureml://datastores/artifacts/paths/batch/fraud-backfill/",
        ]
    )
    """The folder that the scores are written to, in the platform's own storage."""
    keep_days: Annotated[int, Field(ge=1, le=KEEP_DAYS)] = Field(default=SCORES_DAYS, examples=[90])
    """After how many days scores are deleted, where the folder lies in the stack's own artifact store. In the bucket of
    another, which `sources` names, its owner decides."""

    @property
    def when(self) -> Schedule:
        """When it runs, as components take it."""
        return Schedule(self.schedule, self.timezone)


def _input(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        yield from address(config, (SECTION.name, name, "input_uri"), job.input_uri)


def _output(config: StackConfig) -> Iterator[Problem]:
    output = FOLDER if PLATFORMS[config.platform].folders else None
    for name, job in of(config).items():
        yield from address(config, (SECTION.name, name, "output_uri"), job.output_uri, output)
        yield from models.apart_from_versions(config, (SECTION.name, name, "output_uri"), job.output_uri)


def _keep(config: StackConfig) -> Iterator[Problem]:
    """Scores expire; models and what is scored do not, but for the scores of one job that another scores in turn."""
    models_of = [model.artifact_uri for _, model in models.served(config)]
    inputs = [job.input_uri for job in of(config).values()]
    others = list(expiring(config))
    for name, job in of(config).items():
        if "keep_days" in job.model_fields_set:
            yield from sources.kept_by_us(config, (SECTION.name, name, "keep_days"), job.output_uri)
        stays = [*models_of, *(uri for uri in inputs if uri != job.output_uri)]
        yield from expires((SECTION.name, name, "output_uri"), job.output_uri, job.keep_days, stays, others)


def expiring(config: StackConfig) -> Iterator[tuple[str, int]]:
    """The folder of each job's scores, and after how many days they are deleted."""
    yield from ((job.output_uri, job.keep_days) for job in of(config).values())


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
    for name, job in of(config).items():
        yield from kept_time(config, (SECTION.name, name), job.schedule, job.timezone)


def _own_schema(platform: str) -> dict[str, Any]:
    uri = {"pattern": f"^({PLATFORMS[platform].uri.pattern})$"}
    said = {"machine_type": machine_type_schema(platform), "input_uri": uri, "output_uri": uri}
    return {"additionalProperties": {"properties": said}}


SECTION: Section[Mapping[str, BatchJob]] = Section(
    __name__,
    value=Annotated[
        dict[Slug, BatchJob],
        Field(
            max_length=1000,
            description="The batch jobs by name: scoring on a schedule. A stack may have none.",
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
    check=one_by_one(_input, _output, _keep, _schedules, _models, _start_up, _hardware),
    own_schema=_own_schema,
)
of = SECTION.of
