"""The waivers: named exceptions to one policy for one resource.

`policies/waivers.yaml` has those of the pilots that ship, `organisation/waivers.yaml` those of a company's own stacks.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalogue import organisation
from catalogue.errors import BadInput
from policies.reading import Entry, Text, read

FILE = Path(__file__).with_name("waivers.yaml")
SHIPPED, OWN = "policies/waivers.yaml", "organisation/waivers.yaml"


class Waiver(Entry):
    """One exception: a rule (ours or Checkov's id), a resource's logical name (`stack` for a finding on the whole
    stack), and until when; the last day counts.
    """

    rule: Text
    resource: Text
    expires: date = Field(strict=True)

    def expired(self, today: date) -> bool:
        """Whether the waiver's last day is past."""
        return today > self.expires


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    waivers: dict[str, list[Waiver]] = {}


@cache
def load() -> Mapping[str, list[Waiver]]:
    """Read both files, once: the waivers of each stack.

    Raises BadInput, one sentence, for one without owner, reason or expiry, and for a second one of the same rule and
    resource of a stack: two owners with two last days have decided nothing.
    """
    own = organisation.file("waivers.yaml")
    files = [read(FILE, SHIPPED, _File), *([read(own, OWN, _File)] if own else [])]
    found: dict[str, list[Waiver]] = {}
    seen: dict[tuple[str, str, str], str] = {}
    for file in files:
        for stack, waivers in file.waivers.items():
            for waiver in waivers:
                key = stack, waiver.rule, waiver.resource
                if key in seen:
                    what = f"{stack}: {waiver.rule} on {waiver.resource}"
                    raise BadInput(f"{waiver.file}: {what} is waived in {seen[key]} already; keep one waiver")
                seen[key] = waiver.file
            found.setdefault(stack, []).extend(waivers)
    return found


def find(waivers: list[Waiver], rule: str, resource: str | None, today: date) -> Waiver | None:
    """The waiver in force for this rule on this resource, or None."""
    named = resource or "stack"
    return next((w for w in waivers if w.rule == rule and w.resource == named and not w.expired(today)), None)
