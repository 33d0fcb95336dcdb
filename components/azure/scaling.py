"""How a deployment grows and shrinks: on requests a replica."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from components.given import Tags, Text
from components.shapes import Replicas


@dataclass
class Scaled:
    """One deployment of an endpoint, and the range of its replicas."""

    group_name: Text
    region: Text
    setting_name: Text
    endpoint_id: Text
    deployment_id: Text
    deployment_name: str
    replicas: Replicas
    tags: Tags


def scale_on_requests(
    name: str, args: Scaled, per_replica_per_minute: pulumi.Input[int], opts: pulumi.ResourceOptions
) -> monitor.AutoscaleSetting:
    """Create an autoscale setting: one replica more above the target, one less below half of it.

    The metric is the endpoint's RequestsPerMinute, counted for this deployment alone and divided by its replicas, for a
    deployment itself publishes no count of requests. One replica less must not be above the target at once, which Azure
    Monitor calls flapping: so the lower bound is half the target.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/monitor-azure-machine-learning-reference and
    https://learn.microsoft.com/en-us/azure/azure-monitor/autoscale/autoscale-flapping
    """
    half = pulumi.Output.from_input(per_replica_per_minute).apply(lambda target: target / 2)

    def rule(more: bool, threshold: pulumi.Input[float]) -> monitor.ScaleRuleArgs:
        compared = monitor.ComparisonOperationType.GREATER_THAN if more else monitor.ComparisonOperationType.LESS_THAN
        return monitor.ScaleRuleArgs(
            metric_trigger=monitor.MetricTriggerArgs(
                metric_name="RequestsPerMinute",
                metric_namespace="Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
                metric_resource_uri=args.endpoint_id,
                metric_resource_location=args.region,
                dimensions=[
                    monitor.ScaleRuleMetricDimensionArgs(
                        dimension_name="deployment",
                        operator=monitor.ScaleRuleMetricDimensionOperationType.EQUALS,
                        values=[args.deployment_name],
                    )
                ],
                divide_per_instance=True,
                statistic=monitor.MetricStatisticType.AVERAGE,
                time_aggregation=monitor.TimeAggregationType.AVERAGE,
                time_grain="PT1M",
                time_window="PT5M",
                operator=compared,
                threshold=threshold,
            ),
            scale_action=monitor.ScaleActionArgs(
                type=monitor.ScaleType.CHANGE_COUNT,
                direction=monitor.ScaleDirection.INCREASE if more else monitor.ScaleDirection.DECREASE,
                value="1",
                cooldown="PT1M" if more else "PT5M",
            ),
        )

    return monitor.AutoscaleSetting(
        name,
        autoscale_setting_name=args.setting_name,
        resource_group_name=args.group_name,
        location=args.region,
        enabled=True,
        target_resource_uri=args.deployment_id,
        profiles=[
            monitor.AutoscaleProfileArgs(
                name="requests",
                capacity=monitor.ScaleCapacityArgs(
                    minimum=str(args.replicas.least),
                    maximum=str(args.replicas.most),
                    default=str(args.replicas.least),
                ),
                rules=[rule(True, per_replica_per_minute), rule(False, half)],
            )
        ],
        tags=args.tags,
        opts=opts,
    )
