"""Each thing that a pipeline's definition could say otherwise is found, by the rules that judge a training job."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import workflows
from catalogue.kinds.gcp.vertex import METADATA_STORE
from catalogue.properties import Malformed
from catalogue.vertex_jobs import IN_THE_RUN
from policies.gcp import identity
from policies.gcp.pipeline_specs import JUDGED
from policies.personas import table
from policies.personas.simulation import refusals
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import changed, put, swapped, without
from tests.previewing import preview
from tests.rows import rows

Edit = Callable[[Any], object]
BUCKET, RUN = "/gcs/gcp-full-artifacts-payments-risk-pilot", f"pipelines/fraud-path/{IN_THE_RUN}"


@pytest.fixture(scope="module")
def full() -> Graph:
    return preview(STACKS / "Pulumi.gcp-full.yaml")


def flow_of(graph: Graph) -> Resource:
    return next(one for one in graph.of(workflows.WORKFLOW) if one.name == "gcp-full-fraud-path")


def request(edit: Edit) -> Callable[[Graph], Graph]:
    """The graph with another pipeline job in its workflow."""

    def mutate(graph: Graph) -> Graph:
        flow = flow_of(graph)
        source = json.loads(flow.inputs["sourceContents"])
        (start,) = (step["start"] for step in source["path"]["steps"] if "start" in step)
        edit(start["args"]["body"])
        return changed(graph, flow, lambda p: put(p, "sourceContents", json.dumps(source)))

    return mutate


def tasks(edit: Edit) -> Callable[[Graph], Graph]:
    return request(lambda body: edit(body["pipelineSpec"]["root"]["dag"]["tasks"]))


def launcher(edit: Edit, step: str = "gate") -> Callable[[Graph], Graph]:
    return request(lambda body: edit(body["pipelineSpec"]["deploymentSpec"]["executors"][step]["container"]))


def step(edit: Edit, name: str = "gate") -> Callable[[Graph], Graph]:
    """The graph with another custom job of a step."""

    def mutate(container: Any) -> None:
        said = json.loads(container["args"][3])
        edit(said)
        container["args"][3] = json.dumps(said)

    return launcher(mutate, name)


def container(edit: Edit, name: str = "gate") -> Callable[[Graph], Graph]:
    return step(lambda job: edit(job["job_spec"]["worker_pool_specs"][0]["container_spec"]), name)


def words(old: str, new: str, name: str = "gate") -> Callable[[Graph], Graph]:
    def edit(said: Any) -> None:
        assert old in said["args"]
        said["args"] = [new if one == old else one for one in said["args"]]

    return container(edit, name)


def _kept(graph: Graph) -> Graph:
    bucket = next(one for one in graph.of("gcp:storage/bucket:Bucket") if one.name.endswith("registry-artifacts"))

    def edit(inputs: Any) -> None:
        below = [rule for rule in inputs["lifecycleRules"] if "fraud-path" not in json.dumps(rule)]
        put(inputs, "lifecycleRules", below)

    return changed(graph, bucket, edit)


CAUGHT: list[tuple[str, Callable[[Graph], Graph]]] = [
    # what a step is, as a training job is judged
    ("audit-images-pinned", container(lambda c: c.update(image_uri=c["image_uri"].replace(":1", ":latest")))),
    ("identity-registries", container(lambda c: c.update(image_uri="us-docker.pkg.dev/mallory/x/steps:1"))),
    ("world-containers", container(lambda c: c.update(image_uri=c["image_uri"].replace(":1", ":2")))),
    ("world-containers", container(lambda c: c["command"].append("--debug"))),
    ("world-containers", container(lambda c: c["env"].append({"name": "HTTPS_PROXY", "value": "mallory:3128"}))),
    ("world-place", words(f"--metrics={BUCKET}/{RUN}/evaluate/", "--metrics=/gcs/mallory/x/")),
    ("secrets-in-plain", container(lambda c: c["args"].append("--password=correct-horse-9"))),
    ("identity-run-as", step(lambda job: job["job_spec"].update(service_account="x@payments-risk-pilot.iam"))),
    ("identity-acts-where", step(lambda job: job["job_spec"].update(service_account=_account("batch")))),
    ("encryption-batch", step(lambda job: job.pop("encryption_spec"))),
    ("data-batch-own", step(lambda job: job["encryption_spec"].update(kms_key_name=_KEY))),
    ("data-batch-own", step(lambda job: job["job_spec"].update(enable_web_access=True))),
    ("data-batch-own", words(f"--output={BUCKET}/{RUN}/gate/", f"--output={BUCKET}/pipelines/fraud-path/gate/")),
    ("data-batch-own", words(f"--output={BUCKET}/{RUN}/gate/", f"--output={BUCKET}/models/{IN_THE_RUN}/gate/")),
    ("cost-batch-tags", step(lambda job: job["labels"].pop("team"))),
    ("cost-batch-tags", step(lambda job: job["labels"].update(team="another"))),
    ("limits-machine-types", step(lambda job: _machine(job, machine_type="a3-highgpu-8g"))),
    ("limits-replicas", step(lambda job: job["job_spec"]["worker_pool_specs"][0].update(replica_count=9))),
    ("limits-batch-time", step(lambda job: job["job_spec"]["scheduling"].update(timeout="90000s"))),
    ("limits-batch-time", step(lambda job: job["job_spec"]["scheduling"].update(timeout="21600s"))),
    ("limits-batch-whole", step(lambda job: job["job_spec"].update(network="projects/1/global/networks/x"))),
    ("limits-batch-whole", step(lambda job: job["job_spec"].update(persistent_resource_id="kept"))),
    ("limits-batch-whole", step(lambda job: job.update(display_name="another"))),
    ("experiments-own", step(lambda job: job["job_spec"].update(tensorboard="projects/1/locations/x/tensorboards/1"))),
    ("experiments-own", step(lambda job: job["job_spec"].pop("tensorboard"), "train")),
    ("limits-outputs-expire", _kept),
    # what the stack file states of each step
    ("limits-stated", step(lambda job: _machine(job, machine_type="e2-standard-8"))),
    ("limits-stated", step(lambda job: job["job_spec"]["scheduling"].update(timeout="7200s"))),
    ("limits-stated", container(lambda c: c.update(image_uri=c["image_uri"].replace(":1", ":2")))),
    ("limits-stated", container(lambda c: c.update(command=["python", "-m", "examples.steps", "train"]))),
    ("limits-stated", container(lambda c: c.pop("command"))),
    ("limits-stated", words("--bound=0.9", "--bound=0.1")),
    ("limits-stated", container(lambda c: c["args"].remove("--bound=0.9"))),
    ("limits-stated", container(lambda c: c["args"].append("--report-only=yes"))),
    ("limits-stated", words(f"--metrics={BUCKET}/{RUN}/evaluate/", f"--metrics={BUCKET}/{RUN}/train/model/")),
    ("limits-stated", words(f"--train={BUCKET}/{RUN}/prepare/", f"--train={BUCKET}/data/raw/", "train")),
    ("limits-stated", request(lambda body: _renamed(body, "gate", "gates"))),
    ("limits-stated", lambda graph: _rewritten(graph, "36000", "32400")),
    ("limits-stated", lambda graph: changed(graph, flow_of(graph), lambda p: put(p, "labels.runs-per-month", "3"))),
    # the specification itself
    ("limits-batch-whole", tasks(lambda t: t["gate"]["cachingOptions"].update(enableCache=True))),
    ("limits-batch-whole", tasks(lambda t: t["gate"].pop("cachingOptions"))),
    ("limits-batch-whole", tasks(lambda t: t["gate"]["retryPolicy"].update(maxRetryCount=3))),
    ("limits-batch-whole", tasks(lambda t: t["gate"].pop("retryPolicy"))),
    ("limits-batch-whole", tasks(lambda t: t["gate"].pop("dependentTasks"))),
    ("limits-batch-whole", tasks(lambda t: t["gate"].update(dependentTasks=["train"]))),
    ("limits-batch-whole", tasks(lambda t: t["gate"]["taskInfo"].update(name="train"))),
    ("limits-batch-whole", tasks(lambda t: t["gate"]["componentRef"].update(name="comp-train"))),
    (
        "limits-batch-whole",
        tasks(lambda t: t["gate"]["inputs"]["parameters"]["run"].update(componentInputParameter="x")),
    ),
    ("limits-batch-whole", tasks(lambda t: t["gate"].pop("inputs"))),
    ("limits-batch-whole", tasks(lambda t: t["gate"]["inputs"]["parameters"].pop("run"))),
    ("limits-batch-whole", tasks(lambda t: t["gate"]["cachingOptions"].update(enableCache=0))),
    ("limits-batch-whole", tasks(lambda t: t["gate"]["retryPolicy"].update(maxRetryCount=False))),
    ("limits-batch-whole", request(lambda body: body["pipelineSpec"]["pipelineInfo"].update(name="another"))),
    ("limits-batch-whole", step(lambda job: job.update(display_name=f"another-gate-{IN_THE_RUN}"))),
    ("limits-batch-whole", step(lambda job: job["job_spec"]["scheduling"].update(timeout="3600"))),
    ("limits-batch-whole", step(lambda job: job["job_spec"].update(base_output_directory=_of("evaluate")))),
    ("limits-batch-whole", lambda graph: _rewritten(graph, "WORKFLOW_EXECUTION_ID", "PROJECT_ID")),
    ("limits-batch-whole", container(lambda c: c.pop("env"))),
    ("limits-batch-whole", container(lambda c: c["env"].append(c["env"][0]))),
    ("limits-batch-whole", container(lambda c: c["env"][0].update(value="1"))),
    ("limits-batch-whole", request(lambda body: body["pipelineSpec"]["root"].pop("inputDefinitions"))),
    (
        "limits-batch-whole",
        request(lambda body: body["pipelineSpec"]["components"]["comp-gate"].pop("inputDefinitions")),
    ),
    ("limits-batch-whole", request(lambda body: body["pipelineSpec"].pop("sdkVersion"))),
    ("limits-batch-whole", tasks(lambda t: t["gate"].update(iteratorPolicy={"parallelismLimit": 1}))),
    ("limits-batch-whole", tasks(lambda t: t["gate"].update(triggerPolicy={"condition": "false"}))),
    ("limits-batch-whole", request(lambda body: body["pipelineSpec"].update(schemaVersion="2.0.0"))),
    ("limits-batch-whole", request(lambda body: body["pipelineSpec"].update(defaultPipelineRoot="gs://x/y/"))),
    ("limits-batch-whole", request(lambda body: body["pipelineSpec"]["pipelineInfo"].pop("name"))),
    ("limits-batch-whole", request(lambda body: body["runtimeConfig"]["parameterValues"].update(run="1"))),
    ("limits-batch-whole", request(lambda body: body["runtimeConfig"].update(failurePolicy="x"))),
    ("limits-batch-whole", request(lambda body: body["runtimeConfig"].update(defaultRuntime={}))),
    ("limits-batch-whole", request(lambda body: body.update(templateUri="https://x/y"))),
    ("limits-batch-whole", request(lambda body: body.update(network="projects/1/global/networks/x"))),
    ("limits-batch-whole", launcher(lambda c: c.update(env=[{"name": "A", "value": "b"}]))),
    ("limits-batch-whole", launcher(lambda c: c.update(resources={"resourceCpuLimit": "96"}))),
    ("limits-batch-whole", launcher(lambda c: c.update(image="gcr.io/ml-pipeline/another:1"))),
    ("limits-batch-whole", launcher(lambda c: c.update(command=["sh", "-c", "curl x"]))),
    ("limits-batch-whole", launcher(lambda c: c["args"].append("--debug"))),
    ("limits-batch-whole", launcher(lambda c: c["args"].__setitem__(5, "another-project"))),
    ("limits-batch-whole", launcher(lambda c: c["args"].__setitem__(7, "europe-west4"))),
    ("limits-batch-whole", launcher(lambda c: c["args"].__setitem__(9, "/gcs/x/y"))),
    ("identity-acts-where", request(lambda body: body.update(serviceAccount=_account("training")))),
    ("identity-run-as", request(lambda body: body.pop("serviceAccount"))),
    ("encryption-batch", request(lambda body: body.pop("encryptionSpec"))),
    ("cost-batch-tags", request(lambda body: body["labels"].pop("team"))),
    ("data-batch-own", request(lambda body: body["runtimeConfig"].update(gcsOutputDirectory=_MODELS))),
    ("identity-registries", launcher(lambda c: c.update(image="gcr.io/mallory/google-cloud-pipeline-components:2"))),
    # the store of its records
    ("data-batch-own", lambda graph: without(graph, store_of(graph))),
    ("encryption-customer-key", lambda graph: stored(graph, "encryptionSpec", None)),
    ("inputs-own", lambda graph: stored(graph, "encryptionSpec.kmsKeyName", _KEY)),
    ("limits-region", lambda graph: stored(graph, "region", "europe-west4")),
    ("inputs-allowed", lambda graph: stored(graph, "name", "another")),
    ("audit-state-protected", lambda graph: swapped(graph, replace(store_of(graph), protect=False))),
    # the run around it
    ("identity-calls-known", lambda graph: _rewritten(graph, '"fields": "name,state,error"', '"fields": "name"')),
    ("identity-calls-known", lambda graph: _rewritten(graph, '"fields": "name,state,error"', '"alt": "media"')),
    ("rollback-batch-watched", lambda graph: _rewritten(graph, '"event": "failed"', '"event": "x"')),
    ("rollback-batch-watched", lambda graph: _rewritten(graph, ', "error": "${map.get(outcome, \\"error\\")}"', "")),
    (
        "limits-batch-whole",
        lambda graph: _rewritten(graph, ', "next": "give_up"}}, {"report_late"', '}}, {"report_late"'),
    ),
    ("limits-batch-whole", lambda graph: _rewritten(graph, "PIPELINE_STATE_CANCELLED", "JOB_STATE_CANCELLED")),
    ("limits-batch-whole", lambda graph: _rewritten(graph, '!= \\"ERROR\\"', '== \\"x\\"', "return")),
]
_KEY = "projects/mallory/locations/us-central1/keyRings/x/cryptoKeys/y"


def _of(step: str) -> dict[str, str]:
    return {"output_uri_prefix": f"gs:/{BUCKET.removeprefix('/gcs')}/{RUN}/{step}/"}


_MODELS = "gs://gcp-full-artifacts-payments-risk-pilot/models/"


GRANT, OURS = "gcp:storage/bucketIAMMember:BucketIAMMember", "gcp-full-artifacts-payments-risk-pilot"


def grant_of(graph: Graph, does: str, folder: str) -> Resource:
    """The grant by which a persona does something below a folder of the stack's bucket."""
    (grant,) = (one for one in graph.of(GRANT) if one.name == f"gcp-full-identity-{does}-{OURS}-{folder}")
    return grant


def granted(does: str, folder: str, other: str) -> Callable[[Graph], Graph]:
    """The graph with another folder in the condition of a grant."""

    def mutate(graph: Graph) -> Graph:
        grant = grant_of(graph, does, folder.strip("/").replace("/", "-"))
        text = grant.inputs["condition"]["expression"].replace(folder, other)
        return changed(graph, grant, lambda p: put(p, "condition.expression", text))

    return mutate


@pytest.mark.parametrize("folder", ["", "p", "pipelines/", "models/", "training/fraud-training/"])
def test_who_runs_a_pipeline_writes_in_its_root_alone(full: Graph, folder: str) -> None:
    assert caught(granted("pipeline-writes", "pipeline/", folder)(full), "identity-objects-bounded")


@pytest.mark.parametrize("folder", ["", "pipelines/", "pipelines/another/", "training/fraud-training/", "data/"])
def test_the_publisher_reads_what_runs_left_and_nothing_beside(full: Graph, folder: str) -> None:
    reads = granted("publisher-reads", "pipelines/fraud-path/", folder)
    assert caught(reads(full), "identity-objects-bounded")


def test_the_publisher_writes_nothing_where_runs_do(full: Graph) -> None:
    reads = grant_of(full, "publisher-reads", "pipelines-fraud-path")
    for role in ("objectCreator", "objectUser"):
        writes = changed(full, reads, lambda p, role=role: put(p, "role", f"roles/storage.{role}"))
        assert caught(writes, "identity-objects-bounded")


def test_without_a_version_that_is_served_nobody_reads_candidates(full: Graph) -> None:
    assert full.placement is not None
    none = replace(full, placement=replace(full.placement, versions=()))
    found = [
        one for rule in identity.RULES if rule.name == "identity-objects-bounded" for one in rule.judge(none).violations
    ]
    assert [one for one in found if "pipelines/fraud-path/" in one.sentence]


def test_the_publisher_registers_what_a_run_left(full: Graph) -> None:
    (task,) = (one for one in table("gcp").tasks if one.name == "register-candidate")
    assert not refusals(full, "publisher", task)
    reads = grant_of(full, "publisher-reads", "pipelines-fraud-path")
    refused = refusals(without(full, reads), "publisher", task)
    assert [call.partition(" ")[0] for call in refused] == ["storage.objects.list", "storage.objects.get"]


def store_of(graph: Graph) -> Resource:
    (store,) = graph.of(METADATA_STORE)
    return store


def stored(graph: Graph, path: str, value: Any) -> Graph:
    return changed(graph, store_of(graph), lambda p: put(p, path, value) if value else p.pop(path))


def _account(persona: str) -> str:
    return f"gcp-full-{persona}@payments-risk-pilot.iam.gserviceaccount.com"


def _machine(job: Any, **said: str) -> None:
    job["job_spec"]["worker_pool_specs"][0]["machine_spec"].update(said)


def _renamed(body: Any, old: str, new: str) -> None:
    text = json.dumps(body["pipelineSpec"]).replace(f'"{old}"', f'"{new}"').replace(f"-{old}-", f"-{new}-")
    body["pipelineSpec"] = json.loads(text)


def _rewritten(graph: Graph, old: str, new: str, also: str = "") -> Graph:
    flow = flow_of(graph)
    source = flow.inputs["sourceContents"]
    assert old in source
    source = source.replace(old, new)
    if also == "return":  # a pipeline that failed then ends well
        source = source.replace('"next": "report_failed"', '"return": "${outcome}"')
    return changed(graph, flow, lambda p: put(p, "sourceContents", source))


def test_the_full_stack_passes(full: Graph) -> None:
    assert not caught(full, "identity-objects-bounded", *{name for name, _ in CAUGHT})


@rows(("name", "mutation"), CAUGHT, ids=[f"{at}-{name}" for at, (name, _) in enumerate(CAUGHT)])
def test_what_a_pipeline_says_otherwise_is_found(full: Graph, name: str, mutation: Callable[[Graph], Graph]) -> None:
    assert name in caught(mutation(full), name)


def test_a_launcher_takes_the_names_of_the_protocol_buffer_alone(full: Graph) -> None:
    def twin(job: Any) -> None:  # rules read the last one
        job["job_spec"] = {"serviceAccount": _account("pipeline"), **job["job_spec"]}

    def renamed(job: Any) -> None:
        job["jobSpec"] = job.pop("job_spec")

    for edit, name in ((twin, "serviceAccount"), (renamed, "jobSpec")):
        flow = flow_of(step(edit)(full))
        with pytest.raises(Malformed, match=f"names '{name}', where the launcher takes names such as job_spec alone"):
            list(workflows.jobs(flow.props))
    assert list(workflows.jobs(flow_of(full).props))


def _members(said: Any, at: str = "") -> Iterator[str]:
    """The parts of a request, each once by its path in the table, where `*` stands for the names of steps."""
    if isinstance(said, dict):
        if at != "labels":
            yield at
        for key, value in cast("dict[str, Any]", said).items():
            open_ = at.endswith((".tasks", ".components", ".executors"))
            yield from _members(value, f"{at}.{'*' if open_ else key}".lstrip("."))


def test_each_part_of_a_definition_has_an_entry_of_what_it_may_say(full: Graph) -> None:
    open_ = {f"pipelineSpec.{part}" for part in ("root.dag.tasks", "components", "deploymentSpec.executors")}
    job = next(job for job in workflows.jobs(flow_of(full).props) if job.kind == "pipelineJobs")
    assert set(_members(job.body.values)) == {*JUDGED, *open_}


def test_who_runs_pipelines_writes_in_the_folder_of_their_runs_alone(full: Graph) -> None:
    assert full.placement is not None
    said = tuple((key, text) for key, text in full.placement.stated if not key.startswith("pipelines."))
    without_any = replace(full, placement=replace(full.placement, stated=said))
    (grant,) = (one for one in full.resources if "-identity-pipeline-writes-" in one.name)
    condition = grant.inputs["condition"]["expression"].replace("/pipeline/", "/models/")
    elsewhere = changed(full, grant, lambda p: put(p, "condition.expression", condition))
    assert not caught(full, "identity-objects-bounded")
    assert all(caught(graph, "identity-objects-bounded") for graph in (without_any, elsewhere))


def test_who_writes_by_a_run_holds_its_right_on_the_bucket_too_and_nobody_else(full: Graph) -> None:
    itself = ' || resource.name == "projects/_/buckets/gcp-full-artifacts-payments-risk-pilot"'

    def conditioned(grant: Resource, said: Callable[[str], str]) -> Graph:
        text = grant.inputs["condition"]["expression"]
        assert said(text) != text
        return changed(full, grant, lambda p: put(p, "condition.expression", said(text)))

    assert not caught(full, "identity-objects-bounded", "identity-persona-tasks", "identity-no-wildcard")
    (writes,) = (one for one in full.resources if "-identity-pipeline-writes-" in one.name)
    assert caught(conditioned(writes, lambda text: text.replace(itself, "")), "identity-persona-tasks")
    serving = next(one for one in full.resources if "-identity-serving-reads-" in one.name)
    assert caught(conditioned(serving, lambda text: text + itself), "identity-objects-bounded")
    other = itself.replace("gcp-full-artifacts", "gcp-full-approvals")
    assert caught(conditioned(writes, lambda text: text + other), "identity-objects-bounded")
    seen = [one for one in full.resources if "-identity-pipeline-sees-" in one.name]
    assert caught(without(full, *seen), "identity-persona-tasks")
    sees = next(one for one in full.resources if "-identity-training-sees-" in one.name)
    batch = next(one for one in full.resources if one.name.endswith("-identity-batch"))
    to_batch = replace(sees, property_dependencies={**sees.property_dependencies, "member": (batch.urn,)})
    given = changed(full, to_batch, lambda p: put(p, "member", batch.outputs["member"]))
    assert caught(given, "identity-objects-bounded")


def test_an_address_in_capitals_is_the_same_account(full: Graph) -> None:
    def capitals(properties: Any) -> None:
        kind, colon, address = properties["member"].partition(":")
        properties["member"] = f"{kind}{colon}{address.upper()}"

    (pushes,) = (one for one in full.resources if one.name == "gcp-full-identity-publisher-images")
    assert not caught(changed(full, pushes, capitals), "identity-acts-where")
    upper = step(lambda job: job["job_spec"].update(service_account=_account("batch").upper()))
    assert "identity-acts-where" in caught(upper(full), "identity-acts-where")
