"""What the engine sends becomes the arguments of a component, or is refused in one sentence."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from components.given import Args, BadArgument, Tags, Text
from components.package import Package, built
from operations.offline import record


@dataclass(kw_only=True)
class Inner(Args):
    count: int


@dataclass(kw_only=True)
class Outer(Args):
    name: Text
    enabled: bool = True
    share: pulumi.Input[float] = 1.0
    zones: Sequence[str] = ()
    inner: Inner | None = None
    tags: Tags | None = None
    statements: pulumi.Input[Sequence[Mapping[str, Any]]] = ()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"enabled": "false"}, "Outer.enabled: is a text; give true or false"),
        ({"enabled": 1.0}, "Outer.enabled: is a number; give true or false"),
        ({"zones": "us-east-1a"}, "Outer.zones: is a text; give a list"),
        ({"zones": ["a", 1.0]}, "Outer.zones[1]: is a number; give a text"),
        ({"inner": {"count": "1"}}, "Inner.count: is a text; give a whole number"),
        ({"inner": {"count": 1.5}}, "Inner.count: is a number; give a whole number"),
        ({"inner": "x"}, "Outer.inner: is a text; give an object"),
        ({"tags": ["x"]}, "Outer.tags: is a list; give an object"),
        ({"share": True}, "Outer.share: is true or false; give a number"),
        ({"nane": "x"}, "Outer.nane: there is no such argument; there are name, enabled, share, zones, inner, tags, "),
    ],
)
def test_a_value_of_another_type_is_refused_in_one_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadArgument) as refused:
        built(Outer, {"name": "x", **given})
    assert str(refused.value).startswith(sentence) and "\n" not in str(refused.value)


def test_an_argument_that_is_missing_is_named() -> None:
    with pytest.raises(BadArgument, match=r"^Outer\.name: is missing; give it a value$"):
        built(Outer, {})


def test_mappings_arrive_in_one_order_and_whole_numbers_whole() -> None:
    sent = {"name": "x", "tags": {"team": "a", "owner": "b"}, "statements": [{"Sid": "b", "Days": 10.0, "A": True}]}
    args = built(Outer, sent)
    assert isinstance(args.tags, dict) and list(args.tags) == ["owner", "team"]
    assert repr(args.statements) == repr([{"A": True, "Days": 10, "Sid": "b"}])


def test_a_value_of_another_type_that_is_known_later_is_refused_then() -> None:
    def program() -> None:
        args = built(Outer, {"name": "x", "share": pulumi.Output.from_input("much")})
        pulumi.export("share", args.share)

    with pytest.raises(BadArgument, match=r"^Outer\.share: is a text; give a number$"):
        record(program, "test", "aws", {})


def test_what_is_not_known_yet_stays_so() -> None:
    def program() -> None:
        later: asyncio.Future[Any] = asyncio.Future()
        later.set_result(None)
        known: asyncio.Future[bool] = asyncio.Future()
        known.set_result(False)
        args = built(Outer, {"name": pulumi.Output(set(), later, known)})
        pulumi.export("name", args.name)

    assert record(program, "test", "aws", {}).outputs


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_no_output_that_may_be_missing_has_the_name_of_an_argument(platform: str) -> None:
    """An SDK puts the argument where an output of its name is missing (pulumi/pulumi issue 11416)."""
    schema = json.loads(Package(platform).schema or "")
    twins = [
        f"{token}.{name}"
        for token, item in schema["resources"].items()
        for name in set(item["properties"]) - set(item.get("required", ()))
        if name in item["inputProperties"]
    ]
    assert not twins
