"""The wait for grants against the double: how long it lasts, what it refuses, and when it is due again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.errors import Cancelled, CloudError, ProviderError
from provider.gcp.grants import PATIENCE, Grant, GrantsInForceInputs, GrantsInForceService, parsed_grant
from provider.inputs import parsed, wrong_inputs
from sandbox.rest import CallFault
from tests.provider import cloud
from tests.provider.cloud import logic

PROJECT = "payments-risk-pilot"
PLACE = f"projects/{PROJECT}/locations/europe-west4"
AGENT = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
SERVING = f"serviceAccount:scoring-serving@{PROJECT}.iam.gserviceaccount.com"
USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
BELOW = 'below-a/objects below a/b and lists of them/resource.name.startsWith("projects/_/buckets/x/objects/a/")'
ON = (
    f"{PLACE}/keyRings/scoring-1234567/cryptoKeys/data",
    "b/scoring-artifacts",
    f"{PLACE}/repositories/scoring-images",
    f"projects/{PROJECT}/serviceAccounts/training@{PROJECT}.iam.gserviceaccount.com",
    PROJECT,
)
GRANTS = [
    f"{ON[0]}/{USE}/{AGENT}",
    f"{ON[1]}/roles/storage.objectViewer/{SERVING}/{BELOW}",
    f"{ON[2]}/roles/artifactregistry.reader/{SERVING}",
    f"{ON[3]}/roles/iam.serviceAccountUser/{SERVING}",
    f"{ON[4]}/projects/{PROJECT}/roles/scoring_serving/{SERVING}",
]
"""A grant on each thing that has one, with the id that the gcp provider gives it."""
WAIT = 420


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double:
        double.iam.grants = list(GRANTS)
        yield double


def inputs(grants: list[str] = GRANTS, minutes: int = 7) -> GrantsInForceInputs:
    return parsed(GrantsInForceInputs, {"project": PROJECT, "grants": grants, "minutes": minutes})


@given(
    on=st.sampled_from(ON),
    role=st.from_regex(r"((projects|organizations)/[a-z0-9-]{6,12}/)?roles/[a-zA-Z_.]{3,20}", fullmatch=True),
    member=st.from_regex(r"(serviceAccount|user|group):[a-z0-9.-]{1,9}@[a-z.]{3,9}", fullmatch=True),
    title=st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True) | st.just(""),
    expression=st.text(max_size=40),
)
def test_an_id_is_taken_apart_whatever_its_condition_says(on, role, member, title, expression):
    id_ = f"{on}/{role}/{member}" + (f"/{title}/said/{expression}" if title else "")
    assert parsed_grant(id_) == Grant(on, role, member, title)


def test_every_grant_is_looked_for_and_then_time_passes(double):
    with logic() as run:
        start = run.clock.now()
        created = GrantsInForceService(run.clouds).create(inputs())
        assert created.outputs == {"missing": 0}
        assert run.clock.now() - start == pytest.approx(WAIT, abs=1)
    assert len(double.calls) == len(ON)


def test_a_grant_that_shows_late_is_waited_for(double):
    double.iam.grants = GRANTS[1:]
    with logic() as run:
        start, sleep = run.clock.now(), run.clock.sleep

        def show(seconds: float) -> None:
            double.iam.grants = GRANTS
            sleep(seconds)

        run.clock.sleep = show
        GrantsInForceService(run.clouds).create(inputs())
        assert WAIT < run.clock.now() - start < WAIT + 60


@pytest.mark.parametrize("gone", range(len(GRANTS)))
def test_a_grant_that_nobody_gave_is_said_within_bounds(double, gone):
    double.iam.grants = [grant for at, grant in enumerate(GRANTS) if at != gone]
    with logic() as run:
        start = run.clock.now()
        with pytest.raises(ProviderError, match=r"does not have .*roles/.* on .*; give the role before its wait"):
            GrantsInForceService(run.clouds).create(inputs())
        assert run.clock.now() - start < PATIENCE + 60


def test_a_grant_under_another_condition_is_another_grant(double):
    double.iam.grants = [GRANTS[1].replace("/below-a/", "/below-b/")]
    with logic() as run, pytest.raises(ProviderError, match="does not have"):
        GrantsInForceService(run.clouds).create(inputs([GRANTS[1]]))


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "drop"])
@pytest.mark.parametrize("call", ["GET /v1/", "GET /storage/", "POST /v1/"])
def test_a_look_that_fails_is_tried_again(double, kind, call):
    double.faults.append(CallFault(kind, call, times=2, message="Try again."))
    with logic() as run:
        assert GrantsInForceService(run.clouds).create(inputs()).outputs == {"missing": 0}


def test_an_api_that_never_answers_ends_the_wait(double):
    double.faults.append(CallFault("unavailable", "POST /v1/projects", times=10_000, message="The service is down."))
    with logic() as run:
        start = run.clock.now()
        with pytest.raises(ProviderError, match="The service is down"):
            GrantsInForceService(run.clouds).create(inputs())
        assert run.clock.now() - start < 3 * PATIENCE


def test_a_refused_look_ends_the_wait_at_once(double):
    double.faults.append(CallFault("refuse", "cryptoKeys", message="cloudkms.cryptoKeys.getIamPolicy denied."))
    with logic() as run:
        start = run.clock.now()
        with pytest.raises(CloudError, match=r"getIamPolicy denied"):
            GrantsInForceService(run.clouds).create(inputs())
        assert run.clock.now() == start


def test_an_expired_token_is_said_and_no_token_shown(double, monkeypatch):
    monkeypatch.setattr("provider.clouds._sandbox_token", lambda **_: "an-old-token")
    with logic() as run, pytest.raises(CloudError, match="no valid credentials") as refused:
        GrantsInForceService(run.clouds).create(inputs())
    assert "an-old-token" not in str(refused.value)


def test_a_cancel_ends_the_wait(double):
    def cancel(seconds: float) -> None:
        raise Cancelled("cancelled while waiting")

    with logic() as run:
        run.clock.sleep = cancel
        with pytest.raises(Cancelled):
            GrantsInForceService(run.clouds).update(inputs())


def test_a_grant_that_is_taken_makes_an_update_due(double):
    with logic() as run:
        service = GrantsInForceService(run.clouds)
        assert service.read("grants-1", {"grants": GRANTS}) == {"missing": 0}
        double.iam.grants = GRANTS[2:]
        assert service.read("grants-1", {"grants": GRANTS}) == {"missing": 2}
        assert service.healed == {"missing": 0}
        assert service.read("grants-1", {}) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"grants": [], "minutes": 7}, "at least 1 item"),
        ({"grants": [ON[0]], "minutes": 7}, "must match"),
        ({"grants": GRANTS, "minutes": 0}, "must be at least 1"),
        ({"grants": GRANTS, "minutes": 61}, "must be at most 60"),
    ],
)
def test_wrong_inputs_are_said(values, said):
    (wrong,) = wrong_inputs(GrantsInForceInputs, {"project": PROJECT, **values}, (), ())
    assert said in wrong.sentence


def test_a_grant_on_something_else_is_refused(double):
    other = f"folders/12/x/y/roles/editor/{SERVING}"
    with logic() as run, pytest.raises(ProviderError, match="none of a key, bucket, repository"):
        GrantsInForceService(run.clouds).create(inputs([other]))
