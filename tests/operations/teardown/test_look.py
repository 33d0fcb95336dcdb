"""Whether what went is gone: the clouds' inventories are looked through, moto's and doubles of Google's and Azure's."""

import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws
from moto.sagemaker.models import sagemaker_backends

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import kms, s3
from catalogue.kinds.aws.ec2 import SUBNET
from catalogue.kinds.azure.machinelearningservices import WORKSPACE
from catalogue.kinds.gcp import KEY, storage
from operations.doctor import azure as doctor
from operations.idle.azure import INVENTORY
from operations.teardown import Found, Plan, doors, gcp, look
from operations.teardown.doors import Account

STACK, REGION = "churn-dev", "eu-central-1"
BARE = "1 resource of what went without tags: Pulumi's state alone says it is gone"


def made(type_: str, name: str, tags: str = "", **outputs: str) -> Resource:
    marks = {"stack": STACK, "platform": type_.partition(":")[0].partition("-")[0], "owner": "kim"}
    urn = f"urn:pulumi:{STACK}::p::{type_}::{name}"
    return Resource(
        urn=urn, type=type_, name=name, custom=True, inputs={tags: marks} if tags else {}, outputs={**outputs}
    )


def left(platform: str, goes: tuple[Resource, ...], stays: tuple[Resource, ...] = ()) -> Plan:
    graph = Graph(STACK, platform, (*goes, *stays), {})
    return Plan(graph, {one.urn: "artifacts" for one in stays}, goes, ())


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield boto3.Session("key", "secret", region_name=REGION)


def bucket(session: boto3.Session, name: str, **tags: str) -> None:
    where: Any = {"LocationConstraint": REGION}
    session.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    marked: Any = {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
    session.client("s3").put_bucket_tagging(Bucket=name, Tagging=marked)


def test_on_aws_what_stands_yet_with_the_stacks_tags_is_named_and_no_others(session: boto3.Session) -> None:
    for name in ("stands", "kept"):
        bucket(session, name, stack=STACK, platform="aws")
    bucket(session, "strange", stack=STACK, platform="aws")
    bucket(session, "theirs", stack="churn-prod", platform="aws")
    bucket(session, "others", stack=STACK, platform="wiki")
    tags: Any = [{"TagKey": "stack", "TagValue": STACK}, {"TagKey": "platform", "TagValue": "aws"}]
    key = session.client("kms").create_key(Tags=tags)["KeyMetadata"]["Arn"]
    one, kept = (made(s3.BUCKET, f"b-{name}", "tags", arn=f"arn:aws:s3:::{name}") for name in ("stands", "kept"))
    gone = made(s3.BUCKET, "b-gone", "tags", arn="arn:aws:s3:::gone")
    goes = (one, gone, made(kms.KEY, "key", "tags", arn=key), made(SUBNET, "bare"))
    account = SimpleNamespace(session=session, region=REGION)
    assert look(account, left("aws", (*goes, kept))) == Found(("b-kept", "b-stands", "arn:aws:s3:::strange"), (BARE,))
    told = "carries the stack's tags, and no state names it: arn:aws:s3:::strange"
    assert look(account, left("aws", goes, (kept,))) == Found(("b-stands",), (told, BARE))


def test_on_aws_a_job_is_listed_as_long_as_it_runs(session: boto3.Session) -> None:
    """Each night leaves a transform job behind, which no API deletes."""
    client: Any = session.client("sagemaker")
    tags = [{"Key": "stack", "Value": STACK}, {"Key": "platform", "Value": "aws"}]
    for name in ("monday", "tuesday"):
        client.create_transform_job(
            TransformJobName=name,
            ModelName="m",
            TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}}},
            TransformOutput={"S3OutputPath": "s3://b/out/"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
            Tags=tags,
        )
    account = SimpleNamespace(session=session, region=REGION)
    gone = left("aws", (made(s3.BUCKET, "gone", "tags", arn="arn:aws:s3:::gone"),))
    jobs = sagemaker_backends["123456789012"][REGION].transform_jobs
    for job, status in zip(jobs.values(), ("Completed", "InProgress"), strict=True):
        job.transform_job_status = status
    (running,) = look(account, gone).left
    assert running.endswith(":transform-job/tuesday")
    jobs["tuesday"].transform_job_status = "Stopped"
    assert look(account, gone) == Found()


def test_on_google_cloud_a_name_is_known_by_what_follows_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [
        "//storage.googleapis.com/churn-artifacts",
        "//cloudkms.googleapis.com/projects/churn-4/locations/l/keyRings/r/cryptoKeys/k",
        "//aiplatform.googleapis.com/projects/77/locations/l/endpoints/5",
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/projects/churn-4:searchAllResources"
        assert request.url.params["query"] == f"labels.stack={STACK} AND labels.platform=gcp"
        page = int(request.url.params.get("pageToken", 0))
        more = {"nextPageToken": str(page + 1)} if page < len(listed) - 1 else {}
        return httpx.Response(200, json={"results": [{"name": listed[page]}], **more})

    own = gcp.Account(lambda: "t", "churn-4", httpx.MockTransport(answer))
    ring = "projects/churn-4/locations/l/keyRings/r"
    goes = (
        made(storage.BUCKET, "artifacts", "labels", id="churn-artifacts"),
        made(KEY, "key", "labels", id=f"{ring}/cryptoKeys/k"),
        made(storage.BUCKET, "logs", "labels", id="churn-logs"),
    )
    assert look(own, left("gcp", goes)) == Found(("artifacts", "locations/l/endpoints/5"))
    monkeypatch.setattr(gcp, "LONGEST_WAIT", 0.0)
    for status, said in ((403, "403: off"), (503, "answers 503")):
        off = httpx.Response(status, text="off")
        shut = gcp.Account(lambda: "t", "churn-4", httpx.MockTransport(lambda _, off=off: off))
        (unseen,) = look(shut, left("gcp", goes)).unseen
        assert unseen.startswith("nobody could look through the account's inventory: ") and said in unseen


@pytest.mark.parametrize(("kind", "states"), [("batchPredictionJobs", "JOB_STATE"), ("pipelineJobs", "PIPELINE_STATE")])
def test_on_google_cloud_a_job_is_listed_as_long_as_it_runs(kind: str, states: str) -> None:
    jobs = f"projects/77/locations/us-east4/{kind}"
    running = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "cloudasset.googleapis.com":
            results = [{"name": f"//aiplatform.googleapis.com/{jobs}/{one}"} for one in (1, 2)]
            return httpx.Response(200, json={"results": results})
        assert str(request.url).startswith(
            f"https://us-east4-aiplatform.googleapis.com/v1/projects/churn-4/locations/us-east4/{kind}?"
        )
        asked = request.url.params["filter"]
        assert f'state!="{states}_SUCCEEDED" AND state!="{states}_FAILED"' in asked
        assert ("EXPIRED" in asked) == (states == "JOB_STATE")
        return httpx.Response(200, json={kind: [{"name": f"{jobs}/{one}"} for one in running]})

    own = gcp.Account(lambda: "t", "churn-4", httpx.MockTransport(answer))
    gone = left("gcp", (made(storage.BUCKET, "artifacts", "labels", id="churn-artifacts"),))
    assert look(own, gone) == Found()
    running.append("2")
    assert look(own, gone) == Found((f"locations/us-east4/{kind}/2",))


def azure(answers: list[httpx.Response], asked: list[Mapping[str, Any]]) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        return answers.pop(0)

    return doctor.account_of(lambda scope: "t", "sub-1", "r", httpx.MockTransport(answer), (INVENTORY,))


def test_on_azure_an_id_is_known_however_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    id_, asked = "/subscriptions/sub-1/resourceGroups/G/providers/Microsoft.X/workspaces/W", list[Mapping[str, Any]]()
    goes = (made(WORKSPACE, "workspace", "tags", id=id_),)
    page = httpx.Response(200, json={"data": [{"id": id_.upper()}], "$skipToken": "more"})
    last = httpx.Response(200, json={"data": [{"id": "/subscriptions/sub-1/resourceGroups/other"}]})
    found = look(azure([page, last], asked), left("azure", goes))
    assert found.left == ("workspace", "/subscriptions/sub-1/resourcegroups/other")
    assert f"tags['stack']) =~ '{STACK}'" in asked[0]["query"] and asked[1]["options"]["$skipToken"] == "more"
    refused = httpx.Response(403, json={"error": {"code": "AuthorizationFailed", "message": "no"}})
    (unseen,) = look(azure([refused], asked), left("azure", goes)).unseen
    assert "it takes the right Microsoft.ResourceGraph/resources/read" in unseen


def test_an_inventory_that_lags_behind_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "LOOK_EVERY", 0.0)
    answers = [Found(("workspace",)), Found(("workspace",)), Found()]
    monkeypatch.setattr(doors, "look", lambda account, plan: answers.pop(0))
    nobody: Any = None
    door, plan = Account("azure", None, nobody), left("azure", ())
    assert door.left(plan) == Found() and not answers
    monkeypatch.setattr(doors, "FOLLOWS", 0.0)
    answers.append(Found(("workspace",)))
    assert door.left(plan) == Found(("workspace",))


def test_where_nothing_carried_tags_nothing_is_looked_through() -> None:
    (said,) = look(None, left("aws", (made(s3.BUCKET, "bare", arn="arn:aws:s3:::bare"),))).unseen
    assert said.startswith("no resource carried the stack's tags")
