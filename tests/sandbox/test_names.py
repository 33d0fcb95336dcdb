"""Names stay taken after a delete as long as each kind's record says, by the sandbox's clock."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.answers import TENANT
from catalogue.errors import BadInput
from catalogue.kind import Stays
from catalogue.kinds import kinds
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.marked import Json
from catalogue.platforms import PLATFORMS
from sandbox import byhand
from sandbox.clouds import CLOUDS
from sandbox.clouds.manners import CloudSaysNo
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from sandbox.state.records import New, Taken
from tests import sharing

DAY = 86_400.0
PACKAGES = {manners.platform: package for package, manners in CLOUDS.items()}
STAYING = {
    type_: (PACKAGES[platform], kind.stays)
    for platform in PLATFORMS
    for type_, kind in kinds(platform).items()
    if isinstance(kind.stays, Stays)
}


def made(cloud: Cloud, type_: str, name: str, inputs: Json) -> str:
    return cloud.create(type_, f"urn:pulumi:dev::mlplatform::{type_}::{name}", name, inputs)[0]


def new_cloud(package: str, folder: Path, account: str = "lending") -> Cloud:
    cloud = Cloud(package, State(folder / "state.sqlite"), "one", account, "westeurope")
    cloud.state.account.use()
    return cloud


def nested(path: str, value: object) -> Json:
    head, _, rest = path.partition(".")
    return {head: nested(rest, value) if rest else value}


@settings(max_examples=sharing.examples(60), deadline=None)
@given(type_=st.sampled_from(sorted(STAYING)), own=st.integers(7, 90), passed=st.floats(0, 100))
def test_a_name_is_refused_from_the_day_on_that_the_record_says_until_it_is_free(
    tmp_path_factory: pytest.TempPathFactory, type_: str, own: int, passed: float
) -> None:
    package, stays = STAYING[type_]
    cloud = new_cloud(package, tmp_path_factory.mktemp("names"))
    place: Json = {"platform": cloud.manners.platform, "account": cloud.account, "region": cloud.region}
    inputs = nested(stays.at, own) if stays.at else {}
    new = New(type=type_, id="x", name="x", inputs=inputs, outputs={}, names=["x"], **place)
    cloud.state.resources.create(new)
    cloud.delete(type_, "x")
    cloud.state.clock.move(passed * DAY)
    until = own if stays.at else stays.days
    taken = passed >= stays.back and (until is None or passed < until)
    if not taken:
        cloud.state.resources.create(new)
        return
    with pytest.raises(Taken, match=stays.says[:20]):
        cloud.state.resources.create(new)


def test_a_vault_holds_its_name_as_long_as_it_says_itself_also_where_its_group_takes_it_along(tmp_path: Path) -> None:
    cloud = new_cloud("azure-native", tmp_path, "99998888-3333-4444-5555-666677778888")
    group = made(cloud, "azure-native:resources:ResourceGroup", "g", {"resourceGroupName": "lending"})
    properties = {"sku": {"family": "A", "name": "standard"}, "tenantId": TENANT, "softDeleteRetentionInDays": 7}
    vault = {"resourceGroupName": "lending", "vaultName": "lending-keys", "properties": properties}
    made(cloud, "azure-native:keyvault:Vault", "v", vault)
    cloud.delete("azure-native:resources:ResourceGroup", group)
    made(cloud, "azure-native:resources:ResourceGroup", "g", {"resourceGroupName": "lending"})
    with pytest.raises(CloudSaysNo, match='Code="Conflict" Message="A vault with the same name already exists in del'):
        made(cloud, "azure-native:keyvault:Vault", "v", vault)
    byhand.wait(cloud.state, "8d")
    made(cloud, "azure-native:keyvault:Vault", "v", vault)


def test_a_custom_role_is_taken_back_for_a_week_and_then_refused_for_thirty_days(tmp_path: Path) -> None:
    cloud, type_ = new_cloud("gcp", tmp_path), "gcp:projects/iAMCustomRole:IAMCustomRole"
    role = {"roleId": "scorer", "title": "scorer", "permissions": ["storage.objects.get"]}
    cloud.delete(type_, made(cloud, type_, "r", role))
    byhand.wait(cloud.state, "6d")
    cloud.delete(type_, made(cloud, type_, "r", role))
    byhand.wait(cloud.state, "8d")
    with pytest.raises(CloudSaysNo, match="marked for deletion"):
        made(cloud, type_, "r", role)
    byhand.wait(cloud.state, "30d")
    made(cloud, type_, "r", role)


def a_vault(cloud: Cloud, protected: bool | None) -> Json:
    given = {} if protected is None else {"enablePurgeProtection": protected}
    properties = {"sku": {"family": "A", "name": "standard"}, "tenantId": TENANT, **given}
    return {"resourceGroupName": "lending", "vaultName": "lending-keys", "properties": properties}


@pytest.mark.parametrize("protected", [None, False, True])
def test_a_vault_is_purged_unless_it_is_protected(tmp_path: Path, protected: bool | None) -> None:
    cloud = new_cloud("azure-native", tmp_path, "99998888-3333-4444-5555-666677778888")
    made(cloud, "azure-native:resources:ResourceGroup", "g", {"resourceGroupName": "lending"})
    vault = a_vault(cloud, protected)
    cloud.delete("azure-native:keyvault:Vault", made(cloud, "azure-native:keyvault:Vault", "v", vault))
    assert [one.name for one in cloud.state.resources.deleted()] == ["azure-native:keyvault:Vault lending-keys"]
    with pytest.raises(BadInput, match="nothing that was deleted softly has that name; did you mean lending-keys"):
        byhand.purge(cloud.state, "lending-key")
    if protected:
        with pytest.raises(BadInput, match="Operation 'DeletedVaultPurge' is not allowed"):
            byhand.purge(cloud.state, "lending-keys")
        with pytest.raises(CloudSaysNo, match="already exists in deleted state"):
            made(cloud, "azure-native:keyvault:Vault", "v", vault)
        return
    assert byhand.purge(cloud.state, "lending-keys") == "lending-keys is deleted for good, and its name is free"
    assert cloud.state.resources.deleted() == []
    made(cloud, "azure-native:keyvault:Vault", "v", vault)
    with pytest.raises(BadInput, match="nothing that was deleted softly"):
        byhand.purge(cloud.state, "lending-keys")


def test_a_workspace_of_azure_ml_is_purged_by_its_name_or_its_id(tmp_path: Path) -> None:
    cloud = new_cloud("azure-native", tmp_path)
    for name in ("risk", "fraud"):
        id_ = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/{name}"
        place: Json = {"platform": "azure", "account": cloud.account, "region": cloud.region, "names": [f"w {id_}"]}
        cloud.state.resources.create(New(type=WORKSPACE, id=id_, name=name, inputs={}, outputs={}, **place))
        cloud.delete(WORKSPACE, id_)
        byhand.purge(cloud.state, name if name == "risk" else id_)
    assert cloud.state.resources.deleted() == []


def test_what_nobody_can_purge_says_until_when_its_name_is_taken(tmp_path: Path) -> None:
    cloud, type_ = new_cloud("gcp", tmp_path), "gcp:projects/iAMCustomRole:IAMCustomRole"
    role = {"roleId": "scorer", "title": "scorer", "permissions": ["storage.objects.get"]}
    cloud.delete(type_, made(cloud, type_, "r", role))
    byhand.wait(cloud.state, "7d")
    with pytest.raises(BadInput, match=r"nobody can purge it; its name stays taken for 30\.0 days more"):
        byhand.purge(cloud.state, "scorer")
    cloud.delete("gcp:storage/bucket:Bucket", made(cloud, "gcp:storage/bucket:Bucket", "b", {"name": "lending-models"}))
    with pytest.raises(BadInput, match="nothing that was deleted softly"):
        byhand.purge(cloud.state, "lending-models")
    made(cloud, "gcp:storage/bucket:Bucket", "b", {"name": "lending-models"})
