"""Who did what: one trail of management, object and inference calls, in a bucket that keeps it for a year."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudtrail

from components.aws.bucket import PrivateBucket, PrivateBucketArgs

KEEP_DAYS = 365


@dataclass
class AuditArgs:
    """`data_bucket_arns` are the buckets whose object calls are recorded."""

    account: str
    region: str
    trail_name: str
    bucket_name: str
    logs_key_arn: pulumi.Input[str]
    data_bucket_arns: list[str]
    tags: Mapping[str, str]


class Audit(pulumi.ComponentResource):
    """Creates the audit bucket and a multi-region trail with log validation.

    Records management calls, object calls on the pilot's buckets and InvokeEndpoint on its endpoints. The bucket
    also takes the network's flow logs. Only CloudTrail and log delivery of this account may write. Rules: Security
    Hub CloudTrail.1, .2, .4.
    """

    bucket_arn: pulumi.Output[str]
    trail_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:aws:Audit", name, None, opts)
        bucket = PrivateBucket(
            f"{name}-bucket",
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                kms_key_arn=args.logs_key_arn,
                tags=args.tags,
                expire_days=KEEP_DAYS,
                statements=_writers(args),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        trail = cloudtrail.Trail(
            name,
            name=args.trail_name,
            s3_bucket_name=bucket.bucket_name,
            s3_key_prefix="trail",
            kms_key_id=args.logs_key_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            advanced_event_selectors=[
                {
                    "name": "Management calls",
                    "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}],
                },
                {
                    "name": "Objects of the pilot",
                    "field_selectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                        {"field": "resources.ARN", "starts_withs": [f"{arn}/" for arn in args.data_bucket_arns]},
                    ],
                },
                {
                    "name": "Predictions",
                    "field_selectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::SageMaker::Endpoint"]},
                    ],
                },
            ],
            tags=args.tags,
            # The bucket's policy must stand before the trail: CloudTrail tries a write when it is created.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[bucket]),
        )
        self.bucket_arn = bucket.bucket_arn
        self.trail_arn = trail.arn
        self.register_outputs({"bucket_arn": self.bucket_arn, "trail_arn": self.trail_arn})


def _writers(args: AuditArgs) -> list[dict[str, object]]:
    """CloudTrail checks the bucket's ACL and writes below trail/; log delivery does the same for flow logs."""
    bucket = f"arn:aws:s3:::{args.bucket_name}"
    trail = {
        "StringEquals": {"aws:SourceArn": f"arn:aws:cloudtrail:{args.region}:{args.account}:trail/{args.trail_name}"}
    }
    delivery = {
        "StringEquals": {"aws:SourceAccount": args.account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{args.region}:{args.account}:*"},
    }
    statements: list[dict[str, object]] = []
    writers: tuple[tuple[str, str, str, dict[str, dict[str, str]]], ...] = (
        ("Trail", "cloudtrail.amazonaws.com", f"trail/AWSLogs/{args.account}", trail),
        ("FlowLogs", "delivery.logs.amazonaws.com", f"flow-logs/AWSLogs/{args.account}", delivery),
    )
    for sid, service, prefix, condition in writers:
        who: dict[str, object] = {"Effect": "Allow", "Principal": {"Service": service}, "Condition": condition}
        statements += [
            {"Sid": f"{sid}ReadsAcl", **who, "Action": "s3:GetBucketAcl", "Resource": bucket},
            {"Sid": f"{sid}Writes", **who, "Action": "s3:PutObject", "Resource": f"{bucket}/{prefix}/*"},
        ]
    return statements
