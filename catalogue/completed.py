"""Puts into a record what machine-readable sources say of its type, so that nobody types it."""

from dataclasses import replace

from catalogue.generated import generated
from catalogue.kind import Acts, Kind
from catalogue.platforms import platform_of


def completed(kind: Kind) -> Kind:
    """The record with the facts of its type's sources, beside what it says itself; as it is where no source has it."""
    platform = platform_of(kind.token)
    facts = generated(platform).types.get(kind.token) if platform else None
    if facts is None or not isinstance(kind.acts, Acts):
        return kind
    behaviour = kind.acts.behaviour
    replaces = behaviour.replaces | (facts.replaces or frozenset())
    return replace(kind, acts=replace(kind.acts, behaviour=replace(behaviour, replaces=replaces)))
