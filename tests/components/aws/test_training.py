"""What a training job of SageMaker makes: what its runs send, how they end, and who starts them."""

import json
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kind import Bills
from catalogue.kinds import kind_of
from catalogue.pricing import Bill, Pricing
from catalogue.properties import Malformed
from components.aws.network import Network
from components.aws.training import TrainingJob
from components.given import BadArgument
from tests.components.aws.test_api_models import Call, _structure, request
from tests.components.aws.test_components import example, inputs, made
from tests.mutate import changed, put

MACHINE, SCHEDULE = "aws:sfn/stateMachine:StateMachine", "aws:scheduler/schedule:Schedule"


def definition(**other: Any) -> Any:
    return json.loads(inputs(made(("weekly", example(TrainingJob, **other))), MACHINE)["definition"])


def sent(**other: Any) -> dict[str, Any]:
    return definition(**other)["States"]["Train"]["Parameters"]


@pytest.mark.parametrize("spot", [True, False])
def test_what_a_run_sends_is_taken_by_the_model_of_its_api(spot: bool) -> None:
    """Step Functions hands the parameters on; what ends in '.$' is filled in for each run."""
    found = sent() if spot else sent(spot=None)
    filled = {key: value for key, value in found.items() if not key.endswith(".$")}
    if spot:
        filled["CheckpointConfig"] = {"S3Uri": "s3://it/training/weekly/checkpoints/2026-11-27-053000/"}
    shape = request("sagemaker", "CreateTrainingJob")
    call = Call("sagemaker", "CreateTrainingJob")
    assert list(_structure(call, shape, {**filled, "TrainingJobName": "it-weekly-2026-11-27-053000-0"}, "")) == []


def test_a_run_is_closed_encrypted_and_ends_in_time() -> None:
    run, found = definition(), sent()
    assert found["EnableNetworkIsolation"] is True and found["EnableInterContainerTrafficEncryption"] is True
    assert found["OutputDataConfig"]["KmsKeyId"] and found["ResourceConfig"]["VolumeKmsKeyId"]
    assert found["VpcConfig"]["Subnets"] and found["VpcConfig"]["SecurityGroupIds"]
    assert run["TimeoutSeconds"] == (2 + 4) * 3600
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 2 * 3600, "MaxWaitTimeInSeconds": 6 * 3600}


def test_each_run_on_spot_machines_has_a_folder_of_checkpoints_that_its_attempts_share() -> None:
    uri = sent()["CheckpointConfig"]["S3Uri.$"]
    assert uri.startswith("States.Format('s3://") and "$.run" in uri and "RetryCount" not in uri
    assert uri.count("States.") <= 10, "Step Functions nests no more functions in a field"
    assert "CheckpointConfig" not in sent(spot=None) and "EnableManagedSpotTraining" not in sent(spot=None)


def test_people_start_what_has_no_schedule_and_a_tag_counts_their_runs() -> None:
    graph = made(("weekly", example(TrainingJob, schedule=None, runs_per_month=8)))
    assert not graph.of(SCHEDULE) and not [one for one in graph.resources if one.name.endswith("-missed")]
    assert inputs(graph, MACHINE)["tags"]["runs-per-month"] == "8"
    (machine,) = graph.of(MACHINE)
    hour = 0.23
    bill = sfn_bill(graph, machine)
    assert bill.idle == 0 and bill.ceiling == pytest.approx(8 * (2 + 4) * hour) and bill.what == "training job"


def sfn_bill(graph: Graph, machine: Resource) -> Bill:
    kind = kind_of(MACHINE)
    assert kind is not None and isinstance(kind.bills, Bills)
    return kind.bills.price(Pricing(graph, catalogue.load("aws"), "us-east-1"), machine)


@pytest.mark.parametrize("count", ["0", "many", "-1", "1.5"])
def test_a_count_that_is_none_is_no_bill(count: str) -> None:
    graph = made(("weekly", example(TrainingJob, schedule=None, runs_per_month=8)))
    (machine,) = graph.of(MACHINE)
    odd = changed(graph, machine, lambda p: put(p, "tags", {**p["tags"], "runs-per-month": count}))
    with pytest.raises(Malformed, match="no number of runs"):
        sfn_bill(odd, odd.by_urn[machine.urn])


def test_nothing_stands_while_it_is_switched_off() -> None:
    assert not made(("weekly", example(TrainingJob, enabled=False))).cloud


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"runs_per_month": 8}, "one of the two"),
        ({"schedule": None}, "one of the two"),
        ({"image": "docker.io/x:1"}, "an image of ECR"),
        ({"output_uri": "gs://x/y/"}, "a place in S3"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        made(("weekly", example(TrainingJob, **given)))


@pytest.mark.parametrize("together", [True, False])
def test_machines_of_one_job_reach_each_other_encrypted_and_only_where_there_are_several(together: bool) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html"""
    graph = made(("net", example(Network, trains_together=together)))
    for way in ("Ingress", "Egress"):
        rules = [one.inputs for one in graph.of(f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule")]
        found = {(one["ipProtocol"], one.get("fromPort")) for one in rules if one["ipProtocol"] != "tcp"}
        assert found == ({("udp", 500), ("50", None)} if together else set())


def test_machines_with_a_fabric_reach_each_other_in_every_protocol_and_nobody_else() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html"""
    graph = made(("net", example(Network, trains_together=True, trains_over_efa=True)))
    for way in ("Ingress", "Egress"):
        rules = [one.inputs for one in graph.of(f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule")]
        (open_,) = (one for one in rules if one["ipProtocol"] == "-1")
        assert open_["securityGroupId"] == open_["referencedSecurityGroupId"]
        assert not {"fromPort", "toPort", "cidrIpv4", "prefixListId"} & open_.keys()
