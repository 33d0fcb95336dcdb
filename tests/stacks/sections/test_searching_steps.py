"""A step of a pipeline that searches: what is sent on each platform, who may, what it costs, what is found of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kinds import kind_of
from catalogue.kinds.aws import pipelines
from catalogue.kinds.aws.jobs import PIPELINE, TUNES
from catalogue.kinds.azure import jobs as azure_jobs
from catalogue.kinds.azure import machinelearningservices_jobs as sweeps
from catalogue.kinds.gcp import workflows
from catalogue.pricing import Pricing
from operations import running, timetable
from operations.evaluation import evaluate
from policies import pack
from policies.personas import table
from policies.personas.simulation import refusals as refused
from stacks.config import read_stack_file
from tests import searching
from tests.catalogue.test_requests import refusals
from tests.catching import caught
from tests.mutate import changed, put
from tests.provider.gcp.test_discovery import judged
from tests.stacks.sections.test_tuning import wrong_cells

Edit = Callable[[Any], Any]
STATED, WHOLE = "limits-stated", "limits-batch-whole"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks")


@pytest.fixture(scope="module")
def aws(folder: Path) -> Graph:
    return searching.graph("aws", folder)


@pytest.fixture(scope="module")
def gcp(folder: Path) -> Graph:
    return searching.graph("gcp", folder)


@pytest.fixture(scope="module")
def azure(folder: Path) -> Graph:
    return searching.graph("azure", folder)


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_what_stands_breaks_no_rule_but_asks_for_its_quota(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)
    found = {one.rule for one in evaluate(graph, pack.RULES[graph.platform]).findings}
    assert found == {"quota-declared"}, "of two trials at once the stack file has declared one"
    assert wrong_cells(graph) == []


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_a_run_is_said_with_its_trials_before_it_is_started(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)  # writes the file
    config = read_stack_file(request.getfixturevalue("folder") / f"Pulumi.{platform}-full.yaml")
    said = running.told(graph, config, "pipelines", searching.PIPELINE)
    assert "train in 3 trials, 2 at once and 1 h each at most, on 2 × " in said
    rows = timetable.of(graph, config.region)
    (row,) = (one for one in rows if one.name == f"{platform}-full-{searching.PIPELINE}")
    (part,) = (one for one in row.parts if one.name == searching.STEP)
    assert (part.hours, part.count) == (2, "2")


# ---- aws ------------------------------------------------------------------------------------------------------------


def pipeline_of(graph: Graph) -> Resource:
    (found,) = (one for one in graph.of(PIPELINE) if one.name.endswith(searching.PIPELINE))
    return found


def defined(graph: Graph, edit: Edit) -> Graph:
    document = json.loads(pipeline_of(graph).inputs["pipelineDefinition"])
    edit({step["Name"]: step for step in document["Steps"]})
    return changed(graph, pipeline_of(graph), lambda p: put(p, "pipelineDefinition", json.dumps(document)))


def sent(path: str, value: Any) -> Edit:
    return lambda steps: put(steps["train"]["Arguments"], path, value)


def model_of(steps: Any) -> Any:
    """What the step after the search reads of it."""
    (found,) = (one for one in steps["evaluate"]["Arguments"]["ProcessingInputs"] if one["InputName"] == "model")
    return found["S3Input"]


def read(value: Any) -> Edit:
    return lambda steps: model_of(steps).update(S3Uri=value)


RUN, BEST = {"Get": "Execution.PipelineExecutionId"}, {"Get": "Steps.train.BestTrainingJob.TrainingJobName"}
FOLDER = "s3://aws-full-artifacts-111122223333/pipelines/fraud-path"


def joined(*values: Any) -> Any:
    return {"Std:Join": {"On": "/", "Values": [*values]}}


def test_the_step_sends_what_a_run_of_its_job_sends_and_the_next_reads_the_best(aws: Graph) -> None:
    (job,) = (one for one in pipelines.jobs(pipeline_of(aws).props) if one.action == TUNES)
    assert refusals(job.request.values, "createHyperParameterTuningJob") == []
    name = job.request.text_or_empty("HyperParameterTuningJobName")
    assert re.fullmatch("[a-z2-7]{6}", name), "Pipelines has room for six characters"
    limits = job.request.section_or_empty("HyperParameterTuningJobConfig.ResourceLimits").values
    assert limits == {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 2 * 3600}
    document = json.loads(pipeline_of(aws).inputs["pipelineDefinition"])
    steps = {step["Name"]: step for step in document["Steps"]}
    assert steps["train"]["Type"] == "Tuning"
    trial = steps["train"]["Arguments"]["TrainingJobDefinition"]
    assert "TrainingJobName" not in trial and trial["Environment"] == {"MLPLATFORM_RUN": RUN}
    assert trial["OutputDataConfig"]["S3OutputPath"] == joined(FOLDER, RUN, "train")
    assert model_of(steps)["S3Uri"] == joined(FOLDER, RUN, "train", BEST, "output/model.tar.gz")


def test_a_run_pays_for_all_rounds_of_all_trials_at_once_on_aws(aws: Graph) -> None:
    kind, pipeline = kind_of(PIPELINE), pipeline_of(aws)
    assert kind is not None
    trials = [one for one in kind.runs.machines(aws, pipeline) if not one.processing]  # type: ignore[union-attr]
    assert [one.high for one in trials] == [2]
    pricing = Pricing(aws, catalogue.load("aws"), "us-east-1")
    bill = kind.bills.price(pricing, pipeline)  # type: ignore[union-attr]
    assert f"2 × {trials[0].said} × at most 2 h × ${pricing.hour(trials[0]):g} (train)" in bill.basis
    assert pipelines.longest_hours(aws, pipeline) == 6, "prepare, two rounds, evaluate, gate, register"


def test_the_pipeline_may_start_the_search_of_its_step_and_hears_which_trial_is_the_best(aws: Graph) -> None:
    tasks = {one.name: one for one in table("aws").tasks}
    assert not refused(aws, "pipeline", tasks["search-in-steps"])
    assert not refused(aws, "data-scientist", tasks["see-trials-of-steps"])
    for persona in ("training", "serving", "batch"):
        assert len(refused(aws, persona, tasks["search-in-steps"])) == 10, (
            "none of the calls is anybody else's, of either search"
        )


@pytest.mark.parametrize(
    ("rule", "edit"),
    [
        (STATED, sent("HyperParameterTuningJobConfig.ResourceLimits.MaxNumberOfTrainingJobs", 9)),
        (STATED, sent("HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs", 3)),
        (STATED, sent("HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.Type", "Maximize")),
        (STATED, sent("HyperParameterTuningJobConfig.ParameterRanges.ContinuousParameterRanges.0.MaxValue", "99")),
        (STATED, sent("TrainingJobDefinition.StoppingCondition.MaxRuntimeInSeconds", 7200)),
        (STATED, sent("TrainingJobDefinition.OutputDataConfig.S3OutputPath", joined(FOLDER + "-2", RUN, "train"))),
        ("limits-batch-time", sent("HyperParameterTuningJobConfig.ResourceLimits.MaxRuntimeInSeconds", 90_000)),
        ("world-job", sent("HyperParameterTuningJobName", "aws-fu")),
        ("world-job", sent("TrainingJobDefinition.Environment.MLPLATFORM_RUN", {"Get": "Execution.PipelineName"})),
        ("inputs-request", sent("TrainingJobDefinition.Environment.LD_PRELOAD", "/x.so")),
        ("inputs-request", sent("WarmStartConfig", {"ParentHyperParameterTuningJobs": []})),
        ("world-run-places", sent("TrainingJobDefinition.StaticHyperParameters.sagemaker_submit_directory", "s3://x/")),
        ("identity-runs-as", sent("TrainingJobDefinition.RoleArn", "arn:aws:iam::111122223333:role/aws-full-batch")),
        ("network-jobs-isolated", lambda steps: steps["train"]["Arguments"]["TrainingJobDefinition"].pop("VpcConfig")),
        # What the next step reads of it.
        ("rollback-run-whole", read(joined(FOLDER, RUN, "train", {"Get": "Steps.train.X"}, "output/model.tar.gz"))),
        ("rollback-run-whole", read(joined(FOLDER, RUN, "train", ""))),
        ("rollback-run-whole", read({"Get": "Steps.train.ModelArtifacts.S3ModelArtifacts"})),
        ("rollback-run-whole", read(joined(FOLDER + "-2", RUN, "train", BEST, "output/model.tar.gz"))),
    ],
)  # fmt: skip
def test_what_a_step_of_aws_is_sent_is_judged(aws: Graph, rule: str, edit: Edit) -> None:
    assert caught(defined(aws, edit), rule) == {rule}


# ---- gcp ------------------------------------------------------------------------------------------------------------


def flow_of(graph: Graph) -> Resource:
    return next(one for one in graph.of(workflows.WORKFLOW) if one.name == "gcp-full-fraud-path")


def container_of(source: Any, step: str) -> Any:
    (start,) = (one["start"] for one in source["path"]["steps"] if "start" in one)
    return start["args"]["body"]["pipelineSpec"]["deploymentSpec"]["executors"][step]["container"]


def launching(graph: Graph, edit: Edit, step: str = "train") -> Graph:
    source = json.loads(flow_of(graph).inputs["sourceContents"])
    edit(container_of(source, step))
    return changed(graph, flow_of(graph), lambda p: put(p, "sourceContents", json.dumps(source)))


def payload(edit: Edit) -> Edit:
    def mutate(container: Any) -> None:
        at = container["args"].index("--payload") + 1
        said = json.loads(container["args"][at])
        edit(said)
        container["args"][at] = json.dumps(said)

    return mutate


def test_a_search_is_launched_as_google_documents_it(gcp: Graph) -> None:
    (job,) = (one for one in workflows.jobs(flow_of(gcp).props) if one.step == searching.STEP)
    place = "/v1/projects/payments-risk-pilot/locations/us-central1/hyperparameterTuningJobs"
    assert judged("us-central1-aiplatform.googleapis.com", "POST", place, None, dict(job.body.values)) == []
    container = container_of(json.loads(flow_of(gcp).inputs["sourceContents"]), searching.STEP)
    # Its `component.py`, of google-cloud-pipeline-components.
    assert container["command"][-1].endswith("container.v1.hyperparameter_tuning_job.launcher")
    assert container["args"][:2] == ["--type", "HyperparameterTuningJob"]
    assert not any("--output" in word for word in job.spec.each_text("workerPoolSpecs.containerSpec.args"))


def test_a_run_pays_for_all_rounds_of_all_trials_at_once_on_gcp(gcp: Graph) -> None:
    kind, flow = kind_of(workflows.WORKFLOW), flow_of(gcp)
    assert kind is not None
    (trials,) = (one for one in kind.runs.machines(gcp, flow) if one.turn == searching.STEP)  # type: ignore[union-attr]
    assert trials.high == 2
    bill = kind.bills.price(Pricing(gcp, catalogue.load("gcp"), "us-central1"), flow)  # type: ignore[union-attr]
    assert "× 2 × e2-standard-4 × at most 2 h ×" in bill.basis
    assert {*workflows.deadlines(flow.props)} == {6 * 3600}


def test_a_step_of_gcp_that_does_not_wait_for_the_search_that_it_reads_is_found(gcp: Graph) -> None:
    source = json.loads(flow_of(gcp).inputs["sourceContents"])
    (start,) = (one["start"] for one in source["path"]["steps"] if "start" in one)
    start["args"]["body"]["pipelineSpec"]["root"]["dag"]["tasks"]["evaluate"]["dependentTasks"] = ["prepare"]
    free = changed(gcp, flow_of(gcp), lambda p: put(p, "sourceContents", json.dumps(source)))
    found = evaluate(free, [rule for rule in pack.RULES["gcp"] if rule.name == WHOLE]).findings
    assert any("evaluate reads what train writes, and does not wait for it" in one.message for one in found)


@pytest.mark.parametrize(
    ("rule", "step", "edit"),
    [
        (STATED, "train", payload(lambda body: body.update(max_trial_count=9))),
        (STATED, "train", payload(lambda body: body["study_spec"].update(algorithm="RANDOM_SEARCH"))),
        (STATED, "train", payload(lambda body: put(body, "trial_job_spec.scheduling.timeout", "7200s"))),
        (WHOLE, "train", payload(lambda body: body.update(max_failed_trial_count=9))),
        (WHOLE, "train", payload(lambda body: put(body, "trial_job_spec.scheduling.strategy", "SPOT"))),
        (WHOLE, "train", payload(lambda body: body.update(display_name="x"))),
        (WHOLE, "train", lambda container: container["command"].append("-x")),
        (WHOLE, "train", lambda container: container["command"].__setitem__(3, "os")),
        (
            "data-batch-own",
            "train",
            payload(lambda body: put(body, "trial_job_spec.base_output_directory.output_uri_prefix", "gs://x/y/")),
        ),
        ("encryption-batch", "train", payload(lambda body: body.pop("encryption_spec"))),
        # What the launcher of the next step asks, and by which program.
        (WHOLE, "evaluate", lambda container: container.update(args=container["args"][2:])),
        (WHOLE, "evaluate", lambda container: container["args"].__setitem__(1, "another")),
        (WHOLE, "evaluate", lambda container: container["command"].__setitem__(3, "import os")),
        (WHOLE, "gate", lambda container: container["args"].__setitem__(slice(0, 0), ["--best", "another"])),
        (STATED, "evaluate", lambda c: c.update(args=[word.replace("best-trial", "1") for word in c["args"]])),
    ],
)
def test_what_a_step_of_gcp_is_sent_is_judged(gcp: Graph, rule: str, step: str, edit: Edit) -> None:
    assert caught(launching(gcp, edit, step), rule) == {rule}


# ---- azure ----------------------------------------------------------------------------------------------------------


def schedule_of(graph: Graph) -> Resource:
    return next(one for one in graph.of(azure_jobs.SCHEDULE) if one.inputs["name"] == searching.PIPELINE)


def sweeping(graph: Graph, edit: Edit) -> Graph:
    def mutate(inputs: Any) -> None:
        edit(inputs["properties"]["action"]["jobDefinition"]["jobs"])

    return changed(graph, schedule_of(graph), mutate)


def test_a_sweep_runs_the_step_and_the_next_one_takes_its_output(azure: Graph) -> None:
    found = {job.step: job for job in azure_jobs.jobs(schedule_of(azure).props)}
    train, evaluate_ = found["train"], found["evaluate"]
    assert (train.kind, train.nodes(), train.minutes_or_none()) == ("sweep", 2, 120)
    assert train.own.section_or_empty("search_space").names() == ["regularization"]
    assert train.own.number_or_none("limits.trial_timeout") == 3600
    assert evaluate_.after["model"] == "train"
    assert evaluate_.own.text_or_empty("inputs.model.value") == "${{parent.jobs.train.outputs.output}}"
    (step,) = (one for one in azure.of(sweeps.COMPONENT) if f"{searching.PIPELINE}--train-step-" in one.name)
    spec = step.inputs["properties"]["componentSpec"]
    assert spec["command"].endswith('--regularization="${{inputs.regularization}}"')
    assert spec["inputs"]["regularization"] == {"type": "number"}
    (cluster,) = (one for one in azure.of(azure_jobs.COMPUTE) if f"{searching.PIPELINE}--train-cluster-" in one.name)
    assert cluster.inputs["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 2


@pytest.mark.parametrize(
    ("rule", "edit"),
    [
        (STATED, lambda steps: put(steps, "train.limits.max_total_trials", 9)),
        (STATED, lambda steps: put(steps, "train.objective.goal", "maximize")),
        (STATED, lambda steps: put(steps, "train.search_space.regularization.max_value", 99)),
        (STATED, lambda steps: put(steps, "train.limits.trial_timeout", 7200)),
        ("limits-batch-size", lambda steps: put(steps, "train.limits.max_concurrent_trials", 3)),
        ("limits-batch-time", lambda steps: put(steps, "train.limits.timeout", 25 * 3600)),
        ("limits-batch-started", lambda steps: steps["train"]["search_space"].update(x={"type": "choice"})),
        ("inputs-known", lambda steps: steps["train"].update(early_termination={"type": "bandit"})),
    ],
)
def test_what_a_step_of_azure_is_sent_is_judged(azure: Graph, rule: str, edit: Edit) -> None:
    assert caught(sweeping(azure, edit), rule) == {rule}
