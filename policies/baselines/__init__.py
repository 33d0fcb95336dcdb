"""Which control of which public baseline each rule answers, as data: one file a baseline.

A control is covered by rules of the pack, by Checkov's checks or by both; or it is not covered, or does not apply, and
the file says why. The words are ours; the address is the publisher's. `docs/baselines.md` is made of these files.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from catalogue.files import read
from policies import pack
from policies.reading import Text

FOLDER = Path(__file__).parent
UNNAMED = FOLDER / "unnamed.yaml"
Status = Literal["covered", "not covered", "does not apply"]


class Control(BaseModel):
    """One control. Exactly one of these is given: rules or checks, `not_covered`, `not_applicable`.

    A `*` in the name of a rule is any text. `note` is what the table cannot say otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[Text, BeforeValidator(str)]
    says: Text
    rules: tuple[Text, ...] = ()
    checkov: tuple[Text, ...] = ()
    not_covered: str = ""
    not_applicable: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _one_answer(self) -> "Control":
        if sum(map(bool, (self.rules or self.checkov, self.not_covered, self.not_applicable))) != 1:
            raise ValueError("give one of: rules or checkov, not_covered, not_applicable")
        return self

    @property
    def status(self) -> Status:
        """What the pack answers the control."""
        return "not covered" if self.not_covered else "does not apply" if self.not_applicable else "covered"

    def rules_of(self, platform: str) -> list[str]:
        """The rules of a platform that answer the control, in the order of the pack."""
        return [rule.name for rule in pack.shipped(platform) if _named(rule.name, self.rules)]


class Baseline(BaseModel):
    """One baseline: who reads which page, when, and its controls. `whole` where none of the source is left out.

    `address` is the page of one control, with `{id}` in it; without one it is the source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    source: Text
    address: str = ""
    read: date
    platforms: tuple[Literal["aws", "gcp", "azure"], ...] = Field(min_length=1)
    whole: bool = False
    left_out: str = ""
    controls: tuple[Control, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_what_is_left_out(self) -> "Baseline":
        ids = [control.id for control in self.controls]
        if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
            raise ValueError(f"has {twice[0]} twice")
        if self.whole == bool(self.left_out):
            raise ValueError("say what is left_out, or that the baseline is whole")
        return self

    def page_of(self, control: Control) -> str:
        """The publisher's page of a control."""
        return self.address.replace("{id}", control.id) or self.source


class _Unnamed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reasons: Mapping[str, tuple[str, ...]]


def _named(rule: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(rule, pattern) for pattern in patterns)


@cache
def baselines() -> Mapping[str, Baseline]:
    """Every baseline by the name of its file. Raises BadInput for a file that is wrong."""
    files = sorted(set(FOLDER.glob("*.yaml")) - {UNNAMED})
    return {file.stem: read(file, f"policies/baselines/{file.name}", Baseline) for file in files}


@cache
def unnamed() -> Mapping[str, Sequence[str]]:
    """Why no control names some rules: the reason, and the rules. A `*` in a name is any text."""
    return read(UNNAMED, "policies/baselines/unnamed.yaml", _Unnamed).reasons


def answered(platform: str, rule: str) -> Iterator[tuple[str, Baseline, Control]]:
    """The controls that a rule of a platform answers, each with its baseline and the name of that."""
    for name, baseline in baselines().items():
        if platform in baseline.platforms:
            yield from ((name, baseline, one) for one in baseline.controls if _named(rule, one.rules))


def why_unnamed(rule: str) -> str | None:
    """Why no control names a rule; None where no reason is said."""
    return next((why for why, rules in unnamed().items() if _named(rule, rules)), None)


def counts(baseline: Baseline) -> Mapping[Status, int]:
    """How many controls of a baseline are covered, are not, and do not apply."""
    said: Any = [control.status for control in baseline.controls]
    statuses: tuple[Status, ...] = ("covered", "not covered", "does not apply")
    return {status: said.count(status) for status in statuses}
