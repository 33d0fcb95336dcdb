"""A step of a pipeline that does a batch job: what a file may say, what is sent, who may, what it costs, what is found.

The full stacks have one, `fraud-scores`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kinds import kind_of
from catalogue.kinds.aws import jobs as aws_jobs
from catalogue.kinds.aws import mlplatform as mlplatform_aws
from catalogue.kinds.aws import pipelines as aws_pipelines
from catalogue.kinds.aws import sfn, watched
from catalogue.kinds.aws.cloudwatch import ALARM
from catalogue.kinds.aws.iam import ROLE_POLICY
from catalogue.kinds.aws.jobs import PIPELINE
from catalogue.kinds.aws.sagemaker import MODEL as SAGEMAKER_MODEL
from catalogue.kinds.aws.scheduler import SCHEDULE as SCHEDULE_OF_AWS
from catalogue.kinds.azure import jobs as azure_jobs
from catalogue.kinds.azure import machinelearningservices_jobs as parts
from catalogue.kinds.gcp import mlplatform, workflows
from catalogue.pricing import Pricing
from catalogue.vertex_jobs import SCORES
from operations import pictures, running, timetable
from operations.evaluation import evaluate
from policies import pack
from policies.personas import table
from policies.personas.simulation import refusals as refusals_of
from stacks.config import STACKS, read_stack_file, validate
from stacks.model import StackConfig
from stacks.sections import batch_jobs, pipelines
from tests.catalogue.test_requests import refusals
from tests.catching import caught
from tests.mutate import changed, put
from tests.previewing import preview
from tests.provider.gcp.test_discovery import judged

Edit = Callable[[Any], Any]
NAME, STATED, WHOLE = "fraud-scores", "limits-stated", "limits-batch-whole"


# ---- the stack file --------------------------------------------------------------------------------------------------


def read(platform: str, edit: Edit = lambda config: None) -> StackConfig:
    """The full stack of a platform, edited, of which gcp's stands for the one that scores in a pipeline."""
    config = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))["config"]
    edit(config)
    return validate(config, "a.yaml")


def refused(platform: str, edit: Edit) -> str:
    with pytest.raises(BadInput) as found:
        read(platform, edit)
    return str(found.value)


def step(**said: Any) -> Edit:
    """The step that scores, with other words; None leaves one out."""

    def edit(config: Any) -> None:
        steps = config["mlplatform:pipelines"][NAME]["steps"]
        steps["score"] = {key: one for key, one in {**steps["score"], **said}.items() if one is not None}

    return edit


def job(**said: Any) -> Edit:
    """The job that the step does, with other words."""

    def edit(config: Any) -> None:
        jobs = config["mlplatform:batch_jobs"]
        jobs["fraud-rows"] = {key: one for key, one in {**jobs["fraud-rows"], **said}.items() if one is not None}

    return edit


def test_the_step_has_the_hours_and_the_places_of_its_job() -> None:
    def edit(config: Any) -> None:
        step(batch="fraud-backfill", inputs={"cards": "rows"})(config)
        del config["mlplatform:batch_jobs"]["fraud-rows"]

    config = read("gcp", edit)
    scores = pipelines.of(config)[NAME].steps["score"]
    assert pipelines.inputs_of(config, scores) == {
        "cards": "rows",
        "transfers": "gs://payments-risk-pilot-data/transfers/",
    }
    assert pipelines.hours_of(config, scores) == 3 and pipelines.of(config)[NAME].hours(config) == 5


def test_a_job_without_a_schedule_is_of_steps_alone_and_keeps_nothing_of_its_own() -> None:
    config = read("gcp")
    assert batch_jobs.of(config)["fraud-rows"].schedule is None
    assert "fraud-rows" not in batch_jobs.scheduled(config) and len([*batch_jobs.expiring(config)]) == 2


AT, JOB = f"pipelines.{NAME}.steps.score", "batch_jobs.fraud-rows"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (step(training="fraud-training"), f"{AT}.batch: stands beside training; a step does one of them"),
        (step(family="cpu-small"), f"{AT}.family: stands beside batch, whose job says it itself"),
        (step(program=["python"]), f"{AT}.program: stands beside batch"),
        (step(batch="fraud-row"), f"{AT}.batch: names no batch job of this file; did you mean fraud-rows?"),
        (
            step(batch="fraud-backfill"),
            f"{AT}.inputs.rows: is no input of the batch job",
        ),
        (step(inputs={"model": "rows"}), f"{AT}.inputs.model: is what the model itself is called"),
        (
            job(input_uri="gs://payments-risk-pilot-data/cards/"),
            f"{JOB}.schedule: is missing; add when it runs, or leave out input_uri",
        ),
        (job(enabled=False), f"{AT}.batch: found 'fraud-rows', which is switched off"),
        (job(timezone="Europe/Berlin"), f"{JOB}.schedule: is missing; add when it runs, or leave out timezone"),
        (
            job(output_uri="gs://gcp-full-artifacts-payments-risk-pilot/x/"),
            f"{JOB}.schedule: is missing; add when it runs, or leave out output_uri",
        ),
        (job(schedule="0 3 * * *"), f"{JOB}.output_uri: is missing; add the folder that the scores are written to"),
        (
            step(batch="fraud-backfill", inputs={"cards": "rows"}),
            f"{JOB}.schedule: is missing; add when it runs, or name the job in a step",
        ),
    ],
)
def test_what_a_file_may_not_say_is_one_sentence(edit: Edit, said: str) -> None:
    assert said in refused("gcp", edit)


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_a_job_without_a_schedule_is_refused_in_a_file_without_pipelines(platform: str) -> None:
    said = refused(platform, lambda config: config.pop("mlplatform:pipelines"))
    assert said.count(f"{JOB}.schedule: is missing; add when it runs, or name the job in a step of a pipeline") == 1


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_a_mistake_elsewhere_in_a_pipeline_does_not_hide_that_a_step_names_the_job(platform: str) -> None:
    def edit(config: Any) -> None:
        for name in ("fraud-path", NAME):
            next(iter(config["mlplatform:pipelines"][name]["steps"].values()))["image"] = "Wrong"

    said = refused(platform, edit).splitlines()
    assert len(said) == 2 and all(".image: found 'Wrong'" in line for line in said)


def test_what_trains_is_told_as_that_and_by_no_second_sentence_under_the_name_model() -> None:
    def edit(config: Any) -> None:
        steps = config["mlplatform:pipelines"]["fraud-path"]["steps"]
        steps["score"] = {"batch": "fraud-rows", "inputs": {"model": "train"}, "result": True}
        steps["register"]["result"] = True

    (line,) = refused("gcp", edit).splitlines()
    assert "inputs.model: found 'train', which trains" in line


def test_what_a_model_is_trained_into_is_nothing_that_is_scored() -> None:
    def edit(config: Any) -> None:
        steps = config["mlplatform:pipelines"]["fraud-path"]["steps"]
        steps["score"] = {"batch": "fraud-rows", "inputs": {"rows": "train"}, "result": True}
        steps["register"]["result"] = True

    assert "inputs.rows: found 'train', which trains: what it leaves is a model" in refused("gcp", edit)


def test_a_step_that_says_nothing_of_what_it_does_is_told_the_ways() -> None:
    said = refused("aws", lambda config: config["mlplatform:pipelines"]["fraud-path"]["steps"]["gate"].pop("image"))
    assert re.search(r"gate\.image: is missing; .* of this file under training or batch$", said, re.MULTILINE)


# ---- what is sent ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gcp() -> Graph:
    return preview(STACKS / "Pulumi.gcp-full.yaml")


@pytest.fixture(scope="module")
def azure() -> Graph:
    return preview(STACKS / "Pulumi.azure-full.yaml")


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_a_run_is_said_with_its_steps_and_its_cost(platform: str) -> None:
    file = STACKS / f"Pulumi.{platform}-full.yaml"
    said = running.told(preview(file), read_stack_file(file), "pipelines", NAME)
    steps = said.partition(f"{NAME}: ")[2].split(", then ")
    assert [one.split(" on ")[0] for one in steps] == ["rows", "score", "report"]
    assert ", 3 h at most, $0." in steps[-1]


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_a_pipeline_of_batch_jobs_alone_is_judged_as_any_other(platform: str, tmp_path: Path) -> None:
    """No program runs, so that no account writes for one and no environment stands for it, and nothing misses them."""
    said = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    path = said["config"]["mlplatform:pipelines"][NAME]
    (place,) = path["steps"]["rows"]["inputs"].values()
    (read,) = path["steps"]["score"]["inputs"]
    path["steps"] = {
        name: {**path["steps"]["score"], "inputs": {read: place}, "result": True} for name in ("cards", "transfers")
    }
    file = tmp_path / f"Pulumi.{platform}-full.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    graph = preview(file)
    found = [one for one in evaluate(graph, pack.RULES[graph.platform]).findings if one.excepted is None]
    assert {one.rule for one in found} == {"quota-declared"}, "two score at once, of which the file declares one"
    (row,) = (one for one in timetable.of(graph, read_stack_file(file).region) if one.name.endswith(NAME))
    assert row.what == "pipeline" and [one.name for one in pictures.path(row).boxes][:2] == ["cards", "transfers"]


def flow_of(graph: Graph, name: str = f"gcp-full-{NAME}") -> Resource:
    return next(one for one in graph.of(workflows.WORKFLOW) if one.name == name)


def container_of(source: Any, called: str) -> Any:
    (start,) = (one["start"] for one in source["path"]["steps"] if "start" in one)
    return start["args"]["body"]["pipelineSpec"]["deploymentSpec"]["executors"][called]["container"]


def test_the_step_sends_what_a_run_of_its_job_sends_but_for_its_places(gcp: Graph) -> None:
    (scores,) = (one for one in workflows.jobs(flow_of(gcp).props) if one.kind == SCORES)
    place = "/v1/projects/payments-risk-pilot/locations/us-central1/batchPredictionJobs"
    assert judged("us-central1-aiplatform.googleapis.com", "POST", place, None, dict(scores.body.values)) == []
    (nightly,) = (one for one in workflows.jobs(flow_of(gcp, "gcp-full-fraud-backfill").props) if one.kind == SCORES)
    own = {"displayName", "model", "inputConfig", "outputConfig", "dedicatedResources", "manualBatchTuningParameters"}
    assert {key: one for key, one in scores.body.values.items() if key not in own} == {
        key: one for key, one in nightly.body.values.items() if key not in own
    }
    folder = "gs://gcp-full-artifacts-payments-risk-pilot/pipelines/fraud-scores/{{$.inputs.parameters['run']}}"
    assert list(scores.body.each_text("inputConfig.gcsSource.uris")) == [f"{folder}/rows/*"]
    assert scores.body.text_or_empty(workflows.SCORED_TO) == f"{folder}/score/"
    (report,) = (one for one in workflows.jobs(flow_of(gcp).props) if one.step == "report")
    words = list(report.spec.each_text("workerPoolSpecs.containerSpec.args"))
    assert f"--scores={folder.replace('gs://', '/gcs/')}/score/" in words and report.after == {"rows", "score"}
    container = container_of(json.loads(flow_of(gcp).inputs["sourceContents"]), "score")
    told = dict(zip(container["args"][::2], container["args"][1::2], strict=True))
    assert told["--type"] == "BatchPredictionJob" and told["--stop_after"] == "3600"


def test_its_model_waits_for_the_approver_s_word(gcp: Graph) -> None:
    (model,) = (one for one in gcp.of(mlplatform.MODEL) if NAME in one.name)
    assert [one.name for one in gcp.depends(model) if one.type == mlplatform.APPROVED_VERSION] == [
        f"gcp-full-{NAME}-score-model-approved"
    ]


def test_a_run_pays_for_its_machines_for_the_hours_of_the_job_on_gcp(gcp: Graph) -> None:
    kind, flow = kind_of(workflows.WORKFLOW), flow_of(gcp)
    assert kind is not None
    (used,) = (one for one in kind.runs.machines(gcp, flow) if one.turn == "score")  # type: ignore[union-attr]
    assert (used.use, used.high) == ("batch", 1)
    bill = kind.bills.price(Pricing(gcp, catalogue.load("gcp"), "us-central1"), flow)  # type: ignore[union-attr]
    assert f"× 1 × {used.machine_type} × at most 1 h ×" in bill.basis and {*workflows.deadlines(flow.props)} == {
        3 * 3600
    }
    assert "gs://gcp-full-artifacts-payments-risk-pilot/pipelines/fraud-scores/" in {*workflows.passing(flow)}


def launching(graph: Graph, edit: Edit, called: str = "score") -> Graph:
    source = json.loads(flow_of(graph).inputs["sourceContents"])
    edit(container_of(source, called))
    return changed(graph, flow_of(graph), lambda p: put(p, "sourceContents", json.dumps(source)))


def payload(path: str, value: Any) -> Edit:
    def mutate(container: Any) -> None:
        at = container["args"].index("--payload") + 1
        said = json.loads(container["args"][at])
        put(said, path, value)
        container["args"][at] = json.dumps(said)

    return mutate


def argument(flag: str, value: str) -> Edit:
    return lambda container: container["args"].__setitem__(container["args"].index(flag) + 1, value)


URI = "output_config.gcs_destination.output_uri_prefix"
OWN = "gs://gcp-full-artifacts-payments-risk-pilot/pipelines/fraud-scores/{{$.inputs.parameters['run']}}"


@pytest.mark.parametrize(
    ("rules", "edit"),
    [
        ({STATED}, payload("dedicated_resources.machine_spec.machine_type", "e2-standard-8")),
        ({STATED}, payload("dedicated_resources.max_replica_count", 2)),
        ({STATED}, payload("manual_batch_tuning_parameters", {"batch_size": 9})),
        ({STATED}, payload("input_config.instances_format", "csv")),
        ({STATED}, argument("--stop_after", "7200")),
        ({STATED}, payload("input_config.gcs_source.uris", [f"{OWN}/report/*"])),
        ({STATED}, payload("input_config.gcs_source.uris", ["gs://payments-risk-pilot-data/cards/*"])),
        ({WHOLE, STATED}, payload(URI, f"{OWN}/rows/")),
        ({WHOLE}, payload("display_name", "x")),
        ({WHOLE}, payload("generate_explanation", True)),
        ({WHOLE}, argument("--executor_input", '{"outputs": {"outputFile": "/gcs/b/x"}}')),
        ({WHOLE}, lambda container: container["command"].__setitem__(3, "import os")),
        ({WHOLE}, lambda container: container.update(args=container["args"][:-2])),
        (
            {"data-batch-own"},
            payload("model", "projects/payments-risk-pilot/locations/us-central1/models/gcp-full-fraud-path"),
        ),
        ({"encryption-batch"}, payload("encryption_spec", None)),
    ],
)
def test_what_a_step_of_gcp_is_sent_is_judged(gcp: Graph, rules: set[str], edit: Edit) -> None:
    other = launching(gcp, edit)
    assert [rule for rule in rules if caught(other, rule) != {rule}] == []


def test_who_scores_acts_as_batch_on_gcp(gcp: Graph) -> None:
    email = "gcp-full-training@payments-risk-pilot.iam.gserviceaccount.com"
    assert caught(launching(gcp, payload("service_account", email)), "identity-acts-where")


# ---- aws -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aws() -> Graph:
    return preview(STACKS / "Pulumi.aws-full.yaml")


FOLDER = "s3://aws-full-artifacts-111122223333/pipelines/fraud-scores"
RUN = {"Get": "Execution.PipelineExecutionId"}


def ends(graph: Graph, type_: str, end: str) -> Resource:
    (found,) = (one for one in graph.of(type_) if one.name.endswith(end))
    return found


def definition_of(graph: Graph) -> dict[str, Any]:
    document = json.loads(ends(graph, PIPELINE, NAME).inputs["pipelineDefinition"])
    return {one["Name"]: one for one in document["Steps"]}


def joined(*parts: Any) -> Any:
    return {"Std:Join": {"On": "/", "Values": [*parts]}}


def test_the_transform_job_is_what_its_batch_job_would_send_but_for_its_places(aws: Graph) -> None:
    steps = definition_of(aws)
    assert [step["Type"] for step in steps.values()] == ["Processing", "Transform", "Processing"]
    score, report = steps["score"], steps["report"]
    (job,) = (one for one in aws_pipelines.jobs(ends(aws, PIPELINE, NAME).props) if one.action == aws_jobs.SCORES)
    assert refusals(job.request.values, "createTransformJob") == []
    nightly = json.loads(ends(aws, aws_jobs.STATE_MACHINE, "fraud-backfill").inputs["definition"])
    own = {"ModelName", "MaxConcurrentTransforms", "TransformJobName", "TransformJobName.$", "TransformResources"}
    sent, other = score["Arguments"], nightly["States"]["Transform-cards"]["Parameters"]
    assert {key: one for key, one in sent.items() if key not in own | {"TransformInput", "TransformOutput"}} == {
        key: one for key, one in other.items() if key not in own | {"TransformInput", "TransformOutput"}
    }
    assert sent["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == joined(FOLDER, RUN, "rows", "")
    assert sent["TransformOutput"]["S3OutputPath"] == joined(FOLDER, RUN, "score", "rows", "")
    assert score["DependsOn"] == ["rows"] and report["DependsOn"] == ["score"]
    (read,) = (one for one in report["Arguments"]["ProcessingInputs"] if one["InputName"] == "scores")
    assert read["S3Input"]["S3Uri"] == joined(FOLDER, RUN, "score", "")
    assert re.fullmatch("aws-full-fraud-scores-score-[a-z2-7]{6}", sent["TransformJobName"])


def test_its_model_waits_for_the_approver_s_word_on_aws_too(aws: Graph) -> None:
    model = ends(aws, SAGEMAKER_MODEL, f"{NAME}-score-model")
    assert [one.name for one in aws.depends(model) if one.type == mlplatform_aws.APPROVED_VERSION] == [
        f"aws-full-{NAME}-score-model-approved"
    ]
    sent = definition_of(aws)["score"]["Arguments"]["ModelName"]
    assert sent == model.outputs["name"]


def test_a_run_pays_for_its_machines_for_the_hours_of_the_job_on_aws(aws: Graph) -> None:
    kind, pipeline = kind_of(PIPELINE), ends(aws, PIPELINE, NAME)
    assert kind is not None
    (used,) = (one for one in kind.runs.machines(aws, pipeline) if one.turn == "score")  # type: ignore[union-attr]
    assert (used.use, used.high) == ("batch", 1)
    bill = kind.bills.price(Pricing(aws, catalogue.load("aws"), "us-east-1"), pipeline)  # type: ignore[union-attr]
    assert f"1 × {used.machine_type} (score) × at most 1 h ×" in bill.basis
    assert aws_pipelines.longest_hours(aws, pipeline) == 3
    assert f"{FOLDER}/" in {*sfn.passing(aws, pipeline)}


def test_a_job_of_two_inputs_is_two_steps_side_by_side_that_the_next_one_waits_for(tmp_path: Path) -> None:
    said = yaml.safe_load((STACKS / "Pulumi.aws-full.yaml").read_text(encoding="utf-8"))
    step(batch="fraud-backfill", inputs={"cards": "rows"})(said["config"])
    del said["config"]["mlplatform:batch_jobs"]["fraud-rows"]
    file = tmp_path / "Pulumi.aws-full.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    graph = preview(file)
    steps = definition_of(graph)
    assert list(steps) == ["rows", "score_cards", "score_transfers", "report"]
    assert steps["score_cards"]["DependsOn"] == steps["score_transfers"]["DependsOn"] == ["rows"]
    assert steps["report"]["DependsOn"] == ["score_cards", "score_transfers"]
    names = {steps[one]["Arguments"]["TransformJobName"] for one in ("score_cards", "score_transfers")}
    assert len(names) == 1 and aws_pipelines.longest_hours(graph, ends(graph, PIPELINE, NAME)) == 1 + 3 + 1
    alarms = {one.inputs.get("dimensions", {}).get("StepName") for one in graph.of(ALARM) if NAME in one.name}
    assert {"rows", "score_cards", "score_transfers", "report"} <= alarms
    assert caught(graph, STATED, TIME, "rollback-run-whole", "rollback-batch-watched", "world-run-places") == set()
    pipeline = ends(graph, PIPELINE, NAME)
    document = json.loads(pipeline.inputs["pipelineDefinition"])
    document["Steps"][3]["DependsOn"].remove("score_transfers")
    late = changed(graph, pipeline, lambda p: put(p, "pipelineDefinition", json.dumps(document)))
    assert caught(late, "rollback-run-whole")


TIME, WATCH = "limits-batch-time", f"{NAME}-watch"


def sends(path: str, value: Any, called: str = "score") -> Callable[[Graph], Graph]:
    def mutate(graph: Graph) -> Graph:
        pipeline = ends(graph, PIPELINE, NAME)
        document = json.loads(pipeline.inputs["pipelineDefinition"])
        put(next(one for one in document["Steps"] if one["Name"] == called), path, value)
        return changed(graph, pipeline, lambda p: put(p, "pipelineDefinition", json.dumps(document)))

    return mutate


@pytest.mark.parametrize(
    ("rules", "mutate"),
    [
        ({STATED}, sends("Arguments.TransformResources.InstanceType", "ml.m5.xlarge")),
        ({STATED}, sends("Arguments.TransformResources.InstanceCount", 2)),
        ({STATED}, sends("Arguments.TransformOutput.S3OutputPath", joined(FOLDER, RUN, "score", "cards", ""))),
        ({STATED}, sends("Arguments.TransformInput.DataSource.S3DataSource.S3Uri", f"{FOLDER}/x/rows/")),
        ({STATED}, sends("DependsOn", ["rows", "report"])),
        ({STATED}, sends("Name", "scores")),
        ({"world-run-places"}, sends("Arguments.TransformInput.ContentType", "application/jsonlines")),
        ({"world-run-places"}, sends("Arguments.MaxConcurrentTransforms", 4)),
        ({"world-job", TIME}, sends("Arguments.TransformJobName", "others-job")),
        ({"world-job"}, sends("Arguments.ModelName", "others-model")),
        ({"inputs-request"}, sends("Arguments.DataProcessing", {"JoinSource": "Input"})),
        ({"inputs-request"}, sends("CacheConfig", {"Enabled": True, "ExpireAfter": "P30d"})),
        (
            {"rollback-run-whole"},
            sends("Arguments.ProcessingInputs.0.S3Input.S3Uri", joined(FOLDER, RUN, "x", ""), "report"),
        ),
        ({"encryption-batch"}, sends("Arguments.TransformOutput.KmsKeyId", "")),
        ({"cost-batch-tags"}, sends("Arguments.Tags", [])),
        ({"rollback-batch-watched"}, sends("Name", "scores")),
    ],
)
def test_what_a_step_of_aws_is_sent_is_judged(aws: Graph, rules: set[str], mutate: Callable[[Graph], Graph]) -> None:
    other = mutate(aws)
    assert [rule for rule in rules if caught(other, rule) != {rule}] == []


def test_another_model_of_the_stack_is_none_that_a_step_scores_with(aws: Graph) -> None:
    other = ends(aws, SAGEMAKER_MODEL, "fraud-backfill-model").outputs["name"]
    assert caught(sends("Arguments.ModelName", other)(aws), STATED)
    model = ends(aws, SAGEMAKER_MODEL, f"{NAME}-score-model")
    other = "s3://aws-full-artifacts-111122223333/models/other/1/model.tar.gz"
    assert caught(changed(aws, model, lambda p: put(p, "primaryContainer.modelDataUrl", other)), STATED)


# ---- what stops it in time -------------------------------------------------------------------------------------------


def watching(edit: Edit) -> Callable[[Graph], Graph]:
    """The watch with another branch for the step."""

    def mutate(graph: Graph) -> Graph:
        machine = ends(graph, aws_jobs.STATE_MACHINE, WATCH)
        document = json.loads(machine.inputs["definition"])
        edit(document["States"]["Watch"]["Branches"][0]["States"])
        return changed(graph, machine, lambda p: put(p, "definition", json.dumps(document)))

    return mutate


def looking(edit: Edit) -> Callable[[Graph], Graph]:
    return lambda graph: changed(graph, ends(graph, SCHEDULE_OF_AWS, f"{WATCH}-schedule"), edit)


def without(end: str, type_: str) -> Callable[[Graph], Graph]:
    return lambda graph: replace(graph, resources=tuple(r for r in graph.resources if r is not ends(graph, type_, end)))


def inner(states: Any) -> Any:
    return states["score-ends"]["ItemProcessor"]["States"]


NOT_STOPPED: dict[str, Callable[[Graph], Graph]] = {
    "no schedule": without(f"{WATCH}-schedule", SCHEDULE_OF_AWS),
    "no machine": without(WATCH, aws_jobs.STATE_MACHINE),
    "a schedule that is switched off": looking(lambda p: put(p, "state", "DISABLED")),
    "a schedule that ends": looking(lambda p: put(p, "endDate", "2027-01-01T00:00:00Z")),
    "a turn a day": looking(lambda p: put(p, "scheduleExpression", "cron(0 3 * * ? *)")),
    "office hours alone": looking(lambda p: put(p, "scheduleExpression", "cron(0/15 8-17 ? * 2-6 *)")),
    "once": looking(lambda p: put(p, "scheduleExpression", "at(2026-12-01T00:00:00)")),
    "another name": watching(lambda s: put(s["score-looks"], "Parameters.NameContains", "others")),
    "jobs that have ended": watching(lambda s: put(s["score-looks"], "Parameters.StatusEquals", "Completed")),
    "new jobs alone": watching(lambda s: put(s["score-looks"], "Parameters.CreationTimeAfter", "2027-01-01T00:00:00Z")),
    "the newest first": watching(lambda s: put(s["score-looks"], "Parameters.SortOrder", "Descending")),
    "an answer that is lost": watching(lambda s: put(s["score-looks"], "ResultPath", "$.found")),
    "where none was found": watching(lambda s: put(s["score-found"], "Choices.0.IsPresent", False)),
    "a wait too long": watching(lambda s: put(s["score-waits"], "Seconds", 8 * 3600)),
    "no state that stops": watching(lambda s: put(inner(s)["score-asks"], "Next", "score-ended")),
    "one that still waits": watching(lambda s: put(inner(s)["score-running"], "Choices.0.StringEquals", "Completed")),
    "another job": watching(lambda s: put(inner(s)["score-stops"], "Parameters", {"TransformJobName": "x"})),
    "a call that stops nothing": watching(
        lambda s: put(inner(s)["score-stops"], "Resource", "arn:aws:states:::aws-sdk:sagemaker:describeTransformJob")
    ),
    "other items": watching(lambda s: put(s["score-ends"], "ItemsPath", "$.Others")),
}


@pytest.mark.parametrize("what", NOT_STOPPED)
def test_a_transform_job_that_nothing_stops_in_time_is_found(aws: Graph, what: str) -> None:
    assert caught(aws, TIME) == set()
    judged = NOT_STOPPED[what](aws)
    assert caught(judged, TIME) == {TIME}
    assert caught(replace(judged, placement=None), TIME) == {TIME}, "in a program of others, too"


def test_a_wait_that_the_file_does_not_say_is_found(aws: Graph) -> None:
    assert caught(watching(lambda s: put(s["score-waits"], "Seconds", 2 * 3600))(aws), STATED)
    assert caught(looking(lambda p: put(p, "scheduleExpression", "rate(30 minutes)"))(aws), STATED)


def test_what_stops_others_beside_is_found(aws: Graph) -> None:
    wide = watching(lambda s: put(s["score-looks"], "Parameters.NameContains", "aws-full-fraud"))(aws)
    assert caught(wide, TIME)


def test_a_watch_as_somebody_else_would_write_it_bounds_the_job(aws: Graph) -> None:
    machine = ends(aws, aws_jobs.STATE_MACHINE, WATCH)
    document = json.loads(machine.inputs["definition"])
    (branch,) = document["States"]["Watch"]["Branches"]
    asks = inner(branch["States"])
    asks["score-stops"] = {**asks["score-stops"], "End": True}
    flat = {
        **branch,
        "TimeoutSeconds": document["TimeoutSeconds"],
        "States": {
            **branch["States"],
            "score-ends": {
                **branch["States"]["score-ends"],
                "ItemProcessor": {"StartAt": "Stop", "States": {"Stop": asks["score-stops"]}},
            },
        },
    }
    other = changed(aws, machine, lambda p: put(p, "definition", json.dumps(flat)))
    other = looking(lambda p: put(p, "scheduleExpression", "rate(15 minutes)"))(other)
    assert [(one.hours, one.waits) for one in watched.watches(other)] == [(1.0, 0.75)] and not caught(other, TIME)


def test_the_roles_that_score_in_steps_may_and_the_others_may_not(aws: Graph) -> None:
    tasks = {one.name: one for one in table("aws").tasks}
    for persona, task in (("pipeline", "score-in-steps"), ("batch", "score-what-steps-wrote")):
        assert not refusals_of(aws, persona, tasks[task]) and refusals_of(aws, "caller", tasks[task])
    policy = ends(aws, ROLE_POLICY, "-identity-pipeline-policy")
    document = json.loads(policy.inputs["policy"])
    document["Statement"] = [one for one in document["Statement"] if one["Sid"] != "LookForTransforms"]
    blind = changed(aws, policy, lambda p: put(p, "policy", json.dumps(document)))
    assert caught(blind, "identity-tasks")


# ---- azure -----------------------------------------------------------------------------------------------------------


def schedule_of(graph: Graph) -> Resource:
    return next(one for one in graph.of(azure_jobs.SCHEDULE) if one.inputs["name"] == NAME)


def test_the_command_of_its_job_scores_on_its_own_cluster_as_batch(azure: Graph) -> None:
    found = {one.step: one for one in azure_jobs.jobs(schedule_of(azure).props)}
    assert [one.scores for one in found.values()] == [False, True, False]
    assert found["score"].after == {"rows": "rows"} and found["report"].after == {"scores": "score"}
    assert found["report"].own.text_or_empty("inputs.scores.value") == "${{parent.jobs.score.outputs.scores}}"
    commands = {one.name: one.inputs["properties"]["componentSpec"]["command"] for one in azure.of(parts.COMPONENT)}
    (own,) = (said for name, said in commands.items() if f"{NAME}--score-step" in name)
    (nightly,) = (said for name, said in commands.items() if "fraud-backfill-step" in name)
    lines = {line.strip() for line in nightly.splitlines() if "share" not in line and "xargs" not in line}
    assert lines <= {line.strip() for line in own.splitlines()} and 'share "${{inputs.rows}}" rows/' in own
    (cluster,) = (one for one in azure.of(azure_jobs.COMPUTE) if f"{NAME}--score-cluster" in one.name)
    (acts,) = cluster.inputs["identity"]["userAssignedIdentities"]
    assert "batch" in acts
    kind = kind_of(azure_jobs.COMPUTE)
    assert kind is not None
    (used,) = kind.runs.machines(azure, cluster)  # type: ignore[union-attr]
    assert used.use == "batch"


def sending(path: str, value: Any) -> Edit:
    return lambda inputs: put(inputs["properties"]["action"]["jobDefinition"], path, value)


@pytest.mark.parametrize(
    ("rules", "edit"),
    [
        ({STATED}, sending("jobs.score.limits.timeout", "PT2H")),
        ({STATED}, sending("jobs.score.resources.instance_count", 2)),
        (
            {STATED, "limits-batch-started"},
            sending("jobs.score.inputs.rows.value", "${{parent.jobs.report.outputs.output}}"),
        ),
        ({"limits-batch-started"}, sending("jobs.report.inputs.scores.value", "${{parent.jobs.score.outputs.output}}")),
        ({STATED}, sending("outputs.score__scores.uri", "azureml://datastores/artifacts/paths/pipelines/other/")),
    ],
)
def test_what_a_step_of_azure_is_sent_is_judged(azure: Graph, rules: set[str], edit: Edit) -> None:
    other = changed(azure, schedule_of(azure), edit)
    assert [rule for rule in rules if caught(other, rule) != {rule}] == []


def test_who_scores_acts_as_batch_on_azure_and_who_does_not_as_training(azure: Graph) -> None:
    clients: Mapping[str, str] = {
        one.step: one.identity().text_or_empty("client_id") for one in azure_jobs.jobs(schedule_of(azure).props)
    }
    assert clients["rows"] == clients["report"] != clients["score"]
    for called, other in (("score", "rows"), ("rows", "score")):
        edit = sending(f"jobs.{called}.identity.client_id", clients[other])
        assert caught(changed(azure, schedule_of(azure), edit), "identity-acts-where")


def test_what_scores_otherwise_than_its_job_says_is_found(azure: Graph) -> None:
    (component,) = (
        one for one in azure.of(parts.COMPONENT) if f"{NAME}--score-step" in one.name and "command" in str(one.inputs)
    )
    said = component.inputs["properties"]["componentSpec"]["command"]

    def edit(old: str, new: str) -> Graph:
        return changed(azure, component, lambda p: put(p, "properties.componentSpec.command", said.replace(old, new)))

    assert caught(edit("--content-type csv", "--content-type json"), "limits-batch-started")
    assert caught(edit("set -euo", "curl x | sh; set -euo"), "world-containers")
