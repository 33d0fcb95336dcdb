"""The jobs that schedules of Azure Machine Learning start: what each runs on, reads and writes, and how often."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

from cronsim import CronSimError

from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kind import Kind
from catalogue.pricing import MONTH_MINUTES, cron_runs_per_month
from catalogue.properties import Malformed, Properties
from catalogue.quantities import largest_or_none, more_than_zero_or_none
from catalogue.runs import by_hand
from catalogue.wording import in_words
from catalogue.work import cron_in_words

COMPUTE, SCHEDULE = (f"azure-native:machinelearningservices:{noun}" for noun in ("Compute", "Schedule"))
"""The types of what jobs run on and of what starts them; machinelearningservices_jobs.py has their records."""

JOB = "properties.action.jobDefinition"
"""Where a schedule says the job that it starts."""

KINDS: tuple[Kind, ...] = ()
"""A job is no resource of a stack. What starts it is: a schedule."""


def below(props: Properties, path: str) -> str:
    """Where a path below these properties is in the whole."""
    return f"{props.at}.{path}" if props.at else path


_OF_PIPELINE = re.compile(r"\$\{\{\s*parent\.(?:inputs|outputs)\.(\w+)\s*\}\}")
_OF_STEP = re.compile(r"\$\{\{\s*parent\.jobs\.(\w+)\.outputs\.\w+\s*\}\}")
"""How a step names what its pipeline was given, and what another step writes,
https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-core-syntax
"""


@dataclass(frozen=True)
class Job:
    """One job that a schedule starts, at any depth of a pipeline.

    `around` has the pipelines around it, the outermost first. Read its nodes, time and compute by the methods, for each
    kind of job has them at another path.
    """

    kind: str
    own: Properties
    around: tuple[Properties, ...]

    @property
    def step(self) -> str:
        """What the pipeline around it calls it; empty where there is none."""
        return self.own.at.rpartition(".")[2] if self.around else ""

    def places(self, what: Literal["inputs", "outputs"]) -> Iterator[tuple[str, Properties]]:
        """Each input or output by the name that the job itself has for it; where it names one of a pipeline around it,
        that one.
        """
        own = self.own.section_or_empty(what)
        for name in own.names():
            found, parts = own.section_or_empty(name), [*self.around]
            while parts and (meant := _OF_PIPELINE.fullmatch(found.text_or_empty("value"))):
                found = parts.pop().section_or_empty(f"{what}.{meant[1]}")
            yield name, found

    @property
    def after(self) -> Mapping[str, str]:
        """The steps beside it whose outputs it reads, by the names of its inputs."""
        own = self.own.section_or_empty("inputs")
        given = ((name, own.section_or_empty(name).text_or_empty("value")) for name in own.names())
        return {name: meant[1] for name, value in given if (meant := _OF_STEP.fullmatch(value))}

    @property
    def scores(self) -> bool:
        """Whether it takes a model, and so scores with it."""
        return any(one.text_or_empty("jobInputType").endswith("_model") for _, one in self.places("inputs"))

    def nodes(self) -> int:
        """How many nodes run at once. Raises Malformed where nothing bounds them."""
        count = self.replicas()
        if self.kind == "command":
            return count
        limits = [self.own.section_or_empty(path) for path in self._limits()]
        trials = self._largest(limits, "maxConcurrentTrials", "max_concurrent_trials")
        if trials is None and self.kind == "sweep":
            where = below(self.own, "limits.maxConcurrentTrials")
            raise Malformed(where, "is not given, so nothing bounds how many trials run at once", self.own.owner)
        return max(count * ceil(trials or 1), ceil(self._largest(limits, "maxNodes", "max_nodes") or 0))

    def replicas(self) -> int:
        """How many nodes do the work together, of a search those of one trial."""
        # A step of a pipeline is free-form JSON. Azure's own tools write these keys in snake case there.
        return ceil(self._largest(self._resources(), "instanceCount", "instance_count") or 1)

    def machine_type(self) -> str:
        """The machine that Azure makes for the job. Empty where none is named. Raises Malformed where several are."""
        paths = ("instanceType", "instance_type")
        named = {part.text_or_empty(path) for part in self._resources() for path in paths} - {""}
        if len(named) > 1:
            why = f"names several machines ({', '.join(sorted(named))}), so the one that runs is unknown"
            raise Malformed(below(self.own, "resources"), why, self.own.owner)
        return "".join(named)

    def _resources(self) -> list[Properties]:
        """The sections that name its machines. A sweep names them in its trial, and in a pipeline also in itself."""
        paths = ("resources", "trial.resources") if self.kind == "sweep" else ("resources",)
        return [self.own.section_or_empty(path) for path in paths]

    def _limits(self) -> tuple[str, ...]:
        """The sections with its limits.

        For an automl job, Azure's API has them in the task, and Azure's tools beside it.
        """
        return ("taskDetails.limitSettings", "limitSettings", "limits") if self.kind == "automl" else ("limits",)

    @staticmethod
    def _largest(parts: list[Properties], *paths: str) -> float | None:
        return max((most for part in parts if (most := largest_or_none(part, *paths)) is not None), default=None)

    def minutes_or_none(self) -> float | None:
        """The time after which it is stopped. With several bounds it is the longest; None without a bound."""
        if self.kind == "sweep" and isinstance(self.own.value_or_none("limits.timeout"), int | float):
            return (self.own.number_or_none("limits.timeout") or 0) / 60  # as a step of a pipeline says it
        found = [minutes_or_none(self.own, f"{limits}.timeout") for limits in self._limits()]
        return max((minutes for minutes in found if minutes is not None), default=None)

    def component(self) -> str:
        """The id of the component that says what it does; a sweep names it in its trial. Empty where it is unknown."""
        return self.own.text_if_known("trial.componentId" if self.kind == "sweep" else "componentId")

    def identity(self) -> Properties:
        """The identity of the job: its own, or that of the nearest pipeline around it that names one."""
        given = (part for part in (self.own, *reversed(self.around)) if "identity" in part)
        return next(given, self.own).section_or_empty("identity")

    def compute(self, graph: Graph, schedule: Resource) -> Resource | None:
        """The compute of the stack on which it runs. None where Azure makes one for the job ("serverless")."""
        for part in (self.own, *reversed(self.around)):
            paths = ("computeId", "settings.defaultCompute", "settings.default_compute")
            found = [compute_at(graph, schedule, part, path) for path in paths if part.is_given(path)]
            if len({compute.urn if compute else "" for compute in found}) > 1:
                raise Malformed(part.at, "names several computes, so the one it runs on is unknown", schedule)
            if found:
                return found[0]
        return None


def slug_of(step: str) -> str:
    """What a stack file calls a step, whose name in Azure ML takes no dashes."""
    return step.replace("_", "-")


def jobs(schedule: Properties) -> Iterator[Job]:
    """Every job that a schedule starts. Raises Malformed for an unknown action or kind of job."""
    action = schedule.text_or_empty("properties.action.actionType")
    if action != "CreateJob":
        why = f"is {action or 'not given'}, and what that starts is not in the catalogue"
        raise Malformed("properties.action.actionType", why, schedule.owner)
    yield from _steps(schedule.section_or_empty(JOB), ())


def _steps(job: Properties, around: tuple[Properties, ...]) -> Iterator[Job]:
    said = {job.text_or_empty(path).lower() for path in ("jobType", "type")} - {""}
    if len(said) > 1:
        why = f"says {' and '.join(sorted(said))}, which contradict each other (jobType, type)"
        raise Malformed(job.at, why, job.owner)
    kind = "".join(said)
    if kind == "pipeline":
        steps = list(job.each_section("jobs.*"))
        if not steps:
            raise Malformed(below(job, "jobs"), "is empty, so what the pipeline runs is unknown", job.owner)
        for step in steps:
            yield from _steps(step, (*around, job))
    elif kind in ("command", "sweep", "automl"):
        yield Job(kind, job, around)
    else:
        why = f"is {kind or 'not given'}, a kind of job that the catalogue does not know"
        raise Malformed(below(job, "jobType"), why, job.owner)


def compute_at(graph: Graph, resource: Resource, part: Properties, path: str) -> Resource | None:
    """The compute of the stack that a property of a schedule or batch deployment names; None for "serverless".

    Raises Malformed for any other compute, and NotKnown where it is not known which of several is meant.
    """
    name = part.text_if_known(path).rpartition("/")[2].rpartition(":")[2].lower()
    if name == "serverless":
        return None
    computes = graph.refers(resource, "properties", COMPUTE)
    if not name and len(computes) == 1:
        return computes[0]
    if not name:
        part.text_or_empty(path)  # this raises, for it is not known which of several is meant
    named = [compute for compute in computes if compute.props.text_if_known("computeName").lower() == name]
    if len(named) != 1:
        raise Malformed(below(part, path), "names no compute of the stack, so its machines are unknown", resource)
    return named[0]


def waits(schedule: Properties) -> Mapping[str, frozenset[str]]:
    """The steps that each step of a run reads, and so waits for. Empty where a pipeline stands in another: what reads
    what there is not said by the names of steps alone.
    """
    found = list(jobs(schedule))
    alone = len({job.step for job in found}) == len(found) and all(len(job.around) == 1 for job in found)
    return {job.step: frozenset(job.after.values()) for job in found} if alone else {}


def last_steps(schedule: Properties) -> list[Job]:
    """The jobs of a run which no other job of it reads: a run has succeeded with the last of them."""
    found = list(jobs(schedule))
    read = {before for job in found for before in job.after.values()}
    return [job for job in found if job.step not in read] or found[-1:]


def trains(schedule: Properties) -> bool:
    """Whether a job of a schedule takes no model: a pipeline may score beside what it trains."""
    return not all(job.scores for job in jobs(schedule))


OF_THE_RUN = "${{name}}/"
"""What Azure ML puts the run's name for, https://learn.microsoft.com/en-us/azure/machine-learning/concept-expressions"""


def passing(schedule: Properties, of_a_pipeline: bool) -> Iterator[str]:
    """The addresses of the folders of what each run writes for a while: scores, the checkpoints of a training job, and
    all that the steps of a pipeline write, below which each run has its own. What is not known yet is left out.
    """
    training = trains(schedule)
    for job in jobs(schedule):
        if of_a_pipeline:  # its checkpoints are those of a training job
            for name, one in job.places("outputs"):
                if name != "checkpoints":
                    yield one.text_if_known("uri").removesuffix(OF_THE_RUN)
            continue
        for part in (job.own, *job.around):
            outputs = part.section_or_empty("outputs")
            for name in outputs.names():
                if not training or name == "checkpoints":
                    yield outputs.text_if_known(f"{name}.uri").removesuffix(OF_THE_RUN)


def starts_per_month(schedule: Properties) -> float:
    """How often people start what a schedule says, by its tag, and the schedule itself, in an average month.

    One that is off counts as on where no tag says what people start, for somebody may switch it on.
    """
    started = by_hand(schedule.section_or_empty("properties.tags"))
    if started is not None and schedule.flag_or_none("properties.isEnabled") is False:
        return started
    return runs_per_month(schedule.section_or_empty("properties.trigger")) + (started or 0.0)


_MINUTES = {"minute": 1.0, "hour": 60.0, "day": 1440.0, "week": 10_080.0, "month": MONTH_MINUTES}


def runs_per_month(trigger: Properties) -> float:
    """How often a trigger fires in an average month, even if it is switched off now."""
    kind = trigger.text_or_empty("triggerType")
    if kind == "Cron":
        try:
            runs = cron_runs_per_month(trigger.text_or_empty("expression"))
        except CronSimError:
            raise Malformed(below(trigger, "expression"), "is no cron expression", trigger.owner) from None
        if not runs:
            raise Malformed(below(trigger, "expression"), "does not fire in the year that is counted", trigger.owner)
        return runs
    frequency, interval = trigger.text_or_empty("frequency").lower(), more_than_zero_or_none(trigger, "interval")
    if kind != "Recurrence" or frequency not in _MINUTES or not interval:
        raise Malformed(trigger.at, "does not say how often it fires", trigger.owner)
    at = trigger.section_or_empty("schedule")
    several = {"week": ("hours", "minutes", "weekDays"), "month": ("hours", "minutes", "monthDays")}
    times = 1
    for path in several.get(frequency, ("hours", "minutes")):
        times *= max(1, len(list(at.each(path))))
    return times * MONTH_MINUTES / (_MINUTES[frequency] * interval)


def in_words_of(trigger: Properties) -> str:
    """When a trigger fires, in words. Raises Malformed as `runs_per_month` does."""
    runs_per_month(trigger)
    zone = trigger.text_or_empty("timeZone") or "UTC"
    if trigger.text_or_empty("triggerType") == "Cron":
        return cron_in_words(trigger.text_or_empty("expression"), zone)
    every, frequency = trigger.number_or_none("interval") or 1, trigger.text_or_empty("frequency").lower()
    at = trigger.section_or_empty("schedule")
    days = [*at.each_text("weekDays"), *(f"day {day:g}" for day in at.each_number("monthDays"))]
    hours, minutes = list(at.each_number("hours")), list(at.each_number("minutes"))
    times = [f"{int(hour):02}:{int(minute):02}" for hour in hours for minute in minutes or [0]]
    when = f"every {frequency}" if every == 1 else f"every {every:g} {frequency}s"
    return f"{when}{f' on {in_words(days)}' if days else ''}{f' at {in_words(times)}' if times else ''}, {zone}"
