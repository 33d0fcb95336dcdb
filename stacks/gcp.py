"""The pilot on Google Vertex AI: the components in the order they stand on each other."""

from typing import Any

import pulumi
import pulumi_gcp

from catalogue.hardware import catalogue
from components.gcp import batch, endpoint, workspace
from components.gcp.agents import ServiceAgents, ServiceAgentsArgs
from components.gcp.audit import Audit, AuditArgs
from components.gcp.batch import BatchJob, BatchJobArgs
from components.gcp.budget import Budget, BudgetArgs
from components.gcp.encryption import Encryption, EncryptionArgs
from components.gcp.endpoint import Endpoint, EndpointArgs
from components.gcp.identity import Identity
from components.gcp.model import ModelArgs
from components.gcp.monitoring import Alerts, AlertsArgs
from components.gcp.names import label
from components.gcp.network import Network, NetworkArgs
from components.gcp.personas import IdentityArgs
from components.gcp.registry import Registry, RegistryArgs
from components.gcp.workspace import Workspace, WorkspaceArgs
from provider import Provider
from stacks.model import OnlineEndpoint, StackConfig
from stacks.platforms import WORKSPACE_FAMILY


def deploy(stack: str, config: StackConfig) -> dict[str, Any]:
    """Register every resource of the pilot and return the stack's outputs."""
    project, region = config.account, config.region
    hardware = catalogue.load("gcp")
    tags = {
        "platform": config.platform,
        "stack": stack,
        "team": label(config.team),
        "cost-center": label(config.cost_center),
        "environment": config.environment,
        "owner": label(config.owner),
    }
    # The Budget API refuses a person's credentials unless the project that pays for the calls is named.
    provider = pulumi_gcp.Provider(
        "gcp", project=project, region=region, billing_project=project, user_project_override=True
    )
    on_gcp = pulumi.ResourceOptions(providers=[provider, Provider("mlplatform")])
    # The project's number never changes. Its billing account may; then the budget has to be made anew in the other one,
    # for it would watch nothing where it is, and nobody's work is in it.
    about = pulumi_gcp.organizations.get_project_output(
        project_id=project, opts=pulumi.InvokeOutputOptions(provider=provider)
    )
    artifacts = f"{stack}-artifacts-{project}"

    agents = ServiceAgents(
        f"{stack}-agents", ServiceAgentsArgs(project=project, project_number=about.number), opts=on_gcp
    )
    encryption = Encryption(
        f"{stack}-key",
        EncryptionArgs(project=project, region=region, agents=agents.members, tags=tags),
        opts=on_gcp,
    )
    Audit(
        f"{stack}-audit",
        AuditArgs(project=project, region=region, bucket_id=f"{stack}-audit", logs_key_id=encryption.logs_key_id),
        opts=on_gcp,
    )
    running = [e for e in config.endpoints.values() if e.enabled]
    reach = {*workspace.REACH, *(endpoint.REACH if running else ()), *(batch.REACH if config.batch_jobs else ())}
    network = Network(
        f"{stack}-network",
        NetworkArgs(
            project=project,
            region=region,
            cidr=config.network.cidr,
            reach=reach,
            tags=tags,
        ),
        opts=on_gcp,
    )
    registry = Registry(
        f"{stack}-registry",
        RegistryArgs(
            project=project,
            region=region,
            bucket_name=artifacts,
            data_key_id=encryption.data_key_id,
            tags=tags,
        ),
        opts=on_gcp,
    )
    identity = Identity(
        f"{stack}-identity",
        IdentityArgs(
            prefix=stack,
            project=project,
            region=region,
            artifact_uris=[model.artifact_uri for model in config.models.values()],
            input_uris=[job.input_uri for job in config.batch_jobs.values()],
            output_uris=[job.output_uri for job in config.batch_jobs.values()],
            own_bucket=artifacts,
            bucket_name=registry.bucket_name,
            repository_id=registry.repository_id,
        ),
        opts=on_gcp,
    )
    alerts = Alerts(f"{stack}-alerts", AlertsArgs(project=project, owner=config.owner, tags=tags), opts=on_gcp)
    Budget(
        f"{stack}-budget",
        BudgetArgs(
            billing_account=about.billing_account,
            project_number=about.number,
            monthly_usd=config.budget.monthly_usd,
            channel_id=alerts.channel_id,
            tags=tags,
        ),
        opts=on_gcp,
    )
    workbench = Workspace(
        f"{stack}-workspace",
        WorkspaceArgs(
            prefix=stack,
            project=project,
            users=config.workspace.users,
            principals=config.workspace.principals,
            idle_timeout_minutes=config.workspace.idle_timeout_minutes,
            machine_type=str(hardware.families[WORKSPACE_FAMILY].machine_type),
            zone=config.workspace.zone,
            network_id=network.network_id,
            subnet_id=network.subnet_id,
            service_account=identity.account_emails["data-scientist"],
            data_key_id=encryption.data_key_id,
            tags=tags,
        ),
        opts=on_gcp,
    )

    def model(name: str, persona: str) -> ModelArgs:
        return ModelArgs(
            project=project,
            region=region,
            image=config.models[name].image,
            artifact_uri=config.models[name].artifact_uri,
            service_account=identity.account_emails[persona],
            data_key_id=encryption.data_key_id,
        )

    served: dict[str, pulumi.Output[str] | None] = {}
    for name, item in config.endpoints.items():
        assert isinstance(item, OnlineEndpoint)  # the stack config refuses every other kind on this platform
        family = hardware.families[item.family]
        served[name] = Endpoint(
            f"{stack}-{name}",
            EndpointArgs(
                endpoint_name=f"{stack}-{name}",
                enabled=item.enabled,
                model=model(item.model, "serving"),
                machine_type=str(family.machine_type),
                accelerator_type=family.accelerator.name if family.accelerator else None,
                accelerator_count=family.accelerator.count if family.accelerator else None,
                min_replicas=item.min_replicas,
                max_replicas=item.max_replicas,
                requests_per_replica_per_minute=item.requests_per_replica_per_minute,
                canary_percent=item.canary.percent,
                bake_minutes=item.canary.bake_minutes,
                p95_latency_ms=item.rollback.p95_latency_ms,
                error_rate_percent=item.rollback.error_rate_percent,
                network_id=network.network_id,
                subnet_id=network.subnet_id,
                vertex_agent=agents.members["aiplatform"],
                channel_id=alerts.channel_id,
                tags=tags,
            ),
            opts=on_gcp,
        ).endpoint_id
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
                accelerator_type=family.accelerator.name if family.accelerator else None,
                accelerator_count=family.accelerator.count if family.accelerator else None,
                replicas=job.replicas,
                schedule=job.schedule,
                timezone=job.timezone,
                max_hours=job.max_hours,
                input_uri=job.input_uri,
                output_uri=job.output_uri,
                pipeline_account=identity.account_emails["pipeline"],
                scheduler_agent=agents.members["cloudscheduler"],
                channel_id=alerts.channel_id,
                tags=tags,
            ),
            opts=on_gcp,
        ).workflow_id
    return {
        "workspace": workbench.instance_names,
        "endpoints": {name: value for name, value in served.items() if value is not None},
        "batch_jobs": {name: value for name, value in scheduled.items() if value is not None},
        "artifacts": registry.bucket_name,
        "images": registry.repository_url,
        "roles": identity.account_emails,
    }
