"""Pipelines: the steps from data to a version that can be registered, as they read one another. `up` starts none."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from catalogue.order import in_order, longest
from catalogue.pauses import shortest_pause_minutes
from catalogue.platforms import FOLDER, PLATFORMS
from catalogue.runs import PIPELINES_DAYS
from catalogue.wording import found_word, nearest
from stacks.checks import address, expires, kept_time, offered, one_by_one, pulled
from stacks.fields import (
    CHANNEL,
    HYPERPARAMETER,
    PLACE_OR_STEP,
    PROGRAM_WORD,
    SLUG,
    Image,
    Machine,
    Slug,
    Started,
    Uri,
    every,
    machine_type_schema,
)
from stacks.model import Path, Problem, Section, StackConfig
from stacks.sections import batch_jobs, models, sources, training
from stacks.sections.batch_jobs import KEEP_DAYS
from stacks.sections.models import no_secret, no_secret_word
from stacks.sections.training import LONGEST_HOURS, MOST_HYPERPARAMETERS
from stacks.sections.training import Value as HyperparameterValue
from stacks.tuning import Hyperparameter

Input = Annotated[str, StringConstraints(pattern=CHANNEL)]
Option = Annotated[str, StringConstraints(pattern=HYPERPARAMETER, max_length=64)]
Value = Annotated[str, StringConstraints(max_length=180)]
"""With its name it is one argument, of which SageMaker takes 256 characters: ProcessingJob AppSpecification,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AppSpecification.html
"""
Word = Annotated[str, StringConstraints(pattern=PROGRAM_WORD)]
PlaceOrStep = Annotated[str, StringConstraints(pattern=PLACE_OR_STEP, max_length=1024)]
OUTPUT = "output"
"""The argument that names the folder which a step writes, so that no input and no option is called so."""
CONTAINER = ("image", "program", "family", "machine_type", "max_hours", "options")
"""What a step says that is a program, and a job of the file says itself."""


class Step(Machine):
    """One step of a run: a program in a container, a training job of this file, whose search it does where it has one,
    or a batch job of this file.

    The program gets `--INPUT=FOLDER` for each input, `--output=FOLDER`, which it writes, and `--OPTION=VALUE` for each
    option, after its own words. It ends with another exit code than 0 where the run is to stop, as a gate does.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                *(
                    {"required": [job], "not": {"anyOf": [{"required": [key]} for key in (*others, *CONTAINER)]}}
                    for job, *others in (("training", "batch"), ("batch", "training", "hyperparameters"))
                ),
                *(
                    {"required": ["image", "program", "max_hours", on], "not": {"required": ["hyperparameters"]}}
                    for on in ("family", "machine_type")
                ),
            ]
        }
    )

    training: Slug | None = Field(default=None, examples=["fraud-training"])
    """The training job of this file, under `training`, whose definition the step runs: its image, hyperparameters,
    machines, hours, Spot and search. A step that reads a search gets what its best trial left."""
    batch: Slug | None = Field(default=None, examples=["fraud-backfill"])
    """The batch job of this file, under `batch_jobs`, that the step does: its model, machines, hours, format and
    requests. What it scores is written as the step's output, and nothing where the job itself writes."""
    image: Image | None = Field(
        default=None, examples=["111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-full-registry-images:steps-1"]
    )
    """The container image of the program, with a pinned tag or digest."""
    program: list[Word] | None = Field(
        default=None, min_length=1, max_length=20, examples=[["python", "-m", "examples.steps", "prepare"]]
    )
    """The program and its first words, in place of the image's own entry point."""
    options: dict[Option, Value] = Field(
        default_factory=dict[str, str],
        max_length=40,
        examples=[{"metric": "accuracy", "bound": "0.9"}],
        json_schema_extra={"additionalProperties": False},
    )
    """The options of the program, as text, and no secret among them."""
    hyperparameters: dict[Hyperparameter, HyperparameterValue] = Field(
        default_factory=dict[str, str],
        max_length=MOST_HYPERPARAMETERS,
        examples=[{"country": "de"}],
        json_schema_extra={"additionalProperties": False},
    )
    """Hyperparameters of a step that trains, as text: beside those of its training job, or in place of its own of the
    same name. So one job trains a model of each country. No secret among them, and none that its search searches."""
    inputs: dict[Input, PlaceOrStep] = Field(
        min_length=1,
        max_length=10,
        examples=[
            {"raw": "s3://aws-full-artifacts-111122223333/data/"},
            {"raw": "gs://payments-risk-pilot-data/raw/"},
            {"raw": "azureml://datastores/artifacts/paths/raw/"},
            {"data": "prepare", "model": "train"},
        ],
        json_schema_extra={"additionalProperties": False},
    )
    """What the step reads, by the name that its program knows: a folder in the platform's own storage, or the name of
    another step, whose output it is, and after which it begins. Of a training job they are channels, in place of its
    own of the same name, and of a batch job its places, of which its input_uri is called data; one without a schedule
    has none, and the step says them all."""
    max_hours: Annotated[int, Field(ge=1, le=LONGEST_HOURS)] | None = Field(default=None, examples=[1])
    """After how many hours the step is stopped."""
    result: bool = Field(default=False, examples=[True])
    """Whether what the step writes is a result of the run, so that no other step need read it. Said where a pipeline
    ends in several steps: one that is left over by mistake, such as a gate that nobody asks, is refused."""


class Pipeline(Started):
    """Steps that a run does: each begins once those have ended whose output it reads, and beside what it does not. A
    schedule or a person starts a run, `pulumi up` never does."""

    enabled: bool = Field(default=True, examples=[False])
    """With false nothing can be started; what was made stays."""
    steps: dict[Slug, Step] = Field(
        min_length=1,
        max_length=20,
        examples=[
            {
                "prepare": {
                    "image": "us-central1-docker.pkg.dev/payments-risk-pilot/gcp-pilot-registry-images/steps:1",
                    "program": ["python", "-m", "examples.steps", "prepare"],
                    "inputs": {"raw": "gs://gcp-pilot-artifacts-payments-risk-pilot/data/raw/"},
                    "family": "cpu-small",
                    "max_hours": 1,
                },
                "train": {"training": "fraud-training", "inputs": {"train": "prepare"}},
            }
        ],
        json_schema_extra={"additionalProperties": False},
    )
    """The steps by name. What they read of one another decides their order, and nothing else does."""
    output_uri: Uri = Field(
        examples=[
            "s3://aws-pilot-artifacts-111122223333/pipelines/fraud-path/",
            "gs://gcp-pilot-artifacts-payments-risk-pilot/pipelines/fraud-path/",
            "azureml://datastores/artifacts/paths/pipelines/fraud-path/",
        ]
    )
    """The folder below which each run has a folder of its own, with one for each step's output."""
    keep_days: Annotated[int, Field(ge=3, le=KEEP_DAYS)] = Field(default=PIPELINES_DAYS, examples=[30])
    """After how many days what a run wrote is deleted, where the folder lies in the stack's own artifact store. A
    version that is to stay is registered before."""

    @field_validator("steps", mode="after")
    @classmethod
    def _in_their_order(cls, steps: dict[str, Step]) -> dict[str, Step]:
        """The steps in the order in which they read one another, the same however they came: the engine hands a mapping
        over with sorted keys, as `pulumi config --json` shows. Those that have no place in it are last, and refused.
        """
        return {name: steps[name] for name in dict.fromkeys([*in_order(reads(steps)), *sorted(steps)])}

    def hours(self, config: StackConfig) -> int:
        """How long a run may take: the longest way from step to step, and what its training jobs wait for Spot
        machines.
        """
        return int(longest({name: hours_of(config, step) for name, step in self.steps.items()}, reads(self.steps)))


def reads(steps: Mapping[str, Step]) -> Mapping[str, frozenset[str]]:
    """The steps that each step reads."""
    return {name: frozenset(filter(is_step, step.inputs.values())) for name, step in steps.items()}


def trained_by(config: StackConfig, step: Step) -> training.TrainingJob | None:
    """The training job that a step runs."""
    return training.of(config).get(step.training) if step.training is not None else None


def scored_by(config: StackConfig, step: Step) -> batch_jobs.BatchJob | None:
    """The batch job that a step does."""
    return batch_jobs.of(config).get(step.batch) if step.batch is not None else None


def hours_of(config: StackConfig, step: Step) -> int:
    """How long a step may take: all rounds of a search, and what it waits for Spot machines."""
    if (job := trained_by(config, step)) is not None:
        return job.hours
    scores = scored_by(config, step)
    return (step.max_hours if scores is None else scores.max_hours) or 0


def is_step(text: str) -> bool:
    """Whether what an input says is the name of a step, and no place."""
    return "://" not in text


def inputs_of(config: StackConfig, step: Step) -> Mapping[str, str]:
    """What a step reads, by name: of a job of the file, its own places but for those that the step says."""
    job = trained_by(config, step) or scored_by(config, step)
    return {**(job.data if job is not None else {}), **step.inputs}


def hyperparameters_of(config: StackConfig, step: Step) -> Mapping[str, str]:
    """What a step that trains is told: the hyperparameters of its job, but for those that the step says."""
    job = trained_by(config, step)
    return {**(job.hyperparameters if job is not None else {}), **step.hyperparameters}


def _steps(config: StackConfig) -> Iterator[tuple[str, str, Step]]:
    """Each pipeline, the name of each of its steps, and the step."""
    for name, pipeline in of(config).items():
        for called, step in pipeline.steps.items():
            yield name, called, step


def _at(pipeline: str, step: str, *keys: str | int) -> Path:
    return (SECTION.name, pipeline, "steps", step, *keys)


def _names(config: StackConfig) -> Iterator[Problem]:
    """A pipeline and a job of one name would make two things of one name in the cloud."""
    for name in of(config):
        for section, called in ((batch_jobs, "batch job"), (training, "training job")):
            if name in section.of(config):
                yield Problem((SECTION.name, name), f"is the name of a {called} too; give one of them another")


def _either(config: StackConfig) -> Iterator[Problem]:
    """A step is a job of the file, or a program with all that it needs."""
    for name, called, step in _steps(config):
        if step.training is not None and step.batch is not None:
            yield Problem(
                _at(name, called, "batch"),
                "stands beside training; a step does one of them; leave one out, or write a step for each",
            )
        elif step.training is not None:
            yield from _job(name, called, step, "training", step.training, training.of(config))
        elif step.batch is not None:
            yield from _job(name, called, step, "batch", step.batch, batch_jobs.of(config))
        else:
            for key, add in _ADD.items():
                if getattr(step, key) is None:
                    said = add.format(image=PLATFORMS[config.platform].image_example)
                    yield Problem(_at(name, called, key), f"is missing; {said}")


Job = TypeVar("Job", training.TrainingJob, batch_jobs.BatchJob)


def _job(name: str, called: str, step: Step, key: str, job: str, jobs: Mapping[str, Job]) -> Iterator[Problem]:
    """The job of a step is one of the file that is switched on, and the step says none of what the job says itself."""
    path = _at(name, called, key)
    if beside := [one for one in CONTAINER if one in step.model_fields_set]:
        yield Problem(
            _at(name, called, beside[0]), f"stands beside {key}, whose job says it itself; leave one of them out"
        )
    elif job not in jobs:
        section = training if key == "training" else batch_jobs
        hint = nearest(job, jobs) if jobs else f"; the file has none, so add it under {section.SECTION.name}"
        yield Problem(path, f"names no {key} job of this file{hint}")
    elif not jobs[job].enabled:
        yield Problem(path, f"found {found_word(job)}, which is switched off; take enabled: false out there")
    elif jobs[job].data and (strange := sorted(step.inputs.keys() - jobs[job].data.keys())):
        place = "channel" if key == "training" else "input"
        yield Problem(
            _at(name, called, "inputs", strange[0]),
            f"is no {place} of the {key} job{nearest(strange[0], jobs[job].data)}",
        )


def _scores(config: StackConfig) -> Iterator[Problem]:
    """What a batch job can do in a pipeline: score what lies somewhere or what a step prepares, with its own model."""
    for name, called, step in _steps(config):
        if step.batch is None:
            continue
        for key, said in step.inputs.items():
            before = of(config)[name].steps.get(said)
            if before is not None and before.training is not None:
                yield Problem(
                    _at(name, called, "inputs", key),
                    f"found {found_word(said)}, which trains: what it leaves is a model, and a batch job scores with "
                    "the one that models names; let it read a step that prepares data",
                )
            elif key == "model":
                yield Problem(
                    _at(name, called, "inputs", key), "is what the model itself is called; give it another name"
                )


_ADD = {
    "image": "add the container image of its program, such as {image}, or name a job of this file under training or "
    "batch",
    "program": "add the program and its first words, such as [python, -m, steps, prepare]",
    "max_hours": "add after how many hours the step is stopped",
}


def _started_by_none(config: StackConfig) -> Iterator[Problem]:
    """A batch job without a schedule runs as a step, or never. Where the file has no pipelines, batch jobs say so;
    where a step names a batch job that is none, any may be meant.
    """
    every(of(config))
    named, known = {step.batch for _, _, step in _steps(config)} - {None}, batch_jobs.of(config)
    if not all(name in known for name in named):
        return
    for name, job in known.items():
        if job.is_of_steps_alone and name not in named:
            yield batch_jobs.started_by_none(name)


def _order(config: StackConfig) -> Iterator[Problem]:
    """Each step reads steps that are there, and none that waits for it."""
    for name, pipeline in of(config).items():
        order = reads(pipeline.steps)
        for called, step in pipeline.steps.items():
            for key, said in step.inputs.items():
                path, found = _at(name, called, "inputs", key), f"found {found_word(said)}"
                if is_step(said) and said not in order:
                    hint = nearest(said, [one for one in order if one != called])
                    yield Problem(
                        path, f"{found}, which is no step of the pipeline, nor a folder in the platform's storage{hint}"
                    )
                elif is_step(said) and called in _behind(said, order):
                    turn = "the step itself" if said == called else "which waits for this step in turn"
                    yield Problem(path, f"{found}, {turn}; let it read another step or a folder, so that a run begins")


def _behind(name: str, order: Mapping[str, frozenset[str]]) -> set[str]:
    """A step, and all that it waits for, through others too."""
    seen, ahead = {name}, [name]
    while ahead:
        more = order.get(ahead.pop(), frozenset()) - seen
        seen |= more
        ahead += more
    return seen


def _in_a_circle(order: Mapping[str, frozenset[str]]) -> bool:
    """Whether a step waits for itself, through others too."""
    return any(called in _behind(before, order) for called, reads_ in order.items() for before in reads_)


def _ends(config: StackConfig) -> Iterator[Problem]:
    """A step that no other reads is what the run is for. Where there are several, each says that it is: a gate that no
    step reads would stop none of them.
    """
    for name, pipeline in of(config).items():
        order = reads(pipeline.steps)
        read = frozenset[str]().union(*order.values())
        if not read <= pipeline.steps.keys() or _in_a_circle(order):
            continue  # a step that is none, or that waits for itself, stands for one of these, and has its own sentence
        ends = [called for called in pipeline.steps if called not in read]
        for called in ends if len(ends) > 1 else ():
            if not pipeline.steps[called].result:
                others = ", ".join(one for one in ends if one != called)
                yield Problem(
                    _at(name, called),
                    f"is read by no step, as {others}; let a step read it, or add result: true where what it writes is "
                    "a result of the run",
                )


def _shared(config: StackConfig) -> Iterator[Problem]:
    """Two steps of one training job on Spot machines would go on from each other's checkpoints in a run, whose folder
    they share. On azure each job has its own.
    """
    for name, pipeline in of(config).items() if config.platform != "azure" else ():
        first = dict[str, str]()
        for called, step in pipeline.steps.items():
            job = trained_by(config, step)
            if step.training is None or job is None or job.spot is None:
                continue
            if step.training in first:
                yield Problem(
                    _at(name, called, "training"),
                    f"found {found_word(step.training)}, which the step {first[step.training]} runs, too, and whose "
                    "checkpoints they would share; name a training job of its own, or one without spot",
                )
            first.setdefault(step.training, called)


def _arguments(config: StackConfig) -> Iterator[Problem]:
    """Each input, each option and the output is one argument of the program, by its name."""
    for name, called, step in _steps(config):
        for key in ("inputs", "options"):
            others = {OUTPUT, *(step.inputs if key == "options" else ())}
            for twice in sorted(others & getattr(step, key).keys()):
                yield Problem(
                    _at(name, called, key, twice),
                    "would be two arguments of the program; name inputs and options apart, and none of them output",
                )


def _hyperparameters(config: StackConfig) -> Iterator[Problem]:
    """What a step says beside those of its training job is one argument more, as the job's own are."""
    for name, called, step in _steps(config):
        if not step.hyperparameters:
            continue
        at, job = _at(name, called, "hyperparameters"), trained_by(config, step)
        if step.training is None:
            instead = "the options" if step.batch is None else "environment of its model"
            yield Problem(at, f"is of a step that trains, and this one does not; say it under {instead}")
            continue
        yield from no_secret(step.hyperparameters, at)
        if job is None:  # which has a sentence already
            continue
        taken = {OUTPUT, "checkpoints", *job.data}
        for key in step.hyperparameters:
            if key in taken:
                yield Problem((*at, key), "is an argument of the program already: a channel, output or checkpoints")
            elif job.tuning is not None and key in job.tuning.ranges:
                yield Problem((*at, key), "is what the job searches (tuning, ranges); leave one of them out")
        if (count := len(hyperparameters_of(config, step))) > MOST_HYPERPARAMETERS:
            yield Problem(at, f"makes {count} with those of the job, allowed: {MOST_HYPERPARAMETERS}")


def _images(config: StackConfig) -> Iterator[Problem]:
    for name, called, step in _steps(config):
        if step.image is not None:
            yield from pulled(config, _at(name, called, "image"), step.image)


def _places(config: StackConfig) -> Iterator[Problem]:
    for name, called, step in _steps(config):
        for key, said in step.inputs.items():
            if not is_step(said):
                yield from address(config, _at(name, called, "inputs", key), said, FOLDER)


def _output(config: StackConfig) -> Iterator[Problem]:
    for name, pipeline in of(config).items():
        path = (SECTION.name, name, "output_uri")
        yield from address(config, path, pipeline.output_uri, FOLDER)
        yield from models.apart_from_versions(config, path, pipeline.output_uri)


def _keep(config: StackConfig) -> Iterator[Problem]:
    """What runs write expires; models, data, and what training jobs wrote do not."""
    jobs = training.of(config).values()
    stays = [uri for job in jobs for uri in (job.output_uri, *job.data.values())]
    stays += [model.artifact_uri for _, model in models.served(config)]
    stays += [uri for job in batch_jobs.of(config).values() for uri in job.data.values()]
    stays += [said for _, _, step in _steps(config) for said in step.inputs.values() if not is_step(said)]
    others = [*batch_jobs.expiring(config), *training.expiring(config)]
    own = list(expiring(config))
    for name, pipeline in of(config).items():
        path, uri = (SECTION.name, name, "output_uri"), pipeline.output_uri
        if "keep_days" in pipeline.model_fields_set:
            yield from sources.kept_by_us(config, (SECTION.name, name, "keep_days"), uri)
        yield from expires(path, uri, pipeline.keep_days, stays, [*others, *(one for one in own if one[0] != uri)])
        for folder, days in others:
            yield from expires(path, folder, days, [], [(uri, pipeline.keep_days)])


def expiring(config: StackConfig) -> Iterator[tuple[str, int]]:
    """The folder of each pipeline's runs, and after how many days what lies there is deleted."""
    yield from ((pipeline.output_uri, pipeline.keep_days) for pipeline in of(config).values())


def candidates(config: StackConfig) -> list[str]:
    """The folders below which runs leave candidates for the registry; none where no version of it is served."""
    return [pipeline.output_uri for pipeline in of(config).values()] if models.registered(config) else []


def _secrets(config: StackConfig) -> Iterator[Problem]:
    for name, called, step in _steps(config):
        yield from no_secret(step.options, _at(name, called, "options"))
        yield from no_secret_word(step.program or (), _at(name, called, "program"))


def _schedules(config: StackConfig) -> Iterator[Problem]:
    """The platform keeps the schedule, and no run starts while the last may still run."""
    for name, pipeline in of(config).items():
        if pipeline.schedule is None:
            continue
        yield from kept_time(config, (SECTION.name, name), pipeline.schedule, pipeline.timezone)
        minutes, hours = shortest_pause_minutes(pipeline.schedule), pipeline.hours(config)
        if minutes < hours * 60:
            yield Problem(
                (SECTION.name, name, "schedule"),
                f"found {pipeline.schedule!r}, which starts a run again after {minutes / 60:g} h, and the steps of the "
                f"last may take {hours} h; allowed: fewer hours, or a schedule with longer pauses",
            )


def _hardware(config: StackConfig) -> Iterator[Problem]:
    for name, called, step in _steps(config):
        if step.training is None and step.batch is None:
            yield from offered(config, _at(name, called), step, "training")


def _own_schema(platform: str) -> dict[str, Any]:
    record = PLATFORMS[platform]
    image = (record.image.pattern or "").replace("{region}", "[a-z0-9-]+")
    uri = f"({record.uri.pattern})"
    step = {
        "machine_type": machine_type_schema(platform),
        "image": {"pattern": f"^({image})$"},
        "inputs": {"additionalProperties": {"pattern": f"^{uri}$|{SLUG}"}},
    }
    said = {"steps": {"additionalProperties": {"properties": step}}, "output_uri": {"pattern": f"^{uri}$"}}
    return {"additionalProperties": {"properties": said}}


SECTION: Section[Mapping[str, Pipeline]] = Section(
    __name__,
    value=Annotated[
        dict[Slug, Pipeline],
        Field(
            max_length=1000,
            description="The pipelines by name. `pulumi up` starts none. A stack may have none.",
            examples=[
                {
                    "fraud-path": {
                        "output_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/pipelines/fraud-path/",
                        "runs_per_month": 8,
                        "steps": {
                            "prepare": {
                                "image": "us-central1-docker.pkg.dev/payments-risk-pilot/"
                                "gcp-pilot-registry-images/steps:1",
                                "program": ["python", "-m", "examples.steps", "prepare"],
                                "inputs": {"raw": "gs://gcp-pilot-artifacts-payments-risk-pilot/data/raw/"},
                                "family": "cpu-small",
                                "max_hours": 1,
                            },
                            "train": {"training": "fraud-training", "inputs": {"train": "prepare"}},
                        },
                    }
                }
            ],
        ),
    ],
    default={},
    called="pipelines",
    makes={"Pipeline": "{stack}-{item}"},
    serves=PLATFORMS,
    after=("batch_jobs", "experiments", "models", "training", "workspace"),
    check=one_by_one(
        *(
            _names,
            _either,
            _scores,
            _started_by_none,
            _order,
            _ends,
            _shared,
            _arguments,
            _hyperparameters,
            _images,
            _places,
            _output,
            _keep,
            _secrets,
            _schedules,
            _hardware,
        )
    ),
    own_schema=_own_schema,
)
of = SECTION.of
