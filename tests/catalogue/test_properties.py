"""The view of properties: what each accessor gives, and that what cannot be judged is never taken for something."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.graph import Resource
from catalogue.marked import DEFAULTS
from catalogue.marks import SECRET, UNKNOWN
from catalogue.properties import Hidden, Malformed, NotKnown, Properties

VALUES = {
    "name": "a",
    "count": "3",
    "on": "true",
    "off": False,
    "none": None,
    "rules": [{"key": "k1", "days": 7}, {"key": "k2"}],
    "nested": {"list": [["a"], ["b", "c"]], "map": {"x": {"v": 1}, "y": {"v": 2}}},
    "unknown": UNKNOWN,
    "secret": SECRET,
}
PROPS = Properties(VALUES)
AWAITED = Resource(
    urn="u", type="t", name="n", custom=True, inputs=VALUES, property_dependencies={"unknown": ("other",)}
)
READERS: list[Callable[[Properties, str], Any]] = [
    Properties.value_or_none,
    Properties.text_or_empty,
    Properties.text_if_known,
    Properties.number_or_none,
    Properties.flag_or_none,
    Properties.section_or_empty,
    Properties.document_or_empty,
    lambda props, path: list(props.each(path)),
    lambda props, path: list(props.each_text(path)),
    lambda props, path: list(props.each_text_if_known(path)),
    lambda props, path: list(props.each_number(path)),
    lambda props, path: list(props.each_section(path)),
]


def test_one_value_is_read_in_the_form_that_the_reader_names() -> None:
    assert PROPS.text_or_empty("name") == "a"
    assert PROPS.number_or_none("count") == 3
    assert PROPS.flag_or_none("on") is True and PROPS.flag_or_none("off") is False
    assert PROPS.section_or_empty("nested.map").names() == ["x", "y"]
    assert PROPS.text_or_empty("missing.deeper") == "" and PROPS.number_or_none("none") is None


def test_every_element_is_read_whatever_lists_are_on_the_way() -> None:
    assert list(PROPS.each_text("rules.key")) == ["k1", "k2"]
    assert list(PROPS.each_number("rules.days")) == [7]
    assert list(PROPS.each_text("nested.list")) == ["a", "b", "c"]
    assert list(PROPS.each_number("nested.map.*.v")) == [1, 2]
    assert list(PROPS.each_text("name")) == ["a"]
    assert [part.at for part in PROPS.each_section("rules")] == ["rules[0]", "rules[1]"]


def test_a_list_is_never_read_at_its_first_element() -> None:
    for path in ("rules.key", "nested.list.0"):
        with pytest.raises(Malformed, match="is a list where one value is read"):
            PROPS.value_or_none(path)


@pytest.mark.parametrize("read", READERS)
def test_a_secret_is_never_read_in_silence(read: Callable[[Properties, str], Any]) -> None:
    for path in ("secret", "secret.deeper"):
        with pytest.raises(Hidden, match="secret"):
            read(PROPS, path)


@pytest.mark.parametrize("read", READERS)
def test_what_is_not_known_raises_unless_the_name_says_otherwise(read: Callable[[Properties, str], Any]) -> None:
    with pytest.raises(NotKnown, match=r"^unknown is not known before up$"):
        read(PROPS, "unknown")
    if read is Properties.text_if_known or read is READERS[9]:
        assert not read(AWAITED.props, "unknown"), "it comes from another resource, which is judged by itself"


def test_presence_counts_what_comes_from_another_resource_and_nothing_else_unknown() -> None:
    assert PROPS.is_given("name") and PROPS.is_given("nested") and PROPS.is_given("rules")
    assert Properties({"it": 0}).is_given("it") and Properties({"it": [{}]}).is_given("it")
    for empty in (None, False, "", "  ", [], [""], [None, " "], {}):
        assert not Properties({"it": empty}).is_given("it"), empty
    for hidden in (SECRET, [SECRET], ["a", SECRET]):
        with pytest.raises(Hidden):
            Properties({"it": hidden}).is_given("it")
    with pytest.raises(NotKnown):
        PROPS.is_given("unknown")
    assert AWAITED.props.is_given("unknown")


def test_presence_in_each_asks_every_element() -> None:
    assert PROPS.is_given_in_each("rules.key")
    assert not PROPS.is_given_in_each("rules.days")
    assert not PROPS.is_given_in_each("rules.deeper.key")
    assert not Properties({"rules": []}).is_given_in_each("rules.key")
    assert not PROPS.is_given_in_each("missing.key")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "many", "1e308", 10**400, -(10**16)])
def test_what_is_no_number_is_below_no_bound(text: object) -> None:
    with pytest.raises(Malformed, match="where a number is read"):
        Properties({"n": text}).number_or_none("n")


@pytest.mark.parametrize(
    "text",
    [
        *('{"a": 1, "a": 2}', '{"a": ', "[1, 2]", "a: 1\na: 2", "just text", '{"x": {"y": 1, "y": 2}}', "a: [1"),
        *(
            "{" * 5000,
            f'{{"a": "{UNKNOWN}"}}',
            "a: &x {b: *x}",
            "a: !!bool maybe",
            "a: !!int ''",
            "1: b",
            "a: !!timestamp abc",
        ),
    ],
)
def test_a_document_that_can_be_misread_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Properties({"doc": text}).document_or_empty("doc")


def test_a_document_is_parsed_whole_from_json_yaml_or_as_it_stands() -> None:
    for document in ('{"s": [{"a": 1}, {"a": 2}]}', "s:\n- {a: 1}\n- {a: 2}\n", {"s": [{"a": 1}, {"a": 2}]}):
        assert list(Properties({"d": document}).document_or_empty("d").each_number("s.a")) == [1, 2]
    assert not Properties({}).document_or_empty("d")


def test_nothing_nested_is_left_out() -> None:
    inside = Properties({"a": {"b": [{"c": {"found": 1}}, [{"found": 2}]]}}).sections_inside()
    assert [part.number_or_none("found") for part in inside if "found" in part] == [1, 2]


def test_an_unreadable_value_names_the_resource_it_stands_in() -> None:
    resource = Resource(urn="urn:x", type="t", name="n", custom=True, inputs={"doc": json.dumps({"a": [1]})})
    with pytest.raises(Malformed) as caught:
        resource.props.document_or_empty("doc").value_or_none("a.b")
    assert caught.value.owner is resource and caught.value.path == "doc.a"


def test_an_answer_that_is_not_known_yet_is_no_property() -> None:
    resource = Resource(urn="u", type="t", name="n", custom=True, inputs={"a": 1}, outputs={"b": UNKNOWN, "c": 2})
    assert resource.props.names() == ["c", "a"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "x", "true", "{", "7"])
    | st.just(UNKNOWN)
    | st.just(dict(SECRET)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(values=st.dictionaries(st.sampled_from("abc"), json_values), path=st.lists(st.sampled_from("abc*"), min_size=1))
def test_property_no_reader_breaks_on_any_shape(values: dict[str, Any], path: list[str]) -> None:
    for read in READERS:
        try:
            read(Properties(values), ".".join(path))
        except (Hidden, NotKnown, Malformed) as error:
            assert str(error)


def test_the_note_of_what_a_bridged_provider_filled_in_is_no_property() -> None:
    exported = Properties({"tags": {"owner": "ana", DEFAULTS: []}, "timeouts": {DEFAULTS: []}}, "")
    assert exported.section_or_empty("tags").names() == ["owner"]
    assert exported.section_or_empty("tags") and not exported.section_or_empty("timeouts")
