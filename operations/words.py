"""The words and figures that the report and the terminal share, so that both say the same of a verdict."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from operations.verdict import Cost, CreatedNode, Finding, Verdict

Standing = Literal["fails", "advisory", "waived"]

# Characters that XML 1.0 forbids, that control a terminal, that reverse the reading order, or that are invisible.
_UNPRINTABLE = re.compile(
    "[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_STANDINGS: tuple[Standing, ...] = ("fails", "advisory", "waived")
_SEVERITIES = ("critical", "high", "medium", "low")


def printable(text: str) -> str:
    """The text without the characters that a report, an XML file or a terminal must not get."""
    return _UNPRINTABLE.sub("", text)


def one_line(text: str) -> str:
    """The printable text on one line. White space is one space."""
    return " ".join(printable(text).split())


def dollars(amount: float) -> str:
    """An amount of dollars with cents. An amount above zero never reads as zero."""
    if 0 < abs(amount) < 0.005:
        return "<$0.01" if amount > 0 else ">-$0.01"
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as `1 finding` and `2 findings`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def day(when: date) -> str:
    """A day in ISO 8601."""
    return when.isoformat()


def standing(finding: Finding) -> Standing:
    """Whether a finding fails the verdict, only advises, or is waived."""
    if finding.waived is not None:
        return "waived"
    return "fails" if finding.mandatory else "advisory"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in reading order: failing, advisory, waived; in each group the most severe first."""
    return sorted(
        findings,
        key=lambda f: (_STANDINGS.index(standing(f)), _SEVERITIES.index(f.severity), f.rule, f.resource or ""),
    )


def findings_in_words(findings: Sequence[Finding]) -> str:
    """The number of failing, advisory and waived findings, in one phrase."""
    if not findings:
        return "no finding"
    count = {each: sum(standing(finding) == each for finding in findings) for each in _STANDINGS}
    failing = f"{count['fails']} failing" if count["fails"] else "none failing"
    return f"{counted(len(findings), 'finding')}: {failing}, {count['advisory']} advisory, {count['waived']} waived"


def known(cost: Cost, amount: float) -> str:
    """An amount of a bill, such as its ceiling. Where lines of the bill are unknown, it is "at least" that."""
    return f"{'at least ' if cost.unpriced else ''}{dollars(amount)}"


def unknown(cost: Cost) -> str:
    """How many lines of a bill are unknown, such as `2 lines unknown`. Empty where all are known."""
    return f"{counted(cost.unknown_lines, 'line')} unknown" if cost.unpriced else ""


def of_team(cost: Cost, team: str, amount: float) -> str:
    """An amount of one team. It is "at least" that where a line of the team is unknown."""
    return known(cost, amount) if any(missing.team == team for missing in cost.unpriced) else dollars(amount)


def bill_in_words(verdict: Verdict) -> str:
    """The bill a month and the budget, in one or two sentences. Where a line is unknown, no room is promised."""
    cost = verdict.cost
    but = f", {unknown(cost)}" if cost.unpriced else ""
    text = (
        f"The idle floor is {known(cost, cost.idle_usd)} a month and the ceiling {known(cost, cost.ceiling_usd)}{but}."
    )
    if cost.budget_usd is None:
        return f"{text} No budget is set."
    room = cost.budget_usd - cost.ceiling_usd
    if cost.idle_usd > cost.budget_usd:
        against = f"even the idle floor is {known(cost, cost.idle_usd - cost.budget_usd)} over it"
    elif room < 0:
        against = f"the ceiling is {known(cost, -room)} over it"
    elif cost.unpriced:
        against = "what is unknown may be more than is left of it"
    else:
        against = f"the ceiling is {dollars(room)} under it"
    return f"{text} The budget is {dollars(cost.budget_usd)}: {against}."


def noun(type_: str) -> str:
    """The last word of a Pulumi type, such as `Subnet`."""
    return one_line(type_).rsplit(":", 1)[-1]


def times(number: int, kind: str) -> str:
    """A resource type counted, with a proper multiplication sign."""
    return f"{number} \N{MULTIPLICATION SIGN} {kind}"


def is_component(node: CreatedNode) -> bool:
    """Whether a node of the tree is a component: it has parts, or it is empty and counts zero."""
    return bool(node.children) or node.count == 0


def held(node: CreatedNode) -> int:
    """The number of resources in a node of the tree.

    A component itself does not count, for it is nothing in the cloud.
    """
    return sum(held(child) for child in node.children) if node.children else node.count


def kinds(node: CreatedNode, deep: bool) -> list[tuple[str, int]]:
    """The counted resource types in a component, the most frequent first.

    With `deep`, those of inner components too.
    """
    count: dict[str, int] = {}
    for child in node.children:
        if not is_component(child):
            count[noun(child.type)] = count.get(noun(child.type), 0) + child.count
        elif deep:
            for kind, number in kinds(child, deep):
                count[kind] = count.get(kind, 0) + number
    return sorted(count.items(), key=lambda item: (-item[1], item[0]))
