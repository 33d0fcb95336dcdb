"""Starting a run of what a stack file has, and `pulumi up` never starts: a training job or a pipeline.

Each platform has a module that says what is sent to start one, and sends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.wording import nearest
from operations import timetable, words
from stacks.model import StackConfig
from stacks.sections import landing_zone, pipelines, training

STARTED = (training, pipelines)
"""The sections of which runs are started."""


@dataclass(frozen=True)
class Start:
    """What starts a run: the words for a person, and the platform's own command that does the same."""

    says: str
    """What is sent to whom, in one sentence without its full stop."""
    command: str
    """The command of the platform's own CLI, for who would rather type it."""


class Platform(Protocol):
    """What a platform's module has."""

    def start(self, stack: str, config: StackConfig, section: str, name: str) -> Start:
        """What would be sent to start a run of an item of the section."""
        ...

    def send(self, stack: str, config: StackConfig, section: str, name: str) -> str:
        """Start a run, and return its id. Raises BadInput where the platform refuses, or whoever asks may not."""
        ...


def of(platform: str) -> Platform:
    """The module of a platform."""
    return cast(Platform, import_module(f"operations.running.{platform}"))


def refuse(config: StackConfig, section: str, name: str) -> None:
    """Refuse a run of what the section does not have, or of what is switched off. Raises BadInput."""
    items, called = (
        (pipelines.of(config), "pipeline")
        if section == pipelines.SECTION.name
        else (training.of(config), "training job")
    )
    if not items:
        raise BadInput(
            f"{section}: the stack file has no {called}; give it one, as stacks/Pulumi.{config.platform}-full.yaml "
            "has, and bring the stack up"
        )
    if name not in items:
        raise BadInput(f"{section}: found {name!r}, which is no {called} of the stack file{nearest(name, items)}")
    if not items[name].enabled:
        raise BadInput(
            f"{section}.{name}.enabled: is false, so nothing stands that could run; take it out and `up` first"
        )


def told(graph: Graph, config: StackConfig, section: str, name: str) -> str:
    """A run of an item in one sentence: on what, for how long and at what cost at most, as the report's table of what
    runs has it. The graph is the stack's, with all that its file describes.
    """
    called = landing_zone.named(graph.stack, config)
    (row,) = (
        one
        for one in timetable.of(graph, config.region)
        if one.name == f"{called}-{name}" and not one.what.endswith("endpoint")
    )
    if row.unread:
        return f"{called}: a run of {section} {name}, of which nobody can tell more, for it {row.unread}"
    on, lasts = words.run_in_words(row, _trials(config, section, name)), words.run_lasts(row) or "no bound known"
    return f"{called}: a run of {section} {name}{on}, {lasts} at most, {words.run_cost(row)}"


def _trials(config: StackConfig, section: str, name: str) -> Mapping[str, str]:
    """What each part of a run that searches makes instead of one training, in words. A job's one part has no name."""
    jobs = training.of(config)
    if section == training.SECTION.name:
        parts = {"": jobs[name]}
    else:
        steps = pipelines.of(config)[name].steps
        parts = {called: job for called, step in steps.items() if (job := pipelines.trained_by(config, step))}
    return {
        called: f" in {job.tuning.total} trials, {job.tuning.parallel} at once and {job.max_hours} h each at most,"
        for called, job in parts.items()
        if job.tuning is not None
    }
