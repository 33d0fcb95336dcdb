"""The registry on Google Cloud: a folder with a version's record, and a bucket of decisions, each written once.

objects.get and objects.insert, https://cloud.google.com/storage/docs/json_api/v1/objects/insert
"""

from datetime import UTC, datetime
from shlex import join, quote

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import APPROVED, REJECTED, Registered
from operations.doctor import NoCredentials, Unseen
from operations.doctor.gcp import OBJECT, Account, open_account, text_of
from operations.doctor.rest import Read
from operations.idle.acting import whoever
from operations.promoting import Found
from stacks.gcp.names import approvals_of, artifacts_of
from stacks.model import StackConfig

_INSERT = Read(
    "https://storage.googleapis.com/upload/storage/v1/b/{bucket}/o", "storage.objects.create on the approvals", "POST"
)
WAITS = "nobody has decided on it"


def found(stack: str, config: StackConfig, version: Registered) -> Found:
    """The version with its record. Raises BadInput where there is none, or another digest than its was approved."""
    account, called = _open(config), str(version)
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


def approval(stack: str, config: StackConfig, version: Registered, digest: str, because: str) -> str:
    """The command of the gcloud CLI that approves the version. What is there it does not replace."""
    place = _decision(stack, config, version, "approved")
    written = join(["gcloud", "storage", "cp", "--if-generation-match=0", "-", place])
    return f"printf %s {quote(_said(digest, because))} | {written}"


def approve(stack: str, config: StackConfig, version: Registered, digest: str, because: str) -> None:
    """Approve the version as whoever is signed in. Raises BadInput where Google refuses, or it is decided already.

    An object of that name is not replaced: the generation 0 stands for none. So the call may be repeated.
    """
    bucket, there = approvals_of(stack, config.account), found(stack, config, version)
    if there.status == REJECTED:
        raise BadInput(
            f"{version}: was rejected, because {there.because}; a rejection stays, so register "
            "and approve the next version"
        )
    asked = {"uploadType": "media", "name": version.decision("approved"), "ifGenerationMatch": "0"}
    headers = {"Content-Type": "application/json"}
    try:
        written = _open(config).reader.ask(
            _INSERT, _INSERT.at(bucket=bucket), params=asked, content=_said(digest, because), headers=headers
        )
    except Unseen as error:
        raise BadInput(
            f"{version}: Google does not let it be approved ({error}); look whether it is "
            f"approved, or sign in as the persona {stack}-approver, which alone may"
        ) from None
    if written is None:
        raise BadInput(
            f"there is no bucket gs://{bucket}; `pulumi up` of {stack} makes it, once its file names a version"
        )


def _said(digest: str, because: str) -> str:
    """The text of an approval. Who wrote the object is in the audit log; `by` is what they say of themselves."""
    approval = versions.Approval(
        schema="mlplatform-approval/1",
        digest=digest,
        decision="approved",
        by=whoever(),
        at=datetime.now(UTC).replace(microsecond=0),
        why=because,
    )
    return versions.canonical(approval.model_dump(mode="json", by_alias=True)).decode()


def _decision(stack: str, config: StackConfig, version: Registered, decision: str) -> str:
    return f"gs://{approvals_of(stack, config.account)}/{version.decision(decision)}"


def _open(config: StackConfig) -> Account:
    try:
        return open_account(config.account, config.region, (OBJECT, _INSERT))
    except NoCredentials as error:
        raise BadInput(str(error)) from None
