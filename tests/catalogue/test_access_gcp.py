"""Conditions of grants on Google Cloud are read as what they mean, in whatever form they are written."""

import pytest

from catalogue.access.gcp import NotRead, alternatives, holds

BUCKET = "projects/_/buckets/b"
NAMED = f'resource.name.startsWith("{BUCKET}/objects/models/")'
LISTED = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("models/")'
ITSELF = f'resource.name == "{BUCKET}"'
OBJECTS = 'resource.type == "storage.googleapis.com/Object"'
MODEL, OTHER = f"{BUCKET}/objects/models/a", f"{BUCKET}/objects/batch/a"
UNTIL = 'request.time < timestamp("2027-01-01T00:00:00Z")'


@pytest.mark.parametrize(
    ("condition", "on", "prefix", "expected"),
    [
        ("", OTHER, "", True),
        (NAMED, MODEL, "", True),
        (NAMED, OTHER, "", False),
        (f"( {NAMED} )||({LISTED})", MODEL, "", True),
        (NAMED.replace('"', "'").replace("(", "( "), MODEL, "", True),
        (f"{NAMED} || {LISTED}", BUCKET, "models/1/", True),
        (f"{NAMED} || {LISTED}", BUCKET, "", False),
        (f"{NAMED} || {ITSELF}", BUCKET, "", True),
        (f"{NAMED} || {ITSELF}", OTHER, "", False),
        (f"{OBJECTS} && ({NAMED} || {LISTED})", MODEL, "", True),
        (f"{OBJECTS} && ({NAMED} || {LISTED})", BUCKET, "models/1/", False),
        (f'resource.service == "storage.googleapis.com" && {NAMED}', MODEL, "", True),
        (f"{NAMED} && {UNTIL}", OTHER, "", False),
        (f"{NAMED} && {UNTIL} || {NAMED}", MODEL, "", True),
        (f"{NAMED} && {UNTIL}", MODEL, "", None),
        (f"!({NAMED})", MODEL, "", None),
        (f"({NAMED}", MODEL, "", None),
    ],
)
def test_a_condition_holds_where_google_says_so(condition: str, on: str, prefix: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(NotRead, match="what is not read"):
            holds(condition, on, prefix)
    else:
        assert holds(condition, on, prefix) is expected


def test_a_text_has_no_operators_in_it_and_no_condition_grows_without_end() -> None:
    assert alternatives("a('x || (y && z') || (b && (c || d))") == (("a('x || (y && z')",), ("b", "c"), ("b", "d"))
    with pytest.raises(NotRead, match="more than 100 alternatives"):
        alternatives(" && ".join(["(a || b)"] * 40))


@pytest.mark.parametrize("around", [("(", "a", ")"), ("(", "a", ""), ("(a && ", "b", ")")])
def test_brackets_however_deep_end_in_a_sentence(around: tuple[str, str, str]) -> None:
    """They took the square of their number, and more than a thousand of them ended in a RecursionError."""
    opens, within, closes = around
    with pytest.raises(NotRead, match="brackets more than 32 deep"):
        alternatives(opens * 30_000 + within + closes * 30_000)
    assert len(alternatives("a && " * 30_000 + "b")) == 1
