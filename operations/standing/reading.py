"""Reads what stands of a stack from a file: the engine's state, the engine's own preview, or a resource graph.

The state is what `pulumi stack export` writes (https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_export/), the
preview what `pulumi preview --json --show-sames --show-replacement-steps` prints. Without these it leaves out what
stays, and what is deleted because one that it was made of is replaced. No secret is read: its value is dropped where
the file has it.
"""

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import which
from typing import Any, Literal, cast

from catalogue.errors import BadInput
from catalogue.files import json_of
from catalogue.graph import Graph, Resource
from catalogue.kinds import known_as
from catalogue.marked import Json, whole_numbers
from catalogue.marks import SECRET, is_secret
from catalogue.wording import one_line
from stacks.config import STACKS

How = Literal["create", "update", "replace", "delete"]

_OPS: Mapping[str, How] = {
    "create": "create",
    "import": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
    "delete": "delete",
}
"""What the engine's operations mean for what stands (sdk/go/common/apitype, OpType). The others change nothing."""


@dataclass(frozen=True)
class Foreseen:
    """What the engine itself foresees for one resource: how it changes, and the properties that are the reason."""

    how: How
    changed: tuple[str, ...]
    replaced: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """What stands of a stack. `since` says where that was read.

    `going` is what a replacement that was cut left behind: the next update deletes it. `retained` has the URNs of what
    a delete leaves in the cloud. `foreseen` is the engine's own step, where the file is a preview of the engine's;
    `planned` is then the graph that it foresees, `config` what it was asked for, and `told` the URNs of which it has a
    step: one that a refresh alone names is not told. `pending` are the operations that a cut run left unfinished, in
    words.
    """

    since: str
    graph: Graph
    retained: frozenset[str] = frozenset()
    foreseen: Mapping[str, Foreseen] = field(default_factory=dict[str, Foreseen])
    planned: Graph | None = None
    going: tuple[Resource, ...] = ()
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    told: frozenset[str] = frozenset()
    pending: tuple[str, ...] = ()


def read(path: Path, stack: str, platform: str) -> Standing:
    """What stands, from a file. Raises BadInput where it cannot be read, or is of another stack."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInput(f"--standing: cannot read {path}: {reason}") from None
    return parsed(text, f"the file {path}", stack, platform)


def stands(file: Path | None, stack: str, platform: str) -> Standing:
    """What stands, from a file where one is named, and else from the engine. Raises as `read` and `exported` do."""
    return exported(stack, platform, STACKS.parent) if file is None else read(file, stack, platform)


def exported(stack: str, platform: str, folder: Path) -> Standing:
    """What stands, from the engine: `pulumi stack export`. Raises BadInput where it does not answer."""
    cli = which("pulumi")
    if cli is None:
        raise BadInput(
            "pulumi is not on PATH, so nobody can say what stands; install it, as https://www.pulumi.com/docs/install/ "
            "says, or name the file that `pulumi stack export` wrote with --standing"
        )
    command = [cli, "stack", "export", "--stack", stack, "--non-interactive"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        raise BadInput(f"{no_state(stack, said)}; or name a file by --standing")
    return parsed(done.stdout, "the engine's state", stack, platform)


def no_state(stack: str, said: str) -> str:
    """Why Pulumi shows no state of a stack, and what to do, from the line that it said to it.

    `pulumi` asks for a token where nobody is logged in, and finds no stack in another store than the one it was made
    in: https://www.pulumi.com/docs/iac/concepts/state-and-backends/
    """
    if "PULUMI_ACCESS_TOKEN" in said:
        return (
            f"nobody is logged in to a store of Pulumi states, so nobody can say what stands of {stack}; log in with "
            "`pulumi login`, or with the bucket's address after it (docs/deploy.md)"
        )
    if "no stack named" in said:
        return (
            f"the store of Pulumi states that you are logged in to has no stack {stack} (`pulumi whoami --verbose` "
            "names the store); log in to the store in which it was made with `pulumi login ADDRESS` (docs/deploy.md)"
        )
    words = one_line(said.strip().removeprefix("error: "), 300) or "it said nothing"
    return f"Pulumi shows no state of {stack}: {words}; log in with `pulumi login` (docs/deploy.md)"


def parsed(text: str, since: str, stack: str, platform: str) -> Standing:
    """What stands, from the text of such a file; `since` says where that is from. Raises BadInput as `read` does."""
    try:
        document: object = json_of(text)
    except ValueError:
        raise BadInput(f"--standing: {since} is not JSON; name what `pulumi stack export` wrote") from None
    said = cast(Json, document) if isinstance(document, dict) else {}
    try:
        standing = standing_of(said, since, stack, platform)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise BadInput(
            f"--standing: {since} cannot be read as what stands; name what `pulumi stack export`, "
            "`pulumi preview --json` or `mlplatform graph` wrote"
        ) from None
    if other := next((r.urn for r in standing.graph.resources if not _is_of(r.urn, stack)), None):
        raise BadInput(f"--standing: {since} is of another stack than {stack}: it has {other:.120}")
    return standing


def _is_of(urn: str, stack: str) -> bool:
    return urn.startswith(f"urn:pulumi:{stack}::")


def standing_of(said: Json, since: str, stack: str, platform: str) -> Standing:
    """What a document says that one of the three wrote. Raises KeyError or TypeError and the like where it is none."""
    if "deployment" in said:
        states = cast(list[Json], (said["deployment"] or {}).get("resources") or [])
        own = [one for one in states if not one.get("external")]  # what another stack has is read, not had
        stands = [one for one in own if not one.get("delete")]
        going = _graph(stack, platform, [one for one in own if one.get("delete")])
        cut = tuple(_unfinished(cast(list[Json], (said["deployment"] or {}).get("pending_operations") or [])))
        return Standing(since, _graph(stack, platform, stands), _retained(own), going=going.cloud, pending=cut)
    if "steps" in said:
        # The summary counts what the steps say, and is not read: the steps can be compared, and a count cannot.
        return replace(_foreseen(said["steps"], since, stack, platform), config=dict(said.get("config") or {}))
    if "resources" in said and "stack" in said:
        graph = Graph.from_json(said)
        return Standing(since, graph, frozenset(r.urn for r in graph.resources if r.options.get("retainOnDelete")))
    raise KeyError("deployment")


def _unfinished(operations: Sequence[Json]) -> Iterator[str]:
    """What the engine began and did not end (apitype.OperationV2) in words, such as `creating Domain x`."""
    for one in operations:
        type_, _, name = str(one["resource"]["urn"]).rpartition("::")
        yield f"{one['type']} {type_.rpartition(':')[2]} {name}"


def _foreseen(steps: Sequence[Json], since: str, stack: str, platform: str) -> Standing:
    before = {one["urn"]: one["oldState"] for one in steps if one.get("oldState")}
    found: dict[str, Foreseen] = {}
    for one in steps:
        how = _OPS.get(one["op"])
        if how is None:
            continue
        # A replacement is several steps, and not each of them says why.
        was = found.get(one["urn"], Foreseen(how, (), ()))
        changed = {*was.changed, *(one.get("detailedDiff") or ()), *(one.get("diffReasons") or ())}
        replaced = {*was.replaced, *(one.get("replaceReasons") or ())}
        kept = was.how if was.how == "replace" else how
        found[one["urn"]] = Foreseen(kept, tuple(sorted(changed)), tuple(sorted(replaced)))
    # A refresh looks at everything before the program runs, so it says nothing of what the program asks for.
    by_program = [one for one in steps if one["op"] != "refresh"]
    after = {
        one["urn"]: one["newState"] for one in by_program if one.get("newState") and _OPS.get(one["op"]) != "delete"
    }
    # What goes with one that is replaced is told as such a one, and is gone where the program does not ask for it.
    found = {urn: replace(one, how="delete") if urn not in after else one for urn, one in found.items()}
    own = {urn: state for urn, state in before.items() if not state.get("external")}
    return Standing(
        since,
        _graph(stack, platform, own.values()),
        _retained(own.values()),
        {urn: one for urn, one in found.items() if "pulumi:providers:" not in urn and urn.split("::")[2] != _STACK},
        _graph(stack, platform, after.values()),
        told=frozenset(one["urn"] for one in by_program),
    )


_STACK = "pulumi:pulumi:Stack"


def _retained(states: Iterable[Json]) -> frozenset[str]:
    return frozenset(one["urn"] for one in states if one.get("retainOnDelete"))


def _graph(stack: str, platform: str, states: Iterable[Json]) -> Graph:
    return Graph(stack, platform, tuple(sorted(_resources(states), key=lambda resource: resource.urn)), {})


def _said(one: Json, key: str) -> Json:
    """What was said of a resource, without what the engine keeps for itself with a provider (pkg/resource/deploy/
    providers/registry.go of https://github.com/pulumi/pulumi).
    """
    said: Json = one.get(key) or {}
    if not one["type"].startswith("pulumi:providers:"):
        return said
    return {name: value for name, value in said.items() if name != "__internal"}


def _blinded(value: Any) -> Any:
    """A copy in which each secret is the mark without the value.

    A preview has a text in its place, whatever `--show-secrets` says (pkg/backend/display/json.go, stateForJSONOutput).
    """
    if value == SECRET["value"] or is_secret(value):
        return dict(SECRET)
    if isinstance(value, dict):
        return {key: _blinded(one) for key, one in cast(Json, value).items()}
    if isinstance(value, list):
        return [_blinded(one) for one in cast(list[Any], value)]
    return value


def _resources(states: Iterable[Json]) -> Iterator[Resource]:
    for one in states:
        if one["type"] == _STACK:
            continue
        inputs, outputs = (_blinded(whole_numbers(_said(one, key))) for key in ("inputs", "outputs"))
        provider: str | None = one.get("provider") or None
        made_of = cast(Mapping[str, Sequence[str]], one.get("propertyDependencies") or {})
        yield Resource(
            urn=one["urn"],
            type=known_as(one["type"]),
            name=one["urn"].rpartition("::")[2],
            custom=bool(one.get("custom")),
            parent=parent if (parent := one.get("parent")) and f"::{_STACK}::" not in parent else None,
            provider=provider,
            protect=bool(one.get("protect")),
            dependencies=tuple(sorted(one.get("dependencies") or ())),
            property_dependencies={key: tuple(sorted(urns)) for key, urns in sorted(made_of.items()) if urns},
            options={key: one[key] for key in ("retainOnDelete", "ignoreChanges") if one.get(key)},
            inputs=inputs,
            outputs={**outputs, "id": one.get("id") or ""},
        )
