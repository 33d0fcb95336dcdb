"""One real scan of one rendered graph: each check has a resource that it passes and one that it catches."""

import json
from pathlib import Path
from typing import Any

import pytest

from operations.checkov import CheckovScan, ScanResult
from operations.render import render

ENVIRONMENT = Path(__file__).parents[2] / "policies" / "checkov"
GRAPH: list[dict[str, Any]] = []


def add(token: str, name: str, inputs: dict[str, Any], **outputs: str) -> dict[str, Any]:
    """Add a resource; an input given as (resource, output) is what another resource put out."""
    links: dict[str, set[str]] = {prop: set() for prop in inputs}

    def resolve(prop: str, value: Any) -> Any:
        if isinstance(value, tuple):
            links[prop].add(value[0]["urn"])
            return value[0]["outputs"][value[1]]
        if isinstance(value, dict):
            return {key: resolve(prop, item) for key, item in value.items()}
        return [resolve(prop, item) for item in value] if isinstance(value, list) else value

    resolved = {prop: resolve(prop, value) for prop, value in inputs.items()}
    dependencies = {prop: sorted(urns) for prop, urns in links.items() if urns}
    resource = {"urn": f"urn:{token}::{name}", "type": token, "name": name, "custom": True, "inputs": resolved}
    resource |= {"outputs": {"id": f"{name}-id", **resolved, **outputs}, "propertyDependencies": dependencies}
    GRAPH.append(resource | {"dependencies": sorted({urn for urns in dependencies.values() for urn in urns})})
    return resource


TRUST = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x.amazonaws.com"}}]}
ROOT = {"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": "123456789012"}}]}

key = add("aws:kms/key:Key", "key-good", {"policy": json.dumps(ROOT)}, arn="arn:aws:kms:eu-west-1:123456789012:key/k-1")
add("aws:kms/key:Key", "key-bad", {})
role = add("aws:iam/role:Role", "role", {"assumeRolePolicy": json.dumps(TRUST)}, arn="arn:aws:iam::123456789012:role/r")
logs = add("aws:cloudwatch/logGroup:LogGroup", "logs-good", {"kmsKeyId": (key, "arn")}, arn="arn:aws:logs:::logs-good")
add("aws:cloudwatch/logGroup:LogGroup", "logs-bad", {})
add("aws:sns/topic:Topic", "topic-good", {"kmsMasterKeyId": (key, "id")})
add("aws:sns/topic:Topic", "topic-bad", {})

vpc = add("aws:ec2/vpc:Vpc", "vpc-good", {"cidrBlock": "10.0.0.0/16"})
add("aws:ec2/vpc:Vpc", "vpc-bad", {"cidrBlock": "10.1.0.0/16"})
flow = {"vpcId": (vpc, "id"), "logDestination": (logs, "arn"), "iamRoleArn": (role, "arn")}
add("aws:ec2/flowLog:FlowLog", "flow", flow)
add("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "closed", {"vpcId": (vpc, "id")})
subnet = add("aws:ec2/subnet:Subnet", "subnet", {"vpcId": (vpc, "id"), "cidrBlock": "10.0.1.0/24"})
first = add("aws:ec2/securityGroup:SecurityGroup", "group-first", {"vpcId": (vpc, "id"), "description": "used"})
group = add("aws:ec2/securityGroup:SecurityGroup", "group-good", {"vpcId": (vpc, "id"), "description": "used, second"})
add("aws:ec2/securityGroup:SecurityGroup", "group-bad", {"vpcId": (vpc, "id"), "description": "unused"})
inside = {"subnetIds": [(subnet, "id")], "securityGroupIds": [(first, "id"), (group, "id")]}
add("aws:ec2/vpcEndpoint:VpcEndpoint", "door", {"vpcId": (vpc, "id"), "serviceName": "sts", **inside})

bucket = add("aws:s3/bucket:Bucket", "bucket-good", {"bucket": "good"}, arn="arn:aws:s3:::good", id="good")
add("aws:s3/bucket:Bucket", "bucket-bad", {"bucket": "bad"})
log_bucket = add("aws:s3/bucket:Bucket", "bucket-logs", {"bucket": "logs"}, id="logs")
of_bucket = {"bucket": (bucket, "id")}
sse = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": (key, "arn")}
shut = dict.fromkeys(["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"], True)
rule = {"id": "all", "status": "Enabled", "filter": {}, "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}
add("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "shut", of_bucket | shut)
add(
    "aws:s3/bucketVersioning:BucketVersioning",
    "versions",
    of_bucket | {"versioningConfiguration": {"status": "Enabled"}},
)
add("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "life", of_bucket | {"rules": [rule]})
add("aws:s3/bucketLogging:BucketLogging", "log", of_bucket | {"targetBucket": (log_bucket, "id"), "targetPrefix": "x/"})
add("aws:s3/bucketNotification:BucketNotification", "notify", of_bucket | {"eventbridge": True})
add(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "sealed",
    of_bucket | {"rules": [{"applyServerSideEncryptionByDefault": sse}]},
)

studio = {"vpcId": (vpc, "id"), "subnetIds": [(subnet, "id")], "authMode": "IAM", "kmsKeyId": (key, "arn")}
add("aws:sagemaker/domain:Domain", "domain-good", studio | {"appNetworkAccessType": "VpcOnly"})
add("aws:sagemaker/domain:Domain", "domain-bad", studio)
placed = {"vpcConfig": {"subnets": [(subnet, "id")], "securityGroupIds": [(group, "id")]}}
model = add("aws:sagemaker/model:Model", "model-good", placed | {"enableNetworkIsolation": True})
add("aws:sagemaker/model:Model", "model-bad", placed | {"enableNetworkIsolation": False})
add("aws:sagemaker/model:Model", "model-nowhere", {"enableNetworkIsolation": True})
variants = {"productionVariants": [{"modelName": (model, "id"), "instanceType": "ml.m5.large"}]}
config = add(
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "config-good", variants | {"kmsKeyArn": (key, "arn")}
)
add("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "config-bad", variants)
alarm = add("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", {"name": "errors"}, id="errors")
shift = {"blueGreenUpdatePolicy": {"trafficRoutingConfiguration": {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 60}}}
rollback = {"autoRollbackConfiguration": {"alarms": [{"alarmName": (alarm, "name")}]}}
served = {"endpointConfigName": (config, "id")}
add("aws:sagemaker/endpoint:Endpoint", "endpoint-good", served | {"deploymentConfig": shift | rollback})
add("aws:sagemaker/endpoint:Endpoint", "endpoint-bad", served | {"deploymentConfig": shift})
add("aws:sagemaker/endpoint:Endpoint", "endpoint-plain", served)


@pytest.fixture(scope="module")
def result() -> ScanResult:
    rendered = render(GRAPH)
    assert not rendered.unrendered
    with CheckovScan.start(ENVIRONMENT) as scan:
        return scan.scan(rendered.plan)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("CKV_MLP_1", "aws_sagemaker_domain.domain-good", "aws_sagemaker_domain.domain-bad"),
        ("CKV_MLP_2", "aws_sagemaker_model.model-good", "aws_sagemaker_model.model-bad"),
        ("CKV_MLP_2", "aws_sagemaker_model.model-good", "aws_sagemaker_model.model-nowhere"),
        ("CKV_MLP_3", "aws_sagemaker_endpoint.endpoint-good", "aws_sagemaker_endpoint.endpoint-bad"),
        ("CKV_MLP_3", "aws_sagemaker_endpoint.endpoint-good", "aws_sagemaker_endpoint.endpoint-plain"),
        ("CKV_AWS_18", "aws_s3_bucket.bucket-good", "aws_s3_bucket.bucket-bad"),
        ("CKV_AWS_21", "aws_s3_bucket.bucket-good", "aws_s3_bucket.bucket-bad"),
        ("CKV_AWS_26", "aws_sns_topic.topic-good", "aws_sns_topic.topic-bad"),
        (
            "CKV_AWS_98",
            "aws_sagemaker_endpoint_configuration.config-good",
            "aws_sagemaker_endpoint_configuration.config-bad",
        ),
        ("CKV_AWS_145", "aws_s3_bucket.bucket-good", "aws_s3_bucket.bucket-bad"),
        ("CKV_AWS_158", "aws_cloudwatch_log_group.logs-good", "aws_cloudwatch_log_group.logs-bad"),
        ("CKV2_AWS_5", "aws_security_group.group-good", "aws_security_group.group-bad"),
        ("CKV2_AWS_6", "aws_s3_bucket.bucket-good", "aws_s3_bucket.bucket-bad"),
        ("CKV2_AWS_11", "aws_vpc.vpc-good", "aws_vpc.vpc-bad"),
        ("CKV2_AWS_12", "aws_vpc.vpc-good", "aws_vpc.vpc-bad"),
        ("CKV2_AWS_61", "aws_s3_bucket.bucket-good", "aws_s3_bucket.bucket-bad"),
        ("CKV2_AWS_62", "aws_s3_bucket.bucket-good", "aws_s3_bucket.bucket-bad"),
        ("CKV2_AWS_64", "aws_kms_key.key-good", "aws_kms_key.key-bad"),
    ],
)
def test_a_check_passes_the_good_and_catches_the_bad(result: ScanResult, check: str, good: str, bad: str) -> None:
    passed = {record.address for record in result.passed if record.check_id == check}
    failed = {record.address for record in result.failed if record.check_id == check}
    assert good in passed - failed
    assert bad in failed - passed


def test_a_finding_says_what_was_looked_at(result: ScanResult) -> None:
    [finding] = [
        r for r in result.failed if (r.check_id, r.address) == ("CKV_MLP_1", "aws_sagemaker_domain.domain-bad")
    ]
    assert finding.evaluated_keys == ("app_network_access_type",)
    assert "only through its VPC" in finding.check_name
    assert result.checkov_version == "3.3.30"
