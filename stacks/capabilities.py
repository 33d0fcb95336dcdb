"""The README's table of capabilities, made from the sections that ship. `make docs` rewrites it; a test holds it true.

A cell is `yes`, or `no` with the number of a footnote, which is the sentence with which the stack config refuses it.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from catalogue.platforms import PLATFORMS
from stacks.model import Section
from stacks.sections import refusal, sections

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- capabilities: made by make docs -->\n", "<!-- end of capabilities -->\n"


def capabilities() -> Iterator[tuple[str, Mapping[str, str]]]:
    """What a person would call each capability, and the refusal of each platform that lacks it."""
    shipped = (section for section in sections().values() if section.module.startswith("stacks."))
    for section in shipped:
        for called, refused in _called(section):
            lacking = {platform: said for platform in PLATFORMS if (said := refusal(section, platform))}
            yield called, {**refused, **lacking}


def _called(section: Section[object]) -> list[tuple[str, Mapping[str, str]]]:
    kinds = [(f"`{kind}` {section.called}", refused) for kind, refused in section.kinds.items()]
    return [*(kinds or [(section.called, {})]), *section.also.items()]


def table() -> str:
    """The table in Markdown, a line a capability and a column a platform, and its footnotes."""
    heads = [f"{platform.product} (`{platform.name}`)" for platform in PLATFORMS.values()]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    notes: list[str] = []
    for called, refused in capabilities():
        cells: list[str] = []
        for platform in PLATFORMS:
            said = refused.get(platform)
            if said and said not in notes:
                notes.append(said)
            cells.append(f"no <sup>{notes.index(said) + 1}</sup>" if said else "yes")
        lines.append(f"| {called} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"{number}. {said}" for number, said in enumerate(notes, 1))]) + "\n"


def page(readme: str) -> str:
    """The README with the table in its place. Raises ValueError where the place is not marked."""
    before, _, rest = readme.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"README.md: lacks the marks {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(page(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write("wrote README.md\n")
