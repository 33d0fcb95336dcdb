"""The pilot on Azure Machine Learning: the components in the order they stand on each other."""

from typing import Any

import pulumi
import pulumi_azure_native
from pulumi_azure_native import authorization

from catalogue.hardware import catalogue
from components.azure import batch, encryption, endpoint, store, workspace
from components.azure.audit import Audit, AuditArgs
from components.azure.batch import BatchJob, BatchJobArgs
from components.azure.budget import Budget, BudgetArgs
from components.azure.encryption import Encryption, EncryptionArgs
from components.azure.endpoint import Endpoint, EndpointArgs
from components.azure.group import Group, GroupArgs
from components.azure.identity import Access, AccessArgs, Identity, IdentityArgs
from components.azure.monitoring import Alerts, AlertsArgs, Watched
from components.azure.names import regional
from components.azure.network import Network, NetworkArgs
from components.azure.registry import ModelArgs, Registry, RegistryArgs
from components.azure.store import Store, StoreArgs
from components.azure.workspace import Workspace, WorkspaceArgs
from provider import Provider
from stacks.model import OnlineEndpoint, StackConfig
from stacks.platforms import WORKSPACE_FAMILY


def deploy(stack: str, config: StackConfig) -> dict[str, Any]:
    """Register every resource of the pilot and return the stack's outputs."""
    subscription, region = config.account, config.region
    hardware = catalogue.load("azure")
    tags = {
        "platform": config.platform,
        "stack": stack,
        "team": config.team,
        "cost-center": config.cost_center,
        "environment": config.environment,
        "owner": config.owner,
    }
    provider = pulumi_azure_native.Provider("azure", subscription_id=subscription, location=region)
    on_azure = pulumi.ResourceOptions(providers=[provider, Provider("mlplatform")])
    # The directory that the subscription belongs to, whoever deploys: a login of another one cannot.
    tenant = authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(provider=provider)).tenant_id

    group = Group(f"{stack}-group", GroupArgs(group_name=stack, region=region, tags=tags), opts=on_azure)
    audit = Audit(f"{stack}-audit", AuditArgs(group_name=group.name, region=region, tags=tags), opts=on_azure)
    running = [e for e in config.endpoints.values() if e.enabled]
    network = Network(
        f"{stack}-network",
        NetworkArgs(
            group_name=group.name,
            region=region,
            cidr=config.network.cidr,
            reach={
                *encryption.REACH,
                *store.REACH,
                *workspace.REACH,
                *(endpoint.REACH if running else ()),
                *(batch.REACH if config.batch_jobs else ()),
            },
            tags=tags,
        ),
        opts=on_azure,
    )
    key = Encryption(
        f"{stack}-key",
        EncryptionArgs(
            subscription=subscription,
            group_name=group.name,
            region=region,
            tenant_id=tenant,
            vault_reached=network.reached["vault"],
            log_workspace_id=audit.workspace_id,
            tags=tags,
        ),
        opts=on_azure,
    )
    kept = Store(
        f"{stack}-store",
        StoreArgs(
            group_name=group.name,
            region=region,
            encryption=key,
            reached=network.reached,
            log_workspace_id=audit.workspace_id,
            tags=tags,
        ),
        opts=on_azure,
    )
    identity = Identity(
        f"{stack}-identity",
        IdentityArgs(
            subscription=subscription,
            group_name=group.name,
            region=region,
            places={
                "storage": kept.storage_id,
                "artifacts": kept.container_id,
                "registry": kept.registry_id,
                "vault": key.vault_id,
                "insights": audit.insights_id,
                "group": group.id,
            },
            tags=tags,
        ),
        opts=on_azure,
    )
    alerts = Alerts(f"{stack}-alerts", AlertsArgs(group_name=group.name, owner=config.owner, tags=tags), opts=on_azure)
    Budget(
        f"{stack}-budget",
        BudgetArgs(
            budget_name=stack,
            group_id=group.id,
            monthly_usd=config.budget.monthly_usd,
            owner=config.owner,
            action_group_id=alerts.group_id,
        ),
        opts=on_azure,
    )
    people = {user: config.workspace.principals[user] for user in config.workspace.users}
    studio = Workspace(
        f"{stack}-workspace",
        WorkspaceArgs(
            subscription=subscription,
            stack=stack,
            group_name=group.name,
            region=region,
            tenant_id=tenant,
            people=people,
            idle_timeout_minutes=config.workspace.idle_timeout_minutes,
            machine_type=str(hardware.families[WORKSPACE_FAMILY].machine_type),
            store=kept,
            encryption=key,
            insights_id=audit.insights_id,
            log_workspace_id=audit.workspace_id,
            reached=network.reached["amlworkspace"],
            identity_id=identity.identity_ids["workspace"],
            scientist_identity_id=identity.identity_ids["data-scientist"],
            tags=tags,
        ),
        opts=on_azure,
    )
    access = Access(
        f"{stack}-access",
        AccessArgs(
            subscription=subscription,
            group_id=group.id,
            workspace_id=studio.workspace_id,
            storage_id=kept.storage_id,
            identity=identity,
            people=people,
        ),
        opts=on_azure,
    )
    registry = Registry(
        f"{stack}-registry",
        RegistryArgs(
            subscription=subscription,
            group_name=group.name,
            workspace_name=studio.workspace_name,
            storage_name=kept.storage_name,
            container_name=store.CONTAINER,
            models={name: ModelArgs(m.image, m.artifact_uri) for name, m in config.models.items()},
            tags=tags,
        ),
        opts=on_azure,
    )
    watched = Watched(group.name, region, audit.workspace_id, alerts.group_id, tags)
    served: dict[str, pulumi.Output[str] | None] = {}
    for name, item in config.endpoints.items():
        if not isinstance(item, OnlineEndpoint):
            raise TypeError(f"{name}: the stack config lets no {item.kind} endpoint through to Azure ML")
        served[name] = Endpoint(
            f"{stack}-{name}",
            EndpointArgs(
                subscription=subscription,
                endpoint_name=regional(name, subscription, stack, "online"),
                enabled=item.enabled,
                workspace_name=studio.workspace_name,
                model=registry.models[item.model],
                identity_id=access.identity_ids["serving"],
                machine_type=str(hardware.families[item.family].machine_type),
                min_replicas=item.min_replicas,
                max_replicas=item.max_replicas,
                requests_per_replica_per_minute=item.requests_per_replica_per_minute,
                canary_percent=item.canary.percent,
                bake_minutes=item.canary.bake_minutes,
                p95_latency_ms=item.rollback.p95_latency_ms,
                error_rate_percent=item.rollback.error_rate_percent,
                watched=watched,
                tags=tags,
            ),
            opts=on_azure,
        ).endpoint_name
    scheduled: dict[str, pulumi.Output[str] | None] = {}
    for name, job in config.batch_jobs.items():
        scheduled[name] = BatchJob(
            f"{stack}-{name}",
            BatchJobArgs(
                subscription=subscription,
                job_name=name,
                endpoint_name=regional(name, subscription, stack, "batch"),
                enabled=job.enabled,
                workspace_name=studio.workspace_name,
                model=registry.models[job.model],
                identity_id=access.identity_ids["batch"],
                client_id=identity.client_ids["batch"],
                machine_type=str(hardware.families[job.family].machine_type),
                replicas=job.replicas,
                schedule=job.schedule,
                timezone=job.timezone,
                max_hours=job.max_hours,
                input_uri=job.input_uri,
                output_uri=job.output_uri,
                owner=config.owner,
                watched=watched,
                tags=tags,
            ),
            opts=on_azure,
        ).schedule_id
    return {
        "workspace": studio.workspace_id,
        "endpoints": {name: value for name, value in served.items() if value is not None},
        "batch_jobs": {name: value for name, value in scheduled.items() if value is not None},
        "artifacts": kept.container_id,
        "images": kept.login_server,
        "roles": access.identity_ids,
    }
