"""A platform's components as a Pulumi component package, for programs of other projects in any of Pulumi's languages.

The engine starts the folder of a platform (`components/aws`), which serves each ComponentResource that it finds there
under the token `mlplatform-aws:index:<Noun>`. The schema follows from the declared types and the docstrings. Only that
platform's SDK is imported. Source: https://www.pulumi.com/docs/iac/guides/building-extending/components/
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from importlib import import_module
from inspect import cleandoc, getdoc
from pkgutil import iter_modules
from typing import Any, TypeVar, cast, get_args, get_origin

import pulumi
from pulumi.output import Unknown
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition, PropertyDefinition
from pulumi.provider.experimental.schema import generate_schema
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.server import ProviderServicer

from components.given import Args, BadArgument, declarations, plain_type
from provider import VERSION
from provider.serving import Sentences, run

T = TypeVar("T", bound=Args)


def name_of(platform: str) -> str:
    """The name of a platform's package, with which the tokens of its components begin."""
    return f"mlplatform-{platform}"


def components(platform: str) -> list[type[pulumi.ComponentResource]]:
    """Every component in the folder of a platform, in the order of their names."""
    folder = f"components.{platform}"
    found: set[type[pulumi.ComponentResource]] = set()
    for module in iter_modules(import_module(folder).__path__):
        if module.name == "__main__":
            continue
        for value in vars(import_module(f"{folder}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, pulumi.ComponentResource):
                found.add(value)
    return sorted(found - {pulumi.ComponentResource}, key=lambda component: component.__name__)


class _Analyzer(Analyzer):
    """Pulumi's analyzer, which knows no default of a field, and keeps the indentation of docstrings."""

    def get_docstring(self, typ: type, name: str) -> str | None:
        said = (super(_Analyzer, self).get_docstring(base, name) for base in typ.__mro__ if base is not object)
        found = next(filter(None, said), None)  # a field of a base is said there
        return cleandoc(found) if found else None

    def analyze_component(self, component: type[pulumi.ComponentResource]) -> ComponentDefinition:
        return replace(super().analyze_component(component), description=getdoc(component))

    def analyze_type(
        self, typ: type, *, is_component_output: bool
    ) -> tuple[dict[str, PropertyDefinition], dict[str, str]]:
        properties, names = super().analyze_type(typ, is_component_output=is_component_output)
        for field in fields(typ) if is_dataclass(typ) else ():
            properties[camel_case(field.name)].optional |= _has_default(field)
        return properties, names


class Package(Provider):
    """Serves components: their schema, and the construction of each from what a program of any language sends."""

    def __init__(self, platform: str) -> None:
        self._name = name_of(platform)
        self._components = {component.__name__: component for component in components(platform)}
        analyzed = _Analyzer(self._name).analyze(list(self._components.values()))
        definitions = analyzed["component_definitions"]
        self._outputs = {name: definition.outputs_mapping for name, definition in definitions.items()}
        schema = generate_schema(self._name, VERSION, None, definitions, analyzed["type_definitions"], [])
        super().__init__(VERSION, json.dumps(schema.to_json()))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, Any],
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Construct a component. Raises BadArgument for a component or an argument that there is not."""
        package, _, noun = resource_type.partition(":index:")
        if package != self._name or noun not in self._components:
            raise BadArgument(f"{resource_type}: is no component of {self._name}; it has {', '.join(self._components)}")
        component = cast(Any, self._components[noun])
        made = component(name, built(component.__init__.__annotations__["args"], inputs), options)
        values = {key: getattr(made, attribute) for key, attribute in self._outputs[noun].items()}
        return ConstructResult(made.urn, {key: value for key, value in values.items() if value is not None})


def built(shape: type[T], given: Mapping[str, Any]) -> T:
    """The arguments in a shape, of what the engine sends under names in camelCase. Raises BadArgument."""
    known = {camel_case(field.name): field for field in fields(shape)}
    for key in given:
        if key not in known:
            raise BadArgument(f"{shape.__name__}.{key}: there is no such argument; there are {', '.join(known)}")
    values: dict[str, Any] = {}
    for key, field in known.items():
        if given.get(key) is not None:
            values[field.name] = _read(declarations(shape)[field.name], given[key], f"{shape.__name__}.{key}")
        elif not _has_default(field):
            raise BadArgument(f"{shape.__name__}.{key}: is missing; give it a value")
    return shape(**values)


_WORDS: Mapping[Any, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
"""What the values of each type are called; what a value is, is not said, for it may be a secret."""


def _read(declared: Any, value: Any, at: str) -> Any:
    """A value as its type is declared; an Output stays one. Raises BadArgument for a value of another type.

    A mapping arrives in an order that changes from run to run, and every number as a float.
    """
    wanted: Any = plain_type(declared)
    if isinstance(value, pulumi.Output):
        return pulumi.Output.from_input(cast(Any, value)).apply(lambda known: _read(wanted, known, at))
    if isinstance(value, Unknown):
        return cast(Any, value)
    if isinstance(wanted, type) and issubclass(wanted, Args):
        return built(wanted, _of(dict, value, at))
    if wanted is Any:
        return _anything(value)
    if issubclass(get_origin(wanted) or wanted, Mapping):
        given: dict[str, Any] = _of(dict, value, at)
        return {key: _read(get_args(wanted)[-1], given[key], f"{at}.{key}") for key in sorted(given)}
    if get_args(wanted):
        return [_read(get_args(wanted)[0], item, f"{at}[{n}]") for n, item in enumerate(_of(list, value, at))]
    return _of(wanted, value, at)


def _of(wanted: Any, value: Any, at: str) -> Any:
    """The value where it is of the type. Raises BadArgument."""
    if wanted in (int, float) and isinstance(value, float | int) and not isinstance(value, bool):
        if wanted is float or float(value).is_integer():
            return wanted(value)
    elif isinstance(value, wanted):
        return value
    found = next((words for type_, words in _WORDS.items() if isinstance(value, type_)), type(value).__name__)
    raise BadArgument(f"{at}: is {found}; give {_WORDS[wanted]}")


def _anything(value: Any) -> Any:
    """A value of whatever type, its mappings in order and its whole numbers whole."""
    if isinstance(value, dict):
        given = cast(dict[str, Any], value)
        return {key: _anything(given[key]) for key in sorted(given)}
    if isinstance(value, list):
        return [_anything(item) for item in cast(list[Any], value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def serve(platform: str) -> None:
    """Serve a platform's components to the engine that started this process, until it ends it."""
    started_by = os.getppid()
    arguments = [entry for entry in sys.argv[1:] if not entry.startswith("-")]
    engine = arguments[0] if arguments else ""
    run(
        lambda: ProviderServicer(Package(platform), [], engine_address=engine),
        Sentences(f"the component package {name_of(platform)}", (pulumi.RunError,)),
        started_by,
    )
