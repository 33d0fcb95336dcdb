"""The bill: what a month costs, by properties rather than by a list of today's figures."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.kinds.aws.scheduler import runs_per_month
from components.aws.runs import eventbridge_cron
from operations import words
from operations.judge import cost_of
from stacks.config import STACKS
from tests import sharing
from tests.commanding import command
from tests.mutate import changed, put
from tests.previewing import preview

HOURS = catalogue.load("aws").hours_per_month


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("cron(30 2 * * ? *)", 365 / 12),
        ("cron(0 2 ? * 2,3,4,5,6 *)", 261 / 12),
        ("cron(0 2 1 * ? *)", 1),
        ("cron(0 * * * ? *)", 730),
        ("cron(* * * * ? *)", 43_830),
        ("rate(1 day)", 365.25 / 12),
        ("rate(12 hours)", 2 * 365.25 / 12),
    ],
)
def test_runs_a_month(expression: str, runs: float) -> None:
    assert runs_per_month(expression) == pytest.approx(runs, rel=0.01)


@settings(max_examples=sharing.examples(50), deadline=None, derandomize=True)
@given(minute=st.integers(0, 59), hour=st.integers(0, 23), weekday=st.integers(0, 7))
def test_one_run_a_week_is_52_runs_a_year_on_any_day(minute: int, hour: int, weekday: int) -> None:
    assert runs_per_month(eventbridge_cron(f"{minute} {hour} * * {weekday}")) == pytest.approx(52 / 12, rel=0.02)


def test_the_bill_is_the_sum_of_its_lines_and_of_its_teams_and_rounded_once(pilot: Graph) -> None:
    bill = cost_of(pilot)
    for which, total in (("idle_usd", bill.idle_usd), ("ceiling_usd", bill.ceiling_usd)):
        lines = [getattr(line, which) for line in bill.lines]
        assert total == round(sum(lines), 2)
        assert any(one != round(one, 2) for one in lines), "a line keeps what is less than a cent"
    for at, total in enumerate((bill.idle_usd, bill.ceiling_usd)):
        assert total == round(sum(amounts[at] for amounts in bill.by_team.values()), 2)
    assert all(0 <= line.idle_usd <= line.ceiling_usd for line in bill.lines)
    assert not bill.unpriced and set(bill.by_team) == {"payments-risk"}


def test_the_terminal_says_how_lines_and_sums_are_rounded() -> None:
    for words_of in (("cost", "aws-pilot"), ("preview", "aws-pilot")):
        said = " ".join(command(*words_of).stdout.split())
        assert words.ROUNDED in said, words_of


def line(graph: Graph, name: str, what: str) -> tuple[float, float]:
    return next((x.idle_usd, x.ceiling_usd) for x in cost_of(graph).lines if x.resource == name and x.what == what)


def test_an_async_endpoint_from_zero_costs_nothing_idle(pilot: Graph) -> None:
    idle, ceiling = line(pilot, "aws-pilot-document-embedder", "async endpoint")
    hour = catalogue.load("aws").families["gpu-l4"].price("us-east-1", "async")
    assert hour is not None
    assert idle == 0 and ceiling >= 2 * HOURS * hour


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_idle_floor_grows_with_the_minimum_and_the_ceiling_with_the_maximum(pilot: Graph, times: int) -> None:
    target = next(t for t in pilot.of("aws:appautoscaling/target:Target") if "fraud-scorer" in t.name)
    base = line(pilot, "aws-pilot-fraud-scorer", "online endpoint")
    low = changed(pilot, target, lambda p: put(p, "minCapacity", times))
    high = changed(pilot, target, lambda p: put(p, "maxCapacity", 4 * times))
    assert line(low, "aws-pilot-fraud-scorer", "online endpoint")[0] == pytest.approx(times * base[0] / 2, abs=0.02)
    assert line(high, "aws-pilot-fraud-scorer", "online endpoint")[1] == pytest.approx(times * base[1], abs=0.02)


def test_interface_endpoints_bill_by_zone_and_hour_with_no_traffic(pilot: Graph) -> None:
    price = catalogue.load("aws").services["vpc-interface-endpoint"].price_usd["us-east-1"]
    lines = [x for x in cost_of(pilot).lines if x.what == "interface endpoint"]
    assert len(lines) == 5
    assert all(x.idle_usd == pytest.approx(2 * HOURS * price, abs=0.01) for x in lines)


def test_a_machine_without_a_price_is_named_not_left_out(pilot: Graph) -> None:
    config = next(c for c in pilot.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration") if "fraud" in c.name)
    bill = cost_of(changed(pilot, config, lambda p: put(p, "productionVariants.0.instanceType", "ml.x99.large")))
    (unpriced,) = bill.unpriced
    assert unpriced.resource == "aws-pilot-fraud-scorer"
    assert unpriced.why == "bills, and the catalogue has no price of ml.x99.large for online in us-east-1"


def test_a_type_nobody_knows_is_named_not_left_out(pilot: Graph) -> None:
    alarm = pilot.of("aws:cloudwatch/metricAlarm:MetricAlarm")[0]
    strange = replace(alarm, urn="urn:strange", type="aws:lambda/function:Function", name="strange")
    (unpriced,) = cost_of(replace(pilot, resources=(*pilot.resources, strange))).unpriced
    assert (unpriced.urn, unpriced.resource) == ("urn:strange", "strange")
    assert unpriced.why == "is of a kind whose cost is unknown (aws:lambda/function:Function)"


@pytest.mark.parametrize("key", ["productionVariants", "shadowProductionVariants"])
def test_a_second_variant_and_a_shadow_bill_as_the_first_does(pilot: Graph, key: str) -> None:
    config = next(c for c in pilot.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration") if "fraud" in c.name)
    more = {"variantName": "more", "instanceType": "ml.m5.large", "initialInstanceCount": 20}
    graph = changed(pilot, config, lambda p: p.update({key: [*p.get(key, ()), more]}))
    hour = catalogue.load("aws").families["cpu-small"].price("us-east-1", "online")
    assert hour is not None
    before, after = (line(g, "aws-pilot-fraud-scorer", "online endpoint") for g in (pilot, graph))
    assert after[0] - before[0] >= 20 * HOURS * hour
    assert after[1] - before[1] > after[0] - before[0]


def test_a_nested_job_bills_as_one_at_the_top_does(pilot: Graph) -> None:
    (machine,) = pilot.of("aws:sfn/stateMachine:StateMachine")
    definition = json.loads(machine.inputs["definition"])
    again = {"Type": "Parallel", "Branches": [{"States": definition["States"]}, {"States": definition["States"]}]}
    definition["States"] = {"Both": again}
    graph = changed(pilot, machine, lambda p: put(p, "definition", json.dumps(definition)))
    before, after = (line(g, machine.name, "batch job") for g in (pilot, graph))
    assert after == (0, pytest.approx(2 * before[1], abs=0.02))


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (
            lambda d: d.pop("TimeoutSeconds"),
            "bills, and the catalogue has no price of a run that no TimeoutSeconds ends",
        ),
        (lambda d: d["States"].update(X={"Type": "Loop"}), "cannot be priced: definition.States.X.Type is 'Loop'"),
    ],
)
def test_a_run_that_nobody_can_price_is_said(pilot: Graph, edit: Callable[[Any], Any], why: str) -> None:
    (machine,) = pilot.of("aws:sfn/stateMachine:StateMachine")
    definition = json.loads(machine.inputs["definition"])
    edit(definition)
    (unpriced,) = cost_of(changed(pilot, machine, lambda p: put(p, "definition", json.dumps(definition)))).unpriced
    assert unpriced.resource == machine.name and unpriced.why.startswith(why)


TRAIL = "aws:cloudtrail/trail:Trail"
POLICY = "aws:appautoscaling/policy:Policy"


def test_of_two_trails_one_copies_the_management_events_again_and_bills_with_no_traffic(pilot: Graph) -> None:
    copy = catalogue.load("aws").services["cloudtrail-management-copies"].price_usd["us-east-1"]
    (trail,) = pilot.of(TRAIL)
    second = replace(trail, urn=f"{trail.urn}-2", name="second")
    bill = cost_of(replace(pilot, resources=(*pilot.resources, second)))
    assert sorted(x.idle_usd for x in bill.lines if x.what == "trail") == [0, copy]
    (alone,) = (x for x in cost_of(pilot).lines if x.what == "trail")
    assert (alone.idle_usd, alone.ceiling_usd) == (0, copy + 1)


def test_target_tracking_bills_its_two_alarms_for_each_metric_and_a_step_none(pilot: Graph) -> None:
    alarm = catalogue.load("aws").services["cloudwatch-alarm"].price_usd["us-east-1"]
    for policy in pilot.of(POLICY):
        tracks = policy.inputs["policyType"] == "TargetTrackingScaling"
        assert line(pilot, policy.name, "autoscaling") == pytest.approx((2 * alarm,) * 2 if tracks else (0, 0))
    policy = next(p for p in pilot.of(POLICY) if p.inputs["policyType"] == "TargetTrackingScaling")
    read: list[dict[str, Any]] = [
        {"id": "a", "metricStat": {}},
        {"id": "b", "metricStat": {}},
        {"id": "c", "expression": "a/b"},
    ]
    config: dict[str, Any] = {"targetValue": 1, "customizedMetricSpecification": {"metrics": read}}
    graph = changed(pilot, policy, lambda p: put(p, "targetTrackingScalingPolicyConfiguration", config))
    assert line(graph, policy.name, "autoscaling") == pytest.approx((4 * alarm, 4 * alarm))


def test_homes_bill_for_each_user_of_the_domain_and_only_in_the_ceiling(pilot: Graph) -> None:
    (domain,) = pilot.of("aws:sagemaker/domain:Domain")
    users = pilot.of("aws:sagemaker/userProfile:UserProfile")
    hardware = catalogue.load("aws")
    each = hardware.assumptions["home-gb-per-user"].value * hardware.services["efs-standard"].price_usd["us-east-1"]
    assert users and line(pilot, domain.name, "home volume") == (0, pytest.approx(len(users) * each))


@pytest.mark.parametrize(("days", "months"), [(30, 30 * 12 / 365), (365, 12), (3650, 120), (0, 12)])
def test_logs_bill_for_as_long_as_they_are_kept(pilot: Graph, days: int, months: float) -> None:
    group = pilot.of("aws:cloudwatch/logGroup:LogGroup")[0]
    services = catalogue.load("aws").services
    taken, kept = (services[f"cloudwatch-logs-{x}"].price_usd["us-east-1"] for x in ("ingestion", "storage"))
    graph = changed(pilot, group, lambda p: p.update(retentionInDays=days))
    assert line(graph, group.name, "logs") == (0, pytest.approx(taken + months * kept, abs=0.01))


def test_a_rotated_key_bills_two_versions_more_in_its_later_years(pilot: Graph) -> None:
    key = pilot.of("aws:kms/key:Key")[0]
    still = changed(pilot, key, lambda p: p.update(enableKeyRotation=False))
    (idle, ceiling), (idle_still, ceiling_still) = line(pilot, key.name, "key"), line(still, key.name, "key")
    version = catalogue.load("aws").services["kms-key-rotation"].price_usd["us-east-1"]
    assert idle == idle_still and ceiling == pytest.approx(ceiling_still + 2 * version)


def test_what_looks_for_late_jobs_by_the_clock_bills_with_no_traffic() -> None:
    """Each quarter of an hour, ten states at most, at the price of Step Functions' own page."""
    full = preview(STACKS / "Pulumi.aws-full.yaml")
    turns, price = 365.25 / 12 * 24 * 4, catalogue.load("aws").services["state-transitions"].price_usd["us-east-1"]
    idle, ceiling = line(full, "aws-full-fraud-scores-watch", "state machine")
    assert idle == ceiling == pytest.approx(turns * 10 / 1000 * price, abs=0.01)


def test_an_endpoints_logs_are_kept_for_ever_and_a_year_of_them_is_in_the_ceiling(pilot: Graph) -> None:
    hardware = catalogue.load("aws")
    taken, kept = (hardware.services[f"cloudwatch-logs-{x}"].price_usd["us-east-1"] for x in ("ingestion", "storage"))
    machine = hardware.machine("gpu-l4").price("us-east-1", "async")
    logs = hardware.assumptions["log-gb-per-replica"].value * (taken + 12 * kept)
    assert machine and line(pilot, "aws-pilot-document-embedder", "async endpoint") == (
        0,
        pytest.approx(2 * (730 * machine + logs), abs=0.01),
    )


def test_a_way_out_that_bills_and_has_no_price_is_said(pilot: Graph) -> None:
    vpc = pilot.of("aws:ec2/vpc:Vpc")[0]
    out = [
        replace(vpc, urn=f"urn:{noun}", type=f"aws:ec2/{noun[0].lower()}{noun[1:]}:{noun}", name=noun)
        for noun in ("NatGateway", "Eip", "InternetGateway")
    ]
    bill = cost_of(replace(pilot, resources=(*pilot.resources, *out)))
    assert {item.resource for item in bill.unpriced} == {"NatGateway", "Eip"}
