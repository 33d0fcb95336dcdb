"""Makes `docs/baselines.md`: control by control, what answers it or why nothing does. `make docs` writes it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from catalogue.platforms import PLATFORMS
from policies import pack
from policies.baselines import Baseline, Control, baselines, counts, why_unnamed

FILE = Path(__file__).parents[2] / "docs" / "baselines.md"
_HEAD = """# Baselines

Which control of which public baseline this project answers, and with what. The data are the files of
[policies/baselines/](../policies/baselines/); this page is made of them by `make docs`. The words are ours, for a
publisher's are theirs: the link leads to these.

A control is **covered** where a rule of the [policies](../policies/README.md) or a check of Checkov finds what breaks
it. A test holds that each rule named here exists, and that it finds a mutant of a pilot which breaks the control.
It is **not covered** where it applies and no plan can show it, or nobody has built it; the line says which. It **does
not apply** where no stack has what it speaks of, or the design meets its purpose otherwise. A control that is covered
says that a plan breaks it nowhere. It says nothing of an account, where nothing has run yet.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_summary(), *(line for each in baselines().values() for line in _table(each)), *_rest()])


def _summary() -> Iterator[str]:
    yield "| baseline | platforms | read | whole | covered | not covered | does not apply |"
    yield "|---|---|---|---|---|---|---|"
    for baseline in baselines().values():
        said = counts(baseline)
        whole = "yes" if baseline.whole else "in part"
        yield (
            f"| [{baseline.title}]({baseline.source}) | {', '.join(baseline.platforms)} | {baseline.read} | {whole} | "
            f"{said['covered']} | {said['not covered']} | {said['does not apply']} |"
        )


def _table(baseline: Baseline) -> Iterator[str]:
    yield f"\n## {baseline.title}\n"
    if baseline.left_out:
        yield f"Left out: {baseline.left_out}\n"
    yield "| control | asks | answer | with, or why not |"
    yield "|---|---|---|---|"
    for one in baseline.controls:
        yield f"| [{one.id}]({baseline.page_of(one)}) | {one.says} | {one.status} | {_answer(baseline, one)} |"


def _answer(baseline: Baseline, control: Control) -> str:
    if control.status != "covered":
        return (control.not_covered or control.not_applicable).strip()
    several = len(baseline.platforms) > 1
    parts = [
        f"{f'{platform}: ' if several else ''}{', '.join(f'`{rule}`' for rule in rules)}"
        for platform in baseline.platforms
        if (rules := control.rules_of(platform))
    ]
    if control.checkov:
        parts.append(f"Checkov {', '.join(f'`{check}`' for check in control.checkov)}")
    return "; ".join(parts) + (f". {control.note.strip()}" if control.note else "")


def _rest() -> Iterator[str]:
    yield "\n## Rules that no control asks for\n"
    yield "| because | rules |"
    yield "|---|---|"
    said: dict[str, list[str]] = {}
    for platform in PLATFORMS:
        for rule in pack.shipped(platform):
            if why := why_unnamed(rule.name):
                said.setdefault(why, []).append(rule.name)
    for why, rules in said.items():
        yield f"| {why} | {', '.join(f'`{rule}`' for rule in dict.fromkeys(rules))} |"
    yield ""


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.relative_to(Path.cwd())}\n")
