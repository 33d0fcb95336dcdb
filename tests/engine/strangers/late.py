"""A program that gives a component the answer of another resource where the component must know the value."""

import pulumi_mlplatform_aws as ml

tags = {"team": "shop"}
key = ml.Encryption(
    "shop-key",
    account="111122223333",
    region="us-east-1",
    trail_name="shop-audit",
    pipeline_role_arn="arn:aws:iam::111122223333:role/shop-pipeline",
    tags=tags,
)
ml.Network(
    "shop-network",
    account="111122223333",
    region="us-east-1",
    cidr=key.data_key_arn,
    zones=["us-east-1a"],
    flow_log_bucket_arn="arn:aws:s3:::shop-audit",
    tags=tags,
)
