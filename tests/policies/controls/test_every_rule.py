"""Every rule of the pack has a control that stands for it, or a reason why no cloud can; and the page says both."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.hardware import catalogue
from catalogue.iam import matches
from catalogue.platforms import PLATFORMS
from policies import pack
from policies.controls import World, controls, documentation, unfolded, unprevented, why_not
from policies.limits import Limits, load


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_rule_has_a_control_or_one_reason(platform: str) -> None:
    names = {rule.name for rule in pack.shipped(platform)}
    told = {rule for control in controls(platform) for rule in control.rules}
    reasons = {name: [why for why, said in unprevented(platform).items() if _among(name, said)] for name in names}
    assert told <= names, "a control names a rule that there is not"
    assert {name: reasons[name] for name in names - told if len(reasons[name]) > 1} == {}
    unsaid = [name for name in sorted(names - told) if not why_not(platform, name)]
    assert unsaid == [], "give the rule a control, or its reason in UNPREVENTED"
    assert {name for name in told if reasons[name]} == set(), "has a control, and a reason for none"


def _among(name: str, said: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in said)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_pattern_of_a_reason_names_a_rule(platform: str) -> None:
    names = [rule.name for rule in pack.shipped(platform)]
    patterns = [pattern for said in unprevented(platform).values() for pattern in said]
    assert [one for one in patterns if not any(fnmatchcase(name, one) for name in names)] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_control_says_all_that_a_reviewer_asks(platform: str) -> None:
    held = load().of(platform, None).limits
    assert [one.name for one in controls(platform)] == list(dict.fromkeys(one.name for one in controls(platform)))
    for one in controls(platform):
        assert one.rules and one.source.startswith("https://")
        assert all(text.endswith(".") for text in (one.threat, one.prevents, one.bypass)), one.name
        assert "@" in one.approver(held), f"{one.name}: {one.approves} is neither a limit nor an address"


def test_the_page_is_that_of_the_controls() -> None:
    assert documentation.FILE.read_text(encoding="utf-8") == documentation.page(), "run `make docs`"


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("ml.*.large", ["ml.*.large"]),
        ("D[24]_v?", ["D2_v?", "D4_v?"]),
        ("[a-c]x", ["ax", "bx", "cx"]),
        ("[!a]x", ["?x"]),
        ("[ab][12]", ["a1", "a2", "b1", "b2"]),
    ],
)
def test_a_set_is_written_out(pattern: str, said: list[str]) -> None:
    assert unfolded(pattern) == said


def _allowed(platform: str, patterns: list[str]) -> set[str]:
    """The machine types of the catalogue that the platform's own control lets start, where the limits say these."""
    held = load().of(platform, None)
    said = Limits({**held.limits, "machine-types": held["machine-types"].model_copy(update={"value": patterns})}, {})
    world = World(PLATFORMS[platform].name, said)
    (control,) = [one for one in controls(platform) if one.name in ("machine-types", "served-machines")]
    part = control.compile(world)[-1]
    every = set(catalogue.load(platform).machine_types)
    if platform == "aws":
        wild = part["Condition"]["ForAnyValue:StringNotLike"]["sagemaker:InstanceTypes"]
        return {one for one in every if any(matches(pattern, one, {}) for pattern in wild)}
    if platform == "gcp":
        (pattern,) = re.findall(r"matches\('(.*)'\)", part["condition"])
        return {one for one in every if re.fullmatch(pattern, one)}
    return {*part["policyRule"]["if"]["allOf"][-1]["notIn"]}


_LETTERS = st.text("abcdefgmlnpstDEFNSv.-_0123456789*?", min_size=1, max_size=9)


@pytest.mark.parametrize("platform", PLATFORMS)
@given(drawn=st.lists(st.one_of(_LETTERS, st.just("[a-f]*"), st.just("n[12]-*"), st.just("ml.[cm]5.*")), max_size=4))
@settings(max_examples=15, derandomize=True)
def test_the_control_lets_the_same_machine_types_start_as_the_rule(platform: str, drawn: list[str]) -> None:
    """Each platform's patterns know less than those of the limits: sets, several stars, one letter, either case."""
    shipped = load().of(platform, None)["machine-types"].value
    assert isinstance(shipped, list)
    for patterns in (shipped, [*shipped, *drawn]):
        limit = load().of(platform, None)["machine-types"].model_copy(update={"value": patterns})
        wanted = {one for one in catalogue.load(platform).machine_types if limit.allows(one)}
        assert _allowed(platform, patterns) == wanted
