"""Every rule of the pack, by platform. The same lists run in tests, offline and on the engine.

Those of `organisation/policies/` are a company's own: they come after ours and are judged alike.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast, get_args

from catalogue import organisation
from catalogue.errors import BadInput
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS, platform_of
from catalogue.wording import close
from policies import everywhere, in_plain, inputs, unasked
from policies.rule import ProofName, Rule, Severity

_FIRST = ("network", "identity", "encryption", "cost", "limits", "rollback", "audit")
"""The order in which families are judged and told; any other file with RULES comes after them."""


class _Rules(dict[str, list[Rule]]):
    """The rules of each platform, imported when they are asked for: a verdict needs those of one."""

    def __missing__(self, platform: str) -> list[Rule]:
        if platform not in PLATFORMS:
            raise KeyError(platform)
        ours = shipped(platform)
        self[platform] = [*ours, *_of_the_organisation(platform, {rule.name for rule in ours})]
        return self[platform]


def shipped(platform: str) -> list[Rule]:
    """The rules that ship, without a company's own."""
    folder = import_module(f"policies.{platform}").__path__
    names = sorted((m.name for m in iter_modules(folder)), key=lambda n: (n not in _FIRST, _place(n), n))
    modules = [m for n in names if hasattr(m := import_module(f"policies.{platform}.{n}"), "RULES")]
    shared = [everywhere.kind_known, *inputs.rules(platform), *unasked.rules(platform), *in_plain.rules(platform)]
    shared += everywhere.rules(platform)
    return [*shared, *(rule for module in modules for rule in module.RULES)]


def _place(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else 0


def _of_the_organisation(platform: str, taken: set[str]) -> Iterator[Rule]:
    """Raises BadInput for a file without rules, and for a rule whose name is taken or that would see nothing."""
    for part in ("policies", f"policies/{platform}"):
        for file, module in organisation.modules(part):
            rules: Any = getattr(module, "RULES", None)
            if not isinstance(rules, list | tuple) or not rules:
                raise BadInput(f"{file}: has no rules; list them as policies/aws/cost.py does, RULES")
            for rule in cast("list[object]", rules):
                if not isinstance(rule, Rule):
                    raise BadInput(
                        f"{file}: RULES has a {type(rule).__name__}, allowed: rules, as @resource_rule makes"
                    )
                if rule.name in taken:
                    raise BadInput(f"{file}: the pack has a rule {rule.name} already; give this one another name")
                if said := _wrong(rule, platform):
                    raise BadInput(f"{file}: the rule {rule.name} {said}")
                taken.add(rule.name)
                yield rule


def _wrong(rule: Rule, platform: str) -> str | None:
    if rule.severity not in get_args(Severity):
        return f"has the severity {rule.severity!r}, allowed: {', '.join(get_args(Severity))}"
    if rule.proof is not None and rule.proof not in get_args(ProofName):
        return f"breaks the proof {rule.proof!r}, allowed: {', '.join(get_args(ProofName))}"
    for token in rule.types:
        if token not in kinds(platform) and platform_of(token) in (platform, None):
            near = close(token, kinds(platform))
            return f"looks at {token}, which no kind has; " + (f"did you mean {near}?" if near else "add the kind")
    return None


RULES = _Rules()
"""`RULES["aws"]` and so on; KeyError for a platform that has none."""
