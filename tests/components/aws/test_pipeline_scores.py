"""What a pipeline of SageMaker makes of a step that scores, and what it refuses."""

import json
from typing import Any

import pytest

from catalogue.kinds.aws import watched
from catalogue.kinds.aws.jobs import STATE_MACHINE
from catalogue.kinds.aws.sagemaker import MODEL as MODELS
from catalogue.kinds.aws.scheduler import SCHEDULE
from components.aws.pipeline import BatchArgs, StepArgs
from components.given import BadArgument
from components.shapes import Machine
from tests.components.aws.examples import ACCOUNT, EXAMPLES, KEY, MODEL
from tests.components.aws.test_components import inputs
from tests.components.aws.test_pipeline import graph_of

PLACE = f"s3://it-data-{ACCOUNT}/cards/"


def step(**other: Any) -> StepArgs:
    own: dict[str, Any] = {
        "step_name": "score",
        "inputs": {"rows": "prepare", "cards": PLACE},
        "batch": BatchArgs(model=MODEL),
        "machine": Machine("ml.m5.large"),
        "replicas": 2,
        "max_hours": 3,
    }
    return StepArgs(**{**own, **other})


def made(*more: StepArgs) -> Any:
    whole: Any = EXAMPLES["Pipeline"]
    return graph_of(steps=[*whole.steps, step(), *more], logs_key_arn=KEY)


def test_each_input_is_a_transform_job_and_one_machine_stops_them_in_time() -> None:
    graph = made(step(step_name="again", inputs={"rows": PLACE}, max_hours=1))
    definition = json.loads(inputs(graph, "aws:sagemaker/pipeline:Pipeline")["pipelineDefinition"])
    scores = {one["Name"]: one["Arguments"] for one in definition["Steps"] if one["Type"] == "Transform"}
    assert list(scores) == ["score_rows", "score_cards", "again"]
    assert len(graph.of(MODELS)) == 2 and len(graph.of(STATE_MACHINE)) == 1
    names = {one["TransformJobName"]: one for one in scores.values()}
    assert {(one.named, one.hours) for one in watched.watches(graph)} == {
        (scores["score_rows"]["TransformJobName"], 3.0),
        (scores["again"]["TransformJobName"], 1.0),
    }
    assert len(names) == 2 and all(len(one) <= 38 for one in names), "Pipelines has room for as many"
    assert {one["TransformResources"]["InstanceCount"] for one in scores.values()} == {2}


def test_what_stops_them_stands_before_the_pipeline() -> None:
    """An `up` that is cut short leaves no pipeline whose jobs nothing stops."""
    graph = made()
    (pipeline,), (machine,) = graph.of("aws:sagemaker/pipeline:Pipeline"), graph.of(STATE_MACHINE)
    (clock,) = (one for one in graph.of(SCHEDULE) if machine.urn in one.dependencies)
    assert {machine.urn, clock.urn} <= set(pipeline.dependencies)


def test_a_pipeline_that_does_not_score_has_nothing_that_stops_jobs() -> None:
    graph = graph_of()
    assert not graph.of(STATE_MACHINE) and len(graph.of(SCHEDULE)) == 1


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda: step(program=["x"]), "StepArgs.batch: stands beside a program"),
        (lambda: step(max_hours=0), "StepArgs: give a training job, or image"),
        (lambda: step(inputs={}), "StepArgs: give a training job, or image"),
        (lambda: BatchArgs(model=MODEL, format="file-list"), "BatchArgs.format: found 'file-list'"),
        (lambda: BatchArgs(model=MODEL, records_per_request=9), "BatchArgs.records_per_request: found 9"),
        (lambda: graph_of(steps=[step(inputs={"rows": PLACE})]), "PipelineArgs.logs_key_arn: is missing"),
    ],
)
def test_what_it_refuses_is_one_sentence(refused: Any, said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        refused()
