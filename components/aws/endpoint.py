"""A served model: `online`, which answers at once, or `async`, which answers through a queue and scales to zero."""

import re
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import cloudwatch, sagemaker

from components.aws import alarms
from components.aws.canary import blind
from components.aws.logs import log_group
from components.aws.model import ModelArgs, isolated_model
from components.aws.scaling import Scaling, scale_on_backlog, scale_on_requests
from components.given import Args, BadArgument, Tags, Text
from components.hours import Hours
from components.shapes import Machine, Replicas, Rollout

VARIANT = "live"
AT_ONCE = 4
"""How many requests of its queue an asynchronous endpoint asks of one replica at once, at most."""
REACH = ("sagemaker.runtime",)
"""What callers inside the network need; SageMaker itself fetches image and artifact, the latter through S3."""


@dataclass(kw_only=True)
class CaptureArgs(Args):
    """What is kept of requests and answers, and where. The bucket's lifecycle says how long.

    Source: DataCaptureConfig, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataCaptureConfig.html
    """

    percent: pulumi.Input[int]
    """How many of a hundred requests are kept, each with its answer."""
    uri: Text
    """The s3:// place of both, without a slash at its end; the model's role must be able to write below it."""
    key_arn: Text
    """The KMS key that encrypts them."""


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
    capture: CaptureArgs | None = None
    """What is kept of requests and answers: nothing where none is given. Whether it is given must be known."""


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

    Raises BadArgument for both or none of them, and where SageMaker could not show what a new version does while it
    bakes (components/aws/canary.py): an online endpoint that may have one replica, a short bake, a wide bound, Inf1.
    An online endpoint with hours is refused too: only one with inference components scales to zero
    (https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html).
    """

    endpoint_name: Text
    """The endpoint's name in its account and region. It is fixed, so that alarms, callers and policies can name it."""
    enabled: bool = True
    """Whether the endpoint runs; without, model and logs stay, and all that runs goes. It must be known."""
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
    hours: Hours | None = None
    """The hours in which an asynchronous endpoint may have replicas. It has none outside of them: requests wait.

    It may have some at any hour where none are given. They must be known.
    """
    volume_key_arn: Text
    """The KMS key of the machines' volumes. Machines with local NVMe encrypt in hardware and get none."""
    start_up_seconds: pulumi.Input[int] | None = None
    """How many seconds a replica may take to fetch its artifact, and as many to answer /ping; 60 to 3600.

    Where this is left out, SageMaker decides (ProductionVariant,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html).
    """
    logs_key_arn: Text
    """The KMS key of what the containers log; CloudWatch Logs must be allowed to use it."""
    topic_arn: Text
    """The SNS topic that alarms go to; CloudWatch must be allowed to publish there."""
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.online is None) == (self.asynchronous is None):
            found = "is missing, as asynchronous is" if self.online is None else "stands beside asynchronous"
            raise BadArgument(f"EndpointArgs.online: {found}; give one of the two, which says how the endpoint answers")
        if self.online and self.hours:
            raise BadArgument(
                "EndpointArgs.hours: stands beside online, and an endpoint that answers at once keeps one instance; "
                "give asynchronous"
            )
        if self.asynchronous and self.model.several:
            raise BadArgument(
                "EndpointArgs.asynchronous: stands beside a model of several, and no request in a queue names one; "
                "give online"
            )
        rollout = self.online.rollout if self.online else None
        for part, sentence in blind(self.machine.type, self.replicas.least, rollout):
            raise BadArgument(f"EndpointArgs.{_AT[part]}: found {sentence}")


_AT = {
    "replicas": "replicas.least",
    "bake": "online.rollout.bake_minutes",
    "errors": "online.rollout.error_rate_percent",
    "machine": "machine.type",
}


class Endpoint(pulumi.ComponentResource):
    """Creates a model, its log group and, while enabled, its endpoint, alarms and autoscaling.

    The model runs in the VPC with network isolation. SageMaker fetches image and artifact by itself. A caller inside
    the VPC needs the interface endpoint `sagemaker.runtime`. A new version comes in blue/green. An online endpoint
    gives it a canary first, which is one replica at least. An alarm on its errors takes it back; an online endpoint has
    another on its p95 latency. Both are also watched for the endpoint as a whole, and so are a day without a request
    and, for a queue, the oldest request and those that are lost.

    Where it has hours, scheduled actions let it have replicas as they begin, and none as they end. The alarm on the
    oldest request is quiet meanwhile. A new version that is deployed outside of the hours runs on one replica until
    they end the next time, or until it scales in; so does an endpoint that is made then.

    SageMaker would make the log group itself, without a key or an expiry, so it stands before the endpoint. It stays
    where the endpoint is switched off.

    One of several models starts with none of them: SageMaker loads each when a caller first names it, and an update of
    the endpoint brings another image or machine, never another model.

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
        below = pulumi.Output.concat("Endpoints/", args.endpoint_name)
        logs = log_group(f"{name}-logs", below, args.logs_key_arn, args.tags, self._child)
        self.served_name = self._run(name, args, model.name, logs) if args.enabled else None
        self.register_outputs({"served_name": self.served_name})

    def _run(
        self, name: str, args: EndpointArgs, model_name: pulumi.Output[str], logs: cloudwatch.LogGroup
    ) -> pulumi.Output[str]:
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
            data_capture_config=_capture(args.online.capture) if args.online and args.online.capture else None,
            async_inference_config=_async_inference(args.asynchronous) if args.asynchronous else None,
            tags=args.tags,
            opts=self._child,
        )
        watched = alarms.Watched(
            endpoint_name=args.endpoint_name,
            variant=VARIANT,
            configuration=configuration.name,
            topic_arn=args.topic_arn,
            tags=args.tags,
            opts=self._child,
        )
        takes_back: list[cloudwatch.MetricAlarm] = []
        if args.online:
            rollout = args.online.rollout
            takes_back.append(alarms.errors(name, watched, rollout.error_rate_percent))
            takes_back.append(alarms.latency(name, watched, rollout.p95_latency_ms))
            alarms.idle(name, watched)
        if args.asynchronous:
            takes_back.append(alarms.errors(name, watched, args.asynchronous.error_rate_percent))
            alarms.oldest(name, watched, args.asynchronous.oldest_minutes, args.hours)
            alarms.lost(name, watched)
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
                "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm.name} for alarm in takes_back]},
            },
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        scaling = Scaling(args.endpoint_name, VARIANT, args.replicas, args.tags, args.hours)
        if args.online:
            per_minute = args.online.requests_per_replica_per_minute
            scale_on_requests(name, scaling, endpoint.name, per_minute, self._child)
        if args.asynchronous:
            scale_on_backlog(name, scaling, endpoint.name, args.asynchronous.backlog_per_replica, self._child)
        names = pulumi.Output.all(endpoint.name, endpoint.endpoint_config_name, configuration.name)
        return names.apply(lambda three: name_if_served(*three))


def driver(image: str, machine_type: str) -> str | None:
    """The AMI whose NVIDIA driver an image for CUDA 13 needs on a machine with GPUs. None where the default will do.

    On the default, whose driver is older, such a container ends before it writes a log. SageMaker's Python SDK chooses
    the AMI by the tag (https://github.com/aws/sagemaker-python-sdk/pull/6281), as AutoGluon does, with this value
    (https://github.com/autogluon/autogluon-cloud/pull/270). What each AMI has: ProductionVariant, InferenceAmiVersion,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html
    """
    _, colon, tag = image.partition("@")[0].rpartition(":")
    says_cuda_13 = colon and re.match(r"(.*[-_.])?cu13", tag)
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


def _capture(args: CaptureArgs) -> sagemaker.EndpointConfigurationDataCaptureConfigArgsDict:
    return {
        "enable_capture": True,
        "initial_sampling_percentage": args.percent,
        "destination_s3_uri": args.uri,
        "kms_key_id": args.key_arn,
        "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        # Other bodies are kept in base64.
        "capture_content_type_header": {"csv_content_types": ["text/csv"], "json_content_types": ["application/json"]},
    }


def _async_inference(args: AsyncArgs) -> sagemaker.EndpointConfigurationAsyncInferenceConfigArgsDict:
    backlog = pulumi.Output.from_input(args.backlog_per_replica)
    return {
        "output_config": {
            "s3_output_path": args.output_uri,
            # Without it a request that fails is answered nowhere.
            "s3_failure_path": args.failure_uri,
            "kms_key_id": args.output_key_arn,
        },
        # The queue counts what is being answered, so a replica that is full at fewer is asked no more at once.
        "client_config": {"max_concurrent_invocations_per_instance": backlog.apply(lambda full: min(full, AT_ONCE))},
    }
