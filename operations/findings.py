"""How a finding is made. Every fact is a field, taken from the graph; none is read from the sentence."""

from typing import Literal

from catalogue.graph import Graph, Resource, part_of
from operations.verdict import CodeLine, Finding
from policies.rule import ProofName, Severity

Origin = Literal["policy", "checkov", "hardware", "cost", "render", "waiver", "step", "idle"]


def finding(
    graph: Graph,
    resource: Resource | None,
    sentence: str,
    *,
    source: Origin,
    rule: str,
    severity: Severity,
    remedy: str,
    proof: ProofName | None = None,
    mandatory: bool = True,
    stack_key: str | None = None,
) -> Finding:
    """A finding about a resource, or about the stack where there is none.

    `sentence` follows the resource's name: "has no permissions boundary". `stack_key` is the key of the stack file that
    mends it, where it is another than the one that asked for the resource.
    """
    component = graph.component_of(resource) if resource else None
    return Finding(
        source=source,
        rule=rule,
        severity=severity,
        mandatory=mandatory,
        proof=proof,
        urn=resource.urn if resource else None,
        resource=resource.name if resource else None,
        type=resource.type if resource else None,
        component=component.type if component else None,
        child=part_of(resource, component) if resource else None,
        stack_key=stack_key or (resource.stack_key if resource else None),
        message=f"{resource.name if resource else 'the stack'} {sentence}",
        remedy=remedy,
        place=code_line(resource),
    )


def code_line(resource: Resource | None) -> CodeLine | None:
    """The Python line that made a resource, for the report."""
    return CodeLine(file=resource.source.file, line=resource.source.line) if resource and resource.source else None
