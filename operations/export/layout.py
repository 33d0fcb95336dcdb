"""What stands in a bundle: an OCI image layout with one manifest, after the ModelPack specification.

Every byte of it follows from the version and what lies beside it; it has no time and no name of a machine in it. Each
file is a layer of its own, as it is: nothing is archived or compressed, so a reader unpacks nothing.

https://github.com/modelpack/model-spec/blob/main/docs/spec.md (media types, manifest), docs/config.md and
docs/annotations.md beside it; https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.versions import APPROVAL, ARTIFACT, RECORD, Version, canonical, digest

Json = dict[str, Any]
LAYOUT = "oci-layout"
INDEX = "index.json"
BLOBS = "blobs/sha256"
SAYS = canonical({"imageLayoutVersion": "1.0.0"})
"""The whole of the file `oci-layout`."""
STAYS = "stays-behind.json"
FEATURES = "features.json"
BESIDE = (RECORD, APPROVAL, FEATURES, STAYS)
"""What lies beside the artifact's files: the record, what was decided, the features' schema, what could not leave."""

_OCI, _MODEL = "application/vnd.oci.image", "application/vnd.cncf.model"
MANIFEST_TYPE = f"{_OCI}.manifest.v1+json"
INDEX_TYPE = f"{_OCI}.index.v1+json"
ARTIFACT_TYPE = f"{_MODEL}.manifest.v1+json"
CONFIG_TYPE = f"{_MODEL}.config.v1+json"
WEIGHT, CONFIG, DOC = f"{_MODEL}.weight.v1.raw", f"{_MODEL}.weight.config.v1.raw", f"{_MODEL}.doc.v1.raw"
PATH = "org.cncf.model.filepath"
_METADATA = "org.cncf.model.file.metadata+json"
_TYPES = {RECORD: CONFIG, FEATURES: CONFIG, APPROVAL: DOC, STAYS: DOC}


@dataclass(frozen=True)
class Blob:
    """A content by its digest and its size."""

    sha256: str
    size: int

    @classmethod
    def of(cls, content: bytes) -> "Blob":
        """The blob of a content."""
        return cls(digest(content), len(content))

    @property
    def path(self) -> str:
        """Where it lies in a layout."""
        return f"{BLOBS}/{self.sha256.removeprefix('sha256:')}"


def layers(version: Version, beside: Mapping[str, Blob]) -> dict[str, Blob]:
    """Each file of the bundle by its path, in the order of the layers: what lies beside the artifact comes first."""
    files = {f"{ARTIFACT}/{one.path}": Blob(one.sha256, one.size) for one in version.artifact.files}
    return {**{name: beside[name] for name in BESIDE if name in beside}, **dict(sorted(files.items()))}


def config(version: Version, files: Mapping[str, Blob]) -> bytes:
    """The configuration, with what ModelPack has a place for. The record has all of it, and more."""
    code = version.lineage.code
    known = {} if code.commit == "unknown" else {"revision": code.commit}
    descriptor = {
        "name": version.name,
        "version": str(version.version),
        "authors": [version.card.owner],
        "description": version.card.description,
        "licenses": [version.card.licence],
        "sourceURL": code.repository,
        "datasetsURL": [one.uri for one in version.lineage.data if one.uri],
        **known,
    }
    return canonical(
        {
            "descriptor": descriptor,
            "config": {"format": version.artifact.format},
            "modelfs": {"type": "layers", "diffIds": [one.sha256 for one in files.values()]},
        }
    )


def manifest(version: Version, files: Mapping[str, Blob], of_config: Blob) -> bytes:
    """The manifest: the configuration and a layer for each file."""
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": ARTIFACT_TYPE,
            "config": _descriptor(CONFIG_TYPE, of_config),
            "layers": [
                {**_descriptor(_type(path), blob), "annotations": _annotations(path, blob)}
                for path, blob in files.items()
            ],
            "annotations": {
                "org.opencontainers.image.title": version.name,
                "org.opencontainers.image.version": str(version.version),
                "org.opencontainers.image.source": version.lineage.code.repository,
                "org.opencontainers.image.licenses": version.card.licence,
            },
        }
    )


def index(version: Version, of_manifest: Blob) -> bytes:
    """The index, which names the one manifest as NAME:VERSION."""
    named = {"org.opencontainers.image.ref.name": f"{version.name}:{version.version}"}
    only = {**_descriptor(MANIFEST_TYPE, of_manifest), "artifactType": ARTIFACT_TYPE, "annotations": named}
    return canonical({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [only]})


def _descriptor(media_type: str, blob: Blob) -> Json:
    return {"mediaType": media_type, "digest": blob.sha256, "size": blob.size}


def _type(path: str) -> str:
    """What a layer is. MLflow's MLmodel says how weights are read."""
    return _TYPES.get(path, CONFIG if path.endswith("/MLmodel") else WEIGHT)


def _annotations(path: str, blob: Blob) -> Json:
    name = path.rpartition("/")[2]
    # What the specification asks for of each file, the same on every machine: read by all, of nobody, of no time.
    said = {"mode": 0o644, "uid": 0, "gid": 0, "mtime": "1970-01-01T00:00:00Z", "typeflag": ord("0")}
    return {PATH: path, _METADATA: canonical({"name": name, "size": blob.size, **said}).decode()}
