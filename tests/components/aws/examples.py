"""One example of the arguments of each component of AWS: the least that a program of another project writes."""

import json
from collections.abc import Mapping

from components.aws.audit import AuditArgs
from components.aws.batch import BatchJobArgs
from components.aws.bucket import PrivateBucketArgs
from components.aws.budget import BudgetArgs
from components.aws.controls import ControlsArgs
from components.aws.encryption import EncryptionArgs
from components.aws.endpoint import AsyncArgs, CaptureArgs, EndpointArgs, OnlineArgs
from components.aws.experiments import ExperimentsArgs
from components.aws.logs import JobLogsArgs
from components.aws.model import ModelArgs
from components.aws.monitoring import AlertsArgs
from components.aws.network import JoinedNetworkArgs, NetworkArgs
from components.aws.personas import CallerArgs, IdentityArgs, Needs, TakenArgs, TargetsArgs
from components.aws.pipeline import PipelineArgs, StepArgs
from components.aws.registry import RegistryArgs
from components.aws.training import SpotArgs, TrainingJobArgs
from components.aws.workspace import WorkspaceArgs
from components.given import Args
from components.shapes import Machine, Replicas, Schedule
from policies.controls import World, documents

ACCOUNT, REGION = "111122223333", "us-east-1"
TAGS = {
    "platform": "aws",
    "stack": "it",
    "team": "payments-risk",
    "cost-center": "cc-1042",
    "environment": "pilot",
    "owner": "ana@example.com",
}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/it-serving"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:it-alerts"
VPC, GROUP = "vpc-0123456789abcdef0", "sg-0123456789abcdef0"
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
BUCKET = f"it-artifacts-{ACCOUNT}"
INPUT, OUTPUT = f"s3://it-data-{ACCOUNT}/in/", f"s3://{BUCKET}/batch/out/"

MODEL = ModelArgs(
    image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/scorer:1",
    artifact_uri=f"s3://{BUCKET}/scorer/1/model.tar.gz",
    role_arn=ROLE,
    subnet_ids=SUBNETS,
    security_group_id=GROUP,
)
ASYNC = AsyncArgs(
    backlog_per_replica=5,
    output_uri=f"s3://{BUCKET}/async/scorer/",
    failure_uri=f"s3://{BUCKET}/async/scorer-failed/",
    output_key_arn=KEY,
)

CONTROLS = {name: json.dumps(document) for name, document in documents(World.of("aws")).items()}

TRAINING = TrainingJobArgs(
    job_name="it-weekly",
    image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/train:1",
    hyperparameters={"regularization": "1.0"},
    data={"train": f"s3://it-data-{ACCOUNT}/train/"},
    output_uri=f"s3://{BUCKET}/training/weekly/",
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-training",
    subnet_ids=SUBNETS,
    security_group_id=GROUP,
    machine=Machine("ml.m5.xlarge"),
    max_hours=2,
    spot=SpotArgs(checkpoint_uri=f"s3://{BUCKET}/training/weekly/checkpoints/", wait_hours=4),
    schedule=Schedule("30 5 * * 1", "UTC"),
    pipeline_role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-pipeline",
    data_key_arn=KEY,
    logs_key_arn=KEY,
    volume_key_arn=KEY,
    topic_arn=TOPIC,
    tags=TAGS,
)
EXAMPLES: Mapping[str, Args] = {
    "Alerts": AlertsArgs(account=ACCOUNT, owner="ana@example.com", logs_key_arn=KEY, tags=TAGS),
    "Audit": AuditArgs(
        account=ACCOUNT,
        region=REGION,
        trail_name="it-audit",
        bucket_name=f"it-audit-{ACCOUNT}",
        logs_key_arn=KEY,
        data_bucket_arns=[f"arn:aws:s3:::{BUCKET}"],
        tags=TAGS,
    ),
    "BatchJob": BatchJobArgs(
        job_name="it-nightly",
        model=MODEL,
        machine=Machine("ml.m5.large"),
        replicas=2,
        schedule=Schedule("30 2 * * *", "UTC"),
        max_hours=3,
        inputs={"data": INPUT},
        output_uri=OUTPUT,
        pipeline_role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-pipeline",
        data_key_arn=KEY,
        logs_key_arn=KEY,
        volume_key_arn=KEY,
        topic_arn=TOPIC,
        tags=TAGS,
    ),
    "Budget": BudgetArgs(account=ACCOUNT, team="payments-risk", monthly_usd=2500, topic_arn=TOPIC, tags=TAGS),
    "Controls": ControlsArgs(target_id="ou-ab12-3cd45678", documents=CONTROLS, tags=TAGS),
    "Encryption": EncryptionArgs(
        account=ACCOUNT,
        region=REGION,
        trail_name="it-audit",
        pipeline_role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-pipeline",
        bucket_name=BUCKET,
        readers=["arn:aws:iam::444455556666:role/it-test-publisher"],
        tags=TAGS,
    ),
    "Endpoint": EndpointArgs(
        endpoint_name="it-scorer",
        model=MODEL,
        machine=Machine("ml.m5.large"),
        replicas=Replicas(2, 4),
        online=OnlineArgs(
            requests_per_replica_per_minute=600,
            capture=CaptureArgs(percent=10, uri=f"s3://{BUCKET}/capture/scorer", key_arn=KEY),
        ),
        volume_key_arn=KEY,
        logs_key_arn=KEY,
        topic_arn=TOPIC,
        tags=TAGS,
    ),
    "Experiments": ExperimentsArgs(
        app_name="it-experiments",
        artifact_uri=f"s3://{BUCKET}/experiments/",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-records",
        tags=TAGS,
    ),
    "Identity": IdentityArgs(
        prefix="it",
        account=ACCOUNT,
        region=REGION,
        vpc_id=VPC,
        needs=Needs(
            artifact_uris=[MODEL.artifact_uri],
            input_uris=[INPUT],
            artifact_keys=[KEY],
            input_keys=[KEY],
            output_uris=[OUTPUT],
            images=[MODEL.image],
            captures=["scorer"],
            registered=["scorer"],
            taken=[TakenArgs(stack="it-dev", account="777788889999", key_arn=KEY.replace(ACCOUNT, "777788889999"))],
            training_uris=[f"s3://it-data-{ACCOUNT}/train/", f"s3://it-data-{ACCOUNT}/raw/"],
            training_keys=[KEY],
            trained_uris=[f"s3://{BUCKET}/training/weekly/", f"s3://{BUCKET}/pipelines/path/"],
            candidate_uris=[f"s3://{BUCKET}/pipelines/path/"],
            training_jobs=["weekly", "search"],
            tuned_jobs=["search"],
            searching_steps=["search"],
            pipelines=["path"],
            scoring_pipelines=["path"],
            records=["experiments/"],
            recorded_jobs=["weekly"],
            machines=[Machine("ml.m5.large"), Machine("ml.g6.xlarge", local_nvme=True)],
            applications=[Machine("ml.m5.large")],
            callers=[CallerArgs(name="app", role_arn="arn:aws:iam::444455556666:role/app")],
            targets=[
                TargetsArgs(
                    endpoint="several", folder_uri=f"s3://it-artifacts-{ACCOUNT}/scorer/", targets=["1/model.tar.gz"]
                )
            ],
        ),
        bucket_arn=f"arn:aws:s3:::{BUCKET}",
        repository_arn=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/it-images",
        data_key_arn=KEY,
        subnet_ids=SUBNETS,
        tags=TAGS,
    ),
    "JobLogs": JobLogsArgs(logs_key_arn=KEY, tags=TAGS),
    "Network": NetworkArgs(
        account=ACCOUNT,
        region=REGION,
        cidr="10.40.0.0/20",
        zones=[f"{REGION}a", f"{REGION}b"],
        reach=["sts", "studio"],
        joined=[JoinedNetworkArgs(vpc_id="vpc-0fedcba9876543210", account="444455556666", cidrs=["10.60.0.0/20"])],
        flow_log_bucket_arn=f"arn:aws:s3:::it-audit-{ACCOUNT}",
        tags=TAGS,
    ),
    "Pipeline": PipelineArgs(
        job_name="it-path",
        steps=[
            StepArgs(
                step_name="prepare",
                inputs={"raw": f"s3://it-data-{ACCOUNT}/raw/"},
                image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/steps:1",
                program=["python", "-m", "steps", "prepare"],
                machine=Machine("ml.m5.large"),
                max_hours=1,
            ),
            StepArgs(step_name="train", inputs={"train": "prepare"}, training=TRAINING),
            StepArgs(
                step_name="gate",
                inputs={"data": "prepare", "model": "train"},
                image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/steps:1",
                program=["python", "-m", "steps", "gate"],
                options={"bound": "0.9"},
                machine=Machine("ml.g6.xlarge", local_nvme=True),
                max_hours=1,
            ),
        ],
        output_uri=f"s3://{BUCKET}/pipelines/path/",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-training",
        subnet_ids=SUBNETS,
        security_group_id=GROUP,
        schedule=Schedule("30 5 * * 1-5", "UTC"),
        pipeline_role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-pipeline",
        data_key_arn=KEY,
        volume_key_arn=KEY,
        topic_arn=TOPIC,
        tags=TAGS,
    ),
    "PrivateBucket": PrivateBucketArgs(
        bucket_name=f"it-reports-{ACCOUNT}",
        kms_key_arn=KEY,
        expire_days=90,
        expire_below={"raw/": 7},
        statements=[
            {
                "Sid": "OwnAccountOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::it-reports-{ACCOUNT}/*",
                "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}},
            }
        ],
        tags=TAGS,
    ),
    "Registry": RegistryArgs(
        account=ACCOUNT,
        bucket_name=BUCKET,
        models=["scorer"],
        readers=["arn:aws:iam::444455556666:role/it-test-publisher"],
        given=["scorer"],
        capture_days={"scorer": 7},
        answer_days={"embedder": 7},
        expire_below={"batch/out/": 90, "pipelines/path/": 30, "training/weekly/checkpoints/": 30},
        data_key_arn=KEY,
        tags=TAGS,
    ),
    "TrainingJob": TRAINING,
    "Workspace": WorkspaceArgs(
        domain_name="it",
        users=["ana"],
        machine=Machine("ml.m5.large"),
        vpc_id=VPC,
        subnet_ids=SUBNETS,
        security_group_id=GROUP,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/it-data-scientist",
        data_key_arn=KEY,
        tags=TAGS,
    ),
}
