"""One example of the arguments of each component of Azure: the least that a program of another project writes."""

import json
from collections.abc import Mapping

from components.azure.audit import AuditArgs
from components.azure.batch import BatchJobArgs
from components.azure.budget import BudgetArgs
from components.azure.callers import CallerArgs, CallersArgs
from components.azure.controls import ControlsArgs
from components.azure.encryption import EncryptionArgs
from components.azure.endpoint import EndpointArgs
from components.azure.group import GroupArgs
from components.azure.identity import AccessArgs, GateArgs, IdentityArgs
from components.azure.monitoring import AlertsArgs
from components.azure.network import ZONES, NetworkArgs
from components.azure.outbound import OutboundArgs
from components.azure.people import PeopleArgs
from components.azure.personas import GRANTS
from components.azure.pipeline import PipelineArgs, StepArgs
from components.azure.registry import ModelArgs, RegisteredModelArgs, RegistryArgs
from components.azure.store import StoreArgs
from components.azure.training import SpotArgs, TrainingJobArgs
from components.azure.workspace import WorkspaceArgs
from components.given import Args
from components.shapes import Machine, Replicas, Schedule
from policies.controls import World, documents

SUBSCRIPTION, REGION, GROUP = "11112222-3333-4444-5555-666677778888", "eastus2", "pilot"
TENANT, ANA = "99998888-7777-4666-8555-444433332222", "0a1b2c3d-0000-4000-8000-00000000000a"
OWNER = "ana@example.com"
TAGS = {
    "platform": "azure",
    "stack": "it",
    "team": "payments-risk",
    "cost-center": "cc-1042",
    "environment": "pilot",
    "owner": OWNER,
}

NETWORKS = "providers/Microsoft.Network"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
PROVIDERS = f"{GROUP_ID}/providers"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/pilotstore"
IMAGES = f"{PROVIDERS}/Microsoft.ContainerRegistry/registries/pilotimages"
VAULT, VAULT_URI = f"{PROVIDERS}/Microsoft.KeyVault/vaults/pilot-key", "https://pilot-key.vault.azure.net/"
KEY_URI = f"{VAULT_URI}keys/data"
LOGS = f"{PROVIDERS}/Microsoft.OperationalInsights/workspaces/pilot-logs"
INSIGHTS = f"{PROVIDERS}/Microsoft.Insights/components/pilot-insights"
ALERTS = f"{PROVIDERS}/Microsoft.Insights/actionGroups/pilot-alerts"
SUBNET = f"{PROVIDERS}/Microsoft.Network/virtualNetworks/pilot/subnets/private"
ZONE_IDS = {zone: f"{PROVIDERS}/Microsoft.Network/privateDnsZones/{zone}" for zones in ZONES.values() for zone in zones}
WORKSPACE = "pilot-workspace"
WORKSPACE_ID = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"


def identity_id(of: str) -> str:
    """The id of an identity that stands."""
    return f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/{of}"


def uuid_of(number: int) -> str:
    """An id that Entra gave."""
    return f"00000000-0000-4000-8000-{number:012}"


MACHINE = Machine("Standard_DS2_v2")
MODEL = ModelArgs(
    image="pilotimages.azurecr.io/scorer:1", artifact_uri="azureml://datastores/artifacts/paths/scorer/1/"
)
REGISTERED = RegisteredModelArgs(
    image=MODEL.image,
    artifact_uri=MODEL.artifact_uri,
    model_id=f"{WORKSPACE_ID}/models/scorer/versions/1",
    environment_id=f"{WORKSPACE_ID}/environments/scorer/versions/1",
)

ENDPOINT = EndpointArgs(
    subscription=SUBSCRIPTION,
    group_name=GROUP,
    region=REGION,
    workspace_name=WORKSPACE,
    endpoint_name="scorer",
    model=REGISTERED,
    identity_id=identity_id("serving"),
    machine=MACHINE,
    replicas=Replicas(1, 4),
    requests_per_replica_per_minute=600,
    log_workspace_id=LOGS,
    action_group_id=ALERTS,
    capture_percent=10,
    tags=TAGS,
)
BATCH = BatchJobArgs(
    subscription=SUBSCRIPTION,
    group_name=GROUP,
    region=REGION,
    workspace_name=WORKSPACE,
    job_name="nightly",
    endpoint_name="nightly-1",
    model=REGISTERED,
    identity_id=identity_id("batch"),
    client_id=uuid_of(10),
    machine=MACHINE,
    schedule=Schedule("30 2 * * 1-5", "Europe/Berlin"),
    max_hours=3,
    inputs={"data": "azureml://datastores/artifacts/paths/in/"},
    output_uri="azureml://datastores/artifacts/paths/out/",
    owner=OWNER,
    log_workspace_id=LOGS,
    action_group_id=ALERTS,
    tags=TAGS,
)
TRAINING = TrainingJobArgs(
    subscription=SUBSCRIPTION,
    group_name=GROUP,
    region=REGION,
    workspace_name=WORKSPACE,
    job_name="weekly",
    image="registry.azurecr.io/train:1",
    hyperparameters={"regularization": "1.0"},
    data={"train": "azureml://datastores/artifacts/paths/train/"},
    output_uri="azureml://datastores/artifacts/paths/training/weekly/",
    identity_id=identity_id("training"),
    client_id=uuid_of(11),
    machine=MACHINE,
    max_hours=2,
    spot=SpotArgs(checkpoint_uri="azureml://datastores/artifacts/paths/training/checkpoints/", wait_hours=4),
    schedule=Schedule("30 5 * * 1", "UTC"),
    owner=OWNER,
    log_workspace_id=LOGS,
    action_group_id=ALERTS,
    tags=TAGS,
)
PIPELINE = PipelineArgs(
    subscription=SUBSCRIPTION,
    group_name=GROUP,
    region=REGION,
    workspace_name=WORKSPACE,
    job_name="path",
    steps={
        "prepare": StepArgs(
            image="registry.azurecr.io/steps:1",
            program=["python", "-m", "steps", "prepare"],
            options={"test": "20"},
            inputs={"raw": "azureml://datastores/artifacts/paths/raw/"},
            machine=MACHINE,
            max_hours=1,
        ),
        "train-it": StepArgs(
            image="registry.azurecr.io/train:1",
            options={"regularization": "1.0"},
            inputs={"train": "prepare"},
            machine=MACHINE,
            max_hours=2,
            spot=SpotArgs(checkpoint_uri="azureml://datastores/artifacts/paths/training/checkpoints/", wait_hours=4),
        ),
    },
    output_uri="azureml://datastores/artifacts/paths/pipelines/path/",
    identity_id=identity_id("training"),
    client_id=uuid_of(11),
    schedule=Schedule("30 5 * * *", "UTC"),
    owner=OWNER,
    log_workspace_id=LOGS,
    action_group_id=ALERTS,
    tags=TAGS,
)

CONTROLS = {name: json.dumps(document) for name, document in documents(World.of("azure")).items()}

EXAMPLES: Mapping[str, Args] = {
    "Access": AccessArgs(
        subscription=SUBSCRIPTION,
        group_id=GROUP_ID,
        workspace_id=WORKSPACE_ID,
        storage_id=STORAGE,
        identity_ids={persona: identity_id(persona) for persona in GRANTS},
        principal_ids={persona: uuid_of(number) for number, persona in enumerate(GRANTS)},
        people={"ana": ANA},
        gate=GateArgs(group_name=GROUP, workspace_name=WORKSPACE, models=["scorer"], readers=[], tags=TAGS),
    ),
    "Alerts": AlertsArgs(group_name=GROUP, owner=OWNER, tags=TAGS),
    "Audit": AuditArgs(group_name=GROUP, region=REGION, tags=TAGS),
    "BatchJob": BATCH,
    "Budget": BudgetArgs(budget_name=GROUP, group_id=GROUP_ID, monthly_usd=2500, owner=OWNER, action_group_id=ALERTS),
    "Callers": CallersArgs(
        subscription=SUBSCRIPTION,
        group_name=GROUP,
        group_id=GROUP_ID,
        virtual_network_id=f"{GROUP_ID}/{NETWORKS}/virtualNetworks/pilot",
        zone_id=f"{GROUP_ID}/{NETWORKS}/privateDnsZones/privatelink.api.azureml.ms",
        endpoint_ids={"scorer": f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/it/onlineEndpoints/scorer"},
        callers={
            "app": CallerArgs(
                network_id=f"{GROUP_ID}/{NETWORKS}/virtualNetworks/apps",
                principal_id="0a1b2c3d-0000-4000-8000-00000000000c",
            )
        },
        tags=TAGS,
    ),
    "Controls": ControlsArgs(subscription=SUBSCRIPTION, documents=CONTROLS),
    "Encryption": EncryptionArgs(
        subscription=SUBSCRIPTION,
        group_name=GROUP,
        region=REGION,
        tenant_id=TENANT,
        subnet_id=SUBNET,
        zone_ids=ZONE_IDS,
        log_workspace_id=LOGS,
        tags=TAGS,
    ),
    "Endpoint": ENDPOINT,
    "Group": GroupArgs(group_name=GROUP, region=REGION, tags=TAGS),
    "Identity": IdentityArgs(
        subscription=SUBSCRIPTION,
        group_name=GROUP,
        region=REGION,
        storage_id=STORAGE,
        container_id=f"{STORAGE}/blobServices/default/containers/artifacts",
        storage_endpoint_ids={group: f"{GROUP_ID}/{NETWORKS}/privateEndpoints/{group}" for group in ("blob", "file")},
        registry_id=IMAGES,
        vault_id=VAULT,
        insights_id=INSIGHTS,
        group_id=GROUP_ID,
        captures=True,
        tags=TAGS,
    ),
    "Network": NetworkArgs(group_name=GROUP, region=REGION, cidr="10.40.0.0/20", tags=TAGS),
    "Outbound": OutboundArgs(group_name=GROUP, workspace_name=WORKSPACE, storage_id=STORAGE),
    "People": PeopleArgs(
        group_name=GROUP,
        virtual_network_id=f"{GROUP_ID}/{NETWORKS}/virtualNetworks/pilot",
        zone_ids=ZONE_IDS,
        network_ids=[f"{GROUP_ID}/{NETWORKS}/virtualNetworks/desktops"],
        tags=TAGS,
    ),
    "Pipeline": PIPELINE,
    "Registry": RegistryArgs(
        subscription=SUBSCRIPTION,
        group_name=GROUP,
        workspace_name=WORKSPACE,
        storage_name="pilotstore",
        models={"scorer": MODEL},
        tags=TAGS,
    ),
    "Store": StoreArgs(
        group_name=GROUP,
        region=REGION,
        vault_uri=VAULT_URI,
        key_name="data",
        key_uri=KEY_URI,
        key_identity_id=identity_id("key-wraps"),
        key_identity_client_id=uuid_of(11),
        subnet_id=SUBNET,
        zone_ids=ZONE_IDS,
        log_workspace_id=LOGS,
        tags=TAGS,
    ),
    "TrainingJob": TRAINING,
    "Workspace": WorkspaceArgs(
        subscription=SUBSCRIPTION,
        stack="it",
        group_name=GROUP,
        region=REGION,
        tenant_id=TENANT,
        people={"ana": ANA},
        machine=MACHINE,
        storage_id=STORAGE,
        storage_name="pilotstore",
        registry_id=IMAGES,
        vault_id=VAULT,
        insights_id=INSIGHTS,
        log_workspace_id=LOGS,
        subnet_id=SUBNET,
        zone_ids=ZONE_IDS,
        identity_id=identity_id("workspace"),
        scientist_identity_id=identity_id("data-scientist"),
        capture_days={"scorer-1a2b3c4": 7},
        tags=TAGS,
    ),
}
