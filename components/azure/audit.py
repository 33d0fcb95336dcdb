"""Who did what: one log workspace that keeps a year, and what sends its logs there."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import applicationinsights, monitor, operationalinsights

from components.azure.names import AUTO_NAME, short

KEEP_DAYS = 365


@dataclass
class AuditArgs:
    """The one log workspace of the stack."""

    group_name: pulumi.Input[str]
    region: str
    tags: Mapping[str, str]


class Audit(pulumi.ComponentResource):
    """Creates the Log Analytics workspace that vault, storage, registry, ML workspace and endpoints log to, and
    Application Insights on top of it.

    Nothing is read or written with a key of its own (local authentication is off). Platform logs arrive through Azure's
    own network. Ingestion from outside stays open to Entra identities, for Application Insights of the managed network
    reaches it under the service tag AzureMonitor. The activity log of the subscription keeps management calls for 90
    days by itself. Rule: Azure Monitor, "Diagnostic settings".
    """

    workspace_id: pulumi.Output[str]
    insights_id: pulumi.Output[str]

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Audit", name, None, opts)
        workspace = operationalinsights.Workspace(
            short(name, 63 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            sku={"name": "PerGB2018"},
            retention_in_days=KEEP_DAYS,
            features={"disable_local_auth": True, "enable_log_access_using_only_resource_permissions": True},
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        insights = applicationinsights.Component(
            f"{name}-insights",
            resource_group_name=args.group_name,
            location=args.region,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=workspace.id,
            disable_local_auth=True,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.workspace_id, self.insights_id = workspace.id, insights.id
        self.register_outputs({"workspace_id": self.workspace_id})


def log_everything(
    name: str, of: pulumi.Input[str], workspace_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    """Create a diagnostic setting that sends every log of the resource `of` to the log workspace.

    A child's name is copied from the logical name, so it is set. How long logs are kept is the workspace's to say.
    """
    monitor.DiagnosticSetting(
        name,
        name="audit",
        resource_uri=of,
        workspace_id=workspace_id,
        logs=[{"category_group": "allLogs", "enabled": True}],
        opts=opts,
    )
