"""Who did what: one log workspace that keeps a year, and what sends its logs there."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import applicationinsights, monitor, operationalinsights

from components.azure.names import AUTO_NAME, short
from components.given import Args, Tags, Text

KEEP_DAYS = 365


@dataclass(kw_only=True)
class AuditArgs(Args):
    """Where the one log workspace stands."""

    group_name: Text
    """The name of the resource group in which it is created."""
    region: Text
    """The Azure region in which logs are kept, such as eastus2."""
    given_log_workspace_id: Text | None = None
    """The log workspace that is there. It is left as it is. Where none is given, one is made."""
    tags: Tags
    """The tags of everything that is created."""


class Audit(pulumi.ComponentResource):
    """Creates the log workspace (Log Analytics), which keeps a year, and Application Insights on top of it.

    Vault, storage, registry, ML workspace and endpoints send their logs there. The log workspace is protected. One that
    is given is left as it is.

    Both refuse keys of their own: who reads or writes comes with an Entra identity. Platform logs arrive through
    Azure's own network. Ingestion from outside stays open to Entra identities, for the machines of the managed network
    reach Application Insights under the service tag AzureMonitor. The activity log of the subscription keeps management
    calls for 90 days by itself.

    Source: https://learn.microsoft.com/en-us/azure/azure-monitor/platform/diagnostic-settings
    """

    log_workspace_id: pulumi.Output[str]
    """The id of the log workspace, for whatever sends or queries logs."""
    insights_id: pulumi.Output[str]
    """The id of Application Insights, for the ML workspace."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Audit", name, None, opts)
        given = args.given_log_workspace_id
        self.log_workspace_id = self._workspace(name, args) if given is None else pulumi.Output.from_input(given)
        insights = applicationinsights.Component(
            f"{name}-insights",
            resource_group_name=args.group_name,
            location=args.region,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=self.log_workspace_id,
            disable_local_auth=True,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.insights_id = insights.id
        self.register_outputs({"log_workspace_id": self.log_workspace_id, "insights_id": self.insights_id})

    def _workspace(self, name: str, args: AuditArgs) -> pulumi.Output[str]:
        return operationalinsights.Workspace(
            short(name, 63 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            sku={"name": "PerGB2018"},
            retention_in_days=KEEP_DAYS,
            features={"disable_local_auth": True, "enable_log_access_using_only_resource_permissions": True},
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        ).id


def log_everything(name: str, of: Text, log_workspace_id: Text, opts: pulumi.ResourceOptions) -> None:
    """Create a diagnostic setting that sends every log of the resource `of` to the log workspace.

    A child's name is copied from the logical name, so it is set. How long logs are kept is the workspace's to say.
    """
    monitor.DiagnosticSetting(
        name,
        name="audit",
        resource_uri=of,
        workspace_id=log_workspace_id,
        logs=[{"category_group": "allLogs", "enabled": True}],
        opts=opts,
    )
