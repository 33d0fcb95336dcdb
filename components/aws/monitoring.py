"""Where alarms go: one encrypted topic that the owner reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import sns


@dataclass
class AlertsArgs:
    """`owner` is the e-mail address that alarms and budget alerts reach once its subscription is confirmed."""

    account: str
    owner: str
    logs_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Alerts(pulumi.ComponentResource):
    """Creates the alerts topic, its policy and the owner's subscription.

    Only CloudWatch and Budgets of this account may publish. The subscription works once the owner has followed the
    link in AWS's e-mail; no API can do that for them.
    """

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:aws:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(name, kms_master_key_id=args.logs_key_arn, tags=args.tags, opts=child)
        sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: _policy(arn, args.account)),
            opts=child,
        )
        sns.TopicSubscription(f"{name}-owner", topic=topic.arn, protocol="email", endpoint=args.owner, opts=child)
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})


def _policy(topic_arn: str, account: str) -> str:
    statement = {
        "Sid": "AlarmsAndBudgets",
        "Effect": "Allow",
        "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
