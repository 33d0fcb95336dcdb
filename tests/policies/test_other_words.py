"""Words that a stack file may have and our pilots do not use: none of them is a finding of what nobody has judged."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack
from tests.mutate import changed
from tests.operations.test_other_teams import file_of, moved
from tests.previewing import preview

Config = dict[str, Any]
REGIONS = {"aws": "ap-southeast-2", "gcp": "europe-west4", "azure": "northcentralus"}
"""On azure one that has no availability zones."""
RULES = ("inputs-", "world-", "identity-")
UNSERVED = "europe-west4-docker.pkg.dev/payments-risk-pilot/shelf/ranker:1"


def of_aws(config: Config) -> None:
    config["models"]["document-embedder"]["start_up_seconds"] = 1800
    config["batch_jobs"] = {}


def of_gcp(config: Config) -> None:
    config["budget"]["monthly_usd"] = 1234.5
    config["batch_jobs"] = {}
    day = {"weekdays": "07:00-19:00", "timezone": "Europe/Berlin"}
    config["endpoints"]["fraud-scorer"] |= {"hours": day, "enabled": False}
    config["models"]["ranker"] = config["models"]["fraud-scorer"] | {"image": UNSERVED}


def of_azure(config: Config) -> None:
    config["models"]["fraud-scorer"]["environment"] = {"MIRROR": "https://mirror.example.org:8443/simple?a=b"}


WORDS: Mapping[str, Callable[[Config], None]] = {"aws": of_aws, "gcp": of_gcp, "azure": of_azure}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Graph]:
    made: dict[str, Graph] = {}
    for platform, say in WORDS.items():
        config = moved(platform, REGIONS[platform])
        say(config)
        made[platform] = preview(file_of(config, tmp_path_factory.mktemp(platform)))
    return made


def said(graph: Graph) -> list[str]:
    return [one.message for one in evaluate(graph, pack.RULES[graph.platform]).findings if one.rule.startswith(RULES)]


@pytest.mark.parametrize("platform", WORDS)
def test_no_word_of_a_stack_file_is_a_finding(graphs: Mapping[str, Graph], platform: str) -> None:
    assert said(graphs[platform]) == []


def test_a_start_that_aws_gives_nobody_is_found(graphs: Mapping[str, Graph]) -> None:
    (one,) = [
        each
        for each in graphs["aws"].of("aws:sagemaker/endpointConfiguration:EndpointConfiguration")
        if "containerStartupHealthCheckTimeoutInSeconds" in str(each.inputs)
    ]

    def longer(inputs: dict[str, Any]) -> None:
        inputs["productionVariants"][0]["containerStartupHealthCheckTimeoutInSeconds"] = 3601

    assert "containerStartupHealthCheckTimeoutInSeconds" in " ".join(said(changed(graphs["aws"], one, longer)))


def test_a_repository_that_no_model_names_stays_foreign(graphs: Mapping[str, Graph]) -> None:
    grant = next(
        one
        for one in graphs["gcp"].of("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")
        if str(one.inputs["repository"]).endswith("shelf")
    )
    elsewhere = changed(graphs["gcp"], grant, lambda inputs: inputs.update(repository="attic"))
    assert "/attic (project, location, repository)" in " ".join(said(elsewhere))


def test_a_host_of_the_file_is_let_into_variables_alone(graphs: Mapping[str, Graph]) -> None:
    graph = graphs["azure"]
    runs = next(one for one in graph.cloud if "mirror.example.org" in str(one.inputs))

    def described(inputs: dict[str, Any]) -> None:
        inputs["properties"]["description"] = "https://mirror.example.org/x"

    def another(inputs: dict[str, Any]) -> None:
        inputs["properties"].setdefault("environmentVariables", {})["MIRROR"] = "https://mallory.example.org/x"

    assert "mirror.example.org (properties.description)" in " ".join(said(changed(graph, runs, described)))
    assert "mallory.example.org" in " ".join(said(changed(graph, runs, another)))
