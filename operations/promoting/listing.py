"""The versions of a model that a stack's registry has, the newest first, and the newest that is approved."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from catalogue.errors import BadInput
from catalogue.registered import APPROVED, Registered, lies_in
from operations.promoting import Asked, Found, asked
from stacks.model import StackConfig
from stacks.sections import models, pipelines

LATEST = "@latest"


@dataclass(frozen=True)
class Listed:
    """One version: what the registry says of it, or why nobody can tell, and which models of the file name it."""

    version: Registered
    found: Found | None
    problem: str
    served_as: tuple[str, ...]


def numbers(one: Asked) -> list[int]:
    """The numbers that the registry has of a model, the newest first."""
    return sorted(one.registry.numbers(one.stack, one.config, one.version.name), reverse=True)


def listed(one: Asked, these: list[int]) -> Iterator[Listed]:
    """Each of these versions. One that cannot be trusted is told, and takes no other along."""
    for number in these:
        version = Registered(one.version.name, number)
        served = _served_as(one.config, version)
        try:
            yield Listed(version, one.registry.found(one.stack, one.config, version), "", served)
        except BadInput as error:
            yield Listed(version, None, str(error), served)


def asked_or_latest(said: str, file: Path) -> Asked:
    """The version of NAME@N, or of NAME@latest, which is the newest that is approved.

    Raises BadInput where none is, and where a newer one cannot be read: nobody knows then which is the latest.
    """
    if not said.endswith(LATEST):
        return asked(said, file)
    first = asked(f"{said.removesuffix(LATEST)}@1", file)
    for number in numbers(first):
        one = replace(first, version=Registered(first.version.name, number))
        if one.registry.found(one.stack, one.config, one.version).status == APPROVED:
            return one
    raise BadInput(f"{said}: the registry of {first.stack} has no version that is approved; the approver decides first")


def read_elsewhere(config: StackConfig, version: Registered) -> list[str]:
    """Which steps of pipelines read another version of the same model, as one does that compares with what serves."""
    return [
        f"pipelines.{name}.steps.{called}.inputs.{key} reads {other} as before; change it in the same edit where it is "
        "to be the version that serves"
        for name, pipeline in pipelines.of(config).items()
        for called, step in pipeline.steps.items()
        for key, said in step.inputs.items()
        if (other := lies_in(said)) is not None and other.name == version.name and other != version
    ]


def _served_as(config: StackConfig, version: Registered) -> tuple[str, ...]:
    return tuple(
        key
        for key, model in models.of(config).items()
        if (model.registered, model.version) == (version.name, version.version)
    )
