"""The facts of a stack on Azure: what a person does before the first `up`."""

import pytest

from catalogue.graph import Graph
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
