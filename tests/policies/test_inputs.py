"""What the inputs of a kind may say: each rule has a graph that it passes, the pilot's, and one for each it catches."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kind import Takes
from catalogue.kinds import kind_of, kinds
from catalogue.marks import UNKNOWN
from catalogue.platforms import PLATFORMS
from policies import pack
from tests.catching import caught
from tests.mutate import changed

RULES = ("inputs-known", "inputs-allowed", "inputs-needed", "inputs-own")
CAUGHT = frozenset(RULES)
"""The rules that have the graphs they catch in this file, on every platform."""


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def takes(resource: Resource) -> Takes:
    kind = kind_of(resource.type)
    return kind.takes if kind is not None and isinstance(kind.takes, Takes) else Takes()


def is_sections(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in cast("list[Any]", value))


def where(graph: Graph, says: Callable[[Takes], Any]) -> tuple[Resource, str]:
    """The first resource of a graph that gives an input at the top of which its kind says something."""
    return next(
        (one, path)
        for one in graph.cloud
        for path in sorted(says(takes(one)))
        if "." not in path and isinstance(one.inputs.get(path), str | bool)
    )


def test_an_input_that_nobody_has_judged_is_caught_at_any_depth(graph: Graph) -> None:
    resource, _ = where(graph, lambda said: said.known)
    assert caught(changed(graph, resource, lambda p: p.update(nobodyKnows=True)), *RULES) == {"inputs-known"}
    deep = next(one for one in graph.cloud if any("." in path for path in takes(one).known))
    above = next(path for path in sorted(takes(deep).known) if "." in path).split(".")[0]

    def inside(properties: dict[str, Any]) -> None:
        held: Any = properties.setdefault(above, {}) or {}
        properties[above] = held
        (held[0] if isinstance(held, list) else held)["nobodyKnows"] = [{}, {"b": 1}]

    assert "inputs-known" in caught(changed(graph, deep, inside), *RULES)


def test_an_empty_list_is_not_set_and_an_empty_section_has_its_defaults(graph: Graph) -> None:
    resource, _ = where(graph, lambda said: said.known)
    empty: dict[str, Any] = {"nobodyKnows": None, "norThis": []}
    assert caught(changed(graph, resource, lambda p: p.update(empty)), *RULES) == set()
    # A section without a word is one with all its defaults: an empty `website` is a website.
    assert caught(changed(graph, resource, lambda p: p.update(nobodyKnows={})), *RULES) == {"inputs-known"}
    assert caught(changed(graph, resource, lambda p: p.update(orThat={})), *RULES) == {"inputs-known"}


def test_a_section_that_stands_twice_in_a_list_is_caught(graph: Graph) -> None:
    def twice(properties: dict[str, Any]) -> None:
        key = next(key for key, one in properties.items() if is_sections(one))
        properties[key] = [*properties[key], properties[key][0]]

    resource = next(one for one in graph.cloud if takes(one).known and any(map(is_sections, one.inputs.values())))
    assert "inputs-allowed" in caught(changed(graph, resource, twice), *RULES)


def test_a_value_that_is_not_among_those_that_it_may_take_is_caught(graph: Graph) -> None:
    resource = next(one for one in graph.cloud if any("." not in path for path in takes(one).must))
    path = next(path for path in sorted(takes(resource).must) if "." not in path)
    assert caught(changed(graph, resource, lambda p: p.update({path: "mallory"})), "inputs-allowed")
    assert caught(changed(graph, resource, lambda p: p.pop(path)), "inputs-allowed")


def test_what_a_resource_needs_is_missed(graph: Graph) -> None:
    resource, path = where(graph, lambda said: said.needed)
    assert caught(changed(graph, resource, lambda p: p.pop(path)), *RULES) >= {"inputs-needed"}


@pytest.mark.parametrize("platform", ["aws", "gcp"])  # what Azure's kinds name stands deeper
def test_what_is_named_must_be_the_stacks_own_or_in_its_file(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    resource, path = where(graph, lambda said: said.own)
    foreign = changed(graph, resource, lambda p: p.update({path: "somebody-elses"}))
    assert "inputs-own" in caught(foreign, *RULES)
    assert graph.placement is not None
    named = replace(graph.placement, addresses=(*graph.placement.addresses, "https://somebody-elses/x"))
    assert "inputs-own" not in caught(replace(foreign, placement=named), *RULES)
    upper = changed(graph, resource, lambda p: p.update({path: str(p[path]).upper()}))
    assert "inputs-own" not in caught(upper, "inputs-own")


def test_a_name_that_is_written_out_is_caught_whatever_hangs_on_it(aws_pilot: Graph) -> None:
    """A policy more on a role of the stack, which rules on what the role may do would not see."""
    policy = next(r for r in aws_pilot.of("aws:iam/rolePolicy:RolePolicy") if r.name.endswith("serving-policy"))
    more = replace(policy, urn=f"{policy.urn}-more", property_dependencies={})
    graph = replace(aws_pilot, resources=(*aws_pilot.resources, more))
    assert caught(graph, "inputs-own") == {"inputs-own"}
    assert caught(replace(graph, ours=False), "inputs-own") == set()
    taken = replace(more, property_dependencies=policy.property_dependencies)
    assert caught(replace(aws_pilot, resources=(*aws_pilot.resources, taken)), "inputs-own") == set()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_elsewhere_they_are_advice_and_say_a_thing_once_for_a_type(platform: str) -> None:
    rules = [rule for rule in pack.RULES[platform] if rule.name in CAUGHT]
    assert len(rules) == len(CAUGHT) and all(rule.advice_elsewhere for rule in rules)
    type_ = next(
        token for token, kind in kinds(platform).items() if isinstance(kind.takes, Takes) and kind.takes.needed
    )
    resources = tuple(Resource(f"urn:pulumi:a::b::{type_}::{n}", type_, str(n), True) for n in "ab")
    graph = Graph("a", platform, resources, {}, ours=False)
    (needed,) = (rule for rule in rules if rule.name == "inputs-needed")
    found = [violation.sentence for violation in needed.judge(graph).violations]
    assert (
        found and len(found) == len(set(found)) and len(needed.judge(replace(graph, ours=True)).violations) > len(found)
    )


def test_lists_patterns_and_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of its own, for no platform need use every word of the file."""
    said = Takes(
        free=frozenset({"any"}),
        may={"list.kind": ("a",), "map.*.on": (True,)},
        like={"text": re.compile("[ab]+")},
        within={"number": (1, 5)},
        once=frozenset({"list"}),
        needed=frozenset({"list.kind"}),
    )

    def says(resource: Resource) -> Takes:
        return said

    monkeypatch.setattr("policies.inputs._takes", says)

    def judged(**inputs: Any) -> set[str]:
        resource = Resource("urn:pulumi:a::b::aws:x/y:Y::c", "aws:x/y:Y", "c", True, inputs=inputs)
        rules = [rule for rule in pack.RULES["aws"] if rule.name in CAUGHT]
        return {rule.name for rule in rules if rule.judge(Graph("a", "aws", (resource,), {})).violations}

    assert judged(any={"x": 1}, text="ab", number="3", list=[{"kind": "a"}], map={"x": {"on": True}}) == set()
    assert judged(number="3s") == set() and judged(number="60s") == {"inputs-allowed"}
    assert judged(text="abc") == judged(number=6) == judged(number="many") == judged(number=True) == {"inputs-allowed"}
    assert judged(list=[{"kind": "a"}, {"kind": "b"}]) == judged(map={"x": {"on": False}}) == {"inputs-allowed"}
    assert judged(list=[{"kind": "a"}, {"kind": "a"}]) == {"inputs-allowed"}
    assert judged(any=[{"x": 1}, {"x": 2}]) == set()
    assert judged(any=[{"x": 1}, {"x": 1}]) == judged(any={"y": [{"x": [1]}, {"x": [1]}]}) == {"inputs-allowed"}
    assert judged(any=[{"x": UNKNOWN}, {"x": UNKNOWN}]) == set()
    assert judged(list=[{"kind": None}]) == {"inputs-needed"}
    assert judged(map={"x": {"off": True}}) == judged(list=[{"other": 1, "kind": "a"}]) == {"inputs-known"}
