"""The REST double of a sandbox: what it changes is in the sandbox's file, and what is there it answers with."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalogue import quotas
from catalogue.answers import project_number
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, SERVED
from catalogue.kinds.azure.mlplatform import ROLES_IN_FORCE, TRAFFIC
from catalogue.kinds.gcp.kms import KEY_MEMBER
from catalogue.kinds.gcp.mlplatform import GRANTS_IN_FORCE
from catalogue.kinds.gcp.storage import BUCKET_MEMBER
from catalogue.machines import Machines
from provider.azure.roles import RolesInForceInputs, RolesInForceService
from provider.clouds import AZURE_VARIABLE, GOOGLE_VARIABLE
from provider.errors import CloudError, ProviderError
from provider.gcp.deployment import deployed_id
from provider.gcp.grants import GrantsInForceInputs, GrantsInForceService
from provider.inputs import parsed
from sandbox.rest.kept import KeptDouble
from sandbox.rest.kept_vertex import AI_ENDPOINT, DEPLOYMENT, MODEL
from sandbox.state import State
from sandbox.state.metrics import Played
from sandbox.state.records import Held, New, Reference
from tests.provider.cloud import AZURE_ENDPOINT, ENDPOINT, LOCATION, Killed, Logic, deployment, logic, model, traffic

PROJECT = "payments-risk-pilot"
NEWER = {"model": f"{LOCATION}/models/fraud-scorer@2"}


def place(state: State, type_: str, id_: str, **values: Any) -> None:
    """A resource as a simulated provider makes it."""
    azure = id_.startswith("/")
    links = values.pop("links", ())
    new = New(
        type=type_,
        id=id_,
        platform="azure" if azure else "gcp",
        account=id_.split("/")[2] if azure else PROJECT,
        region="eastus2" if azure else "us-central1",
        name=id_.rpartition("/")[2],
        inputs=values,
        outputs={},
        links=links,
    )
    state.resources.create(new)


def deployments(state: State, *names: str) -> None:
    for name in names:
        to = Reference("endpointName", AZURE_ENDPOINT, (SERVED,), holds=True)
        place(state, ONLINE_DEPLOYMENT, f"{AZURE_ENDPOINT}/deployments/{name}", kind="Managed", links=[to])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    State(tmp_path / "state.sqlite").account.use()
    return filled(tmp_path / "state.sqlite")


def filled(database: Path) -> Path:
    """A sandbox in which endpoints stand."""
    state = State(database)
    place(state, AI_ENDPOINT, ENDPOINT, displayName="fraud-scorer")
    endpoint = {"location": "eastus2", "kind": "Managed", "tags": {"stack": "azure-pilot"}, "workspaceName": "risk"}
    properties = {"authMode": "AADToken", "publicNetworkAccess": "Disabled", "traffic": {}}
    place(state, SERVED, AZURE_ENDPOINT, **endpoint, properties=properties)
    deployments(state, "blue", "green")
    return database


@pytest.fixture
def run(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logic]:
    """The provider's logic, up to a double of the sandbox."""
    with connected(database, monkeypatch) as run:
        yield run


@contextmanager
def connected(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logic]:
    with KeptDouble(database=database) as double:
        monkeypatch.setenv(GOOGLE_VARIABLE, double.address)
        monkeypatch.setenv(AZURE_VARIABLE, double.address)
        with logic() as run:
            yield run


def test_the_policies_of_the_sandbox_have_the_grants_that_stand_in_it(run: Logic, database: Path) -> None:
    key = f"{LOCATION}/keyRings/ring/cryptoKeys/data/roles/cloudkms.cryptoKeyEncrypterDecrypter/serviceAccount:a@b.c"
    read = f"b/artifacts/roles/storage.objectViewer/serviceAccount:a@b.c/below-x/{LOCATION}"
    service, state = GrantsInForceService(run.clouds), State(database)
    place(state, KEY_MEMBER, key)
    assert service.read("grants", {"grants": [key, read]}) == {"missing": 1}
    place(state, BUCKET_MEMBER, read)
    assert service.create(
        parsed(GrantsInForceInputs, {"project": PROJECT, "grants": [key, read], "minutes": 7})
    ).outputs == {"missing": 0}


def shares(state: State) -> dict[str, int]:
    return {row.inputs["id"]: row.outputs["trafficPercent"] for row in state.resources.find(type=DEPLOYMENT)}


def test_what_the_provider_makes_is_there_in_the_sandbox(run: Logic, database: Path) -> None:
    run.models.create(model())
    run.deployments.update(deployment())
    run.traffics.update(traffic())
    state = State(database)
    (stored,) = state.resources.find(type=MODEL)
    assert (stored.id, stored.name, stored.account) == (f"{LOCATION}/models/fraud-scorer", "fraud-scorer", PROJECT)
    assert stored.inputs["containerSpec"]["imageUri"].endswith("fraud-scorer:1.4.0")
    assert shares(state) == {deployed_id(deployment()): 100}
    (routed,) = state.resources.find(type=TRAFFIC)
    assert routed.outputs["traffic"] == {"blue": 100}
    assert [event.operation for event in state.journal.events() if event.type == MODEL] == ["create"]


def test_a_later_process_answers_with_it(run: Logic, database: Path) -> None:
    run.models.create(model())
    serving = run.deployments.update(deployment())
    with KeptDouble(database=database) as later:
        headers = {"Authorization": "Bearer sandbox"}
        found = httpx.get(f"{later.address}/v1/{ENDPOINT}", headers=headers).json()
        version = httpx.get(f"{later.address}/v1/{LOCATION}/models/fraud-scorer@1", headers=headers).json()
    assert found["name"].startswith(f"projects/{project_number(PROJECT)}/")
    assert found["trafficSplit"] == {serving["deployedModelId"]: 100}
    assert version["versionAliases"][0] == "default"


def test_a_change_in_place_is_kept(run: Logic, database: Path) -> None:
    run.models.create(model())
    run.deployments.update(deployment())
    state = State(database)
    (stands,) = state.resources.find(type=DEPLOYMENT)
    state.resources.change_behind(stands.key, "dedicatedResources.maxReplicaCount", 1)
    run.deployments.update(deployment())
    (mended,) = state.resources.find(type=DEPLOYMENT)
    assert mended.inputs == stands.inputs


def test_a_double_that_has_answered_sees_what_others_do_later(run: Logic, database: Path) -> None:
    headers, state = {"Authorization": "Bearer sandbox"}, State(database)
    with KeptDouble(database=database) as other:
        url = f"{other.address}/v1/{ENDPOINT}"
        assert httpx.get(url, headers=headers).json()["deployedModels"] == []
        run.models.create(model())
        serving = run.deployments.update(deployment())
        assert httpx.get(url, headers=headers).json()["trafficSplit"] == {serving["deployedModelId"]: 100}
        (stands,) = state.resources.find(type=DEPLOYMENT)
        state.resources.change_behind(stands.key, "dedicatedResources.maxReplicaCount", 1)
        (seen,) = httpx.get(url, headers=headers).json()["deployedModels"]
        assert seen["dedicatedResources"]["maxReplicaCount"] == 1
        state.resources.delete_behind(state.resources.find(type=AI_ENDPOINT)[0].key)
        assert httpx.get(url, headers=headers).status_code == 404
        assert state.resources.find(type=DEPLOYMENT) == []


def test_a_double_follows_a_sandbox_that_was_emptied(run: Logic, database: Path) -> None:
    run.models.create(model())
    State(database).reset()
    State(database).account.use()
    place(State(database), AI_ENDPOINT, ENDPOINT, displayName="fraud-scorer")
    run.models.create(model())
    assert [row.name for row in State(database).resources.find(type=MODEL)] == ["fraud-scorer"]


def test_taking_down_leaves_nothing(run: Logic, database: Path) -> None:
    before = [row.id for row in State(database).resources.all()]
    run.models.create(model())
    run.deployments.update(deployment())
    run.traffics.update(traffic())
    run.traffics.delete(AZURE_ENDPOINT)
    run.deployments.delete(ENDPOINT)
    run.models.delete(f"{LOCATION}/models/fraud-scorer")
    assert [row.id for row in State(database).resources.all()] == before


def test_what_serves_cannot_be_deleted_from_under_it(run: Logic, database: Path) -> None:
    run.models.create(model())
    run.deployments.update(deployment())
    run.traffics.update(traffic())
    state = State(database)
    for type_, id_ in ((AI_ENDPOINT, ENDPOINT), (ONLINE_DEPLOYMENT, f"{AZURE_ENDPOINT}/deployments/blue")):
        row = state.resources.get(type_, id_)
        assert row is not None
        with pytest.raises(Held, match=r"fraud-scorer \(mlplatform:"):
            state.resources.delete(row.key)
    free = state.resources.get(ONLINE_DEPLOYMENT, f"{AZURE_ENDPOINT}/deployments/green")
    assert free is not None
    state.resources.delete(free.key)


def test_traffic_holds_the_new_deployment_and_frees_the_old(run: Logic, database: Path) -> None:
    run.traffics.update(traffic())
    run.traffics.update(traffic(deployment="green"))
    state = State(database)
    blue = state.resources.get(ONLINE_DEPLOYMENT, f"{AZURE_ENDPOINT}/deployments/blue")
    green = state.resources.get(ONLINE_DEPLOYMENT, f"{AZURE_ENDPOINT}/deployments/green")
    assert blue is not None and green is not None
    state.resources.delete(blue.key)
    with pytest.raises(Held):
        state.resources.delete(green.key)


def test_the_provider_changes_traffic_alone_on_what_another_made(run: Logic, database: Path) -> None:
    state = State(database)
    before = state.resources.get(SERVED, AZURE_ENDPOINT)
    run.traffics.update(traffic())
    assert state.resources.get(SERVED, AZURE_ENDPOINT) == before


def test_a_write_that_changes_a_tag_is_seen_on_the_endpoint(database: Path) -> None:
    with KeptDouble(database=database) as double:
        url, headers = f"{double.address}{AZURE_ENDPOINT}?api-version=2025-12-01", {"Authorization": "Bearer sandbox"}
        body = {**httpx.get(url, headers=headers).json(), "tags": {"stack": "mine"}}
        status = httpx.put(url, json=body, headers=headers).headers["Azure-AsyncOperation"]
        while httpx.get(status, headers=headers).json()["status"] == "InProgress":
            pass
    row = State(database).resources.get(SERVED, AZURE_ENDPOINT)
    assert row is not None and row.outputs == {"tags": {"stack": "mine"}}


def test_an_operation_outlives_the_process_that_began_it(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"Authorization": "Bearer sandbox"}
    body = {"modelId": "m", "model": {"displayName": "m", "containerSpec": {}}}
    with KeptDouble(database=database) as first:
        begun = httpx.post(f"{first.address}/v1/{LOCATION}/models:upload", json=body, headers=headers).json()
    with KeptDouble(database=database) as second:
        again = httpx.post(f"{second.address}/v1/{LOCATION}/models:upload", json=body, headers=headers)
        assert again.status_code == 400 and "Another operation is running" in again.text
        looks = [httpx.get(f"{second.address}/v1/{begun['name']}", headers=headers).json() for _ in range(2)]
    assert [look.get("done", False) for look in looks] == [False, True]
    assert State(database).resources.get(MODEL, f"{LOCATION}/models/m") is not None


@pytest.mark.parametrize("kill_after", range(1, 12))
def test_killed_after_any_call_the_next_run_takes_it_up(
    database: Path, monkeypatch: pytest.MonkeyPatch, kill_after: int
) -> None:
    monkeypatch.setenv(AZURE_VARIABLE, "http://127.0.0.1:1")
    with KeptDouble(database=database) as double:
        monkeypatch.setenv(GOOGLE_VARIABLE, double.address)
        with logic(kill_after) as run, pytest.raises(Killed):
            run.models.create(model())
            run.deployments.update(deployment())
    with KeptDouble(database=database) as double:
        monkeypatch.setenv(GOOGLE_VARIABLE, double.address)
        with logic() as run:
            run.models.create(model())
            run.deployments.update(deployment())
    assert shares(State(database)) == {deployed_id(deployment()): 100}
    assert list(State(database).resources.find(type=MODEL)[0].outputs["versions"]) == ["1"]


@pytest.mark.parametrize("name", ["fraud-scorer", "deployed"])
def test_played_latency_rolls_a_canary_back(run: Logic, database: Path, name: str) -> None:
    run.models.create(model())
    old = run.deployments.update(deployment())["deployedModelId"]
    run.models.update(model(artifactUri="gs://payments-risk-artifacts/fraud-scorer/2/"))
    State(database).metrics.play(deployed_id(deployment(**NEWER)) if name == "deployed" else name, Played(p95_ms=900))
    with pytest.raises(ProviderError, match="p95 latency was 900 ms"):
        run.deployments.update(deployment(**NEWER))
    assert shares(State(database)) == {old: 100}
    State(database).metrics.play(deployed_id(deployment(**NEWER)) if name == "deployed" else name, Played(requests=0))
    run.deployments.update(deployment(**NEWER))
    assert shares(State(database)) == {deployed_id(deployment(**NEWER)): 100}, "silence is no breach"


@pytest.mark.parametrize("played", [Played(p95_ms=900), Played(error_percent=20)])
def test_played_figures_reach_azures_metrics(run: Logic, database: Path, played: Played) -> None:
    run.traffics.update(traffic())
    State(database).metrics.play("fraud-scorer", played)
    with pytest.raises(ProviderError, match=r"(900 ms|20 % of its answers)"):
        run.traffics.update(traffic(deployment="green"))
    assert State(database).resources.find(type=TRAFFIC)[0].outputs["traffic"] == {"blue": 100}
    State(database).metrics.play("fraud-scorer", None)
    run.traffics.update(traffic(deployment="green"))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("access-denied", "does not have permission"),
        ("no-capacity", "no capacity"),
        ("quota-exceeded", "quota of this machine type"),
    ],
)
def test_an_armed_fault_of_the_sandbox_strikes_once(run: Logic, database: Path, kind: Any, said: str) -> None:
    run.models.create(model())
    State(database).faults.arm(kind, DEPLOYMENT)
    with pytest.raises(CloudError, match=said):
        run.deployments.update(deployment())
    run.deployments.update(deployment())
    assert State(database).faults.armed() == []


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_metrics_can_be_hidden_and_then_a_canary_does_not_serve_on(run: Logic, database: Path, platform: str) -> None:
    run.models.create(model())
    run.models.update(model(image="registry/fraud-scorer:1.5.0"))
    run.deployments.update(deployment())
    run.traffics.update(traffic())
    State(database).faults.arm("access-denied", "metrics", 999, "deployer")
    with pytest.raises(ProviderError, match=r"its metrics could not be read .*does not have permission"):
        if platform == "gcp":
            run.deployments.update(deployment(model=f"{LOCATION}/models/fraud-scorer@2"))
        else:
            run.traffics.update(traffic(deployment="green"))
    assert run.deployments.read(ENDPOINT, {})["trafficPercent"] == 100
    assert run.traffics.read(AZURE_ENDPOINT, {"deployment": "blue"})["trafficPercent"] == 100


@pytest.mark.parametrize("kind", ["throttle", "fails-after-success"])
def test_a_passing_fault_is_got_over(run: Logic, database: Path, kind: Any) -> None:
    State(database).faults.arm(kind, "fraud-scorer")
    run.models.create(model())
    assert State(database).faults.armed() == [] and len(State(database).resources.find(type=MODEL)) == 1


@pytest.mark.parametrize("kind", ["throttle", "server-error", "gone"])
def test_a_wait_for_grants_gets_over_a_read_that_fails(run: Logic, database: Path, kind: Any) -> None:
    read, state = "b/artifacts/roles/storage.objectViewer/serviceAccount:a@b.c", State(database)
    place(state, BUCKET_MEMBER, read)
    state.faults.arm(kind, GRANTS_IN_FORCE, times=2, on_read=True)
    wait = parsed(GrantsInForceInputs, {"project": PROJECT, "grants": [read], "minutes": 7})
    assert GrantsInForceService(run.clouds).create(wait).outputs == {"missing": 0}
    assert state.faults.armed() == []


@pytest.mark.parametrize("kind", ["throttle", "server-error", "gone"])
def test_a_wait_for_roles_gets_over_a_read_that_fails(run: Logic, database: Path, kind: Any) -> None:
    role = f"{AZURE_ENDPOINT}/providers/Microsoft.Authorization/roleAssignments/{'0' * 8}-0000-0000-0000-{'0' * 12}"
    state = State(database)
    place(state, ROLE_ASSIGNMENT, role)
    state.faults.arm(kind, ROLES_IN_FORCE, times=2, on_read=True)
    wait = parsed(RolesInForceInputs, {"assignments": [role], "minutes": 10})
    assert RolesInForceService(run.clouds).create(wait).outputs == {"missing": 0}
    assert state.faults.armed() == []


@pytest.mark.parametrize(("kind", "at"), [("throttle", DEPLOYMENT), ("server-error", "metrics")])
def test_a_canary_gets_over_reads_that_fail(run: Logic, database: Path, kind: Any, at: str) -> None:
    run.models.create(model())
    run.models.update(model(image="registry/fraud-scorer:1.5.0"))
    run.deployments.update(deployment())
    state = State(database)
    state.metrics.play("fraud-scorer", Played(100, 0, 1000))
    state.faults.arm(kind, at, times=3, on_read=True)
    run.deployments.update(deployment(**NEWER))
    assert sorted(shares(state).values()) == [100] and state.faults.armed() == []


def test_a_new_project_lacks_api_image_artifact_and_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(filled(tmp_path / "state.sqlite"), monkeypatch) as run:
        state = State(tmp_path / "state.sqlite")
        lacks_one_after_the_other(run, state)


def lacks_one_after_the_other(run: Logic, state: State) -> None:
    serving, wanted = model(), deployment()
    with pytest.raises(CloudError, match=r"Permission 'aiplatform\.models\.upload' denied on resource "):
        run.models.create(serving)
    state.account.grant("roles/owner")
    with pytest.raises(CloudError, match=r"aiplatform\.googleapis\.com has not been used .*SERVICE_DISABLED"):
        run.models.create(serving)
    state.account.enable("aiplatform.googleapis.com")
    with pytest.raises(CloudError, match=f"No such image: {serving.image}"):
        run.models.create(serving)
    state.account.push(serving.image)
    with pytest.raises(CloudError, match=f"There are no files under {serving.artifact_uri} to copy"):
        run.models.create(serving)
    state.account.upload(serving.artifact_uri)
    run.models.create(serving)
    machines = Machines("it", wanted.machine_type, "online", 1, 1)
    name, most = quotas.drawn("gcp", machines, wanted.max_replicas)  # Vertex AI counts the most replicas
    with pytest.raises(CloudError, match=rf"exceed quota limits: {name} \(limit 0, in use 0, asked for {most}\)"):
        run.deployments.update(wanted)
    state.account.raise_quota(name, most)
    run.deployments.update(wanted)
    assert state.resources.drawn(name, PROJECT, "us-central1") == most


def test_two_projects_with_the_same_names_are_two(run: Logic, database: Path) -> None:
    run.models.create(model())
    other = "projects/other-project/locations/us-central1"
    run.models.create(model(project="other-project", image="us-central1-docker.pkg.dev/p/r/i:2"))
    found = {row.id: row.inputs["containerSpec"]["imageUri"] for row in State(database).resources.find(type=MODEL)}
    assert len(set(found.values())) == 2
    assert set(found) == {f"{LOCATION}/models/fraud-scorer", f"{other}/models/fraud-scorer"}


def test_several_doubles_serve_one_sandbox_at_once(database: Path) -> None:
    headers, said = {"Authorization": "Bearer sandbox"}, []

    def upload(double: KeptDouble, name: str) -> None:
        body = {"modelId": name, "model": {"displayName": name, "containerSpec": {}}}
        operation = httpx.post(f"{double.address}/v1/{LOCATION}/models:upload", json=body, headers=headers).json()
        while not operation.get("done"):
            operation = httpx.get(f"{double.address}/v1/{operation['name']}", headers=headers).json()
        said.append(operation.get("error"))

    with KeptDouble(database=database) as one, KeptDouble(database=database) as two:
        threads = [threading.Thread(target=upload, args=((one, two)[n % 2], f"m{n}")) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert said == [None] * 12
    assert {row.name for row in State(database).resources.find(type=MODEL)} == {f"m{n}" for n in range(12)}


def serve(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "sandbox.rest", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT])
def test_a_process_serves_until_it_is_ended(database: Path, ended_by: int) -> None:
    with serve(str(database.parent)) as process:
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        assert (database.parent / "rest.address").read_text(encoding="utf-8").strip() == address
        kept = database.parent / "rest.token"
        token = kept.read_text(encoding="utf-8").strip()
        assert len(token) > 40 and kept.stat().st_mode & 0o077 == 0
        assert httpx.get(f"{address}/v1/{ENDPOINT}", headers={"Authorization": "Bearer sandbox"}).status_code == 401
        found = httpx.get(f"{address}/v1/{ENDPOINT}", headers={"Authorization": f"Bearer {token}"})
        assert found.json()["displayName"] == "fraud-scorer"
        os.kill(process.pid, ended_by)
        assert process.wait(120) == 0 and process.stderr.read() == ""
    assert not (database.parent / "rest.address").exists() and not kept.exists()


def test_a_taken_port_is_a_sentence(database: Path) -> None:
    with KeptDouble(database=database) as double:
        with serve(str(database.parent), "--port", str(double.address.rpartition(":")[2])) as process:
            said = process.communicate(timeout=120)[1]
        assert process.returncode == 2 and "Address already in use; leave --port out" in said
        assert len(said.splitlines()) == 1


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_is_none_is_a_sentence(database: Path, port: str) -> None:
    with serve(str(database.parent), "--port", port) as process:
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 2 and "Traceback" not in said


def test_no_folder_is_a_sentence(tmp_path: Path) -> None:
    with serve(str(tmp_path / "nowhere")) as process:
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 2 and "no such sandbox" in said and len(said.splitlines()) == 1


def test_a_caller_that_is_killed_leaves_no_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with KeptDouble(database=tmp_path / "state.sqlite") as double:
        before = set(threading.enumerate())
        caller = socket.create_connection(("127.0.0.1", int(double.address.rpartition(":")[2])))
        caller.sendall(b"GET /nothing HTTP/1.1\r\nHost: double\r\n\r\n")
        assert caller.recv(65536).startswith(b"HTTP/1.1 401")
        served = set(threading.enumerate()) - before
        # A killed process's connection is reset, not ended: so is one that lingers for no time.
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.close()
        assert served
        for thread in served:
            thread.join(120)
    assert capfd.readouterr().err == ""
