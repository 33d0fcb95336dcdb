"""Copies files from a cloud's object store, with the credentials that the cloud's own tools use."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catalogue.errors import BadInput

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_STORES = ("s3", "gs", "az")
_AZURE = ".blob.core.windows.net"
_REGISTRY = "the registry's store"
"""What is said to be asked where no option names the place."""
_ASK_AGAIN = timedelta(minutes=5)
LARGEST_AT_ONCE = 5_000_000_000
"""Bytes of the largest object that each store takes in one call; the least is that of S3:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
"""


def is_address(place: str, option: str) -> bool:
    """Whether a place is in a store and not on this machine. Raises BadInput for a store that nothing here reads."""
    parts = urlsplit(place)
    if parts.scheme in _STORES or (parts.scheme == "https" and parts.netloc.endswith(_AZURE)):
        return True
    if "://" in place:
        raise BadInput(
            f"{option}: {place} is an address that nothing here reads, allowed: s3://bucket/path, gs://bucket/path, "
            f"az://account/container/path or https://account{_AZURE}/container/path"
        )
    return False


def copy(
    place: str,
    folder: Path,
    option: str,
    wanted: Callable[[str], bool] = lambda name: True,
    most: int | None = None,
) -> None:
    """Copy what lies under an address into a folder, a piece at a time: the objects whose names are `wanted`.

    Raises BadInput, which begins with the `option` that named the place, where the store does not answer, where there
    is more than `most` bytes of it, and for a key with an empty part or `..`, which obstore refuses to read.
    """
    import obstore

    with _asking(f"{option}: cannot read {place}"):
        store, at = _store(place, option)
        sizes = {str(one["path"]): one["size"] for page in obstore.list(store, prefix=at or None) for one in page}
        folders = {str(above) for path in sizes for above in PurePosixPath(path).parents}
        # A mount of Azure leaves an empty blob by the name of each folder: https://github.com/Azure/azure-storage-fuse
        paths = [path for path, size in sizes.items() if size or path not in folders]
        left = most
        # A store lists whole folders by their names, so the address of one object lists nothing.
        for path in [one for one in paths or [at] if wanted(one)]:
            inside = PurePosixPath(path).relative_to(at) if path != at else PurePosixPath(PurePosixPath(at).name)
            part = folder.joinpath(*inside.parts)
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as written:
                for piece in obstore.get(store, path).stream():
                    left = None if left is None else left - len(piece)
                    if left is not None and left < 0:
                        raise BadInput(f"{option}: {place} holds more than {most} bytes, the most that is copied")
                    written.write(piece)


def read(place: str, into: Path) -> None:
    """Copy one object into a file, without asking what lies beside it. Raises BadInput where it cannot be read."""
    import obstore

    with _asking(f"{_REGISTRY}: cannot read {place}"):
        store, at = _store(place, _REGISTRY)
        into.parent.mkdir(parents=True, exist_ok=True)
        with into.open("wb") as written:
            for piece in obstore.get(store, at).stream():
                written.write(piece)


def write_once(place: str, file: Path) -> bool:
    """Write a file to an address where nothing lies. Returns whether it was written: not, where something lies there.

    It is one call, which each store refuses where the object is there, and takes LARGEST_AT_ONCE. "Enforce conditional
    writes on Amazon S3 buckets", https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    import obstore
    from obstore.exceptions import AlreadyExistsError

    if file.stat().st_size > LARGEST_AT_ONCE:
        raise BadInput(
            f"{_REGISTRY}: {place} is larger than 5 GB, which no store takes in one call; upload it in parts"
        )
    with _asking(f"{_REGISTRY}: cannot write {place}"):
        store, at = _store(place, _REGISTRY)
        try:
            obstore.put(store, at, file, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
    return True


@contextmanager
def _asking(what: str) -> Generator[None]:
    """Inside, a store is asked. Raises BadInput, which begins with what failed, where it does not do it."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:  # each cloud's library has its own error for missing credentials
        raise BadInput(f"{what}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"{said:.240}"


def _store(place: str, option: str) -> "tuple[ObjectStore, str]":
    """The bucket or container of an address, and the path in it."""
    from obstore.store import AzureStore, GCSStore, S3Store

    parts = urlsplit(place)
    at = parts.path.strip("/")
    match parts.scheme:
        case "s3":
            from boto3 import Session
            from obstore.auth.boto3 import Boto3CredentialProvider

            if (session := Session()).get_credentials() is None:
                raise BadInput(f"{option}: {place} needs AWS credentials: set AWS_PROFILE, or run `aws sso login`")
            return S3Store(parts.netloc, credential_provider=Boto3CredentialProvider(session)), at
        case "gs":
            return GCSStore(parts.netloc, credential_provider=_google()), at
        case _:
            container, _, at = at.partition("/")
            account = parts.netloc.removesuffix(_AZURE)
            return AzureStore(container, account_name=account, credential_provider=_azure()), at


def _google() -> Callable[[], Any]:
    """Application default credentials, in the shape that the store's library asks for."""
    from provider.clouds import google_token

    token = google_token()

    def given() -> dict[str, Any]:
        return {"token": token(), "expires_at": datetime.now(UTC) + _ASK_AGAIN}

    return given


def _azure() -> Callable[[], Any]:
    from azure.identity import DefaultAzureCredential

    credential = DefaultAzureCredential()

    def given() -> dict[str, Any]:
        token = credential.get_token("https://storage.azure.com/.default")
        return {"token": token.token, "expires_at": datetime.fromtimestamp(token.expires_on, UTC)}

    return given
