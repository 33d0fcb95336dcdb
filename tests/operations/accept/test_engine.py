"""What the engine's events say of a cloud's answers, and how they are held against the records of the kinds."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, Stays
from catalogue.kinds import kind_of, kinds
from catalogue.platforms import PLATFORMS
from catalogue.transcripts import BEHAVIOURS
from operations.accept.engine import Answer, answers, compared, errors

TYPE = "aws:s3/bucket:Bucket"
URN = f"urn:pulumi:dev::mlplatform::{TYPE}::data"
PROVIDER = {
    "op": "create",
    "urn": "urn:pulumi:dev::mlplatform::pulumi:providers:aws::aws",
    "type": "pulumi:providers:aws",
}


def event(name: str, op: str, urn: str = URN, **more: Any) -> dict[str, Any]:
    side = {"custom": True, "inputs": {"bucket": "data"}}
    new = {} if op == "delete" else {"new": side}
    old = {"old": side} if op in ("delete", "update", "same") else {}
    return {name: {"metadata": {"op": op, "urn": urn, "type": urn.split("::")[2], **old, **new, **more}}}


def said(message: str, urn: str | None = URN, severity: str = "error") -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": f"{message}\n", **({"urn": urn} if urn else {})}}


def log(tmp_path: Path, *events: dict[str, Any], before: str = "", after: str = "") -> Path:
    file = tmp_path / "up.log"
    file.write_text(before + "".join(f"{json.dumps(one)}\n" for one in events) + after, encoding="utf-8")
    return file


def test_what_was_done_is_told_and_what_was_looked_at_is_not(tmp_path: Path) -> None:
    same = [event("resourcePreEvent", "same"), event("resOutputsEvent", "same")]
    provider = {"resOutputsEvent": {"metadata": {**PROVIDER, "new": {"custom": True}}}}
    made = [event("resourcePreEvent", "create"), event("resOutputsEvent", "create")]
    component = event("resOutputsEvent", "create", new={"custom": False})
    found = answers(log(tmp_path, *same, provider, *made, component, before="warning: a line\n", after='{"resOut'))
    assert [(one.operation, one.type, one.name, one.says) for one in found] == [("create", TYPE, "data", "")]
    assert found[0].inputs == {"bucket": "data"}


@pytest.mark.parametrize("failed", [[], [event("resOpFailedEvent", "create")]])
def test_a_failure_has_the_clouds_sentence_once(tmp_path: Path, failed: list[dict[str, Any]]) -> None:
    file = log(tmp_path, event("resourcePreEvent", "create"), said("no right"), *failed, said("update failed", None))
    assert [(one.operation, one.says) for one in answers(file)] == [("create", "no right")]
    assert errors(file) == ["no right", "update failed"]


def test_what_failed_before_any_event_has_its_last_line(tmp_path: Path) -> None:
    assert errors(log(tmp_path, before="Updating (dev)\nerror: no stack named 'dev' found\n")) == [
        "error: no stack named 'dev' found"
    ]
    assert errors(tmp_path / "absent.log") == [] and answers(tmp_path / "absent.log") == []


def test_a_replacement_says_for_which_input(tmp_path: Path) -> None:
    detailed = {"bucket": {"diffKind": "update-replace"}, "tags.owner": {"diffKind": "update"}}
    (one,) = answers(log(tmp_path, event("resOutputsEvent", "replace", detailedDiff=detailed, keys=["bucket"])))
    assert one.operation == "replace" and one.replaces == ("bucket",) and one.changes == ("bucket", "tags.owner")


def met(*given: Answer) -> dict[tuple[str, str], str]:
    assert {one.behaviour for one in compared(given)} <= set(BEHAVIOURS)
    return {(one.type, one.behaviour): one.status for one in compared(given)}


def every() -> list[tuple[str, Behaviour]]:
    found = [(kind.token, kind.acts) for platform in PLATFORMS for kind in kinds(platform).values()]
    return [(token, acts.behaviour) for token, acts in found if isinstance(acts, Acts)]


def holds(token: str) -> bool:
    """Whether the name of one that was deleted is refused at once."""
    kind = kind_of(token)
    return kind is not None and isinstance(kind.stays, Stays) and not kind.stays.back


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_kind_is_held_against_its_own_record(platform: str) -> None:
    known = [one for one in every() if one[0] in kinds(platform)]
    assert len(known) > 20
    for token, own in known:
        urn = f"urn:pulumi:dev::mlplatform::{token}::one"
        assert met(Answer("create", urn, token)) == {(token, "create"): "seen"}
        assert met(Answer("update", urn, token, changes=("no-such-input",))) == {(token, "update"): "seen"}
        assert met(Answer("replace", urn, token, replaces=("no-such-input",))) == {(token, "replace"): "contradicted"}
        for path in own.replaces:
            plain = path.replace("[]", "[0]")
            assert met(Answer("replace", urn, token, replaces=(plain,))) == {(token, "replace"): "seen"}, path
            assert met(Answer("update", urn, token, changes=(plain,))) == {(token, "update"): "contradicted"}, path
        second = met(Answer("create", urn, token, says="EntityAlreadyExists: it already exists"))
        assert second == {(token, "second create"): "seen" if own.second == "refused" else "contradicted"}
        if own.locked:
            shut = met(Answer("delete", urn, token, inputs={own.locked: True}))
            assert shut == {(token, "delete"): "contradicted"}
        if own.name:
            gone, again = ({own.name: "n"}, {own.name: "n"})
            story = met(Answer("delete", urn, token, inputs=gone), Answer("create", urn, token, inputs=again))
            assert story[token, "create again"] == ("contradicted" if holds(token) else "seen"), token
            held = Answer("create", urn, token, says="is in the state of soft-deleted", inputs=again)
            story = met(Answer("delete", urn, token, inputs=gone), held)
            assert story[token, "create again"] == ("seen" if holds(token) else "contradicted"), token
            other = met(Answer("delete", urn, token, inputs=gone), Answer("create", urn, token, inputs={own.name: "o"}))
            assert (token, "create again") not in other


@pytest.mark.parametrize(
    "says",
    [
        "ResourceLimitExceeded: the account-level service limit is 0 Instances",
        "googleapi: Error 403: Vertex AI API has not been used in project 1 before or it is disabled",
        "MissingSubscriptionRegistration: The subscription is not registered to use namespace 'Microsoft.Insights'",
        "AccessDeniedException: User is not authorized to perform: sagemaker:CreateEndpoint",
        "googleapi: Error 429: Quota exceeded for quota metric",
        "500 Internal error encountered.",
        "InsufficientInstanceCapacity: no capacity",
        "context deadline exceeded: connection reset by peer",
    ],
)
def test_what_an_account_lacks_tells_nothing_of_a_kind(says: str) -> None:
    assert met(Answer("create", URN, TYPE, says)) == {}


def test_one_contradiction_outweighs_what_went_well() -> None:
    refused = Answer("create", URN, TYPE, "InvalidBucketName: the name is malformed")
    for given in ([Answer("create", URN, TYPE), refused], [refused, Answer("create", URN, TYPE)]):
        assert met(*given) == {(TYPE, "create"): "contradicted"}


def test_a_store_that_is_not_empty_is_known_to_refuse() -> None:
    says = "BucketNotEmpty: The bucket you tried to delete is not empty"
    assert met(Answer("delete", URN, TYPE, says)) == {(TYPE, "delete"): "seen"}


def test_a_type_that_nobody_knows_tells_nothing() -> None:
    assert met(Answer("create", "urn:pulumi:dev::p::own:a:B::b", "own:a:B")) == {}
