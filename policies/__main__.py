"""The pack as the engine starts it (`pulumi up --policy-pack policies`): PolicyPack serves until the engine ends it.

One pack serves every platform, so a rule's name on the engine begins with its platform (`aws-network-proof`), and a
rule on the whole stack is silent where the stack has nothing on that platform.

To a rule on the whole stack the engine shows what the cloud answered and not what was sent. Azure's answers lack what
stands in a resource's path (scopes, parents, names), so the pack remembers each resource's inputs as they pass by and
lays them over its outputs, which is what the rules see offline.
"""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import waivers
from policies.pack import PLATFORMS, RULES
from policies.rule import Rule

_PACKAGES = {"aws": "aws:", "gcp": "gcp:", "azure": "azure-native:"}
_sent: dict[str, Mapping[str, Any]] = {}


def remember() -> Rule:
    """A rule that finds nothing and remembers what each resource is sent; the engine shows it every resource first."""

    def keep(args: ResourceValidationArgs, report: ReportViolation) -> None:
        _sent[args.urn] = args.props

    return ResourceValidationPolicy(
        name="remember-inputs",
        description="Remembers what is sent, for the rules on the whole stack; finds nothing by itself.",
        validate=keep,
        enforcement_level=EnforcementLevel.ADVISORY,
    )


def on_engine(platform: str, rule: Rule) -> Rule:
    """The same rule under its name on the engine, silent where a waiver in force names it and the resource."""
    known, today = waivers.load(), date.today()

    def silence(report: ReportViolation, own_urn: str | None, stack: str) -> ReportViolation:
        def reporting(message: str, urn: str | None = None) -> None:
            where = urn or own_urn
            resource = where.rpartition("::")[2] if where else None
            if waivers.find(known.get(stack, []), rule.name, resource, today) is None:
                report(message, urn)

        return reporting

    if isinstance(rule, ResourceValidationPolicy):

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            rule.validate(args, silence(report, args.urn, stack_of(args.urn)))

        return ResourceValidationPolicy(
            name=f"{platform}-{rule.name}",
            description=rule.description,
            validate=validate,
            enforcement_level=rule.enforcement_level,
            severity=rule.severity,
            remediation_steps=rule.remediation_steps,
        )

    def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
        here = next((r for r in args.resources if r.resource_type.startswith(_PACKAGES[platform])), None)
        if here is not None:
            lay_over(args.resources)
            rule.validate(args, silence(report, None, stack_of(here.urn)))

    return StackValidationPolicy(
        name=f"{platform}-{rule.name}",
        description=rule.description,
        validate=validate_stack,
        enforcement_level=rule.enforcement_level,
        severity=rule.severity,
        remediation_steps=rule.remediation_steps,
    )


def lay_over(resources: Sequence[PolicyResource]) -> None:
    """Put what was sent over what the cloud answered, once for each resource."""
    for resource in resources:
        if resource.urn in _sent and not isinstance(resource.props, ChainMap):
            props: Any = ChainMap(cast(dict[str, Any], _sent[resource.urn]), cast(dict[str, Any], resource.props))
            resource.props = props


def stack_of(urn: str) -> str:
    """The stack that a URN begins with."""
    return urn.partition("::")[0].removeprefix("urn:pulumi:")


if __name__ == "__main__":
    PolicyPack("mlplatform", [remember(), *(on_engine(p, rule) for p in PLATFORMS for rule in RULES[p])])
