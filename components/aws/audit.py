"""Who did what: one trail of management, object and inference calls, in a bucket that keeps it for a year."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudtrail

from components.aws.bucket import PrivateBucket, PrivateBucketArgs
from components.given import Args, Tags, Text

KEEP_DAYS = 365


@dataclass(kw_only=True)
class AuditArgs(Args):
    """Where the trail stands, what it is called, and the buckets that it watches."""

    account: Text
    """The AWS account of the trail."""
    region: Text
    """The region of the trail, whose calls in every other region are recorded too."""
    trail_name: Text
    """The name of the trail. The policy of the logs key names the same trail."""
    bucket_name: Text
    """The name of the audit bucket, which no account of AWS may have taken, or of the one that is given."""
    given_bucket: bool = False
    """Whether the bucket is there already. Nothing of it is made or changed: its policy must let CloudTrail write."""
    logs_key_arn: Text
    """The KMS key of the trail and of its bucket; CloudTrail and log delivery must be allowed to use it."""
    data_bucket_arns: pulumi.Input[Sequence[Text]]
    """The ARNs of the buckets whose object calls are recorded: one or more."""
    tags: Tags
    """The tags of everything that is created."""


class Audit(pulumi.ComponentResource):
    """Creates the audit bucket and a multi-region trail with log validation.

    The trail records management calls, object calls on the buckets that are given, and InvokeEndpoint on every
    endpoint of the account. The bucket keeps all for a year, and takes a network's flow logs too. Only CloudTrail and
    log delivery of this account may write to it. A bucket that is given is left as it is. Rules: Security Hub
    CloudTrail.1, .2, .4, https://docs.aws.amazon.com/securityhub/latest/userguide/cloudtrail-controls.html
    """

    bucket_arn: pulumi.Output[str]
    """The ARN of the audit bucket, for a network's flow logs. Who takes it waits until the bucket's policy stands."""
    trail_arn: pulumi.Output[str]
    """The ARN of the trail."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Audit", name, None, opts)
        watched = pulumi.Output.from_input(args.data_bucket_arns)
        bucket = None if args.given_bucket else self._bucket(name, args)
        trail = cloudtrail.Trail(
            name,
            name=args.trail_name,
            s3_bucket_name=bucket.bucket_name if bucket else args.bucket_name,
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
                        {
                            "field": "resources.ARN",
                            "starts_withs": watched.apply(lambda arns: [f"{arn}/" for arn in arns]),
                        },
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
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[bucket] if bucket else []),
        )
        self.bucket_arn = bucket.bucket_arn if bucket else pulumi.Output.concat("arn:aws:s3:::", args.bucket_name)
        self.trail_arn = trail.arn
        self.register_outputs({"bucket_arn": self.bucket_arn, "trail_arn": self.trail_arn})

    def _bucket(self, name: str, args: AuditArgs) -> PrivateBucket:
        writers = pulumi.Output.all(args.account, args.region, args.trail_name, args.bucket_name)
        return PrivateBucket(
            f"{name}-bucket",
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                kms_key_arn=args.logs_key_arn,
                tags=args.tags,
                expire_days=KEEP_DAYS,
                statements=writers.apply(lambda known: _writers(*known)),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _writers(account: str, region: str, trail_name: str, bucket_name: str) -> list[dict[str, object]]:
    """CloudTrail checks the bucket's ACL and writes below trail/; log delivery does the same for flow logs."""
    bucket = f"arn:aws:s3:::{bucket_name}"
    trail = {"StringEquals": {"aws:SourceArn": f"arn:aws:cloudtrail:{region}:{account}:trail/{trail_name}"}}
    delivery = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{region}:{account}:*"},
    }
    statements: list[dict[str, object]] = []
    writers: tuple[tuple[str, str, str, dict[str, dict[str, str]]], ...] = (
        ("Trail", "cloudtrail.amazonaws.com", f"trail/AWSLogs/{account}", trail),
        ("FlowLogs", "delivery.logs.amazonaws.com", f"flow-logs/AWSLogs/{account}", delivery),
    )
    for sid, service, prefix, condition in writers:
        who: dict[str, object] = {"Effect": "Allow", "Principal": {"Service": service}, "Condition": condition}
        statements += [
            {"Sid": f"{sid}ReadsAcl", **who, "Action": "s3:GetBucketAcl", "Resource": bucket},
            {"Sid": f"{sid}Writes", **who, "Action": "s3:PutObject", "Resource": f"{bucket}/{prefix}/*"},
        ]
    return statements
