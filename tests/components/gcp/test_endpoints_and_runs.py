"""Endpoints and batch jobs on Google Cloud: how they are reached and watched, and what stays of one switched off."""

import base64
import json
import re
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_gcp
import pytest

from catalogue.graph import Graph
from catalogue.guards import is_state
from components.gcp.batch import BatchJob
from components.gcp.endpoint import Endpoint
from components.given import BadArgument
from components.shapes import Rollout
from operations.offline import record
from tests.components.gcp.examples import (
    BATCH,
    CHANNEL,
    ENDPOINT,
    KEY,
    PROJECT,
    REGION,
    account,
)
from tests.components.gcp.test_components import below, inputs, made, one


@pytest.fixture(scope="module")
def endpoint() -> Graph:
    return one("pilot-scorer", "Endpoint")


def test_trap_the_endpoint_has_no_traffic_split(endpoint: Graph) -> None:
    """`traffic_split` cannot be set at creation."""
    (resource,) = endpoint.of("gcp:vertex/aiEndpoint:AiEndpoint")
    assert "trafficSplit" not in resource.inputs and "trafficSplit" in resource.options["ignoreChanges"]


def test_trap_private_service_connect_stands_alone_and_is_for_this_project(endpoint: Graph) -> None:
    """It conflicts with `network` and with `dedicated_endpoint_enabled`."""
    inputs_ = inputs(endpoint, "gcp:vertex/aiEndpoint:AiEndpoint")
    assert inputs_["privateServiceConnectConfig"] == {
        "enablePrivateServiceConnect": True,
        "projectAllowlists": [PROJECT, "payments-app"],
    }
    assert not {"network", "dedicatedEndpointEnabled"} & set(inputs_)


def test_trap_1441_a_model_is_undeployed_before_its_endpoint_goes_and_the_address_goes_first(endpoint: Graph) -> None:
    """A delete is refused while a model is deployed (python-aiplatform 1441); destroy runs the graph backwards."""
    (deployment,) = endpoint.of("mlplatform:gcp:Deployment")
    (attached,) = endpoint.of("gcp:compute/forwardingRule:ForwardingRule")
    waits = below(endpoint, deployment.urn)
    for type_ in ("gcp:vertex/aiEndpoint:AiEndpoint", "mlplatform:gcp:Model"):
        assert endpoint.of(type_)[0].urn in waits
    assert deployment.urn in below(endpoint, attached.urn)
    assert attached.inputs["target"] == deployment.outputs["serviceAttachment"]
    assert attached.inputs["recreateClosedPsc"] is True


def test_an_endpoint_scales_on_requests_a_minute_and_replica_and_bakes_a_canary(endpoint: Graph) -> None:
    deployment = inputs(endpoint, "mlplatform:gcp:Deployment")
    assert deployment["scalingMetric"].endswith("/prediction/online/request_count")
    assert deployment["scalingTarget"] == 600
    assert (deployment["canaryPercent"], deployment["bakeMinutes"]) == (10, 10)
    assert (deployment["p95LatencyMs"], deployment["errorRatePercent"]) == (1000, 1)
    (model,) = endpoint.of("mlplatform:gcp:Model")
    assert deployment["model"] == model.outputs["versionName"], "a version, so that a new one is seen as a change"


def test_the_way_to_the_endpoint_is_https_to_its_address_and_nothing_else(endpoint: Graph) -> None:
    wall = inputs(endpoint, "gcp:compute/firewall:Firewall")
    (address,) = endpoint.of("gcp:compute/address:Address")
    assert wall["direction"] == "EGRESS" and wall["allows"] == [{"protocol": "tcp", "ports": ["443"]}]
    assert wall["destinationRanges"] == [f"{address.outputs['address']}/32"]


def test_requests_are_logged_under_the_key_for_a_month_and_for_nobody_else(endpoint: Graph) -> None:
    dataset = inputs(endpoint, "gcp:bigquery/dataset:Dataset")
    assert re.fullmatch(r"\w+", dataset["datasetId"]), "BigQuery knows no dash"
    assert dataset["defaultEncryptionConfiguration"] == {"kmsKeyName": KEY}
    assert dataset["defaultPartitionExpirationMs"] == dataset["defaultTableExpirationMs"] == 30 * 86_400_000
    assert not [a for a in dataset["accesses"] if a.get("specialGroup") in ("projectReaders", "projectWriters")]
    logging = inputs(endpoint, "gcp:vertex/aiEndpoint:AiEndpoint")["predictRequestResponseLoggingConfig"]
    assert logging["bigqueryDestination"] == {"outputUri": f"bq://{PROJECT}.{dataset['datasetId']}"}


def conditions(graph: Graph) -> dict[str, Any]:
    policies = graph.of("gcp:monitoring/alertPolicy:AlertPolicy")
    assert all(p.inputs["notificationChannels"] == [CHANNEL] for p in policies)
    return {p.name: p.inputs["conditions"] for p in policies}


def test_alerts_of_an_endpoint_name_it_and_count_an_endpoint_never_called_as_idle(endpoint: Graph) -> None:
    found = conditions(endpoint)
    assert set(found) == {f"pilot-scorer-{what}" for what in ("p95-latency", "errors", "idle")}
    (served,) = endpoint.of("gcp:vertex/aiEndpoint:AiEndpoint")
    both = zip(found["pilot-scorer-p95-latency"], found["pilot-scorer-errors"], ("", "private/"), strict=True)
    for slow, fails, family in both:
        latency, errors = slow["conditionThreshold"], fails["conditionThreshold"]
        assert f"/prediction/online/{family}prediction_latencies" in latency["filter"]
        assert f"/prediction/online/{family}response_count" in errors["filter"]
        assert latency["thresholdValue"] == 1000 and errors["thresholdValue"] == 0.01
        assert errors["denominatorFilter"] in errors["filter"] and "response_code" in errors["filter"]
        assert all(f'endpoint_id = "{served.outputs["name"]}"' in c["filter"] for c in (latency, errors))
    idle = found["pilot-scorer-idle"][0]["conditionPrometheusQueryLanguage"]
    assert idle["query"].count(f'endpoint_id="{served.outputs["name"]}"') == idle["query"].count("or vector(0)") == 2
    assert idle["disableMetricValidation"] is True, "a new project has no such series"


def test_an_endpoint_has_an_id_that_is_not_the_one_it_was_deleted_under(endpoint: Graph) -> None:
    """Vertex AI keeps the id of a deleted endpoint for up to seven days, so no program gives one."""
    (served,) = endpoint.of("gcp:vertex/aiEndpoint:AiEndpoint")
    assert "name" not in served.inputs and served.inputs["displayName"] == "pilot-scorer"
    assert re.fullmatch(r"pilot-scorer-[0-9a-f]{7}", served.outputs["name"]), "which Vertex AI takes: a letter first"


def test_an_endpoint_switched_off_is_a_model_and_what_it_captured() -> None:
    graph = made(("scorer", lambda n, o: Endpoint(n, replace(ENDPOINT, enabled=False), o)))
    assert {r.type for r in graph.cloud} == {"mlplatform:gcp:Model", "gcp:bigquery/dataset:Dataset"}
    (captured,) = graph.of("gcp:bigquery/dataset:Dataset")
    assert captured.protect and is_state(captured)


def test_an_endpoint_that_is_switched_off_and_never_captured_is_a_model_and_nothing_else() -> None:
    graph = made(("scorer", lambda n, o: Endpoint(n, replace(ENDPOINT, enabled=False, capture=None), o)))
    assert [r.type for r in graph.cloud] == ["mlplatform:gcp:Model"]


@pytest.fixture(scope="module")
def batch() -> Graph:
    return one("nightly", "BatchJob")


def test_a_schedule_starts_the_workflow_as_the_pipeline_account(batch: Graph) -> None:
    job = inputs(batch, "gcp:cloudscheduler/job:Job")
    (workflow,) = batch.of("gcp:workflows/workflow:Workflow")
    assert (job["schedule"], job["timeZone"]) == ("30 2 * * *", "Europe/Berlin")
    assert (
        job["httpTarget"]["uri"] == f"https://workflowexecutions.googleapis.com/v1/{workflow.outputs['id']}/executions"
    )
    assert job["httpTarget"]["oauthToken"]["serviceAccountEmail"] == account("pipeline")
    assert workflow.inputs["serviceAccount"] == account("pipeline")
    assert json.loads(base64.b64decode(job["httpTarget"]["body"])) == {"argument": "{}"}
    assert workflow.inputs["cryptoKeyName"] == KEY and workflow.inputs["callLogLevel"] == "LOG_ALL_CALLS"
    assert set(json.loads(workflow.inputs["sourceContents"])) == {"main", "score"}


def test_trap_the_scheduler_sees_only_that_a_run_was_started_so_the_run_itself_raises_the_alarm(batch: Graph) -> None:
    found = conditions(batch)
    assert set(found) == {f"nightly-{what}" for what in ("failed", "overran", "did-not-start")}
    found = {name: only for name, (only,) in found.items()}
    failed = found["nightly-failed"]["conditionThreshold"]["filter"]
    assert "finished_execution_count" in failed and '"nightly"' in failed and '!= "SUCCEEDED"' in failed
    assert '"overran"' in found["nightly-overran"]["conditionMatchedLog"]["filter"]
    assert '"nightly-schedule"' in found["nightly-did-not-start"]["conditionMatchedLog"]["filter"]


def test_trap_an_alert_on_a_log_must_have_a_rate_limit_and_no_other_may(batch: Graph) -> None:
    for policy in batch.of("gcp:monitoring/alertPolicy:AlertPolicy"):
        on_log = "conditionMatchedLog" in policy.inputs["conditions"][0]
        assert ("notificationRateLimit" in policy.inputs["alertStrategy"]) == on_log


def test_a_batch_job_switched_off_is_a_model_and_nothing_else() -> None:
    graph = made(("nightly", lambda n, o: BatchJob(n, replace(BATCH, enabled=False), o)))
    assert [r.type for r in graph.cloud] == ["mlplatform:gcp:Model"]


def test_a_workflow_is_described_in_no_more_than_workflows_takes() -> None:
    inputs = {f"part-{number}": f"gs://data/{'long/' * 60}{number}/" for number in range(4)}
    graph = made(("nightly", lambda n, o: BatchJob(n, replace(BATCH, inputs=inputs), o)))
    (flow,) = graph.of("gcp:workflows/workflow:Workflow")
    assert len(flow.inputs["description"]) == 1_000 and "gs://data/long/" in flow.inputs["description"]
    assert all(place in flow.inputs["sourceContents"] for place in inputs.values())


def test_a_switched_off_endpoint_has_neither_id_nor_address_and_one_that_runs_has_both() -> None:
    made_of: dict[bool, Endpoint] = {}

    def program() -> None:
        opts = pulumi.ResourceOptions(providers=[pulumi_gcp.Provider("gcp", project=PROJECT, region=REGION)])
        for enabled in (True, False):
            made_of[enabled] = Endpoint(f"scorer-{enabled}", replace(ENDPOINT, enabled=enabled), opts)
        pulumi.export("address", made_of[True].address)

    graph = record(program, "test", "gcp", {})
    (address,) = graph.of("gcp:compute/address:Address")
    assert graph.outputs["address"] == address.outputs["address"]
    assert made_of[True].endpoint_id is not None
    assert made_of[False].endpoint_id is made_of[False].address is None


@pytest.mark.parametrize(
    ("rollout", "said"),
    [
        (Rollout(10, 8, 250, 1), "bake_minutes: found 8, allowed: 9 or more, "),
        (Rollout(10, 10, 250, 90), "error_rate_percent: found 90, allowed: less than the canary's 10 %, "),
    ],
)
def test_a_canary_that_nobody_could_see_is_refused(rollout: Rollout, said: str) -> None:
    with pytest.raises(BadArgument, match=f"^EndpointArgs.rollout.{re.escape(said)}"):
        replace(ENDPOINT, rollout=rollout)


def test_the_shortest_bake_and_the_widest_bound_that_can_be_seen_are_taken() -> None:
    assert replace(ENDPOINT, rollout=Rollout(10, 9, 250, 9.9)).rollout.bake_minutes == 9
