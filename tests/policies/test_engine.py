"""The pack on the engine: names by platform, waivers by stack, and what was sent judged beside what was answered."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pulumi_policy import (
    PolicyResource,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from catalogue.graph import Graph, Resource
from catalogue.marks import UNKNOWN
from catalogue.platforms import PLATFORMS
from catalogue.properties import Properties
from policies import __main__ as engine
from policies import everywhere, waivers
from policies.rule import resource_rule
from tests.engine_door import of_each, of_stack
from tests.mutate import swapped
from tests.on_engine import args_of, shown

# What Azure answers lacks what stands in a resource's path.
_IN_PATH = {"resourceUri", "scope", "privateZoneName", "computeName", "endpointName", "workspaceName", "vaultName"}


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_sent", {})
    monkeypatch.setenv("PULUMI_PROJECT", engine.PROJECT)
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)


def answered(graph: Graph, drop: set[str]) -> Graph:
    """The graph with the cloud's answers without some, as stack rules get them on the engine."""
    said = (
        replace(r, outputs={k: v for k, v in r.outputs.items() if k not in drop}) if r.custom else r
        for r in graph.resources
    )
    return replace(graph, resources=tuple(said))


def found(graph: Graph, remembering: bool = True) -> set[str]:
    """The stack rules of every platform that report something on the engine.

    Without the advice on quotas: the engine shows no account here, so none is declared (test_organisation has one).
    """
    if remembering:
        assert of_each(graph, [engine.remember()]) == [], "it finds nothing by itself"
    stack_rules = [made for made in engine.policies() if isinstance(made, StackValidationPolicy)]
    told = {one.rule for one in of_stack(graph, stack_rules)}
    return {name for name in told if not name.endswith("-quota-undeclared")}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_pilot_passes_and_the_other_platforms_rules_are_silent(
    platform: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    monkeypatch.setattr(engine, "placement", lambda: graph.placement)  # the networks that it names are no strangers
    assert found(answered(graph, set())) == set()


def test_the_engine_shows_no_ids_and_on_aws_an_arn_ends_with_one(
    aws_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "placement", lambda: aws_pilot.placement)
    assert "aws-inputs-own" not in found(answered(aws_pilot, {"id"}))


def test_the_engine_shows_no_ids_and_a_pilot_names_its_own_by_them(
    gcp_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's keys and rings have no other full name than their id; and the engine adds its SDK's version."""
    monkeypatch.setattr(engine, "placement", lambda: gcp_pilot.placement)
    shown_ = [
        replace(one, inputs={**one.inputs, "version": "10.2.0"}) if one.is_provider else one
        for one in gcp_pilot.resources
    ]
    graph = replace(gcp_pilot, resources=tuple(shown_))
    assert found(answered(graph, {"id"})) == set()
    engine._sent.clear()  # pyright: ignore[reportPrivateUsage]
    key = next(one for one in graph.cloud if one.type == "gcp:kms/cryptoKey:CryptoKey")
    foreign = replace(key, inputs={**key.inputs, "keyRing": "projects/theirs/locations/us-central1/keyRings/theirs"})
    other = replace(graph, resources=tuple(foreign if one is key else one for one in graph.resources))
    assert "gcp-inputs-own" in found(answered(other, {"id"}))


def test_trap_azure_answers_without_what_stands_in_the_path(
    azure_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "placement", lambda: azure_pilot.placement)
    assert found(answered(azure_pilot, _IN_PATH), remembering=False)
    assert found(answered(azure_pilot, _IN_PATH)) == set()


def test_what_is_wrong_is_still_found_under_its_platforms_name(azure_pilot: Graph) -> None:
    zone = next(r for r in azure_pilot.cloud if r.type.endswith(":PrivateZone"))
    graph = replace(azure_pilot, resources=tuple(r for r in azure_pilot.resources if r.urn != zone.urn))
    assert "azure-network-proof" in found(answered(graph, _IN_PATH))


def test_names_on_the_engine_are_unique_and_say_the_platform() -> None:
    names = [policy.name for policy in engine.policies()]
    assert len(names) == len(set(names))
    everywhere_known = {"remember-inputs", "levels-kept", "kind-known", "kind-known-elsewhere"}
    assert all(name.split("-")[0] in PLATFORMS for name in names if name not in everywhere_known)


def test_what_the_update_is_about_to_delete_is_not_judged(aws_pilot: Graph) -> None:
    subnet = aws_pilot.of("aws:ec2/subnet:Subnet")[0]
    gone = replace(subnet, urn=f"{subnet.urn}-d", name=f"{subnet.name}-d")
    graph = replace(aws_pilot, resources=(*aws_pilot.resources, gone))
    said = answered(graph, set())
    assert "aws-network-proof" in found(said), "a subnet without an interface"
    engine._sent.pop(gone.urn)
    assert found(said, remembering=False) == set()


def strange(graph: Graph) -> Graph:
    type_ = "aws-native:sagemaker:Endpoint"
    urn = f"urn:pulumi:{graph.stack}::mlplatform::{type_}::strange"
    provider = next(r.provider for r in graph.cloud if r.provider)
    extra = Resource(urn=urn, type=type_, name="strange", custom=True, provider=provider)
    return replace(graph, resources=(*graph.resources, extra))


def test_another_package_of_the_same_cloud_is_mandatory_in_our_stack_and_advice_in_anothers(
    aws_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = strange(aws_pilot)
    assert found(answered(graph, set())) == {"kind-known"}
    monkeypatch.setenv("PULUMI_CONFIG", '{"other:key": "value"}')
    assert "kind-known-elsewhere" in found(answered(graph, set()))
    monkeypatch.setenv("PULUMI_CONFIG", '{"mlplatform:platform": "aws"}')
    assert found(answered(graph, set())) == {"kind-known"}
    monkeypatch.setenv("PULUMI_PROJECT", "another")
    assert "kind-known-elsewhere" in found(answered(graph, set()))


def test_what_is_advice_elsewhere_is_said_there_under_a_name_of_its_own(
    gcp_pilot: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = next(one for one in gcp_pilot.resources if one.type == "gcp:kms/cryptoKey:CryptoKey")
    graph = swapped(gcp_pilot, replace(key, inputs={**key.inputs, "purpose": "MAC"}))
    with monkeypatch.context() as here:
        here.setattr(engine, "placement", lambda: graph.placement)
        assert found(answered(graph, set())) == {"gcp-inputs-allowed"}
    monkeypatch.setenv("PULUMI_PROJECT", "another")
    assert found(answered(graph, set())) == {"gcp-inputs-allowed-elsewhere", "gcp-world-elsewhere"}


@resource_rule("both", "aws:x/thing:Thing", severity="high", says="No part is bad.", remedy="Mend it.")
def both(props: Properties) -> Any:
    for part in props.each_section("parts"):
        if part.text_or_empty("name") == "bad":
            yield "has a bad part"


def asked(parts: list[Any], project: str = "p") -> tuple[list[str], bool]:
    """What the rule reports of a resource on the engine, and whether it says that it must wait."""
    item = PolicyResource(
        "aws:x/thing:Thing", {}, f"urn:pulumi:s::{project}::t::n", "n", shown_options(), None, None, [], {}
    )
    reported: list[str] = []
    made = engine.on_engine("aws", both)
    assert isinstance(made, ResourceValidationPolicy)
    args = args_of(item, {})
    args.props = unknown_checking_proxy({"parts": parts})
    try:
        made.validate(args, lambda message, urn=None: reported.append(message))
    except UnknownValueError as error:
        assert "parts[1].name" in error.message
        return reported, True
    return reported, False


def shown_options() -> Any:
    graph = Graph("s", "aws", (Resource(urn="u", type="t", name="n", custom=True),), {})
    return shown(graph)[0].opts


def test_a_rule_reports_what_it_knows_before_it_waits() -> None:
    assert asked([{"name": "bad"}, {"name": UNKNOWN}]) == (["has a bad part"], True)
    assert asked([{"name": "bad"}, {"name": "good"}]) == (["has a bad part"], False)


def test_a_rule_that_breaks_on_the_engine_is_a_violation() -> None:
    assert asked([{"name": ["bad"]}]) == (["cannot be judged: parts[0].name is a list where a text is read"], False)


def test_a_waiver_of_one_stack_is_none_of_anothers() -> None:
    assert engine.stack_of("urn:pulumi:gcp-pilot::mlplatform::gcp:storage/bucket:Bucket::b") == "gcp-pilot"


@pytest.mark.parametrize("name", ["both", "aws-both"])
@pytest.mark.parametrize(
    ("key", "project", "waived"),
    [("s", "mlplatform", True), ("s", "p", False), ("p/s", "p", True), ("p/s", "mlplatform", False), ("t", "p", False)],
)
def test_a_waiver_holds_by_either_name_of_the_rule_for_its_stack_in_its_project(
    monkeypatch: pytest.MonkeyPatch, name: str, key: str, project: str, waived: bool
) -> None:
    last = date.today() + timedelta(days=1)
    waiver = waivers.Waiver(
        rule=name, resource="n", type="aws:x/thing:Thing", owner="o", reason="r", granted=date.today(), expires=last
    )
    monkeypatch.setattr(waivers, "load", lambda: {key: [waiver]})
    assert asked([{"name": "bad"}], project) == ([] if waived else ["has a bad part"], False)
    of_another = waiver.model_copy(update={"type": "aws:x/other:Other"})
    monkeypatch.setattr(waivers, "load", lambda: {key: [of_another]})
    assert asked([{"name": "bad"}], project) == (["has a bad part"], False)


def test_the_shared_rules_are_made_once_for_each_platform() -> None:
    names = [[rule.name for rule in everywhere.rules(platform)] for platform in PLATFORMS]
    assert names[0] == names[1] == names[2] and len(set(names[0])) == len(names[0])
