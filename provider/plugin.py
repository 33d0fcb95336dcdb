"""The provider as the engine sees it. It hands check, diff, create, read, update and delete to a resource's service."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from provider import PACKAGE, VERSION, Json
from provider.clock import WallClock
from provider.clouds import Clouds, clock_of_environment
from provider.errors import ProviderError
from provider.inputs import Inputs, json_schema, names, parsed, wrong_inputs
from provider.resources import Services, services
from provider.service import Service
from provider.values import Values, all_wrapped, bare, has_unknown, merged, plain, secrets, unknown

T = TypeVar("T")

LEAVE_SECONDS = 60.0
"""How long a plugin that is told to leave waits for its calls to end."""


class Plugin(protocol.Provider):
    """Serves every resource that has a file. A preview calls no cloud. A wait ends when the engine cancels."""

    def __init__(self, clouds: Clouds | None = None) -> None:
        self._services = services()
        self._clouds = clouds
        # A bake waits for minutes, so each needs its own thread, however few processors there are.
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix=PACKAGE)
        self._under_way: set[Future[Any]] = set()

    async def get_schema(self, request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:  # noqa: D102
        return protocol.GetSchemaResponse(json.dumps(schema(self._services)))

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:  # noqa: D102
        # The SDK's server cannot read marked outputs that are unknown. Not accepting them makes them plain values.
        return protocol.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_outputs=False, accept_resources=False
        )

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:  # noqa: D102
        service = self._service(request.type)
        known = {key: plain(value) for key, value in request.new_inputs.items() if not has_unknown(value)}
        hidden = set(request.new_inputs) - set(known)
        wrong = wrong_inputs(service.inputs, known, hidden, secrets(request.new_inputs))
        failures = [protocol.CheckFailure(one.property, one.sentence) for one in wrong]
        return protocol.CheckResponse(request.new_inputs, failures)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:  # noqa: D102
        service = self._service(request.type)
        changed = [
            name
            for name in names(service.inputs)
            if name not in request.ignore_changes and bare(request.old_state, name) != bare(request.new_inputs, name)
        ]
        replaced = [name for name in changed if name in service.replaces]
        drifted = [
            name
            for name, right in service.healed.items()
            if name in request.old_state and plain(request.old_state[name]) != right
        ]
        update, replace = protocol.PropertyDiffKind.UPDATE, protocol.PropertyDiffKind.UPDATE_REPLACE
        detail = {
            name: protocol.PropertyDiff(replace if name in replaced else update, name not in drifted)
            for name in changed + drifted
        }
        return protocol.DiffResponse(
            changes=bool(detail),
            replaces=replaced,
            diffs=changed + drifted,
            detailed_diff=detail,
            # The ids are fixed, so the new resource cannot exist beside the old one.
            delete_before_replace=bool(replaced),
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:  # noqa: D102
        service = self._service(request.type)
        if request.preview:
            outputs = {name: unknown() for name in service.outputs}
            return protocol.CreateResponse(properties={**request.properties, **outputs})
        inputs = _inputs(service, request.properties)
        created = await self._run(lambda: service(self._reach(), request.timeout).create(inputs))
        return protocol.CreateResponse(created.id, {**request.properties, **all_wrapped(created.outputs)})

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:  # noqa: D102
        service = self._service(request.type)
        if request.preview:
            return protocol.UpdateResponse({**request.news, **_foreseen(service, request.olds, request.news)})
        inputs = _inputs(service, request.news)

        def change() -> Json:
            made = service(self._reach(), request.timeout)
            made.stood = {name: plain(value) for name, value in request.olds.items()}
            return made.update(inputs)

        outputs = await self._run(change)
        kept = {name: request.olds[name] for name in service.outputs if name in request.olds}
        return protocol.UpdateResponse({**request.news, **kept, **all_wrapped(outputs)})

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:  # noqa: D102
        service = self._service(request.type)
        state = {name: plain(value) for name, value in request.properties.items()}
        found = await self._run(lambda: service(self._reach()).read(request.resource_id, state))
        if found is None:
            return protocol.ReadResponse("")
        inputs = {**request.inputs, **merged(request.inputs, found, names(service.inputs))}
        return protocol.ReadResponse(
            request.resource_id, {**request.properties, **inputs, **merged({}, found, list(service.outputs))}, inputs
        )

    async def delete(self, request: protocol.DeleteRequest) -> None:  # noqa: D102
        service = self._service(request.type)
        await self._run(lambda: service(self._reach(), request.timeout).delete(request.resource_id))

    async def cancel(self) -> None:  # noqa: D102
        self._cancel()

    def leave(self) -> None:
        """End every wait, and let the calls under way end: a bake gives its traffic back. At most LEAVE_SECONDS."""
        self._cancel()
        wait(self._under_way, timeout=LEAVE_SECONDS)

    def _cancel(self) -> None:
        if self._clouds is not None and isinstance(self._clouds.clock, WallClock):
            self._clouds.clock.cancelled.set()

    def _service(self, type_: str) -> type[Service[Any]]:
        # For a component's child the SDK gives the types of all its parents too, joined by `$`.
        token = type_.rpartition("$")[2]
        service = self._services.get(token)
        if service is None:
            raise ProviderError(f"{token} is not a resource of this provider; it has {', '.join(self._services)}")
        return service

    def _reach(self) -> Clouds:
        if self._clouds is None:
            clouds = Clouds(WallClock())
            clouds.clock = clock_of_environment(clouds.client)
            self._clouds = clouds
        return self._clouds

    async def _run(self, call: Callable[[], T]) -> T:
        running = self._threads.submit(call)
        self._under_way.add(running)
        running.add_done_callback(self._under_way.discard)
        return await asyncio.wrap_future(running)


def schema(found: Services) -> Json:
    """The schema of the package, made from the schemas of the inputs."""
    resources: Json = {}
    for token, service in found.items():
        given = json_schema(service.inputs)
        inputs = {name: _schema_type(of) for name, of in given["properties"].items()}
        resources[token] = {
            "description": service.inputs.__doc__,
            "inputProperties": inputs,
            "requiredInputs": given["required"],
            "properties": {**inputs, **{name: {"type": of} for name, of in service.outputs.items()}},
            "required": given["required"],
        }
    return {"name": PACKAGE, "version": VERSION, "resources": resources}


def _inputs(service: type[Service[Any]], values: Values) -> Inputs:
    known = {name: plain(value) for name, value in values.items() if name in names(service.inputs)}
    wrong = wrong_inputs(service.inputs, known, (), secrets(values))
    if wrong:
        raise ProviderError("; ".join(one.sentence for one in wrong))
    return parsed(service.inputs, known)


def _foreseen(service: type[Service[Any]], olds: Values, news: Values) -> dict[str, PropertyValue]:
    """The outputs after an update: the old ones while the shape stays, otherwise unknown ones."""
    keep = not any(has_unknown(value) for value in news.values()) and service.keeps(
        *({name: plain(value) for name, value in values.items()} for values in (olds, news))
    )
    kept = {
        name: olds[name] if name in olds and (keep or name in service.steady) else unknown() for name in service.outputs
    }
    return kept | all_wrapped({name: right for name, right in service.healed.items() if keep})


def _schema_type(of: Json) -> Json:
    for option in of.get("anyOf", []):
        if option["type"] != "null":
            return _schema_type(option)
    if of["type"] == "array":
        return {"type": "array", "items": _schema_type(of["items"])}
    if of["type"] == "object":
        return {"type": "object", "additionalProperties": _schema_type(of["additionalProperties"])}
    return {"type": of["type"]}
