"""The registry on Azure Machine Learning: a version of a model, its approval, and its record beside its artifact.

Model Versions - Get and Create Or Update, https://learn.microsoft.com/en-us/rest/api/azureml/model-versions
"""

from collections.abc import Mapping
from shlex import join
from typing import Any, cast

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import APPROVED, DIGEST, REJECTED, Registered
from operations.doctor import NoCredentials, Unseen
from operations.doctor.azure import BLOB, DATASTORE, ML_VERSION, READS, VERSION, Account, digest_of, open_account
from operations.doctor.rest import Read
from operations.promoting import Found
from stacks.model import StackConfig

WRITES = Read(VERSION.address, "Microsoft.MachineLearningServices/workspaces/models/versions/write", "PUT")
UNDECIDED = "Undecided"


def found(stack: str, config: StackConfig, version: Registered) -> Found:
    """The version with its record. Raises BadInput where there is none, or the digest is not the record's."""
    return found_by(_open(config), stack, version)


def found_by(account: Account, stack: str, version: Registered) -> Found:
    """As `found`, by an account."""
    called = _called(stack, version)
    try:
        registered = _of(account, stack, version.versions, version)
        if registered is None:
            raise BadInput(f"{called}: the workspace of {stack} has no such version; register it first")
        approval = _of(account, stack, version.approvals, version)
        content = _record(account, stack, version)
    except Unseen as error:
        raise BadInput(f"{called}: cannot be read: {error}") from None
    if content is None:
        raise BadInput(f"{called}: has no record at {_at(version)}; upload what was registered")
    record = versions.read(content, _at(version))
    if (record.name, record.version) != (version.name, version.version):
        raise BadInput(f"{called}: the record at {_at(version)} is of {record.name}@{record.version}")
    own, digest = versions.digest(content), digest_of(registered)
    if digest != own:
        raise BadInput(f"{called}: was registered with the digest {digest}, and its record has {own}; trust neither")
    if approval is None:
        return Found(UNDECIDED, "", "", own, record)
    if (approved := digest_of(approval)) != own:
        raise BadInput(f"{called}: was decided on with the digest {approved}, and its record has {own}; trust neither")
    said: Mapping[str, Any] = approval["properties"]
    by: Mapping[str, Any] = approval.get("systemData") or {}
    status = REJECTED if said.get("isArchived") else APPROVED
    return Found(status, str(said.get("description") or ""), str(by.get("createdBy", "")), own, record)


def approval(stack: str, config: StackConfig, version: Registered, digest: str, because: str) -> str:
    """The command of the Azure CLI that approves the version."""
    said = {"--name": version.approvals, "--version": str(version.version), "--type": "custom_model"}
    said |= {"--path": _folder(version), "--description": because, "--set": f"properties.{DIGEST}={digest}"}
    said |= {"--resource-group": stack, "--workspace-name": "WORKSPACE", "--subscription": config.account}
    return join(["az", "ml", "model", "create", *(word for pair in said.items() for word in pair)])


def approve(stack: str, config: StackConfig, version: Registered, digest: str, because: str) -> None:
    """Approve the version as whoever is signed in. Raises BadInput where Azure refuses.

    The call says the digest, so that what is approved is what the approver saw.
    """
    approve_by(_open(config, WRITES), stack, version, digest, because)


def approve_by(account: Account, stack: str, version: Registered, digest: str, because: str) -> None:
    """As `approve`, by an account."""
    called = _called(stack, version)
    try:
        workspace = account.workspace(stack)
        if workspace is None:
            raise BadInput(f"{called}: {stack} has no workspace; bring {stack} up first")
        within = f"subscriptions/{account.subscription}/resourceGroups/{stack}/workspaces/{workspace['name']}"
        body = {
            "properties": {
                "description": because,
                "isArchived": False,
                "modelType": "custom_model",
                "modelUri": _folder(version).replace("azureml://", f"azureml://{within}/"),
                "properties": {DIGEST: digest},
            }
        }
        at = {"subscription": account.subscription, "group": stack, "workspace": str(workspace["name"])}
        url = WRITES.at(**at, name=version.approvals, version=str(version.version))
        answer = account.reader.ask(WRITES, url, params=ML_VERSION, json=body)
    except Unseen as error:
        raise BadInput(
            f"{called}: Azure does not approve it: {error}; sign in as the persona {stack}-identity-approver, which "
            "alone may"
        ) from None
    if answer is None:
        raise BadInput(f"{called}: the workspace has no model {version.approvals}; bring {stack} up first")


def _open(config: StackConfig, *more: Read) -> Account:
    try:
        return open_account(config.account, config.region, (*READS, BLOB, *more))
    except NoCredentials as error:
        raise BadInput(str(error)) from None


def _of(account: Account, stack: str, model: str, version: Registered) -> Mapping[str, Any] | None:
    return account.in_workspace(VERSION, stack, model, ML_VERSION, version=str(version.version))


def _record(account: Account, stack: str, version: Registered) -> bytes | None:
    """The record, which the datastore `artifacts` shows."""
    datastore = account.in_workspace(DATASTORE, stack, "artifacts", ML_VERSION)
    if datastore is None:
        return None
    where = cast(Mapping[str, str], datastore["properties"])
    names = {"account": where["accountName"], "container": where["containerName"]}
    url = BLOB.at(**names, model=version.name, version=str(version.version), file=versions.RECORD)
    answer = account.reader.ask(BLOB, url)
    return None if answer is None else answer.content


def _called(stack: str, version: Registered) -> str:
    return f"{stack}/{version.name}/{version.version}"


def _folder(version: Registered) -> str:
    return f"azureml://datastores/artifacts/paths/{version.folder}"


def _at(version: Registered) -> str:
    return f"{_folder(version)}{versions.RECORD}"
