"""How the simulated clouds behave, on the core that the plugins serve."""

import pytest

from catalogue.answers import TENANT
from catalogue.kind import Acts
from catalogue.kinds import kinds
from catalogue.marked import DEFAULTS, as_secret
from catalogue.marks import SECRET, UNKNOWN
from catalogue.platforms import PLATFORMS
from sandbox import byhand
from sandbox.cloud import UnknownType
from sandbox.clouds.manners import CloudSaysNo
from sandbox.inputs import resource_shape
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from sandbox.state.metrics import Played
from sandbox.state.records import New, Reference

ACCOUNTS = {
    "aws": ("111122223333", "us-east-1"),
    "gcp": ("payments-risk-pilot", "us-central1"),
    "azure-native": ("11112222-3333-4444-5555-666677778888", "eastus2"),
}
ROLE, MODEL = "aws:iam/role:Role", "aws:sagemaker/model:Model"
CONFIG, ENDPOINT = "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:sagemaker/endpoint:Endpoint"
TOPIC, VPC = "aws:sns/topic:Topic", "aws:ec2/vpc:Vpc"
VAULT, KEY = "azure-native:keyvault:Vault", "azure-native:keyvault:Key"
WORKSPACE = "azure-native:machinelearningservices:Workspace"
GROUP, STORAGE = "azure-native:resources:ResourceGroup", "azure-native:storage:StorageAccount"
VNET, SUBNET = "azure-native:network:VirtualNetwork", "azure-native:network:Subnet"
VARIANT = {"variantName": "live", "initialInstanceCount": 1, "instanceType": "ml.m5.large"}


def urn(type_, name):
    return f"urn:pulumi:pilot::mlplatform::{type_}::{name}"


class Place:
    """A cloud, and short ways to ask it."""

    def __init__(self, package, path, run="one"):
        self.state = State(path)
        self.state.account.use()  # what a new account refuses is tested in test_needs.py
        account, region = ACCOUNTS[package]
        self.cloud = Cloud(package, self.state, run, account, region)

    def check(self, type_, name, inputs, olds=None, seed=b"\xab\xcd\xef\x01\x23"):
        return self.cloud.check(type_, urn(type_, name), name, inputs, olds or {}, seed)

    def create(self, type_, name, inputs):
        checked, faults = self.check(type_, name, inputs)
        assert faults == []
        return self.cloud.create(type_, urn(type_, name), name, checked)

    def diff(self, type_, olds, news, ignored=()):
        return self.cloud.diff(type_, olds, news, ignored)


@pytest.fixture
def on_aws(tmp_path):
    return Place("aws", tmp_path / "state.sqlite")


@pytest.fixture
def on_gcp(tmp_path):
    return Place("gcp", tmp_path / "state.sqlite")


@pytest.fixture
def on_azure(tmp_path):
    return Place("azure-native", tmp_path / "state.sqlite")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_behaviour_names_inputs_of_the_sdk_and_types_that_are_made(platform):
    acts = {type_: kind.acts for type_, kind in kinds(platform).items() if isinstance(kind.acts, Acts)}
    made = {type_: one.behaviour for type_, one in acts.items() if not type_.startswith("mlplatform:")}
    assert made
    for type_, behaviour in made.items():
        known = set(resource_shape(type_).properties)
        paths = {
            *behaviour.replaces,
            *behaviour.identity,
            behaviour.name,
            behaviour.forced,
            *(r.path for r in behaviour.refs),
        }
        named = {path.split(".")[0].removesuffix("[]") for path in paths} - {"", "*"}
        # Google's IAM, Azure's identities and AWS's regions are of many types, but not of all.
        assert named - known <= {"name", "region", "location", "identity", "project"}, type_
        for ref in behaviour.refs:
            assert set(ref.types) <= set(made), (type_, ref.path)


def test_an_unknown_type_and_look_up_are_refused(on_aws):
    with pytest.raises(UnknownType, match=r"does not know the type aws:ec2/instance:Instance"):
        on_aws.check("aws:ec2/instance:Instance", "x", {})
    with pytest.raises(UnknownType, match="getAmi"):
        on_aws.cloud.look_up("aws:ec2/getAmi:getAmi", {})


def test_names_are_made_up_as_the_bridge_does_and_kept(on_aws):
    policy = "aws:iam/policy:Policy"
    checked, faults = on_aws.check(policy, "boundary", {"policy": "{}"})
    assert faults == []
    assert checked == {"policy": "{}", "name": "boundary-abcdef0", DEFAULTS: ["name"]}
    again, _ = on_aws.check(policy, "boundary", {"policy": "[]"}, checked, b"\x99" * 5)
    assert again["name"] == "boundary-abcdef0"
    named = {"policy": "{}", "name": "mine", DEFAULTS: []}
    unnamed, _ = on_aws.check(policy, "boundary", {"policy": "{}"}, named)
    assert unnamed["name"] == "boundary-abcdef0"


def test_names_are_made_up_as_azure_native_does(on_azure):
    group = {"resourceGroupName": "g"}
    top, _ = on_azure.check(VNET, "net", group)
    assert top == {"resourceGroupName": "g", "virtualNetworkName": "netabcdef01"}
    child, _ = on_azure.check(SUBNET, "private", {**group, "virtualNetworkName": "v"})
    assert child["subnetName"] == "private"


def test_a_name_out_of_pattern_is_a_fault_and_an_unknown_one_is_not(on_azure):
    given = {"kind": "StorageV2", "resourceGroupName": "g", "sku": {"name": "Standard_LRS"}}
    _, faults = on_azure.check(STORAGE, "s", {**given, "accountName": "No-Dashes"})
    assert faults == [("accountName", "is 'No-Dashes': it must match [a-z0-9]{3,24}")]
    assert on_azure.check(STORAGE, "s", {**given, "accountName": UNKNOWN})[1] == []


def test_a_second_create_is_refused_or_overwrites_as_in_the_cloud(on_aws):
    role = {"name": "serving", "assumeRolePolicy": "{}"}
    on_aws.create(ROLE, "a", role)
    with pytest.raises(CloudSaysNo, match="EntityAlreadyExists: Role with name serving already exists"):
        on_aws.create(ROLE, "b", role)
    inline = "aws:iam/rolePolicy:RolePolicy"
    first, _ = on_aws.create(inline, "p", {"name": "p", "role": "serving", "policy": "{}"})
    second, _ = on_aws.create(inline, "q", {"name": "p", "role": "serving", "policy": "[]"})
    assert first == second
    assert [record.inputs["policy"] for record in on_aws.state.resources.find(type=inline)] == ["[]"]


def test_a_reference_must_exist_unless_it_is_another_account_s(on_aws):
    gone = "arn:aws:iam::111122223333:role/gone"
    with pytest.raises(CloudSaysNo, match=f"executionRoleArn is {gone}, which does not exist"):
        on_aws.create(MODEL, "m", {"executionRoleArn": gone})
    on_aws.create(MODEL, "m", {"executionRoleArn": "arn:aws:iam::999988887777:role/theirs"})
    assert [record.name for record in on_aws.state.resources.all()] == ["m"]


def test_google_s_members_must_exist_but_people_and_agents_need_not(on_gcp):
    member, grant = "gcp:projects/iAMMember:IAMMember", {"project": "payments-risk-pilot", "role": "roles/viewer"}
    own = "serviceAccount:batch@payments-risk-pilot.iam.gserviceaccount.com"
    with pytest.raises(CloudSaysNo, match="notFound"):
        on_gcp.create(member, "a", {**grant, "member": own})
    on_gcp.create(member, "b", {**grant, "member": "user:ana@example.com"})
    on_gcp.create("gcp:serviceaccount/account:Account", "batch-sa", {"accountId": "batch-sa"})
    on_gcp.create(member, "c", {**grant, "member": own.replace("batch@", "batch-sa@")})
    assert len(on_gcp.state.resources.find(type=member)) == 2


def vault_on(on_azure, access, name="company-ml"):
    inside = {"resourceGroupName": "g", "location": "eastus2"}
    if not on_azure.state.resources.find(type=GROUP):
        on_azure.create(GROUP, "group", inside)
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "publicNetworkAccess": access}
    id_, _ = on_azure.create(VAULT, name, {**inside, "vaultName": name, "properties": properties})
    of_it = {"resourceGroupName": "g", "vaultName": name, "keyName": "k", "properties": {"kty": "RSA"}}
    key, outputs = on_azure.create(KEY, f"{name}-k", of_it)
    return id_, key, outputs["keyUriWithVersion"]


def workspace_with(on_azure, vault, key, inside_the_service):
    """What Azure ML says of a workspace that is encrypted with the key. None where it makes one."""
    encryption = {"status": "Enabled", "keyVaultProperties": {"keyVaultArmId": vault, "keyIdentifier": key}}
    given = {"resourceGroupName": "g", "location": "eastus2", "encryption": encryption}
    try:
        on_azure.create(WORKSPACE, "w", {**given, "enableServiceSideCMKEncryption": inside_the_service})
    except CloudSaysNo as refusal:
        return str(refusal)
    return None


def test_a_workspace_takes_no_key_of_a_closed_vault_for_encryption_inside_the_service(on_azure):
    vault, _, key = vault_on(on_azure, "Disabled")
    assert "public network access disabled" in workspace_with(on_azure, vault, key, True)
    assert on_azure.state.resources.find(type=WORKSPACE) == []
    assert workspace_with(on_azure, vault, key, False) is None


def test_a_workspace_takes_a_key_of_a_vault_that_its_firewall_closes(on_azure):
    vault, _, key = vault_on(on_azure, "Enabled")
    assert workspace_with(on_azure, vault, key, True) is None


def test_a_closed_vault_lets_no_key_be_deleted_from_outside_and_takes_it_along(on_azure):
    vault, key, _ = vault_on(on_azure, "Disabled")
    with pytest.raises(CloudSaysNo, match=r"403 Forbidden .*nor via an approved private link"):
        on_azure.cloud.delete(KEY, key)
    on_azure.cloud.delete(VAULT, vault)
    assert on_azure.state.resources.find(type=KEY) == []
    _, open_key, _ = vault_on(on_azure, "Enabled", "another")
    on_azure.cloud.delete(KEY, open_key)
    assert on_azure.state.resources.find(type=KEY) == []


def test_azure_s_parents_must_exist_and_take_what_lies_in_them_along(on_azure):
    inside = {"resourceGroupName": "g", "location": "eastus2"}
    with pytest.raises(CloudSaysNo, match=r"ResourceNotFound.*resourceGroups/g, which does not exist"):
        on_azure.create(VNET, "net", inside)
    group, _ = on_azure.create(GROUP, "group", {"resourceGroupName": "g", "location": "eastus2"})
    on_azure.create(VNET, "net", {**inside, "virtualNetworkName": "net"})
    subnet = {"resourceGroupName": "g", "virtualNetworkName": "net", "subnetName": "private"}
    id_, _ = on_azure.create(SUBNET, "private", subnet)
    private = {**inside, "privateEndpointName": "pe", "subnet": {"id": id_}}
    on_azure.create("azure-native:network:PrivateEndpoint", "pe", private)
    with pytest.raises(CloudSaysNo, match="still uses private"):
        on_azure.cloud.delete(SUBNET, id_)
    on_azure.cloud.delete(GROUP, group)
    assert on_azure.state.resources.all() == []


def test_a_zone_with_links_is_not_deleted(on_azure):
    zone, link = "azure-native:privatedns:PrivateZone", "azure-native:privatedns:VirtualNetworkLink"
    on_azure.create(GROUP, "group", {"resourceGroupName": "g"})
    id_, _ = on_azure.create(zone, "z", {"resourceGroupName": "g", "privateZoneName": "privatelink.api.azureml.ms"})
    linked = {"resourceGroupName": "g", "privateZoneName": "privatelink.api.azureml.ms", "virtualNetworkLinkName": "l"}
    on_azure.create(link, "l", linked)
    with pytest.raises(CloudSaysNo, match="Conflict"):
        on_azure.cloud.delete(zone, id_)


def test_a_name_stays_taken_by_what_was_deleted_softly(on_azure, on_gcp):
    on_azure.create(GROUP, "group", {"resourceGroupName": "g"})
    vault = {
        "resourceGroupName": "g",
        "vaultName": "keys",
        "properties": {"sku": {"family": "A", "name": "premium"}, "tenantId": TENANT},
    }
    id_, _ = on_azure.create("azure-native:keyvault:Vault", "v", vault)
    on_azure.cloud.delete("azure-native:keyvault:Vault", id_)
    with pytest.raises(CloudSaysNo, match=r"Status=409 .*A vault with the same name already exists in deleted state"):
        on_azure.create("azure-native:keyvault:Vault", "v", vault)
    ring = {"name": "ring", "location": "us-central1"}
    id_, _ = on_gcp.create("gcp:kms/keyRing:KeyRing", "r", ring)
    on_gcp.cloud.delete("gcp:kms/keyRing:KeyRing", id_)
    with pytest.raises(CloudSaysNo, match="never deleted"):
        on_gcp.create("gcp:kms/keyRing:KeyRing", "r", ring)


def test_a_locked_log_bucket_is_deleted_by_nobody_and_an_endpoints_id_is_given_out_once(on_gcp):
    bucket = {"bucketId": "audit", "location": "us-central1", "project": on_gcp.cloud.account, "retentionDays": 365}
    for locked in (True, False):
        given = {**bucket, "bucketId": f"audit-{locked}".lower(), "locked": locked}
        id_, _ = on_gcp.create("gcp:logging/projectBucketConfig:ProjectBucketConfig", f"audit-{locked}", given)
        if locked:
            with pytest.raises(CloudSaysNo, match="audit-True is locked and cannot be deleted"):
                on_gcp.cloud.delete("gcp:logging/projectBucketConfig:ProjectBucketConfig", id_)
        else:
            on_gcp.cloud.delete("gcp:logging/projectBucketConfig:ProjectBucketConfig", id_)
    served = {"name": "scorer", "displayName": "scorer", "location": "us-central1"}
    id_, _ = on_gcp.create("gcp:vertex/aiEndpoint:AiEndpoint", "scorer", served)
    on_gcp.cloud.delete("gcp:vertex/aiEndpoint:AiEndpoint", id_)
    with pytest.raises(CloudSaysNo, match="seven days"):
        on_gcp.create("gcp:vertex/aiEndpoint:AiEndpoint", "scorer", served)


def test_bucket_names_are_the_whole_world_s(on_gcp, tmp_path):
    bucket = {"name": "models", "location": "us-central1"}
    on_gcp.create("gcp:storage/bucket:Bucket", "a", bucket)
    other = Place("gcp", tmp_path / "state.sqlite")
    other.cloud.account = "another-project"
    with pytest.raises(CloudSaysNo, match="409"):
        other.create("gcp:storage/bucket:Bucket", "b", bucket)


def test_a_full_bucket_is_not_deleted_unless_forced(on_aws):
    id_, _ = on_aws.create("aws:s3/bucket:Bucket", "b", {"bucket": "models-1"})
    on_aws.state.resources.fill(on_aws.state.resources.all()[0].key, 2)
    with pytest.raises(CloudSaysNo, match="2 objects"):
        on_aws.cloud.delete("aws:s3/bucket:Bucket", id_)
    on_aws.cloud.update("aws:s3/bucket:Bucket", id_, {"bucket": "models-1", "forceDestroy": True})
    on_aws.cloud.delete("aws:s3/bucket:Bucket", id_)
    assert on_aws.state.resources.all() == []


STORES = {
    "s3://models-1/churn/1/model.tar.gz": ("aws", "aws:s3/bucket:Bucket", {"bucket": "models-1"}, "forceDestroy"),
    "gs://models-1/churn/1/": (
        "gcp",
        "gcp:storage/bucket:Bucket",
        {"name": "models-1", "location": "us-central1"},
        "forceDestroy",
    ),
    "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:2": (
        "aws",
        "aws:ecr/repository:Repository",
        {"name": "churn"},
        "forceDelete",
    ),
}


@pytest.mark.parametrize("address", STORES)
def test_what_a_person_put_into_a_store_keeps_it_from_being_deleted(tmp_path, address):
    package, type_, inputs, forced = STORES[address]
    place = Place(package, tmp_path / "state.sqlite")
    put = place.state.account.push if ".dkr." in address else place.state.account.upload
    put(address.replace("models-1", "models-12").replace("/churn:", "/churn-b:"))
    id_, _ = place.create(type_, "store", inputs)
    place.cloud.delete(type_, id_)  # what lies elsewhere keeps nothing
    id_, _ = place.create(type_, "store", inputs)
    put(address)
    with pytest.raises(CloudSaysNo, match="store is not empty: it still holds"):
        place.cloud.delete(type_, id_)
    byhand.empty(place.state, address)
    place.cloud.delete(type_, id_)
    id_, _ = place.create(type_, "store", {**inputs, forced: True})
    put(address)
    place.cloud.delete(type_, id_)
    assert address not in [*place.state.account.images(), *place.state.account.artifacts()], "it went along"


def test_the_apps_of_a_person_block_the_profile_and_so_the_domain(on_aws):
    profile, domain = "aws:sagemaker/userProfile:UserProfile", "aws:sagemaker/domain:Domain"
    for type_, id_, inputs in ((domain, "d-1", {}), (profile, "p-1", {"domainId": "d-1", "userProfileName": "ana"})):
        links = [Reference("domainId", "d-1", (domain,), holds=True)] if inputs else []
        place = {"platform": "aws", "account": on_aws.cloud.account, "region": on_aws.cloud.region}
        new = New(type=type_, id=id_, name=id_, inputs=inputs, outputs={}, links=links, **place)
        on_aws.state.resources.create(new)
    on_aws.state.account.start_app("ana")
    on_aws.state.account.start_app("ben")
    with pytest.raises(CloudSaysNo, match=r"ResourceInUse: ana has apps that run"):
        on_aws.cloud.delete(profile, "p-1")
    with pytest.raises(CloudSaysNo, match="still uses d-1"):
        on_aws.cloud.delete(domain, "d-1")
    on_aws.state.account.keep_space("ana", 5)
    on_aws.state.account.keep_space("ben", 5)
    on_aws.state.account.stop_app("ana")
    with pytest.raises(CloudSaysNo, match=r"ResourceInUse: ana has a private space"):
        on_aws.cloud.delete(profile, "p-1")
    on_aws.state.account.delete_space("ana")
    on_aws.cloud.delete(profile, "p-1")
    on_aws.cloud.delete(domain, "d-1")


def test_what_forces_a_replacement(on_aws, on_gcp, on_azure):
    config = {"name": "c-1234567", "productionVariants": [VARIANT], DEFAULTS: ["name"]}
    bigger = {**config, "productionVariants": [{**VARIANT, "instanceType": "ml.m5.xlarge"}]}
    change = on_aws.diff(CONFIG, config, bigger)
    assert (change.changed, change.replaced, change.delete_first) == (
        ("productionVariants",),
        ("productionVariants.instanceType",),
        False,
    )
    assert on_aws.diff(CONFIG, config, {**config, "tags": {"a": "b"}}).replaced == ()
    moved = on_aws.diff(ENDPOINT, {"name": "e", "endpointConfigName": "a"}, {"name": "e", "endpointConfigName": "b"})
    assert (moved.changed, moved.replaced) == (("endpointConfigName",), ())
    disk = {"name": "w", "gceSetup": {"machineType": "e2-standard-2", "bootDisk": {"diskType": "PD_SSD"}}}
    other = {"name": "w", "gceSetup": {"machineType": "e2-standard-4", "bootDisk": {"diskType": "PD_BALANCED"}}}
    instance = on_gcp.diff("gcp:workbench/instance:Instance", disk, other)
    assert (instance.replaced, instance.delete_first) == (("gceSetup.bootDisk.diskType",), True)
    same_disk = {**other, "gceSetup": {**disk["gceSetup"], "machineType": "e2-standard-4"}}
    assert on_gcp.diff("gcp:workbench/instance:Instance", disk, same_disk).replaced == ()
    there = {"accountName": "a", "resourceGroupName": "g", "location": "eastus2"}
    assert on_azure.diff(STORAGE, there, {**there, "location": "westus2"}).delete_first
    assert not on_azure.diff(STORAGE, there, {**there, "accountName": "b"}).delete_first
    assert on_azure.diff(STORAGE, there, {**there, "location": "westus2"}, ["location"]).changed == ()


def test_a_replacement_gets_an_id_of_its_own(on_aws):
    vpc = "aws:ec2/vpc:Vpc"
    first, _ = on_aws.create(vpc, "net", {"cidrBlock": "10.0.0.0/16"})
    second, _ = on_aws.create(vpc, "net", {"cidrBlock": "10.1.0.0/16"})
    assert first != second
    assert first.startswith("vpc-")


def test_what_is_computed_stays_through_an_update(on_azure):
    on_azure.create(GROUP, "group", {"resourceGroupName": "g"})
    identity = "azure-native:managedidentity:UserAssignedIdentity"
    given = {"resourceGroupName": "g", "resourceName": "id-1", "location": "eastus2"}
    id_, outputs = on_azure.create(identity, "i", given)
    after = on_azure.cloud.update(identity, id_, {**given, "tags": {"a": "b"}})
    assert after["principalId"] == outputs["principalId"]
    assert after["tags"] == {"a": "b"}


def test_a_preview_shows_no_notes_of_defaults_for_the_sdk_reads_a_map_of_text(on_aws):
    given, _ = on_aws.cloud.check(TOPIC, urn(TOPIC, "t"), "t", {"tags": {"team": "risk"}}, {}, b"")
    assert given["tags"]["__defaults"] == []
    assert on_aws.cloud.foresee(TOPIC, urn(TOPIC, "t"), "t", given)["tags"] == {"team": "risk"}


def test_a_preview_leaves_unknown_what_only_the_cloud_knows(on_aws, on_azure):
    foreseen = on_aws.cloud.foresee(MODEL, urn(MODEL, "m"), "m", {"name": "m", "executionRoleArn": UNKNOWN})
    assert foreseen == {"name": "m", "executionRoleArn": UNKNOWN, "arn": UNKNOWN}
    vault = {"resourceGroupName": UNKNOWN, "vaultName": "v", "properties": UNKNOWN}
    seen = on_azure.cloud.foresee("azure-native:keyvault:Vault", "u::t::v", "v", vault)
    assert seen["properties"] == UNKNOWN
    assert on_aws.state.resources.all() == []


def test_a_secret_reaches_the_engine_marked_and_the_file_not_at_all(on_aws, tmp_path):
    secret = as_secret('{"hidden": 1}')
    _, outputs = on_aws.create("aws:iam/policy:Policy", "p", {"policy": secret})
    assert outputs["policy"] == secret
    assert on_aws.state.resources.all()[0].inputs["policy"] == dict(SECRET)
    on_aws.state.close()
    assert not any(b"hidden" in file.read_bytes() for file in tmp_path.iterdir())


def test_a_cut_create_whose_name_was_made_up_is_made_twice(on_aws, tmp_path):
    policy = "aws:iam/policy:Policy"
    first, outputs = on_aws.create(policy, "p", {"policy": "{}"})
    later = Place("aws", tmp_path / "state.sqlite", run="two")
    checked, _ = later.check(policy, "p", {"policy": "{}"}, seed=b"\x00" * 5)
    assert checked["name"] != outputs["name"]
    second, _ = later.cloud.create(policy, urn(policy, "p"), "p", checked)
    assert [one.id for one in later.state.resources.all()] == [first, second]


@pytest.mark.parametrize("run", ["one", "two"])
def test_a_cut_create_whose_name_is_fixed_is_in_the_way(on_aws, tmp_path, run):
    role = {"name": "r", "assumeRolePolicy": "{}"}
    on_aws.create(ROLE, "r", role)
    with pytest.raises(CloudSaysNo, match="EntityAlreadyExists: Role with name r already exists"):
        Place("aws", tmp_path / "state.sqlite", run=run).create(ROLE, "r", role)


def test_a_second_rule_of_a_security_group_is_refused_by_what_it_allows_and_another_one_is_not(on_aws):
    vpc, _ = on_aws.create(VPC, "v", {"cidrBlock": "10.0.0.0/16"})
    group, _ = on_aws.create("aws:ec2/securityGroup:SecurityGroup", "g", {"name": "g", "vpcId": vpc})
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    allows = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/24"}
    on_aws.create(rule, "a", allows)
    with pytest.raises(CloudSaysNo, match=r"Duplicate: .* 10\.0\.0\.0/24, tcp, from port: 443, .* already exists"):
        on_aws.create(rule, "b", allows)
    on_aws.create(rule, "c", {**allows, "toPort": 444})
    on_aws.create(rule, "d", {**allows, "cidrIpv4": "10.0.1.0/24"})
    assert len(on_aws.state.resources.find(type=rule)) == 3


def test_the_words_of_an_endpoint_are_those_of_its_configuration(on_aws):
    on_aws.create(CONFIG, "c", {"name": "c", "productionVariants": [VARIANT]})
    assert "ml.m5.large" in on_aws.cloud.words(ENDPOINT, {"endpointConfigName": "c", "name": "e"})
    assert on_aws.cloud.words(CONFIG, {"name": "c"}) == set()


def bluegreen(place, serves):
    """An endpoint of one alarm, on a new configuration; what it serves afterwards."""
    alarm = {
        "name": "errors",
        "namespace": "AWS/SageMaker",
        "metricName": "Invocation5XXErrors",
        "statistic": "Average",
        "dimensions": {"EndpointName": "e"},
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0.01,
        "evaluationPeriods": 3,
    }
    place.create("aws:cloudwatch/metricAlarm:MetricAlarm", "errors", alarm)
    for name in ("blue", "green"):
        place.create(CONFIG, name, {"name": name, "productionVariants": [VARIANT]})
    guard = {"autoRollbackConfiguration": {"alarms": [{"alarmName": "errors"}]}}
    policy = {"trafficRoutingConfiguration": {"type": "CANARY", "waitIntervalInSeconds": 600}}
    given = {"name": "e", "deploymentConfig": {**guard, "blueGreenUpdatePolicy": policy}}
    id_, _ = place.create(ENDPOINT, "e", {**given, "endpointConfigName": serves})
    return id_, given


@pytest.mark.parametrize(("errors", "serves"), [(0.5, "green"), (1.0, "green"), (5.0, "blue")])
def test_sagemaker_takes_a_configuration_back_when_an_alarm_rings_and_reports_success(on_aws, errors, serves):
    id_, given = bluegreen(on_aws, "blue")
    on_aws.state.metrics.play("e", Played(error_percent=errors))
    updated = on_aws.cloud.update(ENDPOINT, id_, {**given, "endpointConfigName": "green"})
    found = on_aws.cloud.read(ENDPOINT, id_)
    assert updated["endpointConfigName"] == found.inputs["endpointConfigName"] == serves
    said = [event.said for event in on_aws.state.journal.events() if event.operation == "rollback"]
    assert said == ([] if serves == "green" else ["taken back: green, for errors rings"])


def test_an_endpoint_whose_configuration_is_gone_cannot_be_updated(on_aws):
    id_, given = bluegreen(on_aws, "blue")
    on_aws.cloud.delete(CONFIG, "blue")
    with pytest.raises(CloudSaysNo, match=r"Could not find endpoint configuration .*endpoint-config/blue"):
        on_aws.cloud.update(ENDPOINT, id_, {**given, "endpointConfigName": "green"})
