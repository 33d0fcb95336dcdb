"""`mlplatform kinds`: what the catalogue knows of each kind of resource, and the evidence."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.table import Table
from rich.text import Text

from catalogue.errors import BadInput
from catalogue.wording import close, typed
from operations.arguments import ListFormat, print_list
from operations.terminal import text_console

if TYPE_CHECKING:
    from catalogue.kind import Kind


def kinds(
    name: Annotated[
        str | None, typer.Argument(metavar="PLATFORM|TYPE", help="A platform, or one type to see what is known of it.")
    ] = None,
    format: Annotated[
        ListFormat, typer.Option(help="A table to read, or every fact of each kind as JSON.")
    ] = ListFormat.TABLE,
) -> None:
    """List the kinds of resource that the catalogue knows, or all that it knows of one.

    The list says what a kind has: tags or labels, keys of the stack's, state or people's work, machines, a bill.
    """
    from catalogue.kinds import kind_of
    from catalogue.kinds import kinds as known
    from catalogue.platforms import PLATFORMS

    platforms = [name] if name in PLATFORMS else list(PLATFORMS)
    every = [kind for platform in platforms for kind in known(platform).values()]
    one = kind_of(name) if name is not None and name not in PLATFORMS else None
    if name is not None and name not in PLATFORMS and one is None:
        near = close(name, [kind.token for kind in every])
        hint = f"did you mean {near}?" if near else f"`{typed('kinds')}` lists them"
        raise BadInput(f"{name[:80]!r}: no kind of the catalogue; {hint}")
    if format is ListFormat.JSON:
        print_list(kinds=[{"type": kind.token, "facts": list(_facts(kind))} for kind in ([one] if one else every)])
    elif one:
        _show(one)
    else:
        _list(every)


def _list(every: "list[Kind]") -> None:
    from catalogue.kind import No

    console = text_console()
    for kind in every:
        facts = {"tags": kind.tags, "keys": kind.keys, "state": kind.holds, "machines": kind.runs, "a bill": kind.bills}
        has = ", ".join(name for name, fact in facts.items() if not isinstance(fact, No)) or "none of these"
        console.print(Text(f"{kind.token}  {has}", overflow="fold"), highlight=False)


def _show(kind: "Kind") -> None:
    table = Table("fact", title=Text(kind.token), title_justify="left")
    table.add_column("what", overflow="fold")
    table.add_column("rests on", overflow="fold")
    for fact in _facts(kind):
        if fact["status"] == "not yet":
            table.add_row(fact["fact"], "not yet read", Text(fact["where"]))
        else:
            rests = f"{fact['status']}, {fact['read']}: {fact['where']}"
            said = fact["what"] if fact["is"] else f"none: {fact['what']}"
            table.add_row(fact["fact"], Text(said), Text(rests))
    text_console().print(table)


def _facts(kind: "Kind") -> Iterator[dict[str, Any]]:
    """Each fact of a kind in words, with what it rests on.

    `is` is false where the answer is none; `what` is then the reason. It is null where nobody has answered yet.
    """
    from catalogue.kind import Acts, No, NotYet

    for field in fields(kind)[1:]:
        answer = getattr(kind, field.name)
        if isinstance(answer, NotYet):
            yield {"fact": field.name, "is": None, "what": None, "status": "not yet", "read": None, "where": answer.why}
            continue
        none, evidence = isinstance(answer, No), answer.evidence
        yield {
            "fact": field.name,
            "is": not none,
            "what": answer.why if none else _said(answer),
            "status": evidence.status,
            "read": evidence.read,
            "where": evidence.where,
        }
        for met in answer.met if isinstance(answer, Acts) else ():
            yield {
                "fact": f"{field.name}: {met.behaviour}",
                "is": met.evidence.status == "seen",
                "what": f"an acceptance run has {met.evidence.status} what is said of it",
                "status": met.evidence.status,
                "read": met.evidence.read,
                "where": met.evidence.where,
            }


def _said(value: Any) -> str:
    """A fact in words, without its evidence and its defaults."""
    if is_dataclass(value):
        told = [
            f"{field.name.rstrip('_').replace('_', ' ')}: {_said(getattr(value, field.name))}"
            for field in fields(value)
            if field.name not in ("evidence", "met") and getattr(value, field.name) != _default(field)
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
    app.command(epilog="Example: uv run mlplatform kinds aws")(kinds)
