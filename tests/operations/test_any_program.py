"""Whatever a program of somebody else asks for, and whatever a file says, it is judged or refused in sentences.

Types are of the SDKs' whole lists, with a record and without; values are what a type takes, and what it does not: none,
not known, secret, nested, numbers as text, huge, broken text. No rule breaks, nothing that cannot be read passes in
silence, and twice the program takes no more than twice the work.
"""

import json
import random
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.generated import generated
from catalogue.kinds import kinds
from catalogue.marks import SECRET, UNKNOWN
from catalogue.platforms import PLATFORMS
from operations import checking
from operations.__main__ import application
from operations.checkov import ScanResult
from operations.rendering.rendered import Rendered
from sandbox.cloud import UnknownType
from sandbox.inputs import resource_shape
from tests.mutants.changes import least

TODAY = date(2026, 11, 26)
BEGINS = "urn:pulumi:dev::shop::"
DEEP: Any = 7
for _ in range(60):
    DEEP = [{"a": DEEP}]
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e300, 2**63, "", " ", "12", "nan", "*", "\ud800", "\x00\x1b[31m", "é" * 3, "[", '{"a": {"b": [1]}}',
    '{"Statement": 7}', '{"Statement": [{"Effect": "Allow", "Action": 7, "Principal": []}]}', "arn:aws:iam::*:root",
    "::", "/subscriptions/", "projects//locations", "x" * 100_000, UNKNOWN, dict(SECRET), [], {}, [None], [[]], [{}],
    {"": ""}, {"a": UNKNOWN}, [dict(SECRET)], {"name": 7, "value": []}, [1, "a", None, {"b": 2}], DEEP,
)  # fmt: skip
COUNT = {False: 40, True: 3000}


def nothing(rendered: Rendered) -> ScanResult:
    return ScanResult(checkov_version="0", seconds=0, passed=(), failed=(), resources=0, parsing_errors=())


def types_of(platform: str) -> list[str]:
    """Every type of the platform's SDK, those with a record as often as all others."""
    known = sorted(one for one in kinds(platform) if not one.startswith(("pulumi:", "mlplatform")))
    others = sorted(set(generated(platform).types) - set(known))
    return [*known, *random.Random(platform).sample(others, min(len(others), len(known)))]


def odd_inputs(draw: random.Random, inputs: Any) -> Any:
    """The inputs with an odd value in place of some, at any depth, and beside them."""
    if draw.random() < 0.25:
        return draw.choice(ODD)
    if isinstance(inputs, dict):
        return {key: odd_inputs(draw, one) if draw.random() < 0.6 else one for key, one in inputs.items()}
    if isinstance(inputs, list):
        return [odd_inputs(draw, one) for one in inputs]
    return inputs


def some_program(seed: int, platform: str, most: int = 6) -> list[dict[str, Any]]:
    """Resources of some types, which name each other in circles, twice, and what is not there."""
    draw = random.Random(seed)
    made: list[dict[str, Any]] = []
    for number in range(draw.randint(1, most)):
        type_ = draw.choice(types_of(platform))
        try:
            shape: Any = resource_shape(type_)
        except UnknownType:
            shape = None
        full = least(shape) if shape is not None and hasattr(shape, "properties") else {}
        names = [*getattr(shape, "properties", {})]
        more = {name: draw.choice(ODD) for name in draw.sample(names, min(len(names), draw.randint(0, 8)))}
        inputs = odd_inputs(draw, {**full, **more})
        name = draw.choice([f"r{number}", f"r{number}", "r0", "\ud800", "a::b", "x y", "é"])
        urns = [*(one["urn"] for one in made), f"{BEGINS}{type_}::{name}", "nowhere", ""]
        own = inputs if isinstance(inputs, dict) else {"a": inputs}
        made.append(
            {
                "urn": f"{BEGINS}{type_}::{name}",
                "type": type_,
                "custom": True,
                "id": draw.choice(["", name, UNKNOWN]),
                "inputs": own,
                "outputs": odd_inputs(draw, own) if draw.random() < 0.3 else own,
                "parent": draw.choice([None, None, *urns]),
                "provider": draw.choice(["", "nowhere::1"]),
                "dependencies": draw.sample(urns, draw.randint(0, len(urns))),
                "propertyDependencies": {key: draw.sample(urns, 1) for key in own if draw.random() < 0.3},
            }
        )
    for one in made:
        if not isinstance(one["outputs"], dict):
            one["outputs"] = {}
    return made


def exported(resources: list[dict[str, Any]]) -> str:
    return json.dumps({"version": 3, "deployment": {"resources": resources}})


def previewed(resources: list[dict[str, Any]]) -> str:
    steps = [{"op": "create", "urn": one["urn"], "newState": one} for one in resources]
    return json.dumps({"steps": steps, "changeSummary": {"create": len(steps)}})


def judged(text: str, folder: Path) -> checking.Checked | str:
    """What is found in a file that has this text, or the sentence that refuses it."""
    file = folder / "kept.json"
    file.write_text(text, encoding="utf-8")
    try:
        return checking.check(checking.graph_of(file), nothing, TODAY)
    except BadInput as refused:
        return str(refused)


def is_a_sentence(text: str) -> bool:
    return bool(text.strip()) and "\n" not in text and "Traceback" not in text and len(text) < 100_000


def wrong_in(seed: int, platform: str, text: str, folder: Path) -> Iterator[str]:
    """What no verdict may do on a program."""
    checked = judged(text, folder)
    if isinstance(checked, str):
        if not is_a_sentence(checked):
            yield f"{platform} {seed}: {checked!r}"
        return
    told = {one.urn for one in checked.findings} | {None}
    said = " ".join(one.message for one in checked.findings)
    for one in checked.findings:
        if "broke on it" in one.message or not is_a_sentence(one.message):
            yield f"{platform} {seed}: {one.rule}: {one.message[:300]!r}"
    for one in checked.graph.cloud:
        if one.urn not in told and one.name not in said:
            yield f"{platform} {seed}: nothing is said of {one.type} {one.inputs!r:.300}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_any_program_is_judged_in_sentences(platform: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    count = COUNT[bool(request.config.getoption("--long"))]

    @settings(max_examples=count, deadline=None, derandomize=count < 100, phases=[Phase.generate])
    @given(seed=st.integers(0, 2**32), write=st.sampled_from([exported, previewed]))
    def holds(seed: int, write: Any) -> None:
        assert list(wrong_in(seed, platform, write(some_program(seed, platform)), tmp_path)) == []

    holds()
