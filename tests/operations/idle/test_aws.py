"""What is asked of endpoints and applications on AWS: boto3 against a moto server, and a double for what moto lacks."""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto.server import ThreadedMotoServer

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws.sagemaker import CONFIGURATION, ENDPOINT
from catalogue.kinds.aws.studio import DOMAIN
from operations.doctor import WriteRefused
from operations.doctor.aws import Account
from operations.idle import Part, Window, aws
from operations.idle.decision import Evidence, Figures, LastUse, State, Unread, decide

REGION, ME = "eu-west-1", "123456789012"
NOW = datetime.now(UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
WINDOW = Window(HOUR - timedelta(days=14), NOW)


@pytest.fixture(scope="module")
def session() -> Iterator[boto3.Session]:
    """A session whose only address is a moto server of this module's own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for variable in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(variable, raising=False)
        patch.setenv("AWS_CONFIG_FILE", "none")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
        yield boto3.Session("key", "secret", region_name=REGION)
    server.stop()


@pytest.fixture(scope="module")
def account(session: boto3.Session) -> Account:
    return Account(session, ME, REGION, aws.READS)


VARIANT = {"modelName": "churn", "instanceType": "ml.m5.large", "initialInstanceCount": 1}


def stack(*variants: Mapping[str, Any], queued: bool = False, name: str = "churn-scores") -> Graph:
    """Another team's state: an endpoint of these variants, made by no program of ours."""
    inputs = {"name": f"{name}-1", "productionVariants": list(variants)}
    if queued:
        inputs["asyncInferenceConfig"] = {"outputConfig": {"s3OutputPath": "s3://churn/out/"}}
    return Graph(
        "churn-dev",
        "aws",
        (
            Resource("urn:config", CONFIGURATION, "config", True, inputs=inputs),
            Resource(
                "urn:endpoint",
                ENDPOINT,
                "scores",
                True,
                inputs={"name": name, "endpointConfigName": f"{name}-1"},
                outputs={"id": name},
            ),
        ),
        {},
    )


@pytest.fixture(scope="module")
def made(session: boto3.Session) -> None:
    """Two endpoints of two variants: `live` was asked an hour ago, `old` nobody asked. One has no figures at all."""
    sagemaker = session.client("sagemaker")
    watch = session.client("cloudwatch")
    for name in ("churn-scores", "left-by-a-notebook"):
        sagemaker.create_model(
            ModelName=f"{name}-model", ExecutionRoleArn=f"arn:aws:iam::{ME}:role/x", PrimaryContainer={"Image": "i"}
        )
        variants = [
            {
                "VariantName": variant,
                "ModelName": f"{name}-model",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
            for variant in ("live", "old")
        ]
        sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-1", ProductionVariants=variants)
        tags = [{"Key": "owner", "Value": "ben@example.com"}, {"Key": "stack", "Value": "old"}]
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-1", Tags=tags)
    sagemaker.create_notebook_instance(
        NotebookInstanceName="anas-notebook", InstanceType="ml.t3.medium", RoleArn=f"arn:aws:iam::{ME}:role/x"
    )
    for variant in ("live", "old"):
        named = [{"Name": "EndpointName", "Value": "churn-scores"}, {"Name": "VariantName", "Value": variant}]
        machines: Any = {"MetricName": "CPUUtilization", "Dimensions": named, "Value": 2.0}
        hours = [HOUR - timedelta(hours=back) + timedelta(minutes=7) for back in range(1, 101)]
        watch.put_metric_data(
            Namespace="/aws/sagemaker/Endpoints", MetricData=[{**machines, "Timestamp": at} for at in hours]
        )
        if variant == "live":
            calls: Any = {"MetricName": "Invocations", "Dimensions": named, "Value": 3.0}
            calls["Timestamp"] = HOUR - timedelta(minutes=30)
            watch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[calls])


def found(pairs: Iterator[tuple[Part, Evidence]]) -> dict[str, Evidence]:
    return {part.name: evidence for part, evidence in pairs}


@pytest.mark.usefixtures("made")
def test_a_silent_variant_is_told_from_the_busy_one_beside_it(account: Account) -> None:
    graph = stack({"variantName": "live", **VARIANT}, {"variantName": "old", **VARIANT})
    told = found(aws.standing(account, graph, WINDOW))
    live, old = (told[f"scores/{name}"] for name in ("live", "old"))
    assert isinstance(live, Figures) and isinstance(old, Figures)
    assert sum(live.asked.values()) == 3 and not any(old.asked.values()) and len(old.stood) == 100
    assert old.made is not None and decide(live, NOW, 72).state is State.BUSY
    assert decide(old, NOW, 72).state is State.NEW, "moto made it just now"
    assert decide(Figures(old.asked, old.stood, "CPU"), NOW, 72).state is State.IDLE


@pytest.mark.usefixtures("made")
def test_what_no_state_names_is_found_and_judged(account: Account) -> None:
    own = stack({"variantName": "live", **VARIANT})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        strangers = list(aws.strangers(account, [own], WINDOW))
    told, owners = found(iter(strangers)), {part.name: part.owner for part, _ in strangers}
    missing = told.pop("applications of the account")
    assert isinstance(missing, Unread) and "ListApps" in missing.why, "moto has no applications; the rest is found"
    assert owners["left-by-a-notebook/live"] == "ben@example.com, stack old" and owners["anas-notebook"] == ""
    assert set(told) == {"left-by-a-notebook/live", "left-by-a-notebook/old", "anas-notebook"}
    assert isinstance(told["left-by-a-notebook/old"], Figures)
    assert decide(told["anas-notebook"], NOW, 72).state is State.NEW


@pytest.mark.usefixtures("made")
def test_an_endpoint_that_only_the_state_has_is_unknown(account: Account) -> None:
    told = found(aws.standing(account, stack({"variantName": "live", **VARIANT}, name="deleted-by-hand"), WINDOW))
    assert told == {"scores": Unread("the state has it, and SageMaker does not")}


def test_the_clouds_clock_is_asked(account: Account) -> None:
    assert abs(aws.clock(account) - datetime.now(UTC)) < timedelta(minutes=5)


def test_nothing_but_its_reads_is_sent(account: Account) -> None:
    with pytest.raises(WriteRefused, match="DeleteEndpoint"):
        account.client("sagemaker").delete_endpoint(EndpointName="churn-scores")


# ---- what moto does not know ----------------------------------------------------------------------------------------


class Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Answers(Account):
    """An account whose answers are given by operation, one answer a call and the last one for ever."""

    def __init__(self, **answers: list[Mapping[str, Any] | Exception]) -> None:
        super().__init__(boto3.Session("key", "secret", region_name=REGION), ME, REGION, aws.READS)
        self.answers, self.asked = answers, list[tuple[str, Mapping[str, Any]]]()

    def ask(self, service: str, operation: str, missing: Any = (), **given: Any) -> Mapping[str, Any] | None:
        assert (service, operation) in aws.READS
        self.asked.append((operation, given))
        left = self.answers[operation]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def described(count: int, **more: Any) -> Mapping[str, Any]:
    return {"ProductionVariants": [{"VariantName": "live", "CurrentInstanceCount": count}], **more}


def result(id_: str, *back: int, state: str = "Complete") -> Mapping[str, Any]:
    stamps = [HOUR - timedelta(hours=hours) for hours in back]
    return {"Id": id_, "StatusCode": state, "Timestamps": stamps, "Values": [60.0] * len(stamps)}


def page(*results: Mapping[str, Any], more: str = "") -> Mapping[str, Any]:
    return {"MetricDataResults": list(results), **({"NextToken": more} if more else {})}


def one(account: Account, graph: Graph) -> Evidence:
    ((_, evidence),) = aws.standing(account, graph, WINDOW)
    return evidence


LIVE = stack({"variantName": "live", **VARIANT})


def test_figures_on_a_later_page_count(session: boto3.Session) -> None:
    pages = [
        page(result("asked0"), result("stood0", *range(50, 101), state="PartialData"), more="2"),
        page(result("stood0", *range(1, 50))),
    ]
    account = Answers(DescribeEndpoint=[described(1)], GetMetricData=list(pages))
    figures = one(account, LIVE)
    assert isinstance(figures, Figures) and len(figures.stood) == 100
    assert decide(figures, NOW, 72).state is State.IDLE
    assert account.asked[-1][1]["NextToken"] == "2"


@pytest.mark.parametrize("state", ["InternalError", "PartialData", "Forbidden"])
def test_figures_that_were_not_read_whole_are_unknown(state: str) -> None:
    answer = page(result("asked0", state=state), result("stood0", *range(1, 101)))
    evidence = one(Answers(DescribeEndpoint=[described(1)], GetMetricData=[answer]), LIVE)
    assert evidence == Unread(f"CloudWatch did not read its figures ({state})")
    assert decide(evidence, NOW, 72).state is State.UNKNOWN


def test_a_figure_that_has_no_answer_at_all_is_unknown() -> None:
    evidence = one(Answers(DescribeEndpoint=[described(1)], GetMetricData=[page(result("stood0", 1))]), LIVE)
    assert evidence == Unread("CloudWatch did not read its figures (no answer)")


def test_a_queue_is_asked_by_its_endpoint_and_its_answers_by_samples() -> None:
    account = Answers(
        DescribeEndpoint=[described(0)],
        GetMetricData=[page(result("asked0"), result("stood0"), result("waiting0", 2))],
    )
    queue = one(account, stack({"variantName": "live", **VARIANT}, queued=True))
    assert decide(queue, NOW, 72).state is State.BUSY and "queue" in decide(queue, NOW, 72).says
    queries = {q["Id"]: q["MetricStat"] for q in account.asked[-1][1]["MetricDataQueries"]}
    assert queries["asked0"]["Metric"]["MetricName"] == "Invocation5XXErrors"
    assert queries["asked0"]["Stat"] == "SampleCount"
    assert [d["Name"] for d in queries["waiting0"]["Metric"]["Dimensions"]] == ["EndpointName"]
    empty = Answers(
        DescribeEndpoint=[described(0)], GetMetricData=[page(result("asked0"), result("stood0"), result("waiting0"))]
    )
    asleep = one(empty, stack({"variantName": "live", **VARIANT}, queued=True))
    assert decide(asleep, NOW, 72).state is State.ASLEEP


def test_components_and_provisioned_concurrency_are_unknown_and_serverless_is_no_part() -> None:
    account = Answers(DescribeEndpoint=[described(1)], GetMetricData=[page()])
    by_component = stack({"variantName": "live", "instanceType": "ml.m5.large", "initialInstanceCount": 1})
    assert "inference components" in str(one(account, by_component))
    size = {"memorySizeInMb": 2048, "maxConcurrency": 4}
    kept = {"variantName": "live", "modelName": "m", "serverlessConfig": {**size, "provisionedConcurrency": 1}}
    assert "concurrency" in str(one(account, stack(kept)))
    free = {"variantName": "live", "modelName": "m", "serverlessConfig": size}
    assert list(aws.standing(account, stack(free), WINDOW)) == []


def test_a_refusal_and_throttling_are_unknown_with_a_sentence(session: boto3.Session) -> None:
    """A double of the wire: AWS denies one read and throttles the other for ever."""
    account = Account(session, ME, REGION, aws.READS)
    answers = {"DescribeEndpoint": (400, "AccessDeniedException"), "ListApps": (400, "ThrottlingException")}

    def answer(request: Any, **_: Any) -> AWSResponse:
        status, code = answers[request.headers["X-Amz-Target"].decode().rpartition(".")[2]]
        body = json.dumps({"__type": code, "message": "no"}).encode()
        return AWSResponse(request.url, status, {}, Raw(body))  # pyright: ignore[reportArgumentType]

    account.client("sagemaker").meta.events.register("before-send.sagemaker", answer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        domain = Resource("urn:domain", DOMAIN, "studio", True, outputs={"id": "d-1"})
        told = found(aws.standing(account, Graph("s", "aws", (*LIVE.resources, domain), {}), WINDOW))
    assert told["scores"] == Unread("it takes the right sagemaker:DescribeEndpoint, which is missing")
    throttled = told["applications of studio"]
    assert isinstance(throttled, Unread) and throttled.why.startswith("AWS throttles ListApps even after 5 tries")


SETTINGS = {
    "defaultUserSettings": {
        "jupyterLabAppSettings": {
            "appLifecycleManagement": {
                "idleSettings": {
                    "lifecycleManagement": "ENABLED",
                    "idleTimeoutInMinutes": 60,
                    "maxIdleTimeoutInMinutes": 120,
                }
            }
        }
    }
}


MEI = {"UserProfileName": "mei", "AppType": "JupyterLab", "AppName": "x"}


@pytest.mark.parametrize(
    ("active", "checked", "settings", "state"),
    [
        (90, 1, {}, State.IDLE),
        (1, 0, {}, State.BUSY),
        (1, 1, {}, State.UNKNOWN),  # SageMaker wrote its own health check over the activity
        (1, 1, SETTINGS, State.BUSY),  # it would have stopped by itself
        (None, None, {}, State.UNKNOWN),
    ],
)
def test_an_application_is_idle_only_where_sagemaker_says_when_it_was_used(
    active: int | None, checked: int | None, settings: Mapping[str, Any], state: State
) -> None:
    def ago(hours: int | None) -> datetime | None:
        return None if hours is None else NOW - timedelta(hours=hours)

    apps = [
        {
            "SpaceName": "ana-space",
            "AppType": "JupyterLab",
            "AppName": "default",
            "Status": "InService",
            "ResourceSpec": {"InstanceType": "ml.m5.large"},
        },
        {"UserProfileName": "ana", "AppType": "JupyterServer", "AppName": "default", "Status": "InService"},
        {"UserProfileName": "ben", "AppType": "JupyterLab", "AppName": "x", "Status": "Deleted"},
        {"UserProfileName": "eva", "AppType": "JupyterServer", "AppName": "default", "Status": "Failed"},
        {**MEI, "Status": "Failed", "ResourceSpec": {"InstanceType": "ml.g5.2xlarge"}},
    ]
    account = Answers(
        ListApps=[{"Apps": apps}],
        DescribeSpace=[{"OwnershipSettings": {"OwnerUserProfileName": "ana"}}],
        DescribeApp=[
            {
                "AppType": "JupyterLab",
                "CreationTime": NOW - timedelta(days=30),
                "LastUserActivityTimestamp": ago(active),
                "LastHealthCheckTimestamp": ago(checked),
            }
        ],
    )
    domain = Resource("urn:domain", DOMAIN, "studio", True, inputs=settings, outputs={"id": "d-1"})
    (part, use), (failed, why) = aws.standing(account, Graph("s", "aws", (domain,), {}), WINDOW)
    assert (failed.name, failed.owner) == ("d-1/mei/JupyterLab/x", "mei") and isinstance(why, Unread)
    assert why.why == "it failed, and AWS does not say whether its machine is gone; delete the application"
    assert (part.name, part.owner) == ("d-1/ana-space/JupyterLab/default", "ana")
    assert isinstance(use, LastUse) and decide(use, NOW, 72).state is state
