"""A text with wildcards covers exactly what the same text covers when each way is tried."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue import iam
from catalogue.wildcards import covers, pattern

TEXTS = st.text("ab:*?[", max_size=8)
NAMES = st.text("ab:", max_size=8)


@given(text=TEXTS, name=NAMES)
def test_it_covers_what_any_text_in_place_of_each_star_makes_of_it(text: str, name: str) -> None:
    naive = ".*".join(map(re.escape, text.split("*")))
    assert bool(pattern(text).fullmatch(name)) == bool(re.fullmatch(naive, name))


@given(text=TEXTS, name=NAMES)
def test_so_does_iam_in_which_a_question_mark_is_one_character(text: str, name: str) -> None:
    naive = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text)
    assert iam.matches(text, name, {}) == bool(re.fullmatch(naive, name))


@given(text=st.lists(TEXTS, min_size=6, max_size=6), name=st.lists(NAMES, min_size=6, max_size=6))
def test_a_wildcard_stays_within_its_part_of_an_arn(text: list[str], name: list[str]) -> None:
    parts, values = ":".join(text), ":".join(name)
    naive, colons = "", 0
    for letter in parts:
        one = "." if colons >= 5 else "[^:]"
        naive += {"*": f"{one}*", "?": one}.get(letter, re.escape(letter))
        colons += letter == ":"
    assert iam.condition_holds("ArnLike", [parts], "k", {"k": values}) == bool(re.fullmatch(naive, values))


@pytest.mark.parametrize("text", ["*a" * 5000, "a*" * 5000 + "b", "[" * 50_000])
def test_a_text_of_many_wildcards_is_not_tried_in_every_way(text: str) -> None:
    assert not covers(text, "a" * 60 + "c")
    assert not iam.matches(text, "a" * 60 + "c", {})


def test_upper_and_lower_case_are_the_same_where_a_name_is_covered() -> None:
    assert covers("Microsoft.Storage/*/READ", "microsoft.storage/storageAccounts/read")
    assert not covers("a?c", "abc")
