"""What a bill says of a stack, beside what was foreseen: by properties, over each pilot."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kind import Bills
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS
from operations.actual import command, comparison
from operations.actual.comparison import Actual, Foreseen
from operations.actual.reading import read
from operations.arguments import ListFormat
from operations.commands.cost import cost
from operations.judge import cost_of
from operations.preview import Programs
from tests.operations.actual.focus import BEGINS, Row, write

SERVICE = {"aws": "Amazon SageMaker", "gcp": "Vertex AI", "azure": "Azure Machine Learning"}
HOURS = 31 * 24


@pytest.fixture(scope="module")
def foreseen(aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph) -> dict[str, Foreseen]:
    return {graph.platform: Foreseen(graph, cost_of(graph)) for graph in (aws_pilot, gcp_pilot, azure_pilot)}


def rows_of(one: Foreseen, dollars: float, **more: Any) -> Row:
    """A month's charge of a stack in one row."""
    tags = {"stack": one.graph.stack, "team": "payments-risk"}
    row = Row(SERVICE[one.graph.platform], dollars, tags, account=one.account, hours=HOURS)
    return replace(row, **more)


def compared(tmp_path: Path, one: Foreseen, rows: Sequence[Row], rates: dict[str, float] | None = None) -> Actual:
    cloud = {"aws": "aws 1.2"}.get(one.graph.platform, one.graph.platform)
    file = write(tmp_path / "bill.csv", cloud, rows)
    return comparison.compare(one, read([file], [one.graph.stack], [one.account], rates or {}))


def failing(actual: Actual) -> list[str]:
    return [found.rule for found in actual.findings if found.fails]


@pytest.mark.sweep(3)
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("of_ceiling", "of_floor", "rules"),
    [(0.5, 0, []), (1.15, 0, []), (1.3, 0, ["bill-drift"]), (0, 0.9, []), (0, 0.7, ["bill-drift"])],
)
def test_more_than_the_limit_outside_floor_and_ceiling_fails(
    tmp_path: Path, foreseen: dict[str, Foreseen], platform: str, of_ceiling: float, of_floor: float, rules: list[str]
) -> None:
    one = foreseen[platform]
    month = HOURS / 730
    dollars = (of_ceiling * one.cost.ceiling_usd + of_floor * one.cost.idle_usd) * month
    actual = compared(tmp_path, one, [rows_of(one, dollars)])
    assert failing(actual) == rules
    (found,) = actual.months
    assert found.whole and found.ceiling_usd == pytest.approx(one.cost.ceiling_usd * month, abs=0.01)


def test_half_a_month_is_compared_with_half_of_floor_and_ceiling(tmp_path: Path, foreseen: dict[str, Foreseen]) -> None:
    one = foreseen["aws"]
    a_day = [rows_of(one, 20, since=BEGINS + timedelta(days=n), hours=24) for n in range(10, 20)]
    # The account has charges of two days more, so the stack's own are not missing: nothing was used then.
    other = Row(account=one.account, tags={"stack": "other"}, since=BEGINS + timedelta(days=21), hours=24)
    (found,) = compared(tmp_path, one, [*a_day, other]).months
    assert (found.hours, found.whole) == (12 * 24, False)
    assert found.idle_usd == pytest.approx(one.cost.idle_usd * 12 * 24 / 730, abs=0.01)
    (short,) = compared(tmp_path, one, [rows_of(one, 900, hours=23)]).months
    assert short.drift_percent is None and "23 hours" in short.unknown


@settings(max_examples=4, derandomize=True)
@given(
    beside=st.lists(
        st.tuples(
            st.sampled_from([("Credit", False), ("Tax", False), ("Purchase", False), ("Usage", True)]),
            st.floats(-900, 900).map(lambda x: round(x, 2)),
        ),
        max_size=6,
    ),
    off=st.floats(0, 0.9),
)
def test_credits_refunds_taxes_and_discounts_are_told_and_are_no_drift(
    tmp_path_factory: pytest.TempPathFactory,
    foreseen: dict[str, Foreseen],
    beside: list[tuple[tuple[str, bool], float]],
    off: float,
) -> None:
    one = foreseen["gcp"]
    more = [rows_of(one, dollars, category=kind, correction=back) for (kind, back), dollars in beside]
    (found,) = compared(tmp_path_factory.mktemp("bill"), one, [rows_of(one, 200, off=off), *more]).months
    assert (found.drift_percent, found.used.list) == (0, 200)
    assert found.used.effective == pytest.approx(200 * (1 - off), abs=0.01)
    assert found.total.list == pytest.approx(200 + sum(dollars for _, dollars in beside), abs=0.01)
    assert set(found.beside) == {"Correction" if back else kind for (kind, back), _ in beside}


def test_another_currency_is_unknown_until_somebody_says_its_rate(
    tmp_path: Path, foreseen: dict[str, Foreseen]
) -> None:
    one = foreseen["azure"]
    rows = [rows_of(one, 400, currency="EUR"), rows_of(one, 1)]
    actual = compared(tmp_path, one, rows)
    (found,) = actual.months
    assert (found.used.list, found.drift_percent) == (None, None)
    assert [one.rule for one in actual.findings if one.fails] == ["bill-unknown"]
    assert found.currencies == {"EUR": 400, "USD": 1}
    (found,) = compared(tmp_path, one, rows, {"EUR": 1.5}).months
    assert found.used.list == 601


def test_a_service_that_nobody_foresaw_is_named_and_fails_where_it_is_much(
    tmp_path: Path, foreseen: dict[str, Foreseen]
) -> None:
    one = foreseen["aws"]
    much = compared(tmp_path, one, [rows_of(one, 400), rows_of(one, 200, service="Amazon Redshift")])
    assert failing(much) == ["bill-unforeseen"]
    assert [(x.service, x.foreseen) for x in much.months[0].services][1] == ("Amazon Redshift", False)
    little = compared(tmp_path, one, [rows_of(one, 400), rows_of(one, 20, service="Amazon Redshift")])
    assert not failing(little)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_carries_the_tag_in_another_account_is_told_and_fails(
    tmp_path: Path, foreseen: dict[str, Foreseen], platform: str
) -> None:
    one = foreseen[platform]
    # Without the foreign charge the month is below its floor, and with it within.
    least = one.cost.idle_usd
    rows = [rows_of(one, least * 0.5), rows_of(one, least * 0.8, account="999988887777"), rows_of(one, 1, account="")]
    found = compared(tmp_path, one, rows)
    assert failing(found) == ["bill-elsewhere"]
    less = compared(tmp_path, one, [rows_of(one, least * 1.5), rows_of(one, -1, account="999988887777")])
    assert failing(less) == ["bill-elsewhere"]
    assert any("of the account 999988887777, and the stack stands in" in one.message for one in found.findings)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("service", ["its own", "another"])
def test_usage_below_zero_hides_nothing_of_what_was_used(
    tmp_path: Path, foreseen: dict[str, Foreseen], platform: str, service: str
) -> None:
    one = foreseen[platform]
    most = one.cost.ceiling_usd
    less = rows_of(one, -most * 1.2, **({} if service == "its own" else {"service": "Somebody's"}))
    found = compared(tmp_path, one, [rows_of(one, most * 2), less])
    assert failing(found) == ["bill-drift"]
    (month,) = found.months
    assert (month.used.list, month.beside["Negative usage"].list) == (round(most * 2, 2), round(-most * 1.2, 2))
    assert any(
        one.rule == "bill-negative" and f"${most * 1.2:,.2f} at list cost" in one.message for one in found.findings
    )
    corrected = compared(tmp_path, one, [rows_of(one, most), replace(less, correction=True)])
    assert not corrected.findings and set(corrected.months[0].beside) == {"Correction"}


def test_a_bill_without_the_stacks_tag_is_unknown_and_fails(tmp_path: Path, foreseen: dict[str, Foreseen]) -> None:
    one = foreseen["aws"]
    endpoint = next(r for r in one.graph.cloud if r.type == "aws:sagemaker/endpoint:Endpoint")
    arn = endpoint.outputs["arn"]
    actual = compared(tmp_path, one, [rows_of(one, 300, tags={}, resource=arn.upper()), rows_of(one, 5, tags={})])
    assert failing(actual) == ["bill-unknown"]
    assert [(x.resource, x.cost.list) for x in actual.untagged] == [(endpoint.name, 300), (None, 5)]
    assert any(found.rule == "bill-untagged" and endpoint.name in found.message for found in actual.findings)


def test_a_resource_of_the_bill_is_found_by_its_id_or_that_of_what_it_lies_in(
    tmp_path: Path, foreseen: dict[str, Foreseen]
) -> None:
    one = foreseen["azure"]
    group = "/subscriptions/s/resourceGroups/rg"
    stands = {
        "endpoint": f"{group}/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e",
        "group": group,
    }
    standing = Graph(
        one.graph.stack,
        "azure",
        tuple(replace(one.graph.cloud[0], urn=n, name=n, outputs={"id": i}) for n, i in stands.items()),
        {},
    )
    rows = [
        rows_of(one, 300, resource=f"{stands['endpoint'].upper()}/deployments/blue"),
        rows_of(one, 2, resource=f"{group}/providers/Microsoft.Sql/servers/s"),
    ]
    (found,) = compared(tmp_path, replace(one, standing=standing), rows).months
    assert [one.resource for one in found.resources] == ["endpoint", None]


def test_teams_are_summed_over_stacks(tmp_path: Path, foreseen: dict[str, Foreseen]) -> None:
    every = [compared(tmp_path, one, [rows_of(one, 300)]) for one in foreseen.values()]
    ((month, teams),) = comparison.by_team(every).items()
    assert (month, teams["payments-risk"].used_usd) == ("2026-10", 900)
    bills = sum(one.cost.ceiling_usd for one in foreseen.values()) * HOURS / 730
    assert teams["payments-risk"].ceiling_usd == pytest.approx(bills, abs=0.05)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_kind_that_bills_is_billed_under_a_service(platform: str) -> None:
    billed = {kind.token: kind.bills.under for kind in kinds(platform).values() if isinstance(kind.bills, Bills)}
    assert billed and not [token for token, under in billed.items() if not all(under) or not under]


@pytest.mark.parametrize("rate", ["EUR", "EUR=", "eur=1", "USD=2", "EUR=-1", "EUR=nan"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(BadInput, match="allowed: dollars for one unit"):
        command.opened([], [rate]).__enter__()


def test_the_command_puts_a_bill_beside_its_floor_and_exits_by_the_drift(
    tmp_path: Path,
    foreseen: dict[str, Foreseen],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = foreseen["gcp"]
    monkeypatch.setattr(Programs, "start", lambda self, platform, one: None)
    monkeypatch.setattr(Programs, "run", lambda self, program: (one.graph, 0.5))
    file = write(tmp_path / "bill.parquet", "gcp", [rows_of(one, 9000), rows_of(one, -5, category="Credit")])
    with pytest.raises(typer.Exit) as ended:
        cost(["gcp-pilot"], ListFormat.JSON, actual=[str(file)])
    assert ended.value.exit_code == 1
    (said,) = json.loads(capsys.readouterr().out)["costs"]
    assert said["actual"]["months"][0]["used"]["list"] == 9000
    assert [found["rule"] for found in said["actual"]["findings"]] == ["bill-drift"]
    with pytest.raises(typer.Exit):
        cost(["gcp-pilot"], actual=[str(file)])
    assert "percent above the ceiling" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(BadInput, match="name the bill with --actual"):
        cost(["gcp-pilot"], rate=["EUR=1"])
