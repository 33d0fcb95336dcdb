"""How an endpoint grows and shrinks: on requests a replica, or on the backlog a replica from zero, and by the clock."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import appautoscaling, cloudwatch

from components.given import Tags, Text
from components.hours import Hours, Moment
from components.shapes import Replicas

_Tracking = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict


@dataclass(frozen=True)
class Scaling:
    """The range of replicas of one variant of an endpoint, and the hours in which it holds; None for all."""

    endpoint_name: Text
    variant: str
    replicas: Replicas
    tags: Tags
    hours: Hours | None = None


def scale_on_requests(
    name: str, args: Scaling, endpoint: Text, per_replica_per_minute: pulumi.Input[int], opts: pulumi.ResourceOptions
) -> None:
    """Create target tracking on invocations a replica and minute."""
    _track(
        f"{name}-scale-on-requests",
        _target(name, args, endpoint, opts),
        {
            "predefined_metric_specification": {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"},
            "target_value": per_replica_per_minute,
        },
        opts,
    )


def scale_on_backlog(
    name: str, args: Scaling, endpoint: Text, per_replica: pulumi.Input[int], opts: pulumi.ResourceOptions
) -> None:
    """Create target tracking on the queue a replica and, where the range starts at zero, what brings the first one."""
    target = _target(name, args, endpoint, opts)
    _track(
        f"{name}-scale-on-backlog",
        target,
        {
            "customized_metric_specification": {
                "namespace": "AWS/SageMaker",
                "metric_name": "ApproximateBacklogSizePerInstance",
                "statistic": "Average",
                "dimensions": [{"name": "EndpointName", "value": endpoint}],
            },
            "target_value": per_replica,
        },
        opts,
    )
    if args.replicas.least == 0:
        _wake(name, args, target, opts)


def _target(name: str, args: Scaling, endpoint: Text, opts: pulumi.ResourceOptions) -> appautoscaling.Target:
    moved = pulumi.ResourceOptions(ignore_changes=["minCapacity", "maxCapacity"])
    target = appautoscaling.Target(
        f"{name}-scale",
        service_namespace="sagemaker",
        scalable_dimension="sagemaker:variant:DesiredInstanceCount",
        resource_id=pulumi.Output.concat("endpoint/", endpoint, "/variant/", args.variant),
        min_capacity=args.replicas.least,
        max_capacity=args.replicas.most,
        tags=args.tags,
        # A scheduled action sets both bounds of the target itself. An update that set them back at night would start
        # what is off: https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/422
        opts=pulumi.ResourceOptions.merge(opts, moved) if args.hours else opts,
    )
    if args.hours:
        for moment in args.hours.begin:
            _move(f"{name}-opens", args.hours.timezone, moment, args.replicas.least, args.replicas.most, target, opts)
        for moment in args.hours.end:
            _move(f"{name}-closes", args.hours.timezone, moment, 0, 0, target, opts)
    return target


def _move(
    name: str,
    timezone: str,
    moment: Moment,
    least: int,
    most: int,
    target: appautoscaling.Target,
    opts: pulumi.ResourceOptions,
) -> None:
    """From this time on the replicas are between these two, which the service brings about at once.

    With 0 at most nothing starts one. What waits when the hours begin has one from zero by the alarm that wakes:
    https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
    """
    appautoscaling.ScheduledAction(
        f"{name}-{moment.clock}",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        schedule=f"cron({moment.minute} {moment.hour} ? * {moment.short_days} *)",
        timezone=timezone,
        scalable_target_action={"min_capacity": least, "max_capacity": most},
        opts=opts,
    )


def _track(name: str, target: appautoscaling.Target, tracking: _Tracking, opts: pulumi.ResourceOptions) -> None:
    appautoscaling.Policy(
        name,
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={**tracking, "scale_in_cooldown": 300, "scale_out_cooldown": 60},
        opts=opts,
    )


def _wake(name: str, args: Scaling, target: appautoscaling.Target, opts: pulumi.ResourceOptions) -> None:
    """From zero, target tracking has no instance to divide the backlog by: a step brings the first one."""
    step = appautoscaling.Policy(
        f"{name}-wake",
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration={
            "adjustment_type": "ChangeInCapacity",
            "cooldown": 300,
            "step_adjustments": [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}],
        },
        opts=opts,
    )
    cloudwatch.MetricAlarm(
        f"{name}-waiting",
        name=f"{name}-waiting",
        alarm_description=pulumi.Output.concat(args.endpoint_name, " has requests and no replica: starts the first"),
        namespace="AWS/SageMaker",
        metric_name="HasBacklogWithoutCapacity",
        dimensions={"EndpointName": args.endpoint_name},
        statistic="Average",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        period=60,
        evaluation_periods=2,
        treat_missing_data="missing",
        alarm_actions=[step.arn],
        tags=args.tags,
        opts=opts,
    )
