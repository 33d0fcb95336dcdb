"""The predictor: what it refuses in a request and in a model's file, and that nothing else goes wrong."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.pack import HERE
from examples.serving.predictor import FILE, FORMAT, BadModel, BadRequest, Predictor, load, parse, rows_of_csv

SMALL = Predictor(("a", "b"), means=(1.0, 2.0), scales=(2.0, 4.0), coefficients=(1.0, -1.0), intercept=0.5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def test_a_prediction_is_the_probability_by_hand() -> None:
    # 0.5 + (3 - 1) / 2 - (4 - 2) / 4 = 1
    assert SMALL.predict([[3, 4]]) == [round(1 / (1 + math.exp(-1)), 6)]
    assert SMALL.predict([]) == []


def test_far_scores_are_certain_and_no_error() -> None:
    assert SMALL.predict([[1e9, 2], [-1e9, 2]]) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("instances", "sentence"),
    [
        ({"a": 1}, "The instances are no list; send a list with one list of numbers for each instance."),
        ([[3, 4], 5], "Instance 2 is no list; send its 2 numbers as a list."),
        ([[3]], "Instance 1 has 1 values; the model takes 2, from 'a' to 'b'."),
        ([[3, None]], "Instance 1 has None as 'b'; send a finite number."),
        ([[True, 4]], "Instance 1 has True as 'a'; send a finite number."),
        ([[3, math.nan]], "Instance 1 has nan as 'b'; send a finite number."),
        ([[1e308, -1e308], [-1e308, 1.7e308]], None),
        ([["x" * 99, 4]], "Instance 1 has 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... as 'a'; send a finite number."),
    ],
)
def test_what_cannot_be_scored_is_refused_in_a_sentence(instances: object, sentence: str | None) -> None:
    if sentence is None:
        assert SMALL.predict(instances) == [1.0, 0.0]
        return
    with pytest.raises(BadRequest) as refused:
        SMALL.predict(instances)
    assert str(refused.value) == sentence


def test_a_number_whose_score_is_not_finite_is_refused() -> None:
    steep = Predictor(("a",), (0.0,), (1e-3,), (1.0,), 0.0)
    with pytest.raises(BadRequest, match=r"^Instance 1 has a number that is too large to be scored\.$"):
        steep.predict([[1.7e308]])


def test_an_integer_that_no_float_holds_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"^Instance 1 has 1000.*\.\.\. as 'a'; send a finite number\.$"):
        SMALL.predict([[10**400, 1]])


@given(st.lists(st.lists(JSON, min_size=2, max_size=2), max_size=3) | JSON)
def test_whatever_is_sent_is_scored_or_refused(instances: object) -> None:
    try:
        predictions = SMALL.predict(instances)
    except BadRequest as refused:
        assert str(refused).endswith(".") and len(str(refused)) < 200
    else:
        assert all(0 <= prediction <= 1 for prediction in predictions)


def test_csv_keeps_what_is_no_number_for_the_refusal() -> None:
    assert rows_of_csv("1,2.5\r\n\n-3e2, 4\n") == [[1.0, 2.5], [-300.0, 4.0]]
    assert rows_of_csv("mean radius,1") == [["mean radius", 1.0]]


def _changed(**values: Any) -> bytes:
    return json.dumps(json.loads((HERE / "model" / FILE).read_bytes()) | values).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x80\x04pickle", "is not of the format"),
        (b"[]", "is not of the format"),
        (b"{}", "is not of the format"),
        (_changed(format="other/2"), f"format is 'other/2'; this predictor reads '{FORMAT}'"),
        (_changed(means=[1.0]), "not one mean, scale and coefficient for each feature"),
        (_changed(means=[], scales=[], coefficients=[], features=[]), "not one mean, scale and coefficient"),
        (_changed(intercept=math.inf), "not finite"),
        (_changed(scales=[0.0] * 30), "a scale of 0"),
        (_changed(scales=["x"] * 30), "is not of the format"),
    ],
)
def test_a_file_that_is_no_model_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(BadModel) as refused:
        parse(content)
    assert says in str(refused.value)


def test_a_folder_without_a_model_is_refused(tmp_path: Any) -> None:
    with pytest.raises(BadModel, match="cannot be read: No such file"):
        load(tmp_path)
