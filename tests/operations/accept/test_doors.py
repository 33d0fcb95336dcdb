"""The doors: what makes one of an account doubted, how it waits and calls; what that of a sandbox does by hand."""

import io
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws

from catalogue.graph import Graph
from examples.pack import NAME, digest_of_image, digest_of_model, dockerfile
from operations import doctor
from operations.accept import aws, azure, gcp
from operations.accept.acceptance import Unanswered, Versions
from operations.accept.doors import Account, Cli, Sandbox, doubt
from operations.doctor import Way, done, not_done
from operations.verdict import Look, ManualStep


def plugin(home: Path, begins: bytes) -> None:
    folder = home / "plugins" / "resource-gcp-v10.2.0"
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-gcp").write_bytes(begins + b"\0 and so on")


def test_a_provider_of_the_cloud_is_not_doubted(tmp_path: Path) -> None:
    plugin(tmp_path, b"\x7fELF")
    assert doubt("gcp", {"PULUMI_HOME": str(tmp_path), "PATH": str(tmp_path), "AWS_PROFILE": "dev"}) == ""


def test_a_provider_that_is_a_script_is_none(tmp_path: Path) -> None:
    plugin(tmp_path, b"#!/bin/sh\n")
    assert "is a script" in doubt("gcp", {"PULUMI_HOME": str(tmp_path), "PATH": ""})
    assert doubt("aws", {"PULUMI_HOME": str(tmp_path), "PATH": ""}) == "", "that of another cloud is not asked"


def test_a_provider_on_path_comes_before_the_clouds_own(tmp_path: Path) -> None:
    (tmp_path / "pulumi-resource-aws").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "pulumi-resource-aws").chmod(0o755)
    assert "stands on PATH" in doubt("aws", {"PATH": str(tmp_path), "PULUMI_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    "variable",
    [
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "MLPLATFORM_GOOGLE_API",
        "MLPLATFORM_INSTANT",
        "MLPLATFORM_SANDBOX",
        "GOOGLE_VERTEX_AI_CUSTOM_ENDPOINT",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE",
        "ARM_METADATA_HOSTNAME",
        "PULUMI_DEBUG_PROVIDERS",
    ],
)
def test_a_variable_that_puts_something_in_the_clouds_place_is_named(tmp_path: Path, variable: str) -> None:
    for platform in ("aws", "gcp", "azure"):
        assert variable in doubt(platform, {variable: "x", "PATH": "", "PULUMI_HOME": str(tmp_path)})


def test_a_profile_that_names_another_host_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    account = SimpleNamespace(session=boto3.Session("k", "s", region_name="eu-west-1"), region="eu-west-1")
    assert aws.doubt(account) == ""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566")
    account = SimpleNamespace(session=boto3.Session("k", "s", region_name="eu-west-1"), region="eu-west-1")
    assert "none of AWS's" in aws.doubt(account)


def step(*looks: str) -> ManualStep:
    return ManualStep(
        what="push", who="publisher", commands=["docker push x"], looks=[Look(what="image", name=n) for n in looks]
    )


def account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: Mapping[str, int]
) -> tuple[Account, list[float], list[str]]:
    """An account in which each image is there after that many looks. A look takes no time, and a pause is counted."""
    looked: dict[str, int] = {}

    def see(_: Any, look: Look) -> doctor.Seen:
        looked[look.name] = looked.get(look.name, 0) + 1
        return done("there") if looked[look.name] > there[look.name] else not_done("not there")

    monkeypatch.setattr(doctor.of("aws"), "LOOKS", {"image": Way(see, ())})
    slept, told = list[float](), list[str]()
    made = Account(
        "aws", object(), object(), Cli(tmp_path / "pulumi"), tmp_path / "f.yaml", b"{}", told.append, "a test"
    )
    monkeypatch.setattr(made, "sleep", slept.append)
    monkeypatch.setattr(made, "clock", lambda: sum(slept))
    return made, slept, told


def test_it_waits_for_a_person_and_says_what_to_do_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door, slept, told = account(tmp_path, monkeypatch, {"a": 2, "b": 0})
    assert door.left_undone([step("a"), step("b")], 3600) == []
    assert len(slept) == 2 and told == ["to do now, by the publisher: push: docker push x"]


def test_it_waits_no_longer_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door, slept, _ = account(tmp_path, monkeypatch, {"a": 10**6})
    assert door.left_undone([step("a")], 300) == ["push"]
    assert 300 <= sum(slept) < 400


def test_the_checked_in_stack_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door, _, _ = account(tmp_path, monkeypatch, {})
    for options in (door.up, door.destroy):
        assert options[options.index("--config-file") + 1] == str(tmp_path / "f.yaml")
    assert "--policy-pack" in door.up and "--policy-pack" not in door.destroy


def test_sagemaker_answers_by_its_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's SageMaker runtime answers whatever is asked of it: the request is what is looked at."""
    sent: list[dict[str, Any]] = []
    with mock_aws():
        session = boto3.Session("k", "s", region_name="eu-central-1")
        answer = aws.call(
            SimpleNamespace(session=session, region="eu-central-1"),
            "churn",
            {"endpoints": {"churn": "dev-churn"}},
            b"{}",
        )
    assert answer

    def runtime(service: str, **_: Any) -> Any:
        def invoke(**given: Any) -> dict[str, Any]:
            sent.append(given)
            return {"Body": io.BytesIO(b"[1]")}

        return SimpleNamespace(invoke_endpoint=invoke)

    own = SimpleNamespace(session=SimpleNamespace(client=runtime), region="eu-central-1")
    assert aws.call(own, "churn", {"endpoints": {"churn": "dev-churn"}}, b'{"a": 1}') == b"[1]"
    assert sent[0]["EndpointName"] == "dev-churn" and sent[0]["Body"] == b'{"a": 1}' and "TargetModel" not in sent[0]
    assert aws.call(own, "churn", {"endpoints": {"churn": "dev-churn"}}, b"{}", target="de/1/model.tar.gz") == b"[1]"
    assert sent[1]["TargetModel"] == "de/1/model.tar.gz"


def test_sagemakers_refusal_is_no_prediction() -> None:
    session = boto3.Session("k", "s", region_name="eu-central-1")
    client = session.client("sagemaker-runtime")
    refusal = {"Error": {"Code": "ValidationError", "Message": "Endpoint dev-churn not found"}}

    def refuse(**_: Any) -> None:
        raise client.exceptions.ClientError(refusal, "InvokeEndpoint")

    own = SimpleNamespace(
        session=SimpleNamespace(client=lambda *_, **__: SimpleNamespace(invoke_endpoint=refuse)), region="eu-central-1"
    )
    with pytest.raises(Unanswered, match="not found"):
        aws.call(own, "churn", {"endpoints": {"churn": "dev-churn"}}, b"{}")


def calls(url: str) -> dict[str, Any]:
    """The outputs of a stack with one endpoint, whose container may answer at any route."""
    return {"calls": {"churn": {"url": url, "command": "curl"}}}


def transport(status: int, asked: list[httpx.Request]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, text="the answer")

    return httpx.MockTransport(answer)


def test_vertex_ai_answers_at_its_address_in_the_network() -> None:
    asked: list[httpx.Request] = []
    url = "https://10.9.0.7/v1/projects/p/locations/l/endpoints/7:predict"
    assert gcp.call(None, "churn", calls(url), b'{"a": 1}', transport(200, asked)) == b"the answer"
    assert str(asked[0].url) == url and asked[0].method == "POST" and asked[0].content == b'{"a": 1}'
    with pytest.raises(Unanswered, match="400: the answer"):
        gcp.call(None, "churn", calls(url), b"{}", transport(400, asked))


def test_azure_answers_at_the_scoring_uri_with_a_token_of_its_own_audience() -> None:
    asked: list[httpx.Request] = []
    scopes: list[str] = []

    def token(scope: str) -> str:
        scopes.append(scope)
        return "t0ken"

    own = SimpleNamespace(token=token, region="northeurope")
    given = calls("https://churn-nff9a51.northeurope.inference.ml.azure.com/v1/completions")
    assert azure.call(own, "churn", given, b"{}", transport(200, asked)) == b"the answer"
    assert str(asked[0].url) == "https://churn-nff9a51.northeurope.inference.ml.azure.com/v1/completions"
    assert asked[0].headers["Authorization"] == "Bearer t0ken" and scopes == ["https://ml.azure.com/.default"]
    with pytest.raises(Unanswered, match="403: the answer"):
        azure.call(own, "churn", given, b"{}", transport(403, asked))


def test_no_connection_is_no_prediction() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("timed out")

    with pytest.raises(Unanswered, match="ConnectTimeout"):
        gcp.call(None, "churn", calls("https://10.9.0.7/p"), b"{}", httpx.MockTransport(broken))


# The door of a sandbox


def sandbox(tmp_path: Path, versions: Versions) -> Sandbox:
    engine: Any = SimpleNamespace(home=SimpleNamespace(database=tmp_path / "state.sqlite"))
    return Sandbox(engine, Graph("churn-dev", "aws", (), {}), "churn-dev", versions, b"{}", None)


def test_in_a_sandbox_the_steps_are_done_and_the_versions_lie_where_they_are_served_from(tmp_path: Path) -> None:
    own, good, bad = (f"s3://churn-models/{NAME}/{number}/model.tar.gz" for number in (1, 2, 3))
    image = f"999988887777.dkr.ecr.eu-central-1.amazonaws.com/churn:{NAME}-1"
    door = sandbox(tmp_path, Versions(good, bad))
    put = [Look(what="image", name=image), Look(what="artifact", name=own)]
    assert door.left_undone([ManualStep(what="put", who="publisher", looks=put)], 0) == []
    account = door.state.account
    assert account.images() == [image] and account.artifacts() == [own, good, bad]
    assert account.digest(image) == digest_of_image(dockerfile("aws"))
    assert account.digest(own) == account.digest(good) == digest_of_model("aws") != account.digest(bad)


def test_the_teardown_at_the_end_goes_through_the_runs_own_cli(tmp_path: Path) -> None:
    own: Any = SimpleNamespace(run=lambda *_: 0)
    assert sandbox(tmp_path, Versions(None, None)).leaving(own).pulumi is own
    leaves: Any = object()
    door = Account("aws", object(), leaves, Cli(tmp_path / "pulumi"), tmp_path / "f.yaml", b"{}", print, "a test")
    leaving: Any = door.leaving(own)
    assert leaving.pulumi is own and leaving.opened is leaves


def test_another_teams_versions_are_none_of_the_example(tmp_path: Path) -> None:
    own, good = (f"s3://churn-models/churn/{number}/model.tar.gz" for number in (1, 2))
    door = sandbox(tmp_path, Versions(good, None))
    step = ManualStep(what="put", who="publisher", looks=[Look(what="artifact", name=own)])
    assert door.left_undone([step], 0) == []
    assert door.state.account.artifacts() == [own, good]
    assert door.state.account.digest(own) == door.state.account.digest(good) == ""


def test_a_step_that_a_sandbox_refuses_is_left_with_the_reason(tmp_path: Path) -> None:
    door = sandbox(tmp_path, Versions(None, None))
    step = ManualStep(what="push", who="publisher", looks=[Look(what="image", name="scorer")])
    (left,) = door.left_undone([step], 0)
    assert left.startswith("push: 'scorer': no address of an image")
