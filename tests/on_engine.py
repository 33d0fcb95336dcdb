"""A resource graph as the engine shows it to a policy pack: pulumi_policy's own objects, references linked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
)

from catalogue.graph import Graph, Resource
from catalogue.marks import UNKNOWN


def shown(graph: Graph, props: Mapping[str, Mapping[str, Any]] | None = None) -> list[PolicyResource]:
    """The cloud's resources and the providers, with their outputs, or with what `props` has by URN instead."""
    made = {r.urn: _resource(graph, r, dict((props or {}).get(r.urn, r.outputs))) for r in graph.resources if r.custom}
    for resource in graph.resources:
        if resource.urn not in made:
            continue
        policy = made[resource.urn]
        policy.dependencies = [made[urn] for urn in resource.dependencies if urn in made]
        policy.property_dependencies = {
            key: [made[urn] for urn in urns if urn in made] for key, urns in resource.property_dependencies.items()
        }
    return list(made.values())


def args_of(item: PolicyResource, props: Mapping[str, Any]) -> ResourceValidationArgs:
    """What a rule on one resource is asked with."""
    return ResourceValidationArgs(item.resource_type, dict(props), item.urn, item.name, item.opts, item.provider)


def _resource(graph: Graph, resource: Resource, props: dict[str, Any]) -> PolicyResource:
    options = PolicyResourceOptions(
        protect=resource.protect,
        ignore_changes=list(resource.ignored_changes),
        delete_before_replace=resource.options.get("deleteBeforeReplace"),
        aliases=[],
        custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
        parent=resource.parent,
    )
    made_with = graph.provider_of(resource)
    provider = (
        PolicyProviderResource(made_with.type, dict(made_with.inputs), made_with.urn, made_with.name)
        if made_with
        else None
    )
    return PolicyResource(resource.type, props, resource.urn, resource.name, options, provider, None, [], {})


def before_up(graph: Graph) -> Graph:
    """The graph at a first preview: what comes from another resource's answer, or is its own, is not known yet."""
    answered = {r.urn: _answers(r) for r in graph.resources}
    # A provider is named by its id, too, which is then as unknown where it is named.
    return replace(graph, resources=tuple(r if r.is_provider else _forgotten(r, answered) for r in graph.resources))


def _answers(resource: Resource) -> list[str]:
    """The texts that only the cloud knows: computed outputs of a resource."""
    return [value for key, value in resource.outputs.items() if key not in resource.inputs and isinstance(value, str)]


def _forgotten(resource: Resource, answered: dict[str, list[str]]) -> Resource:
    """The resource with what comes from another's answer, or is its own, marked as unknown."""
    inputs = {
        key: _hidden(value, [a for urn in resource.property_dependencies.get(key, ()) for a in answered.get(urn, ())])
        for key, value in resource.inputs.items()
    }
    return replace(resource, inputs=inputs, outputs=dict.fromkeys(resource.outputs, UNKNOWN) | inputs)


def _hidden(value: Any, answers: list[str]) -> Any:
    if isinstance(value, str):
        return UNKNOWN if any(answer and answer in value for answer in answers) else value
    if isinstance(value, list):
        return [_hidden(item, answers) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {key: _hidden(item, answers) for key, item in cast(dict[str, Any], value).items()}
    return value
