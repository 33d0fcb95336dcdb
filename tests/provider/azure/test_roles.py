"""The wait for roles against the double: how long it lasts, what it refuses, and when it is due again."""

import pytest

from provider.azure.roles import RolesInForceInputs, RolesInForceService
from provider.errors import Cancelled, ProviderError
from provider.inputs import parsed, wrong_inputs
from sandbox.rest import CallFault
from tests.provider import cloud
from tests.provider.cloud import AZURE_ENDPOINT, logic

KEY = f"{AZURE_ENDPOINT.split('/providers/')[0]}/providers/Microsoft.KeyVault/vaults/pilot/keys/data"
ROLES = [
    f"{KEY}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-5000-8000-00000000000{n}" for n in (1, 2)
]


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double:
        yield double


def inputs(minutes: int = 10, assignments: list[str] = ROLES) -> RolesInForceInputs:
    return parsed(RolesInForceInputs, {"assignments": assignments, "minutes": minutes})


@pytest.mark.parametrize(
    ("ages", "waited"),
    [
        ((0, 0), 600),
        ((9000, 60), 540),
        ((9000, 601), 0),
        ((-120, 0), 600),  # the cloud's clock is two minutes ahead
    ],
)
def test_the_youngest_role_is_waited_for_and_no_longer(double, ages, waited):
    with logic() as run:
        start = run.clock.now()
        for role, age in zip(ROLES, ages, strict=True):
            double.arm.add_role_assignment(role, start - age)
        created = RolesInForceService(run.clouds).create(inputs())
        assert created.outputs == {"missing": 0}
        assert run.clock.now() - start == pytest.approx(waited, abs=1)


def test_a_definition_is_waited_for_before_it_is_assigned(double):
    definition = (
        "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-5000-8000-000000000003"
    )
    with logic() as run:
        start = run.clock.now()
        double.arm.add_role_assignment(definition, start - 60)
        RolesInForceService(run.clouds).create(inputs(5, [definition]))
        assert run.clock.now() - start == pytest.approx(240, abs=1)


def test_a_second_run_waits_no_more(double):
    with logic() as run:
        for role in ROLES:
            double.arm.add_role_assignment(role, run.clock.now())
        service = RolesInForceService(run.clouds)
        first = service.create(inputs())
        after = run.clock.now()
        assert service.create(inputs()) == first
        assert run.clock.now() == after


def test_a_role_that_shows_late_is_waited_for(double):
    with logic() as run:
        start, sleep = run.clock.now(), run.clock.sleep
        double.arm.add_role_assignment(ROLES[0], start)

        def show(seconds: float) -> None:
            double.arm.add_role_assignment(ROLES[1], start)
            sleep(seconds)

        run.clock.sleep = show
        RolesInForceService(run.clouds).create(inputs())
        assert run.clock.now() - start == pytest.approx(600, abs=1)


def test_a_role_that_nobody_gave_is_said(double):
    double.arm.add_role_assignment(ROLES[0], 0)
    with logic() as run, pytest.raises(ProviderError, match="00000000002 does not exist; give the role"):
        RolesInForceService(run.clouds).create(inputs())


def test_a_throttled_look_is_tried_again_and_a_cancel_ends_the_wait(double):
    with logic() as run:
        for role in ROLES:
            double.arm.add_role_assignment(role, run.clock.now())
        double.faults.append(CallFault("throttle", "", message="Too many requests."))
        RolesInForceService(run.clouds).create(inputs())

        def cancel(seconds: float) -> None:
            raise Cancelled("cancelled while waiting")

        run.clock.sleep = cancel
        double.arm.add_role_assignment(ROLES[1], run.clock.now())
        with pytest.raises(Cancelled):
            RolesInForceService(run.clouds).update(inputs())


def test_a_role_that_is_gone_makes_an_update_due(double):
    double.arm.add_role_assignment(ROLES[0], 0)
    with logic() as run:
        service = RolesInForceService(run.clouds)
        assert service.read("roles-1", {"assignments": ROLES}) == {"missing": 1}
        assert service.healed == {"missing": 0}
        assert service.read("roles-1", {}) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"assignments": [], "minutes": 10}, "at least 1 item"),
        ({"assignments": [KEY], "minutes": 10}, "must match"),
        ({"assignments": ROLES, "minutes": 0}, "must be at least 1"),
    ],
)
def test_wrong_inputs_are_said(values, said):
    (wrong,) = wrong_inputs(RolesInForceInputs, values, (), ())
    assert said in wrong.sentence
