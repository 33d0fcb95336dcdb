"""Encryption: the pilot's own rotated keys wherever data, logs or alerts rest, and TLS on the way."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.rule import Stack, conditions, get, given, known, resource_rule, section, stack_rule, statements

# Machine types with local NVMe encrypt their instance store in hardware; training and transform refuse a volume key
# for them and endpoints ignore it. AWS Nitro "Instance store volumes"; EC2 DescribeInstanceTypes.
LOCAL_NVME = re.compile(r"ml\.(g4dn|g5|g6|g6e|p4d|p4de|p5|p5e|p5en|p6-b200|trn1|trn1n|trn2|r5d|m5d|c5d)\.")

_KEY_AT: Mapping[str, str] = {
    "aws:cloudtrail/trail:Trail": "kmsKeyId",
    "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "aws:ecr/repository:Repository": "encryptionConfigurations.kmsKey",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"
    ),
    "aws:sagemaker/domain:Domain": "kmsKeyId",
    "aws:scheduler/schedule:Schedule": "kmsKeyArn",
    "aws:sfn/stateMachine:StateMachine": "encryptionConfiguration.kmsKeyId",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
}


@stack_rule(
    "encryption-customer-key",
    severity=Severity.HIGH,
    says="What rests, rests under one of the pilot's own keys.",
    remedy="Pass the encryption component's data key, or its logs key for logs and alerts.",
)
def customer_key(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The property that holds the key, by type; a key that AWS manages does not count."""
    for type_, path in _KEY_AT.items():
        for resource in stack.of(type_):
            if not given(resource.props, path) or known(resource.props, path).startswith("alias/aws/"):
                yield resource.urn, f"has no customer-managed key at {path}"


@resource_rule(
    "encryption-endpoint-volumes",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    severity=Severity.HIGH,
    says="An endpoint's volumes and asynchronous results are encrypted with the pilot's key, or by the machine itself.",
    remedy="Set kms_key_arn (leave it out for machine types with local NVMe) and the output's kms_key_id.",
)
def endpoint_volumes(props: Mapping[str, Any]) -> Iterator[str]:
    """A machine with local NVMe takes no key, for it encrypts its instance store in hardware."""
    machine = str(get(props, "productionVariants.instanceType"))
    if not given(props, "kmsKeyArn") and not LOCAL_NVME.match(machine):
        yield f"encrypts the volumes of {machine} with no key of the pilot (kmsKeyArn)"
    if props.get("asyncInferenceConfig") and not given(props, "asyncInferenceConfig.outputConfig.kmsKeyId"):
        yield "writes asynchronous results without a key of the pilot"


@resource_rule(
    "encryption-batch",
    "aws:sfn/stateMachine:StateMachine",
    severity=Severity.HIGH,
    says="A transform job encrypts its output and its volumes with the pilot's key.",
    remedy="Set TransformOutput.KmsKeyId and TransformResources.VolumeKmsKeyId in the state machine's task.",
)
def batch(props: Mapping[str, Any]) -> Iterator[str]:
    """Looks into each createTransformJob task of the definition."""
    for task in transform_tasks(props):
        if not get(task, "Parameters.TransformOutput.KmsKeyId"):
            yield "writes transform output without a key"
        resources = section(task, "Parameters.TransformResources")
        if not resources.get("VolumeKmsKeyId") and not LOCAL_NVME.match(str(resources.get("InstanceType"))):
            yield "runs transform jobs on volumes without a key"


def transform_tasks(props: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tasks of a state machine that run a transform job."""
    states = json.loads(props.get("definition") or "{}").get("States", {})
    return [state for state in states.values() if "createTransformJob" in str(state.get("Resource"))]


@resource_rule(
    "encryption-key",
    "aws:kms/key:Key",
    severity=Severity.HIGH,
    says="A key is rotated, slow to delete, and usable by nobody outside the account.",
    remedy="Set enable_key_rotation=True and deletion_window_in_days=30; bind services to the account.",
)
def key(props: Mapping[str, Any]) -> Iterator[str]:
    """Rotation on, 30 days of grace, no open principal, a condition for every service (KMS guide, "Key policies")."""
    if props.get("enableKeyRotation") is not True:
        yield "is not rotated"
    if (props.get("deletionWindowInDays") or 0) < 30:
        yield "can be deleted in less than 30 days"
    if not props.get("policy"):
        yield "leaves its policy to the default, which lets every role of the account be granted everything"
    for statement in statements(props.get("policy")):
        sid, principal = statement.get("Sid", "a statement"), section(statement, "Principal")
        if statement.get("Principal") == "*" or principal.get("AWS") == "*":
            yield f"{sid} opens the key to anybody"
        if "Service" in principal and not conditions(statement):
            yield f"{sid} lets a service use the key for any account"
        if any("*" in action for action in statement["Action"]):
            yield f"{sid} grants a wildcard action"


_BUCKET = "aws:s3/bucket:Bucket"
_PARTS = {
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "encryption",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "public access block",
    "aws:s3/bucketVersioning:BucketVersioning": "versioning",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "ownership controls",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "lifecycle",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
}


@stack_rule(
    "encryption-bucket-whole",
    severity=Severity.HIGH,
    says="Every bucket has its key, public access block, versioning, ownership, lifecycle and policy.",
    remedy="Build buckets with the PrivateBucket component, which makes all six.",
)
def bucket_whole(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Each part belongs to the bucket by reference."""
    for bucket in stack.of(_BUCKET):
        for type_, what in _PARTS.items():
            if not stack.referring(type_, "bucket", bucket):
                yield bucket.urn, f"has no {what}"


@resource_rule(
    "encryption-bucket-public",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    severity=Severity.CRITICAL,
    says="No bucket can be made public (Security Hub S3.8).",
    remedy="Set all four properties of the public access block to True.",
)
def bucket_public(props: Mapping[str, Any]) -> Iterator[str]:
    """All four switches."""
    for switch in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if props.get(switch) is not True:
            yield f"leaves {switch} off"


@resource_rule(
    "encryption-bucket-tls",
    "aws:s3/bucketPolicy:BucketPolicy",
    severity=Severity.HIGH,
    says="A bucket answers over TLS only, and to nobody by `*` (Security Hub S3.5).",
    remedy="Deny s3:* where aws:SecureTransport is false, and name principals in every allow.",
)
def bucket_tls(props: Mapping[str, Any]) -> Iterator[str]:
    """One deny of everything without TLS; no allow to anybody."""
    found = list(statements(props.get("policy")))
    tls = [s for s in found if s["Effect"] == "Deny" and s["Action"] == ["s3:*"] and s.get("Principal") == "*"]
    if not any(section(s, "Condition").get("Bool") == {"aws:SecureTransport": "false"} for s in tls):
        yield "answers without TLS"
    for statement in found:
        if statement["Effect"] == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"}):
            yield f"{statement.get('Sid', 'a statement')} lets anybody in"
        if statement["Effect"] == "Allow" and not conditions(statement):
            yield f"{statement.get('Sid', 'a statement')} lets a service in for any account"


@resource_rule(
    "encryption-bucket-settings",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    severity=Severity.MEDIUM,
    says="A bucket keeps versions and knows no ACLs.",
    remedy="Set versioning to Enabled and object ownership to BucketOwnerEnforced.",
)
def bucket_settings(props: Mapping[str, Any]) -> Iterator[str]:
    """One of the two properties, by type."""
    if "versioningConfiguration" in props and get(props, "versioningConfiguration.status") != "Enabled":
        yield "keeps no versions"
    if "rule" in props and get(props, "rule.objectOwnership") != "BucketOwnerEnforced":
        yield "still knows ACLs"


RULES = [
    customer_key,
    endpoint_volumes,
    batch,
    key,
    bucket_whole,
    bucket_public,
    bucket_tls,
    bucket_settings,
]
