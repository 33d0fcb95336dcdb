"""Where people work on Azure: the stack's ML workspace, with a compute instance for each of them.

The ground makes it, for models, endpoints and jobs stand in it too. What is in it is said here.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from components.azure import workspace as component
from components.azure.audit import Audit
from components.azure.encryption import Encryption, GivenKeyArgs
from components.azure.group import Group
from components.azure.identity import Identity
from components.azure.network import Network
from components.azure.personas import Needs
from components.azure.store import CONTAINER, Store
from components.azure.workspace import Workspace, WorkspaceArgs
from stacks.expiry import expiring
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import workspace
from stacks.site import Site

if TYPE_CHECKING:  # the ground imports this file
    from stacks.azure.ground import Ground

REACH = component.REACH
"""What the workspace must reach. It is there in every stack, so the ground asks for it."""


def made(
    site: Site,
    config: StackConfig,
    *,
    people: Mapping[str, str],
    tenant_id: pulumi.Output[str],
    group: Group,
    audit: Audit,
    net: Network,
    key: Encryption,
    given_key: GivenKeyArgs | None,
    kept: Store,
    identity: Identity,
    capture_days: Mapping[str, int],
) -> Workspace:
    """Register the workspace on parts of the ground. `people` are object ids by user, `capture_days` are by the
    endpoint's name in Azure."""
    return Workspace(
        f"{site.stack}-workspace",
        WorkspaceArgs(
            subscription=site.account,
            stack=site.stack,
            group_name=group.group_name,
            region=site.region,
            tenant_id=tenant_id,
            people=people,
            idle_timeout_minutes=workspace.of(config).idle_timeout_minutes,
            machine=machine(config.platform, workspace.FAMILY),
            storage_id=kept.storage_id,
            storage_name=kept.storage_name,
            capture_days=capture_days,
            expire_below={
                f"{CONTAINER}/{folder}": days
                for folder, days in expiring(config, f"azureml://datastores/{CONTAINER}/paths/").items()
            },
            registry_id=kept.registry_id,
            vault_id=key.vault_id,
            given_key=given_key,
            insights_id=audit.insights_id,
            log_workspace_id=audit.log_workspace_id,
            subnet_id=net.subnet_id,
            zone_ids=net.zone_ids,
            identity_id=identity.identity_ids["workspace"],
            scientist_identity_id=identity.identity_ids["data-scientist"],
            tags=site.tags,
        ),
        opts=site.opts,
    )


def grants(config: StackConfig) -> Needs:
    """People work as themselves, with a data scientist's roles."""
    asked = workspace.of(config)
    return Needs(people=[(user, asked.principals[user]) for user in asked.users])


def deploy(ground: "Ground", config: StackConfig) -> Mapping[str, Any]:
    """Say which workspace it is."""
    return {"workspace": ground.workspace_id}
