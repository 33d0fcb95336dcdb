"""What the owners of places do that a stack reads: one step, before or after the ground as the cloud has it."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.graph import Graph
from catalogue.iam import Call, granted, read_text
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT
from catalogue.placement import Source
from operations import facts
from operations.steps import manual
from operations.verdict import ManualStep
from stacks.config import STACKS
from tests.previewing import preview

OWNER = "images@example.com, change 4711"
THEIRS = {
    "aws": ("444455556666.dkr.ecr.us-east-1.amazonaws.com", "444455556666"),
    "gcp": ("us-central1-docker.pkg.dev/shared-images", "shared-images"),
    "azure": ("sharedml.azurecr.io", "44445555-3333-4444-5555-666677778888"),
}
MOVED: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "111122223333.dkr.ecr.us-east-1": "444455556666.dkr.ecr.us-east-1",
        "arn:aws:ecr:us-east-1:111122223333:": "arn:aws:ecr:us-east-1:444455556666:",
    },
    "gcp": {},
    "azure": {},
}


def moved(graph: Graph, words: Mapping[str, str], *sources: Source) -> Graph:
    """The graph of a stack whose places are those of others."""

    def of_others(said: object) -> dict[str, object]:
        text = json.dumps(said)
        for own, theirs in words.items():
            text = text.replace(own, theirs)
        return json.loads(text)

    resources = tuple(
        replace(one, inputs=of_others(one.inputs), outputs=of_others(one.outputs)) for one in graph.resources
    )
    assert graph.placement is not None
    return replace(graph, resources=resources, placement=replace(graph.placement, sources=sources))


def said(graph: Graph, phases: Sequence[int] = (1, 2)) -> list[ManualStep]:
    return list(manual(graph, [], phases, *facts.of(graph.platform).account_and_region(graph)))


def entered(graph: Graph) -> list[ManualStep]:
    return [step for step in said(graph) if step.what.startswith("let the stack's identities in")]


@pytest.fixture
def aws_images(aws_pilot: Graph) -> Graph:
    place, account = THEIRS["aws"]
    return moved(aws_pilot, MOVED["aws"], Source(place, OWNER, account))


def test_the_owner_of_a_registry_on_aws_lets_the_roles_that_run_its_images_pull_and_no_others(
    aws_images: Graph,
) -> None:
    (step,) = entered(aws_images)
    assert step.who == OWNER and len(step.commands) == len({look.name for look in step.looks}) > 0
    for command, look in zip(step.commands, step.looks, strict=True):
        words = shlex.split(command)
        repository = words[words.index("--repository-name") + 1]
        assert look.name == f"{THEIRS['aws'][0]}/{repository}"
        policy = read_text(words[-1])
        arn = f"arn:aws:ecr:us-east-1:444455556666:repository/{repository}"
        for role, pulls in (("serving", True), ("batch", True), ("approver", False), ("caller", False)):
            brings = {"aws:PrincipalArn": f"arn:aws:iam::111122223333:role/aws-pilot-{role}"}
            assert granted(policy, Call("ecr:BatchGetImage", arn, brings)) is pulls, role
        assert not granted(policy, Call("ecr:PutImage", arn, {"aws:PrincipalArn": look.at}))


@pytest.mark.parametrize(
    ("said", "code", "sets"),
    [
        ("{}", 0, False),
        ("An error occurred (RepositoryPolicyNotFoundException) when calling GetRepositoryPolicy", 254, True),
        ("An error occurred (AccessDeniedException) when calling GetRepositoryPolicy", 254, False),
        ("Could not connect to the endpoint URL", 255, False),
    ],
)
def test_a_policy_of_a_repository_that_is_there_or_cannot_be_read_stays(
    aws_images: Graph, tmp_path: Path, said: str, code: int, sets: bool
) -> None:
    aws = tmp_path / "aws"
    answer = f'echo "{said}" >&{2 if code else 1}; exit {code}'
    aws.write_text(f'#!/bin/sh\ncase "$2" in set-*) touch {tmp_path}/set;; *) {answer};; esac\n')
    aws.chmod(0o755)
    (step,) = entered(aws_images)
    ran = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", step.commands[0]], env=ran, capture_output=True, text=True, check=False)
    assert (tmp_path / "set").exists() is sets and said in done.stderr


def test_a_bucket_of_the_account_needs_no_policy_and_its_key_must_let_the_roles_in(aws_pilot: Graph) -> None:
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    bucket, words = (
        "s3://claims-data",
        {"aws-pilot-artifacts-111122223333/data/transactions/": "claims-data/transactions/"},
    )
    (step,) = entered(moved(aws_pilot, words, Source(bucket, OWNER, "111122223333", key)))
    assert step.commands == [] and [("get-bucket-policy" in c, "get-key-policy" in c) for c in step.checks] == [
        (True, False),
        (False, True),
    ]
    looked = {(look.name, look.at.rpartition("/")[2]) for look in step.looks}
    assert looked == {(bucket, "aws-pilot-batch"), (key, "aws-pilot-batch")}, "the batch role alone reads it"


def test_many_places_are_one_step_that_tells_each_owner_its_own(gcp_pilot: Graph) -> None:
    grants = list(gcp_pilot.of("gcp:storage/bucketIAMMember:BucketIAMMember"))
    named = [f"claims-{number}" for number in range(len(grants))]
    graph = gcp_pilot
    for grant, name in zip(grants, named, strict=True):
        there = replace(grant, inputs={**grant.inputs, "bucket": name}, outputs={**grant.outputs, "bucket": name})
        graph = replace(graph, resources=tuple(there if one is grant else one for one in graph.resources))
    sources = [Source(f"gs://{name}", OWNER if at else "ben@example.com", "claims") for at, name in enumerate(named)]
    (step,) = entered(moved(graph, {}, *sources, Source("gs://unused", OWNER, "claims")))
    assert step.who == f"ben@example.com and {OWNER}"
    assert len(grants) > 3 and len(step.commands) == len(grants)
    assert "gs://claims-0 (ben@example.com); " in step.what and f" and {len(grants) - 4} more ({OWNER})" in step.what
    assert step.what.count("gs://") == 4
    assert not any("unused" in command for command in step.commands)


def test_on_azure_the_ground_makes_the_identities_that_are_then_let_in(azure_pilot: Graph) -> None:
    (image,) = {image.partition("/")[0] for image in facts.images(azure_pilot) if ".azurecr.io" in image}
    place, subscription = THEIRS["azure"]
    graph = moved(azure_pilot, {image: place}, Source(place, OWNER, subscription))
    found = [step.what for step in said(graph)]
    (step,) = entered(graph)
    before, after = (
        next(at for at, what in enumerate(found) if what.startswith(f"bring up {it}"))
        for it in ("the ground", "what serves")
    )
    assert before < found.index(step.what) < after
    identities = {look.at.rpartition("/")[2] for look in step.looks}
    pulls, approves = (f"azure-pilot-identity-{one}" for one in ("serving", "workspace"))
    assert identities == {pulls, "azure-pilot-identity-batch", approves}
    for command, look in zip(step.commands, step.looks, strict=True):
        role = "'Azure AI Enterprise Network Connection Approver'" if look.at.endswith("-workspace") else "AcrPull"
        assert f"--role {role}" in command and f"--name sharedml --subscription {subscription}" in command
        assert look.at.rpartition("/")[2] in command and "11112222-3333-4444-5555-666677778888" in command
    assert not entered(moved(azure_pilot, {}, Source(place, OWNER, subscription))), "nothing is pulled from there"


def test_on_azure_what_trains_alone_is_let_in_where_its_image_alone_lies() -> None:
    """A cluster pulls an image as its own identity, which serves and scores nothing."""
    place, subscription = THEIRS["azure"]
    graph = preview(STACKS / "Pulumi.azure-full.yaml")
    images = (one.props.text_if_known("properties.image") for one in graph.of(ENVIRONMENT))
    own = next(image for image in images if image.endswith("-train:1"))
    (step,) = entered(moved(graph, {own: f"{place}/train:1"}, Source(place, OWNER, subscription)))
    assert [look.at.rpartition("/")[2] for look in step.looks] == [
        "azure-full-identity-training",
        "azure-full-identity-workspace",
    ]


@pytest.mark.parametrize("platform", ["aws", "azure"])
def test_what_lets_in_is_a_command_that_a_shell_reads(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    place, account = THEIRS[platform]
    own = {image.partition("/")[0] for image in facts.images(graph)}
    words = MOVED[platform] or dict.fromkeys(own, place)
    (step,) = entered(moved(graph, words, Source(place, OWNER, account)))
    for line in (*step.commands, *step.checks):
        assert shlex.split(line)[0] == {"aws": "aws", "azure": "az"}[platform]
