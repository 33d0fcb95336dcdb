"""Where everything stands: one resource group, and the rules that hold in it whoever comes in."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, resources

from components.given import Args, Tags, Text

GUARDRAILS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "no-public-access": ("438c38d2-3772-465a-a9cc-7a6666a275ce", {}),
    "no-local-auth": ("e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f", {}),
    "idle-shutdown": ("679ddf89-ab8f-48a5-9029-e76054077449", {}),
    # Its isolationMode defaults to "Disabled": left out, it would refuse every workspace that is isolated.
    "approved-outbound": ("6ddb1705-c8cf-450e-aa4b-19ad6703c440", {"isolationMode": "AllowOnlyApprovedOutbound"}),
}
"""Built-in definitions of Azure Policy, category Machine Learning, and their parameters beside `effect`."""


@dataclass(kw_only=True)
class GroupArgs(Args):
    """What the resource group is called, and where it stands."""

    group_name: Text
    """The name of the resource group, which is new. A subscription has each name once."""
    region: Text
    """The Azure region in which the group is kept, such as eastus2."""
    tags: Tags
    """The tags of the resource group."""


class Group(pulumi.ComponentResource):
    """Creates the resource group and assigns four built-in definitions of Azure Policy to it.

    They hold for people and programs alike. They refuse a workspace with public access, a workspace without approved
    outbound, a compute with local authentication, and a compute instance that does not stop by itself.

    The group is protected, for deleting a group deletes all that is in it, protected or not. So are the four: they hold
    as long as anything stands in it.

    Source: https://github.com/Azure/azure-policy/tree/master/built-in-policies/policyDefinitions/Machine%20Learning
    """

    group_name: pulumi.Output[str]
    """The name of the resource group, for whatever is created in it."""
    group_id: pulumi.Output[str]
    """The id of the resource group, for roles and budgets on it."""

    def __init__(self, name: str, args: GroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Group", name, None, opts)
        group = resources.ResourceGroup(
            name,
            resource_group_name=args.group_name,
            location=args.region,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        for rule, (definition, parameters) in GUARDRAILS.items():
            authorization.PolicyAssignment(
                f"{name}-{rule}",
                policy_assignment_name=rule,
                display_name=pulumi.Output.concat(args.group_name, ": ", rule),
                policy_definition_id=f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
                parameters={key: {"value": value} for key, value in {"effect": "Deny", **parameters}.items()},
                scope=group.id,
                opts=pulumi.ResourceOptions(parent=self, protect=True),
            )
        self.group_name, self.group_id = group.name, group.id
        self.register_outputs({"group_name": self.group_name, "group_id": self.group_id})
