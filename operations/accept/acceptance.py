"""One acceptance run: a stack comes up, serves, changes, breaks, rests, goes off and on, and leaves nothing behind.

Whatever happens in between, the stack is taken down at the end. A run that was killed has left a mark, and the next run
first takes down what that one made.
"""

import json
import re
import signal
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.transcripts import Door as DoorKind
from catalogue.wording import counted
from operations import teardown
from operations.accept.engine import Answer, Pulumi, answers, compared, errors
from operations.accept.journal import Journal
from operations.accept.redaction import Redactor
from operations.drill.cloud import cloud_of
from operations.drill.rehearsal import Json, edit, first_endpoint
from operations.phases import ground_of
from operations.recovery import Pending, clearing, pending, taken_over_by_up
from operations.teardown.doors import Door as Leaving
from operations.teardown.running import Choice, Teardown
from operations.verdict import ManualStep
from operations.writing import put
from stacks.model import StackConfig
from stacks.sections import endpoints, models
from stacks.sections.endpoints import MultiModelEndpoint

RESERVE = 0.25
"""The share of the time that is kept to take the stack down in."""
MARK = "under-way.json"
"""The file that stands in the run's folder from before anything is made until nothing is left."""
_UP = ("--yes", "--skip-preview", "--json", "--non-interactive")
_NONE_ANSWERS_AT_ONCE = "the stack file has no online endpoint that is switched on"
_MISSING = re.compile(r"resource '[^']*' does not exist")
"""What the engine says of an import of what the cloud does not have."""


class Refused(Exception):
    """A step did not go as it is to. `str()` says what was seen instead. The run goes on with taking down."""


class NotDone(Exception):
    """A step cannot be done with this stack. `str()` says why. The run goes on with the next."""


class Unanswered(Exception):
    """A call of an endpoint got no prediction. `str()` is what the caller reads."""


class NotRun(Unanswered):
    """The door leads to nothing that could answer as the endpoint would. `str()` says why."""


class Door(Protocol):
    """What a run needs of the account, or of the sandbox that stands for one."""

    @property
    def kind(self) -> DoorKind:
        """Whether it leads to an account or to a sandbox."""
        ...

    @property
    def known_by(self) -> str:
        """How that was known, in a sentence that names nobody."""
        ...

    @property
    def pulumi(self) -> Pulumi:
        """The CLI."""
        ...

    @property
    def file(self) -> Path:
        """The stack file that Pulumi reads: a copy, which the run edits."""
        ...

    @property
    def up(self) -> Sequence[str]:
        """Options of `pulumi up` beside the stack."""
        ...

    @property
    def destroy(self) -> Sequence[str]:
        """Options of `pulumi destroy` beside the stack."""
        ...

    def clock(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def doubted(self) -> str:
        """Why this is no account after all, now that Pulumi has its providers; "" where nothing speaks against it."""
        ...

    def left_undone(self, steps: Sequence[ManualStep], seconds: float) -> list[str]:
        """Wait until a person has done these steps. Returns those that are left when the time is up."""
        ...

    def call(self, endpoint: str, outputs: Mapping[str, Any], target: str = "") -> bytes:
        """Call an endpoint with the request, or the `target` among its models.

        Raises Unanswered, and NotRun where nothing could answer.
        """
        ...

    def traffic(self, endpoint: str, outputs: Mapping[str, Any], bad: bool) -> AbstractContextManager[None]:
        """Call the endpoint meanwhile, so that a canary has something to measure. `bad`: its version answers errors."""
        ...

    def leaving(self, pulumi: Pulumi) -> Leaving:
        """The door by which the teardown at the end goes, with this CLI."""
        ...

    def id_of(self, one: Pending, deployment: Json) -> str | None:
        """The id of what a cut create may have made. It is empty where only the cloud knows, None where none was."""
        ...

    def left(self) -> list[str]:
        """What still stands and Pulumi does not know of, as far as the door can see."""
        ...


@dataclass(frozen=True)
class Bounds:
    """How long the run may take, and what it may cost."""

    hours: float
    dollars: float


@dataclass(frozen=True)
class Versions:
    """The artifacts that the canary and the bad version serve; None where nobody has given one."""

    next: str | None
    bad: str | None


@dataclass(frozen=True)
class Done:
    """One step: `done`, `refused`, `not done` or `cut off`."""

    name: str
    state: str
    seconds: float
    says: str


@dataclass
class Acceptance:
    """One run of one stack through one door. `folder` is the run's own, where its mark and Pulumi's logs stand."""

    stack: str
    config: StackConfig
    graph: Graph
    manual: Sequence[ManualStep]
    door: Door
    folder: Path
    journal: Journal
    redactor: Redactor
    bounds: Bounds
    versions: Versions
    provider: str
    """The provider of the cloud and its version."""
    recorded: bytes | None = None
    tell: Callable[[str], None] = lambda sentence: None
    steps: list[Done] = field(default_factory=list[Done])
    left: list[str] = field(default_factory=list[str])
    _met: list[Answer] = field(default_factory=list[Answer])
    _runs: int = 0
    _leaving: bool = False
    ended: bool = False
    """Whether the transcript is whole."""
    _outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def accepted(self) -> bool:
        """Whether every step that this stack allows went as it is to, and nothing is left."""
        return not self.left and bool(self.steps) and {one.state for one in self.steps} <= {"done", "not done"}

    # The run

    def run(self, said: Mapping[str, Any]) -> None:
        """Run every step, and take the stack down. `said` is what the transcript begins with beside the graph.

        Raises BadInput, before anything is changed, where Pulumi has no such stack, or one that stands already.
        """
        assert not self.under_way, "`clean` comes first"
        self._began = self.door.clock()
        try:
            standing = self._resources()
        except Refused as refused:
            raise BadInput(f"{refused}; docs/deploy.md says how a stack is made") from None
        if standing:
            raise BadInput(
                f"{self.stack}: {counted(len(standing), 'resource')} found up already; an acceptance run makes a stack "
                "and takes all of it down, so give it a stack file and a Pulumi stack of its own"
            )
        door = {"door": self.door.kind, "known_by": self.door.known_by}
        put(self.folder / MARK, json.dumps({"stack": self.stack, **door}) + "\n")
        self.journal.begin(self.graph, self.door.kind, self.door.known_by, said)
        try:
            for name, step in STEPS.items():
                if not self._step(name, step):
                    break
        except KeyboardInterrupt:
            # `operations.interruption` asks again until it is heard. It was, and taking down takes minutes.
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise
        finally:
            self._step("leave", Acceptance.leave)
            self._end()

    def clean(self) -> list[str]:
        """Take down what an earlier run has made. Returns what is left, nothing where all is gone."""
        if self.under_way:
            self._began = self.door.clock()
            self._step("leave", Acceptance.leave)
        return self.left

    @property
    def under_way(self) -> bool:
        """Whether an earlier run has made something and has not taken all of it down."""
        return (self.folder / MARK).is_file()

    def _step(self, name: str, step: "Step") -> bool:
        """Do one step, time it and note it. Returns whether the run may go on."""
        start, state, says = self.door.clock(), "cut off", ""
        self.tell(f"{name} …")
        try:
            if name != "leave" and self._seconds() <= 0:
                raise Refused(f"the {self.bounds.hours:g} hours are up, but for what taking down needs")
            says, state = step(self), "done"
        except Refused as refused:
            state, says = "refused", str(refused)
        except NotDone as reason:
            state, says = "not done", str(reason)
        finally:
            seconds = round(self.door.clock() - start, 1)
            self.steps.append(Done(name, state, seconds, says))
            self.journal.step(name, state, seconds, self.redactor.sentence(says))
            self.tell(f"{name}: {state} in {seconds:g} s{f': {says}' if says else ''}")
        return state in ("done", "not done")

    def _end(self) -> None:
        """Note which behaviours were met, and end the transcript."""
        for one in compared(self._met):
            told = {"behaviour": one.behaviour, "status": one.status, "cloud": one.cloud, "version": self.provider}
            self.journal.note("met", type=one.type, **told)
        doubted = self.door.doubted()
        self.journal.end("sandbox" if doubted else self.door.kind, self.accepted, len(self.left), doubted)
        self.ended = True

    # The steps

    def ground(self) -> str:
        """Everything but what serves comes up, as it was judged."""
        edit(self.door.file, lambda config: config.update(phase="ground"))
        self._up()
        doubted = self.door.doubted()
        if doubted and self.door.kind == "account":
            raise Refused(doubted)
        return self._stands(ground_of(self.graph))

    def serve(self) -> str:
        """What serves comes up, once a person has put images and artifacts in place."""
        waiting = self._between_the_phases()
        if left := self.door.left_undone(waiting, self._seconds()):
            raise Refused(f"{counted(len(left), 'manual step')} left: {'; '.join(left)}")
        edit(self.door.file, lambda config: config.pop("phase", None))
        self._up()
        return self._stands(self.graph)

    def predict(self) -> str:
        """The first online endpoint answers, and every model of each multi-model endpoint."""
        several = {
            name: cast("Mapping[str, str]", self._outputs["calls"][name]["targets"])
            for name, item in endpoints.of(self.config).items()
            if isinstance(item, MultiModelEndpoint) and item.enabled
        }
        alone = first_endpoint(self.config)
        if alone is None and not several:
            raise NotDone(_NONE_ANSWERS_AT_ONCE)
        said = [self._predicted(alone)] if alone is not None else []
        for name, targets in several.items():
            said += [f"{model} of {name}: {self._predicted(name, target)}" for model, target in targets.items()]
        return "; ".join(said)

    def _predicted(self, endpoint: str, target: str = "") -> str:
        """What one call got, and how soon. Raises Refused without a prediction, NotDone where nothing could answer."""
        start, whose = self.door.clock(), f" of {endpoint} for {target}" if target else ""
        try:
            answer = self.door.call(endpoint, self._outputs, target)
        except NotRun as reason:
            raise NotDone(str(reason)) from None
        except Unanswered as error:
            raise Refused(f"a call{whose} got no prediction: {error}") from None
        seconds = self.door.clock() - start
        if self.recorded is not None and _same(answer, self.recorded):
            return f"the recorded prediction in {seconds:.2f} s"
        return f"a prediction of {len(answer)} bytes in {seconds:.2f} s"

    def canary(self) -> str:
        """A good version takes over, and the endpoint answers meanwhile and afterwards."""
        endpoint = self._endpoint()
        self._serves(self._given(self.versions.next, "--next-artifact, the address of a good version of the model"))
        with self.door.traffic(endpoint, self._outputs, bad=False):
            self._up()
        return f"the new version has taken over{self._answers(endpoint)}"

    def bad_version(self) -> str:
        """A bad version is taken back by itself, `up` fails, and the version before answers."""
        endpoint = self._endpoint()
        bad = self._given(self.versions.bad, "--bad-artifact, the address of a version that answers errors")
        before = self._text()
        self._serves(bad)
        with self.door.traffic(endpoint, self._outputs, bad=True):
            code, log = self._run("up", *_UP, *self.door.up)
        if code == 0:
            raise Refused("`pulumi up` ended well, and was to fail: nobody took the bad version back")
        said = errors(log)
        if not any(re.search(cloud_of(self.graph.platform).taken_back, one) for one in said):
            raise Refused(f"`pulumi up` failed otherwise than by taking back: {_first(said)}")
        self._answers(endpoint)
        self.door.file.write_text(before, encoding="utf-8")
        with self.door.traffic(endpoint, self._outputs, bad=False):
            self._up()
        return f"it was taken back{self._answers(endpoint)}"

    def idle(self) -> str:
        """Nobody calls, and a second `up` changes nothing."""
        made = self._up()
        if changed := [one.name for one in made]:
            raise Refused(f"a second `pulumi up` changes {', '.join(sorted(set(changed)))}")
        return "a second `pulumi up` changes nothing"

    def off_and_on(self) -> str:
        """The endpoint is switched off, which deletes nothing that others need, and on again, and answers."""
        endpoint = self._endpoint()
        edit(self.door.file, lambda config: config["endpoints"][endpoint].update(enabled=False))
        made = self._up()
        gone = {(one.type, one.name) for one in made if one.operation == "delete"}
        if strange := [name for type_, name in gone if not self._goes_with(endpoint, type_, name, gone)]:
            raise Refused(f"switching it off deletes more than the endpoint: {', '.join(sorted(strange))}")
        edit(self.door.file, lambda config: config["endpoints"][endpoint].update(enabled=True))
        self._up()
        return f"{counted(len(made), 'resource')} went and came{self._answers(endpoint)}"

    def leave(self) -> str:
        """Everything that the run has made is deleted, with all that lies in the stores that it made.

        What a killed run began to make and Pulumi does not know is imported, and what does not exist was not made. What
        cannot be imported, for only the cloud knows its id, is left, by its name. The rest goes as by `mlplatform
        teardown --everything --purge homes,contents`: a bucket that the run made has logs and captures in it, too, and
        the network goes only once what the services left in it is gone.
        """
        self._leaving = True
        self._run("cancel", "--yes", self.stack, stack=False)
        begun = self._taken_over()
        why, still = "", list[str]()
        try:
            still = self._teardown().run()
        except (teardown.Refused, BadInput) as refused:
            why = str(refused)  # what bills goes all the same
            self._run("state", "unprotect", "--all", "--yes")
            self._run("destroy", *_UP, "--continue-on-error", *self.door.destroy)
        urns = {*begun, *(str(one["urn"]) for one in self._resources())}
        self.left = sorted({*(urn.rpartition("::")[2] for urn in urns), *still, *self.door.left()})
        if self.left or why:
            one = len(self.left) == 1
            raise Refused(
                f"{counted(len(self.left), 'resource')} {'is' if one else 'are'} left ({', '.join(self.left)}): {why}"
            )
        (self.folder / MARK).unlink(missing_ok=True)
        return "nothing is left"

    def _teardown(self) -> Teardown:
        """The teardown of all that stands, whose commands are the run's own: within its time, and noted."""
        choice = Choice(frozenset(), frozenset({"homes", "contents"}))
        return Teardown(
            self.stack, self.graph.platform, choice, self.door.leaving(_Noted(self)), self.folder, self.tell
        )

    def _taken_over(self) -> set[str]:
        """Take over what a killed run began to make. Returns the URNs of what the cloud may have and Pulumi has not."""
        state = self._state()
        if not state.get("pending_operations"):
            return set()
        left: set[str] = set()
        for one in pending(state):
            id_ = self.door.id_of(one, state)
            if id_ is None:
                continue
            if not id_ or one.stands:
                left.add(one.urn)
                continue
            code, log = self._run(*one.importing(self.stack, id_), stack=False)
            if code and not _MISSING.search(log.read_text(encoding="utf-8", errors="replace")):
                left.add(one.urn)
        if ours := taken_over_by_up(state):
            targets = [word for urn in ours for word in ("--target", urn)]
            _, log = self._run("up", *_UP, *self.door.up, *targets)
            left |= {*ours} - {one.urn for one in answers(log) if not one.says}
        self._run(*clearing(self.stack), stack=False)
        return left

    def _goes_with(self, endpoint: str, type_: str, name: str, gone: Set[tuple[str, str]]) -> bool:
        """Whether it is the endpoint's own, or something that is needed by what is gone and by nothing else."""
        if name.startswith(f"{self.stack}-{endpoint}"):
            return True
        urns = {one.urn for one in self.graph.cloud if (one.type, one.name) == (type_, name)}
        users = {(one.type, one.name) for one in self.graph.cloud if urns & {*one.dependencies}}
        return bool(users) and users <= gone

    # What the steps share

    def _endpoint(self) -> str:
        found = first_endpoint(self.config)
        if found is None:
            raise NotDone(_NONE_ANSWERS_AT_ONCE)
        return found

    def _given(self, artifact: str | None, option: str) -> str:
        if artifact is None:
            raise NotDone(f"nobody has given {option}")
        return artifact

    def _serves(self, artifact: str) -> None:
        """Let the endpoint's model have that artifact."""
        (model,) = endpoints.serves(endpoints.of(self.config)[self._endpoint()])
        assert model in models.of(self.config)
        edit(self.door.file, lambda config: config["models"][model].update(artifact_uri=artifact))

    def _answers(self, endpoint: str) -> str:
        """The end of a sentence: the endpoint answers, or nothing here could answer as it would. Raises Refused."""
        try:
            self.door.call(endpoint, self._outputs)
        except NotRun:
            return ", and nobody could ask for a prediction"
        except Unanswered as error:
            raise Refused(f"a call got no prediction: {error}") from None
        return ", and it answers"

    def _up(self) -> list[Answer]:
        """Run `pulumi up`, which must end well. Returns what it changed."""
        code, log = self._run("up", *_UP, *self.door.up)
        if code:
            raise Refused(f"`pulumi up` failed: {_first(errors(log))}")
        for one in cast("list[Json]", self._state().get("resources") or []):
            if one["type"] == "pulumi:pulumi:Stack":
                self._outputs = one.get("outputs") or {}
        return answers(log)

    def _run(self, *arguments: str, stack: bool = True) -> tuple[int, Path]:
        """Run a command of Pulumi within the time, and note it and what the cloud answered."""
        self._runs += 1
        log = self.folder / f"{self._runs:02}-{arguments[0]}.log"
        return self.noted([*arguments, *(("--stack", self.stack) if stack else ())], log), log

    def noted(self, arguments: Sequence[str], log: Path) -> int:
        """Run a command as it stands within the time, and note it and what the cloud answered. Returns its code."""
        word = arguments[0]
        start = self.door.clock()
        code = self.door.pulumi.run(arguments, log, self._limit())
        seconds = round(self.door.clock() - start, 1)
        self.journal.note("call", command=f"pulumi {word}", code=code, seconds=seconds)
        for one in answers(log):
            if not re.search(cloud_of(self.graph.platform).taken_back, one.says):  # that was our own provider's doing
                self._met.append(one)
            self.journal.note(
                "answer",
                operation=one.operation,
                type=self.redactor.type(one.type),
                name=self.redactor.name(one.name),
                says=self.redactor.sentence(one.says),
            )
        return code

    def _limit(self) -> float:
        """Seconds that a command of Pulumi may take: the steps end early enough for taking down."""
        whole = self.bounds.hours * 3600 - (self.door.clock() - self._began)
        return max(whole if self._leaving else self._seconds(), self.bounds.hours * 3600 * RESERVE / 4)

    def _seconds(self) -> float:
        """Seconds that are left to the steps before taking down."""
        return self.bounds.hours * 3600 * (1 - RESERVE) - (self.door.clock() - self._began)

    def _state(self) -> Json:
        """Pulumi's own state of the stack."""
        file = self.folder / "state.json"
        log = self.folder / "export.log"
        if self.door.pulumi.run(["stack", "export", "--file", str(file), "--stack", self.stack], log):
            raise Refused(f"Pulumi shows no state of {self.stack}: {_first(errors(log))}")
        found: Json = json.loads(file.read_text(encoding="utf-8"))["deployment"] or {}
        file.unlink()
        return found

    def _resources(self) -> list[Json]:
        """What of the cloud is in Pulumi's state."""
        found = cast("list[Json]", self._state().get("resources") or [])
        return [one for one in found if one.get("custom") and not str(one["type"]).startswith("pulumi:")]

    def _stands(self, judged: Graph) -> str:
        """What stands is what was judged. Raises Refused."""
        wanted = {(one.type, one.name) for one in judged.cloud}
        stands = {(str(one["type"]), str(one["urn"]).rpartition("::")[2]) for one in self._resources()}
        if wanted != stands:
            raise Refused(f"what stands was not judged: {', '.join(sorted(name for _, name in wanted ^ stands))}")
        return f"{counted(len(stands), 'resource')} up, as they were judged"

    def _text(self) -> str:
        return self.door.file.read_text(encoding="utf-8")

    def _between_the_phases(self) -> list[ManualStep]:
        """The manual steps between the two phases: what is pushed and uploaded."""
        ground = first_up(self.manual)
        after = self.manual[ground + 1 :]
        return list(after[: first_up(after)])


@dataclass(frozen=True)
class _Noted:
    """The CLI as the teardown at the end of a run has it."""

    of: Acceptance

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        """Run a command with the run's own options. To look at the state is nothing to note."""
        if log is None or arguments[0] == "stack":
            return self.of.door.pulumi.run(arguments, log, seconds)
        return self.of.noted([*arguments, *(self.of.door.destroy if arguments[0] == "destroy" else ())], log)


Step = Callable[[Acceptance], str]
STEPS: Mapping[str, Step] = {
    "ground": Acceptance.ground,
    "serve": Acceptance.serve,
    "predict": Acceptance.predict,
    "canary": Acceptance.canary,
    "bad version": Acceptance.bad_version,
    "idle": Acceptance.idle,
    "off and on": Acceptance.off_and_on,
}
"""The steps in order. Taking down follows them, whatever happens."""


def first_up(steps: Sequence[ManualStep]) -> int:
    """How many manual steps come before the first that brings something up."""
    return next((number for number, step in enumerate(steps) if step.what.startswith("bring up")), len(steps))


def _first(said: Sequence[str]) -> str:
    return " ".join(said[0].split())[:300] if said else "without a message"


def _same(answer: bytes, recorded: bytes) -> bool:
    try:
        return bool(json.loads(answer) == json.loads(recorded))
    except ValueError:
        return False
