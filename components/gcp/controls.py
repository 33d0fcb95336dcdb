"""What the cloud itself refuses in every project below: the preventive controls, as organization policies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import orgpolicy

from components.given import Args, Text

_POLICIES, _CUSTOM = "organization-policies", "custom-constraints"


@dataclass(kw_only=True)
class ControlsArgs(Args):
    """Which documents hold, and below what."""

    organization: Text
    """The organization in which the custom constraints stand, such as organizations/123456789012."""
    target: Text
    """What the policies hold for: organizations/, folders/ or projects/ and an id."""
    documents: Mapping[str, str]
    """The documents as JSON, by name: the files that `mlplatform controls --out` writes, without `.json`."""


class Controls(pulumi.ComponentResource):
    """Creates the custom constraints in the organization, and the policies that put them and Google's own in force.

    It belongs into the landing zone's own program, run by an administrator of organization policies: no project is
    bound by what its owners can take off. Everything is protected. A policy stands after the constraint that it names.
    A policy of the target that something else manages is overwritten: one target has one policy a constraint.

    https://cloud.google.com/resource-manager/docs/organization-policy/creating-managing-custom-constraints
    """

    policy_names: pulumi.Output[Sequence[str]]
    """The names of the policies."""

    def __init__(self, name: str, args: ControlsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Controls", name, None, opts)
        custom: dict[str, orgpolicy.CustomConstraint] = {}
        for said in _items(args.documents, _CUSTOM, "customConstraints"):
            custom[said["name"]] = orgpolicy.CustomConstraint(
                f"{name}-{said['name']}",
                name=said["name"],
                parent=args.organization,
                action_type=said["actionType"],
                condition=said["condition"],
                display_name=said["displayName"],
                method_types=said["methodTypes"],
                resource_types=said["resourceTypes"],
                opts=pulumi.ResourceOptions(parent=self, protect=True),
            )
        names: list[pulumi.Output[str]] = []
        for said in _items(args.documents, _POLICIES, "policies"):
            constraint = said["constraint"]
            full = pulumi.Output.concat(args.target, "/policies/", constraint)
            orgpolicy.Policy(
                f"{name}-{constraint}-in-force",
                name=full,
                parent=args.target,
                spec=orgpolicy.PolicySpecArgs(rules=[_rule(rule) for rule in said["spec"]["rules"]]),
                opts=pulumi.ResourceOptions(
                    parent=self, protect=True, depends_on=[custom[constraint]] if constraint in custom else None
                ),
            )
            names.append(full)
        self.policy_names = pulumi.Output.all(*names)
        self.register_outputs({"policy_names": self.policy_names})


def _items(documents: Mapping[str, str], name: str, key: str) -> list[dict[str, Any]]:
    return json.loads(documents[name])[key] if name in documents else []


def _rule(said: Mapping[str, Any]) -> orgpolicy.PolicySpecRuleArgs:
    """A rule as Pulumi's provider takes it, in which a switch is a text."""
    if "values" in said:
        values = orgpolicy.PolicySpecRuleValuesArgs(
            allowed_values=said["values"].get("allowedValues"), denied_values=said["values"].get("deniedValues")
        )
        return orgpolicy.PolicySpecRuleArgs(values=values)
    if said.get("denyAll"):
        return orgpolicy.PolicySpecRuleArgs(deny_all="TRUE")
    return orgpolicy.PolicySpecRuleArgs(enforce="TRUE" if said["enforce"] else "FALSE")
