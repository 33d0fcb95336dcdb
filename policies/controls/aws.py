"""The preventive controls of AWS: policies of AWS Organizations, for the unit or the account that a pilot stands in.

Each statement denies; nothing here grants. Keys in one condition block are ANDed, so each key has a statement of its
own. Which action brings which key: Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

A service control policy binds every principal of a member account, its root user too. It binds neither the management
account nor service-linked roles. At most five are attached to one target, AWS's FullAWSAccess among them, of 5,120
characters each: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalogue.errors import BadInput
from catalogue.hardware.catalogue import load
from catalogue.jobnames import begin
from catalogue.landing_zones import AwsZone
from policies.controls import Control, Document, World, aws_unprevented, unfolded

WORKLOADS, ACCOUNT, TAGS = "scp-machine-learning", "scp-account", "scp-tags"
DATA, BUCKETS = "rcp-data", "s3-public-access"
TYPES: Mapping[str, str] = {
    WORKLOADS: "SERVICE_CONTROL_POLICY",
    ACCOUNT: "SERVICE_CONTROL_POLICY",
    TAGS: "SERVICE_CONTROL_POLICY",
    DATA: "RESOURCE_CONTROL_POLICY",
    BUCKETS: "S3_POLICY",
}
"""Each document, and the type of policy that AWS Organizations takes it as."""
LONGEST = 5120
"""The characters of a service or resource control policy as it is sent. The component sends no white space."""

_SAGEMAKER = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"
_IAM = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"
_EC2 = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"
_KMS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html"
_SCP = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"
_RCP = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"

_JOBS = ["sagemaker:CreateHyperParameterTuningJob", "sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"]
_IN_NETWORK = ["sagemaker:CreateModel", *_JOBS]
_WITH_OUTPUT = ["sagemaker:CreateTransformJob", *_JOBS]
_ON_MACHINES = ["sagemaker:CreateEndpointConfig", *_WITH_OUTPUT]
_TAGGED = [
    "ecr:CreateRepository",
    "iam:CreatePolicy",
    "iam:CreateRole",
    "kms:CreateKey",
    "sagemaker:CreateDomain",
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:CreatePipeline",
    "sagemaker:CreateTransformJob",
    "sagemaker:CreateUserProfile",
    "sns:CreateTopic",
    "states:CreateStateMachine",
]
_EVERYWHERE = [
    "account:*",
    "billing:*",
    "budgets:*",
    "ce:*",
    "cur:*",
    "ec2:DescribeRegions",
    "health:*",
    "iam:*",
    "organizations:*",
    "pricing:*",
    "route53:*",
    "s3:GetAccountPublicAccessBlock",
    "s3:ListAllMyBuckets",
    "s3:PutAccountPublicAccessBlock",
    "sts:*",
    "support:*",
    "trustedadvisor:*",
]
_DETACHED = "The management account, or whoever may detach a policy of the organization, is not bound by it."


def _deny(sid: str, actions: Sequence[str], condition: Mapping[str, Any] | None = None, on: str = "*") -> Document:
    said = {"Sid": sid, "Effect": "Deny", "Action": list(actions), "Resource": on}
    return said if condition is None else {**said, "Condition": condition}


def _missing(key: str) -> Mapping[str, Any]:
    return {"Null": {key: "true"}}


def _not_true(key: str) -> Mapping[str, Any]:
    """False, or left out: with IfExists the condition holds for an absent key."""
    return {"BoolIfExists": {key: "false"}}


def _other(key: str, value: str) -> Mapping[str, Any]:
    """Another value where one is given. An update that leaves the key out leaves the setting as it is."""
    return {"StringNotEquals": {key: value}, "Null": {key: "false"}}


def _always(*statements: Document) -> Callable[[World], Sequence[Document]]:
    return lambda world: statements


# ---- SageMaker ------------------------------------------------------------------------------------------------------


def _machines(world: World) -> Sequence[Document]:
    """`system` is Studio's own machine, which is free of charge."""
    if not world.machine_types:
        return []
    allowed = ["system", *(one for pattern in world.machine_types for one in unfolded(pattern.lower()))]
    other = {"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": allowed}}
    return [_deny("OtherMachines", ["sagemaker:Create*", "sagemaker:Update*"], other)]


def _isolation(world: World) -> Sequence[Document]:
    """But for the runs of the training jobs that the stack file has recorded; where no stack is named, for none.

    A run has the first of its job's name alone where that is long, as a run of its own or as a step of a pipeline.
    """
    denied = _deny("WithoutIsolation", _IN_NETWORK, _not_true("sagemaker:NetworkIsolation"))
    place, zone = world.place, world.zone
    if place is None or not place.recorded:
        return [denied]
    prefix, stack = zone.name_prefix if zone else "", world.stack
    begins = (begin(f"{prefix}{stack}-{job}") if stack else [f"{prefix}*-{job}-"] for job in place.recorded)
    names = [name for each in begins for name in each]
    runs = [f"arn:aws:sagemaker:{place.region}:{place.account}:training-job/{name}*" for name in names]
    return [{**{key: said for key, said in denied.items() if key != "Resource"}, "NotResource": runs}]


def _network(world: World) -> Sequence[Document]:
    """A key that was left out, and a subnet beside those of a landing zone's network, where it gives one."""
    said = [
        _deny("OutsideSubnets", _IN_NETWORK, _missing("sagemaker:VpcSubnets")),
        _deny("OutsideGroups", _IN_NETWORK, _missing("sagemaker:VpcSecurityGroupIds")),
    ]
    if isinstance(world.zone, AwsZone) and world.zone.network is not None:
        ours = sorted(world.zone.network.subnet_ids.values())
        other = {"ForAnyValue:StringNotEquals": {"sagemaker:VpcSubnets": ours}}
        said.append(_deny("OtherSubnets", ["sagemaker:Create*", "sagemaker:Update*"], other))
    return said


def _volumes(world: World) -> Sequence[Document]:
    """Machines with local NVMe encrypt in hardware and refuse a key: the hardware catalogue says which they are."""
    local = {type_.rpartition(".")[0] for type_, machine in load("aws").machine_types.items() if machine.local_nvme}
    without: dict[str, Any] = {
        **_missing("sagemaker:VolumeKmsKey"),
        "ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": [f"{series}.*" for series in sorted(local)]},
    }
    return [
        _deny("VolumesWithoutKey", _ON_MACHINES, without),
        _deny("HomesWithoutKey", ["sagemaker:CreateDomain"], _missing("sagemaker:VolumeKmsKey")),
        _deny("OutputWithoutKey", _WITH_OUTPUT, _missing("sagemaker:OutputKmsKey")),
    ]


def _own_keys(world: World) -> Sequence[Document]:
    """A key that is given is one of the landing zone's, or of the stack's account and region."""
    if world.place is None:
        return []
    keys = world.zone.keys if isinstance(world.zone, AwsZone) else None
    ours = [keys.data] if keys else [f"arn:*:kms:{world.place.region}:{world.place.account}:key/*"]
    return [
        _deny(
            f"Foreign{key}",
            ["sagemaker:Create*", "sagemaker:Update*"],
            {"ArnNotLike": {f"sagemaker:{key}": ours}, "Null": {f"sagemaker:{key}": "false"}},
        )
        for key in ("VolumeKmsKey", "OutputKmsKey")
    ]


# ---- the account ----------------------------------------------------------------------------------------------------


def _regions(world: World) -> Sequence[Document]:
    if not world.regions:
        return []
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": list(world.regions)}}
    return [
        {"Sid": "OtherRegions", "Effect": "Deny", "NotAction": _EVERYWHERE, "Resource": "*", "Condition": elsewhere}
    ]


def _gateways(world: World) -> Sequence[Document]:
    """A peering is authorized on itself and on the VPC that asks for it. The latter brings no accepter."""
    called = sorted({one.network for one in world.place.callers if one.cidr} if world.place else ())
    peering = "arn:*:ec2:*:*:vpc-peering-connection/*"
    other = {"ArnNotLike": {"ec2:AccepterVpc": [f"arn:*:ec2:*:*:vpc/{vpc}" for vpc in called]}} if called else None
    return [
        _deny(
            "WaysOut",
            [
                "ec2:AllocateAddress",
                "ec2:AttachInternetGateway",
                "ec2:CreateClientVpnEndpoint",
                "ec2:CreateDefaultVpc",
                "ec2:CreateEgressOnlyInternetGateway",
                "ec2:CreateInternetGateway",
                "ec2:CreateNatGateway",
                "ec2:CreateTransitGatewayVpcAttachment",
                "ec2:CreateVpnGateway",
            ],
        ),
        _deny("OtherPeers", ["ec2:AcceptVpcPeeringConnection", "ec2:CreateVpcPeeringConnection"], other, peering),
    ]


def _boundary(world: World) -> Sequence[Document]:
    """The landing zone's boundary, or one that is named as the identity component names its own."""
    given = world.zone.permissions_boundary_arn if isinstance(world.zone, AwsZone) else None
    ours = given or f"arn:*:iam::{world.account or '*'}:policy/*-boundary*"
    other = {"ArnNotLike": {"iam:PermissionsBoundary": ours}}
    return [
        _deny("RolesWithoutBoundary", ["iam:CreateRole", "iam:PutRolePermissionsBoundary"], other),
        _deny("BoundaryTakenOff", ["iam:DeleteRolePermissionsBoundary"]),
    ]


# ---- the data -------------------------------------------------------------------------------------------------------

_OF_RCP = ["ecr:*", "kms:*", "s3:*", "secretsmanager:*", "sqs:*", "sts:AssumeRole"]
_OF_DATA = [action for action in _OF_RCP if action != "sts:AssumeRole"]


def _for_everybody(sid: str, actions: Sequence[str], condition: Mapping[str, Any]) -> Document:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": "*",
        "Condition": condition,
    }


def _outsiders(world: World) -> Sequence[Document]:
    """AWS's services act for an account. Callers of other accounts take the caller's role by sts:AssumeRole.

    Without a place the bound is the organization: `aws:PrincipalOrgID` is that of the resource. It is always the bound
    of roles, or the landing zone could no longer take its own in the account: OrganizationAccountAccessRole,
    AWSControlTowerExecution, that of a pipeline which deploys.
    """
    service = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    organization: Mapping[str, Any] = {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}
    if world.place is None:
        ours = organization
        acts: Mapping[str, Any] = {"aws:SourceOrgID": "${aws:ResourceOrgID}"}
    else:
        own = world.place.account
        callers = {one.account or one.identity.split(":")[4:5][0] for one in world.place.callers if one.identity}
        takers = {one.account for one in world.place.gives_to}
        ours = {"aws:PrincipalAccount": sorted({own, *callers, *takers})}
        acts = {"aws:SourceAccount": [own]}
    by_another = {
        "StringNotEqualsIfExists": acts,
        "Null": {"aws:SourceAccount": "false"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }
    return [
        _for_everybody("Outsiders", _OF_DATA, {"StringNotEqualsIfExists": ours, **service}),
        _for_everybody(
            "OutsideTakers", ["sts:AssumeRole"], {"StringNotEqualsIfExists": {**ours, **organization}, **service}
        ),
        _for_everybody("ServicesForOthers", _OF_RCP, by_another),
    ]


def _tags(world: World) -> Sequence[Document]:
    """One statement a tag: several keys under one Null would deny only what lacks them all."""
    return [_deny(f"Without{_word(tag)}", _TAGGED, _missing(f"aws:RequestTag/{tag}")) for tag in world.tags]


def _word(tag: str) -> str:
    return "".join(part.capitalize() for part in "".join(c if c.isalnum() else " " for c in tag).split())


CONTROLS: Sequence[Control] = (
    Control(
        "machine-types",
        WORKLOADS,
        "Somebody starts fifty p4d, and the bill comes at the end of the month.",
        "SageMaker starts nothing on a machine type that the limits do not allow.",
        ("limits-machine-types",),
        "By a machine of EC2, Batch or EKS, which are other services; by as many machines of an allowed type as the "
        "quota lets start, for no key counts replicas.",
        _SAGEMAKER,
        _machines,
        approves="machine-types",
    ),
    Control(
        "in-the-network",
        WORKLOADS,
        "A model or a job runs outside the private network and reaches the internet.",
        "No model and no job is made without subnets and security groups.",
        ("network-model-isolated",),
        "By subnets of another network of the account, unless the landing zone gives the network; its subnets are then "
        "named here. A domain of Studio is bound by `studio-in-the-network`.",
        _SAGEMAKER,
        _network,
    ),
    Control(
        "network-isolation",
        WORKLOADS,
        "A model's container opens connections of its own and sends data out.",
        "No model and no job is made without network isolation.",
        ("network-model-isolated",),
        "By a container of another service; by the answers of the model itself; by a run of a training job that the "
        "stack file has recorded (experiments), which has a network to reach its record, and the name of such a run.",
        _SAGEMAKER,
        _isolation,
    ),
    Control(
        "studio-in-the-network",
        WORKLOADS,
        "People work in a Studio that has the internet, and carry data out.",
        "No domain is made, or changed to, other than `VpcOnly`.",
        ("network-workspace-vpc-only",),
        "By a way out of the VPC itself, which the control `ways-out` closes.",
        _SAGEMAKER,
        _always(
            _deny(
                "StudioOnInternet",
                ["sagemaker:CreateDomain"],
                {"StringNotEquals": {"sagemaker:AppNetworkAccessType": "VpcOnly"}},
            ),
            _deny("StudioToInternet", ["sagemaker:UpdateDomain"], _other("sagemaker:AppNetworkAccessType", "VpcOnly")),
        ),
    ),
    Control(
        "serverless",
        WORKLOADS,
        "An endpoint without a VPC serves a model beside the private network.",
        "No serverless endpoint is made.",
        ("limits-machine-types",),
        "By Lambda, which is another service.",
        _SAGEMAKER,
        _always(
            _deny(
                "Serverless",
                ["sagemaker:CreateEndpointConfig"],
                {"Null": {"sagemaker:ServerlessMaxConcurrency": "false"}},
            )
        ),
    ),
    Control(
        "notebooks",
        WORKLOADS,
        "Somebody opens a notebook with root and the internet beside the workspace.",
        "No notebook instance has root or direct internet access.",
        ("kind-known", "network-notebook-closed"),
        "By an instance that was there before; by a lifecycle script, which runs as root whatever the instance says.",
        _SAGEMAKER,
        _always(
            _deny(
                "NotebookWithRoot",
                ["sagemaker:CreateNotebookInstance"],
                {"StringNotEqualsIfExists": {"sagemaker:RootAccess": "Disabled"}},
            ),
            _deny("NotebookGetsRoot", ["sagemaker:UpdateNotebookInstance"], _other("sagemaker:RootAccess", "Disabled")),
            _deny(
                "NotebookOnInternet",
                ["sagemaker:CreateNotebookInstance"],
                {"StringNotEqualsIfExists": {"sagemaker:DirectInternetAccess": "Disabled"}},
            ),
        ),
    ),
    Control(
        "keys-given",
        WORKLOADS,
        "Data rests under AWS's key, which nobody here can take away.",
        "No volume, home or output of a job is made without a key.",
        ("encryption-customer-key", "encryption-batch"),
        "By what an endpoint captures, whose key no condition key brings; the bucket's own key holds there.",
        _SAGEMAKER,
        _volumes,
    ),
    Control(
        "own-keys",
        WORKLOADS,
        "Data rests under another account's key, whose owner can lock us out of it.",
        "No volume and no output rests under a key of another account or region.",
        ("encryption-customer-key",),
        "By another key of the same account.",
        _SAGEMAKER,
        _own_keys,
    ),
    Control(
        "regions",
        ACCOUNT,
        "Data or machines stand in a region where the company may not keep them.",
        "No call is made in another region, but of services that have none.",
        ("limits-region",),
        "By the global services that the statement leaves out; none of them holds data of a model.",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
        _regions,
        approves="regions",
    ),
    Control(
        "ways-out",
        ACCOUNT,
        "A gateway, a public address, a tunnel or a peering leads out of the private network.",
        "None of them is made, but a peering with a network of a caller that the stack file names.",
        ("network-no-internet-gateway",),
        "By a gateway that was there before; by a VPC that another account shares with this one.",
        _EC2,
        _gateways,
    ),
    Control(
        "endpoint-services",
        ACCOUNT,
        "A private endpoint leads to a service of a stranger, and data leaves by it.",
        "A VPC endpoint leads to services of AWS alone.",
        ("network-proof",),
        "By AWS's own services in another account, which the endpoint's own policy keeps out.",
        _EC2,
        _always(
            _deny(
                "ForeignServices",
                ["ec2:CreateVpcEndpoint"],
                {"StringNotEquals": {"ec2:VpceServiceOwner": "amazon"}},
                "arn:*:ec2:*:*:vpc-endpoint/*",
            )
        ),
    ),
    Control(
        "no-users",
        ACCOUNT,
        "Somebody makes a user with an access key, which works from anywhere and never expires.",
        "No user, password or access key is made.",
        ("kind-known",),
        "By a user that was there before; by IAM Identity Center, which is the way people come in.",
        _IAM,
        _always(_deny("Users", ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser"])),
    ),
    Control(
        "boundary",
        ACCOUNT,
        "Somebody makes a role that may do anything, and takes it.",
        "No role is made without the boundary, and none loses it.",
        ("identity-boundary",),
        "By whoever may make a policy and calls it a boundary, or writes a new version of one: only a boundary that a "
        "landing zone gives, and nobody in the account may change, closes that.",
        _IAM,
        _boundary,
    ),
    Control(
        "managed-policies",
        ACCOUNT,
        "A role gets one of AWS's wide policies, such as AdministratorAccess.",
        "No policy of AWS's own is attached to a role, a user or a group.",
        ("identity-no-wildcard",),
        "By the same text in a policy of the account; the boundary caps it.",
        _IAM,
        _always(
            _deny(
                "PoliciesOfAws",
                ["iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy"],
                {"ArnLike": {"iam:PolicyARN": "arn:*:iam::aws:policy/*"}},
            )
        ),
    ),
    Control(
        "trail-kept",
        ACCOUNT,
        "Whoever breaks in stops the trail first, and then nobody can say what they did.",
        "Trail, GuardDuty, Config and Security Hub are not stopped, deleted or left.",
        ("audit-trail",),
        "By other events that the trail is told to select. Who takes a stack down that has a trail of its own has the "
        "policy detached for as long.",
        _SCP,
        _always(
            _deny(
                "AuditStopped",
                [
                    "cloudtrail:DeleteTrail",
                    "cloudtrail:StopLogging",
                    "config:DeleteConfigurationRecorder",
                    "config:DeleteDeliveryChannel",
                    "config:StopConfigurationRecorder",
                    "guardduty:DeleteDetector",
                    "guardduty:DisassociateFromAdministratorAccount",
                    "guardduty:StopMonitoringMembers",
                    "guardduty:UpdateDetector",
                    "organizations:LeaveOrganization",
                    "securityhub:DisableSecurityHub",
                    "securityhub:DisassociateFromAdministratorAccount",
                ],
            )
        ),
    ),
    Control(
        "keys-kept",
        ACCOUNT,
        "Whoever wants to harm deletes the key within a week, and with it all data.",
        "A key waits thirty days before it goes, and its rotation is not switched off.",
        ("encryption-key",),
        "By disabling the key, which can be undone; by a key that is made without rotation, for no call says so.",
        _KMS,
        _always(
            _deny(
                "KeysGoSoon",
                ["kms:ScheduleKeyDeletion"],
                {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}},
            ),
            _deny("KeysNotRotated", ["kms:DisableKeyRotation"]),
        ),
    ),
    Control(
        "tags",
        TAGS,
        "Nobody knows whose machines these are, and no bill says it.",
        "What carries tags is made with each of them.",
        ("cost-tags", "cost-batch-tags"),
        "By a tag with a wrong value; by services that take tags in a second call, such as S3 and EC2.",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
        _tags,
        approves="monthly-usd",
    ),
    Control(
        "outsiders",
        DATA,
        "A trust, a key policy or a bucket policy lets in another account, or a service that acts for one.",
        "Nobody of another account uses a bucket, a key, a queue, a secret or an image, and nobody of another "
        "organization takes a role, but callers by name, and the accounts that the stack file gives versions to.",
        ("identity-trust", "encryption-key", "encryption-bucket-tls"),
        "By services that resource control policies do not bind, such as SageMaker's own endpoints; by a principal of "
        "an account that is named as a caller or gets versions; by a role that trusts another account of the "
        "organization.",
        _RCP,
        _outsiders,
    ),
    Control(
        "clear-transport",
        DATA,
        "Data goes in clear text over a network.",
        "No bucket, key, queue or secret answers a call without TLS.",
        ("encryption-bucket-tls",),
        "By protocols of other services.",
        _RCP,
        _always(_for_everybody("ClearTransport", _OF_RCP, {"BoolIfExists": {"aws:SecureTransport": "false"}})),
    ),
    Control(
        "no-public-buckets",
        BUCKETS,
        "Somebody opens a bucket to the world.",
        "All four settings of S3's block of public access hold in every account, whatever a bucket says.",
        ("encryption-bucket-public",),
        _DETACHED,
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3_syntax.html",
        _always({"s3_attributes": {"public_access_block_configuration": {"@@assign": "all"}}}),
    ),
)


UNPREVENTED: Mapping[str, Sequence[str]] = aws_unprevented.UNPREVENTED


def documents(world: World) -> Mapping[str, Document]:
    """The five policies, by name. One that would have no statement is left out.

    Raises BadInput where a list of the limits or of a landing zone makes one longer than AWS takes.
    """
    made: dict[str, Document] = {}
    for name in TYPES:
        parts = [part for control in CONTROLS if control.document == name for part in control.compile(world)]
        if parts:
            made[name] = parts[0] if name == BUCKETS else {"Version": "2012-10-17", "Statement": parts}
            if (size := len(json.dumps(made[name], separators=(",", ":")))) > LONGEST:
                raise BadInput(
                    f"{name}: has {size:,} characters, and AWS takes {LONGEST:,}; write machine-types of the limits "
                    "with fewer and wider patterns, and fewer extra_tags of the landing zone"
                )
    return made
