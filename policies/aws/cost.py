"""Cost: every resource says whose it is, and somebody hears of the bill before it is due."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.aws.encryption import transform_tasks
from policies.limits import load
from policies.rule import Stack, section, stack_rule
from policies.tagging import TAGS, mistagged

# Types that take no tags in AWS's provider. Whatever is not listed is expected to carry them, so a new type is a
# finding until someone has looked; a test holds the list against the installed SDK.
UNTAGGABLE = frozenset(
    {
        "aws:appautoscaling/policy:Policy",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:kms/alias:Alias",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
        "aws:scheduler/schedule:Schedule",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
    }
)
_LEGAL = re.compile(r"[\w\s_.:/=+\-@]{1,256}")


def tags_at(type_: str) -> str | None:
    """The property that holds a type's tags; None where it takes none or is not AWS's."""
    return "tags" if type_.startswith("aws:") and type_ not in UNTAGGABLE else None


@stack_rule(
    "cost-tags",
    severity=Severity.HIGH,
    says="Everything that can carry tags carries platform, stack, team, cost-center, environment and owner.",
    remedy="Pass the stack's tags to the resource.",
)
def tags(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Keys and values legal in AWS ("Tag naming limits and requirements"); the same on every resource of the stack."""
    yield from mistagged(stack, tags_at, _LEGAL)


@stack_rule(
    "cost-batch-tags",
    severity=Severity.MEDIUM,
    says="The jobs that a schedule starts carry the stack's tags too.",
    remedy="Pass the stack's tags in the transform job's Tags.",
)
def batch_tags(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """CreateTransformJob's own Tags: a job is billed on its own."""
    for machine in stack.of("aws:sfn/stateMachine:StateMachine"):
        for task in transform_tasks(machine.props):
            given = {tag["Key"] for tag in task["Parameters"].get("Tags", ()) if tag.get("Value")}
            for tag in sorted(set(TAGS) - given):
                yield machine.urn, f"starts jobs without the tag {tag}"


@stack_rule(
    "cost-budget",
    severity=Severity.HIGH,
    says="The team's spend has a budget within the limit, and somebody hears before it is used up.",
    remedy="Keep the budget component; set budget.monthly_usd to at most the limit.",
)
def budget(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A monthly cost budget on the team's tag, with alerts on actual and forecast spend that reach someone."""
    limit = load()["monthly-usd"].number
    budgets = stack.of("aws:budgets/budget:Budget")
    if not budgets:
        yield None, "has no budget"
    for item in budgets:
        team = section(item.props, "tags").get("team")
        filters = [value for f in item.props.get("costFilters") or () for value in f.get("values") or ()]
        if f"user:team${team}" not in filters:
            yield item.urn, "counts other spend than the team's"
        if not 0 < float(item.props.get("limitAmount") or 0) <= limit:
            yield item.urn, f"allows {item.props.get('limitAmount')} dollars a month, allowed {limit:g}"
        heard = [
            n
            for n in item.props.get("notifications") or ()
            if n.get("subscriberSnsTopicArns") or n.get("subscriberEmailAddresses")
        ]
        for kind in ("ACTUAL", "FORECASTED"):
            if not any(n.get("notificationType") == kind for n in heard):
                yield item.urn, f"tells nobody of {kind.lower()} spend"


@stack_rule(
    "cost-alerts-reach-owner",
    severity=Severity.MEDIUM,
    says="Every alerts topic has a subscriber.",
    remedy="Keep the alerts component's subscription of the owner.",
)
def alerts_reach_owner(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """An SNS topic without a subscription swallows what is published to it."""
    for topic in stack.of("aws:sns/topic:Topic"):
        if not stack.referring("aws:sns/topicSubscription:TopicSubscription", "topic", topic):
            yield topic.urn, "has no subscriber"


RULES = [tags, batch_tags, budget, alerts_reach_owner]
