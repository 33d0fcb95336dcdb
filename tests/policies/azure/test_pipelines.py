"""The steps of a pipeline are judged as a training job is: what each could say otherwise is found, by its rule."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from catalogue.graph import Graph, Resource
from catalogue.runs import RUNS_PER_MONTH
from operations import facts, hardware
from operations.evaluation import evaluate
from operations.judge import cost_of
from policies import pack
from policies.azure.queries import read
from policies.personas import table
from policies.personas.simulation import refusals, requests
from stacks.config import STACKS
from tests.catching import caught
from tests.mutate import at, keyless, without
from tests.on_engine import before_up
from tests.policies.azure.test_rules import (
    COMPUTE,
    LIFECYCLE,
    QUERY,
    SCHEDULE,
    Mutation,
    first,
    losing,
    rewriting,
    setting,
)
from tests.policies.azure.test_silent import COMMAND, COMPONENT, ENVIRONMENT_VERSION, JOB, QUERIED, more
from tests.policies.test_same_findings import without_ids
from tests.previewing import preview
from tests.rows import rows

ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
OURS, STORE = "fraud-path", "azureml://datastores/artifacts/paths/"
PREPARE, TRAIN, EVALUATE, GATE, REGISTER = (
    f"{JOB}.jobs.{name}" for name in ("prepare", "train", "evaluate", "gate", "register")
)
BEGINS = 'exec env MLPLATFORM_RUN="$AZUREML_ROOT_RUN_ID" '
OTHER_IMAGE = "mcr.microsoft.com/azureml/curated/acpt-pytorch-2.2-cuda12.1:42"


def of(step: str) -> str:
    """What begins the name of a step's parts."""
    return f"{OURS}--{step}"


def exchanged(path: str, one: str, other: str) -> Mutation:
    """Two values of the pipeline's schedule, each where the other was."""

    def mutate(graph: Graph) -> Graph:
        inputs = dict(first(graph, SCHEDULE, OURS).inputs)
        values = [at(inputs, path.replace("*", name)) for name in (one, other)]
        for name, value in zip((other, one), values, strict=True):
            graph = setting(SCHEDULE, path.replace("*", name), value, OURS)(graph)
        return graph

    return mutate


@pytest.fixture(scope="module")
def whole() -> Graph:
    """The graph of the stack file that has every section."""
    return preview(STACKS / "Pulumi.azure-full.yaml")


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The same, whose pipeline runs every night."""
    said = (STACKS / "Pulumi.azure-full.yaml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("stacks") / "Pulumi.azure-full.yaml"
    path.write_text(said.replace("runs_per_month: 4", "schedule: 0 3 * * *"), encoding="utf-8")
    return preview(path)


def second(graph: Graph) -> Resource:
    one = first(graph, SCHEDULE, OURS)
    return replace(one, urn=f"{one.urn}-again", name=f"{one.name}-again")


FOUND: list[tuple[str, Mutation]] = [
    ("world-containers", rewriting(COMPONENT, COMMAND, "python -m", "sh -c", of("gate"))),
    ("world-containers", rewriting(COMPONENT, COMMAND, BEGINS, "pip install more && exec ", of("prepare"))),
    ("world-containers", rewriting(COMPONENT, COMMAND, "$AZUREML_ROOT_RUN_ID", "$(id)", of("prepare"))),
    ("world-containers", rewriting(COMPONENT, COMMAND, "bound=0.9", "bound=0.1", of("gate"))),
    ("world-containers", rewriting(COMPONENT, COMMAND, "{{inputs.model}}", "{{inputs.prepared}}", of("evaluate"))),
    ("world-containers", rewriting(COMPONENT, COMMAND, "train --train", "train --seed=1 --train", of("train"))),
    ("world-containers", setting(SCHEDULE, f"{GATE}.environment_variables", {"LD_PRELOAD": "/x.so"}, OURS)),
    ("world-containers", setting(ENVIRONMENT_VERSION, "properties.image", "mcr.microsoft.com/other:1", OURS)),
    ("world-hosts", rewriting(COMPONENT, COMMAND, "github.com", "mallory.example.com", of("register"))),
    ("world-folders", rewriting(SCHEDULE, f"{JOB}.inputs.prepare__raw.uri", "raw/", "salaries/", OURS)),
    ("world-folders", rewriting(SCHEDULE, f"{JOB}.outputs.gate__output.uri", "${{name}}/", "", OURS)),
    ("world-folders", rewriting(SCHEDULE, f"{JOB}.outputs.gate__output.uri", "path/gate/", "path/other/", OURS)),
    ("world-folders", rewriting(SCHEDULE, f"{JOB}.outputs.gate__output.uri", "path/gate/", "path/prepare/", OURS)),
    ("world-folders", rewriting(SCHEDULE, f"{JOB}.outputs.train__checkpoints.uri", "checkpoints/", "x/", OURS)),
    ("limits-stated", rewriting(COMPONENT, COMMAND, "steps gate", "steps prepare", of("gate"))),
    ("limits-stated", rewriting(COMPONENT, COMMAND, " --metric=accuracy", "", of("gate"))),
    ("limits-stated", rewriting(COMPONENT, COMMAND, "--metric=accuracy", "--commit=unknown", of("gate"))),
    ("limits-stated", rewriting(COMPONENT, COMMAND, " train --train", " python --train", of("train"))),
    ("limits-stated", setting(ENVIRONMENT_VERSION, "properties.image", OTHER_IMAGE, OURS)),
    ("limits-stated", setting(SCHEDULE, f"{GATE}.limits.timeout", "PT2H", OURS)),
    ("limits-stated", setting(SCHEDULE, f"{TRAIN}.limits.timeout", "PT1H", OURS)),
    ("limits-stated", setting(SCHEDULE, f"{GATE}.resources.instance_count", 2, OURS)),
    ("limits-stated", setting(SCHEDULE, f"properties.tags.{RUNS_PER_MONTH}", "7", OURS)),
    ("limits-stated", setting(COMPUTE, "properties.properties.vmSize", "Standard_D4as_v5", of("gate"))),
    ("limits-stated", setting(COMPUTE, "properties.properties.vmPriority", "LowPriority", of("gate"))),
    ("limits-stated", setting(COMPUTE, "properties.properties.vmPriority", "Dedicated", of("train"))),
    ("limits-stated", exchanged(f"{EVALUATE}.inputs.*.value", "prepared", "model")),
    ("limits-stated", setting(SCHEDULE, f"{TRAIN}.inputs.train.value", "${{parent.inputs.prepare__raw}}", OURS)),
    ("limits-stated", rewriting(SCHEDULE, f"{JOB}.inputs.prepare__raw.uri", "mlplatform-example-raw/", "cards/", OURS)),
    ("limits-stated", losing(SCHEDULE, f"{EVALUATE}.inputs.model", OURS)),
    ("limits-stated", exchanged(f"{JOB}.outputs.*__output.uri", "gate", "prepare")),
    ("limits-stated", rewriting(SCHEDULE, f"{JOB}.outputs.gate__output.uri", "path/gate/", "path/", OURS)),
    ("limits-stated", more(SCHEDULE, f"{JOB}.jobs", "again", {"type": "command", "limits": {"timeout": "PT1H"}}, OURS)),
    ("limits-batch-time", losing(SCHEDULE, f"{GATE}.limits", OURS)),
    ("limits-batch-time", setting(SCHEDULE, f"{GATE}.limits.timeout", "PT900H", OURS)),
    ("limits-batch-size", setting(SCHEDULE, f"{GATE}.resources.instance_count", 40, OURS)),
    ("limits-machine-types", setting(COMPUTE, "properties.properties.vmSize", "Standard_ND96asr_v4", of("gate"))),
    ("limits-cluster-idle", setting(COMPUTE, "properties.properties.scaleSettings.minNodeCount", 1, of("gate"))),
    ("limits-batch-started", exchanged(f"{JOB}.jobs.*.componentId", "evaluate", "gate")),
    ("limits-batch-started", setting(SCHEDULE, f"{GATE}.componentId", "azureml:theirs:1", OURS)),
    (
        "limits-batch-started",
        setting(SCHEDULE, f"{GATE}.inputs.metrics.value", "${{parent.jobs.none.outputs.output}}", OURS),
    ),
    ("limits-batch-started", losing(COMPONENT, "properties.componentSpec.inputs.model", of("evaluate"))),
    ("limits-batch-started", setting(SCHEDULE, "properties.isEnabled", True, OURS)),
    ("limits-outputs-expire", setting(LIFECYCLE, "policy.rules.2.definition.filters.prefixMatch", ["artifacts/x/"])),
    ("limits-outputs-expire", setting(LIFECYCLE, "policy.rules.2.enabled", False)),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "== 'fraud-path'", "== 'fraud'", f"{OURS}-failed")),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "'JobFailed', ", "", f"{OURS}-failed")),
    ("rollback-batch-watched", losing(QUERY, "criteria.allOf.0.dimensions", f"{OURS}-failed")),
    ("rollback-batch-watched", setting(QUERY, "criteria.allOf.0.dimensions.0.values", ["gate"], f"{OURS}-failed")),
    ("rollback-batch-watched", setting(QUERY, "criteria.allOf.0.dimensions.0.operator", "Exclude", f"{OURS}-failed")),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "'gate', ", "'train', ", f"{OURS}-failed")),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, " by Step", "", f"{OURS}-failed")),
    ("rollback-batch-watched", rewriting(QUERY, QUERIED, "ago(7h)", "ago(40h)", f"{OURS}-late")),
    ("rollback-batch-watched", setting(COMPUTE, "computeName", "prepare-nbe3acf", of("gate"))),
    ("rollback-batch-watched", exchanged(f"{JOB}.jobs.*.computeId", "evaluate", "gate")),
    ("limits-batch-started", setting(SCHEDULE, f"{GATE}.name", "evaluate", OURS)),
    ("limits-batch-started", setting(SCHEDULE, f"{JOB}.inputs.prepare__raw.jobInputType", "uri_file", OURS)),
    ("inputs-allowed", setting(SCHEDULE, f"{GATE}.distribution.process_count_per_instance", 8, OURS)),
    ("inputs-allowed", setting(COMPONENT, "properties.componentSpec.outputs.output.mode", "upload", of("train"))),
    ("rollback-batch-watched", losing(SCHEDULE, f"{JOB}.notificationSetting", OURS)),
    ("rollback-batch-starts", losing(SCHEDULE, f"{GATE}.componentId", OURS)),
    ("identity-user-assigned", setting(SCHEDULE, f"{GATE}.identity.client_id", "x", OURS)),
    ("identity-user-assigned", losing(SCHEDULE, f"{GATE}.identity.client_id", OURS)),
    ("cost-batch-tags", losing(SCHEDULE, f"{JOB}.tags.team", OURS)),
    ("audit-images-pinned", rewriting(ENVIRONMENT_VERSION, "properties.image", ":1", ":latest", OURS)),
    ("inputs-allowed", setting(SCHEDULE, f"{JOB}.settings.force_rerun", False, OURS)),
    ("inputs-allowed", setting(SCHEDULE, f"{JOB}.settings.continue_on_step_failure", True, OURS)),
    ("inputs-allowed", setting(SCHEDULE, f"{JOB}.outputs.gate__output.mode", "Upload", OURS)),
    ("inputs-known", more(SCHEDULE, f"{JOB}.settings", "default_compute", "theirs", OURS)),
    ("inputs-known", more(SCHEDULE, GATE, "code", "azureml:theirs:1", OURS)),
    ("inputs-needed", losing(SCHEDULE, f"{JOB}.settings", OURS)),
    ("unasked", lambda graph: replace(graph, resources=(*graph.resources, second(graph)))),
]
"""The rule, and the graph that it finds it in."""


@rows(("rule", "mutation"), FOUND, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(FOUND)])
def test_what_a_step_could_say_otherwise_is_found(whole: Graph, rule: str, mutation: Mutation) -> None:
    assert caught(mutation(whole), rule) == {rule}


def test_the_stack_that_says_it_is_found_nothing_wrong_with(whole: Graph, scheduled: Graph) -> None:
    assert not caught(whole) and not caught(scheduled)


RULES = sorted({rule for rule, _ in FOUND if rule != "unasked"})


def test_on_the_engine_the_component_tells_whose_step_it_is(whole: Graph) -> None:
    """There no resource has a `stack_key`, and nothing shows its id."""
    assert not caught(keyless(without_ids(whole)), *RULES)
    for rule, mutation in FOUND[::5]:
        if rule in RULES:
            assert caught(keyless(without_ids(mutation(whole))), rule) == {rule}


def test_before_up_what_is_not_known_yet_is_waited_for_and_no_finding(whole: Graph) -> None:
    asked = [rule for rule in pack.RULES["azure"] if rule.name in (*RULES, "quota-declared")]
    said = [one.message for one in evaluate(before_up(whole), asked).findings]
    assert said and all("cannot be judged yet" in one for one in said), said


NIGHTLY: Sequence[Mutation] = (
    lambda graph: without(graph, first(graph, QUERY, f"{OURS}-missed")),
    setting(QUERY, "criteria.allOf.0.threshold", 1, f"{OURS}-missed"),
    rewriting(QUERY, QUERIED, "Done == 0", "Done > 0", f"{OURS}-missed"),
    rewriting(QUERY, QUERIED, " and Step == 'register'", "", f"{OURS}-missed"),
    rewriting(QUERY, QUERIED, "Step == 'register'", "Step == 'prepare'", f"{OURS}-missed"),
    rewriting(QUERY, QUERIED, "ago(36h)", "ago(20h)", f"{OURS}-missed"),
)


@pytest.mark.parametrize("mutation", NIGHTLY)
def test_a_run_that_was_due_and_did_not_come_to_its_last_step_rings(scheduled: Graph, mutation: Mutation) -> None:
    assert caught(mutation(scheduled), "rollback-batch-watched") == {"rollback-batch-watched"}


def test_no_run_starts_while_the_steps_of_the_last_may_take(scheduled: Graph, whole: Graph) -> None:
    def every(hours: str) -> Mutation:
        return setting(SCHEDULE, "properties.trigger.expression", f"0 */{hours} * * *", OURS)

    # Five steps of an hour but for training's two, which may wait four for its machines.
    assert caught(every("8")(scheduled), "limits-schedule-times") == {"limits-schedule-times"}
    assert not caught(every("12")(scheduled), "limits-schedule-times")
    assert not caught(every("1")(whole), "limits-schedule-times"), "people start it"


def test_its_clusters_take_turns_on_a_quota_and_those_that_may_stand_together_do_not(whole: Graph) -> None:
    steps = {one.turn for resource, one in facts.uses(whole) if OURS in resource.name}
    assert len(steps) == 5
    gone = replace(whole, resources=tuple(one for one in whole.resources if OURS not in one.name))
    more = hardware.at_once(whole) - hardware.at_once(gone)
    values = (f"{REGISTER}.inputs.{name}.value" for name in ("gate", "metrics", "model"))
    beside = whole
    for path in values:  # so that it may run as soon as the first step has
        beside = setting(SCHEDULE, path, "${{parent.jobs.prepare.outputs.output}}", OURS)(beside)
    name = next(name for name in more if "Dedicated" in name)
    assert more[name] == 2 and (hardware.at_once(beside) - hardware.at_once(gone))[name] == 4
    assert caught(beside, "quota-declared") == {"quota-declared"} and not caught(whole, "quota-declared")


def test_each_steps_machine_bills_for_its_hours_and_runs(whole: Graph) -> None:
    def ceiling(graph: Graph) -> float:
        (line,) = (one for one in cost_of(graph).lines if one.resource == f"azure-full-{OURS}-schedule")
        return line.ceiling_usd

    longer = setting(SCHEDULE, f"{GATE}.limits.timeout", "PT2H", OURS)(whole)
    often = setting(SCHEDULE, f"properties.tags.{RUNS_PER_MONTH}", "8", OURS)(whole)
    assert 0 < ceiling(whole) < ceiling(longer) < ceiling(often)


def test_a_case_is_the_value_behind_the_first_condition_that_holds() -> None:
    query = read("AmlComputeJobEvent | extend Step = case(ClusterName =~ 'A', 'one', JobId == 'j', 'two', ClusterName)")
    rows = [{"ClusterName": name, "JobId": job} for name, job in (("a", "j"), ("b", "j"), ("c", "k"))]
    assert [row["Step"] for row in query.rows({"AmlComputeJobEvent": rows})] == ["one", "two", "c"]


def test_the_publisher_registers_what_a_run_left(whole: Graph) -> None:
    (task,) = (one for one in table("azure").tasks if one.name == "register-candidate")
    left = [str(one) for one in requests(whole, task) if "/blobs/" in one.do]
    assert left and not refusals(whole, "publisher", task)
    (uploads,) = (one for one in whole.of(ROLE_ASSIGNMENT) if one.name.endswith("publisher-upload-artifacts"))
    refused = without(whole, uploads)
    assert set(refusals(refused, "publisher", task)) == {*left}
    assert caught(refused, "identity-persona-tasks")
