"""The registry on Google Cloud: a folder with a version's record, and a bucket of decisions, each written once.

objects.get and objects.insert, https://cloud.google.com/storage/docs/json_api/v1/objects/insert
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from shlex import join, quote
from typing import Literal

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import APPROVED, FOLDER, REJECTED, Registered
from operations.doctor import NoCredentials, Unseen
from operations.doctor.gcp import OBJECT, OBJECTS, Account, open_account, text_of
from operations.doctor.rest import Read
from operations.idle.acting import whoever
from operations.promoting import Found
from operations.promoting.images import Image
from provider.clouds import google_token
from stacks.gcp.names import approvals_of, artifacts_of, images_of
from stacks.model import StackConfig

_INSERT = Read(
    "https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o", "storage.objects.create on the approvals", "POST"
)
WAITS = "nobody has decided on it"
_WORDS: Mapping[str, Literal["approved", "rejected"]] = {APPROVED: "approved", REJECTED: "rejected"}


def found(stack: str, config: StackConfig, version: Registered, through: StackConfig | None = None) -> Found:
    """The version with its record. Raises BadInput where there is none, or another digest than its was approved."""
    account, called = _open(through or config), str(version)
    place = f"gs://{artifacts_of(stack, config.account)}/{version.folder}{versions.RECORD}"
    try:
        content = text_of(account, place)
        rejected = text_of(account, _decision(stack, config, version, "rejected"))
        approved = text_of(account, _decision(stack, config, version, "approved"))
    except Unseen as error:
        raise BadInput(f"{called}: cannot be read: {error}") from None
    if content is None:
        raise BadInput(
            f"{called}: the registry of {stack} has no such version, for there is no {place}; upload it first"
        )
    record = versions.read(content, place)
    if (record.name, record.version) != (version.name, version.version):
        beside = f"gs://{artifacts_of(stack, config.account)}/{version.folder}{versions.ORIGIN}"
        try:
            origin = text_of(account, beside)
        except Unseen as error:
            raise BadInput(f"{called}: cannot be read: {error}") from None
        if not versions.is_copy(origin, record, content, beside):
            raise BadInput(f"{called}: the record at {place} is of {record.name}@{record.version}")
    own, said = versions.digest(content), rejected if rejected is not None else approved
    if said is None:
        return Found(WAITS, "", "", own, record)
    decision = versions.read_approval(said, f"the decision on {called}")
    if rejected is not None:
        return Found(REJECTED, decision.why, decision.by, own, record)
    if decision.digest != own:
        raise BadInput(f"{called}: the digest {decision.digest} was approved, and its record has {own}; trust neither")
    return Found(APPROVED, decision.why, decision.by, own, record)


def decision(stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str) -> str:
    """The command of the gcloud CLI that decides on the version. What is there it does not replace."""
    place = _decision(stack, config, version, _WORDS[decided])
    written = join(["gcloud", "storage", "cp", "--if-generation-match=0", "-", place])
    return f"printf %s {quote(_said(found.digest, because, decided))} | {written}"


def decide(stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str) -> None:
    """Decide on the version as whoever is signed in. Raises BadInput where Google refuses, or it was rejected.

    An object of that name is not replaced: the generation 0 stands for none. So the call may be repeated.
    """
    bucket = approvals_of(stack, config.account)
    if found.status == REJECTED:
        raise BadInput(
            f"{version}: was rejected, because {found.because}; a rejection stays, so register "
            "and approve the next version"
        )
    asked = {"uploadType": "media", "name": version.decision(_WORDS[decided]), "ifGenerationMatch": "0"}
    headers = {"Content-Type": "application/json"}
    try:
        written = _open(config).reader.ask(
            _INSERT,
            _INSERT.at(bucket=bucket),
            params=asked,
            content=_said(found.digest, because, decided),
            headers=headers,
        )
    except Unseen as error:
        raise BadInput(
            f"{version}: Google does not let it be {_WORDS[decided]} ({error}); look whether it is "
            f"{_WORDS[decided]}, or sign in as the persona {stack}-approver, which alone may"
        ) from None
    if written is None:
        raise BadInput(
            f"there is no bucket gs://{bucket}; `pulumi up` of {stack} makes it, once its file names a version"
        )


def folder(stack: str, config: StackConfig, version: Registered) -> str:
    """The address of the folder of a version in the artifact bucket."""
    return f"gs://{artifacts_of(stack, config.account)}/{version.folder}"


def simulated(stack: str, config: StackConfig, version: Registered) -> tuple[str, str]:
    """How a sandbox calls the version, and the address of its folder there."""
    return f"gs://{approvals_of(stack, config.account)}/{version.decisions}", folder(stack, config, version)


def image(stack: str, config: StackConfig, version: Registered, through: StackConfig) -> Image:
    """The image of a version. A token of whoever is signed in opens each repository that they may read.

    "Authenticate to Artifact Registry", https://cloud.google.com/artifact-registry/docs/docker/authentication
    """
    host, _, repository = version.image(images_of(stack, config.account, config.region)).partition("/")
    name, _, tag = repository.rpartition(":")

    def sign_in() -> Mapping[str, str]:
        return {"Authorization": f"Bearer {google_token()()}"}

    return Image(host, name, tag, sign_in)


def lock(stack: str, config: StackConfig, version: Registered) -> str:
    """None: the tags of the repository are immutable."""
    return ""


def numbers(stack: str, config: StackConfig, name: str) -> list[int]:
    """The numbers of the folders of a model, each of which is a version once its record lies there.

    With a delimiter the folders are the `prefixes` of a list, and no object of them is listed: "Objects: list",
    https://cloud.google.com/storage/docs/json_api/v1/objects/list
    """
    bucket, parent = artifacts_of(stack, config.account), f"{FOLDER}{name}/"
    params = {"prefix": parent, "delimiter": "/", "fields": "prefixes,nextPageToken"}
    try:
        folders = list(_open(config).pages(OBJECTS, OBJECTS.at(bucket=bucket), "prefixes", **params))
    except Unseen as error:
        raise BadInput(f"gs://{bucket}/{parent}: cannot be read: {error}") from None
    found = (str(one).removeprefix(parent).removesuffix("/") for one in folders)
    return [int(one) for one in found if one.isdecimal()]


def numbered(stack: str, config: StackConfig, version: Registered, digest: str, number: int | None) -> tuple[int, bool]:
    """The number that was asked for, or the same: a version is what lies in its folder, under any number."""
    wanted = number or version.version
    place = f"{folder(stack, config, Registered(version.name, wanted))}{versions.RECORD}"
    try:
        content = text_of(_open(config), place)
    except Unseen as error:
        raise BadInput(f"{version}: cannot be read: {error}") from None
    if content is not None and versions.digest(content) != digest:
        raise BadInput(f"{place}: is of another version, and a version never changes; choose another number with --as")
    return wanted, content is not None


def enrol(stack: str, config: StackConfig, version: Registered, digest: str, image: str) -> None:
    """Do nothing more: what lies in the folder of a version is registered, and waits for the approver."""


def _said(digest: str, because: str, decided: str) -> str:
    """The text of a decision. Who wrote the object is in the audit log; `by` is what they say of themselves."""
    approval = versions.Approval(
        schema="mlplatform-approval/1",
        digest=digest,
        decision=_WORDS[decided],
        by=whoever(),
        at=datetime.now(UTC).replace(microsecond=0),
        why=because,
    )
    return versions.written(approval).decode()


def _decision(stack: str, config: StackConfig, version: Registered, decision: str) -> str:
    return f"gs://{approvals_of(stack, config.account)}/{version.decision(decision)}"


def _open(config: StackConfig) -> Account:
    try:
        return open_account(config.account, config.region, (OBJECT, OBJECTS, _INSERT))
    except NoCredentials as error:
        raise BadInput(str(error)) from None
