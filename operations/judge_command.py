"""The command that judges several stacks: its files, its output and its exit code."""

import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import typer

from catalogue.errors import BadInput
from operations.arguments import Format
from operations.terminal import text_console
from stacks.config import STACKS

if TYPE_CHECKING:
    from operations.preview import Program
    from operations.standing.reading import Standing
    from operations.verdict import Verdict

CHECKOV = STACKS.parent / "policies" / "checkov"


def judge_and_show(
    files: list[Path],
    format: Format,
    out: Path,
    today: date,
    against: str | None = None,
    standing: Path | None = None,
) -> None:
    """Judge the stacks, write and print each verdict. Exits 1 when one fails or breaks, 2 when one is refused.

    `against` names an earlier verdict, as `operations.earlier` reads it; the verdicts then say what changed since.
    `standing` is the file of what stands of the one stack; its verdict then judges the step from there.
    """
    from operations.preview import Program

    programs: list[Program] = []
    refused: list[str] = []
    for file in files:  # every file is read before any stack is judged, and none hides the mistakes of another
        try:
            programs.append(Program.of(file).in_every_phase)
        except BadInput as error:
            refused.append(str(error))
    if refused:
        raise BadInput("\n".join(dict.fromkeys(refused)))
    if twice := [stack for stack, times in Counter(program.stack for program in programs).items() if times > 1]:
        raise BadInput(f"{twice[0]}: is named more than once, allowed: each stack once, for its report has its name")
    for program in programs:
        if (allow := program.allow) is not None:
            from operations.standing.judgement import revived

            if said := revived(allow, today, date.today()):
                sys.stderr.write(f"{program.file}: {said}\n")
    stands = _stands(programs, standing) if standing is not None else None
    refuse_unwritable(out)
    from operations.progress import Progress
    from operations.together import Broken, cores, judge_all

    with Progress(text_console(stderr=True), len(programs)) as progress:
        before = None
        if against is not None:
            from operations.earlier import earlier

            progress.stage(against, "what it says")
            before = earlier(against, {p.stack: file for p, file in zip(programs, files, strict=True)}, today)
            progress.left(against)
        ended = judge_all(programs, CHECKOV, out, today, progress, cores(), before, stands)
    verdicts = [one for one in ended if not isinstance(one, Broken)]
    broken = [one for one in ended if isinstance(one, Broken)]
    _print(verdicts, format, out, whole=not broken)
    sys.stdout.flush()
    for sentence in dict.fromkeys(one.sentence for one in broken):
        sys.stderr.write(f"{sentence}\n")
    code = max([*(one.code for one in broken), *(int(not verdict.passed) for verdict in verdicts)])
    if code:
        raise typer.Exit(code)


def _stands(programs: "list[Program]", file: Path) -> "Standing":
    """What stands of the one stack. Raises BadInput where several are named, or the file cannot be read."""
    if len(programs) > 1:
        raise BadInput(f"--standing: {file} is what stands of one stack; name that stack alone")
    from operations.standing.reading import read

    return read(file, programs[0].stack, programs[0].platform)


def refuse_unwritable(out: Path) -> None:
    """Raise BadInput where no report can be written, before anything is judged."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file; name a folder for the reports with --out")
    nearest = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    if not nearest.is_dir():
        raise BadInput(f"{out}: {nearest} is a file; name a folder for the reports with --out")
    try:  # what the rights of a folder say is not all: it may be read-only, full or of another system
        with TemporaryFile(dir=nearest):
            pass
    except OSError:
        raise BadInput(f"{out}: {nearest} cannot be written; name another folder for the reports with --out") from None


def _print(verdicts: "list[Verdict]", format: Format, out: Path, *, whole: bool) -> None:
    """Print the verdicts. They are not `whole` where a stack broke: side by side they could then look like a pass."""
    if format is Format.JSON:
        from operations.report import SCHEMA_VERSION

        passed = whole and all(verdict.passed for verdict in verdicts)
        documents = [verdict.model_dump(mode="json") for verdict in verdicts]
        json.dump({"schema_version": SCHEMA_VERSION, "passed": passed, "verdicts": documents}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif format is Format.MARKDOWN:
        from operations.report import markdown

        sys.stdout.write(markdown(verdicts))
    else:
        from operations import console

        for verdict in verdicts:
            console.render(verdict, text_console(), out / verdict.stack / "report.html")
        if len(verdicts) > 1 and whole:
            from operations.comparison import compare
            from operations.report import write_comparison

            side_by_side = compare(verdicts)
            console.render_comparison(side_by_side, text_console(), write_comparison(side_by_side, out))
