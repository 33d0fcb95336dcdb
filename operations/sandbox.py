"""`mlplatform sandbox`: any Pulumi command against a simulated cloud, and a look at what it made there.

A sandbox is a folder, `out/sandbox/NAME`. Nothing outside it is changed: Pulumi gets copies of the stack files, a home
and a backend there, and the simulated providers in place of the clouds' own.
"""

import difflib
import fcntl
import json
import re
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from stacks.config import STACKS, stack_file, stack_name
from stacks.errors import BadInput

if TYPE_CHECKING:
    from operations.preview import Preview
    from sandbox.engine import Engine
    from sandbox.home import Home
    from sandbox.state import Record, State

ROOT = STACKS.parent
FOLDER = ROOT / "out" / "sandbox"
DEFAULT = "default"
NO_CLI = (
    "the Pulumi CLI is not on PATH: get it with `curl -fsSL https://get.pulumi.com | sh` or from "
    "https://www.pulumi.com/docs/install/; without it `mlplatform pilot`, `preview`, `graph` and `cost` judge every "
    "stack, and `mlplatform sandbox ls`, `show` and `reset` work on what is there"
)
NO_UV = "uv is not on PATH, and Pulumi runs the program with it: `make setup` puts it into .tools/bin"


@dataclass(frozen=True)
class Chosen:
    """The options before the subcommand."""

    name: str | None
    real_time: bool

    def home(self, default: str = DEFAULT) -> "Home":
        """The sandbox, whether its folder exists or not. Raises BadInput for a name that is none."""
        from sandbox.home import Home

        name = self.name or default
        if "/" in name:
            home = Home(Path(name).resolve())
            if home.path.exists() and not home.path.is_dir():
                raise BadInput(f"{as_typed(home)}: is a file; a sandbox is a folder")
            return home
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
            raise BadInput(
                f"{name[:80]!r}: no name for a sandbox; allowed: lower-case letters, digits and '-', or a folder "
                "such as ./here"
            )
        return Home(FOLDER / name)


app = typer.Typer(
    help="Run Pulumi against a cloud without an account: simulated providers, kept in out/sandbox/.",
    epilog="Example: mlplatform sandbox -- pulumi up -s aws-pilot",
    no_args_is_help=True,
)
LAST_LINES = 40
LOG_WIDTH = 200
PROTECTED = "protected by design, for it holds state"


@app.callback()
def options(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Option(help="Which sandbox: out/sandbox/NAME, or a folder such as ./here. Two share nothing.")
    ] = None,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Let canaries bake as long as the stack file says, not at once.")
    ] = False,
) -> None:
    """Run Pulumi against a cloud without an account: simulated providers, kept in out/sandbox/."""
    context.obj = Chosen(name, real_time)


@app.command(
    "pulumi",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False},
)
def run_pulumi(context: typer.Context) -> None:
    """Run any Pulumi command, in the project's folder: mlplatform sandbox -- pulumi preview -s gcp-pilot."""
    chosen: Chosen = context.obj
    home, arguments = chosen.home(), list(context.args)
    tools()
    with used(home, alone=False), told():
        code = ready(home, named_stack(arguments), chosen.real_time).run(arguments)
    raise typer.Exit(code)


@app.command("ls", epilog="Example: mlplatform sandbox ls")
def list_resources(context: typer.Context) -> None:
    """List what stands in the simulated cloud."""
    home, records = _resources(context)
    if not records:
        typer.echo(
            f"{as_typed(home)}: nothing stands here; `mlplatform sandbox -- pulumi up -s STACK` brings a stack up"
        )
        return
    table = Table(title=as_typed(home), title_justify="left")
    for heading in ("type", "name", "account", "region", "changes"):
        table.add_column(heading, overflow="fold")
    for one in records:
        table.add_row(one.type, one.name, one.account, one.region, str(one.generation - 1))
    Console(width=None if sys.stdout.isatty() else LOG_WIDTH).print(table)
    typer.echo(f"{len(records)} resources; `mlplatform sandbox show NAME` shows one")


@app.command("show", epilog="Example: mlplatform sandbox show aws-pilot-fraud-scorer")
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A resource's name, id or ARN.")],
) -> None:
    """Print resources as JSON: what was asked for, what the cloud answered, and what was done to them."""
    home, records = _resources(context)
    state = _state(home)
    found = [one for one in records if name in (one.name, one.id, f"{one.type}::{one.name}")]
    found = found or (state.named(name) if state else [])
    if not found or state is None:
        hint = _hint(name, {one.name for one in records})
        raise BadInput(f"{name[:80]!r}: no such resource in {as_typed(home)}; {hint}")
    events = state.events()
    shown = [
        {
            **{key: value for key, value in asdict(one).items() if key not in ("key", "run", "known")},
            "events": [asdict(event) for event in events if (event.type, event.id) == (one.type, one.id)],
        }
        for one in found
    ]
    json.dump(shown, sys.stdout, indent=2)
    sys.stdout.write("\n")


@app.command("play", epilog="Example: mlplatform sandbox play aws-pilot-fraud-scorer --p95-ms 900 --error-percent 2")
def play(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An endpoint, or one deployment of it.")],
    p95_ms: Annotated[float | None, typer.Option(min=0, help="The p95 latency, in milliseconds.")] = None,
    error_percent: Annotated[float, typer.Option(min=0, max=100, help="Answers that are errors.")] = 0.0,
    requests: Annotated[int, typer.Option(min=0, help="Requests measured; 0 is silence.")] = 1000,
    stop: Annotated[bool, typer.Option("--stop", help="Play nothing any more.")] = False,
) -> None:
    """Play traffic, latency or silence in as the metrics that canaries and alarms of that endpoint read."""
    from sandbox.alarms import ENDPOINTS
    from sandbox.state import Played

    home, records = _resources(context)
    names = {word for one in records for word in (one.name, *one.id.split("/"))}
    if not stop and name not in names:
        raise BadInput(f"{name[:80]!r}: nothing of that name stands in {as_typed(home)}; {_hint(name, names)}")
    measured = {one.name: one.id.rpartition("/")[2] for one in records if one.type in ENDPOINTS}.get(name, name)
    state = _state(home)
    if state is not None:
        state.play(measured, None if stop else Played(p95_ms, error_percent, requests))
    latency = "" if p95_ms is None else f", p95 {p95_ms:g} ms"
    said = f"{requests} requests{latency}, {error_percent:g} % errors" if requests else "silence"
    typer.echo(f"{measured}: nothing is played in any more" if stop else f"{measured}: {said} played in")


@app.command("alarms", epilog="Example: mlplatform sandbox alarms")
def list_alarms(context: typer.Context) -> None:
    """List the alarms on endpoints, and which of them ring by what is played in."""
    from sandbox.alarms import alarms

    chosen: Chosen = context.obj
    home = chosen.home()
    state = _state(home)
    found = alarms(state) if state else []
    if not found:
        typer.echo(f"{as_typed(home)}: no alarm on an endpoint stands here")
        return
    table = Table(title=as_typed(home), title_justify="left")
    for heading in ("alarm", "rings", "its mail says", "to"):
        table.add_column(heading, overflow="fold")
    for one in found:
        table.add_row(one.name, "rings" if one.rings else "", one.words, ", ".join(one.mails))
    Console(width=None if sys.stdout.isatty() else LOG_WIDTH).print(table)
    typer.echo(
        "`mlplatform sandbox play ENDPOINT` plays latency, errors or silence in; nothing played in rings nothing"
    )


@app.command("reset", epilog="Example: mlplatform sandbox reset --yes")
def reset(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would be done.")] = False,
) -> None:
    """Remove a sandbox: its simulated cloud, Pulumi's state in it, and the copies of stack files."""
    chosen: Chosen = context.obj
    home = chosen.home()
    if not home.path.exists():
        typer.echo(f"{as_typed(home)}: there is no such sandbox, nothing to remove")
        return
    with used(home, alone=True):
        try:
            what = f"{as_typed(home)} with {len(_resources(context)[1])} resources"
        except BadInput:  # a broken state is one reason to remove it
            what = as_typed(home)
        if yes:
            home.remove()
    typer.echo(f"removed {what}" if yes else f"would remove {what}; --yes does it")


@app.command("trial", epilog="Example: mlplatform sandbox trial gcp-pilot")
def trial(
    context: typer.Context,
    stack: Annotated[str, typer.Argument(metavar="STACK", help="A stack such as aws-pilot.")],
) -> None:
    """Bring a stack up in a new sandbox, show its outputs and its cost, and take it down again."""
    from operations.preview import Preview

    chosen: Chosen = context.obj
    file = stack_file(stack)
    home = chosen.home(f"trial-{stack}")
    tools()
    left_before = home.path.exists()
    with used(home, alone=True):
        if chosen.name and _state(home):
            raise BadInput(
                f"{as_typed(home)}: a trial wants a new sandbox; remove it with `sandbox reset`, or name another"
            )
        if left_before:
            say(f"emptying {as_typed(home)}, which an earlier trial left")
            home.empty()
        say(f"{stack} goes up in {as_typed(home)} and down again; nothing outside that folder is changed")
        with told(), Preview(file) as judged:
            left = _trial(ready(home, stack, chosen.real_time), stack, judged)
        if left:
            raise typer.Exit(1)
        home.remove()


def _trial(engine: "Engine", stack: str, judged: "Preview") -> bool:
    """Up, outputs, cost, down. True if it failed or something is left, which has been said."""
    from operations.judge import cost_of

    on = ["--stack", stack, "--yes"]
    start = time.monotonic()
    if _shown_short(engine, ["up", *on, "--skip-preview", "--suppress-outputs"]):
        say(f"`pulumi up` failed; what stands is kept: `mlplatform sandbox --name {engine.home.path} ls`")
        return True
    resources = engine.resources(stack)
    say(f"{stack} is up, {len(resources)} resources in {time.monotonic() - start:.0f} s; its outputs:")
    typer.echo(engine.ask("stack", "output", "--stack", stack), nl=False)
    bill = cost_of(judged.graph())
    dear = f"${bill.idle_usd:,.2f} a month with no traffic, ${bill.ceiling_usd:,.2f} with every replica at its maximum"
    say(f"it would cost {dear}; `mlplatform cost {stack}` says of what")
    protected = [str(one["urn"]).split("::", 2)[2].rpartition("$")[2] for one in resources if one.get("protect")]
    say(f"{stack} goes down; {len(protected)} resources are {PROTECTED}, and are released in this sandbox only:")
    for name in protected:
        say(f"  {name}")
    if protected:
        engine.ask("state", "unprotect", "--all", *on)
    failed = _shown_short(engine, ["destroy", *on, "--skip-preview", "--suppress-outputs"])
    state = _state(engine.home)
    left = [f"{one.type}::{one.name}" for one in (state.all() if state else [])]
    say("`pulumi destroy` failed" if failed else f"{stack} is down; {len(left)} resources are left in the cloud")
    for name in left:
        say(f"  {name}")
    return bool(failed or left)


def _shown_short(engine: "Engine", arguments: list[str]) -> int:
    """Run a command: on a terminal as Pulumi shows it, in a log only the end of what failed. Its exit code."""
    if sys.stdout.isatty():
        return engine.run(arguments)
    log = engine.home.path / f"trial-{arguments[0]}.log"
    code = engine.run(arguments, log)
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        say("\n".join(lines[-LAST_LINES:]))
        say(f"the whole of it is in {log}")
    return code


def ready(home: "Home", stack: str | None, real_time: bool) -> "Engine":
    """The engine in this sandbox, brought up to date; the stack made if it is not there.

    Raises BadInput where a tool is missing or there is no such stack.
    """
    from sandbox.engine import Engine

    cli, uv = tools()
    if stack is not None and not home.has_stack(stack):
        stack_file(stack)
    home.lay_out()
    for file in sorted(STACKS.glob("Pulumi.*.yaml")):
        name = stack_name(file)
        if (name == stack or home.has_stack(name)) and home.take(file):
            say(f"{name}: the stack file has changed and is taken anew; what `pulumi config` had set is dropped")
    engine = Engine(home, cli, uv, instant=not real_time)
    if stack is not None and not home.has_stack(stack):
        engine.make(stack)
    return engine


@contextmanager
def told() -> Generator[None]:
    """What the CLI refused ends the command with its own sentence."""
    from sandbox.engine import Failed

    try:
        yield
    except Failed as error:
        say(f"pulumi: {error}")
        raise typer.Exit(1) from None


def tools() -> tuple[Path, Path]:
    """The Pulumi CLI and uv. Raises BadInput, saying how to get what is missing."""
    from sandbox.engine import find_cli, find_uv

    cli, uv = find_cli(), find_uv()
    if cli is None:
        raise BadInput(NO_CLI)
    if uv is None:
        raise BadInput(NO_UV)
    return cli, uv


def named_stack(arguments: Sequence[str]) -> str | None:
    """The stack that a Pulumi command line names by --stack, without organization and project."""
    for index, word in enumerate(arguments):
        if word in ("-s", "--stack") and index + 1 < len(arguments):
            return arguments[index + 1].rpartition("/")[2]
        if word.startswith(("--stack=", "-s=")):
            return word.partition("=")[2].rpartition("/")[2]
    return None


def _hint(name: str, known: set[str]) -> str:
    """What to write in place of a name that nothing has."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else "`mlplatform sandbox ls` lists what there is"


def _resources(context: typer.Context) -> tuple["Home", list["Record"]]:
    chosen: Chosen = context.obj
    home = chosen.home()
    state = _state(home)
    return home, state.all() if state else []


def _state(home: "Home") -> "State | None":
    """The simulated cloud, or None where nothing was ever brought up. Raises BadInput for a file that is none."""
    import sqlite3

    from sandbox.state import State

    if not home.database.is_file():
        return None
    try:
        state = State(home.database)
        state.all()
    except sqlite3.DatabaseError as error:
        raise BadInput(
            f"{home.database}: no sandbox's state ({error}); `mlplatform sandbox reset --yes` removes it"
        ) from None
    return state


@contextmanager
def used(home: "Home", alone: bool) -> Generator[None]:
    """Hold the sandbox, whose folder is made if it is not there: with others, or alone.

    Raises BadInput where another process uses it otherwise, and where the folder is something else's.
    """
    strange = home.strange()
    if strange:
        raise BadInput(f"{as_typed(home)}: holds {strange}, which no sandbox made; name another folder")
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        lock = (home.path / "lock").open("w")
    except OSError as error:
        raise BadInput(f"{as_typed(home)}: cannot be written ({error.strerror}); name another folder") from None
    with lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            busy = f"{as_typed(home)}: another process is using it"
            raise BadInput(f"{busy}; wait for it, or use a sandbox of your own with --name") from None
        yield


def as_typed(home: "Home") -> str:
    """The folder as a user writes it."""
    return str(home.path.relative_to(ROOT) if home.path.is_relative_to(ROOT) else home.path)


def say(sentence: str) -> None:
    """One line on standard error: standard output is Pulumi's."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
