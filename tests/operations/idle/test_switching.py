"""`enabled: false` in a stack file, and back: every other byte stays."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from operations.idle.switching import Reason, brought_back, taken_off
from stacks.config import STACKS
from tests import sharing

REASON = Reason(date(2026, 11, 27), "ana@example.com", "nobody asked anything of it for 96 hours")
PILOTS = {
    platform: (STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8")
    for platform in ("aws", "gcp", "azure")
}


def endpoint(text: str, name: str) -> Any:
    return yaml.safe_load(text)["config"]["mlplatform:endpoints"][name]


@pytest.mark.parametrize("platform", PILOTS)
def test_a_pilots_endpoint_goes_off_and_comes_back_to_the_byte(platform: str) -> None:
    text = PILOTS[platform]
    off = taken_off(text, {"fraud-scorer": REASON})
    added = [line for line in off.splitlines() if line not in text.splitlines()]
    assert added == [
        "      # off by mlplatform idle on 2026-11-27, by ana@example.com: nobody asked anything of it for 96 hours",
        "      enabled: false",
    ]
    assert endpoint(off, "fraud-scorer") == {**endpoint(text, "fraud-scorer"), "enabled": False}
    assert brought_back(off) == (text, ["fraud-scorer"])


WAYS = {
    "block": "    a:\n      kind: online  # why\n      model: m\n",
    "flow": "    a: {kind: online, model: m}  # why\n",
    "flow over lines": "    a: {\n      kind: online,\n      model: m\n    }\n",
    "on by word": "    a:\n      kind: online\n      enabled: true  # said so\n      model: m\n",
    "quoted": '    "a":\n      "kind": online\n      model: m\n',
    "the last line, without an end": "    a:\n      model: m\n      enabled: true",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_an_endpoint(way: str, end: str) -> None:
    text = f"config:\n  # the team's\n  mlplatform:endpoints:\n{WAYS[way]}".replace("\n", end)
    off = taken_off(text, {"a": REASON})
    assert endpoint(off, "a")["enabled"] is False and off.count(end) == text.count(end) + (2 if way in PLAIN else 1)
    back, names = brought_back(off)
    assert names == ["a"] and endpoint(back, "a").get("enabled", True) is True
    assert back == text or "enabled: true" in text
    assert "# off by" not in back


PLAIN = ("block", "quoted")
KEYS = st.sampled_from(
    ["kind: online", "model: m", "# a remark", "canary: {percent: 10}", "text: |\n        enabled: x"]
)


@settings(max_examples=sharing.examples(20))
@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.lists(KEYS, min_size=1)), min_size=1))
def test_only_the_named_endpoint_changes(drawn: Sequence[tuple[str, Sequence[str]]]) -> None:
    blocks = {name: ["kind: online", *dict.fromkeys(k for k in keys if k != "kind: online")] for name, keys in drawn}
    lines = [f"    {name}:\n" + "".join(f"      {key}\n" for key in keys) for name, keys in blocks.items()]
    text = "config:\n  mlplatform:endpoints:\n" + "".join(lines)
    name = drawn[-1][0]
    off = taken_off(text, {name: REASON})
    before, after = (yaml.safe_load(one)["config"]["mlplatform:endpoints"] for one in (text, off))
    assert after.pop(name) == {**before.pop(name), "enabled": False} and before == after
    assert brought_back(off) == (text, [name])


def test_what_cannot_be_switched_is_refused_with_a_sentence() -> None:
    text = PILOTS["aws"]
    with pytest.raises(BadInput, match="has no endpoint scorer that could be switched; there are fraud-scorer"):
        taken_off(text, {"scorer": REASON})
    with pytest.raises(BadInput, match=r"has no endpoint fraud_scorer .*; did you mean fraud-scorer\?"):
        brought_back(text, ["fraud_scorer"])
    off = taken_off(text, {"fraud-scorer": REASON})
    with pytest.raises(BadInput, match="is false already"):
        taken_off(off, {"fraud-scorer": REASON})
    with pytest.raises(BadInput, match="is on already"):
        brought_back(text, ["fraud-scorer"])
    assert brought_back(text) == (text, []), "nothing is off"


def test_what_a_person_took_off_comes_back_only_by_its_name() -> None:
    text = "config:\n  mlplatform:endpoints:\n    a:\n      enabled: false\n      model: m\n"
    assert brought_back(text) == (text, [])
    assert "enabled" not in endpoint(brought_back(text, ["a"])[0], "a")


def test_who_and_why_stay_one_line() -> None:
    off = taken_off(
        PILOTS["gcp"], {"fraud-scorer": Reason(date(2026, 11, 27), "ana\nconfig: {}", "why\n  enabled: true")}
    )
    assert endpoint(off, "fraud-scorer")["enabled"] is False
