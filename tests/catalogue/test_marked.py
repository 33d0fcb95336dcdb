"""Properties with Pulumi's marks in them: what hides a secret, shows it, and puts it back."""

import pytest

from catalogue.marked import (
    DEFAULTS,
    answered,
    as_secret,
    has_unknown,
    merged,
    redacted,
    refilled,
    unmarked,
    whole_numbers,
    with_defaults,
    without_defaults,
)
from catalogue.marks import SECRET, SECRET_MARK, UNKNOWN, is_secret, is_special

ASSET = {SECRET_MARK: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}
HIDDEN = {"a": [{"b": as_secret({"c": as_secret("hunter2")})}], "plain": 1}


def test_a_secret_is_redacted_at_any_depth_and_shown_by_unmarking():
    assert redacted(HIDDEN) == {"a": [{"b": SECRET}], "plain": 1}
    assert redacted(redacted(HIDDEN)) == redacted(HIDDEN)
    assert redacted((as_secret(1), 2)) == [SECRET, 2]
    assert unmarked(HIDDEN) == {"a": [{"b": {"c": "hunter2"}}], "plain": 1}


def test_what_is_redacted_shares_nothing_with_the_constant():
    redacted({"a": as_secret(1)})["a"]["value"] = "changed"
    assert SECRET["value"] == "[secret]"


def test_an_asset_is_special_and_no_secret():
    assert is_special(ASSET) and not is_secret(ASSET)
    assert redacted(ASSET) == unmarked(ASSET) == with_defaults(ASSET) == ASSET


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (UNKNOWN, True),
        ("3eeb2bf0-c639-47a8-9e75-3b44932eb421", True),
        ({"a": [{"b": UNKNOWN}]}, True),
        (as_secret(UNKNOWN), True),
        ({"a": [1, None, "x"]}, False),
    ],
)
def test_an_unknown_is_found_at_any_depth(value, expected):
    assert has_unknown(value) is expected


def test_whole_numbers_are_what_the_program_wrote():
    numbers = whole_numbers({"a": [1.0, 1.5, True], "b": {"c": 2.0}})
    assert numbers == {"a": [1, 1.5, True], "b": {"c": 2}}
    assert [type(one) for one in numbers["a"]] == [int, float, bool]


def test_notes_of_defaults_are_put_into_each_object_and_taken_out():
    given = {"tags": {"a": "b"}, "list": [{"c": 1}], "secret": as_secret({"d": 1})}
    noted = with_defaults(given, ["name"])
    assert noted == {
        "tags": {"a": "b", DEFAULTS: []},
        "list": [{"c": 1, DEFAULTS: []}],
        "secret": as_secret({"d": 1}),
        DEFAULTS: ["name"],
    }
    assert without_defaults(noted) == given


def test_secrets_that_were_left_out_are_put_back_from_what_is_given():
    stored = {"a": [{"b": SECRET}, {"b": SECRET}], "c": 1, "d": SECRET}
    given = {"a": [{"b": as_secret("x")}], "c": 2}
    assert refilled(stored, given) == {"a": [{"b": as_secret("x")}, {"b": None}], "c": 1, "d": None}


def test_what_is_found_as_it_was_given_keeps_its_marks_and_what_drifted_does_not():
    given = {
        "same": {"x": as_secret(1), DEFAULTS: []},
        "drifted": {"x": "old", "y": as_secret(2), DEFAULTS: []},
        "gone": 1,
        DEFAULTS: ["name"],
    }
    found = {"same": {"x": SECRET}, "drifted": {"x": "new", "y": SECRET}, "added": 3}
    assert merged(given, found) == {
        "same": {"x": as_secret(1), DEFAULTS: []},
        "drifted": {"x": "new", "y": as_secret(2)},
        "added": 3,
        DEFAULTS: ["name"],
    }


def test_an_answer_to_a_secret_input_is_a_secret():
    inputs = {"url": as_secret("http://u"), "password": as_secret("p"), "name": "n"}
    answer = {"url": "http://u/", "password": "p", "name": "N", "arn": "a"}
    assert answered(inputs, answer) == {
        "url": as_secret("http://u/"),
        "password": as_secret("p"),
        "name": "N",
        "arn": "a",
    }
