"""Ways out of the managed network beside those that Azure ML makes by itself: to queues and tables, for batch runs."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.given import Args, Text

GROUPS = ("queue", "table")


@dataclass(kw_only=True)
class OutboundArgs(Args):
    """The workspace whose managed network it is, and the storage account of the workspace."""

    group_name: Text
    """The name of the resource group that the workspace is in."""
    workspace_name: Text
    """The name of the ML workspace."""
    storage_id: Text
    """The id of the storage account that the workspace has its default datastores on."""


class Outbound(pulumi.ComponentResource):
    """Creates private endpoints in the managed network for queues and tables of the workspace's storage account.

    Azure ML makes those for blobs and files by itself. A batch deployment hands its mini-batches out by queues and
    tables, so without these two its runs hang. Each bills by the hour. A workspace has them once, for all batch jobs.

    Source: "Scenario: Use batch endpoints or ParallelRunStep", at
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network
    """

    storage_id: pulumi.Output[str]
    """The id of the storage account. It is known only when the account's queues and tables can be reached."""

    def __init__(self, name: str, args: OutboundArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Outbound", name, None, opts)
        before: list[ml.ManagedNetworkSettingsRule] = []
        for group in GROUPS:
            rule = ml.ManagedNetworkSettingsRule(
                f"{name}-{group}",
                rule_name=f"storage-{group}",
                workspace_name=args.workspace_name,
                resource_group_name=args.group_name,
                properties=ml.PrivateEndpointOutboundRuleArgs(
                    type="PrivateEndpoint",
                    category="UserDefined",
                    destination=ml.PrivateEndpointDestinationArgs(
                        service_resource_id=args.storage_id, subresource_target=group, spark_enabled=False
                    ),
                ),
                # One change of a managed network at a time.
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(before)),
            )
            before.append(rule)
        self.storage_id = pulumi.Output.all(args.storage_id, before[-1].id).apply(lambda both: both[0])
        self.register_outputs({"storage_id": self.storage_id})
