"""Where people work: a Workbench instance for each user, reachable through Google's proxy by its owner only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import projects, workbench

from components.gcp.names import underscored
from components.shapes import Machine

REACH = ("googleapis.com", "notebooks.cloud.google.com", "notebooks.googleusercontent.com", "pkg.dev")
"""What Workbench needs without the internet: the APIs (its own among them), its proxy's two domains, and the images of
Artifact Registry. Workbench, "Use an instance within a service perimeter"."""

DISK_GB = "150"


@dataclass
class WorkspaceArgs:
    """`users` get one instance each, owned by their e-mail in `principals`; it stops after `idle_timeout_minutes`.

    A new instance is made in `zone`; one that stands keeps the zone it has.
    """

    prefix: str
    project: str
    users: Sequence[str]
    principals: Mapping[str, str]
    idle_timeout_minutes: int
    machine: Machine
    zone: str
    network_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    service_account: pulumi.Input[str]
    data_key_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Workspace(pulumi.ComponentResource):
    """Creates a Workbench instance for each user, and the role with which users start and stop their own.

    A Shielded VM without public address, its disks under the pilot's key; it runs as the data-scientist persona. No
    root, no download of files or notebooks. The terminal is on, for a notebook runs any command anyway: what counts is
    that neither has root or a way out. The proxy is on, for it is how people come in: Google asks who they are and lets
    in the one owner. `desired_state` is left to the user and the idle timer; `up` must not start what stopped.
    An update of the metadata loses keys (issue 22622 of terraform-provider-google, open), so it is written once: for
    another idle timeout, replace the instance. Work belongs in the bucket: the disks go with the instance. Another zone
    would replace it too (`location` forces a new resource in terraform-provider-google), so the zone of one that stands
    is let be, whoever comes or goes and whatever the stack file says later.
    """

    instance_names: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Workspace", name, None, opts)
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
        for user in args.users:
            owner = args.principals[user]
            instance = self._instance(f"{name}-{user}", args, owner)
            workbench.InstanceIamMember(
                f"{name}-{user}-uses",
                project=args.project,
                location=instance.location,
                name=instance.name,
                role=role.name,
                member=f"user:{owner}",
                opts=self._child,
            )
            self.instance_names[user] = instance.name
        self.register_outputs({"instance_names": self.instance_names})

    def _instance(self, name: str, args: WorkspaceArgs, owner: str) -> workbench.Instance:
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
                    "idle-timeout-seconds": str(args.idle_timeout_minutes * 60),
                    "enable-guest-attributes": "true",  # the idle timer reports through them
                    "notebook-disable-root": "true",
                    "notebook-disable-downloads": "true",
                    "notebook-disable-nbconvert": "true",  # which would be a download under another name
                    "notebook-disable-terminal": "false",
                },
            },
            labels=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                ignore_changes=["location", "gceSetup.metadata", "desiredState"],
            ),
        )
