// A program of another project: a private network, and an endpoint in it, from AWS's package.
import * as ml from "@pulumi/mlplatform-aws";

const [account, region] = ["111122223333", "us-east-1"];
const tags = {
    platform: "aws",
    stack: "dev",
    team: "shop",
    "cost-center": "cc-2042",
    environment: "pilot",
    owner: "ana@example.com",
};
const image = `${account}.dkr.ecr.${region}.amazonaws.com/recommender:1.0.0`;
const artifactUri = `s3://shop-artifacts-${account}/recommender/1/model.tar.gz`;

const key = new ml.Encryption("shop-key", {
    account, region, trailName: "shop-audit", pipelineRoleArn: `arn:aws:iam::${account}:role/shop-pipeline`, tags,
});
const registry = new ml.Registry("shop-registry", {
    account, bucketName: `shop-artifacts-${account}`, models: ["recommender"], dataKeyArn: key.dataKeyArn, tags,
});
const audit = new ml.Audit("shop-audit", {
    account,
    region,
    trailName: "shop-audit",
    bucketName: `shop-audit-${account}`,
    logsKeyArn: key.logsKeyArn,
    dataBucketArns: [registry.bucketArn],
    tags,
});
const network = new ml.Network("shop-network", {
    account,
    region,
    cidr: "10.50.0.0/22",
    zones: ["us-east-1a", "us-east-1b"],
    reach: ["sagemaker.runtime"],
    flowLogBucketArn: audit.bucketArn,
    tags,
});
const subnetIds = [network.subnetIds["us-east-1a"], network.subnetIds["us-east-1b"]];
const people = new ml.Identity("shop-identity", {
    prefix: "shop",
    account,
    region,
    needs: { artifactUris: [artifactUri], images: [image], machines: [{ type: "ml.m5.large" }] },
    bucketArn: registry.bucketArn,
    repositoryArn: registry.repositoryArn,
    dataKeyArn: key.dataKeyArn,
    vpcId: network.vpcId,
    subnetIds,
    tags,
});
const alerts = new ml.Alerts("shop-alerts", { account, owner: "ana@example.com", logsKeyArn: key.logsKeyArn, tags });
new ml.Budget("shop-budget", { account, team: "shop", monthlyUsd: 500, topicArn: alerts.topicArn, tags });
const recommender = new ml.Endpoint("shop-recommender", {
    endpointName: "shop-recommender",
    model: {
        image,
        artifactUri,
        roleArn: people.roleArns["serving"],
        subnetIds,
        securityGroupId: network.workloadSecurityGroupId,
    },
    machine: { type: "ml.m5.large" },
    replicas: { least: 2, most: 3 },
    online: { requestsPerReplicaPerMinute: 600 },
    volumeKeyArn: key.dataKeyArn,
    logsKeyArn: key.logsKeyArn,
    topicArn: alerts.topicArn,
    tags,
});
export const served = recommender.servedName;
