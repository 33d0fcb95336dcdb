// A program that gives a component the answer of another resource where the component must know the value.
import * as ml from "@pulumi/mlplatform-aws";

const tags = { team: "shop" };
const key = new ml.Encryption("shop-key", {
    account: "111122223333",
    region: "us-east-1",
    trailName: "shop-audit",
    pipelineRoleArn: "arn:aws:iam::111122223333:role/shop-pipeline",
    tags,
});
new ml.Network("shop-network", {
    account: "111122223333",
    region: "us-east-1",
    cidr: key.dataKeyArn as any,
    zones: ["us-east-1a"],
    flowLogBucketArn: "arn:aws:s3:::shop-audit",
    tags,
});
