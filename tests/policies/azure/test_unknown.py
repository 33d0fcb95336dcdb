"""The pilot as the engine's preview shows it: no rule finds anything, and none has to wait until it is deployed."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, cast

import pytest
from pulumi_policy import ReportViolation, ResourceValidationPolicy, StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from catalogue.graph import Graph, Resource
from catalogue.marks import UNKNOWN
from policies import __main__ as engine
from policies import pack
from stacks.config import STACKS, to_engine
from tests.on_engine import args_of, shown


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


def test_no_rule_finds_or_waits_while_outputs_are_unknown(azure_pilot: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_sent", {})
    monkeypatch.setenv("PULUMI_PROJECT", engine.PROJECT)
    # The stack file names the network that people come from.
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(to_engine(STACKS / "Pulumi.azure-pilot.yaml")))
    sent = {r.urn: before_up(azure_pilot, r) for r in azure_pilot.resources}
    resources = shown(azure_pilot)
    for item in resources:
        item.props = unknown_checking_proxy(sent[item.urn][1])
    found = list[str]()
    unknown = sum(UNKNOWN in strings(whole) for _, whole in sent.values())
    assert unknown > len(resources) / 2, "the graph has too little unknown to prove anything"

    def report(rule: str) -> ReportViolation:
        return lambda message, urn=None: found.append(f"{rule}: {urn} {message}")

    rules = [engine.remember(), *(engine.on_engine("azure", rule) for rule in pack.RULES["azure"])]
    for rule in rules:  # the engine shows every resource by itself before it shows the stack
        for item in resources if isinstance(rule, ResourceValidationPolicy) else ():
            args = args_of(item, {})
            args.props = unknown_checking_proxy(sent[item.urn][0])
            try:
                cast(ResourceValidationPolicy, rule).validate(args, report(rule.name))
            except UnknownValueError as error:
                found.append(f"{rule.name} waits for {item.name}: {error.message}")
    for rule in rules:
        if isinstance(rule, StackValidationPolicy):
            try:
                rule.validate(StackValidationArgs(resources), report(rule.name))
            except UnknownValueError as error:
                found.append(f"{rule.name} waits for {error.message}")
    # The engine shows this test no stack file, so nobody has declared the quotas.
    assert not [each for each in found if not each.startswith("azure-quota-undeclared")]
