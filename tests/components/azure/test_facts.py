"""What a real subscription refuses, keeps or leaves out in silence, each fact held against the graph of the pilot.

A fact names the page that says so, the resource and the property. What no graph can show is tested elsewhere: the order
of two phases in tests/operations/test_phases.py, the login that azure-native and our provider share in
tests/provider/test_azure_login.py, the reads that are tried again while a version bakes in
tests/provider/azure/test_traffic.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kind import Stays
from catalogue.kinds import kind_of
from catalogue.kinds.azure import (
    applicationinsights,
    authorization,
    containerregistry,
    keyvault,
    monitor,
    network,
    privatedns,
    storage,
)
from catalogue.kinds.azure.machinelearningservices import (
    ONLINE_DEPLOYMENT,
    OUTBOUND_RULE,
    SERVED,
    WORKSPACE,
)
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE, SCHEDULE
from components.azure.personas import BUILT_IN
from operations.steps import azure as steps
from policies.azure.reading import not_before
from policies.rule import peoples_networks
from provider.azure.roles import TOKEN as IN_FORCE
from tests.mutate import at

ML = "https://learn.microsoft.com/en-us/azure/machine-learning"
KEYS = f"{ML}/concept-customer-managed-keys"
OPTIONS = "options."
"""Before the name of an option of Pulumi's, which is no property of the resource."""


@dataclass(frozen=True)
class Fact:
    """On every resource of the type, `holds` is true of what stands at the property."""

    says: str
    page: str
    type: str
    property: str
    holds: Callable[[Any], bool]


def absent(value: Any) -> bool:
    return value is None


def equal(wanted: Any) -> Callable[[Any], bool]:
    return lambda value: value == wanted


FACTS = (
    Fact(
        "encryption inside the service takes no key that rotates and none in a closed vault, as the stack's is",
        KEYS,
        WORKSPACE,
        "encryption",
        absent,
    ),
    Fact(
        "a key of one's own starts a search service that bills",
        KEYS,
        WORKSPACE,
        "enableServiceSideCMKEncryption",
        absent,
    ),
    Fact(
        "storage follows a key's rotation only where it names no version",
        "https://learn.microsoft.com/en-us/azure/storage/common/customer-managed-keys-overview",
        storage.ACCOUNT,
        "encryption.keyVaultProperties.keyVersion",
        absent,
    ),
    Fact(
        "a service reaches a key in a closed vault as a trusted one only",
        "https://learn.microsoft.com/en-us/azure/key-vault/general/network-security",
        keyvault.VAULT,
        "properties.networkAcls.bypass",
        equal("AzureServices"),
    ),
    Fact(
        "a vault without purge protection may not hold such a key",
        "https://learn.microsoft.com/en-us/azure/storage/common/customer-managed-keys-overview",
        keyvault.VAULT,
        "properties.enablePurgeProtection",
        equal(True),
    ),
    Fact(
        "a delete of a key is a call to the vault itself, which is closed to whoever deploys",
        "https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/resources/customresources/custom_keyvault.go",
        keyvault.KEY,
        OPTIONS + "retainOnDelete",
        equal(True),
    ),
    Fact(
        "without the type of a principal, Azure looks a new identity up and does not find it for minutes",
        "https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshooting",
        authorization.ROLE_ASSIGNMENT,
        "principalType",
        lambda type_: type_ in ("ServicePrincipal", "User"),
    ),
    Fact(
        "a schedule starts pipelines only",
        f"{ML}/how-to-schedule-pipeline-job",
        SCHEDULE,
        "properties.action.jobDefinition.jobType",
        equal("Pipeline"),
    ),
    Fact(
        "a pipeline takes a step that is a registered component",
        f"{ML}/how-to-create-component-pipelines-cli",
        SCHEDULE,
        "properties.action.jobDefinition.jobs.score.componentId",
        lambda id_: "/components/" in id_,
    ),
    Fact(
        "telemetry with a bare instrumentation key is rejected where local authentication is off",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/app/azure-ad-authentication",
        ONLINE_DEPLOYMENT,
        "properties.appInsightsEnabled",
        equal(False),
    ),
    Fact(
        "what an endpoint answers may be about people, so a share of it is collected",
        f"{ML}/how-to-collect-production-data",
        ONLINE_DEPLOYMENT,
        "properties.dataCollector.collections",
        lambda collections: bool(collections) and all(0 < one["samplingRate"] < 1 for one in collections.values()),
    ),
    Fact(
        "nothing but a lifecycle deletes what the data collector keeps in the workspace's default container",
        f"{ML}/how-to-collect-production-data",
        storage.MANAGEMENT_POLICY,
        "policy.rules",
        lambda rules: any(
            prefix.startswith("azureml-blobstore-") and prefix.endswith("/modelDataCollector/")
            for rule in rules
            if at(rule, "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan") == 30
            for prefix in at(rule, "definition.filters.prefixMatch") or ()
        ),
    ),
    Fact(
        "traffic cannot name a deployment that does not stand yet",
        f"{ML}/how-to-safely-rollout-online-endpoints",
        SERVED,
        "properties.traffic",
        equal({}),
    ),
    Fact(
        "autoscaling changes the number of replicas, and an update would set it back",
        f"{ML}/how-to-autoscale-endpoints",
        ONLINE_DEPLOYMENT,
        OPTIONS + "ignoreChanges",
        lambda ignored: "sku.capacity" in ignored,
    ),
    Fact(
        "images are built on a cluster where the registry is private",
        f"{ML}/how-to-secure-workspace-vnet",
        WORKSPACE,
        "imageBuildCompute",
        bool,
    ),
)


@pytest.mark.parametrize("fact", FACTS, ids=[f"{fact.type.rpartition(':')[2]} {fact.property}" for fact in FACTS])
def test_the_stack_is_as_the_page_asks(azure_pilot: Graph, fact: Fact) -> None:
    found = azure_pilot.of(fact.type)
    assert found, f"the pilot has no {fact.type}"
    for resource in found:
        value = _read(resource, fact.property)
        assert fact.holds(value), f"{resource.name}: {fact.says} ({fact.page}); {fact.property} is {value!r}"


def _read(resource: Resource, property_: str) -> Any:
    if property_.startswith(OPTIONS):
        return resource.options.get(property_.removeprefix(OPTIONS))
    return at(dict(resource.inputs), property_)


@pytest.mark.parametrize(("type_", "days"), [(keyvault.VAULT, 90), (WORKSPACE, 14)])
def test_a_name_stays_taken_so_it_ends_in_digits_that_pulumi_adds(azure_pilot: Graph, type_: str, days: int) -> None:
    """https://learn.microsoft.com/en-us/azure/key-vault/general/soft-delete-overview and
    https://learn.microsoft.com/en-us/azure/machine-learning/concept-soft-delete: vaultName, workspaceName.
    """
    kind = kind_of(type_)
    assert kind is not None and isinstance(kind.stays, Stays) and kind.stays.days == days
    for resource in azure_pilot.of(type_):
        assert not {"vaultName", "workspaceName"} & set(resource.inputs), f"{resource.name} has a name of its own"


@pytest.mark.parametrize("type_", [storage.ACCOUNT, containerregistry.REGISTRY])
def test_what_encrypts_with_the_key_waits_until_the_role_on_it_is_in_force(azure_pilot: Graph, type_: str) -> None:
    """Else it fails with KeyVaultAuthenticationFailure: https://github.com/Azure/bicep/issues/16601, `encryption`."""
    (waits,) = [one for one in azure_pilot.of(IN_FORCE) if "key" in one.name]
    for resource in azure_pilot.of(type_):
        assert not not_before(azure_pilot, resource, [waits])


def test_a_storage_account_gets_one_private_endpoint_at_a_time(azure_pilot: Graph) -> None:
    """Two at once end in StorageAccountOperationInProgress, and one of them stays behind as Failed,
    `privateLinkServiceConnections`: https://github.com/Azure/bicep-registry-modules/issues/6001
    """
    for account in azure_pilot.of(storage.ACCOUNT):
        doors = list(azure_pilot.referring(network.PRIVATE_ENDPOINT, "privateLinkServiceConnections", account))
        assert len(doors) == 2
        for one, other in combinations(doors, 2):
            assert not not_before(azure_pilot, one, [other]) or not not_before(azure_pilot, other, [one])


def test_what_runs_as_the_workspace_waits_until_its_roles_are_in_force(azure_pilot: Graph) -> None:
    """Azure ML tries them while it makes the workspace, `identity`:
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-identity-based-service-authentication
    """
    (waits,) = [one for one in azure_pilot.of(IN_FORCE) if one.name.endswith("identity-in-force")]
    for workspace in azure_pilot.of(WORKSPACE):
        assert not not_before(azure_pilot, workspace, [waits])


def test_batch_endpoints_reach_queues_and_tables_and_may_use_them(azure_pilot: Graph) -> None:
    """https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network, "Scenario: Use batch endpoints":
    ManagedNetworkSettingsRule `properties.destination.subresourceTarget`, RoleAssignment `roleDefinitionId`.
    """
    led_to = {
        at(dict(rule.inputs), "properties.destination.subresourceTarget") for rule in azure_pilot.of(OUTBOUND_RULE)
    }
    assert led_to >= {"queue", "table"}
    assert {"queue-contributor", "table-contributor"} <= set(_roles(azure_pilot, "-batch-"))


@pytest.mark.parametrize("persona", ["data-scientist", "pipeline"])
def test_whoever_submits_a_run_may_build_environments_and_upload_code(azure_pilot: Graph, persona: str) -> None:
    """https://learn.microsoft.com/en-us/azure/machine-learning/how-to-assign-roles: RoleDefinition `permissions`."""
    (role,) = [one for one in azure_pilot.of(authorization.ROLE_DEFINITION) if one.name.endswith(f"-access-{persona}")]
    actions = set(at(dict(role.inputs), "permissions.0.actions"))
    workspace = "Microsoft.MachineLearningServices/workspaces"
    assert actions >= {
        f"{workspace}/environments/build/action",
        f"{workspace}/environments/readSecrets/action",
        f"{workspace}/codes/versions/*",
    }


def test_the_workspaces_identity_is_contributor_there_and_sees_the_storages_private_endpoints(
    azure_pilot: Graph,
) -> None:
    """https://learn.microsoft.com/en-us/azure/machine-learning/how-to-identity-based-service-authentication and
    how-to-managed-network: RoleAssignment `roleDefinitionId`, `scope`.
    """
    given = [one for one in azure_pilot.of(authorization.ROLE_ASSIGNMENT) if "-workspace-" in one.name]
    on = {(_named(one), one.inputs["scope"].split("/")[-2]) for one in given}
    assert on >= {("contributor", "workspaces"), ("reader", "privateEndpoints")}
    assert len([one for one in given if _named(one) == "reader"]) == 2, "blob and file"


def test_a_persons_machine_is_not_written_again(azure_pilot: Graph) -> None:
    """A PUT overwrites a compute: https://learn.microsoft.com/en-us/rest/api/azureml/compute/create-or-update, all but
    its name.
    """
    own = [
        one for one in azure_pilot.of(COMPUTE) if at(dict(one.inputs), "properties.computeType") == "ComputeInstance"
    ]
    assert own
    for machine in own:
        assert {"identity", "properties", "tags"} <= set(machine.options["ignoreChanges"])


def test_application_insights_takes_entra_identities_alone(azure_pilot: Graph) -> None:
    """https://learn.microsoft.com/en-us/azure/azure-monitor/app/azure-ad-authentication, `disableLocalAuth`."""
    assert [one.inputs["disableLocalAuth"] for one in azure_pilot.of(applicationinsights.COMPONENT)] == [True]


def test_no_alarm_on_logs_fails_while_a_table_is_missing(azure_pilot: Graph) -> None:
    """A table comes into being with its first row, and Azure switches a rule off that has failed for a week:
    https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-troubleshoot-log"""
    queries = [query for rule in azure_pilot.of(monitor.QUERY_RULE) for query in _queries(rule)]
    assert queries
    for query in queries:
        head, *parts = query.split(", (Aml")
        assert head.startswith("union isfuzzy=true (datatable(") and head.endswith(")[])")
        assert parts and all(" | project " in part for part in parts), "each part has the columns of the empty table"


def test_the_idle_alarm_is_quiet_until_the_endpoint_has_stood_for_a_day(azure_pilot: Graph) -> None:
    """https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/amlonlineendpointeventlog: the starts of
    containers. A rule looks back two days at most:
    https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-create-log-alert-rule"""
    (rule,) = (one for one in azure_pilot.of(monitor.QUERY_RULE) if one.name.endswith("-idle"))
    (query,) = _queries(rule)
    (served,) = azure_pilot.of(SERVED)
    assert f"endswith '/onlineEndpoints/{served.inputs['endpointName']}'" in query
    assert "Stood = countif(TimeGenerated < ago(1d))" in query
    assert query.endswith("iff(Stood > 0 and Called == 0, 1, 0)") and rule.inputs["windowSize"] == "P2D"


def _queries(rule: Resource) -> list[str]:
    return [criterion["query"] for criterion in rule.inputs["criteria"]["allOf"]]


def test_people_come_in_by_a_network_that_reads_every_private_zone_and_is_joined(azure_pilot: Graph) -> None:
    """How-to "custom DNS" and "enable studio in a virtual network", under the address of `ML`:
    a browser that opens the studio reaches the workspace, its notebooks and its storage by private names."""
    (way,) = peoples_networks(azure_pilot)
    (peering,) = azure_pilot.of(network.PEERING)
    assert at(peering.inputs, "remoteVirtualNetwork.id") == way.network
    assert not any(peering.inputs[key] for key in ("allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways"))
    read = {
        zone.inputs["privateZoneName"]
        for link in azure_pilot.of(privatedns.LINK)
        if at(link.inputs, "virtualNetwork.id") == way.network
        for zone in azure_pilot.refers(link, "privateZoneName", privatedns.ZONE)
    }
    assert read == {f"privatelink.{name}" for name in OPENED_BY_PEOPLE}


OPENED_BY_PEOPLE = (
    "api.azureml.ms",
    "notebooks.azure.net",
    "blob.core.windows.net",
    "file.core.windows.net",
    "vaultcore.azure.net",
    "azurecr.io",
)


def test_a_role_takes_up_to_ten_minutes_to_be_in_force(azure_pilot: Graph) -> None:
    """https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshooting"""
    waits = [
        wait
        for wait in azure_pilot.of(IN_FORCE)
        if azure_pilot.refers(wait, "assignments", authorization.ROLE_ASSIGNMENT)
    ]
    assert len(waits) == 2 and all(wait.inputs["minutes"] >= 10 for wait in waits)


def test_a_role_of_our_own_is_assigned_when_azure_knows_it(azure_pilot: Graph) -> None:
    """Some five minutes: https://github.com/hashicorp/terraform-provider-azurerm/issues/5038. azure-native tries a
    refused assignment (RoleDefinitionDoesNotExist) no second time."""
    own = [
        (given, role)
        for given in azure_pilot.of(authorization.ROLE_ASSIGNMENT)
        for role in azure_pilot.refers(given, "roleDefinitionId", authorization.ROLE_DEFINITION)
    ]
    assert own
    for given, role in own:
        waits = azure_pilot.referring(IN_FORCE, "assignments", role)
        assert [wait.inputs["minutes"] >= 5 for wait in waits] == [True], role.name
        assert not not_before(azure_pilot, given, waits), given.name


def test_providers_are_registered_by_namespace(azure_pilot: Graph) -> None:
    """https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-providers-and-types"""
    asked = next(s for s in steps.before_up(azure_pilot, "0" * 8, "eastus2") if "resource providers" in s.what)
    named = {command.rpartition(" ")[2] for command in asked.commands}
    assert named >= {"Microsoft.Insights", "Microsoft.Network", "Microsoft.MachineLearningServices"}
    # A workspace needs it, and azure-native registers what it makes alone: https://learn.microsoft.com/en-us/azure/
    # machine-learning/how-to-move-workspace, "required resource providers".
    assert "Microsoft.Notebooks" in named
    # An online endpoint needs both, and its refusal names neither: https://learn.microsoft.com/en-us/answers/questions/2068819
    assert named >= {"Microsoft.Cdn", "Microsoft.PolicyInsights"}
    # `az quota` calls it, and no resource is of it: https://learn.microsoft.com/en-us/rest/api/quota/, "Prerequisites".
    assert "Microsoft.Quota" in named
    assert all(name.startswith("Microsoft.") for name in named)


def test_no_machine_is_of_a_series_that_is_gone_or_closed_to_new_subscriptions(azure_pilot: Graph) -> None:
    """NCv3 is retired, DSv2 is restricted: https://learn.microsoft.com/en-us/azure/virtual-machines/retirement/
    retired-sizes-list: Compute `vmSize`, OnlineDeployment `instanceType`.
    """
    sizes = set(_sizes(azure_pilot)) | {
        family.machine_type for family in catalogue.load("azure").families.values() if family.machine_type
    }
    assert len(sizes) > 2
    assert not [size for size in sizes if size.endswith("s_v3") and size.startswith("Standard_NC") and "T4" not in size]
    assert not [size for size in sizes if size.startswith(("Standard_DS", "Standard_D2_v2"))]


def _sizes(graph: Graph) -> Iterator[str]:
    for compute in graph.of(COMPUTE):
        yield str(at(dict(compute.inputs), "properties.properties.vmSize"))
    for deployment in graph.of(ONLINE_DEPLOYMENT):
        yield str(at(dict(deployment.inputs), "properties.instanceType"))


def _roles(graph: Graph, who: str) -> Iterator[str]:
    return (_named(one) for one in graph.of(authorization.ROLE_ASSIGNMENT) if who in one.name)


def _named(assignment: Resource) -> str:
    """The short name of a built-in role; the whole id of another."""
    id_ = str(assignment.inputs["roleDefinitionId"]).rpartition("/")[2]
    return next((name for name, built_in in BUILT_IN.items() if built_in == id_), id_)
