"""What idle parts cost, whose they are, what excuses them, and which endpoints may be taken off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.machines import Machines
from operations.doctor import Unseen
from operations.idle import Part, Stored, Window, report
from operations.idle.decision import HOUR, Evidence, Figures, LastUse, State, Unread
from operations.preview import Program
from operations.standing.judgement import judged
from stacks.config import read_stack_file
from stacks.model import StackConfig
from tests.operations.sample_verdict import nothing
from tests.stack_files import pilot_file

NOW = datetime(2026, 11, 26, 10, 40, tzinfo=UTC)
END = NOW.replace(minute=0)
STOOD = {END - HOUR * back: 1.0 for back in range(1, 337)}
IDLE = Figures({}, STOOD, "its machines", made=END - timedelta(days=90))
BUSY = Figures({END - HOUR: 5.0}, STOOD, "its machines")
KEY = "endpoints.fraud-scorer"
M5 = Machines("fraud-scorer", "ml.m5.large", "online", 2, 4)


class Told:
    """A platform whose account says these things."""

    READS = ()

    def __init__(self, *parts: tuple[Part, Evidence], error: Exception | None = None) -> None:
        self.parts, self.error, self.window = parts, error, Window(NOW, NOW)

    def open_account(self, account: str, region: str) -> None:
        return None

    def clock(self, account: Any) -> datetime:
        if self.error:
            raise self.error
        return NOW

    def standing(self, account: Any, graph: Graph, window: Window) -> Iterator[tuple[Part, Evidence]]:
        self.window = window
        yield from self.parts

    def strangers(self, account: Any, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
        yield from self.parts


def config(folder: Path, platform: str = "aws", **exempt: str) -> StackConfig:
    document = pilot_file(platform)
    if exempt:
        given = {"owner": "audit@example.com", "reason": "called once a quarter", **exempt}
        document["config"]["mlplatform:idle"] = {"exempt": {"fraud-scorer": given}}
    file = folder / f"Pulumi.{platform}-pilot.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return read_stack_file(file)


def rows(said: StackConfig, told: Told) -> list[report.Row]:
    graph = Graph("aws-pilot", said.platform, (), {})
    return report.of_stack("aws-pilot", said, graph, told, None, 72)


def part(name: str = "fraud-scorer/live", machines: Machines | None = M5, **more: Any) -> Part:
    given: dict[str, Any] = {"replicas": 2, **more}
    return Part(name, "variant", KEY, "fraud-scorer", machines, **given)


def test_what_an_idle_variant_burned_and_burns(tmp_path: Path) -> None:
    told = Told((part(), IDLE))
    (row,) = rows(config(tmp_path), told)
    hardware = catalogue.load("aws")
    hour = hardware.machine("cpu-small").price("us-east-1", "online")
    assert hour is not None
    assert row.burned_usd == round(336 * 2 * hour, 2) and row.month_usd == round(2 * hour * hardware.hours_per_month, 2)
    assert (row.judged.since, row.judged.at_least) == (END - timedelta(days=14), True)
    assert row.owner == "payments-risk@example.com" and row.idle
    assert told.window.start == END - timedelta(days=14)
    assert any("kind: async" in way for way in row.instead) and any("batch_jobs" in way for way in row.instead)


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_a_way_that_the_platform_lacks_is_not_named(tmp_path: Path, platform: str) -> None:
    machine = {"gcp": "e2-standard-2", "azure": "Standard_D2as_v4"}[platform]
    told = Told((part(machines=Machines("fraud-scorer", machine, "online", 1, 4), replicas=1), IDLE))
    (row,) = rows(config(tmp_path, platform), told)
    assert len(row.instead) == 1 and "batch_jobs" in row.instead[0] and row.month_usd


def test_a_price_that_nobody_knows_is_no_zero(tmp_path: Path) -> None:
    unknown = Machines("fraud-scorer", "ml.unheard.large", "online", 1, 1)
    (row,) = rows(config(tmp_path), Told((part(machines=unknown), IDLE)))
    assert (row.month_usd, row.burned_usd) == (None, None) and row.idle
    assert "cost an unknown amount" in report.because([row])
    said = report.summary([row])
    assert (
        said
        == "1 idle of 1: an unknown amount burned since then, an unknown amount a month ahead (1 unpriced); 0 unknown"
    )
    (known,) = rows(config(tmp_path), Told((part(), IDLE)))
    assert f": at least ${known.burned_usd:,.2f} burned since then, at least $" in report.summary([row, known])
    (stopped,) = rows(config(tmp_path), Told((Part("ana", "machine", machines=M5), LastUse(False))))
    assert (stopped.judged.state, stopped.month_usd) == (State.ASLEEP, None), "its disk bills"


@pytest.mark.parametrize(
    ("stored", "month"),
    [
        (Stored("pd-ssd", 500, "europe-west1"), 500 * 0.17),
        (Stored("pd-ssd", 500, "nowhere1"), None),
        (Stored("hyperdisk-extreme", 500, "us-central1"), None),
        (None, None),
    ],
)
def test_a_disk_costs_what_its_sort_costs_in_its_own_region(
    tmp_path: Path, stored: Stored | None, month: float | None
) -> None:
    disk = Part("left (500 GB)", "disk", stored=stored)
    told = Told((disk, LastUse(True, NOW - 730 * HOUR, NOW - 900 * HOUR)))
    (row,) = report.of_account(config(tmp_path, "gcp"), [], told, None, 72)
    assert (row.month_usd, row.burned_usd) == (month, month) and row.idle


@pytest.mark.parametrize(
    ("until", "excused", "says"),
    [
        ("2026-11-26", True, "exempt until 2026-11-26, by audit@example.com: called once a quarter"),
        ("2026-11-25", False, "ended on 2026-11-25"),
        ("2099-01-01", False, "further away than"),
    ],
)
def test_an_exemption_holds_to_its_last_day(tmp_path: Path, until: str, excused: bool, says: str) -> None:
    found = rows(config(tmp_path, until=until), Told((part(), IDLE)))
    assert (found[0].excused, found[0].idle, found[0].fails) == (excused, not excused, not excused)
    assert found[0].judged.state is State.IDLE and says in found[0].exempt
    assert list(report.switchable(found)) == ([] if excused else ["fraud-scorer"])


@pytest.mark.parametrize(
    ("until", "rule", "fails"),
    [
        ("2026-11-26", "idle-exempt", False),
        ("2026-11-25", "idle-exempt", False),
        ("2099-01-01", "idle-exempt-ends", True),
    ],
)
def test_a_verdict_says_what_a_stack_file_lets_stand_idle(
    tmp_path: Path, gcp_pilot: Graph, until: str, rule: str, fails: bool
) -> None:
    config(tmp_path, "gcp", until=until)
    (file,) = tmp_path.glob("Pulumi.*.yaml")
    exempt = Program.of(file).exempt
    verdict = judged(nothing().model_copy(update={"judged_on": NOW.date()}), None, None, exempt, gcp_pilot)
    (told,) = (one for one in verdict.findings if one.source == "idle")
    assert (told.rule, told.fails, verdict.passed) == (rule, fails, not fails)
    assert "fraud-scorer to stand idle: " in told.message and "audit@example.com" in told.message


def test_only_an_endpoint_that_is_silent_as_a_whole_may_be_taken_off(tmp_path: Path) -> None:
    said = config(tmp_path)

    def off(*evidence: Evidence) -> list[str]:
        told = Told(*((part(f"fraud-scorer/{number}"), one) for number, one in enumerate(evidence)))
        return list(report.switchable(rows(said, told)))

    new = Figures({}, STOOD, "its machines", made=NOW - HOUR)
    asleep = Figures({}, {}, "its machines", replicas=0)
    assert off(IDLE) == off(IDLE, IDLE) == off(IDLE, asleep) == ["fraud-scorer"]
    assert off(IDLE, BUSY) == off(IDLE, Unread("no right")) == off(IDLE, new) == off(asleep) == off(BUSY) == []


def test_a_persons_machine_is_the_persons_and_is_not_taken_off(tmp_path: Path) -> None:
    app = Part("d-1/ana/JupyterLab", "app", None, "", Machines("a", "ml.m5.large", "training", 1, 1), 1, "ana")
    found = rows(config(tmp_path), Told((app, LastUse(True, NOW - 100 * HOUR)), (part(), BUSY)))
    assert [row.owner for row in found] == ["ana", "payments-risk@example.com"], "what is idle stands first"
    assert report.total(found, "burned_usd") == found[0].burned_usd and found[0].instead == ()
    assert report.switchable(found) == {}


def test_an_account_that_does_not_answer_is_unknown(tmp_path: Path) -> None:
    (row,) = rows(config(tmp_path), Told(error=Unseen("it takes the right sts:GetCallerIdentity, which is missing")))
    assert row.judged.state is State.UNKNOWN and row.fails and "sts:GetCallerIdentity" in row.judged.says


def test_what_stops_a_thing_that_no_stack_file_can_is_said(tmp_path: Path) -> None:
    search = Part("find (standard)", "search", instead=("it cannot be stopped",))
    (row,) = report.of_account(config(tmp_path, "azure"), [], Told((search, IDLE)), None, 72)
    assert (row.instead, row.month_usd) == (("it cannot be stopped",), None) and row.idle


def test_what_no_state_names_is_nobodys(tmp_path: Path) -> None:
    stray = Part("left/live", "variant", None, "left", M5, 1)
    (row,) = report.of_account(config(tmp_path), [], Told((stray, IDLE)), None, 72)
    assert (row.stack, row.owner, row.idle) == ("", "nobody", True) and row.burned_usd


def test_neither_a_queue_nor_a_job_stands_for_several_models_at_once(tmp_path: Path) -> None:
    alone, several = part(kind="online"), part(kind="multi-model")
    found = {one: rows(config(tmp_path), Told((one, IDLE)))[0].instead for one in (alone, several)}
    assert [way.startswith("as ") for way in found[alone]] == [True, True]
    assert [way.startswith("each of its models as ") for way in found[several]] == [True, True]
    assert (alone.what, several.what) == ("online variant", "multi-model variant")
