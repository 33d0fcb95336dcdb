"""What stands is read from what the engine writes, and whatever else a file says ends in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.marks import SECRET, SECRET_KIND, SECRET_MARK
from operations.standing.reading import no_state, read

STACK = "claims"
BUCKET = f"urn:pulumi:{STACK}::mlplatform::aws:s3/bucket:Bucket::b"
ROOT = f"urn:pulumi:{STACK}::mlplatform::pulumi:pulumi:Stack::mlplatform-{STACK}"


def state(**more: Any) -> dict[str, Any]:
    return {"urn": BUCKET, "type": "aws:s3/bucket:Bucket", "custom": True, "id": "b-1", "parent": ROOT, **more}


def exported(*resources: object) -> dict[str, Any]:
    root = {"urn": ROOT, "type": "pulumi:pulumi:Stack", "custom": False}
    return {"version": 3, "deployment": {"resources": [root, *resources]}}


def kept(document: object, folder: Path) -> Path:
    file = folder / "state.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_a_state_is_read_without_secrets_and_without_what_is_going_or_is_another_stacks(tmp_path: Path) -> None:
    secret = {SECRET_MARK: SECRET_KIND, "ciphertext": "v1:planted"}
    gone = state(urn=f"{BUCKET}-old", delete=True)
    foreign = state(urn=f"{BUCKET}-read", external=True)
    one = state(inputs={"size": 2.0, "key": secret}, outputs={"arn": "arn:b"}, protect=True, retainOnDelete=True)
    standing = read(kept(exported(one, gone, foreign), tmp_path), STACK, "aws")
    (bucket,) = standing.graph.resources
    assert (bucket.name, bucket.parent, bucket.protect) == ("b", None, True)
    assert bucket.inputs == {"size": 2, "key": SECRET} and bucket.outputs == {"arn": "arn:b", "id": "b-1"}
    assert standing.retained == {BUCKET}
    assert [one.urn for one in standing.going] == [f"{BUCKET}-old"]
    assert "planted" not in json.dumps(standing.graph.to_json())


def test_what_the_engine_keeps_for_itself_with_a_provider_is_nothing_that_anybody_said(tmp_path: Path) -> None:
    provider = BUCKET.replace("aws:s3/bucket:Bucket", "pulumi:providers:aws")
    said = {"region": "us-east-1", "__internal": {}, "version": "7.51.1"}
    one = state(urn=provider, type="pulumi:providers:aws", inputs=said)
    (read_,) = read(kept(exported(one), tmp_path), STACK, "aws").graph.resources
    assert read_.inputs == {"region": "us-east-1", "version": "7.51.1"}


def test_what_a_cut_run_left_unfinished_is_read(tmp_path: Path) -> None:
    cut = exported(state())
    cut["deployment"]["pending_operations"] = [{"type": "creating", "resource": state(urn=f"{BUCKET}-2")}]
    standing = read(kept(cut, tmp_path), STACK, "aws")
    assert standing.pending == ("creating Bucket b-2",) and len(standing.graph.resources) == 1


def test_a_stack_that_was_never_up_stands_with_nothing(tmp_path: Path) -> None:
    assert read(kept({"version": 3, "deployment": None}, tmp_path), STACK, "aws").graph.resources == ()


def test_the_engines_own_preview_says_the_step(tmp_path: Path) -> None:
    new = state(inputs={"bucket": "c"})
    steps = [
        {"op": "refresh", "urn": f"{BUCKET}-2", "oldState": state(urn=f"{BUCKET}-2"),
         "newState": state(urn=f"{BUCKET}-2")},
        {"op": "same", "urn": ROOT, "oldState": {"urn": ROOT, "type": "pulumi:pulumi:Stack", "custom": False}},
        {"op": "delete-replaced", "urn": BUCKET, "oldState": state()},
        {"op": "create-replacement", "urn": BUCKET, "oldState": state(), "newState": new,
         "replaceReasons": ["bucket"], "detailedDiff": {"bucket": {"kind": "update-replace"}}},
        {"op": "replace", "urn": BUCKET, "oldState": state(), "newState": new, "replaceReasons": ["bucket"]},
        {"op": "delete", "urn": f"{BUCKET}-2", "oldState": state(urn=f"{BUCKET}-2")},
    ]  # fmt: skip
    standing = read(kept({"steps": steps}, tmp_path), STACK, "aws")
    assert {urn: (one.how, one.changed, one.replaced) for urn, one in standing.foreseen.items()} == {
        BUCKET: ("replace", ("bucket",), ("bucket",)),
        f"{BUCKET}-2": ("delete", (), ()),
    }
    assert standing.planned is not None and [*standing.planned.by_urn] == [BUCKET]
    assert standing.planned.by_urn[BUCKET].inputs == {"bucket": "c"}


def test_what_goes_with_one_that_is_replaced_and_is_not_asked_for_again_is_deleted(tmp_path: Path) -> None:
    """The engine tells it as a step of a replacement alone, and leaves it out without --show-replacement-steps."""
    steps = [{"op": op, "urn": BUCKET, "oldState": state()} for op in ("refresh", "delete-replaced")]
    standing = read(kept({"steps": [{**steps[0], "newState": state()}, steps[1]]}, tmp_path), STACK, "aws")
    assert {urn: one.how for urn, one in standing.foreseen.items()} == {BUCKET: "delete"}
    assert standing.planned is not None and not standing.planned.resources
    assert standing.told == {BUCKET}


UNREAD: list[object] = [
    [],
    {},
    {"deployment": 3},
    exported(3),
    exported({}),
    {"steps": [{"op": "create"}]},
    {"stack": "a", "resources": [{}]},
]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        *((document, "cannot be read as what stands") for document in UNREAD),
        (exported(state(urn=BUCKET.replace(STACK, "other"))), "is of another stack than claims"),
    ],
)
def test_what_is_no_state_of_the_stack_is_refused_in_a_sentence(document: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        read(kept(document, tmp_path), STACK, "aws")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_not_json_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read(tmp_path / "none.json", STACK, "aws")
    file = tmp_path / "text.json"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="is not JSON"):
        read(file, STACK, "aws")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "nobody is logged in"),
        ("error: no stack named 'aws-claims' found", "has no stack aws-claims"),
        ("error: unable to open the bucket\x1b[2J", "shows no state of aws-claims: unable to open the bucket"),
        ("", "it said nothing"),
    ],
)
def test_what_pulumi_says_without_a_state_is_told_with_what_to_do(said: str, sentence: str) -> None:
    told = no_state("aws-claims", said)
    assert sentence in told and "log in" in told and "`pulumi login" in told
    assert told.isprintable() and "PULUMI_ACCESS_TOKEN" not in told
