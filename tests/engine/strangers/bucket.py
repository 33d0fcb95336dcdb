"""A program that knows nothing of ours: one bucket, as a first page of a tutorial makes it."""

import pulumi_aws as aws

aws.s3.Bucket("open", bucket="open-bucket", tags={"team": "shop"})
