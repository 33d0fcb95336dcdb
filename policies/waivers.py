"""The waivers: what one stack decides against a rule, for one resource. What the design decides is an exception.

`policies/waivers.yaml` has those of the stacks that ship, `organisation/waivers.yaml` those of a company's own stacks.
"""

from collections.abc import Collection, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from catalogue import organisation
from catalogue.errors import BadInput
from catalogue.files import Mistake, read
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from catalogue.wording import did_you_mean
from policies import limits
from policies.reading import Entry, Text

FILE = Path(__file__).with_name("waivers.yaml")
SHIPPED, OWN = "policies/waivers.yaml", "organisation/waivers.yaml"
_WHOLE = "stack"
PROJECT = "mlplatform"
"""The project whose stacks need no project before their name in a file of waivers."""


class Waiver(Entry):
    """One waiver: a rule, a resource's logical name and type, the day on which it was granted, and its last day.

    For a finding on the whole stack the resource is `stack`, without a type. The rule is one of ours, by its name or by
    the engine's (`aws-network-proof`), or a check of Checkov's by its id. Both days count. Whoever renews a waiver
    grants it anew, so its age is how long ago somebody last signed it.
    """

    rule: Text
    resource: Text
    type: Text | None = None
    granted: date = Field(strict=True)
    expires: date = Field(strict=True)

    def expired(self, today: date) -> bool:
        """Whether the waiver's last day is past."""
        return today > self.expires

    def holds(self, today: date) -> bool:
        """Whether it is in force on a day: granted by then, and not past its last day."""
        return self.granted <= today <= self.expires

    @property
    def about(self) -> str:
        """The rule and the resource, as a sentence names both."""
        return f"{self.rule} on {self.resource}"

    def is_of(self, rule: str, resource: str | None, type_: str | None, platform: str) -> bool:
        """Whether it names this rule, by either of its names, and this resource, or the stack where there is none.

        Several resources of a stack may have one logical name, so the type says which is meant.
        """
        named = self.rule in (rule, f"{platform}-{rule}") and self.resource == (resource or _WHOLE)
        return named and self.type == (type_ if resource else None)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    waivers: dict[str, list[Waiver]] = {}


@cache
def load() -> Mapping[str, list[Waiver]]:
    """Read both files, once: the waivers of each stack of this project, and of each `PROJECT/STACK` of another.

    Raises BadInput, one sentence, for one without owner, reason or expiry, and for a second one of the same rule,
    resource and type of a stack: two owners with two last days have decided nothing.
    """
    own = organisation.file("waivers.yaml")
    files = [read(FILE, SHIPPED, _File, _lacks), *([read(own, OWN, _File, _lacks)] if own else [])]
    found: dict[str, list[Waiver]] = {}
    seen: dict[tuple[str, str, str, str | None], str] = {}
    for file in files:
        for written, waivers in file.waivers.items():
            stack = written.removeprefix(f"{PROJECT}/")
            for waiver in waivers:
                key = stack, _without_platform(waiver.rule), waiver.resource, waiver.type
                if key in seen:
                    what = f"{stack}: {waiver.about}"
                    raise BadInput(f"{waiver.file}: {what} is waived in {seen[key]} already; keep one waiver")
                seen[key] = waiver.file
            found.setdefault(stack, []).extend(waivers)
    return found


def _lacks(mistake: Mistake) -> str | None:
    """What a file of an earlier version has to add."""
    if mistake["type"] == "missing" and mistake["loc"][-1] == "granted":
        return ": is missing; add the day on which the owner granted the waiver, such as granted: 2026-11-26"
    return None


def _without_platform(rule: str) -> str:
    platform, _, rest = rule.partition("-")
    return rest if platform in PLATFORMS else rule


def check(today: date, stacks: Collection[str] | None = None) -> None:
    """Refuse a waiver that nobody may write: BadInput, one sentence.

    That is one of a rule that does not exist, or that is never waived; one of a resource without its type, or of the
    stack with one; one whose last day is before the day on which it was granted, or further from that day or from
    today than the limit `waiver-days`; and, where the `stacks` of this project are told, one of a stack that is none.
    """
    if not load():
        return
    from policies.names import known  # the rules of every platform: most stacks have no waiver, and need those of one

    names, most = known(), limits.load().limits["waiver-days"]
    for stack, waivers in load().items():
        for waiver in waivers:
            where = f"{waiver.file}: {stack}: {waiver.about}"
            if stacks is not None and "/" not in stack and stack not in stacks:
                raise BadInput(
                    f"{where}: no stack file Pulumi.{stack}.yaml is in stacks/ or beside one that is judged"
                    f"{did_you_mean(stack, sorted(stacks))}; write PROJECT/STACK for a stack of another project"
                )
            if waiver.rule not in names:
                of_checkov = waiver.rule.startswith("CKV")  # the number next to it is another matter
                listed = "; policies/checks.txt lists Checkov's ids" if of_checkov else did_you_mean(waiver.rule, names)
                raise BadInput(f"{where}: no rule has this name{listed}")
            if why := names[waiver.rule]:
                raise BadInput(f"{where}: this rule is never waived, for {why}; mend what it finds")
            if (waiver.type is None) is not (waiver.resource == _WHOLE):
                of_stack = "a type, and the stack has none; take it out"
                of_one = "no type, and another resource may have that name; add the one of the finding's line"
                raise BadInput(f"{where}: names {of_one if waiver.type is None else of_stack}")
            if waiver.expires < waiver.granted:
                raise BadInput(
                    f"{where}: its last day {waiver.expires} is before {waiver.granted}, when it was granted"
                )
            first = min(waiver.granted, today)  # a day to come would put its own last day off
            if (days := (waiver.expires - first).days) > most.number:
                since = f"{first}, when it was granted" if first == waiver.granted else f"today, {first}"
                raise BadInput(
                    f"{where}: its last day {waiver.expires} is {days} days after {since}, allowed: {most.number:g} "
                    f"(waiver-days of {most.file}); whoever renews a waiver grants it anew"
                )


def of(graph: Graph) -> list[Waiver]:
    """The waivers of the stack that a graph is of, by its name and by its project."""
    return load().get(graph.stack if graph.project == PROJECT else f"{graph.project}/{graph.stack}", [])


def line(rule: str, resource: str | None, type_: str | None) -> str:
    """The line that waives a rule on a resource. It is refused until somebody fills in owner, reason and both days."""
    named = {"rule": rule, "resource": resource or _WHOLE, **({"type": type_} if resource else {})}
    quoted = None if all(map(str.isprintable, filter(None, named.values()))) else '"'  # on one line, whatever it says
    written = yaml.safe_dump(named, default_flow_style=True, default_style=quoted, sort_keys=False, width=10**6)
    written = written.strip().removeprefix("{").removesuffix("}")
    return f"- {{{written}, owner: , reason: , granted: , expires: }}"


def find(
    waivers: list[Waiver], rule: str, resource: str | None, type_: str | None, platform: str, today: date
) -> Waiver | None:
    """The waiver in force for this rule on this resource of this type, or on the stack; None where there is none."""
    return next((w for w in waivers if w.is_of(rule, resource, type_, platform) and w.holds(today)), None)
