"""A served model: `online`, which answers at once, or `async`, which answers through a queue and scales to zero."""

import re
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, sagemaker

from components.aws.model import ModelArgs, isolated_model
from components.aws.scaling import Scaling, scale_on_backlog, scale_on_requests
from components.given import Args, BadArgument, Tags, Text
from components.shapes import Machine, Replicas, Rollout

VARIANT = "live"
REACH = ("sagemaker.runtime",)
"""What callers inside the network need; SageMaker itself fetches image and artifact, the latter through S3."""


@dataclass(kw_only=True)
class OnlineArgs(Args):
    """How an endpoint that answers at once grows, and how a new version comes in."""

    requests_per_replica_per_minute: pulumi.Input[int]
    """How many requests a minute one replica answers. A replica is added when each answers more."""
    rollout: Rollout = field(default_factory=lambda: Rollout(10, 10, 1000, 1.0))
    """How a new version comes in; its canary is a share of the replicas.

    By default a tenth tries it for ten minutes, and a p95 latency above a second or more than 1 percent of 5xx answers
    takes it back. It must be known.
    """


@dataclass(kw_only=True)
class AsyncArgs(Args):
    """How an endpoint that answers through a queue grows, where its results go, and what takes a new version back."""

    backlog_per_replica: pulumi.Input[int]
    """How many requests may wait for one replica. A replica is added when more wait."""
    error_rate_percent: pulumi.Input[float] = 1.0
    """The percentage of 5xx answers above which a new version is taken back, which gets all requests at once."""
    output_uri: Text
    """The s3:// place of the results; the model's role must be able to write there."""
    failure_uri: Text
    """The s3:// place of what is said of each request that failed; the model's role must be able to write there."""
    oldest_minutes: pulumi.Input[int] = 60
    """After how many minutes in the queue a request rings the alarm on the oldest one."""
    output_key_arn: Text
    """The KMS key that encrypts the results."""


@dataclass(kw_only=True)
class EndpointArgs(Args):
    """What is served, on which machines, and in which of the two ways: either `online` or `asynchronous` is given.

    Raises BadArgument for both or none of them, and for an online endpoint that may have no replica.
    """

    endpoint_name: Text
    """The endpoint's name in its account and region. It is fixed, so that alarms, callers and policies can name it."""
    enabled: bool = True
    """Whether the endpoint runs; without, the model stays and all that runs goes. It must be known."""
    model: ModelArgs
    """The model that is served."""
    machine: Machine
    """What each replica runs on. It must be known."""
    replicas: Replicas
    """How few and how many replicas there may be; an asynchronous endpoint may have none. It must be known."""
    online: OnlineArgs | None = None
    """Makes it an endpoint that answers at once. Whether it is given must be known."""
    asynchronous: AsyncArgs | None = None
    """Makes it an endpoint that answers through a queue. Whether it is given must be known."""
    volume_key_arn: Text
    """The KMS key of the machines' volumes. Machines with local NVMe encrypt in hardware and get none."""
    start_up_seconds: pulumi.Input[int] | None = None
    """How many seconds a replica may take to fetch its artifact, and as many to answer /ping; 60 to 3600.

    Where this is left out, SageMaker decides (ProductionVariant,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html).
    """
    topic_arn: Text
    """The SNS topic that alarms go to; CloudWatch must be allowed to publish there."""
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.online is None) == (self.asynchronous is None):
            found = "is missing, as asynchronous is" if self.online is None else "stands beside asynchronous"
            raise BadArgument(f"EndpointArgs.online: {found}; give one of the two, which says how the endpoint answers")
        if self.online and self.replicas.least < 1:
            raise BadArgument(
                f"EndpointArgs.replicas: least is {self.replicas.least}, but an online endpoint never scales to zero; "
                "give 1 or more, or asynchronous in place of online"
            )


class Endpoint(pulumi.ComponentResource):
    """Creates a model and, while enabled, its endpoint, alarms and autoscaling.

    The model runs in the VPC with network isolation. SageMaker fetches image and artifact by itself. A caller inside
    the VPC needs the interface endpoint `sagemaker.runtime`. A new version comes in blue/green. An online endpoint
    gives it a canary first. An alarm on errors takes it back; an online endpoint has another on p95 latency.

    An image whose tag says CUDA 13 starts on GPUs with a newer driver than SageMaker's own default, which it needs.

    The endpoint configuration's name is left to Pulumi, so that a new one stands before the old goes
    (https://github.com/hashicorp/terraform-provider-aws/issues/21811). Every alarm names endpoint and variant, for a
    filter on the endpoint alone matches nothing. A variant under autoscaling refuses another machine type
    (https://github.com/hashicorp/terraform-provider-aws/issues/14337). To change it, switch the endpoint off, run
    `pulumi up`, and switch it on again.
    """

    served_name: pulumi.Output[str] | None
    """The endpoint's name, by which callers invoke it. There is none while it is switched off."""

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Endpoint", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = isolated_model(f"{name}-model", args.model, args.tags, self._child)
        self.served_name = self._run(name, args, model.name) if args.enabled else None
        self.register_outputs({"served_name": self.served_name})

    def _run(self, name: str, args: EndpointArgs, model_name: pulumi.Output[str]) -> pulumi.Output[str]:
        configuration = sagemaker.EndpointConfiguration(
            f"{name}-config",
            kms_key_arn=None if args.machine.local_nvme else args.volume_key_arn,
            production_variants=[
                sagemaker.EndpointConfigurationProductionVariantArgs(
                    variant_name=VARIANT,
                    model_name=model_name,
                    instance_type=args.machine.type,
                    initial_instance_count=max(args.replicas.least, 1),
                    initial_variant_weight=1,
                    inference_ami_version=pulumi.Output.from_input(args.model.image).apply(
                        lambda image: driver(image, args.machine.type)
                    ),
                    model_data_download_timeout_in_seconds=args.start_up_seconds,
                    container_startup_health_check_timeout_in_seconds=args.start_up_seconds,
                )
            ],
            async_inference_config=_async_inference(args.asynchronous) if args.asynchronous else None,
            tags=args.tags,
            opts=self._child,
        )
        alarms: list[cloudwatch.MetricAlarm] = []
        if args.online:
            rollout = args.online.rollout
            alarms.append(self._errors(name, args, rollout.error_rate_percent))
            alarms.append(self._latency(name, args, rollout.p95_latency_ms))
            self._idle(name, args)
        if args.asynchronous:
            alarms.append(self._errors(name, args, args.asynchronous.error_rate_percent))
            self._oldest(name, args, args.asynchronous.oldest_minutes)
        endpoint = sagemaker.Endpoint(
            name,
            name=args.endpoint_name,
            endpoint_config_name=configuration.name,
            deployment_config={
                "blue_green_update_policy": {
                    "traffic_routing_configuration": _traffic(args.online),
                    "termination_wait_in_seconds": 300,
                    "maximum_execution_timeout_in_seconds": 14_400,
                },
                "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm.name} for alarm in alarms]},
            },
            tags=args.tags,
            opts=self._child,
        )
        scaling = Scaling(args.endpoint_name, VARIANT, args.replicas, args.tags)
        if args.online:
            per_minute = args.online.requests_per_replica_per_minute
            scale_on_requests(name, scaling, endpoint.name, per_minute, self._child)
        if args.asynchronous:
            scale_on_backlog(name, scaling, endpoint.name, args.asynchronous.backlog_per_replica, self._child)
        names = pulumi.Output.all(endpoint.name, endpoint.endpoint_config_name, configuration.name)
        return names.apply(lambda three: name_if_served(*three))

    def _alarm(
        self, name: str, args: EndpointArgs, metric: str, description: Text, **how: Any
    ) -> cloudwatch.MetricAlarm:
        by_variant = {"EndpointName": args.endpoint_name, "VariantName": VARIANT}
        usual: dict[str, Any] = {
            "period": 60,
            "evaluation_periods": 3,
            "treat_missing_data": "notBreaching",
            "dimensions": by_variant,
        }
        return cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=description,
            namespace="AWS/SageMaker",
            metric_name=metric,
            alarm_actions=[args.topic_arn],
            tags=args.tags,
            opts=self._child,
            **{**usual, **how},
        )

    def _errors(self, name: str, args: EndpointArgs, most_percent: pulumi.Input[float]) -> cloudwatch.MetricAlarm:
        most = pulumi.Output.from_input(most_percent)
        # The metric is 1 for a 5xx answer and 0 for any other, so its average is the error rate; asynchronous
        # endpoints publish it too, where they publish no Invocations to divide by.
        return self._alarm(
            f"{name}-errors",
            args,
            "Invocation5XXErrors",
            pulumi.Output.format(
                "more than {} % of the answers of {} are errors", most.apply("{:g}".format), args.endpoint_name
            ),
            statistic="Average",
            comparison_operator="GreaterThanThreshold",
            threshold=most.apply(lambda percent: percent / 100),
        )

    def _latency(self, name: str, args: EndpointArgs, most_ms: int) -> cloudwatch.MetricAlarm:
        return self._alarm(
            f"{name}-p95-latency",
            args,
            "ModelLatency",
            pulumi.Output.concat("the p95 latency of ", args.endpoint_name, f" is above {most_ms} ms"),
            extended_statistic="p95",
            comparison_operator="GreaterThanThreshold",
            threshold=most_ms * 1000,  # ModelLatency is in microseconds
        )

    def _oldest(self, name: str, args: EndpointArgs, most_minutes: pulumi.Input[int]) -> None:
        """Queue metrics exist under EndpointName alone, and while there are requests.

        https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
        """
        most = pulumi.Output.from_input(most_minutes)
        said = pulumi.Output.format("a request to {} has waited for more than {} minutes", args.endpoint_name, most)
        self._alarm(
            f"{name}-oldest",
            args,
            "ApproximateAgeOfOldestRequest",
            said,
            dimensions={"EndpointName": args.endpoint_name},
            statistic="Maximum",
            comparison_operator="GreaterThanThreshold",
            threshold=most.apply(lambda minutes: minutes * 60),
            evaluation_periods=5,
        )

    def _idle(self, name: str, args: EndpointArgs) -> None:
        self._alarm(
            f"{name}-idle",
            args,
            "Invocations",
            pulumi.Output.concat(args.endpoint_name, " had no request for a day and still bills: set enabled: false"),
            statistic="Sum",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=3600,
            evaluation_periods=24,
            treat_missing_data="breaching",
        )


def driver(image: str, machine_type: str) -> str | None:
    """The AMI whose NVIDIA driver an image for CUDA 13 needs on a machine with GPUs. None where the default will do.

    On the default, whose driver is older, such a container ends before it writes a log. SageMaker's Python SDK chooses
    the AMI by the tag (https://github.com/aws/sagemaker-python-sdk/pull/6281), as AutoGluon does, with this value
    (https://github.com/autogluon/autogluon-cloud/pull/270). What each AMI has: ProductionVariant, InferenceAmiVersion,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    """
    says_cuda_13 = re.search(r":([^@]*[-_.])?cu13", image)
    has_gpus = re.match(r"ml\.[gp][0-9]", machine_type)
    return "al2023-ami-sagemaker-inference-gpu-4-1" if says_cuda_13 and has_gpus else None


def name_if_served(endpoint: str, serves: str, wanted: str) -> str:
    """The endpoint's name. Raises RunError where it serves another configuration than the one it was updated to.

    SageMaker takes a new configuration back when an alarm rings or its containers do not start, and the provider may
    report success (https://github.com/hashicorp/terraform-provider-aws/issues/46663 and /48997). Pulumi would go on and
    delete the configuration that serves, without which no update is possible any more. A program that fails deletes
    nothing.
    """
    if serves != wanted:
        raise pulumi.RunError(
            f"{endpoint}: SageMaker took the new version back, for an alarm rang while it baked or it did not start; "
            f"{serves} serves, not {wanted}; name the version before in the stack file and run `pulumi up` again"
        )
    return endpoint


def _traffic(
    online: OnlineArgs | None,
) -> sagemaker.EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationArgsDict:
    if online is None:
        return {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 300}
    return {
        "type": "CANARY",
        "canary_size": {"type": "CAPACITY_PERCENT", "value": online.rollout.canary_percent},
        "wait_interval_in_seconds": online.rollout.bake_minutes * 60,
    }


def _async_inference(args: AsyncArgs) -> sagemaker.EndpointConfigurationAsyncInferenceConfigArgsDict:
    return {
        "output_config": {
            "s3_output_path": args.output_uri,
            # Without it a request that fails is answered nowhere.
            "s3_failure_path": args.failure_uri,
            "kms_key_id": args.output_key_arn,
        },
        "client_config": {"max_concurrent_invocations_per_instance": 4},
    }
