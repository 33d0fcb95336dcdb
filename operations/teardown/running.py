"""Does a teardown: in an order that works on a real cloud, and so that the next run finishes one that was cut off.

Each run reads what stands and plans anew, and each part of it may be done twice. So nothing but a mark is kept: it says
that a run of this stack was cut off, and so that a lock which Pulumi still has is that run's own. A run that ends by
itself takes the mark away, whatever came of it: a lock that stands later is somebody else's, and is not cancelled.

Two runs of a stack on one machine do not meet: the second would take the mark of the first for that of a cut run, and
cancel its lock. Runs on two machines meet at Pulumi's own lock.
"""

import fcntl
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.locks import lock_file
from catalogue.wording import counted
from operations.accept.engine import errors
from operations.standing.reading import Standing, no_state, parsed
from operations.teardown import Plan, Refused, of, plan
from operations.teardown.doors import Asking, Door

MARK, LOCK = "begun", "lock"
_QUIET = ("--yes", "--skip-preview", "--json")


@dataclass(frozen=True)
class Choice:
    """What was asked for: the words that stay, and whether homes and the contents of stores may be lost for good."""

    keep: frozenset[str]
    purge: frozenset[str] = frozenset()


@dataclass
class Teardown:
    """One run of the teardown of a stack, through a door. `folder` is its own."""

    stack: str
    platform: str
    choice: Choice
    door: Door
    folder: Path
    tell: Callable[[str], None]

    @property
    def _asking(self) -> Asking:
        return Asking(self.door.pulumi, self.stack, self.folder)

    def standing(self) -> Standing:
        """What stands now. Raises BadInput where Pulumi shows no state: nobody is logged in, or there is no stack."""
        file = self.folder / "state.json"
        code, log = self._asking.run("stack", "export", "--file", str(file))
        if code:
            raise BadInput(f"{no_state(self.stack, _first(log))}; or leave one of a sandbox with `--sandbox NAME`")
        text = file.read_text(encoding="utf-8")
        file.unlink()
        return parsed(text, "the engine's state", self.stack, self.platform)

    def planned(self) -> Plan:
        """The plan of what stands now, with what nobody knows of. Raises BadInput as `standing` does."""
        standing = self.standing()
        wanted, unknown = plan(standing.graph, self.choice.keep), _unknown(standing)
        return replace(wanted, later=(*wanted.later, unknown)) if unknown else wanted

    def run(self) -> list[str]:
        """Take down what goes. Returns the names of what is left of it.

        Raises BadInput, before anything is done, where something would be lost that nobody chose to lose, where a
        cut `up` may have made what the state does not know, for it would stand and bill, and nobody would hear of it,
        and where another run of this stack is under way. Raises Refused.
        """
        with self._alone():
            return self._run()

    def _run(self) -> list[str]:
        mark = self.folder / MARK
        if mark.is_file():
            self.tell("an earlier run was cut off; this one goes on from what stands")
            self.door.pulumi.run(["cancel", "--yes", self.stack], self.folder / "cancel.log")
        try:
            if unknown := _unknown(self.standing()):
                raise BadInput(f"{self.stack}: {unknown}")
            wanted = self.planned()
            stores = self._lost(wanted)
            mark.touch()
            if wanted.goes or not wanted.stays:
                self._do(wanted, stores)
            now = self.planned()
        except (BadInput, Refused):
            mark.unlink(missing_ok=True)
            raise
        mark.unlink()
        if wanted.going:
            self.tell(wanted.again)
        found = self.door.left(wanted)
        for sentence in found.unseen:
            self.tell(f"not looked at: {sentence}")
        return sorted({one.name for one in now.going} | {*found.left})

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Hold the stack's lock. The system lets go of it when its holder dies. Raises BadInput where it is held."""
        try:
            lock = lock_file(self.folder / LOCK)
        except OSError as error:
            raise BadInput(f"{self.folder / LOCK}: cannot be held ({error.strerror}); remove it") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise BadInput(
                    f"{self.stack}: another teardown is under way, {lock.read().strip()}; wait until it has ended"
                ) from None
            lock.truncate(0)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            lock.write(f"as process {os.getpid()}, since {since}\n")
            lock.flush()
            yield

    def _lost(self, wanted: Plan, instead: str = "add homes to --keep, or ") -> list[Resource]:
        """The stores that go and are to be emptied."""
        if wanted.homes and "homes" not in self.choice.purge:
            names = ", ".join(one.name for one in wanted.homes)
            raise BadInput(f"{self.stack}: people's work goes with {names}; {instead}lose it: --purge homes")
        return self._full(wanted.stores)

    def _full(self, stores: Iterable[Resource]) -> list[Resource]:
        """Those that hold something. Raises BadInput where nobody chose to lose it."""
        full = [one for one in stores if self.door.contents(one)]
        if full and "contents" not in self.choice.purge:
            names = ", ".join(one.name for one in full)
            raise BadInput(
                f"{self.stack}: {names} would go and hold something; add to --keep, or lose it: --purge contents"
            )
        return full

    def _do(self, wanted: Plan, full: Sequence[Resource]) -> None:
        if wanted.stopped:
            self.tell("stopping what people run, and what starts by itself")
            self.door.stop(wanted)
        self._release(full, wanted.goes)
        first = self._before_the_last(wanted)
        stores = wanted.stores if "contents" in self.choice.purge else ()
        self._destroy(first, stores)
        self.door.clear(wanted)
        now = self.planned()
        self._destroy([one.urn for one in now.goes], stores)
        if not now.stays:  # by targets alone the stack itself would stay, and `pulumi stack rm` would refuse
            self._succeeds(self._asking.run("destroy", *_QUIET))

    def release(self, graph: Graph, goes: Sequence[Resource]) -> None:
        """Stop what people run in what goes, empty and unprotect it, so that the next `pulumi up` deletes it.

        Raises as `run` does.
        """
        with self._alone():
            leaving = Plan(graph, {}, tuple(goes), ())
            full = self._lost(leaving, "put them back into the stack file, or ")
            if leaving.stopped:
                self.tell("stopping what people run, and what starts by itself")
                self.door.stop(leaving)
            self._release(full, goes)

    def _release(self, full: Iterable[Resource], goes: Iterable[Resource]) -> None:
        for store in full:
            self.tell(f"emptying {store.name}")
            self.door.empty(store)
        protected = [one.urn for one in goes if one.protect]
        if protected:
            self.tell(f"taking the protection off {counted(len(protected), 'resource')} that {_are(protected)} to go")
            code, log = self._asking.run("state", "unprotect", "--yes", *protected)
            if code:
                raise Refused(f"`pulumi state unprotect` failed: {_first(log)}")

    def _before_the_last(self, wanted: Plan) -> list[str]:
        """The URNs of what goes before LAST: all but these, what they stand on, and what all lies in or is made by."""
        by, last = wanted.graph.by_urn, {one.urn for one in wanted.goes if one.type in of(self.platform).LAST}
        waiting = [*last]
        while waiting:
            more = {urn for urn in by[waiting.pop()].dependencies if urn in by} - last
            last |= more
            waiting += more
        return [one.urn for one in wanted.going if one.urn not in last]

    def _destroy(self, urns: Sequence[str], stores: Sequence[Resource]) -> None:
        """Destroy these and no others. A second try finds free what was still in use. Raises Refused.

        Before it, what is left of `stores` is emptied again: a trail or a flow log writes until it is gone itself.
        """
        if not urns:  # without a target Pulumi would destroy all that stands
            return
        self.tell(f"destroying {counted(len(urns), 'resource')}")
        code, log = self._asking.targets("destroy", urns, *_QUIET)
        if code:
            standing = {one.urn for one in self.planned().goes}
            left = [urn for urn in urns if urn in standing]
            for store in (one for one in stores if one.urn in left):
                self.door.empty(store)
            code, log = self._asking.targets("destroy", left, *_QUIET) if left else (0, log)
        self._succeeds((code, log))

    def _succeeds(self, ran: tuple[int, Path]) -> None:
        code, log = ran
        if code:
            raise Refused(f"`pulumi destroy` failed, and the next run goes on from there: {_first(log)}")


def _unknown(standing: Standing) -> str:
    """What a run that was cut may have made without Pulumi knowing, as a sentence; "" where there is none.

    What it was deleting is in the state yet, and is deleted again.
    """
    made = [one for one in standing.pending if one.startswith(("creating ", "importing "))]
    if not made:
        return ""
    return (
        f"a run that was cut was {', '.join(made)}, so it may stand though no state has it; write the state with "
        "`pulumi stack export --file FILE`, and do first what `mlplatform recover FILE` prints"
    )


def _are(many: Sequence[str]) -> str:
    return "is" if len(many) == 1 else "are"


def _first(log: Path) -> str:
    said = errors(log)
    return " ".join(said[0].split())[:300] if said else "without a message"
