"""Cost: every job says whose it is, and somebody hears of the bill before it is due."""

import re
from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kinds.gcp import billing, monitoring, workflows
from catalogue.kinds.gcp.workflows import jobs
from catalogue.properties import Properties
from policies import limits
from policies.everywhere import TAGS
from policies.rule import Found, resource_rule, whole_stack_rule

_CHANNEL, _BUDGET = monitoring.CHANNEL, billing.BUDGET
_EARLY = 0.9
_LEGAL = re.compile(r"[a-z0-9_-]{1,63}")  # of a label's value: Resource Manager, "Labels overview"


@resource_rule(
    "cost-batch-tags",
    workflows.WORKFLOW,
    severity="medium",
    proof="cost visibility",
    says="The jobs that a schedule starts carry the stack's labels too.",
    remedy="Pass the stack's tags in the labels of each job that the workflow starts.",
)
def batch_tags(props: Properties) -> Iterator[str]:
    """The labels of each job, of any kind, are those of its workflow. Each job is billed by itself."""
    own = [job for job in jobs(props) if not job.deploys]  # what is deployed is billed with its endpoint
    lacking = {tag for job in own for tag in TAGS if not _LEGAL.fullmatch(_label(job.body, tag))}
    for tag in sorted(lacking):
        yield f"starts jobs without the label {tag}, or with an illegal value"
    for tag in [one for one in TAGS if one not in lacking]:
        whose, said = props.section_or_empty("labels").text_if_known(tag), {_label(job.body, tag) for job in own}
        if whose and (other := sorted(said - {whose})):
            yield f"starts jobs whose label {tag} is {other[0]}, where its own is {whose}"


def _label(body: Properties, tag: str) -> str:
    return body.section_or_empty("labels").text_or_empty(tag)


@whole_stack_rule(
    "cost-budget",
    severity="high",
    proof="cost visibility",
    says="The project's spend has a budget within the limit, and somebody hears before it is used up.",
    remedy="Keep the budget component; set budget.monthly_usd to at most the limit.",
)
def budget(graph: Graph) -> Found:
    """A monthly budget on all that the project spends, with alerts on actual and forecast spend to a channel.

    Any filter but that of the project leaves something out: with one of labels, what people start without them (Cloud
    Billing Budget API, Filter, https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets).
    """
    limit = limits.of(graph)["monthly-usd"].number
    if not graph.of(_BUDGET):
        yield None, "has no budget"
    for item in graph.of(_BUDGET):
        scope, amount = (item.props.section_or_empty(at) for at in ("budgetFilter", "amount.specifiedAmount"))
        if not scope.is_given("projects"):
            yield item, "counts the spend of other projects"
        for narrower in ("labels", "services", "subaccounts"):
            if scope.is_given(narrower):
                yield item, f"misses what its {narrower} leave out"
        if scope.text_or_empty("calendarPeriod") != "MONTH":
            yield item, "does not start anew each month"
        units, currency = amount.number_or_none("units"), amount.text_or_empty("currencyCode")
        if not 0 < (units or 0) <= limit or currency != "USD":
            yield item, f"allows {units or 'nothing'} {currency} a month, allowed {limit:g} USD"
        if not graph.refers(item, "allUpdatesRule", _CHANNEL):
            yield item, "tells nobody"
        told = {
            rule.text_or_empty("spendBasis") or "CURRENT_SPEND" for rule in item.props.each_section("thresholdRules")
        }
        shares = [rule.number_or_none("thresholdPercent") or 0 for rule in item.props.each_section("thresholdRules")]
        if shares and min(shares) > _EARLY:
            yield item, f"tells nobody before {min(shares):.0%} of it are spent, where {_EARLY:.0%} leave time to act"
        for basis in ("CURRENT_SPEND", "FORECASTED_SPEND"):
            if basis not in told:
                yield item, f"tells nobody of {basis.partition('_')[0].lower()} spend"


@whole_stack_rule(
    "cost-alerts-reach-owner",
    severity="medium",
    proof="cost visibility",
    says="Alerts have a channel that is switched on and has an address.",
    remedy="Keep the alerts component's e-mail to the owner.",
)
def alerts_reach_owner(graph: Graph) -> Found:
    """A message to a channel that is disabled or has no address is lost."""
    if not graph.of(_CHANNEL):
        yield None, "has no notification channel"
    for channel in graph.of(_CHANNEL):
        address = channel.props.text_if_known("labels.email_address")
        owner = channel.props.section_or_empty("userLabels").text_or_empty("owner")
        if channel.props.flag_or_none("enabled") is False or not channel.props.is_given("labels.email_address"):
            yield channel, "reaches nobody"
        elif graph.ours and address and owner != _as_label(address):
            yield channel, f"reaches {address} (labels.email_address), who is not the owner that its label names"


def _as_label(address: str) -> str:
    """An address as a label has it: Resource Manager, "Requirements for labels",
    https://cloud.google.com/resource-manager/docs/labels-overview#requirements
    """
    return re.sub(r"[^a-z0-9_-]", "_", address.lower())[:63]


RULES = [batch_tags, budget, alerts_reach_owner]
