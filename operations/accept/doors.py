"""The two doors of an acceptance run: an account, and the sandbox that stands for one."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from catalogue.transcripts import Door as DoorKind
from examples.pack import digest_of_model, is_example
from operations.accept.acceptance import NotRun, Unanswered, Versions
from operations.accept.engine import Pulumi
from operations.doctor import State as Looked
from operations.doctor import examine
from operations.doctor import of as doctor_of
from operations.recovery import OURS, Pending, made
from operations.sandboxes import walk
from operations.teardown import doors as teardown
from operations.teardown.doors import Door as Leaving
from operations.verdict import ManualStep
from sandbox import absent, byhand, dataplane
from sandbox.alarms import ENDPOINTS, measured_as
from sandbox.dataplane import NoPrediction, call
from sandbox.engine import Engine, attended
from sandbox.state import State
from sandbox.state.metrics import Played
from sandbox.state.records import Record
from stacks.config import STACKS

ROOT = STACKS.parent
LOOK_EVERY = 30.0
"""Seconds between two looks at what a person has done in an account."""
CALL_EVERY = 1.0
"""Seconds between two calls while a canary is measured."""
_STAND_INS = ("AWS_ENDPOINT_URL", "MLPLATFORM_", "CLOUDSDK_API_ENDPOINT_OVERRIDES_", "ARM_METADATA", "PULUMI_DEBUG_")
"""Environment variables whose names begin like this put something else in the place of a cloud or of its provider."""
_CUSTOM = "_CUSTOM_ENDPOINT"
"""The end of the variables that do so for Google Cloud's provider."""


class Calls(Protocol):
    """A platform's module: how an endpoint in an account is called."""

    def doubt(self, account: Any) -> str:
        """Why the account that was opened is none; "" where nothing speaks against it."""
        ...

    def call(self, account: Any, name: str, outputs: Mapping[str, Any], body: bytes, *, target: str = "") -> bytes:
        """Call an endpoint by its key in the stack file; `target` is one of several models. Raises Unanswered."""
        ...


def calls_of(platform: str) -> Calls:
    """The module of one platform. No other is imported."""
    return import_module(f"operations.accept.{platform}")  # pyright: ignore[reportReturnType]  # a module has no self


def doubt(platform: str, environment: Mapping[str, str]) -> str:
    """What says that no real cloud answers here: a variable, or a provider that is none. "" where nothing does."""
    for name in sorted(environment):
        if name.startswith(_STAND_INS) or name.endswith(_CUSTOM):
            return f"the variable {name} puts something else in the place of the cloud"
    package = PLATFORMS[platform].provider.rpartition(":")[2]
    plugin = f"pulumi-resource-{package}"
    if shutil.which(plugin, path=environment.get("PATH")):
        return f"{plugin} stands on PATH, and Pulumi takes that in place of the provider"
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    for binary in sorted(home.glob(f"plugins/resource-{package}-v*/{plugin}*")):
        with suppress(OSError), binary.open("rb") as file:
            if file.read(2) == b"#!":
                return f"{plugin} is a script, and no provider of the cloud"
    return ""


@dataclass
class Cli:
    """The Pulumi CLI with the environment of whoever runs this, in the project's folder."""

    cli: Path

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        """Run a command, as `attended` does."""
        return attended([str(self.cli), *arguments], ROOT, os.environ, log, seconds)


@dataclass
class Account:
    """An account. `opened` is the account as `mlplatform doctor` reads it, `file` a copy of the stack file.

    `leaves` is the account as `mlplatform teardown` opens it.
    """

    platform: str
    opened: Any
    leaves: Any
    pulumi: Pulumi
    file: Path
    request: bytes
    tell: Callable[[str], None]
    known_by: str
    kind: DoorKind = "account"
    sleep: Callable[[float], None] = time.sleep

    @property
    def up(self) -> Sequence[str]:
        """The rules hold, and the checked-in stack file is left alone."""
        return ("--config-file", str(self.file), "--policy-pack", "policies")

    @property
    def destroy(self) -> Sequence[str]:
        """The checked-in stack file is left alone."""
        return ("--config-file", str(self.file))

    def clock(self) -> float:
        """The machine's own."""
        return time.monotonic()

    def doubted(self) -> str:
        """A variable, a provider or an account that is none."""
        return doubt(self.platform, os.environ) or calls_of(self.platform).doubt(self.opened)

    def left_undone(self, steps: Sequence[ManualStep], seconds: float) -> list[str]:
        """Look as `doctor` does until all is done. What cannot be seen from here is taken as done: `up` will tell."""
        until, told = self.clock() + seconds, False
        while True:
            looked = examine(list(steps), doctor_of(self.platform).LOOKS, self.opened)
            left = [one.step for one in looked if one.state is Looked.NOT_DONE]
            if not left or self.clock() >= until:
                return [step.what for step in left]
            for step in () if told else left:
                self.tell(f"to do now, by the {step.who}: {step.what}: {' ; '.join(step.commands)}")
            told = True
            self.sleep(LOOK_EVERY)

    def call(self, endpoint: str, outputs: Mapping[str, Any], target: str = "") -> bytes:
        """Call it from here."""
        return calls_of(self.platform).call(self.opened, endpoint, outputs, self.request, target=target)

    @contextmanager
    def traffic(self, endpoint: str, outputs: Mapping[str, Any], bad: bool) -> Generator[None]:
        """Call once a second. A bad version answers errors by itself."""
        ended = threading.Event()

        def calling() -> None:
            while not ended.wait(CALL_EVERY):
                with suppress(Unanswered):
                    self.call(endpoint, outputs)

        thread = threading.Thread(target=calling)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def leaving(self, pulumi: Pulumi) -> Leaving:
        """The account as `mlplatform teardown` has it."""
        return teardown.Account(self.platform, self.leaves, pulumi)

    def id_of(self, one: Pending, deployment: Mapping[str, Any]) -> str | None:
        """As it follows from the state. Whether it was made, its import finds out."""
        return one.id

    def left(self) -> list[str]:
        """The teardown has looked."""
        return []


@dataclass
class Sandbox:
    """The sandbox in place of an account. `versions` are put there for the canary and the bad version."""

    engine: Engine
    graph: Graph
    stack: str
    versions: Versions
    request: bytes
    p95_ms: float | None
    kind: DoorKind = "sandbox"
    known_by: str = "Pulumi ran in a sandbox, against simulated providers"
    up: Sequence[str] = ()
    destroy: Sequence[str] = ()

    @property
    def pulumi(self) -> Pulumi:
        """The sandbox's engine."""
        return self.engine

    @property
    def file(self) -> Path:
        """The sandbox's copy."""
        return self.engine.home.path / "stacks" / f"Pulumi.{self.stack}.yaml"

    @property
    def state(self) -> State:
        """The simulated cloud."""
        return State(self.engine.home.database)

    def clock(self) -> float:
        """The machine's own: seconds of a rehearsal are those of this machine."""
        return time.monotonic()

    def doubted(self) -> str:
        """Nothing to doubt: it says that it is none."""
        return ""

    def left_undone(self, steps: Sequence[ManualStep], seconds: float) -> list[str]:
        """Do them, as a person does. Returns each that is refused, with why.

        Whoever uploads the artifacts uploads those of the versions, too: the example's own model as the good one.
        """
        left: list[str] = []
        for step in steps:
            try:
                walk.do(self.state, step, self.graph)
                if any(look.what == "artifact" for look in step.looks):
                    self._upload_versions()
            except BadInput as refusal:
                left.append(f"{step.what}: {refusal}")
        return left

    def _upload_versions(self) -> None:
        good, bad = self.versions.next, self.versions.bad
        if good is not None:
            digest = digest_of_model(self.graph.platform) if is_example(good) else ""
            byhand.upload(self.state, good, digest, elsewhere=not absent.made_by(self.graph, good))
        if bad is not None:
            byhand.upload(self.state, bad, elsewhere=not absent.made_by(self.graph, bad))

    def call(self, endpoint: str, outputs: Mapping[str, Any], target: str = "") -> bytes:
        """Call it from inside the stack's network."""
        try:
            return call(self.state, self._served(endpoint), self.request, outside=False, target=target)
        except dataplane.NotRun as reason:
            raise NotRun(str(reason)) from None
        except NoPrediction as refusal:
            raise Unanswered(str(refusal)) from None

    @contextmanager
    def traffic(self, endpoint: str, outputs: Mapping[str, Any], bad: bool) -> Generator[None]:
        """Play metrics in: of a bad version, one answer in twenty is an error."""
        healthy = Played(p95_ms=None if self.p95_ms is None else self.p95_ms * 0.4)
        measured = measured_as(self._served(endpoint))
        self.state.metrics.play(measured, Played(p95_ms=healthy.p95_ms, error_percent=5) if bad else healthy)
        try:
            yield
        finally:
            self.state.metrics.play(measured, healthy)

    def leaving(self, pulumi: Pulumi) -> Leaving:
        """The sandbox as `mlplatform teardown` has it."""
        return teardown.Sandbox(self.engine, through=pulumi)

    def id_of(self, one: Pending, deployment: Mapping[str, Any]) -> str | None:
        """As who looks into the cloud finds it."""
        return made(self.state, one, deployment)

    def left(self) -> list[str]:
        """What a program made. A landing zone stays, and has no URN."""
        return [one.name for one in self.state.resources.all() if one.urn or one.type.startswith(OURS)]

    def _served(self, endpoint: str) -> Record:
        for record in self.state.resources.find(name=f"{self.stack}-{endpoint}"):
            if record.type in ENDPOINTS:
                return record
        raise Unanswered(f"the endpoint {endpoint} does not exist")
