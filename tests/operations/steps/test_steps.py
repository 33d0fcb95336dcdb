"""The manual steps: in order, for somebody, and with commands that a shell can read, on each platform."""

import json
import shlex
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
import typer

from catalogue.deployers import ROLES
from catalogue.graph import Graph
from catalogue.kind import Serves
from catalogue.kinds import kind_of
from catalogue.kinds.aws.studio import USER_PROFILE
from catalogue.kinds.azure import storage
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from catalogue.kinds.gcp.workbench import INSTANCE
from catalogue.platforms import PLATFORMS, Platform
from catalogue.registered import in_registry
from catalogue.registries import as_written
from examples.pack import HERE, NAME, PACKED
from operations import facts, hardware
from operations.__main__ import application
from operations.phases import ground_of
from operations.steps import manual, of, query
from operations.verdict import HardwareUse, ManualStep, Phase
from policies.rule import peoples_networks
from stacks.config import STACKS
from tests.mutate import changed, put
from tests.previewing import preview
from tests.stack_files import pilot_file

ROOT = HERE.parent
TWO = [Phase(name=name, resources=1, idle_usd=0, ceiling_usd=0) for name in ("ground", "serve")]
EXAMPLE = {"docker", "uv"}
"""What builds the image of examples/ and lays its artifact out, on this machine."""
TOOLS = {"aws": {"aws"}, "gcp": {"gcloud", "curl"}, "azure": {"az"}}
PLACES_OF_PEOPLE = {USER_PROFILE, INSTANCE, COMPUTE}
IMAGES = {
    "aws": "111122223333.dkr.ecr.us-east-1.amazonaws.com/risk/scorer:1.4",
    "gcp": "us-central1-docker.pkg.dev/payments-risk-pilot/serving/scorer:1.4",
    "azure": "risk.azurecr.io/scorer:1.4",
}


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def place(graph: Graph) -> tuple[str, str]:
    return facts.of(graph.platform).account_and_region(graph)


def rows(graph: Graph) -> list[HardwareUse]:
    return hardware.fit(graph, place(graph)[1])


def steps(graph: Graph, phases: list[Phase] = TWO) -> list[ManualStep]:
    return list(manual(graph, rows(graph), phases, *place(graph)))


def lines(found: list[ManualStep]) -> list[str]:
    return [line for step in found for line in (*step.commands, *step.checks)]


def test_quotas_are_asked_for_before_the_ground_and_artifacts_lie_there_before_anything_serves(graph: Graph) -> None:
    said = [step.what for step in steps(graph)]
    at = [
        next(index for index, what in enumerate(said) if what.startswith(begins))
        for begins in (
            "ask for the quotas",
            "bring up the ground",
            "put the model artifacts",
            "put the data of batch jobs and training jobs",
            "bring up what serves",
            "sign in to ",
            "call ",
        )
    ]
    assert at == sorted(at)
    assert said[-1].startswith("call ") and steps(graph)[-1].who == "caller"


def test_whoever_deploys_is_given_each_role_before_anything_else(graph: Graph) -> None:
    first, *others = steps(graph)
    given = [look for step in (first, *others) for look in step.looks if look.what == "role"]
    assert [look.name for look in given] == [one.role for one in ROLES[cast(Platform, graph.platform)]]
    assert all(look.rights and look.name in first.what + " ".join(step.what for step in others) for look in given)
    assert first.who != "deployer" and all(look.at == "account" for look in first.looks)
    assert all(look.name in command for look, command in zip(first.looks, first.commands, strict=True))


def test_a_role_that_nothing_asks_for_is_not_given(graph: Graph) -> None:
    empty = replace(graph, resources=tuple(one for one in graph.resources if one.is_provider))
    assert not [
        look for step in manual(empty, [], TWO[:1], *place(graph)) for look in step.looks if look.what == "role"
    ]


def test_a_stack_that_comes_up_in_one_phase_has_one_up(graph: Graph) -> None:
    ups = [step for step in steps(graph, TWO[:1]) if any("pulumi up" in command for command in step.commands)]
    assert [step.what for step in ups] == ["bring up the stack"]


def test_each_step_has_somebody_and_each_can_be_checked_or_is_the_call(graph: Graph) -> None:
    for step in steps(graph):
        assert step.who and step.checks, step.what
        assert step.commands or step.what.startswith(("confirm ", "see that ")), step.what


def test_a_shell_reads_each_command_and_the_tool_is_the_platforms(graph: Graph) -> None:
    found = lines(steps(graph))
    script = "\n".join(found)
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False, capture_output=True).stderr == ""
    assert {shlex.split(line)[0] for line in found} <= TOOLS[graph.platform] | {"pulumi", *EXAMPLE}


def test_each_command_of_a_cloud_names_the_account_or_region_that_it_is_for(graph: Graph) -> None:
    account, region = place(graph)
    everywhere = {"s3", "ce", "storage", "billing", "iam"}  # of one account each; the payer account is another's
    for line in lines(steps(graph)):
        words = shlex.split(line)
        if words[0] in {"pulumi", *EXAMPLE} or words[1] in everywhere:
            continue
        theirs = [way.network.split("/")[2] for way in peoples_networks(graph)]  # a step of that network's owner
        assert any(one in line for one in (account, region, *theirs)), line


def test_no_check_changes_anything(graph: Graph) -> None:
    changes = ("create", "update", "set", "add", "push", "cp", "upload", "request-service-quota", "enable", "register ")
    for step in steps(graph):
        for check in step.checks:
            assert not any(f" {verb}" in check for verb in changes), check


def test_all_of_a_quota_is_asked_for_where_nobody_declared_it(graph: Graph) -> None:
    nobody = {"declared": None}
    undeclared = [
        row.model_copy(update={**nobody, "beside": [draw.model_copy(update=nobody) for draw in row.beside]})
        for row in rows(graph)
    ]
    (asked,) = [step for step in manual(graph, undeclared, TWO, *place(graph)) if step.what.startswith("ask for")]
    needed: Counter[str] = Counter()
    for draw in (draw for row in undeclared for draw in row.draws):
        needed[draw.quota_name] += draw.needed
    for name, amount in needed.items():
        assert f"{amount} of {name}" in asked.what


def test_an_image_of_the_account_is_pushed_and_one_of_somebody_else_is_not(graph: Graph) -> None:
    own, (account, region) = of(graph.platform), place(graph)
    mine = own.push(IMAGES[graph.platform], account, region)
    assert mine is not None and IMAGES[graph.platform] in mine[0]
    theirs = {
        "aws": "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface:1",
        "gcp": "us-docker.pkg.dev/vertex-ai/prediction/tf:1",
        "azure": "mcr.microsoft.com/azureml/inference:1",
    }
    assert own.push(theirs[graph.platform], account, region) is None


def test_the_example_alone_is_built_before_it_is_pushed_and_packed_before_it_is_uploaded(graph: Graph) -> None:
    pushed, uploaded = (
        next(step.commands for step in steps(graph) if step.what.startswith(begins))
        for begins in ("push the container images", "put the model artifacts")
    )
    (build,) = [command for command in pushed if command.startswith("docker build ")]
    image = shlex.split(build)[-2]
    assert (ROOT / shlex.split(build)[5]).is_file() and (ROOT / shlex.split(build)[-1]).is_dir()
    assert image in facts.images(graph) and image in pushed[pushed.index(build) + 1]
    assert uploaded[0] == PACKED
    packed = [command for command in uploaded[1:] if f"out/example/{graph.platform}/model" in command]
    assert len(packed) == 1 and len(uploaded) == 3, "the artifact of the other model is its team's"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_one_command_of_ours_registers_what_is_served_by_its_version(platform: Platform) -> None:
    graph = preview(STACKS / f"Pulumi.{platform}-full.yaml")
    found = list(manual(graph, [], TWO, *place(graph)))
    (step,) = [one for one in found if one.what.startswith("register the versions")]
    (uri,) = [uri for uri in facts.artifacts(graph) if in_registry(uri)]
    assert step.who == "publisher" and [look.name for look in step.looks if look.what == "artifact"] == [uri]
    assert not [one for one in found if one is not step and uri in {look.name for look in one.looks}]
    trained, register = (shlex.split(command) for command in step.commands)
    (image,) = [one for one in facts.images(graph) if f" {one})" in trained[-1]]
    assert image.endswith((f":{NAME}-1", f"/{NAME}:1")) and trained[-2] == "--image"
    *_, name, called, stack, version, _, folder, _ = register
    assert (name, called, stack, version) == ("mlplatform", "register", f"{platform}-full", f"{NAME}@1")
    group = typer.main.get_command(application())
    assert isinstance(group, typer.core.TyperGroup)
    group.commands["register"].make_context("register", register[4:]).close()
    assert folder == f"out/example/version/{platform}"
    of_others = [replace(one, inputs=_of_others(one.inputs)) for one in graph.resources]
    renamed = manual(replace(graph, resources=tuple(of_others)), [], TWO, *place(graph))
    (theirs,) = [one for one in renamed if one.what.startswith("register the versions")]
    assert theirs.commands == [f"uv run mlplatform register {platform}-full churn@1 --from CANDIDATE --yes"]


def test_a_stack_of_other_models_builds_and_packs_nothing(graph: Graph) -> None:
    renamed = [replace(one, inputs=_of_others(one.inputs)) for one in graph.resources]
    found = lines(steps(replace(graph, resources=tuple(renamed))))
    assert len(found) > 5
    assert not [line for line in found if line.startswith(("docker build", "uv ")) or "out/example" in line]


def _of_others(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(inputs).replace("mlplatform-example", "churn"))


def test_a_stack_that_serves_nothing_uploads_and_calls_nothing(graph: Graph) -> None:
    left = [r for r in ground_of(graph).resources if not ((k := kind_of(r.type)) and isinstance(k.serves, Serves))]
    bare = replace(graph, resources=tuple(left))
    found = list(manual(bare, [], TWO[:1], *place(bare)))
    said = " ".join(step.what for step in found)
    assert "call " not in said and "artifacts" not in said
    # Studio's domain and people have quotas of their own.
    of_people = {"Total domains", "Maximum number of Studio user profiles allowed per account"}
    asked = {look.name for step in found for look in step.looks if look.what == "quota"}
    assert asked == (of_people if graph.platform == "aws" else set())


def test_a_lock_that_is_for_ever_is_agreed_to_before_the_first_up(gcp_pilot: Graph) -> None:
    (bucket,) = gcp_pilot.of("gcp:logging/projectBucketConfig:ProjectBucketConfig")
    locked = changed(gcp_pilot, bucket, lambda properties: put(properties, "locked", True))
    said = {in_prod: [step.what for step in steps(graph)] for in_prod, graph in ((True, locked), (False, gcp_pilot))}
    (agreed,) = set(said[True]) - set(said[False])
    assert agreed.startswith("confirm that the log bucket gcp-pilot-audit may stay")
    assert said[True].index(agreed) < said[True].index("bring up the ground")
    assert bucket.inputs["locked"] is False, "a pilot must be able to end"


@pytest.mark.parametrize("text", ["a'b", 'a"b', "a$(touch x)b", "a`b", "a\\b", "a!b", "a b"])
def test_whatever_a_query_says_the_shell_gives_it_on_as_it_is(text: str) -> None:
    ran = subprocess.run(["sh", "-c", f"printf %s {query(text)}"], capture_output=True, text=True, check=True)
    assert ran.stdout == text


def test_a_step_of_many_artifacts_names_a_few_and_has_the_commands_of_all(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = sorted(facts.artifacts(graph))[0]
    many = {f"{uri}{number:02}/" for number in range(20)}

    def artifacts(_: Graph) -> set[str]:
        return many

    monkeypatch.setattr(facts, "artifacts", artifacts)
    (step,) = [step for step in steps(graph) if step.what.startswith("put the model artifacts")]
    assert step.what.endswith(f"({', '.join(map(as_written, sorted(many)[:3]))} and 17 more)")
    assert len(step.commands) == 20


def test_what_lies_in_a_closed_store_is_brought_from_inside_the_network(graph: Graph) -> None:
    closed = any(
        account.props.text_if_known("publicNetworkAccess") == "Disabled" for account in graph.of(storage.ACCOUNT)
    )
    brought = [step for step in steps(graph) if step.what.startswith(("put the model artifacts", "put the data"))]
    assert len(brought) == 2 and all((", from inside the network (" in step.what) is closed for step in brought)


def test_one_person_signs_in_by_the_name_that_the_workspace_knows_them_by(graph: Graph) -> None:
    (step,) = [step for step in steps(graph) if step.what.startswith("sign in to ")]
    said = pilot_file(graph.platform)["config"]["mlplatform:workspace"]
    known = {said.get("principals", {}).get(user, user) for user in said["users"]}
    assert step.who == "data-scientist" and step.looks[0].name in known and step.looks[0].name in step.what
    nobody = replace(graph, resources=tuple(one for one in graph.resources if one.type not in PLACES_OF_PEOPLE))
    assert not [one for one in steps(nobody) if one.what.startswith("sign in to ")]


def test_the_data_of_each_batch_job_is_put_where_its_job_reads(graph: Graph) -> None:
    """As the stack file says it, each place once, whether a folder or one file."""
    (step,) = [step for step in steps(graph) if step.what.startswith("put the data of batch jobs and training jobs")]
    jobs = pilot_file(graph.platform)["config"]["mlplatform:batch_jobs"]
    wanted = {job["input_uri"] for job in jobs.values()}
    assert {as_written(look.name) for look in step.looks} == wanted
    assert {look.what for look in step.looks} == {"batch input"} and len(step.commands) == len(wanted)
    own = of(graph.platform)
    folder, file = (own.feed(uri, graph.stack) for uri in ("s3://lending/loans/", "s3://lending/loans.csv"))
    if graph.platform != "azure":  # a job of Azure ML takes folders alone
        assert "data/" in folder[0] and "data/" not in file[0]


def test_the_data_of_the_example_are_prepared_before_they_are_put_where_a_job_reads(graph: Graph) -> None:
    def renamed(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("transactions/", "mlplatform-example/"))

    resources = tuple(replace(one, inputs=renamed(one.inputs), outputs=renamed(one.outputs)) for one in graph.resources)
    (step,) = [one for one in steps(replace(graph, resources=resources)) if one.what.startswith("put the data of")]
    prepared, *fed = step.commands
    assert prepared == "uv run python -m examples.train" and any(" out/example/data" in command for command in fed)
