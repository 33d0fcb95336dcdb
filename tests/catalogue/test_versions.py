"""The record of a version: what it must say, that its digest is a function of that, and what is refused."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue import versions
from catalogue.errors import BadInput
from stacks.config import STACKS

ZERO = f"sha256:{'0' * 64}"
RECORD: dict[str, Any] = {
    "schema": "mlplatform-model-version/1",
    "name": "churn",
    "version": 7,
    "artifact": {"format": "onnx", "files": [{"path": "model/model.onnx", "sha256": ZERO, "size": 3}]},
    "image": f"registry.example.com/serving/churn@{ZERO}",
    "signature": {
        "inputs": [{"name": "age", "type": "long", "required": True}, {"name": "plan", "type": "string"}],
        "outputs": [{"name": "churns", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 1]}}],
    },
    "preprocessing": [{"operation": "in-artifact", "says": "The graph scales age itself."}],
    "metrics": {"roc_auc": 0.83},
    "card": {
        "description": "Who leaves.",
        "intended_use": "Offers.",
        "limits": "Adults.",
        "licence": "MIT",
        "owner": "crm@x",
    },
    "lineage": {
        "data": [{"what": "customers", "uri": "s3://data/2026", "sha256": ZERO}],
        "code": {"repository": "https://github.com/example/churn", "commit": "a" * 40},
        "training_image": f"registry.example.com/training@{ZERO}",
        "run": "churn-2026-11-01",
        "parameters": {"depth": "4"},
    },
    "recorded": {
        "request": {
            "inputs": [
                {"name": "age", "shape": [2], "datatype": "INT64", "data": [31, 64]},
                {"name": "plan", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]},
            ]
        },
        "response": {
            "outputs": [{"name": "churns", "shape": [2, 1], "datatype": "FP32", "data": [0.5, 1.0]}],
        },
    },
}


def _changed(path: str, value: Any) -> dict[str, Any]:
    """The record with another value at a path of keys; with none where that is `...`."""
    said = json.loads(json.dumps(RECORD))
    *above, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place = said
    for key in above:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return said


def _read(said: Any) -> versions.Version:
    return versions.read(versions.canonical(said), "version.json")


def _leaves(value: Any, path: str = "") -> list[str]:
    """The path of each value that stands in a record."""
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in _leaves(one, f"{path}.{key}")]
    if isinstance(value, list):
        return [leaf for index, one in enumerate(value) for leaf in _leaves(one, f"{path}.{index}")]
    return [path.lstrip(".")]


def test_a_record_reads_as_it_says() -> None:
    found = _read(RECORD)
    assert (found.name, found.version, found.artifact.files[0].path) == ("churn", 7, "model/model.onnx")
    jsonschema.validate(RECORD, versions.schema())


def test_the_schema_that_is_kept_is_that_of_today() -> None:
    assert json.loads((STACKS / "version.schema.json").read_text(encoding="utf-8")) == versions.schema(), (
        "run `make schema`"
    )
    jsonschema.Draft202012Validator.check_schema(versions.schema())


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_digest_is_a_function_of_what_is_said_whatever_the_order_of_keys(random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            pairs = list(value.items())
            random.shuffle(pairs)
            return {key: shuffled(one) for key, one in pairs}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    written = versions.canonical(shuffled(RECORD))
    assert versions.digest(written) == versions.digest(versions.canonical(RECORD))
    assert versions.read(written, "version.json") == _read(RECORD)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(_leaves(RECORD)), st.text(max_size=4) | st.integers() | st.floats() | st.none() | st.booleans())
def test_another_value_is_another_digest_or_a_sentence(path: str, value: Any) -> None:
    said = _changed(path, value)
    try:
        content = versions.canonical(said)
        found = versions.read(content, "version.json")
    except BadInput as refused:
        assert all(line.startswith("version.json: ") for line in str(refused).splitlines())
        return
    except ValueError:  # JSON has no such number or text, so no file has it
        return
    assert (said == RECORD) == (found == _read(RECORD))
    assert json.dumps(said) == json.dumps(RECORD) or versions.digest(content) != versions.digest(
        versions.canonical(RECORD)
    )


@pytest.mark.parametrize("key", [key for key in RECORD if key != "schema"])
def test_nothing_may_be_left_out(key: str) -> None:
    with pytest.raises(BadInput, match=rf"^version\.json: {key}: is missing; every entry has it$"):
        _read(_changed(key, ...))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("artifact.files.0.path", "../x", "artifact.files.1.path: must be a path below its folder"),
        ("artifact.files.0.path", "/x", "artifact.files.1.path: must be a path below its folder"),
        ("artifact.files.0.path", "a/../../x", "artifact.files.1.path: must be a path below its folder"),
        ("artifact.files.0.path", "a\\x", "artifact.files.1.path: must be a path below its folder"),
        ("artifact.files.0.path", "a\n", "artifact.files.1.path: must be a path below its folder"),
        ("artifact.files", [], "artifact.files: must have one or more"),
        ("image", "registry.example.com/churn:7", "image: found 'registry.example.com/churn:7'"),
        ("preprocessing", [], "preprocessing: must have one or more"),
        ("preprocessing.0", {"operation": "none"}, "preprocessing.1.why: is missing"),
        ("metrics.roc_auc", True, "metrics.roc_auc: found true"),
        ("lineage.code.commit", "main", "lineage.code.commit: found 'main'"),
        ("version", 0, "version: found 0"),
        ("version", "7", "version: found '7'"),
        ("name", "a/b", "name: found 'a/b'"),
        ("recorded.request.inputs.0.name", "Age", "recorded.request has other names than the signature"),
        ("recorded.request.inputs.0.datatype", "FP32", "recorded.request: age is no INT64 of 1 dimensions"),
        ("recorded.request.inputs.0.data", [1], "has 1 values, and its shape has 2"),
        ("recorded.response.outputs.0.shape", [1, 2], "churns has the shape [1, 2], not [-1, 1]"),
        ("extra", 1, "extra: unknown key"),
    ],
)
def test_a_wrong_value_is_one_sentence(path: str, value: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        _read(_changed(path, value))
    assert sentence in str(refused.value)


OLDER = "sha256:49ce55987baf2d64dc96c63b536cd0a7ba0673fb5f7420d3ed45d816bd392c84"
"""The digest of RECORD, as it was before a record had a gate."""
GATE = {"metric": "roc_auc", "bound": 0.8, "sense": "at-least", "value": 0.83}


def test_a_record_says_what_its_gate_compared_and_an_older_one_says_nothing() -> None:
    old, new = _read(RECORD), _read({**RECORD, "gate": GATE})
    assert old.gate is None and versions.digest(versions.canonical(RECORD)) == OLDER
    jsonschema.validate({**RECORD, "gate": GATE}, versions.schema())
    assert new.gate is not None and new.gate.passed and str(new.gate) == "roc_auc 0.83, at least 0.8"
    for change in ({"bound": 0.9}, {"sense": "at-most"}):
        found = _read({**RECORD, "gate": {**GATE, **change}}).gate
        assert found is not None and not found.passed
    for change, said in (
        ({"value": 0.84}, "gate has a value that is not that of its metric"),
        ({"metric": "f1"}, "gate has a value that is not that of its metric"),
        ({"sense": "about"}, "gate.sense: found 'about'"),
        ({"passed": True}, "gate.passed: unknown key"),
    ):
        with pytest.raises(BadInput, match=said):
            _read({**RECORD, "gate": {**GATE, **change}})


@pytest.mark.parametrize("paths", [["a", "a"], ["a", "A"], ["a", "a/b"], ["a/b", "A"], ["a-b", "a/b", "a"]])
def test_files_that_cannot_lie_in_one_folder_are_refused(paths: list[str]) -> None:
    files = [{"path": path, "sha256": ZERO, "size": 1} for path in paths]
    with pytest.raises(BadInput, match="twice, or as a file and a folder"):
        _read(_changed("artifact.files", files))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no JSON that can be read"),
        (b"[" * 100_000, "is no JSON that can be read"),
        (b"\xff", "is no JSON that can be read"),
        (b'{"name": NaN}', "is no JSON that can be read"),
        (b'{"a":1,"a":2}', "names 'a' twice"),
        (b" " * (versions.LARGEST + 1), "is larger than"),
        (json.dumps(RECORD, indent=1).encode(), "is not canonical JSON"),
        (b" " + versions.canonical(RECORD), "is not canonical JSON"),
        (versions.canonical(RECORD).replace(b"0.83", b"1e999"), "metrics.roc_auc"),
        (versions.canonical(RECORD).replace(b'"31"', b'"\\ud800"').replace(b"MIT", b"\\ud800"), "version.json: "),
    ],
)
def test_bytes_that_are_no_record_are_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        versions.read(content, "version.json")
    assert sentence in str(refused.value)


def test_an_approval_names_the_digest_that_it_is_of_and_its_time_has_a_zone() -> None:
    said = {
        "schema": "mlplatform-approval/1",
        "digest": ZERO,
        "decision": "approved",
        "by": "ana@x",
        "why": "Measured.",
    }
    written = versions.canonical({**said, "at": "2026-11-02T09:30:00+00:00"})
    assert versions.read_approval(written, "approval.json").digest == ZERO
    with pytest.raises(BadInput, match=r"^approval\.json: at: "):
        versions.read_approval(versions.canonical({**said, "at": "2026-11-02T09:30:00"}), "approval.json")
    with pytest.raises(BadInput, match=r"^approval\.json: digest: is missing"):
        versions.read_approval(b'{"schema":"mlplatform-approval/1"}', "approval.json")
