"""What stops the transform jobs of pipelines in time: state machines that look for those that run, by the clock.

CreateTransformJob takes no time after which a job ends, and a pipeline of SageMaker stops none of its steps:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html. A watch lists the jobs in
progress of a name, waits, and stops those that still are. It bounds a job where each of its parts is one that is known.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from catalogue.crons import unix_cron
from catalogue.graph import Graph, Resource
from catalogue.kind import Kind
from catalogue.kinds.aws.jobs import SCORES, STATE_MACHINE, Job
from catalogue.kinds.aws.scheduler import runs_per_month, starters
from catalogue.kinds.aws.states import call_of, definition, request_of, states_of
from catalogue.once import once_a_graph
from catalogue.pauses import longest_pause_minutes
from catalogue.pricing import Unpriced
from catalogue.properties import Properties, Unreadable

KINDS: tuple[Kind, ...] = ()
"""A watch is a state machine, which sfn.py has."""

_LISTED = "$.TransformJobSummaries"
_ASKS_FOR = frozenset({"MaxResults", "NameContains", "SortBy", "SortOrder", "StatusEquals"})
"""The members of ListTransformJobs that leave out no job in progress of the name:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTransformJobs.html"""
_UNITS = {"minute": 1, "hour": 60, "day": 1440}


@dataclass(frozen=True)
class Watch:
    """What stops each transform job with `named` in its name: the state machine, and after how many hours at most.

    `waits` is how many of them the machine itself waits; the rest may pass until it first sees the job.
    """

    machine: Resource
    named: str
    waits: float
    hours: float

    def stops(self, job: Job) -> bool:
        """Whether it stops a job."""
        return job.action == SCORES and self.named in job.request.text_or_empty("TransformJobName")


def hours_of(graph: Graph, job: Job) -> float:
    """How long a job may last: by its own request, or of a transform job by what stops it. Raises Unpriced for one that
    nothing ends.
    """
    if job.action != SCORES:
        return job.longest_hours()
    found = [watch.hours for watch in watches(graph) if watch.stops(job)]
    if not found:
        raise Unpriced(f"a transform job that nothing of the stack stops ({job.state})")
    return min(found)


@once_a_graph
def watches(graph: Graph) -> tuple[Watch, ...]:
    """Every watch of the graph. A state machine that cannot be read, or that no schedule starts, is none."""
    return tuple(watch for machine in graph.of(STATE_MACHINE) for watch in of_machine(graph, machine))


def of_machine(graph: Graph, machine: Resource) -> list[Watch]:
    """The watches of a state machine, which looks as often as its schedule starts it."""
    found, pauses = list[Watch](), list[float]()
    with suppress(Unreadable):
        pauses = [one for schedule in starters(graph, machine) if (one := _pause(schedule)) is not None]
        ends = definition(machine.props).number_or_none("TimeoutSeconds") or 0
        for scope in _side_by_side(machine.props):
            if (seen := _looked_for(scope)) is not None and pauses and seen[1] < ends:
                named, seconds = seen
                found.append(Watch(machine, named, seconds / 3600, (seconds + min(pauses) * 60) / 3600))
    return found


def _pause(schedule: Resource) -> float | None:
    """The most minutes between two starts, with the window in which each may come. None where it is off or ends."""
    props, window = schedule.props, schedule.props.section_or_empty("flexibleTimeWindow")
    expression = props.text_or_empty("scheduleExpression")
    kind, _, inner = expression.rstrip(")").partition("(")
    off = props.text_or_empty("state") == "DISABLED" or props.is_given("endDate") or props.is_given("startDate")
    # A cron that names a year starts nothing before or after it.
    off = off or (kind == "cron" and inner.split()[-1:] not in (["*"], ["?"]))
    try:
        runs_per_month(expression)
    except ValueError:
        return None
    if off or kind == "at":
        return None
    within = window.number_or_none("maximumWindowInMinutes") or 0 if window.text_or_empty("mode") != "OFF" else 0
    if kind == "rate":
        value, unit = inner.split()
        return int(value) * _UNITS[unit.rstrip("s")] + within
    return longest_pause_minutes(unix_cron(inner)) + within


def _side_by_side(props: Properties) -> Iterator[Properties]:
    """What a run does at once: the branches of the state that it starts at, or the whole definition."""
    whole = definition(props)
    start = states_of(whole).get(whole.text_or_empty("StartAt"))
    if start is not None and start.text_or_empty("Type") == "Parallel":
        yield from start.each_section("Branches")
    else:
        yield whole


def _looked_for(scope: Properties) -> tuple[str, float] | None:
    """The part of a name by which jobs are looked for, and the seconds until those that still run are stopped. None
    where that is not what the states do, or where it cannot be told.
    """
    states = states_of(scope)
    lists = states.get(scope.text_or_empty("StartAt"))
    if lists is None or not _calls(lists, "listTransformJobs"):
        return None
    asked = request_of(lists)
    named, said = asked.text_or_empty("NameContains"), asked.text_or_empty
    oldest_first = (said("SortBy") or "CreationTime") == "CreationTime" and said("SortOrder") == "Ascending"
    if not named or {*asked.names()} - _ASKS_FOR or said("StatusEquals") != "InProgress" or not oldest_first:
        return None
    seconds, state = 0.0, states.get(lists.text_or_empty("Next"))
    for _ in states:
        kind = state.text_or_empty("Type") if state is not None else ""
        if state is None or kind == "Map":
            break
        leads = state.text_or_empty("Next")
        if kind == "Choice":
            leads = _where(state, f"{_LISTED}[0]", {"IsPresent": True})
        elif kind != "Wait" or state.number_or_none("Seconds") is None:
            return None
        seconds += state.number_or_none("Seconds") or 0
        state = states.get(leads)
    return (named, seconds) if state is not None and _stops_each(state) else None


def _stops_each(state: Properties) -> bool:
    """Whether a Map stops each job of the list, asked first or not whether it still runs."""
    inner = state.section_or_empty("ItemProcessor" if "ItemProcessor" in state else "Iterator")
    states = states_of(inner)
    first = states.get(inner.text_or_empty("StartAt"))
    if state.text_or_empty("ItemsPath") != _LISTED or {"ItemSelector", "Parameters"} & {*state.values}:
        return False
    if first is not None and _calls(first, "describeTransformJob") and _of_the_item(first):
        running = states.get(first.text_or_empty("Next"))
        leads = _where(running, "$.TransformJobStatus", {"StringEquals": "InProgress"}) if running is not None else ""
        first = states.get(leads)
    return first is not None and _calls(first, "stopTransformJob") and _of_the_item(first)


def _calls(state: Properties, action: str) -> bool:
    """Whether a state is a call of SageMaker whose answer is all that the next one gets."""
    whole = state.text_or_empty("ResultPath") in ("", "$") and not {"OutputPath", "ResultSelector"} & {*state.values}
    return state.text_or_empty("Type") == "Task" and call_of(state) == action and whole


def _of_the_item(task: Properties) -> bool:
    return dict(request_of(task).values) == {"TransformJobName.$": "$.TransformJobName"}


def _where(choice: Properties, variable: str, holds: Mapping[str, object]) -> str:
    """Where a choice leads that asks for this first; empty for any other state."""
    for first in choice.each_section("Choices"):
        asked = {key: value for key, value in first.values.items() if key != "Next"}
        return first.text_or_empty("Next") if asked == {"Variable": variable, **holds} else ""
    return ""
