"""A program of another project: a private network, and an endpoint in it, from AWS's package."""

import pulumi
import pulumi_mlplatform_aws as ml

ACCOUNT, REGION = "111122223333", "us-east-1"
tags = {
    "platform": "aws",
    "stack": "dev",
    "team": "shop",
    "cost-center": "cc-2042",
    "environment": "pilot",
    "owner": "ana@example.com",
}
image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/recommender:1.0.0"
artifact = f"s3://shop-artifacts-{ACCOUNT}/recommender/1/model.tar.gz"
here = {"account": ACCOUNT, "tags": tags}

key = ml.Encryption(
    "shop-key",
    region=REGION,
    trail_name="shop-audit",
    pipeline_role_arn=f"arn:aws:iam::{ACCOUNT}:role/shop-pipeline",
    **here,
)
registry = ml.Registry(
    "shop-registry",
    bucket_name=f"shop-artifacts-{ACCOUNT}",
    models=["recommender"],
    data_key_arn=key.data_key_arn,
    **here,
)
audit = ml.Audit(
    "shop-audit",
    region=REGION,
    trail_name="shop-audit",
    bucket_name=f"shop-audit-{ACCOUNT}",
    logs_key_arn=key.logs_key_arn,
    data_bucket_arns=[registry.bucket_arn],
    **here,
)
network = ml.Network(
    "shop-network",
    region=REGION,
    cidr="10.50.0.0/22",
    zones=["us-east-1a", "us-east-1b"],
    reach=["sagemaker.runtime"],
    flow_log_bucket_arn=audit.bucket_arn,
    **here,
)
subnets = [network.subnet_ids["us-east-1a"], network.subnet_ids["us-east-1b"]]
people = ml.Identity(
    "shop-identity",
    prefix="shop",
    region=REGION,
    needs={"artifact_uris": [artifact], "images": [image], "machines": [{"type": "ml.m5.large"}]},
    bucket_arn=registry.bucket_arn,
    repository_arn=registry.repository_arn,
    data_key_arn=key.data_key_arn,
    vpc_id=network.vpc_id,
    subnet_ids=subnets,
    **here,
)
alerts = ml.Alerts("shop-alerts", owner="ana@example.com", logs_key_arn=key.logs_key_arn, **here)
ml.Budget("shop-budget", team="shop", monthly_usd=500, topic_arn=alerts.topic_arn, **here)
recommender = ml.Endpoint(
    "shop-recommender",
    endpoint_name="shop-recommender",
    model={
        "image": image,
        "artifact_uri": artifact,
        "role_arn": people.role_arns["serving"],
        "subnet_ids": subnets,
        "security_group_id": network.workload_security_group_id,
    },
    machine={"type": "ml.m5.large"},
    replicas={"least": 2, "most": 3},
    online={"requests_per_replica_per_minute": 600},
    volume_key_arn=key.data_key_arn,
    logs_key_arn=key.logs_key_arn,
    topic_arn=alerts.topic_arn,
    tags=tags,
)
pulumi.export("served", recommender.served_name)
