// A program of another project: a private network, and an endpoint in it, from Google Cloud's package.
import * as ml from "@pulumi/mlplatform-gcp";

const [project, projectNumber, region] = ["shop-recommender", "210987654321", "us-central1"];
const tags = {
    platform: "gcp",
    stack: "dev",
    team: "shop",
    "cost-center": "cc-2042",
    environment: "pilot",
    owner: "ana_example_com",
};
const reach = ["googleapis.com", "notebooks.cloud.google.com", "notebooks.googleusercontent.com", "pkg.dev"];
const artifactUri = "gs://shop-recommender-models/recommender/1/";

const agents = new ml.ServiceAgents("shop-agents", { project, projectNumber });
const key = new ml.Encryption("shop-key", { project, region, agents: agents.members, tags });
new ml.Audit("shop-audit", { project, region, bucketId: "shop-audit", logsKeyId: key.logsKeyId });
const network = new ml.Network("shop-network", {
    project, region, cidr: "10.50.0.0/22", reach, tags,
});
const registry = new ml.Registry("shop-registry", {
    project, region, bucketName: "shop-recommender-artifacts", dataKeyId: key.dataKeyId, tags,
});
const people = new ml.Identity("shop-identity", {
    prefix: "shop",
    project,
    region,
    needs: { artifactUris: [artifactUri] },
    ownBucket: "shop-recommender-artifacts",
    bucketName: registry.bucketName,
    ownImages: `${region}-docker.pkg.dev/${project}/shop-registry-images`,
    repositoryId: registry.repositoryId,
    vertexAgent: agents.members["aiplatform"],
});
const names = new ml.EndpointNames("shop-endpoint-names", { project, networkId: network.networkId, tags });
const alerts = new ml.Alerts("shop-alerts", { project, owner: "ana@example.com", tags });
const recommender = new ml.Endpoint("shop-recommender", {
    endpointName: "shop-recommender",
    model: {
        project,
        region,
        image: "us-central1-docker.pkg.dev/shop-recommender/serving/recommender:1.0.0",
        artifactUri,
        serviceAccount: people.accountEmails["serving"],
        dataKeyId: key.dataKeyId,
    },
    machine: { type: "e2-standard-2" },
    replicas: { least: 1, most: 2 },
    requestsPerReplicaPerMinute: 600,
    networkId: network.networkId,
    subnetId: network.subnetId,
    namesZone: names.zoneName,
    vertexAgent: agents.members["aiplatform"],
    channelId: alerts.channelId,
    tags,
});
new ml.Budget("shop-budget", {
    billingAccount: "0A1B2C-3D4E5F-6A7B8C", projectNumber, monthlyUsd: 500, channelId: alerts.channelId,
});
new ml.Workspace("shop-workspace", {
    prefix: "shop",
    project,
    users: { ana: "ana@example.com" },
    machine: { type: "e2-standard-2" },
    zone: "us-central1-a",
    networkId: network.networkId,
    subnetId: network.subnetId,
    serviceAccount: people.accountEmails["data-scientist"],
    dataKeyId: key.dataKeyId,
    tags,
});
export const served = recommender.endpointId;
export const address = recommender.address;
