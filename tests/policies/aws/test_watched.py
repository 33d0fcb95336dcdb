"""A pipeline of AWS that scores by the clock: beside its own schedule it has that of what stops its jobs."""

from dataclasses import replace

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.kinds.aws.mlplatform import APPROVED_VERSION
from catalogue.kinds.aws.scheduler import SCHEDULE
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import changed, put
from tests.previewing import preview


@pytest.fixture(scope="module")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The stack of every section, whose pipeline that scores has a schedule."""
    said = yaml.safe_load((STACKS / "Pulumi.aws-full.yaml").read_text(encoding="utf-8"))
    pipeline = said["config"]["mlplatform:pipelines"]["fraud-scores"]
    del pipeline["runs_per_month"]
    pipeline |= {"schedule": "30 4 * * *", "timezone": "Europe/Berlin"}
    file = tmp_path_factory.mktemp("stacks") / "Pulumi.aws-full.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return preview(file)


def test_no_rule_takes_one_schedule_for_the_other(nightly: Graph) -> None:
    assert caught(nightly) == set()


def test_the_pipeline_s_own_schedule_is_still_held_against_the_file(nightly: Graph) -> None:
    (own,) = (one for one in nightly.of(SCHEDULE) if one.name == "aws-full-fraud-scores-schedule")
    other = changed(nightly, own, lambda p: put(p, "scheduleExpression", "cron(30 5 * * ? *)"))
    assert caught(other, "limits-stated") == {"limits-stated"}


@pytest.mark.parametrize("year", ["2020", "2027", "2026-2028", "2030-2199"])
def test_a_watch_that_looks_in_some_years_alone_stops_nothing_in_the_others(nightly: Graph, year: str) -> None:
    (watch,) = (one for one in nightly.of(SCHEDULE) if one.name == "aws-full-fraud-scores-watch-schedule")
    for graph in (nightly, replace(nightly, placement=None)):
        other = changed(graph, watch, lambda p: put(p, "scheduleExpression", f"cron(*/15 * * * ? {year})"))
        assert caught(other, "limits-batch-time") == {"limits-batch-time"}
        every = changed(graph, watch, lambda p: put(p, "scheduleExpression", "cron(*/15 * * * ? *)"))
        assert caught(every, "limits-batch-time") == set()


def test_the_model_of_a_step_asks_for_the_digest_of_the_file(nightly: Graph) -> None:
    (asks,) = (one for one in nightly.of(APPROVED_VERSION) if "-fraud-scores-" in one.name)
    other = changed(nightly, asks, lambda p: put(p, "digest", f"sha256:{'0' * 64}"))
    assert caught(other, "limits-stated") == {"limits-stated"}
