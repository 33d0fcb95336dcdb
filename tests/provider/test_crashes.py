"""The process is killed after each call in turn; the next run converges, and nothing is orphaned."""

from itertools import count

import pytest

from provider.gcp.deployment import deployed_id
from sandbox.state.metrics import Played
from tests.provider import cloud
from tests.provider.cloud import AZURE_ENDPOINT, ENDPOINT, MODEL, Killed, deployment, logic, model, traffic

NEWER_MODEL = {"image": "registry/fraud-scorer:1.5.0"}
NEWER = {"model": f"{MODEL}@2"}


def models_made(run):
    run.models.create(model())


def model_updated(run):
    run.models.update(model(**NEWER_MODEL))


def both_versions(run):
    models_made(run)
    model_updated(run)


def deployed(run):
    both_versions(run)
    run.deployments.update(deployment())


STORIES = {
    "model-create": (lambda run: None, models_made),
    "model-update": (models_made, model_updated),
    "model-delete": (both_versions, lambda run: run.models.delete(MODEL)),
    "deployment-create": (both_versions, lambda run: run.deployments.update(deployment())),
    "deployment-update": (deployed, lambda run: run.deployments.update(deployment(**NEWER, bakeMinutes=2))),
    "deployment-scale": (deployed, lambda run: run.deployments.update(deployment(maxReplicas=9))),
    "deployment-delete": (deployed, lambda run: run.deployments.delete(ENDPOINT)),
    "traffic-create": (lambda run: None, lambda run: run.traffics.update(traffic())),
    "traffic-update": (
        lambda run: run.traffics.update(traffic()),
        lambda run: run.traffics.update(traffic(deployment="green", bakeMinutes=2, mirrorPercent=30)),
    ),
    "traffic-delete": (
        lambda run: run.traffics.update(traffic()),
        lambda run: run.traffics.delete(AZURE_ENDPOINT),
    ),
}


def picture(double):
    """Everything that exists, without what differs from run to run."""
    models = {name: sorted(versions) for name, versions in double.vertex.models.items()}
    endpoint = double.vertex.endpoints["us-central1/endpoints/fraud-scorer"]
    scales = {one["id"]: one["dedicatedResources"]["maxReplicaCount"] for one in endpoint.get("deployedModels", [])}
    properties = double.arm.resources[AZURE_ENDPOINT]["properties"]
    return models, scales, endpoint.get("trafficSplit", {}), properties["traffic"], properties["mirrorTraffic"]


@pytest.mark.sweep(2)
@pytest.mark.parametrize("story", STORIES)
def test_killed_after_every_call_the_next_run_converges(monkeypatch, story):
    before, change = STORIES[story]
    with cloud.double(monkeypatch) as double, logic() as run:
        before(run)
        change(run)
        wanted = picture(double)
    kills = 0
    for calls in count(1):
        with cloud.double(monkeypatch) as double:
            with logic() as run:
                before(run)
            with logic(kill_after=calls) as run:
                try:
                    change(run)
                    break
                except Killed:
                    kills += 1
            with logic() as run:
                change(run)
            assert picture(double) == wanted, f"killed after call {calls}: {double.calls[-30:]}"
    assert kills >= 3


def test_killed_while_rolling_back_the_old_one_is_never_without_traffic(monkeypatch):
    old, new = deployed_id(deployment()), deployed_id(deployment(**NEWER))
    for calls in count(1):
        with cloud.double(monkeypatch) as double:
            double.vertex.metrics[new] = Played(p95_ms=900)
            with logic() as run:
                deployed(run)
            with logic(kill_after=calls) as run:
                try:
                    run.deployments.update(deployment(**NEWER))
                except Killed:
                    pass
                except Exception:
                    break
            split = double.vertex.endpoints["us-central1/endpoints/fraud-scorer"]["trafficSplit"]
            assert split.get(old, 0) >= 90
            # The user takes the change back: what ran before gets everything at once, and the canary is gone.
            with logic() as run:
                run.deployments.update(deployment())
                assert run.clock.now() < 1_800_000_000 + 300
            assert picture(double)[1:3] == ({old: 4}, {old: 100})
    assert calls > 10


@pytest.mark.sweep(2)
@pytest.mark.parametrize("story", [name for name in STORIES if not name.endswith("delete")])
def test_killed_after_every_call_a_delete_leaves_nothing(monkeypatch, story):
    before, change = STORIES[story]
    for calls in count(1):
        with cloud.double(monkeypatch) as double:
            with logic() as run:
                before(run)
            with logic(kill_after=calls) as run:
                try:
                    change(run)
                    break
                except Killed:
                    pass
            with logic() as run:
                run.deployments.delete(ENDPOINT)
                run.models.delete(MODEL)
                run.traffics.delete(AZURE_ENDPOINT)
            assert picture(double) == ({}, {}, {}, {}, {})
