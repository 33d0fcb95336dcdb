"""What `doctor` sees on Azure, from answers in the shapes that the REST reference documents."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from operations.doctor import State, Unseen, azure
from operations.verdict import Look
from tests.operations.doctor.doubles import Answer, Cloud, azure_error, by_path

SUBSCRIPTION, REGION, GROUP = "0-1", "westeurope", "dev"
ARM = f"management.azure.com/subscriptions/{SUBSCRIPTION}"
ML = "providers/Microsoft.MachineLearningServices"
USAGES, WORKSPACES = f"{ARM}/{ML}/locations/{REGION}/usages", f"{ARM}/resourceGroups/{GROUP}/{ML}/workspaces"
ONLINE = f"{WORKSPACES}/dev-0a1/onlineEndpoints/scorer"
ARTIFACT = f"azureml://subscriptions/0-1/resourceGroups/{GROUP}/workspaces/w/datastores/artifacts/paths/fraud/1/"
WORKSPACE: Mapping[str, Any] = {"name": "dev-0a1", "properties": {"provisioningState": "Succeeded"}}
FAMILY = "Standard DASv4 Family Cluster Dedicated vCPUs"

See = Callable[..., tuple[State, str]]


@pytest.fixture(scope="module")
def see() -> See:
    """What one look at a cloud shows; a door of its own for each cloud."""

    def look(
        cloud: Cloud, what: Any, name: str, at: str = "", amount: int | None = None, rights: Sequence[str] = ()
    ) -> tuple[State, str]:
        account = azure.account_of(lambda scope: f"token for {scope}", SUBSCRIPTION, REGION, cloud.transport())
        seen = azure.LOOKS[what].see(account, Look(what=what, name=name, at=at, amount=amount, rights=list(rights)))
        return seen.state, seen.says

    return look


def usage(limit: int, name: str = FAMILY, at: str = "") -> dict[str, Any]:
    """https://learn.microsoft.com/en-us/rest/api/azureml/usages/list"""
    id_ = f"/subscriptions/0-1/{ML}/locations/{REGION}{at}/usages/family"
    return {"id": id_, "limit": limit, "currentValue": 0, "name": {"value": "family", "localizedValue": name}}


def test_a_quota_on_a_later_page_is_compared_and_a_workspaces_own_is_not(see: See) -> None:
    def answer(request: httpx.Request) -> Answer:
        if "skip" in request.url.params:
            return {"value": [usage(32), usage(100, at="/workspaces/other")]}
        return {"value": [usage(64, "Other")], "nextLink": f"https://{USAGES}?api-version=2025-12-01&skip=1"}

    assert see(Cloud(answer), "quota", FAMILY, amount=32)[0] is State.DONE
    assert see(Cloud(answer), "quota", FAMILY, amount=33) == (
        State.NOT_DONE,
        f"{FAMILY}: 32 are granted, 33 are needed",
    )
    assert see(Cloud(answer), "quota", "Unheard", amount=1)[0] is State.NOT_DONE


def test_a_quota_cannot_be_seen_before_the_provider_is_registered(see: See) -> None:
    cloud = Cloud(lambda _: azure_error(409, "MissingSubscriptionRegistration"))
    with pytest.raises(Unseen, match=r"it takes the resource provider Microsoft\.MachineLearningServices"):
        see(cloud, "quota", FAMILY, amount=1)
    assert see(cloud, "workspace", "dev-workspace", GROUP)[0] is State.NOT_DONE


@pytest.mark.parametrize(
    ("roles", "has"),
    [
        ([{"actions": ["*"], "notActions": []}], True),
        ([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}], False),
        (
            [{"actions": ["*/read"]}, {"actions": ["Microsoft.Authorization/roleAssignments/write"], "notActions": []}],
            True,
        ),
        ([], False),
    ],
)
def test_a_role_is_held_where_the_roles_of_whoever_asks_allow_its_rights(
    see: See, roles: list[Mapping[str, Any]], has: bool
) -> None:
    """Contributor is the second: all but assigning roles."""
    cloud = by_path({f"{ARM}/providers/Microsoft.Authorization/permissions": {"value": roles}})
    account = azure.account_of(lambda scope: "word", SUBSCRIPTION, REGION, cloud.transport())
    look = Look(what="role", name="Owner", rights=["microsoft.authorization/roleAssignments/write"])
    assert azure.LOOKS["role"].see(account, look).state is (State.DONE if has else State.NOT_DONE)


@pytest.mark.parametrize(("actions", "has"), [(["Microsoft.Network/*"], True), (["*/read"], False)])
def test_a_role_on_a_network_of_others_is_asked_there(see: See, actions: list[str], has: bool) -> None:
    there = "/subscriptions/s-2/resourceGroups/desktops/providers/Microsoft.Network/virtualNetworks/hub"
    at = f"management.azure.com{there}/providers/Microsoft.Authorization/permissions"
    cloud = by_path({at: {"value": [{"actions": actions}]}})
    account = azure.account_of(lambda scope: "word", SUBSCRIPTION, REGION, cloud.transport())
    right = "Microsoft.Network/virtualNetworks/peer/action"
    look = Look(what="join", name="Network Contributor", at=there, rights=[right])
    assert azure.LOOKS["join"].see(account, look).state is (State.DONE if has else State.NOT_DONE)


def test_providers_are_registered_whatever_their_case(see: See) -> None:
    rows = [
        {"namespace": "microsoft.insights", "registrationState": "Registered"},
        {"namespace": "Microsoft.KeyVault", "registrationState": "Registering"},
    ]
    cloud = by_path({f"{ARM}/providers": {"value": rows}})
    assert see(cloud, "service", "Microsoft.Insights")[0] is State.DONE
    assert see(cloud, "service", "Microsoft.KeyVault") == (State.NOT_DONE, "Microsoft.KeyVault is not registered")


def test_a_region_on_request_is_among_those_of_the_subscription(see: See) -> None:
    cloud = by_path({f"{ARM}/locations": {"value": [{"name": "westeurope"}]}})
    assert see(cloud, "region", "westeurope")[0] is State.DONE
    assert see(cloud, "region", "polandcentral")[0] is State.NOT_DONE


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, State.NOT_DONE),
        ({"value": []}, State.NOT_DONE),
        ({"value": [{"name": "w", "properties": {"provisioningState": "Creating"}}]}, State.NOT_DONE),
        ({"value": [{"name": "w", "properties": {"provisioningState": "Failed"}}]}, State.NOT_DONE),
        ({"value": [WORKSPACE]}, State.DONE),
    ],
)
def test_the_ground_stands_once_its_workspace_is_ready(see: See, answer: Answer, state: State) -> None:
    assert see(by_path({WORKSPACES: answer}), "workspace", "dev-workspace", GROUP)[0] is state


def endpoint(state: str, **traffic: int) -> Cloud:
    said = {"properties": {"provisioningState": state, "traffic": traffic}}
    return by_path({WORKSPACES: {"value": [WORKSPACE]}, ONLINE: said})


def test_an_endpoint_serves_once_a_deployment_has_traffic(see: See) -> None:
    assert see(endpoint("Succeeded", v1=100), "endpoint", "scorer", GROUP)[0] is State.DONE
    assert see(endpoint("Creating", v1=100), "endpoint", "scorer", GROUP)[0] is State.NOT_DONE
    for nobody in (endpoint("Succeeded"), endpoint("Succeeded", v1=0)):
        state, says = see(nobody, "endpoint", "scorer", GROUP)
        assert state is State.NOT_DONE and says.endswith("no deployment has traffic")
    assert see(by_path({WORKSPACES: {"value": [WORKSPACE]}}), "endpoint", "scorer", GROUP)[0] is State.NOT_DONE
    assert see(by_path({}), "endpoint", "scorer", GROUP)[0] is State.NOT_DONE


@pytest.mark.parametrize(("average", "state"), [(0.0, State.NOT_DONE), (0.25, State.DONE), (None, State.NOT_DONE)])
def test_a_call_shows_in_the_endpoints_requests(see: See, average: float | None, state: State) -> None:
    point = {"timeStamp": "2026-11-26T00:00:00Z", **({} if average is None else {"average": average})}
    metrics = {"value": [{"timeseries": [{"data": [point]}]}]}
    cloud = by_path({WORKSPACES: {"value": [WORKSPACE]}, f"{ONLINE}/providers/Microsoft.Insights/metrics": metrics})
    assert see(cloud, "call", "scorer", GROUP)[0] is state


def blobs(*names: str) -> httpx.Response:
    """https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs"""
    rows = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in names)
    return httpx.Response(200, text=f"<EnumerationResults><Blobs>{rows}</Blobs></EnumerationResults>")


def store(answer: Answer) -> Cloud:
    datastore = {"properties": {"accountName": "devstore", "containerName": "models"}}
    return by_path(
        {
            WORKSPACES: {"value": [WORKSPACE]},
            f"{WORKSPACES}/dev-0a1/datastores/artifacts": datastore,
            "devstore.blob.core.windows.net/models": answer,
        }
    )


def test_an_artifact_is_looked_for_where_the_datastore_points(see: See) -> None:
    cloud = store(blobs("fraud/1/model.pkl"))
    assert see(cloud, "artifact", ARTIFACT)[0] is State.DONE
    assert cloud.asked[-1].url.params["prefix"] == "fraud/1/"
    assert cloud.asked[-1].headers["Authorization"] == "Bearer token for https://storage.azure.com/.default"
    assert cloud.asked[0].headers["Authorization"] == "Bearer token for https://management.azure.com/.default"
    assert see(store(blobs()), "artifact", ARTIFACT)[0] is State.NOT_DONE
    assert see(store(None), "artifact", ARTIFACT)[0] is State.NOT_DONE
    assert see(by_path({}), "artifact", ARTIFACT)[0] is State.NOT_DONE


def test_a_store_that_is_closed_says_from_where_to_ask(see: See) -> None:
    refused = httpx.Response(403, headers={"x-ms-error-code": "AuthorizationFailure"}, text="<Error/>")
    with pytest.raises(
        Unseen, match=r"blobs/read, which is missing \(AuthorizationFailure\).* ask from inside the network"
    ):
        see(store(refused), "artifact", ARTIFACT)


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("risk.azurecr.io/scorer:1.4", "scorer/_tags/1.4"),
        ("risk.azurecr.io/team/scorer:1", "team%2Fscorer/_tags/1"),
        ("risk.azurecr.io/scorer@sha256:0a", "scorer/_manifests/sha256%3A0a"),
        ("risk.azurecr.io/scorer", "scorer/_tags/latest"),
    ],
)
def test_an_image_is_asked_for_with_a_token_of_the_registry_alone(see: See, image: str, path: str) -> None:
    def registry(answer: Answer) -> Cloud:
        return by_path(
            {
                "risk.azurecr.io/oauth2/exchange": {"refresh_token": "refresh"},
                "risk.azurecr.io/oauth2/token": {"access_token": "access"},
                f"risk.azurecr.io/acr/v1/{path}": answer,
            }
        )

    cloud = registry({"registry": "risk.azurecr.io"})
    assert see(cloud, "image", image) == (State.DONE, f"the image {image} is there")
    exchanged, made, looked = cloud.asked
    assert "Authorization" not in exchanged.headers and "Authorization" not in made.headers
    assert parse_qs(exchanged.content.decode())["access_token"] == ["token for https://management.azure.com/.default"]
    scope = f"repository:{path.partition('/_')[0].replace('%2F', '/')}:metadata_read"
    assert parse_qs(made.content.decode())["scope"] == [scope]
    assert looked.headers["Authorization"] == "Bearer access"
    assert see(registry(None), "image", image) == (State.NOT_DONE, f"there is no image {image}")


@pytest.mark.parametrize(
    ("what", "name", "right"),
    [
        ("quota", FAMILY, "Microsoft.MachineLearningServices/locations/usages/read"),
        ("service", "Microsoft.Insights", "Microsoft.Resources/subscriptions/providers/read"),
        ("workspace", "dev-workspace", "Microsoft.MachineLearningServices/workspaces/read"),
        ("image", "risk.azurecr.io/scorer:1", "Microsoft.ContainerRegistry/registries/pull/read"),
    ],
)
def test_the_right_that_is_missing_is_named(see: See, what: str, name: str, right: str) -> None:
    with pytest.raises(Unseen, match=rf"it takes the right {right}, which is missing \(AuthorizationFailed\)"):
        see(Cloud(lambda _: azure_error(403, "AuthorizationFailed")), what, name, GROUP, amount=1)


def test_a_batch_endpoint_must_be_ready(see: See) -> None:
    said = {"properties": {"provisioningState": "Succeeded"}}
    cloud = by_path({WORKSPACES: {"value": [WORKSPACE]}, f"{WORKSPACES}/dev-0a1/batchEndpoints/nightly": said})
    assert see(cloud, "batch job", "nightly", GROUP)[0] is State.DONE
    assert see(cloud, "batch job", "weekly", GROUP)[0] is State.NOT_DONE


# ---- what stands and what was judged ---------------------------------------------------------------------------------


def standing(**answers: Answer) -> Cloud:
    return by_path({WORKSPACES: {"value": [WORKSPACE]}, **{f"{WORKSPACES}/dev-0a1/{p}": a for p, a in answers.items()}})


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"traffic": {"a": 100, "b": 0}, "mirrorTraffic": {}}, "one version has all of the traffic of scorer"),
        ({"traffic": {"a": 90, "b": 10}}, "the traffic of scorer is split into 10 and 90"),
        ({"traffic": {"a": 100}, "mirrorTraffic": {"b": 30}}, "the traffic of scorer is split into 100, and 30 % is "),
        ({"traffic": {}}, "the traffic of scorer is split into nothing"),
        (None, "the endpoint scorer is not there"),
    ],
)
def test_the_traffic_that_stands_is_seen(see: See, properties: Any, says: str) -> None:
    cloud = standing(**{"onlineEndpoints/scorer": None if properties is None else {"properties": properties}})
    state, said = see(cloud, "traffic", "scorer", GROUP)
    assert state is (State.DONE if says.startswith("one") else State.NOT_DONE) and said.startswith(says)


@pytest.mark.parametrize(("count", "fits"), [(1, True), (4, True), (5, False), (0, False)])
def test_the_replicas_that_stand_are_held_against_the_bound_that_was_judged(see: See, count: int, fits: bool) -> None:
    cloud = standing(**{"onlineEndpoints/scorer/deployments/v-1": {"sku": {"name": "Default", "capacity": count}}})
    state, says = see(cloud, "replicas", "scorer/v-1", GROUP, 4)
    assert state is (State.DONE if fits else State.NOT_DONE)
    assert says == f"scorer/v-1 has {count} replicas, and 4 at most were judged"
    assert see(standing(), "replicas", "scorer/v-1", GROUP, 4)[0] is State.NOT_DONE


@pytest.mark.parametrize(
    ("stands", "says"),
    [
        ("PT60M", "stops after 60 idle minutes"),
        ("PT1H", "stops after 60 idle minutes"),
        ("PT2H", "stops after 120 idle minutes"),
        (None, "never stops by itself"),
    ],
)
def test_a_machine_that_keeps_another_idle_timeout_is_seen(see: See, stands: str | None, says: str) -> None:
    inner = {"idleTimeBeforeShutdown": stands} if stands else {}
    found = {"properties": {"computeType": "ComputeInstance", "properties": inner}}
    state, said = see(standing(**{"computes/ana": found}), "idle timeout", "ana", GROUP, 60)
    assert state is (State.DONE if " 60 " in says else State.NOT_DONE)
    assert said == f"ana {says}, and 60 were judged"
    assert see(standing(), "idle timeout", "ana", GROUP, 60) == (State.NOT_DONE, "the machine ana is not there")


def test_nobody_sees_who_opened_the_studio_and_nobody_did_whose_machine_is_not_there(see: See) -> None:
    found = {"properties": {"computeType": "ComputeInstance"}}
    with pytest.raises(Unseen, match="no API of Azure ML says who opened the studio; ask 0-a"):
        see(standing(**{"computes/ana": found}), "sign-in", "0-a", f"{GROUP}/ana")
    assert see(standing(), "sign-in", "0-a", f"{GROUP}/ana")[0] is State.NOT_DONE


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"queue", "table"}, "the ways out of the workspace's network are those that were judged: queue table"),
        ({"queue", "table", "pypi"}, "ways out of the workspace's network: pypi not judged"),
        ({"queue"}, "ways out of the workspace's network: table not there"),
    ],
)
def test_a_way_out_that_a_person_opened_is_seen_and_azures_own_are_not(see: See, own: set[str], says: str) -> None:
    rules = [{"name": name, "properties": {"category": "UserDefined"}} for name in sorted(own)]
    rules.append({"name": "__SYS_PE_vault", "properties": {"category": "Required"}})
    state, said = see(standing(outboundRules={"value": rules}), "outbound rules", "queue table", GROUP)
    assert (state is State.DONE) == (own == {"queue", "table"}) and said == says


IDENTITIES = f"{ARM}/resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
OTHER = "management.azure.com/subscriptions/s-2"
PULL, APPROVE = (
    f"Microsoft.ContainerRegistry/registries/{right}"
    for right in ("pull/read", "privateEndpointConnectionsApproval/action")
)
REGISTRY = "/subscriptions/s-2/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/SharedML"
ASSIGNED = (
    f"{OTHER}/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/sharedml/providers/"
    "Microsoft.Authorization/roleAssignments"
)


@pytest.mark.parametrize(
    ("made", "role", "right", "state"),
    [
        ("dev-identity-batch0a1b2c3d", "7f951dda-4ed3-4680-a7ca-43fe172d538d", PULL, State.DONE),
        ("dev-identity-batch0a1b2c3d", "acdd72a7-3385-48ef-bd42-f606fba81ae7", PULL, State.NOT_DONE),  # Reader
        ("dev-identity-batch0a1b2c3d", None, PULL, State.NOT_DONE),
        ("dev-identity-batch-of-another0a1b2c3d", "7f951dda-4ed3-4680-a7ca-43fe172d538d", PULL, State.NOT_DONE),
        ("dev-identity-batch0a1b2c3d", "b556d68e-0be0-4f35-a333-ad7ee1ce17ea", APPROVE, State.DONE),
        ("dev-identity-batch0a1b2c3d", "7f951dda-4ed3-4680-a7ca-43fe172d538d", APPROVE, State.NOT_DONE),
    ],
)
def test_a_registry_of_others_lets_an_identity_in_that_has_a_role_there(
    see: See, made: str, role: str | None, right: str, state: State
) -> None:
    """https://learn.microsoft.com/en-us/rest/api/authorization/role-assignments/list-for-scope"""
    id_ = f"/subscriptions/s-2/providers/Microsoft.Authorization/roleDefinitions/{role}"
    cloud = by_path(
        {
            IDENTITIES: {"value": [{"name": made, "properties": {"principalId": "p-1"}}]},
            f"{OTHER}/providers/Microsoft.ContainerRegistry/registries": {
                "value": [{"name": "SharedML", "id": REGISTRY}]
            },
            ASSIGNED: {"value": [{"properties": {"roleDefinitionId": id_}}] if role else []},
        }
    )
    at = f"s-2/{GROUP}/dev-identity-batch"
    assert see(cloud, "let in", "sharedml.azurecr.io", at, rights=[right])[0] is state
    filters = [request.url.params["$filter"] for request in cloud.asked if "$filter" in request.url.params]
    assert filters == (["assignedTo('p-1')"] if "another" not in made else [])


def test_a_version_is_registered_by_its_digest_and_approved_by_a_version_of_its_approvals(see: See) -> None:
    name, digest = f"{GROUP}/scorer/3", f"sha256:{'a' * 64}"
    at, approval = (
        f"{WORKSPACES}/dev-0a1/models/{model}/versions/3" for model in ("scorer-registered", "scorer-approved")
    )

    def shown(digest: str, **more: object) -> dict[str, Any]:
        return {"properties": {"properties": {"digest": digest}, **more}}

    there: dict[str, Answer] = {WORKSPACES: {"value": [WORKSPACE]}}
    none, registered = by_path(there), by_path({**there, at: shown(digest)})
    assert see(none, "registered", name, digest) == (State.NOT_DONE, f"the workspace has no version {name}")
    assert see(none, "approved", name, digest) == (State.NOT_DONE, f"{name}: nobody has decided on it")
    assert see(registered, "registered", name, digest)[0] is State.DONE
    assert see(registered, "registered", name, "sha256:other")[0] is State.NOT_DONE
    assert see(registered, "approved", name, digest)[0] is State.NOT_DONE
    decided: list[tuple[dict[str, Any], State]] = [
        (shown(digest, isArchived=False), State.DONE),
        (shown(digest, isArchived=True), State.NOT_DONE),
        (shown("sha256:other"), State.NOT_DONE),
        ({"properties": {}}, State.NOT_DONE),
    ]
    for said, state in decided:
        assert see(by_path({**there, approval: said}), "approved", name, digest)[0] is state
