"""`mlplatform sandbox`: any Pulumi command against a simulated cloud, and a look at what it made there.

A sandbox is a folder, `out/sandbox/NAME`. Nothing outside it is changed: Pulumi gets copies of the stack files, a home
and a backend there, and the simulated providers in place of the clouds' own.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.table import Table

from catalogue.errors import BadInput
from catalogue.placement import Caller
from catalogue.wording import close, nearest
from operations.arguments import OUT, OutOption
from operations.sandboxes import byhand
from operations.sandboxes.ground import Chosen, as_typed, in_sandbox, install, ready, say, state_of, told, tools, used
from operations.terminal import text_console

if TYPE_CHECKING:
    from sandbox.home import Home
    from sandbox.state import State
    from sandbox.state.records import Record

app = typer.Typer(
    help="Run Pulumi against a cloud without an account: simulated providers, kept in out/sandbox/.",
    epilog="Example: uv run mlplatform sandbox -- pulumi up -s aws-pilot",
    no_args_is_help=True,
)
byhand.add(app)
LOG_WIDTH = 200


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
    stack = named_stack(arguments)
    tools()
    with used(home, alone=False), told():
        engine = ready(home, stack, chosen.real_time)
        before = _refused(home)
        code = engine.run(arguments)
        if code and _refused(home) > before:
            steps = in_sandbox(home, "steps", stack or "STACK")
            say(f"a new account lacks that; `{steps}` says what is done by hand")
    raise typer.Exit(code)


@app.command("ls", epilog="Example: uv run mlplatform sandbox ls")
def list_resources(context: typer.Context) -> None:
    """List the resources in the simulated cloud."""
    home, records = _resources(context)
    if not records:
        typer.echo(
            f"{as_typed(home)}: nothing stands here; `{in_sandbox(home, '--', 'pulumi', 'up', '-s', 'STACK')}` brings "
            "a stack up"
        )
        return
    rows = [(one.type, one.name, one.account, one.region, str(one.generation - 1)) for one in records]
    _print(home, ("type", "name", "account", "region", "changes"), rows)
    typer.echo(f"{len(records)} resources; `{in_sandbox(home, 'show', 'NAME')}` shows one")


@app.command("show", epilog="Example: uv run mlplatform sandbox show aws-pilot-fraud-scorer")
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A resource's name, id or ARN.")],
) -> None:
    """Print resources as JSON: what was asked for, what the cloud answered, and what was done to them."""
    state, found = _found(context, name)
    events = state.journal.events()
    shown = [
        {
            **{key: value for key, value in asdict(one).items() if key != "key"},
            "events": [asdict(event) for event in events if (event.type, event.id) == (one.type, one.id)],
        }
        for one in found
    ]
    json.dump(shown, sys.stdout, indent=2)
    sys.stdout.write("\n")


@app.command("call", epilog="Example: uv run mlplatform sandbox call gcp-pilot-fraud-scorer request.json")
def call_endpoint(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ENDPOINT", help="An endpoint's name, id or ARN.")],
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="A file of JSON, the body of the call.")],
    from_: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="CALLER",
            help="Who calls: inside, from the stack's network; outside, from the internet; or a caller by the name "
            "that the stack file has under callers.",
        ),
    ] = "inside",
    target: Annotated[
        str,
        typer.Option(help="Of an endpoint of several models, the one that is called, as the output `calls` tells it."),
    ] = "",
) -> None:
    """Call an endpoint and print its prediction, where what stands here holds a path to the example's container.

    A sandbox runs the container and the model of examples/ alone, by their digests: see `push` and `upload`.
    On aws the internet leads to every endpoint, and the caller's grants alone bound the call. A caller of the stack
    file comes from its own network, as its own identity; what its side does is taken as done.
    """
    from sandbox.alarms import ENDPOINTS
    from sandbox.dataplane import NoPrediction, answers, call

    state, found = _found(context, name)
    served = [one for one in found if one.type in ENDPOINTS]
    if len(served) != 1:
        known = in_sandbox(context.obj.home(), "ls")
        raise BadInput(f"{name[:80]!r}: {len(served)} endpoints go by that name; name one of `{known}`")
    caller = None if from_ in ("inside", "outside") else _caller(context.obj.home(), served[0], from_)
    try:
        body = request.read_bytes()
    except OSError as error:
        raise BadInput(f"{request}: cannot be read ({error.strerror}); name a file of JSON") from None
    try:
        answer = call(state, served[0], body, outside=from_ == "outside", caller=caller, target=target)
    except NoPrediction as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from None
    typer.echo(answers(state, served[0]), err=True)
    typer.echo(answer.decode())


@app.command(
    "play", epilog="Example: uv run mlplatform sandbox play aws-pilot-fraud-scorer --p95-ms 900 --error-percent 2"
)
def play(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An endpoint, or one deployment of it.")],
    p95_ms: Annotated[float | None, typer.Option(min=0, help="The p95 latency, in milliseconds.")] = None,
    error_percent: Annotated[float, typer.Option(min=0, max=100, help="Answers that are errors.")] = 0.0,
    requests: Annotated[int, typer.Option(min=0, help="Requests measured; 0 is silence.")] = 1000,
    stop: Annotated[bool, typer.Option("--stop", help="Play nothing any more.")] = False,
) -> None:
    """Play traffic, latency or silence in as the metrics that canaries and alarms of that endpoint read."""
    from sandbox.alarms import ENDPOINTS, measured_as
    from sandbox.state.metrics import Played

    home, records = _resources(context)
    names = {word for one in records for word in (one.name, *one.id.split("/"))}
    if not stop and name not in names:
        raise BadInput(f"{name[:80]!r}: nothing of that name stands in {as_typed(home)}; {_hint(home, name, names)}")
    measured = {one.name: measured_as(one) for one in records if one.type in ENDPOINTS}.get(name, name)
    state = state_of(home)
    if state is not None:
        state.metrics.play(measured, None if stop else Played(p95_ms, error_percent, requests))
    latency = "" if p95_ms is None else f", p95 {p95_ms:g} ms"
    said = f"{requests} requests{latency}, {error_percent:g} % errors" if requests else "silence"
    typer.echo(f"{measured}: nothing is played in any more" if stop else f"{measured}: {said} played in")


@app.command("alarms", epilog="Example: uv run mlplatform sandbox alarms")
def list_alarms(context: typer.Context) -> None:
    """List the alarms on endpoints, and which of them ring by what is played in."""
    from sandbox.alarms import alarms

    chosen: Chosen = context.obj
    home = chosen.home()
    state = state_of(home)
    found = alarms(state) if state else []
    if not found:
        typer.echo(f"{as_typed(home)}: no alarm on an endpoint stands here")
        return
    rows = [(one.name, "rings" if one.rings else "", one.words, ", ".join(one.mails)) for one in found]
    _print(home, ("alarm", "rings", "its mail says", "to"), rows)
    typer.echo(
        f"`{in_sandbox(home, 'play', 'ENDPOINT')}` plays latency, errors or silence in; nothing played in rings nothing"
    )


@app.command("arm", epilog="Example: uv run mlplatform sandbox arm no-capacity '*' --of ml.m5.large --times 9")
def arm(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="The fault; a wrong one is told what there is.")],
    at: Annotated[
        str, typer.Argument(metavar="PLACE", help="A resource's logical name, or a type; '*' stands for any text.")
    ],
    times: Annotated[int, typer.Option(min=1, help="How many calls it strikes.")] = 1,
    of: Annotated[
        str,
        typer.Option(
            help="quota-exceeded and no-capacity: only what names all of these, comma-separated: a machine type, a "
            "zone. slow: seconds. access-denied: the persona. crash: before or after."
        ),
    ] = "",
    on: Annotated[
        str,
        typer.Option(
            metavar="READ",
            help="read: it strikes reads alone, of a refresh, an import or a wait of our own provider, and may be "
            "server-error or gone too. Left out, any call that can meet it.",
        ),
    ] = "",
) -> None:
    """Let the simulated cloud fail: quota, capacity, throttling, slowness, denial, a crash, a name that is held.

    A run of the training job PLACE fails (job-fails), takes too long (job-overruns) or loses its machine (spot-taken).

    With `--on read` the cloud fails while it is read, at PLACE: a type or name, '*:GrantsInForce' or '*:RolesInForce'
    for the waits of our own provider, or metrics.
    """
    from sandbox.state import State
    from sandbox.state.faults import FAULTS, OF_READS_ALONE, ON_READS

    if kind not in FAULTS:
        raise BadInput(f"{kind[:80]!r}: no such fault{nearest(kind, FAULTS)}")
    if on not in ("", "read"):
        raise BadInput(f"{on[:80]!r}: nothing that a fault strikes, allowed: read; leave --on out for the others")
    if on and kind not in ON_READS:
        raise BadInput(f"{kind}: strikes no read, allowed with --on read: {', '.join(ON_READS)}")
    if not on and kind in OF_READS_ALONE:
        raise BadInput(f"{kind}: strikes reads alone; write --on read")
    _judge_argument(kind, of)
    chosen: Chosen = context.obj
    home = chosen.home()
    with used(home, alone=False):
        State(home.database).faults.arm(kind, at, times, of, on_read=on == "read")
    what = "reads" if on else "calls"
    typer.echo(f"{kind} strikes the next {times} {what} at {at}; `{in_sandbox(home, 'disarm')}` takes all faults back")


@app.command("disarm", epilog="Example: uv run mlplatform sandbox disarm")
def disarm(context: typer.Context) -> None:
    """Disarm every fault that is armed."""
    chosen: Chosen = context.obj
    state = state_of(chosen.home())
    armed = state.faults.armed() if state else []
    if state:
        state.faults.disarm()
    typer.echo(f"disarmed {', '.join(f'{one.kind} at {one.at}' for one in armed) or 'nothing: no fault was armed'}")


@app.command("change", epilog="Example: uv run mlplatform sandbox change aws-pilot-workspace tags.owner")
def change(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A resource's name, id or ARN.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="A property, with dots: tags.owner, maxCapacity.")],
    value: Annotated[
        str | None, typer.Argument(metavar="VALUE", help="Its new value, as JSON or text; left out, it is removed.")
    ] = None,
) -> None:
    """Drift: change a resource behind Pulumi's back."""
    state, record = _one(context, name)
    try:
        wanted = None if value is None else json.loads(value)
    except json.JSONDecodeError:
        wanted = value
    if not _has(record.inputs, path.split(".")):
        shows = in_sandbox(context.obj.home(), "show", record.name)
        raise BadInput(f"{path[:80]!r}: no input of {record.name}; `{shows}` shows them")
    state.resources.change_behind(record.key, path, wanted)
    now = "removed" if value is None else f"now {value}"
    typer.echo(f"{record.name}: {path} is {now}, and Pulumi does not know")


@app.command("delete", epilog="Example: uv run mlplatform sandbox delete aws-pilot-fraud-scorer")
def delete(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A resource's name, id or ARN.")],
) -> None:
    """Drift: delete a resource, and what lies in it, behind Pulumi's back."""
    state, record = _one(context, name)
    before = len(state.resources.all())
    state.resources.delete_behind(record.key)
    typer.echo(f"{record.name}: {before - len(state.resources.all())} resources are deleted, and Pulumi does not know")


@app.command("reset", epilog="Example: uv run mlplatform sandbox reset --yes")
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
    home.refuse_unmarked()
    with used(home, alone=True):
        try:
            what = f"{as_typed(home)} with {len(_resources(context)[1])} resources"
        except BadInput:  # a broken state is one reason to remove it
            what = as_typed(home)
        if yes:
            home.remove()
    typer.echo(f"removed {what}" if yes else f"would remove {what}; --yes does it")


@app.command("install", epilog="Example: uv run mlplatform sandbox install --yes")
def install_cli(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would be done.")] = False,
) -> None:
    """Install the Pulumi CLI into .tools/ of the project, where none is found; `make sandbox` does so."""
    typer.echo(install(yes))


@app.command("trial", epilog="Example: uv run mlplatform sandbox trial gcp-pilot")
def trial(
    context: typer.Context,
    stack: Annotated[str, typer.Argument(metavar="STACK", help="A stack such as aws-pilot.")],
    out: OutOption = OUT,
    version: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The version that serves, as `register` wrote it: export it, and verify the bundle."
        ),
    ] = None,
) -> None:
    """Do every manual step of a stack in a new sandbox, show its outputs and its cost, and take it down again.

    Where all of it ends well, the verdict of the very same graph says `rehearsed` of workflow speed, and with --version
    of exportability.
    """
    from operations.sandboxes.trial import try_out

    try_out(context.obj, stack, out, version)


def named_stack(arguments: Sequence[str]) -> str | None:
    """The stack named by --stack on a Pulumi command line, without organization and project."""
    for index, word in enumerate(arguments):
        if word in ("-s", "--stack") and index + 1 < len(arguments):
            return arguments[index + 1].rpartition("/")[2]
        if word.startswith(("--stack=", "-s=")):
            return word.partition("=")[2].rpartition("/")[2]
    return None


def _caller(home: "Home", endpoint: "Record", name: str) -> Caller:
    """The caller of that name, as the sandbox's copy of the stack file of the endpoint says. Raises BadInput."""
    from stacks.config import read_stack_file
    from stacks.sections import callers

    stack = endpoint.urn.partition("::")[0].rpartition(":")[2]
    file = home.path / "stacks" / f"Pulumi.{stack}.yaml"
    named = callers.of(read_stack_file(file)) if stack and file.is_file() else dict[str, callers.Caller]()
    if name not in named:
        known = ", ".join(["inside", "outside", *named])
        raise BadInput(f"{name[:80]!r}: no caller that the stack file of {endpoint.name} names, allowed: {known}")
    return Caller(name, **named[name].model_dump())


def _refused(home: "Home") -> int:
    """How many calls the clouds have refused for what an account lacks."""
    state = state_of(home)
    return sum(event.operation == "refused" for event in state.journal.events()) if state else 0


def _print(home: "Home", headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of the sandbox, as wide as the terminal."""
    table = Table(title=as_typed(home), title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    text_console(width=None if sys.stdout.isatty() else LOG_WIDTH).print(table)


def _hint(home: "Home", name: str, known: set[str]) -> str:
    """A hint on what to write instead of a name that nothing has."""
    near = close(name, known)
    return f"did you mean {near}?" if near else f"`{in_sandbox(home, 'ls')}` lists what there is"


def _resources(context: typer.Context) -> tuple["Home", list["Record"]]:
    chosen: Chosen = context.obj
    home = chosen.home()
    state = state_of(home)
    return home, state.resources.all() if state else []


def _found(context: typer.Context, name: str) -> tuple["State", list["Record"]]:
    """The simulated cloud, and the resources with this name, id or ARN. Raises BadInput if there is none."""
    home, records = _resources(context)
    state = state_of(home)
    found = [one for one in records if name in (one.name, one.id, f"{one.type}::{one.name}")]
    found = found or (state.resources.named(name) if state else [])
    if not found or state is None:
        hint = _hint(home, name, {one.name for one in records})
        raise BadInput(f"{name[:80]!r}: no such resource in {as_typed(home)}; {hint}")
    return state, found


def _one(context: typer.Context, name: str) -> tuple["State", "Record"]:
    """The simulated cloud, and the only resource with this name, id or ARN.

    Raises BadInput for none, and for several.
    """
    state, found = _found(context, name)
    if len(found) > 1:
        types = ", ".join(f"{one.type}::{one.name}" for one in found)
        raise BadInput(f"{name[:80]!r}: several resources go by that name; say which: {types}")
    return state, found[0]


def _judge_argument(kind: str, of: str) -> None:
    """Refuse an `of` that the fault does not take. Raises BadInput."""
    wanted = {"slow": "seconds, such as --of 30", "crash": "--of before or --of after", "access-denied": "a persona"}
    seconds = of.replace(".", "", 1).isdigit()
    good = {"slow": seconds, "crash": of in ("before", "after"), "access-denied": bool(of)}
    if not good.get(kind, True):
        raise BadInput(f"{of[:80]!r}: not what {kind} takes with --of; it wants {wanted[kind]}")


def _has(tree: object, path: Sequence[str]) -> bool:
    """Whether the path leads to a value, by keys of mappings and numbers in lists."""
    found: Any = tree
    for step in path:
        try:
            found = cast(list[Any], found)[int(step)] if isinstance(found, list) else found[step]
        except (IndexError, KeyError, TypeError, ValueError):
            return False
    return True
