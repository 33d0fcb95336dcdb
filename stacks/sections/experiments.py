"""Experiments: where runs are recorded, so that they can be compared. Off unless a stack file asks for it."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from catalogue.wording import found_word, nearest
from stacks.checks import one_by_one
from stacks.fields import Fields, Slug
from stacks.model import Problem, Section, StackConfig
from stacks.sections import training


class Experiments(Fields):
    """Where people record their runs: an MLflow of SageMaker's own on aws, a TensorBoard of Vertex AI's on gcp, and on
    azure the MLflow that the workspace has."""

    training: list[Slug] = Field(
        default=[], max_length=1000, examples=[["fraud-training"]], json_schema_extra={"uniqueItems": True}
    )
    """The training jobs whose runs are recorded there too. Each of them is told the address. On aws the container of
    such a job has the network of the stack's subnets, where that of any other has none; on azure each run is recorded,
    named here or not."""


def _training(config: StackConfig) -> Iterator[Problem]:
    asked = of(config)
    known = training.of(config)
    for index, name in enumerate(asked.training if asked else ()):
        if name not in known:
            hint = nearest(name, known) if known else "; the file has none, so leave experiments out"
            yield Problem((SECTION.name, "training", index), f"names no training job of this file{hint}")
        elif known[name].tuning is not None:
            yield Problem(
                (SECTION.name, "training", index),
                f"found {found_word(name)}, whose runs are trials of a search, which the platform records by itself; "
                "leave it out",
            )
        elif asked and name in asked.training[:index]:
            yield Problem((SECTION.name, "training", index), f"names {name} a second time; leave one of them out")


SECTION: Section[Experiments | None] = Section(
    __name__,
    value=Annotated[
        Experiments | None,
        Field(
            description="Where runs are recorded, so that they can be compared. Nothing records them where it is left "
            "out.",
            examples=[{"training": ["fraud-training"]}],
        ),
    ],
    default=None,
    called="experiments",
    makes={"Experiments": "{stack}-experiments"},
    check=one_by_one(_training),
)
of = SECTION.of


def recorded(config: StackConfig, job: str) -> bool:
    """Whether the runs of a training job are recorded."""
    asked = of(config)
    return asked is not None and job in asked.training
