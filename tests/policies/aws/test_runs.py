"""What a run is sent, where it reads and writes, and who runs as what: the stack of every section, changed by hand."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue import caveats
from catalogue.experiments import RECORDS
from catalogue.graph import Graph, Resource
from catalogue.kinds.aws.run_as import PEOPLE as OF_PEOPLE
from catalogue.kinds.aws.run_as import PERSONAS, RUNS_AS, TAKEN_BY
from components.aws.personas import PEOPLE, SERVICES
from operations.evaluation import evaluate
from policies import pack
from policies.aws import definitions, network
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import changed, put, without
from tests.previewing import preview
from tests.rows import rows

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
        document["States"]["Train"]["Next"] = name
        document["States"][name] = state

    return defined(edit)


def ended(*choices: Any, default: str = "Stopped", **more: Any) -> Edit:
    """The definition of the training job that asks otherwise how its job ended, with further states."""
    ask = {"Type": "Choice", "Choices": list(choices), "Default": default}
    return defined(lambda d: d["States"].update(TrainEnded=ask, **more))


def when(next_: str, **test: Any) -> Any:
    return {"Variable": "$.done.TrainingJobStatus", **test, "Next": next_}


def later(**more: Any) -> Edit:
    """The same with a task between the job and the question."""
    told = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"Message": "done", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t"},
        "Next": "TrainEnded",
        **more,
    }
    return defined(lambda d: (d["States"]["Train"].update(Next="Told"), d["States"].update(Told=told)))


def _end(document: Any) -> None:
    document["States"]["Train"]["End"] = True
    del document["States"]["Train"]["Next"]


ENDS_WELL_WHEN_STOPPED: list[Edit] = [
    defined(_end),
    _then("Completed", {"Type": "Succeed"}),
    _then("Rest", {"Type": "Wait", "Seconds": 60, "End": True}),
    ended(when("Completed", StringEquals="Completed"), default="Completed"),
    ended(when("Stopped", StringEquals="Failed"), default="Completed"),
    ended(when("Completed", StringEquals="Stopped"), when("Completed", StringEquals="Completed")),
    ended(when("Completed", IsPresent=True)),
    ended({"Not": {"Variable": "$.done.TrainingJobStatus", "StringEquals": "Failed"}, "Next": "Completed"}),
    ended({"Or": [when("", StringEquals="Completed"), when("", StringEquals="Stopped")], "Next": "Completed"}),
    ended({"Variable": "$.SecondaryStatus", "StringEquals": "Completed", "Next": "Completed"}),
    ended(when("Rest", StringEquals="Stopped"), Rest={"Type": "Pass", "End": True}),
    defined(lambda d: d["States"]["Train"].update(ResultPath="$.job")),
    later(),
]
"""How a run comes to succeed whose job was stopped."""


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
    ("limits-stores-expire", into("OutputDataConfig", S3OutputPath=f"{BUCKET}/async/trained/")),
    ("world-run-places", checkpoints("States.Format('s3://evil/{}/', $.run)")),
    ("world-run-places", checkpoints("States.Format('s3://{}/checkpoints/', $.run)")),
    ("world-run-places", checkpoints("$.run")),
    ("world-run-places", into("HyperParameters", sagemaker_submit_directory=f"{BUCKET}/workspace/code.tar.gz")),
    ("world-run-places", into("HyperParameters", sagemaker_program="train.py")),
    ("world-run-places", into("HyperParameters", regularization="2.0")),
    ("world-job", sent(lambda q: q.update({"TrainingJobName.$": "States.Format('aws-full-x-{}', $.run)"}))),
    ("world-job", sent(lambda q: q.update({"TrainingJobName.$": "$.name"}))),
    ("limits-stated", sent(lambda q: q.pop("HyperParameters"))),
    ("experiments-own", sent(lambda q: (q.pop("Environment"), q.update(EnableNetworkIsolation=True)))),
    ("limits-batch-time", into("StoppingCondition", MaxRuntimeInSeconds=2_419_200)),
    ("limits-batch-time", into("StoppingCondition", MaxWaitTimeInSeconds=7200)),
    ("limits-batch-time", into("StoppingCondition", MaxWaitTimeInSeconds=None)),
    ("limits-batch-time", defined(lambda d: d.update(TimeoutSeconds=300))),
    ("limits-batch-time", sent(lambda q: q.pop("CheckpointConfig"))),
    ("limits-batch-time", sent(lambda q: q.update(EnableManagedSpotTraining=False))),
    ("rollback-run-whole", defined(lambda d: d["States"]["Train"]["Catch"][0].update(ErrorEquals=["States.ALL"]))),
    ("rollback-run-whole", defined(lambda d: d["States"]["Train"]["Retry"][1].update(IntervalSeconds=1))),
    ("rollback-run-whole", defined(lambda d: d["States"]["Train"]["Retry"][1].update(BackoffRate=1))),
    ("rollback-run-whole", defined(lambda d: d.update(StartAt="Completed"))),
    ("rollback-run-whole", defined(lambda d: d["States"].update(Beside={"Type": "Succeed"}))),
    ("rollback-run-whole", _then("Nowhere", {"Type": "Choice", "Choices": [{"Next": "Gone"}], "Default": "Train"})),
]


@pytest.mark.parametrize(
    ("rule", "section", "key"),
    [("world-job", "", "TransformJobName.$"), ("world-run-places", "TransformOutput", "S3OutputPath.$")],
)
def test_two_inputs_of_a_batch_job_have_a_job_and_a_folder_each(full: Graph, rule: str, section: str, key: str) -> None:
    def edit(document: Any) -> None:
        one, other = (each["Parameters"] for each in document["States"].values() if each["Type"] == "Task")
        (other[section] if section else other)[key] = (one[section] if section else one)[key]

    assert caught(full, rule) == set()
    assert caught(having(full, MACHINE, "-fraud-backfill", defined(edit)), rule) == {rule}


@pytest.mark.parametrize("edit", ENDS_WELL_WHEN_STOPPED)
def test_a_run_whose_job_was_stopped_is_none_that_succeeded(full: Graph, edit: Edit) -> None:
    graph = having(full, MACHINE, "-fraud-training", edit)
    (found,) = [one.sentence for one in definitions.run_whole.judge(graph).violations if "was stopped" in one.sentence]
    assert "counts a job as done that was stopped" in found and "(Train)" in found


@pytest.mark.parametrize("status", ["Stopped", "Done"])
def test_a_run_that_no_status_ends_well_is_found(full: Graph, status: str) -> None:
    graph = having(full, MACHINE, "-fraud-training", ended(when("Completed", StringEquals=status)))
    assert any("ends no run well" in one.sentence for one in definitions.run_whole.judge(graph).violations)


@pytest.mark.parametrize(
    "edit",
    [
        ended({"Not": when("", StringEquals="Completed"), "Next": "Stopped"}, default="Completed"),
        ended(
            {"And": [when("", IsPresent=True), when("", StringEquals="Completed")], "Next": "Completed"},
            {"Variable": "$.done.SecondaryStatus", "StringEquals": "MaxWaitTimeExceeded", "Next": "Stopped"},
        ),
        ended(when("Rest", StringEquals="Completed"), Rest={"Type": "Pass", "End": True}),
        later(ResultPath="$.told"),
        defined(
            lambda d: (
                d["States"]["Train"].update(ResultPath="$.job"),
                d["States"]["TrainEnded"]["Choices"][0].update(Variable="$.job.TrainingJobStatus"),
            )
        ),
        defined(
            lambda d: (
                d["States"]["Train"].update(ResultSelector={"how.$": "$.TrainingJobStatus"}),
                d["States"]["TrainEnded"]["Choices"][0].update(Variable="$.done.how"),
            )
        ),
    ],
)
def test_a_run_may_ask_in_its_own_way_how_its_job_ended(full: Graph, edit: Edit) -> None:
    said = definitions.run_whole.judge(having(full, MACHINE, "-fraud-training", edit)).violations
    # The state of before, which nothing leads to any more.
    assert [one.sentence for one in said if not one.sentence.startswith("never comes to Completed")] == []


@rows(("rule", "edit"), SENT, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(SENT)])
def test_what_a_run_is_sent_is_judged(full: Graph, rule: str, edit: Edit) -> None:
    assert caught(having(full, MACHINE, "-fraud-training", edit), rule) == {rule}


@pytest.mark.parametrize(
    "edit",
    [
        sent(lambda q: q.update(HyperParameters=dict(reversed(q["HyperParameters"].items())))),
        sent(lambda q: q["AlgorithmSpecification"].update(TrainingInputMode="File")),
        sent(lambda q: q["ResourceConfig"].update(VolumeSizeInGB=100)),
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
    ("aws:scheduler/schedule:Schedule", "fraud-backfill-schedule", setting("target.roleArn", APPROVER)),
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


@pytest.mark.parametrize(
    ("persona", "trust_of", "said"),
    [
        ("approver", "batch", "sagemaker.amazonaws.com, which does no work of the approver persona"),
        ("batch", "pipeline", "s.amazonaws.com, which does no work of the batch persona"),
        ("pipeline", "publisher", "and no person is the pipeline persona"),
        ("records", "caller", "and no person is the records persona"),
    ],
)
def test_a_role_is_taken_by_whom_the_work_of_its_persona_is(
    full: Graph, persona: str, trust_of: str, said: str
) -> None:
    (other,) = (one for one in full.of("aws:iam/role:Role") if one.name.endswith(f"-identity-{trust_of}"))
    taken = other.inputs["assumeRolePolicy"]
    graph = having(full, "aws:iam/role:Role", f"-identity-{persona}", lambda i: i.update(assumeRolePolicy=taken))
    found = [one.message for one in evaluate(graph, [rule for rule in pack.RULES["aws"] if rule.name == RULE]).findings]
    assert found and all(f"{persona} " in one for one in found) and any(said in one for one in found), found


RULE = "identity-runs-as"


def test_the_table_of_roles_has_every_persona() -> None:
    assert tuple(sorted(SERVICES)) == PERSONAS
    assert {who: {*by} for who, by in TAKEN_BY.items() if who != RECORDS} == {
        who: {*by} for who, by in SERVICES.items() if by
    }
    assert tuple(PEOPLE) == OF_PEOPLE
    assert {who for paths in RUNS_AS.values() for each in paths.values() for who in each} <= {*PERSONAS, RECORDS}


# ---- machines that train together -----------------------------------------------------------------------------------

INGRESS, EGRESS = (f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule" for way in ("Ingress", "Egress"))
OLD_RULE, WORKLOADS = "aws:ec2/securityGroupRule:SecurityGroupRule", "aws-full-network-workloads"


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The stack of every section, whose training job has two replicas."""
    said = yaml.safe_load((STACKS / "Pulumi.aws-full.yaml").read_text(encoding="utf-8"))
    said["config"]["mlplatform:training"]["fraud-training"]["replicas"] = 2
    del said["config"]["mlplatform:pipelines"], said["config"]["mlplatform:batch_jobs"]["fraud-rows"]
    file = tmp_path_factory.mktemp("stacks") / "Pulumi.aws-full.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return preview(file)


def apart(graph: Graph) -> list[str]:
    return [one.sentence for one in network.training_paths.judge(graph).violations]


def between(graph: Graph, *missing: str, **more: Any) -> Graph:
    """The graph without rules of the group, by the ends of their names, and with one of another form in their place."""
    gone = [one for one in graph.of(INGRESS, EGRESS) if one.name.endswith(missing)]
    assert len(gone) == len(missing)
    for one in gone:
        graph = without(graph, one)
    if not more:
        return graph
    keys = ("securityGroupId", "referencedSecurityGroupId", "sourceSecurityGroupId")
    ids = dict.fromkeys(keys, gone[0].inputs["securityGroupId"])
    depends = dict.fromkeys(keys, gone[0].property_dependencies["securityGroupId"])
    type_ = more.pop("type_", INGRESS)
    urn = f"urn:pulumi:aws-full::mlplatform::{type_}::other"
    other = Resource(urn, type_, "other", True, inputs={**ids, **more}, property_dependencies=depends)
    return replace(graph, resources=(*graph.resources, other))


def test_machines_that_train_together_are_let_talk(together: Graph, full: Graph) -> None:
    assert apart(together) == apart(full) == []
    two = having(full, MACHINE, "-fraud-training", into("ResourceConfig", InstanceCount=2))
    assert len(apart(two)) == 4 and all(f"2 machines in {WORKLOADS}" in one for one in apart(two))
    clear = having(
        two, MACHINE, "-fraud-training", sent(lambda q: q.update(EnableInterContainerTrafficEncryption=False))
    )
    assert apart(clear) == []


@pytest.mark.parametrize(
    "what", ["training-keys-in", "training-keys-out", "training-traffic-in", "training-traffic-out"]
)
def test_each_way_that_machines_talk_by_is_asked_for(together: Graph, what: str) -> None:
    (said,) = apart(between(together, what))
    assert said.endswith(f"no {what.rpartition('-')[2]} rule to itself for {'UDP 500' if 'keys' in what else 'ESP'}")


@pytest.mark.parametrize(
    ("more", "talk"),
    [
        ({"ipProtocol": "17", "fromPort": 1, "toPort": 1000}, True),
        ({"ipProtocol": "-1"}, True),
        ({"type_": OLD_RULE, "type": "ingress", "protocol": "udp", "fromPort": 500, "toPort": 500, "self": True}, True),
        ({"type_": OLD_RULE, "type": "egress", "protocol": "udp", "fromPort": 500, "toPort": 500, "self": True}, False),
        ({"ipProtocol": "tcp", "fromPort": 500, "toPort": 500}, False),
        ({"ipProtocol": "udp", "fromPort": 501, "toPort": 4500}, False),
        ({"ipProtocol": "50"}, False),
    ],
)
def test_keys_are_agreed_on_by_whatever_rule_opens_their_port(together: Graph, more: Any, talk: bool) -> None:
    assert (apart(between(together, "training-keys-in", **more)) == []) is talk


FABRIC = "no {} rule to itself for everything, as their Elastic Fabric Adapters need"


@pytest.mark.parametrize(("machine", "efa"), [("ml.p4d.24xlarge", True), ("ml.trn1.2xlarge", False)])
def test_machines_with_a_fabric_are_let_talk_in_every_protocol(together: Graph, machine: str, efa: bool) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html, encrypted or not."""
    on = having(together, MACHINE, "-fraud-training", into("ResourceConfig", InstanceType=machine))
    clear = having(
        on, MACHINE, "-fraud-training", sent(lambda q: q.update(EnableInterContainerTrafficEncryption=False))
    )
    for graph in (on, clear):
        said = apart(graph)
        assert len(said) == (2 if efa else 0)
        assert all(one.endswith(FABRIC.format(way)) for one, way in zip(said, ("in", "out"), strict=False))
    (only_out,) = apart(between(on, "training-keys-in", ipProtocol="-1")) if efa else ("out",)
    assert "out" in only_out


def test_a_stack_whose_machines_have_a_fabric_lets_them_talk(tmp_path: Path) -> None:
    said = yaml.safe_load((STACKS / "Pulumi.aws-full.yaml").read_text(encoding="utf-8"))
    said["config"]["mlplatform:training"]["fraud-training"] |= {"replicas": 2, "machine_type": "ml.p4d.24xlarge"}
    del said["config"]["mlplatform:training"]["fraud-training"]["family"], said["config"]["mlplatform:pipelines"]
    del said["config"]["mlplatform:batch_jobs"]["fraud-rows"]
    file = tmp_path / "Pulumi.aws-full.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    graph = preview(file)
    (machine,) = (one for one in graph.of(MACHINE) if one.name.endswith("-fraud-training"))
    assert "ml.p4d.24xlarge" in machine.props.text_or_empty("definition")
    assert apart(graph) == []
    assert len(apart(between(graph, "training-fabric-in", "training-fabric-out"))) == 2
    assert any("Elastic Fabric Adapter" in one.says for one in caveats.of(graph))


def test_only_several_machines_with_a_fabric_say_anything_by_it(together: Graph, full: Graph) -> None:
    alone = having(full, MACHINE, "-fraud-training", into("ResourceConfig", InstanceType="ml.p4d.24xlarge"))
    for graph in (together, alone):
        assert not any("Elastic Fabric Adapter" in one.says for one in caveats.of(graph))


def test_a_tuning_job_and_a_group_that_nobody_knows_are_judged(together: Graph) -> None:
    unknown = having(together, MACHINE, "-fraud-training", into("VpcConfig", SecurityGroupIds=["sg-0"]))
    (machine,) = (one for one in unknown.of(MACHINE) if one.name.endswith("-fraud-training"))
    nowhere = replace(
        unknown,
        resources=tuple(replace(one, property_dependencies={}) if one is machine else one for one in unknown.resources),
    )
    assert any("was not judged" in one for one in apart(nowhere))

    def tuned(document: Any) -> None:
        train = document["States"]["Train"]
        limits = {"ResourceLimits": {"MaxParallelTrainingJobs": 1}}
        train["Resource"] = train["Resource"].replace("TrainingJob", "HyperParameterTuningJob")
        train["Parameters"] = {
            "HyperParameterTuningJobConfig": limits,
            "TrainingJobDefinitions": [
                train["Parameters"],
                {**train["Parameters"], "ResourceConfig": {"InstanceCount": 1}},
            ],
        }

    assert apart(having(together, MACHINE, "-fraud-training", defined(tuned))) == []
    tuning = having(together, MACHINE, "-fraud-training", defined(tuned))
    assert len(apart(between(tuning, "training-keys-in"))) == 1
