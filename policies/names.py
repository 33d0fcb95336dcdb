"""Every name that a finding may bear, and whether a waiver may name it: the rules, the verdict's own, and Checkov's."""

from collections.abc import Mapping
from pathlib import Path

from catalogue.platforms import PLATFORMS
from policies import everywhere
from policies.pack import RULES
from policies.rule import NOT_READ

CHECKS = Path(__file__).with_name("checks.txt")
"""The ids of Checkov's checks and of ours, one a line. `make docs` writes it; a test compares it with Checkov."""

_OF_A_WAIVER = "it tells of a waiver, and is mended where that one stands"
OF_THE_VERDICT: Mapping[str, str] = {
    "facts-readable": NOT_READ,
    "limits-ceiling": "",
    "budget-below-ceiling": "",
    "cost-known": "",
    "cost-unpriced": "",
    "hardware-fit": "",
    "hardware-retires": "",
    "render-broken": NOT_READ,
    "render-complete": "",
    "transcript-intact": "it tells of a record that was altered, and is mended where that one stands",
    "behaviour-contradicted": "",
    "waiver-expired": _OF_A_WAIVER,
    "waiver-type": _OF_A_WAIVER,
    "waiver-unused": _OF_A_WAIVER,
}
"""The names of findings that no rule makes, each with the reason why it is never waived, empty where it may be."""


def never_waived(rule: str, platform: str) -> str:
    """Why a finding of this name is never waived in a stack of this platform; empty where it may be."""
    of_rules = (each.never_waived for each in RULES[platform] if each.name == rule)
    return next(of_rules, OF_THE_VERDICT.get(rule, ""))


def known() -> Mapping[str, str]:
    """Each name, with the reason why it is never waived; empty where it may be.

    A rule has two names: its own, and the engine's, which begins with the platform. Raises BadInput for a rule of the
    organisation's that cannot be read.
    """
    found = dict.fromkeys(CHECKS.read_text(encoding="utf-8").split(), "") | dict(OF_THE_VERDICT)
    for platform in PLATFORMS:
        for rule in RULES[platform]:
            found[f"{platform}-{rule.name}"] = rule.never_waived
            found[rule.name] = found.get(rule.name, "") or rule.never_waived
            if rule.advice_elsewhere:  # the engine has it twice, for one name has one level there
                said = rule.name if rule is everywhere.kind_known else f"{platform}-{rule.name}"
                found[f"{said}-elsewhere"] = rule.never_waived
    return found
