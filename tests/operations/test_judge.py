"""The judgement's own edges: waivers and their last day, proofs, and that nothing is dropped unseen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kind import Bills
from catalogue.kinds import kind_of
from catalogue.marks import SECRET
from catalogue.platforms import PLATFORMS
from catalogue.pricing import Bill
from operations import bill, facts, hardware, judge, report
from operations.checkov import FailedCheck, ScanResult
from operations.rendering.rendered import Rendered
from operations.verdict import Finding, Verdict
from operations.words import dollars, how_to_waive
from policies import limits, waivers
from policies.exceptions import DesignException
from stacks.config import STACKS
from tests.mutate import changed, put, without
from tests.previewing import preview

TODAY = date(2026, 11, 22)
IAM_ROLE = "aws:iam/role:Role"
VPC = "aws-pilot-network-vpc"


class FakeScan:
    """A Checkov that finds what it is told; the real one is in test_checkov."""

    def __init__(self, *failed: FailedCheck) -> None:
        self.failed = failed

    def scan(self, rendered: Rendered) -> ScanResult:
        return ScanResult(
            checkov_version="0",
            seconds=0,
            passed=(),
            failed=self.failed,
            resources=len(rendered.addresses),
            parsing_errors=(),
        )


def judged(graph: Graph, *failed: FailedCheck, today: date = TODAY, seconds: float = 1.0) -> Verdict:
    return judge.judge(graph, FakeScan(*failed).scan, lambda: seconds, today, lambda stage: None)


@pytest.fixture
def no_waivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[waivers.Waiver]]:
    known: list[waivers.Waiver] = []
    monkeypatch.setattr(waivers, "load", lambda: {"aws-pilot": known})
    yield known


def failed(rule: str, address: str) -> FailedCheck:
    return FailedCheck(check_id=rule, check_name="a check", address=address, guideline=None, evaluated_keys=())


def rules(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


def test_a_checkov_finding_comes_back_to_the_python_line(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    verdict = judged(pilot, failed("CKV_X", "aws_vpc.aws-pilot-network-vpc"))
    (finding,) = verdict.failing
    assert finding.resource == "aws-pilot-network-vpc"
    assert finding.place is not None and finding.place.file == "components/aws/network.py"
    assert not verdict.passed


@pytest.mark.parametrize(("days", "fails"), [(-1, True), (0, False), (1, False)])
def test_a_waivers_last_day_counts(pilot: Graph, no_waivers: list[waivers.Waiver], days: int, fails: bool) -> None:
    waiver = waivers.Waiver(
        rule="CKV_X",
        resource="aws-pilot-network-vpc",
        type="aws:ec2/vpc:Vpc",
        owner="security@example.com",
        reason="a test",
        granted=TODAY - timedelta(days=3),
        expires=TODAY + timedelta(days=days),
    )
    no_waivers.append(waiver)
    verdict = judged(pilot, failed("CKV_X", "aws_vpc.aws-pilot-network-vpc"))
    assert (not verdict.passed) == fails
    assert ("waiver-expired" in rules(verdict.failing)) == fails


def test_a_waiver_holds_for_its_resource_only(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    no_waivers.append(
        waivers.Waiver(
            rule="CKV_X",
            resource="another",
            type="a:b:C",
            owner="o",
            reason="r",
            granted=TODAY,
            expires=TODAY + timedelta(days=9),
        )
    )
    verdict = judged(pilot, failed("CKV_X", "aws_vpc.aws-pilot-network-vpc"))
    assert rules(verdict.failing) == {"CKV_X"}
    assert "waiver-unused" in rules(verdict.findings)


def test_a_waiver_of_another_type_than_the_resource_is_waives_nothing_and_fails(
    pilot: Graph, no_waivers: list[waivers.Waiver]
) -> None:
    until = TODAY + timedelta(days=9)
    of = waivers.Waiver(
        rule="CKV_X", resource=VPC, type="aws:s3/bucket:Bucket", owner="o", reason="r", granted=TODAY, expires=until
    )
    no_waivers.append(of)
    verdict = judged(pilot, failed("CKV_X", f"aws_vpc.{VPC}"))
    assert rules(verdict.failing) == {"CKV_X", "waiver-type"}
    (told,) = (found.message for found in verdict.failing if found.rule == "waiver-type")
    assert told.endswith("that names the type aws:s3/bucket:Bucket, found aws:ec2/vpc:Vpc")


def test_a_resource_that_cannot_be_rendered_is_a_finding(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    strange = Resource(urn="urn:x", type="aws:lambda/function:Function", name="strange", custom=True)
    verdict = judged(replace(pilot, resources=(*pilot.resources, strange)))
    assert {"render-complete", "cost-unpriced", "kind-known"} <= rules(verdict.failing)


def state(verdict: Verdict, name: str) -> str:
    return next(proof.state for proof in verdict.proofs if proof.name == name)


def test_proofs_fail_on_what_they_rest_on(
    pilot: Graph, no_waivers: list[waivers.Waiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = judged(pilot)
    assert good.passed and [p.state for p in good.proofs] == ["planned", "planned", "planned", "not yet", "planned"]
    known = limits.of(pilot)
    with monkeypatch.context() as patch:
        patch.setitem(known.limits, "manual-steps", known["manual-steps"].model_copy(update={"value": 3}))
        assert state(judged(pilot), "workflow speed") == "failed"
    endpoint = next(r for r in pilot.of("aws:ec2/vpcEndpoint:VpcEndpoint") if "sts" in r.name)
    assert state(judged(without(pilot, endpoint)), "network fit") == "failed"
    target = pilot.of("aws:appautoscaling/target:Target")[0]
    assert state(judged(changed(pilot, target, lambda p: put(p, "maxCapacity", 50))), "hardware fit") == "failed"
    served = pilot.of("aws:sagemaker/endpoint:Endpoint")[0]
    assert state(judged(changed(pilot, served, lambda p: p["tags"].pop("team"))), "cost visibility") == "failed"


def test_what_is_advised_of_the_whole_stack_is_not_advised_again_of_its_ground(azure_pilot: Graph) -> None:
    assert azure_pilot.placement is not None
    elsewhere = replace(azure_pilot.placement, account="99990000-3333-4444-5555-666677778888")
    found = [one for one in judged(replace(azure_pilot, placement=elsewhere)).findings if not one.mandatory]
    said = [one.message for one in found if one.rule == "quota-undeclared"]
    assert said and not [one for one in said if one.startswith("in the phase ground")]


def test_a_proof_whose_finding_is_waived_is_not_planned(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    role = pilot.of(IAM_ROLE)[0]
    strange = replace(role, type="aws:x/thing:Thing", urn=f"{role.urn}-x", name="strange")
    graph = replace(pilot, resources=(*pilot.resources, strange))
    assert state(judged(graph), "cost visibility") == "failed"
    until = TODAY + timedelta(days=9)
    for rule in ("cost-unpriced", "kind-known"):
        no_waivers.append(
            waivers.Waiver(
                rule=rule, resource="strange", type=strange.type, owner="o", reason="r", granted=TODAY, expires=until
            )
        )
    verdict = judged(graph)
    (proof,) = (proof for proof in verdict.proofs if proof.name == "cost visibility")
    assert proof.state == "not yet"
    assert proof.fact.startswith("waived, and so not planned: strange is of a kind whose cost is unknown")


def test_a_proof_whose_rule_only_advises_by_the_limits_is_not_planned(
    pilot: Graph, no_waivers: list[waivers.Waiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = pilot.of("aws:sagemaker/endpoint:Endpoint")[0]
    graph = changed(pilot, served, lambda p: p["tags"].pop("team"))
    known = limits.of(graph)
    line = known["advisory-rules"].model_copy(update={"value": ["cost-tags"]})
    monkeypatch.setitem(known.limits, "advisory-rules", line)
    verdict = judged(graph)
    (proof,) = (proof for proof in verdict.proofs if proof.name == "cost visibility")
    assert verdict.passed and verdict.counts["advisory"] == 1 and proof.state == "not yet"
    assert proof.fact.startswith("only advised by the limits, and so not planned: ")


@pytest.mark.parametrize("holds", [True, False])
def test_an_exception_of_the_design_holds_no_proof_back_where_its_reason_is_true(
    pilot: Graph, no_waivers: list[waivers.Waiver], monkeypatch: pytest.MonkeyPatch, holds: bool
) -> None:
    (group,) = [r for r in pilot.resources if r.name == "aws-pilot-network-workloads"]
    graph = changed(pilot, group, lambda p: p["tags"].pop("team"))
    assert state(judged(graph), "cost visibility") == "failed"
    ours = DesignException("cost-tags", "Network", "workloads", group.type, lambda g, r: holds, "why", "docs/adr/x.md")
    monkeypatch.setattr("policies.exceptions.aws.EXCEPTIONS", (ours,))
    verdict = judged(graph)
    (proof,) = (proof for proof in verdict.proofs if proof.name == "cost visibility")
    assert verdict.passed is holds and proof.state == ("planned" if holds else "failed")
    assert verdict.counts == {"fails": int(not holds), "advisory": 0, "waived": 0, "excepted": int(holds)}
    if holds:
        assert "; by the design's exception, aws-pilot-network-workloads " in proof.fact
        assert [f.excepted and f.excepted.decision for f in verdict.findings] == ["docs/adr/x.md"]


def test_a_waiver_of_what_the_design_excepts_excuses_nothing(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    resource, group = "aws-pilot-network-workloads", "aws:ec2/securityGroup:SecurityGroup"
    until = TODAY + timedelta(days=9)
    no_waivers.append(
        waivers.Waiver(
            rule="CKV2_AWS_5", resource=resource, type=group, owner="o", reason="r", granted=TODAY, expires=until
        )
    )
    verdict = judged(pilot, failed("CKV2_AWS_5", f"aws_security_group.{resource}"))
    assert verdict.passed and verdict.counts["excepted"] == 1
    assert rules(verdict.findings) == {"CKV2_AWS_5", "waiver-unused"}


def test_a_waiver_names_a_rule_as_the_engine_does_too(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    role = next(r for r in pilot.of(IAM_ROLE) if r.name.endswith("-serving"))
    graph = changed(pilot, role, lambda p: p["tags"].pop("team"))
    until = TODAY + timedelta(days=9)
    no_waivers.append(
        waivers.Waiver(
            rule="aws-cost-tags",
            resource=role.name,
            type=role.type,
            owner="o",
            reason="r",
            granted=TODAY,
            expires=until,
        )
    )
    verdict = judged(graph)
    assert verdict.counts == {"fails": 0, "advisory": 0, "waived": 1, "excepted": 0}


def test_a_waiver_of_a_stack_is_none_of_the_same_name_in_another_project(
    pilot: Graph, no_waivers: list[waivers.Waiver]
) -> None:
    until = TODAY + timedelta(days=9)
    no_waivers.append(
        waivers.Waiver(
            rule="CKV_X", resource=VPC, type="aws:ec2/vpc:Vpc", owner="o", reason="r", granted=TODAY, expires=until
        )
    )
    renamed = [replace(r, urn=r.urn.replace("::mlplatform::", "::theirs::")) for r in pilot.resources]
    assert waivers.of(pilot) == no_waivers and waivers.of(replace(pilot, resources=tuple(renamed))) == []


def test_a_finding_says_the_line_that_waives_it_or_why_none_does(
    pilot: Graph, no_waivers: list[waivers.Waiver]
) -> None:
    subnet = pilot.of("aws:ec2/subnet:Subnet")[0]
    graph = changed(pilot, subnet, lambda p: put(p, "mapPublicIpOnLaunch", True))
    verdict = judged(graph, failed("CKV_X", f"aws_vpc.{VPC}"))
    found = {f.rule: f for f in verdict.failing}
    line = found["CKV_X"].waiver
    assert line is not None and found["CKV_X"].never_waived is None
    with pytest.raises(ValidationError):
        waivers.Waiver.model_validate(yaml.safe_load(line)[0])
    signed = (
        line.replace("owner: ", "owner: a")
        .replace("reason: ", "reason: b")
        .replace("granted: ", "granted: 2026-11-20")
        .replace("expires: ", "expires: 2027-01-01")
    )
    no_waivers.append(waivers.Waiver.model_validate(yaml.safe_load(signed)[0]))
    assert "CKV_X" not in rules(judged(graph, failed("CKV_X", f"aws_vpc.{VPC}")).failing)
    never = found["network-subnet-private"]
    assert never.waiver is None and never.never_waived
    told = how_to_waive(found["CKV_X"], "aws-pilot")
    assert "organisation/waivers.yaml" in told and "CODEOWNERS" in told and "aws-pilot" in told and line in told
    assert how_to_waive(never, "aws-pilot") == f"It is never waived, for {never.never_waived}."


def test_two_judgements_of_a_day_write_the_same_report_but_for_the_seconds(pilot: Graph) -> None:
    finding = failed("CKV_X", "aws_vpc.aws-pilot-network-vpc")
    slow, quick = judged(pilot, finding, seconds=3600.0), judged(pilot, finding, seconds=0.5)
    assert slow.seconds == 3600 and report.sarif(slow) == report.sarif(quick)
    same = slow.model_copy(update={"seconds": quick.seconds})
    assert same == quick
    assert report.html(same) == report.html(quick) and report.junit(same) == report.junit(quick)


def test_the_day_is_an_input(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    until = date(2027, 6, 30)
    no_waivers.append(
        waivers.Waiver(
            rule="CKV_X", resource=VPC, type="aws:ec2/vpc:Vpc", owner="o", reason="r", granted=TODAY, expires=until
        )
    )
    assert judged(pilot, failed("CKV_X", f"aws_vpc.{VPC}")).passed
    past_every_waiver = judged(pilot, failed("CKV_X", f"aws_vpc.{VPC}"), today=date(2099, 1, 1))
    assert past_every_waiver.judged_on == date(2099, 1, 1)
    assert "waiver-expired" in rules(past_every_waiver.failing)


def test_a_family_not_sold_in_the_region_fails_and_one_without_a_price_is_advice_to_a_pilot(
    pilot: Graph, no_waivers: list[waivers.Waiver]
) -> None:
    (provider,) = pilot.of("pulumi:providers:aws")
    verdict = judged(changed(pilot, provider, lambda p: put(p, "region", "ap-southeast-7")))
    assert {"hardware-fit", "limits-region"} <= rules(verdict.failing)
    assert "cost-known" in rules(verdict.findings) and "cost-known" not in rules(verdict.failing)
    said = {f.remedy for f in verdict.failing if f.rule == "hardware-fit"}
    assert said == {"Choose a family that is sold there, or another region, in the stack file."}
    assert (state(verdict, "hardware fit"), state(verdict, "cost visibility")) == ("failed", "not yet")


@pytest.mark.parametrize(
    ("today", "fails"), [(date(2026, 11, 26), False), (date(2028, 4, 30), False), (date(2028, 5, 1), True)]
)
def test_a_machine_that_retires_is_told_until_the_day_and_fails_from_it_on(
    azure_pilot: Graph, no_waivers: list[waivers.Waiver], today: date, fails: bool
) -> None:
    (deployment,) = azure_pilot.of("azure-native:machinelearningservices:OnlineDeployment")
    old = changed(azure_pilot, deployment, lambda p: put(p, "properties.instanceType", "Standard_DS3_v2"))
    (found,) = (f for f in judged(old, today=today).findings if f.rule == "hardware-retires")
    assert (found.fails, found.stack_key) == (fails, "endpoints.fraud-scorer")
    assert "Standard_DS3_v2" in found.message and "2028-05-01" in found.message
    assert ("new account" in found.message) is not fails


def test_no_family_retires() -> None:
    """The remedy says so, and a family is what lasts longer than a machine type."""
    for platform in PLATFORMS:
        known = catalogue.load(platform)
        types = {str(family.machine_type) for family in known.families.values()}
        assert [t for t in types if t in known.machine_types and known.machine_types[t].retires] == []


def of_environment(graph: Graph, environment: str) -> Graph:
    """The graph as the program makes it of a stack file with this environment."""
    assert graph.placement is not None
    return replace(graph, placement=replace(graph.placement, environment=environment))


@pytest.mark.parametrize("environment", ["pilot", "dev", "test", "prod"])
def test_a_machine_without_a_price_fails_in_production_and_names_the_key_that_asked(
    pilot: Graph, no_waivers: list[waivers.Waiver], environment: str
) -> None:
    config = next(c for c in pilot.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration") if "fraud" in c.name)
    families = catalogue.load("aws").families.values()
    machine = next(f.machine_type for f in families if f.machine_type and f.price("us-east-1", "online") is None)
    dear = changed(pilot, config, lambda p: put(p, "productionVariants.0.instanceType", machine))
    assert dear.placement is not None
    said = tuple(one for one in dear.placement.stated if one[0] != "endpoints.fraud-scorer.family")
    dear = replace(dear, placement=replace(dear.placement, stated=said))  # as if the file named this machine
    verdict = judged(of_environment(dear, environment))
    (found,) = (f for f in verdict.findings if f.rule == "cost-known")
    assert found.fails == (environment == "prod")
    assert found.stack_key == "endpoints.fraud-scorer" and found.stack_key in found.message
    assert machine in found.message and "gpu-t4" in found.remedy, "an accelerator is wanted"
    unsure = {f.rule: f for f in verdict.findings if "nobody can say that it is within" in f.message}
    assert set(unsure) == {"limits-ceiling", "budget-below-ceiling"}
    assert unsure["budget-below-ceiling"].fails == (environment == "prod")
    assert unsure["limits-ceiling"].fails, "no region has a price of it, so nothing bounds the ceiling"
    assert {f.stack_key for f in unsure.values()} == {"endpoints.fraud-scorer"}
    assert state(verdict, "cost visibility") == ("failed" if environment == "prod" else "not yet")


def test_a_stack_of_another_project_is_judged_as_production(pilot: Graph) -> None:
    assert not facts.in_production(pilot)
    assert facts.in_production(replace(pilot, placement=None))


@pytest.mark.parametrize(
    ("type_", "path", "what"),
    [
        ("pulumi:providers:aws", "region", "account and region"),
        ("aws:ec2/vpc:Vpc", "cidrBlock", "network"),
        ("aws:sns/topicSubscription:TopicSubscription", "endpoint", "manual steps"),
    ],
)
@pytest.mark.parametrize("value", [SECRET, ["a", "b"]])
def test_a_fact_that_cannot_be_read_is_a_finding_and_the_rest_is_judged(
    pilot: Graph, no_waivers: list[waivers.Waiver], type_: str, path: str, what: str, value: object
) -> None:
    verdict = judged(changed(pilot, pilot.of(type_)[0], lambda p: put(p, path, value)))
    said = [f.message for f in verdict.failing if f.rule == "facts-readable"]
    assert any(what in message for message in said) or rules(verdict.failing), said
    assert not verdict.passed and verdict.cost.lines


def test_an_artifact_that_is_hidden_is_a_finding(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    model = pilot.of("aws:sagemaker/model:Model")[0]
    verdict = judged(changed(pilot, model, lambda p: put(p, "primaryContainer.modelDataUrl", SECRET)))
    said = [f.message for f in verdict.failing if f.rule == "facts-readable"]
    assert any("what could leave" in message and "marked secret" in message for message in said)


@pytest.mark.parametrize(
    ("price", "said"),
    [
        (lambda pricing, resource: Bill("key", -5, 3, "b"), "comes to -5 to 3 dollars"),
        (lambda pricing, resource: Bill("key", 1, float("inf"), "b"), "comes to 1 to inf dollars"),
        (lambda pricing, resource: 1 / 0, "its price broke on it (ZeroDivisionError"),
    ],
)
def test_what_comes_to_no_price_is_unpriced(
    pilot: Graph, monkeypatch: pytest.MonkeyPatch, price: Any, said: str
) -> None:
    key = kind_of("aws:kms/key:Key")
    assert key is not None and isinstance(key.bills, Bills)
    strange = replace(key, bills=replace(key.bills, price=price))
    monkeypatch.setattr(bill, "kind_of", lambda token: strange if token == key.token else kind_of(token))
    cost = judge.cost_of(pilot)
    assert {item.resource for item in cost.unpriced} == {r.name for r in pilot.of(key.token)}
    assert all(said in item.why for item in cost.unpriced) and cost.ceiling_usd > 0


def test_manual_steps_are_read_from_the_graph(pilot: Graph, no_waivers: list[waivers.Waiver]) -> None:
    steps = " ".join(step.what for step in judged(pilot).manual_steps)
    for words in (
        "quotas",
        "model artifacts",
        "bring up the ground",
        "bring up what serves",
        "confirm the alerts",
        "cost-allocation",
        "call ",
    ):
        assert words in steps
    (subscription,) = pilot.of("aws:sns/topicSubscription:TopicSubscription")
    assert "confirm" not in " ".join(step.what for step in judged(without(pilot, subscription)).manual_steps)


def test_every_limit_and_waiver_of_the_house_has_an_owner_and_a_reason() -> None:
    for limit in limits.load().every():
        assert "@" in limit.owner and len(limit.reason) > 15
    assert all("@" in w.owner and len(w.reason) > 15 for of in waivers.load().values() for w in of)


@pytest.mark.parametrize(
    ("amount", "severity", "said"),
    [
        ("100", "high", "has an idle floor of {floor} a month, spent with no traffic, above the budget of $100"),
        ("2000", "low", "has a ceiling of {ceiling} a month, above the budget of $2,000"),
        ("2500", None, ""),
    ],
)
def test_a_budget_that_nobodys_traffic_spends_is_told_from_one_that_the_maximum_would(
    pilot: Graph, no_waivers: list[waivers.Waiver], amount: str, severity: str | None, said: str
) -> None:
    (budget,) = pilot.of("aws:budgets/budget:Budget")
    verdict = judged(changed(pilot, budget, lambda properties: put(properties, "limitAmount", amount)))
    found = [f for f in verdict.findings if f.rule == "budget-below-ceiling"]
    cost = verdict.cost
    said = said.format(floor=dollars(cost.idle_usd), ceiling=dollars(cost.ceiling_usd))
    assert [(f.severity, f.message) for f in found] == ([(severity, f"the stack {said}")] if severity else [])
    assert all(f.stack_key == "budget.monthly_usd" and not f.fails for f in found)


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_one_artifact_is_one(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, said in ((0, "0 model artifacts in "), (1, "1 model artifact in "), (2, "2 model artifacts in ")):

        def artifacts(_: Graph, number: int = number) -> set[str]:
            return {f"s3://models/{each}" for each in range(number)}

        monkeypatch.setattr(facts, "artifacts", artifacts)
        assert facts.of(platform).exportable(Graph("s", platform, (), {})).startswith(said)


def test_a_row_of_hardware_says_its_step_once() -> None:
    graph = preview(STACKS / "Pulumi.aws-full.yaml")
    rows = {row.name: row.machine_type for row in hardware.fit(graph, "us-east-1")}
    assert rows["aws-full-fraud-path (train)"] == "ml.m5.xlarge"
    assert not [said for said in rows.values() if "(" in said]
