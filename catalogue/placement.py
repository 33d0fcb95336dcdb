"""Where a stack stands and what its file says, as judgements read it beside the resource graph."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, cast

from catalogue.marks import is_unknown
from catalogue.registered import Registered
from catalogue.runs import RUN_VARIABLE
from catalogue.week import DAYS, KINDS_OF_DAY


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
        zone = None if (laid := words.get("landing_zone")) is None else str(laid)
        addresses = tuple(sorted({found for text in leaves(words) for found in _ADDRESS.findall(text)}))
        try:
            models = _said(words, "models").values()
            named = [one for one in models if one.get("registered")]  # without a version, the place of the first
            versions = {str(Registered(one["registered"], one.get("version", 1))) for one in named}
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


_ADDRESS = re.compile(r"(?:(?<![a-z0-9])[a-z0-9]+://|(?<![\w.-])[a-z0-9-]+(?:\.[a-z0-9-]+)+/)[^\s\"'\\]+")
_CALLER = ("network", "cidr", "account", "identity")
_STARTED = ("command", "args", "environment")


def _pairs(said: Any) -> list[str]:
    """The words of a list, or `NAME=VALUE` for each variable of a map."""
    if isinstance(said, Mapping):
        return [f"{name}={value}" for name, value in cast("Mapping[str, Any]", said).items()]
    return [str(word) for word in said or ()]


_SECTIONS = ("batch_jobs", "budget", "endpoints", "models", "network", "pipelines", "training", "workspace")
_PLACES = (
    "artifact_uri",
    "checkpoint_uri",
    "cidr",
    "folder_uri",
    "image",
    "input_uri",
    "output_uri",
    "registered",
    "zone",
    "zones",
)
_WORDS = (
    "batch",
    "digest",
    "family",
    "format",
    "health_route",
    "machine_type",
    "model",
    "models",
    "predict_route",
    "program",
    "schedule",
    "timezone",
    "training",
)
_COMPARED = frozenset((*_PLACES, *_WORDS, *KINDS_OF_DAY, *DAYS))
_BELOW = re.compile(r"\.(data|environment|hyperparameters|inputs|options|tuning)\.")
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
        yield from (f"--{pair}" for key in ("options", "hyperparameters") for pair in _pairs(step.get(key)))
        for name, said in {**_said(step, "inputs"), "output": ""}.items():  # as Vertex AI mounts them
            place = str(said if "://" in str(said) else pipeline.get("output_uri"))
            yield f"--{name}={place.replace('gs://', '/gcs/')}"
    yield f"{RUN_VARIABLE}="


def _said(words: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What a stack file says under a key, which the engine hands over as JSON; nothing where it says nothing."""
    said: Any = words.get(key) or {}
    return json.loads(said) if isinstance(said, str) else said


def leaves(value: Any) -> Iterator[str]:
    """Every text in a value, keys of mappings among them, and every mark of what is not known."""
    if isinstance(value, Mapping):
        for name, item in cast(Mapping[str, Any], value).items():
            yield name
            yield from leaves(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from leaves(item)
    elif isinstance(value, str) or is_unknown(value):
        yield value
