"""Whether an endpoint may stand idle, as its stack file says: until a day, which a limit bounds."""

from collections.abc import Iterator, Mapping
from datetime import date

from catalogue.graph import Graph
from operations.findings import finding
from operations.verdict import Finding
from policies import limits
from stacks.model import Exemption


def holds(given: Exemption, today: date) -> tuple[bool, str]:
    """Whether an exemption holds, and what is to be said of it."""
    until, most = date.fromisoformat(given.until), limits.load().limits["waiver-days"]
    if today > until:
        return False, f"the exemption of {given.owner} ended on {until}"
    if (until - today).days > most.number:
        bound = f"further away than the {most.number:g} days of waiver-days"
        return False, f"the exemption of {given.owner} until {until} is {bound}"
    return True, f"exempt until {until}, by {given.owner}: {given.reason}"


def findings(exempt: Mapping[str, Exemption], today: date, graph: Graph) -> Iterator[Finding]:
    """What a stack file lets stand idle, for whoever reviews the file. One that lasts too long is mandatory."""
    for name, given in exempt.items():
        fine, said = holds(given, today)
        too_long = not fine and today <= date.fromisoformat(given.until)
        yield finding(
            graph,
            None,
            f"has an exemption for {name} to stand idle: {said}",
            source="idle",
            rule="idle-exempt-ends" if too_long else "idle-exempt",
            severity="high" if too_long else "low",
            remedy=f"Set mlplatform:idle.exempt.{name}.until to a day that the limit allows."
            if too_long
            else "Take it out of mlplatform:idle once the endpoint is called again, or off.",
            mandatory=too_long,
        )
