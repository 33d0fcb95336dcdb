"""Every rule of the pack, by platform. The same lists run in tests, offline and on the engine."""

from importlib import import_module
from pkgutil import iter_modules

from catalogue.platforms import PLATFORMS
from policies import everywhere
from policies.rule import Rule

_FIRST = ("network", "identity", "encryption", "cost", "limits", "rollback", "audit")
"""The order in which families are judged and told; any other file with RULES comes after them."""


class _Rules(dict[str, list[Rule]]):
    """The rules of each platform, imported when they are asked for: a verdict needs those of one."""

    def __missing__(self, platform: str) -> list[Rule]:
        if platform not in PLATFORMS:
            raise KeyError(platform)
        folder = import_module(f"policies.{platform}").__path__
        names = sorted((m.name for m in iter_modules(folder)), key=lambda n: (n not in _FIRST, _place(n), n))
        modules = [m for n in names if hasattr(m := import_module(f"policies.{platform}.{n}"), "RULES")]
        shared = [everywhere.kind_known, *everywhere.rules(platform)]
        self[platform] = [*shared, *(rule for module in modules for rule in module.RULES)]
        return self[platform]


def _place(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else 0


RULES = _Rules()
"""`RULES["aws"]` and so on; KeyError for a platform that has none."""
