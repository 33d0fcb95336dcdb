"""Starting a run of what a stack file has, and `pulumi up` never starts: a training job or a pipeline.

Each platform has a module that says what is sent to start one, and sends it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, TypeVar, cast

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Use
from catalogue.machines import Machines
from catalogue.order import in_order, longest
from catalogue.pricing import NoFigure, Pricing
from catalogue.wording import nearest
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import pipelines, training
from stacks.sections.pipelines import Pipeline, hours_of, scored_by
from stacks.sections.training import TrainingJob

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

    LAUNCHER: str
    """The machine type that stands beside each step of a pipeline while it runs, and bills. Empty where none does."""

    def start(self, stack: str, config: StackConfig, section: str, name: str) -> Start:
        """What would be sent to start a run of an item of the section."""
        ...

    def send(self, stack: str, config: StackConfig, section: str, name: str) -> str:
        """Start a run, and return its id. Raises BadInput where the platform refuses, or whoever asks may not."""
        ...


@dataclass(frozen=True)
class Part:
    """One job of a run: on what, for how long at most, and what that costs at most."""

    name: str
    machines: Machines
    hours: int
    dollars: float | None
    """None where the price of the machine is unknown in the region."""
    spot: bool
    trials: str = ""
    """What it makes instead of one training, in words."""

    @property
    def on(self) -> str:
        """What it runs on, in words."""
        return f"{self.machines.high} × {self.machines.said}" if self.machines.high > 1 else self.machines.said


@dataclass(frozen=True)
class Run:
    """A run of a training job, or of a pipeline, whose steps are its parts, of which each waits for others."""

    stack: str
    name: str
    parts: Sequence[Part]
    waits: Mapping[str, Collection[str]] = field(default_factory=dict[str, Collection[str]])
    launchers: Part | None = None
    """What starts the steps and waits for each, on a machine of its own; None where nothing that bills does."""

    @property
    def hours(self) -> int:
        """How long it takes at most: the longest way from step to step."""
        return int(longest({part.name: part.hours for part in self.parts}, self.waits))

    @property
    def says(self) -> str:
        """On what it is, in words."""
        if len(self.parts) == 1:
            return f"{self.parts[0].trials} on {self.parts[0].on}"
        return f": {', then '.join(' beside '.join(one) for one in self._turns())}"

    def _turns(self) -> list[list[str]]:
        """The steps in words, those that begin with the run first: each of the next waits for one of those before."""
        turns, said = dict[str, int](), list[list[str]]()
        on = {part.name: f"{part.name}{part.trials} on {part.on}" for part in self.parts}
        for name in in_order(self.waits):
            turns[name] = max((turns[one] + 1 for one in self.waits[name]), default=0)
            said += [[]] if turns[name] == len(said) else []
            said[turns[name]].append(on[name])
        return said

    @property
    def dollars(self) -> float | None:
        """What it costs at most; None where the price of a machine is unknown in the region."""
        parts = [*self.parts, *([self.launchers] if self.launchers else [])]
        costs = [part.dollars for part in parts if part.dollars is not None]
        return sum(costs) if len(costs) == len(parts) else None

    @property
    def cost(self) -> str:
        """What it costs at most, in words."""
        if self.dollars is None:
            return "at a price that is not known in this region"
        # What Spot saves changes by the hour and is no figure of a list.
        spot = any(part.spot for part in self.parts)
        beside = f" with the launchers of its steps on {self.launchers.on}" if self.launchers else ""
        return f"${self.dollars:,.2f} at most{beside}{', less on Spot machines' if spot else ''}"


def of(platform: str) -> Platform:
    """The module of a platform."""
    return cast(Platform, import_module(f"operations.running.{platform}"))


def planned(stack: str, config: StackConfig, section: str, name: str) -> Run:
    """A run of the item of that name. Raises BadInput where there is none, or it is switched off."""
    if section == pipelines.SECTION.name:
        asked = _item(pipelines.of(config), section, "pipeline", name)
        parts, launcher = list(_steps(stack, config, asked)), of(config.platform).LAUNCHER
        hours = sum(part.hours for part in parts)
        launchers = _part(stack, config, "launchers", launcher, 1, hours) if launcher else None
        return Run(stack, name, parts, pipelines.reads(asked.steps), launchers)
    job = _item(training.of(config), section, "training job", name)
    return Run(stack, name, [_of_a_job(stack, config, name, job)])


def _steps(stack: str, config: StackConfig, pipeline: Pipeline) -> Iterator[Part]:
    for name, step in pipeline.steps.items():
        if step.training is not None:
            yield _of_a_job(stack, config, name, training.of(config)[step.training])
        elif (job := scored_by(config, step)) is not None:
            yield _part(stack, config, name, job.machine, job.replicas, job.max_hours, use="batch")
        else:
            yield _part(stack, config, name, step.machine, 1, hours_of(config, step))


def _of_a_job(stack: str, config: StackConfig, name: str, job: TrainingJob) -> Part:
    return _part(stack, config, name, job.machine, job.at_once, job.hours, job.spot is not None, _trials(job))


def _part(
    stack: str,
    config: StackConfig,
    name: str,
    named: str,
    replicas: int,
    hours: int,
    spot: bool = False,
    trials: str = "",
    use: Use = "training",
) -> Part:
    has = machine(config.platform, named, config.region)
    machines = Machines(
        name,
        has.type,
        use,
        replicas,
        replicas,
        accelerator=has.accelerator,
        accelerators=has.accelerators,
    )
    try:
        known = catalogue.load(config.platform)
        hour = Pricing(Graph(stack, config.platform, (), {}), known, config.region).hour(machines)
    except NoFigure:
        hour = None
    return Part(name, machines, hours, hour * replicas * hours if hour is not None else None, spot, trials)


def _trials(job: TrainingJob) -> str:
    """What a run makes instead of one training, in words; empty where it trains once."""
    if job.tuning is None:
        return ""
    return f" in {job.tuning.total} trials, {job.tuning.parallel} at once and {job.max_hours} h each at most,"


Item = TypeVar("Item", TrainingJob, Pipeline)


def _item(items: Mapping[str, Item], section: str, called: str, name: str) -> Item:
    if not items:
        raise BadInput(
            f"{section}: the stack file has no {called}; give it one, as stacks/Pulumi.aws-full.yaml has, and bring "
            "the stack up"
        )
    if name not in items:
        raise BadInput(f"{section}: found {name!r}, which is no {called} of the stack file{nearest(name, items)}")
    if not items[name].enabled:
        raise BadInput(
            f"{section}.{name}.enabled: is false, so nothing stands that could run; take it out and `up` first"
        )
    return items[name]
