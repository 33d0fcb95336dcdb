"""Expressions of a state machine's request, read as Step Functions does, or refused in a sentence."""

from typing import Any

import pytest

from catalogue.errors import BadInput
from sandbox.training.intrinsics import filled

GIVEN = {"run": "2026-11-26T02:30:00Z", "deep": {"er": [1, 2]}}
CONTEXT = {"State": {"RetryCount": 1}}


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("$.run", "2026-11-26T02:30:00Z"),
        ("$$.State.RetryCount", 1),
        ("States.ArrayGetItem(States.StringSplit($.run, 'T:'), 1)", "02"),
        ("States.ArrayGetItem($.deep.er, 1)", 2),
        (r"States.Format('it\'s {}-{}', $$.State.RetryCount, 'x')", "it's 1-x"),
        ("States.Format('s3://bucket/a (b), c/')", "s3://bucket/a (b), c/"),
    ],
)
def test_an_expression_has_its_value_in_a_run(said: str, value: Any) -> None:
    found = filled({"Tags": [{"Name.$": said, "Kept": "$.run"}]}, GIVEN, CONTEXT)
    assert found == {"Tags": [{"Name": value, "Kept": "$.run"}]}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("$.time", "the run's input has no time"),
        ("$.run.hour", "the run's input has no run.hour"),
        ("States.UUID()", "that the sandbox does not read"),
        ("States.Format('{}')", "that the sandbox does not read"),
        ("States.ArrayGetItem($.deep.er, 2)", "that the sandbox does not read"),
        ("States.Format('{}', $.run", "that the sandbox does not read"),
        ("States.Format", "that the sandbox does not read"),
        ("$.run extra", "that the sandbox does not read"),
        ("{% $states.input %}", "that the sandbox does not read"),
    ],
)
def test_what_is_not_read_is_a_sentence(said: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        filled({"Name.$": said}, GIVEN, CONTEXT)
    assert str(refused.value).startswith(f"{said!r}: ") and sentence in str(refused.value)
