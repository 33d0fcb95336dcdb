"""Mutation tests over every pilot's graph: take away or turn over what keeps it safe, and a named rule fails.

What only one platform has is mutated in the folder of that platform beside this file. The properties, and what may
survive for a stated reason, are in tests/security_properties/.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of
from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from policies import pack
from policies.everywhere import TAGS
from tests import sharing
from tests.catching import expect_all_caught, is_noticed, survivors_of
from tests.mutate import changed, dropped, paths, put, swapped, without

pytestmark = pytest.mark.sweep
CAUGHT_AT_LEAST = 0.95
_TURNED: dict[Any, Any] = {True: False, False: True, "Disabled": "Enabled", "Enabled": "Disabled"}


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


ELSEWHERE = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:sagemaker/mlflowApp:MlflowApp",
    "gcp:vertex/aiMetadataStore:AiMetadataStore",
    "gcp:vertex/aiTensorboard:AiTensorboard",
}
"""What a pilot lacks, which gives no versions away, records no runs and has no pipelines:
tests/policies/*/test_promoted.py, tests/stacks/sections/test_experiments.py and tests/policies/gcp/test_pipelines.py
judge these."""


def listed(graph: Graph) -> Any:
    return import_module(f"tests.security_properties.{graph.platform}")


def test_the_pilot_itself_breaks_no_rule(graph: Graph) -> None:
    assert evaluate(graph, pack.RULES[graph.platform]).findings == []


def test_security_properties_name_what_the_pilot_has(graph: Graph) -> None:
    types = {resource.type for resource in graph.resources}
    assert set(listed(graph).PROPERTIES) - ELSEWHERE <= types
    for type_, properties in listed(graph).PROPERTIES.items():
        if type_ in ELSEWHERE:
            continue
        present = {path for resource in graph.of(type_) for path, _ in paths(dict(resource.inputs))}
        assert set(properties) <= present, f"{type_} has none of {set(properties) - present}"


def test_a_security_property_gone_or_turned_over_is_caught(graph: Graph) -> None:
    survivors, count = survivors_of(_mutants(graph))
    assert len(survivors) <= (1 - CAUGHT_AT_LEAST) * count, f"{len(survivors)} of {count} live: {survivors[:20]}"
    unlisted = set(survivors) - set(listed(graph).SURVIVORS)
    assert not unlisted, f"these live and nobody says why: {sorted(unlisted)}"
    if sharing.whole():
        assert set(listed(graph).SURVIVORS) <= set(survivors), "these are caught by now; take them off the list"


def _mutants(graph: Graph) -> Iterator[tuple[str, Graph]]:
    for type_, properties in listed(graph).PROPERTIES.items():
        for resource in graph.of(type_):
            for path, value in paths(dict(resource.inputs)):
                if path in properties:
                    yield f"{resource.name} {path} gone", dropped(graph, resource, path)
                    if isinstance(value, bool | str) and value in _TURNED:
                        yield f"{resource.name} {path} turned", _turned(graph, resource, path, value)


def _turned(graph: Graph, resource: Resource, path: str, value: Any) -> Graph:
    return changed(graph, resource, lambda properties: put(properties, path, _TURNED[value]))


def test_any_tag_gone_from_any_resource_is_caught(graph: Graph) -> None:
    kinds = {r.type: kind_of(r.type) for r in graph.cloud}
    at = {type_: kind.tags.path for type_, kind in kinds.items() if kind and isinstance(kind.tags, At)}
    tagged = [r for r in graph.cloud if r.type in at]
    mutants = ((f"{r.name} {tag}", dropped(graph, r, f"{at[r.type]}.{tag}")) for r in tagged for tag in TAGS)
    expect_all_caught(mutants, "cost-tags")


def test_any_protection_gone_is_caught(graph: Graph) -> None:
    held = [r for r in graph.cloud if r.protect]
    expect_all_caught(((r.name, swapped(graph, replace(r, protect=False))) for r in held), "audit-state-protected")


def test_any_resource_gone_is_caught_or_listed_with_its_reason(graph: Graph) -> None:
    some = sharing.share(graph.cloud, 4, lambda one: one.name)
    survivors = {r.type for r in some if not is_noticed(without(graph, r))}
    assert not survivors - set(listed(graph).MAY_GO), "these may be dropped unseen; write a rule, or the reason why not"
