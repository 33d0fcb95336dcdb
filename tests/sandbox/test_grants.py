"""What uses a grant before it is in force is refused, by the sandbox's clock. A wait of our provider lets it ripen."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from catalogue.graph import Resource
from catalogue.kind import Keys, Ripens
from catalogue.kinds import kinds
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.containerregistry import REGISTRY
from catalogue.kinds.azure.keyvault import VAULT
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, ONLINE_DEPLOYMENT, SERVED
from catalogue.kinds.azure.machinelearningservices import MODEL as VERSION
from catalogue.kinds.azure.storage import ACCOUNT, CONTAINER
from catalogue.kinds.gcp import ACCOUNT as SERVICE_ACCOUNT
from catalogue.kinds.gcp import KEY, artifactregistry
from catalogue.kinds.gcp.kms import KEY_MEMBER
from catalogue.kinds.gcp.mlplatform import MODEL
from catalogue.kinds.gcp.storage import BUCKET, BUCKET_MEMBER
from catalogue.marked import Json
from provider.clouds import AZURE_VARIABLE, GOOGLE_VARIABLE, INSTANT_VARIABLE, Clouds, clock_of_environment
from provider.gcp.grants import GrantsInForceInputs, GrantsInForceService
from sandbox import byhand, needs
from sandbox.clouds.manners import CloudSaysNo
from sandbox.needs import Lacks, Needs
from sandbox.rest.kept import KeptDouble
from sandbox.rest.server import Double
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from sandbox.state.records import New

RING = "projects/lending-dev/locations/europe-west4/keyRings/lending"
AGENT = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
SUBSCRIPTION = "99998888-3333-4444-5555-666677778888"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lending"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/keys"
IMAGE = "europe-west4-docker.pkg.dev/lending-dev/serving/churn:2.0"
THE_VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/lendingkeys"
SERVICE = {"principalType": "ServicePrincipal", "roleDefinitionId": "e147488a"}
REFUSED = r"Error 403: Permission denied on Cloud KMS key\. Please ensure that .*gs-project-accounts.* authorized"
BY_KEY = [
    (kind.token, at.path, user)
    for kind in kinds("gcp").values()
    if isinstance(kind.keys, Keys)
    for at in kind.keys.at
    for user in at.users
]


@pytest.fixture
def gcp(tmp_path: Path) -> Cloud:
    cloud = Cloud("gcp", State(tmp_path / "state.sqlite"), "one", "lending-dev", "europe-west4")
    cloud.state.account.use()
    stands(cloud, KEY, f"{RING}/cryptoKeys/data")
    return cloud


@pytest.fixture
def azure(tmp_path: Path) -> Cloud:
    cloud = Cloud("azure-native", State(tmp_path / "state.sqlite"), "one", SUBSCRIPTION, "westeurope")
    cloud.state.account.use()
    stands(cloud, "azure-native:resources:ResourceGroup", GROUP, handle="lending")
    stands(cloud, "azure-native:managedidentity:UserAssignedIdentity", IDENTITY, {}, {"principalId": "p-1"})
    stands(cloud, VAULT, THE_VAULT, handle="lendingkeys")
    stands(cloud, "azure-native:keyvault:Key", f"{THE_VAULT}/keys/storage")
    return cloud


def stands(
    cloud: Cloud, type_: str, id_: str, inputs: Json | None = None, outputs: Json | None = None, handle: str = ""
) -> None:
    place: Json = {"platform": cloud.manners.platform, "account": cloud.account, "region": cloud.region}
    given: Json = {"inputs": inputs or {}, "outputs": outputs or {}, "handles": [handle] if handle else []}
    cloud.state.resources.create(New(type=type_, id=id_, name=id_.rpartition("/")[2], **given, **place))


def make(cloud: Cloud, type_: str, name: str, inputs: Json) -> str:
    return cloud.create(type_, f"urn:pulumi:dev::mlplatform::{type_}::{name}", name, inputs)[0]


def grant(cloud: Cloud, key: str = "data", member: str = AGENT) -> str:
    role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    return make(cloud, KEY_MEMBER, key, {"cryptoKeyId": f"{RING}/cryptoKeys/{key}", "role": role, "member": member})


def bucket(cloud: Cloud) -> None:
    encryption = {"defaultKmsKeyName": f"{RING}/cryptoKeys/data"}
    make(cloud, BUCKET, "models", {"name": "lending-models", "location": "europe-west4", "encryption": encryption})


def test_google_refuses_a_key_whose_grant_is_not_in_force_yet(gcp: Cloud) -> None:
    grant(gcp)
    with pytest.raises(CloudSaysNo, match=REFUSED):
        bucket(gcp)
    byhand.wait(gcp.state, "6m")
    with pytest.raises(CloudSaysNo, match=REFUSED):
        bucket(gcp)
    assert gcp.state.journal.events()[-1].operation == "refused"
    byhand.wait(gcp.state, "1m")
    bucket(gcp)


def test_a_grant_of_another_key_or_to_another_agent_is_not_used(gcp: Cloud) -> None:
    stands(gcp, KEY, f"{RING}/cryptoKeys/logs")
    grant(gcp, "logs")
    grant(gcp, member=AGENT.replace("gs-project-accounts", "gcp-sa-logging"))
    bucket(gcp)


@pytest.fixture
def double(gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with KeptDouble(database=tmp_path / "state.sqlite") as serving:
        for variable in (GOOGLE_VARIABLE, AZURE_VARIABLE):
            monkeypatch.setenv(variable, serving.address)
        monkeypatch.setenv(INSTANT_VARIABLE, "1")
        yield serving


def test_the_wait_of_our_provider_lets_a_grant_ripen(gcp: Cloud, double: Double) -> None:
    id_ = grant(gcp)
    with pytest.raises(CloudSaysNo, match=REFUSED):
        bucket(gcp)
    with httpx.Client() as client:
        clock = clock_of_environment(client)
        inputs = GrantsInForceInputs(project="lending-dev", grants=[id_], minutes=7)
        GrantsInForceService(Clouds(clock, client)).create(inputs)
    bucket(gcp)


@pytest.mark.parametrize(("type_", "path", "user"), BY_KEY)
def test_every_agent_of_every_kind_waits_for_the_grant_of_its_key(gcp: Cloud, type_: str, path: str, user: str) -> None:
    given: object = f"{RING}/cryptoKeys/data"
    for key in reversed(path.split(".")):
        given = {key: given}
    assert isinstance(given, dict)
    asked = Needs(gcp.state, "gcp", gcp.account, gcp.region, needs.resource(type_, "x", "x", cast(Json, given), {}))
    asked.in_force()
    grant(gcp, member=f"serviceAccount:service-1@{user}.iam.gserviceaccount.com")
    with pytest.raises(Lacks, match=r"not-in-force.*cryptoKeys/data"):
        asked.in_force()
    gcp.state.clock.move(420)
    asked.in_force()


def account(cloud: Cloud) -> None:
    encryption: Json = {
        "keySource": "Microsoft.Keyvault",
        "keyVaultProperties": {"keyName": "storage", "keyVaultUri": "https://lendingkeys.vault.azure.net/"},
        "encryptionIdentity": {"encryptionUserAssignedIdentity": IDENTITY},
    }
    own: Json = {"identity": {"type": "UserAssigned", "userAssignedIdentities": [IDENTITY]}, "encryption": encryption}
    given: Json = {"accountName": "lendingmodels", "resourceGroupName": "lending", "location": "westeurope", **own}
    make(cloud, ACCOUNT, "store", {**given, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}})


@pytest.mark.parametrize("scope", [THE_VAULT, f"{THE_VAULT}/keys/storage", GROUP])
def test_azure_refuses_a_key_whose_role_is_not_in_force_yet(azure: Cloud, scope: str) -> None:
    make(azure, ROLE_ASSIGNMENT, "r", {"scope": scope, "principalId": "p-1", **SERVICE})
    with pytest.raises(CloudSaysNo, match=r'Status=403 Code="KeyVaultAuthenticationFailure".*lendingkeys'):
        account(azure)
    byhand.wait(azure.state, "10m")
    account(azure)


@pytest.mark.parametrize(("scope", "principal"), [(f"{THE_VAULT}-b", "p-1"), (THE_VAULT, "p-2")])
def test_a_role_of_another_vault_or_identity_is_not_used(azure: Cloud, scope: str, principal: str) -> None:
    stands(azure, VAULT, f"{THE_VAULT}-b")
    make(azure, ROLE_ASSIGNMENT, "r", {"scope": scope, "principalId": principal, **SERVICE})
    account(azure)


def test_azure_does_not_know_a_new_identity_yet(azure: Cloud) -> None:
    given = {"scope": GROUP, "principalId": "p-1", "roleDefinitionId": "e147488a"}
    with pytest.raises(CloudSaysNo, match=r'Code="PrincipalNotFound" Message="Principal p-1 does not exist in the dir'):
        make(azure, ROLE_ASSIGNMENT, "r", given)
    make(azure, ROLE_ASSIGNMENT, "spared", {**given, "principalType": "ServicePrincipal"})
    make(azure, ROLE_ASSIGNMENT, "somebody", {**given, "principalId": "a-person"})
    byhand.wait(azure.state, "5m")
    make(azure, ROLE_ASSIGNMENT, "r", given)


SCORER = "serviceAccount:scorer@lending-dev.iam.gserviceaccount.com"


def test_azure_does_not_know_a_new_role_yet(azure: Cloud) -> None:
    """Whoever is given it. A built-in role is known for ever."""
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/lending"
    stands(azure, ROLE_DEFINITION, role)
    given = {"scope": GROUP, "principalId": "p-1", **SERVICE}
    with pytest.raises(
        CloudSaysNo, match=r'Code="RoleDefinitionDoesNotExist" .* with ID \'/subscriptions/.*/lending\''
    ):
        make(azure, ROLE_ASSIGNMENT, "own", {**given, "roleDefinitionId": role})
    make(azure, ROLE_ASSIGNMENT, "built-in", given)
    byhand.wait(azure.state, "5m")
    make(azure, ROLE_ASSIGNMENT, "own", {**given, "roleDefinitionId": role})


def fetched(cloud: Cloud) -> Json:
    """A model, with the repository, the bucket and the account by which it is fetched."""
    stands(cloud, artifactregistry.REPOSITORY, "projects/lending-dev/locations/europe-west4/repositories/serving")
    stands(cloud, BUCKET, "lending-models")
    email = SCORER.partition(":")[2]
    stands(cloud, SERVICE_ACCOUNT, f"projects/lending-dev/serviceAccounts/{email}", handle=SCORER)
    return {"image": IMAGE, "artifactUri": "gs://lending-models/churn/1/", "serviceAccount": email}


def judged(cloud: Cloud, type_: str, inputs: Json, *around: Resource) -> Needs:
    return Needs(
        cloud.state,
        cloud.manners.platform,
        cloud.account,
        cloud.region,
        needs.resource(type_, "x", "x", inputs, {}),
        around,
    )


PULLS = {"location": "europe-west4", "repository": "serving", "role": "roles/artifactregistry.reader"}
READS = {"bucket": "lending-models", "role": "roles/storage.objectViewer"}
FETCHED = [
    (
        artifactregistry.REPOSITORY_MEMBER,
        {**PULLS, "member": AGENT.replace("gs-project-accounts", "gcp-sa-aiplatform")},
    ),
    (artifactregistry.REPOSITORY_MEMBER, {**PULLS, "member": SCORER}),
    (BUCKET_MEMBER, {**READS, "member": SCORER}),
]


@pytest.mark.parametrize(("type_", "given"), FETCHED)
def test_a_model_waits_for_each_grant_by_which_it_is_fetched(gcp: Cloud, type_: str, given: Json) -> None:
    inputs = fetched(gcp)
    asked = judged(gcp, MODEL, inputs)
    asked.in_force()
    make(gcp, type_, "g", {"project": "lending-dev", **given})
    reason, said = ("no-read", "gs://lending-models/churn/1/") if type_ == BUCKET_MEMBER else ("no-pull", IMAGE)
    with pytest.raises(Lacks, match=rf"{reason}.*{said}"):
        asked.in_force()
    elsewhere: Json = {"image": IMAGE.replace("serving", "training"), "artifactUri": "gs://lending-others/churn/1/"}
    judged(gcp, MODEL, {**inputs, **elsewhere}).in_force()
    gcp.state.clock.move(420)
    asked.in_force()


STORE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/lendingmodels"
REGISTERED = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/lending"
PLACED = [
    (REGISTERED, "no-pull"),
    (f"{STORE}/blobServices/default/containers/artifacts", "no-read"),
    (STORE, "no-read"),
]


@pytest.mark.parametrize(("scope", "reason"), PLACED)
def test_a_deployment_waits_for_the_roles_of_its_endpoints_identity(azure: Cloud, scope: str, reason: str) -> None:
    """The endpoint has the identity, the environment the image, and the model the artifact."""
    stands(azure, REGISTRY, REGISTERED)
    stands(azure, REGISTRY, f"{REGISTERED}-b")
    stands(azure, ACCOUNT, STORE)
    stands(azure, CONTAINER, f"{STORE}/blobServices/default/containers/artifacts")
    around = (
        needs.resource(SERVED, "e", "e", {"identity": {"userAssignedIdentities": [IDENTITY]}}, {}),
        needs.resource(ENVIRONMENT, "v", "v", {"properties": {"image": "lending.azurecr.io/churn:2.0"}}, {}),
        needs.resource(
            VERSION, "m", "m", {"properties": {"modelUri": "azureml://datastores/artifacts/paths/churn/1/"}}, {}
        ),
    )
    asked = judged(azure, ONLINE_DEPLOYMENT, {}, *around)
    make(azure, ROLE_ASSIGNMENT, "elsewhere", {"scope": f"{REGISTERED}-b", "principalId": "p-1", **SERVICE})
    asked.in_force()
    make(azure, ROLE_ASSIGNMENT, "r", {"scope": scope, "principalId": "p-1", **SERVICE})
    with pytest.raises(Lacks, match=rf"{reason}.*p-1"):
        asked.in_force()
    azure.state.clock.move(600)
    asked.in_force()


def test_every_grant_of_google_and_azure_says_how_long_it_takes() -> None:
    ripening = {kind.token: kind.ripens for platform in ("gcp", "azure") for kind in kinds(platform).values()}
    said = {token: ripens for token, ripens in ripening.items() if isinstance(ripens, Ripens)}
    assert ROLE_ASSIGNMENT in said and {token for token in ripening if token.endswith(("IamMember", "IAMMember"))} <= (
        set(said)
    )
    assert all(ripens.usual <= ripens.longest for ripens in said.values())
