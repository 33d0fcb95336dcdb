"""What the publisher of a stack does in a sandbox: registers a candidate, and copies a version of another stack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kinds.aws import iam
from catalogue.kinds.azure import IDENTITY
from catalogue.kinds.gcp import serviceaccount
from catalogue.platforms import PLATFORMS
from catalogue.registered import APPROVED, PENDING
from examples.pack import NAME, digest_of_image, digest_of_model, dockerfile
from operations import facts
from sandbox import byhand, promotion
from sandbox.home import Home
from sandbox.state import State
from sandbox.state.records import New
from tests.operations.promoting.test_promoting import run
from tests.promoting import file_of, giving, graphs
from tests.registered import registered

PUBLISHER = {
    "aws": (iam.ROLE, "arn", "arn:aws:iam::444455556666:role/aws-test-publisher"),
    "gcp": (serviceaccount.ACCOUNT, "email", "gcp-test-publisher@payments-risk-test.iam.gserviceaccount.com"),
    "azure": (IDENTITY, "principalId", "0a1b2c3d-0000-4000-8000-000000000010"),
}
"""The publisher of test on each platform: its type, and the output by which dev lets it in."""
VERSION = {
    "aws": f"aws-dev-registry-{NAME}/1",
    "gcp": f"gs://gcp-dev-approvals-payments-risk-pilot/approvals/{NAME}/1",
    "azure": f"azure-dev/{NAME}/1",
}


def stands(state: State, graph: Graph, publisher: str = "") -> None:
    """Let all of a graph stand, its publisher as somebody whom that output names."""
    place = graph.placement
    assert place is not None
    type_, output, _ = PUBLISHER[graph.platform]
    for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
        outputs: Mapping[str, Any] = one.outputs
        if publisher and one.type == type_ and "publisher" in one.name:
            outputs = {**outputs, output: publisher}
        id_, where = f"{outputs.get('id', one.name)}", (graph.platform, place.account, place.region)
        state.resources.create(New(one.type, id_, *where, one.name, one.inputs, outputs, urn=one.urn))


def brought(state: State, graph: Graph) -> tuple[str, str]:
    """The digests of the image and the artifact of the version that a stack serves, as they lie in its registry."""
    (image,) = (one for one in facts.images(graph) if one.endswith((f":{NAME}-1", f"{NAME}:1")))
    (artifact,) = (one for one in facts.artifacts(graph) if f"/registry/{NAME}/1/" in one)
    return state.account.digest(image), state.account.digest(artifact)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_candidate_is_registered_by_its_digests_and_then_served(platform: str, tmp_path: Path) -> None:
    dev, _ = graphs(platform, tmp_path)
    home = Home(tmp_path / "box")
    home.mark()
    state = State(home.database)
    stands(state, dev)
    own = digest_of_image(dockerfile(platform)), digest_of_model(platform)
    file = file_of(platform, f"{platform}-dev", tmp_path, giving(platform))
    folder = registered(tmp_path / "candidate", platform, name=NAME)
    asked = ("register", file, f"{NAME}@1", "--from", folder, "--sandbox", home.path)
    with pytest.raises(BadInput, match=f"the registry has no image of {own[0]}; `mlplatform sandbox push` it first"):
        run(*asked)
    (image,) = (one for one in facts.images(dev) if one.endswith((f":{NAME}-1", f"{NAME}:1")))
    byhand.push(state, image, "sha256:another")
    with pytest.raises(BadInput, match="is sha256:another, and the record has"):
        run(*asked, "--yes")
    byhand.empty(state, image)
    byhand.push(state, f"{image.rpartition(':')[0]}:of-the-team", own[0])
    assert "nothing is registered without --yes" in run(*asked) and not state.account.artifacts()
    assert "is registered; `uv run mlplatform sandbox --name" in run(*asked, "--yes")
    assert brought(state, dev) == own, "so an endpoint of the sandbox answers with it"
    assert "the registry has it already" in run(*asked, "--yes")
    (artifact,) = (one for one in facts.artifacts(dev) if f"/registry/{NAME}/1/" in one)
    lies, bundle = artifact.rstrip("/").rpartition("/")[0], tmp_path / "bundle"
    out = run("export", file, f"{NAME}@1", "--from", f"{lies}/", "--sandbox", home.path, "--to", bundle)
    assert f"{NAME}@1 is in {bundle}: an OCI image layout" in out, "and it leaves the registry as it lies there"
    assert "answers outside of its platform as it was recorded" in run("export", "--verify", bundle)
    digest = versions.digest((folder / "version.json").read_bytes())
    if platform != "gcp":  # where it waits as what lies in its folder
        assert list(state.account.versions().values()) == [(PENDING, digest)]
    (folder / "version.json").write_bytes((folder / "version.json").read_bytes().replace(b"run-1", b"run-2"))
    with pytest.raises(BadInput, match=r"is registered with the digest|something else lies there"):
        run(*asked, "--yes")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_approved_version_goes_where_its_publisher_is_let_in(platform: str, tmp_path: Path) -> None:
    dev, test = graphs(platform, tmp_path)
    named, digest = f"{platform}-test", f"sha256:{'a' * 64}"
    for publisher in (PUBLISHER[platform][2], "somebody else"):
        state = State(tmp_path / f"{publisher[:3]}.sqlite")
        stands(state, dev)
        with pytest.raises(BadInput, match="publisher stands here; bring up the ground first"):
            promotion.promote(state, VERSION[platform], named)
        stands(state, test, publisher)
        with pytest.raises(BadInput, match="is not approved"):
            promotion.promote(state, VERSION[platform], named)
        for one in (*facts.images(dev), *facts.artifacts(dev)):
            state.account.push(one, digest) if "://" not in one else state.account.upload(one, digest)
        if platform != "gcp":
            byhand.register(state, VERSION[platform], digest)
        byhand.decide(state, VERSION[platform], APPROVED, digest)
        if publisher == "somebody else":
            with pytest.raises(BadInput, match=r"AccessDenied: .* is not authorized by .*; name it under registry"):
                promotion.promote(state, VERSION[platform], named)
            continue
        assert "waits for the approver" in promotion.promote(state, VERSION[platform], named)
        assert brought(state, test) == (digest, digest)
        if platform != "gcp":
            assert sorted(state.account.versions().values()) == [(APPROVED, digest), (PENDING, digest)]
