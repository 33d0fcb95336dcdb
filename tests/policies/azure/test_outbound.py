"""A registry of others has its way out of the managed network, and its owner's word for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.graph import Graph
from operations import facts
from operations.evaluation import evaluate
from operations.judge import cost_of
from operations.steps import manual
from policies import pack
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import without
from tests.policies.azure.test_rules import ML, first, setting
from tests.previewing import preview

SHARED, RULE = "44445555-3333-4444-5555-666677778888", f"{ML}:ManagedNetworkSettingsRule"
REGISTRY = f"/subscriptions/{SHARED}/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/sharedml"
OWN = "azurefullimages51f3080f.azurecr.io/mlplatform-example-train:1"
RULES = ("network-approved-outbound", "network-images-reached", "inputs-own", "world-ids", "unasked")


def full(folder: Path, phase: str = "serve") -> Graph:
    """The graph of the stack file that has every section, whose training image lies in a registry of others."""
    said = (STACKS / "Pulumi.azure-full.yaml").read_text(encoding="utf-8")
    assert OWN in said
    said = said.replace(OWN, "sharedml.azurecr.io/mlplatform-example-train:1") + (
        f"  mlplatform:phase: {phase}\n"
        f"  mlplatform:sources:\n"
        f"    sharedml.azurecr.io: {{account: {SHARED}, granted_by: ml@example.com, registry_id: {REGISTRY}}}\n"
    )
    path = folder / "Pulumi.azure-full.yaml"
    path.write_text(said, encoding="utf-8")
    return preview(path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The graph of what serves."""
    return full(tmp_path_factory.mktemp("stacks"))


def test_a_registry_of_others_gets_a_private_endpoint_that_whatever_runs_waits_for(shared: Graph) -> None:
    rule = first(shared, RULE, "outbound-sharedml")
    said = {"serviceResourceId": REGISTRY, "subresourceTarget": "registry", "sparkEnabled": False}
    assert rule.inputs["properties"]["destination"] == said and rule.inputs["ruleName"] == "registry-sharedml"
    (cluster,) = [one for one in shared.of(f"{ML}:Compute") if "training-cluster" in one.name]
    assert rule in shared.depends(cluster)
    found = evaluate(shared, pack.RULES["azure"]).findings
    assert not [one for one in found if one.rule != "audit-images-reviewed"], found


def test_without_the_rule_or_with_another_the_image_is_not_reached(shared: Graph) -> None:
    rule, to = first(shared, RULE, "outbound-sharedml"), "properties.destination.serviceResourceId"
    assert caught(without(shared, rule), *RULES) == {"network-images-reached"}
    elsewhere = setting(RULE, to, REGISTRY.replace("sharedml", "evil"), "sharedml")(shared)
    assert caught(elsewhere, "network-images-reached", "network-approved-outbound") == {
        "network-images-reached",
        "network-approved-outbound",
    }
    blob = setting(RULE, "properties.destination.subresourceTarget", "blob", "sharedml")(shared)
    assert caught(blob, "network-images-reached") == {"network-images-reached"}
    upper = setting(RULE, to, REGISTRY.upper().replace("SUBSCRIPTIONS", "subscriptions"), "sharedml")(shared)
    assert caught(upper, "network-images-reached") == set(), "an id of Azure is the same in any case"


@pytest.mark.parametrize("group", ["dfs", "blob", "queue"])
def test_a_way_that_nothing_asks_for_or_a_second_one_is_found(shared: Graph, group: str) -> None:
    rule = first(shared, RULE, "outbound-queue")
    again = replace(rule, urn=f"{rule.urn}-again", name=f"{rule.name}-again")
    more = replace(shared, resources=(*shared.resources, again))
    to = "properties.destination.subresourceTarget"
    assert caught(setting(RULE, to, group, "queue-again")(more), "network-approved-outbound") == {
        "network-approved-outbound"
    }


def test_it_bills_as_any_private_endpoint_of_the_network(shared: Graph) -> None:
    less = without(shared, first(shared, RULE, "outbound-sharedml"))
    assert cost_of(shared).idle_usd > cost_of(less).idle_usd


def test_the_ground_waits_for_the_owner_to_let_the_workspace_in(shared: Graph, tmp_path: Path) -> None:
    """The identity that approves is made by the ground, so the rule comes with what serves."""
    assert not [one for one in full(tmp_path, "ground").of(RULE) if "sharedml" in one.name]
    steps = list(manual(shared, [], (1, 2), *facts.of("azure").account_and_region(shared)))
    (step,) = [one for one in steps if one.what.startswith("let the stack's identities in")]
    assert [look.at.rpartition("-")[2] for look in step.looks] == ["training", "workspace"]


def test_a_registry_whose_images_nothing_runs_needs_no_way(shared: Graph) -> None:
    place = shared.placement
    assert place is not None
    (named,) = place.sources
    other = named._replace(place="otherml.azurecr.io", registry_id=REGISTRY.replace("sharedml", "otherml"))
    more = replace(shared, placement=replace(place, sources=(named, other)))
    assert caught(more, *RULES) == set()
