"""Vertex AI resources of our own provider: a model of the registry, and its deployment to an endpoint.

`opts` that name properties (`ignore_changes`, `replace_on_changes`) use wire names, e.g. `minReplicas`.
"""

from collections.abc import Mapping, Sequence

import pulumi

Text = pulumi.Input[str]
Number = pulumi.Input[int]


class Model(pulumi.CustomResource):
    """Creates a model in the Vertex AI registry, served by `image` from the artifact folder `artifact_uri`.

    A changed image, artifact, route, port, service account or key uploads a new version in place; display name and
    labels are changed without one. Another project, location or model id replaces the model. Delete removes every
    version and is refused while one is deployed. `model_id` is letters, digits, `_` and `-`, at most 63.
    """

    @property
    def resource_name(self) -> pulumi.Output[str]:
        """`projects/…/locations/…/models/ID`."""
        return pulumi.get(self, "resourceName")

    @property
    def version_id(self) -> pulumi.Output[str]:
        """The version uploaded last, e.g. `3`."""
        return pulumi.get(self, "versionId")

    @property
    def version_name(self) -> pulumi.Output[str]:
        """`projects/…/locations/…/models/ID@VERSION`: what a Deployment deploys."""
        return pulumi.get(self, "versionName")

    def __init__(
        self,
        name: str,
        *,
        project: Text,
        location: Text,
        model_id: Text,
        display_name: Text,
        image: Text,
        artifact_uri: Text,
        predict_route: Text,
        health_route: Text,
        ports: pulumi.Input[Sequence[Number]],
        service_account: Text,
        kms_key_name: Text,
        labels: pulumi.Input[Mapping[str, Text]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "project": project,
            "location": location,
            "modelId": model_id,
            "displayName": display_name,
            "image": image,
            "artifactUri": artifact_uri,
            "predictRoute": predict_route,
            "healthRoute": health_route,
            "ports": ports,
            "serviceAccount": service_account,
            "kmsKeyName": kms_key_name,
            "labels": labels,
        }
        outputs = {"resourceName": None, "versionId": None, "versionName": None}
        super().__init__("mlplatform:gcp:Model", name, {**inputs, **outputs}, opts)


class Deployment(pulumi.CustomResource):
    """Deploys a model version to an endpoint and gives it the endpoint's traffic.

    `endpoint` is a full resource name, `model` a model's `version_name`. Replicas, scaling and container logging change
    in place. Anything else is deployed beside what runs: it gets `canary_percent` of the traffic for `bake_minutes`; if
    its p95 latency or its share of errors passes the bound, traffic goes back, it is undeployed, and the update fails
    saying what was measured; if not, it gets everything and the old one is undeployed. Another project, location or
    endpoint replaces the deployment. `scaling_metric` is an autoscaling metric of Vertex AI, for example
    `aiplatform.googleapis.com/prediction/online/request_count`, and `scaling_target` its value for each replica.
    """

    @property
    def deployed_model_id(self) -> pulumi.Output[str]:
        """The deployed model's id: a number of at most ten digits, as text."""
        return pulumi.get(self, "deployedModelId")

    @property
    def service_attachment(self) -> pulumi.Output[str]:
        """The Private Service Connect attachment that reaches this deployment: `projects/…/serviceAttachments/…`."""
        return pulumi.get(self, "serviceAttachment")

    def __init__(
        self,
        name: str,
        *,
        project: Text,
        location: Text,
        endpoint: Text,
        model: Text,
        machine_type: Text,
        accelerator_type: Text | None = None,
        accelerator_count: Number | None = None,
        min_replicas: Number,
        max_replicas: Number,
        scaling_metric: Text,
        scaling_target: Number,
        service_account: Text,
        container_logging: pulumi.Input[bool],
        access_logging: pulumi.Input[bool],
        canary_percent: Number,
        bake_minutes: Number,
        p95_latency_ms: Number,
        error_rate_percent: pulumi.Input[float],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "project": project,
            "location": location,
            "endpoint": endpoint,
            "model": model,
            "machineType": machine_type,
            "acceleratorType": accelerator_type,
            "acceleratorCount": accelerator_count,
            "minReplicas": min_replicas,
            "maxReplicas": max_replicas,
            "scalingMetric": scaling_metric,
            "scalingTarget": scaling_target,
            "serviceAccount": service_account,
            "containerLogging": container_logging,
            "accessLogging": access_logging,
            "canaryPercent": canary_percent,
            "bakeMinutes": bake_minutes,
            "p95LatencyMs": p95_latency_ms,
            "errorRatePercent": error_rate_percent,
        }
        outputs = {"deployedModelId": None, "serviceAttachment": None}
        super().__init__("mlplatform:gcp:Deployment", name, {**inputs, **outputs}, opts)
