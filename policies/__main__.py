"""The pack as the engine starts it (`pulumi up --policy-pack policies`): PolicyPack serves until the engine ends it."""

from datetime import date

from pulumi_policy import PolicyPack, ReportViolation, ResourceValidationPolicy, StackValidationPolicy

from policies import waivers
from policies.pack import RULES
from policies.rule import Rule


def honouring_waivers(rule: Rule) -> Rule:
    """The same rule, silent where a waiver in force names it and the resource."""
    known, today = waivers.load(), date.today()

    def silence(report: ReportViolation, own_urn: str | None) -> ReportViolation:
        def reporting(message: str, urn: str | None = None) -> None:
            where = urn or own_urn
            if waivers.find(known, rule.name, where.rpartition("::")[2] if where else None, today) is None:
                report(message, urn)

        return reporting

    kept = {
        "name": rule.name,
        "description": rule.description,
        "enforcement_level": rule.enforcement_level,
        "severity": rule.severity,
        "remediation_steps": rule.remediation_steps,
    }
    if isinstance(rule, ResourceValidationPolicy):
        return ResourceValidationPolicy(
            validate=lambda args, report: rule.validate(args, silence(report, args.urn)), **kept
        )
    return StackValidationPolicy(validate=lambda args, report: rule.validate(args, silence(report, None)), **kept)


if __name__ == "__main__":
    PolicyPack("mlplatform", [honouring_waivers(rule) for rules in RULES.values() for rule in rules])
