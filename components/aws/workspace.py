"""Where people work: SageMaker Studio, reachable and reaching out through the VPC only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import sagemaker

REACH = ("studio", "sagemaker.api", "sagemaker.runtime", "sts", "logs")
"""What Studio needs in VpcOnly mode: the API and runtime always, credentials and logs for jobs started from it, and its
own service for people who open it from inside the network. SageMaker developer guide, "Connect Studio in a VPC"."""


@dataclass
class WorkspaceArgs:
    """`users` get one profile each; applications stop after `idle_timeout_minutes` (60 to 525600) without use.

    `subnet_ids` are where the domain and everybody's home directory stand, for good.
    """

    domain_name: str
    users: Iterable[str]
    idle_timeout_minutes: int
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    data_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Workspace(pulumi.ComponentResource):
    """Creates a Studio domain in VpcOnly mode with the pilot's key, and a profile for each user.

    Idle JupyterLab and Code Editor applications stop by themselves, notebooks are not shared, each call carries the
    user's name to the trail, and the domain's EFS goes with the domain (a pilot must be able to leave; issues 17349
    and 20986 of terraform-provider-aws). A domain is not auto-named, so a change that replaces it deletes first.
    One more subnet, or one less, replaces a domain (`subnet_ids` forces a new resource in terraform-provider-aws) and
    everybody's home goes with the old one. So the domain takes subnets of its own naming, never all that the network
    has, and it is protected: the engine refuses whatever would replace it before it does anything.
    """

    domain_id: pulumi.Output[str]

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:aws:Workspace", name, None, opts)
        idle_stop: Any = {  # the same for both applications, whose types differ in name only
            "app_lifecycle_management": {
                "idle_settings": {
                    "lifecycle_management": "ENABLED",
                    "idle_timeout_in_minutes": args.idle_timeout_minutes,
                    "min_idle_timeout_in_minutes": args.idle_timeout_minutes,
                    "max_idle_timeout_in_minutes": args.idle_timeout_minutes,
                }
            }
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
                "sharing_settings": {"notebook_output_option": "Disabled"},
                "jupyter_lab_app_settings": idle_stop,
                "code_editor_app_settings": idle_stop,
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
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.domain_id = domain.id
        self.register_outputs({"domain_id": self.domain_id})
