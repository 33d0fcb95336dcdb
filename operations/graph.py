"""The resource graph: what every judgement reads, and nothing else.

One type, whatever it was read from; keys are Pulumi's wire names. A secret stays marked and its value never enters
the graph; a value not known before `up` stays marked as unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "[secret]"}
"""How a secret stands in the graph: Pulumi's own mark, without the value."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How a value not known before `up` stands in the graph: Pulumi's own mark."""


@dataclass(frozen=True)
class Source:
    """The Python line that made a resource; `file` is relative to the repository."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Resource:
    """One resource as it would be sent. `inputs` and `outputs` have wire names; `outputs` includes `id`."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str | None = None
    provider: str | None = None
    protect: bool = False
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    source: Source | None = None

    @property
    def is_component(self) -> bool:
        """A component groups others and is nothing in the cloud."""
        return not self.custom

    @property
    def is_provider(self) -> bool:
        """A provider is a connection to a cloud, not a thing in it."""
        return self.type.startswith("pulumi:providers:")

    def to_json(self) -> dict[str, Any]:
        """The resource as `mlplatform graph` prints it."""
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "custom": self.custom,
            "parent": self.parent,
            "provider": self.provider,
            "protect": self.protect,
            "dependencies": list(self.dependencies),
            "propertyDependencies": {key: list(urns) for key, urns in self.property_dependencies.items()},
            "options": dict(self.options),
            "inputs": dict(self.inputs),
            "outputs": dict(self.outputs),
            "sourcePosition": {"file": self.source.file, "line": self.source.line} if self.source else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Resource":
        """The inverse of `to_json`. Raises KeyError when a required key is missing."""
        source = data.get("sourcePosition")
        return cls(
            urn=data["urn"],
            type=data["type"],
            name=data["name"],
            custom=data["custom"],
            parent=data["parent"],
            provider=data["provider"],
            protect=data["protect"],
            dependencies=tuple(data["dependencies"]),
            property_dependencies={key: tuple(urns) for key, urns in data["propertyDependencies"].items()},
            options=data["options"],
            inputs=data["inputs"],
            outputs=data["outputs"],
            source=Source(source["file"], source["line"]) if source else None,
        )


@dataclass(frozen=True)
class Graph:
    """Every resource of one stack in the order of its URN, and the stack's outputs."""

    stack: str
    platform: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """The resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def cloud(self) -> tuple[Resource, ...]:
        """What would exist in the cloud: neither components nor providers."""
        return tuple(r for r in self.resources if r.custom and not r.is_provider)

    def of_type(self, type_: str) -> tuple[Resource, ...]:
        """The resources of one Pulumi type token."""
        return tuple(r for r in self.resources if r.type == type_)

    def to_json(self) -> dict[str, Any]:
        """The graph as `mlplatform graph` prints it."""
        return {
            "stack": self.stack,
            "platform": self.platform,
            "outputs": dict(self.outputs),
            "resources": [resource.to_json() for resource in self.resources],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Graph":
        """The inverse of `to_json`. Raises KeyError when a required key is missing."""
        return cls(
            stack=data["stack"],
            platform=data["platform"],
            resources=tuple(Resource.from_json(item) for item in data["resources"]),
            outputs=data["outputs"],
        )
