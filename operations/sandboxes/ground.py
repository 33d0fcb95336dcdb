"""What each command of a sandbox needs: its folder, the tools, and the engine."""

import fcntl
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from catalogue.errors import BadInput
from catalogue.locks import lock_file
from catalogue.wording import nearest, typed
from stacks.config import STACKS, read_stack_file, stack_file, stack_name
from stacks.sections import landing_zone

if TYPE_CHECKING:
    from sandbox.engine import Engine
    from sandbox.home import Home
    from sandbox.state import State

ROOT = STACKS.parent
FOLDER = ROOT / "out" / "sandbox"
DEFAULT = "default"
_WITHOUT_CLI = (
    f"without it `{typed('pilot')}`, `preview`, `graph` and `cost` judge every stack, and `{typed('sandbox', 'ls')}`, "
    "`show` and `reset` work on what is there"
)
NO_CLI = (
    "the Pulumi CLI is neither on PATH nor in .tools/bin: `make sandbox` installs it there, and "
    f"https://www.pulumi.com/docs/install/ says how to get it otherwise; {_WITHOUT_CLI}"
)
NO_UV = "uv is not on PATH, and Pulumi runs the program with it: `make setup` puts it into .tools/bin"


@dataclass(frozen=True)
class Chosen:
    """The options before the subcommand."""

    name: str | None
    real_time: bool

    def home(self, default: str = DEFAULT) -> "Home":
        """The sandbox of this name. Its folder need not exist. Raises BadInput for a wrong name."""
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

    def standing(self) -> "Home":
        """The sandbox of this name, in which something is to stand already.

        Raises BadInput for a wrong name, and where there is no such sandbox: a misspelt one would be a new account.
        """
        home = self.home()
        if home.database.is_file():
            return home
        there = sorted(one.parent.name for one in FOLDER.glob(f"*/{home.database.name}"))
        hint = nearest(home.path.name, there) if there else ""
        raise BadInput(f"--sandbox: there is no sandbox at {as_typed(home)}{hint or '; none has been made here'}")


def ready(home: "Home", stack: str | None, real_time: bool) -> "Engine":
    """The engine in this sandbox, which is brought up to date. The stack is made if it does not exist.

    What its landing zone gives stands in the simulated cloud, and stays there when the stack is destroyed.

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
    if stack is not None:
        _seed(home, stack)
    return engine


def _seed(home: "Home", stack: str) -> None:
    """Let what the stack's landing zone gives stand in the simulated cloud. Raises BadInput for a wrong stack file."""
    from sandbox.landing import seed
    from sandbox.state import State

    zone = landing_zone.given(read_stack_file(stack_file(stack)))
    if zone is not None:
        seed(State(home.database), zone)


@contextmanager
def told() -> Generator[None]:
    """Let a failure of the CLI end the command with the CLI's own sentence."""
    from sandbox.engine import EngineFailed

    try:
        yield
    except EngineFailed as error:
        say(f"pulumi: {error}")
        raise typer.Exit(1) from None


def tools() -> tuple[Path, Path]:
    """The paths of the Pulumi CLI and uv. Raises BadInput, which says how to get a missing one."""
    from sandbox.tools import find_cli, find_uv

    cli, uv = find_cli(), find_uv()
    if cli is None:
        raise BadInput(NO_CLI)
    if uv is None:
        raise BadInput(NO_UV)
    return cli, uv


def install(yes: bool) -> str:
    """Install the Pulumi CLI if there is none. Without `yes`, only say so. Returns the sentence on what was done.

    Raises BadInput where it cannot be installed from here, which says how else to get it.
    """
    from sandbox.tools import CLI_VERSION, NotInstalled, find_cli, install_cli

    found, what = find_cli(), f"the Pulumi CLI {CLI_VERSION} into .tools/bin, with the installer of Pulumi's SDK"
    if found is not None:
        return f"the Pulumi CLI is there: {found}"
    if not yes:
        return f"would install {what}; --yes does it"
    say(f"installing {what}")
    try:
        return f"installed {install_cli()}"
    except NotInstalled as error:
        raise BadInput(
            f"the Pulumi CLI cannot be installed from here ({error}): get version {CLI_VERSION} or later as "
            f"https://www.pulumi.com/docs/install/ says, and put it on PATH; {_WITHOUT_CLI}"
        ) from None


def state_of(home: "Home") -> "State | None":
    """The simulated cloud, or None where there is none yet. Raises BadInput for a file that is no sandbox's state."""
    import sqlite3

    from sandbox.state import OtherVersion, State

    if not home.database.is_file():
        return None
    removes = f"`{in_sandbox(home, 'reset', '--yes')}` removes it"
    try:
        state = State(home.database)
        state.resources.all()
    except OtherVersion as error:
        raise BadInput(f"{error}; {removes}") from None
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{home.database}: no sandbox's state ({error}); {removes}") from None
    return state


@contextmanager
def used(home: "Home", alone: bool) -> Generator[None]:
    """Lock the sandbox, shared with other processes or alone. Its folder is made if it does not exist.

    Raises BadInput where another process holds it, where the folder is no sandbox, and, unless alone, where its state
    is none of this version.
    """
    strange = home.strange()
    if strange:
        raise BadInput(f"{as_typed(home)}: holds {strange}, which no sandbox made; name another folder")
    try:
        home.mark()
        lock = lock_file(home.path / "lock")
    except OSError as error:
        raise BadInput(f"{as_typed(home)}: cannot be written ({error.strerror}); name another folder") from None
    with lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            busy = f"{as_typed(home)}: another process is using it"
            raise BadInput(f"{busy}; wait for it, or use a sandbox of your own with --name") from None
        if not alone:
            state_of(home)
        yield


def as_typed(home: "Home") -> str:
    """The folder as a user types it."""
    return str(home.path.relative_to(ROOT) if home.path.is_relative_to(ROOT) else home.path)


def in_sandbox(home: "Home", *words: str) -> str:
    """A command of `mlplatform sandbox` as it is typed for this sandbox."""
    if home.path == FOLDER / DEFAULT:
        return typed("sandbox", *words)
    if home.path.parent == FOLDER:
        return typed("sandbox", "--name", home.path.name, *words)
    named = as_typed(home)
    return typed("sandbox", "--name", named if "/" in named else f"./{named}", *words)


def say(sentence: str) -> None:
    """Print one line on standard error. Standard output belongs to Pulumi."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
