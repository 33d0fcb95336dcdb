"""`mlplatform run` on gcp: what it says without --yes, what it sends with it, and how it says a refusal."""

import json

import httpx
import pytest

from catalogue.errors import BadInput
from operations.running import gcp
from stacks.config import STACKS, read_stack_file
from tests.commanding import command

CONFIG = read_stack_file(STACKS / "Pulumi.gcp-full.yaml")
WORKFLOW = "projects/payments-risk-pilot/locations/us-central1/workflows/gcp-full-fraud-training"


def test_a_dry_run_says_what_it_would_start() -> None:
    done = command("run", "gcp-full", "training", "fraud-training")
    assert done.returncode == 0
    first, second, third = done.stdout.splitlines()
    assert first.startswith("gcp-full: a run of training fraud-training on e2-standard-4, 6 h at most, $")
    assert WORKFLOW in second and third.strip().startswith("gcloud workflows execute gcp-full-fraud-training ")


def answers(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | httpx.HTTPError) -> list[httpx.Request]:
    seen: list[httpx.Request] = []

    def post(url: str, **how: object) -> httpx.Response:
        seen.append(httpx.Request("POST", url, headers=how["headers"], json=how["json"]))  # pyright: ignore[reportArgumentType]
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    monkeypatch.setattr(gcp, "google_token", lambda: lambda: "x")
    monkeypatch.setattr(gcp.httpx, "post", post)
    return seen


@pytest.mark.parametrize(("section", "name"), [("training", "fraud-training"), ("pipelines", "fraud-path")])
def test_a_run_is_started_once(monkeypatch: pytest.MonkeyPatch, section: str, name: str) -> None:
    workflow = WORKFLOW.replace("fraud-training", name)
    seen = answers(monkeypatch, httpx.Response(200, json={"name": f"{workflow}/executions/1"}))
    assert gcp.send("gcp-full", CONFIG, section, name) == f"{workflow}/executions/1"
    (request,) = seen
    assert str(request.url) == f"https://workflowexecutions.googleapis.com/v1/{workflow}/executions"
    assert json.loads(request.content) == {"argument": "{}"}
    assert request.headers["X-Goog-User-Project"] == "payments-risk-pilot"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404, json={"error": {"message": "not\nfound"}}), r"refuses to start a run \(404: not found\)"),
        (httpx.Response(502, text="<html>"), r"refuses to start a run \(502: \)"),
        (httpx.Response(200, json=[]), "names no execution"),
        (httpx.ReadTimeout("slow"), r"no answer \(ReadTimeout\), and a run may have started"),
    ],
)
def test_a_refusal_of_google_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | httpx.HTTPError, said: str
) -> None:
    answers(monkeypatch, answer)
    with pytest.raises(BadInput, match=said):
        gcp.send("gcp-full", CONFIG, "training", "fraud-training")


def test_a_refusal_names_the_pipeline_that_was_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, httpx.Response(403, json={"error": {"message": "no"}}))
    with pytest.raises(BadInput, match=r"^pipelines.fraud-path: Google refuses"):
        gcp.send("gcp-full", CONFIG, "pipelines", "fraud-path")
