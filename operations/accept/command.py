"""`mlplatform accept STACK`: the acceptance run of a stack, in an account or rehearsed in a sandbox."""

import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalogue.errors import BadInput
from catalogue.wording import typed
from operations.arguments import StackArgument, file_of
from stacks.config import STACKS, read_stack_file, stack_name

if TYPE_CHECKING:
    from catalogue.graph import Graph
    from operations.accept.acceptance import Acceptance, Bounds, Door, Versions
    from stacks.model import StackConfig

ROOT = STACKS.parent
FOLDER = ROOT / "out" / "accept"
FLEETS = 2
"""An update runs the old machines beside the new ones, so the run is reckoned at this many times the ceiling."""


def accept(
    stack: StackArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would be done.")] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Only take down what a run that was cut off has made.")
    ] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Rehearse it in a sandbox, without an account.")] = False,
    hours: Annotated[float, typer.Option(min=0.1, max=48, help="How long it may take, taking down as well.")] = 4,
    dollars: Annotated[float, typer.Option(min=0, help="What it may cost at most.")] = 50,
    request: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The body of a call.", show_default="that of examples/")
    ] = None,
    next_artifact: Annotated[
        str | None, typer.Option(metavar="URI", help="A good next version of the model, for the canary.")
    ] = None,
    bad_artifact: Annotated[
        str | None, typer.Option(metavar="URI", help="A version of the model that answers errors.")
    ] = None,
    transcript: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where the transcript is kept.", show_default="where the verdict of the stack finds it"
        ),
    ] = None,
) -> None:
    """Bring a stack up in its account, try it, take it down, and keep a transcript of it. Dry without --yes.

    In order: ground, serve, predict, canary, bad version, idle, off and on, leave. Exit 0: all of it went as it is to
    and nothing is left. Exit 1: it did not; whatever happened, what the run made is taken down. Exit 2: bad input, or
    the ceiling for that long is above --dollars.
    """
    from operations.accept.acceptance import Bounds, Versions
    from operations.judge import cost_of
    from operations.preview import Program, Programs

    file = file_of(stack)
    config, name = read_stack_file(file), stack_name(file)
    program = Program.of(file).in_every_phase
    with Programs() as programs:
        programs.start(program.platform, one=True)
        graph = programs.run(program)[0]
    asked = Asked(
        name,
        file,
        config,
        graph,
        Bounds(hours, dollars),
        Versions(next_artifact, bad_artifact),
        sandbox,
        request,
        _kept_in(name, sandbox, transcript),
        _folder_of(name, sandbox),
    )
    cost = cost_of(graph)
    _refuse_dear(name, cost.ceiling_usd, [str(one) for one in cost.unpriced], asked.bounds, graph)
    if not yes and not clean:
        _say_what_would_be_done(asked, cost.ceiling_usd)
        return
    with _door(asked) as door:
        ended = run_whole(
            lambda what: acceptance_of(asked, door, what), clean, lambda: _begin(asked, door, cost.ceiling_usd)
        )
        _show(asked, ended, clean)
    if ended.left or (not clean and not ended.accepted):
        raise typer.Exit(1)


@dataclass(frozen=True)
class Asked:
    """What a run was asked for."""

    stack: str
    file: Path
    config: "StackConfig"
    graph: "Graph"
    bounds: "Bounds"
    versions: "Versions"
    sandbox: bool
    request: Path | None
    kept: Path
    folder: Path
    """The run's own folder: where its mark stands. A rehearsal and a run in the account have two."""

    def body(self) -> bytes:
        """The body of a call. Raises BadInput for a file that cannot be read."""
        file = self.request or ROOT / "examples" / "recorded" / self.graph.platform / "request.json"
        try:
            return file.read_bytes()
        except OSError as error:
            raise BadInput(f"{file}: cannot be read ({error.strerror}); name a file with --request") from None


def run_whole(make: Callable[[str], "Acceptance"], clean: bool, begin: Callable[[], dict[str, Any]]) -> "Acceptance":
    """Take down what an earlier run has left; then, unless something of it stays or only that was asked, run.

    `make` makes a run with a journal of that name, `begin` what the transcript begins with.
    """
    first = make("clean")
    if first.under_way:
        first.tell("an earlier run was cut off; what it made is taken down first")
        if first.clean() or clean:
            return first
    elif clean:
        first.tell("no run was cut off here: there is nothing to take down")
        return first
    second = make("transcript")
    second.run(begin())
    return second


def _folder_of(stack: str, sandbox: bool) -> Path:
    """The folder of a run. A rehearsal and a run in the account never take down what the other has made."""
    return FOLDER / f"{stack}{'-sandbox' if sandbox else ''}"


def _kept_in(stack: str, sandbox: bool, given: Path | None) -> Path:
    """Where the transcript is kept at the end. Raises BadInput where there is no place for it."""
    from catalogue import transcripts
    from operations import accepted

    if given is not None:
        return given
    if sandbox:
        return FOLDER.parent / stack / accepted.FILE
    place = transcripts.place(stack)
    if place is None:
        raise BadInput(
            "there is no folder organisation/ to keep the transcript in; make it, or name a file with --transcript"
        )
    return place


def _refuse_dear(stack: str, ceiling: float, unpriced: list[str], bounds: "Bounds", graph: "Graph") -> None:
    """Refuse a run that could cost more than it may. Raises BadInput."""
    could = reckoned(ceiling, bounds.hours, graph)
    if unpriced:
        raise BadInput(f"{stack}: {unpriced[0]}, so nobody can say what the run costs; choose what has a price")
    if could > bounds.dollars:
        raise BadInput(
            f"{stack}: {bounds.hours:g} hours at twice its ceiling, for an update runs two fleets, are ${could:,.2f}, "
            f"allowed ${bounds.dollars:,.2f}; give fewer --hours, or more --dollars"
        )


def reckoned(ceiling: float, hours: float, graph: "Graph") -> float:
    """What a run may cost at most, in dollars: all machines at their maximum, twice, the whole time."""
    from catalogue.hardware import catalogue

    return FLEETS * ceiling * hours / catalogue.load(graph.platform).hours_per_month


def _say_what_would_be_done(asked: Asked, ceiling: float) -> None:
    from operations.accept.acceptance import STEPS, Acceptance, first_up
    from operations.doctor import steps_of

    where = "a sandbox" if asked.sandbox else f"the account {asked.config.account}"
    typer.echo(f"would run {asked.stack} in {where}:")
    for number, (name, step) in enumerate([*STEPS.items(), ("leave", Acceptance.leave)], 1):
        typer.echo(f"  {number}. {name}: {(step.__doc__ or '').strip().splitlines()[0]}")
    for option, given in (("--next-artifact", asked.versions.next), ("--bad-artifact", asked.versions.bad)):
        if given is None and not asked.sandbox:
            typer.echo(f"without {option} its step is left out")
    could = reckoned(ceiling, asked.bounds.hours, asked.graph)
    typer.echo(f"bounds: {asked.bounds.hours:g} hours, ${asked.bounds.dollars:,.2f}; it could cost ${could:,.2f}")
    if not asked.sandbox:
        before = first_up(steps_of(asked.graph))
        typer.echo(f"manual steps that come before it: {before}; `{typed('doctor', asked.stack)}` says which are done")
    typer.echo(f"the transcript would be kept in {_typed(asked.kept)}; --yes does it")


@contextmanager
def _door(asked: Asked) -> Generator["Door"]:
    """The door of a run. Raises BadInput where there is no CLI, and where the account cannot be asked."""
    from operations.sandboxes.ground import told, tools

    cli, _ = tools()
    asked.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as open_:
        open_.enter_context(told())
        yield _sandbox(asked, open_) if asked.sandbox else _account(asked, cli)


def _sandbox(asked: Asked, open_: ExitStack) -> "Door":
    from operations.accept.acceptance import MARK, first_up
    from operations.accept.doors import Sandbox
    from operations.doctor import steps_of
    from operations.drill.rehearsal import first_endpoint
    from operations.sandboxes.ground import Chosen, ready, used
    from stacks.sections import endpoints
    from stacks.sections.endpoints import OnlineEndpoint

    home = Chosen(f"accept-{asked.stack}", real_time=False).home()
    open_.enter_context(used(home, alone=True))
    open_.callback(lambda: None if (asked.folder / MARK).is_file() else home.remove())
    engine = ready(home, asked.stack, real_time=False)
    served = endpoints.of(asked.config).get(first_endpoint(asked.config) or "")
    p95_ms = served.rollback.p95_latency_ms if isinstance(served, OnlineEndpoint) else None
    door = Sandbox(engine, asked.graph, asked.stack, rehearsed(asked), asked.body(), p95_ms)
    door.file.write_text(_with_salt_of(door.file, asked.file), encoding="utf-8")
    steps = steps_of(asked.graph)
    if left := door.left_undone(steps[: first_up(steps)], 0):
        raise BadInput(f"{asked.stack}: the sandbox refuses a step before the first `pulumi up`: {left[0]}")
    return door


def _with_salt_of(copy: Path, file: Path) -> str:
    """The stack file as it stands, with the salt of the sandbox's copy: an earlier run may have left it edited."""
    from sandbox.home import secrets_of, without_secrets

    own = secrets_of(copy.read_text(encoding="utf-8"))
    return without_secrets(file.read_text(encoding="utf-8")).rstrip("\n") + "\n" + own


def _account(asked: Asked, cli: Path) -> "Door":
    import os

    from operations import facts, teardown
    from operations.accept.doors import Account, Cli, calls_of, doubt
    from operations.doctor import NoCredentials
    from operations.doctor import of as doctor_of

    place = facts.of(asked.graph.platform).account_and_region(asked.graph)
    try:
        opened = doctor_of(asked.graph.platform).open_account(*place)
        if why := doubt(asked.graph.platform, os.environ) or calls_of(asked.graph.platform).doubt(opened):
            raise BadInput(f"{why}, so this would be no run in an account; take it away, or rehearse with --sandbox")
        leaves = teardown.of(asked.graph.platform).open_account(*place)
    except NoCredentials as error:
        raise BadInput(f"{error}; `--sandbox` rehearses it without an account") from None
    copy = asked.folder / asked.file.name
    shutil.copyfile(asked.file, copy)
    known_by = "the cloud took the credentials, and no variable, profile or provider puts anything in its place"
    return Account(asked.graph.platform, opened, leaves, Cli(cli), copy, asked.body(), _say, known_by)


def acceptance_of(asked: Asked, door: "Door", journal: str) -> "Acceptance":
    """A run as it was asked for, through that door. `journal` is the name of its transcript while it runs."""
    from catalogue.platforms import PLATFORMS
    from operations.accept.acceptance import Acceptance, Versions
    from operations.accept.journal import Journal, now
    from operations.accept.redaction import Redactor, known_words
    from operations.doctor import steps_of

    sdk = PLATFORMS[asked.graph.platform].sdk.replace("_", "-")
    recorded = ROOT / "examples" / "recorded" / asked.graph.platform / "prediction.json"
    return Acceptance(
        asked.stack,
        asked.config,
        asked.graph,
        steps_of(asked.graph),
        door,
        asked.folder,
        Journal(asked.folder / f"{journal}.json", now),
        Redactor(known_words(asked.config, asked.graph)),
        asked.bounds,
        rehearsed(asked) if asked.sandbox else Versions(asked.versions.next, asked.versions.bad),
        f"{sdk} {version(sdk)}",
        recorded.read_bytes() if asked.request is None else None,
        _say,
    )


def rehearsed(asked: Asked) -> "Versions":
    """The versions that a sandbox serves: the door puts them there, so the next numbers will do."""
    from operations.accept.acceptance import Versions
    from operations.drill.drills import next_artifact
    from operations.drill.rehearsal import first_endpoint
    from stacks.sections import endpoints, models

    endpoint = first_endpoint(asked.config)
    if endpoint is None:
        return Versions(None, None)
    (model,) = endpoints.serves(endpoints.of(asked.config)[endpoint])
    good = asked.versions.next or next_artifact(models.of(asked.config)[model].artifact_uri)
    return Versions(good, asked.versions.bad or next_artifact(good))


def _begin(asked: Asked, door: "Door", ceiling: float) -> dict[str, Any]:
    """What the transcript begins with beside graph and door: the versions, the bounds, the ceiling."""
    return {
        "versions": {"cli": _cli(asked, door), **_versions(asked.graph), "commit": _commit()},
        "hours": asked.bounds.hours,
        "dollars": asked.bounds.dollars,
        "ceiling_usd": ceiling,
    }


def _cli(asked: Asked, door: "Door") -> str:
    log = asked.folder / "version.log"
    code = door.pulumi.run(["version"], log)
    words = log.read_text(encoding="utf-8").split()
    return words[0] if code == 0 and words else "unknown"


def _versions(graph: "Graph") -> dict[str, str]:
    from catalogue.platforms import PLATFORMS

    sdk = PLATFORMS[graph.platform].sdk.replace("_", "-")
    return {"mlplatform": version("mlplatform"), "pulumi": version("pulumi"), sdk: version(sdk)}


def _commit() -> str:
    """The commit of the checkout, with `+` where files differ from it; `unknown` where there is no git."""
    import subprocess

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _show(asked: Asked, ended: "Acceptance", clean: bool) -> None:
    from operations.writing import put

    if clean or not ended.ended:
        pass
    else:
        put(asked.kept, ended.journal.text)
        typer.echo(f"the transcript is kept in {_typed(asked.kept)}")
    for one in ended.steps:
        typer.echo(f"{one.state:<9}{one.seconds:>8.1f} s  {one.name}{f': {one.says}' if one.says else ''}")
    if ended.left:
        typer.echo(f"{len(ended.left)} resources are left; `{typed('accept', asked.stack, '--clean')}` tries again")
    if not clean:
        typer.echo("ACCEPTED" if ended.accepted else "REFUSED")


def _typed(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
