"""Cost: every resource says whose it is, and somebody hears of the bill before it is due."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity

from policies.azure.reading import said
from policies.limits import load
from policies.rule import Stack, get, known, refers, resource_rule, section, stack_rule
from policies.tagging import TAGS, mistagged

# Types that take no tags in Azure. Whatever is not listed is expected to carry them, so a new type is a finding until
# someone has looked; a test holds the list against the installed SDK.
UNTAGGABLE = frozenset(
    {
        "azure-native:authorization:PolicyAssignment",
        "azure-native:authorization:RoleAssignment",
        "azure-native:authorization:RoleDefinition",
        "azure-native:consumption:Budget",
        "azure-native:machinelearningservices:ManagedNetworkSettingsRule",
        "azure-native:managedidentity:FederatedIdentityCredential",
        "azure-native:monitor:DiagnosticSetting",
        "azure-native:network:PrivateDnsZoneGroup",
        "azure-native:network:Route",
        "azure-native:network:SecurityRule",
        "azure-native:network:Subnet",
        "azure-native:network:VirtualNetworkPeering",
        "azure-native:storage:BlobContainer",
        "azure-native:storage:BlobServiceProperties",
        "azure-native:storage:FileServiceProperties",
        "azure-native:storage:ManagementPolicy",
        "mlplatform:azure:Traffic",
    }
)
# Azure ML's assets are no resources of Resource Manager's; they have tags among their own properties.
TAGGED_INSIDE = frozenset(
    f"azure-native:machinelearningservices:{name}"
    for name in (
        "Datastore",
        "EnvironmentContainer",
        "EnvironmentVersion",
        "ModelContainer",
        "ModelVersion",
        "Schedule",
    )
)
_LEGAL = re.compile(r"[^\x00-\x1f<>%&\\?]{1,256}")
_GROUP, _ACTIONS = "azure-native:resources:ResourceGroup", "azure-native:monitor:ActionGroup"
_SCHEDULE = "azure-native:machinelearningservices:Schedule"


def tags_at(type_: str) -> str | None:
    """The property that holds a type's tags; None where it takes none or is not Azure's."""
    if not type_.startswith("azure-native:") or type_ in UNTAGGABLE:
        return None
    return "properties.tags" if type_ in TAGGED_INSIDE else "tags"


@stack_rule(
    "cost-tags",
    severity=Severity.HIGH,
    says="Everything that can carry tags carries platform, stack, team, cost-center, environment and owner.",
    remedy="Pass the stack's tags to the resource.",
)
def tags(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Values legal in Azure ("Use tags to organize your Azure resources"); the same on every resource of the stack."""
    yield from mistagged(stack, tags_at, _LEGAL)


@stack_rule(
    "cost-batch-tags",
    severity=Severity.MEDIUM,
    says="The jobs that a schedule starts carry the stack's tags too.",
    remedy="Pass the stack's tags in the job definition.",
)
def batch_tags(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A job's own tags: the bill counts the cluster's, but the list of runs shows these."""
    for schedule in stack.of(_SCHEDULE):
        given = section(schedule.props, "properties.action.jobDefinition.tags")
        for tag in TAGS:
            if not given.get(tag):
                yield schedule.urn, f"starts jobs without the tag {tag}"


@stack_rule(
    "cost-budget",
    severity=Severity.HIGH,
    says="The pilot's spend has a budget within the limit, and somebody hears before it is used up.",
    remedy="Keep the budget component; set budget.monthly_usd to at most the limit.",
)
def budget(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A monthly cost budget on each resource group, whole, with alerts on actual and forecast cost that reach someone
    (Consumption API, "Budgets - Create or update").
    """
    for group in stack.of(_GROUP):
        if not stack.referring("azure-native:consumption:Budget", "scope", group):
            yield group.urn, "has no budget"
    for item in stack.of("azure-native:consumption:Budget"):
        yield from ((item.urn, sentence) for sentence in _wrong_with(item))


def _wrong_with(item: PolicyResource) -> Iterator[str]:
    limit, props = load()["monthly-usd"].number, item.props
    text = known(props, "scope")
    if not refers(item, "scope", _GROUP) or (text and "/resourceGroups/" not in text) or said(props, "filter"):
        yield "counts other spend than all of the pilot's resource group"
    if props.get("category") != "Cost" or props.get("timeGrain") != "Monthly":
        yield "counts no monthly cost"
    if not 0 < float(props.get("amount") or 0) <= limit:
        yield f"allows {props.get('amount')} dollars a month, allowed {limit:g}"
    notifications: Mapping[str, Any] = section(props, "notifications")
    heard = [
        n for n in notifications.values() if n.get("enabled") and (n.get("contactEmails") or n.get("contactGroups"))
    ]
    for kind in ("Actual", "Forecasted"):
        if not any(n.get("thresholdType") == kind and 0 < (n.get("threshold") or 0) <= 100 for n in heard):
            yield f"tells nobody of {kind.lower()} spend"


@stack_rule(
    "cost-alerts-reach-owner",
    severity=Severity.MEDIUM,
    says="Every action group mails somebody.",
    remedy="Keep the alerts component's e-mail receiver, the owner.",
)
def alerts_reach_owner(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A disabled action group, or one without receivers, swallows what is sent to it."""
    for group in stack.of(_ACTIONS):
        if group.props.get("enabled") is not True or not get(group.props, "emailReceivers.emailAddress"):
            yield group.urn, "mails nobody"


@resource_rule(
    "cost-nothing-unseen",
    "azure-native:machinelearningservices:Workspace",
    severity=Severity.MEDIUM,
    says="A workspace with a key of the pilot's makes no database and search service of its own, which nobody listed.",
    remedy="Set enable_service_side_cmk_encryption=True.",
)
def nothing_unseen(props: Mapping[str, Any]) -> Iterator[str]:
    """Else Azure puts Cosmos DB, AI Search and storage into a group of its own, billed to the pilot's subscription
    ("Customer-managed keys for Azure Machine Learning", service-side encryption of metadata).
    """
    if get(props, "encryption.status") == "Enabled" and props.get("enableServiceSideCMKEncryption") is not True:
        yield "makes a Cosmos DB and a search service in the pilot's subscription, and bills them"


RULES = [tags, batch_tags, budget, alerts_reach_owner, nothing_unseen]
