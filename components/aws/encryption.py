"""Customer-managed keys: one for data, one for logs and alerts, so that a reader of logs holds no key to data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import kms

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


@dataclass
class EncryptionArgs:
    """`trail_name` is the one CloudTrail trail that may write with the logs key."""

    account: str
    region: str
    trail_name: str
    tags: Mapping[str, str]


class Encryption(pulumi.ComponentResource):
    """Creates two rotated KMS keys with aliases.

    The account's roles use a key only where their own policy grants it and only through the services named here
    (kms:ViaService); nobody outside the account, and no service but those that write logs and alerts, is named.
    Deletion waits 30 days. Rule: the KMS developer guide, "Least-privilege permissions".
    """

    data_key_arn: pulumi.Output[str]
    logs_key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:aws:Encryption", name, None, opts)
        through = ["s3", "sagemaker", "ecr", "elasticfilesystem", "ec2", "states", "scheduler"]
        self.data_key_arn = self._key(f"{name}-data", "data of the pilot", args, _delegation(args, through))
        self.logs_key_arn = self._key(
            f"{name}-logs",
            "logs and alerts of the pilot",
            args,
            [*_delegation(args, ["logs", "s3", "sns"]), *_writers(args)],
        )
        self.register_outputs({"data_key_arn": self.data_key_arn, "logs_key_arn": self.logs_key_arn})

    def _key(
        self, name: str, description: str, args: EncryptionArgs, statements: Sequence[Mapping[str, Any]]
    ) -> pulumi.Output[str]:
        key = kms.Key(
            name,
            description=f"{name}: {description}",
            enable_key_rotation=True,
            rotation_period_in_days=365,
            deletion_window_in_days=30,
            policy=json.dumps({"Version": "2012-10-17", "Statement": statements}),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        kms.Alias(
            f"{name}-alias",
            name=f"alias/{name}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn


def _delegation(args: EncryptionArgs, services: Sequence[str]) -> list[dict[str, Any]]:
    """The account administers the key; its roles may be granted its use by their own policies, through `services`."""
    account = {"AWS": f"arn:aws:iam::{args.account}:root"}
    via = {"kms:ViaService": [f"{service}.{args.region}.amazonaws.com" for service in services]}
    return [
        {"Sid": "Administer", "Effect": "Allow", "Principal": account, "Action": _ADMINISTER, "Resource": "*"},
        {
            "Sid": "UseThroughServices",
            "Effect": "Allow",
            "Principal": account,
            "Action": USE,
            "Resource": "*",
            "Condition": {"StringEquals": via},
        },
        {
            "Sid": "GrantToServices",
            "Effect": "Allow",
            "Principal": account,
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}, "StringEquals": via},
        },
    ]


def _writers(args: EncryptionArgs) -> list[dict[str, Any]]:
    """The services that write logs, flow logs, the trail and alerts with the logs key, each for this account only."""
    here = f"arn:aws:{{}}:{args.region}:{args.account}:{{}}"
    source_account = {"StringEquals": {"aws:SourceAccount": args.account}}

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
    trail = {"StringEquals": {"aws:SourceArn": here.format("cloudtrail", f"trail/{args.trail_name}")}}
    return [
        allow("LogGroups", f"logs.{args.region}.amazonaws.com", log_groups),
        allow("Trail", "cloudtrail.amazonaws.com", trail),
        allow("FlowLogs", "delivery.logs.amazonaws.com", source_account),
        allow("Alerts", ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"], source_account),
    ]
