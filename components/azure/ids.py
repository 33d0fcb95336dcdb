"""Ids by name, as one component hands several of them on to another."""

from collections.abc import Mapping

import pulumi

from components.given import BadArgument, Text

Ids = pulumi.Input[Mapping[str, Text]]
"""Several ids by name. All of them together may be known later, and so may each."""


def one_of(ids: Ids, name: str, at: str) -> Text:
    """The id of that name. `at` is the argument that holds them.

    Raises BadArgument where there is none of that name: at once, or as soon as the ids are known.
    """
    if isinstance(ids, Mapping):
        # It is looked up by itself: whoever takes it waits for this one id, and not for all of them.
        return _found(ids, name, at)
    return pulumi.Output.from_input(ids).apply(lambda known: _found(known, name, at))


def _found(ids: Mapping[str, Text], name: str, at: str) -> Text:
    if name not in ids:
        raise BadArgument(f"{at}: has nothing under {name!r}; give the id that belongs there")
    return ids[name]
