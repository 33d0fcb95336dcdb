"""Asks a cloud's own model which cell of the table persona by task is allowed on the graph of a stack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from catalogue.graph import Graph
from policies.personas import Task, table


@dataclass(frozen=True)
class Place:
    """One thing that calls are made on: its name in the cloud, and what each request on it brings."""

    name: str
    brings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Request:
    """One call of a task: what, on what, and what it brings."""

    do: str
    at: Place
    brings: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        return f"{self.do} on {self.at.name}"


@dataclass(frozen=True)
class Cloud:
    """A platform's model.

    `places` has what each word of the table stands for; a word of nothing in the stack has no place. `entered` says
    whether a persona can be taken as the table says. `refusal` says why a persona's request is refused, and is empty
    where it is allowed.
    """

    places: Callable[[Graph], Mapping[str, Sequence[Place]]]
    entered: Callable[[Graph, str, str], bool]
    refusal: Callable[[Graph, str, Request], str]


def cloud(graph: Graph) -> Cloud:
    """The model of the graph's platform."""
    model: Cloud = import_module(f"policies.personas.{graph.platform}").MODEL
    return model


def requests(graph: Graph, task: Task) -> list[Request]:
    """Every call of a task on the things of a stack. None where the stack has nothing that the task is about.

    Raises KeyError for a word that the platform's places do not have.
    """
    places = cloud(graph).places(graph)
    return [Request(do, place, calls.brings) for calls in task.calls for place in places[calls.at] for do in calls.do]


def is_about(graph: Graph, task: Task) -> bool:
    """Whether the stack has what a task is about."""
    return not task.about or bool(cloud(graph).places(graph)[task.about])


def refusals(graph: Graph, persona: str, task: Task, stack: Graph | None = None) -> dict[str, str]:
    """The calls of a task that are refused to a persona of a graph, and why; `stack` has the things, if another has."""
    asked = cloud(graph).refusal
    found = dict[str, str]()
    for one in requests(stack or graph, task):  # several may be of one name, such as lists of folders of one bucket
        if why := asked(graph, persona, one):
            found.setdefault(str(one), why)
    return found


def allowed(graph: Graph, persona: str, task: Task, stack: Graph | None = None) -> bool:
    """Whether a persona can do a task: it can be taken as the table says, and no call is refused."""
    taken = cloud(graph).entered(graph, persona, table(graph.platform).taken_by[persona])
    return taken and not refusals(graph, persona, task, stack)


def untrue(graph: Graph) -> Iterator[str]:
    """What the grants of a graph do not make true of the table: a task that its persona cannot do, and one that another
    can."""
    said, refused = table(graph.platform), cloud(graph).refusal
    for task in said.tasks:
        calls = requests(graph, task) if is_about(graph, task) else []
        for persona in said.made if calls else ():
            asked = [refused(graph, persona, request) for request in calls]
            if persona in task.who and any(asked):
                yield f"lets {persona} not {task.says}, which is its task: {next(filter(None, asked))}"
            elif persona not in task.who | task.also and (not all(asked) if task.each else not any(asked)):
                yield f"lets {persona} {task.says}, which is no task of its own"


def cells(graph: Graph) -> dict[tuple[str, str], bool]:
    """Each persona that the stack makes, and each task that the stack has something for: whether it is allowed."""
    shown = table(graph.platform)
    return {
        (persona, task.name): allowed(graph, persona, task)
        for task in shown.tasks
        if is_about(graph, task)
        for persona in shown.made
    }
