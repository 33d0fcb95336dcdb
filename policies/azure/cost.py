"""Cost: what a schedule starts says whose it is, and somebody hears of the bill before it is due."""

from collections.abc import Iterator
from datetime import UTC, datetime

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import consumption, monitor, resources
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import SCHEDULE
from catalogue.properties import Properties
from catalogue.wording import one_line
from policies import limits
from policies.azure.reading import foreign
from policies.everywhere import TAGS
from policies.rule import resource_rule, stack_rule


@stack_rule(
    "cost-batch-tags",
    SCHEDULE,
    severity="medium",
    proof="cost visibility",
    says="The jobs that a schedule starts carry the stack's tags too.",
    remedy="Pass the stack's tags in the job definition.",
)
def batch_tags(graph: Graph, schedule: Resource) -> Iterator[str]:
    """The tags of each job, as the resource group has them. The bill counts the tags of the cluster, but the list of
    runs shows these.
    """
    given = schedule.props.section_or_empty("properties.action.jobDefinition.tags")
    group = next((group.props.section_or_empty("tags") for group in graph.of(resources.GROUP)), None)
    for tag in TAGS:
        said = given.text_or_empty(tag)
        if not said:
            yield f"starts jobs without the tag {tag}"
        elif group is not None and group.is_given(tag) and said != group.text_or_empty(tag):
            yield f"starts jobs whose {tag} is {said}, where the stack says {group.text_or_empty(tag)}"


@stack_rule(
    "cost-budget",
    resources.GROUP,
    consumption.BUDGET,
    severity="high",
    proof="cost visibility",
    says="The pilot's spend has a budget within the limit, which has begun, and somebody hears before it is used up.",
    remedy="Keep the budget component; set budget.monthly_usd to at most the limit.",
)
def budget(graph: Graph, resource: Resource) -> Iterator[str]:
    """A monthly cost budget on each resource group, whole, with alerts on actual and forecast cost that reach someone
    (Consumption API, "Budgets - Create or update").
    """
    if resource.type == consumption.BUDGET:
        yield from _wrong_with(graph, resource)
    elif not graph.referring(consumption.BUDGET, "scope", resource):
        yield "has no budget"


def _wrong_with(graph: Graph, item: Resource) -> Iterator[str]:
    limit, props = limits.of(graph)["monthly-usd"].number, item.props
    groups = graph.refers(item, "scope", resources.GROUP)
    if not groups or any(foreign(props, "scope", groups)) or props.is_given("filter"):
        yield "counts other spend than all of the pilot's resource group"
    if props.text_or_empty("category") != "Cost" or props.text_or_empty("timeGrain") != "Monthly":
        yield "counts no monthly cost"
    amount = props.number_or_none("amount")
    if not 0 < (amount or 0) <= limit:
        yield f"allows {amount if amount is not None else 'any number of'} dollars a month, allowed {limit:g}"
    yield from _begins_late(props)
    heard = [n for n in props.each_section("notifications.*") if _reaches_someone(n)]
    for kind in ("Actual", "Forecasted"):
        bounds = [n.number_or_none("threshold") or 0 for n in heard if n.text_or_empty("thresholdType") == kind]
        if not any(0 < bound <= 100 for bound in bounds):
            yield f"tells nobody of {kind.lower()} spend"


def _begins_late(props: Properties) -> Iterator[str]:
    """Nothing is counted before a budget begins. Azure takes a beginning up to a year ahead, of the first day of a
    month alone, https://learn.microsoft.com/en-us/rest/api/consumption/budgets/create-or-update (timePeriod). What
    passes on one day passes on each later one.
    """
    text = props.text_if_known("timePeriod.startDate")
    if not text:
        return
    try:
        begins = datetime.fromisoformat(text).date()
    except ValueError:
        yield f"begins on {one_line(text)[:40]!r}, which is no date"
        return
    if begins.day != 1:
        yield f"begins on {begins}, where Azure takes the first day of a month alone"
    if begins > datetime.now(UTC).date():
        yield f"begins on {begins}, and until then nobody hears of what is spent"


def _reaches_someone(notification: Properties) -> bool:
    contacts = notification.is_given("contactEmails") or notification.is_given("contactGroups")
    return notification.flag_or_none("enabled") is True and contacts


@resource_rule(
    "cost-alerts-reach-owner",
    monitor.ACTION_GROUP,
    severity="medium",
    proof="cost visibility",
    says="Every action group mails somebody.",
    remedy="Keep the alerts component's e-mail receiver, the owner.",
)
def alerts_reach_owner(props: Properties) -> Iterator[str]:
    """A message to a disabled action group is lost, and so is one to a receiver without an address."""
    if props.flag_or_none("enabled") is not True or not props.is_given_in_each("emailReceivers.emailAddress"):
        yield "mails nobody"


@resource_rule(
    "cost-nothing-unseen",
    WORKSPACE,
    severity="medium",
    proof="cost visibility",
    says="A workspace with the pilot's key creates no database and search service outside the stack.",
    remedy="Set enable_service_side_cmk_encryption=True.",
)
def nothing_unseen(props: Properties) -> Iterator[str]:
    """Otherwise Azure puts Cosmos DB, AI Search and storage into another group, billed to the pilot's subscription
    ("Customer-managed keys for Azure Machine Learning", service-side encryption of metadata).
    """
    kept_here = props.flag_or_none("enableServiceSideCMKEncryption") is True
    if props.text_or_empty("encryption.status") == "Enabled" and not kept_here:
        yield "makes a Cosmos DB and a search service in the pilot's subscription, and bills them"


RULES = [batch_tags, budget, alerts_reach_owner, nothing_unseen]
