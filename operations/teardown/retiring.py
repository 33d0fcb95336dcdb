"""Lets `pulumi up` take away what the stack file no longer has: a retired model, a person who has left.

What holds data or people's work is protected, so the engine refuses an edit that takes it away, on this and every
later `up`. The stack file says under `allow` what may go. What it allows is emptied and released here, and `pulumi up`
deletes it.
"""

from dataclasses import dataclass
from datetime import date

from catalogue.graph import Resource
from operations.preview import Program, Programs
from operations.standing import judgement, steps
from operations.standing.reading import Standing
from operations.verdict import Finding, StepChange


@dataclass(frozen=True)
class Retired:
    """What a step takes away. `refused` says what of it the stack file does not allow."""

    goes: tuple[StepChange, ...]
    refused: tuple[Finding, ...]

    def resources(self, standing: Standing) -> list[Resource]:
        """What goes, as it stands."""
        return [standing.graph.by_urn[one.urn] for one in self.goes if one.urn in standing.graph.by_urn]


def retired(program: Program, standing: Standing, running: Programs, today: date) -> Retired:
    """What the stack file takes away of what stands and is protected. Raises as `Programs.step` does."""
    planned, _, step = steps.run(program, standing, running, today)
    found = judgement.findings(step, program.allow, today, planned)
    goes = tuple(one for one in step.changes if one.how in ("delete", "replace") and (one.protected or one.holds))
    return Retired(goes, tuple(one for one in found if one.fails))
