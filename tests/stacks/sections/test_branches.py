"""A pipeline with branches on each platform: what is made of it is what every rule allows, and what a run may need."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.kinds.aws import pipelines
from catalogue.kinds.aws.jobs import PIPELINE
from catalogue.kinds.azure import jobs
from catalogue.kinds.azure.jobs import SCHEDULE
from catalogue.kinds.gcp import workflows
from catalogue.kinds.gcp.workflows import WORKFLOW
from catalogue.marks import UNKNOWN
from catalogue.order import all_before
from catalogue.platforms import PLATFORMS
from operations import hardware, running, timetable
from operations.evaluation import evaluate
from operations.judge import cost_of
from policies import pack
from stacks.config import STACKS, read_stack_file
from stacks.sections import pipelines as section
from tests import branching
from tests.branching import READS
from tests.catching import caught
from tests.mutate import changed, without
from tests.previewing import preview

BEFORE = all_before(READS)
QUERY = "azure-native:monitor:ScheduledQueryRule"


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Graph]:
    return lambda platform: branching.graph(platform, tmp_path_factory.mktemp(platform))


def waits(graph: Graph) -> Mapping[str, frozenset[str]]:
    """All that has ended before each step begins, by what is sent to the platform."""
    if graph.platform == "aws":
        (one,) = (one for one in graph.of(PIPELINE) if one.name.endswith(branching.PIPELINE))
        return all_before(pipelines.waits(one.props))
    if graph.platform == "gcp":
        (one,) = (one for one in graph.of(WORKFLOW) if one.name == "gcp-full-fraud-path")
        return {job.step: job.after for job in workflows.jobs(one.props) if job.step}
    (one,) = (one for one in graph.of(SCHEDULE) if one.name == "azure-full-fraud-path-schedule")
    found = all_before(jobs.waits(one.props))
    return {name.replace("_", "-"): frozenset(a.replace("_", "-") for a in after) for name, after in found.items()}


MORE = {
    "aws": {
        "ml.m5.large for processing job usage": 1,
        "ml.m5.xlarge for training job usage": 2,
        "Number of instances across all processing jobs": 1,
        "Number of instances across all training jobs": 2,
    },
    "gcp": {
        "aiplatform.googleapis.com/custom_model_training_cpus": 12,
        "aiplatform.googleapis.com/custom_model_training_pd_ssd": 300,
    },
    "azure": {
        "Standard DASv4 Family Cluster Dedicated vCPUs": 8,
        "Total Cluster Dedicated Regional vCPUs": 8,
    },
}
"""What the branches, and the second training job by itself, need more of each quota than the chain that ships."""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_is_what_every_rule_allows_and_needs_what_may_stand_at_once(
    graphs: Callable[[str], Graph], platform: str
) -> None:
    graph, chain = graphs(platform), preview(STACKS / f"Pulumi.{platform}-full.yaml")
    assert waits(graph) == BEFORE
    # The stack that ships declares what its pipelines and its search need, and no more.
    assert caught(graph) == {"quota-declared"}
    assert dict(hardware.at_once(graph) - hardware.at_once(chain)) == MORE[platform]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("beside", "fits"), [(4, True), (5, False)])
def test_the_limit_of_replicas_counts_those_of_the_file_alike_on_each_platform(
    platform: str, beside: int, fits: bool, tmp_path: Path
) -> None:
    """On gcp a program of Google's waits for each step on a machine of its own, which is no replica of the file's."""
    tree = branching.said(platform)
    steps = tree["config"]["mlplatform:pipelines"][branching.PIPELINE]["steps"]
    first = steps.pop("prepare")
    steps.clear()
    steps |= {"prepare": first} | {
        f"part-{at}": {**first, "inputs": {"raw": "prepare"}, "result": True} for at in range(beside)
    }
    file = tmp_path / f"Pulumi.{platform}-full.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(tree))), encoding="utf-8")
    found = [one for one in evaluate(preview(file), pack.RULES[platform]).findings if one.rule == "limits-replicas"]
    assert ["may run 5 replicas, allowed 4" in one.message for one in found] == ([] if fits else [True])


def hours(graph: Graph) -> float:
    """The hours that the bill's ceiling counts of the machines of the steps, launchers apart."""
    ours = [one.basis for one in cost_of(graph).lines if one.resource.startswith(f"{graph.platform}-full-fraud-path")]
    (basis,) = (one for one in ours if "at most" in one)
    parts = [part for part in basis.split(";") if "at most" in part and "× 2 ×" not in part]
    return sum(float(part.split("at most ")[1].split(" h")[0]) for part in parts)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_run_lasts_its_longest_way_and_costs_all_of_its_steps(
    graphs: Callable[[str], Graph], platform: str, tmp_path: Path
) -> None:
    file = tmp_path / f"Pulumi.{platform}-full.yaml"
    file.write_text(json.dumps(branching.said(platform)), encoding="utf-8")
    config = read_stack_file(file)
    graph = graphs(platform)
    said = running.told(graph, config, "pipelines", branching.PIPELINE)
    rows = timetable.of(graph, config.region)
    (row,) = (one for one in rows if one.name == f"{platform}-full-{branching.PIPELINE}")
    pipeline = section.of(config)[branching.PIPELINE]
    # prepare, train with what it waits for Spot, evaluate, gate, register: the other way is no longer.
    assert row.run_hours in (pipeline.hours(config), None) and pipeline.hours(config) == 1 + (2 + 4) + 1 + 1 + 1
    assert row.run_usd == pytest.approx(sum(part.usd or 0 for part in row.parts), abs=0.005 * len(row.parts))
    told = [turn.split(" beside ") for turn in said.partition(f"{branching.PIPELINE}: ")[2].split(", then ")]
    assert [sorted(one.split(" on ")[0] for one in turn) for turn in told] == [
        ["prepare"],
        ["train", "train-other"],
        ["evaluate", "evaluate-other"],
        ["gate", "gate-other"],
        ["register", "score"],
    ]
    assert hours(graphs(platform)) == 1 + 2 + 5 + 6


def rewritten(graph: Graph, type_: str, path: str, edit: Callable[[Any], None]) -> Graph:
    """The graph in which the definition of the pipeline says something else."""

    def change(inputs: dict[str, Any]) -> None:
        said = json.loads(inputs[path])
        edit(said)
        inputs[path] = json.dumps(said)

    (one,) = (one for one in graph.of(type_) if one.name == f"{graph.platform}-full-fraud-path")
    return changed(graph, one, change)


def steps(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Graph], Graph]:
    def of(said: Any) -> None:
        edit({step["Name"]: step for step in said["Steps"]})

    return lambda graph: rewritten(graph, PIPELINE, "pipelineDefinition", of)


def body(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Graph], Graph]:
    def of(said: Any) -> None:
        edit(next(one for one in every(said) if "pipelineSpec" in one))

    return lambda graph: rewritten(graph, WORKFLOW, "sourceContents", of)


def tasks(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Graph], Graph]:
    return body(lambda job: edit(job["pipelineSpec"]["root"]["dag"]["tasks"]))


def every(said: Any) -> list[dict[str, Any]]:
    """Each object in a document, at any depth."""
    if isinstance(said, list):
        return [found for one in cast("list[Any]", said) for found in every(one)]
    return [said, *every([*cast("dict[str, Any]", said).values()])] if isinstance(said, dict) else []


def azure(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Graph], Graph]:
    def of(graph: Graph) -> Graph:
        (one,) = (one for one in graph.of(SCHEDULE) if one.name == "azure-full-fraud-path-schedule")
        return changed(graph, one, lambda inputs: edit(inputs["properties"]["action"]["jobDefinition"]))

    return of


def untold(graph: Graph) -> Graph:
    (alarm,) = (one for one in graph.of(QUERY) if one.name == "azure-full-fraud-path-score-missed")
    return without(graph, alarm)


def bound(job: dict[str, Any], step: str, key: str, to: str) -> None:
    job["jobs"][step]["inputs"][key]["value"] = f"${{{{parent.jobs.{to}.outputs.output}}}}"


WRONG: Mapping[str, tuple[str, str, Callable[[Graph], Graph]]] = {
    "aws, beside what it reads": ("aws", "rollback-run-whole", steps(lambda s: s["score"]["DependsOn"].remove("gate"))),
    "aws, after its sibling": ("aws", "limits-stated", steps(lambda s: s["score"]["DependsOn"].append("register"))),
    "aws, in a circle": ("aws", "rollback-run-whole", steps(lambda s: s["train"].update(DependsOn=["gate"]))),
    "aws, what another branch left": (
        "aws",
        "limits-stated",
        steps(lambda s: put_model(s["score"]["Arguments"]["ProcessingInputs"], s["evaluate"])),
    ),
    "gcp, beside what it reads": (
        "gcp",
        "limits-batch-whole",
        tasks(lambda t: t["score"]["dependentTasks"].remove("gate")),
    ),
    "gcp, after its sibling": (
        "gcp",
        "limits-stated",
        tasks(lambda t: t["score"]["dependentTasks"].append("register")),
    ),
    "gcp, going on after a failure": (
        "gcp",
        "limits-batch-whole",
        body(lambda j: j["runtimeConfig"].update(failurePolicy="PIPELINE_FAILURE_POLICY_FAIL_SLOW")),
    ),
    "azure, after its sibling": ("azure", "limits-stated", azure(lambda j: bound(j, "score", "gate", "register"))),
    "azure, in a circle": ("azure", "limits-batch-started", azure(lambda j: bound(j, "gate", "metrics", "register"))),
    "azure, what another branch left": ("azure", "limits-stated", azure(lambda j: bound(j, "score", "model", "train"))),
    "azure, going on after a failure": (
        "azure",
        "inputs-allowed",
        azure(lambda j: j["settings"].update(continue_on_step_failure=True)),
    ),
    "azure, an end that nobody hears of": ("azure", "rollback-batch-watched", untold),
}


def put_model(inputs: list[dict[str, Any]], other: dict[str, Any]) -> None:
    """Let a step read the model that another one reads."""
    (mine,), (theirs,) = (
        [one for one in each if one["InputName"] == "model"]
        for each in (inputs, other["Arguments"]["ProcessingInputs"])
    )
    mine["S3Input"]["S3Uri"] = theirs["S3Input"]["S3Uri"]


@pytest.mark.parametrize(("platform", "rule", "edit"), WRONG.values(), ids=list(WRONG))
def test_another_order_than_the_file_has_is_found(
    graphs: Callable[[str], Graph], platform: str, rule: str, edit: Callable[[Graph], Graph]
) -> None:
    assert caught(edit(graphs(platform)), rule) == {rule}


def test_before_the_clusters_of_azure_stand_the_largest_counts_and_all_is_judged_again(
    graphs: Callable[[str], Graph],
) -> None:
    """On the engine's own preview no step says yet which cluster is its own."""
    name, graph = next(iter(MORE["azure"])), graphs("azure")

    def unknown(job: dict[str, Any]) -> None:
        for step in job["jobs"].values():
            step["computeId"] = UNKNOWN

    before = azure(unknown)(graph)
    # One model is evaluated on two vCPUs while the other trains on four. Before that is known, the four count.
    assert hardware.at_once(graph)[name] - hardware.at_once(before)[name] == 2
    assert "quota-declared" in caught(graph, "quota-declared")
