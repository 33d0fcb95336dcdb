"""Where alarms go: one action group that mails the owner, and the rules that query the log workspace."""

from dataclasses import dataclass
from typing import Protocol

import pulumi
from pulumi_azure_native import monitor

from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class AlertsArgs(Args):
    """Who hears of alarms."""

    group_name: Text
    """The name of the resource group in which the action group is created."""
    owner: Text
    """The e-mail address that alarms reach."""
    tags: Tags
    """The tags of the action group."""


class Alerts(pulumi.ComponentResource):
    """Creates the action group that mails the owner.

    Azure tells the owner by e-mail that they are in it. Nothing needs to be confirmed.

    Source: https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/action-groups
    """

    action_group_id: pulumi.Output[str]
    """The id of the action group, for alarms and budgets."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Alerts", name, None, opts)
        group = monitor.ActionGroup(
            name,
            resource_group_name=args.group_name,
            location="global",
            group_short_name="mlplatform",  # at most twelve characters; it signs text messages
            enabled=True,
            email_receivers=[{"name": "owner", "email_address": args.owner, "use_common_alert_schema": True}],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.action_group_id = group.id
        self.register_outputs({"action_group_id": self.action_group_id})


@dataclass
class QueryAlarm:
    """An alarm on a query of the log workspace: `column` compared with `threshold` over `window` (ISO 8601).

    With `split_by` it rings for each value of that column by itself, and says which.
    """

    description: Text
    query: Text
    column: str
    operator: str
    threshold: float
    window: str
    every: str
    split_by: str = ""


def rows(columns: str, *parts: Text) -> pulumi.Output[str]:
    """The rows of several tables as the head of a query, where a table that is not there yet has none.

    A table comes into being with its first row. A query that names one before fails, and Azure switches an alarm off
    that has failed for a week. `columns` is what each part projects, such as `Code: int`.

    Sources: https://learn.microsoft.com/en-us/kusto/query/union-operator (isfuzzy) and
    https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-troubleshoot-log
    """
    joined = pulumi.Output.all(*parts).apply(lambda known: "".join(f", ({part})" for part in known))
    return pulumi.Output.concat(f"union isfuzzy=true (datatable({columns})[])", joined)


class Watched(Protocol):
    """The arguments of a component that has alarms, as far as alarms need them."""

    group_name: Text
    region: Text
    log_workspace_id: Text
    action_group_id: Text
    tags: Tags


def alarm_on_logs(name: str, alarm: QueryAlarm, watched: Watched, opts: pulumi.ResourceOptions) -> None:
    """Create a scheduled query rule. A query that counts answers zero in silence, where a metric answers nothing."""
    monitor.ScheduledQueryRule(
        name,
        rule_name=name,
        kind="LogAlert",
        display_name=name,
        description=alarm.description,
        resource_group_name=watched.group_name,
        location=watched.region,
        enabled=True,
        severity=2,
        scopes=[watched.log_workspace_id],
        evaluation_frequency=alarm.every,
        window_size=alarm.window,
        auto_mitigate=True,
        skip_query_validation=True,  # the table comes into being with its first row
        criteria=monitor.ScheduledQueryRuleCriteriaArgs(
            all_of=[
                monitor.ConditionArgs(
                    query=alarm.query,
                    metric_measure_column=alarm.column,
                    dimensions=[monitor.DimensionArgs(name=alarm.split_by, operator="Include", values=["*"])]
                    if alarm.split_by
                    else None,
                    time_aggregation="Maximum",
                    operator=alarm.operator,
                    threshold=alarm.threshold,
                    failing_periods=monitor.ConditionFailingPeriodsArgs(
                        number_of_evaluation_periods=1, min_failing_periods_to_alert=1
                    ),
                )
            ]
        ),
        actions={"action_groups": [watched.action_group_id]},
        tags=watched.tags,
        opts=opts,
    )
