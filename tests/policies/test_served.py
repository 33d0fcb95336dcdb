"""Who serves reads what a model starts from, and writes beside it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from policies.aws import served as aws
from policies.gcp import served as gcp
from tests.mutate import changed

IMAGE = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"


def strangers(platform: str, *resources: Resource) -> Graph:
    """A stack of somebody else's program, of which no stack file says anything."""
    return Graph("claims", platform, resources, {}, ours=False)


def thing(type_: str, inputs: dict[str, Any], name: str, **refers: Resource) -> Resource:
    urn = f"urn:pulumi:claims::claims::{type_}::{name}"
    depends = {key: (to.urn,) for key, to in refers.items()}
    return Resource(urn, type_, name, True, property_dependencies=depends, inputs=inputs)


def on_aws(action: Any, place: Any) -> Graph:
    role = thing("aws:iam/role:Role", {"name": "serve"}, "serve")
    said = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": place}]}
    may = thing("aws:iam/rolePolicy:RolePolicy", {"policy": json.dumps(said)}, "may", role=role)
    container = {"image": IMAGE, "modelDataUrl": "s3://claims/models/7/model.tar.gz"}
    model = thing("aws:sagemaker/model:Model", {"primaryContainer": container}, "model", executionRoleArn=role)
    return strangers("aws", role, may, model)


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("s3:PutObject", "arn:aws:s3:::claims/models/*"),
        (["s3:GetObject", "s3:put*"], "arn:aws:s3:::claims/*"),
        ("s3:DeleteObject", ["arn:aws:s3:::other/*", "arn:aws:s3:::cl?ims/*.tar.gz"]),
        ("ecr:*", "arn:aws:ecr:eu-west-1:444455556666:repository/*"),
        ("*", "*"),
    ],
)
def test_a_role_that_serves_and_writes_where_a_model_starts_is_found_in_any_program(action: Any, place: Any) -> None:
    assert aws.served_read_only.judge(on_aws(action, place)).violations


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("s3:GetObject", "arn:aws:s3:::claims/*"),
        ("s3:PutObject", ["arn:aws:s3:::claims/batch/*", "arn:aws:s3:::claims/models/8/*"]),
        ("ecr:BatchGetImage", "*"),
        ("ecr:PutImage", "arn:aws:ecr:eu-west-1:444455556666:repository/features"),
    ],
)
def test_a_role_that_reads_or_writes_beside_it_is_let_be(action: Any, place: Any) -> None:
    assert not aws.served_read_only.judge(on_aws(action, place)).violations


@pytest.mark.parametrize(
    ("action", "place", "found"),
    [
        ("s3:PutObject", "arn:aws:s3:::records/*", True),
        ("s3:Delete*", ["arn:aws:s3:::records/flow-logs/*"], True),
        ("s3:GetObject", "arn:aws:s3:::records/*", False),
        ("s3:PutObject", "arn:aws:s3:::recordings/*", False),
    ],
)
def test_no_role_changes_what_the_trail_records(action: str, place: Any, found: bool) -> None:
    """A role of another program may search its trail."""
    graph = on_aws(action, place)
    trail = thing("aws:cloudtrail/trail:Trail", {"s3BucketName": "records"}, "trail")
    graph = replace(graph, resources=(*graph.resources, trail))
    assert bool(aws.records_apart.judge(graph).violations) == found
    assert aws.records_apart.judge(replace(graph, ours=True)).violations or "recordings" in place


def on_gcp(role: str, bucket: str, prefix: str = "") -> Graph:
    account = thing("gcp:serviceaccount/account:Account", {"accountId": "serve"}, "serve")
    grant: dict[str, Any] = {"role": role, "bucket": bucket, "member": "serviceAccount:serve@c.iam.gserviceaccount.com"}
    if prefix:
        objects = f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{prefix}")'
        grant["condition"] = {"title": "below", "expression": objects}
    may = thing("gcp:storage/bucketIAMMember:BucketIAMMember", grant, "may", member=account)
    inputs = {"artifactUri": "gs://claims/models/7/", "image": "europe-west4-docker.pkg.dev/claims/serving/scorer:1"}
    return strangers("gcp", account, may, thing("mlplatform:gcp:Model", inputs, "model", serviceAccount=account))


@pytest.mark.parametrize(
    ("role", "bucket", "prefix", "found"),
    [
        ("roles/storage.objectUser", "claims", "", True),
        ("roles/storage.objectCreator", "claims", "models/", True),
        ("roles/storage.objectAdmin", "claims", "models/7/weights/", True),
        ("projects/claims/roles/own", "claims", "mod", True),
        ("roles/storage.objectViewer", "claims", "", False),
        ("roles/storage.objectUser", "claims", "batch/", False),
        ("roles/storage.objectUser", "other", "", False),
    ],
)
def test_an_account_that_serves_is_held_to_reading(role: str, bucket: str, prefix: str, found: bool) -> None:
    assert bool(gcp.served_read_only.judge(on_gcp(role, bucket, prefix)).violations) == found


def test_a_person_works_as_no_role_that_serves() -> None:
    graph = on_aws("s3:GetObject", "*")
    model = graph.of("aws:sagemaker/model:Model")[0]
    graph = changed(graph, model, lambda p: p.update(executionRoleArn="arn:aws:iam::444455556666:role/serve"))
    for role, found in (("serve", True), ("people", False)):
        inputs = {"userSettings": {"executionRole": f"arn:aws:iam::444455556666:role/{role}"}}
        profile = thing("aws:sagemaker/userProfile:UserProfile", inputs, "ana")
        judged = aws.people_apart.judge(replace(graph, resources=(*graph.resources, profile)))
        assert bool(judged.violations) == found
