"""Customer-managed keys: one for data, one for logs and alerts, so that a reader of logs holds no key to data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import kms

from components.given import Args, Tags, Text

_ADMINISTER = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]
USE = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]


_THROUGH_DATA = ("s3", "sagemaker", "ecr", "elasticfilesystem", "ec2", "states", "scheduler")
_THROUGH_LOGS = ("logs", "s3", "sns")


@dataclass(kw_only=True)
class EncryptionArgs(Args):
    """Where the keys stand, and the trail that writes with one of them."""

    account: Text
    """The AWS account whose roles may be granted the use of the keys."""
    region: Text
    """The region in which the keys are used."""
    trail_name: Text
    """The one CloudTrail trail that may write with the logs key. It need not stand yet."""
    pipeline_role_arn: Text
    """The role of schedules and state machines, which uses the data key by itself. It need not stand yet."""
    bucket_name: Text = ""
    """The artifact bucket, whose objects `readers` decrypt. It need not stand yet."""
    readers: Sequence[str] = ()
    """The roles of other stacks' publishers, which decrypt versions of the registry. They must stand, and be known."""
    tags: Tags
    """The tags of both keys."""


class Encryption(pulumi.ComponentResource):
    """Creates two KMS keys with aliases, which AWS rotates every year: one for data, one for logs and alerts.

    A role of the account uses a key only where its own policy grants it, and only through the services that the key's
    policy names (kms:ViaService). The role of schedules and state machines is the exception: Step Functions and
    EventBridge Scheduler take the role and call KMS as it, so kms:ViaService is absent. It is bound by the encryption
    context, to state machines, schedules and logs of the account. Nobody outside the account is named but `readers`,
    who decrypt objects of the artifact bucket through S3, and no service but those that write logs and alerts, and log
    delivery, which decrypts what a run writes to its log.

    Both keys and their aliases are protected, and deletion waits 30 days. Rules: the KMS developer guide,
    "Least-privilege permissions",
    https://docs.aws.amazon.com/kms/latest/developerguide/least-privilege.html; Step Functions, "Data at rest
    encryption", https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html; EventBridge Scheduler,
    "Encryption at rest", https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    """

    data_key_arn: pulumi.Output[str]
    """The ARN of the key for data: models, images, homes, inputs and results."""
    logs_key_arn: pulumi.Output[str]
    """The ARN of the key for logs, the trail and alerts."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Encryption", name, None, opts)
        users = pulumi.Output.all(args.account, args.region, args.pipeline_role_arn, args.bucket_name)
        data = users.apply(lambda known: _data_policy(*known, readers=args.readers))
        logs = pulumi.Output.all(args.account, args.region, args.trail_name).apply(lambda known: _logs_policy(*known))
        self.data_key_arn = self._key(f"{name}-data", "data of the pilot", data, args.tags)
        self.logs_key_arn = self._key(f"{name}-logs", "logs and alerts of the pilot", logs, args.tags)
        self.register_outputs({"data_key_arn": self.data_key_arn, "logs_key_arn": self.logs_key_arn})

    def _key(self, name: str, description: str, policy: pulumi.Output[str], tags: Tags) -> pulumi.Output[str]:
        key = kms.Key(
            name,
            description=f"{name}: {description}",
            enable_key_rotation=True,
            rotation_period_in_days=365,
            deletion_window_in_days=30,
            policy=policy,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        kms.Alias(
            f"{name}-alias",
            name=f"alias/{name}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        return key.arn


def _data_policy(account: str, region: str, pipeline_role_arn: str, bucket_name: str, readers: Sequence[str]) -> str:
    return _document(
        [
            *_delegation(account, region, _THROUGH_DATA),
            *_pipeline(account, region, pipeline_role_arn),
            *_readers(region, bucket_name, readers),
        ]
    )


def _readers(region: str, bucket_name: str, readers: Sequence[str]) -> list[dict[str, Any]]:
    """Whoever reads an object of another account decrypts it as itself, and the key's policy must name them.

    With a bucket key the encryption context is the bucket's ARN, not the object's; the bucket's policy says which
    objects. "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html; "Allowing users in other accounts to use a
    KMS key", https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
    """
    if not readers:
        return []
    bound = {
        "kms:ViaService": f"s3.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket_name}",
    }
    return [
        {
            "Sid": "GiveVersions",
            "Effect": "Allow",
            "Principal": {"AWS": list(readers)},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": bound},
        }
    ]


def _logs_policy(account: str, region: str, trail_name: str) -> str:
    return _document([*_delegation(account, region, _THROUGH_LOGS), *_writers(account, region, trail_name)])


def _document(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _delegation(account: str, region: str, services: Sequence[str]) -> list[dict[str, Any]]:
    """The account administers the key; its roles may be granted its use by their own policies, through `services`."""
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    via = {"kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in services]}
    return [
        {"Sid": "Administer", "Effect": "Allow", "Principal": root, "Action": _ADMINISTER, "Resource": "*"},
        {
            "Sid": "UseThroughServices",
            "Effect": "Allow",
            "Principal": root,
            "Action": USE,
            "Resource": "*",
            "Condition": {"StringEquals": via},
        },
        {
            "Sid": "GrantToServices",
            "Effect": "Allow",
            "Principal": root,
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}, "StringEquals": via},
        },
    ]


def _pipeline(account: str, region: str, role_arn: str) -> list[dict[str, Any]]:
    """What schedules and state machines need, whose services call KMS as their role, and what reads runs' logs.

    The encryption contexts are those of the two guides. That of logs is what aws-cdk's StateMachine grants:
    https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-stepfunctions/lib/state-machine.ts
    """
    # KMS takes no principal that does not stand yet, so the account's root delegates and the condition names the role.
    root, role = {"AWS": f"arn:aws:iam::{account}:root"}, {"aws:PrincipalArn": role_arn}
    context = "kms:EncryptionContext:"
    logs = f"arn:aws:logs:{region}:{account}:*"

    def allow(sid: str, actions: list[str], key: str, arn: str) -> dict[str, Any]:
        condition = {"ArnEquals": role, "StringLike": {f"{context}{key}": arn}}
        said = {"Sid": sid, "Effect": "Allow", "Principal": root, "Action": actions, "Resource": "*"}
        return {**said, "Condition": condition}

    machines = f"arn:aws:states:{region}:{account}:stateMachine:*"
    schedules = f"arn:aws:scheduler:{region}:{account}:schedule/*"
    both = ["kms:Decrypt", "kms:GenerateDataKey"]
    return [
        allow("UseInRuns", both, "aws:states:stateMachineArn", machines),
        allow("UseInSchedules", ["kms:Decrypt"], "aws:scheduler:schedule:arn", schedules),
        allow("UseInLogsOfRuns", ["kms:GenerateDataKey"], "SourceArn", logs),
        {
            "Sid": "DeliverLogsOfRuns",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringLike": {f"{context}SourceArn": logs}},
        },
    ]


def _writers(account: str, region: str, trail_name: str) -> list[dict[str, Any]]:
    """The services that write logs, flow logs, the trail and alerts with the logs key, each for this account only."""
    here = f"arn:aws:{{}}:{region}:{account}:{{}}"
    source_account = {"StringEquals": {"aws:SourceAccount": account}}

    def allow(sid: str, service: str | list[str], condition: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": condition,
        }

    log_groups = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": here.format("logs", "log-group:*")}}
    trail = {"StringEquals": {"aws:SourceArn": here.format("cloudtrail", f"trail/{trail_name}")}}
    return [
        allow("LogGroups", f"logs.{region}.amazonaws.com", log_groups),
        allow("Trail", "cloudtrail.amazonaws.com", trail),
        allow("FlowLogs", "delivery.logs.amazonaws.com", source_account),
        allow("Alerts", ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"], source_account),
    ]
