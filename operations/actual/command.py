"""What `mlplatform cost --actual` does: reads an export, puts it beside the bills, prints it."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from catalogue.errors import BadInput
from catalogue.wording import counted
from operations import console, words
from operations.actual import comparison, exports
from operations.actual.comparison import Actual, Foreseen, Money, Month, TeamBilled

_MOST = 15
"""The resources, meters and untagged services that a terminal lists of each. JSON has all."""


Compare = Callable[[Sequence[Foreseen]], list[Actual]]
"""What the bill says of stacks, in their order. Raises BadInput as `operations.actual.reading.read` does."""


@contextmanager
def opened(places: Sequence[str], rates: Sequence[str]) -> Generator[Compare]:
    """Find the files of a bill, before anything else takes time. Raises BadInput as `exports.files` does."""
    by_rate = dict(map(_rate, rates))
    with exports.files(places) as files:
        yield partial(_compare, files, by_rate)


def _compare(files: Sequence[Path], rates: Mapping[str, float], every: Sequence[Foreseen]) -> list[Actual]:
    from operations.actual.reading import read

    stacks, accounts = {one.graph.stack for one in every}, {one.account for one in every}
    billed = read(files, stacks, accounts, rates)
    return [comparison.compare(one, billed) for one in every]


def _rate(said: str) -> tuple[str, float]:
    currency, _, amount = said.partition("=")
    try:
        rate = float(amount)
    except ValueError:
        rate = 0
    if len(currency) != 3 or not currency.isupper() or not 0 < rate < 1_000_000 or currency == "USD":
        raise BadInput(f"--rate: found {said!r}, allowed: dollars for one unit of a currency, such as EUR=1.08")
    return currency, rate


def teams_as_json(every: Sequence[Actual]) -> dict[str, Any]:
    """What each team did cost over all stacks, by month."""
    return {
        month: {team: billed.model_dump(mode="json") for team, billed in teams.items()}
        for month, teams in comparison.by_team(every).items()
    }


def show(every: Sequence[Actual], screen: Console) -> None:
    """Print what the bill says of stacks, and of their teams where there are several."""
    for actual in every:
        _show(actual, screen)
    if len(every) > 1:
        _show_teams(every, screen)


def _show(actual: Actual, screen: Console) -> None:
    for month in actual.months:
        _month(actual.stack, month, screen)
    if actual.untagged:
        table = console.folding_table("without the tag `stack`", "month", "resource")
        table.add_column("list cost", justify="right", no_wrap=True)
        for one in actual.untagged[:_MOST]:
            row = (one.service, one.month, one.resource or "none of this stack's", _dollars(one.cost.list))
            table.add_row(*map(Text, map(words.one_line, row)))
        table.title, table.title_justify = f"{actual.stack}: what its account did pay beside it", "left"
        screen.print(table, highlight=False)
    for one in actual.findings:
        style = "bold red" if one.fails else "yellow"
        screen.print(Text(words.one_line(f"{one.rule}: {one.message}. {one.remedy}"), style), highlight=False)


def _month(stack: str, month: Month, screen: Console) -> None:
    part = "" if month.whole else f", {month.since:%d %b %H:%M} to {month.until:%d %b %H:%M} UTC"
    screen.print(Text(f"{stack}, {month.month}{part}: {in_words(month)}"), highlight=False)
    table = console.folding_table("what")
    for figure in ("billed", "effective", "list", "contracted", "idle floor", "ceiling"):
        table.add_column(figure, justify="right", no_wrap=True)
    for service in month.services:
        mark = "" if service.foreseen else ", which nobody foresaw"
        table.add_row(Text(words.one_line(f"{service.service or 'no service'}{mark}")), *_costs(service.cost), "", "")
    table.add_section()
    table.add_row("used", *_costs(month.used), f"${month.idle_usd:,.2f}", _dollars(month.ceiling_usd))
    for category, money in month.beside.items():
        table.add_row(Text(words.one_line(category.lower() or "no category")), *_costs(money), "", "")
    table.add_row("everything", *_costs(month.total), "", "")
    table.add_section()
    for one in month.resources[:_MOST]:
        bounds = (_dollars(one.idle_usd), _dollars(one.ceiling_usd)) if one.idle_usd is not None else ("", "")
        table.add_row(Text(words.one_line(one.resource or one.id or "no resource")), *_costs(one.cost), *bounds)
    screen.print(table, highlight=False)
    if (rest := len(month.resources) - _MOST) > 0:
        screen.print(f"{counted(rest, 'more resource')} in --format json.", highlight=False)
    foreign = {currency: amount for currency, amount in month.currencies.items() if currency != "USD"}
    for currency, amount in foreign.items():
        screen.print(Text(words.one_line(f"billed in {currency or 'no currency'}: {amount:,.2f}")), highlight=False)


def in_words(month: Month) -> str:
    """How a month came out, in a few words."""
    if month.drift_percent is None:
        return f"its drift is unknown: {month.unknown}"
    used = f"${month.used.list:,.2f} used at list cost"
    if month.drift_percent == 0:
        return f"{used}, between floor and ceiling"
    where = "above the ceiling" if month.drift_percent > 0 else "below the floor"
    return f"{used}, {abs(month.drift_percent):g} percent {where}"


def _show_teams(every: Sequence[Actual], screen: Console) -> None:
    table = console.folding_table("month", "team")
    for figure in ("used, list cost", "idle floor", "ceiling"):
        table.add_column(figure, justify="right", no_wrap=True)
    for month, teams in comparison.by_team(every).items():
        for team, billed in teams.items():
            table.add_row(month, Text(words.one_line(team)), *_of_team(billed))
    table.title, table.title_justify = "teams, over all stacks named", "left"
    screen.print(table, highlight=False)


def _of_team(billed: TeamBilled) -> tuple[str, str, str]:
    return _dollars(billed.used_usd), f"${billed.idle_usd:,.2f}", f"${billed.ceiling_usd:,.2f}"


def _costs(money: Money) -> tuple[str, str, str, str]:
    return _dollars(money.billed), _dollars(money.effective), _dollars(money.list), _dollars(money.contracted)


def _dollars(amount: float | None) -> str:
    return "unknown" if amount is None else words.dollars(amount)


def used_by_team(actual: Actual) -> dict[str, float | None]:
    """What each team's resources of one stack did use over all months of the bill, at list cost; None is unknown."""
    found: dict[str, list[float | None]] = {}
    for team, billed in ((team, billed) for month in actual.months for team, billed in month.by_team.items()):
        found.setdefault(team, []).append(billed.used_usd)
    return {team: None if None in some else sum(one or 0 for one in some) for team, some in found.items()}
