"""Azure Machine Learning: the workspace, what is registered in it, and what it serves online.

Computes, jobs and schedules are in machinelearningservices_jobs.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.answers import Request, by_path, guid
from catalogue.behaviour import Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import (
    Acts,
    Apart,
    Apis,
    At,
    Bills,
    CostsOnly,
    Fetches,
    Guarded,
    Holds,
    KeyAt,
    Keys,
    Kind,
    No,
    Purges,
    Reaches,
    Renders,
    Runs,
    Serves,
    StandsApart,
    Stays,
    always,
    documented,
    from_source,
    setting,
)
from catalogue.kinds.azure import (
    CHECKED,
    DIAGNOSTIC_SETTING,
    NAMED,
    REPLACED,
    UNCHECKED,
    UNMADE,
    applicationinsights,
    containerregistry,
    keyvault,
    lies,
    monitor,
    storage,
)
from catalogue.machines import Machines
from catalogue.pricing import Bill, Pricing
from catalogue.properties import Malformed
from catalogue.rendering import ArmType
from catalogue.served import EndpointKind, endpoint_of
from catalogue.wording import in_words

_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/machinelearningservices"
_DOCS = "https://learn.microsoft.com/en-us/azure/machine-learning"
_DATASTORE = from_source(f"{_API}/datastore/", "2026-11-26")
_ENVIRONMENTS = from_source(f"{_API}/environmentcontainer/", "2026-11-26")
_ENVIRONMENT = from_source(f"{_API}/environmentversion/", "2026-11-26")
_MODELS = from_source(f"{_API}/modelcontainer/", "2026-11-26")
_MODEL = from_source(f"{_API}/modelversion/", "2026-11-26")
_ENDPOINT = from_source(f"{_API}/onlineendpoint/", "2026-11-26")
_DEPLOYMENT = from_source(f"{_API}/onlinedeployment/", "2026-11-26")
_WORKSPACE = from_source(f"{_API}/workspace/", "2026-11-26")
_RULE = from_source(f"{_API}/managednetworksettingsrule/", "2026-11-26")
_OLD_RULE = from_source(f"{_API}/outboundrule/", "2026-11-26")
_KEY = documented(f"{_DOCS}/concept-customer-managed-keys", "2026-11-26")
_LOGGED = documented(f"{_DOCS}/monitor-azure-machine-learning", "2026-11-26")
_ISOLATED = documented(f"{_DOCS}/how-to-managed-network", "2026-11-26")
_PRIVATE = documented(f"{_DOCS}/how-to-configure-private-link", "2026-11-26")
_SCALED = documented(f"{_DOCS}/how-to-autoscale-endpoints", "2026-11-26")
_COSTS = documented(f"{_DOCS}/concept-plan-manage-cost", "2026-11-26")
_PROVIDERS = documented(f"{_DOCS}/how-to-move-workspace", "2026-11-26")  # "required resource providers"
_UNREGISTERED = documented("https://learn.microsoft.com/en-us/answers/questions/2068819", "2026-11-27")
_PULLED = documented(f"{_DOCS}/how-to-troubleshoot-online-endpoints", "2026-11-27")  # "Authorization error"
_DELETED = documented(f"{_DOCS}/concept-soft-delete", "2026-11-26")
_MOVED = (
    "our provider moves it to a new deployment by way of a canary, so after an update that failed the one before serves"
)
_MACHINE = "the workspace's machines run on Azure's side, in computes and deployments of their own"

_ML = "azure-native:machinelearningservices"
WORKSPACE, DATASTORE = f"{_ML}:Workspace", f"{_ML}:Datastore"
ENVIRONMENTS, ENVIRONMENT = f"{_ML}:EnvironmentContainer", f"{_ML}:EnvironmentVersion"
MODELS, MODEL = f"{_ML}:ModelContainer", f"{_ML}:ModelVersion"
SERVED, ONLINE_DEPLOYMENT = f"{_ML}:OnlineEndpoint", f"{_ML}:OnlineDeployment"
OUTBOUND_RULE, OLD_OUTBOUND_RULE = f"{_ML}:ManagedNetworkSettingsRule", f"{_ML}:OutboundRule"
OUTBOUND_RULES = (OUTBOUND_RULE, OLD_OUTBOUND_RULE)
_VERSION = "2025-12-01"
IN_WORKSPACE = "Microsoft.MachineLearningServices/workspaces/{workspaceName}"
"""The path of something in a workspace, below its resource group."""
ENDPOINT_NAME = r"[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]"
"""The pattern of the names of endpoints and deployments."""
_DEFAULT_MACHINE = "Standard_F4s_v2"  # the API's, for a deployment that names none


def arm(type_: str, names: str) -> ArmType:
    """The ARM type of something in a workspace. All have the same API version."""
    return ArmType(f"Microsoft.MachineLearningServices/workspaces/{type_}", _VERSION, f"workspaceName {names}")


@dataclass(frozen=True)
class PrivateLink:
    """A private endpoint that a workspace needs.

    It leads to the resource named under `key`, or to the workspace itself.

    `zones` are the private zones in which the names of the resource are found.
    """

    key: str
    type: str
    zones: tuple[str, ...]


LINKS: Mapping[str, PrivateLink] = {
    "amlworkspace": PrivateLink("", WORKSPACE, ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net")),
    "blob": PrivateLink("storageAccount", storage.ACCOUNT, ("privatelink.blob.core.windows.net",)),
    "file": PrivateLink("storageAccount", storage.ACCOUNT, ("privatelink.file.core.windows.net",)),
    "vault": PrivateLink("keyVault", keyvault.VAULT, ("privatelink.vaultcore.azure.net",)),
    "registry": PrivateLink("containerRegistry", containerregistry.REGISTRY, ("privatelink.azurecr.io",)),
}
"""By private-link group. Zones: "Azure private endpoint private DNS zone values", at
https://learn.microsoft.com/en-us/azure/private-link/private-endpoint-dns.
"""


_ENDS = (storage.ACCOUNT, keyvault.VAULT, containerregistry.REGISTRY)
"""What a private endpoint of a managed network may lead to, of what our records know."""


def _reached(graph: Graph, workspace: Resource) -> Iterator[str]:
    """The workspace itself, and each resource that it names."""
    return (group for group, link in LINKS.items() if not link.key or workspace.props.is_given(link.key))


def _network(pricing: Pricing, workspace: Resource) -> Bill:
    """The managed network: the private endpoints that Azure ML makes by itself and by rule, and a firewall if a rule
    names a domain. Beside it, the search service that Azure makes for a workspace with a key of one's own.

    "The cost of the Azure AI search instance is charged under your Azure Machine Learning workspace":
    https://learn.microsoft.com/en-us/azure/machine-learning/concept-customer-managed-keys (service-side encryption).
    Without service-side encryption it stands in the subscription, as does a database that no line here prices; the
    rule cost-nothing-unseen forbids that.
    """
    inline = list(workspace.props.each_section("managedNetwork.outboundRules.*"))
    beside = [rule for r in pricing.graph.of(*OUTBOUND_RULES) for rule in r.props.each_section("properties")]
    kinds = [rule.text_or_empty("type") for rule in (*inline, *beside)]
    endpoints = len(list(_reached(pricing.graph, workspace))) + kinds.count("PrivateEndpoint")
    standing = endpoints * pricing.hours * pricing.of("private-endpoint") + pricing.of("managed-network")
    what, basis = "managed network", f"{endpoints} private endpoints of the managed network × {pricing.hours} h"
    if "FQDN" in kinds:
        standing += pricing.hours * pricing.of("firewall-standard")
        basis += ", and a firewall"
    if workspace.props.text_or_empty("encryption.status") == "Enabled":
        units, hour = pricing.assume("search-units"), pricing.of("ai-search-s1")
        standing += units * pricing.hours * hour
        what += " and search"
        basis += f"; {units:g} unit of AI Search for the key of one's own × {pricing.hours} h × ${hour:g}"
    return Bill(what, standing, standing, basis)


def _asks_for_a_key(graph: Graph, workspace: Resource) -> bool:
    """Whether its metadata is to rest under a key of one's own. Azure ML supports none that rotates and none in a vault
    whose public access is disabled, so a workspace need not have one. What people keep lies in its storage account.
    """
    return workspace.props.is_given("encryption")


# ---- what serves online ---------------------------------------------------------------------------------------------


def _serving(graph: Graph, deployment: Resource) -> Iterator[Machines]:
    """The replicas of a deployment: its first number, and the range of every profile of every autoscale setting."""
    props = deployment.props
    where = props.text_or_empty("properties.endpointComputeType")
    if where != "Managed":
        why = f"is {where or 'not given'}, and what runs there is not in the catalogue"
        raise Malformed("properties.endpointComputeType", why, deployment)
    lows: list[int] = []
    highs = [_count(deployment, "sku.capacity", props.number_or_none("sku.capacity"))]
    for setting_ in graph.referring(monitor.AUTOSCALE_SETTING, "targetResourceUri", deployment):
        for profile in setting_.props.each_section("profiles"):
            low, high, otherwise = (
                _count(setting_, f"{profile.at}.capacity.{key}", profile.number_or_none(f"capacity.{key}"))
                for key in ("minimum", "maximum", "default")
            )
            lows.append(low)
            highs += [low, high, otherwise]  # a range whose minimum is above its maximum runs the minimum
    if not max(highs):
        raise Malformed("sku.capacity", "is zero, so the number of replicas is unknown", deployment)
    machine = props.text_or_empty("properties.instanceType") or _DEFAULT_MACHINE
    users = [endpoint.name for endpoint in graph.refers(deployment, "endpointName", SERVED)]
    yield Machines(" and ".join(users) or deployment.name, machine, "online", min(lows or highs), max(highs))


def _serves(graph: Graph, deployment: Resource) -> EndpointKind:
    """A deployment of an online endpoint answers at once."""
    return "online"


def _hours(graph: Graph, deployment: Resource) -> Iterator[str]:
    """Each profile of an autoscale setting that comes again, with its range from then on."""
    for setting_ in graph.referring(monitor.AUTOSCALE_SETTING, "targetResourceUri", deployment):
        for profile in setting_.props.each_section("profiles"):
            at = profile.section_or_empty("recurrence.schedule")
            if not at:
                continue
            hours, minutes = list(at.each_number("hours")), list(at.each_number("minutes")) or [0]
            times = in_words(f"{int(hour):02}:{int(minute):02}" for hour in hours for minute in minutes)
            low, high = profile.text_or_empty("capacity.minimum"), profile.text_or_empty("capacity.maximum")
            yield f"{in_words(at.each_text('days'))} at {times}, {at.text_or_empty('timeZone')}: {low} to {high}"


def _count(owner: Resource, path: str, number: float | None) -> int:
    if number is None or number != int(number) or number < 0:
        raise Malformed(path, "is no whole number from zero on, so the number of replicas is unknown", owner)
    return int(number)


def _deployment(pricing: Pricing, deployment: Resource) -> Bill:
    logs = pricing.assume("log-gb-per-replica") * pricing.of("log-analytics-ingestion")
    idle, ceiling, parts = 0.0, 0.0, list[str]()
    for machines in _serving(pricing.graph, deployment):
        hour = pricing.hour(machines)
        idle += machines.low * pricing.hours * hour
        ceiling += machines.high * (pricing.hours * hour + logs)
        parts.append(f"{machines.low} to {machines.high} × {machines.said} × {pricing.hours} h × ${hour:g}")
    more = "and logs in the ceiling"
    if collects(deployment):
        amount = pricing.assume("capture-gb")
        ceiling += amount * pricing.of(f"storage-blob-hot-{_redundancy(pricing.graph, deployment)}")
        more = f"and logs and {amount:g} GB of captured requests in the ceiling"
    return Bill(endpoint_of(_serves(pricing.graph, deployment)), idle, ceiling, f"{'; '.join(parts)}, {more}")


def collects(deployment: Resource) -> bool:
    """Whether a deployment keeps requests or answers."""
    collections = deployment.props.each_section("properties.dataCollector.collections.*")
    return any(one.text_or_empty("dataCollectionMode") == "Enabled" for one in collections)


def _redundancy(graph: Graph, deployment: Resource) -> str:
    """How the storage of the deployment's workspace is kept; in zones, which costs more, where that is not known."""
    for workspace in graph.refers(deployment, "workspaceName", WORKSPACE):
        for account in graph.refers(workspace, "storageAccount", storage.ACCOUNT):
            return account.props.text_or_empty("sku.name").rpartition("_")[2].lower()
    return "zrs"


# ---- what is registered ---------------------------------------------------------------------------------------------


def _images(graph: Graph, environment: Resource) -> Iterator[str]:
    return environment.props.each_text("properties.image")


def _artifacts(graph: Graph, model: Resource) -> Iterator[str]:
    return model.props.each_text("properties.modelUri")


def _none(graph: Graph, resource: Resource) -> Iterator[str]:
    return iter(())


# ---- what Azure answers ---------------------------------------------------------------------------------------------


def _workspace(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {
        "workspaceId": guid(request.hex(32)),
        "discoveryUrl": f"https://{request.region}.api.azureml.ms/discovery",
        "mlFlowTrackingUri": f"azureml://{request.region}.api.azureml.ms/mlflow/v1.0{id_}",
    }


def _online(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    uri = f"https://{name}.{request.region}.inference.ml.azure.com/score"
    return {"properties": {**request.inputs["properties"], "scoringUri": uri}}


KINDS: tuple[Kind, ...] = (
    setting(
        DATASTORE,
        "a workspace",
        _DATASTORE,
        tags=At("properties.tags", _DATASTORE),
        keys=No("its files rest under the key of the storage account it lies on", _KEY),
        holds=Holds("work", _DATASTORE),
        bills=No("a name for a place; the storage bills", _COSTS),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/datastores", "name"),
            lies("name", "workspaceName", pattern=r"[a-zA-Z0-9_]{1,255}"),
            NAMED,
        ),
        renders=Renders(arm("datastores", "name"), CHECKED),
    ),
    setting(
        ENVIRONMENTS,
        "a workspace",
        _ENVIRONMENTS,
        tags=At("properties.tags", _ENVIRONMENTS),
        holds=Holds("work", _ENVIRONMENTS),
        bills=No("the registry of Azure ML is free", _COSTS),
        acts=Acts(by_path(f"{IN_WORKSPACE}/environments", "name"), lies("name", "workspaceName"), REPLACED),
        renders=Renders(arm("environments", "name"), CHECKED),
    ),
    setting(
        ENVIRONMENT,
        "an environment",
        _ENVIRONMENT,
        tags=At("properties.tags", _ENVIRONMENT),
        bills=No("the registry of Azure ML is free; the image bills where it is kept", _COSTS),
        serves=Serves(_images, _none, _ENVIRONMENT),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/environments/{{name}}/versions", "version"),
            lies("version", "workspaceName", "name", within=""),
            REPLACED,
        ),
        renders=Renders(arm("environments/versions", "name version"), CHECKED),
    ),
    setting(
        OUTBOUND_RULE,
        "a workspace",
        _RULE,
        bills=No("a private endpoint or firewall that it makes bills with its workspace", _ISOLATED),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/outboundRules", "ruleName"),
            lies(
                "ruleName",
                "workspaceName",
                refs=(Ref("properties.destination.serviceResourceId", _ENDS, outside=True),),
            ),
            _ISOLATED,
        ),
        renders=Renders(arm("outboundRules", "ruleName"), CHECKED),
    ),
    setting(
        MODELS,
        "a workspace",
        _MODELS,
        tags=At("properties.tags", _MODELS),
        holds=Holds("work", _MODELS),
        bills=No("the registry of Azure ML is free", _COSTS),
        acts=Acts(by_path(f"{IN_WORKSPACE}/models", "name"), lies("name", "workspaceName"), REPLACED),
        renders=Renders(arm("models", "name"), CHECKED),
    ),
    setting(
        MODEL,
        "a model",
        _MODEL,
        tags=At("properties.tags", _MODEL),
        bills=No("the registry of Azure ML is free; the files bill where they are kept", _COSTS),
        serves=Serves(_none, _artifacts, _MODEL),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/models/{{name}}/versions", "version"),
            lies("version", "workspaceName", "name", within=""),
            REPLACED,
        ),
        renders=Renders(arm("models/versions", "name version"), CHECKED),
    ),
    setting(
        ONLINE_DEPLOYMENT,
        "an online endpoint",
        _DEPLOYMENT,
        tags=At("tags", _DEPLOYMENT),
        keys=No("no machine of Azure ML takes a key for its disks", _KEY),
        holds=CostsOnly(_COSTS),
        runs=Runs(_serving, _SCALED, hours=_hours, serves=_serves),
        bills=Bills(_deployment, _COSTS, ("Azure Machine Learning", "Virtual Machines")),
        stands=At("location", _DEPLOYMENT),
        serves=No("its environment names the image, and its model the artifact", _DEPLOYMENT),
        fetches=Fetches(_PULLED, by="identity.userAssignedIdentities[]"),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/onlineEndpoints/{{endpointName}}/deployments", "deploymentName"),
            lies(
                "deploymentName",
                "workspaceName",
                "endpointName",
                pattern=ENDPOINT_NAME,
                refs=(
                    Ref("properties.model", (MODEL,), outside=True),
                    Ref("properties.environmentId", (ENVIRONMENT,), outside=True),
                ),
                machines=True,
                fetches=True,
            ),
            NAMED,
        ),
        renders=Renders(arm("onlineEndpoints/deployments", "endpointName deploymentName"), CHECKED),
        apart=StandsApart(
            (
                Apart(
                    "sku.capacity",
                    "autoscaling sets it, between the bounds of the deployment's autoscale setting",
                    "`az ml online-deployment update --name {deploymentName} --endpoint-name {endpointName} "
                    "--resource-group {resourceGroupName} --workspace-name WORKSPACE "
                    "--set instance_count={sku.capacity}`",
                ),
            ),
            _SCALED,
        ),
    ),
    setting(
        SERVED,
        "a workspace",
        _ENDPOINT,
        tags=At("tags", _ENDPOINT),
        # The refusal names no namespace, and azure-native registers the one alone that a refusal names.
        apis=Apis(("Microsoft.Cdn", "Microsoft.PolicyInsights"), _UNREGISTERED),
        holds=CostsOnly(_COSTS),
        reaches=Reaches(always("amlworkspace"), _PRIVATE),
        runs=No("its deployments run machines", _ENDPOINT),
        bills=No("an endpoint is free; its deployments bill", _COSTS),
        stands=At("location", _ENDPOINT),
        acts=Acts(
            by_path(f"{IN_WORKSPACE}/onlineEndpoints", "endpointName", _online),
            lies("endpointName", "workspaceName", pattern=ENDPOINT_NAME, unique="{region} {name}"),
            NAMED,
        ),
        renders=Renders(arm("onlineEndpoints", "endpointName"), CHECKED),
        apart=StandsApart(
            (
                Apart("properties.traffic", _MOVED, "`pulumi up`"),
                Apart("properties.mirrorTraffic", _MOVED, "`pulumi up`"),
            ),
            _ENDPOINT,
        ),
    ),
    setting(
        OLD_OUTBOUND_RULE,
        "a workspace",
        _OLD_RULE,
        bills=No("a private endpoint or firewall that it makes bills with its workspace", _ISOLATED),
        acts=UNMADE,
        renders=UNCHECKED,
    ),
    Kind(
        token=WORKSPACE,
        tags=At("tags", _WORKSPACE),
        # Off, the studio opens no notebook of a compute instance.
        apis=Apis(("Microsoft.Notebooks",), _PROVIDERS, refuses=False),
        keys=Keys((KeyAt("encryption.keyVaultProperties.keyIdentifier", _asks_for_a_key),), _KEY),
        holds=Holds("work", _WORKSPACE),
        reaches=Reaches(_reached, _PRIVATE),
        runs=No(_MACHINE, _COSTS),
        bills=Bills(_network, _ISOLATED, ("Azure Machine Learning", "Virtual Machines")),
        stands=At("location", _WORKSPACE),
        keeps=No("what is registered in it is kept until somebody deletes it", _WORKSPACE),
        serves=No("its environments name the images, and its models the artifacts", _WORKSPACE),
        acts=Acts(
            by_path("Microsoft.MachineLearningServices/workspaces", "workspaceName", _workspace),
            lies(
                "workspaceName",
                pattern=r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}",
                refs=(
                    Ref("storageAccount", (storage.ACCOUNT,)),
                    Ref("keyVault", (keyvault.VAULT,)),
                    Ref("containerRegistry", (containerregistry.REGISTRY,)),
                    Ref("applicationInsights", (applicationinsights.COMPONENT,)),
                ),
            ),
            _DELETED,
        ),
        renders=Renders(ArmType("Microsoft.MachineLearningServices/workspaces", _VERSION, "workspaceName"), CHECKED),
        guarded=Guarded((DIAGNOSTIC_SETTING,), _LOGGED),
        stays=Stays(
            14,
            "Soft-deleted workspace exists. Please purge or recover it.",
            _DELETED,
            purges=Purges("Azure portal, Azure Machine Learning, Recently deleted, Permanently delete", _DELETED),
        ),
        apart=StandsApart(
            (
                Apart(
                    "encryption.keyVaultProperties.keyIdentifier",
                    "a key that is rotated has another version; what is judged is the key and not its version",
                ),
                Apart(
                    "managedNetwork.outboundRules",
                    "Azure adds the rules that its own services need, and people may add others",
                    "`az ml workspace outbound-rule list --resource-group {resourceGroupName} --workspace-name "
                    "WORKSPACE`, and `az ml workspace outbound-rule remove --rule RULE` with the same options for each "
                    "rule of the type UserDefined that the stack has not",
                ),
                Apart("managedNetwork.status", "it tells whether the network is made yet"),
            ),
            _ISOLATED,
        ),
    ),
)
