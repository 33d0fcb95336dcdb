"""The facts of a stack on Azure: what a person does before the first `up`."""

from dataclasses import replace

import pytest

from catalogue.graph import Graph
from catalogue.kinds.azure import privatedns
from operations.steps.azure import before_up, quota


def steps(graph: Graph, region: str) -> list[str]:
    return [step.what for step in before_up(graph, "11112222-3333-4444-5555-666677778888", region)]


@pytest.mark.parametrize("region", ["francesouth", "francecentral"])
def test_a_region_is_asked_for_where_no_new_subscription_has_it(azure_pilot: Graph, region: str) -> None:
    asked = [step for step in steps(azure_pilot, region) if "access" in step]
    assert [step.split(" in ")[0] for step in asked] == (
        ["ask Microsoft for access to francesouth"] if region == "francesouth" else []
    )


def test_namespaces_are_those_that_azure_registers_and_no_modules_of_pulumi(azure_pilot: Graph) -> None:
    (step,) = (one for one in steps(azure_pilot, "eastus2") if "resource providers" in one)
    named = step.partition("(")[2].rstrip(")").split(", ")
    assert all(space.startswith("Microsoft.") and "/" not in space for space in named)
    # Application Insights and alerts, and private zones: in Pulumi, modules of other names.
    assert {"Microsoft.Insights", "Microsoft.Network", "Microsoft.MachineLearningServices"} <= set(named)
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "Total Cluster LowPriority Regional vCPUs",
            "--resource-name TotalLowPriorityCores --resource-type lowPriority",
        ),
        ("Standard DASv4 Family Cluster Dedicated vCPUs", "--resource-type dedicated"),
        ("Total Cluster Dedicated Regional vCPUs", "--resource-type dedicated"),
    ],
)
def test_a_quota_is_asked_for_by_the_name_and_type_that_the_quota_api_has(name: str, words: str) -> None:
    """TotalLowPriorityCores is the one name of Azure ML's that the page writes out."""
    asks, sees = quota(name, 8, "11112222-3333-4444-5555-666677778888", "eastus2")
    assert words in asks and "limit-object value=8" in asks
    assert ("TotalLowPriorityCores" in sees) == ("LowPriority" in name)


OWN, HUB = "11112222-3333-4444-5555-666677778888", "99998888-7777-6666-5555-444433332222"
LINKED = {
    "Microsoft.Network/virtualNetworks/hub/subnets/ml": "'Network Contributor'",
    "Microsoft.Network/privateDnsZones/privatelink.azurecr.io": "'Private DNS Zone Contributor'",
    "Microsoft.OperationalInsights/workspaces/logs": "'Log Analytics Contributor'",
    "Microsoft.ManagedIdentity/userAssignedIdentities/wraps": "'Managed Identity Operator'",
}


def in_a_hub(graph: Graph, subscription: str) -> Graph:
    """The stack with one of its cloud's resources naming each of what a hub has, at its several depths."""
    ids = [f"/subscriptions/{subscription}/resourceGroups/hub/providers/{one}" for one in LINKED]
    given: dict[str, object] = {
        "subnet": {"id": ids[0]},
        "zones": [{"id": ids[1]}],
        "workspaceId": ids[2],
        "identities": {ids[3]: {}},
    }
    at = graph.cloud[0]
    changed = replace(at, inputs={**at.inputs, **given})
    return replace(graph, resources=tuple(changed if one.urn == at.urn else one for one in graph.resources))


@pytest.mark.parametrize("subscription", [OWN, OWN.upper(), HUB])
def test_whoever_deploys_is_let_use_what_lies_in_another_subscription(azure_pilot: Graph, subscription: str) -> None:
    found = [
        step for step in before_up(in_a_hub(azure_pilot, subscription), OWN, "eastus2") if "another subs" in step.what
    ]
    if subscription != HUB:
        assert not found
        return
    (step,) = found
    asked = {one.partition("/providers/")[2]: one.partition("--role ")[2].partition(" --")[0] for one in step.commands}
    assert asked == LINKED
    assert all(f"--scope /subscriptions/{HUB}/" in one for one in [*step.commands, *step.checks])
    assert len(step.checks) == len(LINKED)


@pytest.mark.parametrize("subscription", [OWN, HUB])
def test_a_link_of_a_zone_to_a_given_network_asks_for_a_role_on_that_network(
    azure_pilot: Graph, subscription: str
) -> None:
    network = f"/subscriptions/{subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub"
    link = azure_pilot.of(privatedns.LINK)[0]
    changed = replace(link, inputs={**link.inputs, "virtualNetwork": {"id": network}})
    graph = replace(
        azure_pilot, resources=tuple(changed if one.urn == link.urn else one for one in azure_pilot.resources)
    )
    found = [step.commands for step in before_up(graph, OWN, "eastus2") if "another subs" in step.what]
    asked = f"az role assignment create --assignee DEPLOYER --role 'Network Contributor' --scope {network}"
    assert found == ([[asked]] if subscription == HUB else [])
