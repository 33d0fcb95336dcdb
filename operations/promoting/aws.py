"""The registry on Amazon SageMaker: a model package, whose record lies beside its artifact.

DescribeModelPackage and UpdateModelPackage,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from shlex import join
from typing import Any

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import DIGEST, IMAGES, PENDING, Registered, package_arn
from operations.doctor import NoCredentials, Unseen
from operations.doctor.aws import Account, open_account, version_of
from operations.promoting import Found
from operations.promoting.images import Image
from operations.refusals import asking
from stacks.aws.names import artifacts_of, registry_of
from stacks.model import StackConfig

_READS = {
    ("sts", "GetCallerIdentity"): "sts:GetCallerIdentity",
    ("sagemaker", "DescribeModelPackage"): "sagemaker:DescribeModelPackage",
    ("s3", "GetObject"): "s3:GetObject and kms:Decrypt",
}
_ENROLS = {
    ("sagemaker", "CreateModelPackage"): "sagemaker:CreateModelPackage",
    ("sagemaker", "ListModelPackages"): "sagemaker:ListModelPackages",
    ("ecr", "GetAuthorizationToken"): "ecr:GetAuthorizationToken",
}
_UPDATES = {("sagemaker", "UpdateModelPackage"): "sagemaker:UpdateModelPackage"}


def found(stack: str, config: StackConfig, version: Registered, through: StackConfig | None = None) -> Found:
    """The version with its record. Raises BadInput where there is none, or the digest is not the record's."""
    account, package = _open(config, through=through), _package(stack, version)
    bucket, key = artifacts_of(stack, config.account), f"{version.folder}{versions.RECORD}"
    missing = {"NoSuchKey", "NoSuchBucket"}
    try:
        said = version_of(account, package)
        if said is None:
            raise BadInput(f"{package}: the registry of {stack} has no such version; register it first")
        kept = account.ask("s3", "GetObject", missing, Bucket=bucket, Key=key)
    except Unseen as error:
        raise BadInput(f"{package}: cannot be read: {error}") from None
    if kept is None:
        raise BadInput(f"{package}: has no record at s3://{bucket}/{key}; upload what was registered")
    content: bytes = kept["Body"].read(versions.LARGEST + 1)
    record = versions.read(content, f"s3://{bucket}/{key}")
    if (record.name, record.version) != (version.name, version.version):
        beside = f"{version.folder}{versions.ORIGIN}"
        try:
            other = account.ask("s3", "GetObject", missing, Bucket=bucket, Key=beside)
        except Unseen as error:
            raise BadInput(f"{package}: cannot be read: {error}") from None
        origin = other["Body"].read(versions.LARGEST + 1) if other else None
        if not versions.is_copy(origin, record, content, f"s3://{bucket}/{beside}"):
            raise BadInput(f"{package}: the record at s3://{bucket}/{key} is of {record.name}@{record.version}")
    metadata: Mapping[str, Any] = said.get("CustomerMetadataProperties") or {}
    digest, own = str(metadata.get(DIGEST, "none")), versions.digest(content)
    if digest != own:
        raise BadInput(f"{package}: was registered with the digest {digest}, and its record has {own}; trust neither")
    by: Mapping[str, Any] = said.get("LastModifiedBy") or {}
    status, because = str(said.get("ModelApprovalStatus", "")), str(said.get("ApprovalDescription", ""))
    return Found(
        status, because, str(by.get("UserProfileName") or by.get("IamIdentity", {}).get("Arn", "")), own, record
    )


def decision(stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str) -> str:
    """The command of the AWS CLI that decides on the version."""
    said = {"--model-package-arn": _arn(stack, config, version), "--model-approval-status": decided}
    said |= {"--approval-description": because, "--customer-metadata-properties": f"{DIGEST}={found.digest}"}
    said |= {"--region": config.region}
    return join(["aws", "sagemaker", "update-model-package", *(word for pair in said.items() for word in pair)])


def decide(stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str) -> None:
    """Decide on the version as whoever is signed in. Raises BadInput where AWS refuses.

    The call says the digest again, so that what is decided on is what the approver saw.
    """
    client: Any = _open(config, _UPDATES).client("sagemaker")
    refused = f"sign in as the persona {stack}-approver, which alone may"
    with asking(_package(stack, version), "decide on it", refused, "look what is decided on it"):
        client.update_model_package(
            ModelPackageArn=_arn(stack, config, version),
            ModelApprovalStatus=decided,
            ApprovalDescription=because,
            CustomerMetadataProperties={DIGEST: found.digest},
        )


def folder(stack: str, config: StackConfig, version: Registered) -> str:
    """The address of the folder of a version in the artifact bucket."""
    return f"s3://{artifacts_of(stack, config.account)}/{version.folder}"


def simulated(stack: str, config: StackConfig, version: Registered) -> tuple[str, str]:
    """How a sandbox calls the version, and the address of its folder there."""
    return _package(stack, version), folder(stack, config, version)


def image(stack: str, config: StackConfig, version: Registered, through: StackConfig) -> Image:
    """The image of a version. One token opens each registry of ECR that whoever asked for it may use.

    "Private registry authentication", https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
    """
    host = f"{config.account}.dkr.ecr.{config.region}.amazonaws.com"

    @cache
    def sign_in() -> Mapping[str, str]:
        try:
            said = _open(through, _ENROLS).ask("ecr", "GetAuthorizationToken") or {}
        except Unseen as error:
            raise BadInput(f"{host}: {error}") from None
        return {"Authorization": f"Basic {said['authorizationData'][0]['authorizationToken']}"}

    return Image(host, f"{registry_of(stack)}{IMAGES}", version.tag, sign_in)


def lock(stack: str, config: StackConfig, version: Registered) -> str:
    """None: the tags of the repository are immutable."""
    return ""


def numbers(stack: str, config: StackConfig, name: str) -> list[int]:
    """The numbers of the versions of the model's group."""
    account, group = _open(config, _ENROLS), Registered(name, 1).group(registry_of(stack))
    try:
        return _numbers(account, group)
    except Unseen as error:
        raise BadInput(f"{group}: cannot be read: {error}; bring {stack} up first") from None


def _numbers(account: Account, group: str) -> list[int]:
    listed = account.pages("sagemaker", "ListModelPackages", "ModelPackageSummaryList", ModelPackageGroupName=group)
    return [int(one["ModelPackageVersion"]) for one in listed]


def numbered(stack: str, config: StackConfig, version: Registered, digest: str, number: int | None) -> tuple[int, bool]:
    """The next number of the group: SageMaker numbers its versions in order, and nobody chooses one."""
    account, group = _open(config, _ENROLS), version.group(registry_of(stack))
    try:
        there = sorted(_numbers(account, group), reverse=True)
        for one in there:
            said = version_of(account, f"{group}/{one}") or {}
            if (said.get("CustomerMetadataProperties") or {}).get(DIGEST) == digest:
                return one, True
    except Unseen as error:
        raise BadInput(f"{group}: cannot be read: {error}; bring {stack} up first") from None
    following = max(there, default=0) + 1
    if number not in (None, following):
        raise BadInput(f"--as: found {number}, and the next version of {group} is {following}; leave it out")
    return following, False


def enrol(stack: str, config: StackConfig, version: Registered, digest: str, image: str) -> None:
    """Register a version whose files and image are there. Raises BadInput where AWS refuses or numbers it otherwise."""
    client: Any = _open(config, _ENROLS).client("sagemaker")
    container = {"Image": image, "ModelDataUrl": version.artifact(artifacts_of(stack, config.account))}
    served = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    refused = f"sign in as the persona {stack}-publisher"
    with asking(_package(stack, version), "register it", refused, "run the same command again"):
        made = client.create_model_package(
            ModelPackageGroupName=version.group(registry_of(stack)),
            ModelApprovalStatus=PENDING,
            CustomerMetadataProperties={DIGEST: digest},
            InferenceSpecification=served,
        )
    if (arn := str(made["ModelPackageArn"])) != _arn(stack, config, version):
        raise BadInput(
            f"{arn}: somebody registered another version meanwhile; reject this one, and run the command again"
        )


def _open(
    config: StackConfig,
    more: Mapping[tuple[str, str], str] | None = None,
    through: StackConfig | None = None,
) -> Account:
    """The account of a stack, as whoever is signed in there; or of another, which lets them in."""
    signed_in = through or config
    try:
        opened = open_account(signed_in.account, signed_in.region, {**_READS, **(more or {})})
    except NoCredentials as error:
        raise BadInput(str(error)) from None
    return replace(opened, account=config.account)


def _package(stack: str, version: Registered) -> str:
    return f"{version.group(registry_of(stack))}/{version.version}"


def _arn(stack: str, config: StackConfig, version: Registered) -> str:
    return package_arn(config.account, config.region, _package(stack, version))
