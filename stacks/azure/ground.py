"""What every stack on Azure Machine Learning stands on. Each part is a function, so that one can be given, not made.

The ML workspace is part of it: models, endpoints and jobs stand in the workspace, and people work there as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native
from pulumi_azure_native import authorization

from components.azure import encryption, store
from components.azure import workspace as component
from components.azure.audit import Audit, AuditArgs
from components.azure.encryption import Encryption, EncryptionArgs
from components.azure.group import Group, GroupArgs
from components.azure.identity import Access, AccessArgs, Identity, IdentityArgs
from components.azure.monitoring import Alerts, AlertsArgs, Watched
from components.azure.network import Network, NetworkArgs
from components.azure.personas import Needs
from components.azure.registry import ModelArgs, RegisteredModel, Registry, RegistryArgs
from components.azure.store import Store, StoreArgs
from components.azure.workspace import Workspace, WorkspaceArgs
from components.shapes import together
from provider import Provider
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import models, network, workspace
from stacks.site import Site, tags_of

REACH = {*encryption.REACH, *store.REACH, *component.REACH}
"""What the ground itself must reach."""


@dataclass(frozen=True)
class Ground(Site):
    """What sections read. `identity_ids` and `client_ids` are by persona; `models` is by name in the stack file.

    `watched` is what an alarm needs of its surroundings, `group_id` the resource group, `action_group_id` where alarms
    go.
    """

    group_id: pulumi.Output[str]
    workspace_id: pulumi.Output[str]
    workspace_name: pulumi.Output[str]
    container_id: pulumi.Output[str]
    login_server: pulumi.Output[str]
    models: Mapping[str, RegisteredModel]
    identity_ids: Mapping[str, pulumi.Output[str]]
    client_ids: Mapping[str, pulumi.Output[str]]
    action_group_id: pulumi.Output[str]
    watched: Watched

    @property
    def outputs(self) -> Mapping[str, object]:
        """The stack outputs of the ground."""
        return {"roles": self.identity_ids}


def lay(stack: str, config: StackConfig, reach: Iterable[str], needs: Sequence[Needs]) -> Ground:
    """Lay the ground: a network that reaches what the sections must reach, identities that may do what they need."""
    provider = pulumi_azure_native.Provider("azure", subscription_id=config.account, location=config.region)
    opts = pulumi.ResourceOptions(providers=[provider, Provider("mlplatform")])
    site = Site(stack, config.account, config.region, tags_of(stack, config), opts)
    # The directory that the subscription belongs to, whoever deploys: a login of another one cannot.
    tenant_id = authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(provider=provider)).tenant_id
    people = dict(together(Needs, needs).people)
    group = _group(site)
    audit = _audit(site, group)
    net = _network(site, config, group, reach)
    key = _key(site, group, audit, net, tenant_id)
    kept = _store(site, group, audit, net, key)
    identity = _identity(site, group, audit, key, kept)
    alerts = _alerts(site, config, group)
    studio = _workspace(site, config, people, group, audit, net, key, kept, identity, tenant_id)
    access = _access(site, people, group, kept, identity, studio)
    return Ground(
        **vars(site),
        group_id=group.id,
        workspace_id=studio.workspace_id,
        workspace_name=studio.workspace_name,
        container_id=kept.container_id,
        login_server=kept.login_server,
        models=_registry(site, config, group, kept, studio).models,
        identity_ids=access.identity_ids,
        client_ids=identity.client_ids,
        action_group_id=alerts.group_id,
        watched=Watched(group.name, site.region, audit.workspace_id, alerts.group_id, site.tags),
    )


def _group(site: Site) -> Group:
    return Group(
        f"{site.stack}-group", GroupArgs(group_name=site.stack, region=site.region, tags=site.tags), opts=site.opts
    )


def _audit(site: Site, group: Group) -> Audit:
    return Audit(
        f"{site.stack}-audit", AuditArgs(group_name=group.name, region=site.region, tags=site.tags), opts=site.opts
    )


def _network(site: Site, config: StackConfig, group: Group, reach: Iterable[str]) -> Network:
    return Network(
        f"{site.stack}-network",
        NetworkArgs(
            group_name=group.name,
            region=site.region,
            cidr=network.of(config).cidr,
            reach={*REACH, *reach},
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _key(site: Site, group: Group, audit: Audit, net: Network, tenant_id: pulumi.Output[str]) -> Encryption:
    return Encryption(
        f"{site.stack}-key",
        EncryptionArgs(
            subscription=site.account,
            group_name=group.name,
            region=site.region,
            tenant_id=tenant_id,
            vault_reached=net.reached["vault"],
            log_workspace_id=audit.workspace_id,
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _store(site: Site, group: Group, audit: Audit, net: Network, key: Encryption) -> Store:
    return Store(
        f"{site.stack}-store",
        StoreArgs(
            group_name=group.name,
            region=site.region,
            encryption=key,
            reached=net.reached,
            log_workspace_id=audit.workspace_id,
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _identity(site: Site, group: Group, audit: Audit, key: Encryption, kept: Store) -> Identity:
    return Identity(
        f"{site.stack}-identity",
        IdentityArgs(
            subscription=site.account,
            group_name=group.name,
            region=site.region,
            places={
                "storage": kept.storage_id,
                "artifacts": kept.container_id,
                "registry": kept.registry_id,
                "vault": key.vault_id,
                "insights": audit.insights_id,
                "group": group.id,
            },
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _alerts(site: Site, config: StackConfig, group: Group) -> Alerts:
    return Alerts(
        f"{site.stack}-alerts", AlertsArgs(group_name=group.name, owner=config.owner, tags=site.tags), opts=site.opts
    )


def _workspace(
    site: Site,
    config: StackConfig,
    people: Mapping[str, str],
    group: Group,
    audit: Audit,
    net: Network,
    key: Encryption,
    kept: Store,
    identity: Identity,
    tenant_id: pulumi.Output[str],
) -> Workspace:
    return Workspace(
        f"{site.stack}-workspace",
        WorkspaceArgs(
            subscription=site.account,
            stack=site.stack,
            group_name=group.name,
            region=site.region,
            tenant_id=tenant_id,
            people=people,
            idle_timeout_minutes=workspace.of(config).idle_timeout_minutes,
            machine=machine(config.platform, workspace.FAMILY),
            store=kept,
            encryption=key,
            insights_id=audit.insights_id,
            log_workspace_id=audit.workspace_id,
            reached=net.reached["amlworkspace"],
            identity_id=identity.identity_ids["workspace"],
            scientist_identity_id=identity.identity_ids["data-scientist"],
            tags=site.tags,
        ),
        opts=site.opts,
    )


def _access(
    site: Site, people: Mapping[str, str], group: Group, kept: Store, identity: Identity, studio: Workspace
) -> Access:
    return Access(
        f"{site.stack}-access",
        AccessArgs(
            subscription=site.account,
            group_id=group.id,
            workspace_id=studio.workspace_id,
            storage_id=kept.storage_id,
            identity=identity,
            people=people,
        ),
        opts=site.opts,
    )


def _registry(site: Site, config: StackConfig, group: Group, kept: Store, studio: Workspace) -> Registry:
    return Registry(
        f"{site.stack}-registry",
        RegistryArgs(
            subscription=site.account,
            group_name=group.name,
            workspace_name=studio.workspace_name,
            storage_name=kept.storage_name,
            container_name=store.CONTAINER,
            models={name: ModelArgs(model.image, model.artifact_uri) for name, model in models.of(config).items()},
            tags=site.tags,
        ),
        opts=site.opts,
    )
