"""A served model: an endpoint that answers at once, through Private Service Connect only."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import bigquery, compute, vertex

from components.gcp.alarms import EndpointAlarms, endpoint_alarms
from components.gcp.model import ModelArgs, versioned_model
from components.gcp.names import underscored
from components.shapes import Machine, Replicas, Rollout
from provider.gcp.deployment import Deployment
from provider.gcp.model import Model

REACH: tuple[str, ...] = ()
"""Nothing: callers have an address of the endpoint in the network; Vertex AI itself fetches image and artifact."""

SCALING_METRIC = "aiplatform.googleapis.com/prediction/online/request_count"
"""Its unit is requests a minute and replica. Vertex AI, "Scale inference nodes by using autoscaling"."""

LOGGED_SHARE, KEEP_DAYS = 0.1, 30


@dataclass
class EndpointArgs:
    """`endpoint_name` is pinned, so that callers and alerts can name it: a letter, then `[a-z0-9-]`, at most 63.

    The canary of the rollout is a share of the requests. `enabled=False` leaves the model and takes what runs.
    """

    endpoint_name: str
    enabled: bool
    model: ModelArgs
    machine: Machine
    replicas: Replicas
    requests_per_replica_per_minute: int
    rollout: Rollout
    network_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    vertex_agent: pulumi.Input[str]
    channel_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Endpoint(pulumi.ComponentResource):
    """Creates a model and, while enabled, its endpoint, deployment, address in the network, request log and alerts.

    Only this project may connect, and who is in the network and may open HTTPS to the address may call: without
    the preview of secure Private Service Connect, Vertex AI asks callers for no permission. The attachment behind the
    address is the project's and region's, so one address may reach several endpoints. Traffic is the
    deployment's to shift: `traffic_split` cannot be set at creation and is ignored after. Graph and destroy agree: the
    address goes first, then the deployment undeploys, then endpoint and model go (a delete is refused while a model is
    deployed, be it without traffic: issue 1441 of python-aiplatform). A tenth of requests and answers is logged to
    BigQuery under the pilot's key and expires after 30 days. Rule: Vertex AI, "Use dedicated private endpoints based on
    Private Service Connect".
    """

    endpoint_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Endpoint", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = versioned_model(f"{name}-model", args.model, args.tags, self._child)
        self.endpoint_id = self._run(name, args, model) if args.enabled else None
        self.register_outputs({"endpoint_id": self.endpoint_id})

    def _run(self, name: str, args: EndpointArgs, model: Model) -> pulumi.Output[str]:
        project, region, key = args.model.project, args.model.region, args.model.data_key_id
        log = self._request_log(name, args)
        endpoint = vertex.AiEndpoint(
            name,
            name=args.endpoint_name,
            project=project,
            location=region,
            display_name=args.endpoint_name,
            encryption_spec={"kms_key_name": key},
            private_service_connect_config={"enable_private_service_connect": True, "project_allowlists": [project]},
            predict_request_response_logging_config={
                "enabled": True,
                "sampling_rate": LOGGED_SHARE,
                "bigquery_destination": {"output_uri": pulumi.Output.concat("bq://", project, ".", log.dataset_id)},
            },
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, ignore_changes=["trafficSplit"]),
        )
        deployment = Deployment(
            f"{name}-deployment",
            project=project,
            location=region,
            endpoint=endpoint.id,
            model=model.version_name,
            machine_type=args.machine.type,
            accelerator_type=args.machine.accelerator,
            accelerator_count=args.machine.accelerators,
            min_replicas=args.replicas.least,
            max_replicas=args.replicas.most,
            scaling_metric=SCALING_METRIC,
            scaling_target=args.requests_per_replica_per_minute,
            service_account=args.model.service_account,
            container_logging=True,
            access_logging=True,
            canary_percent=args.rollout.canary_percent,
            bake_minutes=args.rollout.bake_minutes,
            p95_latency_ms=args.rollout.p95_latency_ms,
            error_rate_percent=args.rollout.error_rate_percent,
            opts=self._child,
        )
        attached = self._attach(name, args, deployment.service_attachment)
        endpoint_alarms(
            name,
            EndpointAlarms(
                project=project,
                endpoint_name=args.endpoint_name,
                rollout=args.rollout,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )
        return pulumi.Output.all(endpoint.id, attached.id).apply(lambda both: both[0])

    def _request_log(self, name: str, args: EndpointArgs) -> bigquery.Dataset:
        """Without `accesses` BigQuery would let the project's readers and writers in."""
        expires = KEEP_DAYS * 86_400_000
        return bigquery.Dataset(
            f"{name}-requests",
            project=args.model.project,
            dataset_id=underscored(f"{name}-requests"),
            location=args.model.region,
            description=f"A share of the requests to {args.endpoint_name} and its answers",
            default_encryption_configuration={"kms_key_name": args.model.data_key_id},
            default_table_expiration_ms=expires,
            default_partition_expiration_ms=expires,
            accesses=[
                {"role": "OWNER", "special_group": "projectOwners"},
                {"role": "WRITER", "user_by_email": _email(args.vertex_agent)},
            ],
            delete_contents_on_destroy=True,  # what Vertex AI wrote into it must not hold up the endpoint's end
            labels=args.tags,
            opts=self._child,
        )

    def _attach(self, name: str, args: EndpointArgs, service_attachment: pulumi.Output[str]) -> compute.ForwardingRule:
        """The endpoint's address in the pilot's subnet, and the one way there through the firewall."""
        project, region = args.model.project, args.model.region
        address = compute.Address(
            f"{name}-address",
            project=project,
            region=region,
            address_type="INTERNAL",
            subnetwork=args.subnet_id,
            labels=args.tags,
            opts=self._child,
        )
        compute.Firewall(
            f"{name}-https",
            project=project,
            network=args.network_id,
            direction="EGRESS",
            priority=1000,
            destination_ranges=[pulumi.Output.concat(address.address, "/32")],
            allows=[{"protocol": "tcp", "ports": ["443"]}],
            log_config={"metadata": "INCLUDE_ALL_METADATA"},
            opts=self._child,
        )
        return compute.ForwardingRule(
            f"{name}-attach",
            project=project,
            region=region,
            network=args.network_id,
            ip_address=address.id,
            target=service_attachment,
            load_balancing_scheme="",
            recreate_closed_psc=True,  # a connection that Google's side closed does not open again by itself
            labels=args.tags,
            opts=self._child,
        )


def _email(member: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(member).apply(lambda m: m.removeprefix("serviceAccount:"))
