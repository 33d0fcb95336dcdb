"""A pipeline of a stack file on gcp: what stands of it, by a schedule and switched off, and what is told of it."""

from pathlib import Path

import pytest

from catalogue.graph import Graph
from stacks.config import STACKS
from tests.catching import caught
from tests.previewing import preview

WORKFLOW, POLICY = "gcp:workflows/workflow:Workflow", "gcp:monitoring/alertPolicy:AlertPolicy"
SCHEDULE, STORE = "gcp:cloudscheduler/job:Job", "gcp:vertex/aiMetadataStore:AiMetadataStore"
BY_HAND = "fraud-path/\n      runs_per_month: 4\n"


@pytest.fixture
def asked(tmp_path: Path, request: pytest.FixtureRequest) -> Graph:
    said = (STACKS / "Pulumi.gcp-full.yaml").read_text()
    assert BY_HAND in said
    file = tmp_path / "Pulumi.gcp-full.yaml"
    file.write_text(said.replace(BY_HAND, f"fraud-path/\n      {request.param}\n"))
    return preview(file)


def names(graph: Graph, type_: str) -> set[str]:
    return {one.name for one in graph.of(type_) if "fraud-path" in one.name}


@pytest.mark.parametrize("asked", ["schedule: 30 5 * * 1\n      timezone: Europe/Berlin"], indirect=True)
def test_a_schedule_starts_a_pipeline_and_its_owner_hears_of_each_way_to_fail(asked: Graph) -> None:
    assert not caught(asked)
    assert names(asked, SCHEDULE) == {"gcp-full-fraud-path-schedule"}
    assert names(asked, POLICY) == {
        f"gcp-full-fraud-path-{what}" for what in ("did-not-start", "failed", "failed-at-a-step", "overran")
    }
    assert {name: id_ for name, id_ in asked.outputs["pipelines"].items() if name == "fraud-path"} == {
        "fraud-path": "projects/payments-risk-pilot/locations/us-central1/workflows/gcp-full-fraud-path"
    }


@pytest.mark.parametrize("asked", ["runs_per_month: 4\n      enabled: false"], indirect=True)
def test_a_pipeline_that_is_switched_off_keeps_its_records_and_starts_nothing(asked: Graph) -> None:
    assert not caught(asked)
    assert not names(asked, WORKFLOW) and not names(asked, POLICY)
    assert "fraud-path" not in asked.outputs["pipelines"] and len(asked.of(STORE)) == 1
