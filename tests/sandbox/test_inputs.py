"""Inputs against the installed SDKs: what they refuse is refused, what they take is let through."""

import pytest

from catalogue.kind import Acts
from catalogue.kinds import kinds
from catalogue.marks import SECRET_KIND, SECRET_MARK, UNKNOWN
from catalogue.platforms import PLATFORMS
from sandbox.cloud import UnknownType
from sandbox.inputs import judge, resource_shape

MODEL = "aws:sagemaker/model:Model"
STORAGE = "azure-native:storage:StorageAccount"
DATASTORE = "azure-native:machinelearningservices:Datastore"
ROLE = {"executionRoleArn": "arn:aws:iam::111122223333:role/r"}
ACCOUNT = {"kind": "StorageV2", "resourceGroupName": "g", "sku": {"name": "Standard_LRS"}}
ADDRESS = "gcp:compute/address:Address"
ADDRESSES = {"iPAddressOrRange": "10.0.0.0/8"}
STORE = {"resourceGroupName": "g", "workspaceName": "w", "name": "n"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_type_of_the_sandbox_is_one_of_the_sdk(platform):
    for type_, kind in kinds(platform).items():
        if isinstance(kind.acts, Acts) and not type_.startswith("mlplatform:"):
            assert resource_shape(type_).properties, type_


@pytest.mark.parametrize(
    ("type_", "inputs", "faults"),
    [
        pytest.param(MODEL, {}, [("executionRoleArn", "is required")], id="missing"),
        pytest.param(MODEL, {**ROLE, "nam": "x"}, [("nam", "is not a property of the SDK's type")], id="unknown"),
        pytest.param(
            MODEL,
            {**ROLE, "primaryContainer": {"imag": "x"}},
            [("primaryContainer.imag", "is not a property of the SDK's type")],
            id="unknown below",
        ),
        pytest.param(MODEL, {**ROLE, "name": 3}, [("name", "must be a string, not 3")], id="no string"),
        pytest.param(
            MODEL, {**ROLE, "enableNetworkIsolation": 1}, [("enableNetworkIsolation", "must be true or false, not 1")]
        ),
        pytest.param(MODEL, {**ROLE, "tags": {"a": True}}, [("tags.a", "must be a string, not True")], id="in a map"),
        pytest.param(MODEL, {**ROLE, "tags": ["a"]}, [("tags", "must be a map, not a list")], id="no map"),
        pytest.param(
            MODEL,
            {**ROLE, "vpcConfig": {"subnets": ["s", 5], "securityGroupIds": "sg"}},
            [
                ("vpcConfig.subnets[1]", "must be a string, not 5"),
                ("vpcConfig.securityGroupIds", "must be a list, not 'sg'"),
            ],
            id="in a list",
        ),
        pytest.param(
            "aws:cloudwatch/logGroup:LogGroup",
            {"retentionInDays": 1.5},
            [("retentionInDays", "must be a whole number, not 1.5")],
        ),
        pytest.param(
            STORAGE,
            {**ACCOUNT, "accessTier": "Warm"},
            [("accessTier", "must be one of Hot, Cool, Premium, Cold, not 'Warm'")],
            id="enum",
        ),
        pytest.param(
            DATASTORE,
            {**STORE, "properties": {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "None"}, "x": 1}},
            [("properties.x", "is not a property of the SDK's type")],
            id="nearest of a union",
        ),
        pytest.param(
            ADDRESS,
            {"name": "a", "addressType": "SECRET"},
            [("addressType", "must be one of EXTERNAL, INTERNAL, not 'SECRET'")],
            id="what the bridged provider refuses",
        ),
        pytest.param(
            STORAGE,
            {
                **ACCOUNT,
                "networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "a", "action": "X"}]},
            },
            [("networkRuleSet.ipRules[0].action", "must be one of Allow, not 'X'")],
            id="what SDK and file both refuse is said once",
        ),
    ],
)
def test_what_the_sdk_refuses(type_, inputs, faults):
    assert judge(type_, inputs) == faults


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        pytest.param(MODEL, {"executionRoleArn": UNKNOWN, "vpcConfig": UNKNOWN, "tags": {"a": UNKNOWN}}, id="unknown"),
        pytest.param(MODEL, {**ROLE, "primaryContainer": None}, id="null"),
        pytest.param(MODEL, {**ROLE, "name": {SECRET_MARK: SECRET_KIND, "value": "x"}}, id="secret"),
        pytest.param(STORAGE, {**ACCOUNT, "kind": "StorageV9"}, id="any string beside an enum"),
        pytest.param(ADDRESS, {"addressType": ""}, id="an empty text is none given"),
        pytest.param(ADDRESS, {"addressType": UNKNOWN}, id="an enum that is not known yet"),
        pytest.param(
            DATASTORE,
            {**STORE, "properties": {"datastoreType": "AzureBlob", "credentials": {"credentialsType": "None"}}},
            id="one of a union",
        ),
        pytest.param(
            "gcp:storage/bucketObject:BucketObject",
            {"bucket": "b", "source": {SECRET_MARK: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}},
            id="asset",
        ),
    ],
)
def test_what_the_sdk_takes(type_, inputs):
    assert judge(type_, inputs) == []


def test_a_secret_of_the_wrong_type_is_not_repeated():
    faults = judge(MODEL, {**ROLE, "name": {SECRET_MARK: SECRET_KIND, "value": 12345}})
    assert faults == [("name", "is secret, and of the wrong type")]


@pytest.mark.parametrize("type_", ["aws:sagemaker/model:Modell", "aws:nothing/x:X", "random:index/randomId:RandomId"])
def test_a_type_that_no_sdk_has_is_refused(type_):
    with pytest.raises(UnknownType):
        judge(type_, {})
