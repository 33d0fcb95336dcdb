"""What serves in a sandbox leaves it as a version only where every image and artifact is that of the version."""

from pathlib import Path

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from examples.pack import digest_of_image, digest_of_model, dockerfile
from operations import facts
from operations.export.packing import Packed
from operations.export.reading import Broken, read
from operations.export.verifying import Verified
from operations.sandboxes import leaving
from operations.sandboxes.leaving import leave
from sandbox.state import State
from tests.registered import registered


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_version_that_serves_leaves_and_no_other(
    platform: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    state, packed = State(tmp_path / "state.sqlite"), Packed(registered(tmp_path / "run", platform))
    images, artifacts = sorted(facts.images(graph)), sorted(facts.artifacts(graph))
    with pytest.raises(Broken, match=r"^no image and artifact that stand here are those of tumours@1"):
        leave(graph, state, packed)
    # As the manual steps push and upload the example (`walk.do`).
    given = dict.fromkeys(images, digest_of_image(dockerfile(platform)))
    given |= dict.fromkeys(artifacts, digest_of_model(platform))
    for address, digest in given.items():
        _put(state, address, digest, address in images)
    left = f"tumours@1, {packed.digest}, gave 8 recorded values outside"
    monkeypatch.setattr(leaving, "verify", lambda folder: Verified(read(folder), 8))
    assert leave(graph, state, packed) == (left, [])
    for own in (images, artifacts):
        for address in own:
            _put(state, address, f"sha256:{'0' * 64}", own is images)
        with pytest.raises(Broken, match=r"^no image and artifact that stand here"):
            leave(graph, state, packed)
        for address in own:
            _put(state, address, given[address], own is images)
    if len(artifacts) > 1:
        _put(state, artifacts[-1], f"sha256:{'0' * 64}", image=False)
        assert leave(graph, state, packed) == (left, [artifacts[-1]])


def _put(state: State, address: str, digest: str, image: bool) -> None:
    (state.account.push if image else state.account.upload)(address, digest)
