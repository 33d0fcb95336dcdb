"""Capture: a share of the requests and answers is kept, in the stack's own storage, and expires."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import storage
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, WORKSPACE
from catalogue.properties import Properties
from policies import limits
from policies.rule import stack_rule

_FILTERS = "definition.filters"
_BLOBS = {"blockBlob", "appendBlob"}
_CREDENTIALS = {"authorization", "cookie", "api-key", "x-api-key", "ocp-apim-subscription-key"}


@stack_rule(
    "limits-capture",
    ONLINE_DEPLOYMENT,
    severity="high",
    says="Captured requests and answers are a share, and are deleted in time from the workspace's own storage.",
    remedy="Set capture.percent and capture.days of the endpoint in the stack file to at most the limits.",
)
def capture(graph: Graph, deployment: Resource) -> Iterator[str]:
    """Requests and answers may be about people, and nothing but a lifecycle deletes what the data collector keeps of
    them: "Collect production data from models", at
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-collect-production-data. Where a collection names a
    data asset of its own (`dataId`), the lifecycle cannot be found here, which is said. The workspace's storage account
    is encrypted as `encryption-customer-key` says. Headers are kept where `captureHeaders` names them, and who calls
    with a token sends it in one.
    """
    known = limits.of(graph)
    share, most = known["capture-percent"].number, known["capture-days"].number
    for header in deployment.props.each_text("properties.dataCollector.requestLogging.captureHeaders"):
        if header.lower() in _CREDENTIALS:
            yield f"captures the header {header}, with which callers prove who they are"
    kept = deployment.props.section_or_empty("properties.dataCollector.collections")
    if graph.ours and kept and {*kept.names()} != {"request", "response"}:
        yield f"captures {' and '.join(sorted(kept.names()))}, and an answer says nothing without its request"
    for collection in deployment.props.each_section("properties.dataCollector.collections.*"):
        if collection.text_or_empty("dataCollectionMode").lower() != "enabled":
            continue
        rate = collection.number_or_none("samplingRate")
        if not 0 < (1 if rate is None else rate) * 100 <= share:
            yield f"captures more than {share:g} % of requests and answers ({collection.at})"
        if collection.is_given("dataId"):
            yield f"captures into a data asset, and no lifecycle of it is known ({collection.at})"
        elif not any(days is not None and 0 < days <= most for days in payload_days(graph, deployment)):
            yield f"keeps what it captures for longer than {most:g} days ({collection.at})"


def payload_days(graph: Graph, deployment: Resource) -> Iterator[float | None]:
    """After how many days the lifecycle of the workspace's storage deletes what the data collector keeps there.

    The container is the workspace's default one, which is named by its GUID.
    """
    at = f"{_FILTERS}.prefixMatch"
    for workspace in graph.refers(deployment, "workspaceName", WORKSPACE):
        for account in graph.refers(workspace, "storageAccount", storage.ACCOUNT):
            for lifecycle in graph.referring(storage.MANAGEMENT_POLICY, "accountName", account):
                # Before `up` the GUID is not known: then what the prefix is made of decides.
                made_of_it = workspace in graph.refers(lifecycle, "policy", WORKSPACE)
                for rule in lifecycle.props.each_section("policy.rules"):
                    below = [*rule.each_text_if_known(at)] if rule.is_given(at) else [""]
                    name = deployment.props.text_if_known("endpointName")
                    where = f"azureml-blobstore-{workspace.outputs.get('workspaceId')}/modelDataCollector/{name}/"
                    covers = any(map(where.startswith, below)) if below else made_of_it
                    if rule.flag_or_none("enabled") is True and covers and not narrowed(rule):
                        yield rule.number_or_none("definition.actions.baseBlob.delete.daysAfterModificationGreaterThan")


def narrowed(rule: Properties) -> bool:
    """Whether a rule leaves out blobs below its prefix: those of another type, or without a tag.

    https://learn.microsoft.com/en-us/azure/storage/blobs/lifecycle-management-policy-structure
    """
    return rule.is_given(f"{_FILTERS}.blobIndexMatch") or not {*rule.each_text(f"{_FILTERS}.blobTypes")} >= _BLOBS


RULES = [capture]
