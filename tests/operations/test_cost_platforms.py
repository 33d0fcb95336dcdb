"""The bills of Vertex AI and Azure ML: nothing bills unseen, and what bills by the hour is counted by its hours."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.kind import No
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS
from operations.bill import price
from operations.judge import cost_of
from operations.verdict import Cost, CostLine
from tests.mutate import changed, dropped, put


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def line(bill: Cost, name: str) -> CostLine:
    return next(item for item in bill.lines if item.resource == name)


def named(graph: Graph, noun: str) -> str:
    return next(r.name for r in graph.cloud if r.type.endswith(f":{noun}"))


def edited(graph: Graph, name: str, change: Callable[[dict[str, Any]], None]) -> Cost:
    resource = next(r for r in graph.cloud if r.name == name)
    return cost_of(changed(graph, resource, change))


def test_every_type_of_a_pilot_is_free_for_a_reason_or_priced(graph: Graph) -> None:
    known = kinds(graph.platform)
    assert {resource.type for resource in graph.cloud} <= set(known)
    assert all(len(kind.bills.why) > 5 for kind in known.values() if isinstance(kind.bills, No))
    bill = cost_of(graph)
    assert bill.unpriced == []
    assert 0 < bill.idle_usd < bill.ceiling_usd
    assert set(bill.by_team) == {"payments-risk"}
    assert bill.budget_usd == 2500


def test_a_price_that_no_address_says_is_an_assumption_and_every_other_names_its_address(graph: Graph) -> None:
    bill, sources = cost_of(graph), catalogue.load(graph.platform).sources
    assert bill.second_hand and all(sentence.startswith("https://") for sentence in bill.second_hand)
    free_budget = {"gcp": "budgets-page", "azure": "budgets-free"}.get(graph.platform)
    if free_budget is not None:
        source = sources[free_budget]
        assert f"{source.note} ({source.date})" in bill.assumptions


def test_a_type_that_nobody_knows_the_cost_of_is_said(graph: Graph) -> None:
    strange = replace(graph.cloud[0], urn="urn::strange", name="strange", type=f"{graph.platform}:strange:Thing")
    bill = cost_of(replace(graph, resources=(*graph.resources, strange)))
    assert [(missing.resource, "strange:Thing" in missing.why) for missing in bill.unpriced] == [("strange", True)]


def test_a_machine_without_a_price_is_said(gcp_pilot: Graph, azure_pilot: Graph) -> None:
    gcp = edited(gcp_pilot, "gcp-pilot-fraud-scorer-deployment", lambda p: put(p, "machineType", "n9-standard-2"))
    name = named(azure_pilot, "OnlineDeployment")
    azure = edited(azure_pilot, name, lambda p: put(p, "properties.instanceType", "Standard_X1"))
    assert ["n9-standard-2" in missing.why for missing in gcp.unpriced] == [True]
    assert ["Standard_X1" in missing.why for missing in azure.unpriced] == [True]


def test_a_deployment_bills_its_fewest_and_its_most_replicas_by_the_hour(gcp_pilot: Graph) -> None:
    hardware = catalogue.load("gcp")
    hour = hardware.families["cpu-small"].price("us-central1", "online")
    assert hour is not None
    item = line(cost_of(gcp_pilot), "gcp-pilot-fraud-scorer-deployment")
    assert item.idle_usd == pytest.approx(hour * hardware.hours_per_month, abs=0.01)
    logs = (
        hardware.assumptions["log-gb-per-replica"].value
        * hardware.services["logging-ingestion"].price_usd["us-central1"]
    )
    assert item.ceiling_usd == pytest.approx(4 * (hour * hardware.hours_per_month + logs), abs=0.01)
    doubled = edited(gcp_pilot, "gcp-pilot-fraud-scorer-deployment", lambda p: put(p, "minReplicas", 2))
    assert line(doubled, item.resource).idle_usd == pytest.approx(2 * item.idle_usd, abs=0.02)


def without_capture(graph: Graph) -> Graph:
    (deployment,) = graph.of("azure-native:machinelearningservices:OnlineDeployment")
    return dropped(graph, deployment, "properties.dataCollector")


def test_what_azure_captures_bills_as_blobs_of_the_workspaces_storage_in_the_ceiling(azure_pilot: Graph) -> None:
    hardware = catalogue.load("azure")
    with_, silent = (
        line(cost_of(graph), named(graph, "OnlineDeployment")) for graph in (azure_pilot, without_capture(azure_pilot))
    )
    blobs = hardware.assumptions["capture-gb"].value * hardware.services["storage-blob-hot-zrs"].price_usd["eastus2"]
    assert with_.ceiling_usd - silent.ceiling_usd == pytest.approx(blobs, abs=0.01)
    assert with_.idle_usd == silent.idle_usd


def test_an_autoscale_setting_bounds_what_a_deployment_of_azure_bills(azure_pilot: Graph) -> None:
    silent = without_capture(azure_pilot)
    before = line(cost_of(silent), named(silent, "OnlineDeployment"))
    setting = named(silent, "AutoscaleSetting")
    after = line(edited(silent, setting, lambda p: put(p, "profiles.0.capacity.maximum", "8")), before.resource)
    assert after.ceiling_usd == pytest.approx(2 * before.ceiling_usd, abs=0.02)
    assert after.idle_usd == before.idle_usd


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_a_batch_job_bills_its_runs_at_their_longest_and_nothing_between_them(
    platform: str, request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    name = {"gcp": "gcp-pilot-fraud-backfill", "azure": "azure-pilot-fraud-backfill-schedule"}[platform]
    item = line(cost_of(graph), name)
    assert item.idle_usd == 0
    assert "30.4 runs × 2 ×" in item.basis and "at most 3 h" in item.basis


def test_the_managed_network_bills_the_endpoints_that_azure_makes_by_itself(azure_pilot: Graph) -> None:
    """The workspace, blob, file, vault and registry, which stand in no stack; and queue and table, whose rules do."""
    hardware = catalogue.load("azure")
    hour = hardware.services["private-endpoint"].price_usd["eastus2"]
    item = line(cost_of(azure_pilot), "azure-pilot-workspace")
    assert item.idle_usd == pytest.approx(7 * hardware.hours_per_month * hour, abs=0.01)


def test_a_workspace_with_its_own_key_bills_the_search_service_that_azure_makes_for_it(azure_pilot: Graph) -> None:
    """It stands in no stack, and its cost is charged under the workspace, with traffic or without."""
    hardware = catalogue.load("azure")
    keyed = edited(azure_pilot, "azure-pilot-workspace", lambda p: p.update(encryption={"status": "Enabled"}))
    before, after = (line(bill, "azure-pilot-workspace") for bill in (cost_of(azure_pilot), keyed))
    search = hardware.hours_per_month * hardware.services["ai-search-s1"].price_usd["eastus2"]
    assert after.idle_usd - before.idle_usd == pytest.approx(search, abs=0.02)
    assert after.ceiling_usd == after.idle_usd


@pytest.mark.parametrize(("days", "beyond"), [(30, 0), (31, 0), (90, 59), (365, 334), (730, 699)])
def test_logs_that_are_kept_bill_beyond_the_days_that_are_included(azure_pilot: Graph, days: int, beyond: int) -> None:
    hardware = catalogue.load("azure")
    (logs,) = azure_pilot.of("azure-native:operationalinsights:Workspace")
    item = line(edited(azure_pilot, logs.name, lambda p: p.update(retentionInDays=days)), logs.name)
    taken, kept = (
        hardware.services[f"log-analytics-{what}"].price_usd["eastus2"] for what in ("ingestion", "retention")
    )
    expected = hardware.assumptions["audit-log-gb"].value * (taken + kept * beyond * 12 / 365)
    assert (item.idle_usd, item.ceiling_usd) == (0, pytest.approx(expected, abs=0.01))


@pytest.mark.parametrize(
    ("kty", "bits", "operations", "month"),
    [
        ("RSA", 2048, "key-vault-key-operations", None),
        ("RSA", 3072, "key-vault-long-key-operations", None),
        ("RSA", 4096, "key-vault-long-key-operations", None),
        ("RSA-HSM", 2048, "key-vault-key-operations", "key-vault-hsm-key"),
        ("RSA-HSM", 3072, "key-vault-long-key-operations", "key-vault-long-hsm-key"),
        ("EC", None, "key-vault-long-key-operations", None),
        ("EC-HSM", None, "key-vault-long-key-operations", "key-vault-long-hsm-key"),
        (None, None, "key-vault-key-operations", None),
    ],
)
def test_a_key_bills_by_its_length_and_where_it_is_kept(
    azure_pilot: Graph, kty: str | None, bits: int | None, operations: str, month: str | None
) -> None:
    hardware = catalogue.load("azure")
    said = {name: value for name, value in (("kty", kty), ("keySize", bits)) if value is not None}
    item = line(
        edited(azure_pilot, "azure-pilot-key-data", lambda p: p.update(properties=said)), "azure-pilot-key-data"
    )
    price = {name: hardware.services[name].price_usd["eastus2"] for name in (operations, month) if name}
    used = hardware.assumptions["key-vault-operations"].value / 10_000 * price[operations]
    kept = price[month] if month else 0
    assert (item.idle_usd, item.ceiling_usd) == (kept, pytest.approx(kept + used))


@pytest.mark.parametrize(("sku", "copied"), [("Standard_LRS", "lrs"), ("Standard_ZRS", "zrs")])
def test_blobs_bill_by_how_they_are_copied(azure_pilot: Graph, sku: str, copied: str) -> None:
    hardware = catalogue.load("azure")
    item = line(edited(azure_pilot, "azurepilotstore", lambda p: put(p, "sku.name", sku)), "azurepilotstore")

    def dearest(service: str) -> float:
        known = hardware.services[f"storage-blob-{service}-{copied}"].price_usd
        return known.get("eastus2", max(known.values()))

    kept = hardware.assumptions["artifact-gb"].value * dearest("hot")
    called = hardware.assumptions["storage-operations"].value / 10_000 * (dearest("reads") + dearest("writes"))
    assert (item.idle_usd, item.ceiling_usd) == (pytest.approx(kept, abs=0.01), pytest.approx(kept + called, abs=0.01))


@pytest.mark.parametrize("platform", ["aws", "azure", "gcp"])
def test_what_follows_traffic_is_said_by_unit_and_where_it_is_estimated(
    platform: str, aws_pilot: Graph, azure_pilot: Graph, gcp_pilot: Graph
) -> None:
    graph = {"aws": aws_pilot, "azure": azure_pilot, "gcp": gcp_pilot}[platform]
    hardware = catalogue.load(platform)
    region, nowhere = next(iter(hardware.services["budget"].price_usd)), "nowhere-1"
    for at, estimated in ((region, False), (nowhere, True)):
        said = price(graph, at, date(2026, 11, 26)).per_unit
        assert len(said) == sum(service.by_traffic for service in hardware.services.values()) > 2
        assert all(" per " in sentence and "$" in sentence for sentence in said)
        assert all("estimated from" in sentence for sentence in said) or not estimated


def test_trap_a_firewall_bills_by_the_hour_once_a_rule_names_a_domain(azure_pilot: Graph) -> None:
    hardware = catalogue.load("azure")
    rule = {"pypi": {"type": "FQDN", "destination": "pypi.org"}}

    def open_a_domain(properties: dict[str, Any]) -> None:
        properties["managedNetwork"] = {**properties["managedNetwork"], "outboundRules": rule}

    before = line(cost_of(azure_pilot), "azure-pilot-workspace")
    after = line(edited(azure_pilot, before.resource, open_a_domain), before.resource)
    firewall = hardware.hours_per_month * hardware.services["firewall-standard"].price_usd["eastus2"]
    assert after.idle_usd - before.idle_usd == pytest.approx(firewall, abs=0.02)


def test_private_service_connect_and_private_endpoints_bill_by_the_hour(gcp_pilot: Graph, azure_pilot: Graph) -> None:
    for graph, what, service in (
        (gcp_pilot, "Private Service Connect endpoint", "psc-endpoint"),
        (azure_pilot, "private endpoint", "private-endpoint"),
    ):
        hardware, region = catalogue.load(graph.platform), {"gcp": "us-central1", "azure": "eastus2"}[graph.platform]
        items = [item for item in cost_of(graph).lines if item.what == what]
        hour = hardware.services[service].price_usd[region]
        assert items and all(i.idle_usd == pytest.approx(730 * hour, abs=0.01) for i in items)


def test_a_workbench_bills_its_disks_while_it_is_stopped(gcp_pilot: Graph) -> None:
    hardware = catalogue.load("gcp")
    item = line(cost_of(gcp_pilot), "gcp-pilot-workspace-ana")
    assert item.idle_usd == pytest.approx(300 * hardware.services["pd-balanced"].price_usd["us-central1"], abs=0.01)
    assert item.ceiling_usd > item.idle_usd


def test_a_log_bills_in_each_bucket_that_takes_it(gcp_pilot: Graph) -> None:
    """The audit bucket takes the flows too. The project's own bucket has both again, unless they are left out there."""
    hardware = catalogue.load("gcp")
    (sink,) = gcp_pilot.of("gcp:logging/projectSink:ProjectSink")
    (once,) = gcp_pilot.of("gcp:logging/projectExclusion:ProjectExclusion")
    taken, kept = (hardware.services[f"logging-{what}"].price_usd["us-central1"] for what in ("ingestion", "retention"))
    audit, flows = (hardware.assumptions[f"{what}-log-gb"].value for what in ("audit", "flow"))
    months = 365 / 30 - 1

    def bills(graph_edit: Callable[[dict[str, Any]], None], name: str = sink.name) -> float:
        return line(edited(gcp_pilot, name, graph_edit), "gcp-pilot-audit-bucket").ceiling_usd

    own = (audit + flows) * (taken + months * kept)
    assert bills(lambda p: None) == pytest.approx(own, abs=0.01)
    assert bills(lambda p: p.pop("filter")) == pytest.approx(own, abs=0.01)  # which takes everything
    only = 'log_id("cloudaudit.googleapis.com/activity")'
    assert bills(lambda p: p.update(filter=only)) == pytest.approx(audit * (taken + months * kept), abs=0.01)
    off = {"disabled": True}
    assert bills(lambda p: p.update(off), once.name) == pytest.approx(own + audit * taken, abs=0.01)
    subnets = [
        line(bill, "gcp-pilot-network-private")
        for bill in (cost_of(gcp_pilot), edited(gcp_pilot, once.name, lambda p: p.update(off)))
    ]
    assert [subnet.ceiling_usd for subnet in subnets] == [0, pytest.approx(flows * taken, abs=0.01)]


def test_a_source_of_more_than_90_days_before_is_marked(azure_pilot: Graph) -> None:
    hardware = catalogue.load("azure")
    cited = (hardware.sources[s.price_sources.get("eastus2", s.source)] for s in hardware.services.values())
    source = next(source for source in cited if source.hand == "second" and source.says)

    def said(days: int) -> list[str]:
        day = source.date + timedelta(days=days)
        return [said for said in cost_of(azure_pilot, day).second_hand if f"{source.address}: {source.says} (" in said]

    assert [said(90), said(91)] == [
        [f"{source.address}: {source.says} ({source.date})"],
        [f"{source.address}: {source.says} ({source.date}, more than 90 days old)"],
    ]


def test_a_first_hand_source_of_more_than_90_days_before_is_assumed_to_hold_still(pilot: Graph) -> None:
    page = catalogue.load("aws").sources["kms-page"]
    assert page.hand == "first"

    def assumed(days: int) -> list[str]:
        return [said for said in cost_of(pilot, page.date + timedelta(days=days)).assumptions if page.address in said]

    assert assumed(90) == []
    (said,) = assumed(91)
    assert said.startswith("prices are still those of") and said.endswith(f"({page.date}, more than 90 days old)")
