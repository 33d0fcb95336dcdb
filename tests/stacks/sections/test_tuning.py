"""The word `tuning` of a training job: what it takes, and what a run of such a job is on each platform."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue import caveats
from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kinds import kind_of
from catalogue.kinds.aws import sfn
from catalogue.kinds.azure import machinelearningservices_jobs as jobs
from catalogue.kinds.gcp import workflows
from catalogue.pricing import Pricing
from operations.evaluation import evaluate
from operations.standing.edits import standing
from policies import pack
from policies.personas import simulation, table
from stacks.config import STACKS, validate
from tests.catalogue.test_requests import refusals
from tests.catching import caught
from tests.components.aws.test_components import formatted
from tests.mutate import changed
from tests.previewing import preview
from tests.provider.gcp.test_discovery import judged
from tests.rows import rows

SEARCH: dict[str, Any] = {
    "objective": {"metric": "validation:log_loss", "goal": "minimize", "pattern": "validation:log_loss=([0-9.]+)"},
    "ranges": {
        "regularization": {"min": 0.00001, "max": 10, "scale": "log"},
        "depth": {"min": 2, "max": 9, "integer": True},
        "solver": {"values": ["newton", "saga"]},
    },
    "parallel": 2,
    "total": 7,
}
Edit = Callable[[dict[str, Any]], Any]
NAME = "fraud-tuning"


def of(platform: str, **other: Any) -> dict[str, Any]:
    """The search in the words of the platform, with others."""
    said = {**SEARCH}
    if platform != "aws":
        said["objective"] = {key: value for key, value in said["objective"].items() if key != "pattern"}
    said |= other
    return {key: value for key, value in said.items() if value is not None}


# ---- what it takes --------------------------------------------------------------------------------------------------


def said_of(platform: str, job: dict[str, Any], **sections: Any) -> str:
    stands: Any = standing(platform)  # type: ignore[arg-type]
    own = {**stands["training"]["fraud-training"], "hyperparameters": {"rounds": "20"}, "max_hours": 1}
    own = {key: value for key, value in {**own, **job}.items() if value is not None}
    config = {**stands, **sections, "training": {"fraud-training": own}}
    with pytest.raises(BadInput) as found:
        validate({f"mlplatform:{key}": value for key, value in config.items()}, "a.yaml")
    return str(found.value)


def ranged(**said: Any) -> dict[str, Any]:
    return {"ranges": {"speed": said}}


BOTH = "takes min and max, with scale and integer where they are meant, or values alone"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (ranged(min=0, max=1, scale="log"), "ranges.speed.min: found 0, allowed: more than 0"),
        (ranged(min=1, max=1), "ranges.speed.max: found 1, allowed: more than min, which is 1"),
        (ranged(min=0.5, max=3, integer=True), "ranges.speed.min: found 0.5, allowed: a whole number"),
        (ranged(min=1), BOTH),
        (ranged(min=1, max=2, values=["1", "2"]), BOTH),
        (ranged(values=["1", "2"], scale="log"), BOTH),
        (ranged(values=["1"]), "ranges.speed.values"),
        (ranged(values=["1", "1"]), "each value once"),
        (ranged(values=[str(number) for number in range(31)]), "ranges.speed.values"),
        ({"ranges": {}}, "tuning.ranges"),
        ({"ranges": {"rounds": {"min": 1, "max": 9}}}, "tuning.ranges.rounds: is a hyperparameter of the job too"),
        ({"ranges": {"train": {"min": 1, "max": 9}}}, "tuning.ranges.train: is a channel of the job too"),
        ({"ranges": {"output": {"min": 1, "max": 9}}}, "is the folder of what is trained of the job too"),
        ({"parallel": 8}, "tuning.parallel: found 8, allowed: at most 7"),
        ({"parallel": 11, "total": 20}, "tuning.parallel"),
        ({"total": 751}, "tuning.total"),
        ({"total": 60}, "so that a run may take 30 h; allowed: 24 h"),
        ({"strategy": "grid"}, "tuning.strategy"),
        ({"objective": {"metric": "a b", "goal": "maximize"}}, "tuning.objective.metric"),
        ({"objective": {"metric": "a", "goal": "max"}}, "tuning.objective.goal"),
        ({"objective": None}, "tuning.objective: is missing"),
    ],
)
def test_what_it_does_not_take_is_one_sentence(other: dict[str, Any], said: str) -> None:
    assert said in said_of("aws", {"spot": None, "tuning": of("aws", **other)})


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (None, "pattern: is missing; SageMaker reads the figure from the log"),
        ("loss=[0-9.]+", "whose one group is the figure"),
        ("loss=(", "whose one group is the figure"),
    ],
)
def test_sagemaker_is_told_how_to_read_the_figure(pattern: str | None, said: str) -> None:
    objective = {"metric": "loss", "goal": "minimize", **({} if pattern is None else {"pattern": pattern})}
    assert said in said_of("aws", {"spot": None, "tuning": of("aws", objective=objective)})


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_elsewhere_no_log_is_read(platform: str) -> None:
    objective = {"metric": "loss", "goal": "minimize", "pattern": "loss=(.*)"}
    said = said_of(platform, {"spot": None, "tuning": of(platform, objective=objective)})
    assert "tuning.objective.pattern: is of aws alone" in said


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_trials_share_no_checkpoints(platform: str) -> None:
    assert "training.fraud-training.spot: stands beside tuning" in said_of(platform, {"tuning": of(platform)})


def test_trials_are_recorded_by_the_platform_alone() -> None:
    asked = {"spot": None, "tuning": of("aws")}
    assert "whose runs are trials of a search" in said_of("aws", asked, experiments={"training": ["fraud-training"]})


# ---- aws ------------------------------------------------------------------------------------------------------------


def tuned(platform: str, folder: Path, **other: Any) -> Graph:
    """The stack of every section with one more training job, which searches."""
    said: Any = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    training = said["config"]["mlplatform:training"]
    own = {key: value for key, value in training["fraud-training"].items() if key != "spot"}
    own["output_uri"] = own["output_uri"].replace("fraud-training", NAME)
    more = {"hyperparameters": {"iterations": "200"}, "max_hours": 1, "replicas": 2, "tuning": of(platform)}
    training[NAME] = {**own, **more, **other}
    file = folder / f"Pulumi.{platform}-full.yaml"
    file.write_text(json.dumps(said).replace("1e-05", "0.00001"), encoding="utf-8")
    return preview(file)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return tuned("aws", tmp_path_factory.mktemp("stacks"))


def machine_of(graph: Graph) -> Resource:
    (found,) = (one for one in graph.of(sfn.STATE_MACHINE) if one.name.endswith(NAME))
    return found


def request_of(graph: Graph) -> dict[str, Any]:
    return json.loads(machine_of(graph).inputs["definition"])["States"]["Tune"]["Parameters"]


def test_a_run_is_a_tuning_job_that_sagemaker_takes(aws: Graph) -> None:
    sent = request_of(aws)
    assert refusals(sent, "createHyperParameterTuningJob") == []
    config, trial = sent["HyperParameterTuningJobConfig"], sent["TrainingJobDefinition"]
    assert config["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 7,
        "MaxParallelTrainingJobs": 2,
        "MaxRuntimeInSeconds": 4 * 3600,
    }
    assert config["ParameterRanges"] == {
        "ContinuousParameterRanges": [
            {"Name": "regularization", "MinValue": "0.00001", "MaxValue": "10", "ScalingType": "Logarithmic"}
        ],
        "IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "9", "ScalingType": "Linear"}],
        "CategoricalParameterRanges": [{"Name": "solver", "Values": ["newton", "saga"]}],
    }
    assert trial["StaticHyperParameters"] == {"iterations": "200"}
    assert trial["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600} and trial["EnableNetworkIsolation"] is True
    (ended,) = json.loads(machine_of(aws).inputs["definition"])["States"]["TuneEnded"]["Choices"]
    assert ended["Variable"] == "$.done.HyperParameterTuningJobStatus" and ended["StringEquals"] == "Completed"


def test_each_run_and_each_attempt_has_a_name_of_32_characters(aws: Graph) -> None:
    template = request_of(aws)["HyperParameterTuningJobName.$"]
    counts = ((0, 0), (0, 2), (1, 0))
    names = {formatted(template, time, *each) for time in ("2026-11-26T02:30:00Z", "2027-11-26T02:30:00Z")
             for each in counts}  # fmt: skip
    assert len(names) == 6 and all(len(name) <= 32 and name.startswith("aws-full-") for name in names)
    assert template.count("States.") <= 10, "Step Functions nests no more functions in a field"


def test_all_trials_at_once_are_counted_and_paid_for(aws: Graph) -> None:
    kind = kind_of(sfn.STATE_MACHINE)
    assert kind is not None
    (machines,) = kind.runs.machines(aws, machine_of(aws))  # type: ignore[union-attr]
    assert (machines.use, machines.high) == ("training", 2 * 2)
    pricing = Pricing(aws, catalogue.load("aws"), "us-east-1")
    bill = kind.bills.price(pricing, machine_of(aws))  # type: ignore[union-attr]
    assert bill.ceiling == pytest.approx(8 * 4 * 4 * pricing.hour(machines)), "runs x machines x hours"


def test_what_stands_breaks_no_rule_but_asks_for_its_quota(aws: Graph) -> None:
    found = {(one.rule, one.resource) for one in evaluate(aws, pack.RULES["aws"]).findings}
    assert found <= {("quota-declared", f"aws-full-{NAME}")}


def sending(graph: Graph, edit: Edit) -> Graph:
    machine = machine_of(graph)
    definition = json.loads(machine.inputs["definition"])
    edit(definition["States"]["Tune"]["Parameters"])
    return changed(graph, machine, lambda inputs: inputs.update(definition=json.dumps(definition)))


def config(**said: Any) -> Edit:
    return lambda sent: sent["HyperParameterTuningJobConfig"].update(said)


def limits(**said: Any) -> Edit:
    return lambda sent: sent["HyperParameterTuningJobConfig"]["ResourceLimits"].update(said)


def trial(**said: Any) -> Edit:
    return lambda sent: sent["TrainingJobDefinition"].update(said)


def named(change: Callable[[str], str]) -> Edit:
    at = "HyperParameterTuningJobName.$"
    return lambda sent: sent.update({at: change(sent[at])})


def range_of(sort: str, **said: Any) -> Edit:
    return lambda sent: sent["HyperParameterTuningJobConfig"]["ParameterRanges"][sort][0].update(said)


def ranges_of(sent: dict[str, Any]) -> list[dict[str, Any]]:
    return sent["HyperParameterTuningJobConfig"]["ParameterRanges"]["IntegerParameterRanges"]


ELSEWHERE = {"S3OutputPath": "s3://aws-full-artifacts-111122223333/elsewhere/", "KmsKeyId": "alias/x"}
STATED, INPUTS, JOB, PLACES = "limits-stated", "inputs-request", "world-job", "world-run-places"


@rows(
    ("rule", "edit"),
    [
        (STATED, limits(MaxParallelTrainingJobs=3)),
        (STATED, limits(MaxNumberOfTrainingJobs=8)),
        (STATED, config(Strategy="Random")),
        (STATED, config(HyperParameterTuningJobObjective={"Type": "Maximize", "MetricName": "validation:log_loss"})),
        (STATED, config(HyperParameterTuningJobObjective={"Type": "Minimize", "MetricName": "loss"})),
        (STATED, range_of("ContinuousParameterRanges", MaxValue="100")),
        (STATED, range_of("ContinuousParameterRanges", ScalingType="Linear")),
        (STATED, range_of("ContinuousParameterRanges", Name="other")),
        (STATED, range_of("CategoricalParameterRanges", Values=["newton", "saga", "lbfgs"])),
        (STATED, lambda q: q["HyperParameterTuningJobConfig"]["ParameterRanges"].pop("IntegerParameterRanges")),
        (STATED, trial(StoppingCondition={"MaxRuntimeInSeconds": 7200})),
        (STATED, trial(AlgorithmSpecification={"MetricDefinitions": [{"Name": "x", "Regex": "y"}]})),
        (STATED, lambda q: q["TrainingJobDefinition"]["ResourceConfig"].update(InstanceCount=1)),
        (STATED, limits(MaxRuntimeInSeconds=60)),
        (STATED, trial(StaticHyperParameters={})),
        (STATED, lambda q: ranges_of(q).append({**ranges_of(q)[0], "MaxValue": "90"})),
        (INPUTS, range_of("IntegerParameterRanges", ScalingType="Auto")),
        (INPUTS, lambda q: ranges_of(q)[0].pop("ScalingType")),
        (INPUTS, config(RandomSeed=1)),
        (INPUTS, config(TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 1})),
        (INPUTS, lambda q: q.update(WarmStartConfig={"ParentHyperParameterTuningJobs": []})),
        (INPUTS, trial(EnableNetworkIsolation=False)),
        (INPUTS, trial(Environment={"A": "b"})),
        (INPUTS, lambda q: q["HyperParameterTuningJobConfig"]["ResourceLimits"].pop("MaxRuntimeInSeconds")),
        ("network-jobs-isolated", trial(EnableNetworkIsolation=False)),
        ("network-jobs-isolated", lambda q: q["TrainingJobDefinition"].pop("VpcConfig")),
        ("encryption-batch", trial(OutputDataConfig={"S3OutputPath": ELSEWHERE["S3OutputPath"]})),
        ("limits-batch-time", limits(MaxRuntimeInSeconds=5 * 3600)),
        ("limits-batch-time", trial(StoppingCondition={})),
        ("cost-batch-tags", lambda q: q.update(Tags=[])),
        (JOB, named(lambda name: name.replace("aws-full-", "aws-fool-"))),
        (JOB, named(lambda name: name.replace("aws-full-", "aws-full-x"))),
        (JOB, named(lambda name: name.replace(", $$.State.RetryCount", ""))),
        (JOB, named(lambda name: name.replace("$.run", "$.when"))),
        (JOB, trial(OutputDataConfig=ELSEWHERE)),
        (PLACES, trial(OutputDataConfig=ELSEWHERE)),
        (PLACES, trial(StaticHyperParameters={"iterations": "900"})),
        (PLACES, trial(StaticHyperParameters={"sagemaker_submit_directory": "s3://x/code.tar.gz"})),
        ("identity-runs-as", trial(RoleArn="arn:aws:iam::111122223333:role/aws-full-batch")),
    ],
)  # fmt: skip
def test_what_a_run_is_sent_is_judged(aws: Graph, rule: str, edit: Edit) -> None:
    assert caught(sending(aws, edit), rule) == {rule}


def wrong_cells(graph: Graph) -> list[tuple[str, str]]:
    """Who may do what the table does not say, or may not what it does, as far as the stack has what it is about."""
    said, found = table(graph.platform), simulation.cells(graph)
    return [
        (persona, task.name)
        for task in said.tasks
        for persona in said.made
        if persona not in task.also and found.get((persona, task.name), persona in task.who) != (persona in task.who)
    ]


def test_who_conducts_a_run_may_start_it_and_nobody_else_may(aws: Graph) -> None:
    assert ("pipeline", "conduct-tuning") in simulation.cells(aws)
    assert wrong_cells(aws) == []


# ---- gcp ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gcp(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return tuned("gcp", tmp_path_factory.mktemp("stacks"))


def workflow_of(graph: Graph) -> Resource:
    (found,) = (one for one in graph.of(workflows.WORKFLOW) if one.name.endswith(NAME))
    return found


def body_in(definition: Any) -> dict[str, Any]:
    (start,) = (step["start"] for step in definition["train"]["steps"] if "start" in step)
    return start["args"]["body"]


def test_a_run_is_a_tuning_job_that_google_documents(gcp: Graph) -> None:
    body = body_in(json.loads(workflow_of(gcp).inputs["sourceContents"]))
    place = "/v1/projects/payments-risk-pilot/locations/us-central1/hyperparameterTuningJobs"
    host = "us-central1-aiplatform.googleapis.com"
    assert judged(host, "POST", place, None, body) == []
    assert judged(host, "POST", place, None, {**body, "studySpec": {**body["studySpec"], "goal": "x"}}) != []
    assert (body["maxTrialCount"], body["parallelTrialCount"]) == (7, 2)
    assert body["studySpec"] == {
        "metrics": [{"metricId": "validation:log_loss", "goal": "MINIMIZE"}],
        "parameters": [
            {
                "parameterId": "regularization",
                "doubleValueSpec": {"minValue": 0.00001, "maxValue": 10},
                "scaleType": "UNIT_LOG_SCALE",
            },
            {
                "parameterId": "depth",
                "integerValueSpec": {"minValue": "2", "maxValue": "9"},
                "scaleType": "UNIT_LINEAR_SCALE",
            },
            {"parameterId": "solver", "categoricalValueSpec": {"values": ["newton", "saga"]}},
        ],
        "algorithm": "ALGORITHM_UNSPECIFIED",
    }
    words = body["trialJobSpec"]["workerPoolSpecs"][0]["containerSpec"]["args"]
    assert "--iterations=200" in words and not [word for word in words if "--output" in word]


def test_all_trials_at_once_are_counted_on_gcp_too(gcp: Graph) -> None:
    kind = kind_of(workflows.WORKFLOW)
    assert kind is not None
    machines = list(kind.runs.machines(gcp, workflow_of(gcp)))  # type: ignore[union-attr]
    assert sum(one.high for one in machines) == 2 * 2 and {one.use for one in machines} == {"training"}
    assert max(workflows.deadlines(workflow_of(gcp).props)) == 4 * 3600


def test_what_stands_on_gcp_breaks_no_rule_but_asks_for_its_quota(gcp: Graph) -> None:
    """The finding is on what takes most of the quota, which is another run of the stack."""
    assert {one.rule for one in evaluate(gcp, pack.RULES["gcp"]).findings} <= {"quota-undeclared", "quota-declared"}
    assert ("pipeline", "conduct-tuning") in simulation.cells(gcp) and wrong_cells(gcp) == []


def starting(graph: Graph, edit: Edit) -> Graph:
    workflow = workflow_of(graph)
    definition = json.loads(workflow.inputs["sourceContents"])
    edit(body_in(definition))
    return changed(graph, workflow, lambda inputs: inputs.update(sourceContents=json.dumps(definition)))


def study(**said: Any) -> Edit:
    return lambda body: body["studySpec"].update(said)


def parameter(at: int, **said: Any) -> Edit:
    return lambda body: body["studySpec"]["parameters"][at].update(said)


def spec(part: str, **said: Any) -> Edit:
    return lambda body: body["trialJobSpec"].setdefault(part, {}).update(said)


OUTPUT = '${"--output=/gcs/gcp-full-artifacts-payments-risk-pilot/training/fraud-tuning/" + ' + workflows.OF_THE_RUN
WHOLE = "limits-batch-whole"


@pytest.mark.parametrize(
    ("rule", "edit"),
    [
        (STATED, lambda body: body.update(parallelTrialCount=3)),
        (STATED, lambda body: body.update(maxTrialCount=8)),
        (STATED, study(algorithm="RANDOM_SEARCH")),
        (STATED, study(metrics=[{"metricId": "validation:log_loss", "goal": "MAXIMIZE"}])),
        (STATED, study(metrics=[{"metricId": "loss", "goal": "MINIMIZE"}])),
        (STATED, parameter(0, doubleValueSpec={"minValue": 0.00001, "maxValue": 100})),
        (STATED, parameter(0, scaleType="UNIT_LINEAR_SCALE")),
        (STATED, parameter(1, parameterId="breadth")),
        (STATED, parameter(2, categoricalValueSpec={"values": ["newton"]})),
        (STATED, spec("scheduling", timeout="7200s")),
        (STATED, lambda body: body["trialJobSpec"]["workerPoolSpecs"].pop()),
        (WHOLE, study(measurementSelectionType="LAST_MEASUREMENT")),
        (WHOLE, lambda body: body.update(maxFailedTrialCount=5)),
        (WHOLE, lambda body: body.pop("maxTrialCount")),
        (WHOLE, spec("scheduling", strategy="SPOT")),
        (WHOLE, lambda body: body["trialJobSpec"].update(network="projects/1/global/networks/x")),
        (WHOLE, lambda body: body["trialJobSpec"].update(tensorboard="projects/1/locations/x/tensorboards/1")),
        ("data-batch-own", lambda body: body["trialJobSpec"].update(enableWebAccess=True)),
        ("data-batch-own", spec("baseOutputDirectory", outputUriPrefix="gs://elsewhere/x/")),
        (
            "data-batch-own",
            lambda body: body["trialJobSpec"]["workerPoolSpecs"][0]["containerSpec"]["args"].append(
                OUTPUT + ' + "/model/"}'
            ),
        ),
        ("data-batch-own", lambda body: body.update(encryptionSpec={"kmsKeyName": "projects/x/y"})),
        ("encryption-batch", lambda body: body.pop("encryptionSpec")),
        ("limits-batch-time", spec("scheduling", timeout="90000s")),
        ("identity-run-as", lambda body: body["trialJobSpec"].update(serviceAccount="x@y.iam.gserviceaccount.com")),
        (
            "identity-acts-where",
            lambda body: body["trialJobSpec"].update(
                serviceAccount=body["trialJobSpec"]["serviceAccount"].replace("-training@", "-batch@")
            ),
        ),
        ("cost-batch-tags", lambda body: body.update(labels={})),
    ],
)
def test_what_a_run_of_gcp_is_sent_is_judged(gcp: Graph, rule: str, edit: Edit) -> None:
    assert caught(starting(gcp, edit), rule) == {rule}


# ---- azure ----------------------------------------------------------------------------------------------------------


def ranges_of_azure(**other: Any) -> dict[str, Any]:
    return {"ranges": {"regularization": {"min": 0.001, "max": 10, **other}}}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"objective": {"metric": "a:b", "goal": "minimize"}}, "metric: found 'a:b', allowed: a name without ':'"),
        (ranges_of_azure(scale="log"), "scale: found 'log', allowed: linear, for Azure ML searches a log scale"),
        ({"ranges": {"depth": {"min": 1, "max": 9, "scale": "log", "integer": True}}}, "linear for whole numbers"),
        ({"ranges": {"depth": {"min": 1, "max": 2000, "integer": True}}}, "at most 1000 whole numbers"),
        ({"ranges": {"learning-rate": {"min": 1, "max": 2}}}, "has a '-', which no input of Azure ML has"),
        ({"ranges": {"solver": {"values": ["a", "$(reboot)"]}}}, "ranges.solver.values: found '$(reboot)', allowed"),
    ],
)
def test_what_azure_does_not_do_is_one_sentence(other: dict[str, Any], said: str) -> None:
    assert said in said_of("azure", {"spot": None, "tuning": of("azure", **other)})


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return tuned("azure", tmp_path_factory.mktemp("stacks"), tuning=SWEEP)


SWEEP = of("azure", strategy="random", objective={"metric": "log_loss", "goal": "minimize"})


def of_type(graph: Graph, type_: str) -> Resource:
    """The one resource of the type that is of the search."""
    (found,) = (one for one in graph.of(type_) if f"-{NAME}-" in one.name)
    return found


def step_in(inputs: Any) -> dict[str, Any]:
    return inputs["properties"]["action"]["jobDefinition"]["jobs"]["train"]


def test_a_report_says_what_the_platforms_leave_open_of_trials(aws: Graph, azure: Graph) -> None:
    said = [" ".join(one.says for one in caveats.of(graph)) for graph in (aws, azure)]
    assert "of each trial of a tuning job" in said[0] and "each trial of a sweep" in said[1]


def test_a_run_is_a_sweep_as_azures_own_tools_send_it(azure: Graph) -> None:
    """https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/entities/_builders/sweep.py"""
    step = step_in(of_type(azure, jobs.SCHEDULE).inputs)
    space = step["search_space"]
    ends = [math.exp(space["regularization"][end]) for end in ("min_value", "max_value")]
    assert step["type"] == "sweep" and ends == pytest.approx([0.00001, 10])
    assert space["regularization"]["type"] == "loguniform"
    assert space["depth"] == {"type": "choice", "values": [2, 3, 4, 5, 6, 7, 8, 9]}
    assert space["solver"] == {"type": "choice", "values": ["newton", "saga"]}
    assert step["limits"] == {
        "max_total_trials": 7,
        "max_concurrent_trials": 2,
        "timeout": 4 * 3600,
        "trial_timeout": 3600,
    }
    assert step["objective"] == {"goal": "minimize", "primary_metric": "log_loss"}
    component = of_type(azure, jobs.COMPONENT)
    said = component.inputs["properties"]["componentSpec"]
    assert step["trial"] == {"componentId": component.outputs["id"]}
    assert {name: said["inputs"][name]["type"] for name in space} == {
        "regularization": "number",
        "depth": "integer",
        "solver": "string",
    }
    assert said["command"].endswith(
        '--iterations=200 --regularization="${{inputs.regularization}}" --depth="${{inputs.depth}}" '
        '--solver="${{inputs.solver}}"'
    )


def test_all_trials_at_once_are_counted_on_azure_too(azure: Graph) -> None:
    (job,) = jobs.jobs(of_type(azure, jobs.SCHEDULE).props)
    assert (job.nodes(), job.minutes_or_none()) == (2 * 2, 4 * 60)
    (machines,) = kind_of(jobs.COMPUTE).runs.machines(azure, of_type(azure, jobs.COMPUTE))  # type: ignore[union-attr]
    assert (machines.use, machines.high) == ("training", 2 * 2)


def test_what_stands_on_azure_breaks_no_rule_but_asks_for_its_quota(azure: Graph) -> None:
    assert {one.rule for one in evaluate(azure, pack.RULES["azure"]).findings} <= {"quota-declared", "quota-undeclared"}
    assert wrong_cells(azure) == []


def sweeping(edit: Edit, type_: str = jobs.SCHEDULE) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        return changed(graph, of_type(graph, type_), edit)

    return change


def in_step(edit: Edit) -> Callable[[Graph], Graph]:
    return sweeping(lambda inputs: edit(step_in(inputs)))


def in_space(name: str, **said: Any) -> Callable[[Graph], Graph]:
    return in_step(lambda step: step["search_space"].setdefault(name, {}).update(said))


def in_limits(**said: Any) -> Callable[[Graph], Graph]:
    return in_step(lambda step: step["limits"].update(said))


def in_component(edit: Edit) -> Callable[[Graph], Graph]:
    return sweeping(lambda inputs: edit(inputs["properties"]["componentSpec"]), jobs.COMPONENT)


def in_command(word: str) -> Callable[[Graph], Graph]:
    return in_component(lambda spec: spec.update(command=f"{spec['command']} {word}"))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (STATED, in_limits(max_total_trials=8)),
        (STATED, in_limits(max_concurrent_trials=1)),
        (STATED, in_limits(timeout=3600)),
        (STATED, in_limits(trial_timeout=7200)),
        (STATED, in_step(lambda step: step.update(sampling_algorithm="bayesian"))),
        (STATED, in_step(lambda step: step["objective"].update(goal="maximize"))),
        (STATED, in_step(lambda step: step["objective"].update(primary_metric="loss"))),
        (STATED, in_space("regularization", max_value=4.6)),
        (STATED, in_space("regularization", type="uniform")),
        (STATED, in_space("depth", values=[2, 3, 4])),
        (STATED, in_space("depth", values=[2, 9])),
        (STATED, in_space("solver", values=["newton"])),
        (STATED, in_space("breadth", type="choice", values=[1])),
        (STATED, in_step(lambda step: step["resources"].update(instance_count=1))),
        (
            STATED,
            sweeping(lambda i: i["properties"]["properties"]["scaleSettings"].update(maxNodeCount=9), jobs.COMPUTE),
        ),
        ("limits-batch-size", in_limits(max_concurrent_trials=3)),
        ("limits-batch-started", in_space("breadth", type="choice", values=[1])),
        ("limits-batch-started", in_component(lambda spec: spec["inputs"]["train"].pop("mode"))),
        ("limits-batch-started", in_command("--x=${{inputs.x}}")),
        ("limits-batch-started", in_component(lambda spec: spec["inputs"]["train"].update(type="string"))),
        ("world-containers", in_command("--iterations=900")),
        ("rollback-batch-starts", in_step(lambda step: step.pop("trial"))),
        ("inputs-allowed", in_space("depth", type="normal")),
        ("inputs-known", in_step(lambda step: step.update(early_termination={"type": "bandit"}))),
        ("limits-batch-time", in_limits(timeout=25 * 3600)),
    ],
)
def test_what_a_run_of_azure_is_sent_is_judged(azure: Graph, rule: str, change: Callable[[Graph], Graph]) -> None:
    assert caught(change(azure), rule) == {rule}
