"""What `doctor` sees on Google Cloud, from answers in the shapes that the methods' pages document."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue import versions
from operations.doctor import NoCredentials, State, Unseen, gcp
from operations.verdict import Look
from tests.operations.doctor.doubles import Answer, Cloud, by_path, google_error

PROJECT, REGION = "risk-dev", "europe-west4"
QUOTAS = (
    f"cloudquotas.googleapis.com/v1/projects/{PROJECT}/locations/global/services/aiplatform.googleapis.com/quotaInfos"
)
APIS = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services"
ENDPOINTS = f"{REGION}-aiplatform.googleapis.com/v1/projects/{PROJECT}/locations/{REGION}/endpoints"
METRIC = "aiplatform.googleapis.com/custom_model_serving_nvidia_l4_gpus"


@pytest.fixture(scope="module")
def see() -> Callable[..., tuple[State, str]]:
    """What one look at a cloud shows; a door of its own for each cloud."""

    def look(
        cloud: Cloud, what: Any, name: str, at: str = "", amount: int | None = None, rights: Sequence[str] = ()
    ) -> tuple[State, str]:
        account = gcp.account_of(lambda: "word", PROJECT, REGION, cloud.transport())
        asked = Look(what=what, name=name, at=at, amount=amount, rights=list(rights))
        seen = gcp.LOOKS[what].see(account, asked)
        assert all(request.headers["Authorization"] == "Bearer word" for request in cloud.asked)
        return seen.state, seen.says

    return look


See = Callable[..., tuple[State, str]]


def row(value: int | None, locations: list[str], **dimensions: str) -> dict[str, Any]:
    """A DimensionsInfo: https://docs.cloud.google.com/docs/quotas/reference/rest/v1/DimensionsInfo"""
    details = {} if value is None else {"value": str(value)}
    return {"dimensions": dimensions, "details": details, "applicableLocations": locations}


def quota(*rows: Mapping[str, Any], metric: str = METRIC) -> Cloud:
    info = {"metric": metric, "quotaId": "L4", "service": "aiplatform.googleapis.com", "dimensionsInfos": list(rows)}
    return by_path({QUOTAS: {"quotaInfos": [info]}})


@pytest.mark.parametrize(
    ("rows", "granted"),
    [
        ([row(8, [REGION], region=REGION), row(1, ["us-east1"])], True),
        ([row(1, [REGION], region=REGION), row(8, ["us-east1", REGION])], False),
        ([row(8, ["us-east1"], region="us-east1"), row(0, [REGION])], False),
        ([row(2, ["us-east1", REGION])], True),
        ([row(2, ["global"])], True),
        ([row(2, ["us-east1"])], False),
        ([row(-1, [REGION], region=REGION)], True),
        ([row(None, [REGION], region=REGION)], False),
        ([], False),
    ],
)
def test_the_regions_own_value_holds_and_else_that_of_all(see: See, rows: list[Any], granted: bool) -> None:
    assert see(quota(*rows), "quota", METRIC, amount=2)[0] is (State.DONE if granted else State.NOT_DONE)


@given(granted=st.integers(0, 500), wanted=st.integers(1, 500))
def test_a_quota_is_enough_from_what_is_needed_on(see: See, granted: int, wanted: int) -> None:
    state, says = see(quota(row(granted, [REGION])), "quota", METRIC, amount=wanted)
    assert state is (State.DONE if granted >= wanted else State.NOT_DONE)
    assert says == f"{METRIC}: {granted} are granted, {wanted} are needed"


def test_an_api_on_a_later_page_is_on(see: See) -> None:
    def answer(request: httpx.Request) -> Answer:
        assert request.url.params["filter"] == "state:ENABLED"
        names = ["compute"] if request.url.params.get("pageToken") == "more" else ["storage"]
        on = [{"config": {"name": f"{name}.googleapis.com"}, "state": "ENABLED"} for name in names]
        return {"services": on, **({} if "pageToken" in request.url.params else {"nextPageToken": "more"})}

    assert see(Cloud(answer), "service", "compute.googleapis.com")[0] is State.DONE
    assert see(Cloud(answer), "service", "dns.googleapis.com") == (State.NOT_DONE, "dns.googleapis.com is off")


@pytest.mark.parametrize("what", ["endpoint", "batch job", "image", "bucket", "artifact", "call"])
def test_where_its_api_is_off_a_thing_is_not_there(see: See, what: str) -> None:
    cloud = Cloud(lambda _: google_error(403, "SERVICE_DISABLED"))
    name = {"image": f"europe-docker.pkg.dev/{PROJECT}/serving/scorer:1", "artifact": "gs://models/a/"}.get(
        what, "scorer"
    )
    assert see(cloud, what, name) == (
        State.NOT_DONE,
        f"{name} is not there: its API is off in the project {PROJECT}",
    )


def test_a_quota_is_asked_of_the_service_that_its_metric_names(see: See) -> None:
    info = {"metric": "compute.googleapis.com/ssd_total_storage", "dimensionsInfos": [row(500, [REGION])]}
    cloud = by_path({QUOTAS.replace("aiplatform", "compute"): {"quotaInfos": [info]}})
    assert see(cloud, "quota", info["metric"], amount=600) == (
        State.NOT_DONE,
        "compute.googleapis.com/ssd_total_storage: 500 are granted, 600 are needed",
    )


def test_where_the_api_that_tells_is_off_a_quota_cannot_be_seen(see: See) -> None:
    with pytest.raises(Unseen, match=r"it takes the API cloudquotas.googleapis.com, which is off in risk-dev"):
        see(Cloud(lambda _: google_error(403, "SERVICE_DISABLED")), "quota", METRIC, amount=1)


@pytest.mark.parametrize(
    ("what", "name", "right"),
    [
        ("quota", METRIC, "cloudquotas.quotas.get"),
        ("service", "dns.googleapis.com", "serviceusage.services.list"),
        ("bucket", "models", "storage.buckets.get"),
        ("artifact", "gs://models/a/", "storage.objects.list"),
        ("image", f"us-docker.pkg.dev/{PROJECT}/serving/scorer:1", "artifactregistry.tags.get"),
        ("endpoint", "scorer", "aiplatform.endpoints.list"),
        ("batch job", "nightly", "workflows.workflows.get"),
    ],
)
def test_the_right_that_is_missing_is_named(see: See, what: str, name: str, right: str) -> None:
    with pytest.raises(Unseen, match=rf"it takes the right {right}, which is missing \(IAM_PERMISSION_DENIED\)"):
        see(Cloud(lambda _: google_error(403, "IAM_PERMISSION_DENIED")), what, name, amount=1)


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("europe-west4-docker.pkg.dev/risk-dev/serving/scorer:1.4", "europe-west4/serving/scorer/tags/1.4"),
        ("us-docker.pkg.dev/risk-dev/serving/team/scorer:1", "us/serving/team%2Fscorer/tags/1"),
        ("us-docker.pkg.dev/risk-dev/serving/scorer@sha256:0a", "us/serving/scorer/versions/sha256%3A0a"),
        ("us-docker.pkg.dev/risk-dev/serving/scorer", "us/serving/scorer/tags/latest"),
        ("gcr.io/risk-dev/scorer:1", "us/gcr.io/scorer/tags/1"),
        ("eu.gcr.io/risk-dev/team/scorer:1", "europe/eu.gcr.io/team%2Fscorer/tags/1"),
    ],
)
def test_an_image_is_looked_for_in_its_own_repository(see: See, image: str, path: str) -> None:
    place, repository, rest = path.split("/", 2)
    at = "artifactregistry.googleapis.com/v1/projects/risk-dev/locations"
    there = by_path({f"{at}/{place}/repositories/{repository}/packages/{rest}": {"name": "tag"}})
    assert see(there, "image", image) == (State.DONE, f"the image {image} is there")
    assert see(by_path({}), "image", image) == (State.NOT_DONE, f"there is no image {image}")


def test_a_folder_of_no_files_holds_no_artifact(see: See) -> None:
    def bucket(*names: str) -> Cloud:
        items = {"items": [{"name": name} for name in names]} if names else {}
        return by_path({"storage.googleapis.com/storage/v1/b/models/o": items})

    assert see(bucket(), "artifact", "gs://models/fraud/1/")[0] is State.NOT_DONE
    assert see(bucket("fraud/1/"), "artifact", "gs://models/fraud/1/")[0] is State.NOT_DONE
    filled = bucket("fraud/1/", "fraud/1/model.bst")
    assert see(filled, "artifact", "gs://models/fraud/1/")[0] is State.DONE
    assert filled.asked[0].url.params["prefix"] == "fraud/1/"
    assert see(by_path({}), "artifact", "gs://models/fraud/1/")[0] is State.NOT_DONE
    file = bucket("fraud/may.jsonl")
    assert see(file, "batch input", "gs://models/fraud/may.jsonl")[0] is State.DONE
    assert see(bucket("fraud/"), "batch input", "gs://models/fraud/")[0] is State.NOT_DONE


def test_an_endpoint_needs_a_model(see: See) -> None:
    empty = {"name": "projects/1/locations/x/endpoints/7", "displayName": "scorer"}
    assert see(by_path({ENDPOINTS: {}}), "endpoint", "scorer")[1] == "there is no endpoint scorer"
    assert see(by_path({ENDPOINTS: {"endpoints": [empty]}}), "endpoint", "scorer")[0] is State.NOT_DONE
    cloud = by_path({ENDPOINTS: {"endpoints": [{**empty, "deployedModels": [{"id": "1"}]}]}})
    assert see(cloud, "endpoint", "scorer")[0] is State.DONE
    assert cloud.asked[0].url.params["filter"] == 'display_name="scorer"'


@pytest.mark.parametrize("family", ["online", "online/private", None])
def test_a_call_shows_in_either_family_of_metrics(see: See, family: str | None) -> None:
    def answer(request: httpx.Request) -> Answer:
        if request.url.host != "monitoring.googleapis.com":
            return {"endpoints": [{"name": "projects/1/locations/x/endpoints/7"}]}
        asked = request.url.params["filter"]
        assert 'endpoint_id = "7"' in asked
        value = "3" if family and f"prediction/{family}/response_count" in asked else "0"
        return {"timeSeries": [{"points": [{"value": {"int64Value": value}}]}]}

    assert see(Cloud(answer), "call", "scorer")[0] is (State.DONE if family else State.NOT_DONE)


def test_who_asks_has_a_right_or_lacks_it(see: See) -> None:
    subnet = "projects/host/regions/europe-west4/subnetworks/shared"
    at = f"compute.googleapis.com/compute/v1/{subnet}/testIamPermissions"
    has = by_path({at: {"permissions": ["compute.subnetworks.use"]}})
    assert see(has, "right", "compute.subnetworks.use", subnet)[0] is State.DONE
    assert see(by_path({at: {}}), "right", "compute.subnetworks.use", subnet)[0] is State.NOT_DONE


def test_the_billing_account_is_that_of_the_project(see: See) -> None:
    of = {
        f"cloudbilling.googleapis.com/v1/projects/{PROJECT}/billingInfo": {"billingAccountName": "billingAccounts/0A"}
    }
    asked = "cloudbilling.googleapis.com/v1/billingAccounts/0A:testIamPermissions"
    has = by_path({**of, asked: {"permissions": ["billing.budgets.create"]}})
    role = ("role", "roles/billing.costsManager", "billing account", None, ["billing.budgets.create"])
    assert see(has, *role)[0] is State.DONE
    assert see(by_path({**of, asked: {}}), *role)[0] is State.NOT_DONE
    assert see(by_path({}), *role) == (State.NOT_DONE, f"the project {PROJECT} has no billing account")


def test_of_the_rights_of_a_role_those_that_are_missing_are_named(see: See) -> None:
    """A question has a hundred permissions at most."""
    wanted = [f"compute.networks.do{number:03}" for number in range(150)]

    def answer(request: httpx.Request) -> Answer:
        assert request.url.path == f"/v3/projects/{PROJECT}:testIamPermissions"
        asked: list[str] = json.loads(request.content)["permissions"]
        assert len(asked) <= 100
        return {"permissions": [one for one in asked if one not in lacks]}

    lacks: set[str] = set()
    role = ("role", "roles/owner", "account", None, wanted)
    assert see(Cloud(answer), *role) == (State.DONE, "whoever asks has the rights of roles/owner")
    lacks = {wanted[149], wanted[0]}
    says = f"whoever asks lacks rights of roles/owner: {wanted[0]}, {wanted[149]}"
    assert see(Cloud(answer), *role) == (State.NOT_DONE, says)
    lacks = set(wanted)
    assert see(Cloud(answer), *role)[1].endswith("do002 and 147 more")


def test_a_workflow_must_be_active(see: See) -> None:
    at = f"workflows.googleapis.com/v1/projects/{PROJECT}/locations/{REGION}/workflows/nightly"
    assert see(by_path({at: {"state": "ACTIVE"}}), "batch job", "nightly")[0] is State.DONE
    assert see(by_path({at: {"state": "UNAVAILABLE"}}), "batch job", "nightly")[0] is State.NOT_DONE
    assert see(by_path({}), "batch job", "nightly")[1] == "there is no workflow nightly"


def test_no_credentials_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", "none")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(NoCredentials, match="run `gcloud auth application-default login`"):
        gcp.open_account(PROJECT, REGION)


# ---- what stands and what was judged ---------------------------------------------------------------------------------

INSTANCE = f"notebooks.googleapis.com/v2/projects/{PROJECT}/locations/{REGION}-a/instances/ana"


@pytest.mark.parametrize(
    ("metadata", "minutes"),
    [({"idle-timeout-seconds": "3600"}, 60), ({"idle-timeout-seconds": "7200"}, 120), ({}, 180)],
)
def test_a_machine_that_keeps_another_idle_timeout_is_seen(see: See, metadata: Any, minutes: int) -> None:
    cloud = by_path({INSTANCE: {"name": "ana", "gceSetup": {"metadata": metadata}}})
    assert see(cloud, "idle timeout", "ana", f"{REGION}-a", 120) == (
        State.DONE if minutes == 120 else State.NOT_DONE,
        f"ana stops after {minutes} idle minutes, and 120 were judged",
    )


def test_nobody_sees_who_opened_an_instance_and_nobody_opened_one_that_is_not_there(see: See) -> None:
    there = by_path({INSTANCE: {"name": "ana", "state": "ACTIVE"}})
    with pytest.raises(Unseen, match=r"no API of Workbench says who opened it; ask ana@example\.com"):
        see(there, "sign-in", "ana@example.com", f"{REGION}-a/ana")
    assert see(there, "sign-in", "ana@example.com", f"{REGION}-b/ana")[0] is State.NOT_DONE


def test_a_machine_that_kept_its_zone_is_seen(see: See) -> None:
    assert see(by_path({INSTANCE: {"name": "ana"}}), "idle timeout", "ana", f"{REGION}-b", 120) == (
        State.NOT_DONE,
        f"there is no instance ana in {REGION}-b; one that stands elsewhere keeps its zone",
    )


@pytest.mark.parametrize(
    ("split", "says"),
    [
        ({"1": 100}, "one version has all of the traffic of scorer"),
        ({"1": 100, "2": 0}, "one version has all of the traffic of scorer"),
        ({"1": 90, "2": 10}, "the traffic of scorer is split into 10 and 90"),
        (None, "the traffic of scorer is split into nothing"),
    ],
)
def test_the_traffic_that_stands_is_seen(see: See, split: Any, says: str) -> None:
    endpoint = {"name": f"projects/1/locations/{REGION}/endpoints/7", "displayName": "scorer", "trafficSplit": split}
    state, said = see(by_path({ENDPOINTS: {"endpoints": [endpoint]}}), "traffic", "scorer")
    assert (state is State.DONE) == says.startswith("one") and said == says
    assert see(by_path({ENDPOINTS: {}}), "traffic", "scorer")[0] is State.NOT_DONE


@pytest.mark.parametrize(
    ("name", "asked", "right"),
    [
        (
            "gs://claims-data",
            "storage.googleapis.com/storage/v1/b/claims-data/iam/testPermissions",
            "storage.buckets.setIamPolicy",
        ),
        (
            "us-docker.pkg.dev/shared-images/serving",
            "artifactregistry.googleapis.com/v1/projects/shared-images/locations/us/repositories/serving:testIamPermissions",
            "artifactregistry.repositories.setIamPolicy",
        ),
    ],
)
def test_a_place_of_others_lets_whoever_deploys_in_where_they_may_set_its_policy(
    see: See, name: str, asked: str, right: str
) -> None:
    """Who has none of the rights gets an answer without `permissions`."""
    for answer, state in (({"permissions": [right]}, State.DONE), ({}, State.NOT_DONE), (None, State.NOT_DONE)):
        cloud = by_path({asked: answer})
        assert see(cloud, "let in", name, rights=[right])[0] is state
    assert right in cloud.asked[0].content.decode() + str(cloud.asked[0].url)


def test_a_version_is_registered_by_the_digest_of_its_record(see: See) -> None:
    version, record = "gs://artifacts/registry/scorer/3/", httpx.Response(200, content=b"the record")
    there = "storage.googleapis.com/storage/v1/b/artifacts/o/registry%2Fscorer%2F3%2Fversion.json"
    for answer, digest, said in (
        (record, versions.digest(b"the record"), (State.DONE, f"the version {version} is registered")),
        (None, "sha256:0", (State.NOT_DONE, f"there is no record at {version}version.json")),
    ):
        assert see(by_path({there: answer}), "registered", version, digest) == said
    state, said = see(by_path({there: record}), "registered", version, "sha256:0")
    assert state is State.NOT_DONE and said.endswith("and sha256:0 is named")


def test_a_version_is_approved_by_its_digest_and_a_rejection_outweighs(see: See) -> None:
    version, digest = "gs://approvals/approvals/scorer/3", f"sha256:{'a' * 64}"
    said = {"schema": "mlplatform-approval/1", "by": "ana", "at": "2026-11-02T09:30:00+00:00", "why": "it holds"}
    there = "storage.googleapis.com/storage/v1/b/approvals/o/approvals%2Fscorer%2F3%2F"

    def shown(**decisions: dict[str, Any]) -> tuple[State, str]:
        return see(
            by_path({f"{there}{name}.json": text for name, text in decisions.items()}), "approved", version, digest
        )

    approved = {**said, "decision": "approved", "digest": digest}
    assert shown() == (State.NOT_DONE, f"{version}: nobody approved it")
    assert shown(approved=approved) == (State.DONE, f"{version} is approved")
    assert shown(approved=approved, rejected={**approved, "decision": "rejected"})[1] == f"{version} was rejected"
    assert shown(approved={**approved, "digest": f"sha256:{'b' * 64}"})[0] is State.NOT_DONE
    assert shown(approved={"digest": digest})[0] is State.NOT_DONE
