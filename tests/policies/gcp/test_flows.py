"""A definition of a run that is not whole: what it reads before it is set, loses, never changes or never looks for."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.kinds.gcp.workflows import OF_THE_RUN
from operations.evaluation import evaluate
from policies import pack
from policies.gcp.flow_values import lost, steps_of, twice, unset
from tests.mutate import changed
from tests.policies.gcp.test_rules import WORKFLOW, first
from tests.rows import rows

(RULE,) = (one for one in pack.RULES["gcp"] if one.name == "limits-batch-whole")
Edit = Callable[[dict[str, Any]], Any]


def at(source: dict[str, Any], name: str) -> dict[str, Any]:
    """A step of either part of a definition, by its name."""
    return next(step[name] for part in source.values() for step in part["steps"] if name in step)


def named(source: dict[str, Any], of: str, before: str = "gcp-pilot-") -> None:
    """Call the jobs of a workflow by another expression, which both of its attempts may share."""
    for each in at(source, "next_attempt")["assign"]:
        if "job_name" in each:
            each["job_name"] = f'${{"{before}" + {of} + "-" + string(failed)}}'


_SECOND = "${found.body.batchPredictionJobs[1]}"


def without(name: str) -> Edit:
    """A definition in which a step is lacking."""

    def edit(source: dict[str, Any]) -> None:
        for part in source.values():
            part["steps"] = [step for step in part["steps"] if name not in step]

    return edit


EDITS: list[tuple[str, Edit]] = [
    ("reads job in score", without("take")),
    ("reads attempt in main", lambda s: at(s, "begin")["assign"].pop(1)),
    ("reads job in score", lambda s: at(s, "adopt").pop("assign")),
    ("sets job in score.steps.adopt", lambda s: at(s, "adopt").pop("next")),
    ("sets answer in score", lambda s: at(s, "again").pop("assign")),
    ("counts from a number in main and never on: failed", without("count")),
    ("makes one alone", lambda s: at(s, "pause").pop("next")),
    ("ends well by no way", lambda s: at(s, "judge")["switch"].pop(0)),
    ("does not see in score that a job has succeeded", lambda s: at(s, "poll")["switch"].pop(0)),
    ("takes the first job of the project", lambda s: at(s, "look")["try"]["args"].pop("query")),
    ("cancels a job that it has only just looked at", lambda s: at(s, "again").pop("next")),
    (
        "looks for a job in",
        lambda s: at(s, "look")["try"]["args"].update(url="https://x-aiplatform.googleapis.com/v1/c"),
    ),
    (
        "ends well where ${outcome.state",
        lambda s: at(s, "judge")["switch"][0].update(condition='${outcome.state == "X"}'),
    ),
    ("ends well where it goes to end", lambda s: at(s, "report_late").update(next="end")),
    ("ends well where nothing is asked", lambda s: at(s, "give_up").update({"return": at(s, "give_up").pop("raise")})),
    ("counts from below zero in main: attempt", lambda s: at(s, "begin")["assign"][1].update(attempt=-9)),
    ("calls its jobs", lambda s: named(s, 'sys.get_env("GOOGLE_CLOUD_PROJECT_ID")')),
    ("calls its jobs", lambda s: named(s, "uuid.generate()")),
    ("calls its jobs", lambda s: named(s, OF_THE_RUN, "another-")),
    ("takes ${found.body.batchPredictionJobs[1]}", lambda s: at(s, "adopt")["assign"][0].update(job=_SECOND)),
    ("starts a job under another name", lambda s: at(s, "start")["args"]["body"].update(displayName="${deadline}")),
    (
        "takes the first job of the project",
        lambda s: at(s, "look")["try"]["args"]["query"].update(filter='state="JOB_STATE_SUCCEEDED"'),
    ),
    (
        "what is not named by the job that it found",
        lambda s: at(s, "cancel")["try"]["args"].update(url='${"https://x.y/v1/" + job_name + ":cancel"}'),
    ),
    ("inputConfig.bigquerySource", lambda s: at(s, "start")["args"]["body"]["inputConfig"].update(bigquerySource={})),
    (
        "dedicatedResources.spot, which nobody has judged",
        lambda s: at(s, "start")["args"]["body"]["dedicatedResources"].update(spot=True),
    ),
    (
        "inputConfig.instancesFormat bigquery, where",
        lambda s: at(s, "start")["args"]["body"]["inputConfig"].update(instancesFormat="bigquery"),
    ),
    (
        "outputConfig.predictionsFormat bigquery, where",
        lambda s: at(s, "start")["args"]["body"]["outputConfig"].update(predictionsFormat="bigquery"),
    ),
    (
        "with 0 records in a request",
        lambda s: at(s, "start")["args"]["body"].update(manualBatchTuningParameters={"batchSize": 0}),
    ),
    ("where a job has succeeded in part", lambda s: at(s, "judge")["switch"].pop(1)),
    ("says the same twice", lambda s: at(s, "count")["assign"].append(at(s, "count")["assign"][0])),
]


@rows(("says", "edit"), EDITS, ids=[says for says, _ in EDITS])
def test_what_is_not_whole_is_found(gcp_pilot: Graph, says: str, edit: Edit) -> None:
    workflow = first(gcp_pilot, WORKFLOW)
    source = json.loads(workflow.inputs["sourceContents"])
    edit(source)
    mutant = changed(gcp_pilot, workflow, lambda p: p.update(sourceContents=json.dumps(source)))
    assert any(says in finding.message for finding in evaluate(mutant, [RULE]).findings)


HANDED_ON: list[tuple[str, Edit]] = [
    ("gives http.post headers", lambda s: at(s, "start")["args"].update(headers={"X-HTTP-Method-Override": "DELETE"})),
    ("gives http.post auth.scopes", lambda s: at(s, "start")["args"]["auth"].update(scopes="drive")),
    ("gives http.post body as an expression", lambda s: at(s, "start")["args"].update(body="${input.body}")),
    ("gives http.get ca_certificate", lambda s: at(s, "look")["try"]["args"].update(ca_certificate="x")),
    ("gives sys.log json as ${input}", lambda s: at(s, "report_late")["args"].update(json="${input}")),
    ("another token than OAuth2's", lambda s: at(s, "start")["args"]["auth"].update(type="OIDC")),
    ("tries again as", lambda s: at(s, "read").update(retry={"max_retries": 100000})),
]


@pytest.mark.parametrize(("says", "edit"), HANDED_ON, ids=[says for says, _ in HANDED_ON])
def test_what_a_call_hands_on_is_judged(gcp_pilot: Graph, says: str, edit: Edit) -> None:
    workflow = first(gcp_pilot, WORKFLOW)
    source = json.loads(workflow.inputs["sourceContents"])
    edit(source)
    mutant = changed(gcp_pilot, workflow, lambda p: p.update(sourceContents=json.dumps(source)))
    (rule,) = (one for one in pack.RULES["gcp"] if one.name == "identity-calls-known")
    assert any(says in finding.message for finding in evaluate(mutant, [rule]).findings)


def test_a_variable_is_set_where_every_way_has_set_it() -> None:
    steps = steps_of(
        [
            {"ask": {"switch": [{"condition": "${found}", "next": "use"}]}},
            {"make": {"assign": [{"job.name": "new"}]}},
            {"use": {"return": "${job.name}"}},
        ]
    )
    assert list(unset(steps, ["found"])) == [("use", "job")]
    steps[0][1]["switch"][0].update(assign=[{"job": "old"}], next="make")
    assert list(unset(steps, ["found"])) == []


def test_what_an_error_leaves_unset_is_unset_unless_the_error_ends_the_run() -> None:
    tried: dict[str, Any] = {
        "try": {"call": "http.get", "args": {}, "result": "answer"},
        "except": {"as": "e", "steps": []},
    }
    steps = steps_of([{"read": tried}, {"end": {"return": "${answer}"}}])
    assert list(unset(steps, [])) == [("end", "answer")]
    tried["except"] = {"as": "e", "steps": [{"fail": {"raise": "${e}"}}]}
    assert list(unset(steps_of([{"read": tried}, {"end": {"return": "${answer}"}}]), [])) == []


def test_a_value_is_lost_that_is_set_anew_before_anybody_reads_it() -> None:
    steps = [{"a": {"assign": [{"x": "${y}"}]}}, {"b": {"assign": [{"x": "${z}"}]}}, {"c": {"return": "${x}"}}]
    assert list(lost(steps_of(steps))) == [("a", "x")]


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("data-batch-own", "/transactions/*", "/*"),
        ("data-batch-own", "-model@1", "-model"),
        ("rollback-batch-watched", '"severity": "ERROR"', '"severity": "INFO"'),
        ("data-batch-own", "/batch/fraud-backfill/", "/models/"),
        ("cost-batch-tags", '"cost-center": "cc-4711"', '"cost-center": "cc-0000"'),
    ],
)
def test_a_job_reads_and_writes_where_it_may_and_is_of_its_workflow(
    gcp_pilot: Graph, rule: str, old: str, new: str
) -> None:
    workflow = first(gcp_pilot, WORKFLOW, "fraud-backfill")
    said: str = workflow.inputs["sourceContents"]
    assert old in said
    mutant = changed(gcp_pilot, workflow, lambda p: p.update(sourceContents=said.replace(old, new)))
    asked = [one for one in pack.RULES["gcp"] if one.name == rule]
    assert evaluate(mutant, asked).findings and not evaluate(gcp_pilot, asked).findings


def test_a_job_of_two_replicas_has_a_chief_and_a_worker_that_are_alike() -> None:
    """`replicas: 2` of a training job. A pool that stands there again is another thing."""
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": 1}
    body = {"jobSpec": {"workerPoolSpecs": [pool, pool]}}
    assert not list(twice(body, "train"))
    body["jobSpec"]["workerPoolSpecs"].append(pool)
    assert list(twice(body, "train")) == ["train.jobSpec.workerPoolSpecs"]


def test_the_key_that_a_job_names_is_held_against_its_own_grants(gcp_pilot: Graph) -> None:
    """What the definition refers to is the data key still; what it names is the key of the logs."""
    (rule,) = (one for one in pack.RULES["gcp"] if one.name == "encryption-key-granted")
    data, logs = (first(gcp_pilot, "gcp:kms/cryptoKey:CryptoKey", name).outputs["id"] for name in ("data", "logs"))
    workflow = first(gcp_pilot, WORKFLOW, "fraud-backfill")
    said = workflow.inputs["sourceContents"].replace(data, logs)
    mutant = changed(gcp_pilot, workflow, lambda p: p.update(sourceContents=said))
    assert said != workflow.inputs["sourceContents"] and not evaluate(gcp_pilot, [rule]).findings
    assert "gcp-sa-aiplatform has not been granted" in evaluate(mutant, [rule]).findings[0].message
