"""A store that is closed to the internet refuses whoever stands outside, in each cloud's words; others' stores."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.aws.ec2 import VPC_ENDPOINT
from catalogue.kinds.aws.s3 import BUCKET as S3
from catalogue.kinds.aws.s3 import BUCKET_POLICY
from catalogue.kinds.azure.containerregistry import REGISTRY
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT, ZONE_GROUP
from catalogue.kinds.azure.privatedns import ZONE
from catalogue.kinds.azure.storage import ACCOUNT, CONTAINER
from catalogue.kinds.gcp import VPC
from catalogue.kinds.gcp.storage import BUCKET
from sandbox import byhand
from sandbox.state import State
from sandbox.state.records import New

GROUP = "/subscriptions/99998888-3333-4444-5555-666677778888/resourceGroups/lending/providers"
STORED = f"{GROUP}/Microsoft.Storage/storageAccounts/lendingmodels"
REGISTERED = f"{GROUP}/Microsoft.ContainerRegistry/registries/lending"
IMAGE, MODEL = "lending.azurecr.io/churn:2.0", "azureml://datastores/artifacts/paths/churn/1/"
OBJECT, FOLDER = "s3://lending-models/churn/1/model.tar.gz", "gs://lending-models/churn/1/"


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


def stands(state: State, type_: str, id_: str, /, **inputs: Any) -> None:
    platform = "azure" if id_.startswith("/sub") else "gcp" if type_.startswith("gcp") else "aws"
    state.resources.create(
        New(type=type_, id=id_, platform=platform, account="4", region="r", name=id_, inputs=inputs, outputs={})
    )


def private(state: State, store: str, group: str, zone: str) -> None:
    """A private endpoint that leads to the store, and its name in a zone."""
    way, named = f"{GROUP}/Microsoft.Network/privateEndpoints/{group}", f"{GROUP}/Microsoft.Network/privateDnsZones"
    leads = [{"privateLinkServiceId": store, "groupIds": [group]}]
    stands(state, PRIVATE_ENDPOINT, way, privateLinkServiceConnections=leads)
    stands(state, ZONE, f"{named}/{zone}", privateZoneName=zone)
    zones = [{"name": "one", "privateDnsZoneId": f"{named}/{zone}"}]
    stands(state, ZONE_GROUP, f"{way}/privateDnsZoneGroups/default", privateDnsZoneConfigs=zones)


@pytest.mark.parametrize(
    "closed", [{"publicNetworkAccess": "Disabled"}, {"networkRuleSet": {"defaultAction": "Deny"}}], ids=["off", "rules"]
)
def test_azures_stores_are_reached_by_a_private_endpoint_with_a_name(state: State, closed: dict[str, Any]) -> None:
    stands(state, REGISTRY, REGISTERED, registryName="lending", **closed)
    stands(state, ACCOUNT, STORED, accountName="lendingmodels", **closed)
    stands(state, CONTAINER, f"{STORED}/blobServices/default/containers/artifacts")
    for outside in (True, False):
        with pytest.raises(BadInput, match=r"is not allowed access\. Refer https://aka\.ms/acr/firewall to grant acc"):
            byhand.push(state, IMAGE, outside=outside)
        with pytest.raises(BadInput, match=r"perform this operation\. ErrorCode:AuthorizationFailure"):
            byhand.upload(state, MODEL, outside=outside)
    private(state, REGISTERED, "registry", "privatelink.azurecr.io")
    private(state, STORED, "blob", "privatelink.blob.core.windows.net")
    byhand.push(state, IMAGE)
    byhand.upload(state, MODEL)
    with pytest.raises(BadInput, match="acr/firewall"):
        byhand.push(state, IMAGE, outside=True)


def test_a_name_in_another_zone_leads_nobody_there(state: State) -> None:
    stands(state, REGISTRY, REGISTERED, publicNetworkAccess="Disabled")
    private(state, REGISTERED, "registry", "privatelink.blob.core.windows.net")
    with pytest.raises(BadInput, match="acr/firewall"):
        byhand.push(state, IMAGE)


def test_a_store_that_is_open_or_that_others_made_takes_what_is_brought(state: State) -> None:
    stands(state, REGISTRY, REGISTERED, publicNetworkAccess="Enabled")
    byhand.push(state, IMAGE, outside=True)
    for image in ("others.azurecr.io/churn:2.0", "europe-docker.pkg.dev/lending/serving/churn:2.0"):
        byhand.push(state, image, outside=True, elsewhere=True)
    for uri in (OBJECT, FOLDER):
        byhand.upload(state, uri, outside=True, elsewhere=True)


@pytest.mark.parametrize(
    ("condition", "inside"),
    [
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-lending"}}, True),
        ({"StringNotEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}, True),
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-others"}}, False),
        ({"NotIpAddressIfExists": {"aws:SourceIp": "198.51.100.0/24"}}, False),
    ],
)
def test_a_buckets_policy_says_from_where_it_is_written(state: State, condition: dict[str, Any], inside: bool) -> None:
    said = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::lending-models/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**said, "Condition": condition}]})
    for bucket in ("lending-models", "lending-data"):
        stands(state, S3, bucket, bucket=bucket)
    stands(state, BUCKET_POLICY, "lending-models", bucket="lending-models", policy=policy)
    stands(state, VPC_ENDPOINT, "vpce-1", vpcId="vpc-lending", serviceName="com.amazonaws.eu-west-1.s3")
    with pytest.raises(BadInput, match="with an explicit deny in a resource-based policy of lending-models"):
        byhand.upload(state, OBJECT, outside=True)
    byhand.upload(state, OBJECT.replace("lending-models", "lending-data"), outside=True)
    if inside:
        byhand.upload(state, OBJECT)
    else:
        with pytest.raises(BadInput, match="explicit deny"):
            byhand.upload(state, OBJECT)


@pytest.mark.parametrize(
    ("given", "outside", "inside"),
    [
        ({"mode": "Disabled"}, True, True),
        ({"mode": "Enabled", "vpcNetworkSources": [{"network": "projects/lending/global/networks/own"}]}, False, True),
        ({"mode": "Enabled", "publicNetworkSource": {"allowedIpCidrRanges": ["203.0.113.0/24"]}}, True, False),
        ({"mode": "Enabled", "publicNetworkSource": {"allowedIpCidrRanges": ["198.51.100.0/24"]}}, False, False),
    ],
)
def test_a_filter_of_a_bucket_names_addresses_and_networks(
    state: State, given: dict[str, Any], outside: bool, inside: bool
) -> None:
    stands(state, VPC, "projects/lending/global/networks/own")
    stands(state, BUCKET, "lending-models", name="lending-models", ipFilter=given)
    for stands_outside, taken in ((True, outside), (False, inside)):
        if taken:
            byhand.upload(state, FOLDER, outside=stands_outside)
        else:
            with pytest.raises(BadInput, match="403: There is an IP filtering condition that is preventing access"):
                byhand.upload(state, FOLDER, outside=stands_outside)
