"""What `mlplatform recover` reads in an exported state, and the commands that it prints."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalogue.answers import Request
from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.kind import Acts
from catalogue.kinds import kind_of
from catalogue.marked import unmarked
from operations.__main__ import application
from operations.recovery import UNKNOWN_ID, Pending, pending

PROVIDERS = {
    "aws": {"region": "us-east-1", "allowedAccountIds": '["111122223333"]'},
    "gcp": {"region": "us-central1", "project": "payments-risk-pilot"},
    "azure": {"location": "eastus2", "subscriptionId": "11112222-3333-4444-5555-666677778888"},
}


def cut_at(graph: Graph, *cut: Resource, **more: Any) -> dict[str, Any]:
    """A state as the engine leaves it: providers stand, and the creates of these resources are pending."""
    provider = next(one for one in graph.resources if one.type.startswith("pulumi:providers:"))
    stands = {"urn": provider.urn, "custom": True, "id": "p", "type": provider.type}
    operations = [
        {
            "resource": {
                "urn": one.urn,
                "custom": True,
                "type": one.type,
                "inputs": unmarked(dict(one.inputs)),
                "parent": one.parent,
                "provider": f"{provider.urn}::p",
                **more,
            },
            "type": "creating",
        }
        for one in cut
    ]
    return {"resources": [{**stands, "inputs": PROVIDERS[graph.platform]}], "pending_operations": operations}


@pytest.fixture(scope="module", params=["aws", "gcp", "azure"])
def graph(request: pytest.FixtureRequest) -> Graph:
    return request.getfixturevalue(f"{request.param}_pilot")


def one(graph: Graph, name: str) -> Resource:
    return next(each for each in graph.cloud if each.name == name)


def test_every_create_of_a_pilot_that_was_cut_is_told_but_those_of_our_own_provider(graph: Graph) -> None:
    found = pending(cut_at(graph, *graph.cloud))
    assert {each.urn for each in found} == {each.urn for each in graph.cloud if not each.type.startswith("mlplatform:")}
    assert all(each.parent and each.provider.startswith("urn:pulumi:") and not each.stands for each in found)


def test_an_id_that_is_told_is_the_one_that_the_cloud_would_give_whatever_else_stands(graph: Graph) -> None:
    told = {each.urn: each for each in pending(cut_at(graph, *graph.cloud))}
    known = 0
    for each in graph.cloud:
        kind = kind_of(each.type)
        if each.urn not in told or kind is None or not isinstance(kind.acts, Acts):
            continue
        place = ("111122223333", "us-east-1") if graph.platform == "aws" else ("", "")
        if graph.platform != "aws":
            given = PROVIDERS[graph.platform]
            place = (given.get("project") or given["subscriptionId"], given.get("region") or given["location"])
        again = kind.acts.answer(Request(each.type, "another", each.name, told[each.urn].inputs, *place)).id
        assert told[each.urn].id in ("", again), each.urn
        known += bool(told[each.urn].id)
    assert known > len(told) / 2


def test_what_has_an_id_of_the_clouds_own_has_none_here(aws_pilot: Graph) -> None:
    vpc, key = one(aws_pilot, "aws-pilot-network-vpc"), one(aws_pilot, "aws-pilot-key-data")
    assert [each.id for each in pending(cut_at(aws_pilot, vpc, key))] == ["", ""]
    assert [each.id for each in pending(cut_at(aws_pilot, vpc, id="vpc-1"))] == ["vpc-1"], "the answer had come"


def test_an_update_a_delete_and_a_component_are_no_cut_create(aws_pilot: Graph) -> None:
    endpoint = one(aws_pilot, "aws-pilot-fraud-scorer")
    state = cut_at(aws_pilot, endpoint)
    for wrong in ({"type": "updating"}, {"type": "deleting"}, {"type": "importing"}):
        assert pending({**state, "pending_operations": [{**state["pending_operations"][0], **wrong}]}) == []
    assert pending(cut_at(aws_pilot, endpoint, custom=False)) == []


def said(tmp_path: Path, state: dict[str, Any]) -> list[str]:
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": state}), encoding="utf-8")
    done = CliRunner().invoke(application(), ["recover", str(file)])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_the_commands_name_parent_and_provider_and_end_in_up(aws_pilot: Graph, tmp_path: Path) -> None:
    endpoint, vpc = one(aws_pilot, "aws-pilot-fraud-scorer"), one(aws_pilot, "aws-pilot-network-vpc")
    state = cut_at(aws_pilot, endpoint, vpc)
    commands = [shlex.split(line) for line in said(tmp_path, state) if line.startswith("pulumi ")]
    assert [words[1] for words in commands] == ["import", "import", "refresh", "up"]
    assert commands[0][2:7] == [endpoint.type, endpoint.name, "aws-pilot-fraud-scorer", "--stack", "aws-pilot"]
    assert f"parent={endpoint.parent}" in commands[0] and f"provider={state['resources'][0]['urn']}" in commands[0]
    assert "--protect=false" in commands[0] and "--clear-pending-creates" in commands[2]
    assert commands[1][4] == UNKNOWN_ID


def test_what_was_to_replace_another_is_deleted_and_not_imported(aws_pilot: Graph, tmp_path: Path) -> None:
    endpoint = one(aws_pilot, "aws-pilot-fraud-scorer")
    state = cut_at(aws_pilot, endpoint)
    state["resources"].append({"urn": endpoint.urn, "custom": True, "id": "other", "type": endpoint.type})
    lines = said(tmp_path, state)
    assert not any(" import " in line for line in lines)
    assert any("aws-pilot-fraud-scorer was to replace one that stands: delete it" in line for line in lines)


def test_without_a_cut_create_there_is_nothing_to_do(aws_pilot: Graph, tmp_path: Path) -> None:
    lines = said(tmp_path, cut_at(aws_pilot))
    assert "no create was cut" in lines[0] and not any(line.startswith("pulumi ") for line in lines)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"deployment": null}', '{"deployment": {}}'])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(application(), ["recover", str(file)])
    assert isinstance(done.exception, BadInput) and "is no exported state" in str(done.exception)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(application(), ["recover", str(tmp_path / "none.json")])
    assert isinstance(done.exception, BadInput) and "cannot be read" in str(done.exception)


def test_a_command_can_be_typed_in_a_shell() -> None:
    urn = "urn:pulumi:s::p::ml:index:A$aws:iam/role:Role::r"
    words = Pending(urn, "aws:iam/role:Role", {}, "urn:pulumi:s::p::ml:index:A$ml:index:B::b", "", "r", False)
    typed = shlex.join(words.importing("s", "r"))
    assert shlex.split(typed) == words.importing("s", "r") and "'parent=" in typed
