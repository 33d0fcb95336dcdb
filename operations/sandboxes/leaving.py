"""The version that serves in a sandbox leaves it: packed, and verified outside, by the very bytes that stand there."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from catalogue.platforms import Platform
from catalogue.versions import ARTIFACT, RECORD
from operations import facts
from operations.export.packing import Packed, pack
from operations.export.reading import Broken
from operations.export.verifying import verify

if TYPE_CHECKING:
    from catalogue.graph import Graph
    from sandbox.state import State


def leave(graph: "Graph", state: "State", packed: Packed) -> tuple[str, list[str]]:
    """Export a version and verify its bundle, where it is what endpoints and batch jobs of the stack run.

    Returns what left, and the images and artifacts of the stack that are not this version's, so that they stayed.
    Raises Broken where none is, or the bundle answers otherwise, and NotYet where nothing serves it outside.
    """
    from examples.pack import digest_of_model

    version = packed.version
    called = f"{version.name}@{version.version}"
    images, artifacts = sorted(facts.images(graph)), sorted(facts.artifacts(graph))
    served, uploaded = version.image.rpartition("@")[2], digest_of_model(graph.platform, packed.folder / ARTIFACT)
    others = [one for one in images if state.account.digest(one) != served]
    stayed = [one for one in artifacts if state.account.digest(one) != uploaded]
    if len(others) == len(images) or len(stayed) == len(artifacts):
        raise Broken(f"no image and artifact that stand here are those of {called}, by the digests of {RECORD}")
    with TemporaryDirectory(prefix="mlplatform-export-") as folder:
        pack(packed, cast(Platform, graph.platform), Path(folder) / "bundle")
        done = verify(Path(folder) / "bundle")
    return f"{called}, {packed.digest}, gave {done.values} recorded values outside", others + stayed
