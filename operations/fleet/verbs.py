"""What a fleet does with each of its stacks. A verb that is not here is one line in `VERBS`."""

import gc
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from catalogue.errors import BadInput
from operations import words
from operations.fleet.result import Outcome, digest
from operations.judge_command import CHECKOV
from operations.preview import PreviewFailed, Program, Programs
from operations.progress import Progress
from operations.together import Broken, cores
from operations.writing import put

if TYPE_CHECKING:
    from catalogue.graph import Graph
    from operations.actual.comparison import Actual
    from operations.verdict import Cost, Verdict

IDLE_HOURS = 72
"""For how long nobody must have asked anything of what is idle, as `mlplatform idle` has it where nobody says."""


@dataclass(frozen=True)
class Asked:
    """What a run was asked for, beside its stacks. `standing` is a folder with `<stack>.json`, what stands of each."""

    out: Path
    today: date
    standing: Path | None = None
    actual: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()


Ended = Callable[[Program, Outcome], None]
"""Keeps what came of one stack. Any thread calls it, as soon as the stack is done."""
Run = Callable[[Asked, Sequence[Program], Progress, Ended], None]


def _nothing_more(asked: Asked, program: Program) -> str | None:
    return ""


@dataclass(frozen=True)
class Verb:
    """`run` does it for several stacks. `reads` is a digest of what else than the stack file and our code an outcome
    follows from, and None where nobody can know before: then no earlier result is taken.
    """

    run: Run
    reads: Callable[[Asked, Program], str | None] = _nothing_more


def _preview(asked: Asked, programs: Sequence[Program], progress: Progress, ended: Ended) -> None:
    """Judge each stack and write its report, as `mlplatform preview` does."""
    from operations.together import judge_each

    def keep(program: Program, result: "Verdict | Broken") -> None:
        ended(program, _judged(result))

    judge_each(
        [program.in_every_phase for program in programs], keep, CHECKOV, asked.out, asked.today, progress, cores()
    )


def _judged(result: "Verdict | Broken") -> Outcome:
    if isinstance(result, Broken):
        return Outcome(state="refused" if result.code == 2 else "broke", says=words.one_line(result.sentence))
    from operations.comparison import proofs_in_words

    failing = ", ".join(dict.fromkeys(found.rule for found in result.failing))
    return Outcome(
        state="pass" if result.passed else "fail",
        says=f"{len(result.failing)} failing ({failing})" if failing else f"proofs: {proofs_in_words(result)}",
        region=result.region,
        by_team=result.cost.by_team,
        unknown_lines=result.cost.unknown_lines,
        report="report.html",
        seconds=result.seconds,
    )


def _step(asked: Asked, programs: Sequence[Program], progress: Progress, ended: Ended) -> None:
    """Say what each stack's file would do to what stands, as `mlplatform step` does."""

    def one(running: Programs, turn: threading.Lock, program: Program) -> Outcome:
        from operations import facts
        from operations.judge import cost_of
        from operations.standing import judgement, reading, steps

        file = None if asked.standing is None else _standing(asked.standing, program)
        stands = reading.stands(file, program.stack, program.platform)
        planned, seconds, found = steps.run(program, stands, running, asked.today)
        with turn:
            findings = [
                *judgement.allowances(program.allow, asked.today, planned),
                *judgement.findings(found, program.allow, asked.today, planned),
            ]
            cost = cost_of(planned, asked.today)
        told = {"step": found.model_dump(mode="json"), "findings": [one.model_dump(mode="json") for one in findings]}
        put(asked.out / program.stack / "step.json", json.dumps(told, indent=2) + "\n")
        fails = [one.message for one in findings if one.fails]
        says = words.one_line(fails[0] if fails else words.step_in_words(found))
        return Outcome(
            state="fail" if fails else "pass",
            says=says,
            region=facts.of(program.platform).account_and_region(planned)[1],
            by_team=cost.by_team,
            unknown_lines=cost.unknown_lines,
            report="step.json",
            seconds=seconds,
        )

    _each(programs, progress, ended, "step", one)


def _standing(folder: Path, program: Program) -> Path:
    file = folder / f"{program.stack}.json"
    if not file.is_file():
        raise BadInput(f"--standing: {folder} has no {file.name}; `pulumi stack export --file {file.name}` writes it")
    return file


def _what_stands(asked: Asked, program: Program) -> str | None:
    if asked.standing is None:
        return None  # what stands is asked of the engine, and may be another at each run
    file = asked.standing / f"{program.stack}.json"
    return digest(file.read_bytes()) if file.is_file() else None


def _cost(asked: Asked, programs: Sequence[Program], progress: Progress, ended: Ended) -> None:
    """Say what each stack costs, as `mlplatform cost` does; and what it did cost, where a bill is given.

    The bill is read once, when all costs are known: an export has the charges of every stack.
    """
    from operations.actual import command
    from operations.judge import cost_of

    foreseen: dict[str, tuple[Graph, Cost, float]] = {}

    def one(running: Programs, turn: threading.Lock, program: Program) -> Outcome | None:
        graph, seconds = running.run(program.in_every_phase)
        with turn:
            cost = cost_of(graph, asked.today)
        if asked.actual:
            foreseen[program.stack] = (graph, cost, seconds)
            return None
        return _costs(asked, graph, cost, seconds, None)

    with command.opened(asked.actual, asked.rates) as compare:
        _each(programs, progress, ended, "cost", one)
        known = [program for program in programs if program.stack in foreseen]
        if not known:
            return
        from operations.actual.comparison import Foreseen

        progress.stage("the bill", "reading")
        every = compare([Foreseen(*foreseen[program.stack][:2]) for program in known])
        progress.left("the bill")
    for program, actual in zip(known, every, strict=True):
        ended(program, _costs(asked, *foreseen[program.stack], actual))


def _costs(asked: Asked, graph: "Graph", cost: "Cost", seconds: float, actual: "Actual | None") -> Outcome:
    from operations import facts
    from operations.actual import command

    told = {**cost.model_dump(mode="json"), "actual": actual.model_dump(mode="json") if actual else None}
    put(asked.out / graph.stack / "cost.json", json.dumps(told, indent=2) + "\n")
    fails = [found.message for found in actual.findings if found.fails] if actual else []
    months = "; ".join(f"{month.month}: {command.in_words(month)}" for month in actual.months) if actual else ""
    a_month = f"{words.known(cost, cost.idle_usd)} to {words.known(cost, cost.ceiling_usd)} a month"
    return Outcome(
        state="fail" if fails else "pass",
        says=words.one_line(fails[0] if fails else months or a_month),
        region=facts.of(graph.platform).account_and_region(graph)[1],
        by_team=cost.by_team,
        unknown_lines=cost.unknown_lines,
        used_by_team=command.used_by_team(actual) if actual else {},
        report="cost.json",
        seconds=seconds,
    )


def _what_was_billed(asked: Asked, program: Program) -> str | None:
    return None if asked.actual else ""  # to read the bill is most of the work, and nobody knows what it says before


def _idle(asked: Asked, programs: Sequence[Program], progress: Progress, ended: Ended) -> None:
    """Say what of each stack nobody asked anything of for three days, as `mlplatform idle` does."""

    def one(running: Programs, turn: threading.Lock, program: Program) -> Outcome:
        from operations.idle import asking, report

        if asked.standing is not None:
            _standing(asked.standing, program)
        answers = asking.ask(asking.stacks([str(program.folder / program.file)], asked.standing), IDLE_HOURS, False)
        told = {"since_hours": IDLE_HOURS, "parts": [row.to_json() for row in answers.rows]}
        put(asked.out / program.stack / "idle.json", json.dumps(told, indent=2) + "\n")
        return Outcome(
            state="fail" if any(row.fails for row in answers.rows) else "pass",
            says=words.one_line(report.summary(answers.rows)),
            region=answers.stacks[0].config.region,
            report="idle.json",
        )

    _each(programs, progress, ended, "idle", one)


def _what_was_asked(asked: Asked, program: Program) -> str | None:
    return None  # what was asked of a stack is another at each run


def _each(
    programs: Sequence[Program],
    progress: Progress,
    ended: Ended,
    stage: str,
    one: Callable[[Programs, threading.Lock, Program], Outcome | None],
) -> None:
    """Do one thing for each stack, as many at once as there are cores. One that breaks is an outcome as another."""
    turn = threading.Lock()

    def done(running: Programs, program: Program) -> None:
        progress.stage(program.stack, stage)
        try:
            outcome = one(running, turn, program)
        except BadInput as error:
            outcome = Outcome(state="refused", says=words.one_line(str(error)))
        except PreviewFailed as error:
            outcome = Outcome(state="broke", says=words.one_line(str(error)))
        except OSError as error:
            outcome = Outcome(state="broke", says=f"{program.stack}: {words.unwritten(error)}")
        if outcome is not None:
            ended(program, outcome)
        progress.ended(program.stack)
        gc.collect()  # garbage collection is off in a command, and hundreds of stacks leave a megabyte each

    workers = ThreadPoolExecutor(min(cores(), len(programs)))
    with ExitStack() as leaving:
        # The `with` leaves in reverse order, so the processes end first, and threads that wait for them can go on.
        leaving.callback(workers.shutdown, cancel_futures=True)
        running = leaving.enter_context(Programs())
        for future in [workers.submit(done, running, program) for program in programs]:
            future.result()


VERBS: Mapping[str, Verb] = {
    "preview": Verb(_preview),
    "step": Verb(_step, _what_stands),
    "cost": Verb(_cost, _what_was_billed),
    "idle": Verb(_idle, _what_was_asked),
}
