"""Copying an image from registry to registry: the same digest there, and nothing that is not what its digest says."""

import pytest

from catalogue.errors import BadInput
from operations.promoting.images import Image, Registries
from tests.registries import Double

FROM, TO = "dev.example.com/images:scorer-1", "test.example.com/images:scorer-4"


def at(address: str) -> Image:
    host, _, rest = address.partition("/")
    return Image(host, *rest.split(":"), lambda: {"Authorization": "Bearer word"})


@pytest.mark.parametrize("many", [False, True])
def test_the_copy_has_the_digest_and_what_is_there_is_not_sent_again(many: bool) -> None:
    double = Double()
    digest = double.push(FROM, b"layer", b"another", many=many)
    client = Registries(double.transport())
    assert client.digest_of(at(TO)) is None
    client.copy(at(FROM), digest, at(TO))
    assert client.digest_of(at(TO)) == digest
    double.calls.clear()
    client.copy(at(FROM), digest, at(TO))
    assert not [call for call in double.calls if call.startswith(("POST", "PATCH"))]


def test_what_is_not_its_digest_is_not_pushed() -> None:
    double = Double()
    digest = double.push(FROM, b"layer")
    for place in [one for one in double.kept if one[2] == "blobs"]:
        double.kept[place] = b"something else"
    with pytest.raises(BadInput, match="is something else; trust neither"):
        Registries(double.transport()).copy(at(FROM), digest, at(TO))
    assert not [one for one in double.kept if one[0] == "test.example.com"]


def test_a_tag_that_names_another_image_stays() -> None:
    double = Double()
    digest, other = double.push(FROM, b"layer"), double.push(TO, b"other")
    with pytest.raises(BadInput, match=r"the registry refuses PUT \(HTTP 400: TAG_IMMUTABLE\)"):
        Registries(double.transport()).copy(at(FROM), digest, at(TO))
    assert Registries(double.transport()).digest_of(at(TO)) == other
    with pytest.raises(BadInput, match="has no image of the digest"):
        Registries(double.transport()).copy(at(FROM), f"sha256:{'0' * 64}", at(TO))
