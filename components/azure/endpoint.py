"""A served model that answers at once; each version of it is a deployment of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import monitor

from components.azure.audit import log_everything
from components.azure.monitoring import QueryAlarm, Watched, alarm_on_logs
from components.azure.names import digest
from components.azure.registry import RegisteredModel
from components.azure.scaling import ScalingArgs, scale_on_requests
from components.shapes import Machine, Replicas, Rollout
from provider.azure.traffic import Traffic

REACH = ("amlworkspace",)
"""What callers inside the network need: a private online endpoint stands behind its workspace's private endpoint."""


@dataclass
class EndpointArgs:
    """`endpoint_name` is unique in its region and pinned, so that alarms, callers and policies can name it.

    The canary of the rollout is a share of the requests. `enabled=False` leaves model and environment and takes what
    runs.
    """

    subscription: str
    endpoint_name: str
    enabled: bool
    workspace_name: pulumi.Input[str]
    model: RegisteredModel
    identity_id: pulumi.Input[str]
    machine: Machine
    replicas: Replicas
    requests_per_replica_per_minute: int
    rollout: Rollout
    watched: Watched
    tags: Mapping[str, str]


class Endpoint(pulumi.ComponentResource):
    """Creates, while enabled, an online endpoint, a deployment, its autoscaling, its alarms and its traffic.

    Callers come with an Entra token through the workspace's private endpoint. A deployment is named by what cannot be
    changed in it (machine type, model, image): another one stands beside the old, gets its traffic by way of a canary
    (our own provider's Traffic, which goes first on destroy) and only then the old one goes. Its name in Pulumi's state
    carries the version too: after a breach the old one is there to go back to, and not half deleted. Traffic is not the
    endpoint's to say, for it cannot name a deployment that does not stand yet; the number of replicas is autoscaling's;
    both are refreshed before an update (Pulumi.yaml), which sends the whole endpoint back. Deployments in a managed
    network leave `egress_public_network_access` alone: outbound is the workspace's. One that failed to come up must be
    deleted before the next. A deployment reserves a fifth more quota, for its own upgrades.
    """

    endpoint_name: pulumi.Output[str] | None

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Endpoint", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.endpoint_name = self._run(name, args) if args.enabled else None
        self.register_outputs({"endpoint_name": self.endpoint_name})

    def _run(self, name: str, args: EndpointArgs) -> pulumi.Output[str]:
        endpoint = ml.OnlineEndpoint(
            name,
            endpoint_name=args.endpoint_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.watched.group_name,
            location=args.watched.region,
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
        log_everything(f"{name}-audit", endpoint.id, args.watched.log_workspace_id, self._child)
        version = f"v-{digest(args.machine.type, args.model.version)}"
        deployment = self._deployment(name, version, args, endpoint)
        scaling = scale_on_requests(
            f"{name}-scale-{version}",
            ScalingArgs(
                group_name=args.watched.group_name,
                region=args.watched.region,
                setting_name=f"{args.endpoint_name}-{version}",
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
            resource_group=args.watched.group_name,
            workspace=args.workspace_name,
            endpoint=endpoint.name,
            deployment=deployment.name,
            canary_percent=args.rollout.canary_percent,
            bake_minutes=args.rollout.bake_minutes,
            p95_latency_ms=args.rollout.p95_latency_ms,
            error_rate_percent=args.rollout.error_rate_percent,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[scaling, latency]),
        )
        return pulumi.Output.all(endpoint.name, traffic.id).apply(lambda a: a[0])

    def _deployment(
        self, name: str, version: str, args: EndpointArgs, endpoint: ml.OnlineEndpoint
    ) -> ml.OnlineDeployment:
        probe = ml.ProbeSettingsArgs(
            initial_delay="PT30S", period="PT10S", timeout="PT2S", failure_threshold=30, success_threshold=1
        )
        collected = ml.CollectionArgs(data_collection_mode="Enabled", sampling_rate=1.0)
        return ml.OnlineDeployment(
            f"{name}-{version}",
            deployment_name=version,
            endpoint_name=endpoint.name,
            workspace_name=args.workspace_name,
            resource_group_name=args.watched.group_name,
            location=args.watched.region,
            kind="Managed",
            sku={"name": "Default", "capacity": args.replicas.least},
            properties=ml.ManagedOnlineDeploymentArgs(
                endpoint_compute_type="Managed",
                instance_type=args.machine.type,
                model=args.model.model_id,
                environment_id=args.model.environment_id,
                app_insights_enabled=True,
                request_settings=ml.OnlineRequestSettingsArgs(
                    max_concurrent_requests_per_instance=4, max_queue_wait="PT5S", request_timeout="PT60S"
                ),
                liveness_probe=probe,
                readiness_probe=probe,
                data_collector=ml.DataCollectorArgs(
                    collections={"request": collected, "response": collected},
                    request_logging=ml.RequestLoggingArgs(capture_headers=["x-request-id"]),
                    rolling_rate="Hour",
                ),
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["sku.capacity"],
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="60m"),
            ),
        )

    def _alarms(self, name: str, args: EndpointArgs, endpoint: ml.OnlineEndpoint) -> monitor.MetricAlert:
        requests = f"AmlOnlineEndpointTrafficLog | where EndpointName == '{args.endpoint_name}'"
        most = args.rollout.error_rate_percent
        alarm_on_logs(
            f"{name}-errors",
            QueryAlarm(
                description=f"more than {most:g} % of {args.endpoint_name}'s answers are errors",
                query=f"{requests} | summarize Percent = 100.0 * countif(toint(ResponseCode) >= 500) / count()",
                column="Percent",
                operator="GreaterThan",
                threshold=most,
                window="PT5M",
                every="PT5M",
            ),
            args.watched,
            self._child,
        )
        alarm_on_logs(
            f"{name}-idle",
            QueryAlarm(
                description=f"{args.endpoint_name} had no request for a day and still bills: set enabled: false",
                query=f"{requests} | summarize Requests = count()",
                column="Requests",
                operator="LessThan",
                threshold=1,
                window="P1D",
                every="PT1H",
            ),
            args.watched,
            self._child,
        )
        return monitor.MetricAlert(
            f"{name}-p95-latency",
            rule_name=f"{name}-p95-latency",
            description=f"the p95 latency of {args.endpoint_name} is above {args.rollout.p95_latency_ms} ms",
            resource_group_name=args.watched.group_name,
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
            actions=[{"action_group_id": args.watched.action_group_id}],
            tags=args.tags,
            opts=self._child,
        )
