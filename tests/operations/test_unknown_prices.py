"""Nothing unknown is zero: a machine without a price makes the bill "at least"; a service is estimated, and says so."""

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Use
from catalogue.machines import Machines
from catalogue.pricing import NoFigure, Pricing, Unpriced
from operations import comparison, console, facts, report, words
from operations.judge import cost_of, judge
from operations.verdict import Cost, Verdict
from tests import sharing
from tests.mutate import changed, put
from tests.operations.test_judge import FakeScan

REGION = {"aws": "region", "azure": "location", "gcp": "region"}
MACHINES = {
    "aws": ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "productionVariants.0.instanceType"),
    "azure": ("azure-native:machinelearningservices:OnlineDeployment", "properties.instanceType"),
    "gcp": ("mlplatform:gcp:Deployment", "machineType"),
}


@pytest.fixture(params=["aws", "azure", "gcp"])
def any_pilot(request: pytest.FixtureRequest) -> Graph:
    found: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return found


@cache
def _families(platform: str) -> dict[str, str]:
    return {n: f.machine_type for n, f in catalogue.load(platform).families.items() if f.machine_type}


def moved(graph: Graph, region: str) -> Graph:
    """The graph of the same stack file in another region, as far as a bill reads the region."""
    key = REGION[graph.platform]
    for provider in graph.of(f"pulumi:providers:{'azure-native' if graph.platform == 'azure' else graph.platform}"):
        graph = changed(graph, provider, lambda p: p.update({key: region}))
    for resource in graph.cloud:
        if isinstance(resource.inputs.get("location"), str) and graph.platform == "azure":
            graph = changed(graph, resource, lambda p: p.update(location=region))
    return graph


def texts(verdict: Verdict) -> str:
    """Everything that a person or a machine reads of a verdict, beside the lines themselves."""
    screen = Console(width=200, record=True, no_color=True)
    console.render(verdict, screen)
    console.render_comparison(comparison.compare([verdict]), screen)
    said = [finding.message for finding in verdict.findings if finding.source == "cost"]
    return " ".join([screen.export_text(), report.html(verdict), words.bill_in_words(verdict), *said])


@pytest.mark.parametrize("platform", ["aws", "azure", "gcp"])
def test_no_bill_is_understated_whatever_the_family_and_the_region(
    platform: str, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    type_, path = MACHINES[platform]
    served = pilot.of(type_)
    machines = st.sampled_from(sorted(set(_families(platform).values())))
    assert served

    @settings(max_examples=sharing.examples(12, 3), deadline=None, derandomize=True, database=None)
    @given(
        region=st.sampled_from(catalogue.load(platform).regions),
        chosen=st.lists(machines, min_size=len(served), max_size=len(served)),
    )
    def holds(region: str, chosen: list[str]) -> None:
        graph = moved(pilot, region)
        for each, machine in zip(graph.of(type_), chosen, strict=True):
            graph = changed(graph, each, partial(put, path=path, value=machine))
        nothing_is_understated(graph)

    holds()


def nothing_is_understated(graph: Graph) -> None:
    verdict = judge(graph, FakeScan().scan, lambda: 1.0, date(2026, 11, 26), lambda stage: None)
    cost = verdict.cost
    assert cost.ceiling_usd == pytest.approx(sum(line.ceiling_usd for line in cost.lines), abs=0.01)
    assert cost.ceiling_usd == pytest.approx(sum(ceiling for _, ceiling in cost.by_team.values()), abs=0.05)
    document = json.loads(json.dumps(verdict.model_dump(mode="json")))
    assert document["cost"]["unknown_lines"] == len(cost.unpriced)
    headline = words.bill_in_words(verdict)
    assert ("at least" in headline) == bool(cost.unpriced)
    if cost.unpriced:
        assert f"ceiling at least {words.dollars(cost.ceiling_usd)}, {words.unknown(cost)}." in headline
        page = texts(verdict)
        assert not re.search(r"\$[\d,.]+ under it", page) and "under budget" not in page
        assert {m.resource for m in cost.unpriced} <= {
            f.resource for f in verdict.findings if f.rule in ("cost-known", "cost-unpriced")
        }
        assert next(p.state for p in verdict.proofs if p.name == "cost visibility") != "planned"


def test_two_large_machines_in_a_region_without_a_price_never_read_as_cheap(aws_pilot: Graph) -> None:
    graph = moved(aws_pilot, "ap-southeast-7")
    for each in graph.of(MACHINES["aws"][0]):
        graph = changed(graph, each, lambda p: put(p, MACHINES["aws"][1], "ml.p5.48xlarge"))
    cost = cost_of(graph)
    assert {"aws-pilot-fraud-scorer", "aws-pilot-document-embedder"} <= {m.resource for m in cost.unpriced}
    assert all(m.instead for m in cost.unpriced if "p5" in m.why)


@pytest.mark.parametrize(
    ("region", "machine", "mandatory", "said"),
    [
        ("us-east7", "e2-standard-2", False, "the $50,000 allowed"),
        ("us-east7", "a2-ultragpu-8g", True, "the dearest prices known of other regions it is $"),
        ("us-central1", "n2-standard-96", True, "no region's price is known of 1 line"),
    ],
)
def test_a_ceiling_that_the_unknown_could_break_fails_wherever_any_machine_may_start(
    gcp_pilot: Graph, region: str, machine: str, mandatory: bool, said: str
) -> None:
    assert gcp_pilot.placement is not None
    graph = replace(moved(gcp_pilot, region), placement=replace(gcp_pilot.placement, environment="test"))
    type_, path = MACHINES["gcp"]
    added = {"acceleratorType": "NVIDIA_A100_80GB", "acceleratorCount": 8} if machine.startswith("a2") else {}
    for each in graph.of(type_):
        graph = changed(graph, each, lambda p: p.update({path: machine, **added, "maxReplicas": 20}))
    verdict = judge(graph, FakeScan().scan, lambda: 1.0, date(2026, 11, 26), lambda stage: None)
    (found,) = [finding for finding in verdict.findings if finding.rule == "limits-ceiling"]
    assert (found.mandatory, said in found.message) == (mandatory, True), found.message
    nothing_is_understated(graph)


def test_a_service_without_a_price_in_the_region_takes_the_dearest_known_and_says_so(any_pilot: Graph) -> None:
    hardware = catalogue.load(any_pilot.platform)
    pricing = Pricing(any_pilot, hardware, "nowhere-1")
    for name, service in hardware.services.items():
        assert pricing.of(name) == max(service.price_usd.values())
        assert service.price_usd[pricing.estimated[name]] == pricing.of(name)
    with pytest.raises(Unpriced):
        pricing.of("no-such-service")


def test_the_line_of_an_estimate_names_its_region(aws_pilot: Graph) -> None:
    cost = cost_of(moved(aws_pilot, "ap-southeast-7"))
    (line, *_) = [line for line in cost.lines if line.what == "interface endpoint"]
    hour = max(catalogue.load("aws").services["vpc-interface-endpoint"].price_usd.values())
    assert line.idle_usd == pytest.approx(2 * 730 * hour, abs=0.01)
    dear = catalogue.load("aws").services["vpc-interface-endpoint"].price_usd
    region = max(dear, key=lambda at: (dear[at], at))
    assert f"vpc-interface-endpoint estimated from {region}" in line.estimated
    assert f"vpc-interface-endpoint estimated from {region}" in line.basis


def test_what_is_known_is_not_estimated(any_pilot: Graph) -> None:
    cost = cost_of(any_pilot)
    services = catalogue.load(any_pilot.platform).services
    region = facts.of(any_pilot.platform).account_and_region(any_pilot)[1]
    for said in [said for line in cost.lines for said in line.estimated]:
        assert region not in services[said.partition(" estimated from ")[0]].price_usd, said
    assert cost.unknown_lines == 0


@pytest.mark.parametrize("use", ["online", "batch", "training"])
@settings(max_examples=sharing.examples(60), deadline=None, derandomize=True)
@given(data=st.data())
def test_a_machine_is_priced_in_its_region_or_not_at_all(use: Use, data: st.DataObject) -> None:
    platform = data.draw(st.sampled_from(["aws", "azure", "gcp"]))
    hardware = catalogue.load(platform)
    name = data.draw(st.sampled_from(sorted(_families(platform))))
    family, region = hardware.families[name], data.draw(st.sampled_from([*hardware.regions, "nowhere-1"]))
    pricing = Pricing(Graph("s", platform, (), {}), hardware, region)
    added = family.accelerator if hardware.family_of(family.machine_type or "", None) != name else None
    machines = Machines("x", family.machine_type or "", use, 1, 1, accelerator=added.name if added else None)
    price = family.price(region, use)
    if price is None:
        with pytest.raises(NoFigure) as missing:
            pricing.hour(machines)
        assert missing.value.instead.endswith(".") and region in str(missing.value)
    else:
        assert pricing.hour(machines) == price
    assert not pricing.estimated


def test_a_workspace_machine_is_never_estimated() -> None:
    pricing = Pricing(Graph("s", "aws", (), {}), catalogue.load("aws"), "nowhere-1")
    with pytest.raises(NoFigure, match=r"studio-app-ml\.t3\.medium in nowhere-1"):
        pricing.machine("studio-app-ml.t3.medium")


def test_a_team_of_which_nothing_is_known_is_in_the_bill(aws_pilot: Graph) -> None:
    strange = aws_pilot.of("aws:cloudwatch/metricAlarm:MetricAlarm")[0]
    inputs: dict[str, Any] = {**strange.inputs, "tags": {**strange.inputs["tags"], "team": "others"}}
    alone = replace(strange, urn="urn:strange", type="aws:x/thing:Thing", inputs=inputs)
    cost = cost_of(replace(aws_pilot, resources=(*aws_pilot.resources, alone)))
    (missing,) = cost.unpriced
    assert words.of_team(cost, missing.team, cost.by_team[missing.team][0]).startswith("at least $")


def test_the_count_of_unknown_lines_survives_its_json() -> None:
    cost = Cost(
        lines=[], idle_usd=0, ceiling_usd=0, by_team={}, budget_usd=None, assumptions=[], unpriced=[], second_hand=[]
    )
    assert Cost.model_validate(cost.model_dump(mode="json")) == cost


@pytest.mark.parametrize(
    ("platform", "machine_type"), [("aws", "ml.p5.48xlarge"), ("azure", "Standard_ND96isr_H100_v5")]
)
@pytest.mark.parametrize("accelerated", [True, False])
def test_whoever_asks_for_an_accelerator_is_helped_by_another_first(
    platform: str, machine_type: str, accelerated: bool
) -> None:
    hardware = catalogue.load(platform)
    wanted = machine_type if accelerated else "a-machine-nobody-knows"
    helped = 0
    for region in hardware.regions:
        pricing = Pricing(Graph("s", platform, (), {}), hardware, region)
        try:
            pricing.hour(Machines("llm", wanted, "online", 1, 1))
        except NoFigure as missing:
            names = re.findall(r"is known in \S+ \(([^)]*)\)", missing.instead)
            named = [name for name in ", ".join(names[:1]).split(", ") if name in hardware.families]
            kinds = [hardware.families[name].accelerator is not None for name in named]
            assert kinds == sorted(kinds, reverse=accelerated), missing.instead
            helped += bool(named)
    assert helped


@pytest.mark.parametrize("environment", ["test", "prod"])
def test_who_is_let_pass_without_a_price_is_told_that_production_is_not(gcp_pilot: Graph, environment: str) -> None:
    assert gcp_pilot.placement is not None
    graph = replace(moved(gcp_pilot, "us-east7"), placement=replace(gcp_pilot.placement, environment=environment))
    verdict = judge(graph, FakeScan().scan, lambda: 1.0, date(2026, 11, 26), lambda stage: None)
    known = [finding for finding in verdict.findings if finding.rule == "cost-known"]
    assert known and all(finding.fails is (environment == "prod") for finding in known)
    assert all(("`environment: prod` this fails" in finding.remedy) is not finding.fails for finding in known)
