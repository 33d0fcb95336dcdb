"""Sizes: no more endpoints, deployments, grants and rules than Azure takes in one place."""

from collections import Counter
from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import authorization, storage
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, SERVED
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, BATCH_ENDPOINT, COMPUTE
from catalogue.properties import Properties
from policies.rule import Found, resource_rule, stack_rule, whole_stack_rule

ASSIGNMENTS = 4_000
ENDPOINTS, DEPLOYMENTS, COMPUTES, DEPLOYMENTS_OF_ONE, INSTANCES = 100, 500, 500, 20, 50
LIFECYCLE_RULES, LIFECYCLE_PREFIXES = 100, 10
_TOO_MANY = (
    "Make two stacks of it in two subscriptions or regions; or have Microsoft raise the limit, and waive this with "
    "what Microsoft granted."
)


@whole_stack_rule(
    "sizes-assignments",
    authorization.ROLE_ASSIGNMENT,
    severity="high",
    says=f"A subscription has at most {ASSIGNMENTS:,} role assignments, which Microsoft does not raise.",
    remedy="Name fewer users in the stack file, or make two stacks of it in two subscriptions.",
)
def assignments(graph: Graph) -> Found:
    """Azure RBAC, "Troubleshoot limits", https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshoot-limits

    What the subscription has already counts too, so that a stack may fail below this.
    """
    made = graph.of(authorization.ROLE_ASSIGNMENT)
    if len(made) > ASSIGNMENTS:
        yield made[0], f"is one of {len(made):,} role assignments, and a subscription takes {ASSIGNMENTS:,}"


@whole_stack_rule(
    "sizes-endpoints",
    SERVED,
    BATCH_ENDPOINT,
    COMPUTE,
    severity="high",
    says=f"A subscription has at most {ENDPOINTS} endpoints, {DEPLOYMENTS} deployments and {COMPUTES} computes "
    "(clusters, instances and online deployments together) of Azure ML in a region.",
    remedy=f"Name fewer endpoints, batch_jobs and users in the stack file. {_TOO_MANY}",
)
def endpoints(graph: Graph) -> Found:
    """Endpoints and deployments: online and batch. Computes: clusters, instances and online deployments together.
    "Manage and increase quotas and limits for resources with Azure Machine Learning",
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-quotas
    """
    for what, most, types in (
        ("endpoints", ENDPOINTS, (SERVED, BATCH_ENDPOINT)),
        ("deployments", DEPLOYMENTS, (ONLINE_DEPLOYMENT, BATCH_DEPLOYMENT)),
        ("computes", COMPUTES, (COMPUTE, ONLINE_DEPLOYMENT)),
    ):
        if len(made := graph.of(*types)) > most:
            yield made[0], f"is one of {len(made):,} {what}, and a subscription takes {most:,} in a region"


@stack_rule(
    "sizes-deployments",
    ONLINE_DEPLOYMENT,
    BATCH_DEPLOYMENT,
    severity="high",
    says=f"An endpoint has at most {DEPLOYMENTS_OF_ONE} deployments, and a deployment {INSTANCES} instances.",
    remedy=_TOO_MANY,
)
def deployments(graph: Graph, deployment: Resource) -> Iterator[str]:
    """As above. An instance more in five is Azure's own, for upgrades, and counts as quota alone."""
    beside = Counter(_endpoint(other) for other in graph.of(deployment.type))
    if (count := beside[_endpoint(deployment)]) > DEPLOYMENTS_OF_ONE:
        yield f"is one of {count} deployments of its endpoint, and Azure ML takes {DEPLOYMENTS_OF_ONE}"
    instances = deployment.props.number_or_none("sku.capacity") if deployment.type == ONLINE_DEPLOYMENT else None
    if instances is not None and instances > INSTANCES:
        yield f"has {instances:g} instances, and Azure ML takes {INSTANCES}"


def _endpoint(deployment: Resource) -> str:
    named = deployment.props.text_if_known("endpointName")
    return named or ",".join(sorted(deployment.property_dependencies.get("endpointName", ())))


@resource_rule(
    "sizes-lifecycle",
    storage.MANAGEMENT_POLICY,
    severity="high",
    says=f"A lifecycle of a storage account has at most {LIFECYCLE_RULES} rules of {LIFECYCLE_PREFIXES} prefixes.",
    remedy="In the stack file, give fewer endpoints a capture, or most of them the days of the longest: these share a "
    "rule. Or make two stacks of it.",
)
def lifecycles(props: Properties) -> Iterator[str]:
    """Azure Blob Storage, "Lifecycle management policy structure",
    https://learn.microsoft.com/en-us/azure/storage/blobs/lifecycle-management-policy-structure
    """
    rules = list(props.each_section("policy.rules"))
    if len(rules) > LIFECYCLE_RULES:
        yield f"has {len(rules)} rules, and Azure takes {LIFECYCLE_RULES}"
    for rule in rules:
        prefixes = list(rule.each_text_if_known("definition.filters.prefixMatch"))
        if len(prefixes) > LIFECYCLE_PREFIXES:
            yield f"has a rule of {len(prefixes)} prefixes, and Azure takes {LIFECYCLE_PREFIXES}"


RULES = [assignments, endpoints, deployments, lifecycles]
