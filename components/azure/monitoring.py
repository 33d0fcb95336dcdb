"""Where alarms go: one action group that mails the owner, and the rules that query the log workspace."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor


@dataclass
class AlertsArgs:
    """`owner` is the e-mail address that alarms reach."""

    group_name: pulumi.Input[str]
    owner: str
    tags: Mapping[str, str]


class Alerts(pulumi.ComponentResource):
    """Creates the action group. Azure tells the owner by e-mail that they are in it; nothing needs to be confirmed."""

    group_id: pulumi.Output[str]

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Alerts", name, None, opts)
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
        self.group_id = group.id
        self.register_outputs({"group_id": self.group_id})


@dataclass
class QueryAlarm:
    """An alarm on a query of the log workspace: `column` compared with `threshold` over `window` (ISO 8601)."""

    description: str
    query: str
    column: str
    operator: str
    threshold: float
    window: str
    every: str


@dataclass
class Watched:
    """What every alarm needs of its surroundings."""

    group_name: pulumi.Input[str]
    region: str
    log_workspace_id: pulumi.Input[str]
    action_group_id: pulumi.Input[str]
    tags: Mapping[str, str]


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
        criteria={
            "all_of": [
                {
                    "query": alarm.query,
                    "metric_measure_column": alarm.column,
                    "time_aggregation": "Maximum",
                    "operator": alarm.operator,
                    "threshold": alarm.threshold,
                    "failing_periods": {"number_of_evaluation_periods": 1, "min_failing_periods_to_alert": 1},
                }
            ]
        },
        actions={"action_groups": [watched.action_group_id]},
        tags=watched.tags,
        opts=opts,
    )
