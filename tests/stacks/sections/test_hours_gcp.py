"""The office hours of another team's online endpoint on Google Cloud, in another region: what they make and cost."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.judge import cost_of
from policies import exceptions
from stacks.config import validate
from tests.catching import caught
from tests.operations.test_other_teams import Config, file_of, moved
from tests.previewing import preview
from tests.sandbox.dataplane.test_path import Standing

OFFICE = {"weekdays": "07:00-19:00", "timezone": "Asia/Tokyo"}
SCHEDULE, WORKFLOW = "gcp:cloudscheduler/job:Job", "gcp:workflows/workflow:Workflow"
DEPLOYMENT, ROLE = "mlplatform:gcp:Deployment", "gcp:projects/iAMCustomRole:IAMCustomRole"
ALERT, ACT_AS = "gcp:monitoring/alertPolicy:AlertPolicy", "gcp:serviceaccount/iAMMember:IAMMember"
REGION = "asia-northeast1"


def of_claims(**hours: str) -> Config:
    config = moved("gcp", REGION) | {"team": "claims", "owner": "claims@acme.example"}
    config["endpoints"]["fraud-scorer"] |= {"hours": hours, "min_replicas": 2, "max_replicas": 3}
    return config


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return preview(file_of(of_claims(**OFFICE), tmp_path_factory.mktemp("claims")))


def edited(graph: Graph, name: str, edit: Callable[[dict[str, Any]], object]) -> Graph:
    """The graph, with the inputs of one resource edited."""
    (one,) = (each for each in graph.cloud if each.name == name)
    inputs = json.loads(json.dumps(one.inputs))
    edit(inputs)
    outputs = {key: value for key, value in one.outputs.items() if key not in one.inputs or key in ("name", "email")}
    other = replace(one, inputs=inputs, outputs=outputs)
    return replace(graph, resources=tuple(other if each is one else each for each in graph.resources))


def schedules(graph: Graph) -> dict[str, dict[str, Any]]:
    return {one.name: dict(one.inputs) for one in graph.of(SCHEDULE) if "fraud-scorer" in one.name}


def test_a_schedule_opens_in_the_morning_and_another_closes_at_night_by_the_clock_of_the_zone(claims: Graph) -> None:
    made = schedules(claims)
    said = {name: (one["schedule"], one["timeZone"]) for name, one in made.items()}
    assert said == {
        "claims-fraud-scorer-opens-0700": ("0 7 * * MON,TUE,WED,THU,FRI", "Asia/Tokyo"),
        "claims-fraud-scorer-closes-1900": ("0 19 * * MON,TUE,WED,THU,FRI", "Asia/Tokyo"),
    }
    sent = {name: json.loads(base64.b64decode(one["httpTarget"]["body"])) for name, one in made.items()}
    assert {name.split("-")[3]: json.loads(one["argument"]) for name, one in sent.items()} == {
        "opens": {"wanted": "on"},
        "closes": {"wanted": "off"},
    }


def test_the_workflow_puts_on_what_the_deployment_is(claims: Graph) -> None:
    (flow,) = (one for one in claims.of(WORKFLOW) if one.name == "claims-fraud-scorer-hours")
    (deployment,) = claims.of(DEPLOYMENT)
    assert deployment.inputs["hours"]["timezone"] == "Asia/Tokyo" and len(deployment.inputs["hours"]) == 6
    steps = flow.inputs["sourceContents"]
    (body,) = (each for each in _each(json.loads(steps)) if "deployedModel" in each)
    model = body["deployedModel"]
    assert model["id"] == deployment.outputs["deployedModelId"]
    assert (model["model"], model["serviceAccount"]) == tuple(deployment.inputs[k] for k in ("model", "serviceAccount"))
    resources = model["dedicatedResources"]
    assert (resources["minReplicaCount"], resources["maxReplicaCount"]) == (2, 3)
    assert deployment.outputs["serviceAttachment"] in steps
    assert flow.inputs["serviceAccount"].startswith("claims-hours@")


def _each(value: Any) -> list[dict[str, Any]]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict) else []), *(one for part in parts for one in _each(part))]


def test_the_rules_find_nothing_against_it_but_what_the_design_decides(claims: Graph) -> None:
    found = caught(claims)
    assert found <= {"identity-guardrails", "quota-undeclared", "identity-written-places"}, found
    (role,) = (one for one in claims.of(ROLE) if one.name.endswith("-hours-role"))
    assert exceptions.find(claims, "identity-guardrails", role) is not None


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("claims-identity-hours-role", lambda i: i["permissions"].append("aiplatform.endpoints.update")),
        ("claims-identity-hours-acts-as-serving", lambda i: i.update(serviceAccountId="x")),
        ("claims-fraud-backfill", lambda i: i.update(serviceAccount="claims-hours@payments-risk-pilot.iam")),
        (
            "claims-fraud-scorer-hours",
            lambda i: i.update(sourceContents=i["sourceContents"].replace("e2-standard-2", "a3-highgpu-8g")),
        ),
    ],
)
def test_whoever_else_may_change_what_is_served_is_found(
    claims: Graph, name: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    graph = edited(claims, name, edit)
    (role,) = (one for one in graph.of(ROLE) if one.name.endswith("-hours-role"))
    if name == "claims-identity-hours-acts-as-serving":
        # somebody is let in to act as the account of the hours
        (account,) = (one for one in graph.of("gcp:serviceaccount/account:Account") if one.name.endswith("-hours"))
        (grant,) = (one for one in graph.cloud if one.name == name)
        onto = replace(
            grant,
            inputs={**grant.inputs, "serviceAccountId": account.outputs["name"]},
            property_dependencies={**grant.property_dependencies, "serviceAccountId": [account.urn]},
        )
        graph = replace(graph, resources=tuple(onto if one is grant else one for one in graph.resources))
    if name == "claims-fraud-backfill":  # a batch job runs as the account of the hours
        (account,) = (one for one in graph.of("gcp:serviceaccount/account:Account") if one.name.endswith("-hours"))
        (flow,) = (one for one in graph.of(WORKFLOW) if one.name == name)
        as_hours = replace(
            flow,
            inputs={**flow.inputs, "serviceAccount": account.outputs["email"]},
            property_dependencies={**flow.property_dependencies, "serviceAccount": [account.urn]},
        )
        graph = replace(graph, resources=tuple(as_hours if one is flow else one for one in graph.resources))
    assert exceptions.find(graph, "identity-guardrails", role) is None


def online(graph: Graph) -> tuple[float, float]:
    line = next(one for one in cost_of(graph).lines if one.what == "online endpoint")
    return line.idle_usd, line.ceiling_usd


def test_floor_and_ceiling_have_60_of_the_168_hours_of_a_week(claims: Graph) -> None:
    """Two replicas at least and three at most, of which 60 / 168 are paid for. Logs stand in the ceiling whole."""
    always = online(edited(claims, "claims-fraud-scorer-deployment", lambda i: i.pop("hours")))
    floor, ceiling = online(claims)
    assert floor == pytest.approx(always[0] * 60 / 168, abs=0.01) and always[0] > 100
    assert always[1] - ceiling == pytest.approx(1.5 * (always[0] - floor), abs=0.02)


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("claims-fraud-scorer-closes-1900", lambda i: i.update(paused=True)),
        ("claims-fraud-scorer-closes-1900", lambda i: i.update(schedule="0 19 * * MON,TUE,WED,THU")),
        ("claims-fraud-scorer-closes-1900", lambda i: i.update(schedule="0 23 * * MON,TUE,WED,THU,FRI")),
        ("claims-fraud-scorer-closes-1900", lambda i: i.update(timeZone="UTC")),
        ("claims-fraud-scorer-closes-1900", lambda i: i["httpTarget"].update(body="e30=")),
        (
            "claims-fraud-scorer-hours",
            lambda i: i.update(sourceContents=i["sourceContents"].replace("claims-fraud-scorer-", "other-")),
        ),
        ("claims-fraud-scorer-deployment", lambda i: i["hours"].update(saturday="07:00-19:00")),
    ],
)
def test_hours_that_nothing_keeps_are_found_and_the_bill_counts_every_hour(
    claims: Graph, name: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    graph = edited(claims, name, edit)
    assert caught(graph, "limits-hours-kept") == {"limits-hours-kept"}
    assert online(graph)[0] > 100


def test_what_nobody_puts_on_in_the_morning_is_found_and_does_not_bill(claims: Graph) -> None:
    graph = edited(claims, "claims-fraud-scorer-opens-0700", lambda i: i.update(paused=True))
    assert caught(graph, "limits-hours-kept") == {"limits-hours-kept"} and online(graph) == online(claims)


def test_the_idle_alert_rings_only_while_there_are_replicas_and_after_the_hours_of_a_day(claims: Graph) -> None:
    (alert,) = (one for one in claims.of(ALERT) if one.name == "claims-fraud-scorer-idle")
    (condition,) = alert.inputs["conditions"]
    asked = condition["conditionPrometheusQueryLanguage"]
    standing, _, calls = asked["query"].partition(" and ")
    assert all(f"prediction_online_{metric}{{" in standing for metric in ("replicas", "cpu_utilization"))
    assert calls.endswith(" < 1") and asked["duration"] == f"{10 * 3600}s", "twelve hours, two of them looked back on"
    watched = {one.name for one in claims.of(ALERT) if "scorer-hours" in one.name}
    assert watched == {f"claims-fraud-scorer-hours-{what}" for what in ("failed", "overran", "did-not-start")}


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        ({"weekdays": "07:00-07:30"}, "hours: a range or a pause lasts 30 minutes, allowed 60 or more"),
        ({"weekdays": "00:00-24:00", "saturday": "00:30-24:00"}, "hours: a range or a pause lasts 30 minutes"),
        ({"sunday": "02:30-12:00", "timezone": "Europe/Berlin"}, "hours: found 02:30, and the clock of Europe/Berlin"),
    ],
)
def test_hours_that_vertex_ai_could_not_keep_are_one_sentence(hours: dict[str, str], sentence: str) -> None:
    whole = {f"mlplatform:{key}": value for key, value in of_claims(**{"timezone": "UTC"} | hours).items()}
    with pytest.raises(BadInput) as refused:
        validate(whole, "x")
    (said,) = str(refused.value).splitlines()
    assert said.startswith(f"x: mlplatform:endpoints.fraud-scorer.{sentence}")


def test_in_a_sandbox_calls_are_refused_in_google_s_words_once_the_hours_ended_and_until_they_begin(
    claims: Graph, tmp_path: Path
) -> None:
    """The endpoint is deployed to on whatever day it is, and stands until the hours end next."""
    stands = Standing(claims, tmp_path)
    assert stands.refused() == "", "what is deployed at any hour answers"
    local = datetime.fromtimestamp(stands.state.clock.now(), ZoneInfo("Asia/Tokyo"))
    monday = (local + timedelta(days=7 - local.weekday())).replace(hour=12, minute=0)
    stands.state.clock.move((monday - local).total_seconds())
    assert stands.refused() == ""
    stands.state.clock.move(8 * 3600)
    assert re.match(r"400 FAILED_PRECONDITION: Endpoint \S+ doesn't have traffic_split\.", stands.refused())
    stands.state.clock.move(12 * 3600)
    assert stands.refused() == ""
