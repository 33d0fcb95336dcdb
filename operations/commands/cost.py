"""`mlplatform cost STACK...`: the bill, line by line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from catalogue.errors import BadInput
from operations.arguments import ListFormat, StandingOption, file_of, print_list
from operations.terminal import text_console

if TYPE_CHECKING:
    from pathlib import Path

    from catalogue.graph import Graph
    from operations.actual.comparison import Foreseen
    from operations.verdict import Cost, WhatRuns


def cost(
    stacks: Annotated[
        list[str], typer.Argument(metavar="STACK...", help="Stacks such as aws-pilot, or paths of their files.")
    ],
    format: Annotated[ListFormat, typer.Option(help="A table to read, or the same as JSON.")] = ListFormat.TABLE,
    second_opinion: Annotated[
        bool, typer.Option("--second-opinion", help="Ask infracost, too, and name the lines on which the two disagree.")
    ] = False,
    actual: Annotated[
        list[str] | None,
        typer.Option(
            "--actual",
            metavar="FILE|URI",
            help="Put what was billed beside it: a FOCUS export, as CSV or Parquet; a file, a folder, s3://, gs:// or "
            "az://account/container/path. May be repeated.",
        ),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            "--rate", metavar="CUR=USD", help="Dollars for one unit of the bill's currency, such as EUR=1.08."
        ),
    ] = None,
    standing: StandingOption = None,
) -> None:
    """Print what stacks cost a month, by resource and by team: the idle floor and the ceiling.

    Below stands what runs, and when: with the machines of each part, how long a run lasts and what it costs at most.

    Each figure is rounded to the cent by itself, a sum once; JSON has a line's millionths of a dollar.

    They are of all that a file describes, whichever phase it asks for now. Where a price is unknown, they are the least
    that it can cost. JSON has the list `costs`, an item for each stack;
    its `second_opinion` is null where infracost was not asked, and its `actual` where no export was read.

    With --actual, exits 1 where a month's bill is further above the ceiling, or below the floor, than the limit
    `bill-drift-percent`, or where no charge carries the stack's tag. With --standing, the ids of what stands are known,
    and more of the bill's resources are told by name.
    """
    from operations import facts, timetable
    from operations import second_opinion as second
    from operations.actual import command
    from operations.judge import cost_of
    from operations.preview import Program, Programs

    if second_opinion:
        second.available()
    if actual is None and (rate or standing):
        raise BadInput(f"--{'rate' if rate else 'standing'}: says something of a bill; name the bill with --actual")
    if standing is not None and len(stacks) > 1:
        raise BadInput(f"--standing: {standing} is what stands of one stack; name that stack alone")
    programs = [Program.of(file_of(name)).in_every_phase for name in stacks]
    with command.opened(actual or (), rate or ()) as compare:
        with Programs() as running:
            if len(programs) == 1:
                running.start(programs[0].platform, one=True)
            graphs = [running.run(program)[0] for program in programs]
        bills = [(graph.stack, cost_of(graph)) for graph in graphs]
        runs = [timetable.of(graph, facts.of(graph.platform).account_and_region(graph)[1]) for graph in graphs]
        billed = None
        if actual is not None:
            billed = compare([_foreseen(graph, bill, standing) for graph, (_, bill) in zip(graphs, bills, strict=True)])
    opinions = [second.ask(graph) if second_opinion else None for graph in graphs]
    said = [list(opinion.beside(bill)) if opinion else None for (_, bill), opinion in zip(bills, opinions, strict=True)]
    told = [one.model_dump(mode="json") for one in billed] if billed is not None else [None] * len(bills)
    if format is ListFormat.JSON:
        costs = [
            {
                "stack": stack,
                **bill.model_dump(mode="json"),
                "runs": [run.model_dump(mode="json") for run in those],
                "second_opinion": opinion,
                "actual": one,
            }
            for (stack, bill), those, opinion, one in zip(bills, runs, said, told, strict=True)
        ]
        print_list(costs=costs, actual_by_team=command.teams_as_json(billed or ()))
    else:
        for (stack, bill), those, opinion in zip(bills, runs, said, strict=True):
            _show(stack, bill, those, opinion or (), text_console())
        command.show(billed or (), text_console())
    if any(found.fails for one in billed or () for found in one.findings):
        raise typer.Exit(1)


def _foreseen(graph: "Graph", bill: "Cost", standing: "Path | None") -> "Foreseen":
    from operations.actual.comparison import Foreseen
    from operations.standing.reading import read

    stands = read(standing, graph.stack, graph.platform).graph if standing is not None else None
    return Foreseen(graph, bill, stands)


def _show(stack: str, bill: "Cost", runs: "Sequence[WhatRuns]", opinion: Sequence[str], screen: Console) -> None:
    from operations import console, words

    table = console.folding_table("resource", "what")
    for figure in ("idle floor", "ceiling"):
        table.add_column(figure, justify="right", no_wrap=True)
    table.add_column("how", overflow="fold")
    table.title, table.title_justify = f"{stack}, dollars a month", "left"
    for line in bill.lines:
        row = (line.resource, line.what, f"{line.idle_usd:,.2f}", f"{line.ceiling_usd:,.2f}", line.basis)
        table.add_row(*map(Text, map(words.one_line, row)))
    for missing in bill.unpriced:
        row = (missing.resource, "", "unknown", "unknown", missing.why)
        table.add_row(*map(Text, map(words.one_line, row)))
    table.add_section()
    table.add_row(
        "everything", "", words.known(bill, bill.idle_usd), words.known(bill, bill.ceiling_usd), words.unknown(bill)
    )
    for team, (idle, ceiling) in bill.by_team.items():
        name = Text(words.one_line(f"team {team}"))
        table.add_row(name, "", words.of_team(bill, team, idle), words.of_team(bill, team, ceiling), "")
    screen.print(table, highlight=False)
    screen.print(Text(words.ROUNDED), highlight=False)
    if runs:
        running = console.runs_table(stack, runs)
        running.title, running.title_justify = f"{stack}, what runs, and when", "left"
        screen.print(running, highlight=False)
    sentences = (
        *(f"unknown: {one}. {one.instead}" for one in bill.unpriced),
        *(f"by traffic: {one}" for one in bill.per_unit),
        *(f"assumed: {one}" for one in bill.assumptions),
        *(f"second hand: {one}" for one in bill.second_hand),
        *opinion,
    )
    for sentence in sentences:
        screen.print(Text(words.one_line(sentence)), highlight=False)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform cost aws-pilot --format json")(cost)
