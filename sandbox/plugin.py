"""The simulated providers: `python -m sandbox.plugin aws|gcp|azure-native ENGINE`, which the engine starts as plugins.

The port is the first line of output. The sandbox's folder is in the environment, as `MLPLATFORM_SANDBOX`; its
`state.sqlite` is the cloud. This module is the protocol only; `sandbox.simulated_cloud` is what the cloud does.
"""

import argparse
import asyncio
import json
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import grpc
from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2, status_pb2

from catalogue.marked import Json, as_secret, merged, unmarked
from catalogue.marks import is_secret
from provider.serving import Sentences, run
from sandbox.cloud import UnknownType
from sandbox.clouds import CLOUDS
from sandbox.clouds.manners import CloudSaysNo
from sandbox.home import FOLDER_VARIABLE, Home
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from sandbox.state.faults import Fault, FaultKind

TRIES = 4
"""How often a call is tried that is throttled or meets a server error, before the provider gives up. Each pause is
twice the one before.
"""
FIRST_PAUSE = 0.05
_Values = Mapping[str, PropertyValue]


class SimulatedPlugin(protocol.Provider):
    """The process of one provider. A preview changes nothing. A slow call ends when the engine cancels."""

    def __init__(self, package: str, state: State) -> None:
        self._package = package
        self._version = version(CLOUDS[package].sdk)
        self._state = state
        self._cloud = Cloud(package, state, uuid.uuid4().hex)
        self._cancelled = asyncio.Event()

    async def get_schema(self, request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:  # noqa: D102
        return protocol.GetSchemaResponse(json.dumps({"name": self._package, "version": self._version}))

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:  # noqa: D102
        given = unmarked(_all(request.args))
        self._cloud.account, self._cloud.region = self._cloud.manners.account_and_region(given)
        # The SDK's server cannot read marked outputs that are unknown. Not accepting them makes them plain values.
        return protocol.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_outputs=False, accept_resources=False
        )

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:  # noqa: D102
        news, olds = _all(request.new_inputs), _all(request.old_inputs)
        checked, wrong = self._cloud.check(
            _type(request.urn), request.urn, request.name, news, olds, request.random_seed or b""
        )
        failures = [protocol.CheckFailure(path, f"{path} {said}") for path, said in wrong]
        return protocol.CheckResponse(_values(checked), failures)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:  # noqa: D102
        # `Servicer` hands over the old inputs. The SDK's own server would hand over the old state.
        change = self._cloud.diff(
            _type(request.urn), _all(request.old_state), _all(request.new_inputs), request.ignore_changes
        )
        update, replace = protocol.PropertyDiffKind.UPDATE, protocol.PropertyDiffKind.UPDATE_REPLACE
        detail = {path: protocol.PropertyDiff(update, True) for path in change.changed}
        detail |= {path: protocol.PropertyDiff(replace, True) for path in change.replaced}
        return protocol.DiffResponse(
            changes=bool(change.changed),
            replaces=list(change.replaced),
            diffs=list(change.changed),
            detailed_diff=detail,
            delete_before_replace=change.delete_first,
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:  # noqa: D102
        given = _all(request.properties)
        if request.preview:
            foreseen = self._cloud.foresee(_type(request.urn), request.urn, request.name, given)
            return protocol.CreateResponse(properties=_values(foreseen))
        fault = await self._suffer(
            ("quota-exceeded", "no-capacity", "name-held", "fails-after-success", "crash"), request, given
        )
        id_, outputs = self._cloud.create(_type(request.urn), request.urn, request.name, given)
        if fault is not None and fault.kind == "crash":
            os._exit(1)
        if fault is not None:
            raise Unfinished(str(self._cloud.strike(fault, _type(request.urn), request.name)), id_, outputs)
        return protocol.CreateResponse(id_, _values(outputs))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:  # noqa: D102
        await self._suffer((), request, {})
        gone = await self._suffer_on_read(request)
        record = None if gone else self._cloud.read(_type(request.urn), request.resource_id)
        if record is None:
            return protocol.ReadResponse("")
        inputs = merged(_all(request.inputs), record.inputs)
        if not request.inputs:  # an import: nothing was noted yet
            inputs = self._cloud.manners.provider.noted(inputs)
        outputs = merged(_all(request.properties), record.outputs)
        return protocol.ReadResponse(request.resource_id, _values(outputs), _values(inputs))

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:  # noqa: D102
        given = _all(request.news)
        if request.preview:
            foreseen = self._cloud.foresee(_type(request.urn), request.urn, request.name, given)
            kept = {key: value for key, value in _all(request.olds).items() if key not in given}
            return protocol.UpdateResponse(_values({**foreseen, **kept}))
        fault = await self._suffer(("quota-exceeded", "no-capacity", "crash"), request, given)
        outputs = self._cloud.update(_type(request.urn), request.resource_id, given)
        if fault is not None:
            os._exit(1)
        return protocol.UpdateResponse(_values(outputs))

    async def delete(self, request: protocol.DeleteRequest) -> None:  # noqa: D102
        fault = await self._suffer(("crash",), request, {})
        self._cloud.delete(_type(request.urn), request.resource_id)
        if fault is not None:
            os._exit(1)

    async def invoke(self, request: protocol.InvokeRequest) -> protocol.InvokeResponse:  # noqa: D102
        args = unmarked(_all(request.args))
        return protocol.InvokeResponse(_values(self._cloud.look_up(request.tok, args)))

    async def cancel(self) -> None:  # noqa: D102
        self._cancelled.set()

    async def _suffer(self, kinds: Sequence[FaultKind], request: Any, given: Json) -> Fault | None:
        """Let armed faults strike before a call is carried out.

        Returns the fault that is to strike after it, if any.
        """
        type_, name = _type(request.urn), request.name
        await self._try_again(("throttle",), request)
        fault = self._state.faults.take(("slow",), type_, name)
        if fault is not None:
            await self._pause(float(fault.argument or 1))
        if not self._state.faults.armed():
            return None
        needs_machines: tuple[FaultKind, ...] = ("quota-exceeded", "no-capacity")
        words = self._cloud.words(type_, given) if given else set[str]()
        ready: list[FaultKind] = [kind for kind in kinds if kind not in needs_machines or words]
        ready.append("access-denied")
        fault = self._state.faults.take(ready, type_, name, words)
        if fault is None:
            return None
        if fault.kind == "crash" and fault.argument == "before":
            os._exit(1)
        if fault.kind in ("crash", "fails-after-success"):
            return fault
        raise self._refusal(fault, request)

    async def _suffer_on_read(self, request: Any) -> bool:
        """Let the faults strike that were armed on reads alone. Returns whether the cloud says that nothing stands."""
        await self._try_again(("throttle", "server-error"), request, on_read=True)
        type_, name = _type(request.urn), request.name
        fault = self._state.faults.take(("slow",), type_, name, on_read=True)
        if fault is not None:
            await self._pause(float(fault.argument or 1))
        fault = self._state.faults.take(("access-denied", "gone"), type_, name, on_read=True)
        if fault is not None and fault.kind == "access-denied":
            raise self._refusal(fault, request)
        return fault is not None

    async def _try_again(self, kinds: Sequence[FaultKind], request: Any, on_read: bool = False) -> None:
        """Try a call again that the cloud is too busy for, as the clouds' SDKs do. Raises CloudSaysNo in the end."""
        for tried in range(TRIES):
            fault = self._state.faults.take(kinds, _type(request.urn), request.name, on_read=on_read)
            if fault is None:
                return
            if tried == TRIES - 1:
                raise self._refusal(fault, request)
            await self._pause(FIRST_PAUSE * 2**tried)

    def _refusal(self, fault: Fault, request: Any) -> CloudSaysNo:
        refusal = self._cloud.strike(fault, _type(request.urn), request.name)
        self._state.journal.note("fault", _type(request.urn), request.name, "", self._cloud.run, str(refusal))
        return refusal

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._cancelled.wait(), seconds)
        except TimeoutError:
            return
        raise CloudSaysNo("the operation was cancelled")


class Unfinished(CloudSaysNo):
    """A create that failed after the cloud had made the resource. `str()` is what the provider says."""

    def __init__(self, sentence: str, id_: str, outputs: Json) -> None:
        super().__init__(sentence)
        self.id = id_
        self.outputs = outputs


class Servicer(ProviderServicer):
    """The SDK's server, but it compares inputs in a diff. A refresh puts what it finds into the inputs.

    A create that failed after the cloud had made the resource tells its id, so the engine keeps it, and the next update
    goes on with it. The bridged providers do so: they set the id before they wait (SetId). The SDK's server does not.
    """

    async def Create(self, request: Any, context: Any) -> Any:
        """Make a resource, or tell the engine of one that is made and whose create failed."""
        try:
            return await super().Create(request, context)
        except Exception as error:
            cause = error if isinstance(error, Unfinished) else error.__context__
            if not isinstance(cause, Unfinished):
                raise
            failed = provider_pb2.ErrorResourceInitFailed(
                id=cause.id,
                properties=PropertyValue.marshal_map(_values(cause.outputs)),
                inputs=request.properties,
                reasons=[str(cause)],
            )
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(cause))
            status.details.add().Pack(failed)
            told = (("grpc-status-details-bin", status.SerializeToString()),)
            await context.abort(grpc.StatusCode.UNKNOWN, str(cause), told)

    async def Read(self, request: Any, context: Any) -> Any:
        """Answer nothing for what does not exist. The SDK's server would answer an empty one, which is imported."""
        found = await super().Read(request, context)
        return found if found.id else provider_pb2.ReadResponse()

    async def Diff(self, request: Any, context: Any) -> Any:
        """Hand over the old inputs."""
        request.olds.CopyFrom(request.old_inputs)
        return await super().Diff(request, context)


def wire(value: PropertyValue) -> Any:
    """The value as JSON. Secrets have Pulumi's mark, and whole numbers are int."""
    inner: Any = value.value
    if isinstance(inner, Mapping):
        inner = {key: wire(one) for key, one in cast(_Values, inner).items()}
    elif isinstance(inner, tuple):
        inner = [wire(one) for one in cast(Sequence[PropertyValue], inner)]
    elif isinstance(inner, float) and inner.is_integer():
        inner = int(inner)
    return as_secret(inner) if value.is_secret else inner


def value_of(tree: Any) -> PropertyValue:
    """The inverse of `wire`."""
    if is_secret(tree):
        return value_of(tree.get("value")).with_secret(True)
    if isinstance(tree, Mapping):
        return PropertyValue({key: value_of(one) for key, one in cast(Json, tree).items()})
    if isinstance(tree, list):
        return PropertyValue([value_of(one) for one in cast(list[Any], tree)])
    if isinstance(tree, int) and not isinstance(tree, bool):
        return PropertyValue(float(tree))
    return PropertyValue(tree)


def _type(urn: str) -> str:
    """The type of the resource. The URN has the types of its parents before it."""
    return urn.split("::")[-2].rpartition("$")[2]


def _all(values: _Values) -> Json:
    return {key: wire(value) for key, value in values.items()}


def _values(tree: Json) -> dict[str, PropertyValue]:
    return {key: value_of(one) for key, one in tree.items()}


def main() -> int:
    """Serve the package named on the command line. Returns 2, with a sentence, where there is no sandbox."""
    parent = os.getppid()
    parser = argparse.ArgumentParser(prog="sandbox.plugin", description="A simulated provider")
    parser.add_argument("package", choices=sorted(CLOUDS))
    parser.add_argument("engine", nargs="?", default="")
    known, _ = parser.parse_known_args()
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        sys.stderr.write(f"{FOLDER_VARIABLE} is not set: it says in which folder the sandbox is\n")
        return 2
    package, state = known.package, State(Home(Path(folder)).database)
    run(
        lambda: Servicer(
            [], version(CLOUDS[package].sdk), SimulatedPlugin(package, state), engine_address=known.engine
        ),
        Sentences("the sandbox", (CloudSaysNo, UnknownType)),
        parent,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
