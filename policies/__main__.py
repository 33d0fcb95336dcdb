"""The pack as the engine starts it (`pulumi up --policy-pack policies`): PolicyPack serves until the engine ends it."""

from datetime import date

from pulumi_policy import (
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import waivers
from policies.pack import RULES
from policies.rule import Rule


def honouring_waivers(rule: Rule) -> Rule:
    """The same rule, silent where a waiver in force names it and the resource."""
    known, today = waivers.load(), date.today()

    def silence(report: ReportViolation, own_urn: str | None, stack: str) -> ReportViolation:
        def reporting(message: str, urn: str | None = None) -> None:
            where = urn or own_urn
            if waivers.find(known.get(stack, []), rule.name, where.rpartition("::")[2] if where else None, today) is None:
                report(message, urn)

        return reporting

    if isinstance(rule, ResourceValidationPolicy):

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            rule.validate(args, silence(report, args.urn, stack_of(args.urn)))

        return ResourceValidationPolicy(
            name=rule.name,
            description=rule.description,
            validate=validate,
            enforcement_level=rule.enforcement_level,
            severity=rule.severity,
            remediation_steps=rule.remediation_steps,
        )

    def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
        first = next((resource.urn for resource in args.resources), "")
        rule.validate(args, silence(report, None, stack_of(first)))

    return StackValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate_stack,
        enforcement_level=rule.enforcement_level,
        severity=rule.severity,
        remediation_steps=rule.remediation_steps,
    )


def stack_of(urn: str) -> str:
    """The stack that a URN begins with."""
    return urn.partition("::")[0].removeprefix("urn:pulumi:")


if __name__ == "__main__":
    PolicyPack("mlplatform", [honouring_waivers(rule) for rules in RULES.values() for rule in rules])
