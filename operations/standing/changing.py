"""Makes `docs/changing.md`: what an edit of each key of a stack file does to what stands, on each platform.

`make changing` writes it: it runs the program of each edit over what stands, in some minutes; `make changing KEYS=…`
writes the rows of some keys alone. Tests hold that every key has its row, and try some of the rows anew.
"""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS, Platform
from operations.preview import Program, Programs
from operations.standing import steps
from operations.standing.edits import NOT_RUN, Edit, edits, keys, landing_zones
from operations.standing.reading import Standing
from operations.standing.stands import Config, standing
from operations.verdict import StepChange
from operations.words import noun, times
from stacks.config import STACKS
from stacks.model import NAMESPACE

FILE = Path(__file__).parents[2] / "docs" / "changing.md"
_MOST_NOUNS = 4
_VERBS = {"delete": "deletes", "replace": "replaces", "update": "updates", "create": "creates"}
_HELD = {"work": "people's work", "data": "data", "guard": "what guards data", "unknown": "what may hold data"}
_HEAD = """# What an edit does to what stands

A stack file is edited for as long as its stack stands. This page says of every key what another value of it does to
what stands, on each platform. It is made by `make changing`: the program of each edit is run over the platform's
pilot, with a caller, places of others, training jobs and a pipeline beside, as `mlplatform step` does it. Ask for the
step of your own edit before it is merged:

    pulumi stack export --stack churn-dev --file out/churn-dev.json
    uv run mlplatform step churn-dev --standing out/churn-dev.json

| words | mean |
|---|---|
| nothing | no resource changes; a value that the program leaves alone is told in the verdict, with the command |
| updates | changed in place; what serves goes on |
| replaces | made anew: what it held is gone, and its address is another |
| deletes | gone |
| refused | the stack file says it wrongly there, and nothing is run |
| **in bold** | data or people's work goes, or what guards them; `step` exits 1 until the stack file allows it |

A name of your own is `*`.

"""
Row = tuple[str, str]
Cells = Mapping[tuple[str, str, str], str]
"""What each edit does: by key, by what is done, and by platform."""


def program(platform: Platform, config: Config) -> Program:
    """The program that a config asks for, under the name of the platform's pilot."""
    stack = f"{platform}-pilot"
    said = {f"{NAMESPACE}:{key}": one if isinstance(one, str) else json.dumps(one) for key, one in config.items()}
    return Program(f"Pulumi.{stack}.yaml", stack, said, STACKS)


@contextmanager
def organisation() -> Generator[None]:
    """Let what is started inside find the landing zones of the edits, and nothing else of an organisation's own."""
    before = os.environ.get("PYTHONPATH")
    with TemporaryDirectory() as folder:
        home = Path(folder) / "organisation"
        home.mkdir()
        (home / "__init__.py").touch()
        (home / "landing_zones.yaml").write_text(yaml.safe_dump(landing_zones()), encoding="utf-8")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, before)))
        try:
            yield
        finally:
            os.environ.pop("PYTHONPATH")
            if before is not None:
                os.environ["PYTHONPATH"] = before


def told(platform: Platform, region: str, edit: Edit, stands: Graph, programs: Programs) -> str:
    """What one edit does to what stands, in words. The stack that stands is of the region.

    It is the step of `operations.standing.steps`, without the bill.
    """
    edited, standing_ = program(platform, edit.of(standing(platform, region))), Standing("the program", stands)
    try:
        foreseen, changed = programs.step(edited, stands)
    except BadInput as refused:
        return f"refused: {_refusal(str(refused))}"
    if steps.moves(steps.place_of(stands), steps.place_of(foreseen)):
        return "**nothing that stands comes along: make it another stack**"
    hows = steps.hows_of(standing_, foreseen, changed)
    return in_words(
        [steps.change_of(standing_, foreseen, urn, how, changed.get(urn) or {}, {}, {}) for urn, how in hows.items()]
    )


def _refusal(said: str) -> str:
    """The first refusal in short, without where it stands, why, and what to do instead."""
    sentence = said.partition("\n")[0].split(": ", 2)[-1]
    short = re.split(r"(?<!allowed): |; | \(| such as ", sentence, maxsplit=1)[0]
    return re.sub(r"([|*])", r"\\\1", short)


def in_words(changes: Sequence[StepChange]) -> str:
    """What a step does, by the kinds of what changes. What holds something comes first, in bold."""
    parts: list[str] = []
    for how, verb in _VERBS.items():
        some = [change for change in changes if change.how == how]
        for holds, what in _HELD.items():
            if held := [change for change in some if change.holds == holds]:
                parts.append(f"**{verb} {what}: {_nouns(held)}**")
        if rest := [change for change in some if change.holds is None]:
            parts.append(f"{verb} {_nouns(rest)}")
    if any(change.name_held for change in changes):
        parts.append("a name stays taken")
    return "; ".join(parts) or "nothing"


def _nouns(changes: Sequence[StepChange]) -> str:
    """The kinds of the resources, each counted; of many kinds the first ones and how many resources more."""
    counted = sorted(Counter(noun(change.type) for change in changes).items())
    named = [kind if number == 1 else times(number, kind) for kind, number in counted[:_MOST_NOUNS]]
    rest = sum(number for _, number in counted[_MOST_NOUNS:])
    return ", ".join(named) + (f" and {rest} more" if rest else "")


def rows() -> list[Row]:
    """Each key with each edit of it, in the order of the schema."""
    done = [(edit.key, edit.says) for edit in edits("aws")] + [(key, "another") for key in NOT_RUN]
    order = keys()
    return sorted(done, key=lambda row: order.index(row[0]))


def page(cells: Cells) -> str:
    """The page. Raises KeyError where an edit has no cell."""
    lines = ["## What takes data or people's work away", "", *_lost(cells), ""]
    section = ""
    for key, says in rows():
        first = key.partition(".")[0]
        heading = first if "." in key or first == "callers" else "every stack"
        if heading != section:
            section = heading
            lines += [f"## {section}" if section == "every stack" else f"## `{section}`", ""]
            lines += [f"| key | edit | {' | '.join(PLATFORMS)} |", f"|---|---|{'---|' * len(PLATFORMS)}"]
        told_ = [cells[key, says, platform] for platform in PLATFORMS]
        lines.append(f"| `{key}` | {says} | {' | '.join(told_)} |")
    return re.sub(r"(\n\|[^\n]*)\n## ", r"\1\n\n## ", _HEAD + "\n".join(lines) + "\n")


def _lost(cells: Cells) -> Iterator[str]:
    """The edits that lose something, with what they lose on which platform."""
    for key, says in rows():
        found = {platform: re.findall(r"\*\*([^*]+)\*\*", cells[key, says, platform]) for platform in PLATFORMS}
        if any(found.values()):
            lost = "; ".join(f"{platform} {', '.join(one)}" for platform, one in found.items() if one)
            yield f"- `{key}`, {says}: {lost}"


def cells_of(text: str) -> dict[tuple[str, str, str], str]:
    """What a page says of each edit."""
    found: dict[tuple[str, str, str], str] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            key, says, *told_ = line.removeprefix("| ").removesuffix(" |").split(" | ")
            found |= {(key.strip("`"), says, platform): cell for platform, cell in zip(PLATFORMS, told_, strict=True)}
    return found


def computed(programs: Programs, only: Collection[str]) -> dict[tuple[str, str, str], str]:
    """What every edit of these keys does, on every platform; of every key where none is named."""
    found = {(key, "another", platform): said for key, said in NOT_RUN.items() for platform in PLATFORMS}
    with ThreadPoolExecutor(len(PLATFORMS)) as at_once:
        for some in at_once.map(_computed, PLATFORMS, [programs] * len(PLATFORMS), [only] * len(PLATFORMS)):
            found |= some
    return found


def _computed(platform: Platform, programs: Programs, only: Collection[str]) -> dict[tuple[str, str, str], str]:
    stands, _ = programs.run(program(platform, standing(platform)))
    return {
        (edit.key, edit.says, platform): told(platform, "", edit, stands, programs)
        for edit in edits(platform)
        if not only or edit.key in only
    }


def main(only: Sequence[str]) -> int:
    """Write the page, or the rows of these keys alone. Exit 2: a key that is none."""
    if unknown := [key for key in only if key not in keys()]:
        sys.stderr.write(f"changing: {unknown[0]} is no key; name one such as endpoints.*.family\n")
        return 2
    kept = cells_of(FILE.read_text(encoding="utf-8")) if only else {}
    with organisation(), Programs() as programs:
        FILE.write_text(page({**kept, **computed(programs, only)}), encoding="utf-8")
    sys.stdout.write(f"wrote docs/{FILE.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
