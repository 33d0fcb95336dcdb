"""What a run is sent, where it reads and writes, and who runs as what: the stack of every section, changed by hand."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.experiments import RECORDS
from catalogue.graph import Graph
from catalogue.kinds.aws.run_as import PERSONAS, RUNS_AS
from components.aws.personas import SERVICES
from operations.evaluation import evaluate
from policies import pack
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import changed, put
from tests.previewing import preview

MACHINE = "aws:sfn/stateMachine:StateMachine"
BUCKET = "s3://aws-full-artifacts-111122223333"
Edit = Callable[[Any], Any]


@pytest.fixture(scope="module")
def full() -> Graph:
    return preview(STACKS / "Pulumi.aws-full.yaml")


def having(graph: Graph, type_: str, end: str, edit: Edit) -> Graph:
    """The graph with the one resource of this type whose name ends so changed."""
    (one,) = (each for each in graph.of(type_) if each.name.endswith(end))
    return changed(graph, one, edit)


def defined(edit: Edit) -> Edit:
    def change(inputs: Any) -> None:
        document = json.loads(inputs["definition"])
        edit(document)
        inputs["definition"] = json.dumps(document)

    return change


def sent(edit: Edit) -> Edit:
    """The definition of the training job with its request changed."""
    return defined(lambda d: edit(d["States"]["Train"]["Parameters"]))


def into(section: str, **said: Any) -> Edit:
    return sent(lambda q: q.setdefault(section, {}).update(said))


def reading(uri: str) -> Edit:
    return sent(lambda q: q["InputDataConfig"][0]["DataSource"]["S3DataSource"].update(S3Uri=uri))


def data_of(**source: Any) -> Edit:
    return sent(lambda q: q["InputDataConfig"].append({"ChannelName": "x", "DataSource": source}))


def checkpoints(expression: str) -> Edit:
    return sent(lambda q: q.update(CheckpointConfig={"S3Uri.$": expression}))


def _then(name: str, state: Any) -> Edit:
    def edit(document: Any) -> None:
        train = document["States"]["Train"]
        del train["End"]
        train["Next"] = name
        document["States"][name] = state

    return defined(edit)


def _nested(holds: Callable[[Any], Any]) -> Edit:
    def edit(document: Any) -> None:
        train = json.loads(json.dumps(document["States"]["Train"]))
        del train["Catch"]
        train["Parameters"]["RemoteDebugConfig"] = {"EnableRemoteDebug": True}
        document["StartAt"] = "Many"
        document["States"]["Many"] = {**holds({"StartAt": "One", "States": {"One": train}}), "Next": "Train"}

    return defined(edit)


SENT: list[tuple[str, Edit]] = [
    *(
        ("inputs-request", into("AlgorithmSpecification", **one))
        for one in (
            {"AlgorithmName": "x"},
            {"ContainerEntrypoint": ["bash", "-c", "curl evil"]},
            {"ContainerArguments": ["--x"]},
            {"TrainingImageConfig": {"TrainingRepositoryAccessMode": "Vpc"}},
        )
    ),
    *(
        ("inputs-request", into("ResourceConfig", **one))
        for one in ({"VolumeSizeInGB": 16384}, {"KeepAlivePeriodInSeconds": 3600}, {"TrainingPlanArn": "arn:x"})
    ),
    ("inputs-request", into("RemoteDebugConfig", EnableRemoteDebug=True)),
    ("inputs-request", into("DebugHookConfig", S3OutputPath=f"{BUCKET}/debug/")),
    ("inputs-request", into("ProfilerConfig", S3OutputPath=f"{BUCKET}/profile/")),
    ("inputs-request", into("RetryStrategy", MaximumRetryAttempts=30)),
    ("inputs-request", into("Environment", A="b")),
    ("inputs-request", into("VpcConfig", Subnets=["subnet-0aaaaaaaaaaaaaaaa"])),
    ("inputs-request", into("VpcConfig", SecurityGroupIds=["sg-0aaaaaaaaaaaaaaaa"])),
    ("inputs-request", data_of(FileSystemDataSource={"FileSystemId": "fs-1"})),
    ("inputs-request", data_of(S3DataSource={"S3DataType": "ManifestFile", "S3Uri": f"{BUCKET}/data/transactions/"})),
    ("inputs-request", sent(lambda q: q["OutputDataConfig"].update({"S3OutputPath.$": "$.out"}))),
    ("inputs-request", sent(lambda q: q.update({"RoleArn.$": "$.role"}))),
    ("inputs-request", sent(lambda q: q.update(CheckpointConfig={"S3Uri": f"{BUCKET}/training/fraud-training/"}))),
    ("inputs-request", sent(lambda q: q.pop("StoppingCondition"))),
    ("inputs-request", defined(lambda d: d.update(QueryLanguage="JSONata"))),
    ("inputs-request", defined(lambda d: d["States"]["Train"].update(Credentials={"RoleArn": "arn:x"}))),
    ("inputs-request", _then("Wait", {"Type": "Wait", "SecondsPath": "$.long", "End": True})),
    (
        "inputs-request",
        _then("Read", {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:describeModel", "End": True}),
    ),
    ("inputs-request", _nested(lambda scope: {"Type": "Parallel", "Branches": [scope]})),
    ("inputs-request", _nested(lambda scope: {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": scope})),
    ("inputs-request", _nested(lambda scope: {"Type": "Map", "MaxConcurrency": 1, "Iterator": scope})),
    *(
        ("world-run-places", reading(f"{BUCKET}/{folder}"))
        for folder in ("capture/fraud-scorer/", "data/other/", "", "batch/fraud-backfill/")
    ),
    ("world-run-places", reading("s3://aws-full-audit-111122223333/trail/")),
    *(
        ("world-run-places", into("OutputDataConfig", S3OutputPath=f"{BUCKET}/{folder}"))
        for folder in ("models/mlplatform-example/1/", "data/transactions/", "registry/", "", "batch/fraud-backfill/")
    ),
    ("world-run-places", checkpoints("States.Format('s3://evil/{}/', $.run)")),
    ("world-run-places", checkpoints("States.Format('s3://{}/checkpoints/', $.run)")),
    ("world-run-places", checkpoints("$.run")),
    ("world-run-places", into("HyperParameters", sagemaker_submit_directory=f"{BUCKET}/workspace/code.tar.gz")),
    ("world-run-places", into("HyperParameters", sagemaker_program="train.py")),
    ("world-run-places", into("HyperParameters", regularization="2.0")),
    ("world-job", sent(lambda q: q.update({"TrainingJobName.$": "States.Format('aws-full-x-{}', $.run)"}))),
    ("world-job", sent(lambda q: q.update({"TrainingJobName.$": "$.name"}))),
    ("limits-batch-time", into("StoppingCondition", MaxRuntimeInSeconds=2_419_200)),
    ("limits-batch-time", into("StoppingCondition", MaxWaitTimeInSeconds=7200)),
    ("limits-batch-time", into("StoppingCondition", MaxWaitTimeInSeconds=None)),
    ("limits-batch-time", defined(lambda d: d.update(TimeoutSeconds=300))),
    ("limits-batch-time", sent(lambda q: q.pop("CheckpointConfig"))),
    ("limits-batch-time", sent(lambda q: q.update(EnableManagedSpotTraining=False))),
    ("rollback-run-whole", defined(lambda d: d["States"]["Train"]["Catch"][0].update(ErrorEquals=["States.ALL"]))),
    ("rollback-run-whole", defined(lambda d: d["States"]["Train"]["Retry"][1].update(IntervalSeconds=1))),
    ("rollback-run-whole", defined(lambda d: d["States"]["Train"]["Retry"][1].update(BackoffRate=1))),
    ("rollback-run-whole", _then("Nowhere", {"Type": "Choice", "Choices": [{"Next": "Gone"}], "Default": "Train"})),
]


@pytest.mark.parametrize(("rule", "edit"), SENT, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(SENT)])
def test_what_a_run_is_sent_is_judged(full: Graph, rule: str, edit: Edit) -> None:
    assert caught(having(full, MACHINE, "-fraud-training", edit), rule) == {rule}


@pytest.mark.parametrize(
    "edit",
    [
        sent(lambda q: q.update(HyperParameters=dict(reversed(q["HyperParameters"].items())))),
        sent(lambda q: q["AlgorithmSpecification"].update(TrainingInputMode="File")),
        sent(lambda q: q["ResourceConfig"].update(VolumeSizeInGB=100)),
        sent(lambda q: q["StoppingCondition"].update(MaxRuntimeInSeconds=3600)),
        defined(lambda d: d["States"]["Train"]["Retry"][1].update(IntervalSeconds=120, JitterStrategy="FULL")),
        defined(
            lambda d: (
                d["States"]["Train"]["Catch"].append({"ErrorEquals": ["States.ALL"], "Next": "Failed"}),
                d["States"].update(Failed={"Type": "Fail", "Error": "Failed"}),
            )
        ),
    ],
)
def test_what_a_reviewer_would_let_be_is_no_finding(full: Graph, edit: Edit) -> None:
    graph = having(full, MACHINE, "-fraud-training", edit)
    assert [one.message for one in evaluate(graph, pack.RULES["aws"]).findings] == []


APPROVER, BATCH = (f"arn:aws:iam::111122223333:role/aws-full-{name}" for name in ("approver", "batch"))


def setting(path: str, value: Any) -> Edit:
    return lambda inputs: put(inputs, path, value)


RUNS: list[tuple[str, str, Edit]] = [
    ("aws:sagemaker/model:Model", "fraud-scorer-model", setting("executionRoleArn", APPROVER)),
    ("aws:sagemaker/model:Model", "fraud-scorer-model", setting("executionRoleArn", BATCH)),
    (
        "aws:sagemaker/model:Model",
        "fraud-backfill-model",
        setting("executionRoleArn", BATCH.replace("batch", "serving")),
    ),
    ("aws:sagemaker/domain:Domain", "-workspace", setting("defaultUserSettings.executionRole", APPROVER)),
    ("aws:sagemaker/domain:Domain", "-workspace", setting("defaultSpaceSettings.executionRole", APPROVER)),
    ("aws:sagemaker/userProfile:UserProfile", "-ana", setting("userSettings.executionRole", APPROVER)),
    (MACHINE, "-fraud-training", setting("roleArn", APPROVER)),
    (MACHINE, "-fraud-training", sent(lambda q: q.update(RoleArn=APPROVER))),
    ("aws:scheduler/schedule:Schedule", "-schedule", setting("target.roleArn", APPROVER)),
    ("aws:appautoscaling/target:Target", "fraud-scorer-scale", lambda i: i.update(roleArn=APPROVER)),
    ("aws:ec2/flowLog:FlowLog", "", lambda i: i.update(iamRoleArn=BATCH)),
    ("aws:cloudtrail/trail:Trail", "", lambda i: i.update(cloudWatchLogsRoleArn=BATCH)),
    ("aws:iam/role:Role", "-identity-batch", lambda i: i.update(path="/aws-reserved/sso.amazonaws.com/")),
    ("aws:iam/role:Role", "-identity-batch", lambda i: i.update(name="aws-full-admin")),
    ("aws:iam/role:Role", "-identity-batch", lambda i: i.update(name="aws-full-serving")),
]


@pytest.mark.parametrize(("type_", "end", "edit"), RUNS, ids=[f"{i}-{one[0]}" for i, one in enumerate(RUNS)])
def test_nothing_runs_as_anothers_role(full: Graph, type_: str, end: str, edit: Edit) -> None:
    assert caught(having(full, type_, end, edit), "identity-runs-as") == {"identity-runs-as"}


def test_the_table_of_roles_has_every_persona() -> None:
    assert tuple(sorted(SERVICES)) == PERSONAS
    assert {who for paths in RUNS_AS.values() for each in paths.values() for who in each} <= {*PERSONAS, RECORDS}
