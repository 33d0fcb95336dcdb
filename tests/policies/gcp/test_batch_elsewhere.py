"""A batch job reads and writes as Vertex AI's own agent, which has no role in a bucket of another project."""

import pytest
import yaml

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp.storage import BUCKET_MEMBER
from tests.catching import caught
from tests.mutate import changed, put, without
from tests.previewing import preview
from tests.stack_files import pilot_file

READ, WRITTEN = "gs://claims-data/transactions/", "gs://claims-scores/fraud-backfill/"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The pilot, whose batch job reads and writes in buckets of another project, beside one of its own project."""
    document = pilot_file("gcp")
    document["config"]["mlplatform:batch_jobs"]["fraud-backfill"] |= {"input_uri": READ, "output_uri": WRITTEN}
    document["config"]["mlplatform:sources"] = {
        "gs://claims-data": {"account": "claims-prod", "granted_by": "claims@example.com, change 4711"},
        "gs://claims-scores": {"account": "claims-prod", "granted_by": "claims@example.com, change 4711"},
        "gs://payments-risk-pilot-data": {"account": "payments-risk-pilot", "granted_by": "data@example.com"},
    }
    file = tmp_path_factory.mktemp("stack") / "Pulumi.gcp-pilot.yaml"
    file.write_text(yaml.safe_dump(document))
    return preview(file)


def of_agent(graph: Graph) -> dict[str, Resource]:
    """What the agent may do in buckets, by bucket and role."""
    return {
        f"{one.inputs['bucket']} {one.inputs['role'].rpartition('.')[2]}": one
        for one in graph.of(BUCKET_MEMBER)
        if "@gcp-sa-aiplatform." in one.inputs["member"]
    }


def test_the_agent_is_let_into_the_folders_in_buckets_of_another_project_alone(elsewhere: Graph) -> None:
    found = of_agent(elsewhere)
    assert set(found) == {"claims-data objectViewer", "claims-scores objectUser"}
    assert '/objects/transactions/")' in found["claims-data objectViewer"].inputs["condition"]["expression"]
    assert '/objects/fraud-backfill/")' in found["claims-scores objectUser"].inputs["condition"]["expression"]
    assert caught(elsewhere) == set()


@pytest.mark.parametrize("which", ["claims-data objectViewer", "claims-scores objectUser"])
def test_without_its_grant_the_job_would_be_refused(elsewhere: Graph, which: str) -> None:
    grant = of_agent(elsewhere)[which]
    assert "data-batch-own" in caught(without(elsewhere, grant))
    other = grant.inputs["condition"]["expression"].replace("/objects/", "/objects/other/")
    assert "data-batch-own" in caught(changed(elsewhere, grant, lambda p: put(p, "condition.expression", other)))


def test_in_the_project_of_the_stack_the_agent_has_its_role(gcp_pilot: Graph) -> None:
    assert of_agent(gcp_pilot) == {}
