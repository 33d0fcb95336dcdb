"""A served model: an endpoint that answers at once, through Private Service Connect only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pulumi
from pulumi_gcp import bigquery, compute, dns, vertex

from catalogue.kinds.gcp.vertex import NAMES
from components.gcp.alarms import EndpointAlarms, endpoint_alarms
from components.gcp.canary import blind
from components.gcp.hours import EndpointHours, endpoint_hours
from components.gcp.model import ModelArgs, versioned_model
from components.gcp.names import underscored
from components.gcp.switching import too_short
from components.given import Args, BadArgument, Tags, Text
from components.hours import Hours
from components.shapes import Capture, Machine, Replicas, Rollout
from provider.gcp.deployment import TIMEZONE, Deployment
from provider.gcp.model import Model

REACH: tuple[str, ...] = ()
"""Nothing: callers have an address of the endpoint in the network; Vertex AI itself fetches image and artifact."""

SCALING_METRIC = "aiplatform.googleapis.com/prediction/online/request_count"
"""Its unit is requests a minute and replica. Vertex AI, "Scale inference nodes by using autoscaling",
https://cloud.google.com/vertex-ai/docs/predictions/autoscaling
"""


@dataclass(kw_only=True)
class EndpointArgs(Args):
    """What is served, on which machines, where callers reach it, and who hears where it is slow, fails or idles."""

    endpoint_name: Text
    """What the endpoint is called in the console and in alerts, at most 128 characters. Its id is another: the name of
    the resource with digits that Pulumi adds."""
    enabled: bool = True
    """Whether the endpoint runs, which it does where this is left out. `False` leaves the model and what was captured,
    and takes the rest. The program must know it."""
    model: ModelArgs
    """The model to serve, as the `serving` persona runs it."""
    machine: Machine
    """The machine type of a replica. Vertex AI offers it for online inference in the region."""
    replicas: Replicas
    """How few and how many replicas there may be. The fewest is 1 or more: this endpoint never scales to zero."""
    requests_per_replica_per_minute: pulumi.Input[int]
    """Requests a minute that one replica is to answer. More of them start another replica."""
    rollout: Rollout = field(default_factory=lambda: Rollout(10, 10, 1000, 1))
    """How a new version comes in, and which bounds no version may pass. The canary takes a share of the requests. Left
    out, it takes 10 % for 10 minutes, and the bounds are a p95 latency of 1000 ms and 1 % of errors."""
    capture: Capture | None = None
    """What is kept of requests and answers: nothing where none is given. The program must know it."""
    capture_readers: Sequence[Text] = ()
    """The e-mail addresses of the service accounts that may read what is kept, beside the project's owners."""
    hours: Hours | None = None
    """When a model is deployed. Outside of them none is, and callers are refused. At any hour where this is left out.
    The program must know it."""
    hours_account: Text | None = None
    """The e-mail address of the `hours` persona's service account, of Identity, as which the model is taken off and
    put on. It is given with `hours`."""
    scheduler_agent: Text | None = None
    """Cloud Scheduler's own agent, of ServiceAgents. It is given with `hours`, whose schedules wait until the agent has
    its role."""
    network_id: Text
    """The VPC in which callers reach the endpoint, of Network."""
    subnet_id: Text
    """The subnet in which the endpoint gets its address, of Network."""
    opens_firewall: bool = True
    """Whether the endpoint's address is let through the network's firewall here. A network that others keep, such as a
    Shared VPC, has rules of its own. It must be known."""
    names_zone: Text | None = None
    """The private zone in which the endpoint gets its name, of EndpointNames. Without one it is called by its address.
    Whether it is given must be known."""
    caller_projects: Sequence[Text] = ()
    """The projects of others that may connect to the endpoint by an address of their own. Vertex AI lets nobody change
    them: another list is another endpoint, with another URL."""
    vertex_agent: Text
    """Vertex AI's own agent, of ServiceAgents. It writes what is captured."""
    channel_id: Text
    """The notification channel that alerts go to, of Alerts."""
    tags: Tags
    """The labels of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for part, sentence in blind(self.rollout):
            raise BadArgument(f"EndpointArgs.rollout.{_AT[part]}: found {sentence}")
        if self.hours is not None:
            if self.hours_account is None or self.scheduler_agent is None:
                raise BadArgument("EndpointArgs.hours: stands alone; give hours_account and scheduler_agent too")
            if sentence := too_short(self.hours.days):
                raise BadArgument(f"EndpointArgs.hours: {sentence}")


_AT = {"bake": "bake_minutes", "errors": "error_rate_percent"}
_RequestLog: TypeAlias = vertex.AiEndpointPredictRequestResponseLoggingConfigArgsDict


class Endpoint(pulumi.ComponentResource):
    """Creates a model and, while enabled, its endpoint, deployment, address in the network and alerts.

    An endpoint that is switched off and on again has another id, and so another URL: the id of a deleted endpoint stays
    taken for up to seven days.

    The model's project may connect to the endpoint, and those in `caller_projects`. Vertex AI asks callers for no
    permission: whoever is in the network and may open HTTPS to the address may call. The address leads to the project's
    endpoints in the region, so one address may reach several endpoints. No peering leads to it: a caller in another
    network has an address of its own. Refuses a public address, and a rollout whose canary nobody could see: a bake of
    less than 9 minutes, or a bound on errors that is not below the canary's share (components/gcp/canary.py). Where it
    captures, a share of the requests and answers is logged to a BigQuery dataset of its own, whose tables and
    partitions expire. The dataset is state: it is protected, and it stays while the endpoint is switched off. Where
    `capture` is taken out, the engine refuses to delete it until its protection is taken off.

    Where it has hours, a workflow undeploys the model as they end and deploys the same one as they begin, with the same
    machine. A call is refused meanwhile, and no alert rings. The workflow waits for a canary that bakes. Google may
    delete the service attachment once no model stood for ten minutes, and the address leads nowhere then. So the
    workflow fails loudly where the forwarding rule is closed or the model has another attachment, and
    `pulumi up --refresh` makes the rule anew. A caller of another network does that with its own. A first
    deployment is made at any hour and stands until the hours end next; another version is refused outside of them
    (provider/gcp/deployment.py). Refuses a range or a pause of less than an hour.

    Model and deployment are resources of the provider `mlplatform`, which your project names under `plugins`.

    A new version of the model first gets a share of the requests. It is taken back where it is too slow or fails too
    often while it bakes. The deployment shifts the traffic, because Vertex AI takes no `traffic_split` when an
    endpoint is created. Destroying removes the address first, then undeploys the model, then deletes endpoint and
    model: Vertex AI deletes no model that is deployed (https://github.com/googleapis/python-aiplatform/issues/1441).
    Rule: Vertex AI, "Use dedicated private endpoints based on Private Service Connect for online inference",
    https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
    """

    endpoint_id: pulumi.Output[str] | None
    """The endpoint, `projects/PROJECT/locations/REGION/endpoints/NAME`, known once callers have a way there. None while
    the endpoint is switched off."""
    address: pulumi.Output[str] | None
    """The IPv4 address in the subnet at which callers reach the endpoint by HTTPS. None while it is switched off."""
    url: pulumi.Output[str] | None
    """Where callers POST `{"instances": […]}` to. The certificate there is signed by no authority and made out to names
    below prediction.p.vertexai.goog. None while the endpoint is switched off."""
    host: pulumi.Output[str] | None
    """The endpoint's name below prediction.p.vertexai.goog, for the certificate. None while it is switched off."""
    service_attachment: pulumi.Output[str] | None
    """What a forwarding rule of another project names as its target. None while the endpoint is switched off."""

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Endpoint", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = versioned_model(f"{name}-model", args.model, args.tags, self._child)
        self.endpoint_id = self.address = self.url = self.host = self.service_attachment = None
        log = self._request_log(name, args, args.capture) if args.capture else None
        if args.enabled:
            self.endpoint_id, self.address, self.service_attachment = self._run(name, args, model, log)
            self.host = pulumi.Output.concat(args.endpoint_name, ".", NAMES)
            at = self.host if args.names_zone is not None else self.address
            self.url = pulumi.Output.format("https://{0}/v1/{1}:predict", at, self.endpoint_id)
        self.register_outputs(
            {
                "endpoint_id": self.endpoint_id,
                "address": self.address,
                "url": self.url,
                "host": self.host,
                "service_attachment": self.service_attachment,
            }
        )

    def _run(
        self, name: str, args: EndpointArgs, model: Model, log: _RequestLog | None
    ) -> tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]:
        project, region, key = args.model.project, args.model.region, args.model.data_key_id
        allowed = [project, *args.caller_projects]
        endpoint = vertex.AiEndpoint(
            name,  # and no name of its own: a deleted endpoint's id stays taken for up to seven days
            project=project,
            location=region,
            region=region,  # the provider calls this region's address, or its own default's where it is left out
            display_name=args.endpoint_name,
            encryption_spec={"kms_key_name": key},
            private_service_connect_config={"enable_private_service_connect": True, "project_allowlists": allowed},
            predict_request_response_logging_config=log,
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
            hours={**args.hours.days, TIMEZONE: args.hours.timezone} if args.hours else None,
            opts=self._child,
        )
        address, rule = self._attach(name, args, deployment.service_attachment)
        if args.hours:
            self._keep_hours(name, args, args.hours, endpoint.id, deployment, rule.id)
        endpoint_alarms(
            name,
            EndpointAlarms(
                project=project,
                endpoint_name=args.endpoint_name,
                endpoint_id=endpoint.name,
                rollout=args.rollout,
                hours=args.hours,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )
        known = pulumi.Output.all(endpoint.id, address).apply(lambda both: both[0])
        return known, address, deployment.service_attachment

    def _keep_hours(
        self,
        name: str,
        args: EndpointArgs,
        hours: Hours,
        endpoint_id: pulumi.Output[str],
        deployment: Deployment,
        forwarding_rule_id: pulumi.Output[str],
    ) -> None:
        """What is put on is made of the deployment's own inputs, by the function that deploys them."""
        assert args.hours_account is not None and args.scheduler_agent is not None
        endpoint_hours(
            name,
            EndpointHours(
                project=args.model.project,
                region=args.model.region,
                endpoint_name=args.endpoint_name,
                endpoint_id=endpoint_id,
                deployment=deployment,
                forwarding_rule_id=forwarding_rule_id,
                hours=hours,
                account=args.hours_account,
                scheduler_agent=args.scheduler_agent,
                data_key_id=args.model.data_key_id,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )

    def _request_log(self, name: str, args: EndpointArgs, capture: Capture) -> _RequestLog:
        """Without `accesses` BigQuery would let the project's readers and writers in."""
        expires = capture.days * 86_400_000
        dataset = bigquery.Dataset(
            f"{name}-requests",
            project=args.model.project,
            dataset_id=underscored(f"{name}-requests"),
            location=args.model.region,
            description=pulumi.Output.concat("A share of the requests to ", args.endpoint_name, " and its answers"),
            default_encryption_configuration={"kms_key_name": args.model.data_key_id},
            default_table_expiration_ms=expires,
            default_partition_expiration_ms=expires,
            accesses=[
                {"role": "OWNER", "special_group": "projectOwners"},
                {"role": "WRITER", "user_by_email": _email(args.vertex_agent)},
                *({"role": "READER", "user_by_email": email} for email in args.capture_readers),
            ],
            delete_contents_on_destroy=True,  # so that it goes once somebody has taken its protection off
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        place = pulumi.Output.concat("bq://", args.model.project, ".", dataset.dataset_id)
        return {
            "enabled": True,
            "sampling_rate": capture.percent / 100,
            "bigquery_destination": {"output_uri": place},
        }

    def _attach(
        self, name: str, args: EndpointArgs, service_attachment: pulumi.Output[str]
    ) -> tuple[pulumi.Output[str], compute.ForwardingRule]:
        """The endpoint's address in the subnet, known once it leads there, and the one way through the firewall.

        The rule that leads there is the second.
        """
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
        if args.opens_firewall:
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
        attached = compute.ForwardingRule(
            f"{name}-attach",
            project=project,
            region=region,
            network=args.network_id,
            ip_address=address.id,
            target=service_attachment,
            load_balancing_scheme="",
            allow_psc_global_access=True,  # or a caller in another region of a Shared VPC would get no answer
            recreate_closed_psc=True,  # a connection that Google's side closed does not open again by itself
            labels=args.tags,
            opts=self._child,
        )
        ways = [attached.id]
        if args.names_zone is not None:
            named = dns.RecordSet(
                f"{name}-name",
                project=project,
                managed_zone=args.names_zone,
                name=pulumi.Output.concat(args.endpoint_name, ".", NAMES, "."),
                type="A",
                ttl=300,
                rrdatas=[address.address],
                opts=self._child,
            )
            ways.append(named.id)
        return pulumi.Output.all(address.address, *ways).apply(lambda all_: all_[0]), attached


def _email(member: Text) -> pulumi.Output[str]:
    return pulumi.Output.from_input(member).apply(lambda m: m.removeprefix("serviceAccount:"))
