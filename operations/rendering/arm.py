"""Renders the Azure part of a resource graph as one ARM template, the language of Checkov's rules for Azure.

pulumi-azure-native follows Azure's own API, so properties keep their wire names. `arm_types` has what the package
flattened, and how that was checked. The catalogue's records have what it renamed.

We tried what connects two resources in the graph of Checkov 3.3.30, with an endpoint's deployment (a child of a child)
and a private endpoint, which both refer to another resource. Our CKV2_MLP_1 depends on the result:

* A concrete id in a property, or `[resourceId(...)]` there: no edge.
* `dependsOn` with concrete ids or bare names: an edge to the private endpoint's target, none to a child resource.
* `[reference(resourceId('type', 'name'))]` in a property: an edge, but the value is gone for checks that read it.
* `dependsOn` with `[resourceId('type', 'parent', 'child')]`, as ARM wants it: an edge to the parent, the wrong one.
* `dependsOn` with `[resourceId('type', 'parent/child')]`: every edge, each to the right resource.

So values stay concrete, and every dependency is in `dependsOn` in the last form. Nothing deploys this document. An
unknown value becomes a `reference`, so that it counts as set. Checkov finds a dependency by its name only. Of two
resources with one name (`store/default` is the blob service and its policy), the later one has the edges of both.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from catalogue.kind import Renders
from catalogue.kinds import kind_of
from catalogue.marks import SECRET, UNKNOWN
from catalogue.rendering import ArmType
from operations.rendering.arm_types import DROPPED, OUTSIDE, WRAPPED
from operations.rendering.rendered import Json, Rendered, Resource, Unrendered, cloud_resources

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
# Keys that stay beside `properties` in a resource inside another one.
_BESIDE = frozenset({"etag", "extendedLocation", "id", "location", "name", "sku", "tags", "type", "zones"})
_MARK = next(iter(SECRET))


def render(resources: Iterable[Resource]) -> Rendered:
    """Render every azure-native resource as one template with all of them, children beside their parents.

    Components and providers are left out. A resource without a mapping is in `unrendered`, or in `own` if it is of our
    own provider.
    """
    own: list[Unrendered] = []
    unrendered: list[Unrendered] = []
    names: dict[str, tuple[str, str]] = {}
    taken: set[tuple[str, str]] = set()
    known: list[tuple[Resource, ArmType]] = []
    for resource in cloud_resources(resources, own):
        kind = arm_type(resource["type"])
        if kind is None:
            token = resource["type"]
            unrendered.append(Unrendered(resource["urn"], token, f"no ARM mapping for {token}"))
            continue
        known.append((resource, kind))
        pair = kind.type, _unique(kind.type, _name(resource, kind), taken)
        taken.add(pair)
        names[resource["urn"]] = pair
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "resources": [_resource(resource, kind, names) for resource, kind in known],
    }
    return Rendered("arm", template, {".".join(pair): urn for urn, pair in names.items()}, unrendered, own)


def arm_type(token: str) -> ArmType | None:
    """The ARM type of a Pulumi token, by its record, or None."""
    kind = kind_of(token)
    way = kind.renders.as_ if kind is not None and isinstance(kind.renders, Renders) else None
    return way if isinstance(way, ArmType) else None


def _name(resource: Resource, kind: ArmType) -> str:
    """The name with those of all parents before it. A made-up name is read from the outputs."""
    *parents, last = kind.names.split()
    inputs, outputs = resource["inputs"], resource["outputs"]
    own = inputs.get(last) or outputs.get("name") or resource["name"]
    return "/".join([*(p.strip("'") if p.startswith("'") else str(inputs.get(p, p)) for p in parents), str(own)])


def _unique(kind: str, name: str, taken: set[tuple[str, str]]) -> str:
    """Make names unique for Checkov, which knows a resource by type and name.

    In ARM the scope of an extension counts too.
    """
    return next(n for i in range(1, len(taken) + 2) if (kind, n := name if i == 1 else f"{name}_{i}") not in taken)


def _resource(resource: Resource, kind: ArmType, names: Mapping[str, tuple[str, str]]) -> dict[str, Json]:
    type_, name = names[resource["urn"]]
    body: dict[str, Json] = {"type": type_, "apiVersion": kind.version, "name": name}
    properties: dict[str, Json] = {}
    inputs: dict[str, Json] = resource["inputs"]
    sources = resource.get("propertyDependencies", {})
    left_out = DROPPED | set(kind.names.split())
    for key, raw in inputs.items():
        if raw is None or key.startswith("__") or key in left_out:
            continue
        unknown = next((_reference(names[urn]) for urn in sources.get(key, ()) if urn in names), None)
        value = _value(kind, key, raw, unknown)
        if value is None:
            continue
        outside = key not in kind.inside and kind.renamed.get(key, key) in OUTSIDE
        into = body if outside or key == "properties" else properties
        into[kind.renamed.get(key, key)] = value
    if properties:
        body["properties"] = properties
    urns = [*resource.get("dependencies", ()), *(urn for urns in sources.values() for urn in urns)]
    upstream = sorted({f"[{_id(names[urn])}]" for urn in urns if urn in names and urn != resource["urn"]})
    return body | ({"dependsOn": upstream} if upstream else {})


def _id(pair: tuple[str, str]) -> str:
    return f"resourceId('{pair[0]}', '{pair[1]}')"


def _reference(pair: tuple[str, str]) -> str:
    return f"[reference({_id(pair)})]"


def _value(kind: ArmType, key: str, raw: Json, unknown: str | None) -> Json:
    """Translate one value with all its parts. An unknown part becomes the expression `unknown`."""
    if raw == UNKNOWN:
        return unknown
    if isinstance(raw, list):
        items = cast("list[Json]", raw)
        values = [value for item in items if (value := _value(kind, key, item, unknown)) is not None]
        return dict.fromkeys(values, cast("dict[str, Json]", {})) if key == "userAssignedIdentities" else values
    if not isinstance(raw, dict):
        return int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    entries = {k: v for k, v in cast("dict[str, Json]", raw).items() if v is not None and not k.startswith("__")}
    if _MARK in entries:
        return "(sensitive value)" if entries[_MARK] == SECRET[_MARK] else None
    body = {kind.renamed.get(f"{key}.{k}", k): _value(kind, k, v, unknown) for k, v in entries.items()}
    body = {k: v for k, v in body.items() if v is not None}
    if key not in WRAPPED:
        return body
    beside = {k: v for k, v in body.items() if k in _BESIDE}
    inside = {k: v for k, v in body.items() if k not in _BESIDE}
    return beside | ({"properties": inside} if inside else {})
