"""The two doors of a teardown: an account, and a sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_delay, wait_fixed

from catalogue.graph import Resource
from catalogue.kinds import behaviour_of
from operations.accept.engine import Pulumi
from operations.teardown import Found, Plan, look, of
from sandbox.engine import Engine
from sandbox.state import State
from sandbox.state.records import Record

LOOK_EVERY, FOLLOWS = 15.0, 300.0
"""Seconds between two looks through an inventory, and how long it may lag behind."""


class Door(Protocol):
    """Pulumi, and what is done beside it. Each of the rest raises Refused."""

    @property
    def pulumi(self) -> Pulumi:
        """The CLI in the stack's project."""
        ...

    def stop(self, plan: Plan) -> None:
        """Stop what people run in what goes."""
        ...

    def contents(self, store: Resource) -> int:
        """How many things a store holds that keep it from being deleted."""
        ...

    def empty(self, store: Resource) -> None:
        """Delete what a store holds, for good."""
        ...

    def clear(self, plan: Plan) -> None:
        """Delete what services left in the way."""
        ...

    def left(self, plan: Plan) -> Found:
        """What is to go and stands all the same, as far as the cloud is asked."""
        ...


@dataclass(frozen=True)
class Account:
    """An account, as `mlplatform doctor` opens it."""

    platform: str
    opened: Any
    pulumi: Pulumi

    def stop(self, plan: Plan) -> None:
        """With the cloud's own API."""
        of(self.platform).stop(self.opened, plan)

    def contents(self, store: Resource) -> int:
        """With the cloud's own API."""
        return of(self.platform).contents(self.opened, store)

    def empty(self, store: Resource) -> None:
        """With the cloud's own API."""
        of(self.platform).empty(self.opened, store)

    def clear(self, plan: Plan) -> None:
        """With the cloud's own API."""
        of(self.platform).clear(self.opened, plan)

    def left(self, plan: Plan) -> Found:
        """By the cloud's inventory, which follows some minutes later: it is asked until it lists nothing of it."""

        def last(state: RetryCallState) -> Found:
            assert state.outcome is not None
            return state.outcome.result()

        again = retry_if_result(lambda found: bool(found.left))
        stop, wait = stop_after_delay(FOLLOWS), wait_fixed(LOOK_EVERY)
        return Retrying(retry=again, stop=stop, wait=wait, retry_error_callback=last)(look, self.opened, plan)


@dataclass(frozen=True)
class Sandbox:
    """A sandbox in place of an account. Where `through` is given, its commands go through that."""

    engine: Engine
    through: Pulumi | None = field(default=None, kw_only=True)

    @property
    def pulumi(self) -> Pulumi:
        """The sandbox's engine."""
        return self.through or self.engine

    @property
    def _state(self) -> State:
        return State(self.engine.home.database)

    def stop(self, plan: Plan) -> None:
        """Stop the apps and delete the private spaces of those whose home goes: everybody's with what all stand in."""
        account, people = self._state.account, [_person(one) for one in plan.homes]
        for user in account.apps():
            if user in people or None in people:
                account.stop_app(user)
        for user in account.spaces():
            if user in people or None in people:
                account.delete_space(user)

    def contents(self, store: Resource) -> int:
        """What was pushed or uploaded below its address, and the objects that a drill put into it."""
        below, state = _below(store), self._state
        there = (*state.account.images(), *state.account.artifacts()) if below else ()
        record = self._record(store)
        return sum(one.startswith(below) for one in there) + (record.contents if record else 0)

    def empty(self, store: Resource) -> None:
        """Delete them."""
        if below := _below(store):
            self._state.account.empty(below)
        if record := self._record(store):
            self._state.resources.fill(record.key, 0)

    def clear(self, plan: Plan) -> None:
        """A simulated service leaves nothing behind."""

    def left(self, plan: Plan) -> Found:
        """What of it stands in the simulated cloud."""
        return Found(tuple(one.name for one in plan.going if self._record(one)))

    def _record(self, one: Resource) -> Record | None:
        return self._state.resources.get(one.type, str(one.outputs["id"]))


def _person(home: Resource) -> str | None:
    """The person whose home it is alone; None where apps of others may run in it."""
    behaviour = behaviour_of(home.type)
    return str(home.inputs[behaviour.apps]) if behaviour is not None and behaviour.apps else None


def _below(store: Resource) -> str:
    """How the addresses begin of what a store holds; "" where the sandbox knows none."""
    behaviour = behaviour_of(store.type)
    return behaviour.below({**store.inputs, **store.outputs}) if behaviour is not None else ""


@dataclass(frozen=True)
class Asking:
    """Pulumi for one stack: each run's output goes to a file of its folder."""

    pulumi: Pulumi
    stack: str
    folder: Path

    def run(self, *arguments: str) -> tuple[int, Path]:
        """Run a command on the stack. Returns its exit code and its log."""
        log = self.folder / f"{arguments[0]}.log"
        return self.pulumi.run([*arguments, "--stack", self.stack, "--non-interactive"], log), log

    def targets(self, word: str, urns: Sequence[str], *more: str) -> tuple[int, Path]:
        """Run a command on some of its resources alone."""
        return self.run(word, *more, *(part for urn in urns for part in ("--target", urn)))
