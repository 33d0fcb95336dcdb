"""Starting a run of what a stack file has, and `pulumi up` never starts: a training job.

Each platform has a module that says what is sent to start one, and sends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.machines import Machines
from catalogue.pricing import NoFigure, Pricing
from catalogue.wording import nearest
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import training
from stacks.sections.training import TrainingJob


@dataclass(frozen=True)
class Start:
    """What starts a run: the words for a person, and the platform's own command that does the same."""

    says: str
    """What is sent to whom, in one sentence without its full stop."""
    command: str
    """The command of the platform's own CLI, for who would rather type it."""


class Platform(Protocol):
    """What a platform's module has."""

    def start(self, stack: str, config: StackConfig, name: str) -> Start:
        """What would be sent to start a run of the training job."""
        ...

    def send(self, stack: str, config: StackConfig, name: str) -> str:
        """Start a run, and return its id. Raises BadInput where the platform refuses, or whoever asks may not."""
        ...


@dataclass(frozen=True)
class Run:
    """A run of a training job: on what, for how long at most, and what that costs at most."""

    stack: str
    name: str
    machines: Machines
    hours: int
    dollars: float | None
    """None where the price of the machine is unknown in the region."""
    spot: bool
    trials: str = ""
    """What it makes instead of one training, in words."""

    @property
    def cost(self) -> str:
        """What it costs at most, in words."""
        if self.dollars is None:
            return "at a price that is not known in this region"
        # What Spot saves changes by the hour and is no figure of a list.
        return f"${self.dollars:,.2f} at most{', less on Spot machines' if self.spot else ''}"


def of(platform: str) -> Platform:
    """The module of a platform."""
    return cast(Platform, import_module(f"operations.running.{platform}"))


def planned(stack: str, config: StackConfig, name: str) -> Run:
    """A run of the training job of that name. Raises BadInput where there is none, or it is switched off."""
    job = _job(training.of(config), name)
    has = machine(config.platform, job.machine, config.region)
    machines = Machines(
        name,
        has.type,
        "training",
        job.at_once,
        job.at_once,
        accelerator=has.accelerator,
        accelerators=has.accelerators,
    )
    try:
        known = catalogue.load(config.platform)
        hour = Pricing(Graph(stack, config.platform, (), {}), known, config.region).hour(machines)
    except NoFigure:
        hour = None
    dollars = hour * job.at_once * job.hours if hour is not None else None
    return Run(stack, name, machines, job.hours, dollars, job.spot is not None, _trials(job))


def _trials(job: TrainingJob) -> str:
    """What a run makes instead of one training, in words; empty where it trains once."""
    if job.tuning is None:
        return ""
    return f" in {job.tuning.total} trials, {job.tuning.parallel} at once and {job.max_hours} h each at most,"


def _job(jobs: Mapping[str, TrainingJob], name: str) -> TrainingJob:
    if not jobs:
        raise BadInput(
            "training: the stack file has no training job; give it one, as stacks/Pulumi.aws-full.yaml has, and bring "
            "the stack up"
        )
    if name not in jobs:
        raise BadInput(f"training: found {name!r}, which is no training job of the stack file{nearest(name, jobs)}")
    if not jobs[name].enabled:
        raise BadInput(
            f"training.{name}.enabled: is false, so nothing stands that could run; take it out and `up` first"
        )
    return jobs[name]
