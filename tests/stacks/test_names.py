"""The names that the program makes of the longest and the shortest words of a stack file: the clouds take each one.

Each type of resource is judged by the pattern its service documents; a type that is new here must be given one, or be
put with those that the cloud names by itself.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from components.azure.names import regional
from stacks.sections import sections
from tests.previewing import preview
from tests.stack_files import pilot_file

Rules = Mapping[str, tuple[str, str]]
"""For each type: the input or output that is its name, and the pattern the service takes."""

COMPUTE_ENGINE = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
SAGEMAKER = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
COMPUTE_INSTANCE = r"(?!.*-[^a-zA-Z]*$)[a-zA-Z][a-zA-Z0-9-]{2,23}"
AML_COMPUTE = r"(?!.*-[^a-zA-Z]*$)[a-zA-Z][a-zA-Z0-9-]{2,31}"
ML_ENDPOINT = r"[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]"
NETWORK = r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_]"
INSIGHTS = r"[^:<>+/&%\\?|*{}#]{1,259}[^:<>+/&%\\?|*{}#. ]"

RULES: Mapping[str, Rules] = {
    # API references of each service: "Pattern" and "Length Constraints" of the name.
    "aws": {
        "aws:appautoscaling/policy:Policy": ("name", r"[^\x00-\x1f]{1,256}"),
        "aws:budgets/budget:Budget": ("name", r"(?!.*/action/)[^:\\]{1,100}"),
        # CloudTrail, "Naming requirements for CloudTrail resources": no two of . _ - in a row
        "aws:cloudtrail/trail:Trail": ("name", r"(?!.*[._-]{2})[a-zA-Z0-9][a-zA-Z0-9._-]{1,126}[a-zA-Z0-9]"),
        "aws:cloudwatch/logGroup:LogGroup": ("name", r"[.\-_/#A-Za-z0-9]{1,512}"),
        "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", r"[^\x00-\x1f]{1,255}"),
        "aws:ecr/repository:Repository": (
            "name",
            r"(?=.{2,256}$)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*",
        ),
        "aws:iam/policy:Policy": ("name", r"[\w+=,.@-]{1,128}"),
        "aws:iam/role:Role": ("name", r"[\w+=,.@-]{1,64}"),
        "aws:iam/rolePolicy:RolePolicy": ("name", r"[\w+=,.@-]{1,128}"),
        "aws:kms/alias:Alias": ("name", r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}"),
        "aws:s3/bucket:Bucket": ("bucket", r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
        "aws:sagemaker/domain:Domain": ("domainName", SAGEMAKER),
        "aws:sagemaker/endpoint:Endpoint": ("name", SAGEMAKER),
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration": ("name", SAGEMAKER),
        "aws:sagemaker/mlflowApp:MlflowApp": ("name", r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}"),
        "aws:sagemaker/model:Model": ("name", SAGEMAKER),
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup": ("modelPackageGroupName", SAGEMAKER),
        "aws:sagemaker/userProfile:UserProfile": ("userProfileName", SAGEMAKER),
        "aws:scheduler/schedule:Schedule": ("name", r"[0-9a-zA-Z_.-]{1,64}"),
        "aws:sfn/stateMachine:StateMachine": ("name", r"[a-zA-Z0-9_-]{1,80}"),
        "aws:sns/topic:Topic": ("name", r"[a-zA-Z0-9_-]{1,256}"),
    },
    "gcp": {
        # Artifact Registry, "Create standard repositories"
        "gcp:artifactregistry/repository:Repository": ("repositoryId", COMPUTE_ENGINE),
        # BigQuery, "Create datasets": letters, digits and underscores, at most 1024
        "gcp:bigquery/dataset:Dataset": ("datasetId", r"\w{1,1024}"),
        # Cloud Billing Budget API: at most 60 characters
        "gcp:billing/budget:Budget": ("displayName", r".{1,60}"),
        # Cloud Scheduler API, Job.name: letters, digits, - and _, at most 500
        "gcp:cloudscheduler/job:Job": ("name", r"[a-zA-Z0-9_-]{1,500}"),
        # Compute Engine, "Naming resources"
        "gcp:compute/address:Address": ("name", COMPUTE_ENGINE),
        "gcp:compute/firewall:Firewall": ("name", COMPUTE_ENGINE),
        "gcp:compute/forwardingRule:ForwardingRule": ("name", COMPUTE_ENGINE),
        "gcp:compute/globalAddress:GlobalAddress": ("name", COMPUTE_ENGINE),
        # Compute Engine API, globalForwardingRules: 1 to 20 letters and digits, where it leads to Google's APIs
        "gcp:compute/globalForwardingRule:GlobalForwardingRule": ("name", r"[a-z][a-z0-9]{0,19}"),
        "gcp:compute/network:Network": ("name", COMPUTE_ENGINE),
        "gcp:compute/subnetwork:Subnetwork": ("name", COMPUTE_ENGINE),
        # Cloud DNS API, ManagedZone.name: 1 to 63, a letter first, a letter or digit last
        "gcp:dns/managedZone:ManagedZone": ("name", COMPUTE_ENGINE),
        "gcp:dns/policy:Policy": ("name", COMPUTE_ENGINE),
        # Cloud KMS API, keyRingId and cryptoKeyId
        "gcp:kms/cryptoKey:CryptoKey": ("name", r"[a-zA-Z0-9_-]{1,63}"),
        "gcp:kms/keyRing:KeyRing": ("name", r"[a-zA-Z0-9_-]{1,63}"),
        # Cloud Logging API: bucketId at most 100, sink at most 100
        "gcp:logging/projectBucketConfig:ProjectBucketConfig": ("bucketId", r"[a-zA-Z0-9_.-]{1,100}"),
        "gcp:logging/projectExclusion:ProjectExclusion": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}"),
        "gcp:logging/projectSink:ProjectSink": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}"),
        # Cloud Monitoring API: displayName at most 512
        "gcp:monitoring/alertPolicy:AlertPolicy": ("displayName", r".{1,512}"),
        "gcp:monitoring/notificationChannel:NotificationChannel": ("displayName", r".{1,512}"),
        # IAM, "Create and manage custom roles": 3 to 64 letters, digits, _ and .
        "gcp:projects/iAMCustomRole:IAMCustomRole": ("roleId", r"[a-zA-Z0-9_.]{3,64}"),
        # IAM, "Create service accounts": 6 to 30
        "gcp:serviceaccount/account:Account": ("accountId", r"[a-z][-a-z0-9]{4,28}[a-z0-9]"),
        # Cloud Storage, "About Cloud Storage buckets": no goog at the head, google nowhere
        "gcp:storage/bucket:Bucket": ("name", r"(?!goog|.*google)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]"),
        # Vertex AI API, endpoints.create: endpointId
        "gcp:vertex/aiEndpoint:AiEndpoint": ("name", COMPUTE_ENGINE),
        # Vertex AI API, models.upload: modelId
        "mlplatform:gcp:Model": ("modelId", r"[a-z_][a-z0-9_-]{0,62}"),
        # Notebooks API v2, instances.create: instanceId
        "gcp:workbench/instance:Instance": ("name", COMPUTE_ENGINE),
        # Workflows API, workflows.create: workflowId
        "gcp:workflows/workflow:Workflow": ("name", r"[a-zA-Z]([a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?"),
    },
    # "Naming rules and restrictions for Azure resources", unless another page is named.
    "azure": {
        "azure-native:applicationinsights:Component": ("name", r"[^%&\\?/]{1,259}[^%&\\?/. ]"),
        "azure-native:authorization:PolicyAssignment": ("policyAssignmentName", r"[^#<>%&:\\?/]{1,63}[^#<>%&:\\?/. ]"),
        # "Azure custom roles", properties: at most 512
        "azure-native:authorization:RoleDefinition": ("roleName", r".{1,512}"),
        "azure-native:consumption:Budget": ("budgetName", r"[a-zA-Z0-9_-]{1,63}"),
        "azure-native:containerregistry:Registry": ("name", r"[a-zA-Z0-9]{5,50}"),
        "azure-native:keyvault:Key": ("keyName", r"[a-zA-Z0-9-]{1,127}"),
        "azure-native:keyvault:Vault": ("name", r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]"),
        # "Manage resources and quotas with Azure Machine Learning": endpoints and deployments 3 to 32, a letter first
        "azure-native:machinelearningservices:BatchDeployment": ("deploymentName", r"[a-zA-Z][a-zA-Z0-9-]{2,31}"),
        "azure-native:machinelearningservices:BatchEndpoint": ("endpointName", ML_ENDPOINT),
        "azure-native:machinelearningservices:OnlineDeployment": ("deploymentName", r"[a-zA-Z][a-zA-Z0-9-]{2,31}"),
        "azure-native:machinelearningservices:OnlineEndpoint": ("endpointName", ML_ENDPOINT),
        # "Create an Azure Machine Learning compute instance" and "… compute cluster": a '-' needs a letter after it
        "azure-native:machinelearningservices:Compute": ("computeName", AML_COMPUTE),
        "azure-native:machinelearningservices:Datastore": ("name", r"[a-z0-9_]{1,255}"),
        # "CLI (v2) command component YAML schema": lowercase letters, digits and '_', a letter first
        "azure-native:machinelearningservices:ComponentContainer": ("name", r"[a-z][a-z0-9_]{0,254}"),
        "azure-native:machinelearningservices:ComponentVersion": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}"),
        # Azure ML API, managed network settings: pattern of the rule's name
        "azure-native:machinelearningservices:ManagedNetworkSettingsRule": ("ruleName", r"[a-zA-Z0-9][a-zA-Z0-9_-]*"),
        # Azure ML API, assets: pattern of the name
        "azure-native:machinelearningservices:EnvironmentContainer": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}"),
        "azure-native:machinelearningservices:EnvironmentVersion": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}"),
        "azure-native:machinelearningservices:ModelContainer": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}"),
        "azure-native:machinelearningservices:ModelVersion": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}"),
        "azure-native:machinelearningservices:Schedule": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}"),
        "azure-native:machinelearningservices:Workspace": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"),
        "azure-native:managedidentity:UserAssignedIdentity": ("name", r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}"),
        "azure-native:monitor:ActionGroup": ("name", INSIGHTS),
        "azure-native:monitor:AutoscaleSetting": ("autoscaleSettingName", INSIGHTS),
        "azure-native:monitor:DiagnosticSetting": ("name", INSIGHTS),
        "azure-native:monitor:MetricAlert": ("ruleName", INSIGHTS),
        "azure-native:monitor:ScheduledQueryRule": ("ruleName", INSIGHTS),
        "azure-native:network:NetworkSecurityGroup": ("name", NETWORK),
        "azure-native:network:PrivateDnsZoneGroup": ("privateDnsZoneGroupName", NETWORK),
        "azure-native:network:PrivateEndpoint": ("name", r"(?=.{2,64}$)" + NETWORK),
        "azure-native:network:Subnet": ("subnetName", NETWORK),
        "azure-native:network:VirtualNetworkPeering": ("virtualNetworkPeeringName", NETWORK),
        "azure-native:network:VirtualNetwork": ("name", r"(?=.{2,64}$)" + NETWORK),
        "azure-native:operationalinsights:Workspace": ("name", r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]"),
        "azure-native:privatedns:VirtualNetworkLink": ("virtualNetworkLinkName", NETWORK),
        "azure-native:resources:ResourceGroup": ("resourceGroupName", r"[a-zA-Z0-9_().-]{0,89}[a-zA-Z0-9_()-]"),
        "azure-native:storage:BlobContainer": ("containerName", r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
        "azure-native:storage:StorageAccount": ("name", r"[a-z0-9]{3,24}"),
    },
}
OF_THE_CLOUD: Mapping[str, str] = {
    "aws": r"aws:(ec2|vpc)/.*|aws:s3/bucket\w+:.*|aws:kms/key:Key|aws:sns/topic(Policy|Subscription):.*"
    r"|aws:ecr/(lifecycle|repository)Policy:.*|aws:sagemaker/modelPackageGroupPolicy:.*|aws:appautoscaling/target:.*",
    "gcp": r"gcp:.*I[aA][mM]Member|gcp:dns/recordSet:.*|gcp:projects/(iAMAuditConfig|serviceIdentity):.*"
    r"|mlplatform:gcp:(Deployment|GrantsInForce)",
    "azure": r"azure-native:authorization:RoleAssignment|azure-native:privatedns:PrivateZone"
    r"|azure-native:storage:((Blob|File)ServiceProperties|ManagementPolicy)|mlplatform:azure:(ApprovedVersion|RolesInForce|Traffic)",
}
"""Types that have no name of ours: the cloud numbers them, or they are named after what they belong to."""


# Resource Manager, "Labels overview" on Google Cloud; the tagging pages of the other two allow more.
LABELS = dict.fromkeys(RULES, r"[A-Za-z0-9 +\-=._:/@]{0,256}") | {"gcp": r"[a-z0-9_-]{0,63}"}


SHAPES = ("longest", "shortest", "digits")


def words(shape: str) -> tuple[str, tuple[str, str, str], list[str]]:
    """Stack; model, endpoint and batch job; users."""
    if shape == "longest":
        return "s" * 22, ("m" * 24, "e" * 24, "b" * 24), ["u" * 24, "u" * 23 + "v"]
    if shape == "shortest":
        return "s", ("m", "e", "e"), ["u"]  # an endpoint and a batch job may well have one name
    return "s-1", ("m-2", "e-3", "b-4"), ["u-5"]


def stack_file(folder: Path, platform: str, shape: str) -> Path:
    """The platform's pilot with one model, endpoint and batch job, and with names of this shape throughout."""
    document = pilot_file(platform)
    config = {key.removeprefix("mlplatform:"): value for key, value in document["config"].items()}
    if platform == "gcp":
        config["account"] = "p" * 30 if shape == "longest" else "pppppp"
    home, region = config["region"], max(catalogue.region_names(platform), key=len)
    config = yaml.safe_load(yaml.safe_dump(config).replace(home, region))
    zones = [(name, key) for name, section in sections().items() for key in section.refused_keys if "zone" in key]
    for section, key in [(name, key) for name, key in zones if not sections()[name].refused_key(key, platform)]:
        config[section][key] = [f"{region}a", f"{region}b"] if platform == "aws" else f"{region}-a"
    stack, (model, endpoint, job), users = words(shape)
    config["team"] = config["cost_center"] = model
    config["owner"] = f"{'o' * 52}@example.com" if shape == "longest" else "o@example.com"
    config["workspace"]["users"] = users
    if platform != "aws":
        people = list(config["workspace"]["principals"].values())
        config["workspace"]["principals"] = dict(zip(users, people, strict=False))
    for section, name in (("models", model), ("endpoints", endpoint), ("batch_jobs", job)):
        first: dict[str, Any] = next(iter(config[section].values()))
        config[section] = {name: first | ({"model": model} if "model" in first else {})}
    path = folder / f"Pulumi.{stack}.yaml"
    path.write_text(yaml.safe_dump({"config": {f"mlplatform:{key}": value for key, value in config.items()}}))
    return path


def named(platform: str, graph: Graph) -> Iterator[tuple[Resource, str, str]]:
    """Each resource that has a name of ours, the name, and the pattern it must have."""
    for resource in graph.resources:
        if resource.custom and not re.fullmatch(f"pulumi:.*|{OF_THE_CLOUD[platform]}", resource.type):
            assert resource.type in RULES[platform], f"give {resource.type} the pattern of its name"
            key, pattern = RULES[platform][resource.type]
            if resource.inputs.get("properties", {}).get("computeType") == "ComputeInstance":
                pattern = COMPUTE_INSTANCE
            yield resource, {**resource.inputs, **resource.outputs}[key], pattern


def labels(graph: Graph) -> Iterator[str]:
    """The value of each label or tag."""
    for resource in graph.resources:
        if resource.type != "gcp:monitoring/notificationChannel:NotificationChannel":  # its labels are its address
            for key in ("labels", "userLabels", "tags"):
                yield from (resource.inputs.get(key) or {}).values()


@pytest.mark.sweep(3)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("platform", RULES)
def test_every_name_and_label_is_one_that_the_service_takes(tmp_path: Path, platform: str, shape: str) -> None:
    graph = preview(stack_file(tmp_path, platform, shape))
    named_by_us = list(named(platform, graph))
    assert [f"{r.type} {name!r}" for r, name, pattern in named_by_us if not re.fullmatch(pattern, name)] == []
    ids = Counter((resource.type, resource.outputs["id"]) for resource, _, _ in named_by_us)
    assert [key for key, count in ids.items() if count > 1] == [], "two resources are the same one"
    values = list(labels(graph))
    assert len(values) > 60
    assert [value for value in values if not re.fullmatch(LABELS[platform], value)] == []


def test_a_compute_instance_has_a_name_that_azure_takes_whoever_it_is_for() -> None:
    """Where the end of the name is a hash, one in 27 has no letter in seven digits."""
    subscription = "11112222-3333-4444-5555-666677778888"
    names = [regional(f"u{number}", subscription, "azure-pilot", "instance", limit=24) for number in range(1000)]
    assert [name for name in names if not re.fullmatch(COMPUTE_INSTANCE, name)] == []
