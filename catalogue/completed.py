"""Puts into the records what machine-readable sources say of their types, and what follows from the records together.

Nobody types it. A record's own word is kept: what is put in stands beside it, or where it says NotYet.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from catalogue.generated import Generated, generated
from catalogue.inputs import inputs
from catalogue.kind import (
    Acts,
    Apis,
    At,
    Blocked,
    Guarded,
    Holds,
    Keys,
    Kind,
    NotYet,
    Renders,
    Rights,
    documented,
)
from catalogue.platforms import platform_of
from catalogue.rendering import ArmType

_OPERATIONS = documented(
    "https://learn.microsoft.com/en-us/azure/role-based-access-control/resource-provider-operations", "2026-11-26"
)
"""Azure names the right to create a type after it: `<provider>/<type>/write`."""


def completed(written: Iterable[Kind]) -> Iterator[Kind]:
    """Every record of a platform, with what the sources and the other records say of it."""
    records = [_taking(kind) for kind in written]
    for kind in records:
        yield _guarded(_blocked(_in_place(_of_arm(_of_sources(kind))), records), records)


def _taking(kind: Kind) -> Kind:
    """With what its inputs may say, where catalogue/inputs/ says it; its references and what the cloud requires too."""
    platform = platform_of(kind.token)
    said = inputs(platform).get(kind.token) if platform else None
    if platform is None or said is None or not isinstance(kind.takes, NotYet):
        return kind
    refs = kind.acts.behaviour.refs if isinstance(kind.acts, Acts) else ()
    own = {path: ref.types for ref in refs if not ref.only and (path := ref.path.replace("[]", "")) not in said.judged}
    facts = generated(platform).types.get(kind.token)
    name = kind.acts.behaviour.name if isinstance(kind.acts, Acts) else ""  # Pulumi makes one up where none is given
    free = said.free | ({name} if name and name not in said.known and name not in own else frozenset[str]())
    needed = said.needed | (facts.required if facts else frozenset[str]())
    return replace(kind, takes=replace(said, free=free, own={**own, **said.own}, needed=needed))


def _of_sources(kind: Kind) -> Kind:
    """With what replaces it, the rights to create it and the API it is made through, where the platform's file says."""
    platform = platform_of(kind.token)
    file = generated(platform) if platform else Generated({})
    facts = file.types.get(kind.token)
    if facts is None:
        return kind
    if isinstance(kind.acts, Acts) and facts.replaces is not None:
        behaviour = kind.acts.behaviour
        behaviour = replace(behaviour, replaces=behaviour.replaces | facts.replaces)
        kind = replace(kind, acts=replace(kind.acts, behaviour=behaviour))
    if facts.rights:
        kind = _with_rights(kind, Rights(facts.rights, file.evidence("rights"), facts.changes, facts.deletes))
    if facts.api:
        own = kind.apis.names if isinstance(kind.apis, Apis) else ()
        kind = replace(kind, apis=Apis((facts.api, *own), file.evidence("replaces")))
    return kind


def _of_arm(kind: Kind) -> Kind:
    """With the right that Azure names after the type. A resource group lies in the subscription, and so does its."""
    if not isinstance(kind.renders, Renders) or not isinstance(kind.renders.as_, ArmType):
        return kind
    group, above = "Microsoft.Resources/resourceGroups", "Microsoft.Resources/subscriptions/resourceGroups"
    type_ = above if kind.renders.as_.type == group else kind.renders.as_.type
    writes, deletes = (f"{type_}/write",), (f"{type_}/delete",)
    return _with_rights(kind, Rights(writes, _OPERATIONS, writes, deletes))


def _in_place(kind: Kind) -> Kind:
    """With the input that says where one of Azure's stands, among those that replace it: none moves."""
    if platform_of(kind.token) != "azure" or not isinstance(kind.stands, At) or not isinstance(kind.acts, Acts):
        return kind
    behaviour = kind.acts.behaviour
    behaviour = replace(behaviour, replaces=behaviour.replaces | {kind.stands.path})
    return replace(kind, acts=replace(kind.acts, behaviour=behaviour))


def _with_rights(kind: Kind, rights: Rights) -> Kind:
    return replace(kind, rights=rights) if isinstance(kind.rights, NotYet) else kind


def _blocked(kind: Kind, records: list[Kind]) -> Kind:
    """With the types that hold what they refer to; the evidence is that of the first of them."""
    if not isinstance(kind.blocked, NotYet):
        return kind
    holding = {one.token: one.acts.evidence for one in records if isinstance(one.acts, Acts) and _holds(one.acts, kind)}
    return replace(kind, blocked=Blocked(tuple(sorted(holding)), next(iter(holding.values())))) if holding else kind


def _holds(acts: Acts, kind: Kind) -> bool:
    return any(ref.holds and kind.token in ref.types for ref in acts.behaviour.refs)


def _guarded(kind: Kind, records: list[Kind]) -> Kind:
    """With the types of the keys that it refers to where it names its key: without the key nobody reads it.

    They stand beside the guards that the record says itself.
    """
    if not (isinstance(kind.keys, Keys) and isinstance(kind.acts, Acts)):
        return kind
    named = {key.path for key in kind.keys.at}
    refs = [ref for ref in kind.acts.behaviour.refs if ref.path.replace("[]", "") in named]
    guards = {one.token for one in records if isinstance(one.holds, Holds) and one.holds.what == "guard"}
    keys = sorted({type_ for ref in refs for type_ in ref.types} & guards)
    own = kind.guarded if isinstance(kind.guarded, Guarded) else Guarded((), kind.keys.evidence)
    more = tuple(type_ for type_ in keys if type_ not in own.by)
    return replace(kind, guarded=replace(own, by=own.by + more)) if more else kind
