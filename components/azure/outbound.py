"""Ways out of the managed network beside those that Azure ML makes by itself: to queues and tables, for batch runs, and
to registries of others, for their images."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.given import Args, Text

GROUPS = ("queue", "table")


@dataclass(kw_only=True)
class OutboundArgs(Args):
    """The workspace whose managed network it is, and what its machines are to reach."""

    group_name: Text
    """The name of the resource group that the workspace is in."""
    workspace_name: Text
    """The name of the ML workspace."""
    storage_id: Text | None = None
    """The id of the storage account that the workspace has its default datastores on, whose queues and tables batch
    endpoints need. Whether it is given must be known."""
    registry_ids: Mapping[str, Text] = field(default_factory=dict[str, Text])
    """The ids of container registries of others, by their names, which must be known. The workspace's identity must
    have the right to approve a private endpoint of each by then."""


class Outbound(pulumi.ComponentResource):
    """Creates private endpoints in the managed network: for queues and tables of the workspace's storage account, and
    for registries of others.

    Azure ML makes those for blobs and files, and for the workspace's own registry, by itself. A batch deployment hands
    its mini-batches out by queues and tables, so without these two its runs hang. An image of another registry has no
    way in without its own. Each bills by the hour. A workspace has them once, for all that runs in it.

    A registry of others may be of another subscription, and is of the same directory. It is Premium, as private
    endpoints ask for.

    Sources: "Scenario: Use batch endpoints or ParallelRunStep" and "Private endpoints", at
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network
    """

    rule_ids: pulumi.Output[list[str]]
    """The ids of the rules. They are known only when all that they lead to can be reached."""

    def __init__(self, name: str, args: OutboundArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Outbound", name, None, opts)
        self._made: list[ml.ManagedNetworkSettingsRule] = []
        for group in GROUPS:
            if args.storage_id is not None:
                self._rule(f"{name}-{group}", f"storage-{group}", args, args.storage_id, group)
        for registry, id_ in args.registry_ids.items():
            self._rule(f"{name}-{registry}", f"registry-{registry}", args, id_, "registry")
        self.rule_ids = pulumi.Output.all(*(rule.id for rule in self._made)).apply(lambda ids: [*ids])
        self.register_outputs({"rule_ids": self.rule_ids})

    def _rule(self, name: str, rule_name: str, args: OutboundArgs, to: Text, group: str) -> None:
        rule = ml.ManagedNetworkSettingsRule(
            name,
            rule_name=rule_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.PrivateEndpointOutboundRuleArgs(
                type="PrivateEndpoint",
                category="UserDefined",
                destination=ml.PrivateEndpointDestinationArgs(
                    service_resource_id=to, subresource_target=group, spark_enabled=False
                ),
            ),
            # One change of a managed network at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._made[-1:]),
        )
        self._made.append(rule)
