"""Where what stands may not be what was judged, the verdict says so, and how both are brought together."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue import caveats
from catalogue.differences import differences
from catalogue.graph import Graph, Resource
from catalogue.kind import StandsApart
from catalogue.kinds import kinds
from catalogue.marks import UNKNOWN
from catalogue.platforms import PLATFORMS
from stacks.config import STACKS
from tests.mutate import changed
from tests.previewing import preview

ROOT = Path(__file__).parents[2]
KNOWN = {
    (token, one.path): one
    for platform in PLATFORMS
    for token, kind in kinds(platform).items()
    if isinstance(kind.apart, StandsApart)
    for one in kind.apart.inputs
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_ignored_change_of_a_pilot_is_known(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    ignored = {(one.type, path) for one in graph.cloud for path in one.ignored_changes}
    by_cloud = {where for where, one in KNOWN.items() if one.by_cloud}
    assert ignored <= KNOWN.keys() - by_cloud
    told = {(one.type, path) for one in differences(graph) for path in one.paths}
    assert told - by_cloud == ignored, "what is ignored, and nothing else but what the cloud changes"


def test_every_ignored_change_in_the_code_is_of_a_pilot(aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph) -> None:
    """So the test above reads all of them: each place that gives ignore_changes has a resource in some pilot.

    But for off hours, which no pilot has: tests/stacks/sections/test_hours.py reads those of another team.
    """
    sources = [file for folder in ("components", "stacks") for file in (ROOT / folder).rglob("*.py")]
    given = {file.relative_to(ROOT).as_posix() for file in sources if "ignore_changes" in file.read_text("utf-8")}
    seen = {
        one.source.file
        for graph in (aws_pilot, gcp_pilot, azure_pilot)
        for one in graph.cloud
        if one.ignored_changes and one.source
    }
    assert given == {*seen, "components/aws/scaling.py"}
    words = [
        word.value
        for file in sources
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "ignore_changes"
        for word in ast.walk(node.value)
        if isinstance(word, ast.Constant)
    ]
    assert len(words) >= 10
    assert set(words) <= {path for _, path in KNOWN}


def resource(type_: str, called: str, ignores: list[str], **given: Any) -> Resource:
    urn = f"urn:pulumi:s::p::{type_}::{called}"
    return Resource(urn, type_, called, True, options={"ignoreChanges": ignores}, inputs=given)


def said_of(graph: Graph, *resources: Resource) -> list[str]:
    return [one.says for one in caveats.of(replace(graph, resources=resources)) if one.apart]


INSTANCE = "gcp:workbench/instance:Instance"


def instance(called: str, seconds: str, zone: str = "europe-west4-a") -> Resource:
    setup = {"metadata": {"idle-timeout-seconds": seconds, "a": "b"}}
    return resource(INSTANCE, called, ["gceSetup.metadata"], name=called, project="p", location=zone, gceSetup=setup)


def test_the_command_has_the_values_that_were_judged(gcp_pilot: Graph) -> None:
    command = "`gcloud workbench instances update {} --project=p --location={} --metadata={}`."
    (one,) = said_of(gcp_pilot, instance("ana", "7200"))
    assert one.startswith("gceSetup.metadata of ana: not applied to what stands, for ")
    assert one.endswith(command.format("ana", "europe-west4-a", "a=b,idle-timeout-seconds=7200"))
    (two,) = said_of(gcp_pilot, instance("ana", "7200"), instance("ben", "7200", "europe-west4-b"))
    assert two.startswith("gceSetup.metadata of ana, ben: ")
    assert two.endswith(command.format("NAME", "LOCATION", "a=b,idle-timeout-seconds=7200"))
    (unknown,) = said_of(gcp_pilot, instance("ana", UNKNOWN))
    assert unknown.endswith("--metadata=METADATA`.")


def test_many_are_told_by_the_first_few(gcp_pilot: Graph) -> None:
    (one,) = said_of(gcp_pilot, *(instance(f"p{n}", "60") for n in range(5)))
    assert one.startswith("gceSetup.metadata of p0, p1, p2 and 2 more: ")


def test_an_ignored_change_that_nobody_knows_is_told_too(gcp_pilot: Graph) -> None:
    (one,) = said_of(gcp_pilot, resource("gcp:storage/bucket:Bucket", "data", ["publicAccessPrevention"]))
    assert one == (
        "publicAccessPrevention of data: not applied to what stands, for the program ignores its changes. Bring "
        "together with: take it out of the program's ignoreChanges and `pulumi up`."
    )
    (stranger,) = said_of(gcp_pilot, resource("company:index:Thing", "x", ["size"]))
    assert stranger.startswith("size of x: not applied to what stands")


def test_nothing_is_told_where_no_judgement_rests_on_it(gcp_pilot: Graph) -> None:
    assert said_of(gcp_pilot, resource(INSTANCE, "ana", ["desiredState"]), resource(INSTANCE, "ben", [])) == []


def test_a_value_that_the_cloud_changes_is_told_where_it_is_given(aws_pilot: Graph) -> None:
    type_ = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    variant = {"variantName": "live", "initialInstanceCount": 2}
    (one,) = said_of(aws_pilot, resource(type_, "scorer", [], productionVariants=[variant]))
    assert "initialInstanceCount of scorer: may stand otherwise, for autoscaling sets" in one
    assert one.endswith("VariantName=live,DesiredInstanceCount=2`.")
    assert said_of(aws_pilot, resource(type_, "scorer", [], productionVariants=[{"variantName": "live"}])) == []


@pytest.mark.parametrize(("token", "path"), sorted(KNOWN))
def test_a_fact_reads_as_a_sentence(token: str, path: str) -> None:
    one = KNOWN[token, path]
    assert one.why[0].islower() or one.why.startswith("Azure")
    assert not one.why.endswith(".") and not one.together.endswith(".")
    assert one.together.count("`") % 2 == 0


def test_a_caller_of_another_project_and_who_starts_runs_by_hand_are_told_of_what_they_meet(gcp_pilot: Graph) -> None:
    def told(graph: Graph, words: str) -> bool:
        return any(words in one.says for one in caveats.of(graph))

    endpoint = next(one for one in gcp_pilot.cloud if one.type == "gcp:vertex/aiEndpoint:AiEndpoint")
    flow = next(one for one in gcp_pilot.cloud if one.type == "gcp:workflows/workflow:Workflow")
    other, by_hand = "the caller makes its rule anew", "may start each workflow of the project"
    assert not told(gcp_pilot, other) and not told(gcp_pilot, by_hand)
    shared = {"privateServiceConnectConfig": {"projectAllowlists": ["payments-risk-pilot", "desk-prod-1"]}}
    assert told(changed(gcp_pilot, endpoint, lambda inputs: inputs.update(shared)), other)
    assert told(changed(gcp_pilot, flow, lambda inputs: inputs.update(labels={"runs-per-month": "8"})), by_hand)


def test_what_no_page_says_of_a_region_and_of_many_replicas_is_told_where_it_is_met(gcp_pilot: Graph) -> None:
    def told(graph: Graph) -> list[str]:
        words = ("gcloud scheduler locations list", "has 100 replicas")
        return [word for word in words if any(word in one.says for one in caveats.of(graph))]

    schedule, serves = (gcp_pilot.of(type_)[0] for type_ in ("gcp:cloudscheduler/job:Job", "mlplatform:gcp:Deployment"))
    assert told(gcp_pilot) == []
    there = changed(gcp_pilot, schedule, lambda inputs: inputs.update(region="us-east5"))
    assert told(there) == ["gcloud scheduler locations list"]
    most = {
        many: changed(gcp_pilot, serves, lambda inputs, many=many: inputs.update(maxReplicas=many)) for many in (50, 51)
    }
    assert {many: told(graph) for many, graph in most.items()} == {50: [], 51: ["has 100 replicas"]}


def test_what_an_account_alone_can_say_of_a_run_is_said_of_stacks_that_have_such_runs(gcp_pilot: Graph) -> None:
    full = preview(STACKS / "Pulumi.gcp-full.yaml")
    words = ("recorded run be Storage Admin", "account of a batch job")
    said = {graph.stack: [one.says for one in caveats.of(graph)] for graph in (gcp_pilot, full)}
    assert {stack: [any(word in one for one in told) for word in words] for stack, told in said.items()} == {
        "gcp-pilot": [False, True],
        "gcp-full": [True, True],
    }


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("cron(30 4 * * ? *)", False),
        ("cron(30 4 ? * 2-6 *)", False),
        ("cron(30 4 ? * 2 *)", True),
        ("cron(30 4 1 * ? *)", True),
        ("rate(7 days)", True),
        ("at(2027-01-01T00:00:00)", True),
        ("every monday", False),
    ],
)
def test_a_schedule_whose_missed_runs_ring_nothing_is_said_to_be_so(
    aws_pilot: Graph, expression: str, told: bool
) -> None:
    """A rule makes the finding of an expression that cannot be read. Up to five days' pause there is an alarm."""
    (schedule,) = aws_pilot.of("aws:scheduler/schedule:Schedule")
    graph = changed(aws_pilot, schedule, lambda inputs: inputs.update(scheduleExpression=expression))
    said = [one.says for one in caveats.of(graph) if "looks back seven days" in one.says]
    assert bool(said) is told


TOPIC = "arn:aws:sns:{}:444455556666:alerts"


@pytest.mark.parametrize(
    ("type_", "inputs", "says", "told"),
    [
        (
            "aws:appautoscaling/target:Target",
            {"resourceId": "endpoint/e/variant/v", "maxCapacity": 5},
            "four ins",
            True,
        ),
        (
            "aws:appautoscaling/target:Target",
            {"resourceId": "endpoint/e/variant/v", "maxCapacity": 4},
            "four ins",
            False,
        ),
        ("aws:appautoscaling/target:Target", {"resourceId": "service/c/s", "maxCapacity": 9}, "four instances", False),
        (
            "aws:appautoscaling/target:Target",
            {"resourceId": "endpoint/e/variant/v", "maxCapacity": UNKNOWN},
            "fou",
            False,
        ),
        ("aws:budgets/budget:Budget", {"notifications": [{}]}, "five weeks", True),
        ("aws:budgets/budget:Budget", {"notifications": [{}]}, "on request only", False),
        *(
            (
                "aws:budgets/budget:Budget",
                {"notifications": [{"subscriberSnsTopicArns": [TOPIC.format(region)]}]},
                "on request only",
                told,
            )
            for region, told in (("il-central-1", True), ("eu-west-1", False))
        ),
    ],
)
def test_what_an_account_alone_can_tell_is_said_of_what_it_is_true_of(
    aws_pilot: Graph, type_: str, inputs: dict[str, Any], says: str, told: bool
) -> None:
    one = Resource(f"urn:pulumi:s::p::{type_}::it", type_, "it", True, inputs=inputs)
    found = [caveat.says for caveat in caveats.of(replace(aws_pilot, resources=(one,)))]
    assert any(says in said for said in found) is told, found
