"""Amazon SNS: topics, who may publish to them, and who hears."""

from catalogue.kind import At, KeyAt, Keys, Kind, No, documented, from_source, setting

_SDK = from_source("https://www.pulumi.com/registry/packages/aws/api-docs/sns/topic/", "2026-11-26")
_KMS = documented("https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html", "2026-11-26")
_PRICING = documented("https://aws.amazon.com/sns/pricing/", "2026-11-26")
_MESSAGES = documented("https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html", "2026-11-26")
_POLICY = from_source("https://www.pulumi.com/registry/packages/aws/api-docs/sns/topicpolicy/", "2026-11-26")
_HEARD = from_source("https://www.pulumi.com/registry/packages/aws/api-docs/sns/topicsubscription/", "2026-11-26")

KINDS = (
    Kind(
        token="aws:sns/topic:Topic",
        tags=At("tags", _SDK),
        keys=Keys((KeyAt("kmsMasterKeyId"),), _KMS),
        holds=No("messages are delivered and not kept", _MESSAGES),
        reaches=No("CloudWatch and Budgets publish to it from AWS's side", _MESSAGES),
        runs=No("SNS runs on AWS's side", _SDK),
        bills=No("alerts stay below the free publishes", _PRICING),
        stands=No("it stands where its provider does", _SDK),
        keeps=No("messages are delivered and not kept", _MESSAGES),
        serves=No("it runs no container", _SDK),
    ),
    setting("aws:sns/topicPolicy:TopicPolicy", "a topic", _POLICY),
    setting(
        "aws:sns/topicSubscription:TopicSubscription",
        "a topic",
        _HEARD,
        bills=No("e-mails stay below the free deliveries", _PRICING),
    ),
)
