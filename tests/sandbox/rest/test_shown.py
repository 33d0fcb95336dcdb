"""The documents that a sandbox's double shows: which of them a call has changed."""

from sandbox.rest.shown import Shown


def shown():
    documents = Shown()
    documents.load("a", {"n": [1]})
    documents.load("b", {"n": [2]})
    return documents


def test_what_is_changed_is_told_once_with_what_the_file_holds():
    documents = shown()
    documents["a"]["n"].append(9)
    documents["c"] = {"n": [3]}
    del documents["b"]
    assert documents.changed() == {"a": {"n": [1]}, "b": {"n": [2]}, "c": {}}
    assert documents.changed() == {}


def test_what_is_only_read_is_not_changed():
    documents = shown()
    assert documents["a"] == {"n": [1]} and documents.get("x") is None
    assert [one["n"] for one in documents.values()] == [[1], [2]]
    assert documents.changed() == {}


def test_what_the_file_holds_replaces_what_was_shown():
    documents = shown()
    documents.load("a", {"n": [7]})
    documents.load("b", None)
    assert dict(documents) == {"a": {"n": [7]}}
    assert documents.changed() == {}
