"""Amazon SNS: topics, their publishers and their subscribers."""

from catalogue.answers import Answer, Request, attached_to, by_name, guid
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import Guarded, KeyAt, Keys, Kind, No, documented, setting
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.kinds.aws.kms import names_key

TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

_KMS = documented("https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html", READ)
_PRICING = documented("https://aws.amazon.com/sns/pricing/", READ)
_TOLD = documented("https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html", READ)
"""Nobody hears of a topic that may not be published to, or that nobody reads."""
_MESSAGES = documented("https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html", READ)


def _subscription(request: Request) -> Answer:
    arn = f"{request.inputs['topic']}:{guid(request.hex(32))}"
    return Answer(arn, {"arn": arn, "pendingConfirmation": True})


_TOPIC_ACTS = acts(
    "sns",
    by_name("arn:aws:sns:{region}:{account}:{name}", id_from="arn"),
    Behaviour(
        name="name",
        pattern=r"[A-Za-z0-9_-]{1,256}(\.fifo)?",
        refs=names_key("kmsMasterKeyId"),
        second="changes",
    ),
)
_TOPIC_POLICY_ACTS = acts("sns", attached_to("arn"), Behaviour(refs=(Ref("arn", (TOPIC,)),), second="changes"))
_SUBSCRIPTION_ACTS = acts(
    "sns",
    _subscription,
    Behaviour(
        unique="{topic} {protocol} {endpoint}",
        refs=(Ref("topic", (TOPIC,)),),
        second="changes",
    ),
)

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
        acts=_TOPIC_ACTS,
        renders=terraform("sns_topic"),
        guarded=Guarded((TOPIC_POLICY, SUBSCRIPTION), _TOLD),
    ),
    setting(
        TOPIC_POLICY,
        "a topic",
        registry(TOPIC_POLICY),
        stands=regional(TOPIC_POLICY),
        acts=_TOPIC_POLICY_ACTS,
        renders=terraform("sns_topic_policy"),
    ),
    setting(
        SUBSCRIPTION,
        "a topic",
        registry(SUBSCRIPTION),
        bills=No("e-mails stay below the free deliveries", _PRICING),
        stands=regional(SUBSCRIPTION),
        acts=_SUBSCRIPTION_ACTS,
        renders=terraform("sns_topic_subscription", topic="topic_arn"),
    ),
)
