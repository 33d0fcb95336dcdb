"""Amazon SNS: topics, who may publish to them, and who hears."""

from catalogue.kind import KeyAt, Keys, Kind, No, documented, setting
from catalogue.kinds.aws import READ, regional, registry, tagged

TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

_KMS = documented("https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html", READ)
_PRICING = documented("https://aws.amazon.com/sns/pricing/", READ)
_MESSAGES = documented("https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html", READ)

KINDS = (
    Kind(
        token=TOPIC,
        tags=tagged(TOPIC),
        keys=Keys((KeyAt("kmsMasterKeyId"),), _KMS),
        holds=No("messages are delivered and not kept", _MESSAGES),
        reaches=No("CloudWatch and Budgets publish to it from AWS's side", _MESSAGES),
        runs=No("SNS runs on AWS's side", registry(TOPIC)),
        bills=No("alerts stay below the free publishes", _PRICING),
        stands=regional(TOPIC),
        keeps=No("messages are delivered and not kept", _MESSAGES),
        serves=No("it runs no container", registry(TOPIC)),
    ),
    setting(TOPIC_POLICY, "a topic", registry(TOPIC_POLICY), stands=regional(TOPIC_POLICY)),
    setting(
        SUBSCRIPTION,
        "a topic",
        registry(SUBSCRIPTION),
        bills=No("e-mails stay below the free deliveries", _PRICING),
        stands=regional(SUBSCRIPTION),
    ),
)
