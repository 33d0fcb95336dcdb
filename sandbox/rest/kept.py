"""The double of a sandbox. It reads and changes the sandbox's `state.sqlite`, as the plugins do.

The double stores what a call changes before it answers. So several doubles can serve one sandbox, and any may be
killed.
"""

import copy
import fcntl
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalogue.kinds.aws.mlplatform import APPROVED_VERSION
from catalogue.kinds.azure.mlplatform import ROLES_IN_FORCE
from catalogue.kinds.gcp import mlplatform as gcp
from catalogue.locks import lock_file
from sandbox.needs import Lacks, Reason
from sandbox.rest import kept_arm, kept_vertex
from sandbox.rest.calls import Call, Json, Operation, Refusal, Response
from sandbox.rest.iam import asks_policy
from sandbox.rest.kept_arm import KeptArm
from sandbox.rest.kept_vertex import KeptVertex
from sandbox.rest.sagemaker import is_sagemaker
from sandbox.rest.server import CLOCK, CallFault, Double
from sandbox.rest.storage import address, reads_object
from sandbox.rest.vertex import key
from sandbox.state import State
from sandbox.state.faults import FaultKind

_FAULTS: Mapping[FaultKind, CallFault] = {
    "throttle": CallFault("throttle", "", message="Quota exceeded for requests per minute."),
    "access-denied": CallFault("refuse", "", message="The caller does not have permission."),
    "quota-exceeded": CallFault("fail-late", "", message="The quota of this machine type is exceeded."),
    "no-capacity": CallFault("fail-late", "", message="There is no capacity for this machine type in this region."),
    "fails-after-success": CallFault("drop", ""),
    "server-error": CallFault("unavailable", "", message="The service is currently unavailable."),
    "gone": CallFault("gone", "", message="The resource was not found."),
}
"""For each fault of a sandbox that a REST API shows: the fault of the call."""
_LACKS: Mapping[Reason, str] = {
    "no-right": "Permission '{said}' denied on resource (or it may not exist).",
    "service-off": "{said} has not been used in this project before or it is disabled. (SERVICE_DISABLED)",
    "not-in-force": "Permission denied on Cloud KMS key. Please ensure that {member} has been authorized to use"
    " {said}.",
    "no-image": "No such image: {said}.",
    "no-artifact": "There are no files under {said} to copy.",
    "no-pull": "Vertex AI Service Agent {member} does not have permission to access Artifact Registry repository"
    " {store}.",
    "no-read": "Service account `{member}` does not have `[storage.objects.get]` IAM permission(s) to the directory"
    ' "{said}". Please either copy the files to the Google Cloud Storage bucket owned by your project, or grant the'
    " required IAM permission(s) to the service account.",
    "over-quota": "The following quota metrics exceed quota limits: {said} (limit {limit}, in use {used}, asked for"
    " {more}).",
}
"""What Vertex AI says where a project lacks something.

Who may not read: https://github.com/GoogleCloudPlatform/vertex-ai-samples/issues/3710. Who may not pull, which shows in
an upload: "Agent Platform troubleshooting", https://docs.cloud.google.com/vertex-ai/docs/general/troubleshooting. Words
and statuses of the others but the first are assumed.
"""
METRICS = ("/timeSeries", "/providers/Microsoft.Insights/metrics")
"""How the path of a call ends that reads the metrics of an endpoint."""


@dataclass
class KeptDouble(Double):
    """A double of the sandbox whose file is `database`.

    It keeps in memory what it shows. Before each call it reads what others changed in the file. After each call it
    stores what the call changed. So a call costs no more with a thousand endpoints than with one.
    """

    database: Path = Path("state.sqlite")

    def __post_init__(self) -> None:
        self._state = State(self.database)
        self._forget()

    def answer(self, call: Call) -> Response | None:
        """Answer one call. No other double of this sandbox answers meanwhile.

        An armed fault strikes a call that changes, and access-denied one that reads metrics: its place is `metrics`. A
        fault on reads strikes any read, also at the places of `_read_by`.
        """
        with self._lock, lock_file(self.database.with_name("rest.lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                reads = call.method == "GET" or asks_policy(call) or is_sagemaker(call)
                if not reads and call.path != CLOCK:
                    cloud = kept_arm if call.path.startswith("/subscriptions/") else kept_vertex
                    self._arm(_FAULTS, *cloud.changed_by(call), call.body)
                elif call.path != CLOCK:
                    if call.path.endswith(METRICS):
                        self._arm(("access-denied",), "metrics", "", {})
                    self._arm(_FAULTS, *_read_by(call), {}, on_read=True)
                return self._answer(call)
            finally:
                self._state.close()

    def _moved(self, seconds: float) -> float:
        return self._state.clock.move(seconds)

    def _arm(self, kinds: Iterable[FaultKind], type_: str, name: str, body: Json, on_read: bool = False) -> None:
        taken = self._state.faults.take(kinds, type_, name, json.dumps(body).split('"'), on_read)
        if taken is not None:
            self.faults = [copy.copy(_FAULTS[taken.kind])]

    def _carry_out(self, call: Call, fault: CallFault | None) -> Response:
        self._catch_up()
        self.arm.address, self.arm.metrics = self.address, self._state.metrics.played()
        if asks_policy(call):
            self.iam.grants = [one.id for type_ in gcp.WAITED_FOR for one in self._state.resources.find(type=type_)]
        if is_sagemaker(call):
            self.sagemaker.packages.clear()
            for arn, (decision, digest) in self._state.account.versions().items():
                self.sagemaker.register(arn, digest, decision)
        if reads_object(call):
            self.storage.objects.clear()
            for version, (decision, digest) in self._state.account.versions().items():
                self.storage.decide(version, digest, decision)
        self._azure.show_approval(call.path)
        google = call.path.count("/") > 3 and call.path.startswith("/v")
        self.vertex = self._google.project(call.path.split("/")[3] if google else "")
        self.vertex.metrics = self.arm.metrics
        try:
            return super()._carry_out(call, self._lacking(call) or fault)
        finally:
            try:
                self._keep_operations()
                self._google.keep(self.vertex)
                self._azure.keep()
            except BaseException:
                self._forget()
                raise

    def _lacking(self, call: Call) -> CallFault | None:
        """How a call fails for what the project lacks. A quota shows only at the end. Raises Refusal for the rest."""
        try:
            if not call.path.startswith("/subscriptions/") and not is_sagemaker(call):
                self._google.judge(call)
        except Lacks as lacks:
            words = {**lacks.words, "member": str(lacks.words.get("member", "")).removeprefix("serviceAccount:")}
            sentence = _LACKS[lacks.reason].format(**words)
            self._state.journal.note("refused", *kept_vertex.changed_by(call), said=sentence)
            if lacks.reason in ("no-right", "service-off", "not-in-force"):
                raise Refusal(403, "PERMISSION_DENIED", sentence) from None
            if lacks.reason in ("no-image", "no-artifact", "no-pull", "no-read"):
                raise Refusal(400, "FAILED_PRECONDITION", sentence) from None
            return CallFault("fail-late", "", message=sentence)
        return None

    def _forget(self) -> None:
        """Empty the memory."""
        self._google, self._azure = KeptVertex(self._state), KeptArm(self._state)
        self.arm = self._azure.double
        self._open: dict[str, tuple[Operation, str]] = {}
        self._known: set[str] = set()
        self._call = self._revision = 0

    def _catch_up(self) -> None:
        """Read what others made and changed since the last call, and the operations that other doubles began."""
        call, types = self._state.journal.calls(), (*KeptVertex.TYPES, *KeptArm.TYPES)
        if call < self._call:  # the sandbox was emptied and made anew
            self._forget()
        if self._call:
            changed = self._state.journal.changed_since(self._call, types)
        else:
            stands = [record for type_ in types for record in self._state.resources.find(type=type_)]
            changed = {(record.type, record.id) for record in stands}
        self._call = call
        self._google.load(changed)
        self._azure.load(changed)
        operations, self._revision = self._state.operations.since(self._revision)
        for name, kept in operations.items():
            operation = Operation.from_json(kept)
            if name.startswith("projects/"):
                self._google.project(operation.resource.split("/")[1]).operations[key(name)] = operation
            else:
                self.arm.operations[name] = operation
            self._known.add(name)
            self._open.pop(name, None)
            if not operation.done:
                self._open[name] = (operation, json.dumps(operation.to_json()))

    def _keep_operations(self) -> None:
        """Store the operations that the call began or advanced. One that has ended changes no more."""
        for part in (self.arm, self.vertex):
            newest = next(reversed(part.operations.values()), None)  # a call begins at most one
            if newest is not None and newest.name not in self._known:
                self._known.add(newest.name)
                self._open[newest.name] = (newest, "")
        now = {name: json.dumps(operation.to_json()) for name, (operation, _) in self._open.items()}
        changed = {name: text for name, text in now.items() if text != self._open[name][1]}
        self._state.operations.keep({name: self._open[name][0].to_json() for name in changed})
        for name, text in changed.items():
            operation, _ = self._open[name]
            self._open[name] = (operation, text)
            if operation.done:
                del self._open[name]


def _read_by(call: Call) -> tuple[str, str]:
    """Type and name of our resource that reads: a wait for grants or roles, an endpoint's metrics, or what changes."""
    if call.path.endswith(METRICS):
        return "metrics", ""
    if is_sagemaker(call):
        return APPROVED_VERSION, str(call.body.get("ModelPackageName", "")).partition(":model-package/")[2]
    if reads_object(call):
        return gcp.APPROVED_VERSION, address(call).removeprefix("gs://").rpartition("/")[0]
    if asks_policy(call):
        return gcp.GRANTS_IN_FORCE, call.path.removesuffix("/iam").partition(":")[0].rpartition("/")[2]
    if "/roleAssignments/" in call.path or "/roleDefinitions/" in call.path:
        return ROLES_IN_FORCE, call.path.rpartition("/")[2]
    cloud = kept_arm if call.path.startswith("/subscriptions/") else kept_vertex
    return cloud.changed_by(call)
