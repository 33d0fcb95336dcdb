"""Judges a resource's inputs against the installed SDK: required properties, known properties, types and enums.

The SDK's own classes are the source. The signature of `<Resource>Args`, and of each nested `Args` class, says what is
required and of which type. Its property table has the names on the wire. Where the SDK takes any string beside an enum,
so does this module, unless the provider that it bridges refuses the string (`enums` of `catalogue/generated`). Assets
pass, and so does a value that is not known yet.
"""

import collections.abc
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, ForwardRef, Union, cast, get_args, get_origin

# The SDK does not export this, but keeps the names on the wire nowhere else. The lock file pins its version.
from pulumi._types import input_type_py_to_pulumi_names, is_input_type

from catalogue.behaviour import values_at
from catalogue.generated import generated
from catalogue.marks import is_secret, is_special, is_unknown
from catalogue.platforms import platform_of
from sandbox.cloud import UnknownType
from sandbox.clouds import CLOUDS

Wrong = list[tuple[str, str]]
"""The path of an input, with dots and indexes, and a sentence that says what is wrong with it."""


@dataclass(frozen=True)
class Property:
    """One input of an object. Its shape is looked up when it is first needed, for an object may contain itself."""

    required: bool
    shape: "Callable[[], Shape]"


class Shape:
    """A type of the SDK."""

    def judge(self, path: str, value: Any) -> Wrong:
        """What is wrong with a value. The value is neither null nor unknown."""
        raise NotImplementedError


@dataclass(frozen=True)
class Anything(Shape):
    """A type that the SDK does not describe further, or an asset."""

    def judge(self, path: str, value: Any) -> Wrong:
        """Nothing is wrong."""
        return []


@dataclass(frozen=True)
class Scalar(Shape):
    """A string, a number or a truth value. Whole numbers are doubles on the wire, and int here."""

    kinds: tuple[type, ...]
    word: str

    def judge(self, path: str, value: Any) -> Wrong:
        """Wrong: a value of another kind."""
        if isinstance(value, self.kinds) and (bool in self.kinds or not isinstance(value, bool)):
            return []
        return [(path, f"must be {self.word}, not {_said(value)}")]


@dataclass(frozen=True)
class OneOf(Shape):
    """An enum that takes no other string."""

    values: tuple[Any, ...]

    def judge(self, path: str, value: Any) -> Wrong:
        """Wrong: a value that the enum does not have."""
        if value in self.values:
            return []
        return [(path, f"must be one of {', '.join(map(str, self.values))}, not {_said(value)}")]


@dataclass(frozen=True)
class Items(Shape):
    """A list."""

    of: "Callable[[], Shape]"

    def judge(self, path: str, value: Any) -> Wrong:
        """Wrong: no list, or a wrong element."""
        if not isinstance(value, list | tuple):
            return [(path, f"must be a list, not {_said(value)}")]
        items = cast(Sequence[Any], value)
        return [one for n, item in enumerate(items) for one in judge_value(self.of(), f"{path}[{n}]", item)]


@dataclass(frozen=True)
class Entries(Shape):
    """A map. The user chooses its keys."""

    of: "Callable[[], Shape]"

    def judge(self, path: str, value: Any) -> Wrong:
        """Wrong: no map, or a wrong value in it."""
        if not isinstance(value, Mapping):
            return [(path, f"must be a map, not {_said(value)}")]
        entries = cast(Mapping[str, Any], value)
        return [said for key, one in entries.items() for said in judge_value(self.of(), f"{path}.{key}", one)]


@dataclass(frozen=True)
class Object(Shape):
    """An object with the properties that the SDK names."""

    properties: Mapping[str, Property]

    def judge(self, path: str, value: Any) -> Wrong:
        """Wrong: no object, a property missing, one too many, or a wrong one."""
        if not isinstance(value, Mapping):
            return [(path, f"must be an object, not {_said(value)}")]
        given = cast(Mapping[str, Any], value)
        below = f"{path}." if path else ""
        wrong: Wrong = []
        for name, one in given.items():
            known = self.properties.get(name)
            if known is None:
                wrong.append((f"{below}{name}", "is not a property of the SDK's type"))
            else:
                wrong += judge_value(known.shape(), f"{below}{name}", one)
        missing = (name for name, known in self.properties.items() if known.required and given.get(name) is None)
        return wrong + [(f"{below}{name}", "is required") for name in missing]


@dataclass(frozen=True)
class Either(Shape):
    """A union. A value that is right for one of its types is right."""

    of: tuple[Shape, ...]

    def judge(self, path: str, value: Any) -> Wrong:
        """Wrong: a value that is wrong for every type. The sentences are those of the nearest type."""
        tried = [one.judge(path, value) for one in self.of]
        return min(tried, key=len)


def judge(type_: str, inputs: Mapping[str, Any]) -> Wrong:
    """What is wrong with a resource's inputs, in wire names. Raises UnknownType for a type the SDK does not have."""
    wrong = resource_shape(type_).judge("", inputs)
    platform = platform_of(type_)
    facts = generated(platform).types.get(type_) if platform else None
    said = {re.sub(r"\[\d+\]", "", path) for path, _ in wrong}
    for path, values in facts.enums.items() if facts else ():
        for value in values_at(inputs, path) if path not in said else ():
            if isinstance(value, str) and value not in (*values, "") and not is_unknown(value):
                wrong += OneOf(values).judge(path, value)
    return wrong


def judge_value(shape: Shape, path: str, value: Any) -> Wrong:
    """What is wrong with one value. Nothing is, while it is unknown or null. A secret is judged by its plain value."""
    if value is None or is_unknown(value):
        return []
    if is_secret(value):
        said = judge_value(shape, path, value.get("value"))
        return [(where, "is secret, and of the wrong type") for where, _ in said]
    if is_special(value):  # an asset, an archive or a reference to a resource
        return []
    return shape.judge(path, value)


@cache
def resource_shape(type_: str) -> Object:
    """The shape of a resource type's inputs, from its `Args` class. Only the type's own module is imported."""
    package, _, rest = type_.partition(":")
    module_name, _, class_name = rest.partition(":")
    if package not in CLOUDS:
        raise UnknownType(f"the sandbox has no SDK for {type_}")
    sdk = CLOUDS[package].module
    module_name = module_name.partition("/")[0].replace("-", "_")
    try:
        module = import_module(sdk if module_name == "index" else f"{sdk}.{module_name.lower()}")
        resource = getattr(module, class_name)
    except (ImportError, AttributeError):
        raise UnknownType(f"the installed {sdk} has no type {type_}") from None
    home = sys.modules[resource.__module__]
    # Where a nested type has the same name, the resource's own class is called InitArgs.
    arguments = getattr(home, f"{class_name}InitArgs", None) or getattr(home, f"{class_name}Args")
    return _object(arguments)


@cache
def _object(of: type) -> Object:
    names = input_type_py_to_pulumi_names(of)
    properties: dict[str, Property] = {}
    for parameter in list(inspect.signature(of.__init__).parameters.values())[1:]:
        required = parameter.default is inspect.Parameter.empty
        properties[names[parameter.name]] = Property(required, _later(parameter.annotation, of.__module__))
    return Object(properties)


def _later(annotation: Any, module: str) -> Callable[[], Shape]:
    """The shape of the annotation, made when it is first asked for."""
    return cache(lambda: _shape(annotation, module))


def _shape(annotation: Any, module: str) -> Shape:
    """The shape of an annotation in a module. `pulumi.Input` is a union itself; only its plain value counts."""
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        annotation = _named(annotation, module)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        members = [one for one in get_args(annotation) if not _is_plumbing(one)]
        shapes = [_shape(one, module) for one in members]
        return shapes[0] if len(shapes) == 1 else Either(tuple(shapes))
    if origin is collections.abc.Sequence:
        return Items(_later(get_args(annotation)[0], module))
    if origin is collections.abc.Mapping:
        return Entries(_later(get_args(annotation)[1], module))
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if isinstance(annotation, type):
        class_: type[Any] = annotation
        if issubclass(class_, Enum):
            return OneOf(tuple(one.value for one in class_))
        if is_input_type(class_):
            return _object(class_)
    return Anything()


def _is_plumbing(member: Any) -> bool:
    """The parts of `pulumi.Input[Optional[T]]` that are not T."""
    return (
        member is type(None)
        or get_origin(member) is collections.abc.Awaitable
        or (isinstance(member, ForwardRef) and member.__forward_arg__ == "Output[T]")
    )


def _named(name: str, module: str) -> Any:
    """The class that a quoted annotation names.

    The SDK quotes classes of its own package, and writes others with a dot.
    """
    home: Any = sys.modules[module]
    for candidate in (home, import_module(f"{home.__package__}._inputs")):
        found: Any = candidate
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not None:
            return found
    return Any


_SCALARS: Mapping[Any, Scalar] = {
    str: Scalar((str,), "a string"),
    bool: Scalar((bool,), "true or false"),
    int: Scalar((int,), "a whole number"),
    float: Scalar((float, int), "a number"),
}


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value)
