"""The Azure Machine Learning resource of our own provider: the traffic of an online endpoint.

`opts` that name properties (`ignore_changes`, `replace_on_changes`) use wire names, e.g. `canaryPercent`.
"""

import pulumi

Text = pulumi.Input[str]
Number = pulumi.Input[int]


class Traffic(pulumi.CustomResource):
    """Gives a deployment the traffic of its online endpoint.

    The first deployment gets all of it once it stands. Another `deployment` gets `canary_percent` for `bake_minutes`;
    if its p95 latency or its share of errors passes the bound, traffic goes back and the update fails saying what was
    measured; if not, it gets everything. With `mirror_percent` (at most 50) it is baked first on a copy of that much of
    the traffic, answering nobody. Delete takes all traffic away, for a deployment with traffic cannot be deleted.
    Another subscription, resource group, workspace or endpoint replaces it. Everything else on the endpoint stays as it
    is; the endpoint's own resource wants `ignore_changes=["properties.traffic", "properties.mirrorTraffic"]`.
    """

    def __init__(
        self,
        name: str,
        *,
        subscription_id: Text,
        resource_group: Text,
        workspace: Text,
        endpoint: Text,
        deployment: Text,
        canary_percent: Number,
        bake_minutes: Number,
        p95_latency_ms: Number,
        error_rate_percent: pulumi.Input[float],
        mirror_percent: Number = 0,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "subscriptionId": subscription_id,
            "resourceGroup": resource_group,
            "workspace": workspace,
            "endpoint": endpoint,
            "deployment": deployment,
            "canaryPercent": canary_percent,
            "bakeMinutes": bake_minutes,
            "p95LatencyMs": p95_latency_ms,
            "errorRatePercent": error_rate_percent,
            "mirrorPercent": mirror_percent,
        }
        super().__init__("mlplatform:azure:Traffic", name, inputs, opts)
