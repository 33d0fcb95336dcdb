"""Where people work: SageMaker Studio, reachable and reaching out through the VPC only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import sagemaker

from components.given import Args, Tags, Text
from components.shapes import Machine

REACH = ("studio", "sagemaker.api", "sagemaker.runtime", "sts", "logs")
"""What Studio needs in VpcOnly mode: the API and runtime always, credentials and logs for jobs started from it, and its
own service for people who open it from inside the network. SageMaker developer guide, "Connect Studio in a VPC"."""


@dataclass(kw_only=True)
class WorkspaceArgs(Args):
    """Who works, where in the network, as which role, and when what is idle stops."""

    domain_name: Text
    """The name of the Studio domain."""
    users: Sequence[str]
    """The names of the people, each with a profile. They must be known."""
    machine: Machine
    """What each application runs on, unless a person names another that their role may start. It must be known."""
    idle_timeout_minutes: pulumi.Input[int] = 60
    """After how many minutes without use an application stops: 60 to 525600."""
    vpc_id: Text
    """The VPC of the domain."""
    subnet_ids: pulumi.Input[Sequence[Text]]
    """Where the domain and everybody's home directory stand, for good: another set of them replaces the domain."""
    security_group_id: Text
    """The security group of the applications, which must let them reach each other and the interface endpoints."""
    role_arn: Text
    """The role that people's code runs as."""
    data_key_arn: Text
    """The KMS key of the home directories."""
    tags: Tags
    """The tags of everything that is created, and of what people create in Studio."""


class Workspace(pulumi.ComponentResource):
    """Creates a Studio domain in VpcOnly mode, and a profile for each user.

    What an application runs on follows from `machine`. That people start none on another is their role's to say: the
    Identity component denies CreateApp, CreateSpace and UpdateSpace for any other machine type (Service Authorization
    Reference, sagemaker:InstanceTypes,
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html).

    People come into Studio, whose applications stop by themselves, and not into Studio Classic, whose do not.

    The network must have interface endpoints to `studio`, `sagemaker.api`, `sagemaker.runtime`, `sts` and `logs`. Idle
    JupyterLab and Code Editor applications stop by themselves, and nobody can raise the bound. Notebooks are not
    shared. Each call carries the user's name to the trail. The domain's EFS goes with the domain, for a pilot must be
    able to leave (https://github.com/hashicorp/terraform-provider-aws/issues/17349 and /20986).

    A domain's name is fixed, so a change that replaces it deletes first. One subnet more or less replaces a domain, and
    everybody's home goes with the old one. So give it subnets by name, never all that the network has. The domain and
    the profiles are protected: the engine refuses whatever would replace one before it does anything.
    """

    domain_id: pulumi.Output[str]
    """The id of the Studio domain."""

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Workspace", name, None, opts)
        application: Any = {  # the same for both applications, whose types differ in name only
            "default_resource_spec": {"instance_type": args.machine.type},
            "app_lifecycle_management": {
                "idle_settings": {
                    "lifecycle_management": "ENABLED",
                    "idle_timeout_in_minutes": args.idle_timeout_minutes,
                    "min_idle_timeout_in_minutes": args.idle_timeout_minutes,
                    "max_idle_timeout_in_minutes": args.idle_timeout_minutes,
                }
            },
        }
        domain = sagemaker.Domain(
            name,
            domain_name=args.domain_name,
            auth_mode="IAM",
            app_network_access_type="VpcOnly",
            vpc_id=args.vpc_id,
            subnet_ids=args.subnet_ids,
            kms_key_id=args.data_key_arn,
            tag_propagation="ENABLED",
            domain_settings={
                "execution_role_identity_config": "USER_PROFILE_NAME",
                "security_group_ids": [args.security_group_id],
            },
            default_user_settings={
                "execution_role": args.role_arn,
                "security_groups": [args.security_group_id],
                # Both are said where a domain is made by its API: "Set Studio as the default experience",
                # https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-migrate-ui.html
                "studio_web_portal": "ENABLED",
                "default_landing_uri": "studio::",
                "sharing_settings": {"notebook_output_option": "Disabled"},
                "jupyter_lab_app_settings": application,
                "code_editor_app_settings": application,
            },
            default_space_settings={"execution_role": args.role_arn, "security_groups": [args.security_group_id]},
            retention_policy={"home_efs_file_system": "Delete"},
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True, delete_before_replace=True),
        )
        for user in args.users:
            sagemaker.UserProfile(
                f"{name}-{user}",
                domain_id=domain.id,
                user_profile_name=user,
                user_settings={"execution_role": args.role_arn},
                tags=args.tags,
                opts=pulumi.ResourceOptions(parent=self, protect=True, delete_before_replace=True),
            )
        self.domain_id = domain.id
        self.register_outputs({"domain_id": self.domain_id})
