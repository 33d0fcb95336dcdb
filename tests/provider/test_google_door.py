"""Every call of Google's APIs names the project that it counts against, without which a person's login is refused."""

from typing import Any

import pytest

from provider.gcp.grants import GrantsInForceInputs, GrantsInForceService
from provider.inputs import parsed
from sandbox.rest import Double
from sandbox.rest.calls import Call, Response
from tests.provider import cloud
from tests.provider.cloud import deployment, logic, model


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Each call with the project that it names."""
    seen: list[tuple[str, str]] = []
    answer = Double.answer

    def noted(self: Double, call: Call) -> Response | None:
        seen.append((call.path, call.headers.get("X-Goog-User-Project", "")))
        return answer(self, call)

    monkeypatch.setattr(Double, "answer", noted)
    with cloud.double(monkeypatch) as double:
        double.iam.grants = ["b/theirs/roles/storage.objectViewer/serviceAccount:a@b.c"]
        yield seen


def test_a_call_of_vertex_ai_counts_against_the_project_in_its_path(calls: list[tuple[str, str]]) -> None:
    with logic() as run:
        run.models.create(model())
        run.deployments.create(deployment())
    assert len(calls) > 5
    for path, project in calls:  # an operation has the project's number, which means the same
        assert project == path.split("/")[3] in ("payments-risk-pilot", "123456789012"), path


def test_a_call_without_a_project_in_its_path_counts_against_the_stacks_own(calls: list[tuple[str, str]]) -> None:
    given = {
        "project": "payments-risk-pilot",
        "grants": ["b/theirs/roles/storage.objectViewer/serviceAccount:a@b.c"],
        "minutes": 1,
    }
    with logic() as run:
        GrantsInForceService(run.clouds).create(parsed(GrantsInForceInputs, given))
    assert calls == [("/storage/v1/b/theirs/iam", "payments-risk-pilot")]
