"""A served model: `online`, which answers at once, or `async`, which answers through a queue and scales to zero."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, sagemaker

from components.aws.model import ModelArgs, isolated_model
from components.aws.scaling import ScalingArgs, scale_on_backlog, scale_on_requests
from components.shapes import Machine, Replicas, Rollout

VARIANT = "live"
REACH = ("sagemaker.runtime",)
"""What callers inside the network need; SageMaker itself fetches image and artifact, the latter through S3."""


@dataclass
class EndpointArgs:
    """What both kinds share. Machines with local NVMe refuse the key of `volume_key_arn` and get none.

    `endpoint_name` is pinned, so that alarms, callers and policies can name it. `enabled=False` leaves the model and
    takes what runs.
    """

    endpoint_name: str
    enabled: bool
    model: ModelArgs
    machine: Machine
    replicas: Replicas
    volume_key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


@dataclass
class OnlineArgs:
    """The canary of the rollout is a share of the replicas; there is one more of them for so many requests."""

    requests_per_replica_per_minute: int
    rollout: Rollout


@dataclass
class AsyncArgs:
    """Results go to `output_uri`, encrypted with `output_key_arn`; one replica more for each `backlog_per_replica`.

    A new version takes everything at once; a share of 5xx answers above `error_rate_percent` takes it back.
    """

    backlog_per_replica: int
    error_rate_percent: float
    output_uri: pulumi.Input[str]
    output_key_arn: pulumi.Input[str]


class Endpoint(pulumi.ComponentResource):
    """Creates a model and, while enabled, its endpoint, alarms and autoscaling.

    The model runs in the VPC with network isolation. The endpoint configuration's name is left to Pulumi, so that a
    new one stands before the old goes (issue 21811 of terraform-provider-aws). A deployment is blue/green: traffic
    shifts (`online`: a canary first) and alarms on errors (`online`: and p95 latency) roll it back. Every alarm names
    endpoint and variant, for a filter on the endpoint alone matches nothing. To change the hardware family of a running
    endpoint, switch it off, `up`, and on again: a variant under autoscaling refuses another machine type (issue 14337).
    """

    endpoint_name: pulumi.Output[str] | None

    def __init__(
        self,
        name: str,
        args: EndpointArgs,
        kind: OnlineArgs | AsyncArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mlplatform:aws:Endpoint", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = isolated_model(f"{name}-model", args.model, args.tags, self._child)
        self.endpoint_name = self._run(name, args, kind, model.name) if args.enabled else None
        self.register_outputs({"endpoint_name": self.endpoint_name})

    def _run(
        self, name: str, args: EndpointArgs, kind: OnlineArgs | AsyncArgs, model_name: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        configuration = sagemaker.EndpointConfiguration(
            f"{name}-config",
            kms_key_arn=None if args.machine.local_nvme else args.volume_key_arn,
            production_variants=[
                {
                    "variant_name": VARIANT,
                    "model_name": model_name,
                    "instance_type": args.machine.type,
                    "initial_instance_count": max(args.replicas.least, 1),
                    "initial_variant_weight": 1,
                }
            ],
            async_inference_config=_async_inference(kind),
            tags=args.tags,
            opts=self._child,
        )
        bounds = kind.rollout if isinstance(kind, OnlineArgs) else kind
        alarms = [self._errors(name, args, bounds.error_rate_percent)]
        if isinstance(kind, OnlineArgs):
            alarms.append(self._latency(name, args, kind.rollout.p95_latency_ms))
            self._idle(name, args)
        endpoint = sagemaker.Endpoint(
            name,
            name=args.endpoint_name,
            endpoint_config_name=configuration.name,
            deployment_config={
                "blue_green_update_policy": {
                    "traffic_routing_configuration": _traffic(kind),
                    "termination_wait_in_seconds": 300,
                    "maximum_execution_timeout_in_seconds": 14_400,
                },
                "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm.name} for alarm in alarms]},
            },
            tags=args.tags,
            opts=self._child,
        )
        scaling = ScalingArgs(args.endpoint_name, VARIANT, args.replicas, args.tags)
        if isinstance(kind, OnlineArgs):
            scale_on_requests(name, scaling, endpoint.name, kind.requests_per_replica_per_minute, self._child)
        else:
            scale_on_backlog(name, scaling, endpoint.name, kind.backlog_per_replica, self._child)
        names = pulumi.Output.all(endpoint.name, endpoint.endpoint_config_name, configuration.name)
        return names.apply(lambda three: name_if_served(*three))

    def _alarm(
        self, name: str, args: EndpointArgs, metric: str, description: str, **how: pulumi.Input[float | int | str]
    ) -> cloudwatch.MetricAlarm:
        settings = {"period": 60, "evaluation_periods": 3, "treat_missing_data": "notBreaching", **how}
        return cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=description,
            namespace="AWS/SageMaker",
            metric_name=metric,
            dimensions={"EndpointName": args.endpoint_name, "VariantName": VARIANT},
            alarm_actions=[args.topic_arn],
            tags=args.tags,
            opts=self._child,
            **settings,  # pyright: ignore[reportArgumentType]
        )

    def _errors(self, name: str, args: EndpointArgs, most_percent: float) -> cloudwatch.MetricAlarm:
        # The metric is 1 for a 5xx answer and 0 for any other, so its average is the error rate; asynchronous
        # endpoints publish it too, where they publish no Invocations to divide by.
        return self._alarm(
            f"{name}-errors",
            args,
            "Invocation5XXErrors",
            f"more than {most_percent:g} % of the answers of {args.endpoint_name} are errors",
            statistic="Average",
            comparison_operator="GreaterThanThreshold",
            threshold=most_percent / 100,
        )

    def _latency(self, name: str, args: EndpointArgs, most_ms: int) -> cloudwatch.MetricAlarm:
        return self._alarm(
            f"{name}-p95-latency",
            args,
            "ModelLatency",
            f"the p95 latency of {args.endpoint_name} is above {most_ms} ms",
            extended_statistic="p95",
            comparison_operator="GreaterThanThreshold",
            threshold=most_ms * 1000,  # ModelLatency is in microseconds
        )

    def _idle(self, name: str, args: EndpointArgs) -> None:
        self._alarm(
            f"{name}-idle",
            args,
            "Invocations",
            f"{args.endpoint_name} had no request for a day and still bills: set enabled: false",
            statistic="Sum",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=3600,
            evaluation_periods=24,
            treat_missing_data="breaching",
        )


def name_if_served(endpoint: str, serves: str, wanted: str) -> str:
    """The endpoint's name. Raises RunError where it serves another configuration than the one it was updated to.

    SageMaker takes a new configuration back when an alarm rings or its containers do not start, and the provider may
    report success (issues 46663 and 48997 of terraform-provider-aws). Pulumi would go on and delete the configuration
    that serves, without which no update is possible any more. A program that fails deletes nothing.
    """
    if serves != wanted:
        raise pulumi.RunError(
            f"{endpoint}: SageMaker took the new version back, for an alarm rang while it baked or it did not start; "
            f"{serves} serves, not {wanted}; name the version before in the stack file and run `pulumi up` again"
        )
    return endpoint


def _traffic(
    kind: OnlineArgs | AsyncArgs,
) -> sagemaker.EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationArgsDict:
    if isinstance(kind, AsyncArgs):
        return {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 300}
    return {
        "type": "CANARY",
        "canary_size": {"type": "CAPACITY_PERCENT", "value": kind.rollout.canary_percent},
        "wait_interval_in_seconds": kind.rollout.bake_minutes * 60,
    }


def _async_inference(
    kind: OnlineArgs | AsyncArgs,
) -> sagemaker.EndpointConfigurationAsyncInferenceConfigArgsDict | None:
    if isinstance(kind, OnlineArgs):
        return None
    return {
        "output_config": {"s3_output_path": kind.output_uri, "kms_key_id": kind.output_key_arn},
        "client_config": {"max_concurrent_invocations_per_instance": 4},
    }
