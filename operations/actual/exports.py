"""Finds the files of an export: on this machine, or in a store of a cloud, from which they are copied first.

AWS Data Exports, Azure's exports and BigQuery's `EXPORT DATA` all write a folder with parts, and some write a manifest
beside them, which is left out here. A store is read with the credentials that the cloud's own tools use.
"""

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catalogue.errors import BadInput

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ENDINGS = (".parquet", ".csv", ".csv.gz")
_STORES = ("s3", "gs", "az")
_AZURE = ".blob.core.windows.net"
_ASK_AGAIN = timedelta(minutes=5)
_PERIOD = re.compile(r"(?i)billing_period=.+|[0-9]{8}-[0-9]{8}")
"""The folder of one billing period: AWS writes `BILLING_PERIOD=2026-11`, Azure `20261101-20261130`."""


@contextmanager
def files(places: Sequence[str]) -> Generator[list[Path]]:
    """The files of an export, from files, folders or addresses of a store. Copies end with the `with`.

    Raises BadInput where there are none, where a store does not answer, where a place is named twice, and where two
    runs of one billing period lie side by side: their charges would count twice.
    """
    found: dict[Path, Path] = {}
    with TemporaryDirectory(prefix="mlplatform-bill-") as folder:
        for number, place in enumerate(places):
            here = Path(place)
            if is_address(place):
                here = Path(folder) / str(number)
                _copy(place, here)
            elif not here.exists():
                raise BadInput(f"--actual: {place} is not there; give a file, a folder, or an address such as s3://…")
            mine = [here] if here.is_file() else sorted(one for one in here.rglob("*") if _is_part(one.name))
            if not mine:
                raise BadInput(f"--actual: {place} holds no {_either(ENDINGS)}; give the folder that an export wrote")
            if here.is_file() and not _is_part(here.name):
                raise BadInput(f"--actual: {place} is no {_either(ENDINGS)}, which is what FOCUS exports are")
            _refuse_two_runs(place, here, mine)
            for one in mine:
                if one.resolve() in found or (is_address(place) and place in places[:number]):
                    raise BadInput(f"--actual: {place} is named twice, and each charge would count twice; name it once")
            found |= {one.resolve(): one for one in mine}
        yield [*found.values()]


def is_address(place: str) -> bool:
    """Whether a place is in a store and not on this machine. Raises BadInput for a store that nothing here reads."""
    parts = urlsplit(place)
    if parts.scheme in _STORES or (parts.scheme == "https" and parts.netloc.endswith(_AZURE)):
        return True
    if "://" in place:
        raise BadInput(
            f"--actual: {place} is an address that nothing here reads, allowed: s3://bucket/path, gs://bucket/path, "
            f"az://account/container/path or https://account{_AZURE}/container/path"
        )
    return False


def _is_part(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _refuse_two_runs(place: str, here: Path, parts: Sequence[Path]) -> None:
    """Each run of an export that keeps the older ones writes a folder of its own below that of the period."""
    runs: dict[Path, set[str]] = {}
    for part in parts:
        below = part.relative_to(here).parts[:-1] if here.is_dir() else ()
        for depth, folder in enumerate(below[:-1]):
            if _PERIOD.fullmatch(folder):
                runs.setdefault(Path(*below[: depth + 1]), set()).add(below[depth + 1])
    for period, names in runs.items():
        if len(names) > 1:
            newest = sorted(names)
            raise BadInput(
                f"--actual: {place} holds {len(names)} runs of the period {period}, and each charge would count once a "
                f"run; name the folder of one run, such as {period / newest[-1]}"
            )


def _copy(place: str, folder: Path) -> None:
    """Copy what lies under an address, a piece at a time."""
    import obstore

    try:
        store, at = _store(place)
        paths = [str(one["path"]) for page in obstore.list(store, prefix=at or None) for one in page]
        # A store lists whole folders by their names, so the address of one object lists nothing.
        for path in [one for one in paths or [at] if _is_part(one)]:
            inside = PurePosixPath(path).relative_to(at) if path != at else PurePosixPath(PurePosixPath(at).name)
            part = folder.joinpath(*inside.parts)
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as written:
                for piece in obstore.get(store, path).stream():
                    written.write(piece)
    except BadInput:
        raise
    except Exception as error:  # each cloud's library has its own error for missing credentials
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise BadInput(f"--actual: cannot read {place}: {said:.240}") from None


def _store(place: str) -> "tuple[ObjectStore, str]":
    """The bucket or container of an address, and the path in it."""
    from obstore.store import AzureStore, GCSStore, S3Store

    parts = urlsplit(place)
    at = parts.path.strip("/")
    match parts.scheme:
        case "s3":
            from boto3 import Session
            from obstore.auth.boto3 import Boto3CredentialProvider

            if (session := Session()).get_credentials() is None:
                raise BadInput(f"--actual: {place} needs AWS credentials: set AWS_PROFILE, or run `aws sso login`")
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
