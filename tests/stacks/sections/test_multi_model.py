"""Endpoints of several models: what a stack file may say of them, what is made of it, and what a rule would find."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kinds.aws.iam import ROLE_POLICY
from catalogue.kinds.aws.sagemaker import MODEL
from catalogue.kinds.aws.sagemaker import artifacts_of as artifacts_in
from catalogue.targets import artifacts_below
from components.aws.endpoint import AsyncArgs
from components.aws.model import ModelArgs, RegisteredArgs
from components.given import BadArgument
from examples.pack import HERE, digest_of_model
from operations.evaluation import evaluate
from operations.sandboxes.walk import called
from operations.steps import aws as manual_steps
from policies import pack
from policies.aws.callers import call_named
from policies.aws.grants import permissions
from policies.aws.stated import stated
from sandbox.dataplane import NoPrediction, call
from stacks.config import validate
from stacks.sections import endpoints
from tests.components.aws.examples import EXAMPLES
from tests.mutate import changed, put
from tests.previewing import preview
from tests.sandbox.dataplane.test_path import Standing
from tests.stack_files import pilot_file

BUCKET = "s3://aws-pilot-artifacts-111122223333"
FOLDER = f"{BUCKET}/models/"
EXAMPLE = "mlplatform-example"
TARGETS = {"fraud-scorer": "mlplatform-example/1/model.tar.gz", "fraud-next": "mlplatform-example/2/model.tar.gz"}
Json = dict[str, Any]


def stack_file() -> Json:
    """The pilot, whose online endpoint serves two versions of its model."""
    said = deepcopy(pilot_file("aws"))
    config = said["config"]
    own, live = config["mlplatform:models"], config["mlplatform:endpoints"]["fraud-scorer"]
    own["fraud-next"] = {
        "image": own["fraud-scorer"]["image"],
        "artifact_uri": f"{FOLDER}{EXAMPLE}/2/model.tar.gz",
    }
    for key in ("model", "capture"):
        del live[key]
    live |= {"kind": "multi-model", "models": ["fraud-scorer", "fraud-next"], "folder_uri": FOLDER}
    return said


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    file = tmp_path_factory.mktemp("several") / "Pulumi.aws-pilot.yaml"
    file.write_text(yaml.safe_dump(stack_file(), sort_keys=False), encoding="utf-8")
    return preview(Path(file))


def test_a_folder_of_another_bucket_is_listed_whatever_lies_how_deep_in_it(tmp_path: Path) -> None:
    said, folder = stack_file(), "s3://payments-risk-models-111122223333/models/"
    models, live = said["config"]["mlplatform:models"], said["config"]["mlplatform:endpoints"]["fraud-scorer"]
    live["folder_uri"] = folder
    for name, target in TARGETS.items():
        models[name]["artifact_uri"] = f"{folder}{target}"
    file = tmp_path / "Pulumi.aws-pilot.yaml"
    file.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    made = preview(file)
    assert not permissions.judge(made).violations
    (policy,) = [one for one in made.of(ROLE_POLICY) if "ListModels0" in str(one.inputs["policy"])]
    wide = str(policy.inputs["policy"]).replace('"models/*"', '"*"')
    found = permissions.judge(changed(made, policy, lambda inputs: put(inputs, "policy", wide))).violations
    assert [one.sentence for one in found] == [
        "ListModels0 grants s3:ListBucket on arn:aws:s3:::payments-risk-models-111122223333, "
        "where no task of it takes it"
    ]


def _model(**values: Any) -> Callable[[Json, Json], None]:
    return lambda models, live: models["fraud-next"].update(values)


def _endpoint(**values: Any) -> Callable[[Json, Json], None]:
    return lambda models, live: live.update(values)


def _registered(models: Json, live: Json) -> None:
    models["fraud-next"] = {"registered": "fraud-scorer", "version": 2, "digest": f"sha256:{'0' * 64}"}


REFUSED: list[tuple[Callable[[Json, Json], None], str]] = [
    (_endpoint(models=["fraud-scorer", "other"]), "models.1: found 'other', no key of mlplatform:models"),
    (_endpoint(models=["fraud-scorer", "fraud-scorer"]), "models.1: found 'fraud-scorer' twice"),
    (_endpoint(models=["fraud-scorer"]), "models: "),
    (_endpoint(model="fraud-scorer"), "model: "),
    (_endpoint(capture={"percent": 10, "days": 30}), "capture: "),
    (_endpoint(min_replicas=1), "min_replicas: found 1, allowed: 2 or more"),
    (_endpoint(requests_per_replica_per_minute=1), "requests_per_replica_per_minute: found 1, allowed on aws"),
    (_endpoint(family="gpu-l4"), "family: found 'gpu-l4', which has an accelerator"),
    (
        _model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/other:1"),
        "models.1: found 'fraud-next', whose image",
    ),
    (_model(environment={"THRESHOLD": "0.5"}), "models.1: found 'fraud-next', whose environment is another"),
    (_model(start_up_seconds=600), "models.1: found 'fraud-next', which has start_up_seconds"),
    (
        _model(artifact_uri=f"{FOLDER}{EXAMPLE}/1/model.tar.gz"),
        "models.1: found 'fraud-next', whose artifact is",
    ),
    (_model(artifact_uri=f"{BUCKET}/other/model.tar.gz"), "models.1: found 'fraud-next', whose artifact"),
    (_endpoint(folder_uri=f"{BUCKET}/"), "folder_uri: found"),
    (_endpoint(folder_uri=f"{BUCKET}/models"), "folder_uri: found"),
    (_endpoint(folder_uri="gs://models/"), "folder_uri: found"),
    (_registered, "models.1: found 'fraud-next', which is a version of the registry"),
]


@pytest.mark.parametrize(("change", "sentence"), REFUSED)
def test_what_models_of_one_endpoint_cannot_share_is_refused(
    change: Callable[[Json, Json], None], sentence: str
) -> None:
    config = stack_file()["config"]
    change(config["mlplatform:models"], config["mlplatform:endpoints"]["fraud-scorer"])
    with pytest.raises(BadInput) as refused:
        validate(config, "a.yaml")
    assert f"mlplatform:endpoints.fraud-scorer.{sentence}" in str(refused.value)


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_another_platform_refuses_it_with_its_own_reason_and_the_nearest_thing(platform: str) -> None:
    config = deepcopy(pilot_file(platform)["config"])
    live = config["mlplatform:endpoints"]["fraud-scorer"]
    for key in ("model", "capture", "hours"):
        live.pop(key, None)
    live |= {"kind": "multi-model", "models": ["fraud-scorer", "fraud-next"], "folder_uri": FOLDER}
    with pytest.raises(BadInput) as refused:
        validate(config, "a.yaml")
    why = endpoints.SECTION.kinds["multi-model"][platform]
    assert f"kind: found 'multi-model': {why}" in str(refused.value)
    assert "kind 'online'" in why


def test_it_is_served_isolated_from_the_folder_and_judged_without_a_finding(graph: Graph) -> None:
    (model,) = [one for one in graph.of(MODEL) if "MultiModel" in str(one.inputs["primaryContainer"]["mode"])]
    container = model.inputs["primaryContainer"]
    assert (container["modelDataUrl"], model.inputs["enableNetworkIsolation"]) == (FOLDER, True)
    assert artifacts_below(graph.placement, FOLDER) == {f"{FOLDER}{one}" for one in TARGETS.values()}
    assert {f"{FOLDER}{one}" for one in TARGETS.values()} <= artifacts_in(graph)
    findings = evaluate(graph, pack.RULES["aws"]).findings
    assert [f"{one.rule}: {one.message}" for one in findings] == []


def test_the_output_tells_what_a_caller_says_for_each_model(graph: Graph) -> None:
    call = graph.outputs["calls"]["fraud-scorer"]
    assert call["targets"] == TARGETS
    assert call["commands"]["fraud-next"].endswith(" --target-model mlplatform-example/2/model.tar.gz")
    assert "--endpoint-name aws-pilot-fraud-scorer " in call["commands"]["fraud-next"]


def test_each_model_is_granted_by_name_and_no_other(graph: Graph) -> None:
    granted = [
        statement
        for policy in graph.of(ROLE_POLICY)
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if "sagemaker:InvokeEndpoint" in statement["Action"]
    ]
    by_name = [one for one in granted if one["Sid"].startswith("PredictByName")]
    assert len(by_name) == 2, "the caller and the data scientist"
    for one in by_name:
        assert one["Condition"]["StringEquals"]["sagemaker:TargetModel"] == sorted(TARGETS.values())
        assert one["Resource"][0].endswith(":endpoint/aws-pilot-fraud-scorer")
    assert all(one["Condition"]["Null"] == {"sagemaker:TargetModel": "true"} for one in granted if one not in by_name)


def _policies(change: Callable[[Json], None]) -> Callable[[Graph], Graph]:
    """The data scientist's own policy, with its grants of a call changed."""

    def mutate(graph: Graph) -> Graph:
        (policy,) = [one for one in graph.of(ROLE_POLICY) if "data-scientist" in one.name]
        document = json.loads(policy.inputs["policy"])
        for statement in document["Statement"]:
            if statement["Sid"].startswith("Predict"):
                change(statement)
        return changed(graph, policy, lambda props: put(props, "policy", json.dumps(document)))

    return mutate


def _container(path: str, value: Any) -> Callable[[Graph], Graph]:
    def mutate(graph: Graph) -> Graph:
        (model,) = [one for one in graph.of(MODEL) if one.inputs["primaryContainer"]["mode"] == "MultiModel"]
        return changed(graph, model, lambda props: put(props, f"primaryContainer.{path}", value))

    return mutate


def _any_target(statement: Json) -> None:
    statement["Condition"].pop("Null", None)


def _wild(statement: Json) -> None:
    if statement["Sid"].startswith("PredictByName"):
        statement["Condition"]["StringLike"] = {
            "sagemaker:TargetModel": [*statement["Condition"]["StringEquals"].pop("sagemaker:TargetModel"), "*"]
        }


def _another(statement: Json) -> None:
    if statement["Sid"].startswith("PredictByName"):
        statement["Condition"]["StringEquals"]["sagemaker:TargetModel"].append("mlplatform-example/3/model.tar.gz")


HOLES = [
    _policies(_any_target),
    _policies(_wild),
    _policies(_another),
    _container("modelDataUrl", f"{BUCKET}/"),
    _container("modelDataUrl", f"{FOLDER}{EXAMPLE}/1/model.tar.gz"),
]


@pytest.mark.parametrize("hole", HOLES)
def test_a_rule_finds_whatever_lets_a_caller_name_another_model(graph: Graph, hole: Callable[[Graph], Graph]) -> None:
    assert not call_named.judge(graph).violations
    assert call_named.judge(hole(graph)).violations


def _less(statement: Json) -> None:
    if statement["Sid"].startswith("PredictByName"):
        statement["Condition"]["StringEquals"]["sagemaker:TargetModel"].remove(TARGETS["fraud-next"])


def _gone(statement: Json) -> None:
    if statement["Sid"].startswith("PredictByName"):
        statement["Action"] = ["sagemaker:DescribeEndpoint"]


@pytest.mark.parametrize(("change", "withheld"), [(_less, ["fraud-next"]), (_gone, ["fraud-scorer", "fraud-next"])])
def test_a_rule_finds_a_model_of_the_stack_file_that_a_role_which_calls_may_not_name(
    graph: Graph, change: Callable[[Json], None], withheld: list[str]
) -> None:
    hole = _policies(change)(graph)
    whose = "aws-pilot-identity-data-scientist may call aws-pilot-fraud-scorer and not name it"
    said = [one.sentence for one in call_named.judge(hole).violations]
    assert said == [f"serves {target}, and {whose}" for target in sorted(TARGETS[one] for one in withheld)]
    assert not call_named.judge(replace(hole, placement=None)).violations, (
        "whose file nobody read may have no such model"
    )


OTHERS = [
    _container("modelDataUrl", f"{FOLDER}{EXAMPLE}/"),
    _container("image", "111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-pilot-registry-images:other"),
    _container("environment", {"LEVEL": "debug"}),
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_rule_finds_another_folder_image_or_variable_than_the_stack_file_says(
    graph: Graph, other: Callable[[Graph], Graph]
) -> None:
    assert not stated.judge(graph).violations
    assert stated.judge(other(graph)).violations


@pytest.fixture(scope="module")
def standing(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """The stack in a sandbox, with the example's model under both of its targets."""
    stands = Standing(graph, tmp_path_factory.mktemp("stands"))
    for target in TARGETS.values():
        stands.state.account.upload(f"{FOLDER}{target}", digest_of_model("aws"))
    return stands


def _called(stands: Standing, target: str) -> Json:
    body = (HERE / "recorded" / "aws" / "request.json").read_bytes()
    return json.loads(call(stands.state, stands.endpoint, body, outside=False, target=target))


def test_the_container_answers_for_each_model_and_iam_refuses_any_other(standing: Standing) -> None:
    recorded = json.loads((HERE / "recorded" / "aws" / "prediction.json").read_text(encoding="utf-8"))
    for target in TARGETS.values():
        assert _called(standing, target) == recorded
    with pytest.raises(NoPrediction, match="because no identity-based policy allows the sagemaker:InvokeEndpoint"):
        _called(standing, "mlplatform-example/3/model.tar.gz")
    with pytest.raises(BadInput, match="serves several models; name one by --target"):
        _called(standing, "")


def test_a_model_that_nobody_uploaded_or_the_role_may_not_read_is_not_fetched(standing: Standing) -> None:
    (policy,) = [one for one in standing.all() if one.type == ROLE_POLICY and "serving" in one.name]
    standing.delete(policy)
    with pytest.raises(NoPrediction, match="Failed to download model data"):
        _called(standing, "mlplatform-example/2/model.tar.gz")
    standing.put_back([policy])
    assert _called(standing, "mlplatform-example/2/model.tar.gz")


def test_the_last_step_calls_each_model_and_gets_a_prediction(graph: Graph, standing: Standing) -> None:
    (step,) = [one for one in manual_steps.after_up(graph, "111122223333", "us-east-1") if one.what.startswith("call ")]
    assert [look.target for look in step.looks] == sorted(TARGETS.values())
    assert [one.rpartition(" ")[2] for one in step.commands if "invoke-endpoint" in one] == sorted(TARGETS.values())
    assert called(standing.state, step) is not None


_MODEL: Json = {
    "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/scorer:1",
    "role_arn": "arn:aws:iam::111122223333:role/serving",
    "subnet_ids": ["subnet-1"],
    "security_group_id": "sg-1",
}


@pytest.mark.parametrize("place", [f"{BUCKET}/", f"{BUCKET}/models", f"{FOLDER}{EXAMPLE}/1/model.tar.gz"])
def test_a_component_takes_several_models_from_a_folder_of_a_bucket_alone(place: str) -> None:
    with pytest.raises(BadArgument, match=r"^ModelArgs\.artifact_uri: found .*a folder of a bucket"):
        ModelArgs(several=True, artifact_uri=place, **_MODEL)
    with pytest.raises(BadArgument, match=r"^ModelArgs\.artifact_uri: found .*one archive in S3"):
        ModelArgs(artifact_uri=FOLDER, **_MODEL)


def test_a_queue_a_batch_job_and_a_registered_version_take_no_model_of_several() -> None:
    version = RegisteredArgs(account="111122223333", region="us-east-1", group="g", version=1, digest="sha256:0")
    with pytest.raises(BadArgument, match=r"^ModelArgs\.registered: stands beside several"):
        ModelArgs(several=True, artifact_uri=FOLDER, registered=version, **_MODEL)
    several = ModelArgs(several=True, artifact_uri=FOLDER, **_MODEL)
    made: Mapping[str, Any] = EXAMPLES
    queue = AsyncArgs(backlog_per_replica=5, output_uri="s3://b/o/", failure_uri="s3://b/f/", output_key_arn="k")
    with pytest.raises(BadArgument, match=r"^EndpointArgs\.asynchronous: stands beside a model of several"):
        replace(made["Endpoint"], model=several, online=None, asynchronous=queue, hours=None)
    with pytest.raises(BadArgument, match=r"^BatchJobArgs\.model: serves several"):
        replace(made["BatchJob"], model=several)
