"""What every component of every platform keeps: its token, its arguments, its outputs, and what it does with an Output.

`tests/components/<platform>/examples.py` has one example of the arguments of each component.
"""

import asyncio
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any, cast, get_args

import pulumi
import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from components.given import Args, BadArgument, declarations, is_input, plain_type
from components.package import Package, built, components, name_of
from operations.offline import record

Component = type[pulumi.ComponentResource]
PLAIN = (str, int, float, bool)


def examples(platform: str) -> Mapping[str, Args]:
    """An example of the arguments of each component, by the component's name."""
    return import_module(f"tests.components.{platform}.examples").EXAMPLES


EVERY = [
    pytest.param(name, component, id=f"{name}-{component.__name__}")
    for name in PLATFORMS
    for component in components(name)
]


def shapes(shape: type[Args]) -> Iterator[type[Args]]:
    """A shape of arguments, and each that stands in it."""
    yield shape
    for declared in declarations(shape).values():
        for inner in inside(declared):
            yield from shapes(inner)


def inside(declared: Any) -> Iterator[type[Args]]:
    """The shapes that a declared type holds."""
    wanted = plain_type(declared)
    if isinstance(wanted, type) and issubclass(wanted, Args):
        yield wanted
    for member in get_args(wanted):
        yield from inside(member)


def args_of(component: Component) -> type[Args]:
    """The class of a component's arguments."""
    return component.__init__.__annotations__["args"]


def later(args: Any, *, known: bool) -> Any:
    """The same arguments with an Output wherever one may be: of the same value, or of one that is not known yet."""
    if not is_dataclass(args):
        return args
    declared = declarations(cast(type[Args], type(args)))
    return replace(cast(Any, args), **{name: _later(declared[name], getattr(args, name), known) for name in declared})


def _later(declared: Any, value: Any, known: bool) -> Any:
    if value is None:
        return None
    if is_input(declared):
        return pulumi.Output.from_input(value) if known else unknown()
    inner = get_args(plain_type(declared))
    if isinstance(value, Mapping) and inner:
        return {key: _later(inner[-1], item, known) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple) and inner:
        return [_later(inner[-1], item, known) for item in cast(list[Any], value)]
    return later(value, known=known)


def unknown() -> pulumi.Output[Any]:
    """What stands at a preview for a value that another resource has only once it is made."""

    def future(value: Any) -> "asyncio.Future[Any]":
        made: asyncio.Future[Any] = asyncio.Future()
        made.set_result(value)
        return made

    return pulumi.Output(future(set()), future(None), future(False), future(False))


@cache  # the plain one is what two others are held against
def made(platform: str, component: Component, known: bool | None = None) -> tuple[Graph, Mapping[str, Any]]:
    """The graph of one component, and the outputs that it registers. `known` gives Outputs, of which sort."""
    registered: dict[str, Any] = {}

    class Spied(component):  # type: ignore[misc, valid-type]
        def register_outputs(self, outputs: Any) -> None:
            registered.update(outputs)
            super().register_outputs(outputs)

    def program() -> None:
        args = examples(platform)[component.__name__]
        provider = pulumi.ProviderResource(PLATFORMS[platform].packages[0].removesuffix(":"), "cloud", {})
        given = args if known is None else later(args, known=known)
        cast(Any, Spied)("it", given, pulumi.ResourceOptions(providers=[provider]))

    return record(program, "test", platform, {}), registered


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_is_a_package_whose_schema_says_every_word(platform: str) -> None:
    schema = json.loads(cast(Any, Package(platform)).schema)
    assert schema["name"] == name_of(platform)
    assert sorted(schema["resources"]) == sorted(
        f"{name_of(platform)}:index:{c.__name__}" for c in components(platform)
    )
    silent = [
        f"{token}.{name}"
        for token, item in (schema["resources"] | schema["types"]).items()
        for name, said in (item.get("inputProperties", {}) | item.get("properties", {})).items()
        if not said.get("description")
    ]
    assert not silent, "each argument and output has a docstring under it"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_component_has_an_example(platform: str) -> None:
    assert sorted(examples(platform)) == [component.__name__ for component in components(platform)]


@pytest.mark.parametrize(("platform", "component"), EVERY)
def test_a_component_takes_a_name_arguments_and_options(platform: str, component: Component) -> None:
    parameters = inspect.signature(component.__init__).parameters
    assert list(parameters) == ["self", "name", "args", "opts"] and parameters["opts"].default is None
    assert component.__doc__, "says what it creates and refuses"


@pytest.mark.parametrize(("platform", "component"), EVERY)
def test_a_component_takes_ids_and_names_and_no_other_component(platform: str, component: Component) -> None:
    for shape in shapes(args_of(component)):
        for name, declared in declarations(shape).items():
            for wanted in _leaves(declared):
                assert wanted in PLAIN or wanted is Any or issubclass(wanted, Args), f"{shape.__name__}.{name}"


def _leaves(declared: Any) -> Iterator[Any]:
    wanted = plain_type(declared)
    if get_args(wanted):
        yield from _leaves(get_args(wanted)[-1])
    else:
        yield wanted


@pytest.mark.sweep(2)
@pytest.mark.parametrize(("platform", "component"), EVERY)
def test_a_component_stands_under_its_token_and_registers_every_output(platform: str, component: Component) -> None:
    graph, registered = made(platform, component)
    (root,) = (r for r in graph.resources if r.is_component and r.name == "it")
    assert root.type == f"{name_of(platform)}:index:{component.__name__}"
    assert set(registered) == {name for name in inspect.get_annotations(component) if not name.startswith("_")}
    assert graph.cloud, "an example that creates nothing shows nothing"


@pytest.mark.sweep(2)
@pytest.mark.parametrize(("platform", "component"), EVERY)
def test_a_component_creates_the_same_of_outputs_as_of_plain_values(platform: str, component: Component) -> None:
    plain, of_outputs = made(platform, component)[0], made(platform, component, known=True)[0]
    assert [(r.urn, r.inputs, r.protect) for r in plain.resources] == [
        (r.urn, r.inputs, r.protect) for r in of_outputs.resources
    ]


@pytest.mark.sweep(2)
@pytest.mark.parametrize(("platform", "component"), EVERY)
def test_a_component_is_previewed_before_its_inputs_are_known(platform: str, component: Component) -> None:
    plain, unsure = made(platform, component)[0], made(platform, component, known=False)[0]
    assert [r.urn for r in plain.resources] == [r.urn for r in unsure.resources]


@pytest.mark.parametrize(("platform", "component"), EVERY)
def test_an_output_where_a_component_must_know_is_refused_in_one_sentence(platform: str, component: Component) -> None:
    args = examples(platform)[component.__name__]
    for name, declared in declarations(type(args)).items():
        if is_input(declared):
            continue

        def program(name: str = name) -> None:
            with pytest.raises(BadArgument, match=rf"^\w+\.{name}: is an Output, [^\n]+$"):
                replace(args, **{name: pulumi.Output.from_input("x")})

        record(program, "test", platform, {})


@pytest.mark.parametrize(("platform", "component"), EVERY)
def test_what_the_engine_sends_becomes_the_arguments_again(platform: str, component: Component) -> None:
    args = examples(platform)[component.__name__]
    assert built(type(args), _wire(args)) == args


def _wire(value: Any) -> Any:
    """As the engine sends it: names in camelCase, every number a float."""
    if is_dataclass(value):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        return {
            "".join([first, *(word.title() for word in rest)]): _wire(item)
            for name, item in held.items()
            for first, *rest in [name.split("_")]
            if item is not None
        }
    if isinstance(value, Mapping):
        return {key: _wire(item) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_wire(item) for item in cast(list[Any], value)]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
