"""What a rule makes of what it cannot judge, and what counts as a check that passed."""

from collections.abc import Iterator

import pytest

from catalogue.graph import Graph, Resource
from catalogue.marks import SECRET, UNKNOWN
from catalogue.properties import Properties
from operations.evaluation import evaluate
from policies import everywhere
from policies.rule import Found, Rule, resource_rule, stack_rule, whole_stack_rule


def thing(name: str, type_: str = "aws:x/thing:Thing", **inputs: object) -> Resource:
    return Resource(urn=f"urn:pulumi:s::p::{type_}::{name}", type=type_, name=name, custom=True, inputs=inputs)


def graph(*resources: Resource, ours: bool = True) -> Graph:
    return Graph("s", "aws", resources, {}, ours)


@resource_rule("size", "aws:x/thing:Thing", severity="low", says="", remedy="Make it smaller.")
def size(props: Properties) -> Iterator[str]:
    if (props.number_or_none("size") or 0) > 3:
        yield "is too large"


@stack_rule("breaks", "aws:x/thing:Thing", severity="critical", says="", remedy="")
def breaks(graph: Graph, resource: Resource) -> Iterator[str]:
    if resource.name == "bad":
        raise ZeroDivisionError("of\nall things")
    yield from ()


@whole_stack_rule("sum", "aws:x/thing:Thing", severity="high", says="", remedy="", proof="cost visibility")
def total(graph: Graph) -> Found:
    if sum(r.props.number_or_none("size") or 0 for r in graph.of("aws:x/thing:Thing")) > 5:
        yield None, "is too large in all"


def test_a_check_is_one_rule_on_one_resource_and_nothing_to_look_at_is_none() -> None:
    evaluated = evaluate(graph(thing("a", size=1), thing("b", size=9)), [size, total])
    assert [f.message for f in evaluated.findings] == ["b is too large", "the stack is too large in all"]
    assert evaluated.passed == 1
    assert evaluate(graph(), [size, breaks, total]).passed == 0


def test_a_rule_that_breaks_is_a_finding_that_names_rule_and_resource() -> None:
    (found,) = evaluate(graph(thing("good"), thing("bad")), [breaks]).findings
    assert found.resource == "bad" and found.rule == "breaks" and found.mandatory and found.severity == "critical"
    said = "bad cannot be judged, for the rule breaks broke on it (ZeroDivisionError: of all things)"
    assert found.message == said


@pytest.mark.parametrize("rule", [size, total])
def test_a_secret_or_another_shape_is_a_finding_on_its_resource(rule: Rule) -> None:
    for value in (SECRET, ["1"], "many"):
        (found,) = evaluate(graph(thing("a", size=1), thing("b", size=value)), [rule]).findings
        assert found.resource == "b" and found.mandatory and found.message.startswith("b cannot be judged: size ")


@pytest.mark.parametrize("rule", [size, total])
def test_what_is_not_known_before_up_is_advice(rule: Rule) -> None:
    (found,) = evaluate(graph(thing("a", size=UNKNOWN)), [rule]).findings
    assert found.message == "a cannot be judged yet: size is not known before up"
    assert not found.mandatory


def test_a_type_that_the_catalogue_does_not_know_is_mandatory_here_and_advice_elsewhere() -> None:
    strangers = [
        thing("lambda", "aws:lambda/madeUp:MadeUp"),
        thing("another", "aws:lambda/madeUp:MadeUp"),
        thing("native", "aws-native:sagemaker:Endpoint"),
        thing("versioned", "azure-native:storage/v20240101:StorageAccount"),
        thing("digits", "random:index/randomString:RandomString"),
    ]
    here = evaluate(graph(*strangers), [everywhere.kind_known]).findings
    assert [f.resource for f in here] == ["lambda", "another", "native", "versioned", "digits"]
    assert all(f.mandatory for f in here)
    foreign = thing("bucket", "gcp:storage/bucket:Bucket")
    (other,) = evaluate(graph(foreign), [everywhere.kind_known]).findings
    assert "another platform" in other.message and other.mandatory
    assert evaluate(graph(foreign, ours=False), [everywhere.kind_known]).findings == []
    elsewhere = evaluate(graph(*strangers, ours=False), [everywhere.kind_known]).findings
    assert [f.resource for f in elsewhere] == ["lambda", "native", "versioned"]
    assert not any(f.mandatory for f in elsewhere)


def test_a_component_is_never_taken_for_the_resource_whose_type_it_bears() -> None:
    empty = Resource(urn="c", type="aws:x/thing:Thing", name="shell", custom=False, inputs={"size": 9})
    assert evaluate(graph(empty), [size, total]).passed == 0


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("r.example.com/a/x:1.4", True),
        (f"r.example.com/x@sha256:{'a' * 64}", True),
        (f"r.example.com/x:1.4@sha256:{'a' * 64}", True),
        *(
            (f"r.example.com/x{end}", False)
            for end in ("", ":", ":latest", ":LATEST", "@foo", "@sha256:", ": ", ":\u200b")
        ),
        (f"r.example.com/x:latest@sha256:{'a' * 63}", False),
    ],
)
def test_an_image_names_a_legal_version(image: str, pinned: bool) -> None:
    model = thing("m", "aws:sagemaker/model:Model", primaryContainer={"image": image})
    (rule,) = [r for r in everywhere.rules("aws") if r.name == "audit-images-pinned"]
    assert (rule.judge(graph(model)).violations == ()) == pinned


def test_a_finding_carries_what_it_is_about_as_fields() -> None:
    component = Resource(urn="c", type="mlplatform-aws:index:Endpoint", name="s-scorer", custom=False)
    child = Resource(
        urn="d",
        type="aws:x/thing:Thing",
        name="s-scorer-config",
        custom=True,
        parent="c",
        inputs={"size": 9},
        stack_key="endpoints.scorer",
    )
    (found,) = evaluate(graph(component, child), [size]).findings
    assert (found.component, found.child, found.stack_key) == (
        "mlplatform-aws:index:Endpoint",
        "config",
        "endpoints.scorer",
    )
    (whole,) = evaluate(graph(component, child), [total]).findings
    assert whole.proof == "cost visibility" and whole.resource is None
