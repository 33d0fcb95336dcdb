"""What the cloud itself refuses in the whole subscription: the preventive controls, as assignments of Azure Policy."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import authorization

from components.given import Args, Text

_ASSIGNED, _DEFINED = "policy-assignments", "policy-definitions"


@dataclass(kw_only=True)
class ControlsArgs(Args):
    """Which documents hold, and for which subscription."""

    subscription: Text
    """The subscription that they hold for. The provider must be of the same one, for the definitions stand in it."""
    documents: Mapping[str, str]
    """The documents as JSON, by name: the files that `mlplatform controls --out` writes, without `.json`."""


class Controls(pulumi.ComponentResource):
    """Assigns the built-in definitions of Azure Policy, and creates and assigns our own where none fits.

    It belongs into the landing zone's own program. Whoever is Owner of the subscription may take an assignment off,
    and whoever deploys a stack is one: they are bound only as long as they leave it. Everything is protected.

    https://learn.microsoft.com/en-us/azure/governance/policy/overview
    """

    assignment_ids: pulumi.Output[Sequence[str]]
    """The ids of the assignments."""

    def __init__(self, name: str, args: ControlsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Controls", name, None, opts)
        scope = pulumi.Output.concat("/subscriptions/", args.subscription)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        ids: list[pulumi.Output[str]] = []
        for said in _items(args.documents, _DEFINED, "definitions"):
            definition = authorization.PolicyDefinition(
                f"{name}-{said['name']}",
                policy_definition_name=said["name"],
                display_name=said["displayName"],
                policy_type=said["policyType"],
                mode=said["mode"],
                policy_rule=said["policyRule"],
                opts=kept,
            )
            assigned = authorization.PolicyAssignment(
                f"{name}-{said['name']}-assigned",
                policy_assignment_name=said["name"],
                display_name=said["displayName"],
                policy_definition_id=definition.id,
                enforcement_mode="Default",
                scope=scope,
                opts=kept,
            )
            ids.append(assigned.id)
        for said in _items(args.documents, _ASSIGNED, "assignments"):
            assigned = authorization.PolicyAssignment(
                f"{name}-{said['name']}-assigned",
                policy_assignment_name=said["name"],
                display_name=said["name"],
                policy_definition_id=said["policyDefinitionId"],
                parameters=said["parameters"],
                enforcement_mode=said["enforcementMode"],
                scope=scope,
                opts=kept,
            )
            ids.append(assigned.id)
        self.assignment_ids = pulumi.Output.all(*ids)
        self.register_outputs({"assignment_ids": self.assignment_ids})


def _items(documents: Mapping[str, str], name: str, key: str) -> list[dict[str, Any]]:
    return json.loads(documents[name])[key] if name in documents else []
