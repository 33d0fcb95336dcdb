"""What a new account refuses, in each cloud's words, and takes once somebody did the step by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue.deployers import ROLES
from catalogue.kinds.aws.sagemaker import CONFIGURATION, ENDPOINT, MODEL
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, ONLINE_DEPLOYMENT, SERVED
from catalogue.kinds.azure.machinelearningservices import MODEL as VERSION
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from catalogue.kinds.gcp.workbench import INSTANCE
from catalogue.marked import Json
from sandbox import byhand
from sandbox.clouds.manners import CloudSaysNo
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from sandbox.state.records import New

PLACES = {
    "aws": ("444455556666", "eu-west-1"),
    "gcp": ("lending-dev", "europe-west4"),
    "azure-native": ("99998888-3333-4444-5555-666677778888", "westeurope"),
}
OWN = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/churn:2.0"
URI = "s3://lending-models/churn/1/model.tar.gz"
QUOTA = "ml.m5.xlarge for endpoint usage"
TOTAL = "Number of instances across active endpoints"
GROUP = "/subscriptions/99998888-3333-4444-5555-666677778888/resourceGroups/lending"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/risk"
IMAGE = "lending.azurecr.io/churn:2.0"
SSD = "compute.googleapis.com/ssd_total_storage"
VCPUS = "Standard ESv3 Family Cluster Dedicated vCPUs"
ALL_VCPUS = "Total Cluster Dedicated Regional vCPUs"


def new_cloud(package: str, folder: Path, without: str = "") -> Cloud:
    """A new account, in which whoever deploys has all of the roles but one."""
    account, region = PLACES[package]
    cloud = Cloud(package, State(folder / "state.sqlite"), "one", account, region)
    for one in ROLES[cloud.manners.platform]:
        if one.role != without:
            cloud.state.account.grant(one.role)
    return cloud


def make(cloud: Cloud, type_: str, name: str, inputs: Json) -> tuple[str, Json]:
    return cloud.create(type_, f"urn:pulumi:dev::mlplatform::{type_}::{name}", name, inputs)


def stands(cloud: Cloud, type_: str, id_: str, /, **inputs: Any) -> None:
    """A resource that stands already, with no word on how it came."""
    place: Json = {"platform": cloud.manners.platform, "account": cloud.account, "region": cloud.region}
    name = id_.rpartition("/")[2]
    cloud.state.resources.create(New(type=type_, id=id_, name=name, inputs=inputs, outputs={}, **place))


def refused(cloud: Cloud, said: str, type_: str, name: str, inputs: Json) -> None:
    before = len(cloud.state.resources.all())
    with pytest.raises(CloudSaysNo, match=said):
        make(cloud, type_, name, inputs)
    assert len(cloud.state.resources.all()) == before
    assert cloud.state.journal.events()[-1].operation == "refused"


LACKED = [
    ("aws", "PowerUserAccess", "aws:s3/bucket:Bucket", {"bucket": "lending-models"}, "s3:CreateBucket"),
    (
        "aws",
        "IAMFullAccess",
        "aws:iam/role:Role",
        {"name": "scorer", "assumeRolePolicy": "{}"},
        "iam:AttachRolePolicy",
    ),
    (
        "gcp",
        "roles/owner",
        "gcp:compute/network:Network",
        {"name": "lending", "autoCreateSubnetworks": False},
        "compute.networks.create",
    ),
    (
        "azure-native",
        "Owner",
        "azure-native:resources:ResourceGroup",
        {"resourceGroupName": "lending"},
        "Microsoft.Resources/subscriptions/resourceGroups/write",
    ),
]
SENTENCES = {
    "aws": "AccessDenied: User: .* is not authorized to perform: {right} on resource: ",
    "gcp": "Error 403: Permission '{right}' denied on resource ",
    "azure-native": "AuthorizationFailed.* does not have authorization to perform action '{right}' over scope ",
}


@pytest.mark.parametrize(("package", "role", "type_", "inputs", "right"), LACKED, ids=[one[1] for one in LACKED])
def test_whoever_deploys_does_what_their_roles_allow_and_nothing_else(
    package: str, role: str, type_: str, inputs: Json, right: str, tmp_path: Path
) -> None:
    cloud = new_cloud(package, tmp_path, without=role)
    cloud.state.account.enable("compute.googleapis.com")
    refused(cloud, SENTENCES[package].format(right=right), type_, "one", inputs)
    cloud.state.account.grant(role)
    id_, made = make(cloud, type_, "one", inputs)
    assert cloud.read(type_, id_) is not None and made

    cloud.state.account.revoke(role)
    for refuses in (lambda: cloud.update(type_, id_, inputs), lambda: cloud.delete(type_, id_)):
        with pytest.raises(CloudSaysNo, match=SENTENCES[package].format(right=".*")):
            refuses()
    assert cloud.read(type_, id_) is not None
    cloud.state.account.use()
    cloud.delete(type_, id_)
    assert cloud.read(type_, id_) is None


def test_google_refuses_what_an_api_that_is_off_would_make(tmp_path: Path) -> None:
    cloud, bucket = new_cloud("gcp", tmp_path), {"name": "lending-models", "location": "europe-west4"}
    said = r"Error 403: storage.googleapis.com has not been used in project lending-dev .*SERVICE_DISABLED"
    refused(cloud, said, "gcp:storage/bucket:Bucket", "models", bucket)
    cloud.state.account.enable("storage.googleapis.com")
    assert make(cloud, "gcp:storage/bucket:Bucket", "models", bucket)[0] == "lending-models"


def test_azure_native_registers_a_namespace_itself(tmp_path: Path) -> None:
    cloud = new_cloud("azure-native", tmp_path)
    make(cloud, "azure-native:resources:ResourceGroup", "lending", {"resourceGroupName": "lending"})
    assert "Microsoft.Resources" in cloud.state.account.services()


def test_nothing_registers_what_the_refusal_of_an_endpoint_does_not_name(tmp_path: Path) -> None:
    """https://github.com/MicrosoftLearning/mslearn-mlops/issues/72"""
    cloud = new_cloud("azure-native", tmp_path)
    stands(cloud, "azure-native:machinelearningservices:Workspace", WORKSPACE)
    asked: Json = {
        "endpointName": "churn",
        "workspaceName": "risk",
        "resourceGroupName": "lending",
        "location": "westeurope",
    }
    asked["properties"] = {"authMode": "AADToken"}
    for service in ("Microsoft.Cdn", "Microsoft.PolicyInsights"):
        refused(cloud, r"SubscriptionNotRegistered.*\[N/A\]", SERVED, "churn", asked)
        cloud.state.account.enable(service)
    id_, _ = make(cloud, SERVED, "churn", asked)
    assert cloud.read(SERVED, id_) is not None


def model(image: str = OWN) -> Json:
    return {"name": "churn", "executionRoleArn": "", "primaryContainer": {"image": image, "modelDataUrl": URI}}


def test_sagemaker_looks_for_the_image_and_the_artifact(tmp_path: Path) -> None:
    cloud = new_cloud("aws", tmp_path)
    refused(cloud, f"Requested image {OWN} not found", MODEL, "churn", model())
    cloud.state.account.push(OWN)
    refused(cloud, f"ValidationException: Could not find model data at {URI}", MODEL, "churn", model())
    cloud.state.account.upload(URI)
    make(cloud, MODEL, "churn", model())


def test_an_image_of_somebody_else_is_not_asked_for(tmp_path: Path) -> None:
    cloud = new_cloud("aws", tmp_path)
    cloud.state.account.upload(URI)
    make(cloud, MODEL, "churn", model("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"))


def configured(cloud: Cloud, name: str, replicas: int) -> Json:
    size = {"initialInstanceCount": replicas, "instanceType": "ml.m5.xlarge"}
    stands(
        cloud, CONFIGURATION, name, name=name, productionVariants=[{"variantName": "live", "modelName": "m", **size}]
    )
    return {"name": f"{name}-serves", "endpointConfigName": name}


def test_sagemaker_counts_what_runs_and_in_an_update_both_fleets(tmp_path: Path) -> None:
    cloud = new_cloud("aws", tmp_path)
    first = configured(cloud, "a", 2)
    said = f"ResourceLimitExceeded: The account-level service limit '{QUOTA}' is 0 Instances, with current utilization"
    refused(cloud, f"{said} of 0 Instances and a request delta of 2", ENDPOINT, "first", first)
    cloud.state.account.raise_quota(QUOTA, 3)
    refused(cloud, f"service limit '{TOTAL}' is 0 Instances", ENDPOINT, "first", first)
    cloud.state.account.raise_quota(TOTAL, 20)
    id_, _ = make(cloud, ENDPOINT, "first", first)
    refused(cloud, "is 3 Instances, with current utilization of 2", ENDPOINT, "second", configured(cloud, "b", 2))
    configured(cloud, "c", 2)
    with pytest.raises(CloudSaysNo, match="current utilization of 2 Instances and a request delta of 2"):
        cloud.update(ENDPOINT, id_, {**first, "endpointConfigName": "c"})
    cloud.state.account.raise_quota(QUOTA, 4)
    cloud.update(ENDPOINT, id_, {**first, "endpointConfigName": "c"})
    make(cloud, ENDPOINT, "second", {"name": "b-serves", "endpointConfigName": "b"})
    cloud.delete(ENDPOINT, id_)
    for quota in (QUOTA, TOTAL):
        assert cloud.state.resources.drawn(quota, *PLACES["aws"]) == 2, "what is deleted draws nothing"


def deployment(replicas: int) -> Json:
    return {
        "resourceGroupName": "lending",
        "workspaceName": "risk",
        "endpointName": "churn",
        "deploymentName": "blue",
        "location": "westeurope",
        "sku": {"name": "Default", "capacity": replicas},
        "properties": {
            "endpointComputeType": "Managed",
            "instanceType": "Standard_E4s_v3",
            "model": f"{WORKSPACE}/models/churn/versions/1",
            "environmentId": f"{WORKSPACE}/environments/churn/versions/1",
        },
    }


def test_azure_looks_for_the_model_and_counts_the_reserve_of_a_deployment(tmp_path: Path) -> None:
    cloud, uri = new_cloud("azure-native", tmp_path), "azureml://datastores/artifacts/paths/churn/1/"
    stands(cloud, SERVED, f"{WORKSPACE}/onlineEndpoints/churn")
    stands(cloud, ENVIRONMENT, f"{WORKSPACE}/environments/churn/versions/1", properties={"image": IMAGE})
    stands(cloud, VERSION, f"{WORKSPACE}/models/churn/versions/1", properties={"modelUri": uri})
    refused(cloud, f"Unable to download user model from {uri}", ONLINE_DEPLOYMENT, "blue", deployment(1))
    cloud.state.account.upload(uri)
    refused(cloud, f"Unable to download user container image {IMAGE}", ONLINE_DEPLOYMENT, "blue", deployment(1))
    cloud.state.account.push(IMAGE)
    refused(
        cloud,
        f"OutOfQuota.* {VCPUS}.* requested is 8, .* using 0. .* quota is 0",
        ONLINE_DEPLOYMENT,
        "blue",
        deployment(1),
    )
    cloud.state.account.raise_quota(VCPUS, 24)
    together = f"OutOfQuota.* {ALL_VCPUS}.* requested is 8, .* using 0. .* quota is 0"
    refused(cloud, together, ONLINE_DEPLOYMENT, "blue", deployment(1))
    cloud.state.account.raise_quota(ALL_VCPUS, 8)
    made, _ = make(cloud, ONLINE_DEPLOYMENT, "blue", deployment(1))
    with pytest.raises(CloudSaysNo, match=f"{ALL_VCPUS}.* requested is 16, and you are currently using 0"):
        cloud.update(ONLINE_DEPLOYMENT, made, deployment(3))  # in place: what runs is not counted twice
    cloud.update(ONLINE_DEPLOYMENT, made, deployment(1))


def test_a_cluster_is_asked_whether_one_node_fits_and_draws_nothing_while_it_is_empty(tmp_path: Path) -> None:
    cloud = new_cloud("azure-native", tmp_path)
    stands(cloud, "azure-native:machinelearningservices:Workspace", WORKSPACE)
    scale = {"minNodeCount": 0, "maxNodeCount": 9}
    compute = {
        "resourceGroupName": "lending",
        "workspaceName": "risk",
        "computeName": "batch",
        "properties": {
            "computeType": "AmlCompute",
            "properties": {"vmSize": "Standard_E4s_v3", "vmPriority": "Dedicated", "scaleSettings": scale},
        },
    }
    refused(cloud, f"ClusterMinNodesExceedCoreQuota.* {VCPUS} quota of 0 .* maps to 4 vCPUs", COMPUTE, "batch", compute)
    cloud.state.account.raise_quota(VCPUS, 4)
    together = f"ClusterMinNodesExceedCoreQuota.* {ALL_VCPUS} quota of 0 .* maps to 4 vCPUs"
    refused(cloud, together, COMPUTE, "batch", compute)
    cloud.state.account.raise_quota(ALL_VCPUS, 4)
    make(cloud, COMPUTE, "batch", compute)
    for quota in (VCPUS, ALL_VCPUS):
        assert cloud.state.resources.drawn(quota, *PLACES["azure-native"]) == 0


def instance(*sizes: int | None, type_: str | None = None) -> Json:
    disks = [{key: value for key, value in (("diskSizeGb", size), ("diskType", type_)) if value} for size in sizes]
    setup = {"machineType": "e2-standard-4", "bootDisk": disks[0], "dataDisks": disks[1]}
    return {"name": "ana", "location": "europe-west4-a", "gceSetup": setup}


def test_disks_of_workbench_draw_on_what_a_new_project_has_of_their_type(tmp_path: Path) -> None:
    cloud = new_cloud("gcp", tmp_path)
    cloud.state.account.enable("notebooks.googleapis.com")
    cloud.state.account.raise_quota(SSD, 500)
    make(cloud, INSTANCE, "ana", instance(150, 150))
    said = f"Quota exceeded for {SSD}. Limit: 500 in region europe-west4, in use 300, asked for 250"
    refused(cloud, said, INSTANCE, "ben", {**instance(None, None), "name": "ben"})  # Workbench makes 150 and 100
    hard = {**instance(150, 150, type_="PD_STANDARD"), "name": "ben"}
    refused(cloud, "Quota exceeded for compute.googleapis.com/disks_total_storage. Limit: 0", INSTANCE, "ben", hard)
    cloud.state.account.raise_quota(SSD, 550)
    make(cloud, INSTANCE, "ben", {**instance(None, None), "name": "ben"})


@pytest.mark.parametrize(
    ("package", "region", "type_", "said"),
    [
        ("aws", "il-central-1", "aws:s3/bucket:Bucket", "InvalidClientTokenId: The security token included"),
        ("azure-native", "norwaywest", "azure-native:resources:ResourceGroup", "LocationNotAvailableForResourceGroup"),
    ],
)
def test_a_region_on_request_refuses_everything_until_the_account_has_it(
    tmp_path: Path, package: str, region: str, type_: str, said: str
) -> None:
    """https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html and
    https://learn.microsoft.com/en-us/troubleshoot/azure/general/region-access-request-process
    """
    cloud = new_cloud(package, tmp_path)
    there = replace(cloud, region=region)
    refused(there, said, type_, "one", {})
    make(cloud, type_, "elsewhere", {})  # a region that every account has
    byhand.have(cloud.state, region)
    make(there, type_, "one", {})


def test_an_account_in_use_has_its_region(tmp_path: Path) -> None:
    cloud = replace(new_cloud("aws", tmp_path), region="il-central-1")
    cloud.state.account.use()
    make(cloud, "aws:s3/bucket:Bucket", "one", {})


def test_an_account_has_five_trails_in_a_region_and_nobody_gives_it_more(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html"""
    cloud = new_cloud("aws", tmp_path)
    cloud.state.account.use()  # what is hard is hard for everybody
    type_ = "aws:cloudtrail/trail:Trail"

    def trail(number: int, everywhere: bool = True) -> Json:
        return {"name": f"trail-{number}", "s3BucketName": "logs", "isMultiRegionTrail": everywhere}

    first, _ = make(cloud, type_, "one-0", trail(0))
    for number in range(1, 4):
        make(cloud, type_, f"one-{number}", trail(number))
    make(cloud, type_, "here", trail(4, everywhere=False))
    refused(cloud, "MaximumNumberOfTrailsExceededException: User: 444455556666 already has 5", type_, "six", trail(5))
    make(replace(cloud, region="us-east-1"), type_, "elsewhere", trail(6))
    refused(replace(cloud, region="us-east-1"), "already has 5 trails in us-east-1", type_, "more", trail(7))
    make(replace(cloud, account="777788889999"), type_, "another", trail(8))
    cloud.delete(type_, first)
    refused(cloud, "already has 5 trails in eu-west-1", type_, "six", trail(5))


def test_a_new_account_has_few_domains_and_profiles_of_studio(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"""
    cloud = new_cloud("aws", tmp_path)
    domain = "aws:sagemaker/domain:Domain"
    given: Json = {"domainName": "risk", "authMode": "IAM", "vpcId": "", "subnetIds": [], "defaultUserSettings": {}}
    refused(cloud, "service limit 'Total domains' is 0, with current utilization of 0", domain, "risk", given)
    cloud.state.account.raise_quota("Total domains", 1)
    id_, _ = make(cloud, domain, "risk", given)
    refused(cloud, "is 1, with current utilization of 1", domain, "other", {**given, "domainName": "other"})
    profile: Json = {"domainId": id_, "userProfileName": "ana"}
    refused(
        cloud,
        "'Maximum number of Studio user profiles allowed per account' is 0",
        "aws:sagemaker/userProfile:UserProfile",
        "ana",
        profile,
    )
    cloud.state.account.raise_quota("Maximum number of Studio user profiles allowed per account", 1)
    make(cloud, "aws:sagemaker/userProfile:UserProfile", "ana", profile)
