"""What an edit of a stack file does to what stands. Each edit is one that a team makes, on each platform."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations import words
from operations.preview import Program
from operations.standing import judgement, steps
from operations.standing.reading import Standing, read
from operations.verdict import Step
from stacks.config import STACKS
from stacks.model import Allow
from tests.operations.sample_verdict import nothing
from tests.previewing import preview, programs

TODAY = date(2026, 11, 26)
Config = dict[str, Any]


def edited(platform: str, folder: Path, edit: Mapping[str, Any]) -> Path:
    """The platform's pilot with the values at these paths changed; a path with the value None goes."""
    name = f"Pulumi.{platform}-pilot.yaml"
    document: Config = yaml.safe_load((STACKS / name).read_text(encoding="utf-8"))
    for path, value in edit.items():
        first, *rest = f"mlplatform:{path}".split(".")
        at: Config = document["config"]
        for key in [first, *rest][:-1]:
            at = at[key]
        last = [first, *rest][-1]
        if value is None:
            del at[last]
        else:
            at[last] = value
    file = folder / name
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def stepped(file: Path, standing: Graph) -> tuple[Step, Program, Graph]:
    program = Program.of(file)
    planned = preview(file)
    stands = Standing("a test", standing)
    return (
        steps.step(program, stands, programs(), planned, program.config["mlplatform:region"], TODAY),
        program,
        planned,
    )


def on_the_pilot(pilot: Graph, standing: Graph) -> Step:
    """The step from what stands to the pilot as its file is."""
    program = Program.of(STACKS / f"Pulumi.{standing.platform}-pilot.yaml")
    region = program.config["mlplatform:region"]
    return steps.step(program, Standing("a test", standing), programs(), pilot, region, TODAY)


def told(step: Step, *hows: str) -> set[tuple[str, str]]:
    """What is deleted, replaced or created: the noun of its type and its name."""
    return {
        (change.how, f"{change.type.rpartition(':')[2]} {change.resource}")
        for change in step.changes
        if change.how in hows
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_stands_as_the_file_says_takes_no_step(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    step, _, planned = stepped(STACKS / f"Pulumi.{platform}-pilot.yaml", graph)
    assert step.changes == [] and step.stands == len(graph.cloud)
    assert (step.idle_usd, step.ceiling_usd) == (0, 0)
    assert list(judgement.findings(step, None, TODAY, planned)) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_stack_that_does_not_stand_yet_is_created_whole_for_its_bill(
    platform: str, request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    step, _, _ = stepped(STACKS / f"Pulumi.{platform}-pilot.yaml", replace(graph, resources=()))
    assert {change.how for change in step.changes} == {"create"} and len(step.changes) == len(graph.cloud)
    assert step.idle_usd and step.ceiling_usd and step.ceiling_usd > step.idle_usd > 0


EDITS: Mapping[str, tuple[str, Mapping[str, Any], set[tuple[str, str]], set[str]]] = {
    "aws, a person leaves": (
        "aws",
        {"workspace.users": ["ana"]},
        {("delete", "UserProfile aws-pilot-workspace-ben")},
        {"aws-pilot-workspace-ben"},
    ),
    "gcp, a person leaves": (
        "gcp",
        {"workspace.users": ["ana"], "workspace.principals.ben": None},
        {("delete", "Instance gcp-pilot-workspace-ben")},
        {"gcp-pilot-workspace-ben"},
    ),
    "azure, a person leaves": (
        "azure",
        {"workspace.users": ["ana"], "workspace.principals.ben": None},
        {("delete", "Compute azure-pilot-workspace-ben")},
        {"azure-pilot-workspace-ben"},
    ),
}
"""Beside each the budget is another, which takes nothing away."""


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_that_takes_work_away_is_found_and_no_other(
    edit: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    platform, values, goes, found = EDITS[edit]
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    step, _, planned = stepped(edited(platform, tmp_path, {**values, "budget.monthly_usd": 2600}), graph)
    (budget,) = [change for change in step.changes if change.type.endswith("udget:Budget") or ":Budget" in change.type]
    assert budget.how == "update"
    assert goes <= told(step, "delete", "replace")
    findings = list(judgement.findings(step, None, TODAY, planned))
    assert {one.resource for one in findings if one.fails} == found
    assert all(one.rule == "step-keeps-state" for one in findings)


@pytest.mark.parametrize("platform", ["aws"])
def test_another_range_of_the_network_replaces_the_domain_with_every_home(
    platform: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """An innocent edit deletes Studio's homes: https://github.com/hashicorp/terraform-provider-aws/issues/48778."""
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    step, _, planned = stepped(edited(platform, tmp_path, {"network.cidr": "10.41.0.0/20"}), graph)
    assert ("replace", "Domain aws-pilot-workspace") in told(step, "replace")
    domain = next(change for change in step.changes if change.resource == "aws-pilot-workspace")
    assert domain.holds == "work" and "vpcId" in domain.forced_by
    assert "aws-pilot-workspace" in {
        one.resource for one in judgement.findings(step, None, TODAY, planned) if one.fails
    }


def test_another_range_of_a_network_in_use_is_refused_on_azure(tmp_path: Path, azure_pilot: Graph) -> None:
    """Pulumi's provider sends it as an update, which an allowance does not bring about either."""
    step, _, planned = stepped(edited("azure", tmp_path, {"network.cidr": "10.41.0.0/20"}), azure_pilot)
    allow = Allow(replace=["azure-pilot-network-vnet"], reason="a new range", until="2026-11-30")
    for allowed in (None, allow):
        found = [one for one in judgement.findings(step, allowed, TODAY, planned) if one.fails]
        assert [(one.rule, one.resource) for one in found] == [("step-refused", "azure-pilot-network-private")]
        assert "changed at addressPrefix, which the cloud refuses" in found[0].message


def test_an_allowance_holds_for_what_it_names_until_its_day(tmp_path: Path, aws_pilot: Graph) -> None:
    step, program, planned = stepped(
        edited(
            "aws",
            tmp_path,
            {
                "workspace.users": ["ana"],
                "allow": {"delete": ["aws-pilot-workspace-ben"], "reason": "Ben has left us", "until": "2026-11-30"},
            },
        ),
        aws_pilot,
    )
    allow = program.allow
    assert allow is not None
    assert list(judgement.findings(step, allow, date(2026, 11, 30), planned)) == []
    ended = list(judgement.findings(step, allow, date(2026, 12, 1), planned))
    assert [one.resource for one in ended] == ["aws-pilot-workspace-ben"] and "ended on 2026-11-30" in ended[0].message
    replacing = Allow(replace=["aws-pilot-workspace-ben"], reason=allow.reason, until=allow.until)
    wrong = list(judgement.findings(step, replacing, TODAY, planned))
    assert [(one.rule, one.fails) for one in wrong] == [("step-keeps-state", True), ("step-allowance-used", False)]


def test_what_a_stack_file_allows_is_told_with_and_without_a_step_and_has_an_end(aws_pilot: Graph) -> None:
    allow = Allow(delete=["aws-pilot-workspace-ben"], reason="Ben has left us", until="2027-11-27")
    (told_,) = judgement.allowances(allow, TODAY, aws_pilot)
    assert not told_.fails
    assert told_.message == (
        "the stack lets a step delete aws-pilot-workspace-ben until 2027-11-27, judged on 2026-11-26: Ben has left us"
    )
    assert [one.rule for one in judgement.allowances(allow, date(2026, 11, 25), aws_pilot) if one.fails] == [
        "step-allowance-ends"
    ]
    assert list(judgement.allowances(allow, date(2027, 11, 28), aws_pilot)) == []
    assert list(judgement.allowances(None, TODAY, aws_pilot)) == []
    verdict = judgement.judged(nothing().model_copy(update={"judged_on": TODAY}), None, allow, {}, aws_pilot)
    assert "step-allowance" in {one.rule for one in verdict.findings}


def test_what_the_catalogue_does_not_know_may_hold_data(aws_pilot: Graph) -> None:
    bucket = next(one for one in aws_pilot.cloud if one.protect)
    table = "aws:dynamodb/table:Table"
    unknown = replace(bucket, urn=f"{bucket.urn}-orders", type=table, name="orders", protect=False, inputs={})
    stands = replace(aws_pilot, resources=(*aws_pilot.resources, unknown))
    step, _, planned = stepped(STACKS / "Pulumi.aws-pilot.yaml", stands)
    assert told(step, "delete") == {("delete", "Table orders")}
    (lost,) = judgement.findings(step, None, TODAY, planned)
    assert lost.fails and "orders would be deleted, and may hold data" in lost.message
    allow = Allow(delete=["orders"], reason="the orders were copied", until="2026-11-30")
    assert list(judgement.findings(step, allow, TODAY, planned)) == []


@pytest.mark.parametrize("reason", ["", " " * 20])
def test_an_allowance_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match="at least 10 characters"):
        Allow(delete=["a"], reason=reason, until="2027-01-31")


def test_what_is_made_of_what_is_not_known_yet_is_said_to_change(tmp_path: Path, azure_pilot: Graph) -> None:
    step, _, _ = stepped(edited("azure", tmp_path, {"endpoints.fraud-scorer.family": "cpu-medium"}), azure_pilot)
    traffic = next(change for change in step.changes if change.type.endswith(":Traffic"))
    assert traffic.how == "update"
    assert [(one.path, one.after) for one in traffic.properties] == [("deployment", "not known yet")]
    assert step.idle_usd is not None and step.idle_usd > 0


@pytest.mark.parametrize(
    ("edit", "behind"),
    [
        ({"cost_center": "cc-1"}, set[str]()),
        ({"models.fraud-scorer.image": "us-central1-docker.pkg.dev/payments-risk-pilot/gcp-pilot-registry-images/x:2"},
         {"model"}),
    ],
    ids=["labels", "image"],
)  # fmt: skip
def test_an_update_of_our_own_providers_changes_what_is_behind_it_only_where_it_makes_a_new_version(
    edit: Mapping[str, Any], behind: set[str], tmp_path: Path, gcp_pilot: Graph
) -> None:
    program = Program.of(edited("gcp", tmp_path, edit))
    _, changed = programs().step(program, gcp_pilot)
    own = [urn for urn in changed if "$mlplatform:gcp:Model::" in urn]
    deployments = [one["changed"] for urn, one in changed.items() if "$mlplatform:gcp:Deployment::" in urn]
    assert own and {key for keys in deployments for key in keys} == behind


def test_protection_that_is_taken_away_is_a_step_and_a_finding(aws_pilot: Graph) -> None:
    """Protection that is added is a quiet update."""
    taken, added = (next(one for one in aws_pilot.cloud if one.protect != said) for said in (True, False))
    stands = {taken.urn: replace(taken, protect=True), added.urn: replace(added, protect=False)}
    step = on_the_pilot(
        aws_pilot, replace(aws_pilot, resources=tuple(stands.get(one.urn, one) for one in aws_pilot.resources))
    )
    changes = {change.urn: change for change in step.changes}
    assert {*changes} == {*stands}
    assert all([each.path for each in change.properties] == ["protect"] for change in step.changes)
    assert (changes[taken.urn].unguarded, changes[added.urn].unguarded) == (True, False)
    found = [(each.rule, each.resource, each.fails) for each in judgement.findings(step, None, TODAY, aws_pilot)]
    assert found == [("step-unprotects", taken.name, False)]


def test_what_goes_before_its_replacement_takes_along_what_is_made_of_it(tmp_path: Path, gcp_pilot: Graph) -> None:
    """A Workbench instance keeps its name, and so does the grant on it; the engine makes both anew."""
    step, _, _ = stepped(edited("gcp", tmp_path, {"network.cidr": "10.99.0.0/20"}), gcp_pilot)
    found = told(step, "replace")
    assert ("replace", "Instance gcp-pilot-workspace-ana") in found
    assert ("replace", "InstanceIamMember gcp-pilot-workspace-ana-uses") in found


def _preview(config: Mapping[str, str], told: Graph, gone: Collection[str] = (), *ops: str) -> dict[str, Any]:
    """What the engine writes of a preview in which all stays but what is gone. What stays has a step of each op."""
    states: list[Config] = [
        {"urn": one.urn, "type": one.type, "custom": one.custom, "inputs": {}} for one in told.resources
    ]
    steps: list[Config] = [
        {"op": op, "urn": one["urn"], "oldState": one, "newState": one}
        for op in ops or ("refresh", "same")
        for one in states
        if op == "refresh" or one["urn"] not in gone
    ]
    steps += [{"op": "delete", "urn": one["urn"], "oldState": one} for one in states if one["urn"] in gone]
    return {"config": config, "steps": steps, "changeSummary": {"same": len(states)}}


def _by_engine(document: object, file: Path, folder: Path, planned: Graph) -> Step:
    kept, program = folder / "preview.json", Program.of(file)
    kept.write_text(json.dumps(document), encoding="utf-8")
    standing = read(kept, program.stack, program.platform)
    return steps.step(program, standing, programs(), planned, program.config["mlplatform:region"], TODAY)


def test_a_preview_of_another_edit_or_of_a_part_is_refused(tmp_path: Path, azure_pilot: Graph) -> None:
    leaves = {"workspace.users": ["ana"], "workspace.principals.ben": None}
    file = edited("azure", tmp_path, leaves)
    config, planned = Program.of(file).config, preview(file)
    before = Program.of(STACKS / "Pulumi.azure-pilot.yaml").config
    gone = {one.urn for one in azure_pilot.cloud} - {one.urn for one in planned.cloud}
    whole = _by_engine(_preview(config, azure_pilot, gone), file, tmp_path, planned)
    assert {change.urn for change in whole.changes if change.how == "delete"} == gone
    allowed = {**config, "mlplatform:allow": "{}", "mlplatform:idle": "{}"}  # read by judges, they change no resource
    assert _by_engine(_preview(allowed, planned), file, tmp_path, planned).changes == []
    refused_for: list[tuple[Config, str]] = [
        (_preview(before, azure_pilot), "was made of another mlplatform:workspace than Pulumi.azure-pilot.yaml has"),
        (_preview(config, azure_pilot), "which Pulumi.azure-pilot.yaml does not ask for"),
        (_preview(config, replace(planned, resources=())), "has no step for azure-pilot"),
        ({"config": config, "steps": [], "changeSummary": {"same": 999}}, "has no step for azure-pilot"),
        (_preview(config, azure_pilot, gone, "refresh"), "has no step for azure-pilot"),
        (_preview(config, azure_pilot, [*gone][1:], "refresh", "same"), "does not ask for"),
        ({"config": config, "changeSummary": {"same": 999}}, "cannot be read as what stands"),
        ({"steps": []}, "was made of another mlplatform:account"),
    ]
    for document, said in refused_for:
        with pytest.raises(BadInput) as refused:
            _by_engine(document, file, tmp_path, planned)
        assert said in str(refused.value) and "\n" not in str(refused.value)


def test_what_stands_and_has_no_step_of_its_own_is_not_believed_to_stay(tmp_path: Path, azure_pilot: Graph) -> None:
    """A refresh looks at all that stands; a program that breaks after it says nothing of what it would replace."""
    file = STACKS / "Pulumi.azure-pilot.yaml"
    whole = _preview(Program.of(file).config, azure_pilot)
    one = azure_pilot.cloud[-1]
    cut = {**whole, "steps": [step for step in whole["steps"] if step["urn"] != one.urn or step["op"] == "refresh"]}
    assert _by_engine(whole, file, tmp_path, azure_pilot).changes == []
    with pytest.raises(BadInput, match=f"has no step for {one.name}; write it again with .* --show-sames"):
        _by_engine(cut, file, tmp_path, azure_pilot)


def test_what_a_cut_replacement_left_behind_is_told_to_go(aws_pilot: Graph) -> None:
    domain = next(one for one in aws_pilot.cloud if one.type.endswith(":Domain"))
    program = Program.of(STACKS / "Pulumi.aws-pilot.yaml")
    standing = Standing("a test", aws_pilot, going=(replace(domain, protect=False),))
    step = steps.step(program, standing, programs(), aws_pilot, "us-east-1", TODAY)
    assert [(change.how, change.resource, change.holds) for change in step.changes] == [("delete", domain.name, "work")]
    assert [one.resource for one in judgement.findings(step, None, TODAY, aws_pilot) if one.fails] == [domain.name]


def test_what_a_cut_run_left_unfinished_is_told_before_anything_else(aws_pilot: Graph) -> None:
    program = Program.of(STACKS / "Pulumi.aws-pilot.yaml")
    standing = Standing("a test", aws_pilot, pending=("creating Domain aws-pilot-workspace",))
    step = steps.step(program, standing, programs(), aws_pilot, "us-east-1", TODAY)
    (cut,) = judgement.findings(step, None, TODAY, aws_pilot)
    assert cut.fails and cut.rule == "step-cut-run" and "creating Domain aws-pilot-workspace" in cut.message
    assert "mlplatform recover out/aws-pilot.json" in cut.remedy
    assert "creating Domain aws-pilot-workspace" in words.step_warnings(step)[0]


def test_another_account_is_another_place_and_no_step(tmp_path: Path, gcp_pilot: Graph) -> None:
    """Most URNs stay, so what differs alone would be a list of updates."""
    file = edited("gcp", tmp_path, {"account": "another-project-1"})
    step, _, planned = stepped(file, gcp_pilot)
    assert step.moves == "from account payments-risk-pilot to another-project-1"
    allow = Allow(delete=["anything"], reason="nothing allows this", until="2026-11-30")
    moved = [one for one in judgement.findings(step, allow, TODAY, planned) if one.rule == "step-elsewhere"]
    assert [one.fails for one in moved] == [True]


def test_a_name_that_stays_taken_is_refused_where_the_step_needs_it_again(gcp_pilot: Graph) -> None:
    """A log bucket keeps its name for seven days, so one that a release calls otherwise cannot be made anew."""
    bucket = next(one for one in gcp_pilot.cloud if one.type == "gcp:logging/projectBucketConfig:ProjectBucketConfig")
    renamed = replace(bucket, urn=f"{bucket.urn}-old", name=f"{bucket.name}-old")
    other = replace(renamed, urn=f"{bucket.urn}-b", name="b", inputs={**bucket.inputs, "bucketId": "another"})
    resources = (*(one for one in gcp_pilot.resources if one.urn != bucket.urn), renamed, other)
    step = on_the_pilot(gcp_pilot, replace(gcp_pilot, resources=resources))
    refused = [one for one in judgement.findings(step, None, TODAY, gcp_pilot) if one.rule == "step-name-taken"]
    assert [(one.resource, one.fails) for one in refused] == [(renamed.name, True)]
    assert "its name stays taken for 7 days, so that the cloud refuses the new one" in refused[0].message


def test_a_day_in_the_past_revives_no_allowance_in_silence() -> None:
    allow = Allow(delete=["a"], reason="it was copied", until="2026-11-20")
    said = judgement.revived(allow, date(2026, 11, 19), date(2026, 11, 21))
    assert said == "--today 2026-11-19: mlplatform:allow ended on 2026-11-20, and is judged here as if it had not"
    for today, clock in ((19, 19), (21, 22), (20, 20)):
        assert judgement.revived(allow, date(2026, 11, today), date(2026, 11, clock)) is None
    assert judgement.revived(None, date(2026, 11, 19), date(2026, 11, 21)) is None


def test_what_the_program_ignores_stays_as_it_stands_and_so_does_what_is_made_of_it(
    tmp_path: Path, gcp_pilot: Graph
) -> None:
    """A machine that stands keeps its zone, and the grant on it is in the machine's zone."""
    instance = next(one for one in gcp_pilot.cloud if one.type == "gcp:workbench/instance:Instance")
    machine = {**instance.inputs, "gceSetup": {**instance.inputs["gceSetup"], "metadata": {"by-google": "1"}}}
    kept = [replace(one, inputs=machine) if one.urn == instance.urn else one for one in gcp_pilot.resources]
    edit = Program.of(edited("gcp", tmp_path, {"workspace.zone": "us-central1-b"}))
    assert programs().step(edit, replace(gcp_pilot, resources=tuple(kept)))[1] == {}


def test_a_value_that_the_program_ignores_is_said_not_to_be_applied_and_how_it_is(
    tmp_path: Path, gcp_pilot: Graph
) -> None:
    """An idle timeout of machines that stand: no update sets it, and whoever raised it must hear so."""
    step, _, _ = stepped(edited("gcp", tmp_path, {"workspace.idle_timeout_minutes": 120}), gcp_pilot)
    machines = [one.name for one in gcp_pilot.of("gcp:workbench/instance:Instance")]
    assert len(step.not_applied) == len(machines) > 0 and step.changes == []
    for name, said in zip(sorted(machines), sorted(step.not_applied), strict=True):
        assert name in said and "3600" in said and "7200" in said and "gcloud workbench instances" in said
    assert words.step_warnings(step) == step.not_applied


def test_what_is_replaced_or_was_added_by_the_cloud_is_applied(tmp_path: Path, gcp_pilot: Graph) -> None:
    machine = gcp_pilot.of("gcp:workbench/instance:Instance")[0]
    setup = machine.inputs["gceSetup"]
    by_google = {**machine.inputs, "gceSetup": {**setup, "metadata": {**setup["metadata"], "by-google": "1"}}}
    kept = [replace(one, inputs=by_google) if one.urn == machine.urn else one for one in gcp_pilot.resources]
    assert on_the_pilot(gcp_pilot, replace(gcp_pilot, resources=tuple(kept))).not_applied == []
    other = {**machine.inputs, "name": "another", "gceSetup": {**setup, "metadata": {"idle-timeout-seconds": "60"}}}
    moved = [replace(one, inputs=other) if one.urn == machine.urn else one for one in gcp_pilot.resources]
    step = on_the_pilot(gcp_pilot, replace(gcp_pilot, resources=tuple(moved)))
    assert (("replace", f"Instance {machine.name}") in told(step, "replace")) and step.not_applied == []


def test_a_model_more_or_less_of_a_multi_model_endpoint_moves_grants_and_nothing_that_serves(tmp_path: Path) -> None:
    file = STACKS / "Pulumi.aws-full.yaml"
    document: Config = yaml.safe_load(file.read_text(encoding="utf-8"))
    models, live = (document["config"][f"mlplatform:{key}"] for key in ("models", "endpoints"))
    first = models["fraud-de"]
    models["fraud-it"] = first | {"artifact_uri": first["artifact_uri"].replace("-de/", "-it/")}
    live["fraud-countries"]["models"].append("fraud-it")
    more = tmp_path / file.name
    more.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    for standing, asked, registry in ((file, more, "create"), (more, file, "delete")):
        step, _, _ = stepped(asked, preview(standing))
        groups = {(registry, f"{noun} aws-full-registry-fraud-it{end}") for noun, end in GROUP}
        assert told(step, "create", "delete", "replace") == groups
        updated = {change.resource for change in step.changes if change.how == "update"}
        personas = {"caller", "data-scientist", "serving"}
        assert {f"aws-full-identity-{one}-policy" for one in personas} <= updated
        assert all(one.startswith("aws-full-identity-") for one in updated), "no endpoint, configuration or model"
        assert step.ceiling_usd == 0


GROUP = (("ModelPackageGroup", ""), ("ModelPackageGroupPolicy", "-policy"))
