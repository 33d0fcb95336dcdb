// A program of another project: a private network, and an endpoint in it, from Azure's package.
import * as ml from "@pulumi/mlplatform-azure";

const [subscription, region] = ["00000000-0000-4000-8000-000000000001", "eastus2"];
const tenantId = "00000000-0000-4000-8000-000000000002";
const tags = {
    platform: "azure",
    stack: "dev",
    team: "shop",
    "cost-center": "cc-2042",
    environment: "pilot",
    owner: "ana@example.com",
};
const model = {
    image: "mcr.microsoft.com/azureml/minimal-py311-inference:20260901.v1",
    artifactUri: "azureml://datastores/artifacts/paths/recommender/1/",
};
const machine = { type: "Standard_DS2_v2" };

const group = new ml.Group("shop-group", { groupName: "shop", region, tags });
const here = { groupName: group.groupName, region, tags };
const audit = new ml.Audit("shop-audit", here);
const network = new ml.Network("shop-network", { ...here, cidr: "10.50.0.0/24" });
const reached = { subnetId: network.subnetId, zoneIds: network.zoneIds, logWorkspaceId: audit.logWorkspaceId };
const key = new ml.Encryption("shop-key", { ...here, ...reached, subscription, tenantId });
const store = new ml.Store("shop-store", {
    ...here,
    ...reached,
    vaultUri: key.vaultUri,
    keyName: key.keyName,
    keyUri: key.keyUri,
    keyIdentityId: key.keyIdentityId,
    keyIdentityClientId: key.keyIdentityClientId,
});
const people = new ml.Identity("shop-identity", {
    ...here,
    subscription,
    storageId: store.storageId,
    containerId: store.containerId,
    storageEndpointIds: store.endpointIds,
    registryId: store.registryId,
    vaultId: key.vaultId,
    insightsId: audit.insightsId,
    groupId: group.groupId,
});
const workspace = new ml.Workspace("shop-workspace", {
    ...here,
    ...reached,
    subscription,
    stack: "shop",
    tenantId,
    machine,
    storageId: store.storageId,
    storageName: store.storageName,
    registryId: store.registryId,
    vaultId: key.vaultId,
    insightsId: audit.insightsId,
    identityId: people.identityIds["workspace"],
    scientistIdentityId: people.identityIds["data-scientist"],
});
const access = new ml.Access("shop-access", {
    subscription,
    groupId: group.groupId,
    workspaceId: workspace.workspaceId,
    storageId: store.storageId,
    identityIds: people.identityIds,
    principalIds: people.principalIds,
});
const registry = new ml.Registry("shop-registry", {
    subscription,
    groupName: group.groupName,
    workspaceName: workspace.workspaceName,
    storageName: store.storageName,
    models: { recommender: model },
    tags,
});
const alerts = new ml.Alerts("shop-alerts", { groupName: group.groupName, owner: "ana@example.com", tags });
new ml.Budget("shop-budget", {
    budgetName: "shop",
    groupId: group.groupId,
    monthlyUsd: 500,
    owner: "ana@example.com",
    actionGroupId: alerts.actionGroupId,
});
const recommender = new ml.Endpoint("shop-recommender", {
    ...here,
    subscription,
    workspaceName: workspace.workspaceName,
    endpointName: "shop-recommender-dev",
    model: {
        ...model,
        modelId: registry.modelIds["recommender"],
        environmentId: registry.environmentIds["recommender"],
    },
    identityId: access.identityIds["serving"],
    machine,
    replicas: { least: 1, most: 2 },
    requestsPerReplicaPerMinute: 600,
    logWorkspaceId: audit.logWorkspaceId,
    actionGroupId: alerts.actionGroupId,
});
export const served = recommender.servedName;
