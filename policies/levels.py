"""How hard a rule binds: it is mandatory, or only advises where the limits say so. Offline and on the engine alike.

The limit `advisory-rules` names the rules whose findings only advise, for every stack, an environment, a team or an
account, with an owner, a reason and the day of review. A rule that is never waived always binds: whoever may not be
excused from it in one place may not be in every place.

The engine has a config of its own (`pulumi up --policy-pack-config`), which is nobody's file and in no review. It may
raise a rule. In a project of others it may also lower what may be waived. In a stack of this program it lowers nothing,
for the offline verdict does not see it.
https://www.pulumi.com/docs/insights/policy/policy-packs/configuration/
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import cast

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from catalogue.wording import did_you_mean
from policies import limits
from policies.limits import Limit
from policies.rule import Rule

LIMIT = "advisory-rules"
ORDER = ("disabled", "advisory", "mandatory", "remediate")
"""The engine's levels, the weakest first. What it remediates and what is still wrong then is mandatory to it."""


def lowered(rule: Rule, graph: Graph) -> Limit | None:
    """The line of the limits by which a mandatory rule only advises in a stack. None where it binds."""
    if not rule.mandatory or rule.never_waived:
        return None
    line = limits.of(graph)[LIMIT]
    return line if any(line.allows(name) for name in _names(rule, graph.platform)) else None


def check() -> None:
    """Refuse a line that lowers no rule, or one that is never waived: BadInput, one sentence."""
    for line in limits.load().every():
        if line.at[-1] != LIMIT:
            continue
        where = f"{line.file}: {'.'.join(line.at)}"
        by_platform = line.value if isinstance(line.value, dict) else dict.fromkeys(PLATFORMS, line.value)
        asked: dict[str, list[str]] = {}
        for platform, choice in cast("Mapping[str, limits.Choice]", by_platform).items():
            if choice == limits.ANY:
                raise BadInput(f"{where}: found 'any', allowed: rules by name, for some are never waived and bind")
            for pattern in choice if isinstance(choice, list) else ():
                asked.setdefault(pattern, []).append(platform)
        for pattern, platforms in asked.items():
            _check(where, pattern, platforms)


def _check(where: str, pattern: str, platforms: Iterable[str]) -> None:
    from policies.pack import RULES  # the rules read the limits, and most files lower none

    known = {name: rule for platform in platforms for rule in RULES[platform] for name in _names(rule, platform)}
    named = [name for name in known if fnmatchcase(name.lower(), pattern.lower())]
    if not named:
        raise BadInput(f"{where}: no rule of the pack has the name {pattern!r}{did_you_mean(pattern, sorted(known))}")
    if bound := next((name for name in named if known[name].never_waived), None):
        raise BadInput(
            f"{where}: {pattern!r} names {bound}, which is never waived and always binds, for "
            f"{known[bound].never_waived}; name others"
        )


def _names(rule: Rule, platform: str) -> tuple[str, ...]:
    """The names of a rule: its own, and the engine's."""
    return rule.name, f"{platform}-{rule.name}"


def kept(
    asked: Mapping[str, str], own: Mapping[str, str], bound: Iterable[str], ours: bool
) -> tuple[dict[str, str], list[str]]:
    """What the engine's config comes to: the level of each policy, and a sentence for each sort that it may not lower.

    `asked` are the levels that the engine was told, `own` those by the limits, and `bound` the policies that are never
    lowered.
    """
    weaker = {name for name, level in asked.items() if name in own and ORDER.index(level) < ORDER.index(own[name])}
    never, held = weaker & {*bound}, weaker - {*bound} if ours else set[str]()
    levels = {name: own[name] if name in never | held else level for name, level in asked.items()}
    told: list[str] = []
    if never:
        told.append(f"lowers {_few(never)}, never waived or needed by the others; their levels stay")
    if held:
        told.append(
            f"lowers {_few(held)}, which the offline verdict would not see; their levels stay. Name them in {LIMIT} of "
            f"{limits.OWN}, for an environment, a team or an account"
        )
    return levels, told


def _few(names: Iterable[str]) -> str:
    first, *rest = sorted(names)
    return f"{first} and {len(rest)} more" if rest else first
