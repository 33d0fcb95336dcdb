"""The policy pack over a resource graph, in this process: what the engine would do with the same rules."""

from collections.abc import Iterable, Sequence

from pulumi_policy import (
    EnforcementLevel,
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
)

from operations.graph import Graph, Resource
from operations.verdict import Finding, Place
from policies.rule import Rule


def resources_for_policies(graph: Graph) -> list[PolicyResource]:
    """The graph's cloud resources and providers as the engine shows them to stack rules, references linked."""
    providers = {
        f"{r.urn}::{r.outputs.get('id')}": PolicyProviderResource(r.type, r.inputs, r.urn, r.name)
        for r in graph.resources
        if r.is_provider
    }
    made = {
        r.urn: PolicyResource(
            r.type,
            {**r.outputs, **r.inputs},
            r.urn,
            r.name,
            _options(r),
            providers.get(r.provider or ""),
            None,
            [],
            {},
        )
        for r in graph.resources
    }
    for resource in graph.resources:
        policy = made[resource.urn]
        policy.parent = made.get(resource.parent or "")
        policy.dependencies = [made[urn] for urn in resource.dependencies if urn in made]
        policy.property_dependencies = {
            key: [made[urn] for urn in urns if urn in made] for key, urns in resource.property_dependencies.items()
        }
    return [made[r.urn] for r in graph.resources if r.custom]


def _options(resource: Resource) -> PolicyResourceOptions:
    options = resource.options
    timeouts = PolicyCustomTimeouts(0, 0, 0)
    return PolicyResourceOptions(
        protect=resource.protect,
        ignore_changes=list(options.get("ignoreChanges", ())),
        delete_before_replace=options.get("deleteBeforeReplace"),
        aliases=[],
        custom_timeouts=timeouts,
        additional_secret_outputs=[],
        parent=resource.parent,
    )


def evaluate(graph: Graph, rules: Iterable[Rule], resources: Sequence[PolicyResource] | None = None) -> list[Finding]:
    """Run every rule over the graph and return what it reports, in the order of rules and resources.

    `resources` may be given where the caller has already made them. A disabled rule is not run.
    """
    known = resources_for_policies(graph) if resources is None else list(resources)
    findings: list[Finding] = []
    for rule in rules:
        if rule.enforcement_level is EnforcementLevel.DISABLED:
            continue
        if isinstance(rule, ResourceValidationPolicy):
            for item in known:
                resource = graph.by_urn[item.urn]
                args = ResourceValidationArgs(
                    item.resource_type, resource.inputs, item.urn, item.name, item.opts, item.provider
                )
                rule.validate(args, _reporter(findings, graph, rule, item.urn))
        else:
            rule.validate(StackValidationArgs(known), _reporter(findings, graph, rule, None))
    return findings


def _reporter(findings: list[Finding], graph: Graph, rule: Rule, own_urn: str | None) -> ReportViolation:
    """What a rule calls for each violation; a resource rule's is always about the resource it looks at."""

    def report(message: str, urn: str | None = None) -> None:
        findings.append(_finding(graph, rule, message, own_urn or urn))

    return report


def _finding(graph: Graph, rule: Rule, message: str, urn: str | None) -> Finding:
    resource = graph.by_urn.get(urn) if urn else None
    severity = rule.severity.value if rule.severity else "medium"
    return Finding(
        source="policy",
        rule=rule.name,
        severity=severity,
        mandatory=rule.enforcement_level is EnforcementLevel.MANDATORY,
        resource=resource.name if resource else None,
        message=f"{resource.name if resource else 'the stack'} {message}",
        remedy=rule.remediation_steps or "",
        place=place(resource),
    )


def place(resource: Resource | None) -> Place | None:
    """The Python line that made a resource, for the report."""
    return Place(file=resource.source.file, line=resource.source.line) if resource and resource.source else None
