"""Cost: every resource says whose it is, and somebody hears of the bill before it is due."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.gcp.encryption import batch_jobs
from policies.limits import load
from policies.rule import Stack, given, refers, section, stack_rule
from policies.tagging import TAGS, mistagged

# Types that take no labels in Google's provider. Whatever is not listed is expected to carry them, so a new type is a
# finding until someone has looked; a test holds the list against the installed SDK.
UNTAGGABLE = frozenset(
    {
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        "gcp:billing/budget:Budget",
        "gcp:cloudscheduler/job:Job",
        "gcp:compute/firewall:Firewall",
        "gcp:compute/network:Network",
        "gcp:compute/subnetwork:Subnetwork",
        "gcp:dns/policy:Policy",
        "gcp:dns/recordSet:RecordSet",
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        "gcp:kms/keyRing:KeyRing",
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
        "gcp:logging/projectSink:ProjectSink",
        "gcp:projects/iAMAuditConfig:IAMAuditConfig",
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        "gcp:projects/iAMMember:IAMMember",
        "gcp:projects/serviceIdentity:ServiceIdentity",
        "gcp:serviceaccount/account:Account",
        "gcp:serviceaccount/iAMMember:IAMMember",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "gcp:workbench/instanceIamMember:InstanceIamMember",
        "mlplatform:gcp:Deployment",
    }
)
_CHANNEL, _BUDGET = "gcp:monitoring/notificationChannel:NotificationChannel", "gcp:billing/budget:Budget"
# Monitoring's own `labels` configure the channel; those for people are beside them.
_LABELS_AT = {"gcp:monitoring/alertPolicy:AlertPolicy": "userLabels", _CHANNEL: "userLabels"}
_OURS = ("mlplatform:gcp:Model",)
_LEGAL = re.compile(r"[a-z0-9_-]{1,63}")


def tags_at(type_: str) -> str | None:
    """The property that holds a type's labels; None where it takes none or is not Google Cloud's."""
    taggable = (type_.startswith("gcp:") and type_ not in UNTAGGABLE) or type_ in _OURS
    return _LABELS_AT.get(type_, "labels") if taggable else None


@stack_rule(
    "cost-tags",
    severity=Severity.HIGH,
    says="Everything that can carry labels carries platform, stack, team, cost-center, environment and owner.",
    remedy="Pass the stack's tags to the resource.",
)
def tags(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Values legal in Google Cloud (Resource Manager, "Labels overview"); the same on every resource of the stack."""
    yield from mistagged(stack, tags_at, _LEGAL, "label")


@stack_rule(
    "cost-batch-tags",
    severity=Severity.MEDIUM,
    says="The jobs that a schedule starts carry the stack's labels too.",
    remedy="Pass the stack's tags in the batch prediction job's labels.",
)
def batch_tags(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """BatchPredictionJob's own labels: a job is billed on its own."""
    for workflow in stack.of("gcp:workflows/workflow:Workflow"):
        for job in batch_jobs(workflow.props):
            labels = section(job, "labels")
            for tag in TAGS:
                if not _LEGAL.fullmatch(str(labels.get(tag, ""))):
                    yield workflow.urn, f"starts jobs without the label {tag}, or with an illegal value"


@stack_rule(
    "cost-budget",
    severity=Severity.HIGH,
    says="The team's spend has a budget within the limit, and somebody hears before it is used up.",
    remedy="Keep the budget component; set budget.monthly_usd to at most the limit.",
)
def budget(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A monthly budget on the project and the team's label, with alerts on actual and forecast spend to a channel.

    A budget filters by one label pair (Cloud Billing Budget API, Filter.labels).
    """
    limit = load()["monthly-usd"].number
    teams = {section(r.props, at).get("team") for r in stack.resources if (at := tags_at(r.resource_type))}
    if not stack.of(_BUDGET):
        yield None, "has no budget"
    for item in stack.of(_BUDGET):
        scope, amount = section(item.props, "budgetFilter"), section(item.props, "amount.specifiedAmount")
        if section(scope, "labels").get("team") not in teams - {None} or not given(scope, "projects"):
            yield item.urn, "counts other spend than the team's in this project"
        if scope.get("calendarPeriod") != "MONTH":
            yield item.urn, "does not start anew each month"
        if not 0 < float(amount.get("units") or 0) <= limit or amount.get("currencyCode") != "USD":
            yield item.urn, f"allows {amount.get('units')} {amount.get('currencyCode')} a month, allowed {limit:g} USD"
        if not refers(item, "allUpdatesRule", _CHANNEL):
            yield item.urn, "tells nobody"
        told = {rule.get("spendBasis", "CURRENT_SPEND") for rule in item.props.get("thresholdRules") or ()}
        for basis in ("CURRENT_SPEND", "FORECASTED_SPEND"):
            if basis not in told:
                yield item.urn, f"tells nobody of {basis.partition('_')[0].lower()} spend"


@stack_rule(
    "cost-alerts-reach-owner",
    severity=Severity.MEDIUM,
    says="Alerts have a channel that is switched on and has an address.",
    remedy="Keep the alerts component's e-mail to the owner.",
)
def alerts_reach_owner(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A channel that is disabled, or of no address, swallows what is sent to it."""
    if not stack.of(_CHANNEL):
        yield None, "has no notification channel"
    for channel in stack.of(_CHANNEL):
        if channel.props.get("enabled") is False or not given(channel.props, "labels.email_address"):
            yield channel.urn, "reaches nobody"


RULES = [tags, batch_tags, budget, alerts_reach_owner]
