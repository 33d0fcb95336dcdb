"""The registry on Amazon SageMaker: a model package, whose record lies beside its artifact.

DescribeModelPackage and UpdateModelPackage,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
"""

from collections.abc import Mapping
from shlex import join
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import APPROVED, DIGEST, Registered, package_arn
from operations.doctor import NoCredentials, Unseen
from operations.doctor.aws import Account, open_account, version_of
from operations.promoting import Found
from operations.refusals import said_by
from stacks.aws.names import artifacts_of, registry_of
from stacks.model import StackConfig

_READS = {
    ("sts", "GetCallerIdentity"): "sts:GetCallerIdentity",
    ("sagemaker", "DescribeModelPackage"): "sagemaker:DescribeModelPackage",
    ("s3", "GetObject"): "s3:GetObject and kms:Decrypt",
}
_UPDATES = {("sagemaker", "UpdateModelPackage"): "sagemaker:UpdateModelPackage"}


def found(stack: str, config: StackConfig, version: Registered) -> Found:
    """The version with its record. Raises BadInput where there is none, or the digest is not the record's."""
    account, package = _open(config), _package(stack, version)
    bucket, key = artifacts_of(stack, config.account), f"{version.folder}{versions.RECORD}"
    try:
        said = version_of(account, package)
        if said is None:
            raise BadInput(f"{package}: the registry of {stack} has no such version; register it first")
        kept = account.ask("s3", "GetObject", {"NoSuchKey", "NoSuchBucket"}, Bucket=bucket, Key=key)
    except Unseen as error:
        raise BadInput(f"{package}: cannot be read: {error}") from None
    if kept is None:
        raise BadInput(f"{package}: has no record at s3://{bucket}/{key}; upload what was registered")
    content: bytes = kept["Body"].read(versions.LARGEST + 1)
    record = versions.read(content, f"s3://{bucket}/{key}")
    if (record.name, record.version) != (version.name, version.version):
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


def approval(stack: str, config: StackConfig, version: Registered, digest: str, because: str) -> str:
    """The command of the AWS CLI that approves the version."""
    said = {"--model-package-arn": _arn(stack, config, version), "--model-approval-status": APPROVED}
    said |= {"--approval-description": because, "--customer-metadata-properties": f"{DIGEST}={digest}"}
    said |= {"--region": config.region}
    return join(["aws", "sagemaker", "update-model-package", *(word for pair in said.items() for word in pair)])


def approve(stack: str, config: StackConfig, version: Registered, digest: str, because: str) -> None:
    """Approve the version as whoever is signed in. Raises BadInput where AWS refuses.

    The call says the digest again, so that what is approved is what the approver saw.
    """
    client: Any = _open(config, _UPDATES).client("sagemaker")
    try:
        client.update_model_package(
            ModelPackageArn=_arn(stack, config, version),
            ModelApprovalStatus=APPROVED,
            ApprovalDescription=because,
            CustomerMetadataProperties={DIGEST: digest},
        )
    except ClientError as error:
        code, message = said_by(error)
        raise BadInput(
            f"{_package(stack, version)}: AWS refuses to approve it ({code}: {message[:200]}); sign in as the "
            f"persona {stack}-approver, which alone may"
        ) from None
    except BotoCoreError as error:
        words = " ".join(str(error).split())[:200]
        raise BadInput(
            f"{_package(stack, version)}: AWS gives no answer ({words}); look whether it is approved"
        ) from None


def _open(config: StackConfig, more: Mapping[tuple[str, str], str] | None = None) -> Account:
    try:
        return open_account(config.account, config.region, {**_READS, **(more or {})})
    except NoCredentials as error:
        raise BadInput(str(error)) from None


def _package(stack: str, version: Registered) -> str:
    return f"{version.group(registry_of(stack))}/{version.version}"


def _arn(stack: str, config: StackConfig, version: Registered) -> str:
    return package_arn(config.account, config.region, _package(stack, version))
