"""The places of others: what is of the stack, of its platform's maker or named in its file passes, all else is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp.mlplatform import GRANTS_IN_FORCE
from catalogue.placement import Placement, Source
from catalogue.platforms import PLATFORMS, Platform
from policies import everywhere, pack
from policies.aws import identity as aws
from policies.gcp import identity as gcp
from policies.gcp import world
from policies.rule import Rule

ACCOUNTS = {"aws": "111122223333", "gcp": "claims-pilot", "azure": "11112222-3333-4444-5555-666677778888"}
RUNS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "aws": ("aws:sagemaker/model:Model", lambda image: {"primaryContainer": {"image": image}}),
    "gcp": ("mlplatform:gcp:Model", lambda image: {"image": image}),
    "azure": (
        "azure-native:machinelearningservices:EnvironmentVersion",
        lambda image: {"properties": {"image": image}},
    ),
}
REGISTRY = "azure-native:containerregistry:Registry"
WORKSPACE = "azure-native:machinelearningservices:Workspace"
WRITES = {
    "Statement": [{"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::claims-data/out/*"]}]
}
OPEN = [
    ("aws", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"),
    ("aws", "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"),
    ("aws", "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0"),
    ("gcp", "europe-west4-docker.pkg.dev/claims-pilot/serving/scorer:1"),
    ("gcp", "eu.gcr.io/claims-pilot/scorer:1"),
    ("gcp", "europe-docker.pkg.dev/vertex-ai/prediction/xgboost-cpu.1-7:1"),
    ("azure", "mcr.microsoft.com/azureml/curated/acpt-pytorch-2.2-cuda12.1:42"),
    ("azure", "claimsimages1a2b3c4d.azurecr.io/scorer:1"),
]
OTHERS = [
    ("aws", "444455556666.dkr.ecr.eu-west-1.amazonaws.com", "/team/scorer:1"),
    ("gcp", "us-docker.pkg.dev/shared-images", "/serving/scorer:1"),
    ("gcp", "gcr.io/shared-images", "/scorer:1"),
    ("azure", "sharedml.azurecr.io", "/scorer:1"),
    ("azure", "claimsimages.azurecr.io", "/scorer:1"),
    ("azure", "claimsimages1a2b3c4d5.azurecr.io", "/scorer:1"),
]


def thing(type_: str, inputs: dict[str, Any], name: str = "thing") -> Resource:
    return Resource(
        urn=f"urn:pulumi:claims::mlplatform::{type_}::{name}", type=type_, name=name, custom=True, inputs=inputs
    )


def stack(platform: str, *resources: Resource, sources: Sequence[str] = ()) -> Graph:
    named = tuple(Source(place, "ml-platform@example.com", "444455556666") for place in sources)
    placement = Placement("pilot", "claims", ACCOUNTS[platform], PLATFORMS[platform].region, sources=named)
    return Graph("claims", platform, resources, {}, placement=placement)


def pulling(platform: str, image: str, sources: Sequence[str] = ()) -> Graph:
    type_, inputs = RUNS[platform]
    registry = [*azure_registry()] if platform == "azure" else []
    return stack(platform, thing(type_, inputs(image)), *registry, sources=sources)


def azure_registry(**named: str) -> Iterator[Resource]:
    """A registry, and the workspace that has it for its own."""
    own = thing(REGISTRY, named, "claimsimages")
    yield own
    yield replace(thing(WORKSPACE, {}, "claims"), property_dependencies={"containerRegistry": (own.urn,)})


def registries(platform: str) -> Rule:
    (rule,) = [rule for rule in everywhere.rules(platform) if rule.name == "identity-registries"]
    return rule


@pytest.mark.parametrize(("platform", "image"), OPEN)
def test_an_image_of_the_stacks_own_or_of_the_platforms_maker_is_pulled(platform: Platform, image: str) -> None:
    assert registries(platform).judge(pulling(platform, image)).violations == ()


@pytest.mark.parametrize(("platform", "place", "image"), OTHERS)
def test_an_image_of_others_is_found_until_the_stack_file_names_its_registry(
    platform: Platform, place: str, image: str
) -> None:
    rule = registries(platform)
    (found,) = rule.judge(pulling(platform, f"{place}{image}")).violations
    assert place in found.sentence and "who lets the stack in" in found.sentence
    assert rule.stack_key == "sources" and "sources" in rule.remedy
    assert rule.judge(pulling(platform, f"{place}{image}", [place])).violations == ()
    assert rule.judge(pulling(platform, f"{place}{image}", [f"x{place}"])).violations, "another place lets nobody in"


def test_a_registry_of_azure_is_the_stacks_own_by_its_workspace_and_not_by_standing_beside_it() -> None:
    """The name of one that has a name of its own is that name alone."""
    type_, inputs = RUNS["azure"]
    beside = thing(REGISTRY, {"registryName": "Others"}, "others")

    def found(image: str, ours: bool = True) -> list[str]:
        own = azure_registry(registryName="ClaimsOwn")
        graph = stack("azure", thing(type_, inputs(f"{image}.azurecr.io/scorer:1")), *own, beside)
        return [one.sentence for one in registries("azure").judge(replace(graph, ours=ours)).violations]

    assert found("claimsown") == [] and found("others", ours=False) == []
    for image in ("others", "claimsimages1a2b3c4d"):
        (sentence,) = found(image)
        assert sentence.endswith("; the stack's own registry is claimsown.azurecr.io")


@pytest.mark.parametrize("platform", RUNS)
@pytest.mark.parametrize("image", ["docker.io/acme/scorer:1", "ghcr.io/acme/scorer:1", "acme/scorer:1", "scorer:1"])
def test_an_image_of_no_registry_of_the_platform_is_found_in_any_program(platform: str, image: str) -> None:
    """Also where no stack file says whose the stack is: the host alone says it."""
    graph = pulling(platform, image)
    for judged in (graph, replace(graph, ours=False, placement=None)):
        (found,) = registries(platform).judge(judged).violations
        assert image in found.sentence and "no registry of the platform's" in found.sentence


@pytest.mark.parametrize(
    ("platform", "rule", "writing", "bucket"),
    [
        (
            "aws",
            aws.written_places,
            thing("aws:iam/rolePolicy:RolePolicy", {"policy": json.dumps(WRITES)}),
            "s3://claims-data",
        ),
        (
            "gcp",
            gcp.written_places,
            thing(
                "gcp:storage/bucketIAMMember:BucketIAMMember",
                {"bucket": "claims-data", "role": "roles/storage.objectUser", "member": "serviceAccount:a@b.c"},
            ),
            "gs://claims-data",
        ),
    ],
)
def test_a_bucket_that_is_written_to_is_the_stacks_own_or_named(
    platform: str, rule: Rule, writing: Resource, bucket: str
) -> None:
    (found,) = rule.judge(stack(platform, writing)).violations
    assert bucket in found.sentence and not rule.mandatory and rule.stack_key is None
    job = replace(thing("a:b/job:Job", {"spec": f'{{"out": "{bucket}/x/"}}'}), stack_key="training.claims")
    (found,) = rule.judge(stack(platform, writing, job)).violations
    assert found.sentence.endswith("; the stack file names it under training.claims")
    assert rule.judge(stack(platform, writing, sources=[bucket])).violations == ()
    own = {"aws": ("aws:s3/bucket:Bucket", "bucket"), "gcp": ("gcp:storage/bucket:Bucket", "name")}
    type_, key = own[platform]
    assert rule.judge(stack(platform, writing, thing(type_, {key: "claims-data"}))).violations == ()


def test_a_grant_on_a_place_of_others_is_one_finding_and_not_one_more_of_those_in_force() -> None:
    """`GrantsInForce` names each grant of the stack again. One image of others made twelve findings."""
    there = {"project": "others", "location": "europe-west4", "repository": "images"}
    grant = thing("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember", there, "grant")
    in_force = thing(GRANTS_IN_FORCE, {"grants": [there, there]}, "in-force")
    found = world.foreign_project.judge(stack("gcp", grant, in_force)).violations
    assert [one.resource for one in found] == [grant]


def test_the_engine_and_the_offline_commands_read_the_same_sources() -> None:
    words: dict[str, Any] = {"environment": "pilot", "team": "claims", "account": "a", "region": "r"}
    sources = {"s3://b": {"account": "a", "granted_by": "ana"}, "s3://a": {"account": "a", "granted_by": "ben"}}
    read = Placement.from_words(words | {"sources": sources})
    assert read.sources == (Source("s3://a", "ben", "a"), Source("s3://b", "ana", "a"))
    assert Placement.from_words(words | {"sources": json.dumps(sources)}) == read
    assert Placement.from_words(words) == replace(read, sources=(), addresses=())
    for broken in ("{", "[1]", {"s3://a": "ben"}):
        with pytest.raises(KeyError):
            Placement.from_words(words | {"sources": broken})


def test_a_model_that_is_started_as_its_file_says_is_no_finding() -> None:
    """Words of commands and arguments, and variables with their values; the engine hands them over as JSON."""
    words: dict[str, Any] = {"environment": "pilot", "team": "claims", "account": "a", "region": "r"}
    models: dict[str, Any] = {
        "m": {"command": ["serve"], "args": ["--n", "2"], "environment": {"LEVEL": "info"}},
        "n": {},
    }
    read = Placement.from_words(words | {"models": models})
    assert read.containers == ("--n", "2", "LEVEL=info", "serve")
    assert Placement.from_words(words | {"models": json.dumps(models)}) == read
    with pytest.raises(KeyError):
        Placement.from_words(words | {"models": ["m"]})
    (rule,) = (one for one in pack.RULES["gcp"] if one.name == "world-containers")
    model = thing("mlplatform:gcp:Model", models["m"])
    one = replace(stack("gcp", model), placement=read)
    assert rule.judge(one).violations == ()
    assert Graph.from_json(json.loads(json.dumps(one.to_json()))) == one
    other = thing("mlplatform:gcp:Model", {**models["m"], "environment": {"LEVEL": "debug"}})
    assert [v.sentence for v in rule.judge(replace(stack("gcp", other), placement=read)).violations] == [
        "starts a container with 'LEVEL=debug' (environment), which its file does not say"
    ]


def test_a_graph_that_is_written_and_read_keeps_what_its_stack_file_names() -> None:
    one = stack("aws", sources=["s3://claims-data"])
    assert one.placement is not None
    sized = replace(one, placement=replace(one.placement, config_bytes=7))
    assert Graph.from_json(json.loads(json.dumps(sized.to_json()))) == sized
