"""The page of a fleet: a row for each stack, the worst first, and what the teams cost together."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from operations import report, words
from operations.fleet.result import Fleet, Outcome, Result, State
from operations.pictures import Bar, Chart

STATES: dict[State, tuple[str, str]] = {
    "refused": ("REFUSED", "no"),
    "broke": ("BROKE", "no"),
    "missing": ("NOT DONE", "open"),
    "fail": ("FAIL", "no"),
    "pass": ("PASS", "yes"),
}
"""Each state as the page says it, with its colour, the worst first."""
_ORDER = tuple(STATES)


@dataclass(frozen=True)
class Team:
    """What one team has in a fleet: its floor and ceiling a month in words, and in dollars what a bill says it used.

    `used` is None where no bill was read, or it is unknown.
    """

    name: str
    stacks: int
    passed: int
    idle: str
    ceiling: str
    used: float | None


def html(fleet: Fleet) -> str:
    """The page, which needs no other file but the reports that it leads to."""
    rows = in_order(fleet.results)
    bars = [Bar(one.stack, "", *amounts(one.outcome)) for one in rows]
    top = max((bar.ceiling for bar in bars), default=0.0) or 1.0
    return report.filled(
        "fleet.html.j2",
        fleet=fleet,
        rows=rows,
        chart=Chart(bars, top, None, near=False),
        teams=teams(fleet.results),
        counts=in_words(fleet),
        states=STATES,
        said=said,
        read_bill=any(one.outcome.used_by_team for one in rows),
    )


def in_order(results: Sequence[Result]) -> list[Result]:
    """The results, the worst first."""
    return sorted(results, key=lambda one: (_ORDER.index(one.outcome.state), one.stack))


def in_words(fleet: Fleet) -> str:
    """How many stacks came out how: `1 refused, 2 fail, 297 pass`."""
    count = Counter(one.outcome.state for one in fleet.results)
    return ", ".join(f"{count[state]} {STATES[state][0].lower()}" for state in STATES if count[state]) or "no stack"


def amounts(outcome: Outcome) -> tuple[float, float]:
    """Idle floor and ceiling of a stack, in dollars a month."""
    return sum(idle for idle, _ in outcome.by_team.values()), sum(most for _, most in outcome.by_team.values())


def said(outcome: Outcome, amount: float) -> str:
    """An amount of a stack: "at least" where a line is unknown, and nothing where there is no bill."""
    if not outcome.by_team and not outcome.unknown_lines:
        return ""
    return f"{'at least ' if outcome.unknown_lines else ''}{words.dollars(amount)}"


def teams(results: Sequence[Result]) -> list[Team]:
    """What each team has, by its name. A stack without a bill counts for the team that its file names."""
    stacks: dict[str, list[Result]] = defaultdict(list)
    for one in results:
        for team in one.outcome.by_team or ([one.team] if one.team else ()):
            stacks[team].append(one)
    found: list[Team] = []
    for team, mine in sorted(stacks.items()):
        used = [one.outcome.used_by_team.get(team) for one in mine if one.outcome.used_by_team]
        found.append(
            Team(
                team,
                len(mine),
                sum(one.outcome.state == "pass" for one in mine),
                _sum(mine, team, 0),
                _sum(mine, team, 1),
                None if None in used or not used else sum(amount or 0 for amount in used),
            )
        )
    return found


def _sum(mine: Sequence[Result], team: str, which: int) -> str:
    """The floor or the ceiling of a team's stacks: "at least" where one has no bill, or a bill has unknown lines."""
    bills = [one.outcome.by_team[team] for one in mine if team in one.outcome.by_team]
    if not bills:
        return "unknown"
    least = len(bills) < len(mine) or any(one.outcome.unknown_lines for one in mine)
    return f"{'at least ' if least else ''}{words.dollars(sum(bill[which] for bill in bills))}"
