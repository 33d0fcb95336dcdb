"""Several verdicts in one index with a row for each stack, and a few of them side by side.

Side by side, each stack has a column with its proofs, findings, resources, money and hardware.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from operations import words
from operations.verdict import PROOFS, Cost, CreatedNode, HardwareUse, Proof, ProofState, Verdict


@dataclass(frozen=True)
class Cell:
    """One stack on one line: the text, the detail below it, and the state that gives the colour."""

    text: str
    detail: str = ""
    state: ProofState | None = None
    share: float | None = None
    """The length of an amount's bar: its share of the largest amount on the line, from 0 to 1."""


@dataclass(frozen=True)
class Row:
    """One line of the comparison. `cells` are in the order of the stacks."""

    label: str
    cells: tuple[Cell, ...]


MOST_COLUMNS = 3
"""The stacks that a person can read side by side. More have the index alone."""


@dataclass(frozen=True)
class Comparison:
    """The stacks in order, and the lines that put them side by side. There are none for more than MOST_COLUMNS."""

    verdicts: tuple[Verdict, ...]
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether every stack passes."""
        return all(verdict.passed for verdict in self.verdicts)


def compare(verdicts: Sequence[Verdict]) -> Comparison:
    """Put verdicts side by side. A proof that a verdict does not have is `not yet`."""
    if len(verdicts) > MOST_COLUMNS:
        return Comparison(tuple(verdicts), ())
    rows = [
        Row("platform", tuple(Cell(v.platform, f"{v.region}, {v.account}") for v in verdicts)),
        *(Row(name, tuple(_proof(v, name) for v in verdicts)) for name in PROOFS),
        Row("findings", tuple(_findings(v) for v in verdicts)),
        Row("checks passed", tuple(_checks(v) for v in verdicts)),
        Row("resources", tuple(Cell(f"{v.resources:,}") for v in verdicts)),
        _amounts("idle floor a month", [(v.cost.idle_usd, v.cost) for v in verdicts]),
        _amounts("ceiling a month", [(v.cost.ceiling_usd, v.cost) for v in verdicts]),
        _amounts("budget a month", [(v.cost.budget_usd, None) for v in verdicts]),
        *_hardware(verdicts),
        Row("manual steps", tuple(Cell(str(len(v.manual_steps))) for v in verdicts)),
    ]
    return Comparison(tuple(verdicts), tuple(rows))


def proofs_of(verdict: Verdict) -> list[Proof]:
    """The five proofs in their order. One that the verdict does not have is `not yet`."""
    made = {proof.name: proof for proof in verdict.proofs}
    return [made.get(name, Proof(name=name, state="not yet", fact="nobody tried it")) for name in PROOFS]


def proofs_in_words(verdict: Verdict) -> str:
    """The proofs by how far they have come: `4 planned, 1 not yet`."""
    states = Counter(proof.state for proof in proofs_of(verdict))
    return ", ".join(f"{states[state]} {state}" for state in get_args(ProofState) if states[state])


def _proof(verdict: Verdict, name: str) -> Cell:
    tried = next(proof for proof in proofs_of(verdict) if proof.name == name)
    return Cell(tried.state, tried.fact, tried.state)


def _findings(verdict: Verdict) -> Cell:
    return Cell(words.standings_in_words(verdict.findings), state="failed" if verdict.failing else None)


def _checks(verdict: Verdict) -> Cell:
    return Cell(", ".join(f"{source} {number}" for source, number in verdict.checks_passed.items()) or "none")


def _amounts(label: str, amounts: Sequence[tuple[float | None, Cost | None]]) -> Row:
    """A line of amounts on one scale. Each comes with the bill that it is of, so that it can be "at least"."""
    most = max((amount for amount, _ in amounts if amount is not None), default=0)

    def cell(amount: float | None, of: Cost | None) -> Cell:
        if amount is None:
            return Cell("none")
        share = max(0, amount / most) if most else 0
        return (
            Cell(words.known(of, amount), words.unknown(of), share=share)
            if of
            else Cell(words.dollars(amount), share=share)
        )

    return Row(label, tuple(cell(*each) for each in amounts))


def _hardware(verdicts: Sequence[Verdict]) -> list[Row]:
    """One line for each use of hardware, by its key in the stack files, with the machines on each platform.

    A key may use several machines, as a workspace does whose people have one each.
    """
    uses: list[dict[str, list[HardwareUse]]] = []
    for verdict in verdicts:
        mine: dict[str, list[HardwareUse]] = {}
        for use in verdict.hardware:
            mine.setdefault(use.stack_key or use.name, []).append(use)
        uses.append(mine)
    names = dict.fromkeys(name for mine in uses for name in mine)
    return [
        Row(name, tuple(_uses(verdict, name, mine.get(name, [])) for verdict, mine in zip(verdicts, uses, strict=True)))
        for name in names
    ]


def _uses(verdict: Verdict, key: str, uses: Sequence[HardwareUse]) -> Cell:
    if not uses and key == "workspace" and _has(verdict.created, ":Workspace"):
        return Cell("none that runs by itself", "people start their own")
    if not uses:
        return Cell("none")
    told = Counter(f"{use.family}, {use.use}, {use.replicas}" for use in uses)
    text = "; ".join(f"{count} × {what}" if count > 1 else what for what, count in told.items())
    return Cell(text, ", ".join(dict.fromkeys(use.machine_type for use in uses)))


def _has(nodes: Sequence[CreatedNode], component: str) -> bool:
    return any(node.type.endswith(component) or _has(node.children, component) for node in nodes)
