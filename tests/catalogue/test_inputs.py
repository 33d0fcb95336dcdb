"""The files of `catalogue/inputs/` speak of inputs that the installed SDKs have."""

import pytest

from catalogue.inputs import inputs
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS, Platform
from sandbox.cloud import UnknownType
from sandbox.inputs import Anything, Either, Entries, Items, Object, Shape, resource_shape


def has(shape: Shape, path: list[str]) -> bool:
    """Whether a shape of the SDK has something at a path; a list on the way is entered without a word."""
    if isinstance(shape, Items):
        return has(shape.of(), path)
    if isinstance(shape, Either):
        return any(has(one, path) for one in shape.of)
    if not path or isinstance(shape, Anything):
        return True
    if isinstance(shape, Entries):
        return has(shape.of(), path[1:])
    if isinstance(shape, Object):
        known = shape.properties.get(path[0])
        return known is not None and has(known.shape(), path[1:])
    return False


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_input_of_the_file_is_one_of_the_sdks(platform: Platform) -> None:
    for token, takes in inputs(platform).items():
        if token.startswith("pulumi:"):
            continue
        try:
            shape = resource_shape(token)
        except UnknownType:
            continue
        unknown = [path for path in takes.known | takes.needed | takes.once if not has(shape, path.split("."))]
        assert not unknown, f"{token} has no {unknown}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_type_of_the_file_and_every_type_that_it_names_is_a_kind(platform: Platform) -> None:
    known = kinds(platform)
    named = {type_ for takes in inputs(platform).values() for types in takes.own.values() for type_ in types}
    assert inputs(platform).keys() | named <= known.keys()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_input_is_said_twice(platform: Platform) -> None:
    for token, takes in inputs(platform).items():
        words = (takes.free, takes.may, takes.must, takes.like, takes.within)
        said = [path for word in words for path in word]
        assert len(said) == len(set(said)), f"{token} says one input in two ways"
