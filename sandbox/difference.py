"""What differs between the inputs of a resource that stands and those that a program gives now.

The simulated providers answer the engine's diff with it, and a step (`operations/standing`) is made of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from catalogue.behaviour import Behaviour, values_at
from catalogue.marked import DEFAULTS, Json, without_defaults
from sandbox.clouds.manners import ProviderManners


@dataclass(frozen=True)
class Change:
    """A diff: the changed inputs, the paths that force a replacement, and whether the old resource goes first."""

    changed: tuple[str, ...]
    replaced: tuple[str, ...]
    delete_first: bool


def difference(
    behaviour: Behaviour, provider: ProviderManners, olds: Json, news: Json, ignored: Sequence[str] = ()
) -> Change:
    """The difference between the inputs as the provider noted them and those that it is asked for now."""
    old, new = without_defaults(olds), without_defaults(news)
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key) and key not in ignored)
    forcing = behaviour.replaces | ({behaviour.name} - {""})
    forcing |= {one.path for one in behaviour.sometimes if one.when(old, new)}
    replaced = [
        path
        for path in sorted(forcing)
        if path.partition(".")[0] in keys and list(values_at(old, path)) != list(values_at(new, path))
    ]
    delete_first = bool(replaced) and provider.old_goes_first(behaviour, olds, news, replaced)
    return Change(tuple(keys), tuple(replaced), delete_first)


def checked(behaviour: Behaviour, provider: ProviderManners, olds: Json, news: Json) -> Json:
    """The inputs of a program as the provider fills them in: what it filled in before stays while nothing is given.

    A bridged provider notes what it filled in, in each object; of the others, only a made-up name is known.
    """
    filled = cast(Json, _refilled(olds, news))
    name = behaviour.name
    if name and news.get(name) is None and provider.made_up(olds, name) and name in olds:
        filled[name] = olds[name]
    return filled


def _refilled(old: Any, new: Any) -> Any:
    """The new value, with what the provider noted in the old one that it had filled in."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        before, after = cast(Json, old), cast(Json, new)
        noted: Sequence[str] = before.get(DEFAULTS) or ()
        kept = {key: before[key] for key in noted if key in before and after.get(key) is None}
        sent = {key: _refilled(before.get(key), value) for key, value in after.items() if value is not None}
        return {**kept, **({DEFAULTS: [*kept]} if kept else {}), **sent}
    if isinstance(old, list) and isinstance(new, list):
        befores, afters = cast(list[Any], old), cast(list[Any], new)
        return [_refilled(befores[n] if n < len(befores) else None, each) for n, each in enumerate(afters)]
    return new
