"""What a pipeline of Azure ML makes: steps that read one another, each stopped in time, and alarms that name it."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from catalogue.graph import Graph
from catalogue.kinds.azure.jobs import last_steps, waits
from catalogue.pauses import longest_pause_hours
from components.azure.pipeline import Pipeline, PipelineArgs, StepArgs
from components.azure.training import TrainingJob, TrainingJobArgs
from components.given import BadArgument
from components.shapes import Schedule
from tests.components.azure.examples import EXAMPLES, MACHINE, PIPELINE
from tests.components.azure.test_components import made
from tests.components.azure.test_training import ML, SCHEDULE, odd

ALARM = "azure-native:monitor:ScheduledQueryRule"
PREPARE, TRAIN = PIPELINE.steps["prepare"], PIPELINE.steps["train-it"]


def graph_of(**changed: Any) -> Graph:
    return made(lambda opts: Pipeline("path", replace(PIPELINE, **changed), opts))


def job(graph: Graph) -> Any:
    (one,) = graph.of(SCHEDULE)
    return one.inputs["properties"]["action"]["jobDefinition"]


def commands(graph: Graph) -> dict[str, str]:
    specs = (one.inputs["properties"]["componentSpec"] for one in graph.of(f"{ML}ComponentVersion"))
    return {one["name"]: one["command"] for one in specs}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def test_each_step_reads_what_the_step_before_it_wrote_and_writes_a_folder_of_its_own(graph: Graph) -> None:
    sent = job(graph)
    assert list(sent["jobs"]) == ["prepare", "train_it"]
    assert sent["jobs"]["prepare"]["inputs"]["raw"]["value"] == "${{parent.inputs.prepare__raw}}"
    assert sent["jobs"]["train_it"]["inputs"]["train"]["value"] == "${{parent.jobs.prepare.outputs.output}}"
    for step in sent["jobs"].values():
        for output in step["outputs"].values():
            named = re.fullmatch(r"\$\{\{parent\.outputs\.(\w+)\}\}", output["value"])
            assert named and named[1] in sent["outputs"]
    uris = [output["uri"] for output in sent["outputs"].values()]
    assert len(set(uris)) == len(uris) == 3 and all(uri.endswith("/${{name}}/") for uri in uris)
    assert sent["outputs"]["prepare__output"]["uri"].endswith("/pipelines/path/prepare/${{name}}/")
    assert sent["settings"] == {"force_rerun": True, "continue_on_step_failure": False}


def test_each_step_ends_in_time_as_the_training_persona_on_a_cluster_of_its_own(graph: Graph) -> None:
    steps, clusters = job(graph)["jobs"], {one.outputs["id"]: one for one in graph.of(f"{ML}Compute")}
    assert steps["prepare"]["limits"]["timeout"] == "PT1H" and steps["train_it"]["limits"]["timeout"] == "PT2H"
    assert {step["identity"]["client_id"] for step in steps.values()} == {PIPELINE.client_id}
    priorities = {
        name: clusters[step["computeId"]].inputs["properties"]["properties"]["vmPriority"]
        for name, step in steps.items()
    }
    assert len(clusters) == 2 and priorities == {"prepare": "Dedicated", "train_it": "LowPriority"}
    assert all(
        one.inputs["properties"]["properties"]["scaleSettings"]["minNodeCount"] == 0 for one in clusters.values()
    )


def test_what_a_run_sends_is_what_azures_model_of_a_job_knows(graph: Graph) -> None:
    assert not list(odd(job(graph)))


def test_steps_of_one_image_run_in_one_version_of_the_environment_and_others_in_another(graph: Graph) -> None:
    same = {"prepare": PREPARE, "train-it": replace(TRAIN, image=PREPARE.image)}
    for made_of, count in ((graph, 2), (graph_of(steps=same), 1)):
        versions = made_of.of(f"{ML}EnvironmentVersion")
        specs = [one.inputs["properties"]["componentSpec"] for one in made_of.of(f"{ML}ComponentVersion")]
        assert len(versions) == count
        assert {spec["environment"] for spec in specs} == {f"azureml:{one.outputs['id']}" for one in versions}
        assert len(made_of.of(f"{ML}EnvironmentContainer")) == 1


def test_a_step_that_trains_is_started_as_a_training_job_but_for_the_id_of_its_run() -> None:
    example: Any = EXAMPLES["TrainingJob"]
    alone: TrainingJobArgs = replace(example, hyperparameters=TRAIN.options)
    own = made(lambda opts: TrainingJob("weekly", alone, opts))
    step, one = job(graph_of())["jobs"]["train_it"], job(own)["jobs"]["train"]
    for word in ("distribution", "environment_variables", "identity", "limits", "resources", "type"):
        assert step[word] == one[word]
    said = commands(graph_of())["path__train_it"]
    assert said.replace('env MLPLATFORM_RUN="$AZUREML_ROOT_RUN_ID" ', "") == commands(own)["weekly"]


def test_a_program_gets_each_word_whole_and_the_id_of_its_run(tmp_path: Path) -> None:
    odd_word = 'a b\'; echo "$(id)" `id` $HOME'
    step = replace(PREPARE, program=["program", odd_word], options={"note": odd_word})
    said = commands(graph_of(steps={"prepare": step, "train-it": TRAIN}))["path__prepare"]
    (tmp_path / "program").write_text('#!/bin/bash\nprintf "%s\\n" "$MLPLATFORM_RUN" "$@"\n', encoding="utf-8")
    (tmp_path / "program").chmod(0o755)
    ran = subprocess.run(
        ["bash", "-c", re.sub(r"\$\{\{(\w+)\.(\w+)\}\}", r"/\1/\2", said)],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": "/nowhere", "AZUREML_ROOT_RUN_ID": "run-7"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ran.stdout.splitlines() == [
        "run-7",
        odd_word,
        "--raw=/inputs/raw",
        "--output=/outputs/output",
        f"--note={odd_word}",
    ]


def test_what_failed_or_is_late_is_told_by_its_step_and_a_run_has_succeeded_with_the_last(graph: Graph) -> None:
    names = {one.inputs["computeName"] for one in graph.of(f"{ML}Compute")}
    alarms = {one.name: one.inputs["criteria"]["allOf"][0] for one in graph.of(ALARM)}
    assert sorted(alarms) == ["path-failed", "path-late", "path-missed"]
    for condition in alarms.values():
        asked = dict(re.findall(r"ClusterName =~ '([^']*)', '([^']*)'", condition["query"]))
        assert asked.keys() == names and set(asked.values()) == {"prepare", "train-it"}
        assert all(cluster.startswith(f"{step}-") for cluster, step in asked.items())
    assert alarms["path-failed"]["dimensions"] == [{"name": "Step", "operator": "Include", "values": ["*"]}]
    assert alarms["path-late"]["dimensions"] and "ago(7h)" in alarms["path-late"]["query"]
    assert "dimensions" not in alarms["path-missed"] and "and Step == 'train-it'" in alarms["path-missed"]["query"]


def test_a_run_that_is_due_more_rarely_than_an_alarm_looks_back_is_missed_by_none() -> None:
    names = {one.name for one in graph_of(schedule=Schedule("30 5 * * 1", "UTC")).of(ALARM)}
    assert names == {"path-failed", "path-late"}


def test_nothing_stands_that_could_run_while_it_is_off_but_the_environment() -> None:
    off = graph_of(enabled=False)
    assert {one.type for one in off.cloud} == {f"{ML}EnvironmentContainer", f"{ML}EnvironmentVersion"}


def test_people_start_it_where_it_has_no_schedule() -> None:
    (one,) = graph_of(schedule=None, runs_per_month=4).of(SCHEDULE)
    assert one.inputs["properties"]["isEnabled"] is False
    assert one.inputs["properties"]["tags"]["runs-per-month"] == "4"


def test_parts_of_pipelines_whose_names_run_together_are_told_apart() -> None:
    step = replace(PREPARE, inputs={"raw": "azureml://datastores/artifacts/paths/raw/"})

    def both(opts: pulumi.ResourceOptions) -> None:
        for name, part in (("a", "b-c"), ("a-b", "c")):
            Pipeline(f"it-{name}", replace(PIPELINE, job_name=name, steps={part: step}), opts)

    graph = made(both)
    for type_, key in ((f"{ML}Compute", "computeName"), (f"{ML}ComponentContainer", "name")):
        assert len({one.inputs[key] for one in graph.of(type_)}) == 2
    assert len({one.urn for one in graph.cloud}) == len(graph.cloud)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"runs_per_month": 8}, "one of the two"),
        ({"schedule": None}, "one of the two"),
        ({"output_uri": "azureml://datastores/artifacts/paths/x"}, "a datastore's folder"),
        ({"schedule": Schedule("0 0 1 * *", "UTC")}, "day"),
        ({"steps": {"prepare": replace(PREPARE, inputs={"raw": "train"})}}, "prepare: none of them can begin"),
        (
            {"steps": {"a": replace(PREPARE, inputs={"x": "b"}), "b": replace(PREPARE, inputs={"x": "a"})}},
            "a, b: none of them can",
        ),
        ({"steps": {}}, "PipelineArgs.steps: found ''"),
        ({"steps": {"a--b": PREPARE}}, "joined by '-'"),
        ({"steps": {"a": PREPARE, "b": replace(PREPARE, inputs={"x": "c"})}}, "b: none of them can begin; let each"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        PipelineArgs(**{**vars(PIPELINE), **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"image": "docker.io/x:1"}, "an image of"),
        ({"options": {"raw": "1"}}, "two arguments"),
        ({"inputs": {"raw": "azureml://datastores/artifacts/paths/raw"}}, "or the name of a step"),
        ({"inputs": {"raw": "https://example.com/"}}, "or the name of a step"),
        ({"inputs": {}}, "StepArgs.inputs: has none"),
        ({"options": {"output": "1"}}, "two arguments"),
        ({"options": {"a": "${{inputs.raw}}"}}, "hand on as it is"),
    ],
)
def test_what_a_step_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        StepArgs(**{**vars(PREPARE), **given})


def test_order_follows_from_what_each_step_reads_and_not_from_where_it_stands() -> None:
    steps = {
        "z": PREPARE,
        "m": StepArgs(image=PREPARE.image, program=["x"], inputs={"a": "z"}, machine=MACHINE, max_hours=1),
        "a": replace(TRAIN, inputs={"one": "m", "two": "z"}),
    }
    assert replace(PIPELINE, steps=dict(sorted(steps.items()))).order() == ["z", "m", "a"]


def test_steps_that_do_not_read_one_another_run_side_by_side_and_each_end_rings_when_it_was_due() -> None:
    steps = {
        "prepare": PREPARE,
        **{name: replace(TRAIN, inputs={"train": "prepare"}, max_hours=hours) for name, hours in (("a", 2), ("b", 5))},
        "compare": replace(PREPARE, inputs={"one": "a", "other": "b"}),
        "audit": replace(PREPARE, inputs={"train": "prepare"}),
    }
    graph = graph_of(steps=steps, schedule=Schedule("0 5 * * *", "UTC"))
    (schedule,) = graph.of(SCHEDULE)
    assert waits(schedule.props) == {
        "prepare": set(),
        "a": {"prepare"},
        "b": {"prepare"},
        "compare": {"a", "b"},
        "audit": {"prepare"},
    }
    assert {job.step for job in last_steps(schedule.props)} == {"compare", "audit"}
    missed = {one.name: str(one.inputs["description"]) for one in graph.of(ALARM) if one.name.endswith("-missed")}
    assert {name.removesuffix("-missed").rpartition("-")[2] for name in missed} == {"compare", "audit"}
    assert all(said.endswith(f"with its step {name.split('-')[-2]}") for name, said in missed.items())
    waited = TRAIN.spot.wait_hours if TRAIN.spot is not None else 0
    hours = longest_pause_hours("0 5 * * *") + 1 + (5 + waited) + 1 + 1  # the longest way, and an hour until it looks
    asked = [str(one.inputs["criteria"]) for one in graph.of(ALARM) if one.name in missed]
    assert all(f"ago({hours}h)" in one for one in asked)
