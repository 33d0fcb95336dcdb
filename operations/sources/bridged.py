"""Lays what a Terraform provider's schema says beside the inputs of the bridged SDK, under Pulumi's names.

The bridge writes `snake_case` as `camelCase`, and lists in the plural; what it renamed otherwise in a type
stands in its record. So names are compared by their letters alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalogue.rendering import Terraform
from operations.sources import sdk
from operations.sources.terraform import Attribute, Schema
from sandbox.inputs import Object, resource_shape


@dataclass(frozen=True)
class Pair:
    """One input and the attribute that it is in Terraform. `name` is Terraform's, `path` Pulumi's, from the top."""

    path: str
    name: str
    attribute: Attribute


def pairs(type_: str, way: Terraform, schema: Schema) -> Iterator[Pair]:
    """Every input that the schema has, at any depth."""
    renamed = {name: letters(other) for name, other in way.renamed.items()}
    yield from _pairs([resource_shape(type_)], schema.attributes, renamed, "")


def missing(type_: str, way: Terraform, schema: Schema) -> list[str]:
    """The inputs at the top that the schema lacks: the SDK is newer than the source, or the reader is wrong."""
    found = {pair.path for pair in pairs(type_, way, schema)}
    added = {"region"} if schema.regional else set[str]()
    return sorted(set(resource_shape(type_).properties) - found - added - {"timeouts"})


def replaces(type_: str, way: Terraform, schema: Schema) -> list[str]:
    """The inputs whose change makes a new resource; below one of them nothing is named."""
    found: list[str] = []
    for pair in pairs(type_, way, schema):
        if pair.attribute.replaces and not any(pair.path.startswith(f"{above}.") for above in found):
            found.append(pair.path)
    regional = schema.regional and "region" in resource_shape(type_).properties
    return sorted({*found, *(["region"] if regional else [])})


def enums(type_: str, way: Terraform, schema: Schema) -> dict[str, list[str]]:
    """The values outside of which the provider refuses an input."""
    return {pair.path: sorted(pair.attribute.enum) for pair in pairs(type_, way, schema) if pair.attribute.enum}


def _pairs(
    shapes: list[Object], attributes: Mapping[str, Attribute], renamed: Mapping[str, str], above: str
) -> Iterator[Pair]:
    """The inputs of each shape, an input before what lies below it."""
    named = {letters(name): name for name in attributes}
    for shape in shapes:
        for wire, known in shape.properties.items():
            options = [renamed[wire]] if wire in renamed else list(singulars(wire.lower()))
            name = next((named[option] for option in options if option in named), None)
            if name is None:
                continue
            pair = Pair(f"{above}{wire}", name, attributes[name])
            yield pair
            yield from _pairs(sdk.objects(known.shape()), pair.attribute.nested, {}, f"{pair.path}.")


def letters(name: str) -> str:
    """The letters of a name, by which names of several sources are compared."""
    return name.replace("_", "").lower()


def singulars(letters: str) -> Iterator[str]:
    """A name as it stands, then as the bridge may have made its plural of it."""
    yield letters
    if letters.endswith("ies"):
        yield f"{letters[:-3]}y"
    if letters.endswith("s"):
        yield letters[:-1]
    if letters.endswith("es"):
        yield letters[:-2]
