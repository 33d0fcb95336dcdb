"""The provider as the engine sees it: check, diff, create, read, update and delete, dispatched by type."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

from provider import PACKAGE
from provider.arm import Arm, Traffics, endpoint_id
from provider.inputs import DeploymentInputs, Inputs, ModelInputs, TrafficInputs, faults
from provider.rest import Clouds, Json, Refused, WallClock, clock_of_environment
from provider.vertex import Deployments, Models, Vertex, deployed_id, model_name, version_alias

VERSION = "0.1.0"
Values = Mapping[str, PropertyValue]
T = TypeVar("T")


@dataclass(frozen=True)
class Made:
    """What a create gives the engine."""

    id: str
    outputs: Json


@dataclass(frozen=True)
class Kind:
    """One resource type. `shape` names what the outputs depend on: while it stays, an update keeps them.

    `steady` are outputs that a new shape keeps too: an attachment serves its project and region, whatever is deployed.
    `healed` are outputs with the value they have when all is well: any other, found by a refresh, is a difference.
    """

    inputs: type[Inputs]
    outputs: Mapping[str, str]
    replaces: frozenset[str]
    shape: Callable[[Any], object]
    create: Callable[[Clouds, float, Any], Made]
    update: Callable[[Clouds, float, Any], Json]
    read: Callable[[Clouds, str, Json], Json | None]
    delete: Callable[[Clouds, float, str], None]
    healed: Mapping[str, float]
    steady: frozenset[str] = frozenset()


KINDS: dict[str, Kind] = {
    f"{PACKAGE}:gcp:Model": Kind(
        inputs=ModelInputs,
        outputs={"resourceName": "string", "versionId": "string", "versionName": "string"},
        replaces=frozenset({"project", "location", "modelId"}),
        shape=version_alias,
        create=lambda clouds, seconds, inputs: Made(
            model_name(inputs), Models(Vertex(inputs.location, clouds, seconds)).create(inputs)
        ),
        update=lambda clouds, seconds, inputs: Models(Vertex(inputs.location, clouds, seconds)).update(inputs),
        read=lambda clouds, id, state: Models(Vertex(_location(id), clouds)).read(id, state.get("versionId") or ""),
        delete=lambda clouds, seconds, id: Models(Vertex(_location(id), clouds, seconds)).delete(id),
        healed={},
    ),
    f"{PACKAGE}:gcp:Deployment": Kind(
        inputs=DeploymentInputs,
        outputs={"deployedModelId": "string", "serviceAttachment": "string", "trafficPercent": "number"},
        replaces=frozenset({"project", "location", "endpoint"}),
        shape=deployed_id,
        create=lambda clouds, seconds, inputs: Made(
            inputs.endpoint, Deployments(Vertex(inputs.location, clouds, seconds)).converge(inputs)
        ),
        update=lambda clouds, seconds, inputs: Deployments(Vertex(inputs.location, clouds, seconds)).converge(inputs),
        read=lambda clouds, id, state: Deployments(Vertex(_location(id), clouds)).read(
            id, state.get("deployedModelId") or ""
        ),
        delete=lambda clouds, seconds, id: Deployments(Vertex(_location(id), clouds, seconds)).delete(id),
        healed={"trafficPercent": 100},
        steady=frozenset({"serviceAttachment"}),
    ),
    f"{PACKAGE}:azure:Traffic": Kind(
        inputs=TrafficInputs,
        outputs={"trafficPercent": "number"},
        replaces=frozenset({"subscriptionId", "resourceGroup", "workspace", "endpoint"}),
        shape=endpoint_id,
        create=lambda clouds, seconds, inputs: Made(
            endpoint_id(inputs), Traffics(Arm(clouds, seconds)).converge(inputs)
        ),
        update=lambda clouds, seconds, inputs: Traffics(Arm(clouds, seconds)).converge(inputs),
        read=lambda clouds, id, state: Traffics(Arm(clouds)).read(id, state.get("deployment") or ""),
        delete=lambda clouds, seconds, id: Traffics(Arm(clouds, seconds)).delete(id),
        healed={"trafficPercent": 100},
    ),
}


class Plugin(protocol.Provider):
    """Serves KINDS. A preview calls no cloud; a wait ends when the engine cancels."""

    def __init__(self, clouds: Clouds | None = None) -> None:
        self._clouds = clouds
        # Bakes wait for minutes: each needs a thread of its own, however few processors there are.
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix=PACKAGE)

    async def get_schema(self, request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:  # noqa: D102
        return protocol.GetSchemaResponse(json.dumps(schema()))

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:  # noqa: D102
        # The SDK's server cannot read marked outputs while they are unknown; not accepted, they come as plain values.
        return protocol.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_outputs=False, accept_resources=False
        )

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:  # noqa: D102
        kind = _kind(request.type)
        known = {key: plain(value) for key, value in request.new_inputs.items() if not _has_unknown(value)}
        unknown = set(request.new_inputs) - set(known)
        secret = {key for key, value in request.new_inputs.items() if value.contains_secret()}
        failures = [protocol.CheckFailure(name, said) for name, said in faults(kind.inputs, known, unknown, secret)]
        return protocol.CheckResponse(request.new_inputs, failures)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:  # noqa: D102
        kind = _kind(request.type)
        changed = [
            name
            for name in _names(kind.inputs)
            if name not in request.ignore_changes and _bare(request.old_state, name) != _bare(request.new_inputs, name)
        ]
        replaced = [name for name in changed if name in kind.replaces]
        drifted = [
            name
            for name, right in kind.healed.items()
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
            # The ids are fixed, so that the new one could not stand beside the old.
            delete_before_replace=bool(replaced),
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:  # noqa: D102
        kind = _kind(request.type)
        if request.preview:
            unknown = {name: PropertyValue(UNKNOWN) for name in kind.outputs}
            return protocol.CreateResponse(properties={**request.properties, **unknown})
        inputs = _inputs(kind, request.properties)
        made = await self._run(lambda: kind.create(self._reach(), request.timeout, inputs))
        return protocol.CreateResponse(made.id, {**request.properties, **_values(made.outputs)})

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:  # noqa: D102
        kind = _kind(request.type)
        if request.preview:
            return protocol.UpdateResponse({**request.news, **_foreseen(kind, request.olds, request.news)})
        inputs = _inputs(kind, request.news)
        outputs = await self._run(lambda: kind.update(self._reach(), request.timeout, inputs))
        return protocol.UpdateResponse({**request.news, **_values(outputs)})

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:  # noqa: D102
        kind = _kind(request.type)
        state = {name: plain(value) for name, value in request.properties.items()}
        found = await self._run(lambda: kind.read(self._reach(), request.resource_id, state))
        if found is None:
            return protocol.ReadResponse("")
        names = _names(kind.inputs)
        inputs = {**request.inputs, **_merged(request.inputs, found, names)}
        return protocol.ReadResponse(
            request.resource_id, {**request.properties, **inputs, **_merged({}, found, list(kind.outputs))}, inputs
        )

    async def delete(self, request: protocol.DeleteRequest) -> None:  # noqa: D102
        kind = _kind(request.type)
        await self._run(lambda: kind.delete(self._reach(), request.timeout, request.resource_id))

    async def cancel(self) -> None:  # noqa: D102
        if self._clouds is not None and isinstance(self._clouds.clock, WallClock):
            self._clouds.clock.cancelled.set()

    def _reach(self) -> Clouds:
        if self._clouds is None:
            self._clouds = Clouds(clock_of_environment())
        return self._clouds

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def schema() -> Json:
    """The package's schema, made from the inputs' own."""
    resources: Json = {}
    for token, kind in KINDS.items():
        given = kind.inputs.model_json_schema(by_alias=True)
        inputs = {name: _schema_type(of) for name, of in given["properties"].items()}
        resources[token] = {
            "description": kind.inputs.__doc__,
            "inputProperties": inputs,
            "requiredInputs": given["required"],
            "properties": {**inputs, **{name: {"type": of} for name, of in kind.outputs.items()}},
            "required": given["required"],
        }
    return {"name": PACKAGE, "version": VERSION, "resources": resources}


def plain(value: PropertyValue) -> Any:
    """The value without marks; whole numbers as int."""
    inner: Any = value.value
    if isinstance(inner, Mapping):
        return {key: plain(one) for key, one in cast(Values, inner).items()}
    if isinstance(inner, tuple):
        return [plain(one) for one in cast(Sequence[PropertyValue], inner)]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def wrapped(value: Any) -> PropertyValue:
    """The inverse of `plain`."""
    if isinstance(value, dict):
        return PropertyValue({key: wrapped(one) for key, one in cast(Json, value).items()})
    if isinstance(value, list):
        return PropertyValue([wrapped(one) for one in cast(list[Any], value)])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)


def _kind(type_: str) -> Kind:
    # Of a component's child the SDK gives the types of all its parents too, joined by `$`.
    token = type_.rpartition("$")[2]
    kind = KINDS.get(token)
    if kind is None:
        raise Refused(f"{token} is not a resource of this provider; it has {', '.join(KINDS)}")
    return kind


def _inputs(kind: Kind, values: Values) -> Inputs:
    known = {name: plain(value) for name, value in values.items() if name in _names(kind.inputs)}
    wrong = faults(kind.inputs, known, (), {name for name, value in values.items() if value.contains_secret()})
    if wrong:
        raise Refused("; ".join(said for _, said in wrong))
    return kind.inputs.model_validate(known)


def _foreseen(kind: Kind, olds: Values, news: Values) -> dict[str, PropertyValue]:
    """The outputs an update will leave: the old ones while the shape stays, otherwise unknown."""
    keep = False
    if not any(_has_unknown(value) for value in news.values()):
        try:
            keep = kind.shape(_inputs(kind, olds)) == kind.shape(_inputs(kind, news))
        except Refused:  # a state from before a rule was made stricter
            keep = False
    kept = {
        name: olds[name] if name in olds and (keep or name in kind.steady) else PropertyValue(UNKNOWN)
        for name in kind.outputs
    }
    return kept | _values({name: right for name, right in kind.healed.items() if keep})


def _merged(given: Values, found: Json, names: list[str]) -> dict[str, PropertyValue]:
    """What the cloud has, with the marks of what was given; what is equal stays as it was given."""
    merged: dict[str, PropertyValue] = {}
    for name in names:
        if name not in found or (found[name] is None and name not in given):
            continue
        old = given.get(name)
        same = old is not None and _equal(plain(old), found[name])
        merged[name] = old if old is not None and same else wrapped(found[name])
        if old is not None and old.contains_secret():
            merged[name] = merged[name].with_secret(True)
    return merged


def _equal(given: Any, found: Any) -> bool:
    # Vertex AI answers with the project's number where a resource name was given with its id.
    if isinstance(given, str) and isinstance(found, str) and "/locations/" in given:
        return given.partition("/locations/")[2] == found.partition("/locations/")[2]
    return bool(given == found)


def _values(outputs: Json) -> dict[str, PropertyValue]:
    return {name: wrapped(value) for name, value in outputs.items()}


def _bare(values: Values, name: str) -> Any:
    value = values.get(name)
    return None if value is None else plain(value)


def _has_unknown(value: PropertyValue) -> bool:
    # The SDK's server hands an unknown over as the engine's word for it, and cannot send its own Computed back.
    inner: Any = value.value
    if isinstance(inner, Mapping):
        return any(_has_unknown(one) for one in cast(Values, inner).values())
    if isinstance(inner, tuple):
        return any(_has_unknown(one) for one in cast(Sequence[PropertyValue], inner))
    return inner == UNKNOWN


def _names(inputs: type[Inputs]) -> list[str]:
    return [str(field.alias) for field in inputs.model_fields.values()]


def _location(name: str) -> str:
    return name.split("/")[3]


def _schema_type(of: Json) -> Json:
    for option in of.get("anyOf", []):
        if option["type"] != "null":
            return _schema_type(option)
    if of["type"] == "array":
        return {"type": "array", "items": _schema_type(of["items"])}
    if of["type"] == "object":
        return {"type": "object", "additionalProperties": _schema_type(of["additionalProperties"])}
    return {"type": of["type"]}
