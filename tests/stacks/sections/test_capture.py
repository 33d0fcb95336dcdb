"""Stacks of other teams and regions that capture: as much as the limits let, more, or nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from stacks.config import read_stack_file
from tests import sharing
from tests.catching import caught
from tests.operations.test_other_teams import Config, file_of, moved
from tests.previewing import preview

REGIONS = {"aws": "eu-west-1", "gcp": "europe-west4", "azure": "westeurope"}
"""Regions in which no pilot of ours stands."""
RULES = ("limits-capture", "limits-retention", "encryption-customer-key")
PERCENT, DAYS = 25, 90
PHASES = [Phase.explicit, *([Phase.generate] if sharing.whole() else [])]


def elsewhere(platform: str) -> tuple[Config, Config]:
    """The stack of another team, and its online endpoint."""
    config = moved(platform, REGIONS[platform])
    config |= {"team": "claims", "owner": "claims@acme.example"}
    return config, next(item for item in config["endpoints"].values() if item["kind"] == "online")


def kept(graph: Graph) -> list[Any]:
    """What the endpoints of a graph keep: how much, and for how many days."""
    if graph.platform == "aws":
        asked = [c.inputs["dataCaptureConfig"] for c in graph.of(CONFIGURATION) if "dataCaptureConfig" in c.inputs]
        (rules,) = [r.inputs["rules"] for r in graph.of(LIFECYCLE) if "artifacts" in r.name]
        below = {rule["filter"]["prefix"]: rule.get("expiration", {}).get("days") for rule in rules}
        folders = [each["destinationS3Uri"].split("/", 3)[3] for each in asked]
        return [(each["initialSamplingPercentage"], below[f"{at}/"]) for each, at in zip(asked, folders, strict=True)]
    if graph.platform == "gcp":
        asked = [e.inputs.get("predictRequestResponseLoggingConfig") for e in graph.of(VERTEX)]
        days = [d.inputs["defaultPartitionExpirationMs"] / 86_400_000 for d in graph.of(DATASET)]
        return [(round(100 * each["samplingRate"]), days.pop()) for each in filter(None, asked)]
    found = list[Any]()
    for deployment in graph.of(DEPLOYMENT):
        (policy,) = graph.of(POLICY)
        for each in deployment.inputs["properties"].get("dataCollector", {}).get("collections", {}).values():
            days = [
                rule["definition"]["actions"]["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
                for rule in policy.inputs["policy"]["rules"]
                for prefix in rule["definition"]["filters"].get("prefixMatch", ())
                if prefix.endswith(("modelDataCollector/", f"/{deployment.inputs['endpointName']}/"))
            ]
            found.append((round(100 * each["samplingRate"]), min(days)))
    return found


CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
VERTEX, DATASET = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:bigquery/dataset:Dataset"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
POLICY = "azure-native:storage:ManagementPolicy"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_captured_is_what_the_stack_file_says_and_the_limits_bound_it(platform: str, tmp_path: Path) -> None:
    @settings(max_examples=1, deadline=None, derandomize=True, phases=PHASES)
    @example(percent=PERCENT, days=DAYS)
    @example(percent=PERCENT + 1, days=DAYS)
    @example(percent=PERCENT, days=DAYS + 1)
    @given(percent=st.integers(1, 100), days=st.integers(1, 400))
    def holds(percent: int, days: int) -> None:
        config, endpoint = elsewhere(platform)
        endpoint["capture"] = {"percent": percent, "days": days}
        graph = preview(file_of(config, tmp_path))
        assert set(kept(graph)) == {(percent, days)}
        within = percent <= PERCENT and days <= DAYS
        found = caught(graph, *RULES)
        assert found == (set() if within else {"limits-capture"})

    holds()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_is_captured_where_a_stack_file_says_nothing_and_nobody_may(platform: str, tmp_path: Path) -> None:
    config, endpoint = elsewhere(platform)
    del endpoint["capture"]
    graph = preview(file_of(config, tmp_path))
    assert not kept(graph) and not caught(graph, *RULES)
    grants = [json.dumps([r.name, dict(r.inputs)], default=str) for r in graph.resources if "identity" in r.name]
    assert grants and not any("capture/" in said or "modelDataCollector" in said for said in grants)
    assert not graph.of(DATASET)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("word", "value"), [("percent", 0), ("percent", 101), ("days", 0), ("days", 3651)])
def test_a_capture_beyond_its_bounds_is_one_sentence(platform: str, word: str, value: int, tmp_path: Path) -> None:
    config, endpoint = elsewhere(platform)
    endpoint["capture"] = {"percent": 10, "days": 30} | {word: value}
    with pytest.raises(BadInput, match=rf"capture\.{word}: found {value}, allowed"):
        read_stack_file(file_of(config, tmp_path))


def test_an_asynchronous_endpoint_has_no_capture_and_the_sentence_says_why(tmp_path: Path) -> None:
    config, _ = elsewhere("aws")
    config["endpoints"]["document-embedder"]["capture"] = {"percent": 10, "days": 30}
    with pytest.raises(BadInput, match="an async endpoint has both in the artifact bucket already"):
        read_stack_file(file_of(config, tmp_path))
