"""`mlplatform cost STACK`: the bill, line by line."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from operations.arguments import StackArgument, graph_of


def cost(
    stack: StackArgument,
    second_opinion: Annotated[
        bool, typer.Option("--second-opinion", help="Ask infracost, too, and name the lines on which the two disagree.")
    ] = False,
) -> None:
    """Print what a stack costs a month, by resource and by team: the idle floor and the ceiling.

    It is the bill of all that the file describes, whichever phase it asks for now. Where a price is unknown, they are
    the least that it can cost.
    """
    from operations import second_opinion as second
    from operations import words
    from operations.judge import cost_of

    if second_opinion:
        second.available()
    graph = graph_of(stack, in_every_phase=True)
    bill, opinion = cost_of(graph), second.ask(graph) if second_opinion else None
    table = Table(
        "resource", "what", "idle floor", "ceiling", "how", title=f"{stack}, dollars a month", title_justify="left"
    )
    for line in bill.lines:
        table.add_row(line.resource, line.what, f"{line.idle_usd:,.2f}", f"{line.ceiling_usd:,.2f}", line.basis)
    for missing in bill.unpriced:
        table.add_row(missing.resource, "", "unknown", "unknown", missing.why)
    table.add_section()
    table.add_row(
        "everything", "", words.known(bill, bill.idle_usd), words.known(bill, bill.ceiling_usd), words.unknown(bill)
    )
    for team, (idle, ceiling) in bill.by_team.items():
        table.add_row(f"team {team}", "", words.of_team(bill, team, idle), words.of_team(bill, team, ceiling), "")
    screen = Console()
    screen.print(table)
    for sentence in bill.unpriced:
        screen.print(f"unknown: {sentence}. {sentence.instead}".strip(), highlight=False)
    for sentence in bill.per_unit:
        screen.print(f"by traffic: {sentence}", highlight=False)
    for sentence in bill.assumptions:
        screen.print(f"assumed: {sentence}", highlight=False)
    for sentence in bill.second_hand:
        screen.print(f"second hand: {sentence}", highlight=False)
    for sentence in opinion.beside(bill) if opinion else ():
        screen.print(sentence, highlight=False)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mlplatform cost aws-pilot")(cost)
