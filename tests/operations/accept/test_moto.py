"""The acceptance run on AWS against moto: the door of an account, with boto3's own requests.

moto holds the bucket, the repository and the endpoint that a stand-in for Pulumi makes: a full bucket and a full
repository refuse deletion there, too. Of what the door asks, moto has GetCallerIdentity, HeadObject, ListObjectsV2,
DescribeImages, InvokeEndpoint, ListObjectVersions, DeleteObjects, BatchGetImage and BatchDeleteImage. InvokeEndpoint
answers whatever is asked of it, so nothing here shows that an endpoint has to stand before it answers. moto has no
provider of Pulumi's, so the engine is not in this.
"""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from catalogue import transcripts
from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import ecr, s3
from operations.accept.acceptance import STEPS
from operations.accept.command import run_whole
from operations.accept.doors import Account
from operations.accept.engine import Pulumi
from operations.doctor import aws as doctor
from operations.teardown.doors import Door as Leaving
from operations.verdict import Look, ManualStep
from tests.operations.accept.fakes import BUCKET, STACK, Fake, resource
from tests.operations.accept.fakes import graph as graph_of_the_fake
from tests.operations.accept.test_acceptance import made

ME, REGION, REPOSITORY = "123456789012", "eu-central-1", "churn-dev-registry"
REGISTRY = f"{ME}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"
IMAGE, ARTIFACT = f"{REGISTRY}:1.4", f"s3://{BUCKET}/churn/1/model.tar.gz"
DOCKER = "application/vnd.docker.distribution.manifest"


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One session, for each reads the models of its services anew."""
    return boto3.Session("key", "secret", region_name=REGION)


@pytest.fixture
def account(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[doctor.Account]:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with mock_aws():
        yield doctor.Account(session, ME, REGION)


def graph() -> Graph:
    """What the stand-in has, and a repository."""
    own = resource(ecr.REPOSITORY, f"{STACK}-registry", None, name=REPOSITORY)
    answered = replace(own, outputs={"repositoryUrl": REGISTRY, "id": REPOSITORY})
    ids = {s3.BUCKET: BUCKET}
    others = (replace(one, outputs={"id": ids.get(one.type, one.name)}) for one in graph_of_the_fake().resources)
    return Graph(STACK, "aws", (*others, answered), {})


@dataclass
class InMoto(Fake):
    """The stand-in for Pulumi, whose cloud is moto, and the door of an account to it."""

    session: Any = None
    door: Any = None
    told: list[str] = field(default_factory=list[str])

    def makes(self, one: Resource) -> None:
        if one.type == s3.BUCKET:
            where: Any = {"LocationConstraint": REGION}
            self.session.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
            on: Any = {"Status": "Enabled"}
            self.session.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=on)
        if one.type == ecr.REPOSITORY:
            self.session.client("ecr").create_repository(repositoryName=REPOSITORY)

    def deletes(self, one: Resource) -> str:
        try:
            if one.type == s3.BUCKET:
                self.session.client("s3").delete_bucket(Bucket=BUCKET)
            if one.type == ecr.REPOSITORY:
                self.session.client("ecr").delete_repository(repositoryName=REPOSITORY)
        except ClientError as error:
            return str(error)
        return ""

    def left_undone(self, steps: Any, seconds: float) -> list[str]:
        return self.door.left_undone(steps, seconds)

    def call(self, endpoint: str, outputs: Mapping[str, Any], target: str = "") -> bytes:
        return self.door.call(endpoint, outputs, target)

    def leaving(self, pulumi: Pulumi) -> Leaving:
        return self.door.leaving(pulumi)

    @contextmanager
    def traffic(self, endpoint: str, outputs: Mapping[str, Any], bad: bool) -> Generator[None]:
        with self.door.traffic(endpoint, outputs, bad):
            yield


def put(session: Any) -> None:
    """Somebody pushes an image for two machines, as `docker buildx` does, and uploads the artifact twice."""
    of_one = json.dumps({"schemaVersion": 2, "mediaType": f"{DOCKER}.v2+json"})
    pushed = session.client("ecr").put_image(repositoryName=REPOSITORY, imageManifest=of_one, imageTag="arm")
    part = {"mediaType": f"{DOCKER}.v2+json", "size": 1, "digest": pushed["image"]["imageId"]["imageDigest"]}
    several = {"schemaVersion": 2, "mediaType": f"{DOCKER}.list.v2+json", "manifests": [part]}
    session.client("ecr").put_image(repositoryName=REPOSITORY, imageManifest=json.dumps(several), imageTag="1.4")
    for body in (b"a first", b"a second"):
        session.client("s3").put_object(Bucket=BUCKET, Key="churn/1/model.tar.gz", Body=body)


def steps() -> list[ManualStep]:
    looks = [Look(what="image", name=IMAGE), Look(what="artifact", name=ARTIFACT)]
    put_there = ManualStep(what="put them there", who="publisher", commands=["docker push"], looks=looks)
    ups = [ManualStep(what=f"bring up {what}", who="deployer") for what in ("the ground", "what serves")]
    return [ups[0], put_there, ups[1]]


def fake_of(folder: Path, account: doctor.Account) -> InMoto:
    fake = InMoto(folder, graph=graph(), session=account.session)
    door = Account("aws", account, account, fake, fake.file, b'{"instances": [[1]]}', fake.told.append, "a test")
    door.sleep = lambda _: put(account.session)
    fake.door = door
    return fake


def test_a_whole_run_leaves_nothing_in_moto(account: doctor.Account, tmp_path: Path) -> None:
    """It waits until somebody has put what serves there, calls the endpoint, and empties what refuses to go full."""
    fake = fake_of(tmp_path, account)
    make = made(fake)

    def with_steps(name: str) -> Any:
        one = make(name)
        one.manual, one.recorded = steps(), None
        return one

    one = run_whole(with_steps, clean=False, begin=dict)
    assert {step.name: step.state for step in one.steps} == dict.fromkeys([*STEPS, "leave"], "done"), one.steps
    assert fake.told == ["to do now, by the publisher: put them there: docker push"]
    assert account.session.client("s3").list_buckets()["Buckets"] == []
    assert account.session.client("ecr").describe_repositories()["repositories"] == []
    kept = transcripts.read(one.journal.file, "t")
    assert kept.wrong == "" and not {ME, BUCKET, REPOSITORY} & set(one.journal.file.read_text("utf-8").split('"'))
