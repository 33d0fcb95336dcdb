"""Tuning: a run of a training job that searches hyperparameters, in trials of the same definition.

What no platform does, and what one of them does not, is refused here, with the nearest thing that it does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from catalogue.wording import found_word
from components.shapes import Range as RangeShape
from components.shapes import Tuning as TuningShape
from stacks.fields import HYPERPARAMETER, METRIC, Fields
from stacks.model import Path, Problem

Hyperparameter = Annotated[str, StringConstraints(pattern=HYPERPARAMETER, max_length=255)]
Metric = Annotated[str, StringConstraints(pattern=METRIC, max_length=64)]
Listed = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""SageMaker's bound of a value, the narrowest. ParameterRange, CategoricalParameterRange,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CategoricalParameterRange.html
"""
MOST_INTEGERS = 1_000
"""Whole numbers of a range on azure, where each stands in the request."""
MOST_RANGES, MOST_VALUES, MOST_PARALLEL, MOST_TRIALS = 30, 30, 10, 750
"""SageMaker's bounds, the narrowest, as an account has them at first: "Resource Limits for Automatic Model Tuning",
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
"""


class Objective(Fields):
    """The figure that each trial reports, and whether more of it is better."""

    metric: Metric = Field(examples=["validation:log_loss", "accuracy"])
    """What the program calls the figure."""
    goal: Literal["maximize", "minimize"] = Field(examples=["minimize"])
    """Which of two trials is the better one."""
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        default=None, examples=["validation:log_loss=([0-9.]+)"]
    )
    """The regular expression by which SageMaker reads the figure from the log, on aws alone: its one group is the
    figure. Elsewhere the program reports it by itself."""


class Range(Fields):
    """The values that a hyperparameter may take: from `min` to `max`, or one of `values`."""

    min: float | None = Field(default=None, examples=[0.001])
    """The least that the hyperparameter may be, in its own unit."""
    max: float | None = Field(default=None, examples=[10])
    """The most that the hyperparameter may be, in its own unit."""
    scale: Literal["linear", "log"] = Field(default="linear", examples=["log"])
    """Whether trials are spread evenly, or evenly in the logarithm, for what spans several powers of ten."""
    integer: bool = Field(default=False, examples=[True])
    """Whether only whole numbers are meant."""
    values: Annotated[list[Listed], Field(min_length=2, max_length=MOST_VALUES)] | None = Field(
        default=None, examples=[["adam", "sgd"]], json_schema_extra={"uniqueItems": True}
    )
    """The values themselves, as text, in place of `min` and `max`."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        bounds = {"min", "max", "scale", "integer"} & self.model_fields_set
        if (self.values is None) == (self.min is None or self.max is None) or (self.values is not None and bounds):
            raise ValueError("min and max, with scale and integer where they are meant, or values alone")
        return self


class Tuning(Fields):
    """A run is then a search: trials of the training job, each with other values of some hyperparameters."""

    objective: Objective = Field(examples=[{"metric": "validation:log_loss", "goal": "minimize"}])
    """What the trials are compared by."""
    ranges: dict[Hyperparameter, Range] = Field(
        min_length=1,
        max_length=MOST_RANGES,
        examples=[{"regularization": {"min": 0.001, "max": 10, "scale": "log"}}],
        json_schema_extra={"additionalProperties": False},
    )
    """The hyperparameters that are searched, each with what it may be. The others stay as the job has them."""
    parallel: Annotated[int, Field(ge=1, le=MOST_PARALLEL)] = Field(examples=[2])
    """How many trials run at once at most; each has all the machines of the job."""
    total: Annotated[int, Field(ge=2, le=MOST_TRIALS)] = Field(examples=[12])
    """How many trials a run makes at most."""
    strategy: Literal["random", "bayesian"] = Field(default="bayesian", examples=["bayesian"])
    """How the next values are found: at random, or by what the trials so far have shown."""

    @property
    def rounds(self) -> int:
        """How many trials come one after the other where each takes its time."""
        return -(-self.total // self.parallel)

    @property
    def shape(self) -> TuningShape:
        """The search as components take it."""
        return TuningShape(
            metric=self.objective.metric,
            maximize=self.objective.goal == "maximize",
            pattern=self.objective.pattern,
            ranges={
                name: RangeShape(
                    low=one.min, high=one.max, log=one.scale == "log", integer=one.integer, values=one.values
                )
                for name, one in self.ranges.items()
            },
            parallel=self.parallel,
            total=self.total,
            bayesian=self.strategy == "bayesian",
        )


def problems(
    platform: str, path: Path, tuning: Tuning, taken: Mapping[str, str], max_hours: int, longest: int
) -> Iterator[Problem]:
    """What is wrong with a search, whatever else its job says. `taken` are the other arguments of the program, each
    with what it is; a trial may take `max_hours`, and a run `longest`."""
    if tuning.total < tuning.parallel:
        sentence = f"found {tuning.parallel}, allowed: at most {tuning.total}, which is how many trials there are"
        yield Problem((*path, "parallel"), sentence)
    elif (hours := tuning.rounds * max_hours) > longest:
        yield Problem(
            (*path, "total"),
            f"found {tuning.total}, of which {tuning.parallel} run at once for {max_hours} h each, so that a run may "
            f"take {hours} h; allowed: {longest} h, so make fewer trials or shorter ones, or more of them parallel",
        )
    for name, one in tuning.ranges.items():
        here = (*path, "ranges", name)
        if name in taken:
            yield Problem(here, f"is {taken[name]} of the job too; leave it out there, or here")
        yield from _range(here, one)
    yield from _OWN[platform](path, tuning)


def _range(path: Path, one: Range) -> Iterator[Problem]:
    if one.values is not None and len(set(one.values)) < len(one.values):
        yield Problem((*path, "values"), f"found {found_word(one.values)}, allowed: each value once")
    if one.min is None or one.max is None:
        return
    if not one.min < one.max:
        yield Problem((*path, "max"), f"found {one.max:g}, allowed: more than min, which is {one.min:g}")
    if one.scale == "log" and one.min <= 0:
        yield Problem((*path, "min"), f"found {one.min:g}, allowed: more than 0, which has no logarithm")
    for key, figure in (("min", one.min), ("max", one.max)):
        if one.integer and figure != int(figure):
            yield Problem((*path, key), f"found {figure:g}, allowed: a whole number, as integer says")


def _own_of_aws(path: Path, tuning: Tuning) -> Iterator[Problem]:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-metrics-variables.html"""
    pattern = tuning.objective.pattern
    if pattern is None:
        yield Problem(
            (*path, "objective", "pattern"),
            f"is missing; SageMaker reads the figure from the log, so add the line's pattern with one group, such as "
            f"'{tuning.objective.metric}=([0-9.]+)'",
        )
    elif groups(pattern) != 1:
        yield Problem(
            (*path, "objective", "pattern"),
            f"found {found_word(pattern)}, allowed: a regular expression whose one group is the figure, such as "
            f"'{tuning.objective.metric}=([0-9.]+)'",
        )


def _own_of_gcp(path: Path, tuning: Tuning) -> Iterator[Problem]:
    """https://cloud.google.com/vertex-ai/docs/training/using-hyperparameter-tuning"""
    yield from _no_pattern(
        path, tuning, "Vertex AI reads no log, and the program reports the figure by cloudml-hypertune"
    )


def _own_of_azure(path: Path, tuning: Tuning) -> Iterator[Problem]:
    """Bayesian sampling knows choices and even distributions alone, and what is drawn in a sweep becomes an input of a
    component, whose name has no '-', and a word of its command.

    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-tune-hyperparameters#sampling-the-hyperparameter-space
    """
    yield from _no_pattern(path, tuning, "Azure ML reads no log, and the program logs the figure by MLflow")
    if ":" in tuning.objective.metric:
        yield Problem(
            (*path, "objective", "metric"),
            f"found {found_word(tuning.objective.metric)}, allowed: a name without ':', which not every MLflow takes",
        )
    for name, one in tuning.ranges.items():
        yield from _drawn((*path, "ranges", name), name, one, tuning.strategy == "bayesian")


def _drawn(path: Path, name: str, one: Range, bayesian: bool) -> Iterator[Problem]:
    if "-" in name:
        yield Problem(path, "has a '-', which no input of Azure ML has; name the hyperparameter with '_'")
    if one.scale == "log" and one.integer:
        yield Problem((*path, "scale"), "found 'log', allowed: linear for whole numbers, or the numbers under values")
    elif one.scale == "log" and bayesian:
        yield Problem(
            (*path, "scale"),
            "found 'log', allowed: linear, for Azure ML searches a log scale by chance alone; or say strategy: random",
        )
    if one.integer and one.min is not None and one.max is not None and one.max - one.min >= MOST_INTEGERS:
        sentence = (
            f"found {one.max:g}, allowed: at most {MOST_INTEGERS} whole numbers, which Azure ML is told one by one"
        )
        yield Problem((*path, "max"), sentence)
    for value in one.values or ():
        if not re.fullmatch(r"[\w.,:/+ -]+", value):
            allowed = "letters, digits and any of _ . , : / + -"
            yield Problem((*path, "values"), f"found {found_word(value)}, allowed: {allowed}")


def _no_pattern(path: Path, tuning: Tuning, why: str) -> Iterator[Problem]:
    if tuning.objective.pattern is not None:
        yield Problem((*path, "objective", "pattern"), f"is of aws alone, for {why}; leave it out")


def groups(pattern: str) -> int | None:
    """How many groups a regular expression has; None for what is none."""
    try:
        return re.compile(pattern).groups
    except re.error:
        return None


_OWN: Mapping[str, Callable[[Path, Tuning], Iterator[Problem]]] = {
    "aws": _own_of_aws,
    "gcp": _own_of_gcp,
    "azure": _own_of_azure,
}
