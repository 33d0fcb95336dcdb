"""One stack in a sandbox, on Pulumi's own engine: what breaks there, how it shows, and what mends it.

A drill (operations/drill/drills.py) says step by step what is to happen. This module does each step and looks at the
result. It raises Unexpected where the result is not as the drill says.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from catalogue.errors import BadInput
from catalogue.kind import Holds
from catalogue.kinds import kind_of
from catalogue.registered import APPROVED
from operations.drill.cloud import cloud_of
from operations.judge import cost_of
from operations.preview import preview
from operations.recovery import OURS, take_over
from operations.teardown import KEPT, comes_back
from operations.teardown.doors import Sandbox
from operations.teardown.running import Choice, Teardown
from sandbox import byhand, promotion
from sandbox.alarms import ENDPOINTS, alarms, measured_as
from sandbox.engine import Engine
from sandbox.state import State
from sandbox.state.faults import FaultKind
from sandbox.state.metrics import Played
from sandbox.state.records import Record
from sandbox.state.resources import Resources
from stacks.config import NAMESPACE, read_stack_file
from stacks.model import StackConfig
from stacks.sections import endpoints
from stacks.sections.endpoints import OnlineEndpoint

if TYPE_CHECKING:
    from pulumi import automation
    from pulumi.automation.events import EngineEvent

Json = dict[str, Any]
Thing = tuple[str, str]
"""A resource's type and id."""
OBJECTS = 100
"""The number of objects put into each protected resource that holds data. They must be there at the end."""
LASTS = 1_000_000
"""The number of strikes of a fault that is to last until it is disarmed."""
DAY = 86_400
_LOOKS_ONLY = ("refresh", "read", "same")


class Unexpected(Exception):
    """The drill did not go as it says. `str()` says what was seen instead."""


@dataclass(frozen=True)
class Step:
    """What the engine did to one resource, or would do."""

    op: str
    type: str
    name: str


@dataclass(frozen=True)
class Ran:
    """One run of the engine: whether it ended well, what it did, and the errors it printed."""

    well: bool
    steps: tuple[Step, ...]
    errors: tuple[str, ...]

    def ops(self) -> str:
        """How many resources it created, updated, replaced and deleted, in words."""
        found = Counter(step.op for step in self.steps)
        if "replace" in found:  # a replacement is made of these two
            del found["create-replacement"], found["delete-replaced"]
        return ", ".join(f"{op} {number}" for op, number in sorted(found.items())) or "change nothing"


@dataclass
class Report:
    """The result of a drill. `degraded` is in the order in which it was seen."""

    degraded: list[str] = field(default_factory=list[str])
    never: list[str] = field(default_factory=list[str])
    noticed: list[str] = field(default_factory=list[str])
    operator: list[str] = field(default_factory=list[str])
    again: list[str] = field(default_factory=list[str])


class Rehearsal:
    """One drill on one stack, from a pilot that is up to the same pilot."""

    def __init__(self, stack: str, engine: Engine, api: "automation.Stack", tell: Callable[[str], None]) -> None:
        self.stack = stack
        self.report = Report()
        self.state = State(engine.home.database)
        self._engine, self._api, self._tell = engine, api, tell
        self._file = engine.home.path / "stacks" / f"Pulumi.{stack}.yaml"
        self.config: StackConfig = read_stack_file(self._file)
        self.platform = self.config.platform
        self._text = self._file.read_text(encoding="utf-8")
        self._resources: list[Json] = []  # in Pulumi's state after the last `up` that ended well
        self._parts: dict[str, str] = {}
        self._kept: dict[str, int] = {}
        self._stood: set[str] = set()
        self._absences: list[set[str]] = []
        self._hurt: list[str] = []
        self._given = frozenset(standing(self.state))
        self._beside: Rehearsal | None = None

    # Finding the endpoint

    def endpoint(self) -> str:
        """The first online endpoint that is switched on in the stack file. Raises BadInput if there is none."""
        found = first_endpoint(self.config)
        if found is None:
            raise BadInput(f"{self.stack}: has no online endpoint that is switched on, and this drill needs one")
        return found

    def served(self, endpoint: str) -> Record:
        """The endpoint in the simulated cloud. Raises Unexpected if it does not exist."""
        for record in self.state.resources.find(name=f"{self.stack}-{endpoint}"):
            if record.type in ENDPOINTS:
                return record
        raise Unexpected(f"the endpoint {endpoint} does not exist")

    def beside(self) -> "Rehearsal":
        """A stack of the same file under another name, in another account of the same simulated cloud; it is not up.

        A sandbox holds the resources of each account apart, by the account of the provider that made them.
        """
        from pulumi import automation

        cloud, name = cloud_of(self.platform), f"{self.stack}-next"
        text = self._text
        if images := cloud.images(self.stack, self.config.account):
            text = text.replace(images, cloud.images(name, cloud.account))
        text = text.replace(self.stack, name).replace(self.config.account, cloud.account)
        with TemporaryDirectory() as folder:
            file = Path(folder) / f"Pulumi.{name}.yaml"
            file.write_text(text, encoding="utf-8")
            self._engine.home.take(file)
        if not self._engine.home.has_stack(name):
            self._engine.make(name)
        other = Rehearsal(name, self._engine, automation.Stack.select(name, self._api.workspace), self._tell)
        other.report, other._given = self.report, self._given
        self._beside = other
        return other

    # Steps that do something

    def next_number(self) -> int:
        """The number that the next version of the model `drill` gets, after those of an earlier drill."""
        there = [name.rpartition("/")[2] for name in self.state.account.versions() if "drill" in name]
        return max(map(int, there), default=0) + 1

    def registers(self, number: int, digest: str) -> None:
        """Register a version of the model `drill`; on gcp it is registered by what was uploaded."""
        self._tell(f"version {number} of drill is registered in {self.stack}")
        if self.platform != "gcp":
            byhand.register(self.state, self._version(number), digest)

    def approves(self, number: int, digest: str) -> None:
        """Let the approver of the stack approve a version."""
        self.operator(f"`uv run mlplatform approve {self.stack} drill@{number} --because TEXT --yes`")
        byhand.decide(self.state, self._version(number), APPROVED, digest)

    def promotes(self, number: int, to: "Rehearsal", refused: str = "") -> None:
        """Copy a version to the registry of another stack; or see that it is refused, with these words."""
        try:
            said = promotion.promote(self.state, self._version(number), to.stack)
        except BadInput as error:
            if not refused or refused not in str(error):
                raise Unexpected(f"the copy is refused: {error}") from None
            self._notice(f"`mlplatform promote` refuses: {error}")
            return
        if refused:
            raise Unexpected(f"the copy was to be refused with {refused!r}, and {said}")
        self.operator(f"`uv run mlplatform promote drill@{number} {self.stack} {to.stack} --yes`")

    def both_stand(self, other: "Rehearsal", degraded: str) -> None:
        """End a drill of two stacks: a second `pulumi up` of each changes nothing. `degraded` is what was hurt."""
        for one in (self, other):
            if (ran := one.up()).steps or not ran.well:
                raise Unexpected(f"a second `pulumi up` of {one.stack} would {ran.ops()}")
        self.report.degraded = [degraded]
        self.report.never = sorted({*self._parts.values()})
        self.report.again = [
            f"{other.stack} serves a version of {self.stack} again, by its digest",
            f"a second `pulumi up` of {self.stack} and one of {other.stack} change nothing",
            f"the simulated cloud has both accounts, {self.config.account} and {other.config.account}",
        ]

    def _version(self, number: int) -> str:
        return f"{cloud_of(self.platform).version(self.stack, self.config.account)}{number}"

    def comes_up(self) -> None:
        """Begin a drill: bring the pilot up, put objects into it, and play healthy traffic in."""
        start = time.monotonic()
        self.ends_well()
        records = {record.urn: record for record in self.state.resources.all() if record.urn}
        for one in self._resources:
            if one.get("protect") and _is_cloud(one):
                self._kept[one["urn"]] = records[one["urn"]].key
                if _holds_data(one["type"]):
                    self.state.resources.fill(records[one["urn"]].key, OBJECTS)
        self._stood = set(self._parts)
        self._began = len(self.state.journal.events())
        self.is_called()
        self._tell(f"{self.stack} is up, {len(self._stood)} resources in {time.monotonic() - start:.0f} s")

    def is_called(self, **played: Played) -> None:
        """Play healthy traffic in on every endpoint. On the endpoints in `played`, play that in instead."""
        for name, item in endpoints.of(self.config).items():
            bound = item.rollback.p95_latency_ms if isinstance(item, OnlineEndpoint) else None
            healthy = Played(p95_ms=None if bound is None else bound * 0.4)
            if self.state.resources.find(name=f"{self.stack}-{name}"):
                self.state.metrics.play(measured_as(self.served(name)), played.get(name, healthy))

    def edits(self, said: str, change: Callable[[Json], None]) -> None:
        """Change the stack file as somebody would. `change` gets its keys without the namespace."""
        self._tell(f"the stack file now says {said}")
        edit(self._file, change)

    def reverts(self) -> None:
        """Restore the stack file."""
        self._tell("the stack file says what it said before")
        self._file.write_text(self._text, encoding="utf-8")

    def puts_back(self) -> None:
        """Restore the stack file, that of the stack beside it too, and let the cloud refuse nothing any more."""
        for one in (self, self._beside):
            if one is not None and one._file.is_file():  # where it is not, the stack has gone
                one._file.write_text(one._text, encoding="utf-8")
        self.state.faults.disarm()

    def both_go(self, other: "Rehearsal") -> None:
        """Take both stacks of a drill down, with all that they hold, until their names are free; forget the other."""
        for one in (other, self):
            one._goes()
        if left := {*standing(self.state)} - self._given:
            raise Unexpected(f"what was to go is left: {', '.join(sorted(id_ for _, id_ in left))}")
        self._engine.ask("stack", "rm", other.stack, "--yes")
        self._engine.home.forget(other.stack)
        self.reverts()

    def _goes(self) -> None:
        self._tell(f"{self.stack} goes with all that it holds")
        choice = Choice(frozenset(), frozenset({"homes", "contents"}))
        with TemporaryDirectory() as folder:
            run = Teardown(self.stack, self.platform, choice, Sandbox(self._engine), Path(folder), self._tell)
            going = run.planned().going
            if left := run.run():
                raise Unexpected(f"what was to go is left: {', '.join(left)}")
        if free := comes_back(going):
            self.state.clock.move(free[0] * DAY)

    def refuses(self, kind: FaultKind, argument: str, said: str) -> None:
        """Let the cloud refuse resources with all parts of the argument in their inputs, until `refuses_no_more`."""
        self._tell(said)
        self.state.faults.arm(kind, "*", LASTS, argument)

    def hides_metrics(self, said: str) -> None:
        """Let the cloud refuse to show the metrics of endpoints to our own provider, until `refuses_no_more`."""
        self._tell(said)
        self.state.faults.arm("access-denied", "metrics", LASTS, "deployer")

    def refuses_no_more(self, said: str) -> None:
        """Let the cloud refuse nothing any more."""
        self._tell(said)
        self.state.faults.disarm()

    def behind(self, said: str) -> Resources:
        """Give the cloud's resources to a change behind Pulumi's back."""
        self._tell(said)
        return self.state.resources

    def up(self) -> Ran:
        """`pulumi up`."""
        ran = self._run("up", self._api.up)
        if ran.well:
            self._resources = self._engine.resources(self.stack)
            self._parts |= parts_of(self.stack, self._resources)
        return ran

    def ends_well(self) -> Ran:
        """Run `pulumi up`. It must end well."""
        ran = self.up()
        if not ran.well:
            raise Unexpected(f"`pulumi up` failed: {_first(ran)}")
        return ran

    def fails(self, saying: str) -> None:
        """Run `pulumi up`. It must fail with a message that matches `saying`. So the failure is noticed."""
        ran = self.up()
        if ran.well:
            raise Unexpected("`pulumi up` ended well, and was to fail")
        found = next((error for error in ran.errors if re.search(saying, error)), None)
        if found is None:
            raise Unexpected(f"`pulumi up` failed and did not say {saying!r}, but: {_first(ran)}")
        self._notice(f"`pulumi up` fails: {_short(found)}")

    def is_killed(self, share: float) -> None:
        """Run `pulumi up`, and kill it once it has done that share of the changes in a preview."""
        changes = [step for step in self.previews().steps if not step.type.startswith(OURS)]
        after = max(1, round(len(changes) * share))
        reads = len(known(self._resources))  # each is refreshed first
        command = ["up", "--yes", "--skip-preview", "--stack", self.stack]
        if not self._engine.kill(command, reads + after):
            raise Unexpected("`pulumi up` ended before it was killed")
        self._tell(f"`pulumi up` is killed with all that it started, after {after} of {len(changes)} changes")

    def leaves(self) -> list[str]:
        """Run `mlplatform teardown`, which keeps what it keeps by default. Returns the parts of which something goes.

        It must leave nothing of what was to go.
        """
        choice = Choice(frozenset(KEPT), frozenset({"homes"}))
        with TemporaryDirectory() as folder:
            run = Teardown(self.stack, self.platform, choice, Sandbox(self._engine), Path(folder), self._tell)
            going = run.planned().going
            if left := run.run():
                raise Unexpected(f"what was to go is left: {', '.join(left)}")
        self.looks()
        self.shows("create", [one.name for one in going])
        # What our own provider makes is no part of its own: it goes with what it makes work.
        return sorted({self._parts[one.urn] for one in going if one.urn in self._parts})

    def is_let_go(self) -> None:
        """Run `pulumi cancel`, which releases the stack from a run that is gone."""
        self.operator(f"`pulumi cancel -s {self.stack}`, once nobody runs it")
        self._api.cancel()

    def takes_over(self) -> None:
        """Do what `mlplatform recover` says of the creates that were cut."""
        self.operator(
            f"`pulumi stack export -s {self.stack} --file out/{self.stack}.json`, "
            f"`uv run mlplatform recover out/{self.stack}.json`, and what it says"
        )
        for did in take_over(self._engine, self.state, self.stack):
            self._tell(did)

    def previews(self) -> Ran:
        """Run `pulumi preview`. It must end well."""
        ran = self._run("preview", self._api.preview)
        if not ran.well:
            raise Unexpected(f"`pulumi preview` failed: {_first(ran)}")
        return ran

    # Steps that look

    def idle_floor(self) -> float:
        """Dollars a month with no traffic, for the present stack file, by the offline preview."""
        tree = yaml.safe_load(self._file.read_text(encoding="utf-8"))
        with TemporaryDirectory() as folder:
            copy = Path(folder) / self._file.name
            copy.write_text(yaml.safe_dump({"config": tree["config"]}, sort_keys=False), encoding="utf-8")
            return cost_of(preview(copy)).idle_usd

    def looks(self) -> None:
        """Note what is hurt now: what alarms say, what somebody changed, and what is missing."""
        for alarm in alarms(self.state):
            if alarm.rings and alarm.figure != "requests":
                served = [one for one in self.state.resources.all() if one.type in ENDPOINTS]
                called = [one for one in served if measured_as(one) == alarm.endpoint]
                self._hurt += [self._parts.get(one.urn, one.name) for one in called]
        for event in self.state.journal.events()[self._began :]:
            if event.operation == "drift":
                self._hurt += [part for urn, part in self._parts.items() if urn.endswith(f"::{event.name}")]
        self._absences.append({record.urn for record in self.state.resources.all()})

    def rings(self, alarm: str) -> None:
        """Check that the alarm of that name rings. So the failure is noticed."""
        ringing = {one.name: one for one in alarms(self.state) if one.rings}
        if alarm not in ringing:
            raise Unexpected(f"the alarm {alarm} does not ring, but {', '.join(sorted(ringing)) or 'none'}")
        mails = ", ".join(ringing[alarm].mails)
        self._notice(f"the alarm {alarm} mails {mails}: {ringing[alarm].words}")

    def shows(self, op: str, names: Iterable[str]) -> Ran:
        """Check that `pulumi preview` shows this operation on these resources. So the failure is noticed."""
        ran = self.previews()
        lacking = sorted(set(names) - {step.name for step in ran.steps if step.op == op})
        if lacking:
            raise Unexpected(f"`pulumi preview` would not {op} {', '.join(lacking)}, but {ran.ops()}")
        self._notice(f"`pulumi preview` would {ran.ops()}")
        return ran

    def operator(self, *does: str) -> None:
        """Note what the operator does, as in the runbooks."""
        self.report.operator += does
        for sentence in does:
            self._tell(f"the operator: {sentence}")

    def converges(self, degraded: Sequence[str], gone: Sequence[str] = ()) -> None:
        """End a drill: `pulumi up` restores the pilot, a second one changes nothing, and nothing was lost.

        `degraded` is exactly what was hurt meanwhile, in order. Each protected resource must still be the same one,
        with its contents, except in the parts `gone` that somebody deleted.
        """
        ran = self.ends_well()
        stands = set(parts_of(self.stack, self._resources))
        if stands != self._stood:
            raise Unexpected(f"not what stood before: {_names(stands ^ self._stood)}")
        second = self.up()
        if second.steps or not second.well:
            raise Unexpected(f"a second `pulumi up` would {second.ops()}")
        names, stand = known(self._resources), set(standing(self.state))
        if names != stand:
            raise Unexpected(f"the cloud and Pulumi's state differ by {sorted(names ^ stand)}")
        self._judge_degraded(list(degraded))
        kept, objects = self._judge_kept(gone)
        self.report.again = [
            f"`pulumi up` ends well ({ran.ops()}), a second one changes nothing",
            f"the simulated cloud holds the {len(names)} resources of Pulumi's state and no other",
            f"{kept} protected resources are the very ones of before, with the {objects} objects in them",
        ]

    def _judge_degraded(self, expected: list[str]) -> None:
        for stood in self._absences:
            self._hurt += sorted({part for urn, part in self._parts.items() if urn not in stood})
        seen = list(dict.fromkeys(self._hurt))
        if sorted(seen) != sorted(expected):
            raise Unexpected(
                f"degraded were {', '.join(seen) or 'none'}, and were to be {', '.join(expected) or 'none'}"
            )
        self.report.degraded += expected
        self.report.never = sorted({self._parts[urn] for urn in self._stood} - set(expected))

    def _judge_kept(self, gone: Sequence[str]) -> tuple[int, int]:
        now = {record.urn: record for record in self.state.resources.all()}
        asked = {urn: key for urn, key in self._kept.items() if self._parts[urn] not in gone}
        lost = {urn for urn, key in asked.items() if urn not in now or now[urn].key != key}
        if lost:
            raise Unexpected(f"protected, and not what they were before: {_names(lost)}")
        holding = [now[urn] for urn in asked if _holds_data(now[urn].type)]
        if any(record.contents != OBJECTS for record in holding):
            raise Unexpected(f"objects were lost of {_names({record.urn for record in holding})}")
        return len(asked), len(holding) * OBJECTS

    def _notice(self, sentence: str) -> None:
        self.report.noticed.append(sentence)
        self._tell(sentence)

    def _run(self, command: str, call: Callable[..., object]) -> Ran:
        from pulumi.automation.errors import CommandError

        self._tell(f"pulumi {command} …")
        events: list[EngineEvent] = []
        well = True
        errors: list[str] = []
        try:
            call(on_event=events.append)
        except CommandError as error:
            well = False
            errors = re.findall(r"(?:^| )error: (.*)", str(error), re.M)
        steps: list[Step] = []
        for event in events:
            done = event.resource_pre_event if command == "preview" else event.res_outputs_event
            if done is not None:
                op, type_ = done.metadata.op.value, done.metadata.type
                if op not in _LOOKS_ONLY:
                    steps.append(Step(op, type_, done.metadata.urn.rpartition("::")[2]))
            said = event.diagnostic_event
            if said is not None and said.severity == "error":
                errors.append(said.message)
        return Ran(well, tuple(dict.fromkeys(steps)), tuple(_plain(error) for error in errors))


def first_endpoint(config: StackConfig) -> str | None:
    """The first online endpoint of a stack file that is switched on; None if there is none."""
    online = (name for name, one in endpoints.of(config).items() if isinstance(one, OnlineEndpoint) and one.enabled)
    return next(online, None)


def edit(file: Path, change: Callable[[Json], None]) -> None:
    """Change a stack file as somebody would. `change` gets its keys without the namespace."""
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    config: Json = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in tree["config"].items()}
    change(config)
    tree["config"] = {f"{NAMESPACE}:{key}": value for key, value in config.items()}
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


def known(resources: Sequence[Json]) -> set[Thing]:
    """The cloud's resources in Pulumi's state."""
    return {(one["type"], str(one["id"])) for one in filter(_is_cloud, resources)}


def standing(state: State) -> list[Thing]:
    """The resources in the simulated cloud, without those that our own provider made."""
    return [(record.type, record.id) for record in state.resources.all() if not record.type.startswith(OURS)]


def parts_of(stack: str, resources: Sequence[Json]) -> dict[str, str]:
    """The cloud's resources in Pulumi's state, by URN, each with its part of the pilot: `endpoint fraud-scorer`."""
    by_urn = {one["urn"]: one for one in resources}
    parts: dict[str, str] = {}
    for one in filter(_is_cloud, resources):
        above = [one]
        while above[-1].get("parent") in by_urn:
            above.append(by_urn[above[-1]["parent"]])
        top = above[-2] if len(above) > 1 else one
        noun = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", top["type"].rpartition(":")[2]).lower()
        name = top["urn"].rpartition("::")[2].removeprefix(f"{stack}-")
        parts[one["urn"]] = f"{noun} {name}" if noun in ("endpoint", "batch job") else name
    return parts


def _holds_data(type_: str) -> bool:
    """Whether resources of a type hold data, by its record."""
    kind = kind_of(type_)
    return kind is not None and isinstance(kind.holds, Holds) and kind.holds.what == "data"


def _is_cloud(resource: Json) -> bool:
    return resource["custom"] and not resource["type"].startswith(OURS)


def _names(urns: Iterable[str]) -> str:
    return ", ".join(sorted(urn.rpartition("::")[2] for urn in urns))


def _first(ran: Ran) -> str:
    return _short(ran.errors[0]) if ran.errors else "without a message"


def _plain(message: str) -> str:
    """A message of the engine without colours."""
    return re.sub(r"<\{%.*?%\}>|\x1b\[[0-9;]*m", "", message).strip()


def _short(message: str) -> str:
    """The message in one line, without the engine's words before it."""
    line = " ".join(message.split())
    return re.sub(r"^(error: |[\w:/.-]+ resource '[^']*' has a problem: )+", "", line)
