"""One example of the arguments of each component of Google Cloud, as a program of another project writes them."""

import json
from collections.abc import Mapping

from components.gcp.agents import ServiceAgentsArgs
from components.gcp.audit import AuditArgs
from components.gcp.batch import BatchJobArgs
from components.gcp.bucket import PrivateBucketArgs
from components.gcp.budget import BudgetArgs
from components.gcp.controls import ControlsArgs
from components.gcp.encryption import EncryptionArgs
from components.gcp.endpoint import EndpointArgs
from components.gcp.endpoint_names import EndpointNamesArgs
from components.gcp.experiments import ExperimentsArgs
from components.gcp.model import ModelArgs
from components.gcp.monitoring import AlertsArgs
from components.gcp.network import NetworkArgs
from components.gcp.personas import IdentityArgs, Needs
from components.gcp.pipeline import PipelineArgs, StepArgs
from components.gcp.registry import RegistryArgs
from components.gcp.training import SpotArgs, TrainingJobArgs
from components.gcp.workspace import WorkspaceArgs
from components.given import Args
from components.shapes import Capture, Machine, Replicas, Schedule
from policies.controls import World, documents

PROJECT, NUMBER, REGION = "payments-risk-pilot", "123456789012", "us-central1"
TAGS = {
    "platform": "gcp",
    "stack": "it",
    "team": "payments-risk",
    "cost-center": "cc-4711",
    "environment": "pilot",
    "owner": "ana_example_com",
}
KEY = f"projects/{PROJECT}/locations/{REGION}/keyRings/pilot/cryptoKeys/data"
LOGS_KEY = f"projects/{PROJECT}/locations/{REGION}/keyRings/pilot/cryptoKeys/logs"
NETWORK_ID = f"projects/{PROJECT}/global/networks/pilot"
SUBNET_ID = f"projects/{PROJECT}/regions/{REGION}/subnetworks/pilot"
CHANNEL = f"projects/{PROJECT}/notificationChannels/1234567890123456789"


def account(persona: str) -> str:
    """The e-mail address of a persona's service account."""
    return f"pilot-{persona}@{PROJECT}.iam.gserviceaccount.com"


MEMBERS = {
    "aiplatform": f"serviceAccount:service-{NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com",
    "artifactregistry": f"serviceAccount:service-{NUMBER}@gcp-sa-artifactregistry.iam.gserviceaccount.com",
    "bigquery": f"serviceAccount:bq-{NUMBER}@bigquery-encryption.iam.gserviceaccount.com",
    "cloudscheduler": f"serviceAccount:service-{NUMBER}@gcp-sa-cloudscheduler.iam.gserviceaccount.com",
    "compute": f"serviceAccount:service-{NUMBER}@compute-system.iam.gserviceaccount.com",
    "logging": f"serviceAccount:cmek-p{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com",
    "notebooks": f"serviceAccount:service-{NUMBER}@gcp-sa-notebooks.iam.gserviceaccount.com",
    "storage": f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com",
    "workflows": f"serviceAccount:service-{NUMBER}@gcp-sa-workflows.iam.gserviceaccount.com",
}
ENDPOINT_MODEL, BATCH_MODEL = (
    ModelArgs(
        project=PROJECT,
        region=REGION,
        image=f"{REGION}-docker.pkg.dev/{PROJECT}/serving/scorer:1.4.0",
        artifact_uri=f"gs://{PROJECT}-models/scorer/1/",
        service_account=account(persona),
        data_key_id=KEY,
    )
    for persona in ("serving", "batch")
)
ENDPOINT = EndpointArgs(
    endpoint_name="scorer",
    model=ENDPOINT_MODEL,
    machine=Machine("e2-standard-2"),
    replicas=Replicas(1, 4),
    requests_per_replica_per_minute=600,
    network_id=NETWORK_ID,
    subnet_id=SUBNET_ID,
    caller_projects=["payments-app"],
    vertex_agent=MEMBERS["aiplatform"],
    channel_id=CHANNEL,
    capture=Capture(10, 30),
    capture_readers=[f"it-data-scientist@{PROJECT}.iam.gserviceaccount.com"],
    tags=TAGS,
)
BATCH = BatchJobArgs(
    job_name="nightly",
    model=BATCH_MODEL,
    machine=Machine("g2-standard-4", "NVIDIA_L4", 1),
    replicas=2,
    schedule=Schedule("30 2 * * *", "Europe/Berlin"),
    max_hours=3,
    inputs={"data": f"gs://{PROJECT}-data/in/"},
    output_uri=f"gs://{PROJECT}-artifacts/out/",
    pipeline_account=account("pipeline"),
    scheduler_agent=MEMBERS["cloudscheduler"],
    channel_id=CHANNEL,
    tags=TAGS,
)
TRAINING = TrainingJobArgs(
    job_name="weekly",
    project=PROJECT,
    region=REGION,
    image=f"{REGION}-docker.pkg.dev/{PROJECT}/serving/train:1.4.0",
    hyperparameters={"regularization": "1.0"},
    data={"train": f"gs://{PROJECT}-data/transactions/"},
    output_uri=f"gs://{PROJECT}-artifacts/training/weekly/",
    service_account=account("training"),
    tensorboard_name=f"projects/{NUMBER}/locations/{REGION}/tensorboards/1234567890123456789",
    machine=Machine("e2-standard-4"),
    max_hours=2,
    spot=SpotArgs(checkpoint_uri=f"gs://{PROJECT}-artifacts/training/weekly/checkpoints/", wait_hours=4),
    schedule=Schedule("30 5 * * 1", "Europe/Berlin"),
    pipeline_account=account("pipeline"),
    scheduler_agent=MEMBERS["cloudscheduler"],
    data_key_id=KEY,
    channel_id=CHANNEL,
    tags=TAGS,
)
PIPELINE = PipelineArgs(
    job_name="fraud-path",
    project=PROJECT,
    region=REGION,
    steps=[
        StepArgs(
            step_name="prepare",
            image=f"{REGION}-docker.pkg.dev/{PROJECT}/serving/steps:1.4.0",
            program=["python", "-m", "steps", "prepare"],
            options={"share": "0.2"},
            inputs={"raw": f"gs://{PROJECT}-data/transactions/"},
            machine=Machine("e2-standard-4"),
            max_hours=1,
        ),
        StepArgs(
            step_name="train",
            image=f"{REGION}-docker.pkg.dev/{PROJECT}/serving/train:1.4.0",
            options={"regularization": "1.0"},
            inputs={"train": "prepare"},
            machine=Machine("e2-standard-8"),
            max_hours=2,
            spot=SpotArgs(checkpoint_uri=f"gs://{PROJECT}-artifacts/training/weekly/checkpoints/", wait_hours=4),
            tensorboard_name=f"projects/{NUMBER}/locations/{REGION}/tensorboards/1234567890123456789",
        ),
    ],
    output_uri=f"gs://{PROJECT}-artifacts/pipelines/fraud-path/",
    root_uri=f"gs://{PROJECT}-artifacts/pipeline/",
    service_account=account("training"),
    schedule=Schedule("30 5 * * 1", "Europe/Berlin"),
    pipeline_account=account("pipeline"),
    metadata_store=f"projects/{NUMBER}/locations/{REGION}/metadataStores/default",
    scheduler_agent=MEMBERS["cloudscheduler"],
    data_key_id=KEY,
    channel_id=CHANNEL,
    tags=TAGS,
)
NETWORK = NetworkArgs(
    project=PROJECT, region=REGION, cidr="10.40.0.0/20", reach=["pkg.dev", "googleapis.com"], tags=TAGS
)
IDENTITY = IdentityArgs(
    prefix="pilot",
    project=PROJECT,
    region=REGION,
    needs=Needs(
        artifact_uris=[f"gs://{PROJECT}-models/scorer/1/"],
        input_uris=[f"gs://{PROJECT}-data/in/"],
        output_uris=[f"gs://{PROJECT}-artifacts/out/"],
        input_elsewhere=["gs://claims-data/in/"],
        output_elsewhere=["gs://claims-data/out/"],
        images=[f"{REGION}-docker.pkg.dev/{PROJECT}/serving/scorer:1.4.0"],
        captures=["scorer"],
        registered=["ranker"],
        timed=["scorer"],
        training_images=[f"{REGION}-docker.pkg.dev/{PROJECT}/serving/train:1"],
        training_uris=[f"gs://{PROJECT}-data/train/"],
        trained_uris=[f"gs://{PROJECT}-artifacts/training/weekly/"],
        candidate_uris=[f"gs://{PROJECT}-artifacts/pipelines/fraud-path/"],
        training_jobs=["weekly", "search"],
        tuned_jobs=["search"],
        pipelines=["fraud-path"],
        records=["experiments"],
        recorded_jobs=["weekly"],
    ),
    own_bucket=f"{PROJECT}-artifacts",
    bucket_name=f"{PROJECT}-artifacts",
    own_approvals=f"{PROJECT}-approvals",
    approvals_name=f"{PROJECT}-approvals",
    own_images=f"{REGION}-docker.pkg.dev/{PROJECT}/serving",
    repository_id="serving",
    vertex_agent=MEMBERS["aiplatform"],
)
WORKSPACE = WorkspaceArgs(
    prefix="pilot",
    project=PROJECT,
    users={"ana": "ana@example.com", "ben": "ben@example.com", "cem": "cem@example.com"},
    machine=Machine("e2-standard-2"),
    zone=f"{REGION}-a",
    network_id=NETWORK_ID,
    subnet_id=SUBNET_ID,
    service_account=account("data-scientist"),
    data_key_id=KEY,
    tags=TAGS,
)

CONTROLS = {name: json.dumps(document) for name, document in documents(World.of("gcp")).items()}

EXAMPLES: Mapping[str, Args] = {
    "Alerts": AlertsArgs(project=PROJECT, owner="ana@example.com", tags=TAGS),
    "Audit": AuditArgs(project=PROJECT, region=REGION, bucket_id="pilot-audit", logs_key_id=LOGS_KEY),
    "BatchJob": BATCH,
    "Budget": BudgetArgs(
        billing_account="012345-6789AB-CDEF01",
        project_number=NUMBER,
        monthly_usd=2500.5,
        channel_id=CHANNEL,
    ),
    "Controls": ControlsArgs(
        organization="organizations/123456789012", target=f"projects/{PROJECT}", documents=CONTROLS
    ),
    "Encryption": EncryptionArgs(project=PROJECT, region=REGION, agents=MEMBERS, tags=TAGS),
    "Endpoint": ENDPOINT,
    "EndpointNames": EndpointNamesArgs(project=PROJECT, network_id=NETWORK_ID, tags=TAGS),
    "Experiments": ExperimentsArgs(
        project=PROJECT,
        region=REGION,
        display_name="it-experiments",
        data_key_id=KEY,
        tags=TAGS,
    ),
    "Identity": IDENTITY,
    "Network": NETWORK,
    "PrivateBucket": PrivateBucketArgs(
        project=PROJECT, region=REGION, bucket_name=f"{PROJECT}-kept", kms_key_id=KEY, tags=TAGS
    ),
    "Registry": RegistryArgs(
        project=PROJECT,
        region=REGION,
        bucket_name=f"{PROJECT}-artifacts",
        approvals_name=f"{PROJECT}-approvals",
        data_key_id=KEY,
        readers=[],
        tags=TAGS,
    ),
    "ServiceAgents": ServiceAgentsArgs(project=PROJECT, project_number=NUMBER),
    "Pipeline": PIPELINE,
    "TrainingJob": TRAINING,
    "Workspace": WORKSPACE,
}
