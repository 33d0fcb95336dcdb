"""`mlplatform waivers`: age and last day of each, and how many there are in each environment, by rule."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from operations.__main__ import application
from policies import waivers
from tests.catalogue.test_organisation import put

TODAY = "2026-11-26"


def entry(resource: str, granted: date, expires: date, rule: str = "limits-retention") -> dict[str, Any]:
    days = {"granted": granted, "expires": expires}
    return {"rule": rule, "resource": resource, "type": "aws:x/thing:Thing", "owner": "o", "reason": "why", **days}


def run(organisation: Path, said: dict[str, Any], *words: str) -> str:
    put(organisation, "waivers.yaml", yaml.safe_dump({"waivers": said}))
    waivers.load.cache_clear()
    result = CliRunner().invoke(application(), ["waivers", "--today", TODAY, *words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_each_has_its_age_and_last_day_and_they_are_counted_by_environment_and_rule(organisation: Path) -> None:
    held = {
        "aws-pilot": [
            entry("a", date(2026, 11, 20), date(2026, 12, 6)),
            entry("b", date(2026, 1, 1), date(2026, 6, 30)),
            entry("c", date(2026, 12, 1), date(2026, 12, 31), "CKV_AWS_18"),
        ],
        "theirs/prod": [entry("a", date(2026, 11, 26), date(2026, 11, 26))],
    }
    said = json.loads(run(organisation, held, "--format", "json"))
    assert [(one["stack"], one["resource"]) for one in said["waivers"]] == [
        ("aws-pilot", "b"),
        ("aws-pilot", "a"),
        ("theirs/prod", "a"),
        ("aws-pilot", "c"),
    ]
    assert [(one["state"], one["age_days"], one["days_left"]) for one in said["waivers"]] == [
        ("expired", 329, -149),
        ("holds", 6, 10),
        ("holds", 0, 0),
        ("not yet", -5, 35),
    ]
    assert said["counts"] == [
        {"environment": "not known", "rule": "limits-retention", "waivers": 1},
        {"environment": "pilot", "rule": "CKV_AWS_18", "waivers": 1},
        {"environment": "pilot", "rule": "limits-retention", "waivers": 2},
    ]


def test_the_table_says_it_in_words_and_where_there_is_none_what_one_is(organisation: Path) -> None:
    text = run(organisation, {"aws-pilot": [entry("a\x1b[31m\nb", date(2026, 11, 20), date(2026, 12, 6))]})
    for said in ("1 waiver", "2026-11-20", "6 days old", "2026-12-06", "10 days left", "pilot"):
        assert said in text
    assert "\x1b" not in text
    none = run(organisation, {})
    assert none.startswith("0 waivers: no stack is excused from a rule.\n")
    assert "decides against a rule" in none and "organisation/waivers.yaml" in none
