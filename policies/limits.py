"""The limits: bounds with a number, an owner and a reason, from `policies/limits.yaml`."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).with_name("limits.yaml")


class Limit(BaseModel):
    """One bound. `value` is a number, or the list of what is allowed; `unit` says of what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float | list[str]
    unit: str
    owner: str
    reason: str

    @property
    def number(self) -> float:
        """The bound as a number. Raises TypeError for a list."""
        if isinstance(self.value, list):
            raise TypeError(f"a list of {self.unit} is no number")
        return self.value

    @property
    def allowed(self) -> list[str]:
        """The bound as a list of what is allowed. Raises TypeError for a number."""
        if not isinstance(self.value, list):
            raise TypeError(f"{self.unit} is no list")
        return self.value


class Limits(BaseModel):
    """All limits, and the quotas that the platform's owner declares for the account: name to limit, by platform."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: dict[str, Limit]
    quotas: dict[str, dict[str, Limit]]

    def __getitem__(self, name: str) -> Limit:
        return self.limits[name]


@cache
def load() -> Limits:
    """Read `policies/limits.yaml`, once. Raises pydantic.ValidationError when a limit lacks its owner or reason."""
    data: Any = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Limits.model_validate(data)
