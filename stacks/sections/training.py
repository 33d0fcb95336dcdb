"""Training jobs: what trains a model, on which data and machines. Nothing starts by `pulumi up`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from catalogue.platforms import FOLDER, PLATFORMS
from catalogue.runs import CHECKPOINTS_DAYS
from stacks.checks import address, expires, kept_time, offered, one_by_one, pulled
from stacks.fields import (
    CHANNEL,
    Fields,
    Image,
    Machine,
    Slug,
    Started,
    Uri,
    machine_type_schema,
)
from stacks.model import Problem, Section, StackConfig
from stacks.sections import batch_jobs, models, sources
from stacks.sections.batch_jobs import KEEP_DAYS
from stacks.sections.models import no_secret
from stacks.tuning import Hyperparameter, Tuning
from stacks.tuning import problems as problems_of_tuning

Value = Annotated[str, StringConstraints(max_length=2_500)]
"""SageMaker's bound of a value, the narrowest. CreateTrainingJob, HyperParameters,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""
Channel = Annotated[str, StringConstraints(pattern=CHANNEL)]
"""A word that is a folder's name in the container on each platform."""
MOST_HYPERPARAMETERS = 100
"""How many one job may have: CreateTrainingJob, HyperParameters, as above."""
LONGEST_HOURS = 24
"""How long a run may take at most: the guardrails of aws let no persona ask for more, and the others are held alike."""


class Spot(Fields):
    """Spot machines, which the platform takes away when it needs them; a run goes on from its last checkpoint."""

    checkpoint_uri: Uri = Field(
        examples=[
            "s3://aws-pilot-artifacts-111122223333/training/fraud-training/checkpoints/",
            "gs://gcp-pilot-artifacts-payments-risk-pilot/training/fraud-training/checkpoints/",
            "azureml://datastores/artifacts/paths/training/fraud-training/checkpoints/",
        ]
    )
    """The folder that the container keeps its checkpoints in, and finds them again after it was interrupted."""
    wait_hours: Annotated[int, Field(ge=1, le=LONGEST_HOURS)] = Field(examples=[4])
    """How many hours a run may wait for machines, beside the hours that it may run."""
    keep_days: Annotated[int, Field(ge=3, le=KEEP_DAYS)] = Field(default=CHECKPOINTS_DAYS, examples=[14])
    """After how many days checkpoints are deleted, where the folder lies in the stack's own artifact store. A run that
    is interrupted needs its own for two days at most."""


class TrainingJob(Started, Machine):
    """What trains a model. A schedule or a person starts a run, `pulumi up` never does; nothing runs between runs."""

    enabled: bool = Field(default=True, examples=[False])
    """With false nothing can be started; what was trained stays."""
    image: Image = Field(
        examples=["111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-pilot-registry-images:fraud-training-1"]
    )
    """The container image that trains, its code within, with a pinned tag or digest."""
    data: dict[Channel, Uri] = Field(
        min_length=1,
        max_length=20,
        examples=[
            {"train": "s3://payments-risk-data-111122223333/train/"},
            {"train": "gs://payments-risk-pilot-data/train/"},
            {"train": "azureml://datastores/artifacts/paths/train/"},
        ],
        json_schema_extra={"additionalProperties": False},
    )
    """The data by channel: the folder of each, in the platform's own storage. A channel is a folder in the container.
    """
    output_uri: Uri = Field(
        examples=[
            "s3://aws-pilot-artifacts-111122223333/training/fraud-training/",
            "gs://gcp-pilot-artifacts-payments-risk-pilot/training/fraud-training/",
            "azureml://datastores/artifacts/paths/training/fraud-training/",
        ]
    )
    """The folder below which each run puts what it trained in a folder of its own, in the platform's own storage."""
    hyperparameters: dict[Hyperparameter, Value] = Field(
        default_factory=dict[str, str],
        max_length=MOST_HYPERPARAMETERS,
        examples=[{"regularization": "1.0"}],
        json_schema_extra={"additionalProperties": False},
    )
    """The hyperparameters, as text, and no secret among them."""
    replicas: Annotated[int, Field(ge=1, le=20)] = Field(default=1, examples=[1])
    """How many replicas train together in a run, each on a machine. What they say to each other is encrypted by
    SageMaker on aws, by Google's network on gcp, and on azure by nothing but the program."""
    max_hours: Annotated[int, Field(ge=1, le=LONGEST_HOURS)] = Field(examples=[2])
    """After how many hours a run is stopped, its retries included; where there is `tuning`, each of its trials."""
    spot: Spot | None = Field(
        default=None,
        examples=[
            {
                "checkpoint_uri": "s3://aws-pilot-artifacts-111122223333/training/fraud-training/checkpoints/",
                "wait_hours": 4,
            }
        ],
    )
    """Run on Spot machines, which cost less and may be taken away; on demand where it is left out."""
    tuning: Tuning | None = Field(
        default=None,
        examples=[
            {
                "objective": {"metric": "validation:log_loss", "goal": "minimize"},
                "ranges": {"regularization": {"min": 0.001, "max": 10, "scale": "log"}},
                "parallel": 2,
                "total": 12,
            }
        ],
    )
    """Search hyperparameters: a run is then several trials. One training where it is left out."""

    @property
    def hours(self) -> int:
        """How long a run may take: all rounds of its trials, and what it waits for Spot machines."""
        rounds = self.tuning.rounds if self.tuning is not None else 1
        return self.max_hours * rounds + (self.spot.wait_hours if self.spot is not None else 0)

    @property
    def at_once(self) -> int:
        """How many machines a run has at once at most."""
        return self.replicas * (self.tuning.parallel if self.tuning is not None else 1)


def _names(config: StackConfig) -> Iterator[Problem]:
    """A training job and a batch job of one name would make two things of one name in the cloud."""
    for name in of(config):
        if name in batch_jobs.of(config):
            yield Problem((SECTION.name, name), "is the name of a batch job too; give one of them another")


def _arguments(config: StackConfig) -> Iterator[Problem]:
    """Each channel, hyperparameter and folder that a run writes is one argument of the program, by its name."""
    for name, job in of(config).items():
        for key in ("data", "hyperparameters"):
            others = {"output", "checkpoints", *(job.data if key == "hyperparameters" else ())}
            for twice in sorted(others & getattr(job, key).keys()):
                yield Problem(
                    (SECTION.name, name, key, twice),
                    "would be two arguments of the program; name channels and hyperparameters apart, and none of them "
                    "output or checkpoints",
                )


def _images(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        yield from pulled(config, (SECTION.name, name, "image"), job.image)


def _data(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        for channel, uri in job.data.items():
            yield from address(config, (SECTION.name, name, "data", channel), uri, FOLDER)


def _output(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        yield from address(config, (SECTION.name, name, "output_uri"), job.output_uri, FOLDER)
        yield from models.apart_from_versions(config, (SECTION.name, name, "output_uri"), job.output_uri)


def _checkpoints(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        if job.spot is not None:
            path = (SECTION.name, name, "spot", "checkpoint_uri")
            yield from address(config, path, job.spot.checkpoint_uri, FOLDER)
            yield from models.apart_from_versions(config, path, job.spot.checkpoint_uri)


def _keep(config: StackConfig) -> Iterator[Problem]:
    """Checkpoints and scores expire; models, data, and what was trained do not."""
    trained = [uri for job in of(config).values() for uri in (job.output_uri, *job.data.values())]
    stays = [*trained, *(model.artifact_uri for _, model in models.served(config))]
    stays += [uri for job in batch_jobs.of(config).values() for uri in job.data.values()]
    others = [*batch_jobs.expiring(config), *expiring(config)]
    for name, job in of(config).items():
        if job.spot is not None:
            path, uri = (SECTION.name, name, "spot"), job.spot.checkpoint_uri
            if "keep_days" in job.spot.model_fields_set:
                yield from sources.kept_by_us(config, (*path, "keep_days"), uri)
            yield from expires((*path, "checkpoint_uri"), uri, job.spot.keep_days, stays, others)
    for name, (job, runs) in batch_jobs.scheduled(config).items():
        path, scores = (batch_jobs.SECTION.name, name, "output_uri"), runs.output_uri
        # A model may be trained on what another scored.
        yield from expires(path, scores, job.keep_days, [uri for uri in trained if uri != scores], others)


def expiring(config: StackConfig) -> Iterator[tuple[str, int]]:
    """The folder of each job's checkpoints, and after how many days they are deleted."""
    yield from ((job.spot.checkpoint_uri, job.spot.keep_days) for job in of(config).values() if job.spot is not None)


def _hyperparameters(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        yield from no_secret(job.hyperparameters, (SECTION.name, name, "hyperparameters"))


def _tuning(config: StackConfig) -> Iterator[Problem]:
    """Each trial is the job as it stands, so what only one run can have is refused beside it."""
    for name, job in of(config).items():
        if job.tuning is None:
            continue
        path = (SECTION.name, name, "tuning")
        if job.spot is not None:
            yield Problem(
                (SECTION.name, name, "spot"),
                "stands beside tuning, whose trials would all keep their checkpoints in one folder and go on from each "
                "other's; leave one of them out",
            )
        taken = {"output": "the folder of what is trained", "checkpoints": "the folder of checkpoints"}
        taken |= dict.fromkeys(job.data, "a channel") | dict.fromkeys(job.hyperparameters, "a hyperparameter")
        yield from problems_of_tuning(config.platform, path, job.tuning, taken, job.max_hours, LONGEST_HOURS)


def _schedules(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        if job.schedule is not None:
            yield from kept_time(config, (SECTION.name, name), job.schedule, job.timezone)


def _hardware(config: StackConfig) -> Iterator[Problem]:
    for name, job in of(config).items():
        yield from offered(config, (SECTION.name, name), job, "training")


def _own_schema(platform: str) -> dict[str, Any]:
    record = PLATFORMS[platform]
    image, uri = (
        (record.image.pattern or "").replace("{region}", "[a-z0-9-]+"),
        {"pattern": f"^({record.uri.pattern})$"},
    )
    said = {
        "machine_type": machine_type_schema(platform),
        "image": {"pattern": f"^({image})$"},
        "data": {"additionalProperties": uri},
        "output_uri": uri,
    }
    return {"additionalProperties": {"properties": said}}


SECTION: Section[Mapping[str, TrainingJob]] = Section(
    __name__,
    value=Annotated[
        dict[Slug, TrainingJob],
        Field(
            max_length=1000,
            description="The training jobs by name. `pulumi up` starts none. A stack may have none.",
            examples=[
                {
                    "fraud-training": {
                        "image": "us-central1-docker.pkg.dev/payments-risk-pilot/gcp-pilot-registry-images/train:1",
                        "data": {"train": "gs://payments-risk-pilot-data/transactions/train/"},
                        "output_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/training/fraud-training/",
                        "family": "cpu-medium",
                        "max_hours": 2,
                        "runs_per_month": 8,
                    }
                }
            ],
        ),
    ],
    default={},
    called="training jobs",
    makes={"TrainingJob": "{stack}-{item}"},
    serves=PLATFORMS,
    after=("batch_jobs", "experiments", "models", "workspace"),
    check=one_by_one(
        *(_names, _arguments, _images, _data, _output, _checkpoints, _keep),
        *(_hyperparameters, _tuning, _schedules, _hardware),
    ),
    own_schema=_own_schema,
)
of = SECTION.of
