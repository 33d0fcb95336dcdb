"""The section `experiments`: what it takes, and what it makes of a training job that it names."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kinds.aws import ec2, iam, sfn
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.kinds.gcp.vertex import TENSORBOARD
from catalogue.kinds.gcp.workflows import WORKFLOW, jobs
from operations.evaluation import evaluate
from operations.standing.edits import standing
from policies import pack
from policies.aws.experiments import recorded
from policies.gcp.experiments import records
from policies.personas import simulation, table
from stacks.config import STACKS, validate
from tests.components.aws.test_api_models import refused
from tests.mutate import changed, put
from tests.previewing import preview


@pytest.fixture(scope="module")
def aws() -> Graph:
    return preview(STACKS / "Pulumi.aws-full.yaml")


@pytest.fixture(scope="module")
def gcp() -> Graph:
    return preview(STACKS / "Pulumi.gcp-full.yaml")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"training": ["fraud-trainin"]}, "experiments.training.0: names no training job of this file; did you mean"),
        ({"training": ["fraud-training", "fraud-training"]}, "names fraud-training a second time"),
        ({"size": "Small"}, "experiments.size"),
    ],
)
@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_what_it_does_not_take_is_one_sentence(platform: Any, asked: dict[str, Any], said: str) -> None:
    config = {**standing(platform), "experiments": asked}
    with pytest.raises(BadInput) as found:
        validate({f"mlplatform:{key}": value for key, value in config.items()}, "a.yaml")
    assert said in str(found.value)


def test_the_pilots_have_no_record_of_runs(aws_pilot: Graph, gcp_pilot: Graph) -> None:
    assert not aws_pilot.of(MLFLOW_APP) and not gcp_pilot.of(TENSORBOARD)
    assert not [one for one in aws_pilot.of(ec2.VPC_ENDPOINT) if ec2.service_of(one) == "mlflow"]
    granted = json.dumps([one.inputs["policy"] for one in aws_pilot.of(iam.ROLE_POLICY)])
    assert "Mlflow" not in granted and "experiments/" not in granted


# ---- aws ------------------------------------------------------------------------------------------------------------


def _train(graph: Graph) -> dict[str, Any]:
    (machine,) = (one for one in graph.of(sfn.STATE_MACHINE) if "createTrainingJob" in one.inputs["definition"])
    return json.loads(machine.inputs["definition"])["States"]["Train"]["Parameters"]


def test_a_job_that_is_named_is_told_its_record_and_reaches_it(aws: Graph) -> None:
    (app,) = aws.of(MLFLOW_APP)
    sent = _train(aws)
    assert sent["Environment"]["MLFLOW_TRACKING_URI"] == app.outputs["arn"] == aws.outputs["experiments"]
    assert sent["EnableNetworkIsolation"] is False and sent["EnableInterContainerTrafficEncryption"] is True
    assert [one for one in aws.of(ec2.VPC_ENDPOINT) if ec2.service_of(one) == "mlflow"]
    assert app.protect and list(refused(app)) == []


def test_the_guardrails_leave_out_the_runs_of_that_job_alone(aws: Graph) -> None:
    boundaries = [json.loads(one.inputs["policy"]) for one in aws.of(iam.POLICY)]
    for boundary in boundaries:
        (isolated,) = (one for one in boundary["Statement"] if one["Sid"] == "WithoutNetworkIsolation")
        assert isolated["NotResource"] == recorded(aws)
        assert recorded(aws) == ["arn:aws:sagemaker:us-east-1:111122223333:training-job/aws-full-fraud-training-*"]


def _found(graph: Graph, *names: str) -> set[str]:
    asked = [rule for rule in pack.RULES[graph.platform] if rule.name in names]
    return {finding.rule for finding in evaluate(graph, asked).findings}


def _sending(graph: Graph, edit: Callable[[dict[str, Any]], object]) -> Graph:
    (machine,) = (one for one in graph.of(sfn.STATE_MACHINE) if "createTrainingJob" in one.inputs["definition"])
    definition = json.loads(machine.inputs["definition"])
    edit(definition["States"]["Train"]["Parameters"])
    return changed(graph, machine, lambda inputs: put(inputs, "definition", json.dumps(definition)))


ISOLATED, OWN = "network-jobs-isolated", "experiments-own"
ELSEWHERE = "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-OTHER"


def test_a_run_without_isolation_is_found_but_where_it_is_recorded_to_its_own_record(aws: Graph) -> None:
    assert not _found(aws, ISOLATED, OWN)
    silent = _sending(aws, lambda sent: sent.pop("Environment"))
    assert _found(silent, ISOLATED, OWN) == {ISOLATED, OWN}
    elsewhere = _sending(aws, lambda sent: sent["Environment"].update(MLFLOW_TRACKING_URI=ELSEWHERE))
    assert _found(elsewhere, ISOLATED, OWN) == {ISOLATED, OWN}


def test_a_run_that_the_stack_file_does_not_name_is_not_recorded(aws: Graph) -> None:

    assert aws.placement is not None
    unsaid = replace(aws, placement=replace(aws.placement, recorded=()))
    assert _found(unsaid, ISOLATED, OWN, "identity-guardrails") == {ISOLATED, OWN, "identity-guardrails"}


@pytest.mark.parametrize(
    ("statement", "of"),
    [
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::aws-full-artifacts-111122223333/registry/*"}, "records"),
        ({"Action": "sagemaker:CreateModelPackage", "Resource": "arn:aws:sagemaker:us-east-1:1:x/*"}, "records"),
        ({"Action": ["s3:PutObject"], "NotResource": "arn:aws:s3:::x/*"}, "records"),
    ],
)
def test_what_mlflow_may_do_beside_keeping_files_is_found(aws: Graph, statement: dict[str, Any], of: str) -> None:
    (policy,) = (one for one in aws.of(iam.ROLE_POLICY) if one.name.endswith(f"-{of}-policy"))
    document = json.loads(policy.inputs["policy"])
    document["Statement"].append({"Sid": "More", "Effect": "Allow", **statement})
    wider = changed(aws, policy, lambda inputs: put(inputs, "policy", json.dumps(document)))
    assert _found(wider, OWN) == {OWN}


@pytest.mark.parametrize("platform", ["aws", "gcp"])
def test_each_persona_records_what_the_table_says_and_no_other(platform: Any, aws: Graph, gcp: Graph) -> None:
    graph = {"aws": aws, "gcp": gcp}[platform]
    tasks = [task for task in table(platform).tasks if task.name in ("record-runs", "record-training")]
    assert len(tasks) == 2
    for task in tasks:
        assert simulation.is_about(graph, task)
        may = {one for one in table(platform).made if simulation.allowed(graph, one, task)}
        assert task.who <= may <= task.who | task.also, task.name


@pytest.mark.parametrize("brings", [{"aws:ResourceTag/stack": "another"}, {"aws:SourceVpc": "vpc-0"}])
@pytest.mark.parametrize("persona", ["data-scientist", "training"])
def test_nobody_records_to_anothers_app_or_from_another_network(
    aws: Graph, persona: str, brings: dict[str, str]
) -> None:
    (app,) = simulation.cloud(aws).places(aws)["experiments"]
    elsewhere = replace(app, brings={**app.brings, **brings})
    asked = [simulation.Request("sagemaker:CallMlflowAppApi", at) for at in (app, elsewhere)]
    own, other = (simulation.cloud(aws).refusal(aws, persona, one) for one in asked)
    assert not own and other


# ---- gcp ------------------------------------------------------------------------------------------------------------


def test_a_job_that_is_named_is_recorded_to_the_stacks_own_board_under_its_key(gcp: Graph) -> None:
    (board,) = gcp.of(TENSORBOARD)
    sent = [job.spec.text_or_empty("tensorboard") for flow in gcp.of(WORKFLOW) for job in jobs(flow.props)]
    # The job by itself, and as a step of two pipelines.
    assert [one for one in sent if one] == [board.outputs["name"]] * 3 == [gcp.outputs["experiments"]] * 3
    assert board.inputs["encryptionSpec"]["kmsKeyName"] and board.protect


@pytest.mark.parametrize("name", ["fraud-training", "fraud-path"])
def test_a_run_that_is_recorded_to_anothers_board_is_found(gcp: Graph, name: str) -> None:
    (flow,) = (flow for flow in gcp.of(WORKFLOW) if records(flow) and flow.name.endswith(name))
    (board,) = gcp.of(TENSORBOARD)
    assert not _found(gcp, OWN)
    text = flow.inputs["sourceContents"].replace(str(board.outputs["name"]), "projects/1/locations/r/tensorboards/2")
    elsewhere = changed(gcp, flow, lambda inputs: put(inputs, "sourceContents", text))
    assert _found(elsewhere, OWN) == {OWN}
    text = flow.inputs["sourceContents"].replace("tensorboard", "another")
    assert OWN in _found(changed(gcp, flow, lambda inputs: put(inputs, "sourceContents", text)), OWN)
