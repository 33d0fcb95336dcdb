"""The waivers: named exceptions to one policy for one resource, from `policies/waivers.yaml`."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).with_name("waivers.yaml")


class Waiver(BaseModel):
    """One exception: a rule (ours or Checkov's id), a resource's logical name (`stack` for a finding on the whole
    stack), and until when; the last day counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    resource: str
    owner: str
    reason: str
    expires: date

    def expired(self, today: date) -> bool:
        """Whether the waiver's last day is past."""
        return today > self.expires


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    waivers: dict[str, list[Waiver]]


@cache
def load() -> dict[str, list[Waiver]]:
    """Read `policies/waivers.yaml`, once: the waivers of each stack.

    Raises pydantic.ValidationError for one without owner, reason or expiry.
    """
    data: Any = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return _File.model_validate(data).waivers


def find(waivers: list[Waiver], rule: str, resource: str | None, today: date) -> Waiver | None:
    """The waiver in force for this rule on this resource, or None."""
    named = resource or "stack"
    return next((w for w in waivers if w.rule == rule and w.resource == named and not w.expired(today)), None)
