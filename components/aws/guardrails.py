"""The guardrails: what no persona may do, as deny statements of the permissions boundary.

Each condition key has a statement of its own, because keys in one block are ANDed: a deny on two missing keys would
let one pass. `Null` catches the key that was left out; `ForAnyValue` the wrong one among several. Condition keys by
action: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.iam import meet
from catalogue.registered import PENDING
from components.shapes import Machine

_JOBS = ["sagemaker:Create*ingJob"]
"""Tuning, processing and training. It denies labelling too, and the pattern below jobs of every other sort, which no
persona is granted: a managed policy has room for 6,144 characters."""
_EVERY_JOB = ["sagemaker:Create*Job"]
_IN_NETWORK = ["sagemaker:CreateModel", *_JOBS]
_ON_MACHINES = ["sagemaker:CreateEndpointConfig", *_EVERY_JOB]
_TIMED = ["sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"]
_IN_STUDIO = ["sagemaker:CreateApp", "sagemaker:CreateSpace", "sagemaker:UpdateSpace"]
MAX_RUNTIME_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Guardrails:
    """`machines` are all that may be started; those with local NVMe encrypt in hardware and take no volume key.

    `applications` are those on which people may start an application of Studio; AWS's own `system` is free of charge.
    `actions` are all that some persona under the boundary is granted; it caps each there. For those `beyond_account`
    aws:ResourceAccount is absent, or another account's. `recorded` are the ARNs of the training jobs whose runs are
    recorded, each with a wildcard for its runs: they alone open a connection, to the record, in the stack's subnets.
    """

    account: str
    region: str
    approver_arn: str
    machines: Sequence[Machine]
    applications: Sequence[Machine]
    actions: Collection[str]
    beyond_account: Collection[str]
    recorded: Sequence[str] = ()
    taken: Sequence[Mapping[str, Any]] = ()
    """The statements on registries of other stacks, which the cap lets pass as they are."""


def boundary(args: Guardrails) -> dict[str, Any]:
    """The boundary's policy document: the cap (what may be granted at all), then the denies of what it lets pass.

    What the cap does not let pass is denied already, and a managed policy has room for 6,144 characters.
    """
    cap = _cap(args)
    capped = [action for statement in cap for action in statement["Action"]]
    within = ({**one, "Action": _within(capped, one["Action"])} for one in denies(args))
    return {"Version": "2012-10-17", "Statement": [*cap, *(one for one in within if one["Action"])]}


def denies(args: Guardrails) -> list[dict[str, Any]]:
    """The guardrails alone, for roles whose boundary is the organisation's: no grant of another policy lifts a deny."""
    not_approver = {"ArnNotEquals": {"aws:PrincipalArn": args.approver_arn}}
    no_volume_key: dict[str, Any] = {"Null": {"sagemaker:VolumeKmsKey": "true"}}
    if local_nvme := sorted({machine.type for machine in args.machines if machine.local_nvme}):
        no_volume_key["ForAnyValue:StringNotEquals"] = {"sagemaker:InstanceTypes": local_nvme}
    return [
        _deny("OutsideSubnets", _IN_NETWORK, _missing("sagemaker:VpcSubnets")),
        _deny("OutsideSecurityGroups", _IN_NETWORK, _missing("sagemaker:VpcSecurityGroupIds")),
        _but_for(args.recorded, _deny("WithoutNetworkIsolation", _IN_NETWORK, _not_true("sagemaker:NetworkIsolation"))),
        _deny("ClearTraffic", _JOBS, _not_true("sagemaker:InterContainerTrafficEncryption")),
        _deny("VolumesWithoutKey", _ON_MACHINES, no_volume_key),
        _deny("OutputWithoutKey", _EVERY_JOB, _missing("sagemaker:OutputKmsKey")),
        _deny(
            "OtherHardware",
            _ON_MACHINES,
            {"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": sorted({m.type for m in args.machines})}},
        ),
        _deny(
            "OtherApplications",
            _IN_STUDIO,
            {"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": _types_in_studio(args.applications)}},
        ),
        _deny("WithoutTimeLimit", _TIMED, _missing("sagemaker:MaxRuntimeInSeconds")),
        _deny(
            "BeyondTimeLimit",
            _TIMED,
            {"NumericGreaterThan": {"sagemaker:MaxRuntimeInSeconds": str(MAX_RUNTIME_SECONDS)}},
        ),
        _deny(
            "ServerlessOutsideNetwork",
            ["sagemaker:CreateEndpointConfig"],
            {"Null": {"sagemaker:ServerlessMaxConcurrency": "false"}},
        ),
        _deny(
            "StudioOnInternet",
            ["sagemaker:CreateDomain", "sagemaker:UpdateDomain"],
            {"StringNotEquals": {"sagemaker:AppNetworkAccessType": "VpcOnly"}},
        ),
        _deny("ApproveVersion", ["sagemaker:UpdateModelPackage"], not_approver),
        _deny(
            "ApprovedAtBirth",
            ["sagemaker:CreateModelPackage"],
            {"StringNotEquals": {"sagemaker:ModelApprovalStatus": PENDING}},
        ),
        _deny(
            "CarryDataOut",
            ["s3:PutObject", "s3:PutObjectAcl"],
            {"StringNotEquals": {"aws:ResourceAccount": args.account}},
        ),
        _deny("OtherRegion", ["sagemaker:*"], {"StringNotEquals": {"aws:RequestedRegion": args.region}}),
    ]


def _cap(args: Guardrails) -> list[dict[str, Any]]:
    """What a persona's own policy may grant at all: the actions some persona needs, on this account's resources."""
    capped, beyond = sorted(set(args.actions) - set(args.beyond_account)), sorted(args.beyond_account)
    here = {"StringEquals": {"aws:ResourceAccount": args.account}}
    return [
        {"Sid": "CapOwnAccount", "Effect": "Allow", "Action": capped, "Resource": "*", "Condition": here},
        {"Sid": "CapBeyondAccount", "Effect": "Allow", "Action": beyond, "Resource": "*"},
        *({**one, "Sid": f"Cap{one['Sid']}"} for one in args.taken if not set(one["Action"]) <= set(beyond)),
    ]


def _within(capped: Sequence[str], denied: Sequence[str]) -> list[str]:
    """Those of the denied actions, or patterns of them, that speak of something capped."""
    return [one for one in denied if any(meet(one, action) for action in capped)]


def _types_in_studio(applications: Sequence[Machine]) -> list[str]:
    return ["system", *sorted({machine.type for machine in applications})]


def _deny(sid: str, actions: Sequence[str], condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Action": list(actions), "Resource": "*", "Condition": condition}


def _but_for(arns: Sequence[str], denied: dict[str, Any]) -> dict[str, Any]:
    """A deny of everything but these. An action on anything else, or on no resource, is denied still.

    IAM user guide, "IAM JSON policy elements: NotResource",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
    """
    if not arns:
        return denied
    return {**{key: said for key, said in denied.items() if key != "Resource"}, "NotResource": list(arns)}


def _missing(key: str) -> dict[str, Any]:
    return {"Null": {key: "true"}}


def _not_true(key: str) -> dict[str, Any]:
    """False, or left out: with IfExists the condition holds for an absent key."""
    return {"BoolIfExists": {key: "false"}}
