"""`mlplatform doctor`: which of the manual steps are done in the account. It only reads.

Each platform's module has the table `LOOKS`: how each thing that a step names is looked at, and with which reads. The
reads of these tables are all that is ever sent. Each module refuses any other call in the one place through which its
calls leave.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Protocol

from catalogue.graph import Graph
from operations import facts, hardware
from operations.phases import names_of
from operations.steps import manual
from operations.steps import of as of_platform
from operations.verdict import Look, LookAt, ManualStep


class State(StrEnum):
    """What is known of a step."""

    DONE = "done"
    NOT_DONE = "not done"
    UNSEEN = "cannot be seen"
    NOT_ASKED = "not asked yet"
    """The account was not asked: there are no credentials, or `--dry` was given."""


@dataclass(frozen=True)
class Seen:
    """What one look shows, in a sentence."""

    state: State
    says: str


def done(says: str) -> Seen:
    """What is wanted is there."""
    return Seen(State.DONE, says)


def not_done(says: str) -> Seen:
    """The account answered, and what is wanted is not there."""
    return Seen(State.NOT_DONE, says)


class Unseen(Exception):
    """The account gives no answer to a look. `str()` says why, and which right is missing where that is the reason."""


def held(look: Look, missing: Collection[str], who: str = "whoever asks") -> Seen:
    """What it shows that of the rights of a role these are missing."""
    if not missing:
        return done(f"{who} has the rights of {look.name}")
    first, more = sorted(missing)[:3], len(missing) - 3
    named = ", ".join(first) + (f" and {more} more" if more > 0 else "")
    return not_done(f"{who} lacks rights of {look.name}: {named}")


class NoCredentials(Exception):
    """There are no credentials of the cloud. `str()` says how to get them."""


class WriteRefused(Exception):
    """A call is not among the reads of the platform's `LOOKS`. It was not sent."""


@dataclass(frozen=True)
class Way:
    """How one thing is looked at: the function, and the rights that its reads take."""

    see: Callable[[Any, Look], Seen]
    rights: tuple[str, ...]


class Platform(Protocol):
    """A platform's module. `LOOKS` has a way for each thing that a step on this platform names."""

    LOOKS: Mapping[LookAt, Way]

    def open_account(self, account: str, region: str) -> Any:
        """The account with the credentials of whoever asks. Raises NoCredentials; BadInput where they are another's."""
        ...


def of(platform: str) -> Platform:
    """The module of one platform. No other is imported."""
    return import_module(f"operations.doctor.{platform}")  # pyright: ignore[reportReturnType]  # a module has no self


@dataclass(frozen=True)
class Examined:
    """One step, its state, and what each of its looks shows."""

    step: ManualStep
    state: State
    seen: tuple[Seen, ...]


def steps_of(graph: Graph) -> list[ManualStep]:
    """The manual steps of a stack to its first prediction, as its verdict has them.

    Raises Unreadable as `facts` does.
    """
    account, region = facts.of(graph.platform).account_and_region(graph)
    return list(manual(graph, hardware.fit(graph, region), names_of(graph), account, region))


def looked_at(graph: Graph) -> list[ManualStep]:
    """What doctor looks at: the manual steps, and then whether what stands is what was judged.

    Raises Unreadable as `facts` does.
    """
    steps = steps_of(graph)
    looks = list(of_platform(graph.platform).standing(graph))
    if looks:
        what = "bring together what stands and what was judged, where they differ (the verdict says how)"
        steps.append(ManualStep(what=what, who="deployer", looks=looks))
    return steps


def examine(steps: list[ManualStep], looks: Mapping[LookAt, Way], account: Any | None) -> Iterator[Examined]:
    """Each step with what the account shows. Without an account, with what would be looked at.

    What goes wrong in one look makes that look unseen, and ends no other.
    """
    for step in steps:
        seen = tuple(_seen(looks[look.what], look, account) for look in step.looks)
        # A step that names nothing to look at is seen by nobody.
        states = [each.state for each in seen] or [State.NOT_ASKED if account is None else State.UNSEEN]
        worst = (State.NOT_ASKED, State.NOT_DONE, State.UNSEEN)
        yield Examined(step, next((state for state in worst if state in states), State.DONE), seen)


def _seen(way: Way, look: Look, account: Any | None) -> Seen:
    if account is None:
        return Seen(State.NOT_ASKED, f"would look {_QUESTIONS[look.what](look)}, by {' and '.join(way.rights)}")
    try:
        return way.see(account, look)
    except Unseen as error:
        return Seen(State.UNSEEN, f"{look.name}: {error}")
    except Exception as error:  # an answer in a form that nobody knows must not end the other looks
        said = " ".join(str(error).split())[:200]
        return Seen(State.UNSEEN, f"{look.name}: the look failed ({type(error).__name__}: {said})")


def _is_there(look: Look) -> str:
    return f"whether {look.name} is there"


_QUESTIONS: Mapping[LookAt, Callable[[Look], str]] = {
    "quota": lambda look: f"whether {look.amount} of {look.name} are granted",
    "service": lambda look: f"whether {look.name} is switched on",
    "region": lambda look: f"whether the account has {look.name}",
    "right": lambda look: f"whether whoever asks has {look.name} on {look.at}",
    "role": lambda look: f"whether whoever asks has the rights of {look.name} ({len(look.rights)})",
    "join": lambda look: f"whether whoever asks may join {look.at} ({len(look.rights)} rights)",
    "let in": lambda look: f"whether {look.name} lets {look.at or 'whoever asks'} in",
    "bucket": _is_there,
    "workspace": lambda look: f"whether the workspace {look.name} is ready",
    "image": _is_there,
    "artifact": _is_there,
    "registered": lambda look: f"whether the version {look.name} has the digest {look.at}",
    "approved": lambda look: f"whether the version {look.name} is approved",
    "batch input": lambda look: f"whether data is in {look.name}",
    "e-mail": lambda look: f"whether {look.name} has confirmed",
    "tag": lambda look: f"whether the cost-allocation tag {look.name} is active",
    "sign-in": lambda look: f"whether {look.name} has opened the workspace",
    "endpoint": lambda look: f"whether {look.name} serves",
    "batch job": _is_there,
    "call": lambda look: f"whether {look.name} answered anybody in the last fourteen days",
    "idle timeout": lambda look: f"whether {look.name} stops after {look.amount} idle minutes",
    "traffic": lambda look: f"whether one version has all of the traffic of {look.name}",
    "replicas": lambda look: f"whether {look.name} has {look.amount} replicas at most",
    "private way": lambda look: f"whether {look.name} has an interface endpoint in {look.at}",
    "log group": lambda look: f"whether {look.name} is kept for a time, under a key",
    "outbound rules": lambda look: f"whether people's ways out of the workspace's network are {look.name}",
}
