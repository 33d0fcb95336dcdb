"""The pilot on Amazon SageMaker: the components in the order they stand on each other."""

from typing import Any

import pulumi
import pulumi_aws

from catalogue.hardware import catalogue
from components.aws import batch, endpoint, workspace
from components.aws.audit import Audit, AuditArgs
from components.aws.batch import BatchJob, BatchJobArgs
from components.aws.budget import Budget, BudgetArgs
from components.aws.encryption import Encryption, EncryptionArgs
from components.aws.endpoint import AsyncArgs, Endpoint, EndpointArgs, OnlineArgs
from components.aws.identity import Identity
from components.aws.model import ModelArgs
from components.aws.monitoring import Alerts, AlertsArgs
from components.aws.network import Network, NetworkArgs
from components.aws.personas import IdentityArgs
from components.aws.registry import Registry, RegistryArgs
from components.aws.workspace import Workspace, WorkspaceArgs
from stacks.model import AsyncEndpoint, OnlineEndpoint, StackConfig

WORKSPACE_FAMILIES = ("cpu-small",)
"""What people may start from the workspace beside what the endpoints and batch jobs of the stack file use."""


def deploy(stack: str, config: StackConfig) -> dict[str, Any]:
    """Register every resource of the pilot and return the stack's outputs."""
    account, region = config.account, config.region
    hardware = catalogue.load("aws")
    tags = {
        "platform": config.platform,
        "stack": stack,
        "team": config.team,
        "cost-center": config.cost_center,
        "environment": config.environment,
        "owner": config.owner,
    }
    provider = pulumi_aws.Provider("aws", region=region, allowed_account_ids=[account])
    on_aws = pulumi.ResourceOptions(providers=[provider])
    trail_name, artifacts = f"{stack}-audit", f"{stack}-artifacts-{account}"

    encryption = Encryption(
        f"{stack}-key", EncryptionArgs(account=account, region=region, trail_name=trail_name, tags=tags), opts=on_aws
    )
    audit = Audit(
        f"{stack}-audit",
        AuditArgs(
            account=account,
            region=region,
            trail_name=trail_name,
            bucket_name=f"{stack}-audit-{account}",
            logs_key_arn=encryption.logs_key_arn,
            data_bucket_arns=[f"arn:aws:s3:::{artifacts}"],
            tags=tags,
        ),
        opts=on_aws,
    )
    running = [e for e in config.endpoints.values() if e.enabled]
    reach = {*workspace.REACH, *(endpoint.REACH if running else ()), *(batch.REACH if config.batch_jobs else ())}
    network = Network(
        f"{stack}-network",
        NetworkArgs(
            account=account,
            region=region,
            cidr=config.network.cidr,
            zones=config.network.zones,
            reach=reach,
            flow_log_bucket_arn=audit.bucket_arn,
            tags=tags,
        ),
        opts=on_aws,
    )
    registry = Registry(
        f"{stack}-registry",
        RegistryArgs(
            account=account,
            bucket_name=artifacts,
            models=config.models,
            data_key_arn=encryption.data_key_arn,
            tags=tags,
        ),
        opts=on_aws,
    )
    used = [hardware.families[f] for f in sorted({*WORKSPACE_FAMILIES, *config.families()})]
    machine_types = [str(family.machine_type) for family in used]
    identity = Identity(
        f"{stack}-identity",
        IdentityArgs(
            prefix=stack,
            account=account,
            region=region,
            artifact_uris=[model.artifact_uri for model in config.models.values()],
            input_uris=[job.input_uri for job in config.batch_jobs.values()],
            output_uris=[job.output_uri for job in config.batch_jobs.values()],
            images=[model.image for model in config.models.values()],
            machine_types=machine_types,
            local_nvme_machine_types=[str(family.machine_type) for family in used if family.local_nvme],
            bucket_arn=registry.bucket_arn,
            repository_arn=registry.repository_arn,
            data_key_arn=encryption.data_key_arn,
            subnet_ids=list(network.subnet_ids.values()),
            tags=tags,
        ),
        opts=on_aws,
    )
    alerts = Alerts(
        f"{stack}-alerts",
        AlertsArgs(account=account, owner=config.owner, logs_key_arn=encryption.logs_key_arn, tags=tags),
        opts=on_aws,
    )
    Budget(
        f"{stack}-budget",
        BudgetArgs(
            account=account,
            team=config.team,
            monthly_usd=config.budget.monthly_usd,
            topic_arn=alerts.topic_arn,
            tags=tags,
        ),
        opts=on_aws,
    )
    studio = Workspace(
        f"{stack}-workspace",
        WorkspaceArgs(
            domain_name=stack,
            users=config.workspace.users,
            idle_timeout_minutes=config.workspace.idle_timeout_minutes,
            vpc_id=network.vpc_id,
            subnet_ids=[network.subnet_ids[zone] for zone in sorted(config.workspace.zones)],
            security_group_id=network.workload_security_group_id,
            role_arn=identity.role_arns["data-scientist"],
            data_key_arn=encryption.data_key_arn,
            tags=tags,
        ),
        opts=on_aws,
    )

    def model(name: str, persona: str) -> ModelArgs:
        return ModelArgs(
            image=config.models[name].image,
            artifact_uri=config.models[name].artifact_uri,
            role_arn=identity.role_arns[persona],
            subnet_ids=list(network.subnet_ids.values()),
            security_group_id=network.workload_security_group_id,
        )

    served: dict[str, pulumi.Output[str] | None] = {}
    for name, item in config.endpoints.items():
        family = hardware.families[item.family]
        served[name] = Endpoint(
            f"{stack}-{name}",
            EndpointArgs(
                endpoint_name=f"{stack}-{name}",
                enabled=item.enabled,
                model=model(item.model, "serving"),
                machine_type=str(family.machine_type),
                min_replicas=item.min_replicas,
                max_replicas=item.max_replicas,
                error_rate_percent=item.rollback.error_rate_percent,
                volume_key_arn=None if family.local_nvme else encryption.data_key_arn,
                topic_arn=alerts.topic_arn,
                tags=tags,
            ),
            _kind(name, item, registry.bucket_name, encryption.data_key_arn),
            opts=on_aws,
        ).endpoint_name
    scheduled: dict[str, pulumi.Output[str] | None] = {}
    for name, job in config.batch_jobs.items():
        family = hardware.families[job.family]
        scheduled[name] = BatchJob(
            f"{stack}-{name}",
            BatchJobArgs(
                job_name=f"{stack}-{name}",
                enabled=job.enabled,
                model=model(job.model, "batch"),
                machine_type=str(family.machine_type),
                replicas=job.replicas,
                schedule=job.schedule,
                timezone=job.timezone,
                max_hours=job.max_hours,
                input_uri=job.input_uri,
                output_uri=job.output_uri,
                pipeline_role_arn=identity.role_arns["pipeline"],
                data_key_arn=encryption.data_key_arn,
                logs_key_arn=encryption.logs_key_arn,
                volume_key_arn=None if family.local_nvme else encryption.data_key_arn,
                topic_arn=alerts.topic_arn,
                tags=tags,
            ),
            opts=on_aws,
        ).state_machine_arn
    return {
        "workspace": studio.domain_id,
        "endpoints": {name: value for name, value in served.items() if value is not None},
        "batch_jobs": {name: value for name, value in scheduled.items() if value is not None},
        "artifacts": registry.bucket_name,
        "images": registry.repository_url,
        "roles": identity.role_arns,
    }


def _kind(
    name: str, item: OnlineEndpoint | AsyncEndpoint, bucket: pulumi.Output[str], key_arn: pulumi.Output[str]
) -> OnlineArgs | AsyncArgs:
    if isinstance(item, OnlineEndpoint):
        return OnlineArgs(
            requests_per_replica_per_minute=item.requests_per_replica_per_minute,
            canary_percent=item.canary.percent,
            bake_minutes=item.canary.bake_minutes,
            p95_latency_ms=item.rollback.p95_latency_ms,
        )
    return AsyncArgs(
        backlog_per_replica=item.backlog_per_replica,
        output_uri=pulumi.Output.concat("s3://", bucket, f"/async/{name}/"),
        output_key_arn=key_arn,
    )
