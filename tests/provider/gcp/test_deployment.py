"""Deployments against the double: canary, rollback, scaling in place, drift, delete, and every fault."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from provider.errors import Cancelled, CloudError, ProviderError
from provider.gcp.deployment import DeploymentInputs, DeploymentService, deployed_id
from provider.inputs import wrong_inputs
from sandbox.rest import CallFault, Double
from sandbox.state.metrics import Played
from tests.provider import cloud
from tests.provider.cloud import DEPLOYMENT_INPUTS, ENDPOINT, MODEL, deployment, logic, model

NEWER = {"model": f"{MODEL}@2"}
ENDPOINT_KEY = "us-central1/endpoints/fraud-scorer"


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double, logic() as run:
        run.models.create(model())
        run.models.update(model(image="registry/fraud-scorer:1.5.0"))
        double.calls.clear()
        yield double


def state(double: Double) -> tuple[set[str], dict[str, int]]:
    """What is deployed, and the traffic."""
    endpoint = double.vertex.endpoints[ENDPOINT_KEY]
    return {one["id"] for one in endpoint.get("deployedModels", [])}, endpoint.get("trafficSplit", {})


def serves_alone(double: Double, inputs) -> bool:
    return state(double) == ({deployed_id(inputs)}, {deployed_id(inputs): 100})


def test_first_deployment_gets_everything(double):
    with logic() as run:
        outputs = run.deployments.update(deployment())
    id = deployed_id(deployment())
    assert serves_alone(double, deployment())
    assert outputs["deployedModelId"] == id
    assert "/serviceAttachments/gkedpm-" in outputs["serviceAttachment"]
    sent = double.vertex.endpoints[ENDPOINT_KEY]["deployedModels"][0]
    assert sent["dedicatedResources"] == {
        "machineSpec": {"machineType": "n2-standard-4"},
        "minReplicaCount": 1,
        "maxReplicaCount": 4,
        "autoscalingMetricSpecs": [{"metricName": deployment().scaling_metric, "target": 600}],
    }
    assert sent["serviceAccount"] == deployment().service_account
    assert sent["disableContainerLogging"] is False


def test_ids_are_ten_digits_fixed_and_differ_with_what_cannot_change_in_place():
    assert deployed_id(deployment()) == deployed_id(deployment(minReplicas=2, bakeMinutes=5)) == "4850582384"
    others = [deployment(**NEWER), deployment(machineType="n2-standard-8"), deployment(accessLogging=True)]
    ids = {deployed_id(inputs) for inputs in [deployment(), *others]}
    assert len(ids) == 4
    assert all(id.isdigit() and len(id) == 10 for id in ids)


def test_a_new_version_is_a_canary_first(double):
    seen = []
    with logic() as run:
        run.deployments.update(deployment())
        old, new = deployed_id(deployment()), deployed_id(deployment(**NEWER))
        sleep, start = run.clock.sleep, run.clock.now()

        def watch(seconds: float) -> None:
            seen.append(dict(state(double)[1]))
            sleep(seconds)

        run.clock.sleep = watch
        run.deployments.update(deployment(**NEWER))
        assert run.clock.now() - start >= 600
    assert seen.count({old: 90, new: 10}) >= 10
    assert serves_alone(double, deployment(**NEWER))


@pytest.mark.parametrize(
    ("played", "said"),
    [
        (Played(p95_ms=812), r"its p95 latency was 812 ms, above 250 ms"),
        (Played(p95_ms=90, error_percent=4), r"4 % of its answers were errors, above 1.5 %"),
    ],
)
def test_a_breach_brings_the_traffic_back_and_says_what_was_measured(double, played, said):
    with logic() as run:
        run.deployments.update(deployment())
        double.vertex.metrics[deployed_id(deployment(**NEWER))] = played
        with pytest.raises(
            ProviderError, match=f"10 % of the traffic on fraud-scorer@2, {said}; all traffic is back on"
        ):
            run.deployments.update(deployment(**NEWER))
    assert serves_alone(double, deployment())


def test_a_bake_that_is_cancelled_leaves_no_canary_that_nobody_judges(double):
    with logic() as run:
        run.deployments.update(deployment())
        sleep = run.clock.sleep

        def cancel(seconds: float) -> None:
            if state(double)[1].get(deployed_id(deployment(**NEWER))) == 10:
                raise Cancelled("cancelled while waiting")
            sleep(seconds)

        run.clock.sleep = cancel
        with pytest.raises(Cancelled):
            run.deployments.update(deployment(**NEWER))
    assert state(double)[1] == {deployed_id(deployment()): 100}
    with logic() as run:
        run.deployments.update(deployment(**NEWER))
    assert serves_alone(double, deployment(**NEWER))


def test_an_attachment_stays_while_versions_come_and_go(double):
    with logic() as run:
        first = run.deployments.update(deployment())
        second = run.deployments.update(deployment(**NEWER))
    assert first["serviceAttachment"] == second["serviceAttachment"]
    assert first["deployedModelId"] != second["deployedModelId"]


@pytest.mark.parametrize("played", [Played(p95_ms=250, error_percent=1.5), Played(p95_ms=None, requests=0)])
def test_at_the_bound_or_uncalled_is_no_breach(double, played):
    with logic() as run:
        run.deployments.update(deployment())
        double.vertex.metrics[deployed_id(deployment(**NEWER))] = played
        said = run.deployments.update(deployment(**NEWER))["bakeResult"]
    assert serves_alone(double, deployment(**NEWER))
    assert said.startswith("with 10 % of the traffic on fraud-scorer@2 for 10 minutes, ")
    assert said.endswith("nobody called it, so no figure judged it" if not played.requests else "were errors")


def test_what_a_killed_run_left_goes_back_before_anything_else(double):
    with logic() as run:
        run.deployments.update(deployment())
        old = deployed_id(deployment())
        endpoint = double.vertex.endpoints[ENDPOINT_KEY]
        endpoint["deployedModels"].append({**endpoint["deployedModels"][0], "id": "7", "displayName": "mlplatform-7"})
        endpoint["trafficSplit"] = {old: 51, "7": 49}
        double.faults = [CallFault("refuse", "deployModel", times=99)]
        with pytest.raises(CloudError, match="deploy fraud-scorer@2"):
            run.deployments.update(deployment(**NEWER))
    assert state(double)[1] == {old: 100}


def test_metrics_of_the_old_model_do_not_judge_the_new(double):
    with logic() as run:
        run.deployments.update(deployment())
        double.vertex.metrics[deployed_id(deployment())] = Played(p95_ms=9000, error_percent=50)
        run.deployments.update(deployment(**NEWER))
    assert serves_alone(double, deployment(**NEWER))


def test_replicas_scaling_and_container_logging_change_in_place(double):
    with logic() as run:
        run.deployments.update(deployment())
        double.calls.clear()
        changed = deployment(minReplicas=2, maxReplicas=8, scalingTarget=900, containerLogging=False)
        run.deployments.update(changed)
        found = run.deployments.read(ENDPOINT, {"deployedModelId": deployed_id(changed)})
    posts = [call.rpartition(":")[2] for call in double.calls if call.startswith("POST")]
    assert posts == ["mutateDeployedModel"]
    assert (found["minReplicas"], found["maxReplicas"], found["scalingTarget"]) == (2, 8, 900)
    assert found["containerLogging"] is False


def test_policy_alone_changes_nothing_in_the_cloud(double):
    with logic() as run:
        run.deployments.update(deployment())
        double.calls.clear()
        run.deployments.update(deployment(canaryPercent=20, bakeMinutes=30))
    assert {call.split()[0] for call in double.calls} == {"GET"}


def test_what_somebody_else_deployed_is_refused(double):
    endpoint = double.vertex.endpoints[ENDPOINT_KEY]
    endpoint["deployedModels"] = [{"id": "7", "displayName": "by hand", "model": f"{MODEL}@1"}]
    with logic() as run, pytest.raises(ProviderError, match="it serves by hand, which was not deployed here"):
        run.deployments.update(deployment())
    assert not [call for call in double.calls if call.startswith("POST")]


def test_the_id_with_another_machine_behind_it_is_refused(double):
    with logic() as run:
        run.deployments.update(deployment())
        machine = double.vertex.endpoints[ENDPOINT_KEY]["deployedModels"][0]["dedicatedResources"]["machineSpec"]
        machine["machineType"] = "a3-highgpu-8g"
        with pytest.raises(ProviderError, match="is something else's"):
            run.deployments.update(deployment())


def test_read_sees_traffic_moved_by_hand_and_the_update_heals_it(double):
    with logic() as run:
        run.deployments.update(deployment())
        id = deployed_id(deployment())
        double.vertex.endpoints[ENDPOINT_KEY]["trafficSplit"] = {}
        assert run.deployments.read(ENDPOINT, {"deployedModelId": id})["trafficPercent"] == 0
        run.deployments.update(deployment())
        assert run.deployments.read(ENDPOINT, {"deployedModelId": id})["trafficPercent"] == 100
        double.vertex.endpoints[ENDPOINT_KEY]["deployedModels"] = []
        assert run.deployments.read(ENDPOINT, {"deployedModelId": id}) is None
        double.vertex.endpoints.clear()
        assert run.deployments.read(ENDPOINT, {"deployedModelId": id}) is None


def test_a_canary_given_up_half_way_leaves_for_what_ran_before(double):
    with logic() as run:
        run.deployments.update(deployment())
        old, new = deployed_id(deployment()), deployed_id(deployment(**NEWER))
        run.deployments.update(deployment(**NEWER))
    endpoint = double.vertex.endpoints[ENDPOINT_KEY]
    endpoint["deployedModels"].append({**endpoint["deployedModels"][0], "id": old, "displayName": f"mlplatform-{old}"})
    endpoint["trafficSplit"] = {new: 90, old: 10}
    with logic() as run:
        start = run.clock.now()
        run.deployments.update(deployment(**NEWER))
        assert run.clock.now() - start < 60, "what has 90 % of the traffic is no canary"
    assert serves_alone(double, deployment(**NEWER))


def test_delete_undeploys_and_leaves_others_their_traffic(double):
    with logic() as run:
        run.deployments.update(deployment())
        endpoint = double.vertex.endpoints[ENDPOINT_KEY]
        endpoint["deployedModels"].append({"id": "7", "displayName": "by hand", "model": f"{MODEL}@1"})
        endpoint["trafficSplit"] = {deployed_id(deployment()): 75, "7": 25}
        run.deployments.delete(ENDPOINT)
        assert state(double) == ({"7"}, {"7": 100})
        run.deployments.delete(ENDPOINT)
        double.vertex.endpoints.clear()
        run.deployments.delete(ENDPOINT)


def test_a_missing_endpoint_is_said(double):
    double.vertex.endpoints.clear()
    with logic() as run, pytest.raises(ProviderError, match="endpoint fraud-scorer does not exist in us-central1"):
        run.deployments.update(deployment())


@pytest.mark.sweep(3)
@pytest.mark.parametrize("kind", ["drop", "unavailable", "throttle"])
@pytest.mark.parametrize("call", ["deployModel", "PATCH", "undeployModel", "timeSeries", "operations"])
def test_faults_that_pass_are_survived(double, kind, call):
    with logic() as run:
        run.deployments.update(deployment())
        double.faults = [CallFault(kind, call, times=1 if kind == "drop" else 2)]
        run.deployments.update(deployment(**NEWER))
    assert double.faults[0].times == 0
    assert serves_alone(double, deployment(**NEWER))


def test_a_deployment_without_capacity_leaves_the_old_one_alone(double):
    with logic() as run:
        run.deployments.update(deployment())
        double.faults = [CallFault("fail-late", "deployModel", message="No capacity for n2-standard-4.")]
        with pytest.raises(CloudError, match="deploy fraud-scorer@2: No capacity for n2-standard-4"):
            run.deployments.update(deployment(**NEWER))
    assert serves_alone(double, deployment())


def test_a_deployment_that_hangs_ends_at_the_bound(double):
    double.faults = [CallFault("hang", "deployModel")]
    with logic() as run, pytest.raises(ProviderError, match="not done after 30 minutes"):
        run.deployments.update(deployment())


WORK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "07:00-19:00")
HOURS = {"hours": {**WORK, "timezone": "Europe/Berlin"}}


def at(text: str) -> float:
    """Seconds since 1970 at a time in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


NOON, NIGHT, MORNING = at("2027-01-14T12:00"), at("2027-01-15T22:00"), at("2027-01-18T07:20")
LATE = at("2027-01-18T07:31")


def off(run) -> dict[str, object]:
    """Deploys with hours by day, and undeploys as the hours' workflow does. Returns what the state has."""
    run.clock.time = NOON
    outputs = run.deployments.create(deployment(**HOURS)).outputs
    run.deployments._endpoint(ENDPOINT).undeploy(deployed_id(deployment()))
    return {**DEPLOYMENT_INPUTS, **HOURS, **outputs}


def after(run, stood) -> DeploymentService:
    """The service as the plugin makes it for an update."""
    service = DeploymentService(run.clouds, 1800)
    service.stood = stood
    return service


@pytest.mark.parametrize(("now", "gone"), [(NIGHT, False), (MORNING, False), (LATE, True), (NOON, True)])
def test_what_is_off_by_its_hours_is_read_as_it_stood_and_what_is_gone_in_them_is_gone(double, now, gone):
    with logic() as run:
        stood = off(run)
        run.clock.time = now
        found = run.deployments.read(ENDPOINT, stood)
        assert found == (None if gone else stood)
        assert run.deployments.read(ENDPOINT, {**stood, "hours": None}) is None, "without hours it is gone at any time"


def test_an_update_while_it_is_off_changes_nothing_in_the_cloud_and_the_hours_bring_it_back(double):
    with logic() as run:
        stood = off(run)
        run.clock.time = NIGHT
        double.calls.clear()
        outputs = after(run, stood).update(deployment(**HOURS, maxReplicas=6))
        assert outputs == {key: stood[key] for key in ("deployedModelId", "serviceAttachment", "trafficPercent")}
        assert all(call.startswith("GET ") for call in double.calls) and state(double) == (set(), {})


@pytest.mark.parametrize("change", [NEWER, {"machineType": "n2-standard-8"}, {**NEWER, "hours": None}])
def test_another_model_while_it_is_off_is_refused_for_no_canary_could_be_judged(double, change):
    with logic() as run:
        stood = off(run)
        run.clock.time = NIGHT
        with pytest.raises(
            ProviderError, match=r"off by its hours until monday 07:00 in Europe/Berlin, .* in its hours$"
        ):
            after(run, stood).update(deployment(**{**HOURS, **change}))
        assert state(double) == (set(), {})


def test_what_has_hours_no_more_is_deployed_at_once_and_so_is_what_was_never_there(double):
    with logic() as run:
        stood = off(run)
        run.clock.time = NIGHT
        after(run, stood).update(deployment())
        assert serves_alone(double, deployment())
        run.deployments._endpoint(ENDPOINT).undeploy(deployed_id(deployment()))
        run.deployments.create(deployment(**HOURS))
        assert serves_alone(double, deployment())


def test_what_is_gone_in_its_hours_is_deployed_by_the_next_update(double):
    with logic() as run:
        stood = off(run)
        run.clock.time = LATE
        after(run, stood).update(deployment(**HOURS))
        assert serves_alone(double, deployment())


def test_a_model_that_stands_at_night_is_updated_by_canary_as_by_day(double):
    """The hours' workflow waits while two models stand, so the old one is there to go back to."""
    with logic() as run:
        run.clock.time = NOON
        outputs = run.deployments.create(deployment(**HOURS)).outputs
        run.clock.time = NIGHT
        double.vertex.metrics[deployed_id(deployment(**NEWER))] = Played(p95_ms=900)
        with pytest.raises(ProviderError, match="p95"):
            after(run, {**DEPLOYMENT_INPUTS, **HOURS, **outputs}).update(deployment(**HOURS, **NEWER))
        assert serves_alone(double, deployment())


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"monday": "07:00-19:00"}, "must have days such as monday"),
        ({"mondays": "07:00-19:00", "timezone": "UTC"}, "must have days such as monday"),
        ({"monday": "7-19", "timezone": "UTC"}, "a range of hours such as 07:00-19:00"),
        ({"monday": "07:00-19:00", "timezone": "Berlin"}, "must have an IANA time zone"),
        ({"timezone": "UTC"}, "no day is named"),
    ],
)
def test_hours_that_are_none_are_refused(hours, said):
    (wrong,) = wrong_inputs(DeploymentInputs, {**DEPLOYMENT_INPUTS, "hours": hours}, (), ())
    assert wrong.property == "hours" and said in wrong.sentence
