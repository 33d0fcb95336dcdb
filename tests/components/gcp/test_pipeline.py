"""What a pipeline on Vertex AI makes: what a run sends, how it ends, and what Vertex AI is told of each step."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import googleapiclient
import pulumi
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kind import Bills, Runs
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import workflows
from catalogue.kinds.gcp.workflows import Job
from catalogue.pricing import Pricing
from catalogue.properties import Malformed
from catalogue.quotas import at_once
from catalogue.vertex_jobs import CUSTOM, IN_THE_RUN, PIPELINE
from components.gcp.pipeline import Pipeline, StepArgs
from components.given import BadArgument
from tests.components.gcp import examples
from tests.components.gcp.test_components import made
from tests.components.gcp.test_run import Execution, Raised, Vertex, strings
from tests.mutate import changed, put

WORKFLOW, SCHEDULE, POLICY = workflows.WORKFLOW, "gcp:cloudscheduler/job:Job", "gcp:monitoring/alertPolicy:AlertPolicy"
RUNNING, SUCCEEDED, FAILED = (f"PIPELINE_STATE_{state}" for state in ("RUNNING", "SUCCEEDED", "FAILED"))
PREPARE, TRAIN = examples.PIPELINE.steps


def graph_of(**other: Any) -> Graph:
    def make(name: str, opts: pulumi.ResourceOptions) -> Pipeline:
        return Pipeline(name, replace(examples.PIPELINE, **other), opts)

    return made(("fraud-path", make))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def flow_of(graph: Graph) -> Resource:
    (flow,) = graph.of(WORKFLOW)
    return flow


def jobs_of(graph: Graph) -> tuple[Job, ...]:
    return workflows.jobs(flow_of(graph).props)


class PipelineJobs(Vertex):
    """Vertex AI with pipeline jobs in place of batch prediction jobs. One that failed says at which step."""

    def get(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        assert query is not None and "name,state,error" in query["fields"]
        answer = super().get(url, query if "filter" in query else None)
        if answer.get("state") == FAILED:
            answer["error"] = {"code": 9, "message": "The failed tasks are: [gate]."}
        return {"pipelineJobs": answer["batchPredictionJobs"]} if "batchPredictionJobs" in answer else answer


def execution(graph: Graph, *script: list[str], **errors: list[int]) -> Execution[PipelineJobs]:
    return Execution(json.loads(flow_of(graph).inputs["sourceContents"]), PipelineJobs(script, errors))


def test_a_run_makes_one_pipeline_job_whose_steps_are_told_its_id(graph: Graph) -> None:
    run = execution(graph, [RUNNING, SUCCEEDED], post=[503])
    assert run.run()["state"] == SUCCEEDED
    (body,) = run.vertex.bodies
    assert body["displayName"] == "fraud-path-e1"
    assert body["runtimeConfig"] == {
        "gcsOutputDirectory": examples.PIPELINE.root_uri,
        "parameterValues": {"run": "e1"},
        "failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST",
    }


def test_a_pipeline_that_failed_is_not_tried_again_and_its_step_is_logged(graph: Graph) -> None:
    run = execution(graph, [RUNNING, FAILED], [RUNNING, SUCCEEDED])
    with pytest.raises(Raised, match=FAILED):
        run.run()
    assert len(run.vertex.bodies) == 1
    (logged,) = run.log
    assert logged["severity"] == "ERROR" and logged["json"]["event"] == "failed"
    assert "gate" in logged["json"]["error"]["message"]


def test_a_pipeline_that_vertex_ai_refuses_to_make_is_asked_for_three_times(graph: Graph) -> None:
    run = execution(graph, [RUNNING, SUCCEEDED], list=[0, 403, 403, 403])
    with pytest.raises(Raised, match="ERROR"):
        execution(graph, [RUNNING], list=[403, 403, 403]).run()
    assert run.run()["state"] == SUCCEEDED


def test_a_pipeline_that_never_ends_is_cancelled_when_the_hours_of_its_steps_are_over(graph: Graph) -> None:
    run = execution(graph, [RUNNING])
    with pytest.raises(Raised, match=RUNNING):
        run.run()
    hours = 1 + 2 + 4  # the last for Spot machines
    assert len(run.vertex.cancelled) == 1 and hours * 3600 <= run.now - 1000 < (hours + 1) * 3600
    assert [one["json"]["event"] for one in run.log] == ["overran"]


def test_each_step_is_the_custom_job_that_training_would_send(graph: Graph) -> None:
    job, prepare, train = jobs_of(graph)
    assert (job.kind, prepare.kind, train.kind) == (PIPELINE, CUSTOM, CUSTOM)
    assert job.body.text_or_empty("serviceAccount") == examples.account("pipeline")
    for step in (prepare, train):
        assert step.spec.text_or_empty("serviceAccount") == examples.account("training")
        assert step.body.text_or_empty("encryptionSpec.kmsKeyName") == examples.KEY
        assert step.body.values["labels"] == examples.TAGS
        assert step.spec.values["enableWebAccess"] is False and step.spec.values["enableDashboardAccess"] is False
    below = f"gs://payments-risk-pilot-artifacts/pipelines/fraud-path/{IN_THE_RUN}"
    assert prepare.spec.text_or_empty("baseOutputDirectory.outputUriPrefix") == f"{below}/prepare/"
    mounted, run = below.replace("gs://", "/gcs/"), [{"name": "MLPLATFORM_RUN", "value": IN_THE_RUN}]
    assert prepare.spec.values["workerPoolSpecs"][0]["containerSpec"] == {
        "imageUri": PREPARE.image,
        "command": ["python", "-m", "steps", "prepare"],
        "args": ["--raw=/gcs/payments-risk-pilot-data/transactions/", "--share=0.2", f"--output={mounted}/prepare/"],
        "env": run,
    }
    assert train.spec.values["workerPoolSpecs"][0]["containerSpec"] == {
        "imageUri": TRAIN.image,
        "args": [
            f"--train={mounted}/prepare/",
            "--regularization=1.0",
            f"--output={mounted}/train/model/",
            f"--checkpoints=/gcs/payments-risk-pilot-artifacts/training/weekly/checkpoints/{IN_THE_RUN}/",
        ],
        "env": run,
    }
    assert train.spec.values["scheduling"] == {
        "timeout": "7200s",
        "strategy": "SPOT",
        "restartJobOnWorkerRestart": False,
    }
    assert train.spec.text_or_empty("tensorboard") == TRAIN.tensorboard_name


def test_what_a_step_reads_of_a_training_job_is_where_that_one_writes_its_model() -> None:
    reads = StepArgs(
        step_name="evaluate",
        image=PREPARE.image,
        program=["evaluate"],
        inputs={"model": "train", "data": "prepare"},
        machine=PREPARE.machine,
        max_hours=1,
    )
    *_, evaluate = jobs_of(graph_of(steps=[PREPARE, TRAIN, reads]))
    below = f"/gcs/payments-risk-pilot-artifacts/pipelines/fraud-path/{IN_THE_RUN}"
    assert evaluate.spec.values["workerPoolSpecs"][0]["containerSpec"]["args"] == [
        f"--model={below}/train/model/",
        f"--data={below}/prepare/",
        f"--output={below}/evaluate/",
    ]


def test_a_step_waits_for_what_it_reads_and_nothing_is_cached_or_done_twice(graph: Graph) -> None:
    job, *steps = jobs_of(graph)
    assert [(step.step, step.after) for step in steps] == [("prepare", set()), ("train", {"prepare"})]
    tasks = job.body.section_or_empty("pipelineSpec.root.dag.tasks")
    assert list(tasks.each_text("train.dependentTasks")) == ["prepare"]
    assert [list(tasks.each(f"*.{path}")) for path in ("cachingOptions.enableCache", "retryPolicy.maxRetryCount")] == [
        [False, False],
        [0, 0],
    ]
    kind = kind_of(WORKFLOW)
    assert kind is not None and isinstance(kind.runs, Runs)
    drawn = at_once("gcp", kind.runs.machines(graph, flow_of(graph)))
    # The launcher's own four on demand and those of `prepare`; `train` is on Spot machines, and never beside it.
    assert {
        name.removeprefix("aiplatform.googleapis.com/custom_model_training_"): many for name, many in drawn.items()
    } == {
        "cpus": 8,
        "preemptible_cpus": 8,
        "pd_ssd": 200,
    }


def test_a_bill_has_each_steps_machine_by_its_own_hours_and_the_runs(graph: Graph) -> None:
    kind = kind_of(WORKFLOW)
    assert kind is not None and isinstance(kind.bills, Bills)
    people = graph_of(schedule=None, runs_per_month=8)
    bill = kind.bills.price(Pricing(people, catalogue.load("gcp"), "us-central1"), flow_of(people))
    assert bill.idle == 0 and bill.what == "pipeline"
    four = 0.154126276  # an hour of e2-standard-4 in training; e2-standard-8 is twice as much
    assert bill.ceiling == pytest.approx(8 * (7 * four + 1 * four + 2 * 2 * four + 0.03), rel=0.1)


def test_people_start_what_has_no_schedule_and_the_owner_reads_which_step_failed() -> None:
    people = graph_of(schedule=None, runs_per_month=4)
    assert not people.of(SCHEDULE) and flow_of(people).inputs["labels"]["runs-per-month"] == "4"
    policies = {one.name.removeprefix("fraud-path-"): one.inputs for one in people.of(POLICY)}
    assert policies.keys() == {"failed", "failed-at-a-step", "overran"}
    (condition,) = policies["failed-at-a-step"]["conditions"]
    assert condition["conditionMatchedLog"]["labelExtractors"] == {"why": "EXTRACT(jsonPayload.error.message)"}
    assert policies["failed-at-a-step"]["documentation"]["content"].endswith(": ${log.extracted_label.why}")


def test_nothing_stands_while_it_is_switched_off() -> None:
    assert not graph_of(enabled=False).cloud


# ---- what Google and KFP read ----------------------------------------------------------------------------------------


def _pool() -> descriptor_pool.DescriptorPool:
    """KFP's own protocol buffers, of kfp-pipeline-spec 2.17.3, which asks for a newer protobuf than Pulumi's."""
    from google.protobuf import duration_pb2, struct_pb2

    pool = descriptor_pool.DescriptorPool()
    for known in (duration_pb2, struct_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    said = json.loads((Path(__file__).parent / "pipeline_spec.json").read_text())
    pool.Add(json_format.ParseDict(said, descriptor_pb2.FileDescriptorProto()))
    return pool


def test_the_specification_is_one_of_kfps(graph: Graph) -> None:
    """Each member is one that KFP's protocol buffers know, with a value of its kind, and no other."""
    pool = _pool()
    spec, deployment = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"ml_pipelines.{name}"))
        for name in ("PipelineSpec", "PipelineDeploymentConfig")
    )
    said = jobs_of(graph)[0].body.values["pipelineSpec"]
    json_format.ParseDict(said, spec())
    json_format.ParseDict(said["deploymentSpec"], deployment())
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({**said, "unasked": 1}, spec())


def test_a_launcher_is_what_googles_component_compiles_to(graph: Graph) -> None:
    """`kfp_compiled.json` is what kfp 2.17.3 compiles of Google's CustomTrainingJobOp, release 2.22.0."""
    compiled = json.loads((Path(__file__).parent / "kfp_compiled.json").read_text())
    (theirs,) = (one["container"] for one in compiled["deploymentSpec"]["executors"].values())
    job = jobs_of(graph)[0]
    assert job.body.text_or_empty("pipelineSpec.schemaVersion") == compiled["schemaVersion"]
    for ours in job.body.values["pipelineSpec"]["deploymentSpec"]["executors"].values():
        container = ours["container"]
        assert {key: container[key] for key in ("image", "command")} == {
            key: theirs[key] for key in ("image", "command")
        }
        assert container["args"][::2] == theirs["args"][::2] and container["args"][1] == theirs["args"][1]
        ours_said, theirs_said = (json.loads(_UNQUOTED.sub("0", one["args"][3])) for one in (container, theirs))
        assert set(_paths(ours_said)) <= {*_paths(theirs_said), *_BESIDE}


_UNQUOTED = re.compile(r'(?<!"){{[^}]+}}(?!")')
"""A placeholder of KFP's for what is no text."""
_BESIDE = {"job_spec.enable_dashboard_access"}
"""A field of the client's, which the component has no argument for."""


def _paths(said: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for key, value in said.items():
        open_ = at + key in ("labels", "job_spec.worker_pool_specs")
        yield from _paths(value, f"{at}{key}.") if isinstance(value, dict) and not open_ else [at + key]


def test_each_request_is_one_that_vertex_ai_knows(graph: Graph) -> None:
    schemas = json.loads(_discovery().read_text())["schemas"]
    job, *steps = jobs_of(graph)
    known = {**job.body.values, "pipelineSpec": {}}
    assert not list(_unknown(known, "GoogleCloudAiplatformV1PipelineJob", schemas))
    for step in steps:
        assert not list(_unknown(step.body.values, "GoogleCloudAiplatformV1CustomJob", schemas))


def _discovery() -> Path:
    return Path(googleapiclient.__file__).parent / "discovery_cache/documents/aiplatform.v1.json"


def _unknown(said: Any, schema: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    known = schemas[schema].get("properties", {})
    for key, value in said.items():
        if key not in known:
            yield f"{schema}.{key}"
            continue
        inner = known[key].get("$ref") or known[key].get("items", {}).get("$ref")
        for one in value if isinstance(value, list) else [value]:
            if inner and isinstance(one, dict):
                yield from _unknown(one, inner, schemas)


def test_the_definition_fits_into_workflows_with_the_most_steps_and_the_longest_folders() -> None:
    """Workflows, "Quotas and limits": 128 KB a source, 400 characters an expression."""
    longest = f"gs://{'b' * 63}/{'x' * 199}/"
    steps = [replace(PREPARE, step_name="s0")]
    steps += [replace(PREPARE, step_name=f"s{at}", inputs={"raw": f"s{at - 1}"}) for at in range(1, 20)]
    source = flow_of(graph_of(steps=steps, output_uri=longest)).inputs["sourceContents"]
    assert len(source.encode()) < 128 * 1024
    said = [text for text in strings(json.loads(source)) if "${" in text]
    assert all(text.startswith("${") and text.endswith("}") and len(text) <= 400 for text in said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"container"', '"importer"', "launches no custom job"),
        ('"--payload"', '"--payloads"', "launches no custom job"),
        ('"CustomJob"', '"RayJob"', "launches no custom job, no search and no batch prediction job"),
        ('"cachingOptions"', '"parameterIterator"', "is done as parameterIterator says"),
        ('"root"', '"roof"', "has no steps in it"),
        ('"executorLabel"', '"dag"', "launches no custom job"),
    ],
)
def test_what_a_step_starts_otherwise_is_unknown(graph: Graph, old: str, new: str, said: str) -> None:
    flow = flow_of(graph)
    other = changed(graph, flow, lambda p: put(p, "sourceContents", p["sourceContents"].replace(old, new)))
    with pytest.raises(Malformed, match=said):
        jobs_of(other)


def test_steps_that_do_not_wait_for_each_other_are_counted_together(graph: Graph) -> None:
    flow = flow_of(graph)
    free = changed(
        graph, flow, lambda p: put(p, "sourceContents", p["sourceContents"].replace('"dependentTasks"', '"unknown"'))
    )
    _, *steps = jobs_of(free)
    assert not any(step.after for step in steps) and (launchers(free), launchers(graph)) == (2, 1)


def launchers(graph: Graph) -> int:
    """How many launchers may stand at once."""
    kind = kind_of(WORKFLOW)
    assert kind is not None and isinstance(kind.runs, Runs)
    (found,) = (one.high for one in kind.runs.machines(graph, flow_of(graph)) if one.part.startswith("launchers"))
    return found


def diamond() -> Graph:
    """Two trainings of one table, side by side, and a step that reads both."""
    one, other = (replace(TRAIN, step_name=name, spot=None, tensorboard_name=None) for name in ("one", "other"))
    reads = {"one": "one", "other": "other"}
    return graph_of(steps=[PREPARE, one, other, replace(PREPARE, step_name="compare", inputs=reads)])


def test_steps_that_do_not_read_one_another_run_side_by_side_and_the_run_takes_the_longest_way() -> None:
    graph = diamond()
    _, *steps = jobs_of(graph)
    assert {step.step: step.after for step in steps} == {
        "prepare": set(),
        "one": {"prepare"},
        "other": {"prepare"},
        "compare": {"prepare", "one", "other"},
    }
    job = jobs_of(graph)[0].body.section_or_empty("pipelineSpec.root.dag.tasks")
    assert list(job.each_text("compare.dependentTasks")) == ["one", "other"]
    assert launchers(graph) == 2 and workflows.deadlines(flow_of(graph).props) == [4 * 3600]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"runs_per_month": 8}, "one of the two"),
        ({"schedule": None}, "one of the two"),
        ({"output_uri": "s3://x/y/"}, "a folder in Cloud Storage"),
        ({"steps": [TRAIN, PREPARE]}, "'train' reads 'prepare', which is no step before it; allowed: gs"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        graph_of(**given)


def test_a_step_that_cannot_be_is_refused() -> None:
    for given, said in (({"image": "docker.io/x:1"}, "us-central1-docker"), ({"options": {"raw": "1"}}, "'raw' twice")):
        with pytest.raises(BadArgument, match=said):
            replace(PREPARE, **given)
