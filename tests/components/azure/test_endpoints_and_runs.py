"""Endpoints, their deployments, and runs of batch jobs on Azure: what is served, scaled, and ends in time."""

import re
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph
from components.azure.batch import BatchJob
from components.azure.endpoint import Endpoint
from components.shapes import Machine, Replicas, Rollout
from tests.components.azure.examples import (
    BATCH,
    ENDPOINT,
    OWNER,
    REGISTERED,
)
from tests.components.azure.test_components import ML, made, one, stand


@pytest.fixture(scope="module")
def whole() -> Graph:
    return made(lambda on: stand("pilot", on))


def endpoint(**changes: Any) -> Graph:
    return made(lambda on: Endpoint("scorer", replace(ENDPOINT, **changes), on))


def batch(**changes: Any) -> Graph:
    return made(lambda on: BatchJob("nightly", replace(BATCH, **changes), on))


def test_trap_traffic_cannot_name_a_deployment_that_does_not_stand(whole: Graph) -> None:
    """The endpoint comes without traffic; our own provider's resource gives it last, and so takes it first."""
    served = one(whole, f"{ML}OnlineEndpoint")
    assert served.inputs["properties"]["traffic"] == {}
    assert "properties.traffic" in served.options["ignoreChanges"]
    traffic = one(whole, "mlplatform:azure:Traffic")
    assert {f"{ML}OnlineDeployment", f"{ML}OnlineEndpoint", "azure-native:monitor:AutoscaleSetting"} <= {
        whole.by_urn[u].type for u in traffic.dependencies
    }
    assert (traffic.inputs["canaryPercent"], traffic.inputs["bakeMinutes"]) == (10, 10)
    assert not [r for r in whole.cloud if traffic.urn in r.dependencies]


def test_an_endpoint_is_private_and_knows_callers_by_entra(whole: Graph) -> None:
    properties = one(whole, f"{ML}OnlineEndpoint").inputs["properties"]
    assert properties["authMode"] == "AADToken" and properties["publicNetworkAccess"] == "Disabled"


@pytest.mark.parametrize(
    "change", [{"machine": Machine("other")}, {"model": replace(REGISTERED, image="a.azurecr.io/b:2")}]
)
def test_trap_what_cannot_be_changed_makes_another_deployment(change: dict[str, Any]) -> None:
    """Blue/green: its name says machine type, model and image, so a change stands beside what runs."""
    old, new = one(endpoint(), f"{ML}OnlineDeployment"), one(endpoint(**change), f"{ML}OnlineDeployment")
    assert old.inputs["deploymentName"] != new.inputs["deploymentName"]
    assert re.fullmatch(r"[a-z][a-z0-9-]{2,31}", str(new.inputs["deploymentName"]))


def test_what_can_be_changed_makes_no_other_deployment() -> None:
    other = {"replicas": Replicas(1, 9), "rollout": Rollout(10, 10, 9, 1)}
    deployments = [one(endpoint(**c), f"{ML}OnlineDeployment") for c in ({}, other)]
    assert len({str(d.inputs["deploymentName"]) for d in deployments}) == 1


def test_trap_an_autoscaled_number_of_replicas_is_not_ours_to_set() -> None:
    deployment = one(endpoint(replicas=Replicas(2, 4)), f"{ML}OnlineDeployment")
    assert deployment.options["ignoreChanges"] == ["sku.capacity"]
    assert deployment.inputs["sku"] == {"name": "Default", "capacity": 2}


def test_trap_a_deployment_takes_longer_than_pulumi_waits_by_default() -> None:
    """12 to 20 minutes each."""
    assert one(endpoint(), f"{ML}OnlineDeployment").options["customTimeouts"]["create"] == "60m"


def test_autoscaling_keeps_to_the_requests_a_replica() -> None:
    setting = one(endpoint(), "azure-native:monitor:AutoscaleSetting").inputs
    (profile,) = setting["profiles"]
    assert profile["capacity"] == {"minimum": "1", "maximum": "4", "default": "1"}
    up, down = profile["rules"]
    assert up["scaleAction"]["direction"] == "Increase" and up["metricTrigger"]["threshold"] == 600
    assert down["scaleAction"]["direction"] == "Decrease" and down["metricTrigger"]["threshold"] == 300
    for rule in (up, down):
        assert rule["metricTrigger"]["metricName"] == "RequestsPerMinute" and rule["metricTrigger"]["dividePerInstance"]
        assert rule["metricTrigger"]["metricResourceUri"].endswith("/onlineEndpoints/scorer")
    assert "/deployments/v-" in setting["targetResourceUri"]


def test_a_new_deployment_gets_autoscaling_of_its_own() -> None:
    """A setting scales one deployment; with a fixed name it would leave the old one's bound while that still serves."""
    settings = [
        one(endpoint(model=replace(REGISTERED, artifact_uri=v)), "azure-native:monitor:AutoscaleSetting").inputs
        for v in ("azureml://datastores/a/paths/1/", "azureml://datastores/a/paths/2/")
    ]
    assert settings[0]["autoscaleSettingName"] != settings[1]["autoscaleSettingName"]


def test_trap_a_silent_metric_may_not_fire() -> None:
    """Idleness is counted in the traffic log, which answers zero where the metric answers nothing."""
    rules = {r.name: r.inputs for r in endpoint().of("azure-native:monitor:ScheduledQueryRule")}
    (condition,) = rules["scorer-idle"]["criteria"]["allOf"]
    assert "Called == 0" in condition["query"] and condition["operator"] == "GreaterThan"
    assert rules["scorer-errors"]["criteria"]["allOf"][0]["threshold"] == 1


def test_latency_is_in_milliseconds() -> None:
    (criterion,) = one(endpoint(rollout=Rollout(10, 10, 250, 1)), "azure-native:monitor:MetricAlert").inputs[
        "criteria"
    ]["allOf"]
    assert (criterion["metricName"], criterion["threshold"]) == ("RequestLatency_P95", 250)


def test_an_endpoint_or_batch_job_switched_off_leaves_nothing_that_bills() -> None:
    """Model and environment are the registry's and stay."""
    assert [r.type for r in endpoint(enabled=False).cloud if r.type.startswith(("azure", "mlplatform:azure:T"))] == []
    assert [r.type for r in batch(enabled=False).cloud if r.type.startswith("azure")] == []


def test_a_batch_run_ends_in_time_and_mails_when_it_did_not_end_well() -> None:
    job = one(batch(replicas=2), f"{ML}Schedule").inputs["properties"]["action"]["jobDefinition"]
    step = job["jobs"]["score"]
    assert step["limits"] == {"job_limits_type": "Command", "timeout": "PT3H"}
    assert step["resources"]["instance_count"] == 2
    assert job["notificationSetting"] == {"emailOn": ["JobFailed", "JobCancelled"], "emails": [OWNER]}
    assert one(batch(), "azure-native:monitor:ScheduledQueryRule").inputs["actions"]["actionGroups"]


def test_a_schedule_starts_a_pipeline_whose_step_is_registered() -> None:
    """azure-ai-ml refuses any other job in a schedule, and writes a pipeline and its component in these words."""
    graph = batch()
    job = one(graph, f"{ML}Schedule").inputs["properties"]["action"]["jobDefinition"]
    step = job["jobs"]["score"]
    assert (job["jobType"], step["type"]) == ("Pipeline", "command")
    assert step["componentId"] == one(graph, f"{ML}ComponentVersion").outputs["id"]
    assert step["identity"] == {"identity_type": "Managed", "client_id": job["identity"]["clientId"]}
    spec = one(graph, f"{ML}ComponentVersion").inputs["properties"]["componentSpec"]
    assert set(spec["inputs"]) == set(step["inputs"]) == set(job["inputs"])
    assert set(spec["outputs"]) == set(step["outputs"]) == set(job["outputs"])
    assert all(value["value"] == f"${{{{parent.inputs.{key}}}}}" for key, value in step["inputs"].items())
    assert spec["environment"].startswith("azureml:/subscriptions/")


def test_nothing_runs_between_batch_runs() -> None:
    cluster = one(batch(replicas=2), f"{ML}Compute").inputs["properties"]
    assert cluster["properties"]["scaleSettings"] == {
        "minNodeCount": 0,
        "maxNodeCount": 2,
        "nodeIdleTimeBeforeScaleDown": "PT5M",
    }
    assert cluster["disableLocalAuth"] is True and cluster["properties"]["enableNodePublicIp"] is False
    assert cluster["properties"]["remoteLoginPortPublicAccess"] == "Disabled"


def test_a_batch_endpoint_knows_callers_by_entra_and_bounds_its_retries() -> None:
    graph = batch()
    assert one(graph, f"{ML}BatchEndpoint").inputs["properties"]["authMode"] == "AADToken"
    properties = one(graph, f"{ML}BatchDeployment").inputs["properties"]
    assert properties["retrySettings"] == {"maxRetries": 2, "timeout": "PT10M"}
    assert properties["errorThreshold"] == 0 and properties["miniBatchSize"] == 10
