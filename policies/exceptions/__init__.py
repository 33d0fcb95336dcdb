"""The exceptions of the design: where a component decides against a rule, said once, for every stack that has it.

An exception is a rule, one child of one component, and what must be true of the resource. Where that is not true the
finding stands. It holds in every stack and project of any name, offline and on the engine, for our own program and for
the component packages. What one stack decides is a waiver instead (`policies/waivers.py`). Why there are two is in
docs/adr/0007-exceptions-are-the-designs-and-waivers-a-stacks.md.

A platform's are the `EXCEPTIONS` of `policies/exceptions/<platform>.py`.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path

from catalogue.graph import Graph, Resource
from catalogue.platforms import PLATFORMS
from catalogue.properties import NotKnown


@dataclass(frozen=True)
class DesignException:
    """One decision of a component against a rule, ours or Checkov's.

    `component` names the components that the resource stands in, the outermost first: `Audit/PrivateBucket`. `child` is
    the resource's name after the name of the innermost of them; empty where both have one name. `type` is the
    resource's. `holds` says whether the reason is true of a resource. `decision` is the file of the decision record.
    With `shortened`, a name may be cut as Azure's are: letters and digits, the last four made from the whole name.
    """

    rule: str
    component: str
    child: str
    type: str
    holds: Callable[[Graph, Resource], bool]
    reason: str
    decision: str
    shortened: bool = False

    def is_about(self, platform: str, resource: Resource) -> bool:
        """Whether the resource is that child of that component. Type, parents and name are read from the URN.

        The engine refuses two resources of one URN, so no other resource can take the child's place.
        """
        types, name = _of(resource.urn)
        parents, parent = _of(resource.parent or "")
        components = [f"mlplatform-{platform}:index:{noun}" for noun in self.component.split("/")]
        if types != [*parents, self.type] or parents[-len(components) :] != components:
            return False
        whole = f"{parent}-{self.child}" if self.child else parent
        return name == whole or (self.shortened and _letters(name) == _cut(whole, len(_letters(name))))


def _of(urn: str) -> tuple[list[str], str]:
    """The types that a URN names, a resource's own last, and its name: `urn:pulumi:STACK::PROJECT::A$B$C::NAME`."""
    parts = urn.split("::", 3)
    return (parts[2].split("$"), parts[3]) if len(parts) == 4 else ([], "")


def _letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _cut(whole: str, length: int) -> str:
    """A name as `short` and `compact` of components/azure/names.py cut it, without its dashes."""
    letters = _letters(whole)
    if len(letters) <= length:
        return letters
    return letters[: length - 4] + hashlib.sha256(whole.encode()).hexdigest()[:4]


def of(platform: str) -> Sequence[DesignException]:
    """The exceptions of a platform, none for a name that is no platform's."""
    return import_module(f"policies.exceptions.{platform}").EXCEPTIONS if platform in PLATFORMS else ()


_DECIDED = re.compile(r"^\*\*Decided\*\* (\d{4}-\d{2}-\d{2})", re.MULTILINE)


@cache
def decided(decision: str) -> date | None:
    """The day of a decision, as its record says it. None where the record is not beside the rules, as in a pack."""
    record = Path(__file__).parents[2] / decision
    said = _DECIDED.search(record.read_text(encoding="utf-8")) if record.is_file() else None
    return date.fromisoformat(said[1]) if said else None


def find(graph: Graph, rule: str, resource: Resource | None) -> DesignException | None:
    """The exception that a finding of this rule on this resource falls under, or None: then the finding stands.

    It also stands where the reason cannot be read from the resource. Raises NotKnown where the reason follows from a
    value that is not known before `up`.
    """
    if resource is None:
        return None
    for each in of(graph.platform):
        if each.rule == rule and each.is_about(graph.platform, resource) and _holds(each, graph, resource):
            return each
    return None


def _holds(exception: DesignException, graph: Graph, resource: Resource) -> bool:
    try:
        return exception.holds(graph, resource)
    except NotKnown:
        raise
    except Exception:  # what cannot be read, or breaks the reader, has excused nothing
        return False
