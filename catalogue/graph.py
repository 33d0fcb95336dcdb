"""The resource graph. Every judgement reads it, and reads nothing else.

The type is the same for each source: the offline preview, the engine's analysis, and what is deployed. Keys are
Pulumi's wire names. A secret stays marked, and its value never enters the graph. A value that is not known before `up`
stays marked as unknown.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from operator import is_not
from typing import Any

from catalogue import arm
from catalogue.marks import is_unknown
from catalogue.placement import Placement, leaves
from catalogue.properties import NotKnown, Properties


@dataclass(frozen=True)
class SourcePosition:
    """The Python line that made a resource. `file` is relative to the repository."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


_LAST = re.compile("[/:]")
_NAMES = (
    "id",
    "arn",
    "name",
    "selfLink",
    "url",
    "uri",
    "uniqueId",
    "email",
    "member",
    "principalId",
    "clientId",
    "bucket",
    "keyId",
    "keyUri",
    "keyUriWithVersion",
    "prefixListId",
    "serviceAttachment",
    "datasetId",
    "repositoryUrl",
    "registryUri",
    "loginServer",
    "resourceName",
    "versionName",
    "resourceId",
)
"""The answers that tell one resource from another. Any other, such as a tag, may be the same in many."""


@dataclass(frozen=True)
class Resource:
    """One resource as it would be sent. `inputs` and `outputs` have wire names. `outputs` includes `id`.

    `stack_key` is the dotted key of the stack file that asked for the resource, such as `endpoints.fraud-scorer`. It is
    None where no single key did, or where the graph does not come from a stack file of this program.
    """

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
    source: SourcePosition | None = None
    stack_key: str | None = None

    @property
    def is_component(self) -> bool:
        """A component groups others and is nothing in the cloud."""
        return not self.custom

    @property
    def is_provider(self) -> bool:
        """A provider is a connection to a cloud, not a thing in it."""
        return self.type.startswith("pulumi:providers:")

    @property
    def ignored_changes(self) -> tuple[str, ...]:
        """The inputs whose changes Pulumi ignores."""
        return tuple(self.options.get("ignoreChanges") or ())

    @cached_property
    def props(self) -> Properties:
        """The properties that rules read: the inputs, laid over the outputs.

        An output that is not known yet is left out, for nothing was sent there.
        """
        answered = {key: value for key, value in self.outputs.items() if not is_unknown(value)}
        return Properties({**answered, **self.inputs}, "", self)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The texts that tell this resource from others, as far as the cloud's answers are known."""
        found = (self.outputs.get(name) for name in _NAMES)
        return tuple(text for text in found if isinstance(text, str) and text and not is_unknown(text))

    @cached_property
    def meant(self) -> dict[tuple[str, ...], tuple[list["Resource"], list["Resource"]]]:
        """What `Graph.refers` was asked of this resource, by property and types: among which, and which are meant."""
        return {}

    def is_named(self, texts: Sequence[str]) -> bool:
        """Whether a text names this resource: a name is a part of it, or it is the id that ends an ARN.

        In an id of Azure, a name is the same in any case.
        """
        return any(
            text in self._ends
            or any(name in text for name in self.names)
            or (arm.is_id(text) and any(name in arm.compared(text) for name in self._folded))
            for text in texts
        )

    @cached_property
    def _ends(self) -> frozenset[str]:
        return frozenset(_LAST.split(name)[-1] for name in self.names)  # the engine shows no ids

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.names)

    def comes_from_another(self, path: str) -> bool:
        """Whether the value at a path of the inputs comes from another resource."""
        key = path.partition(".")[0].partition("[")[0]
        return bool(self.property_dependencies.get(key))

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
            "stackKey": self.stack_key,
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
            source=SourcePosition(source["file"], source["line"]) if source else None,
            stack_key=data.get("stackKey"),
        )


@dataclass(frozen=True)
class Graph:
    """Every resource of one stack in the order of its URN, and the stack's outputs.

    `ours` says whether the stack is one of this program, by its project and its stack file. The reader of the graph
    sets it, for no resource tells. `placement` is what the stack file says of where the stack stands. It is None where
    no stack file of this program was read.
    """

    stack: str
    platform: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]
    ours: bool = True
    placement: Placement | None = None

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """The resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def project(self) -> str:
        """The Pulumi project of the stack, which each URN names; empty for a stack without resources."""
        named = (resource.urn.split("::") for resource in self.resources)
        return next((parts[1] for parts in named if len(parts) == 4), "")

    @cached_property
    def cloud(self) -> tuple[Resource, ...]:
        """The resources that would exist in the cloud. Components and providers do not."""
        return tuple(r for r in self.resources if r.custom and not r.is_provider)

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types, without components, which do not exist in a cloud."""
        return [resource for type_ in types for resource in self._by_type.get(type_, ())]

    def refers(self, resource: Resource, key: str, *types: str) -> list[Resource]:
        """The resources of these types that the property `key` refers to. Without types, resources of any type.

        A value that was picked from a map of several resources' answers depends on all of them. Where the value is
        known, it refers to those that it is an answer of. Raises NotKnown where it is not known yet.
        """
        targets = (self.by_urn.get(urn) for urn in resource.property_dependencies.get(key, ()))
        made = (target for target in targets if target is not None and target.custom)
        among = [target for target in made if not types or target.type in types]
        last, meant = resource.meant.get((key, *types), ([], []))
        # What is meant follows from the resource and these alone, in whatever graph they stand.
        if len(last) != len(among) or any(map(is_not, last, among)):
            meant = _meant(resource, key, among)
            resource.meant[key, *types] = among, meant
        return list(meant)

    def referring(self, type_: str, key: str, to: Resource) -> list[Resource]:
        """The resources of a type whose property `key` refers to `to`. Raises NotKnown as `refers` does."""
        index = self._referring.get((type_, key))
        if index is None:
            index = dict[str, list[Resource]]()
            for resource in self.of(type_):
                for urn in resource.property_dependencies.get(key, ()):
                    index.setdefault(urn, []).append(resource)
            self._referring[type_, key] = index
        return [each for each in index.get(to.urn, ()) if not to.custom or to in self.refers(each, key, to.type)]

    def depends(self, resource: Resource) -> list[Resource]:
        """The resources that a resource waits for, by a property or by an option."""
        return [self.by_urn[urn] for urn in resource.dependencies if urn in self.by_urn]

    def provider_of(self, resource: Resource) -> Resource | None:
        """The provider of a resource, if it is in the graph."""
        return self._providers.get(resource.provider or "")

    def component_of(self, resource: Resource) -> Resource | None:
        """The nearest component that made a resource. None where the program itself did."""
        return self.by_urn.get(resource.parent or "")

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.custom:  # a component may have any type, and is nothing in a cloud
                found.setdefault(resource.type, []).append(resource)
        return found

    @cached_property
    def _referring(self) -> dict[tuple[str, str], dict[str, list[Resource]]]:
        return {}

    @cached_property
    def _providers(self) -> Mapping[str, Resource]:
        # A reference is the URN followed by the id. The engine's policies give the URN only.
        made = [r for r in self.resources if r.is_provider]
        return {r.urn: r for r in made} | {f"{r.urn}::{r.outputs.get('id')}": r for r in made}

    def to_json(self) -> dict[str, Any]:
        """The graph as `mlplatform graph` prints it."""
        return {
            "stack": self.stack,
            "platform": self.platform,
            "placement": asdict(self.placement) if self.placement else None,
            "outputs": dict(self.outputs),
            "resources": [resource.to_json() for resource in self.resources],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], ours: bool = True) -> "Graph":
        """The inverse of `to_json`. The reader says whether the stack is `ours`. Raises KeyError for a missing key."""
        return cls(
            stack=data["stack"],
            platform=data["platform"],
            resources=tuple(Resource.from_json(item) for item in data["resources"]),
            outputs=data["outputs"],
            ours=ours,
            placement=Placement.from_json(place) if (place := data.get("placement")) else None,
        )


def _meant(resource: Resource, key: str, targets: list[Resource]) -> list[Resource]:
    """Those of the resources that a property depends on which its value names.

    A value depends on whatever it was made with, and need not name it: a program can take an id and say another. What
    is known names a target where one of the target's names is a part of it. What is not known is judged by what it
    depends on, unless that is several of a type and the value is fewer: nobody knows then which is meant.
    """
    if not targets:
        return targets
    found = list(leaves(resource.inputs.get(key)))
    known = [leaf for leaf in found if leaf and not is_unknown(leaf)]
    unknown = sum(map(is_unknown, found))
    if not unknown:  # one whose names nobody knows yet may be meant by anything
        return [target for target in targets if not target.names or target.is_named(known)]
    others = sum(not target.is_named(known) for target in targets)
    if len(targets) > len({target.type for target in targets}) and unknown < others:
        which = ", ".join(target.name for target in targets)
        raise NotKnown(key, f"comes from one of {which}, and nobody knows yet from which", resource)
    return targets


def part_of(resource: Resource, component: Resource | None) -> str:
    """The name of a child without the name of its component before it, or the whole name."""
    own = resource.name.removeprefix(f"{component.name}-") if component else resource.name
    return own or resource.name
