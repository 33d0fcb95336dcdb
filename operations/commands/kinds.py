"""`mlplatform kinds`: what the catalogue knows of each kind of resource, and the evidence."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalogue.errors import BadInput


def kinds(
    name: Annotated[
        str | None, typer.Argument(metavar="PLATFORM|TYPE", help="A platform, or one type to see what is known of it.")
    ] = None,
) -> None:
    """List the kinds of resource that the catalogue knows, or all that it knows of one."""
    from catalogue.kind import No, NotYet
    from catalogue.kinds import kind_of
    from catalogue.kinds import kinds as known
    from catalogue.platforms import PLATFORMS

    platforms = [name] if name in PLATFORMS else list(PLATFORMS)
    if name is None or name in PLATFORMS:
        table = Table("type", "tags", "keys", "holds", "runs machines", "bills")
        table.columns[0].overflow = "fold"
        for platform in platforms:
            for kind in known(platform).values():
                facts = (kind.tags, kind.keys, kind.holds, kind.runs, kind.bills)
                table.add_row(kind.token, *("no" if isinstance(fact, No) else "yes" for fact in facts))
        Console().print(table)
        return
    kind = kind_of(name)
    if kind is None:
        every = [token for platform in platforms for token in known(platform)]
        near = get_close_matches(name, every, n=1)
        hint = f"did you mean {near[0]}?" if near else "`mlplatform kinds` lists them"
        raise BadInput(f"{name[:80]!r}: no kind of the catalogue; {hint}")
    table = Table("fact", title=Text(kind.token), title_justify="left")
    table.add_column("what", overflow="fold")
    table.add_column("rests on", overflow="fold")
    for field in fields(kind)[1:]:
        answer = getattr(kind, field.name)
        if isinstance(answer, NotYet):
            table.add_row(field.name, "not yet read", Text(answer.why))
            continue
        evidence = answer.evidence
        rests = f"{evidence.status}, {evidence.read}: {evidence.where}"
        said = f"none: {answer.why}" if isinstance(answer, No) else _said(answer)
        table.add_row(field.name, Text(said), Text(rests))
    Console().print(table)


def _said(value: Any) -> str:
    """A fact in words, without its evidence and its defaults."""
    if is_dataclass(value):
        told = [
            f"{field.name.rstrip('_').replace('_', ' ')}: {_said(getattr(value, field.name))}"
            for field in fields(value)
            if field.name != "evidence" and getattr(value, field.name) != _default(field)
        ]
        return ", ".join(told) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__).lower()
    if callable(value):
        return "computed"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_said(item)}" for key, item in cast(Mapping[str, Any], value).items())
    if isinstance(value, frozenset):
        return " ".join(sorted(cast(frozenset[str], value)))
    if isinstance(value, tuple):
        return "; ".join(map(_said, cast(tuple[Any, ...], value)))
    return str(value)


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mlplatform kinds aws")(kinds)
