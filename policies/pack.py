"""Every rule of the pack, by platform. The same lists run in tests, offline and on the engine."""

from importlib import import_module

from catalogue.platforms import PLATFORMS
from policies import everywhere
from policies.rule import Rule

_FAMILIES = ("network", "identity", "encryption", "cost", "limits", "rollback", "audit")


class _Rules(dict[str, list[Rule]]):
    """The rules of each platform, imported when they are asked for: a verdict needs those of one."""

    def __missing__(self, platform: str) -> list[Rule]:
        if platform not in PLATFORMS:
            raise KeyError(platform)
        modules = [import_module(f"policies.{platform}.{family}") for family in _FAMILIES]
        shared = [everywhere.kind_known, *everywhere.rules(platform)]
        self[platform] = [*shared, *(rule for module in modules for rule in module.RULES)]
        return self[platform]


RULES = _Rules()
"""`RULES["aws"]` and so on; KeyError for a platform that has none."""
