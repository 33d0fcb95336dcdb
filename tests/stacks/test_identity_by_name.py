"""Nothing follows from a place in a list, from a list's length, or from what a look-up answers today.

A pilot's stack file is edited at each of its lists and mappings, found by walking it: an element goes, or comes where
none may go, and everything is turned round. Compared are the graphs before and after, in both directions: an element
that goes is one that comes, seen from the other side. Whatever is about another element stays: its URN, and each input
that forces a replacement. Which inputs do is what the catalogue's records say (`replaces` of what a kind `acts` like:
"Forces new resource" of the bridged Terraform providers, azure-native's own list; each service of our own provider).
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.platforms import PLATFORMS
from operations.offline import preview
from provider.resources import Services, services
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from stacks.config import STACKS, stack_file, to_engine, validate
from stacks.model import StackConfig
from tests import sharing

Config = dict[str, Any]
Where = tuple[str | int, ...]

PACKAGES: Mapping[str, str] = {"aws": "aws", "gcp": "gcp", "azure": "azure-native"}
EACH = pytest.mark.parametrize("platform", PACKAGES)

MOVES: Mapping[Where, Mapping[str, str]] = {
    ("mlplatform:network", "zones"): {
        "aws:sagemaker/model:Model": "a served model stands in every zone; the new one stands before the old one goes"
    },
    ("mlplatform:endpoints", "fraud-scorer"): {
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "another capture is a new version, which "
        "comes in by canary"
    },
}
"""By the list that is edited: what is replaced because it is about all of its elements, and why that harms nobody."""

ALONG: Mapping[str, Mapping[str, str]] = {
    "aws": {},
    "gcp": {
        r"-identity-\w+-images(-|$)": "who runs a model reads the repository of an image while one of it is named",
        r"-requests$": "what an endpoint captures stands while it captures",
        r"-endpoint-names$": "the zone of the endpoints' names stands while there is an endpoint",
    },
    "azure": {
        r"-outbound(-queue|-table)?$": "batch jobs work through the queue and the table of the storage account",
        r"-identity(-serving)?-collect(-storage)?$": "who serves writes what it captures while an endpoint captures",
        r"-people(-|$)": "the network that people come from is joined while the stack file names it",
    },
}
"""What comes and goes with others, by a pattern of its name, and why."""

UNEDITED: Mapping[str, set[Where]] = {
    "aws": {("mlplatform:workspace", "zones")},  # two at least, and each a zone of the network, which has two
    "gcp": set(),
    "azure": set(),
}

TRUTHS: Mapping[str, Mapping[str, str]] = {
    "aws": {},
    "gcp": {
        "gcp:organizations/getProject:getProject": "a number for good; only the budget is in its billing account",
        "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": "made of the project's number",
        "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": "made of the project's number",
        "gcp:logging/getProjectCmekSettings:getProjectCmekSettings": "made of the project's number",
    },
    "azure": {"azure-native:authorization:getClientConfig": "the directory that the subscription belongs to"},
}
"""Each look-up that a program makes, and why what it answers is no other tomorrow."""

GRANTED: Mapping[str, Mapping[str, str]] = {
    "aws": {},
    "gcp": {
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": "the grant to an account that a look-up names",
        "gcp:billing/budget:Budget": "it watches the project that has this number, in its billing account",
    },
    "azure": {},
}
"""What is about a look-up's answer and is replaced with it, holding nobody's work."""


# --- edits --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """One edit of a stack file, at the list or mapping `where`."""

    said: str
    where: Where
    config: Config


def read(platform: str) -> Config:
    return yaml.safe_load(stack_file(f"{platform}-pilot").read_text(encoding="utf-8"))["config"]


def at(config: Any, where: Where) -> Any:
    for part in where:
        config = config[part]
    return config


def collections(value: Any, here: Where = ()) -> Iterator[Where]:
    """The path of each list and mapping, outer ones first."""
    if isinstance(value, dict | list):
        yield here
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from collections(item, (*here, key))


def valid(config: Config) -> StackConfig | None:
    try:
        return validate(config, "Pulumi.a.yaml")
    except BadInput:
        return None


def repaired(config: Config) -> Config:
    """Without what refers to an element that went."""
    config = copy.deepcopy(config)
    for section in ("mlplatform:endpoints", "mlplatform:batch_jobs"):
        for name, item in list(config.get(section, {}).items()):
            if item.get("model") not in config.get("mlplatform:models", {}):
                del config[section][name]
    workspace = config.get("mlplatform:workspace", {})
    if "principals" in workspace and "users" in workspace:
        both = [user for user in workspace["users"] if user in workspace["principals"]]
        workspace["users"] = both
        workspace["principals"] = {user: workspace["principals"][user] for user in both}
    return config


def dropped(config: Config, where: Where) -> Iterator[Config]:
    for key in list(at(config, where)) if isinstance(at(config, where), dict) else range(len(at(config, where))):
        shorter = copy.deepcopy(config)
        del at(shorter, where)[key]
        yield repaired(shorter)


def inserted(config: Config, where: Where) -> Iterator[Config]:
    """With an element more, at the front: a word of the list with another last letter, or a copy by another name."""
    value = at(config, where)
    for new in (f"{next(iter(value))}"[:-1] + letter for letter in "abcdefghijklmnopqrstuvwxyz"):
        longer = copy.deepcopy(config)
        if isinstance(value, list):
            at(longer, where).insert(0, new)
        elif new not in value:
            first = at(longer, where)
            rest = dict(first)
            first.clear()
            first.update({new: copy.deepcopy(next(iter(rest.values()))), **rest})
        yield longer


def turned(value: Any) -> Any:
    """Every list and every mapping the other way round."""
    if isinstance(value, dict):
        return {key: turned(item) for key, item in reversed(value.items())}
    return [turned(item) for item in reversed(value)] if isinstance(value, list) else value


@cache
def edits(platform: str) -> list[Edit]:
    """Each element dropped; where none may be, one inserted; and all turned round. No two give the same config."""
    base = read(platform)
    found, seen = [Edit("all turned round", (), turned(base))], [valid(base)]
    for where in collections(base):
        for said, candidates, most in (
            ("drop one of", dropped(base, where), None),
            ("insert into", inserted(base, where), 1),
        ):
            fresh = (c for c in candidates if (now := valid(c)) is not None and now not in seen)
            new = list(islice(fresh, most))
            for config in new:
                seen.append(valid(config))
                found.append(Edit(f"{said} {'.'.join(map(str, where))}", where, config))
            if new:
                break
    return found


def words(before: Any, after: Any) -> Iterator[str]:
    """The names, the addresses and the elements of lists that stand in one of both only."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {*before, *after}:
            if key in before and key in after:
                yield from words(before[key], after[key])
            else:
                yield key
                yield from said_in(before.get(key, after.get(key)))
    elif isinstance(before, list) and isinstance(after, list):
        yield from (str(item) for item in [*before, *after] if (item in before) is not (item in after))


def said_in(value: Any) -> Iterator[str]:
    """Each name of a mapping in the value, and each address with the folders it lies in."""
    if isinstance(value, dict):
        yield from (key for key, item in value.items() if isinstance(item, dict))
        for item in value.values():
            yield from said_in(item)
    elif isinstance(value, str) and "://" in value:
        parts = value.partition("://")[2].strip("/").split("/")
        yield from ("/".join(parts[:length]) for length in range(2, len(parts) + 1))


# --- comparing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Programs:
    """Runs a pilot's program in this process, and says what the engine would replace between two of its graphs."""

    folder: Path
    clouds: Mapping[str, Cloud]
    services: Services
    pilots: dict[str, Graph]

    def run(self, platform: str, config: Config) -> Graph:
        path = self.folder / f"Pulumi.{platform}-pilot.yaml"
        path.write_text(yaml.safe_dump({"config": config}, sort_keys=False), encoding="utf-8")
        return preview(f"{platform}-pilot", to_engine(path))

    def pilot(self, platform: str) -> Graph:
        if platform not in self.pilots:
            self.pilots[platform] = self.run(platform, read(platform))
        return self.pilots[platform]

    def replaced(self, platform: str, before: Graph, after: Graph) -> Iterator[tuple[Resource, str]]:
        """Each resource of both graphs that the engine would replace, be it from the one to the other or back."""
        for one in before.cloud:
            other = after.by_urn.get(one.urn)
            if other is not None:
                whys = [*self._forced(platform, one, other), *self._forced(platform, other, one)]
                yield from ((one, why) for why in dict.fromkeys(whys))

    def _forced(self, platform: str, before: Resource, after: Resource) -> Iterator[str]:
        """The inputs that force a replacement: for they differ, or for a preview could not know them."""
        ignored = [path for path in after.options.get("ignoreChanges", ()) if "." not in path]
        own = self.services.get(before.type)
        if own is not None:
            paths = own.replaces
            yield from (key for key in paths if before.inputs.get(key) != after.inputs.get(key))
        else:
            cloud = self.clouds[platform]
            behaviour = cloud.of(before.type)
            paths = behaviour.replaces | {behaviour.name}
            yield from cloud.diff(before.type, dict(before.inputs), dict(after.inputs), ignored).replaced
        keys = {path.partition(".")[0] for path in paths}
        for key in sorted(keys - set(ignored)):
            new = set(after.property_dependencies.get(key, ())) - set(before.property_dependencies.get(key, ()))
            yield from (f"{key}, unknown until {urn.rpartition('::')[2]} stands" for urn in sorted(new))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    folder = tmp_path_factory.mktemp("stacks")
    clouds = {
        platform: Cloud(package, State(folder / f"{platform}.sqlite"), "run") for platform, package in PACKAGES.items()
    }
    return Programs(folder, clouds, services(), {})


def strangers(before: Graph, after: Graph, about: list[str]) -> Iterator[str]:
    """What came or went and neither bears a word that did, nor holds one, nor stands on what came or went with it."""
    slugs = {re.sub(r"[^a-z0-9]+", "-", word.lower()) for word in about}
    for graph, other in ((before, after), (after, before)):
        gone = {urn: graph.by_urn[urn] for urn in graph.by_urn if urn not in other.by_urn}
        own = {
            urn
            for urn, one in gone.items()
            if any(slug in one.name.lower() for slug in slugs)
            or set(about) & {value for value in one.inputs.values() if isinstance(value, str)}
        }
        yield from (one.name for urn, one in gone.items() if urn not in own and not own & set(one.dependencies))


@EACH
@pytest.mark.sweep
def test_an_edit_of_one_element_leaves_what_is_about_the_others(programs: Programs, platform: str) -> None:
    base = read(platform)
    before = programs.pilot(platform)
    harmed: list[str] = []
    turned_round, *others = edits(platform)
    some = list(sharing.share(others, 3, lambda edit: f"{platform} {edit.said} {sorted(words(base, edit.config))}"))
    assert len(some) > 2
    for edit in (turned_round, *some):
        after = programs.run(platform, edit.config)
        allowed = MOVES.get(edit.where, {})
        for one, why in programs.replaced(platform, before, after):
            if one.protect or one.type not in allowed:
                harmed.append(f"{edit.said}: {one.name} is replaced, for {why}")
        gone = strangers(before, after, list(words(base, edit.config)))
        along = "|".join(ALONG[platform])
        harmed += [f"{edit.said}: {name} comes or goes" for name in gone if not along or not re.search(along, name)]
        assert len(before.by_urn.keys() & after.by_urn.keys()) > 50, edit.said
    assert harmed == []


@EACH
def test_every_list_and_every_mapping_of_names_is_edited(platform: str) -> None:
    base = read(platform)
    lists = {where for where in collections(base) if isinstance(at(base, where), list)}
    named = {(key,) for key in ("mlplatform:models", "mlplatform:endpoints", "mlplatform:batch_jobs")}
    assert (lists | named) - {edit.where for edit in edits(platform)} == UNEDITED[platform]


def other(value: Any) -> Any:
    """Another answer of the same kind."""
    if isinstance(value, dict):
        return {key: other(item) for key, item in value.items()}
    if isinstance(value, list):
        return [other(item) for item in reversed(value)]
    if isinstance(value, str):
        return re.sub(r"[0-9a-y](?!.*[0-9a-y])", lambda m: "8" if m[0] == "9" else chr(ord(m[0]) + 1), value)
    return not value if isinstance(value, bool) else value


@EACH
def test_another_answer_of_a_look_up_moves_nothing(
    programs: Programs, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = import_module(f"sandbox.lookups.{platform}")
    asked: set[str] = set()

    def answering(token: str, answer: Callable[..., Any], *args: Any) -> Any:
        asked.add(token)
        return other(dict(answer(*args)))

    before = programs.pilot(platform)
    changed = {token: partial(answering, token, answer) for token, answer in cloud.LOOKUPS.items()}
    monkeypatch.setattr(cloud, "LOOKUPS", changed)
    after = programs.run(platform, read(platform))
    assert asked == set(TRUTHS[platform]), "say of each look-up why its answer is no other tomorrow"
    assert before.by_urn.keys() == after.by_urn.keys()
    assert {one.type for one, _ in programs.replaced(platform, before, after)} <= set(GRANTED[platform])
    assert not asked or before.to_json() != after.to_json(), "the other answers were heard"


def test_each_platform_has_the_stack_file_of_these_tests() -> None:
    assert {path.name for path in STACKS.glob("Pulumi.*.yaml")} >= {f"Pulumi.{name}-pilot.yaml" for name in PACKAGES}
    assert {*PACKAGES} == {*PLATFORMS}
