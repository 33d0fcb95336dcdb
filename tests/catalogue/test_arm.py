"""Ids of Azure are one in any case, and two ids of two resources are two in any."""

from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.arm import compared, same
from catalogue.graph import Graph, Resource

_NAME = st.from_regex(r"[a-zA-Z][a-zA-Z0-9._-]{0,20}", fullmatch=True)
_ID = st.builds(
    "/subscriptions/11112222-3333-4444-5555-666677778888/resourceGroups/{}/providers/Microsoft.Storage/storageAccounts/{}".format,
    _NAME,
    _NAME,
)


@st.composite
def _cased(draw: st.DrawFn) -> tuple[str, str]:
    """An id, and the same with each letter in a case of its own."""
    id_ = draw(_ID)
    upper = draw(st.lists(st.booleans(), min_size=len(id_), max_size=len(id_)))
    return id_, "".join(letter.upper() if up else letter.lower() for letter, up in zip(id_, upper, strict=True))


@settings(max_examples=30, deadline=None)
@given(_cased())
def test_an_id_is_one_in_any_case_and_with_a_slash_at_its_end(both: tuple[str, str]) -> None:
    id_, other = both
    assert same(id_, other)
    assert same(id_, f"{other}/")
    assert compared(compared(other)) == compared(id_)
    assert same(f"azureml:{id_}", f"azureml:{other}")


@settings(max_examples=30, deadline=None)
@given(_ID, _ID)
def test_ids_of_two_resources_are_two(one: str, other: str) -> None:
    assert same(one, other) == (one.lower() == other.lower())


@settings(max_examples=30, deadline=None)
@given(_NAME)
def test_what_is_no_id_is_compared_as_it_is(text: str) -> None:
    assert compared(text) == text
    assert not same("", "")


@settings(max_examples=30, deadline=None)
@given(_cased())
def test_a_reference_is_followed_in_any_case_and_to_none_that_the_id_does_not_name(both: tuple[str, str]) -> None:
    id_, said = both
    named, beside = (_of(name, {"id": an}) for name, an in (("named", id_), ("beside", f"{id_}-beside")))
    user = _of("user", {}, inputs={"scope": said}, property_dependencies={"scope": (named.urn, beside.urn)})
    graph = Graph("pilot", "azure", (named, beside, user), {})
    assert graph.refers(user, "scope") == [named]
    assert graph.referring(user.type, "scope", named) == [user]
    assert graph.referring(user.type, "scope", beside) == []


def _of(name: str, outputs: dict[str, str], **rest: object) -> Resource:
    type_ = "azure-native:storage:StorageAccount"
    return Resource(f"urn:pulumi:pilot::p::{type_}::{name}", type_, name, True, outputs=outputs, **rest)  # pyright: ignore[reportArgumentType]
