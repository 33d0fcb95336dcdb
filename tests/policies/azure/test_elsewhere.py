"""What names others' things in a program that is not ours is told once for each property, and never stops it."""

from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from operations.evaluation import evaluate
from policies.pack import RULES
from tests.mutate import changed, put

ML, THEIRS = "azure-native:machinelearningservices", "/subscriptions/99999999-8888-7777-6666-555555555555"
PLACE = f"{THEIRS}/resourceGroups/theirs/providers"
FOREIGN = [
    ("world-ids", f"{ML}:Workspace", "storageAccount", f"{PLACE}/Microsoft.Storage/storageAccounts/theirs"),
    ("world-ids", f"{ML}:Workspace", "containerRegistry", f"{PLACE}/Microsoft.ContainerRegistry/registries/theirs"),
    ("world-ids", f"{ML}:BatchDeployment", "properties.model.assetId", f"{PLACE}/{ML[13:]}/workspaces/w/models/m"),
    ("world-hosts", f"{ML}:EnvironmentVersion", "properties.image", f"theirs.azurecr.io/x@sha256:{'a' * 64}"),
    ("world-mail", "azure-native:monitor:ActionGroup", "emailReceivers.0.emailAddress", "mallory@example.net"),
]


@pytest.mark.parametrize(("rule", "type_", "path", "value"), FOREIGN)
@pytest.mark.parametrize("tagged", [True, False])
def test_what_is_others_is_advice_that_names_the_property(
    azure_pilot: Graph, rule: str, type_: str, path: str, value: Any, tagged: bool
) -> None:
    stranger = replace(azure_pilot, ours=False, placement=None)
    if not tagged:
        stranger = replace(stranger, resources=tuple(map(_untagged, stranger.resources)))
    (asked,) = (one for one in RULES["azure"] if one.name == rule)
    assert asked.advice_elsewhere
    graph = changed(stranger, stranger.of(type_)[0], lambda inputs: put(inputs, path, value))
    before = {one.message for one in evaluate(stranger, [asked]).findings}
    (told,) = (one for one in evaluate(graph, [asked]).findings if one.message not in before)
    assert f"({path})" in told.message


def _untagged(resource: Resource) -> Resource:
    return replace(resource, inputs={key: value for key, value in resource.inputs.items() if key != "tags"})


def test_a_cluster_that_nothing_uses_and_a_second_machine_are_a_strangers_own_affair(azure_pilot: Graph) -> None:
    stranger = replace(azure_pilot, ours=False, placement=None)
    compute = next(one for one in stranger.of(f"{ML}:Compute") if one.name.endswith("build-images"))
    graph = changed(stranger, compute, lambda inputs: inputs.update(computeName="another"))
    asked = [one for one in RULES["azure"] if one.name in ("limits-batch-started", "identity-instance-own")]
    assert evaluate(graph, asked).findings == []
    ours = replace(graph, ours=True, placement=azure_pilot.placement)
    assert {one.rule for one in evaluate(ours, asked).findings} == {"limits-batch-started"}
