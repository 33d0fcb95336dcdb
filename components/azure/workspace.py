"""Where people work: an Azure ML workspace and a compute instance for each of them, isolated in its managed network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.azure.audit import log_everything
from components.azure.encryption import GivenKeyArgs
from components.azure.ids import Ids
from components.azure.lifecycle import let_expire
from components.azure.names import AUTO_NAME, regional, short
from components.azure.network import private_endpoint
from components.given import Args, Tags, Text
from components.shapes import Machine

REACH = ("amlworkspace", "blob", "file")
"""The workspace's own endpoint (studio, API, and the online endpoints behind it), its datastores and its file share.
Azure ML, "Configure a private endpoint for an Azure ML workspace"."""

BUILD_CLUSTER = "build-images"

OWNED = ("identity", "properties", "tags")
"""What is not written again of a person's machine: "This call will overwrite a compute if it exists", at
https://learn.microsoft.com/en-us/rest/api/azureml/compute/create-or-update"""


@dataclass(kw_only=True)
class WorkspaceArgs(Args):
    """What the workspace stands on, and who works there on which machine."""

    subscription: Text
    """The id of the subscription. The names of compute instances are made of it, for a region has each name once."""
    stack: Text
    """A word that no other workspace of the subscription has. The names of compute instances are made of it too."""
    group_name: Text
    """The name of the resource group in which the workspace is created."""
    region: Text
    """The Azure region of the workspace and its machines, such as eastus2."""
    tenant_id: Text
    """The id of the Entra directory that the people are of."""
    people: Mapping[str, Text] = field(default_factory=dict[str, Text])
    """The object ids in Entra ID of those who work here, by name. Each gets one compute instance.

    The program must know the names: each makes a compute instance of its own.
    """
    idle_timeout_minutes: pulumi.Input[int] = 60
    """After how many minutes without use a compute instance stops, 15 to 4320."""
    machine: Machine
    """The machine of each compute instance and of the cluster that builds images."""
    storage_id: Text
    """The id of the storage account of the workspace's datastores."""
    storage_name: Text
    """The name of the same account, which gets its lifecycle here."""
    capture_days: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days captured requests and answers go, by the endpoint's name in Azure. They must be known."""
    expire_below: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days other files go, by their container and folder. They must be known."""
    registry_id: Text
    """The id of the container registry that the images which the workspace builds are kept in."""
    vault_id: Text
    """The id of the key vault in which the workspace keeps its secrets."""
    given_key: GivenKeyArgs | None = None
    """A key for the workspace's metadata, in a vault that Azure ML supports, and the identity that wraps with it.

    Where none is given, Microsoft's key encrypts the metadata.
    """
    insights_id: Text
    """The id of Application Insights."""
    log_workspace_id: Text
    """The id of the log workspace that the workspace logs to."""
    subnet_id: Text
    """The id of the subnet in which the workspace's private endpoint stands."""
    zone_ids: Ids
    """The ids of private DNS zones by their names.

    privatelink.api.azureml.ms and privatelink.notebooks.azure.net must be among them.
    """
    identity_id: Text
    """The id of the identity that the workspace acts as, Identity's `workspace`. It must have its roles by then."""
    scientist_identity_id: Text
    """The id of the identity that compute instances act as, Identity's `data-scientist`."""
    tags: Tags
    """The tags of everything that is created."""


class Workspace(pulumi.ComponentResource):
    """Creates an Azure ML workspace, its private endpoint, a compute instance for each person, and a build cluster.

    The workspace refuses the public network. Its machines reach its own storage, vault and registry and the service
    tags that Azure ML requires, and nothing else. No outbound rule is of type FQDN, for the first of them starts a
    firewall that is billed by the hour. A rule that is added later stands by itself (ManagedNetworkSettingsRule), so
    what the workspace says of rules and status is ignored. The workspace is protected.

    The registry is private, so images are built on a cluster, which starts from zero. A deleted workspace keeps its
    name for 14 days (issue 22171 of terraform-provider-azurerm), so its name ends in random digits.

    Metadata is what the workspace knows of runs, machines and models: their names, tags and states. Their files lie in
    the storage account, under its key. A key that is given encrypts the metadata inside the service. Azure then bills a
    search service under the workspace, also while a deleted workspace can be recovered. Without
    `enable_service_side_cmk_encryption` it would bill a Cosmos DB to the subscription too. Azure ML supports no key in
    a vault whose public access is disabled, and follows no rotation, so another version is ignored.

    On the storage account old versions go after 30 days, and the requests and answers that endpoints collect after
    `capture_days`, which 30 days stand in for where an endpoint collects no more. What lies below a folder of
    `expire_below` goes after its days.

    A compute instance is made once: Azure ML overwrites one that is written again, with all that its owner has on it.
    Another idle time is set in the studio.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network and
    https://learn.microsoft.com/en-us/azure/machine-learning/concept-customer-managed-keys
    """

    workspace_id: pulumi.Output[str]
    """The id of the workspace. It is known only when the workspace can be reached in private."""
    workspace_name: pulumi.Output[str]
    """The name of the workspace, for what is created in it. It is known only when the id is."""
    tracking_uri: pulumi.Output[str]
    """The address of the workspace's own MLflow, to which runs are recorded."""

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Workspace", name, None, opts)
        child, kept = pulumi.ResourceOptions(parent=self), pulumi.ResourceOptions(parent=self, protect=True)
        workspace = ml.Workspace(
            short(name, 33 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            kind="Default",
            sku={"name": "Basic", "tier": ml.SkuTier.BASIC},
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            primary_user_assigned_identity=args.identity_id,
            storage_account=args.storage_id,
            key_vault=args.vault_id,
            container_registry=args.registry_id,
            application_insights=args.insights_id,
            public_network_access="Disabled",
            allow_public_access_when_behind_vnet=False,
            v1_legacy_mode=False,
            hbi_workspace=True,
            system_datastores_auth_mode="Identity",
            managed_network={"isolation_mode": "AllowOnlyApprovedOutbound"},
            provision_network_now=True,
            image_build_compute=BUILD_CLUSTER,
            enable_service_side_cmk_encryption=True if args.given_key else None,
            encryption=_encryption(args.given_key) if args.given_key else None,
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=True,
                ignore_changes=[
                    "encryption.keyVaultProperties.keyIdentifier",
                    "managedNetwork.outboundRules",
                    "managedNetwork.status",
                ],
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="60m"),
            ),
        )
        log_everything(f"{name}-audit", workspace.id, args.log_workspace_id, kept)
        let_expire(
            f"{name}-clean-up",
            args.storage_name,
            args.group_name,
            workspace.workspace_id,
            args.capture_days,
            args.expire_below,
            kept,
        )
        _, reachable = private_endpoint(f"{name}-private", workspace.id, "amlworkspace", args, child)
        # Whoever works in the workspace waits until it can be reached.
        self.workspace_id = pulumi.Output.all(workspace.id, reachable.id).apply(lambda a: a[0])
        self.workspace_name = pulumi.Output.all(workspace.name, reachable.id).apply(lambda a: a[0])
        self._compute(
            f"{name}-{BUILD_CLUSTER}", BUILD_CLUSTER, args, args.identity_id, cluster_from_zero(args.machine.type)
        )
        for person, object_id in args.people.items():
            told = pulumi.Output.all(person, args.subscription, args.stack, "instance")
            instance = told.apply(lambda words: regional(*words, limit=24))
            self._compute(
                f"{name}-{person}", instance, args, args.scientist_identity_id, _instance(object_id, args), OWNED
            )
        self.tracking_uri = workspace.ml_flow_tracking_uri
        self.register_outputs(
            {
                "workspace_id": self.workspace_id,
                "workspace_name": self.workspace_name,
                "tracking_uri": self.tracking_uri,
            }
        )

    def _compute(
        self,
        name: str,
        compute_name: Text,
        args: WorkspaceArgs,
        identity_id: Text,
        properties: ml.ComputeInstanceArgs | ml.AmlComputeArgs,
        owned: Sequence[str] = (),
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
            opts=pulumi.ResourceOptions(
                parent=self, protect=bool(owned) or None, delete_before_replace=True, ignore_changes=list(owned)
            ),
        )


def _encryption(key: GivenKeyArgs) -> ml.EncryptionPropertyArgsDict:
    return {
        "status": "Enabled",
        "identity": {"user_assigned_identity": key.identity_id},
        "key_vault_properties": {
            "key_vault_arm_id": key.vault_id,
            "key_identifier": pulumi.Output.concat(key.vault_uri, "keys/", key.name, "/", key.version),
        },
    }


def cluster_from_zero(machine_type: str, max_nodes: pulumi.Input[int] = 1, spot: bool = False) -> ml.AmlComputeArgs:
    """A cluster from zero to `max_nodes`: no public address, no SSH, no local account, no node idle for long.

    With `spot` its machines are of low priority, which Azure takes away when it needs them.
    """
    return ml.AmlComputeArgs(
        compute_type="AmlCompute",
        disable_local_auth=True,
        properties=ml.AmlComputePropertiesArgs(
            vm_size=machine_type,
            vm_priority="LowPriority" if spot else "Dedicated",
            os_type="Linux",
            enable_node_public_ip=False,
            remote_login_port_public_access="Disabled",
            scale_settings=ml.ScaleSettingsArgs(
                min_node_count=0, max_node_count=max_nodes, node_idle_time_before_scale_down="PT5M"
            ),
        ),
    )


def _instance(object_id: Text, args: WorkspaceArgs) -> ml.ComputeInstanceArgs:
    return ml.ComputeInstanceArgs(
        compute_type="ComputeInstance",
        disable_local_auth=True,
        properties=ml.ComputeInstancePropertiesArgs(
            vm_size=args.machine.type,
            application_sharing_policy="Personal",
            compute_instance_authorization_type="personal",
            enable_node_public_ip=False,
            idle_time_before_shutdown=pulumi.Output.format("PT{0}M", args.idle_timeout_minutes),
            personal_compute_instance_settings=ml.PersonalComputeInstanceSettingsArgs(
                assigned_user=ml.AssignedUserArgs(object_id=object_id, tenant_id=args.tenant_id)
            ),
            ssh_settings=ml.ComputeInstanceSshSettingsArgs(ssh_public_access="Disabled"),
        ),
    )
