"""The records of Google Cloud against what the installed SDK says, who names them, and a workflow read whole."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from catalogue.answers import Request
from catalogue.graph import Graph, Resource
from catalogue.kind import Acts, At, Evidence, Keys, Kind, No, NotYet, Renders, Runs
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.gcp.workflows import deadlines, jobs
from catalogue.machines import Machines
from catalogue.properties import Malformed
from catalogue.rendering import Terraform
from operations.judge import cost_of
from operations.rendering.terraform import render
from policies.everywhere import kind_known
from provider.resources import services
from sandbox import cloud
from tests.mutate import changed, put
from tests.rows import rows

KINDS = kinds("gcp")
IN_SDK = [token for token in KINDS if not token.startswith("pulumi:")]
WORKFLOW = "gcp:workflows/workflow:Workflow"
ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "catalogue" / "kinds" / "gcp"
NAMED_BESIDE = {
    "catalogue/inputs/gcp.yaml": "it is part of each record, a page for all",
    "catalogue/made/gcp.yaml": "it says how many of each type a component makes",
    "catalogue/caveats.py": "it says which types of each platform a caveat is about, and imports no platform",
    "catalogue/platforms.py": "a platform has a provider",
    "policies/everywhere.py": "an instance stands in a zone, and the rule imports no platform",
    "policies/gcp/organisation.py": "it refuses a type that no stack makes",
    "provider/gcp/approved_version.py": "it is the resource",
    "provider/gcp/deployment.py": "it is the resource",
    "provider/gcp/grants.py": "it is the resource",
    "provider/gcp/model.py": "it is the resource",
}
"""Who else names a type, and why."""

STAND_ELSEWHERE = {
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": "a grant stands where its repository does",
    "gcp:workbench/instance:Instance": "its location is a zone, of which limits-zone asks",
    "gcp:workbench/instanceIamMember:InstanceIamMember": "a grant stands where its instance does",
}
TAKES_A_KEY = re.compile(r"(default_)?(kms_key|crypto_key)(_name)?")


def inputs_of(token: str) -> dict[str, str]:
    """The inputs of a type with their annotations, by the SDK's names."""
    package, module, name = token.split(":")
    if package == "mlplatform":
        return annotated(getattr(import_module(services()[token].__module__), name).__init__)
    return annotated(getattr(import_module(f"pulumi_gcp.{module.partition('/')[0]}"), name)._internal_init)


def annotated(function: Any) -> dict[str, str]:
    return {name: str(parameter.annotation) for name, parameter in inspect.signature(function).parameters.items()}


def parts_of(token: str, annotation: str) -> dict[str, str]:
    """The inputs of the section that an annotation names; empty where it names none."""
    module = token.split(":")[1].partition("/")[0]
    named = re.search(r"(\w+Args)\b", annotation)
    if named is None:
        return {}
    return annotated(getattr(import_module(f"pulumi_gcp.{module}._inputs"), named.group(1)).__init__)


def paths_of(token: str, inputs: dict[str, str], prefix: str = "") -> Iterator[str]:
    """Every input of a type at any depth, as a dotted path of wire names."""
    for name, annotation in inputs.items():
        path = f"{prefix}{wire(name)}"
        yield path
        if path.count(".") < 4:  # a lifecycle of a lifecycle: nothing below is a key
            yield from paths_of(token, parts_of(token, annotation), f"{path}.")


def wire(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter.group().lower()}", name)


# ---- one record a type, and nobody else who names it ----------------------------------------------------------------

TOKEN = re.compile(r"\bmlplatform:gcp:\w+|\bgcp:\w+/\w+:\w+|\bpulumi:providers:gcp\b")


def named_in(path: Path) -> list[str]:
    return TOKEN.findall(path.read_text(encoding="utf-8"))


def test_the_records_name_each_type_once() -> None:
    assert sorted(token for path in RECORDS.glob("*.py") for token in named_in(path)) == sorted(KINDS)


def test_nobody_but_its_record_names_a_type() -> None:
    folders = ("catalogue", "components", "policies", "provider", "operations", "sandbox", "stacks", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".yaml"}]
    others = [path for path in files if RECORDS not in path.parents and ".venv" not in path.parts]
    naming = {str(path.relative_to(ROOT)) for path in others if set(named_in(path)) & set(KINDS)}
    assert len(others) > 200 and naming == set(NAMED_BESIDE)


@pytest.mark.sweep(4)
@pytest.mark.parametrize("token", IN_SDK)
def test_without_its_record_a_type_is_missed_by_its_name(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {other: kind for other, kind in KINDS.items() if other != token}
    monkeypatch.setattr("catalogue.kinds.kinds", lambda platform: rest)
    one = Resource(urn=f"urn:pulumi:s::p::{token}::r", type=token, name="r", custom=True)
    with pytest.raises(cloud.UnknownType, match=re.escape(f"r: the sandbox does not know the type {token};")):
        cloud.create(Request(token, one.urn, "r", {}, "p", "us-central1"))
    graph = Graph("s", "gcp", (one,), {})
    (found,) = kind_known.judge(graph).violations
    assert found.resource == one and token in found.sentence
    if token.startswith("gcp:"):
        assert [item.type for item in render(graph.to_json()["resources"]).unrendered] == [token]


def test_every_type_of_the_pilot_has_a_record(gcp_pilot: Graph) -> None:
    assert not {resource.type for resource in gcp_pilot.cloud if kind_of(resource.type) is None}


@rows("token", IN_SDK)
def test_labels_stand_where_the_sdk_takes_them(token: str) -> None:
    """`user_labels` before `labels`, which configure a notification channel."""
    taken = [wire(name) for name in ("user_labels", "labels") if name in inputs_of(token)]
    tags = KINDS[token].tags
    assert (tags.path if isinstance(tags, At) else None) == (taken[0] if taken else None)


@rows("token", IN_SDK)
def test_a_key_is_named_wherever_the_sdk_takes_one(token: str) -> None:
    keys = KINDS[token].keys
    named = {place.path for place in keys.at} if isinstance(keys, Keys) else set[str]()
    paths = set(paths_of(token, inputs_of(token)))
    assert named <= paths
    assert {path for path in paths if TAKES_A_KEY.fullmatch(snake(path.rpartition(".")[2]))} == named


@rows("token", IN_SDK)
def test_a_region_is_named_wherever_the_sdk_takes_one(token: str) -> None:
    inputs = inputs_of(token)
    stands = KINDS[token].stands
    if isinstance(stands, At):
        assert snake(stands.path.partition(".")[0]) in inputs
    else:
        assert token in STAND_ELSEWHERE or not {"location", "region"} & set(inputs)


@pytest.mark.parametrize("token", [token for token in IN_SDK if token.startswith("mlplatform:")])
def test_our_own_resources_are_replaced_as_their_services_say(token: str) -> None:
    acts = KINDS[token].acts
    assert isinstance(acts, Acts) and acts.behaviour.replaces == services()[token].replaces


BRIDGED = {
    "artifactregistry": "artifact_registry",
    "cloudscheduler": "cloud_scheduler",
    "orgpolicy": "org_policy",
    "projects": "project",
    "serviceaccount": "service_account",
}
"""Modules whose name is another in Terraform's types."""


@rows("token", IN_SDK)
def test_terraforms_name_follows_from_the_token(token: str) -> None:
    """What the bridge does to every type; an account is the one exception among the records."""
    renders = KINDS[token].renders
    if not isinstance(renders, Renders):
        return
    assert isinstance(renders.as_, Terraform)
    module, noun = re.split(r"[:/]", token)[1], token.rpartition(":")[2]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", noun).lower()
    plain = f"google_{BRIDGED.get(module, module)}_{words}"
    assert renders.as_.type == plain.replace("service_account_account", "service_account")
    assert set(renders.as_.renamed) <= {wire(name) for name in inputs_of(token)}


def evidence_of(value: Any) -> Iterator[Evidence]:
    for field in fields(value):
        part = getattr(value, field.name)
        if isinstance(part, Evidence):
            yield part
        elif is_dataclass(part):
            yield from evidence_of(part)


@rows("kind", KINDS.values(), ids=list(KINDS))
def test_every_fact_has_an_address_or_a_reason_and_a_day(kind: Kind) -> None:
    found = list(evidence_of(kind))
    answered = [one for field in fields(Kind) if not isinstance(one := getattr(kind, field.name), str | NotYet)]
    assert len(found) == len(answered) > 10
    for each in found:
        assert date.fromisoformat(each.read) <= date(2026, 11, 28)
        assert each.where.startswith("https://") is (each.status != "assumed"), each
    reasons = [part.why for field in fields(Kind) if isinstance(part := getattr(kind, field.name), No)]
    assert all(len(reason) > 5 for reason in reasons)


# ---- workflows ------------------------------------------------------------------------------------------------------

API = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1"


def post(collection: str, body: Any) -> dict[str, Any]:
    return {"call": "http.post", "args": {"url": f"{API}/{collection}", "body": body}}


def scoring(machine: str = "e2-standard-2", count: int = 1) -> dict[str, Any]:
    resources = {"machineSpec": {"machineType": machine}, "startingReplicaCount": count, "maxReplicaCount": count}
    return post("batchPredictionJobs", {"dedicatedResources": resources})


def pool(machine: str, count: int | None = None, **spec: Any) -> dict[str, Any]:
    return {"machineSpec": {"machineType": machine, **spec}, **({} if count is None else {"replicaCount": count})}


def workflow(document: Any) -> Resource:
    source = document if isinstance(document, str) else json.dumps(document)
    return Resource(urn="urn:w", type=WORKFLOW, name="w", custom=True, inputs={"sourceContents": source})


def runs(document: Any) -> list[Machines]:
    resource, kind = workflow(document), KINDS[WORKFLOW]
    assert isinstance(kind.runs, Runs)
    return list(kind.runs.machines(Graph("s", "gcp", (resource,), {}), resource))


def steps(*calls: Any, **others: Any) -> dict[str, Any]:
    return {"main": {"steps": [{f"step{i}": call} for i, call in enumerate(calls)]}, **others}


def counted(document: Any) -> list[tuple[str, str, int]]:
    return [(m.machine_type, m.use, m.high) for m in runs(document)]


def test_a_job_is_found_at_any_depth() -> None:
    deep = {
        "parallel": {
            "branches": [
                {"one": {"steps": [{"a": {"try": scoring("n1-standard-4"), "retry": "${http.default_retry}"}}]}},
                {"two": {"steps": [{"b": {"switch": [{"condition": "${true}", "steps": [{"c": scoring("a3", 9)}]}]}}]}},
            ]
        }
    }
    assert counted(steps(scoring(), deep)) == [
        ("e2-standard-2", "batch", 1),
        ("n1-standard-4", "batch", 1),
        ("a3", "batch", 9),
    ]


def test_every_pool_of_training_and_every_trial_counts() -> None:
    spec = {"workerPoolSpecs": [pool("n1-standard-4"), pool("a2", 3, acceleratorType="A100", acceleratorCount=2)]}
    (first, second) = runs(steps(post("customJobs", {"jobSpec": spec})))
    assert (first.high, second.high, second.accelerator, second.accelerators) == (1, 3, "A100", 2)
    assert {first.use, second.use} == {"training"} and first.part != second.part
    tuned = post("hyperparameterTuningJobs", {"parallelTrialCount": 4, "trialJobSpec": spec})
    assert [m.high for m in runs(steps(tuned))] == [4, 12]


def test_no_replica_of_a_pool_is_one() -> None:
    """Vertex AI takes zero as not given."""
    assert counted(steps(post("customJobs", {"jobSpec": {"workerPoolSpecs": [pool("a2", 0)]}}))) == [
        ("a2", "training", 1)
    ]


def again(*others: Any, start: Any = None) -> dict[str, Any]:
    """Steps that start a job and come back to it."""
    return steps(start or {"assign": [{"n": "${n + 1}"}]}, scoring(), *others, {"next": "step0"})


def test_a_jump_back_that_is_counted_is_no_loop_without_end() -> None:
    assert counted(again({"switch": [{"condition": "${n >= 3}", "next": "end"}]})) == [("e2-standard-2", "batch", 1)]


@pytest.mark.parametrize(
    "document",
    [
        again(),
        again({"switch": [{"condition": "${m >= 3}", "next": "end"}]}),
        again({"switch": [{"condition": "${n >= 3}", "next": "step0"}]}),
        again({"switch": [{"condition": "${true}", "next": "step0"}, {"condition": "${n >= 3}", "next": "end"}]}),
        again({"switch": [{"condition": "${n >= 3}", "next": "end"}]}, start={"assign": [{"n": "${n + 0}"}]}),
        again({"switch": [{"condition": "${n >= 3}", "next": "end"}]}, {"assign": [{"n": 0}]}),
        again({"switch": [{"condition": "${sys.now() >= end}", "next": "end"}]}),
        steps({"call": "score"}, {"next": "step0"}, score={"steps": [{"go": scoring()}]}),
    ],
)
def test_a_jump_back_without_a_bound_is_said(document: Any) -> None:
    with pytest.raises(Malformed, match="is repeated without a bound"):
        runs(document)


LATE: dict[str, Any] = {"switch": [{"condition": "${sys.now() >= end}", "return": "late"}]}


def test_a_deadline_is_what_the_time_is_compared_with() -> None:
    decoy = {"assign": [{"unused": "${sys.now() + 1}"}, {"end": "${sys.now() + 7200}"}]}
    assert deadlines(workflow(steps(decoy, scoring(), LATE)).props) == [7200]
    handed = {"call": "score", "args": {"end": "${end}"}}
    score = {"params": ["end"], "steps": [{"go": scoring()}, {"late": LATE}]}
    assert deadlines(workflow(steps(decoy, handed, score=score)).props) == [7200]


@pytest.mark.parametrize(
    "calls",
    [
        (scoring(),),
        (scoring(), LATE),
        ({"assign": [{"end": "${7200 + sys.now()}"}, {"unused": "${sys.now() + 1}"}]}, scoring(), LATE),
        ({"assign": [{"end": "${sys.now() + 3600 * 100}"}]}, scoring(), LATE),
        ({"assign": [{"end": "${sys.now() + 60}"}]}, {"assign": [{"end": "${end + 60}"}]}, scoring(), LATE),
        (
            {"assign": [{"end": "${sys.now() + 60}"}]},
            scoring(),
            {"switch": [{"condition": "${false and sys.now() >= end}", "return": "late"}]},
        ),
    ],
)
def test_a_deadline_that_cannot_be_read_is_none(calls: tuple[Any, ...]) -> None:
    assert deadlines(workflow(steps(*calls)).props) == []


def test_a_run_whose_deadline_cannot_be_read_has_no_price(gcp_pilot: Graph) -> None:
    flow = gcp_pilot.of(WORKFLOW)[0]
    source = flow.inputs["sourceContents"]
    other = re.sub(r"sys\.now\(\) \+ (\d+)", r"\1 + sys.now()", source)
    bill = cost_of(changed(gcp_pilot, flow, lambda p: put(p, "sourceContents", other)))
    assert other != source and any("whose deadline is not readable" in missing.why for missing in bill.unpriced)


def test_a_connector_starts_what_its_request_would() -> None:
    name = "googleapis.aiplatform.v1.projects.locations.batchPredictionJobs"
    create = {"call": f"{name}.create", "args": {"body": scoring()["args"]["body"]}}
    assert counted(steps(create, {"call": f"{name}.get"})) == [("e2-standard-2", "batch", 1)]


def test_a_sub_workflow_counts_as_often_as_it_is_called() -> None:
    once, twice = {"call": "score"}, {"call": "both"}
    score, both = {"steps": [{"go": scoring(count=2)}]}, {"steps": [{"a": once}, {"b": once}]}
    assert counted(steps(once, score=score)) == [("e2-standard-2", "batch", 2)]
    assert counted(steps(twice, once, score=score, both=both)) == [("e2-standard-2", "batch", 6)]
    assert counted(steps(score=score)) == [("e2-standard-2", "batch", 2)]


def test_yaml_is_read_as_json_is() -> None:
    text = """
main:
  steps:
    - start:
        call: http.post
        args:
          url: https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/batchPredictionJobs
          body:
            dedicatedResources: {machineSpec: {machineType: e2-standard-2}}
"""
    assert counted(text) == [("e2-standard-2", "batch", 10)]


def in_a_loop(step: Any) -> Any:
    return {"parallel": {"for": {"value": "x", "in": "${xs}", "steps": [{"go": step}]}}}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (steps(post("nasJobs", {})), "what that starts is unknown"),
        (steps(post("pipelineJobs", {})), "what it starts is unknown"),
        (steps({"call": "http.put", "args": {"url": f"{API}/customJobs"}}), "what that starts is unknown"),
        (steps({"call": "http.post", "args": {"url": '${"https://" + where}'}}), "what that starts is unknown"),
        (steps({"call": "googleapis.compute.v1.instances.insert"}), "what that starts is unknown"),
        (steps({"call": "experimental.executions.run"}), "what that starts is unknown"),
        (steps(post("batchPredictionJobs", {"model": "m"})), "names no machines"),
        (steps(post("batchPredictionJobs", "${body}")), "where a section is read"),
        (steps(post("customJobs", {"jobSpec": {}})), "names no worker pool"),
        (steps(post("customJobs", {"jobSpec": {"workerPoolSpecs": [{"replicaCount": 1}]}})), "names no machine type"),
        (steps(post("hyperparameterTuningJobs", {"trialJobSpec": {}})), "how many trials"),
        (steps(in_a_loop(scoring())), "started in a loop"),
        (steps(in_a_loop({"call": "score"}), score={"steps": [{"go": scoring()}]}), "started in a loop"),
        (steps(score={"steps": [{"go": scoring()}, {"again": {"call": "score"}}]}), "started in a loop"),
        ("not: [closed", "is no document"),
        (steps(post("customJobs", {"jobSpec": {"workerPoolSpecs": [pool("a2", -3)]}})), "more than zero"),
        (steps(scoring(count=-1)), "more than zero"),
        (steps(post("hyperparameterTuningJobs", {"parallelTrialCount": 0, "trialJobSpec": {}})), "more than zero"),
    ],
)
def test_what_nobody_knows_is_said(document: Any, why: str) -> None:
    with pytest.raises(Malformed, match=re.escape(why)):
        runs(document)


def test_what_starts_nothing_is_no_job(gcp_pilot: Graph) -> None:
    sleeping = {"call": "sys.sleep", "args": {"seconds": 60}}
    cancel = {"call": "http.post", "args": {"url": '${"https://x.googleapis.com/v1/" + job.name + ":cancel"}'}}
    looked = {"call": "http.request", "args": {"url": f"{API}/customJobs", "method": "GET"}}
    assert jobs(workflow(steps(sleeping, cancel, looked)).props) == ()
    assert [len(jobs(w.props)) for w in gcp_pilot.of(WORKFLOW)] == [1, 1]


# ---- schedules ------------------------------------------------------------------------------------------------------

SCHEDULE = "gcp:cloudscheduler/job:Job"


def scheduled(graph: Graph) -> Resource:
    return graph.of(SCHEDULE)[0]


def target_of(**target: Any) -> Callable[[Graph], Graph]:
    """The first schedule with another target."""
    return lambda graph: changed(graph, scheduled(graph), lambda p: p["httpTarget"].update(target))


def pubsub(graph: Graph) -> Graph:
    return changed(graph, scheduled(graph), lambda p: p.update(pubsubTarget={"topicName": "t"}))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (target_of(uri=f"{API}/customJobs", body='{"jobSpec": {}}'), "starts no workflow of the stack"),
        (target_of(uri="https://compute.googleapis.com/compute/v1/projects/p"), "starts no workflow of the stack"),
        (
            target_of(
                uri="https://workflowexecutions.googleapis.com/v1/projects/p/locations/us-central1/workflows/x/executions"
            ),
            "starts no workflow of the stack",
        ),
        (target_of(httpMethod="PUT"), "where POST starts an execution"),
        (pubsub, "what that starts is unknown"),
    ],
)
def test_a_schedule_that_starts_anything_else_is_said(
    gcp_pilot: Graph, change: Callable[[Graph], Graph], why: str
) -> None:
    graph, kind = change(gcp_pilot), KINDS[SCHEDULE]
    assert isinstance(kind.runs, Runs)
    assert list(kind.runs.machines(gcp_pilot, scheduled(gcp_pilot))) == []
    with pytest.raises(Malformed, match=why):
        list(kind.runs.machines(graph, scheduled(graph)))
    assert any(why in missing.why for missing in cost_of(graph).unpriced)


def basis_of(graph: Graph, name: str) -> str:
    return next(line.basis for line in cost_of(graph).lines if line.resource == name)


def test_a_second_schedule_that_names_the_workflow_by_text_counts(gcp_pilot: Graph) -> None:
    first = scheduled(gcp_pilot)
    flow = next(w for w in gcp_pilot.of(WORKFLOW) if w.urn in first.property_dependencies["httpTarget"])
    by_text = replace(
        first,
        urn=f"{first.urn}-more",
        name="more",
        property_dependencies={},
        dependencies=(),
        inputs={**first.inputs, "schedule": "0 * * * *"},
    )
    both = replace(gcp_pilot, resources=(*gcp_pilot.resources, by_text))
    runs = [float(basis_of(graph, flow.name).split("ceiling ")[1].split(" runs")[0]) for graph in (gcp_pilot, both)]
    assert runs[1] - runs[0] == pytest.approx(365 * 24 / 12, abs=0.1)


def test_a_schedule_that_never_fires_has_no_price(gcp_pilot: Graph) -> None:
    never = changed(gcp_pilot, scheduled(gcp_pilot), lambda p: put(p, "schedule", "0 0 29 2 *"))
    assert any("does not fire in the year" in missing.why for missing in cost_of(never).unpriced)


# ---- quantities -----------------------------------------------------------------------------------------------------

WORKBENCH, DEPLOYMENT = "gcp:workbench/instance:Instance", "mlplatform:gcp:Deployment"


@pytest.mark.parametrize(
    ("token", "path", "value"),
    [
        (WORKBENCH, "gceSetup.dataDisks.diskSizeGb", "-100000"),
        (WORKBENCH, "gceSetup.bootDisk.diskSizeGb", 0),
        (DEPLOYMENT, "maxReplicas", 0),
        (DEPLOYMENT, "maxReplicas", -4),
        (DEPLOYMENT, "minReplicas", -1),
        (DEPLOYMENT, "minReplicas", 500),
    ],
)
def test_a_quantity_that_cannot_be_is_said(gcp_pilot: Graph, token: str, path: str, value: Any) -> None:
    one = gcp_pilot.of(token)[0]
    bill = cost_of(changed(gcp_pilot, one, lambda p: put(p, path, value)))
    assert any(path in missing.why for missing in bill.unpriced)


@pytest.mark.parametrize(
    ("id_", "taken"),
    [
        ("fraud-scorer-1a2b3c4", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("fraud-scorer-", False),
        ("123456789", True),
        ("1234567890", False),
        ("0123", False),
    ],
)
def test_an_endpoint_has_an_id_that_vertex_ai_takes(id_: str, taken: bool) -> None:
    """As `endpointId` of its discovery document says."""
    kind = kind_of("gcp:vertex/aiEndpoint:AiEndpoint")
    assert kind is not None and isinstance(kind.acts, Acts)
    assert bool(re.fullmatch(kind.acts.behaviour.pattern or "", id_)) == taken
