"""Copies an image from registry to registry by its digest, in the calls that every registry answers.

OCI Distribution Specification, https://github.com/opencontainers/distribution-spec/blob/main/spec.md ("Pulling
manifests", "Pushing a blob in chunks", "Pushing Manifests"). What is pulled is held against its digest before it is
pushed, so the image in the next registry is the same to the byte.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx

from catalogue.errors import BadInput

_LARGEST = 4 * 1024 * 1024
"""Bytes of the largest manifest that a registry must take, by the specification."""
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SignIn = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Image:
    """A repository of a registry, one tag or digest in it, and what proves who asks there."""

    host: str
    repository: str
    tag: str
    sign_in: SignIn

    def __str__(self) -> str:
        mark = "@" if ":" in self.tag else ":"
        return f"{self.host}/{self.repository}{mark}{self.tag}"

    def at(self, what: str, reference: str) -> str:
        """The address of a manifest or a blob."""
        return f"https://{self.host}/v2/{self.repository}/{what}/{reference}"


class Registries:
    """The client of both registries."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(timeout=httpx.Timeout(300.0, connect=10.0), transport=transport)

    def digest_of(self, image: Image) -> str | None:
        """The digest of the image that has the tag; None where none has it."""
        found = self._manifest(image, image.tag)
        return None if found is None else _digest(found.content)

    def copy(self, source: Image, digest: str, target: Image) -> None:
        """Copy the image of a digest, and give it the tag of the target. Raises BadInput where a registry refuses."""
        self._copy(source, digest, target, target.tag)

    def _copy(self, source: Image, digest: str, target: Image, reference: str) -> None:
        found = self._manifest(source, digest)
        if found is None or _digest(found.content) != digest:
            raise BadInput(f"{source}: the registry has no image of the digest {digest}")
        said: Mapping[str, Any] = json.loads(found.content)
        for one in cast("list[Mapping[str, Any]]", said.get("manifests") or []):
            self._copy(source, str(one["digest"]), target, str(one["digest"]))
        layers = cast("list[Mapping[str, Any]]", said.get("layers") or [])
        for one in [said["config"], *layers] if "config" in said else layers:
            if not one.get("urls"):  # a layer that lies elsewhere is fetched there by whoever runs the image
                self._blob(source, str(one["digest"]), target)
        headers = {"Content-Type": found.headers["Content-Type"]}
        self._ask(target, "PUT", target.at("manifests", reference), headers=headers, content=found.content)

    def _blob(self, source: Image, digest: str, target: Image) -> None:
        there = self._ask(target, "HEAD", target.at("blobs", digest), missing=True)
        if there is not None:
            return
        with TemporaryDirectory(prefix="mlplatform-image-") as folder:
            file, hashed = Path(folder) / "blob", hashlib.sha256()
            with (
                self._client.stream(
                    "GET", source.at("blobs", digest), headers=dict(source.sign_in()), follow_redirects=True
                ) as answer,
                file.open("wb") as written,
            ):
                if not answer.is_success:
                    raise BadInput(f"{source}: the registry does not give {digest} (HTTP {answer.status_code})")
                for piece in answer.iter_bytes():
                    hashed.update(piece)
                    written.write(piece)
            if f"sha256:{hashed.hexdigest()}" != digest:
                raise BadInput(f"{source}: what the registry gives for {digest} is something else; trust neither")
            begun = self._ask(target, "POST", target.at("blobs", "uploads/"))
            with file.open("rb") as read:
                sent = self._ask(
                    target,
                    "PATCH",
                    _next(begun, target),
                    headers={"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)},
                    content=iter(lambda: read.read(1024 * 1024), b""),
                )
        end = httpx.URL(_next(sent, target)).copy_merge_params({"digest": digest})
        self._ask(target, "PUT", str(end))

    def _manifest(self, image: Image, reference: str) -> httpx.Response | None:
        accepts = {"Accept": ", ".join(_MANIFESTS)}
        found = self._ask(image, "GET", image.at("manifests", reference), headers=accepts, missing=True)
        if found is not None and len(found.content) > _LARGEST:
            raise BadInput(f"{image}: its manifest is larger than {_LARGEST} bytes, which is the most that is read")
        return found

    def _ask(
        self,
        image: Image,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        missing: bool = False,
        content: Any = None,
    ) -> httpx.Response | None:
        try:
            answer = self._client.request(method, url, headers={**image.sign_in(), **(headers or {})}, content=content)
        except httpx.HTTPError as error:
            raise BadInput(f"{image}: the registry gives no answer ({type(error).__name__})") from None
        if answer.status_code == 404 and missing:
            return None
        if not answer.is_success:
            said = " ".join(answer.text.split())[:200]
            raise BadInput(f"{image}: the registry refuses {method} (HTTP {answer.status_code}: {said})")
        return answer


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _next(answer: httpx.Response | None, image: Image) -> str:
    """Where an upload goes on, which may be said without the host."""
    if answer is None or "Location" not in answer.headers:
        raise BadInput(f"{image}: the registry began an upload and does not say where it goes on")
    return str(httpx.URL(f"https://{image.host}").join(answer.headers["Location"]))
