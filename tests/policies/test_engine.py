"""The pack on the engine: names by platform, waivers by stack, and what was sent laid over what was answered."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import (
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from catalogue.graph import Graph
from operations.policies import resources_for_policies
from policies import __main__ as engine
from policies import waivers
from policies.pack import PLATFORMS, RULES
from policies.rule import Rule

# What Azure answers lacks what stands in a resource's path.
_IN_PATH = {"resourceUri", "scope", "privateZoneName", "computeName", "endpointName", "workspaceName", "vaultName"}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_sent", {})


def answered(graph: Graph, drop: set[str]) -> list[PolicyResource]:
    """The resources with the cloud's answers alone, as stack rules get them on the engine."""
    outputs = {r.urn: {k: v for k, v in r.outputs.items() if k not in drop} for r in graph.resources}
    resources = resources_for_policies(graph)
    for resource in resources:
        resource.props = outputs[resource.urn]
    return resources


def found(graph: Graph, resources: list[PolicyResource], remembering: bool = True) -> set[str]:
    """The stack rules of every platform that report something on the engine."""
    if remembering:
        keep = engine.remember()
        assert isinstance(keep, ResourceValidationPolicy)
        for item in resources:
            inputs: dict[str, Any] = dict(graph.by_urn[item.urn].inputs)
            args = ResourceValidationArgs(item.resource_type, inputs, item.urn, item.name, item.opts, item.provider)
            keep.validate(args, lambda message, urn=None: pytest.fail("it finds nothing by itself"))
    reported: set[str] = set()
    for platform in PLATFORMS:
        for rule in RULES[platform]:
            made: Rule = engine.on_engine(platform, rule)
            if isinstance(made, StackValidationPolicy):
                made.validate(StackValidationArgs(resources), lambda message, urn=None, n=made.name: reported.add(n))
    return reported


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_pilot_passes_and_the_other_platforms_rules_are_silent(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    assert found(graph, answered(graph, set())) == set()


def test_trap_azure_answers_without_what_stands_in_the_path(azure_pilot: Graph) -> None:
    assert found(azure_pilot, answered(azure_pilot, _IN_PATH), remembering=False)
    assert found(azure_pilot, answered(azure_pilot, _IN_PATH)) == set()


def test_what_is_wrong_is_still_found_under_its_platforms_name(azure_pilot: Graph) -> None:
    zone = next(r for r in azure_pilot.cloud if r.type.endswith(":PrivateZone"))
    graph = replace(azure_pilot, resources=tuple(r for r in azure_pilot.resources if r.urn != zone.urn))
    assert "azure-network-proof" in found(graph, answered(graph, _IN_PATH))


def test_names_on_the_engine_are_unique_and_say_the_platform() -> None:
    names = [engine.on_engine(platform, rule).name for platform in PLATFORMS for rule in RULES[platform]]
    assert len(names) == len(set(names))
    assert all(name.split("-")[0] in PLATFORMS for name in names)


def test_a_waiver_of_one_stack_is_none_of_anothers() -> None:
    assert engine.stack_of("urn:pulumi:gcp-pilot::mlplatform::gcp:storage/bucket:Bucket::b") == "gcp-pilot"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("waivers:\n  aws-pilot:\n    - {rule: r, resource: x, reason: because, expires: 2027-06-30}\n", "0.owner"),
        ("waivers: [", "is not valid YAML"),
    ],
)
def test_a_wrong_file_of_waivers_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(waivers, "FILE", tmp_path / "waivers.yaml")
    waivers.FILE.write_text(text, encoding="utf-8")
    waivers.load.cache_clear()
    with pytest.raises(waivers.BadWaivers, match=said) as caught:
        waivers.load()
    waivers.load.cache_clear()
    assert "\n" not in str(caught.value)
