"""A pipeline of SageMaker, changed by hand in every way that a rule must notice: that of the stack of every section."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.kinds.aws.jobs import PIPELINE
from policies.personas import table
from policies.personas.simulation import refusals
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import changed, drop, put
from tests.policies.aws.test_runs import Edit, having
from tests.previewing import preview
from tests.rows import rows

ALARM, SCHEDULE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:scheduler/schedule:Schedule"
BUCKET = "s3://aws-full-artifacts-111122223333"


@pytest.fixture(scope="module")
def full() -> Graph:
    return preview(STACKS / "Pulumi.aws-full.yaml")


def defined(edit: Edit) -> Edit:
    def change(inputs: Any) -> None:
        document = json.loads(inputs["pipelineDefinition"])
        edit(document)
        inputs["pipelineDefinition"] = json.dumps(document)

    return change


def step(name: str, edit: Edit) -> Edit:
    return defined(lambda d: edit(next(one for one in d["Steps"] if one["Name"] == name)))


def sent(path: str, value: Any, name: str = "prepare") -> Edit:
    return step(name, lambda s: put(s, f"Arguments.{path}", value))


def lost(path: str, name: str = "prepare") -> Edit:
    return step(name, lambda s: drop(s, f"Arguments.{path}"))


def joined(*values: Any) -> Any:
    return {"Std:Join": {"On": "/", "Values": [*values]}}


RUN = {"Get": "Execution.PipelineExecutionId"}
APP, IN = "AppSpecification", "ProcessingInputs.0.S3Input"
OUT, CLUSTER = "ProcessingOutputConfig.Outputs.0.S3Output", "ProcessingResources.ClusterConfig"
STRANGER = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
EDITS: dict[str, tuple[str, Edit]] = {
    # What somebody else would run, and as whom.
    "image": ("limits-stated", sent(f"{APP}.ImageUri", "111122223333.dkr.ecr.us-east-1.amazonaws.com/other:1")),
    "image of another account": (
        "world-account",
        sent(f"{APP}.ImageUri", "999999999999.dkr.ecr.us-east-1.amazonaws.com/x:1"),
    ),
    "role": ("identity-runs-as", sent("RoleArn", "arn:aws:iam::111122223333:role/aws-full-pipeline")),
    "program": ("limits-stated", sent(f"{APP}.ContainerEntrypoint", ["sh", "-c", "curl"])),
    "words": (
        "limits-stated",
        step("gate", lambda s: s["Arguments"][APP]["ContainerArguments"].append("--report_only=yes")),
    ),
    "options": (
        "limits-stated",
        step("gate", lambda s: put(s, f"Arguments.{APP}.ContainerArguments.3", "--bound=0.1")),
    ),
    "a word left out": ("limits-stated", step("gate", lambda s: s["Arguments"][APP]["ContainerArguments"].pop())),
    "a secret": ("secrets-in-plain", sent("Environment.PASSWORD", "hunter2hunter2")),
    "another variable": ("inputs-request", sent("Environment.LD_PRELOAD", "/opt/ml/x.so")),
    "another run": ("world-job", sent("Environment.MLPLATFORM_RUN", {"Get": "Execution.PipelineName"})),
    # Network and keys.
    "isolation": ("network-jobs-isolated", sent("NetworkConfig.EnableNetworkIsolation", False)),
    "traffic": ("network-jobs-isolated", sent("NetworkConfig.EnableInterContainerTrafficEncryption", False)),
    "no network": ("network-jobs-isolated", lost("NetworkConfig.VpcConfig")),
    "another subnet": ("inputs-request", sent("NetworkConfig.VpcConfig.Subnets", ["subnet-0000000000000dead"])),
    "output without a key": ("encryption-batch", lost("ProcessingOutputConfig.KmsKeyId")),
    "output under another key": ("world-job", sent("ProcessingOutputConfig.KmsKeyId", STRANGER)),
    "volume without a key": ("encryption-batch", lost(f"{CLUSTER}.VolumeKmsKeyId")),
    "training without isolation": ("experiments-own", sent("TrainingJobName", "aws-full-other", "train")),
    # Machines and hours.
    "machine": ("limits-stated", sent(f"{CLUSTER}.InstanceType", "ml.m5.xlarge")),
    "machines": ("limits-stated", sent(f"{CLUSTER}.InstanceCount", 2)),
    "hours": ("limits-stated", sent("StoppingCondition.MaxRuntimeInSeconds", 7200)),
    "too many hours": ("limits-batch-time", sent("StoppingCondition.MaxRuntimeInSeconds", 86_400)),
    "no hours": ("limits-batch-time", lost("StoppingCondition.MaxRuntimeInSeconds")),
    "more hours of training": ("limits-stated", sent("StoppingCondition.MaxRuntimeInSeconds", 3600, "train")),
    "on demand": ("limits-stated", sent("EnableManagedSpotTraining", False, "train")),
    "hyperparameters": ("world-run-places", sent("HyperParameters.sagemaker_submit_directory", "s3://x/", "train")),
    # Places.
    "another input": ("limits-stated", sent(f"{IN}.S3Uri", f"{BUCKET}/data/cards/")),
    "an input of others": ("world-place", sent(f"{IN}.S3Uri", "s3://others/data/")),
    "a manifest": ("inputs-request", sent(f"{IN}.S3DataType", "ManifestFile")),
    "an input of a parameter": ("rollback-run-whole", sent(f"{IN}.S3Uri", {"Get": "Parameters.Raw"})),
    "a channel of another step": (
        "limits-stated",
        sent("InputDataConfig.0.DataSource.S3DataSource.S3Uri", f"{BUCKET}/data/mlplatform-example/", "train"),
    ),
    "a folder that no step wrote": (
        "rollback-run-whole",
        sent(f"{IN}.S3Uri", joined(f"{BUCKET}/pipelines/fraud-path", RUN, "x", ""), "gate"),
    ),
    "one output of all runs": ("world-run-places", sent(f"{OUT}.S3Uri", f"{BUCKET}/pipelines/fraud-path/prepare")),
    "an output elsewhere": ("limits-stated", sent(f"{OUT}.S3Uri", joined(f"{BUCKET}/models", RUN, "prepare"))),
    "over the step before": (
        "rollback-run-whole",
        sent(f"{OUT}.S3Uri", joined(f"{BUCKET}/pipelines/fraud-path", RUN, "evaluate"), "gate"),
    ),
    "an upload at any time": ("inputs-request", sent(f"{OUT}.S3UploadMode", "Continuous")),
    "checkpoints": (
        "limits-stated",
        sent("CheckpointConfig.S3Uri", joined(f"{BUCKET}/pipelines/fraud-path", RUN, ""), "train"),
    ),
    "words of another service": (
        "inputs-request",
        step("prepare", lambda s: s["Arguments"]["ProcessingInputs"][0]["S3Input"].update({"S3Uri.$": "$.x"})),
    ),
    "machines that cannot talk": ("network-training-paths", sent("ResourceConfig.InstanceCount", 2, "train")),
    # What a step is not told, and where it is not recorded.
    "no hyperparameters": ("limits-stated", lost("HyperParameters", "train")),
    "no run": ("world-job", lost("Environment", "register")),
    "no record": ("experiments-own", lost("Environment.MLFLOW_TRACKING_URI", "train")),
    "another experiment": ("experiments-own", sent("Environment.MLFLOW_EXPERIMENT_NAME", "other", "train")),
    "a record out of reach": ("experiments-own", sent("EnableNetworkIsolation", True, "train")),
    # Names and tags.
    "a name of others": ("world-job", sent("ProcessingJobName", "another-stack-prepare")),
    "a name too long": ("world-job", sent("ProcessingJobName", f"aws-full-{'x' * 40}")),
    "no tag": ("cost-batch-tags", lost("Tags.0")),
    # The run.
    "not in order": ("rollback-run-whole", step("gate", lambda s: s.pop("DependsOn"))),
    "beside what it reads": ("rollback-run-whole", step("register", lambda s: put(s, "DependsOn", ["evaluate"]))),
    "in a circle": ("rollback-run-whole", step("prepare", lambda s: put(s, "DependsOn", ["gate"]))),
    "after nothing there": ("rollback-run-whole", step("gate", lambda s: put(s, "DependsOn", ["evaluate", "gone"]))),
    "after what it does not read": ("limits-stated", step("gate", lambda s: s["DependsOn"].append("train"))),
    "tried again": (
        "rollback-run-whole",
        step("gate", lambda s: put(s, "RetryPolicies.0.ExceptionType", ["SageMaker.JOB_INTERNAL_ERROR"])),
    ),
    "tried again for ever": ("inputs-request", step("gate", lambda s: put(s, "RetryPolicies.0.MaxAttempts", 20))),
    "cached": (
        "inputs-request",
        step("gate", lambda s: s.update(CacheConfig={"Enabled": True, "ExpireAfter": "P30D"})),
    ),
    "parameters": ("inputs-request", defined(lambda d: d.update(Parameters=[{"Name": "Raw", "Type": "String"}]))),
    "a step less": ("limits-stated", defined(lambda d: d["Steps"].pop())),
    "a lambda": (
        "inputs-request",
        defined(
            lambda d: d["Steps"].append(
                {
                    "Name": "x",
                    "Type": "Lambda",
                    "Arguments": {},
                    "FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:x",
                }
            )
        ),
    ),
    "a condition": (
        "inputs-request",
        defined(
            lambda d: d["Steps"].append(
                {"Name": "if", "Type": "Condition", "Arguments": {"IfSteps": [], "ElseSteps": []}}
            )
        ),
    ),
    "elsewhere": ("inputs-known", lambda p: p.update(pipelineDefinitionS3Location={"bucket": "x", "objectKey": "y"})),
    "run more often": ("limits-stated", lambda p: put(p, "tags.runs-per-month", "40")),
    "another role": (
        "identity-runs-as",
        lambda p: put(p, "roleArn", "arn:aws:iam::111122223333:role/aws-full-training"),
    ),
}


@rows(("rule", "edit"), EDITS.values(), ids=list(EDITS))
def test_what_nobody_asked_for_in_a_pipeline_is_found(full: Graph, rule: str, edit: Edit) -> None:
    assert caught(having(full, PIPELINE, "-fraud-path", edit), rule) == {rule}


@pytest.mark.parametrize("end", ["failed", "stopped", "gate-step-failed"])
def test_a_pipeline_that_tells_nobody_is_found(full: Graph, end: str) -> None:
    (alarm,) = (one for one in full.of(ALARM) if one.name == f"aws-full-fraud-path-{end}")
    silent = changed(
        full, alarm, lambda p: put(p, "metricName", "ExecutionStarted" if "step" not in end else "StepStarted")
    )
    assert caught(silent, "rollback-batch-watched")


def test_an_alarm_of_a_step_that_names_none_watches_nothing(full: Graph) -> None:
    (alarm,) = (one for one in full.of(ALARM) if one.name == "aws-full-fraud-path-gate-step-failed")
    nameless = changed(full, alarm, lambda p: drop(p, "dimensions.StepName"))
    assert caught(nameless, "rollback-alarm-dimensions")


POLICY, ARN = "aws:iam/rolePolicy:RolePolicy", "arn:aws:s3:::aws-full-artifacts-111122223333"


@pytest.mark.parametrize(
    ("sid", "edit"),
    [
        ("Process", lambda s: s["Action"].remove("sagemaker:AddTags")),
        ("HearOfTheEnd", lambda s: s["Resource"].remove(next(one for one in s["Resource"] if "Transform" in one))),
    ],
)
def test_a_right_on_other_things_alone_is_found(full: Graph, sid: str, edit: Edit) -> None:
    """Every job is tagged by one action; one that may tag training jobs alone starts no step."""

    def change(inputs: Any) -> None:
        document = json.loads(inputs["policy"])
        edit(next(one for one in document["Statement"] if one["Sid"] == sid))
        inputs["policy"] = json.dumps(document)

    assert caught(having(full, POLICY, "pipeline-policy", change), "identity-tasks") == {"identity-tasks"}


def publisher(sid: str, edit: Edit) -> Callable[[Graph], Graph]:
    """The graph with another statement of the publisher's policy."""

    def change(inputs: Any) -> None:
        document = json.loads(inputs["policy"])
        edit(next(one for one in document["Statement"] if one["Sid"] == sid))
        inputs["policy"] = json.dumps(document)

    return lambda graph: having(graph, POLICY, "publisher-policy", change)


def listed(*prefixes: str) -> Callable[[Graph], Graph]:
    return publisher("ListCandidates0", lambda s: put(s, "Condition.StringLike", {"s3:prefix": [*prefixes]}))


@pytest.mark.parametrize(
    "mutate",
    [
        *(
            publisher("Candidates", lambda s, one=one: s.update(Resource=[f"{ARN}/{one}"]))
            for one in ("*", "pipelines/*", "pipelines/other/*", "training/fraud-training/*", "workspace/*")
        ),
        publisher("Candidates", lambda s: s["Action"].append("s3:PutObject")),
        publisher("Candidates", lambda s: s["Resource"].append("arn:aws:s3:::others/pipelines/fraud-path/*")),
        publisher("ListCandidates0", lambda s: s.pop("Condition")),
        listed("pipelines/*"),
        listed("pipelines/fraud-path/*", "training/*"),
    ],
)
def test_the_publisher_reads_what_runs_left_and_nothing_beside(full: Graph, mutate: Callable[[Graph], Graph]) -> None:
    assert caught(mutate(full), "identity-permissions")


def test_without_a_version_that_is_served_nobody_reads_candidates(full: Graph) -> None:
    assert full.placement is not None and not caught(full, "identity-permissions")
    assert caught(replace(full, placement=replace(full.placement, versions=())), "identity-permissions")


def test_the_publisher_registers_what_a_run_left(full: Graph) -> None:
    (task,) = (one for one in table("aws").tasks if one.name == "register-candidate")
    assert not refusals(full, "publisher", task)
    for sid, action in (("Candidates", "s3:GetObject"), ("ListCandidates0", "s3:ListBucket")):
        refused = refusals(publisher(sid, lambda s: s.update(Effect="Deny"))(full), "publisher", task)
        assert {call.partition(" ")[0] for call in refused} == {action}, "one at least of each pipeline's folder"


def test_outputs_that_no_lifecycle_deletes_are_found(full: Graph) -> None:
    def without(props: Any) -> None:
        props["rules"] = [one for one in props["rules"] if "pipelines" not in json.dumps(one)]

    lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    assert caught(having(full, lifecycle, "artifacts-lifecycle", without), "limits-outputs-expire")


def test_the_pipeline_as_it_stands_is_what_every_rule_allows(full: Graph) -> None:
    rules = {rule for rule, _ in EDITS.values()} | {"rollback-batch-watched", "limits-outputs-expire"}
    assert caught(full, *rules) == set()


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The stack of every section, whose pipeline the clock starts, each working day."""
    said = yaml.safe_load((STACKS / "Pulumi.aws-full.yaml").read_text(encoding="utf-8"))
    path = said["config"]["mlplatform:pipelines"]["fraud-path"]
    del path["runs_per_month"]
    path |= {"schedule": "30 5 * * 1-5", "timezone": "Europe/Berlin"}
    file = tmp_path_factory.mktemp("stacks") / "Pulumi.aws-full.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return preview(file)


def test_a_pipeline_that_the_clock_starts_is_what_every_rule_allows(scheduled: Graph) -> None:
    assert caught(scheduled) == caught(preview(STACKS / "Pulumi.aws-full.yaml"))


TARGET = "arn:aws:scheduler:::aws-sdk:sagemaker"
TRAINS = "arn:aws:iam::111122223333:role/aws-full-training"


def target(key: str, value: Any) -> Edit:
    return lambda p: p["target"].update({key: value})


OTHER = json.dumps({"PipelineName": "other", "ClientRequestToken": "<aws.scheduler.scheduled-time>"})
STARTS: dict[str, tuple[str, Edit]] = {
    "another pipeline": ("inputs-request", target("input", OTHER)),
    "no token": ("inputs-allowed", target("input", '{"PipelineName": "aws-full-fraud-path"}')),
    "parameters": ("inputs-known", target("sagemakerPipelineParameters", {"pipelineParameters": []})),
    "a job by itself": ("inputs-request", target("arn", f"{TARGET}:createTrainingJob")),
    "another call": ("world-place", target("arn", f"{TARGET}:createPipeline")),
    "another role": ("identity-runs-as", target("roleArn", TRAINS)),
    "too often": ("limits-schedule-times", lambda p: put(p, "scheduleExpression", "rate(4 hours)")),
    "another time": ("limits-stated", lambda p: put(p, "scheduleExpression", "cron(30 6 ? * 2-6 *)")),
}


@pytest.mark.parametrize(("rule", "edit"), STARTS.values(), ids=list(STARTS))
def test_a_start_that_nobody_asked_for_is_found(scheduled: Graph, rule: str, edit: Edit) -> None:
    assert rule in caught(having(scheduled, SCHEDULE, "-fraud-path-schedule", edit), rule)


def test_a_start_that_is_missed_tells_its_owner(scheduled: Graph) -> None:
    (alarm,) = (one for one in scheduled.of(ALARM) if one.name == "aws-full-fraud-path-missed")
    deaf = changed(scheduled, alarm, lambda p: put(p, "metricName", "ExecutionStarted"))
    assert caught(deaf, "rollback-batch-watched")
