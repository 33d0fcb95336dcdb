"""A served model that answers at once; each version of it is a deployment of its own."""

from dataclasses import dataclass, field
from math import ceil

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import monitor

from components.azure.audit import log_everything
from components.azure.monitoring import QueryAlarm, alarm_on_logs, rows
from components.azure.names import digest
from components.azure.registry import RegisteredModelArgs, version_of
from components.azure.scaling import Scaled, scale_on_requests
from components.given import Args, Tags, Text
from components.shapes import Machine, Replicas, Rollout
from provider.azure.traffic import Traffic

REACH = ("amlworkspace",)
"""What callers inside the network need: a private online endpoint stands behind its workspace's private endpoint."""


@dataclass(kw_only=True)
class EndpointArgs(Args):
    """The model that is served, where, on what, and how a new version of it comes in."""

    subscription: Text
    """The id of the subscription that the workspace is in."""
    group_name: Text
    """The name of the resource group that the workspace is in."""
    region: Text
    """The Azure region of the workspace, such as eastus2."""
    workspace_name: Text
    """The name of the ML workspace that the endpoint stands in."""
    endpoint_name: Text
    """The name of the endpoint, 3 to 32 letters, digits and dashes. A region has each name once.

    It is fixed, so that alarms, callers and policies can name the endpoint.
    """
    enabled: bool = True
    """Whether the endpoint runs. Where it does not, nothing of it stands; the registered model stays.

    The program must know it: it decides what is created.
    """
    model: RegisteredModelArgs
    """The registered model, and the environment that runs it."""
    identity_id: Text
    """The id of the identity that the endpoint acts as, Access's `serving`. It must have its roles by then."""
    machine: Machine
    """The machine of each replica."""
    replicas: Replicas
    """How few and how many replicas there may be, the least being 1."""
    requests_per_replica_per_minute: pulumi.Input[int]
    """How many requests a minute one replica should answer: above it there is one replica more."""
    start_up_seconds: int | None = None
    """How many seconds the container may take until it answers at its health route. It must be known.

    Where this is left out, it must answer within some five minutes.
    """
    rollout: Rollout = field(default_factory=lambda: Rollout(10, 10, 1000, 1))
    """How a new version comes in. Its canary is a share of the requests.

    Where nothing is given, 10 percent of the requests try a new version for 10 minutes. A p95 latency above 1000
    milliseconds or more than 1 percent of errors takes it back.
    """
    capture_percent: int | None = None
    """How many of a hundred requests are kept, each with its answer; none where this is left out. It must be known.

    The data collector keeps them in the workspace's storage, whose lifecycle is Workspace's `capture_days`. Its
    identity must be able to write there.
    """
    log_workspace_id: Text
    """The id of the log workspace that the endpoint logs to and that its alarms query."""
    action_group_id: Text
    """The id of the action group that hears of its alarms."""
    tags: Tags
    """The tags of everything that is created."""


class Endpoint(pulumi.ComponentResource):
    """Creates, while enabled, an online endpoint, a deployment, its autoscaling, its alarms and its traffic.

    Callers come with an Entra token through the workspace's private endpoint. The endpoint refuses keys and the public
    network.

    A deployment is named by what cannot be changed in it: machine type, model and image. A change of one makes another
    deployment beside the old one. The new one gets the traffic by way of a canary, and only then the old one goes. The
    canary is the work of the resource Traffic, whose provider `mlplatform` your project names under `plugins`. A
    deployment's name in Pulumi's state carries the version too: after a breach the old deployment is there to go back
    to, and not half deleted.

    The endpoint's own resource says nothing of traffic, for it cannot name a deployment that does not stand yet.
    Autoscaling says how many replicas there are. An update sends the whole endpoint back, so the program must refresh
    before it (`refresh: always` in Pulumi.yaml). Deployments in a managed network leave `egress_public_network_access`
    alone, for outbound is the workspace's. A deployment that failed to come up must be deleted before the next. A
    deployment reserves a fifth more quota, for its own upgrades.

    Source: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-safely-rollout-online-endpoints
    """

    served_name: pulumi.Output[str] | None
    """The name of the endpoint, which is known when its traffic is set. There is none where it is not enabled."""
    endpoint_id: pulumi.Output[str] | None
    """The id of the endpoint, on which callers get their right. There is none where it is not enabled."""

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Endpoint", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.served_name, self.endpoint_id = self._run(name, args) if args.enabled else (None, None)
        self.register_outputs({"served_name": self.served_name, "endpoint_id": self.endpoint_id})

    def _run(self, name: str, args: EndpointArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        endpoint = ml.OnlineEndpoint(
            name,
            endpoint_name=args.endpoint_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            kind="Managed",
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            properties=ml.OnlineEndpointPropertiesArgs(
                auth_mode="AADToken", public_network_access="Disabled", traffic={}
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                ignore_changes=["properties.traffic", "properties.mirrorTraffic"],
            ),
        )
        log_everything(f"{name}-audit", endpoint.id, args.log_workspace_id, self._child)
        version = f"v-{digest(args.machine.type, version_of(args.model))}"
        deployment = self._deployment(name, version, args, endpoint)
        scaling = scale_on_requests(
            f"{name}-scale-{version}",
            Scaled(
                group_name=args.group_name,
                region=args.region,
                setting_name=pulumi.Output.concat(args.endpoint_name, "-", version),
                endpoint_id=endpoint.id,
                deployment_id=deployment.id,
                deployment_name=version,
                replicas=args.replicas,
                tags=args.tags,
            ),
            args.requests_per_replica_per_minute,
            self._child,
        )
        latency = self._alarms(name, args, endpoint)
        traffic = Traffic(
            f"{name}-traffic",
            subscription_id=args.subscription,
            resource_group=args.group_name,
            workspace=args.workspace_name,
            endpoint=endpoint.name,
            deployment=deployment.name,
            canary_percent=args.rollout.canary_percent,
            bake_minutes=args.rollout.bake_minutes,
            p95_latency_ms=args.rollout.p95_latency_ms,
            error_rate_percent=args.rollout.error_rate_percent,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[scaling, latency]),
        )
        return pulumi.Output.all(endpoint.name, traffic.id).apply(lambda a: a[0]), endpoint.id

    def _deployment(
        self, name: str, version: str, args: EndpointArgs, endpoint: ml.OnlineEndpoint
    ) -> ml.OnlineDeployment:
        probe = ml.ProbeSettingsArgs(
            initial_delay="PT30S", period="PT10S", timeout="PT2S", failure_threshold=30, success_threshold=1
        )
        # The other probes begin once this one has succeeded, and the deployment stands once they have.
        starting = args.start_up_seconds and ml.ProbeSettingsArgs(
            period="PT10S", timeout="PT10S", failure_threshold=ceil(args.start_up_seconds / 10), success_threshold=1
        )
        minutes = f"{60 + ceil((args.start_up_seconds or 0) / 60)}m"
        return ml.OnlineDeployment(
            f"{name}-{version}",
            deployment_name=version,
            endpoint_name=endpoint.name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            kind="Managed",
            sku={"name": "Default", "capacity": args.replicas.least},
            properties=ml.ManagedOnlineDeploymentArgs(
                endpoint_compute_type="Managed",
                instance_type=args.machine.type,
                model=args.model.model_id,
                environment_id=args.model.environment_id,
                environment_variables=args.model.environment or None,
                # Scoring telemetry comes with an instrumentation key alone, which Application Insights without local
                # authentication rejects. The diagnostic setting has the requests and the container's output.
                app_insights_enabled=False,
                request_settings=ml.OnlineRequestSettingsArgs(
                    max_concurrent_requests_per_instance=4, max_queue_wait="PT5S", request_timeout="PT60S"
                ),
                startup_probe=starting or None,
                liveness_probe=probe,
                readiness_probe=probe,
                data_collector=_collector(args.capture_percent) if args.capture_percent else None,
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["sku.capacity"],
                custom_timeouts=pulumi.CustomTimeouts(create=minutes, update=minutes, delete="60m"),
            ),
        )

    def _alarms(self, name: str, args: EndpointArgs, endpoint: ml.OnlineEndpoint) -> monitor.MetricAlert:
        requests = pulumi.Output.concat(
            "AmlOnlineEndpointTrafficLog | where EndpointName == '", args.endpoint_name, "'"
        )
        # The containers' starts tell since when an endpoint stands: an alarm that took silence for idleness would ring
        # as soon as it is made. https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/amlonlineendpointeventlog
        starts = pulumi.Output.concat(
            "AmlOnlineEndpointEventLog | where _ResourceId endswith '/onlineEndpoints/", args.endpoint_name, "'"
        )
        most = args.rollout.error_rate_percent
        alarm_on_logs(
            f"{name}-errors",
            QueryAlarm(
                description=pulumi.Output.concat(
                    f"more than {most:g} % of ", args.endpoint_name, "'s answers are errors"
                ),
                query=pulumi.Output.concat(
                    rows("Code: int", pulumi.Output.concat(requests, " | project Code = toint(ResponseCode)")),
                    " | summarize Percent = 100.0 * countif(Code >= 500) / count()",
                ),
                column="Percent",
                operator="GreaterThan",
                threshold=most,
                window="PT5M",
                every="PT5M",
            ),
            args,
            self._child,
        )
        alarm_on_logs(
            f"{name}-idle",
            QueryAlarm(
                description=pulumi.Output.concat(
                    args.endpoint_name, " had no request for a day and still bills: set enabled: false"
                ),
                query=pulumi.Output.concat(
                    rows(
                        "TimeGenerated: datetime, Calls: long",
                        pulumi.Output.concat(requests, " | project TimeGenerated, Calls = 1"),
                        pulumi.Output.concat(starts, " | project TimeGenerated, Calls = 0"),
                    ),
                    " | summarize Stood = countif(TimeGenerated < ago(1d)),"
                    " Called = sumif(Calls, TimeGenerated >= ago(1d))"
                    " | project Idle = iff(Stood > 0 and Called == 0, 1, 0)",
                ),
                column="Idle",
                operator="GreaterThan",
                threshold=0,
                window="P2D",  # the longest that a rule may look back
                every="PT1H",
            ),
            args,
            self._child,
        )
        return monitor.MetricAlert(
            f"{name}-p95-latency",
            rule_name=f"{name}-p95-latency",
            description=pulumi.Output.concat(
                "the p95 latency of ", args.endpoint_name, f" is above {args.rollout.p95_latency_ms} ms"
            ),
            resource_group_name=args.group_name,
            location="global",
            enabled=True,
            severity=2,
            scopes=[endpoint.id],
            evaluation_frequency="PT1M",
            window_size="PT5M",
            auto_mitigate=True,
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                all_of=[
                    monitor.MetricCriteriaArgs(
                        criterion_type="StaticThresholdCriterion",
                        name="p95",
                        metric_name="RequestLatency_P95",  # in milliseconds
                        metric_namespace="Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
                        operator="GreaterThan",
                        threshold=args.rollout.p95_latency_ms,
                        time_aggregation="Average",
                    )
                ],
            ),
            actions=[{"action_group_id": args.action_group_id}],
            tags=args.tags,
            opts=self._child,
        )


def _collector(percent: int) -> ml.DataCollectorArgs:
    collected = ml.CollectionArgs(data_collection_mode="Enabled", sampling_rate=percent / 100)
    return ml.DataCollectorArgs(
        collections={"request": collected, "response": collected},
        request_logging=ml.RequestLoggingArgs(capture_headers=["x-request-id"]),
        rolling_rate="Hour",
    )
