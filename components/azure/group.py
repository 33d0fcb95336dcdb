"""Where everything stands: one resource group, and the rules that hold in it whoever comes in."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, resources

GUARDRAILS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "no-public-access": ("438c38d2-3772-465a-a9cc-7a6666a275ce", {}),
    "no-local-auth": ("e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f", {}),
    "idle-shutdown": ("679ddf89-ab8f-48a5-9029-e76054077449", {}),
    # Its isolationMode defaults to "Disabled": left out, it would refuse every workspace that is isolated.
    "approved-outbound": ("6ddb1705-c8cf-450e-aa4b-19ad6703c440", {"isolationMode": "AllowOnlyApprovedOutbound"}),
}
"""Built-in definitions of Azure Policy, category Machine Learning, and their parameters beside `effect`."""


@dataclass
class GroupArgs:
    """`group_name` is fixed, so that people find it; a subscription has each name once."""

    group_name: str
    region: str
    tags: Mapping[str, str]


class Group(pulumi.ComponentResource):
    """Creates the resource group and assigns Azure Policy's guardrails to it.

    They refuse, to people and programs alike, a workspace with public access or without approved outbound, a compute
    with local authentication, and a compute instance that does not stop by itself. The group is protected: deleting it
    deletes what is in it, protected or not. Source: Azure/azure-policy, built-in-policies, "Machine Learning".
    """

    name: pulumi.Output[str]
    id: pulumi.Output[str]

    def __init__(self, name: str, args: GroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Group", name, None, opts)
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
                display_name=f"{args.group_name}: {rule}",
                policy_definition_id=f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
                parameters={key: {"value": value} for key, value in {"effect": "Deny", **parameters}.items()},
                scope=group.id,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.name, self.id = group.name, group.id
        self.register_outputs({"name": self.name, "id": self.id})
