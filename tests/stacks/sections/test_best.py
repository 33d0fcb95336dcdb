"""What a reviewer must see of `fraud-best` in the full stacks: every change of what its run does is a finding."""

import json
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds import kind_of
from operations.evaluation import evaluate
from policies import pack
from stacks.config import STACKS
from tests.mutate import changed, put
from tests.previewing import preview

PIPELINE = "fraud-best"
SAID = {
    "aws:sagemaker/pipeline:Pipeline": "pipelineDefinition",
    "gcp:workflows/workflow:Workflow": "sourceContents",
    "azure-native:machinelearningservices:Schedule": "properties",
}
"""Where what is sent to the platform says what a run does."""
AWS, GCP, AZURE = (
    "s3://aws-full-artifacts-111122223333/pipelines/fraud-best",
    "pipelines/fraud-best/{{$.inputs.parameters['run']}}",
    "${{parent.jobs.",
)
RUN = '{"Get": "Execution.PipelineExecutionId"}'
GET = '{"Get": "Steps.train.ModelArtifacts.S3ModelArtifacts"}'
CHANGES: dict[str, list[tuple[str, str, str]]] = {
    "aws": [
        ("more trials at once", '"MaxParallelTrainingJobs": 2', '"MaxParallelTrainingJobs": 6'),
        ("more trials", '"MaxNumberOfTrainingJobs": 6', '"MaxNumberOfTrainingJobs": 60'),
        ("the other goal", '"Type": "Minimize"', '"Type": "Maximize"'),
        ("another figure", '"MetricName": "validation:log_loss"', '"MetricName": "accuracy"'),
        ("another line of the log", "validation:log_loss=([0-9.]+)", "iterations=([0-9.]+)"),
        ("a wider range", '"MaxValue": "10"', '"MaxValue": "100"'),
        ("a longer search", '"MaxRuntimeInSeconds": 10800', '"MaxRuntimeInSeconds": 80000'),
        ("drawn otherwise", '"Strategy": "Random"', '"Strategy": "Bayesian"'),
        # The join need not say that it waits, for it reads what only jobs that have ended know. A folder does not wait:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html#build-and-manage-data-dependency
        (
            "the search waits for nothing",
            '"Type": "Tuning", "DependsOn": ["prepare"]',
            '"Type": "Tuning", "DependsOn": []',
        ),
        (
            "the training waits for nothing",
            '"Type": "Training", "DependsOn": ["prepare"]',
            '"Type": "Training", "DependsOn": []',
        ),
        (
            "one after the other",
            '"Name": "train", "Type": "Training", "DependsOn": ["prepare"]',
            '"Name": "train", "Type": "Training", "DependsOn": ["prepare", "search"]',
        ),
        (
            "reads the data in place of a model",
            GET,
            f'{{"Std:Join": {{"On": "/", "Values": ["{AWS}", {RUN}, "prepare", ""]}}}}',
        ),
        (
            "reads another pipeline's model",
            f'"{AWS}", {RUN}, "search", {{"Get": "Steps',
            f'"{AWS[:-4]}path", {RUN}, "search", {{"Get": "Steps',
        ),
        (
            "any trial in place of the best",
            '{"Get": "Steps.search.BestTrainingJob.TrainingJobName"}',
            '{"Get": "Steps.search.TrainingJobSummaries[0].TrainingJobName"}',
        ),
        ("another program joins", '"examples.steps", "compare"', '"examples.steps", "train"'),
        ("a model is left out", '"--trained=/opt/ml/processing/input/trained", ', ""),
    ],
    "gcp": [
        ("more trials at once", r"\"parallel_trial_count\": 2", r"\"parallel_trial_count\": 6"),
        ("more trials", r"\"max_trial_count\": 6", r"\"max_trial_count\": 60"),
        ("the other goal", r"\"goal\": \"MINIMIZE\"", r"\"goal\": \"MAXIMIZE\""),
        ("another figure", r"\"metric_id\": \"validation:log_loss\"", r"\"metric_id\": \"accuracy\""),
        ("a wider range", r"\"max_value\": 10.0", r"\"max_value\": 100.0"),
        ("drawn otherwise", r"\"algorithm\": \"RANDOM_SEARCH\"", r"\"algorithm\": \"GRID_SEARCH\""),
        (
            "the join waits for no search",
            '"dependentTasks": ["prepare", "search", "train"]',
            '"dependentTasks": ["prepare", "train"]',
        ),
        (
            "the join waits for no training",
            '"dependentTasks": ["prepare", "search", "train"]',
            '"dependentTasks": ["prepare", "search"]',
        ),
        ("reads the data in place of a model", f"{GCP}/train/model/", f"{GCP}/prepare/"),
        (
            "reads another pipeline's model",
            f"--trained=/gcs/gcp-full-artifacts-payments-risk-pilot/{GCP}",
            f"--trained=/gcs/gcp-full-artifacts-payments-risk-pilot/{GCP.replace('best', 'path')}",
        ),
        ("the first trial in place of the best", "/search/best-trial/model/", "/search/1/model/"),
        ("another program joins", r"\"examples.steps\", \"compare\"", r"\"examples.steps\", \"train\""),
        ("another search is asked for", '"--best"', '"--worst"'),
    ],
    "azure": [
        ("more trials at once", '"max_concurrent_trials": 2', '"max_concurrent_trials": 6'),
        ("more trials", '"max_total_trials": 6', '"max_total_trials": 60'),
        ("the other goal", '"goal": "minimize"', '"goal": "maximize"'),
        ("another figure", '"primary_metric": "validation_log_loss"', '"primary_metric": "accuracy"'),
        ("a wider range", '"max_value": 2.302585092994046', '"max_value": 4.6'),
        ("a longer search", '"timeout": 10800', '"timeout": 80000'),
        ("longer trials", '"trial_timeout": 3600', '"trial_timeout": 10800'),
        ("drawn otherwise", '"sampling_algorithm": "random"', '"sampling_algorithm": "bayesian"'),
        (
            "reads the data in place of a model",
            f"{AZURE}train.outputs.output}}}}",
            f"{AZURE}prepare.outputs.output}}}}",
        ),
        ("one model twice, and no join", f"{AZURE}search.outputs.output}}}}", f"{AZURE}train.outputs.output}}}}"),
        (
            "a step writes where another does",
            "${{parent.outputs.compare__output}}",
            "${{parent.outputs.search__output}}",
        ),
        ("another program joins", "fraud_best__compare", "fraud_path__evaluate"),
        ("another program is tried", "fraud_best__search", "fraud_best__train"),
        (
            "what is left out lets the run go on",
            '"continue_on_step_failure": false',
            '"continue_on_step_failure": true',
        ),
    ],
}


def _as_text(inputs: Any, key: str) -> str:
    said = inputs[key]
    return said if isinstance(said, str) else json.dumps(said)


def _of(graph: Graph) -> tuple[Resource, str]:
    (found,) = (one for one in graph.cloud if one.type in SAID and f"-full-{PIPELINE}" in one.name)
    return found, SAID[found.type]


def _changed(graph: Graph, old: str, new: str) -> Graph:
    resource, key = _of(graph)
    said = _as_text(resource.inputs, key)
    assert old in said, old

    def edit(inputs: Any) -> None:
        edited = said.replace(old, new)
        inputs[key] = edited if isinstance(inputs[key], str) else json.loads(edited)

    return changed(graph, resource, edit)


@pytest.mark.parametrize("platform", CHANGES)
def test_a_change_of_what_its_run_does_fails_the_verdict(platform: str) -> None:
    graph = preview(STACKS / f"Pulumi.{platform}-full.yaml")
    judged = {what: evaluate(_changed(graph, old, new), pack.RULES[platform]) for what, old, new in CHANGES[platform]}
    passed = [what for what, one in judged.items() if not any(finding.mandatory for finding in one.findings)]
    assert not passed


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_three_replicas_stand_at_once_and_what_launches_them_is_none(platform: str) -> None:
    graph = preview(STACKS / f"Pulumi.{platform}-full.yaml")
    assert not [one for one in evaluate(graph, pack.RULES[platform]).findings if one.mandatory]
    resource, _ = _of(graph)
    if platform != "azure":  # there each step has a cluster, and the limit is each one's
        kind = kind_of(resource.type)
        machines = list(kind.runs.machines(graph, resource))  # type: ignore[union-attr]
        assert sum(one.high for one in machines if one.turn in ("search", "train")) == 3
        assert sum(one.high for one in machines if one.waits) == (2 if platform == "gcp" else 0)


def test_a_quota_that_is_too_small_is_told_where_most_of_it_is_taken() -> None:
    """The clusters of a run are several resources, of which the first has no machine on Spot."""
    graph = preview(STACKS / "Pulumi.azure-full.yaml")
    (cluster,) = (one for one in graph.cloud if one.name.startswith(f"azure-full-{PIPELINE}--train-cluster-"))
    more = changed(graph, cluster, lambda p: put(p, "properties.properties.scaleSettings.maxNodeCount", 3))
    found = [one for one in evaluate(more, pack.RULES["azure"]).findings if "LowPriority" in one.message]
    assert [(one.rule, one.resource) for one in found] == [("quota-declared", cluster.name)]
