"""What a cut `pulumi up` has left half-known, and the commands that bring it back under Pulumi.

The engine notes a create in its state before it asks the provider. Where the run dies in between, or before the answer
is stored, the note stays as a pending create, and the resource may stand in the cloud without Pulumi knowing it. The
next `up` makes it again: a cloud refuses a name that is taken, and makes a second one of what has a name or id that is
made up. No cloud's provider takes such a resource over; ours alone does. `pulumi refresh --import-pending-creates`
imports nothing: it renames the note, and no part of the engine reads the new name (`pendingCreatesToImports` in
https://github.com/pulumi/pulumi/blob/1b5949891b3cefcb9974752b24a5ecef0acc86c8/pkg/cmd/pulumi/operations/refresh.go;
CLI 3.260 was tried too).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from catalogue.answers import Request
from catalogue.kind import Acts
from catalogue.kinds import kind_of
from catalogue.marked import unmarked, without_defaults
from sandbox.clouds import account_and_region

if TYPE_CHECKING:
    from sandbox.engine import Engine
    from sandbox.state import State

Json = Mapping[str, Any]
OURS = ("mlplatform:", "mlplatform-", "pulumi:")
UNKNOWN_ID = "ID"
"""What stands in a command for an id that only the cloud knows."""


@dataclass(frozen=True)
class Pending:
    """A create that was cut. `parent` and `provider` are URNs; `stands` says that its URN is in the state already.

    `id` is the id that it has in the cloud, if it was made. It is empty where only the cloud knows.
    """

    urn: str
    type: str
    inputs: Json
    parent: str
    provider: str
    id: str
    stands: bool

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]

    def importing(self, stack: str, id_: str) -> list[str]:
        """The arguments after `pulumi` that take the resource of this id into the state of the stack."""
        above = [("--parent", "parent", self.parent), ("--provider", "provider", self.provider)]
        named = [word for option, name, urn in above if urn for word in (option, f"{name}={urn}")]
        quiet = ["--protect=false", "--generate-code=false", "--skip-preview", "--yes"]
        return ["import", self.type, self.name, id_, "--stack", stack, *named, *quiet]


def clearing(stack: str) -> list[str]:
    """The arguments after `pulumi` that strike the notes of cut creates from the state of the stack."""
    return ["refresh", "--stack", stack, "--clear-pending-creates", "--skip-preview", "--yes"]


def pending(deployment: Json) -> list[Pending]:
    """The cut creates of clouds' resources in a `deployment` as `pulumi stack export` writes it, each once.

    Those of our own provider are left out: it looks first, and the next `up` takes them over.
    """
    resources = cast(Sequence[Json], deployment.get("resources") or ())
    stand = {str(one["urn"]) for one in resources}
    found: dict[str, Pending] = {}
    for operation in cast(Sequence[Json], deployment.get("pending_operations") or ()):
        one = cast(Json, operation["resource"])
        if operation["type"] != "creating" or not one.get("custom") or str(one["type"]).startswith(OURS):
            continue
        urn, type_, inputs = (
            str(one["urn"]),
            str(one["type"]),
            unmarked(without_defaults(dict(one.get("inputs") or {}))),
        )
        provider = str(one.get("provider") or "").rpartition("::")[0]
        id_ = str(one.get("id") or "") or id_of(urn, type_, inputs, *_place(type_, resources, provider))
        found[urn] = Pending(urn, type_, inputs, str(one.get("parent") or ""), provider, id_, urn in stand)
    return list(found.values())


def taken_over_by_up(deployment: Json) -> list[str]:
    """The URNs of cut creates of our own provider, which the next `up` takes over."""
    operations = cast(Sequence[Json], deployment.get("pending_operations") or ())
    cut = [cast(Json, one["resource"]) for one in operations if one["type"] == "creating"]
    return sorted(str(one["urn"]) for one in cut if one.get("custom") and str(one["type"]).startswith("mlplatform:"))


def made(state: "State", one: Pending, deployment: Json) -> str | None:
    """The id of what a cut create made in a sandbox, as who looks into the cloud finds it. None where it made nothing.

    Raises AssertionError where the id that follows from the inputs is another.
    """
    known = {(str(r["type"]), str(r.get("id"))) for r in cast(Sequence[Json], deployment.get("resources") or ())}
    found = [r.id for r in state.resources.find(type=one.type, urn=one.urn) if (r.type, r.id) not in known]
    if not found:
        return None
    assert one.id in ("", found[-1]), f"{one.urn}: {found[-1]} stands, and not {one.id}"
    return found[-1]


def take_over(engine: "Engine", state: "State", stack: str) -> list[str]:
    """Do in a sandbox what an operator does after a cut run, and say it. Raises EngineFailed.

    What was made is imported. Where another of its URN is in the state already, a replacement was cut: the new one is
    deleted by hand, and the next `up` makes it again.
    """
    deployment = engine.deployment(stack)
    cut, did = pending(deployment), list[str]()
    for one in cut:
        id_ = made(state, one, deployment)
        if id_ is None:
            continue
        if one.stands:
            for record in state.resources.find(type=one.type, id=id_):
                state.resources.delete_behind(record.key)
            did.append(f"{one.name} is deleted by hand, for the one that it was to replace still serves")
        else:
            engine.ask(*one.importing(stack, id_))
            did.append(f"{one.name} is imported")
    if deployment.get("pending_operations"):
        engine.ask(*clearing(stack))
    return did


def id_of(urn: str, type_: str, inputs: Json, account: str, region: str) -> str:
    """The id that follows from the inputs, by the kind's record; empty where two resources could have other ids."""
    kind = kind_of(type_)
    if kind is None or not isinstance(kind.acts, Acts):
        return ""
    name = urn.rpartition("::")[2]
    ids = {kind.acts.answer(Request(type_, one, name, inputs, account, region)).id for one in (urn, f"{urn}#2")}
    return ids.pop() if len(ids) == 1 else ""


def _place(type_: str, resources: Sequence[Json], provider: str) -> tuple[str, str]:
    """The account and the region of the provider of this URN; empty where it is not in the state."""
    given = [cast(Json, one.get("inputs") or {}) for one in resources if one["urn"] == provider]
    return account_and_region(type_.partition(":")[0], unmarked(given[0])) if given else ("", "")
