"""`mlplatform doctor STACK`: which of the manual steps are done in the account. It only reads."""

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from operations.arguments import ListFormat, StackArgument, graph_of, print_list
from operations.terminal import text_console

if TYPE_CHECKING:
    from operations.doctor import Examined


def doctor(
    stack: StackArgument,
    dry: Annotated[
        bool, typer.Option("--dry", help="Ask no account; say only what would be looked at, and by which rights.")
    ] = False,
    format: Annotated[ListFormat, typer.Option(help="A list to read, or the same as JSON.")] = ListFormat.TABLE,
) -> None:
    """Say which of the manual steps of a stack are done in its account. It only reads, and changes nothing.

    It asks with the credentials that the cloud's own tools leave. Without any, or with --dry, it says what it would
    look at. Exit 1 where the account was asked and a step is left, or cannot be seen.
    """
    from operations.doctor import NoCredentials, State, examine, looked_at, of
    from operations.facts import of as facts_of

    graph = graph_of(stack)
    platform, account = of(graph.platform), None
    steps = looked_at(graph)
    if not dry:
        try:
            account = platform.open_account(*facts_of(graph.platform).account_and_region(graph))
        except NoCredentials as error:
            sys.stderr.write(f"{error}; nothing was asked\n")
    examined = list(examine(steps, platform.LOOKS, account))
    left = [each for each in examined if each.state is not State.DONE]
    if format is ListFormat.JSON:
        said = [_said(each) for each in examined]
        print_list(stack=graph.stack, platform=graph.platform, asked=account is not None, left=len(left), steps=said)
    else:
        _show(examined, left, text_console(soft_wrap=True))
    if account is not None and left:
        raise typer.Exit(1)


def _said(one: "Examined") -> dict[str, Any]:
    looks = [
        {**look.model_dump(mode="json"), "state": seen.state, "says": seen.says}
        for look, seen in zip(one.step.looks, one.seen, strict=True)
    ]
    return {**one.step.model_dump(mode="json"), "state": one.state, "looks": looks}


def _show(examined: "list[Examined]", left: "list[Examined]", screen: Console) -> None:
    from operations import words
    from operations.doctor import State

    for number, one in enumerate(examined, 1):
        screen.print(Text(words.one_line(f"{number}. {one.state}: {one.step.what} ({one.step.who})"), "bold"))
        for seen in one.seen:
            said = seen.says if seen.state is State.NOT_ASKED else f"{seen.state}: {seen.says}"
            screen.print(Text(f"   {words.one_line(said)}"))
        if not one.seen:
            screen.print(Text(f"   by hand alone: {words.printable(' && '.join(one.step.checks))}"))
    states = Counter(str(one.state) for one in left)
    of_them = ": " + ", ".join(f"{count} {state}" for state, count in states.items()) if left else ""
    screen.print(Text(f"{len(left)} of {len(examined)} steps are left{of_them}"))


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform doctor aws-pilot --dry")(doctor)
