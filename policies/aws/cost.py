"""Cost: jobs say whose they are, and somebody hears of the bill before it is due."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.iam import read
from catalogue.kinds.aws import budgets, cloudwatch, scheduler, sfn, sns
from catalogue.properties import Properties
from policies import limits
from policies.everywhere import TAGS
from policies.rule import Found, stack_rule, whole_stack_rule


@stack_rule(
    "cost-batch-tags",
    *sfn.DEFINED,
    scheduler.SCHEDULE,
    severity="medium",
    proof="cost visibility",
    says="The jobs that a schedule or a pipeline starts carry the stack's tags too.",
    remedy="Pass the stack's tags in the job's Tags.",
)
def batch_tags(graph: Graph, resource: Resource) -> Iterator[str]:
    """The tags of each job, of any kind, with the values that what starts it has. Each job is billed by itself."""
    own = resource.props.section_or_empty("tags")
    for job in sfn.jobs_of(graph, resource):
        given = {tag.text_or_empty("Key"): tag.text_or_empty("Value") for tag in job.request.each_section("Tags")}
        for tag in TAGS:
            if not given.get(tag):
                yield f"starts jobs without the tag {tag} ({job.state})"
            elif (said := own.text_or_empty(tag)) and given[tag] != said:
                yield f"starts jobs whose tag {tag} is {given[tag]}, where the stack says {said} ({job.state})"


@whole_stack_rule(
    "cost-budget",
    severity="high",
    proof="cost visibility",
    says="The team's spend has a budget within the limit, and somebody hears before it is used up.",
    remedy="Keep the budget component; set budget.monthly_usd to at most the limit.",
)
def budget(graph: Graph) -> Found:
    """A monthly cost budget on the team's tag and nothing else, with alerts on actual and forecast spend."""
    limit = limits.of(graph)["monthly-usd"].number
    found = graph.of(budgets.BUDGET)
    if not found:
        yield None, "has no budget"
    for item in found:
        props = item.props
        # Values of one filter add up, but several filters narrow each other. So the team's tag must be the only filter.
        filters = [list(f.each_text("values")) for f in props.each_section("costFilters")]
        if filters != [[f"user:team${props.text_or_empty('tags.team')}"]]:
            yield item, "counts other spend than the team's"
        if not 0 < (props.number_or_none("limitAmount") or 0) <= limit:
            yield item, f"allows {props.text_or_empty('limitAmount')} dollars a month, allowed {limit:g}"
        heard = {n.text_or_empty("notificationType") for n in props.each_section("notifications") if _reaches(n)}
        for kind in ("ACTUAL", "FORECASTED"):
            if kind not in heard:
                yield item, f"tells nobody of {kind.lower()} spend"


def _reaches(notification: Properties) -> bool:
    return notification.is_given("subscriberSnsTopicArns") or notification.is_given("subscriberEmailAddresses")


@stack_rule(
    "cost-alerts-reach-owner",
    sns.TOPIC,
    severity="medium",
    proof="cost visibility",
    says="Every alerts topic has a subscriber, and lets in whoever is to publish to it.",
    remedy="Keep the alerts component's subscription of the owner, and both services in its policy.",
)
def alerts_reach_owner(graph: Graph, resource: Resource) -> Iterator[str]:
    """A message to an SNS topic without a subscription is lost. Without a policy a topic takes what its own account
    publishes, alarms among it; with one, whoever it does not name publishes nothing:
    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    if not graph.referring(sns.SUBSCRIPTION, "topic", resource):
        yield "has no subscriber"
    policies = graph.referring(sns.TOPIC_POLICY, "arn", resource)
    lets = [one for policy in policies for one in read(policy.props, "policy") if one.allows]
    for service, type_, path in _PUBLISHERS:
        heard = any(one.speaks_of("sns:Publish") and one.is_for("Service", service) for one in lets)
        if policies and not heard and graph.referring(type_, path, resource):
            yield f"does not let {service} publish, which is to tell the owner"


_PUBLISHERS = (
    ("cloudwatch.amazonaws.com", cloudwatch.ALARM, "alarmActions"),
    ("budgets.amazonaws.com", budgets.BUDGET, "notifications"),
)


RULES = [batch_tags, budget, alerts_reach_owner]
