"""The command that judges several stacks: its files, its output and its exit code."""

import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import typer
from rich.console import Console

from catalogue.errors import BadInput
from operations.arguments import Format
from stacks.config import STACKS

CHECKOV = STACKS.parent / "policies" / "checkov"


def judge_and_show(files: list[Path], format: Format, out: Path, today: date) -> None:
    """Judge the stacks, write and print each verdict. Exits 1 when one fails or breaks, 2 when one is refused."""
    from operations.preview import Program

    programs: list[Program] = []
    refused: list[str] = []
    for file in files:  # every file is read before any stack is judged, and none hides the mistakes of another
        try:
            programs.append(Program.of(file))
        except BadInput as error:
            refused.append(str(error))
    if refused:
        raise BadInput("\n".join(dict.fromkeys(refused)))
    if twice := [stack for stack, times in Counter(program.stack for program in programs).items() if times > 1]:
        raise BadInput(f"{twice[0]}: is named more than once, allowed: each stack once, for its report has its name")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file; name a folder for the reports with --out")
    from operations.progress import Progress
    from operations.together import Broken, cores, judge_all

    with Progress(Console(stderr=True), len(programs)) as progress:
        ended = judge_all(programs, CHECKOV, out, today, progress, cores())
    verdicts = [one for one in ended if not isinstance(one, Broken)]
    broken = [one for one in ended if isinstance(one, Broken)]
    if format is Format.JSON:
        documents = [verdict.model_dump(mode="json") for verdict in verdicts]
        if len(programs) > 1 or documents:
            json.dump(documents if len(programs) > 1 else documents[0], sys.stdout, indent=2)
            sys.stdout.write("\n")
    else:
        from operations import console

        for verdict in verdicts:
            console.render(verdict, Console(), out / verdict.stack / "report.html")
        if len(verdicts) > 1 and not broken:  # without the stack that broke, the comparison could look like a pass
            from operations.comparison import compare
            from operations.report import write_comparison

            side_by_side = compare(verdicts)
            console.render_comparison(side_by_side, Console(), write_comparison(side_by_side, out))
    sys.stdout.flush()
    for sentence in dict.fromkeys(one.sentence for one in broken):
        sys.stderr.write(f"{sentence}\n")
    code = max([*(one.code for one in broken), *(int(not verdict.passed) for verdict in verdicts)])
    if code:
        raise typer.Exit(code)
