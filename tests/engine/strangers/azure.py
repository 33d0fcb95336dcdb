"""A program of another project: a private network, and an endpoint in it, from Azure's package."""

import pulumi
import pulumi_mlplatform_azure as ml

SUBSCRIPTION, REGION = "00000000-0000-4000-8000-000000000001", "eastus2"
TENANT = "00000000-0000-4000-8000-000000000002"
tags = {
    "platform": "azure",
    "stack": "dev",
    "team": "shop",
    "cost-center": "cc-2042",
    "environment": "pilot",
    "owner": "ana@example.com",
}
model = {
    "image": "mcr.microsoft.com/azureml/minimal-py311-inference:20260901.v1",
    "artifact_uri": "azureml://datastores/artifacts/paths/recommender/1/",
}

group = ml.Group("shop-group", group_name="shop", region=REGION, tags=tags)
here = {"group_name": group.group_name, "region": REGION, "tags": tags}
audit = ml.Audit("shop-audit", **here)
network = ml.Network("shop-network", cidr="10.50.0.0/24", **here)
reached = {"subnet_id": network.subnet_id, "zone_ids": network.zone_ids, "log_workspace_id": audit.log_workspace_id}
key = ml.Encryption("shop-key", subscription=SUBSCRIPTION, tenant_id=TENANT, **reached, **here)
store = ml.Store(
    "shop-store",
    vault_uri=key.vault_uri,
    key_name=key.key_name,
    key_uri=key.key_uri,
    key_identity_id=key.key_identity_id,
    key_identity_client_id=key.key_identity_client_id,
    **reached,
    **here,
)
people = ml.Identity(
    "shop-identity",
    subscription=SUBSCRIPTION,
    storage_id=store.storage_id,
    container_id=store.container_id,
    storage_endpoint_ids=store.endpoint_ids,
    registry_id=store.registry_id,
    vault_id=key.vault_id,
    insights_id=audit.insights_id,
    group_id=group.group_id,
    **here,
)
workspace = ml.Workspace(
    "shop-workspace",
    subscription=SUBSCRIPTION,
    stack="shop",
    tenant_id=TENANT,
    machine={"type": "Standard_DS2_v2"},
    storage_id=store.storage_id,
    storage_name=store.storage_name,
    registry_id=store.registry_id,
    vault_id=key.vault_id,
    insights_id=audit.insights_id,
    identity_id=people.identity_ids["workspace"],
    scientist_identity_id=people.identity_ids["data-scientist"],
    **reached,
    **here,
)
access = ml.Access(
    "shop-access",
    subscription=SUBSCRIPTION,
    group_id=group.group_id,
    workspace_id=workspace.workspace_id,
    storage_id=store.storage_id,
    identity_ids=people.identity_ids,
    principal_ids=people.principal_ids,
)
registry = ml.Registry(
    "shop-registry",
    subscription=SUBSCRIPTION,
    group_name=group.group_name,
    workspace_name=workspace.workspace_name,
    storage_name=store.storage_name,
    models={"recommender": model},
    tags=tags,
)
alerts = ml.Alerts("shop-alerts", group_name=group.group_name, owner="ana@example.com", tags=tags)
ml.Budget(
    "shop-budget",
    budget_name="shop",
    group_id=group.group_id,
    monthly_usd=500,
    owner="ana@example.com",
    action_group_id=alerts.action_group_id,
)
recommender = ml.Endpoint(
    "shop-recommender",
    subscription=SUBSCRIPTION,
    workspace_name=workspace.workspace_name,
    endpoint_name="shop-recommender-dev",
    model={
        **model,
        "model_id": registry.model_ids["recommender"],
        "environment_id": registry.environment_ids["recommender"],
    },
    identity_id=access.identity_ids["serving"],
    machine={"type": "Standard_DS2_v2"},
    replicas={"least": 1, "most": 2},
    requests_per_replica_per_minute=600,
    log_workspace_id=audit.log_workspace_id,
    action_group_id=alerts.action_group_id,
    **here,
)
pulumi.export("served", recommender.served_name)
