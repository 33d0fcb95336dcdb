"""`mlplatform sandbox trial`: bring a stack up in a new sandbox by its manual steps, and take it down again."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from catalogue.errors import BadInput
from catalogue.wording import typed
from operations import words
from operations.sandboxes.ground import Chosen, as_typed, in_sandbox, ready, say, state_of, told, tools, used
from stacks.config import stack_file

if TYPE_CHECKING:
    from catalogue.graph import Graph
    from operations.accept.journal import Journal
    from operations.export.packing import Packed
    from sandbox.engine import Engine
    from sandbox.state import State

LAST_LINES = 40
_ENDED_BY = {"bring up the ground": "ground", "bring up what serves": "serve"}
"""The step of an acceptance run that ends with a manual step."""
PROTECTED = "protected by design, for it holds state"


def try_out(chosen: Chosen, stack: str, out: Path, version: Path | None = None) -> None:
    """Bring a stack up in a new sandbox by its manual steps, show outputs and cost, and take it down again.

    A trial that ends well is recorded in the folder of the stack's reports below `out`. With the folder of a `version`,
    what serves leaves the sandbox as that version, before it goes down.

    Raises BadInput where there is no such stack or version, or the sandbox is not new. Raises typer.Exit where
    something failed or is left.
    """
    from operations.export.packing import Packed

    file = stack_file(stack)
    packed = Packed(version) if version is not None else None
    home = chosen.home(f"trial-{stack}")
    tools()
    left_before = home.path.exists()
    with used(home, alone=True):
        if chosen.name and state_of(home):
            removes = in_sandbox(home, "reset", "--yes")
            raise BadInput(f"{as_typed(home)}: a trial wants a new sandbox; `{removes}` removes this one")
        if left_before:
            say(f"emptying {as_typed(home)}, which an earlier trial left")
            home.empty()
        say(f"{stack} goes up in {as_typed(home)} and down again; nothing outside that folder is changed")
        with told():
            left = _trial(ready(home, stack, chosen.real_time), stack, file, out / stack, packed)
        if left:
            raise typer.Exit(1)
        home.remove()


def _trial(engine: "Engine", stack: str, file: Path, reports: Path, packed: "Packed | None") -> bool:
    """Walk the manual steps, show outputs and cost, take down. Returns True if it failed or something is left."""
    from operations.accept.doors import Sandbox
    from operations.accept.journal import Journal, now
    from operations.accepted import FILE
    from operations.judge import cost_of
    from operations.preview import preview
    from operations.writing import put
    from sandbox.state import State

    on = ["--stack", stack, "--yes"]
    given = _standing(engine)
    start, graph = time.monotonic(), preview(file)
    journal = Journal(engine.home.path / "trial-transcript.json", now)
    journal.begin(graph, Sandbox.kind, Sandbox.known_by, {})
    answer = _walked(engine, graph, journal)
    if answer is None:
        say(f"the steps end here; what stands is kept: `{in_sandbox(engine.home, 'ls')}`")
        return True
    resources = engine.resources(stack)
    say(f"{stack} is up, {len(resources)} resources in {time.monotonic() - start:.0f} s; its outputs:")
    typer.echo(engine.ask("stack", "output", "--stack", stack), nl=False)
    bill = cost_of(graph)
    idle, ceiling = words.known(bill, bill.idle_usd), words.known(bill, bill.ceiling_usd)
    dear = f"{idle} a month with no traffic, {ceiling} with every replica at its maximum"
    say(f"it would cost {dear}; `{typed('cost', stack)}` says of what")
    trained_well = _trained(State(engine.home.database))
    left_well = packed is None or _left(graph, State(engine.home.database), packed, journal)
    protected = [str(one["urn"]).split("::", 2)[2].rpartition("$")[2] for one in resources if one.get("protect")]
    say(f"{stack} goes down; {len(protected)} resources are {PROTECTED}, and are released in this sandbox only:")
    for name in protected:
        say(f"  {name}")
    if protected:
        engine.ask("state", "unprotect", "--all", *on)
    account = State(engine.home.database).account
    account.empty("")  # a store that holds what was pushed or uploaded is not deleted
    for user in account.apps():  # nor is the profile of whoever has an app that runs, or a private space
        account.stop_app(user)
    for user in account.spaces():
        account.delete_space(user)
    leaving = time.monotonic()
    failed = _shown_short(engine, ["destroy", *on, "--skip-preview", "--suppress-outputs"])
    now = _standing(engine)
    left, gone = sorted(now - given), sorted(given - now)
    say("`pulumi destroy` failed" if failed else f"{stack} is down; {len(left)} resources are left in the cloud")
    for type_, id_ in left:
        say(f"  {type_}::{id_}")
    if given:
        say(f"{len(given) - len(gone)} resources that the landing zone gives stand as before, {len(gone)} are gone")
    ended_badly = bool(failed or left or gone or not left_well or not trained_well)
    journal.step("leave", "refused" if ended_badly else "done", time.monotonic() - leaving)
    journal.end(Sandbox.kind, accepted=not ended_badly, left=len(left))
    if ended_badly:
        return True
    if not answer:
        say("nothing was called, so no rehearsal is recorded")
        return False
    kept = put(reports / FILE, journal.text)
    say(f"recorded in {kept}: a verdict written beside it says that this very graph was rehearsed")
    return False


def _trained(state: "State") -> bool:
    """Start a run of each training job and each pipeline, and say how it ended. Returns whether none failed."""
    from sandbox import batch, byhand, training

    ended_well = True
    for record, _ in batch.jobs(state):
        if not training.trains(record) and not training.is_pipeline(record):
            continue
        say(f"a run of {record.name}:")
        try:
            say(byhand.run(state, record.name))
        except (training.RunFailed, BadInput) as failure:
            say(str(failure))
            ended_well = False
    return ended_well


def _left(graph: "Graph", state: "State", packed: "Packed", journal: "Journal") -> bool:
    """Let what serves leave as a version, and note it. Returns whether its bundle answered outside.

    The step is done where all that serves or scores is that version.
    """
    from operations.export.reading import Broken
    from operations.export.serving import NotYet
    from operations.sandboxes.leaving import leave

    begun = time.monotonic()
    try:
        says, stayed = leave(graph, state, packed)
    except (Broken, NotYet, BadInput) as refusal:
        say(f"no version left: {refusal}")
        journal.step("export", "refused", time.monotonic() - begun, str(refusal))
        return False
    say(f"exported and verified: {says}")
    for one in stayed:
        say(f"not exported, for it is of no version that was given: {one}")
    journal.step("export", "not done" if stayed else "done", time.monotonic() - begun, says)
    return True


def _walked(engine: "Engine", graph: "Graph", journal: "Journal") -> str | None:
    """Do each manual step as a newcomer would, and say it: who, what, and the command.

    The journal gets the steps of an acceptance run: one ends with each `up`, and one with the prediction. Returns the
    prediction, which is empty where nothing could be called, or None where a step was refused.

    What a sandbox does not ask for, such as a signed e-mail, is named and left.
    """
    from operations.doctor import steps_of
    from operations.sandboxes import walk
    from sandbox.dataplane import NoPrediction, NotRun
    from sandbox.state import State

    state, predicted, begun = State(engine.home.database), "", time.monotonic()
    for number, step in enumerate(steps_of(graph), 1):
        say(f"{number}. {step.who}: {step.what}")
        commands = walk.by_hand(step, graph, engine.home)
        for command in commands:
            say(f"     {command}")
        for arguments in walk.pulumi(step):
            quiet = ["--yes", "--skip-preview", "--suppress-outputs"] if arguments[0] == "up" else []
            if _shown_short(engine, [*arguments, *quiet]):
                say(f"`pulumi {arguments[0]}` failed")
                return None
        try:
            walk.do(state, step, graph)
        except BadInput as refusal:
            say(f"     refused: {refusal}")
            return None
        try:
            answer = walk.called(state, step)
        except (NotRun, BadInput) as reason:  # an image of others, or an endpoint that answers through a queue
            say(f"     not called: {reason}")
            continue
        except NoPrediction as refusal:
            say(f"     refused: {refusal}")
            return None
        predicted = answer or predicted
        if ended := "predict" if answer else _ENDED_BY.get(step.what):
            journal.step(ended, "done", time.monotonic() - begun)
            begun = time.monotonic()
        said = f"     answered: {answer}" if answer is not None else "     done" if commands else ""
        say(said or "     nothing to do in a sandbox")
    return predicted


def _standing(engine: "Engine") -> set[tuple[str, str]]:
    """The type and the id of whatever stands in the simulated cloud: before `up`, what the landing zone gives."""
    state = state_of(engine.home)
    return {(one.type, one.id) for one in (state.resources.all() if state else [])}


def _shown_short(engine: "Engine", arguments: list[str]) -> int:
    """Run a command and return its exit code. A terminal shows Pulumi's output, a log only the end of a failure."""
    if sys.stdout.isatty():
        return engine.run(arguments)
    log = engine.home.path / f"trial-{arguments[0]}.log"
    code = engine.run(arguments, log)
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        say("\n".join(lines[-LAST_LINES:]))
        say(f"the whole of it is in {log}")
    return code
