"""A registry of images in memory, as the OCI Distribution Specification has it: what was pushed is what is pulled."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx

_ASKED = re.compile(r"/v2/(?P<repository>.+)/(?P<what>manifests|blobs)/(?P<reference>[^/]+(/\w*)?)")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Double:
    """Answers for every host. `kept` has the contents by host, repository, sort and reference."""

    kept: dict[tuple[str, str, str, str], bytes] = field(default_factory=dict[tuple[str, str, str, str], bytes])
    uploads: dict[str, bytes] = field(default_factory=dict[str, bytes])
    calls: list[str] = field(default_factory=list[str])
    immutable: bool = True

    def push(self, address: str, *layers: bytes, many: bool = False) -> str:
        """An image of these layers under HOST/REPOSITORY:TAG. Returns its digest; of `many`, that of an index."""
        host, _, rest = address.partition("/")
        repository, _, tag = rest.rpartition(":")
        contents = [b"{}", *layers]
        for one in contents:
            self.kept[host, repository, "blobs", digest(one)] = one
        config, *others = ({"digest": digest(one), "size": len(one)} for one in contents)
        manifest = json.dumps({"mediaType": MANIFEST, "config": config, "layers": others}).encode()
        self.kept[host, repository, "manifests", digest(manifest)] = manifest
        if many:
            said = {"mediaType": INDEX, "manifests": [{"digest": digest(manifest)}]}
            manifest = json.dumps(said).encode()
            self.kept[host, repository, "manifests", digest(manifest)] = manifest
        self.kept[host, repository, "manifests", tag] = manifest
        return digest(manifest)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"], "a registry answers nobody who does not say who asks"
        found = _ASKED.fullmatch(request.url.path)
        assert found is not None, request.url.path
        host, repository, what, reference = request.url.host, found["repository"], found["what"], found["reference"]
        self.calls.append(f"{request.method} {host} {what}")
        place = (host, repository, what, reference)
        if request.method in ("GET", "HEAD"):
            if place not in self.kept:
                return httpx.Response(404)
            kind = str(json.loads(self.kept[place]).get("mediaType", "")) if what == "manifests" else ""
            return httpx.Response(200, content=self.kept[place], headers={"Content-Type": kind} if kind else {})
        if request.method == "POST":
            name = f"{len(self.uploads)}"
            self.uploads[name] = b""
            return httpx.Response(202, headers={"Location": f"/v2/{repository}/blobs/uploads/{name}?state=a"})
        content = request.read()
        if what == "blobs":
            name = reference.removeprefix("uploads/")
            self.uploads[name] += content
            if request.method == "PATCH":
                return httpx.Response(202, headers={"Location": str(request.url)})
            named = parse_qs(request.url.query.decode())["digest"][0]
            if digest(self.uploads[name]) != named:
                return httpx.Response(400, text="DIGEST_INVALID")
            self.kept[host, repository, "blobs", named] = self.uploads[name]
            return httpx.Response(201)
        said = json.loads(content)
        needed = [*said.get("layers", ()), *([said["config"]] if "config" in said else ())]
        if any((host, repository, "blobs", one["digest"]) not in self.kept for one in needed):
            return httpx.Response(404, text="BLOB_UNKNOWN")
        if self.immutable and self.kept.get(place, content) != content:
            return httpx.Response(400, text="TAG_IMMUTABLE")
        self.kept[place] = self.kept[host, repository, what, digest(content)] = content
        return httpx.Response(201)
