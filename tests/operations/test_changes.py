"""What changed since an earlier verdict: each difference is told once, and nothing else is."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.marked import as_secret
from catalogue.marks import UNKNOWN
from operations import report, words
from operations.changes import Earlier, VerdictBefore, changes
from operations.verdict import Verdict
from tests.operations.sample_verdict import hostile, nothing, sample

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


def resource(name: str, **inputs: Any) -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:s::p::aws:s3/bucket:Bucket::{name}",
        "name": name,
        "type": "aws:s3/bucket:Bucket",
        "custom": True,
        "protect": False,
        "options": {},
        "inputs": inputs,
    }


def graph(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resources": list(resources)}


def before(verdict: Verdict, kept: dict[str, Any]) -> Earlier:
    return Earlier("the report kept", VerdictBefore.model_validate(verdict.model_dump(mode="json")), kept)


def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    since = changes(before(sample(), graph(old)), sample(), graph(new))
    return [words.changed_property(item) for one in since.resources for item in one.properties]


@pytest.mark.parametrize("verdict", [sample(), hostile(), nothing()], ids=["sample", "hostile", "nothing"])
def test_the_same_verdict_has_no_change(verdict: Verdict) -> None:
    one = graph(resource("a", tags={"owner": "b"}, policy='{"Statement": []}'))
    since = changes(before(verdict, one), verdict, copy.deepcopy(one))
    assert since.resources == [] and since.findings == []
    said = words.changes_in_words(verdict.model_copy(update={"changes": since}))
    assert said == (
        "Compared with the report kept: Resources: the same. Findings: the same. "
        "Idle floor: the same. Ceiling: the same."
    )


def test_resources_that_came_went_or_changed_are_told_with_both_values() -> None:
    old = graph(resource("gone"), resource("kept", size=1), resource("same", size=1))
    new = graph(resource("new"), resource("kept", size=2), resource("same", size=1))
    since = changes(before(sample(), old), sample(), new)
    assert [(one.how, one.resource) for one in since.resources] == [
        ("gone", "gone"),
        ("changed", "kept"),
        ("new", "new"),
    ]
    assert words.changed_properties(since.resources[1], 3) == "size: 1 → 2"


def test_a_policy_in_a_text_is_compared_statement_by_statement() -> None:
    old = resource("a", policy=json.dumps({"Statement": [{"Action": "s3:GetObject", "Effect": "Allow"}]}))
    new = resource("a", policy=json.dumps({"Statement": [{"Action": "s3:*", "Effect": "Allow"}, {"Effect": "Deny"}]}))
    assert told(old, new) == [
        "policy.Statement[0].Action: s3:GetObject → s3:*",
        'policy.Statement[1]: nothing → {"Effect": "Deny"}',
    ]


def test_a_protection_that_was_taken_off_is_a_change() -> None:
    assert told({**resource("a"), "protect": True}, resource("a")) == ["protect: true → false"]


def test_what_pulumi_ignores_is_no_change() -> None:
    ignoring = {"options": {"ignoreChanges": ["timePeriod.startDate"]}}
    assert told({**resource("a", timePeriod=1), **ignoring}, {**resource("a", timePeriod=2), **ignoring}) == []


def test_no_secret_and_no_mark_is_printed() -> None:
    said = told(resource("a", key=as_secret("old"), url="x"), resource("a", key="new", url=UNKNOWN))
    assert said == ["key: a secret → new", "url: x → not known yet"]


@given(old=JSON, new=JSON)
def test_a_difference_is_told_where_there_is_one(old: Any, new: Any) -> None:
    assert bool(told(resource("a", value=old), resource("a", value=new))) == (json.dumps(old) != json.dumps(new))


def test_findings_that_came_went_or_stand_otherwise() -> None:
    verdict = sample()
    waived = next(f for f in verdict.findings if f.waived)
    failing = next(f for f in verdict.findings if f.fails)
    others = [f for f in verdict.findings if f not in (waived, failing)]
    was = verdict.model_copy(update={"findings": [waived.model_copy(update={"waived": None}), *others]})
    is_now = verdict.model_copy(update={"findings": [waived, failing, *others[1:]]})
    since = changes(before(was, graph()), is_now, graph())
    said = {(f.rule, f.resource): words.changed_finding(f) for f in since.findings}
    assert said == {
        (failing.rule, failing.resource): "new, fails",
        (waived.rule, waived.resource): "waived, was fails",
        (others[0].rule, others[0].resource): f"gone, was {words.standing(others[0])}",
    }
    assert since.findings[0].rule == failing.rule, "what fails stands first"


def test_money_is_told_as_before_and_more() -> None:
    dear = sample()
    cost = dear.cost.model_copy(update={"ceiling_usd": dear.cost.ceiling_usd - 100})
    since = changes(before(dear.model_copy(update={"cost": cost}), graph()), dear, graph())
    said = words.changes_in_words(dear.model_copy(update={"changes": since}))
    assert "Idle floor: the same. Ceiling: $2,423.91 before, +$100.00." in said


def test_a_stack_that_did_not_exist_is_all_new() -> None:
    since = changes(Earlier("commit abc", None, None), sample(), graph(resource("a")))
    assert [one.how for one in since.resources] == ["new"]
    said = words.changes_in_words(sample().model_copy(update={"changes": since}))
    assert said == "Compared with commit abc: the stack did not exist then."


def many_changes(verdict: Verdict) -> Verdict:
    old = graph(*(resource(f"r{number}", size=1) for number in range(100)))
    new = graph(*(resource(f"r{number}", size=2, other={"x": "|`<b>"}) for number in range(100)))
    empty = verdict.model_copy(update={"findings": []})
    return verdict.model_copy(update={"changes": changes(before(empty, old), verdict, new)})


@pytest.mark.parametrize("stacks", [1, 3, 50])
@pytest.mark.parametrize("verdict", [sample(), hostile(), nothing()], ids=["sample", "hostile", "nothing"])
def test_the_markdown_summary_is_one_screen(verdict: Verdict, stacks: int) -> None:
    text = report.markdown([many_changes(verdict)] * stacks)
    lines = text.splitlines()
    assert len(lines) < 60 and text.endswith("\n")
    table = [line for line in lines if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1, "no text breaks the table"
    assert not any("<script" in line.replace("\\<", "") for line in lines), "a name is no markup"
    if stacks == 50:
        assert "35 more stacks are in the index of the reports." in text


def test_the_page_and_the_terminal_tell_what_changed() -> None:
    page = report.html(many_changes(sample()))
    assert "What changed" in page and "size: 1 → 2" in page and 'href="#changes"' in page
    assert 'id="changes"' not in report.html(sample())


def test_the_summary_parts_what_is_wrong_from_what_to_do() -> None:
    wrong = [f.model_copy(update={"message": f.message.rstrip(".")}) for f in sample().findings]
    for verdict in (sample(), sample().model_copy(update={"findings": wrong})):
        text = report.markdown([verdict])
        assert text.count(". Remedy: ") == len(verdict.failing) > 0 and ".. " not in text
