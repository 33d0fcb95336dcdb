"""The off hours of another team's endpoint: what they make, what they cost and spare, and what refuses them."""

from dataclasses import replace
from typing import Any

import pytest

from catalogue import caveats
from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kind import StandsApart
from catalogue.kinds import kinds
from operations.judge import cost_of
from stacks.config import read_stack_file, validate
from tests.catching import caught
from tests.components.aws.test_api_models import Call, refused_as
from tests.operations.test_other_teams import Config, file_of, moved
from tests.previewing import preview
from tests.stack_files import pilot_file

OFFICE = {"weekdays": "07:00-19:00", "timezone": "Asia/Tokyo"}
ACTION, MUTE = "aws:appautoscaling/scheduledAction:ScheduledAction", "aws:cloudwatch/alarmMuteRule:AlarmMuteRule"
TARGET = "aws:appautoscaling/target:Target"
REGION = "ap-northeast-1"


def of_claims(**hours: str) -> Config:
    """The stack of a team in Tokyo, whose queue keeps a replica, in its hours where any are given."""
    config = moved("aws", REGION) | {"team": "claims", "owner": "claims@acme.example"}
    config["endpoints"]["document-embedder"] |= {"family": "gpu-t4", "min_replicas": 1, "max_replicas": 3}
    config["endpoints"]["document-embedder"] |= {"hours": hours} if hours else {}
    return config


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return preview(file_of(of_claims(**OFFICE), tmp_path_factory.mktemp("claims")))


def test_a_scheduled_action_opens_the_range_in_the_morning_and_another_closes_it_at_night(claims: Graph) -> None:
    (target,) = (one for one in claims.of(TARGET) if "embedder" in one.name)
    assert target.ignored_changes == ("minCapacity", "maxCapacity")
    made = {one.name: one.inputs for one in claims.of(ACTION)}
    assert {name: (one["schedule"], one["scalableTargetAction"]) for name, one in made.items()} == {
        "claims-document-embedder-opens-0700": (
            "cron(0 7 ? * MON,TUE,WED,THU,FRI *)",
            {"minCapacity": 1, "maxCapacity": 3},
        ),
        "claims-document-embedder-closes-1900": (
            "cron(0 19 ? * MON,TUE,WED,THU,FRI *)",
            {"minCapacity": 0, "maxCapacity": 0},
        ),
    }
    assert {(one["timezone"], one["resourceId"]) for one in made.values()} == {
        ("Asia/Tokyo", "endpoint/claims-document-embedder/variant/live")
    }


def test_the_alarm_on_what_waits_is_muted_until_the_morning_and_no_other_alarm_is(claims: Graph) -> None:
    rules = [one.inputs for one in claims.of(MUTE)]
    assert {name for rule in rules for name in rule["muteTargets"]["alarmNames"]} == {"claims-document-embedder-oldest"}
    said = [rule["rule"]["schedule"] for rule in rules]
    assert {(each["expression"], each["duration"], each["timezone"]) for each in said} == {
        ("cron(0 19 * * MON,TUE,WED,THU)", "PT14H0M", "Asia/Tokyo"),
        ("cron(0 19 * * FRI)", "PT62H0M", "Asia/Tokyo"),
    }


def test_the_api_models_take_what_is_sent(claims: Graph) -> None:
    calls = {
        ACTION: Call("application-autoscaling", "PutScheduledAction", given=frozenset({"ScheduledActionName"})),
        MUTE: Call("cloudwatch", "PutAlarmMuteRule", given=frozenset({"Name"})),
    }
    sent = claims.of(*calls)
    assert len(sent) == 4
    assert [said for one in sent for said in refused_as(calls[one.type], one)] == []


def test_the_rules_find_nothing_against_it(claims: Graph) -> None:
    rules = ("limits-scheduled-scaling", "limits-scaling-policy", "limits-replicas", "rollback-alarm-muted")
    assert caught(claims, *rules, "rollback-async-heard", "rollback-alarm-heard", "cost-tags", "kind-known") == set()


def test_floor_and_ceiling_have_60_of_the_168_hours_of_a_week(claims: Graph) -> None:
    """One replica at least and three at most: at any hour 1 to 3, by the hours 60 / 168 and 3 * 60 / 168 of one."""
    without = replace(claims, resources=tuple(one for one in claims.resources if one.type != ACTION))
    bills = [
        next(x for x in cost_of(graph).lines if x.resource == "claims-document-embedder" and x.what == "async endpoint")
        for graph in (claims, without)
    ]
    assert bills[0].idle_usd == pytest.approx(bills[1].idle_usd * 60 / 168, abs=0.01)
    assert bills[0].ceiling_usd == pytest.approx(bills[1].ceiling_usd * 60 / 168, abs=0.01)
    assert bills[1].idle_usd > 100


def test_what_stands_at_night_is_told_and_so_is_what_the_queue_forgets(claims: Graph) -> None:
    said = [one.says for one in caveats.of(claims)]
    assert any("minCapacity and maxCapacity of claims-document-embedder-scale: not applied" in one for one in said)
    assert any("is forgotten after six" in one for one in said)
    known = kinds("aws")[TARGET].apart
    assert isinstance(known, StandsApart) and {one.path for one in known.inputs} == {"minCapacity", "maxCapacity"}


def sentences(config: Config) -> list[str]:
    whole = {f"mlplatform:{key}": value for key, value in config.items()}
    with pytest.raises(BadInput) as refused:
        validate(whole, "x")
    return [line.removeprefix("x: mlplatform:endpoints.") for line in str(refused.value).splitlines()]


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        ({"timezone": "UTC"}, "hours: no day is named; name weekdays, weekends or a day"),
        ({"weekdays": "00:00-24:00", "weekends": "00:00-24:00"}, "hours: these are all hours of the week; leave them"),
        ({"weekdays": "07:00-19:00", "monday": "06:00-19:00"}, "hours.monday: found beside weekdays, which has monday"),
        ({"weekdays": "07:00-07:00"}, "hours.weekdays: found '07:00-07:00', allowed: a range that is not empty"),
        ({"weekdays": "7-19"}, "hours.weekdays: found '7-19', allowed: a range of hours such as 07:00-19:00"),
        ({"monday": 7}, "hours.monday: found 7, allowed: "),
        ({"weekdays": "07:00-19:00", "timezone": "Berlin"}, "hours.timezone: found 'Berlin', allowed: an IANA time"),
        ({"weekdays": "07:00-19:00", "tz": "UTC"}, "hours.tz: unknown key; did you mean timezone?"),
        ({"mondays": "07:00-19:00"}, "hours.mondays: unknown key; did you mean monday?"),
    ],
)
def test_hours_that_are_none_are_one_sentence(hours: dict[str, Any], sentence: str) -> None:
    given = hours if {"timezone", "tz"} & hours.keys() else hours | {"timezone": "UTC"}
    config = of_claims()
    config["endpoints"]["document-embedder"]["hours"] = given
    said = sentences(config)
    assert said[0].startswith(f"document-embedder.{sentence}") and len(said) == 1


@pytest.mark.parametrize("platform", ["aws", "azure"])
def test_an_endpoint_that_answers_at_once_has_none_and_the_sentence_names_the_nearest_thing(platform: str) -> None:
    config = pilot_file(platform)["config"]
    config["mlplatform:endpoints"]["fraud-scorer"]["hours"] = OFFICE
    with pytest.raises(BadInput) as refused:
        validate(config, "x")
    (said,) = str(refused.value).splitlines()
    assert said.startswith(f"x: mlplatform:endpoints.fraud-scorer.hours: {platform} takes none: ")
    assert ("kind 'async'" if platform == "aws" else "batch_jobs") in said and "enabled: false" in said


def test_a_range_may_run_over_midnight(tmp_path: Any) -> None:
    config = read_stack_file(file_of(of_claims(saturday="22:00-04:00", timezone="UTC"), tmp_path))
    hours: Any = vars(config)["endpoints"]["document-embedder"].hours
    assert hours.given.days == {"saturday": "22:00-04:00"}
