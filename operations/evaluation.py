"""Runs the policy pack over a resource graph in this process, as the engine does with the same rules."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalogue.graph import Graph
from operations.findings import finding
from operations.verdict import Finding
from policies import levels
from policies.rule import Rule, Violation


@dataclass(frozen=True)
class Evaluated:
    """The findings, in the order of rules and resources, and how many checks passed.

    A check is one rule on one resource, or on the stack. A rule that had nothing to look at made no check.
    """

    findings: list[Finding]
    passed: int


def evaluate(graph: Graph, rules: Iterable[Rule]) -> Evaluated:
    """Run every rule over the graph."""
    findings: list[Finding] = []
    passed = 0
    for rule in rules:
        judged = rule.judge(graph)
        passed += judged.passed
        findings += [as_finding(graph, rule, violation) for violation in judged.violations]
    return Evaluated(findings, passed)


def as_finding(graph: Graph, rule: Rule, violation: Violation) -> Finding:
    """A violation as a verdict has it. It is advice where the rule must wait, or is advice in other programs."""
    advice = violation.waits is not None or (rule.advice_elsewhere and not graph.ours)
    line = None if advice else levels.lowered(rule, graph)
    found = finding(
        graph,
        violation.resource,
        violation.sentence,
        source="policy",
        rule=rule.name,
        severity=rule.severity,
        remedy=rule.remedy,
        proof=rule.proof,
        mandatory=rule.mandatory and not advice and line is None,
        stack_key=rule.stack_key if graph.ours else None,
    )
    if line is None:
        return found
    return found.model_copy(update={"lowered": f"{line.reason} ({line.owner}, {'.'.join(line.at)} of {line.file})"})
