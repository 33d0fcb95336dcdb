"""Azure ML traffic against the double: canary, mirror, rollback, drift, delete, and every fault."""

import copy
from itertools import count

import httpx
import pytest

from provider.arm import Arm
from provider.clock import InstantClock
from provider.clouds import AZURE_VARIABLE, Clouds
from provider.errors import Cancelled, CloudError, ProviderError
from sandbox.rest import CallFault
from sandbox.state.metrics import Played
from tests.provider import cloud
from tests.provider.cloud import AZURE_ENDPOINT, Killed, logic, traffic


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double:
        yield double


def shares(double, key="traffic"):
    return double.arm.resources[AZURE_ENDPOINT]["properties"][key]


def test_the_first_deployment_gets_everything_and_the_rest_stays_as_it_was(double):
    before = copy.deepcopy(double.arm.resources[AZURE_ENDPOINT])
    with logic() as run:
        assert run.traffics.update(traffic()) == {"trafficPercent": 100}
    after = copy.deepcopy(double.arm.resources[AZURE_ENDPOINT])
    assert after["properties"].pop("traffic") == {"blue": 100}
    before["properties"].pop("traffic")
    assert after["properties"] == before["properties"]
    assert list(after["identity"]["userAssignedIdentities"]) == list(before["identity"]["userAssignedIdentities"])
    for key in ("location", "tags", "kind", "name"):
        assert after[key] == before[key]


def test_it_waits_for_the_deployment(double):
    deployment = double.arm.resources[f"{AZURE_ENDPOINT}/deployments/blue"]
    deployment["properties"]["provisioningState"] = "Creating"
    with logic() as run:
        sleep, waits = run.clock.sleep, []

        def stand(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 5:
                deployment["properties"]["provisioningState"] = "Succeeded"
            sleep(seconds)

        run.clock.sleep = stand
        run.traffics.update(traffic())
    assert waits[:5] == [2, 4, 8, 16, 30]
    assert shares(double) == {"blue": 100}


@pytest.mark.parametrize(
    ("name", "state", "said"),
    [("red", None, "has no deployment red"), ("blue", "Failed", "deployment blue is Failed; delete it")],
)
def test_a_deployment_that_will_not_stand_is_said(double, name, state, said):
    if state:
        double.arm.add_deployment(AZURE_ENDPOINT, name, state)
    with logic() as run, pytest.raises(ProviderError, match=said):
        run.traffics.update(traffic(deployment=name))
    assert shares(double) == {}


def seen_while(double, run, inputs):
    seen = []
    sleep = run.clock.sleep

    def watch(seconds: float) -> None:
        seen.append((dict(shares(double)), dict(shares(double, "mirrorTraffic"))))
        sleep(seconds)

    run.clock.sleep = watch
    run.traffics.update(inputs)
    return seen


def test_another_deployment_is_a_canary_first(double):
    with logic() as run:
        run.traffics.update(traffic())
        start = run.clock.now()
        seen = seen_while(double, run, traffic(deployment="green"))
        assert run.clock.now() - start >= 600
    assert seen.count(({"blue": 90, "green": 10}, {})) >= 10
    assert shares(double) == {"green": 100}


def test_with_a_mirror_it_bakes_on_copies_before_it_answers_anybody(double):
    with logic() as run:
        run.traffics.update(traffic())
        seen = seen_while(double, run, traffic(deployment="green", mirrorPercent=30))
    mirrored, canary = ({"blue": 100}, {"green": 30}), ({"blue": 90, "green": 10}, {})
    assert seen.count(mirrored) >= 10
    assert seen.count(canary) >= 10
    assert max(i for i, one in enumerate(seen) if one == mirrored) < seen.index(canary)
    assert (shares(double), shares(double, "mirrorTraffic")) == ({"green": 100}, {})


@pytest.mark.parametrize("mirror", [0, 30])
@pytest.mark.parametrize(
    ("played", "said"),
    [
        (Played(p95_ms=812), r"its p95 latency was 812 ms, above 250 ms"),
        (Played(p95_ms=90, error_percent=4), r"4 % of its answers were errors, above 1.5 %"),
    ],
)
def test_a_breach_brings_the_traffic_back_and_says_what_was_measured(double, played, said, mirror):
    with logic() as run:
        run.traffics.update(traffic())
        double.arm.metrics["green"] = played
        how = "30 % of the traffic mirrored to green" if mirror else "10 % of the traffic on green"
        with pytest.raises(
            ProviderError, match=f"endpoint fraud-scorer: with {how}, {said}; all traffic is back on blue"
        ):
            run.traffics.update(traffic(deployment="green", mirrorPercent=mirror))
    assert (shares(double), shares(double, "mirrorTraffic")) == ({"blue": 100}, {})


def test_a_bake_that_is_cancelled_leaves_no_canary_that_nobody_judges(double):
    with logic() as run:
        run.traffics.update(traffic())
        sleep, cancelled = run.clock.sleep, []

        def cancel(seconds: float) -> None:
            if cancelled or shares(double) == {"blue": 90, "green": 10}:
                cancelled.append(seconds)
                raise Cancelled("cancelled while waiting")
            sleep(seconds)

        run.clock.sleep = cancel
        with pytest.raises(Cancelled):
            run.traffics.update(traffic(deployment="green"))
    with logic() as run:
        while double.arm.resources[AZURE_ENDPOINT]["properties"]["provisioningState"] == "Updating":
            run.traffics.read(AZURE_ENDPOINT, {"deployment": "blue"})
        assert run.traffics.read(AZURE_ENDPOINT, {"deployment": "blue"})["trafficPercent"] == 100
        run.traffics.update(traffic(deployment="green"))
    assert shares(double) == {"green": 100}


@pytest.mark.parametrize("played", [Played(p95_ms=250, error_percent=1.5), Played(p95_ms=None, requests=0)])
def test_at_the_bound_or_uncalled_is_no_breach(double, played):
    double.arm.metrics = {"green": played, "blue": Played(p95_ms=9000, error_percent=50)}
    with logic() as run:
        run.traffics.update(traffic())
        said = run.traffics.update(traffic(deployment="green"))["bakeResult"]
    assert shares(double) == {"green": 100}
    assert said.startswith("with 10 % of the traffic on green for 10 minutes, ")
    assert said.endswith("nobody called it, so no figure judged it" if not played.requests else "were errors")


def test_what_a_killed_run_left_goes_back_before_anything_else(double):
    with logic() as run:
        run.traffics.update(traffic())
        properties = double.arm.resources[AZURE_ENDPOINT]["properties"]
        properties["traffic"], properties["mirrorTraffic"] = {"blue": 51, "green": 49}, {"red": 10}
        double.arm.add_deployment(AZURE_ENDPOINT, "red", "Failed")
        with pytest.raises(ProviderError, match="deployment red is Failed"):
            run.traffics.update(traffic(deployment="red"))
    assert (shares(double), shares(double, "mirrorTraffic")) == ({"blue": 100}, {})


def test_half_of_the_traffic_is_a_little_less_so_that_the_old_one_is_known(double):
    with logic() as run:
        run.traffics.update(traffic())
        assert ({"blue": 51, "green": 49}, {}) in seen_while(
            double, run, traffic(deployment="green", canaryPercent=50, bakeMinutes=1)
        )


def test_read_sees_traffic_moved_by_hand_and_the_endpoint_gone(double):
    with logic() as run:
        run.traffics.update(traffic())
        double.arm.resources[AZURE_ENDPOINT]["properties"]["traffic"] = {"blue": 40, "green": 60}
        found = run.traffics.read(AZURE_ENDPOINT, {"deployment": "blue"})
        assert (found["deployment"], found["trafficPercent"]) == ("blue", 40)
        del double.arm.resources[AZURE_ENDPOINT]
        assert run.traffics.read(AZURE_ENDPOINT, {"deployment": "blue"}) is None


def test_delete_takes_all_traffic_away_so_that_deployments_can_go(double):
    with logic() as run:
        run.traffics.update(traffic())
        run.traffics.delete(AZURE_ENDPOINT)
        assert (shares(double), shares(double, "mirrorTraffic")) == ({}, {})
        del double.arm.resources[AZURE_ENDPOINT]
        run.traffics.delete(AZURE_ENDPOINT)


@pytest.mark.sweep(3)
@pytest.mark.parametrize("kind", ["drop", "unavailable", "throttle"])
@pytest.mark.parametrize("call", ["PUT", "GET .*/status/", "metrics", "GET .*/fraud-scorer$"])
@pytest.mark.parametrize("etags", [False, True])
def test_faults_that_pass_are_survived(double, kind, call, etags):
    double.arm.etags = etags
    double.arm.add_endpoint(AZURE_ENDPOINT)
    with logic() as run:
        run.traffics.update(traffic())
        double.faults = [CallFault(kind, call, times=1 if kind == "drop" else 2)]
        run.traffics.update(traffic(deployment="green"))
    assert double.faults[0].times == 0
    assert shares(double) == {"green": 100}


def test_with_etags_a_write_in_between_is_not_overwritten(double):
    double.arm.etags = True
    double.arm.add_endpoint(AZURE_ENDPOINT)
    with logic() as run:
        call = run.clouds.client.send

        def interfere(request, **options):
            if request.method == "PUT" and "If-Match" in request.headers and not interfered:
                interfered.append(True)
                found = double.arm.resources[AZURE_ENDPOINT]
                found["tags"] = {"stack": "changed"}
                found["etag"] = "etag-of-somebody"
            return call(request, **options)

        interfered = []
        run.clouds.client.send = interfere
        run.traffics.update(traffic())
    assert interfered
    assert shares(double) == {"blue": 100}
    assert double.arm.resources[AZURE_ENDPOINT]["tags"] == {"stack": "changed"}


def test_a_long_operation_of_a_killed_run_is_waited_for(double):
    double.arm.looks = 40
    for calls in count(1):
        with logic(kill_after=calls) as run, pytest.raises(Killed):
            run.traffics.update(traffic())
        if double.calls[-1].startswith("PUT"):
            break
    with logic() as run:
        run.traffics.update(traffic())
    assert shares(double) == {"blue": 100}
    assert len([call for call in double.calls if call.startswith("PUT")]) == 1


def test_an_operation_that_fails_late_is_an_error_in_the_clouds_words(double):
    double.faults = [CallFault("fail-late", "PUT", message="Internal error while routing.")]
    with logic() as run, pytest.raises(CloudError, match="fraud-scorer: traffic: Internal error while routing"):
        run.traffics.update(traffic())


def test_an_operation_that_hangs_ends_at_the_bound(double):
    double.faults = [CallFault("hang", "PUT")]
    with logic() as run, pytest.raises(ProviderError, match="not done after 30 minutes; run the update again"):
        run.traffics.update(traffic())


def put(*answers: httpx.Response) -> float:
    """Write a resource while the cloud gives these answers, one after the other; the seconds that were waited."""
    left = iter(answers)
    clock = InstantClock()
    with httpx.Client(transport=httpx.MockTransport(lambda request: next(left))) as client:
        arm = Arm(Clouds(clock, client))
        start = clock.now()
        arm.put("/subscriptions/s", {}, "endpoint e")
    assert next(left, None) is None, "the operation was believed over too early"
    return clock.now() - start


def operation(**body: object) -> httpx.Response:
    return httpx.Response(200, json=body, headers={"Retry-After": "40"} if body["status"] == "Running" else {})


@pytest.fixture
def azure(monkeypatch):
    monkeypatch.setenv(AZURE_VARIABLE, "http://127.0.0.1:9")


@pytest.mark.usefixtures("azure")
@pytest.mark.parametrize("last", ["Succeeded", "succeeded"])
def test_an_operation_is_waited_for_as_long_as_the_cloud_says(last):
    begun = httpx.Response(201, headers={"Azure-AsyncOperation": "http://127.0.0.1:9/status/1"})
    assert put(begun, operation(status="Running"), operation(status=last)) >= 40


@pytest.mark.usefixtures("azure")
@pytest.mark.parametrize("last", ["Failed", "failed", "Canceled", "canceled"])
def test_an_operation_that_fails_is_said_in_whatever_capitals(last):
    begun = httpx.Response(201, headers={"Azure-AsyncOperation": "http://127.0.0.1:9/status/1"})
    with pytest.raises(CloudError, match="endpoint e: no room"):
        put(begun, operation(status=last, error={"code": "Full", "message": "no room"}))


@pytest.mark.usefixtures("azure")
def test_an_operation_that_only_has_a_location_is_waited_for_there():
    begun = httpx.Response(202, headers={"Location": "http://127.0.0.1:9/result/1"})
    assert put(begun, httpx.Response(202, headers={"Retry-After": "40"}), httpx.Response(204)) >= 40
    assert put(httpx.Response(201, headers={"Location": "http://127.0.0.1:9/endpoint"})) == 0
