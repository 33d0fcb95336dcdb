"""Changes of a graph that change nothing for whoever reviews it: names, places, order, words and tags."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of
from catalogue.marks import is_marked

Inputs = dict[str, Any]
IN_ORDER = {"metricQueries", "definition", "trafficRoutingConfiguration", "availabilityZones", "sourceContents"}
"""What an order has a meaning in."""
_WORDS = ("description", "displayName", "title", "alarmDescription")
_OTHER_ACCOUNT = {
    "aws": "444455556666",
    "gcp": "churn-risk-pilot",
    "azure": "77777777-6666-5555-4444-333333333333",
}


def benign(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """Each change of the whole graph, with a word for it."""
    yield "resources under other names", _renamed(graph)
    yield "lists and resources in another order", _each(replace(graph, resources=graph.resources[::-1]), _turned)
    yield "other words", _each(graph, _reworded)
    yield "a tag more", replace(graph, resources=tuple(map(_tagged, graph.resources)))
    if graph.platform == "azure":
        yield "ids in capitals", replace(graph, resources=tuple(map(_in_capitals, graph.resources)))
    yield "a stack of another name", _replaced(graph, graph.stack, "churn-dev")
    if graph.placement is not None:
        yield "another account", _replaced(graph, graph.placement.account, _OTHER_ACCOUNT[graph.platform])


def _renamed(graph: Graph) -> Graph:
    """Every resource that is no component under a number, and what refers to it with it."""
    urns = {
        one.urn: f"{one.urn.rpartition('::')[0]}::r{number}"
        for number, one in enumerate(graph.resources)
        if one.custom and not one.is_provider
    }

    def new(of: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(urns.get(urn, urn) for urn in of)

    def renamed(one: Resource) -> Resource:
        urn = urns.get(one.urn, one.urn)
        references = {key: new(of) for key, of in one.property_dependencies.items()}
        name = urn.rpartition("::")[2]
        return replace(one, urn=urn, name=name, dependencies=new(one.dependencies), property_dependencies=references)

    return replace(graph, resources=tuple(map(renamed, graph.resources)))


def _replaced(graph: Graph, old: str, new: str) -> Graph:
    """The graph with another text for one, wherever it stands."""
    return Graph.from_json(json.loads(json.dumps(graph.to_json()).replace(old, new)), graph.ours)


def _each(graph: Graph, change: Callable[[Inputs], Inputs]) -> Graph:
    def changed(one: Resource) -> Resource:
        return replace(one, inputs=change(dict(one.inputs)), outputs=change(dict(one.outputs)))

    resources = (one if one.is_component or one.is_provider else changed(one) for one in graph.resources)
    return replace(graph, resources=tuple(resources))


def _turned(value: Any) -> Any:
    if isinstance(value, Mapping) and not is_marked(value):
        items = reversed(list(cast("Inputs", value).items()))
        return {key: one if key in IN_ORDER else _turned(one) for key, one in items}
    if isinstance(value, list):
        return [_turned(one) for one in reversed(cast("list[Any]", value))]
    if isinstance(value, str) and value.startswith('{"'):
        return json.dumps(_turned(json.loads(value)))
    return value


def _reworded(inputs: Inputs) -> Inputs:
    return {key: f"Other words {one}" if key in _WORDS and isinstance(one, str) else one for key, one in inputs.items()}


_ARM_ID = re.compile(r"/subscriptions/[^\s'\"?,;\\]+")
_NAMED = re.compile(r'"(?:principalId|clientId|client_id|objectId|tenantId)": "[0-9a-f-]{36}"')


def _in_capitals(one: Resource) -> Resource:
    """Every id of Azure in the inputs, and every GUID of somebody, in another case than the cloud answers with.

    What follows a datastore is the path of a blob, whose case counts.
    """

    def raised(id_: re.Match[str]) -> str:
        above, datastores, path = id_[0].partition("/datastores/")
        return above.upper() + datastores + path

    def shouted(named: re.Match[str]) -> str:
        key, _, guid = named[0].partition(": ")
        return f"{key}: {guid.upper()}"

    said = _NAMED.sub(shouted, _ARM_ID.sub(raised, json.dumps(dict(one.inputs))))
    return replace(one, inputs=json.loads(said))


def _tagged(one: Resource) -> Resource:
    kind = kind_of(one.type)
    if kind is None or not isinstance(kind.tags, At) or not isinstance(one.inputs.get(kind.tags.path), Mapping):
        return one
    return replace(one, inputs={**one.inputs, kind.tags.path: {**one.inputs[kind.tags.path], "extra": "harmless"}})
