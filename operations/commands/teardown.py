"""`mlplatform teardown STACK`: leave a stack. Dry by default."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import BadInput
from catalogue.wording import counted, did_you_mean
from operations.arguments import StackArgument, file_of

if TYPE_CHECKING:
    from operations.teardown import Plan
    from operations.teardown.doors import Door
    from operations.teardown.running import Teardown

_PURGES = ("homes", "contents")


def teardown(
    stack: StackArgument,
    keep: Annotated[
        str, typer.Option(metavar="WORDS", help="What stays: registry, artifacts, audit, homes, with commas between.")
    ] = "registry,artifacts,audit",
    everything: Annotated[bool, typer.Option("--everything", help="Keep nothing that anybody can delete.")] = False,
    retired: Annotated[
        bool,
        typer.Option(
            "--retired", help="Only let go what the stack file no longer has and allows to go, for the next up."
        ),
    ] = False,
    purge: Annotated[
        str,
        typer.Option(
            metavar="WORDS",
            help="What may be lost for good: homes, with people's work; contents, what stores that go hold.",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would be done.")] = False,
    sandbox: Annotated[
        str | None, typer.Option("--sandbox", metavar="NAME", help="In this sandbox, and in no account.")
    ] = None,
) -> None:
    """Leave a stack: say what goes, what stays and why, what that costs, and what nobody can remove yet.

    With --yes it does so: it stops what people run, takes the protection off what goes, destroys it through Pulumi, and
    looks afterwards. A run that is cut off is finished by the next one. Exit 0: what was to go is gone. Exit 1: the
    cloud refused. Exit 2: bad input, or something would be lost that nobody chose to lose.
    """
    from operations.teardown import KEPT, WORDS, Refused
    from operations.teardown.running import Choice, Teardown
    from stacks.config import read_stack_file, stack_name

    file = file_of(stack)
    name, platform = stack_name(file), read_stack_file(file).platform
    kept = frozenset[str]() if everything else frozenset(_words("--keep", keep, WORDS))
    if retired and (everything or keep != ",".join(KEPT)):
        raise BadInput("--retired follows the stack file; leave --everything and --keep out")
    if not everything and not kept:
        raise BadInput("--keep: names nothing; --everything keeps nothing, and without --keep the usual stays")
    if everything and keep != ",".join(KEPT):
        raise BadInput("--everything keeps nothing; leave it out, or leave --keep out")
    choice = Choice(kept, frozenset(_words("--purge", purge, _PURGES)))
    with ExitStack() as open_:
        door, folder = _door(file, name, platform, sandbox, yes, open_)
        run = Teardown(name, platform, choice, door, folder, _say)
        try:
            if retired:
                _retire(run, file, yes)
                return
            if not yes:
                wanted = run.planned()
                _show(wanted)
                if wanted.going:
                    lost = ", with --purge for what is lost for good" if wanted.homes or wanted.stores else ""
                    typer.echo(f"nothing was done; --yes does it{lost}")
                return
            left = run.run()
            _show(run.planned())
        except Refused as refused:
            _say(f"{name}: {refused}")
            raise typer.Exit(1) from None
    if left:
        _say(f"{name}: {counted(len(left), 'resource')} are left: {', '.join(left)}; run it again")
        raise typer.Exit(1)
    _say(f"{name}: what was to go is gone")


def _words(option: str, said: str, known: tuple[str, ...]) -> list[str]:
    words = [word for part in said.split(",") if (word := part.strip())]
    for word in words:
        if word not in known:
            raise BadInput(
                f"{option}: {word[:80]!r} is none of its words, allowed: {', '.join(known)}{did_you_mean(word, known)}"
            )
    return words


def _door(
    file: Path, stack: str, platform: str, sandbox: str | None, yes: bool, open_: ExitStack
) -> "tuple[Door, Path]":
    """The door and the run's own folder.

    Raises BadInput where there is no CLI, where no account can be asked, and where the sandbox has no such stack or can
    have none.
    """
    from operations.accept.doors import Cli
    from operations.doctor import NoCredentials
    from operations.sandboxes.ground import ROOT, Chosen, as_typed, in_sandbox, ready, told, tools, used
    from operations.teardown import of
    from operations.teardown.doors import Account, Sandbox
    from stacks.config import STACKS, read_stack_file

    cli, _ = tools()
    if sandbox is not None and file.resolve().parent != STACKS.resolve():
        raise BadInput(f"--sandbox: {file} lies outside stacks/, and a sandbox has the stack files of stacks/ alone")
    home = Chosen(sandbox, real_time=False).home() if sandbox is not None else None
    if home is not None and not home.has_stack(stack):
        brings = in_sandbox(home, "--", "pulumi", "up", "-s", stack)
        raise BadInput(f"--sandbox: {as_typed(home)} has no stack {stack}; `{brings}` brings it up there")
    folder = ROOT / "out" / "teardown" / (stack if sandbox is None else f"{stack}-{sandbox.replace('/', '-')}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    open_.enter_context(told())
    if home is not None:
        open_.enter_context(used(home, alone=False))
        return Sandbox(ready(home, stack, real_time=False)), folder
    if not yes:
        return Account(platform, None, Cli(cli)), folder
    config = read_stack_file(file)
    try:
        return Account(platform, of(platform).open_account(config.account, config.region), Cli(cli)), folder
    except NoCredentials as error:
        raise BadInput(f"{error}; `--sandbox NAME` does it without an account") from None


def _retire(run: "Teardown", file: Path, yes: bool) -> None:
    """Let go what the stack file takes away and allows to go. Raises typer.Exit where it allows too little."""
    from datetime import date

    from operations import words
    from operations.preview import Program, Programs
    from operations.teardown.retiring import retired

    standing = run.standing()
    with Programs() as running:
        found = retired(Program.of(file), standing, running, date.today())
    for change in found.goes:
        what = words.one_line(f"{change.resource} ({change.type.rpartition(':')[2]})")
        typer.echo(f"{what}: the next `pulumi up` {_DOES[change.how]} it")
    if found.refused:
        for finding in found.refused:
            typer.echo(words.one_line(finding.message))
        names = {how: [one.resource for one in found.goes if one.how == how] for how in _DOES}
        said = ", ".join(f"{how}: [{', '.join(each)}]" for how, each in names.items() if each)
        typer.echo(
            f"to let it go, write into {file.name}: mlplatform:allow: {{{said}, reason: …, until: 'YYYY-MM-DD'}}"
        )
        raise typer.Exit(1)
    if not found.goes:
        typer.echo(f"{run.stack}: the stack file takes away nothing that is protected")
        return
    if not yes:
        typer.echo(
            "--yes stops what people run in it, with their private spaces, and takes its protection off; people's work "
            "is lost for good with --purge homes, and what stores hold with --purge contents"
        )
        return
    run.release(standing.graph, found.resources(standing))
    typer.echo(f"{run.stack}: `pulumi up -s {run.stack}` takes them away now; then take mlplatform:allow out again")


_DOES = {"delete": "deletes", "replace": "replaces"}


def _show(plan: "Plan") -> None:
    from operations import words
    from operations.judge import cost_of

    stack = plan.graph.stack
    by: dict[str, list[str]] = {}
    for urn, why in plan.stays.items():
        one = plan.graph.by_urn[urn]
        if one.custom and not one.is_provider:
            by.setdefault(why, []).append(one.name)
    typer.echo(
        f"{stack}: {counted(len(plan.going), 'resource')} go, {counted(sum(map(len, by.values())), 'resource')} stay"
    )
    for one in plan.going:
        typer.echo("  " + words.one_line(f"goes: {one.name} ({one.type.rpartition(':')[2]})"))
    for why, names in sorted(by.items()):
        typer.echo("  " + words.one_line(f"stays, {why}: {', '.join(sorted(names))}"))
    if by:
        cost = cost_of(plan.kept)
        idle, ceiling = words.known(cost, cost.idle_usd), words.known(cost, cost.ceiling_usd)
        typer.echo(words.one_line(f"what stays costs {idle} a month with no traffic, {ceiling} at its most"))
        for line in cost.lines:
            typer.echo(
                "  "
                + words.one_line(
                    f"{line.resource}: {words.dollars(line.idle_usd)} to {words.dollars(line.ceiling_usd)}"
                )
            )
    for one in plan.homes:
        typer.echo(words.one_line(f"lost for good, with people's work: {one.name} (--purge homes)"))
    for one in plan.stores:
        typer.echo(words.one_line(f"lost for good, with what it holds: {one.name} (--purge contents)"))
    for sentence in (*plan.later, *([plan.again] if plan.going else [])):
        typer.echo(words.one_line(f"later: {sentence}"))


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform teardown aws-pilot --keep audit")(teardown)
