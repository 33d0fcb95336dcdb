"""Reads what the installed SDK of a provider says of a resource type: what is required, the enums, where tags go."""

from collections.abc import Iterator
from importlib.metadata import version

from catalogue.platforms import Platform
from sandbox.clouds import CLOUDS
from sandbox.inputs import Either, Entries, Items, Object, OneOf, Shape, resource_shape

_TAGS = {"aws": ("tags",), "azure": ("tags", "properties.tags"), "gcp": ("userLabels", "labels")}
"""Where a type takes tags: the first that it has. A channel of Google's has `labels` that configure it."""


def distribution(platform: Platform) -> tuple[str, str]:
    """Name and version of the installed SDK of a platform."""
    name = next(cloud.sdk for cloud in CLOUDS.values() if cloud.platform == platform)
    return name, version(name)


def required(type_: str) -> list[str]:
    """The inputs that must be given, in wire names."""
    return sorted(name for name, known in resource_shape(type_).properties.items() if known.required)


def taggable(type_: str, platform: Platform) -> str | None:
    """The input that takes tags or labels; None where the type takes none."""
    return next((path for path in _TAGS[platform] if _has_map(resource_shape(type_), path)), None)


def enums(type_: str) -> dict[str, list[str]]:
    """The values of each input, at any depth, beside which the SDK takes no other."""
    return {path: sorted(map(str, values)) for path, values in _enums(resource_shape(type_), "", ())}


def objects(shape: Shape) -> list[Object]:
    """The objects that a shape may be, whatever lists are on the way."""
    if isinstance(shape, Items):
        return objects(shape.of())
    if isinstance(shape, Either):
        return [one for each in shape.of for one in objects(each)]
    return [shape] if isinstance(shape, Object) else []


def is_list(shape: Shape) -> bool:
    """Whether a shape is a list, alone or among others."""
    return isinstance(shape, Items) or (isinstance(shape, Either) and any(map(is_list, shape.of)))


def _has_map(shape: Shape, path: str) -> bool:
    """Whether a map stands at a path of inputs."""
    if isinstance(shape, Either):
        return any(_has_map(one, path) for one in shape.of)
    head, _, rest = path.partition(".")
    if isinstance(shape, Object) and head in shape.properties:
        return _has_map(shape.properties[head].shape(), rest)
    return isinstance(shape, Entries) and not path


def _enums(shape: Shape, path: str, above: tuple[Shape, ...]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """An object that lies in one of its own kind is not entered again: its values are those of the one above.

    Nor is one of several that may stand in a place: what is an enum in one may be any text in another.
    """
    if isinstance(shape, OneOf):
        yield path, shape.values
    elif isinstance(shape, Items | Entries):
        yield from _enums(shape.of(), path, above)
    elif len(objects(shape)) == 1 and objects(shape)[0] not in above:
        (one,) = objects(shape)
        for name, known in one.properties.items():
            yield from _enums(known.shape(), f"{path}.{name}".lstrip("."), (*above, one))
