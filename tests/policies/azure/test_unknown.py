"""The pilot as the engine's preview shows it: no rule finds anything, and none has to wait until it is deployed."""

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, cast

from pulumi_policy import (
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
)
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from catalogue.graph import UNKNOWN, Graph, Resource
from operations.policies import resources_for_policies
from policies import pack


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in cast(Mapping[str, Any], value).values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from strings(item)


def unknown_where(value: Any, awaited: set[str]) -> Any:
    """The value with each text that carries what a resource has yet to answer marked as unknown; no tag does."""
    if isinstance(value, str):
        return UNKNOWN if any(answer in value for answer in awaited) else value
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
        return {key: item if key == "tags" else unknown_where(item, awaited) for key, item in items}
    return [unknown_where(item, awaited) for item in cast(list[Any], value)] if isinstance(value, list) else value


def answers(resource: Resource) -> set[str]:
    """What a resource answers and was not told; a name is an answer of azure-native's even where it was given."""
    told = {
        text for key, value in resource.inputs.items() if not key.lower().endswith("name") for text in strings(value)
    }
    return {text for text in strings(resource.outputs) if len(text) > 3} - told


def before_up(graph: Graph, resource: Resource) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs, and inputs with every other output unknown, as azure-native answers a preview (`previewOutputs`)."""
    inputs = dict(resource.inputs)
    for key, urns in resource.property_dependencies.items():
        if key in inputs:
            inputs[key] = unknown_where(inputs[key], {a for urn in urns for a in answers(graph.by_urn[urn])})
    outputs = {*resource.outputs, *(sdk_properties(resource.type) if resource.type.startswith("azure-native:") else ())}
    return inputs, {**dict.fromkeys(outputs, UNKNOWN), **inputs}


def sdk_properties(type_: str) -> set[str]:
    """The properties of a resource under their wire names."""
    _, module, name = type_.split(":")
    class_ = getattr(import_module(f"pulumi_azure_native.{module}"), name)
    names = [key for key, value in inspect.getmembers(class_) if isinstance(value, property) and key != "urn"]
    return {re.sub(r"_+(\w)", lambda found: found.group(1).upper(), key) for key in names}


def test_no_rule_finds_or_waits_while_outputs_are_unknown(azure_pilot: Graph) -> None:
    shown = {r.urn: before_up(azure_pilot, r) for r in azure_pilot.resources}
    resources = resources_for_policies(azure_pilot)
    for item in resources:
        item.props = unknown_checking_proxy(shown[item.urn][1])
    found = list[str]()
    unknown = sum(UNKNOWN in strings(whole) for _, whole in shown.values())
    assert unknown > len(resources) / 2, "the graph has too little unknown to prove anything"

    def report(rule: str) -> ReportViolation:
        return lambda message, urn=None: found.append(f"{rule}: {urn} {message}")

    for rule in pack.RULES["azure"]:
        if isinstance(rule, ResourceValidationPolicy):
            for item in resources:
                inputs = unknown_checking_proxy(shown[item.urn][0])
                args = ResourceValidationArgs(item.resource_type, inputs, item.urn, item.name, item.opts, item.provider)
                try:
                    rule.validate(args, report(rule.name))
                except UnknownValueError as error:
                    found.append(f"{rule.name} waits for {item.name}: {error.message}")
        else:
            try:
                rule.validate(StackValidationArgs(resources), report(rule.name))
            except UnknownValueError as error:
                found.append(f"{rule.name} waits for {error.message}")
    assert not found
