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
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.generated import generated
from catalogue.graph import Resource
from catalogue.kinds import kind_of, kinds
from catalogue.marks import SECRET, UNKNOWN
from catalogue.platforms import PLATFORMS
from operations import checking
from operations.__main__ import application
from operations.checkov import Checkov, ScanResult
from operations.rendering.rendered import Rendered
from sandbox.cloud import UnknownType
from sandbox.inputs import resource_shape
from tests.mutants.changes import least

TODAY = date(2026, 11, 26)
BEGINS = "urn:pulumi:dev::shop::"
DEEP: Any = json.loads('[{"a": ' * 60 + "7" + "}]" * 60)
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e300, 2**63, "", " ", "12", "nan", "*", "\x00\x1b[31m", "é" * 3, "[",
    '{"a": {"b": [1]}}',
    '{"Statement": 7}', '{"Statement": [{"Effect": "Allow", "Action": 7, "Principal": []}]}', "arn:aws:iam::*:root",
    "::", "/subscriptions/", "projects//locations", "x" * 100_000, UNKNOWN, dict(SECRET), [], {}, [None], [[]], [{}],
    {"": ""}, {"a": UNKNOWN}, [dict(SECRET)], {"name": 7, "value": []}, [1, "a", None, {"b": 2}], DEEP,
)  # fmt: skip
HALF = "\ud800"
"""Half a character: a file that has one is refused, for no form of a verdict could be written."""
COUNT = {False: 8, True: 3000}


def nothing(rendered: Rendered) -> ScanResult:
    return ScanResult(checkov_version="0", seconds=0, passed=(), failed=(), resources=0, parsing_errors=())


@cache
def types_of(platform: str, every: bool) -> list[str]:
    """Every type of the platform's SDK, those with a record as often as all others."""
    known = sorted(one for one in kinds(platform) if not one.startswith(("pulumi:", "mlplatform")))
    if not every:  # each module of an SDK loads slowly
        known = random.Random(platform).sample(known, 12)
    others = sorted(set(generated(platform).types) - set(known))
    return [*known, *random.Random(platform).sample(others, min(len(others), len(known)))]


def odd_inputs(draw: random.Random, inputs: Any) -> Any:
    """The inputs with an odd value in place of some, at any depth, and beside them."""
    if draw.random() < 0.25:
        return draw.choice(ODD)
    if isinstance(inputs, dict):
        inside = cast("dict[str, Any]", inputs)
        return {key: odd_inputs(draw, one) if draw.random() < 0.6 else one for key, one in inside.items()}
    if isinstance(inputs, list):
        return [odd_inputs(draw, one) for one in cast("list[Any]", inputs)]
    return inputs


def some_program(seed: int, platform: str, every: bool = False) -> list[dict[str, Any]]:
    """Resources of some types, which name each other in circles, twice, and what is not there."""
    draw = random.Random(seed)
    made: list[dict[str, Any]] = []
    for number in range(draw.randint(1, 6)):
        type_ = draw.choice(types_of(platform, every))
        try:
            shape: Any = resource_shape(type_) if type_ in kinds(platform) else None  # the SDK's modules load slowly
        except UnknownType:
            shape = None
        full = least(shape) if shape is not None and hasattr(shape, "properties") else {}
        names = [*getattr(shape, "properties", {})]
        more = {name: draw.choice(ODD) for name in draw.sample(names, min(len(names), draw.randint(0, 8)))}
        inputs = odd_inputs(draw, {**full, **more})
        name = draw.choice([f"r{number}", f"r{number}", "r0", "a::b", "x y", "é"])
        urns = [*(one["urn"] for one in made), f"{BEGINS}{type_}::{name}", "nowhere", ""]
        own: dict[str, Any] = cast("Any", inputs) if isinstance(inputs, dict) else {"a": inputs}
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


def takes_not(one: Resource) -> bool:
    """Whether a resource has what the SDK's type does not take, or is of a type that nobody knows."""
    if kind_of(one.type) is None:
        return True
    try:
        return bool(resource_shape(one.type).judge("", dict(one.inputs)))
    except UnknownType:
        return True


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
        if one.urn not in told and one.name not in said and takes_not(one):
            yield f"{platform} {seed}: nothing is said of {one.type} {one.inputs!r:.300}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_any_program_is_judged_in_sentences(platform: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    count = COUNT[bool(request.config.getoption("--long"))]

    @settings(max_examples=count, deadline=None, derandomize=count < 100, phases=[Phase.generate])
    @given(seed=st.integers(0, 2**32), write=st.sampled_from([exported, previewed]))
    def holds(seed: int, write: Any) -> None:
        assert list(wrong_in(seed, platform, write(some_program(seed, platform, count > 100)), tmp_path)) == []

    holds()


WHOLE = [exported(some_program(7, "aws")), previewed(some_program(7, "azure"))]


@pytest.mark.parametrize("whole", WHOLE, ids=["export", "preview"])
def test_a_file_that_is_cut_is_refused_wherever_it_is_cut(whole: str, tmp_path: Path) -> None:
    for end in range(0, len(whole) - 1, max(1, len(whole) // 60)):
        refused = judged(whole[:end], tmp_path)
        assert isinstance(refused, str) and is_a_sentence(refused) and "kept.json" in refused


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value inside."""
    inside = list(cast("dict[Any, Any]", value).items()) if isinstance(value, dict) else []
    inside += enumerate(cast("list[Any]", value)) if isinstance(value, list) else []
    for key, one in inside:
        yield (*at, key)
        yield from places(one, (*at, key))


@pytest.mark.parametrize("whole", WHOLE, ids=["export", "preview"])
def test_a_hostile_file_is_judged_or_refused(whole: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """An odd value in any place of the file, the engine's own words among them."""
    draw, every = random.Random(whole), list(places(json.loads(whole)))
    for _ in range(60 if not request.config.getoption("--long") else 4000):
        said = json.loads(whole)
        place = draw.choice(every)
        within = said
        for key in place[:-1]:
            within = within[key]
        within[place[-1]] = draw.choice((*ODD, HALF))
        checked = judged(json.dumps(said), tmp_path)
        assert within[place[-1]] != HALF or isinstance(checked, str)
        told = [checked] if isinstance(checked, str) else [one.message for one in checked.findings]
        assert all(map(is_a_sentence, told)), (place, within[place[-1]])
        assert "broke on it" not in " ".join(told), (place, within[place[-1]])


ALONE: dict[str, Any] = {"dependencies": [], "propertyDependencies": {}, "provider": ""}
"""What a resource says that names no other: a file that leaves out what it names is refused."""


@pytest.mark.parametrize("form", ["table", "json", "sarif", "markdown"])
def test_each_form_of_the_command_can_show_it(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class One:
        def __enter__(self) -> "One":
            return self

        def __exit__(self, *_: object) -> None: ...

        def scan(self, rendered: Rendered) -> ScanResult:
            return nothing(rendered)

    monkeypatch.setattr(Checkov, "start", lambda _: One())  # pyright: ignore[reportUnknownLambdaType]
    file = tmp_path / "kept.json"
    bucket = {**some_program(4, "gcp")[0], "urn": f"{BEGINS}gcp:storage/bucket:Bucket::\x00\x1b[31m"}
    file.write_text(
        exported([{**bucket, "type": "gcp:storage/bucket:Bucket", "parent": None, **ALONE}]), encoding="utf-8"
    )
    run = CliRunner().invoke(application(), ["check", str(file), "--format", form])
    assert run.exit_code == 1 and isinstance(run.exception, SystemExit), run.exception
    assert run.stdout.strip() and "\x1b[31m" not in run.stdout


def test_twice_the_program_is_at_most_twice_the_work(tmp_path: Path) -> None:
    """Counted in calls of functions, which no slow machine changes."""

    def calls(copies: int) -> int:
        bucket = some_program(4, "gcp")[0] | {"parent": None, "dependencies": [], "propertyDependencies": {}}
        type_ = "gcp:storage/bucket:Bucket"
        many = [{**bucket, "type": type_, "urn": f"{BEGINS}{type_}::b{n}"} for n in range(copies)]
        count = 0

        def called(_frame: object, event: str, _of: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(called)
        try:
            judged(exported(many), tmp_path)
        finally:
            sys.setprofile(None)
        return count

    calls(1)  # what is read once
    some, more, most = calls(5), calls(10), calls(20)
    assert most - more <= 2.1 * (more - some)
