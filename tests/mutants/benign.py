"""Graphs that say the same as another, or more within its limits: no rule may find anything in them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from catalogue.graph import Graph

Json = dict[str, Any]
IN_ORDER = {"metricQueries", "definition", "trafficRoutingConfiguration", "availabilityZones"}
"""What an order has a meaning in."""


def benign(graph: Graph, own: tuple[str, str], account: tuple[str, str]) -> Iterator[tuple[str, Graph]]:
    """The graph in other orders, under another name, in another account, with more tags and other descriptions.

    `own` is how its names begin, and how they shall; so is `account`.
    """
    yield "resources in another order", replace(graph, resources=graph.resources[::-1])
    yield "lists in another order", _each(graph, _turned)
    yield "more tags", _each(graph, _tagged)
    yield "other descriptions", _each(graph, _described)
    for what, (old, new) in (("another name", own), ("another account", account)):
        yield what, Graph.from_json(json.loads(json.dumps(graph.to_json()).replace(old, new)), graph.ours)


def _each(graph: Graph, change: Any) -> Graph:
    resources = [replace(r, inputs=change(r.inputs), outputs=change(r.outputs)) for r in graph.resources]
    return replace(graph, resources=tuple(resources))


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: one if key in IN_ORDER else _turned(one) for key, one in reversed(list(cast("Json", value).items()))
        }
    if isinstance(value, list):
        return [_turned(one) for one in reversed(cast("list[Any]", value))]
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps(_turned(json.loads(value)))
    return value


def _tagged(inputs: Json) -> Json:
    return {key: {**one, "extra": "harmless"} if key == "tags" and one else one for key, one in inputs.items()}


def _described(inputs: Json) -> Json:
    other = "what it is for, in other words"
    return {key: other if key in ("description", "alarmDescription") else one for key, one in inputs.items()}
