"""The registry on Azure Machine Learning: a version of a model, its approval, and its record beside its artifact.

Model Versions - Get and Create Or Update, https://learn.microsoft.com/en-us/rest/api/azureml/model-versions
"""

from collections.abc import Mapping
from functools import cache
from shlex import join
from typing import Any, cast

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import APPROVED, DIGEST, REJECTED, REPOSITORY, Registered
from components.azure.names import worldwide
from operations.doctor import NoCredentials, Unseen
from operations.doctor.azure import (
    BLOB,
    DATASTORE,
    ML_VERSION,
    READS,
    VERSION,
    Account,
    digest_of,
    open_account,
    registry_token,
)
from operations.doctor.rest import Read
from operations.promoting import Found
from operations.promoting.images import Image
from stacks.model import StackConfig

WRITES = Read(VERSION.address, "Microsoft.MachineLearningServices/workspaces/models/versions/write", "PUT")
_LISTED = Read(VERSION.address.removesuffix("/{version}"), VERSION.right)
RESOURCES = Read("https://management.azure.com/subscriptions/{subscription}/resources", "a role on the workspace")
_PULLS = f"repository:{REPOSITORY}:pull"
UNDECIDED = "Undecided"


def found(stack: str, config: StackConfig, version: Registered, through: StackConfig | None = None) -> Found:
    """The version with its record. Raises BadInput where there is none, or the digest is not the record's."""
    return found_by(_open(config) if through is None else _guest(config), stack, version)


def found_by(account: Account, stack: str, version: Registered) -> Found:
    """As `found`, by an account."""
    called = _called(stack, version)
    try:
        registered = _of(account, stack, version.versions, version)
        if registered is None:
            raise BadInput(f"{called}: the workspace of {stack} has no such version; register it first")
        approval = _of(account, stack, version.approvals, version)
        content = _file(account, stack, version, versions.RECORD)
    except Unseen as error:
        raise BadInput(f"{called}: cannot be read: {error}") from None
    if content is None:
        raise BadInput(f"{called}: has no record at {_at(version)}; upload what was registered")
    record = versions.read(content, _at(version))
    if (record.name, record.version) != (version.name, version.version):
        try:
            origin = _file(account, stack, version, versions.ORIGIN)
        except Unseen as error:
            raise BadInput(f"{called}: cannot be read: {error}") from None
        if not versions.is_copy(origin, record, content, f"{_folder(version)}{versions.ORIGIN}"):
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


def decision(stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str) -> str:
    """The commands of the Azure CLI that decide on the version: to archive its approval takes it back.

    `az ml model create` and `archive`, https://learn.microsoft.com/en-us/cli/azure/ml/model
    """
    named = {"--name": version.approvals, "--version": str(version.version), "--resource-group": stack}
    named |= {"--workspace-name": "WORKSPACE", "--subscription": config.account}
    said = {"--type": "custom_model", "--path": _folder(version), "--description": because}
    said |= {"--set": f"properties.{DIGEST}={found.digest}"}
    create = join(["az", "ml", "model", "create", *(word for pair in (named | said).items() for word in pair)])
    archive = join(["az", "ml", "model", "archive", *(word for pair in named.items() for word in pair)])
    if decided == APPROVED:
        return create
    return archive if found.status == APPROVED else f"{create} && {archive}"


def decide(stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str) -> None:
    """Decide on the version as whoever is signed in. Raises BadInput where Azure refuses.

    The call says the digest, so that what is decided on is what the approver saw.
    """
    decide_by(_open(config, WRITES), stack, version, found.digest, because, decided)


def decide_by(account: Account, stack: str, version: Registered, digest: str, because: str, decided: str) -> None:
    """As `decide`, by an account."""
    called = _called(stack, version)
    try:
        workspace = account.workspace(stack)
        if workspace is None:
            raise BadInput(f"{called}: {stack} has no workspace; bring {stack} up first")
        to = str(workspace["name"])
        written = _write(account, stack, to, version.approvals, version, digest, because, decided == REJECTED)
    except Unseen as error:
        raise BadInput(
            f"{called}: Azure does not let it be {decided.lower()}: {error}; sign in as the persona "
            f"{stack}-identity-approver, which alone may"
        ) from None
    if not written:
        raise BadInput(f"{called}: the workspace has no model {version.approvals}; bring {stack} up first")


def folder(stack: str, config: StackConfig, version: Registered) -> str:
    """The address of the folder of a version in the store, whose name the datastore says."""
    try:
        datastore = _guest(config).in_workspace(DATASTORE, stack, "artifacts", ML_VERSION)
    except Unseen as error:
        raise BadInput(f"{_called(stack, version)}: its store cannot be found: {error}") from None
    if datastore is None:
        raise BadInput(f"{_called(stack, version)}: {stack} has no store of artifacts; bring {stack} up first")
    where = cast(Mapping[str, str], datastore["properties"])
    return f"az://{where['accountName']}/{where['containerName']}/{version.folder}"


def simulated(stack: str, config: StackConfig, version: Registered) -> tuple[str, str]:
    """How a sandbox calls the version, and the address of its folder there."""
    return _called(stack, version), _folder(version)


def image(stack: str, config: StackConfig, version: Registered, through: StackConfig) -> Image:
    """The image of a version. A token of Entra ID is exchanged for one of the registry.

    "Authenticate with an Azure container registry", https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
    """
    host = f"{worldwide(stack, config.account, 'images')}.azurecr.io"

    @cache
    def sign_in() -> Mapping[str, str]:
        account = _guest(through)
        scope = f"repository:{REPOSITORY}:pull,push" if config.account == through.account else _PULLS
        try:
            return {"Authorization": f"Bearer {registry_token(account, host.removesuffix('.azurecr.io'), scope)}"}
        except Unseen as error:
            raise BadInput(f"{host}: {error}") from None

    return Image(host, REPOSITORY, version.tag, sign_in)


def lock(stack: str, config: StackConfig, version: Registered) -> str:
    """The command after which nobody moves the tag of the version's image.

    "Lock a container image in an Azure container registry",
    https://learn.microsoft.com/en-us/azure/container-registry/container-registry-image-lock
    """
    name, image = worldwide(stack, config.account, "images"), f"{REPOSITORY}:{version.tag}"
    said = {"--name": name, "--subscription": config.account, "--image": image, "--write-enabled": "false"}
    return join(["az", "acr", "repository", "update", *(word for pair in said.items() for word in pair)])


def numbers(stack: str, config: StackConfig, name: str) -> list[int]:
    """The numbers of the versions of NAME-registered, archived or not.

    "Model Versions - List", https://learn.microsoft.com/en-us/rest/api/azureml/model-versions/list
    """
    account, model = _open(config, _LISTED), Registered(name, 1).versions
    try:
        workspace = account.workspace(stack)
        if workspace is None:
            raise BadInput(f"{stack}/{name}: {stack} has no workspace; bring {stack} up first")
        at = {"group": stack, "workspace": str(workspace["name"]), "name": model}
        listed = list(account.pages(_LISTED, {**ML_VERSION, "listViewType": "All"}, **at))
    except Unseen as error:
        raise BadInput(f"{stack}/{name}: cannot be read: {error}") from None
    return [int(number) for one in listed if (number := str(one["name"])).isdecimal()]


def numbered(stack: str, config: StackConfig, version: Registered, digest: str, number: int | None) -> tuple[int, bool]:
    """The number that was asked for, or the same: Azure ML takes any number, once."""
    wanted = Registered(version.name, number or version.version)
    try:
        there = _of(_guest(config), stack, wanted.versions, wanted)
    except Unseen as error:
        raise BadInput(f"{_called(stack, wanted)}: cannot be read: {error}") from None
    if there is not None and digest_of(there) != digest:
        raise BadInput(
            f"{_called(stack, wanted)}: is another version, and a version never changes; choose another number "
            "with --as"
        )
    return wanted.version, there is not None


def enrol(stack: str, config: StackConfig, version: Registered, digest: str, image: str) -> None:
    """Register a version whose files and image are there. Raises BadInput where Azure refuses."""
    called, account = _called(stack, version), _guest(config)
    try:
        workspace = account.workspace(stack)
        if workspace is None:
            raise BadInput(f"{called}: {stack} has no workspace; bring {stack} up first")
        written = _write(account, stack, str(workspace["name"]), version.versions, version, digest, "")
    except Unseen as error:
        raise BadInput(
            f"{called}: Azure does not register it: {error}; sign in as the persona {stack}-identity-publisher"
        ) from None
    if not written:
        raise BadInput(f"{called}: the workspace has no model {version.versions}; bring {stack} up first")


class Guest(Account):
    """A subscription in which somebody may read one workspace alone, and so list no resource group's workspaces."""

    def workspace(self, group: str) -> Mapping[str, Any] | None:
        """The workspace of a resource group, among the resources that one may see.

        A list of a subscription's resources has those on which one has a role: "Resources - List",
        https://learn.microsoft.com/en-us/rest/api/resources/resources/list. That it needs no role on the subscription
        is not yet seen in an account.
        """
        wanted = f"resourceGroup eq '{group}' and resourceType eq 'Microsoft.MachineLearningServices/workspaces'"
        params = {"api-version": "2021-04-01", "$filter": wanted}
        return next(self.pages(RESOURCES, params), None)


def _guest(config: StackConfig) -> Account:
    opened = _open(config, WRITES, RESOURCES)
    return Guest(opened.reader, opened.token, opened.subscription, opened.region)


def _open(config: StackConfig, *more: Read) -> Account:
    try:
        return open_account(config.account, config.region, (*READS, BLOB, *more))
    except NoCredentials as error:
        raise BadInput(str(error)) from None


def _write(
    account: Account,
    stack: str,
    workspace: str,
    model: str,
    version: Registered,
    digest: str,
    because: str,
    archived: bool = False,
) -> bool:
    """Write a version of a model, which names a digest. Returns False where the workspace has no such model."""
    within = f"subscriptions/{account.subscription}/resourceGroups/{stack}/workspaces/{workspace}"
    body = {
        "properties": {
            "description": because,
            "isArchived": archived,
            "modelType": "custom_model",
            "modelUri": _folder(version).replace("azureml://", f"azureml://{within}/"),
            "properties": {DIGEST: digest},
        }
    }
    at = {"subscription": account.subscription, "group": stack, "workspace": workspace}
    url = WRITES.at(**at, name=model, version=str(version.version))
    return account.reader.ask(WRITES, url, params=ML_VERSION, json=body) is not None


def _of(account: Account, stack: str, model: str, version: Registered) -> Mapping[str, Any] | None:
    return account.in_workspace(VERSION, stack, model, ML_VERSION, version=str(version.version))


def _file(account: Account, stack: str, version: Registered, name: str) -> bytes | None:
    """A file beside the artifact, which the datastore `artifacts` shows."""
    datastore = account.in_workspace(DATASTORE, stack, "artifacts", ML_VERSION)
    if datastore is None:
        return None
    where = cast(Mapping[str, str], datastore["properties"])
    names = {"account": where["accountName"], "container": where["containerName"]}
    url = BLOB.at(**names, model=version.name, version=str(version.version), file=name)
    answer = account.reader.ask(BLOB, url)
    return None if answer is None else answer.content


def _called(stack: str, version: Registered) -> str:
    return f"{stack}/{version.name}/{version.version}"


def _folder(version: Registered) -> str:
    return f"azureml://datastores/artifacts/paths/{version.folder}"


def _at(version: Registered) -> str:
    return f"{_folder(version)}{versions.RECORD}"
