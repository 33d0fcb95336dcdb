"""The resource graph. Every judgement reads it, and reads nothing else.

The type is the same for each source: the offline preview, the engine's analysis, and what is deployed. Keys are
Pulumi's wire names. A secret stays marked, and its value never enters the graph. A value that is not known before `up`
stays marked as unknown.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from operator import is_not
from typing import Any, NamedTuple, cast

from catalogue import arm
from catalogue.marks import is_unknown
from catalogue.properties import NotKnown, Properties
from catalogue.registered import Registered
from catalogue.week import DAYS, KINDS_OF_DAY


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
class Caller:
    """Who calls the endpoints of a stack, as its stack file names it (stacks/sections/callers.py).

    With `cidr`, it stands in a `network` that is joined to the stack's. Without, it has an endpoint of its own in its
    `account`. A word that the file leaves out is empty.
    """

    name: str
    network: str = ""
    cidr: str = ""
    account: str = ""
    identity: str = ""


@dataclass(frozen=True)
class WayIn:
    """A network that people come from and their addresses in it, as the stack file names both.

    stacks/sections/workspace.py has the words.
    """

    name: str
    network: str
    cidr: str


class Source(NamedTuple):
    """A place of others as the stack file names it: a registry or a bucket, and who lets the stack in.

    `account` is whose the place is, `key` the KMS key of a bucket on aws, and `registry_id` of a registry on azure.
    stacks/sections/sources.py has the words.
    A word that the file leaves out is empty.
    """

    place: str
    granted_by: str
    account: str = ""
    key: str = ""
    registry_id: str = ""


class Another(NamedTuple):
    """Another stack that versions go to or come from, as the stack file names it (stacks/sections/registry.py).

    `publisher` is who of it reads what is given; `granted_by` and `key` are said of what is taken.
    """

    stack: str
    account: str
    publisher: str = ""
    granted_by: str = ""
    key: str = ""


@dataclass(frozen=True)
class Placement:
    """Where a stack stands, as its stack file says it. This decides which limits hold; no tag of a resource does.

    `landing_zone` is the name of the one it stands in, or None.
    `sources` are the places of others that the stack file names, each with who lets the stack in, and `callers` those
    who call its endpoints beside the people of its workspace. `users` are these people by their names, `people` the
    networks that they come from, where one must be joined for them. `addresses` are those that it names anywhere, such
    as `s3://bucket/folder/`, images among them. `containers` are the words that it starts containers with: commands,
    programs, arguments, variables; of a training job also the folders below which each run has one of its own.
    `machines` are the hardware families and machine types that it names anywhere, of what is switched off, too.
    `versions` are those of the registry that its models are, such as `fraud-scorer@3`. `gives_to` and `takes_from` are
    the stacks that such versions go to and come from. `stated` are the values of its sections, each with its dotted
    key, such as `batch_jobs.scores.replicas`: numbers, machines, times and places. `recorded` are the training jobs
    that its section `experiments` names: their runs are recorded.
    `config_bytes` is the size of all that the file says, as the engine hands it to the program; 0 where the engine has
    done so.
    """

    environment: str
    team: str
    account: str
    region: str
    landing_zone: str | None = None
    sources: tuple[Source, ...] = ()
    config_bytes: int = 0
    callers: tuple[Caller, ...] = ()
    people: tuple[WayIn, ...] = ()
    addresses: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    stated: tuple[tuple[str, str], ...] = ()
    recorded: tuple[str, ...] = ()
    gives_to: tuple[Another, ...] = ()
    takes_from: tuple[Another, ...] = ()

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> "Placement":
        """The placement that these words of a stack file say; others are left alone. Raises KeyError for a missing.

        The engine hands a mapping over as JSON; one that cannot be read raises KeyError, too.
        """
        try:
            sources = tuple(
                Source(
                    name,
                    str(one["granted_by"]),
                    *(str(one.get(key) or "") for key in ("account", "key", "registry_id")),
                )
                for name, one in sorted(_said(words, "sources").items())
            )
        except (ValueError, TypeError, AttributeError):
            raise KeyError("sources") from None
        try:
            said: Mapping[str, Any] = {} if words.get("callers") == "workspace" else _said(words, "callers")
            callers = tuple(
                Caller(name, **{key: str(one[key]) for key in _CALLER if one.get(key)})
                for name, one in sorted(said.items())
            )
        except (ValueError, TypeError, AttributeError):
            raise KeyError("callers") from None
        try:
            workspace = _said(words, "workspace")
            users = tuple(sorted(str(name) for name in workspace.get("users") or ()))
            ways: Mapping[str, Any] = workspace.get("reached_from") or {}
            people = tuple(WayIn(name, str(one["network"]), str(one["cidr"])) for name, one in sorted(ways.items()))
        except (ValueError, TypeError, AttributeError, KeyError):
            raise KeyError("workspace") from None
        try:
            shared = _said(words, "registry")
            gives, takes = (_others(shared.get(key) or {}) for key in ("gives_to", "takes_from"))
        except (ValueError, TypeError, AttributeError):
            raise KeyError("registry") from None
        environment, team, account, region = (str(words[name]) for name in ("environment", "team", "account", "region"))
        zone = None if (named := words.get("landing_zone")) is None else str(named)
        addresses = tuple(sorted({found for text in _leaves(words) for found in _ADDRESS.findall(text)}))
        try:
            models = _said(words, "models").values()
            versions = {str(Registered(one["registered"], one["version"])) for one in models if one.get("registered")}
            started = {text for model in models for key in _STARTED for text in _pairs(model.get(key))}
        except (ValueError, TypeError, AttributeError, KeyError):
            raise KeyError("models") from None
        try:
            started |= {text for job in _said(words, "training").values() for text in _arguments(job)}
        except (ValueError, TypeError, AttributeError):
            raise KeyError("training") from None
        try:
            started |= {text for one in _said(words, "pipelines").values() for text in _of_steps(one)}
        except (ValueError, TypeError, AttributeError):
            raise KeyError("pipelines") from None
        try:
            recorded = tuple(sorted(str(name) for name in _said(words, "experiments").get("training") or ()))
        except (ValueError, TypeError, AttributeError):
            raise KeyError("experiments") from None
        return cls(
            environment,
            team,
            account,
            region,
            zone,
            sources,
            callers=callers,
            people=people,
            addresses=addresses,
            users=users,
            containers=tuple(sorted(started)),
            machines=tuple(sorted(set(_machines(words)))),
            versions=tuple(sorted(versions)),
            stated=tuple(sorted(one for key in _SECTIONS for one in _stated(words.get(key), key))),
            recorded=recorded,
            gives_to=gives,
            takes_from=takes,
        )

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Placement":
        """The placement that a graph's JSON has kept. Raises KeyError for a missing word."""
        sources = {one.place: one._asdict() for one in (Source(*said) for said in kept.get("sources", ()))}
        callers = {one["name"]: one for one in kept.get("callers", ())}
        ways = {one["name"]: one for one in kept.get("people", ())}
        workspace = {"reached_from": ways, "users": kept.get("users")}
        shared = {
            key: {one.stack: one._asdict() for one in (Another(*said) for said in kept.get(key, ()))}
            for key in ("gives_to", "takes_from")
        }
        words = {**kept, "sources": sources, "callers": callers, "workspace": workspace, "registry": shared}
        found = {
            key: tuple(kept.get(key, ())) for key in ("addresses", "containers", "machines", "recorded", "versions")
        }
        stated = tuple((str(key), str(value)) for key, value in kept.get("stated", ()))
        return replace(cls.from_words(words), config_bytes=kept.get("config_bytes", 0), stated=stated, **found)

    def states(self, key: str) -> str:
        """The value under this dotted key of the stack file as text; empty where the file says none."""
        return self._by_key.get(key, "")

    def below(self, key: str) -> list[str]:
        """What the stack file names right below this dotted key, of what is stated."""
        return [said.removeprefix(f"{key}.") for said in self._by_key if said.startswith(f"{key}.")]

    def figure(self, *keys: str) -> float | None:
        """The number that the stack file says under a key of these sections; None where it says none."""
        said = self.states(".".join(keys))
        return float(said) if said else None

    @cached_property
    def _by_key(self) -> Mapping[str, str]:
        return dict(self.stated)


def _others(said: Mapping[str, Any]) -> tuple[Another, ...]:
    return tuple(
        Another(name, *(str(one.get(key) or "") for key in Another._fields[1:])) for name, one in sorted(said.items())
    )


_ADDRESS = re.compile(r"(?:[a-z0-9]+://|\b[a-z0-9-]+(?:\.[a-z0-9-]+)+/)[^\s\"'\\]+")
_CALLER = ("network", "cidr", "account", "identity")
_STARTED = ("command", "args", "environment")


def _pairs(said: Any) -> list[str]:
    """The words of a list, or `NAME=VALUE` for each variable of a map."""
    if isinstance(said, Mapping):
        return [f"{name}={value}" for name, value in cast("Mapping[str, Any]", said).items()]
    return [str(word) for word in said or ()]


_SECTIONS = ("batch_jobs", "budget", "endpoints", "models", "network", "pipelines", "training", "workspace")
_PLACES = ("artifact_uri", "checkpoint_uri", "cidr", "image", "input_uri", "output_uri", "registered", "zone", "zones")
_WORDS = (
    "digest",
    "family",
    "format",
    "health_route",
    "machine_type",
    "model",
    "predict_route",
    "program",
    "schedule",
    "timezone",
    "training",
)
_COMPARED = frozenset((*_PLACES, *_WORDS, *KINDS_OF_DAY, *DAYS))
_BELOW = re.compile(r"\.(data|environment|inputs|options|tuning)\.")
"""The keys below which each word is compared: those of which the stack file chooses the names, and a search."""


def _stated(said: Any, at: str) -> Iterator[tuple[str, str]]:
    """The numbers below this key of a stack file, and the words that are compared whole, each with its dotted key.

    The words of a list have no order, but for those of a program.
    """
    if isinstance(said, str) and said.startswith("{") and "." not in at:  # as the engine hands a section over
        try:
            said = json.loads(said)
        except ValueError:
            return
    if isinstance(said, Mapping):
        for name, item in cast("Mapping[str, Any]", said).items():
            yield from _stated(item, f"{at}.{name}")
    elif isinstance(said, bool):
        if ".tuning." in at:
            yield at, str(said).lower()
    elif isinstance(said, int | float):
        yield at, str(int(said) if float(said).is_integer() else said)  # 2500 and 2500.0 are one number
    elif isinstance(said, str | list) and said and (at.rpartition(".")[2] in _COMPARED or _BELOW.search(at)):
        if isinstance(said, str):
            yield at, said
        else:
            listed = [str(one) for one in cast("list[Any]", said)]
            yield at, " ".join(listed) if at.endswith(".program") else ", ".join(sorted(listed))


def _machines(said: Any) -> Iterator[str]:
    """The hardware families and machine types that a stack file names, at any depth."""
    if isinstance(said, str) and said.startswith(("{", "[")):  # as the engine hands a section over
        try:
            said = json.loads(said)
        except ValueError:
            return
    if isinstance(said, Mapping):
        for name, item in cast("Mapping[str, Any]", said).items():
            if name in ("family", "machine_type") and isinstance(item, str):
                yield item
            else:
                yield from _machines(item)
    elif isinstance(said, list):
        for item in cast("list[Any]", said):
            yield from _machines(item)


def _arguments(job: Mapping[str, Any]) -> list[str]:
    """The arguments of a training job's container: its hyperparameters, and its folders as Vertex AI mounts them."""
    spot, data = _said(job, "spot"), _said(job, "data")
    folders: Mapping[str, Any] = {
        **data,
        "output": job.get("output_uri"),
        "checkpoints": spot.get("checkpoint_uri"),
    }
    mounted = {name: str(uri).replace("gs://", "/gcs/") for name, uri in folders.items() if uri}
    return [f"--{name}" for name in _pairs({**(job.get("hyperparameters") or {}), **mounted})]


def _of_steps(pipeline: Mapping[str, Any]) -> Iterator[str]:
    """The words that the containers of a pipeline's steps are started with: their programs, their options and their
    folders, those of the run's own as far as the run, and the name of the variable with its id.
    """
    for step in _said(pipeline, "steps").values():
        yield from _pairs(step.get("program"))
        yield from (f"--{pair}" for pair in _pairs(step.get("options")))
        for name, said in {**_said(step, "inputs"), "output": ""}.items():  # as Vertex AI mounts them
            place = str(said if "://" in str(said) else pipeline.get("output_uri"))
            yield f"--{name}={place.replace('gs://', '/gcs/')}"
    yield "MLPLATFORM_RUN="


def _said(words: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What a stack file says under a key, which the engine hands over as JSON; nothing where it says nothing."""
    said: Any = words.get(key) or {}
    return json.loads(said) if isinstance(said, str) else said


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
    leaves = list(_leaves(resource.inputs.get(key)))
    known = [leaf for leaf in leaves if leaf and not is_unknown(leaf)]
    unknown = sum(map(is_unknown, leaves))
    if not unknown:  # one whose names nobody knows yet may be meant by anything
        return [target for target in targets if not target.names or target.is_named(known)]
    others = sum(not target.is_named(known) for target in targets)
    if len(targets) > len({target.type for target in targets}) and unknown < others:
        which = ", ".join(target.name for target in targets)
        raise NotKnown(key, f"comes from one of {which}, and nobody knows yet from which", resource)
    return targets


def _leaves(value: Any) -> Iterator[str]:
    """Every text in a value, keys of mappings among them, and every mark of what is not known."""
    if isinstance(value, Mapping):
        for name, item in cast(Mapping[str, Any], value).items():
            yield name
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _leaves(item)
    elif isinstance(value, str) or is_unknown(value):
        yield value


def part_of(resource: Resource, component: Resource | None) -> str:
    """The name of a child without the name of its component before it, or the whole name."""
    own = resource.name.removeprefix(f"{component.name}-") if component else resource.name
    return own or resource.name
