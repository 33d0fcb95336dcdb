"""One real scan of a rendered graph for each platform: each check has a resource that it passes and one it catches."""

import json
from dataclasses import replace
from typing import Any

import pytest

from catalogue.kind import Renders
from catalogue.kinds import kinds
from catalogue.kinds.aws import terraform as terraform_name
from catalogue.kinds.gcp import in_terraform
from operations.checkov import ScanResult
from operations.rendering import arm, terraform
from tests.previewing import checkov

LOGGING, NOTIFICATION = "aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketNotification:BucketNotification"
COLAB = "gcp:colab/runtimeTemplate:RuntimeTemplate"
RENDERED: dict[str, dict[str, Renders]] = {
    "aws": {LOGGING: terraform_name("s3_bucket_logging"), NOTIFICATION: terraform_name("s3_bucket_notification")},
    "gcp": {COLAB: in_terraform("google_colab_runtime_template")},
}
"""Kinds that the catalogue does not have.

Without AWS's no bucket would pass the checks on access logs and events; Google's is what a check of ours is about.
"""
GRAPHS: dict[str, list[dict[str, Any]]] = {"aws": [], "gcp": [], "azure-native": []}


def add(token: str, name: str, inputs: dict[str, Any], /, **outputs: str) -> dict[str, Any]:
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
    resource |= {"dependencies": sorted({urn for urns in dependencies.values() for urn in urns})}
    GRAPHS[token.partition(":")[0]].append(resource)
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
add(LOGGING, "log", of_bucket | {"targetBucket": (log_bucket, "id"), "targetPrefix": "x/"})
add(NOTIFICATION, "notify", of_bucket | {"eventbridge": True})
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
capture = {"dataCaptureConfig": {"destinationS3Uri": "s3://capture", "initialSamplingPercentage": 10}}
add("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "config-bad", variants | capture)
alarm = add("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", {"name": "errors"}, id="errors")
shift = {"blueGreenUpdatePolicy": {"trafficRoutingConfiguration": {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 60}}}
rollback = {"autoRollbackConfiguration": {"alarms": [{"alarmName": (alarm, "name")}]}}
served = {"endpointConfigName": (config, "id")}
add("aws:sagemaker/endpoint:Endpoint", "endpoint-good", served | {"deploymentConfig": shift | rollback})
add("aws:sagemaker/endpoint:Endpoint", "endpoint-bad", served | {"deploymentConfig": shift})
add("aws:sagemaker/endpoint:Endpoint", "endpoint-plain", served)


ring = add(
    "gcp:kms/keyRing:KeyRing", "ring", {"location": "us-central1"}, id="projects/p/locations/us-central1/keyRings/r"
)
lasting = {"keyRing": (ring, "id"), "rotationPeriod": "7776000s"}
seal = add("gcp:kms/cryptoKey:CryptoKey", "key-good", lasting, id="projects/p/locations/us-central1/keyRings/r/k")
add("gcp:kms/cryptoKey:CryptoKey", "key-bad", {"keyRing": (ring, "id")})
lan = add(
    "gcp:compute/network:Network", "lan-good", {"autoCreateSubnetworks": False}, id="projects/p/global/networks/lan"
)
add("gcp:compute/network:Network", "lan-bad", {"autoCreateSubnetworks": False})
out = {"network": (lan, "id"), "direction": "EGRESS", "denies": [{"protocol": "all"}]}
add("gcp:compute/firewall:Firewall", "wall", out | {"logConfig": {"metadata": "INCLUDE_ALL_METADATA"}})
flows = {"logConfig": {"aggregationInterval": "INTERVAL_5_SEC"}, "privateIpGoogleAccess": True}
add("gcp:compute/subnetwork:Subnetwork", "subnet-good", {"network": (lan, "id"), "ipCidrRange": "10.0.0.0/20"} | flows)
add("gcp:compute/subnetwork:Subnetwork", "subnet-bad", {"network": (lan, "id"), "ipCidrRange": "10.0.16.0/20"})
sealed = {"encryptionSpec": {"kmsKeyName": (seal, "id")}, "location": "us-central1"}
connect = {"privateServiceConnectConfig": {"enablePrivateServiceConnect": True, "projectAllowlists": ["p"]}}
add("gcp:vertex/aiEndpoint:AiEndpoint", "endpoint-good", sealed | connect)
add("gcp:vertex/aiEndpoint:AiEndpoint", "endpoint-peered", sealed | {"network": (lan, "id")})
add("gcp:vertex/aiEndpoint:AiEndpoint", "endpoint-bad", {"location": "us-central1"})
shut_off = {"privateServiceConnectConfig": {"enablePrivateServiceConnect": False}}
add("gcp:vertex/aiEndpoint:AiEndpoint", "endpoint-off", sealed | shut_off)
place = {"network": (lan, "id")}
add(COLAB, "colab-good", {"networkSpec": place | {"enableInternetAccess": False}})
add(COLAB, "colab-bad", {"networkSpec": place | {"enableInternetAccess": True}})
add(COLAB, "colab-plain", {"networkSpec": place})
shield = dict.fromkeys(["enableSecureBoot", "enableVtpm", "enableIntegrityMonitoring"], True)
disk = {"diskEncryption": "CMEK", "kmsKey": (seal, "id")}
locks = {"notebook-disable-root": "true", "notebook-disable-downloads": "true"}
machine = {"disablePublicIp": True, "bootDisk": disk, "dataDisks": disk, "metadata": locks}
bench = "gcp:workbench/instance:Instance"
add(bench, "bench-good", {"gceSetup": machine | {"shieldedInstanceConfig": shield}})
add(bench, "bench-bad", {"gceSetup": {"shieldedInstanceConfig": shield | {"enableSecureBoot": False}}})
add(bench, "bench-plain", {"gceSetup": machine})
images = "gcp:artifactregistry/repository:Repository"
add(images, "images-good", {"format": "DOCKER", "kmsKeyName": (seal, "id")})
add(images, "images-bad", {"format": "DOCKER"})


ml = "azure-native:machinelearningservices:"
subscription = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers"


def azure(token: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return add(
        f"azure-native:{token}", name, {"resourceGroupName": "rg"} | inputs, name=name, id=f"{subscription}/{name}"
    )


vault = azure("keyvault:Vault", "vault", {"vaultName": "vault", "properties": {"enablePurgeProtection": True}})
azure("keyvault:Vault", "vault-silent", {"vaultName": "vault-silent", "properties": {}})
azure("monitor:DiagnosticSetting", "audit", {"resourceUri": (vault, "id"), "logs": [{"categoryGroup": "allLogs"}]})
quiet = {"managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}, "publicNetworkAccess": "Disabled"}
own_key = {
    "status": "Enabled",
    "keyVaultProperties": {"keyVaultArmId": (vault, "id"), "keyIdentifier": "https://v/keys/k"},
}
good = quiet | {"encryption": own_key, "workspaceName": "space-good", "primaryUserAssignedIdentity": "identity"}
space = azure("machinelearningservices:Workspace", "space-good", good)
loose = {"managedNetwork": {"isolationMode": "AllowInternetOutbound"}, "publicNetworkAccess": "Enabled"}
azure("machinelearningservices:Workspace", "space-bad", loose)
azure("machinelearningservices:Workspace", "space-keyless", {"encryption": own_key | {"status": "Disabled"}})
inside_space = {"workspaceName": (space, "name")}
served = {"properties": {"authMode": "AADToken", "publicNetworkAccess": "Disabled"}}
online = azure("machinelearningservices:OnlineEndpoint", "online-good", inside_space | served)
azure("machinelearningservices:OnlineEndpoint", "online-bad", inside_space | {"properties": {"authMode": "Key"}})
azure("machinelearningservices:BatchEndpoint", "batch-good", inside_space | {"properties": {"authMode": "AADToken"}})
azure("machinelearningservices:BatchEndpoint", "batch-bad", inside_space | {"properties": {"authMode": "Key"}})
blue = {"endpointName": (online, "name"), "properties": {"endpointComputeType": "Managed"}}
azure("machinelearningservices:OnlineDeployment", "blue", inside_space | blue)


def compute(name: str, kind: str, local: bool, **properties: Any) -> None:
    inner = {"enableNodePublicIp": False, **properties}
    whole = {"computeType": kind, "disableLocalAuth": local, "properties": inner}
    azure("machinelearningservices:Compute", name, inside_space | {"properties": whole})


compute("cluster-good", "AmlCompute", True, remoteLoginPortPublicAccess="Disabled")
compute("cluster-local", "AmlCompute", False, remoteLoginPortPublicAccess="Disabled")
compute("cluster-ssh", "AmlCompute", True, remoteLoginPortPublicAccess="Enabled")
compute("cluster-address", "AmlCompute", True, remoteLoginPortPublicAccess="Disabled", enableNodePublicIp=True)
ssh_off = {"sshPublicAccess": "Disabled"}
compute("notebook-good", "ComputeInstance", True, sshSettings=ssh_off, idleTimeBeforeShutdown="PT60M")
compute("notebook-plain", "ComputeInstance", True)
azure("machinelearningservices:Compute", "kubernetes-good", inside_space | {"properties": {"disableLocalAuth": True}})
closed_store = {
    "allowSharedKeyAccess": False,
    "enableHttpsTrafficOnly": True,
    "networkRuleSet": {"defaultAction": "Deny"},
}
azure("storage:StorageAccount", "storegood", closed_store | {"accountName": "storegood"})
azure("storage:StorageAccount", "storebad", {"enableHttpsTrafficOnly": False})


def scan(platform: str) -> ScanResult:
    rendered = (arm if platform == "azure-native" else terraform).render(GRAPHS[platform])
    assert not rendered.unrendered
    return checkov().scan(rendered)


def scan_with_more(platform: str) -> ScanResult:
    """Scan with records, which are the test's, of the kinds that the catalogue does not have."""
    known = dict(kinds(platform))
    any_kind = next(iter(known.values()))
    known |= {type_: replace(any_kind, token=type_, renders=way) for type_, way in RENDERED[platform].items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catalogue.kinds.kinds", lambda platform: known)
        return scan(platform)


@pytest.fixture(scope="module")
def result() -> ScanResult:
    return scan_with_more("aws")


@pytest.fixture(scope="module")
def google() -> ScanResult:
    return scan_with_more("gcp")


@pytest.fixture(scope="module")
def microsoft() -> ScanResult:
    return scan("azure-native")


def outcomes(result: ScanResult, check: str) -> tuple[set[str], set[str]]:
    passed = {record.address for record in result.passed if record.check_id == check}
    failed = {record.address for record in result.failed if record.check_id == check}
    return passed - failed, failed - passed


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("CKV_MLP_1", "aws_sagemaker_domain.domain-good", "aws_sagemaker_domain.domain-bad"),
        ("CKV_MLP_2", "aws_sagemaker_model.model-good", "aws_sagemaker_model.model-bad"),
        ("CKV_MLP_2", "aws_sagemaker_model.model-good", "aws_sagemaker_model.model-nowhere"),
        ("CKV_MLP_3", "aws_sagemaker_endpoint.endpoint-good", "aws_sagemaker_endpoint.endpoint-bad"),
        ("CKV_MLP_3", "aws_sagemaker_endpoint.endpoint-good", "aws_sagemaker_endpoint.endpoint-plain"),
        (
            "CKV_MLP_18",
            "aws_sagemaker_endpoint_configuration.config-good",
            "aws_sagemaker_endpoint_configuration.config-bad",
        ),
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
    passed, failed = outcomes(result, check)
    assert good in passed
    assert bad in failed


@pytest.mark.parametrize(
    ("check", "kind", "good", "bad"),
    [
        ("CKV_MLP_4", "google_vertex_ai_endpoint", "endpoint-good", "endpoint-bad"),
        ("CKV_MLP_4", "google_vertex_ai_endpoint", "endpoint-peered", "endpoint-off"),
        ("CKV_MLP_5", "google_colab_runtime_template", "colab-good", "colab-bad"),
        ("CKV_MLP_5", "google_colab_runtime_template", "colab-good", "colab-plain"),
        ("CKV_MLP_6", "google_workbench_instance", "bench-good", "bench-bad"),
        ("CKV_MLP_6", "google_workbench_instance", "bench-good", "bench-plain"),
        ("CKV_MLP_19", "google_workbench_instance", "bench-good", "bench-bad"),
        ("CKV_GCP_26", "google_compute_subnetwork", "subnet-good", "subnet-bad"),
        ("CKV_GCP_43", "google_kms_crypto_key", "key-good", "key-bad"),
        ("CKV_GCP_84", "google_artifact_registry_repository", "images-good", "images-bad"),
        ("CKV2_GCP_18", "google_compute_network", "lan-good", "lan-bad"),
        ("CKV2_GCP_24", "google_vertex_ai_endpoint", "endpoint-good", "endpoint-bad"),
        ("CKV2_GCP_27", "google_workbench_instance", "bench-good", "bench-bad"),
        ("CKV2_GCP_28", "google_workbench_instance", "bench-good", "bench-bad"),
    ],
)
def test_a_google_check_passes_the_good_and_catches_the_bad(
    google: ScanResult, check: str, kind: str, good: str, bad: str
) -> None:
    passed, failed = outcomes(google, check)
    assert f"{kind}.{good}" in passed
    assert f"{kind}.{bad}" in failed


ML, STORE = "Microsoft.MachineLearningServices/workspaces", "Microsoft.Storage/storageAccounts"


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("CKV_MLP_7", f"{ML}.space-good", f"{ML}.space-bad"),
        ("CKV_MLP_7", f"{ML}.space-good", f"{ML}.space-keyless"),
        ("CKV_MLP_8", f"{ML}.space-good", f"{ML}.space-bad"),
        ("CKV_MLP_8", f"{ML}.space-good", f"{ML}.space-keyless"),
        ("CKV_MLP_9", f"{ML}/onlineEndpoints.space-good/online-good", f"{ML}/onlineEndpoints.space-good/online-bad"),
        ("CKV_MLP_9", f"{ML}/batchEndpoints.space-good/batch-good", f"{ML}/batchEndpoints.space-good/batch-bad"),
        ("CKV_MLP_10", f"{ML}/onlineEndpoints.space-good/online-good", f"{ML}/onlineEndpoints.space-good/online-bad"),
        ("CKV_MLP_11", f"{ML}/computes.space-good/cluster-good", f"{ML}/computes.space-good/cluster-local"),
        ("CKV_MLP_11", f"{ML}/computes.space-good/cluster-good", f"{ML}/computes.space-good/cluster-ssh"),
        ("CKV_MLP_11", f"{ML}/computes.space-good/kubernetes-good", f"{ML}/computes.space-good/cluster-address"),
        ("CKV_MLP_11", f"{ML}/computes.space-good/notebook-good", f"{ML}/computes.space-good/notebook-plain"),
        ("CKV_MLP_12", f"{STORE}.storegood", f"{STORE}.storebad"),
        ("CKV_MLP_22", f"{ML}/computes.space-good/notebook-good", f"{ML}/computes.space-good/notebook-plain"),
        ("CKV_MLP_23", f"{ML}.space-good", f"{ML}.space-bad"),
        ("CKV_AZURE_3", f"{STORE}.storegood", f"{STORE}.storebad"),
        ("CKV_AZURE_35", f"{STORE}.storegood", f"{STORE}.storebad"),
        ("CKV2_AZURE_49", f"{ML}.space-good", f"{ML}.space-bad"),
        ("CKV2_MLP_1", "Microsoft.KeyVault/vaults.vault", "Microsoft.KeyVault/vaults.vault-silent"),
    ],
)
def test_an_azure_check_passes_the_good_and_catches_the_bad(
    microsoft: ScanResult, check: str, good: str, bad: str
) -> None:
    passed, failed = outcomes(microsoft, check)
    assert good in passed
    assert bad in failed


def test_a_finding_says_what_was_looked_at(result: ScanResult) -> None:
    [finding] = [
        r for r in result.failed if (r.check_id, r.address) == ("CKV_MLP_1", "aws_sagemaker_domain.domain-bad")
    ]
    assert finding.evaluated_keys == ("app_network_access_type",)
    assert "only through its VPC" in finding.check_name
    assert result.checkov_version == "3.3.30"
