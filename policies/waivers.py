"""The waivers: named exceptions to one policy for one resource, from `policies/waivers.yaml`."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

FILE = Path(__file__).with_name("waivers.yaml")


class BadWaivers(ValueError):
    """The file of waivers is wrong: `str()` is one sentence with the place in it."""


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

    Raises BadWaivers, one sentence, for one without owner, reason or expiry.
    """
    try:
        data: Any = yaml.safe_load(FILE.read_text(encoding="utf-8"))
        return _File.model_validate(data).waivers
    except ValidationError as error:
        first = error.errors()[0]
        raise BadWaivers(f"{FILE.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except yaml.YAMLError as error:
        raise BadWaivers(f"{FILE.name}: is not valid YAML: {' '.join(str(error).split())}") from None


def find(waivers: list[Waiver], rule: str, resource: str | None, today: date) -> Waiver | None:
    """The waiver in force for this rule on this resource, or None."""
    named = resource or "stack"
    return next((w for w in waivers if w.rule == rule and w.resource == named and not w.expired(today)), None)
