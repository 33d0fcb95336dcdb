"""A stand-in for Pulumi and a cloud behind it, for runs in this process: it can be killed at each call."""

import json
import signal
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import kms, s3, sagemaker
from operations.accept.acceptance import NotRun, Unanswered
from operations.accept.engine import Pulumi
from operations.phases import ground_of
from operations.recovery import Pending
from operations.teardown import Found, Plan, Refused
from operations.teardown.doors import Door
from operations.verdict import ManualStep
from stacks.config import NAMESPACE

STACK = "churn-dev"
BUCKET = f"{STACK}-artifacts-999988887777"
"""The stack's own bucket."""
TEXT = """config:
  mlplatform:platform: aws
  mlplatform:account: "999988887777"
  mlplatform:region: eu-central-1
  mlplatform:environment: dev
  mlplatform:team: churn
  mlplatform:cost_center: cc-12
  mlplatform:owner: churn@example.org
  mlplatform:network: {cidr: 10.9.0.0/20, zones: [eu-central-1a, eu-central-1b]}
  mlplatform:budget: {monthly_usd: 900}
  mlplatform:workspace: {zones: [eu-central-1a, eu-central-1b], users: [kim]}
  mlplatform:models:
    churn:
      image: 492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5
      artifact_uri: s3://churn-999988887777/churn/1/model.tar.gz
  mlplatform:endpoints:
    churn:
      kind: online
      model: churn
      family: cpu-small
      min_replicas: 2
      max_replicas: 2
      requests_per_replica_per_minute: 600
      canary: {percent: 10, bake_minutes: 10}
      rollback: {p95_latency_ms: 250, error_rate_percent: 1}
"""
COPY = """config:
  mlplatform:models: {churn: {artifact_uri: s3://churn-999988887777/churn/1/model.tar.gz}}
  mlplatform:endpoints: {churn: {}}
"""
"""What the stand-in reads of the stack file: a run edits it many times."""
GOOD, BAD = "s3://churn-999988887777/churn/2/model.tar.gz", "s3://churn-999988887777/churn/3/model.tar.gz"


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


@cache
def config_of(text: str) -> dict[str, Any]:
    """The same few texts are read again and again."""
    return yaml.safe_load(text)["config"]


def resource(type_: str, called: str, key: str | None, **inputs: object) -> Resource:
    urn = f"urn:pulumi:{STACK}::mlplatform::{type_}::{called}"
    return Resource(urn=urn, type=type_, name=called, custom=True, inputs=inputs, stack_key=key, protect=key is None)


def graph() -> Graph:
    resources = (
        resource(kms.KEY, f"{STACK}-key", None, description="k"),
        resource(s3.BUCKET, f"{STACK}-artifacts", None, bucket=BUCKET),
        resource(sagemaker.CONFIGURATION, f"{STACK}-churn-configuration", "endpoints.churn"),
        resource(sagemaker.ENDPOINT, f"{STACK}-churn", "endpoints.churn", name=f"{STACK}-churn"),
    )
    return Graph(STACK, "aws", resources, {})


@dataclass
class Fake:
    """Pulumi, its backend, a cloud, a clock, and the door to all of them.

    A cut create can be imported by who knows its id, which is known where `knows`.
    """

    folder: Path
    knows: bool = True
    says: str = "AccessDenied: no"
    refused: str = ""
    """The type whose create is refused with `says`."""
    takes: float = 60
    """Seconds of each call of Pulumi."""
    killed_at: tuple[int, str] | None = None
    ends_with: type[BaseException] = Killed
    kind: Any = "account"
    known_by: str = "a test says so"
    doubt: str = ""
    undone: Sequence[str] = ()
    lies: set[str] = field(default_factory=set[str])
    """The addresses at which something lies, in the stack's own bucket or in another."""
    strange: str = ""
    """Why nothing here answers as the endpoint would."""
    kept: str = ""
    """Why nothing can be deleted of what lies there."""
    up: Sequence[str] = ("--policy-pack", "policies")
    destroy: Sequence[str] = ()
    graph: Graph = field(default_factory=graph)
    cloud: dict[str, Resource] = field(default_factory=dict[str, Resource])
    known: dict[str, Resource] = field(default_factory=dict[str, Resource])
    pending: set[str] = field(default_factory=set[str])
    protected: set[str] = field(default_factory=set[str])
    commands: list[list[str]] = field(default_factory=list[list[str]])
    limits: list[float] = field(default_factory=list[float])
    cleared: int = 0
    """How often what services leave in the way was cleared."""
    serves: str = ""
    time: float = 1000
    dead: bool = False
    asked_again: float = 0
    """Seconds after which an interrupt would come again, while the stack is taken down."""

    @property
    def pulumi(self) -> "Fake":
        return self

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{STACK}.yaml"

    def clock(self) -> float:
        return self.time

    def doubted(self) -> str:
        return self.doubt

    def left_undone(self, steps: Sequence[ManualStep], seconds: float) -> list[str]:
        self.lies |= set() if self.undone else {look.name for step in steps for look in step.looks}
        return list(self.undone)

    def call(self, endpoint: str, outputs: Mapping[str, Any], target: str = "") -> bytes:
        if self.strange:
            raise NotRun(self.strange)
        served = outputs["endpoints"][endpoint]
        if not any(one.name == served for one in self.cloud.values()) or self.serves == BAD:
            raise Unanswered(f"ValidationError: Endpoint {served} of account 999988887777 not found")
        self.time += 1
        return b'{"predictions": [0.5]}'

    @contextmanager
    def traffic(self, endpoint: str, outputs: Mapping[str, Any], bad: bool) -> Generator[None]:
        yield

    def leaving(self, pulumi: Pulumi) -> Door:
        return Leaving(self, pulumi)

    def id_of(self, one: Pending, deployment: Mapping[str, Any]) -> str | None:
        return one.name if self.knows else ""

    def left(self) -> list[str]:
        return []

    def revived(self) -> None:
        """Another process, on the same backend and the same cloud."""
        self.dead, self.killed_at, self.commands = False, None, []
        self.file.write_text(COPY, encoding="utf-8")

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        if self.dead:
            raise Killed
        self.commands.append(list(arguments))
        self.limits.append(seconds or 0)
        if arguments[0] == "cancel":
            self.asked_again = signal.getitimer(signal.ITIMER_REAL)[0]
        self.time += self.takes
        events: list[dict[str, Any]] = []
        dies = self.killed_at is not None and self.killed_at[0] == len(self.commands)
        if dies and self.killed_at is not None and self.killed_at[1] == "before":
            self._die()
        assert log is not None
        code = self._done(
            list(arguments), log, events, half=dies and self.killed_at is not None and self.killed_at[1] == "middle"
        )
        if dies:
            self._die()
        if words_of_events := "".join(f"{json.dumps(event)}\n" for event in events):
            log.write_text(words_of_events, encoding="utf-8")
        return code

    def _die(self) -> None:
        self.dead = self.ends_with is Killed
        if self.ends_with is KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
        raise self.ends_with

    def _done(self, words: list[str], log: Path, events: list[dict[str, Any]], half: bool) -> int:
        match words[0], words[1]:
            case "stack", "export":
                self._export(Path(words[words.index("--file") + 1]))
            case "state", "unprotect":
                self.protected -= {*words} if "--all" not in words else {*self.protected}
            case "up", _:
                return self._up(words, events, half)
            case "destroy", _:
                return self._destroy(words, events, half)
            case "import", _:
                return self._import(words, log)
            case "refresh", _:
                assert "--clear-pending-creates" in words
                self.pending.clear()
            case _:
                pass
        return 0

    def _export(self, file: Path) -> None:
        rows = [
            {
                "urn": urn,
                "type": one.type,
                "custom": True,
                "id": one.outputs.get("id") or one.name,
                "protect": urn in self.protected,
                "inputs": dict(one.inputs),
                "outputs": dict(one.outputs),
            }
            for urn, one in self.known.items()
        ]
        outputs = {"endpoints": {"churn": f"{STACK}-churn"}}
        stack = {"urn": f"urn:pulumi:{STACK}::mlplatform::pulumi:pulumi:Stack::s", "type": "pulumi:pulumi:Stack"}
        types = {one.urn: one.type for one in self.graph.cloud}
        waiting = [
            {"resource": {"urn": urn, "type": types[urn], "custom": True}, "type": "creating"}
            for urn in sorted(self.pending)
        ]
        state = {
            "resources": [*([{**stack, "outputs": outputs}] if rows else []), *rows],
            "pending_operations": waiting,
        }
        file.write_text(json.dumps({"deployment": state}), encoding="utf-8")

    def _wanted(self) -> dict[str, Resource]:
        config = config_of(self.file.read_text(encoding="utf-8"))
        asked = ground_of(self.graph) if config.get(f"{NAMESPACE}:phase") == "ground" else self.graph
        on = config[f"{NAMESPACE}:endpoints"]["churn"].get("enabled", True)
        return {one.urn: one for one in asked.cloud if on or one.stack_key != "endpoints.churn"}

    def _up(self, words: list[str], events: list[dict[str, Any]], half: bool) -> int:
        wanted = self._wanted()
        targets = [words[number + 1] for number, word in enumerate(words) if word == "--target"]
        missing = [one for urn, one in wanted.items() if urn not in self.known and (not targets or urn in targets)]
        code = 0
        for number, one in enumerate(missing):
            taken = one.urn in self.cloud
            if one.type == self.refused or taken:
                code = self._failed(
                    events, "create", one, "BucketAlreadyExists: already exists" if taken else self.says
                )
                continue
            self.cloud[one.urn] = one
            self.makes(one)
            if half and number == len(missing) // 2:
                self.pending.add(one.urn)  # the cloud has made it, and its answer never came
                return 255
            self.known[one.urn] = one
            self.pending.discard(one.urn)
            self.protected |= {one.urn} if one.protect else set()
            self._event(events, "create", one)
        if not targets:
            for urn in [urn for urn in self.known if urn not in wanted]:
                self._event(events, "delete", self.known.pop(urn))
                self.cloud.pop(urn, None)
        artifact = config_of(self.file.read_text(encoding="utf-8"))[f"{NAMESPACE}:models"]["churn"]["artifact_uri"]
        endpoint = next((one for one in self.known.values() if one.type == sagemaker.ENDPOINT), None)
        if endpoint and artifact == BAD:
            return self._failed(events, "update", endpoint, "SageMaker took the new version back: Failed")
        if endpoint and self.serves != artifact:
            if self.serves:
                self._event(events, "update", endpoint)
            self.serves = artifact
        return code

    def _import(self, words: list[str], log: Path) -> int:
        found = next((one for one in self.cloud.values() if (one.type, one.name) == (words[1], words[2])), None)
        if found is None:
            log.write_text(f"error: Preview failed: resource '{words[3]}' does not exist\n", encoding="utf-8")
            return 255
        self.known[found.urn] = found
        self.pending.discard(found.urn)
        return 0

    def _destroy(self, words: list[str], events: list[dict[str, Any]], half: bool) -> int:
        targets = [urn for urn in self.known if urn in words or "--target" not in words]
        if self.protected & {*targets}:
            return 255
        code = 0
        for number, urn in enumerate(targets):
            if half and number == len(targets) // 2:
                return 255
            one = self.known[urn]
            if says := self.deletes(one):
                code = self._failed(events, "delete", one, says)
                continue
            self._event(events, "delete", self.known.pop(urn))
            self.cloud.pop(urn, None)
        return code

    def makes(self, one: Resource) -> None:
        """The cloud makes it."""

    def deletes(self, one: Resource) -> str:
        """The cloud deletes it, unless it is a bucket that is not empty. Returns the refusal, or ""."""
        full = one.type == s3.BUCKET and any(address.startswith(f"s3://{BUCKET}/") for address in self.lies)
        return "BucketNotEmpty: the bucket you tried to delete is not empty" if full else ""

    def _event(self, events: list[dict[str, Any]], op: str, one: Resource) -> None:
        side = {"custom": True, "inputs": dict(one.inputs)}
        metadata = {"op": op, "urn": one.urn, "type": one.type, "old" if op == "delete" else "new": side}
        events.append({"resourcePreEvent": {"metadata": metadata}})
        events.append({"resOutputsEvent": {"metadata": metadata}})

    def _failed(self, events: list[dict[str, Any]], op: str, one: Resource, says: str) -> int:
        self._event(events, op, one)
        events.pop()
        events.append({"diagnosticEvent": {"severity": "error", "urn": one.urn, "message": says}})
        return 1


@dataclass
class Leaving:
    """The door of the teardown: the stack's own bucket is emptied unless something keeps what lies there."""

    of: Fake
    pulumi: Pulumi

    def stop(self, plan: Plan) -> None:
        pass

    def contents(self, store: Resource) -> int:
        return len(self._own()) if store.type == s3.BUCKET else 0

    def empty(self, store: Resource) -> None:
        if self.of.kept:
            raise Refused(self.of.kept)
        self.of.lies -= self._own()

    def clear(self, plan: Plan) -> None:
        self.of.cleared += 1

    def left(self, plan: Plan) -> Found:
        return Found(tuple(one.name for one in plan.going if one.urn in self.of.cloud))

    def _own(self) -> set[str]:
        return {address for address in self.of.lies if address.startswith(f"s3://{BUCKET}/")}
