"""Where people work: an Azure ML workspace and a compute instance for each of them, isolated in its managed network."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.azure.audit import log_everything
from components.azure.encryption import Encryption
from components.azure.names import AUTO_NAME, regional, short
from components.azure.network import Reached, private_endpoint
from components.azure.store import Store
from components.shapes import Machine

REACH = ("amlworkspace", "blob", "file")
"""The workspace's own endpoint (studio, API, and the online endpoints behind it), its datastores and its file share.
Azure ML, "Configure a private endpoint for an Azure ML workspace"."""

BUILD_CLUSTER = "build-images"


@dataclass
class WorkspaceArgs:
    """`people` are the Entra object ids of the users, by name; each gets one compute instance on `machine`.

    It stops after `idle_timeout_minutes` without use (15 to 4320).
    """

    subscription: str
    stack: str
    group_name: pulumi.Input[str]
    region: str
    tenant_id: pulumi.Input[str]
    people: Mapping[str, str]
    idle_timeout_minutes: int
    machine: Machine
    store: Store
    encryption: Encryption
    insights_id: pulumi.Input[str]
    log_workspace_id: pulumi.Input[str]
    reached: Reached
    identity_id: pulumi.Input[str]
    scientist_identity_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Workspace(pulumi.ComponentResource):
    """Creates the workspace, its private endpoint, a compute instance for each user and the cluster that builds images.

    Machines reach the workspace's own storage, vault and registry and Azure ML's required service tags, nothing else:
    no outbound rule is of type FQDN, for the first starts a firewall billed by the hour. Rules that are added later
    stand by themselves (ManagedNetworkSettingsRule), so what the workspace says of rules and status is ignored. The
    registry is private, so images are built on a cluster that starts from zero. Metadata under our key stays in the
    service: without `enable_service_side_cmk_encryption` Azure bills a Cosmos DB and a search service to the pilot. A
    deleted workspace keeps its name for 14 days (issue 22171 of terraform-provider-azurerm): it ends in random digits.
    """

    workspace_id: pulumi.Output[str]
    workspace_name: pulumi.Output[str]

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Workspace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        workspace = ml.Workspace(
            short(name, 33 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            kind="Default",
            sku={"name": "Basic", "tier": ml.SkuTier.BASIC},
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            primary_user_assigned_identity=args.identity_id,
            storage_account=args.store.storage_id,
            key_vault=args.encryption.vault_id,
            container_registry=args.store.registry_id,
            application_insights=args.insights_id,
            public_network_access="Disabled",
            allow_public_access_when_behind_vnet=False,
            v1_legacy_mode=False,
            hbi_workspace=True,
            system_datastores_auth_mode="Identity",
            managed_network={"isolation_mode": "AllowOnlyApprovedOutbound"},
            provision_network_now=True,
            image_build_compute=BUILD_CLUSTER,
            enable_service_side_cmk_encryption=True,
            encryption={
                "status": "Enabled",
                "identity": {"user_assigned_identity": args.encryption.identity_id},
                "key_vault_properties": {
                    "key_vault_arm_id": args.encryption.vault_id,
                    "key_identifier": args.encryption.key_version_uri,
                },
            },
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=True,
                ignore_changes=["managedNetwork.outboundRules", "managedNetwork.status"],
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="60m"),
            ),
        )
        log_everything(f"{name}-audit", workspace.id, args.log_workspace_id, child)
        reachable = private_endpoint(
            f"{name}-private", workspace.id, args.reached, (args.group_name, args.region, args.tags), child
        )
        # Whoever works in the workspace waits until it can be reached.
        self.workspace_id = pulumi.Output.all(workspace.id, reachable.id).apply(lambda a: a[0])
        self.workspace_name = pulumi.Output.all(workspace.name, reachable.id).apply(lambda a: a[0])
        self._compute(
            f"{name}-{BUILD_CLUSTER}", BUILD_CLUSTER, args, args.identity_id, cluster_from_zero(args.machine.type)
        )
        for person, object_id in args.people.items():
            instance = regional(person, args.subscription, args.stack, "instance", limit=24)
            self._compute(f"{name}-{person}", instance, args, args.scientist_identity_id, _instance(object_id, args))
        self.register_outputs({"workspace_id": self.workspace_id, "workspace_name": self.workspace_name})

    def _compute(
        self,
        name: str,
        compute_name: str,
        args: WorkspaceArgs,
        identity_id: pulumi.Input[str],
        properties: ml.ComputeInstanceArgs | ml.AmlComputeArgs,
    ) -> None:
        ml.Compute(
            name,
            compute_name=compute_name,
            workspace_name=self.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            identity={"type": "UserAssigned", "user_assigned_identities": [identity_id]},
            properties=properties,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )


def cluster_from_zero(machine_type: str, max_nodes: int = 1) -> ml.AmlComputeArgs:
    """A cluster from zero to `max_nodes`: no public address, no SSH, no local account, no node idle for long."""
    return ml.AmlComputeArgs(
        compute_type="AmlCompute",
        disable_local_auth=True,
        properties=ml.AmlComputePropertiesArgs(
            vm_size=machine_type,
            vm_priority="Dedicated",
            os_type="Linux",
            enable_node_public_ip=False,
            remote_login_port_public_access="Disabled",
            scale_settings=ml.ScaleSettingsArgs(
                min_node_count=0, max_node_count=max_nodes, node_idle_time_before_scale_down="PT5M"
            ),
        ),
    )


def _instance(object_id: str, args: WorkspaceArgs) -> ml.ComputeInstanceArgs:
    return ml.ComputeInstanceArgs(
        compute_type="ComputeInstance",
        disable_local_auth=True,
        properties=ml.ComputeInstancePropertiesArgs(
            vm_size=args.machine.type,
            application_sharing_policy="Personal",
            compute_instance_authorization_type="personal",
            enable_node_public_ip=False,
            idle_time_before_shutdown=f"PT{args.idle_timeout_minutes}M",
            personal_compute_instance_settings=ml.PersonalComputeInstanceSettingsArgs(
                assigned_user=ml.AssignedUserArgs(object_id=object_id, tenant_id=args.tenant_id)
            ),
            ssh_settings=ml.ComputeInstanceSshSettingsArgs(ssh_public_access="Disabled"),
        ),
    )
