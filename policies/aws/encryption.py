"""Encryption: the pilot's own rotated keys wherever data, logs or alerts rest, and TLS on the way."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.rule import Stack, conditions, get, resource_rule, stack_rule, statements

_CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"

# Machine types with local NVMe encrypt their instance store in hardware; training and transform refuse a volume key
# for them and endpoints ignore it. AWS Nitro "Instance store volumes"; EC2 DescribeInstanceTypes.
LOCAL_NVME = re.compile(r"ml\.(g4dn|g5|g6|g6e|p4d|p4de|p5|p5e|p5en|p6-b200|trn1|trn1n|trn2|r5d|m5d|c5d)\.")

_KEY_AT: Mapping[str, tuple[str, ...]] = {
    "aws:cloudtrail/trail:Trail": ("kmsKeyId",),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "aws:ecr/repository:Repository": ("encryptionConfigurations.kmsKey",),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ),
    "aws:sagemaker/domain:Domain": ("kmsKeyId",),
    "aws:scheduler/schedule:Schedule": ("kmsKeyArn",),
    "aws:sfn/stateMachine:StateMachine": ("encryptionConfiguration.kmsKeyId",),
    "aws:sns/topic:Topic": ("kmsMasterKeyId",),
    "aws:sqs/queue:Queue": ("kmsMasterKeyId",),
}


@resource_rule(
    "encryption-customer-key",
    *_KEY_AT,
    _CONFIG,
    severity=Severity.HIGH,
    says="What rests, rests under one of the pilot's own keys.",
    remedy="Pass the encryption component's data key, or its logs key for logs and alerts.",
)
def customer_key(props: Mapping[str, Any]) -> Iterator[str]:
    """Replaced below: the type decides which property holds the key."""
    yield from ()


def _customer_key(type_: str, props: Mapping[str, Any]) -> Iterator[str]:
    for path in _KEY_AT.get(type_, ()):
        value = get(props, path)
        if not value or str(value).startswith("alias/aws/"):
            yield f"has no customer-managed key at {path}"
    if type_ == _CONFIG:
        machine = str(get(props, "productionVariants.instanceType"))
        if not props.get("kmsKeyArn") and not LOCAL_NVME.match(machine):
            yield f"encrypts the volumes of {machine} with no key of the pilot (kmsKeyArn)"
        if props.get("asyncInferenceConfig") and not get(props, "asyncInferenceConfig.outputConfig.kmsKeyId"):
            yield "writes asynchronous results without a key of the pilot"
