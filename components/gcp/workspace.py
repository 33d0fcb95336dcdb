"""Where people work: a Workbench instance for each user, reachable through Google's proxy by its owner only."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import projects, serviceaccount, workbench

from components.gcp.names import underscored
from components.given import Args, Tags, Text
from components.shapes import Machine

REACH = ("googleapis.com", "notebooks.cloud.google.com", "notebooks.googleusercontent.com", "pkg.dev")
"""What Workbench needs without the internet: the APIs (its own among them), its proxy's two domains, and the images of
Artifact Registry. Workbench, "Use an instance within a service perimeter",
https://cloud.google.com/vertex-ai/docs/workbench/instances/service-perimeter
"""

DISK_GB = "150"


@dataclass(kw_only=True)
class WorkspaceArgs(Args):
    """Who works, on which machines, in which network, as whom and under which key."""

    prefix: str
    """What the name of the users' role begins with. The program must know it."""
    project: Text
    """The id of the Google Cloud project."""
    users: Mapping[str, Text]
    """The e-mail address of each user's Google account, by the user's name. The names, lower-case letters, digits and
    `-`, are part of the instances' names, so the program must know them."""
    idle_timeout_minutes: pulumi.Input[int] = 60
    """Minutes without work after which an instance stops, 10 to 1440; 60 where this is left out. A change holds for
    instances that are made later."""
    machine: Machine
    """The machine type of an instance."""
    zone: Text
    """The zone in which new instances are made, of the subnet's region. An instance that stands keeps its zone."""
    network_id: Text
    """The VPC of the instances, of Network. It must reach the domains that Network's `reach` lists for a Workspace."""
    subnet_id: Text
    """The subnet of the instances, of Network."""
    service_account: Text
    """The e-mail address of the `data-scientist` persona's service account, of Identity. The instances run as it."""
    data_key_id: Text
    """The KMS key of the disks, of Encryption. The project's agents of Compute Engine and Workbench must be allowed to
    use it."""
    tags: Tags
    """The labels of the instances."""


class Workspace(pulumi.ComponentResource):
    """Creates a Workbench instance for each user, and the grants with which users open, start and stop their own.

    An instance is a Shielded VM. Refuses a public address, root, the download of files and notebooks, and kernels of
    Managed Service for Apache Spark, which run in clusters that no stack has. People come
    in through Google's proxy, which asks who they are and lets in the one owner. It lets in an owner who did not create
    the instance only where that person may act as the instance's account, so each user is granted that. The terminal is
    on, because a notebook runs any command anyway.

    Some things stay as they are once an instance stands. A change of `zone` is ignored, because it would replace the
    instance, whose disks go with it. A change of `idle_timeout_minutes` is ignored, because an update of the metadata
    loses keys (https://github.com/hashicorp/terraform-provider-google/issues/22622): replace the instance instead.
    An update starts no instance that its user or the idle timer stopped. Work belongs in a bucket and not on the disks.
    Rules: Workbench, "Use an instance within a service perimeter",
    https://cloud.google.com/vertex-ai/docs/workbench/instances/service-perimeter;
    Workbench, "Idle shutdown", https://cloud.google.com/vertex-ai/docs/workbench/instances/idle-shutdown;
    Workbench, "Manage access to an instance's JupyterLab interface", single user only,
    https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-access-jupyterlab
    """

    instance_names: dict[str, pulumi.Output[str]]
    """What each user's instance is called, by the user's name."""

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Workspace", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        role = projects.IAMCustomRole(
            f"{name}-user-role",
            project=args.project,
            role_id=underscored(f"{args.prefix}-workspace-user"),
            title=f"{args.prefix} workspace user",
            description="Look at, start and stop the Workbench instance it is granted on",
            permissions=[
                "notebooks.instances.get",
                "notebooks.instances.start",
                "notebooks.instances.stop",
                "notebooks.instances.use",
            ],
            stage="GA",
            opts=self._child,
        )
        self.instance_names = {}
        for user, owner in args.users.items():
            instance = self._instance(f"{name}-{user}", args, owner)
            workbench.InstanceIamMember(
                f"{name}-{user}-uses",
                project=args.project,
                location=instance.location,
                name=instance.name,
                role=role.name,
                member=pulumi.Output.concat("user:", owner),
                opts=self._child,
            )
            serviceaccount.IAMMember(
                f"{name}-{user}-signs-in",
                service_account_id=pulumi.Output.concat(
                    "projects/", args.project, "/serviceAccounts/", args.service_account
                ),
                role="roles/iam.serviceAccountUser",
                member=pulumi.Output.concat("user:", owner),
                opts=self._child,
            )
            self.instance_names[user] = instance.name
        self.register_outputs({"instance_names": self.instance_names})

    def _instance(self, name: str, args: WorkspaceArgs, owner: Text) -> workbench.Instance:
        idle_seconds = pulumi.Output.from_input(args.idle_timeout_minutes).apply(lambda minutes: str(minutes * 60))
        disk: workbench.InstanceGceSetupBootDiskArgsDict = {
            "disk_size_gb": DISK_GB,
            "disk_type": "PD_BALANCED",
            "disk_encryption": "CMEK",
            "kms_key": args.data_key_id,
        }
        return workbench.Instance(
            name,
            name=name,
            project=args.project,
            location=args.zone,
            instance_owners=[owner],
            disable_proxy_access=False,
            enable_deletion_protection=False,
            gce_setup={
                "machine_type": args.machine.type,
                "disable_public_ip": True,
                "enable_ip_forwarding": False,
                "network_interfaces": [{"network": args.network_id, "subnet": args.subnet_id}],
                "service_accounts": [{"email": args.service_account}],
                "shielded_instance_config": {
                    "enable_secure_boot": True,
                    "enable_vtpm": True,
                    "enable_integrity_monitoring": True,
                },
                "boot_disk": disk,
                "data_disks": {**disk},
                "metadata": {
                    "idle-timeout-seconds": idle_seconds,
                    "enable-guest-attributes": "true",  # the idle timer reports through them
                    "disable-mixer": "true",  # kernels of Managed Spark, whose domain this network does not reach
                    "notebook-disable-root": "true",
                    "notebook-disable-downloads": "true",
                    "notebook-disable-nbconvert": "true",  # which would be a download under another name
                    "notebook-disable-terminal": "false",
                },
            },
            labels=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=True,
                delete_before_replace=True,
                ignore_changes=["location", "gceSetup.metadata", "desiredState"],
            ),
        )
