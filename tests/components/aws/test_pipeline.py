"""What a pipeline of SageMaker makes: what its steps send, in which order, and who starts them and hears of them."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue import quotas
from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.kind import Bills
from catalogue.kinds import kind_of
from catalogue.kinds.aws import pipelines, scheduler
from catalogue.kinds.aws.jobs import PIPELINE
from catalogue.pricing import Bill, Pricing
from catalogue.properties import Malformed
from components.aws.identity import Identity
from components.aws.personas import IdentityArgs
from components.aws.pipeline import Pipeline, PipelineArgs, StepArgs
from components.given import BadArgument
from components.shapes import Machine
from tests.components.aws.examples import EXAMPLES, TRAINING
from tests.components.aws.test_api_models import Call, _structure, request
from tests.components.aws.test_components import example, inputs, made
from tests.mutate import changed, put

ALARM, SCHEDULE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:scheduler/schedule:Schedule"
CALLS = {"Training": "CreateTrainingJob", "Processing": "CreateProcessingJob"}
STEPS = {step.step_name: step for step in cast(PipelineArgs, EXAMPLES["Pipeline"]).steps}


def graph_of(**other: Any) -> Graph:
    return made(("path", example(Pipeline, **other)))


def steps(**other: Any) -> dict[str, dict[str, Any]]:
    definition = json.loads(inputs(graph_of(**other), PIPELINE)["pipelineDefinition"])
    return {step["Name"]: step for step in definition["Steps"]}


def filled(value: Any) -> Any:
    """As the service sends it: what a run says is a text by then."""
    if isinstance(value, list):
        return [filled(one) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    said = cast("dict[str, Any]", value)
    if "Get" in said:
        return "s3://it/run/model.tar.gz" if said["Get"].startswith("Steps.") else "abc123"
    if "Std:Join" in said:
        return said["Std:Join"]["On"].join(filled(one) for one in said["Std:Join"]["Values"])
    return {key: filled(one) for key, one in said.items()}


@pytest.mark.parametrize("step", STEPS)
def test_what_a_step_sends_is_taken_by_the_model_of_its_api(step: str) -> None:
    said = steps()[step]
    call = CALLS[said["Type"]]
    shape = request("sagemaker", call)
    assert list(_structure(Call("sagemaker", call), shape, filled(said["Arguments"]), "")) == []


def test_each_step_waits_for_those_that_it_reads_and_nothing_is_cached() -> None:
    found = steps()
    assert [step.get("DependsOn") for step in found.values()] == [None, ["prepare"], ["prepare", "train"]]
    assert not any("CacheConfig" in step for step in found.values())
    (policies,) = {json.dumps(step["RetryPolicies"]) for step in found.values()}
    (policy,) = json.loads(policies)
    tried_again = ["Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.CAPACITY_ERROR"]
    assert policy["ExceptionType"] == tried_again and policy["MaxAttempts"] == 2


def test_every_step_is_closed_encrypted_and_ends_in_time() -> None:
    for name, step in steps().items():
        said = step["Arguments"]
        network = said.get("NetworkConfig", said)
        assert network["EnableNetworkIsolation"] is True and network["EnableInterContainerTrafficEncryption"] is True
        assert network["VpcConfig"]["Subnets"] and network["VpcConfig"]["SecurityGroupIds"]
        assert said["StoppingCondition"]["MaxRuntimeInSeconds"] == (7200 if name == "train" else 3600)
        assert (said.get("ProcessingOutputConfig") or said["OutputDataConfig"])["KmsKeyId"]
        cluster = said["ResourceConfig"] if name == "train" else said["ProcessingResources"]["ClusterConfig"]
        assert ("VolumeKmsKeyId" in cluster) == (name != "gate"), "of local NVMe the hardware encrypts itself"


def test_a_program_gets_its_folders_and_its_options_and_reads_what_the_steps_before_wrote() -> None:
    gate = steps()["gate"]["Arguments"]
    assert gate["AppSpecification"]["ContainerEntrypoint"] == ["python", "-m", "steps", "gate"]
    assert gate["AppSpecification"]["ContainerArguments"] == [
        "--data=/opt/ml/processing/input/data",
        "--model=/opt/ml/processing/input/model",
        "--output=/opt/ml/processing/output",
        "--bound=0.9",
    ]
    assert gate["Environment"] == {"MLPLATFORM_RUN": {"Get": "Execution.PipelineExecutionId"}}
    read = {one["InputName"]: one["S3Input"]["S3Uri"] for one in gate["ProcessingInputs"]}
    assert filled(read["data"]).endswith("/pipelines/path/abc123/prepare/"), "with a / or it reads prepare-2 too"
    assert read["model"] == {"Get": "Steps.train.ModelArtifacts.S3ModelArtifacts"}
    (written,) = gate["ProcessingOutputConfig"]["Outputs"]
    assert filled(written["S3Output"]["S3Uri"]).endswith("/pipelines/path/abc123/gate")


def test_a_training_job_is_the_files_own_with_what_the_step_reads_and_its_runs_folders() -> None:
    train = steps()["train"]["Arguments"]
    (channel,) = train["InputDataConfig"]
    assert channel["ChannelName"] == "train"
    assert filled(channel["DataSource"]["S3DataSource"]["S3Uri"]).endswith("/pipelines/path/abc123/prepare/")
    assert filled(train["OutputDataConfig"]["S3OutputPath"]).endswith("/pipelines/path/abc123/train")
    assert filled(train["CheckpointConfig"]["S3Uri"]).endswith("/training/weekly/checkpoints/abc123/")
    assert train["HyperParameters"] == {"regularization": "1.0"} and train["EnableManagedSpotTraining"] is True


def test_names_of_jobs_leave_room_for_run_token_and_attempt() -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html ("Prefix length restrictions")"""
    found = steps(job_name=f"it-{'x' * 40}")
    names = [
        step["Arguments"].get("ProcessingJobName") or step["Arguments"]["TrainingJobName"] for step in found.values()
    ]
    assert names[1] == "it-weekly" and max(map(len, names)) == 38 and len(set(names)) == 3


def test_alarms_say_which_step_failed_and_a_schedule_starts_each_run_once() -> None:
    graph = graph_of()
    alarms = {one.name: one.inputs for one in graph.of(ALARM)}
    assert alarms["path-gate-step-failed"]["alarmDescription"] == "the step gate of a run of it-path failed"
    assert alarms["path-gate-step-failed"]["dimensions"] == {"PipelineName": "path", "StepName": "gate"}
    assert {one["metricName"] for one in alarms.values()} == {
        "ExecutionFailed",
        "ExecutionStopped",
        "ExecutionSucceeded",
        "StepFailed",
    }
    target = inputs(graph, SCHEDULE)["target"]
    token = json.loads(target["input"])["ClientRequestToken"]
    assert len(token.replace("<aws.scheduler.scheduled-time>", "2026-11-26T02:30:00Z")) >= 32
    assert scheduler.job_of(graph, graph.of(SCHEDULE)[0]) is None
    assert scheduler.starters(graph, graph.of(PIPELINE)[0]) == graph.of(SCHEDULE)


def test_people_start_what_has_no_schedule_and_each_step_bills_its_own_hours() -> None:
    graph = graph_of(schedule=None, runs_per_month=4)
    (pipeline,) = graph.of(PIPELINE)
    assert not graph.of(SCHEDULE) and pipeline.inputs["tags"]["runs-per-month"] == "4"
    said = bill(graph)
    assert said.idle == 0 and said.what == "pipeline"
    assert said.ceiling == pytest.approx(4 * (0.115 * 1 + 0.23 * 2 + 1.127 * 1))


def bill(graph: Graph) -> Bill:
    kind = kind_of(PIPELINE)
    assert kind is not None and isinstance(kind.bills, Bills)
    return kind.bills.price(Pricing(graph, catalogue.load("aws"), "us-east-1"), graph.of(PIPELINE)[0])


def test_quota_counts_the_largest_step_of_each_machine_type() -> None:
    train = replace(TRAINING, machine=Machine("ml.m5.large"), replicas=3)
    more = [STEPS["prepare"], replace(STEPS["train"], training=train), STEPS["gate"]]
    (pipeline,) = graph_of(steps=more).of(PIPELINE)
    found = [quotas.draw("aws", one) for one in pipelines._machines(graph_of(), pipeline)]
    assert found == [
        ("ml.m5.large for processing job usage", 1),
        ("ml.m5.large for spot training job usage", 3),
        ("ml.g6.xlarge for processing job usage", 1),
    ]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"Name": "x", "Type": "Lambda", "Arguments": {}}, "whose machines are unknown"),
        ({"Name": "x", "Type": "EMR", "Arguments": {}}, "whose machines are unknown"),
    ],
)
def test_a_step_that_starts_what_nobody_knows_is_no_silence(step: dict[str, Any], said: str) -> None:
    graph = graph_of()
    (pipeline,) = graph.of(PIPELINE)
    nested = {"Name": "if", "Type": "Condition", "Arguments": {"IfSteps": [step], "ElseSteps": []}}
    text = json.dumps({"Version": "2020-12-01", "Steps": [nested]})
    odd = changed(graph, pipeline, lambda p: put(p, "pipelineDefinition", text))
    with pytest.raises(Malformed, match=said):
        list(pipelines.jobs(odd.of(PIPELINE)[0].props))


def test_nothing_stands_while_it_is_switched_off() -> None:
    assert not graph_of(enabled=False).cloud


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"runs_per_month": 8}, "one of the two"),
        ({"schedule": None}, "one of the two"),
        ({"output_uri": "gs://x/y/"}, "a place in S3"),
        ({"steps": [STEPS["gate"]]}, "or a step before: this is the first"),
        ({"steps": [STEPS["prepare"], STEPS["prepare"]]}, "is the name of two"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        graph_of(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give a training job, or image, program, machine and max_hours"),
        ({"training": TRAINING, "program": ["train"]}, "one of the two"),
        ({"image": "docker.io/x:1", "program": ["x"], "machine": Machine("ml.m5.large"), "max_hours": 1}, "of ECR"),
    ],
)
def test_a_step_is_one_of_the_two_whole(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        StepArgs(step_name="x", inputs={}, **given)


@pytest.mark.parametrize("named", [["path"], []])
def test_sagemaker_takes_the_pipeline_role_and_starts_programs_where_there_is_a_pipeline_alone(
    named: list[str],
) -> None:
    needs = replace(cast(IdentityArgs, EXAMPLES["Identity"]).needs, pipelines=named)
    graph = made(("ids", example(Identity, needs=needs)))
    (role,) = (one for one in graph.of("aws:iam/role:Role") if one.name == "ids-pipeline")
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert ("sagemaker.amazonaws.com" in trust["Principal"]["Service"]) is bool(named)
    (policy,) = (one for one in graph.of("aws:iam/rolePolicy:RolePolicy") if one.name == "ids-pipeline-policy")
    said = {one["Sid"]: one for one in json.loads(policy.inputs["policy"])["Statement"]}
    assert ("Process" in said) is ("StartPipelines" in said) is bool(named)
    if named:
        assert said["StartPipelines"]["Resource"] == ["arn:aws:sagemaker:us-east-1:111122223333:pipeline/it-path"]
        assert said["Process"]["Resource"] == ["arn:aws:sagemaker:us-east-1:111122223333:processing-job/it-*"]
