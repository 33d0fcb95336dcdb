"""Where alarms go: one encrypted topic that the owner reads."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import sns

from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class AlertsArgs(Args):
    """Who hears of alarms, and the key under which the messages rest."""

    account: Text
    """The AWS account whose CloudWatch and Budgets may publish."""
    owner: Text
    """The e-mail address that alarms and budget alerts reach once its subscription is confirmed."""
    logs_key_arn: Text
    """The KMS key of the topic; CloudWatch and Budgets must be allowed to use it."""
    tags: Tags
    """The tags of everything that is created."""


class Alerts(pulumi.ComponentResource):
    """Creates the alerts topic, its policy and the owner's subscription.

    Only CloudWatch and Budgets of this account may publish. The subscription works once the owner has followed the
    link in AWS's e-mail; no API can do that for them.
    """

    topic_arn: pulumi.Output[str]
    """The ARN of the topic, for the actions of alarms and the subscribers of budgets."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(name, kms_master_key_id=args.logs_key_arn, tags=args.tags, opts=child)
        sns.TopicPolicy(f"{name}-policy", arn=topic.arn, policy=_policy(topic.arn, args.account), opts=child)
        sns.TopicSubscription(f"{name}-owner", topic=topic.arn, protocol="email", endpoint=args.owner, opts=child)
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})


def _policy(topic_arn: pulumi.Output[str], account: Text) -> pulumi.Output[str]:
    statement = {
        "Sid": "AlarmsAndBudgets",
        "Effect": "Allow",
        "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})
