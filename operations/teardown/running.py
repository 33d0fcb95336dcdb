"""Does a teardown: in an order that works on a real cloud, and so that the next run finishes one that was cut off.

Each run reads what stands and plans anew, and each part of it may be done twice. So nothing but a mark is kept: it says
that a run of this stack has begun, and so that a lock which Pulumi still has is that run's own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalogue.errors import BadInput
from catalogue.graph import Resource
from catalogue.wording import counted
from operations.accept.engine import errors
from operations.standing.reading import Standing, parsed
from operations.teardown import Plan, Refused, of, plan
from operations.teardown.doors import Asking, Door

MARK = "begun"
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
            said = _first(log).removeprefix("error: ")
            raise BadInput(f"Pulumi shows no state of {self.stack}: {said}; `pulumi login` first, or `--sandbox NAME`")
        text = file.read_text(encoding="utf-8")
        file.unlink()
        return parsed(text, "the engine's state", self.stack, self.platform)

    def planned(self) -> Plan:
        """The plan of what stands now. Raises BadInput as `standing` does."""
        return plan(self.standing().graph, self.choice.keep)

    def run(self) -> list[str]:
        """Take down what goes. Returns the names of what is left of it.

        Raises BadInput where something would be lost that nobody chose to lose, before anything is done; Refused.
        """
        mark = self.folder / MARK
        if mark.is_file():
            self.tell("an earlier run was cut off; this one goes on from what stands")
            self.door.pulumi.run(["cancel", "--yes", self.stack], self.folder / "cancel.log")
        wanted = self.planned()
        stores = self._lost(wanted)
        mark.touch()
        if wanted.goes or not wanted.stays:
            self._do(wanted, stores)
        now = self.planned()
        left = sorted({one.name for one in now.going} | {*self.door.left(wanted)})
        if not left:
            mark.unlink()
        return left

    def _lost(self, wanted: Plan) -> list[Resource]:
        """The stores that go and are to be emptied."""
        if wanted.homes and "homes" not in self.choice.purge:
            names = ", ".join(one.name for one in wanted.homes)
            raise BadInput(
                f"{self.stack}: people's work goes with {names}; add homes to --keep, or lose it: --purge homes"
            )
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
        if wanted.homes:
            self.tell("stopping what people run")
            self.door.stop(wanted)
        self._release(full, wanted.goes)
        first = self._before_the_last(wanted)
        self._destroy(first)
        self.door.clear(wanted)
        now = self.planned()
        self._destroy([one.urn for one in now.goes])
        if not now.stays:  # by targets alone the stack itself would stay, and `pulumi stack rm` would refuse
            self._succeeds(self._asking.run("destroy", *_QUIET))

    def release(self, goes: Sequence[Resource]) -> None:
        """Empty what goes and unprotect it, so that the next `pulumi up` deletes it. Raises as `run` does."""
        self._release(self._full(goes), goes)

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

    def _destroy(self, urns: Sequence[str]) -> None:
        """Destroy these and no others. A second try finds free what was still in use. Raises Refused."""
        if not urns:  # without a target Pulumi would destroy all that stands
            return
        self.tell(f"destroying {counted(len(urns), 'resource')}")
        code, log = self._asking.targets("destroy", urns, *_QUIET)
        if code:
            standing = {one.urn for one in self.planned().goes}
            left = [urn for urn in urns if urn in standing]
            code, log = self._asking.targets("destroy", left, *_QUIET) if left else (0, log)
        self._succeeds((code, log))

    def _succeeds(self, ran: tuple[int, Path]) -> None:
        code, log = ran
        if code:
            raise Refused(f"`pulumi destroy` failed, and the next run goes on from there: {_first(log)}")


def _are(many: Sequence[str]) -> str:
    return "is" if len(many) == 1 else "are"


def _first(log: Path) -> str:
    said = errors(log)
    return " ".join(said[0].split())[:300] if said else "without a message"
