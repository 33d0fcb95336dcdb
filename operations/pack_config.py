"""The config that the engine takes for the policy pack (`--policy-pack-config`), and what it makes of findings.

The file is a mapping of policies, by their names on the engine, to a level, or to a mapping with an `enforcementLevel`;
`all` is every policy that it does not name: "Policy pack configuration",
https://www.pulumi.com/docs/insights/policy/policy-packs/configuration/. The levels that it may not lower stay, as they
do there (`policies/levels.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from catalogue.errors import BadInput
from catalogue.files import json_of
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS, Platform
from catalogue.wording import did_you_mean, found_word, one_line
from operations.findings import finding
from operations.verdict import Finding
from policies import everywhere, levels, remediation
from policies.pack import RULES
from policies.rule import Rule

ALL = "all"
_KEPT = "levels-kept"
_APART = {"remember-inputs", _KEPT, *(f"{name}-{remediation.NAME}" for name in PLATFORMS)}
"""The policies of the pack on the engine that are no rules: they find nothing in a file."""


@dataclass(frozen=True)
class PackConfig:
    """The level that a file asks for of each policy that it names, and of all others where it has `all`."""

    file: str
    asked: Mapping[str, str]

    def over(self, graph: Graph, platform: Platform, found: Iterable[Finding]) -> Iterator[Finding]:
        """The findings of the rules of one platform as the config has them; those of a disabled rule are left out."""
        rules, held = self._levels(graph, platform)[:2]
        for each in found:
            name, own = rules.get(each.rule, ("", ""))
            level = held.get(name, own)
            if level == own:
                yield each
            elif level == "advisory":
                yield each.model_copy(update={"mandatory": False, "lowered": f"{self.file} says advisory of {name}"})
            elif level != "disabled":  # what is advice of one violation alone waits for a value, and stays so
                yield each.model_copy(update={"mandatory": True, "lowered": None})

    def kept(self, graph: Graph, platforms: Iterable[Platform]) -> Iterator[Finding]:
        """What the config may not lower, a finding for each sort, as `levels-kept` has it on the engine."""
        sentences = [told for platform in platforms for told in self._levels(graph, platform)[2]]
        for sentence in dict.fromkeys(sentences):
            yield finding(
                graph,
                None,
                f"is judged with {self.file}, which {sentence}",
                source="policy",
                rule=_KEPT,
                severity="high",
                remedy="Take the level out of the config.",
                mandatory=False,
            )

    def _levels(self, graph: Graph, platform: Platform) -> tuple[dict[str, tuple[str, str]], dict[str, str], list[str]]:
        """The policy of each rule with its own level, what the config makes of the policies, and what it may not."""
        own: dict[str, str] = {}
        rules: dict[str, tuple[str, str]] = {}
        bound: set[str] = set()
        for rule in RULES[platform]:
            elsewhere = rule.advice_elsewhere and not graph.ours
            name = f"{_named(platform, rule)}{'-elsewhere' if elsewhere else ''}"
            binds = rule.mandatory and not elsewhere and levels.lowered(rule, graph) is None
            own[name] = "mandatory" if binds else "advisory"
            rules[rule.name] = name, own[name]
            if rule.never_waived and not elsewhere:
                bound.add(name)
        everything = dict.fromkeys(own, self.asked[ALL]) if ALL in self.asked else {}
        asked = everything | {name: level for name, level in self.asked.items() if name in own}
        held, told = levels.kept(asked, own, bound, graph.ours)
        return rules, held, told


def _named(platform: str, rule: Rule) -> str:
    """A rule's name on the engine, where one pack serves every platform."""
    return rule.name if rule is everywhere.kind_known else f"{platform}-{rule.name}"


def read(file: Path) -> PackConfig:
    """The config in a file. Raises BadInput, one sentence, for what the engine or the pack does not know."""
    where = f"--policy-pack-config {one_line(str(file))}"
    try:
        said: object = json_of(file.read_bytes())
    except OSError as error:
        raise BadInput(f"{where}: cannot be read ({error.strerror}); name a file of JSON") from None
    except ValueError:
        raise BadInput(f'{where}: is no JSON; write levels by policy, such as {{"all": "advisory"}}') from None
    if not isinstance(said, dict):
        raise BadInput(f"{where}: found {found_word(said)}, allowed: levels by policy")
    known = _known()
    asked: dict[str, str] = {}
    for name, value in cast("Mapping[str, object]", said).items():
        at = f"{where}: {one_line(name)}"
        if name != ALL and name not in known:
            raise BadInput(f"{at}: is no policy of the pack{did_you_mean(name, sorted(known))}")
        level = cast("Mapping[str, object]", value).get("enforcementLevel") if isinstance(value, dict) else value
        if level is None and isinstance(value, dict):
            continue  # a config of the policy's own, at its own level
        if level not in levels.ORDER:
            raise BadInput(f"{at}: found {found_word(level)}, allowed: {', '.join(levels.ORDER)}")
        asked[name] = str(level)
    return PackConfig(file.name, asked)


def _known() -> set[str]:
    found = set(_APART)
    for platform in PLATFORMS:
        for rule in RULES[platform]:
            found |= {_named(platform, rule), *([f"{_named(platform, rule)}-elsewhere"] * rule.advice_elsewhere)}
    return found
