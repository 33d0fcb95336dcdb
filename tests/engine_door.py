"""The door of the policy pack that the engine knocks at: its gRPC analyzer, served in this process without the CLI.

The engine shows a pack each resource before it is made, by its inputs, and the whole stack when all are known, by its
outputs (sdk/proto/pulumi/analyzer.proto, https://github.com/pulumi/pulumi). Marks of secrets and of what is not known
stay (pkg/resource/plugin, analyzer_plugin.go: KeepUnknowns, KeepSecrets). It shows no ids, and the stack itself as the
parent of what has no other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, Policy

from catalogue.graph import Graph, Resource
from policies import __main__ as pack

_STACK = "pulumi:pulumi:Stack"


class Told(NamedTuple):
    """One thing that the pack said: of which rule, of which resource, and what; or that the rule must wait."""

    rule: str
    urn: str
    sentence: str
    mandatory: bool


def knock(graph: Graph, policies: Sequence[Policy]) -> list[Told]:
    """What these policies say of a graph by the engine's door, once each resource and then the stack were shown."""
    pack._sent.clear()  # pyright: ignore[reportPrivateUsage]
    return [*of_each(graph, policies), *of_stack(graph, policies)]


def of_each(graph: Graph, policies: Sequence[Policy]) -> list[Told]:
    """What these policies say where each resource is shown before it is made."""
    servicer, told = _servicer(policies), list[Told]()
    for resource in _made_in_order(graph):
        said = servicer.Analyze(_request(graph, resource), None)
        told += _told(said.diagnostics, resource.urn)
    return told


def of_stack(graph: Graph, policies: Sequence[Policy]) -> list[Told]:
    """What these policies say where the whole stack is shown, by its outputs."""
    shown = [_root(graph), *(_shown(graph, resource) for resource in graph.resources)]
    said = _servicer(policies).AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=shown), None)
    return [*_told(said.diagnostics, "")]


def _servicer(policies: Sequence[Policy]) -> pack.Analyzer:
    pack.read_as_offline()
    return pack.Analyzer("mlplatform", "0.0.1", list(policies), EnforcementLevel.ADVISORY)


def _told(diagnostics: Any, urn: str) -> Iterator[Told]:
    for one in diagnostics:
        waits = one.message.startswith("can't run policy")
        sentence = "" if waits else one.message.removeprefix(f"{one.description}\n")
        mandatory = one.enforcementLevel == analyzer_pb2.MANDATORY
        yield Told(one.policyName, one.urn or ("" if waits else urn), sentence, mandatory)


def _made_in_order(graph: Graph) -> list[Resource]:
    """Providers first: the engine shows each resource after what it depends on."""
    return sorted(graph.resources, key=lambda one: not one.is_provider)


def _root_urn(graph: Graph) -> str:
    return f"urn:pulumi:{graph.stack}::{graph.project}::{_STACK}::{graph.project}-{graph.stack}"


def _root(graph: Graph) -> analyzer_pb2.AnalyzerResource:
    return analyzer_pb2.AnalyzerResource(
        type=_STACK, urn=_root_urn(graph), name=f"{graph.project}-{graph.stack}", properties=struct_pb2.Struct()
    )


def _request(graph: Graph, resource: Resource) -> analyzer_pb2.AnalyzeRequest:
    return analyzer_pb2.AnalyzeRequest(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        properties=_struct(resource.inputs),
        options=_options(graph, resource),
        provider=_provider(graph, resource),
    )


def _shown(graph: Graph, resource: Resource) -> analyzer_pb2.AnalyzerResource:
    answers = {key: value for key, value in resource.outputs.items() if key != "id"}
    return analyzer_pb2.AnalyzerResource(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        properties=_struct(answers),
        options=_options(graph, resource),
        provider=_provider(graph, resource),
        parent=resource.parent or _root_urn(graph),
        dependencies=list(resource.dependencies),
        propertyDependencies={
            key: analyzer_pb2.AnalyzerPropertyDependencies(urns=list(urns))
            for key, urns in resource.property_dependencies.items()
        },
    )


def _options(graph: Graph, resource: Resource) -> analyzer_pb2.AnalyzerResourceOptions:
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=resource.protect,
        ignoreChanges=list(resource.ignored_changes),
        parent=resource.parent or _root_urn(graph),
    )


def _provider(graph: Graph, resource: Resource) -> analyzer_pb2.AnalyzerProviderResource | None:
    urn = (resource.provider or "").rpartition("::")[0]  # an id follows, which nobody knows at a first preview
    made = None if resource.is_provider or resource.is_component else graph.by_urn.get(urn)
    if made is None:
        return None
    return analyzer_pb2.AnalyzerProviderResource(
        type=made.type, urn=made.urn, name=made.name, properties=_struct(made.inputs)
    )


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(values), struct_pb2.Struct())
