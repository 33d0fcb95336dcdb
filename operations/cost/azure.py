"""What a stack on Azure Machine Learning costs: each resource type is free for a reason, or priced by a function."""

from collections.abc import Callable, Mapping
from math import ceil

from operations.cost.prices import Bill, Prices, cron_runs_per_month
from pulumi_policy import PolicyResource

from operations.facts.azure import replicas
from policies.azure.limits import minutes
from policies.azure.network import NEEDS
from policies.rule import get, given, refers, section

_ML, _NETWORK, _MONITOR = (
    "azure-native:machinelearningservices",
    "azure-native:network",
    "azure-native:monitor",
)
_COMPUTE, _ENDPOINT = f"{_ML}:Compute", f"{_NETWORK}:PrivateEndpoint"
_DAYS = 365.25 / 12

# What bills nothing by itself, and why. Sources: the pricing pages of the services named in the catalogue.
FREE: Mapping[str, str] = {
    "azure-native:applicationinsights:Component": "its data bills in the log workspace it stands on",
    "azure-native:authorization:PolicyAssignment": "Azure Policy is free",
    "azure-native:authorization:RoleAssignment": "roles are free",
    "azure-native:authorization:RoleDefinition": "roles are free",
    "azure-native:consumption:Budget": "budgets are free",
    f"{_ML}:BatchDeployment": "a setting; its cluster bills while it runs",
    f"{_ML}:BatchEndpoint": "an endpoint is free; the cluster of its deployment bills while it runs",
    f"{_ML}:Datastore": "a name for a place; the storage bills",
    f"{_ML}:EnvironmentContainer": "the registry of Azure ML is free",
    f"{_ML}:EnvironmentVersion": "the registry of Azure ML is free; the image bills where it is kept",
    f"{_ML}:ModelContainer": "the registry of Azure ML is free",
    f"{_ML}:ModelVersion": "the registry of Azure ML is free; the files bill where they are kept",
    f"{_ML}:OnlineEndpoint": "an endpoint is free; its deployments bill",
    "azure-native:managedidentity:UserAssignedIdentity": "identities are free",
    f"{_MONITOR}:ActionGroup": "a thousand e-mails a month are free",
    f"{_MONITOR}:AutoscaleSetting": "autoscaling is free",
    f"{_MONITOR}:DiagnosticSetting": "a setting; what it sends bills in the log workspace",
    f"{_NETWORK}:NetworkSecurityGroup": "security groups are free",
    f"{_NETWORK}:PrivateDnsZoneGroup": "a setting; its zone bills",
    f"{_NETWORK}:Subnet": "subnets are free",
    f"{_NETWORK}:VirtualNetwork": "a virtual network is free",
    "azure-native:privatedns:VirtualNetworkLink": "a link is free; its zone is not",
    "azure-native:resources:ResourceGroup": "a resource group is free",
    "azure-native:storage:BlobContainer": "a container is free; what it holds bills in its account",
    "azure-native:storage:BlobServiceProperties": "a setting",
    "azure-native:storage:FileServiceProperties": "a setting",
    "azure-native:storage:ManagementPolicy": "a setting",
    "azure-native:keyvault:Vault": "a vault is free; its keys' operations are not",
    "mlplatform:azure:Traffic": "a setting",
}


def _deployment(prices: Prices, resource: PolicyResource) -> Bill:
    machine = str(get(resource.props, "properties.instanceType"))
    low, high = replicas(prices.stack, resource)
    hour = prices.hour(machine, "online")
    logs = prices.assume("log-gb-per-replica") * prices.of("log-analytics-ingestion")
    return Bill(
        "online endpoint",
        low * prices.hours * hour,
        high * (prices.hours * hour + logs),
        f"{low} to {high} × {machine} × {prices.hours} h × ${hour:g}, and logs in the ceiling",
    )


def _schedule(prices: Prices, resource: PolicyResource) -> Bill:
    """Runs at their longest; while nodes run, a load balancer stands for every fifty of them."""
    action = section(resource.props, "properties.action.jobDefinition")
    runs = cron_runs_per_month(str(get(resource.props, "properties.trigger.expression")))
    hours = minutes(section(action, "limits").get("timeout") or "P1D") / 60
    count = int(section(action, "resources").get("instanceCount") or 1)
    balancers = ceil(count / 50) * prices.of("load-balancer")
    total, parts = prices.assume("batch-log-gb") * prices.of("log-analytics-ingestion"), list[str]()
    for cluster in refers(resource, "properties", _COMPUTE):
        machine = str(get(cluster.props, "properties.properties.vmSize"))
        hour = prices.hour(machine, "batch")
        total += runs * (count * hours * hour + balancers)
        parts.append(f"{runs:.1f} runs × {count} × {machine} × at most {hours:g} h × ${hour:g}")
    return Bill("batch job", 0.0, total, f"nothing between runs; ceiling {'; '.join(parts)}, load balancer and logs")


def _compute(prices: Prices, resource: PolicyResource) -> Bill:
    machine = str(get(resource.props, "properties.properties.vmSize"))
    if section(resource.props, "properties").get("computeType") == "AmlCompute":
        return Bill("cluster", 0.0, 0.0, "from zero: what runs on it is billed with its job")
    hours, hour = prices.assume("workspace-hours-per-user"), prices.of(f"compute-instance-{machine}")
    standing = prices.of("compute-instance-disk") + _DAYS * prices.of("load-balancer")
    return Bill(
        "workspace user",
        standing,
        standing + hours * hour,
        f"disk and load balancer, kept while it is stopped; {hours:g} h of {machine} × ${hour:g} in the ceiling",
    )


def _workspace(prices: Prices, resource: PolicyResource) -> Bill:
    """The managed network: the private endpoints that Azure ML makes by itself, and a firewall where a rule asks."""
    endpoints = 1 + sum(len(groups) for (key, _), groups in NEEDS.items() if given(resource.props, key))
    standing = endpoints * prices.hours * prices.of("private-endpoint") + prices.of("managed-network")
    inline = section(resource.props, "managedNetwork.outboundRules").values()
    alone = [section(r.props, "properties") for r in prices.stack.of(f"{_ML}:ManagedNetworkSettingsRule")]
    fqdn = any(get(rule, "type") == "FQDN" for rule in (*inline, *alone))
    firewall = prices.hours * prices.of("firewall-standard") if fqdn else 0
    basis = f"{endpoints} private endpoints of the managed network × {prices.hours} h"
    return Bill(
        "managed network", standing + firewall, standing + firewall, basis + (", and a firewall" if fqdn else "")
    )


def _endpoint(prices: Prices, resource: PolicyResource) -> Bill:
    hour, endpoints = prices.of("private-endpoint"), len(prices.stack.of(_ENDPOINT))
    data = prices.assume("endpoint-data-gb") / endpoints * prices.of("private-endpoint-data")
    standing = prices.hours * hour
    return Bill("private endpoint", standing, standing + data, f"{prices.hours} h × ${hour:g}, data in the ceiling")


def _zone(prices: Prices, resource: PolicyResource) -> Bill:
    month = prices.of("private-dns-zone")
    return Bill("private zone", month, month, f"${month:g} a month")


def _images(prices: Prices, resource: PolicyResource) -> Bill:
    day = prices.of(f"container-registry-{section(resource.props, 'sku').get('name', '')}".lower())
    return Bill(
        "images", _DAYS * day, _DAYS * day, f"{_DAYS:.1f} days × ${day:g}; images inside what the tier includes"
    )


def _key(prices: Prices, resource: PolicyResource) -> Bill:
    operations = prices.assume("key-vault-operations") / 10_000 * prices.of("key-vault-operations")
    hsm = str(get(resource.props, "properties.kty")).endswith("-HSM")
    month = prices.of("key-vault-hsm-key") if hsm else 0
    return Bill("key", month, month + operations, "operations in the ceiling, at the price of keys of 2048 bits")


def _logs(prices: Prices, resource: PolicyResource) -> Bill:
    amount = prices.assume("audit-log-gb")
    cost = amount * prices.of("log-analytics-ingestion")
    return Bill("audit log", 0.0, cost, f"{amount:g} GB taken in, in the ceiling; 31 days are included")


def _storage(prices: Prices, resource: PolicyResource) -> Bill:
    sku = str(section(resource.props, "sku").get("name")).rpartition("_")[2].lower()
    kept = prices.assume("artifact-gb") * prices.of(f"storage-blob-hot-{sku}")
    operations = prices.assume("storage-operations") / 10_000
    calls = operations * (prices.of("storage-blob-reads") + prices.of("storage-blob-writes"))
    amount = prices.assume("artifact-gb")
    return Bill("storage", kept, kept + calls, f"{amount:g} GB kept, traffic or not; operations in the ceiling")


def _metric_alert(prices: Prices, resource: PolicyResource) -> Bill:
    series = len(get(resource.props, "criteria.allOf") or (1,)) * prices.of("metric-alert")
    return Bill("alarm", series, series, f"${series:g} a month")


def _log_alert(prices: Prices, resource: PolicyResource) -> Bill:
    often = resource.props.get("evaluationFrequency") in ("PT1M", "PT5M", "PT10M")
    month = prices.of("log-alert-5-minutes" if often else "log-alert-15-minutes")
    return Bill("alarm", month, month, f"${month:g} a month")


PRICED: Mapping[str, Callable[[Prices, PolicyResource], Bill]] = {
    "azure-native:containerregistry:Registry": _images,
    "azure-native:keyvault:Key": _key,
    _COMPUTE: _compute,
    f"{_ML}:OnlineDeployment": _deployment,
    f"{_ML}:Schedule": _schedule,
    f"{_ML}:Workspace": _workspace,
    f"{_MONITOR}:MetricAlert": _metric_alert,
    f"{_MONITOR}:ScheduledQueryRule": _log_alert,
    _ENDPOINT: _endpoint,
    "azure-native:operationalinsights:Workspace": _logs,
    "azure-native:privatedns:PrivateZone": _zone,
    "azure-native:storage:StorageAccount": _storage,
}
