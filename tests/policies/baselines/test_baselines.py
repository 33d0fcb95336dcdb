"""Each control of a baseline has an answer that is true: its rules exist, and they find what breaks it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.files import read
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from policies import pack
from policies.aws.baselines import FEATURES, MONITORING, NOTEBOOK, QUALITY, TRAINING
from policies.baselines import Baseline, Control, answered, baselines, documentation, why_unnamed
from tests.catching import caught
from tests.policies.aws import test_rules as aws
from tests.policies.azure import test_rules as azure
from tests.policies.gcp import test_rules as gcp
from tests.policies.test_inputs import CAUGHT as OF_INPUTS
from tests.policies.test_org_policies import CATCHES as ORGANISATIONS
from tests.policies.test_org_policies import CAUGHT as OF_ORGANISATIONS
from tests.rows import rows

CHECKS = Path(__file__).parents[3] / "policies" / "checks.txt"
Mutation = Callable[[Graph], Graph]

CLOSED: Mapping[str, Any] = {
    "subnetId": "subnet-1",
    "securityGroups": ["sg-1"],
    "kmsKeyId": "key",
    "directInternetAccess": "Disabled",
    "rootAccess": "Disabled",
    "platformIdentifier": "notebook-al2023-v1",
}
ISOLATED: Mapping[str, Any] = {
    "enableNetworkIsolation": True,
    "enableInterContainerTrafficEncryption": True,
    "vpcConfig": {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]},
}
KEPT: Mapping[str, Any] = {"resourceConfig": {"volumeKmsKeyId": "key"}, "outputDataConfig": {"kmsKeyId": "key"}}


def less(whole: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Settings without one."""
    return {name: value for name, value in whole.items() if name != key}


def notebook(without: str) -> Mutation:
    return aws.adding(NOTEBOOK, **less(CLOSED, without))


def quality(without: str) -> Mutation:
    return aws.adding(QUALITY, networkConfig=less(ISOLATED, without))


def monitoring(without: str) -> Mutation:
    job = {"networkConfig": less(ISOLATED, without)}
    return aws.adding(MONITORING, monitoringScheduleConfig={"monitoringJobDefinition": job})


def training(without: str) -> Mutation:
    return aws.adding(TRAINING, **less({**ISOLATED, **KEPT}, without))


def one_replica(graph: Graph) -> Graph:
    return aws.in_prod(aws.setting(aws.TARGET, "minCapacity", 1, "fraud-scorer")(graph))


def of_others(kind: str) -> Mutation:
    return aws.adding(f"aws-native:sagemaker:{kind}", tags={})


ISOLATION, IN_TRANSIT = "enableNetworkIsolation", "enableInterContainerTrafficEncryption"
NO_KEY = aws.losing(aws.CONFIG, "kmsKeyArn", "fraud-scorer")
OFFLINE = aws.adding(FEATURES, offlineStoreConfig={"s3StorageConfig": {"s3Uri": "s3://features"}})
ONLINE = aws.adding(FEATURES, onlineStoreConfig={"enableOnlineStore": True, "storageType": "Standard"})
LIFECYCLE = "aws:sagemaker/notebookInstanceLifecycleConfiguration:NotebookInstanceLifecycleConfiguration"
APP_IMAGE, IMAGE = "aws:sagemaker/appImageConfig:AppImageConfig", "aws:sagemaker/image:Image"
INSTANCE = "gcp:workbench/instance:Instance"
DEPLOYED, REGISTRIES = azure.DEPLOYMENT, "azureml://registries/azureml/models/any/versions/1"

BREAKS: Mapping[str, Mutation] = {
    "SageMaker.1": notebook("directInternetAccess"),
    "SageMaker.2": notebook("subnetId"),
    "SageMaker.3": notebook("rootAccess"),
    "SageMaker.4": one_replica,
    "SageMaker.5": aws.setting(aws.MODEL, "enableNetworkIsolation", False),
    "SageMaker.6": aws.adding(APP_IMAGE),
    "SageMaker.7": aws.adding(IMAGE),
    "SageMaker.8": notebook("platformIdentifier"),
    "SageMaker.9": quality(IN_TRANSIT),
    "SageMaker.10": of_others("ModelExplainabilityJobDefinition"),
    "SageMaker.11": quality(ISOLATION),
    "SageMaker.12": of_others("ModelBiasJobDefinition"),
    "SageMaker.13": of_others("ModelQualityJobDefinition"),
    "SageMaker.14": monitoring(ISOLATION),
    "SageMaker.15": of_others("ModelBiasJobDefinition"),
    "SageMaker.17": OFFLINE,
    "SageMaker.18": ONLINE,
    "SageMaker.20": of_others("ModelExplainabilityJobDefinition"),
    "SageMaker.21": notebook("kmsKeyId"),
    "SageMaker.22": monitoring(IN_TRANSIT),
    "SageMaker.23": of_others("InferenceExperiment"),
    "SageMaker.24": of_others("InferenceExperiment"),
    "SageMaker.25": of_others("ModelQualityJobDefinition"),
    "sagemaker-notebook-no-direct-internet-access": notebook("directInternetAccess"),
    "sagemaker-notebook-instance-inside-vpc": notebook("securityGroups"),
    "sagemaker-notebook-instance-root-access-check": notebook("rootAccess"),
    "sagemaker-notebook-instance-kms-key-configured": notebook("kmsKeyId"),
    "sagemaker-notebook-instance-storage-vol-kms-encrypted": notebook("kmsKeyId"),
    "sagemaker-notebook-instance-platform-version": notebook("platformIdentifier"),
    "sagemaker-domain-in-vpc": aws.losing(aws.DOMAIN, "appNetworkAccessType"),
    "sagemaker-domain-tagged": aws.losing(aws.DOMAIN, "tags"),
    "sagemaker-endpoint-configuration-kms-key-configured": NO_KEY,
    "sagemaker-endpoint-config-prod-instance-count": one_replica,
    "sagemaker-model-in-vpc": aws.losing(aws.MODEL, "vpcConfig"),
    "sagemaker-model-isolation-enabled": aws.losing(aws.MODEL, "enableNetworkIsolation"),
    "sagemaker-data-quality-job-encrypt-in-transit": quality(IN_TRANSIT),
    "sagemaker-data-quality-job-isolation": quality(ISOLATION),
    "sagemaker-monitoring-schedule-isolation": monitoring(ISOLATION),
    "sagemaker-monitoring-schedule-traffic-encryption": monitoring(IN_TRANSIT),
    "sagemaker-model-bias-job-encrypt-in-transit": of_others("ModelBiasJobDefinition"),
    "sagemaker-model-bias-job-isolation": of_others("ModelBiasJobDefinition"),
    "sagemaker-model-explainability-job-encrypt-in-transit": of_others("ModelExplainabilityJobDefinition"),
    "sagemaker-model-explainability-job-network-isolation": of_others("ModelExplainabilityJobDefinition"),
    "sagemaker-model-quality-job-encrypt-in-transit": of_others("ModelQualityJobDefinition"),
    "sagemaker-model-quality-job-definition-isolation": of_others("ModelQualityJobDefinition"),
    "sagemaker-featuregroup-encryption-at-rest": OFFLINE,
    "sagemaker-featuregroup-online-store-encryption": ONLINE,
    "sagemaker-feature-group-tagged": aws.adding(FEATURES),
    "sagemaker-app-image-config-tagged": aws.adding(APP_IMAGE),
    "sagemaker-image-tagged": aws.adding(IMAGE),
    "sagemaker-inferenceexperiment-tagged": of_others("InferenceExperiment"),
    "sagemaker-inf-experiment-instance-storage-kms-encrypted": of_others("InferenceExperiment"),
    "sagemaker-inf-experiment-data-storage-kms-encrypted": of_others("InferenceExperiment"),
    "sagemaker_endpoint_config_kms_encryption_enabled": NO_KEY,
    "sagemaker_endpoint_config_prod_variant_instances": one_replica,
    "sagemaker_models_network_isolation_enabled": aws.losing(aws.MODEL, "enableNetworkIsolation"),
    "sagemaker_models_vpc_settings_configured": aws.losing(aws.MODEL, "vpcConfig"),
    "sagemaker_notebook_instance_encryption_enabled": notebook("kmsKeyId"),
    "sagemaker_notebook_instance_no_secrets": aws.adding(LIFECYCLE, onStart="export PASSWORD=hunter2-Xk29fQ71"),
    "sagemaker_notebook_instance_root_access_disabled": notebook("rootAccess"),
    "sagemaker_notebook_instance_vpc_settings_configured": notebook("subnetId"),
    "sagemaker_notebook_instance_without_direct_internet_access_configured": notebook("directInternetAccess"),
    "sagemaker_training_jobs_intercontainer_encryption_enabled": training(IN_TRANSIT),
    "sagemaker_training_jobs_network_isolation_enabled": training(ISOLATION),
    "sagemaker_training_jobs_volume_and_output_encryption_enabled": training("resourceConfig"),
    "sagemaker_training_jobs_vpc_settings_configured": training("vpcConfig"),
    "438c38d2-3772-465a-a9cc-7a6666a275ce": azure.setting(azure.WORKSPACE, "publicNetworkAccess", "Enabled"),
    "a10ee784-7409-4941-b091-663697637c0f": azure.losing(azure.WORKSPACE, "publicNetworkAccess"),
    "45e05259-1eb5-4f70-9574-baf73e9d219b": azure.lacking(azure.ENDPOINT, "workspace"),
    "7838fd83-5cbb-4b5d-888c-bfa240972597": azure.lacking(azure.ENDPOINT, "workspace"),
    "ee40564d-486e-4f68-a5ca-7a621edae0fb": azure.lacking(azure.ZONE, "notebooks"),
    "5f0c7d88-c7de-45b8-ac49-db49e72eaa78": azure.losing(azure.WORKSPACE, "primaryUserAssignedIdentity"),
    "7804b5c7-01dc-4723-969b-ae300cc07ff1": azure.losing(azure.WORKSPACE, "managedNetwork"),
    "6ddb1705-c8cf-450e-aa4b-19ad6703c440": azure.setting(
        azure.WORKSPACE, "managedNetwork.isolationMode", "AllowInternetOutbound"
    ),
    "e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f": azure.setting(azure.COMPUTE, "properties.disableLocalAuth", False),
    "a6f9a2d0-cff7-4855-83ad-4cd750666512": azure.losing(azure.COMPUTE, "properties.disableLocalAuth"),
    "679ddf89-ab8f-48a5-9029-e76054077449": azure.losing(
        azure.COMPUTE, "properties.properties.idleTimeBeforeShutdown", "workspace"
    ),
    "f110a506-2dcb-422e-bcea-d533fc8c35e2": azure.answering(azure.COMPUTE, "workspace-ana", azure.OLD_IMAGE),
    "77eeea86-7e81-4a7d-9067-de844d096752": azure.setting(
        f"{azure.ML}:EnvironmentVersion", "properties", {"image": "x", "condaFile": "dependencies: [pip: [x]]"}
    ),
    "afe0c3be-ba3b-4544-ba52-0c99672a8ad6": azure.lacking(azure.RECORD, "workspace"),
    "f59276f0-5740-4aaf-821d-45d185aa210e": azure.losing(azure.RECORD, "workspaceId", "workspace"),
    "12e5dd16-d201-47ff-849b-8454061c293d": azure.setting(DEPLOYED, "properties.model", REGISTRIES),
    "19539b54-c61e-4196-9a38-67598701be90": azure.setting(DEPLOYED, "properties.model", REGISTRIES),
    "5853517a-63de-11ea-bc55-0242ac130003": azure.setting(
        f"{azure.ML}:EnvironmentVersion", "properties.image", "docker.io/library/python:3.12"
    ),
    "ainotebooks.accessMode": gcp.setting(INSTANCE, "instanceOwners", ["ana@example.com", "bo@example.com"]),
    "ainotebooks.disableFileDownloads": gcp.losing(INSTANCE, "gceSetup.metadata.notebook-disable-downloads"),
    "ainotebooks.disableRootAccess": gcp.losing(INSTANCE, "gceSetup.metadata.notebook-disable-root"),
    "ainotebooks.restrictPublicIp": gcp.setting(INSTANCE, "gceSetup.disablePublicIp", False),
    "ainotebooks.restrictVpcNetworks": gcp.setting(
        INSTANCE, "gceSetup.networkInterfaces", [{"network": "projects/theirs/global/networks/x"}]
    ),
}
"""What breaks a control that speaks of machine learning alone, in a pilot. A general one is held by `BY_RULES`."""

BY_RULES: Mapping[str, set[str]] = {
    platform: {rule for rule, _ in catches} | OF_INPUTS | OF_ORGANISATIONS[platform]
    for platform, catches in (("aws", aws.CATCHES), ("gcp", gcp.CATCHES), ("azure", azure.CATCHES))
}
"""The rules of which another test has a mutant of the pilot. A control of a general baseline is held by these."""
ORGANISATION = {policy.removeprefix("constraints/") for on, _, policy, *_ in ORGANISATIONS if on == "gcp"}
"""Constraints whose mutant is an organisation that sets them, in tests/policies/test_org_policies.py."""

EACH = [(name, one) for name, baseline in baselines().items() for one in baseline.controls]
OWN = [control for _, control in EACH if control.id in BREAKS]


@pytest.fixture(scope="module")
def pilots(aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph) -> Mapping[str, Graph]:
    return {"aws": aws_pilot, "gcp": gcp_pilot, "azure": azure_pilot}


@rows("control", OWN, ids=[control.id for control in OWN])
def test_what_breaks_a_control_is_found_by_a_rule_that_it_names(pilots: Mapping[str, Graph], control: Control) -> None:
    [platform] = next(baseline.platforms for baseline in baselines().values() if control in baseline.controls)
    mutant = BREAKS[control.id](pilots[platform])
    assert caught(pilots[platform], *control.rules_of(platform)) == set()
    assert caught(mutant, *control.rules_of(platform)), "no rule that is named noticed"


def test_each_covered_control_of_machine_learning_alone_has_a_mutant_and_no_other_has() -> None:
    special = {one.id for name, one in EACH if len(baselines()[name].platforms) == 1 and one.status == "covered"}
    general = {one.id for name, one in EACH if name.startswith(("cis-", "google-org-", "microsoft-"))}
    assert special - general - (ORGANISATION - set(BREAKS)) == set(BREAKS)


def test_each_rule_that_is_named_exists_and_another_test_has_a_mutant_of_it() -> None:
    for name, baseline in baselines().items():
        for control in baseline.controls:
            found = {platform: set(control.rules_of(platform)) for platform in baseline.platforms}
            for pattern in control.rules:
                alone = control.model_copy(update={"rules": (pattern,)})
                assert any(alone.rules_of(platform) for platform in baseline.platforms), (name, control.id, pattern)
            assert all(found[platform] <= BY_RULES[platform] for platform in found), (name, control.id)
            assert control.status != "covered" or any(found.values()) or control.checkov, (name, control.id)


def test_each_check_that_is_named_exists() -> None:
    known = set(CHECKS.read_text(encoding="utf-8").split())
    assert {check for _, one in EACH for check in one.checkov} <= known


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_rule_answers_a_control_or_says_why_it_answers_none(platform: str) -> None:
    for rule in pack.shipped(platform):
        named, why = list(answered(platform, rule.name)), why_unnamed(rule.name)
        assert bool(named) != bool(why), f"{rule.name}: name it in a baseline, or in unnamed.yaml, and not in both"


def test_each_control_has_a_public_page() -> None:
    pages = {baseline.page_of(one) for baseline in baselines().values() for one in baseline.controls}
    assert all(page.startswith("https://") and "{id}" not in page for page in pages)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{id: A, says: b}", "give one of: rules or checkov, not_covered, not_applicable"),
        ("{id: A, says: b, rules: [x], not_covered: y}", "give one of"),
        ("{id: A, says: b, rules: [x]}, {id: A, says: b, rules: [x]}", "has A twice"),
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.yaml"
    head = "title: t\nsource: https://example.com\nread: 2026-11-27\nplatforms: [aws]\nwhole: true\n"
    file.write_text(f"{head}controls: [{text}]\n", encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        read(file, "wrong.yaml", Baseline)


def test_the_page_is_that_of_the_baselines() -> None:
    assert documentation.FILE.read_text(encoding="utf-8") == documentation.page(), "run `make docs`"
