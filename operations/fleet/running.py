"""Runs a verb over a fleet, takes what an earlier run has done already, and merges what several machines did."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from catalogue.errors import BadInput
from catalogue.wording import counted, did_you_mean
from operations.fleet import result as kept
from operations.fleet.result import Fleet, Outcome, Result, digest
from operations.fleet.verbs import VERBS, Asked
from operations.preview import Program
from operations.progress import Progress
from operations.writing import put
from stacks.config import stack_name

_FILES = "Pulumi.*.yaml"
_AGAIN = ("broke", "missing")
"""The states after which a stack is done again: a program, a tool or a disk may have mended since."""


def stack_files(places: Sequence[Path]) -> list[Path]:
    """The stack files in these folders, and these files, by the stack's name.

    Raises BadInput where there are none, and for a stack that is there twice: names, reports and waivers are of one.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            hint = did_you_mean(str(place), VERBS) or f"; name folders with {_FILES}, or such files"
            raise BadInput(f"{place}: is not there{hint}")
        found += sorted(place.glob(_FILES)) if place.is_dir() else [place]
    by_stack: dict[str, Path] = {}
    for file in found:
        stack = _named(file)
        other = by_stack.setdefault(stack, file)
        if other.resolve() != file.resolve():
            raise BadInput(f"{stack}: is in {other} and in {file}; a stack's reports and waivers have its name")
    if not by_stack:
        raise BadInput(f"{', '.join(map(str, places))}: holds no {_FILES}; name the folders with the stack files")
    return [by_stack[stack] for stack in sorted(by_stack)]


def _named(file: Path) -> str:
    """The stack's name, or for a file name that no stack may have one that no stack has: it is refused as a result."""
    try:
        return stack_name(file)
    except BadInput:
        return f"{re.sub('[^A-Za-z0-9_.-]', '-', file.name)[:80]}-{digest(file.name)[:7]}"


def _bytes(file: Path) -> bytes:
    """What a stack file holds; of one that nobody can read, why. Whatever it is, the stack's own result says it."""
    try:
        return file.read_bytes() if file.is_file() or not file.exists() else b"it is no file"
    except OSError as error:
        return f"{error.strerror}".encode()


def shard_of(said: str) -> tuple[int, int]:
    """The part and the number of parts in `I/N`. Raises BadInput for what is none."""
    read = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", said)
    part, of = (int(read[1]), int(read[2])) if read else (0, 0)
    if not 1 <= part <= of:
        raise BadInput(f"--shard: found {said!r}, allowed: I/N, the part and the number of parts, such as 2/4")
    return part, of


def run(verb: str, files: Sequence[Path], asked: Asked, shard: tuple[int, int], screen: Console) -> Fleet:
    """Do what the verb does for each stack of this shard, and write a result a stack, the index and its page.

    What an earlier run wrote from the same input is taken. Raises BadInput where nothing can be done at all.
    """
    part, of = shard
    whole = digest(kept.of_ourselves(), *(text for file in files for text in (file.name, _bytes(file))))
    names, mine = [_named(file) for file in files], list(files)[part - 1 :: of]
    done: dict[str, Result] = {}
    taken = 0
    todo: list[tuple[Program, Result]] = []
    for file in mine:
        result, program = _begun(verb, file, asked)
        earlier = kept.read(asked.out / result.stack)
        if program is None:
            done[result.stack] = _put(asked.out, result)
        elif earlier and result.key and earlier.key == result.key and earlier.outcome.state not in _AGAIN:
            done[result.stack] = earlier
            taken += 1
        else:
            # What an earlier run said of another input must not be taken for this one's, should this one be cut.
            (asked.out / result.stack / kept.RESULT).unlink(missing_ok=True)
            todo.append((program, result))
    begun = {program.stack: result for program, result in todo}

    def fleet() -> Fleet:
        every = {**begun, **done}
        results = [every[stack] for stack in sorted(every)]
        return Fleet(verb=verb, today=f"{asked.today}", shards=[part], of=of, files=whole, every=names, results=results)

    def ended(program: Program, outcome: Outcome) -> None:
        done[program.stack] = _put(asked.out, begun[program.stack].model_copy(update={"outcome": outcome}))

    # A run that is cut must not leave the index of the run before it.
    write(fleet(), asked.out)
    if taken:
        screen.print(f"{taken} of {counted(len(mine), 'stack')} done already", highlight=False)
    if todo:
        with Progress(screen, len(todo)) as progress:
            VERBS[verb].run(asked, [program for program, _ in todo], progress, ended)
    return write(fleet(), asked.out)


def _begun(verb: str, file: Path, asked: Asked) -> tuple[Result, Program | None]:
    """What is known of a stack before anything is done for it. No program where its file is refused."""
    missing = Outcome(state="missing", says="it was not done")
    result = Result(stack=_named(file), file=str(file), verb=verb, key="", outcome=missing)
    try:
        program = Program.of(file)
    except BadInput as error:
        first, *more = str(error).splitlines()
        said = Outcome(state="refused", says=f"{first}; and {len(more)} more" if more else first)
        return result.model_copy(update={"outcome": said}), None
    more = VERBS[verb].reads(asked, program)
    key = "" if more is None else digest(verb, f"{asked.today}", _bytes(file), kept.of_ourselves(), more)
    words = {name: program.config.get(f"mlplatform:{name}", "") for name in ("platform", "team", "environment")}
    return result.model_copy(update={"key": key, **words}), program


def _put(out: Path, result: Result) -> Result:
    put(out / result.stack / kept.RESULT, result.model_dump_json(indent=2) + "\n")
    return result


def write(fleet: Fleet, out: Path) -> Fleet:
    """Write the index of a fleet and its page."""
    from operations.fleet.page import html

    put(out / kept.INDEX, kept.as_json(fleet))
    put(out / kept.PAGE, html(fleet))
    return fleet


def merge(folders: Sequence[Path], out: Path) -> Fleet:
    """Join what several runs wrote: the reports are copied below `out`, and one index and page are written there.

    A shard that is missing, or a stack without a result, makes the whole not pass. Raises BadInput where the runs are
    not of one fleet, where an index says another thing than the files of its stacks, and for a link: what another
    machine wrote is not to lead out of its folder.
    """
    parts = [(folder, kept.read_fleet(folder)) for folder in folders]
    first = parts[0][1]
    for folder, part in parts[1:]:
        for what in ("verb", "today", "of"):
            one, other = getattr(first, what), getattr(part, what)
            if one != other:
                raise BadInput(f"{folder}: is of another run than {folders[0]}: {what} is {other}, there {one}")
        if (first.files, first.every) != (part.files, part.every):
            raise BadInput(f"{folder}: is of other stack files or other code than {folders[0]}; run that part again")
    _refuse_twice([part for _, part in parts])
    for folder, part in parts:
        _refuse_other(folder, part)
    for folder, part in parts:
        for stack in part.stacks:
            if (folder / stack).is_dir() and (folder / stack).resolve() != (out / stack).resolve():
                shutil.copytree(folder / stack, out / stack, symlinks=True, dirs_exist_ok=True)
    shards = sorted(shard for _, part in parts for shard in part.shards)
    lacks = [f"shard {one} of {first.of} is not there" for one in range(1, first.of + 1) if one not in shards]
    joined = Fleet(
        verb=first.verb,
        today=first.today,
        shards=shards,
        of=first.of,
        files=first.files,
        every=first.every,
        lacks=lacks,
        results=sorted((one for _, part in parts for one in part.results), key=lambda one: one.stack),
    )
    return write(joined, out)


def _refuse_twice(parts: Iterable[Fleet]) -> None:
    parts = list(parts)
    for what, named in (("shard", "shards"), ("stack", "stacks")):
        times = Counter(one for part in parts for one in getattr(part, named))
        if twice := [one for one, count in times.items() if count > 1]:
            raise BadInput(f"{what} {twice[0]}: is in two of the folders; name each run once")


def _refuse_other(folder: Path, part: Fleet) -> None:
    """Raises BadInput where the index of a run is not what its stacks' own files say, or a file leads elsewhere."""
    wrong = [shard for shard in part.shards if not 1 <= shard <= part.of]
    if wrong:
        raise BadInput(f"{folder / kept.INDEX}: says shard {wrong[0]} of {part.of}; run that part again")
    if other := sorted(set(part.stacks) ^ set(part.share)):
        has = "has" if other[0] in part.stacks else "lacks"
        shards = ", ".join(map(str, part.shards))
        raise BadInput(
            f"{folder / kept.INDEX}: {has} the stack {other[0]}, which is not what shard {shards} of {part.of} is; run "
            "that part again"
        )
    for one in part.results:
        for path in (folder / one.stack, *(folder / one.stack).rglob("*")):
            if path.is_symlink() or (path.exists() and not (path.is_dir() or path.is_file())):
                raise BadInput(f"{path}: is a link or no file, and a run writes files alone; run that part again")
        # Of a run that was cut the index is the older one: it says that a stack was not done, which fails as it is.
        if one.outcome.state != "missing" and kept.read(folder / one.stack) != one:
            raise BadInput(
                f"{folder / one.stack / kept.RESULT}: is not what {kept.INDEX} says of {one.stack}; run that part again"
            )
