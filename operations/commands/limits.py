"""`mlplatform limits`: the bounds of every stack."""

import typer
from rich.console import Console
from rich.table import Table


def limits() -> None:
    """Print the limits and declared quotas of every pilot, with owner and reason, by file."""
    from policies import limits as known

    loaded = known.load()
    every = dict(loaded.limits)
    for platform, quotas in loaded.quotas.items():
        every |= {f"quota on {platform}: {name}": limit for name, limit in quotas.items()}
    for file in (known.SHIPPED, known.OWN):
        table = Table("limit", "value", "owner", "reason", title=file, title_justify="left")
        for name, limit in every.items():
            if limit.file == file:
                value = ", ".join(limit.value) if isinstance(limit.value, list) else f"{limit.value:g}"
                table.add_row(name, f"{value} {limit.unit}", limit.owner, limit.reason)
        if table.row_count:
            Console().print(table)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mlplatform limits")(limits)
