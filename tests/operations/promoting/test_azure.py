"""A version on azure: what is read of it and of its approval, what is refused, and the one call that approves."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import APPROVED, REJECTED, Registered
from operations.doctor import azure as doctor
from operations.promoting import azure
from stacks.config import STACKS, read_stack_file
from tests.operations.doctor.doubles import Cloud, azure_error
from tests.operations.promoting.test_promoting import BECAUSE, NAME, content

SUBSCRIPTION, STACK = "0-1", "azure-pilot"
AT = (
    f"management.azure.com/subscriptions/{SUBSCRIPTION}/resourceGroups/{STACK}/providers/"
    "Microsoft.MachineLearningServices/workspaces"
)
VERSION, APPROVAL = (f"{AT}/w1/models/{name}/versions/2" for name in (f"{NAME}-registered", f"{NAME}-approved"))
RECORD = f"store.blob.core.windows.net/artifacts/registry/{NAME}/2/version.json"
OWN = versions.digest(content(2))


def shown(digest: str, **more: object) -> dict[str, Any]:
    return {"properties": {"properties": {"digest": digest}, **more}, "systemData": {"createdBy": "ana@example.com"}}


def cloud(**other: Any) -> Cloud:
    """The workspace with version 2, its record and no approval; `other` answers by the names above."""
    answers: dict[str, Any] = {
        AT: {"value": [{"name": "w1"}]},
        f"{AT}/w1/datastores/artifacts": {"properties": {"accountName": "store", "containerName": "artifacts"}},
        VERSION: shown(OWN),
        RECORD: httpx.Response(200, content=content(2)),
        **{
            {"version": VERSION, "approval": APPROVAL, "record": RECORD, "workspaces": AT}[k]: v
            for k, v in other.items()
        },
    }
    return Cloud(lambda request: answers.get(f"{request.url.host}{request.url.path}"))


def account(of: Cloud) -> doctor.Account:
    reads = (*doctor.READS, doctor.BLOB, azure.WRITES)
    return doctor.account_of(lambda scope: f"token for {scope}", SUBSCRIPTION, "eastus2", of.transport(), reads)


def found(of: Cloud) -> tuple[str, str]:
    seen = azure.found_by(account(of), STACK, Registered(NAME, 2))
    return seen.status, seen.digest


def test_what_is_decided_is_the_version_of_the_approvals() -> None:
    assert found(cloud()) == ("Undecided", OWN)
    assert found(cloud(approval=shown(OWN))) == ("Approved", OWN)
    assert found(cloud(approval=shown(OWN, isArchived=True))) == ("Rejected", OWN)
    seen = azure.found_by(account(cloud(approval=shown(OWN, description="fits"))), STACK, Registered(NAME, 2))
    assert (seen.because, seen.by, seen.record.version) == ("fits", "ana@example.com", 2)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"version": None}, "the workspace of azure-pilot has no such version; register it first"),
        ({"workspaces": {"value": []}}, "the workspace of azure-pilot has no such version; register it first"),
        ({"version": shown("sha256:other")}, "was registered with the digest sha256:other"),
        ({"approval": shown("sha256:other")}, "was decided on with the digest sha256:other"),
        ({"record": None}, "has no record at azureml://datastores/artifacts/paths/registry/scorer/2/version.json"),
        ({"record": httpx.Response(200, content=content(1))}, "is of scorer@1"),
        ({"approval": azure_error(403, "AuthorizationFailed")}, "cannot be read: it takes the right"),
    ],
)
def test_what_is_not_what_was_registered_is_refused_in_one_sentence(other: Mapping[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)) as refused:
        found(cloud(**other))
    assert len(str(refused.value).splitlines()) == 1


def test_the_one_call_writes_the_approval_with_the_digest_that_was_seen() -> None:
    of = cloud(approval={})
    azure.decide_by(account(of), STACK, Registered(NAME, 2), OWN, BECAUSE[1], APPROVED)
    (sent,) = (request for request in of.asked if request.method != "GET")
    assert (sent.method, f"{sent.url.host}{sent.url.path}") == ("PUT", APPROVAL)
    body = json.loads(sent.content)["properties"]
    assert body["properties"] == {"digest": OWN} and body["isArchived"] is False and body["description"] == BECAUSE[1]
    assert body["modelUri"].endswith("/workspaces/w1/datastores/artifacts/paths/registry/scorer/2/")
    refused: list[tuple[dict[str, Any], str]] = [
        ({"approval": azure_error(403, "AuthorizationFailed")}, "sign in as the persona azure-pilot-identity-approver"),
        ({"approval": None}, "the workspace has no model scorer-approved"),
        ({"workspaces": {"value": []}}, "azure-pilot has no workspace"),
    ]
    for other, said in refused:
        with pytest.raises(BadInput, match=said):
            azure.decide_by(account(cloud(**other)), STACK, Registered(NAME, 2), OWN, BECAUSE[1], APPROVED)


def test_a_rejection_is_an_approval_that_is_archived() -> None:
    for before in ({}, shown(OWN)):
        of = cloud(approval=before)
        azure.decide_by(account(of), STACK, Registered(NAME, 2), OWN, BECAUSE[1], REJECTED)
        (sent,) = (request for request in of.asked if request.method != "GET")
        assert (sent.method, f"{sent.url.host}{sent.url.path}") == ("PUT", APPROVAL)
        body = json.loads(sent.content)["properties"]
        assert (body["isArchived"], body["properties"]) == (True, {"digest": OWN})
        assert found(cloud(approval={"properties": body})) == ("Rejected", OWN)


def test_what_would_be_sent_is_a_command_of_the_cli() -> None:
    config = read_stack_file(STACKS / "Pulumi.azure-pilot.yaml")
    seen = azure.found_by(account(cloud()), STACK, Registered(NAME, 2))
    said = azure.decision(STACK, config, Registered(NAME, 2), seen, BECAUSE[1], APPROVED)
    assert said.startswith("az ml model create --name scorer-approved --version 2 --resource-group azure-pilot ")
    assert "--type custom_model --path azureml://" in said and config.account in said
    assert f"--set properties.digest={OWN}" in said
    archives = azure.decision(STACK, config, Registered(NAME, 2), replace(seen, status=APPROVED), "", REJECTED)
    assert archives.startswith("az ml model archive --name scorer-approved --version 2 ")
    refused = azure.decision(STACK, config, Registered(NAME, 2), seen, BECAUSE[1], REJECTED)
    assert refused == f"{said} && {archives}", "what nobody decided on has no version that could be archived"
