"""`mlplatform limits`: the bounds of every stack."""

import typer
from rich.console import Console
from rich.table import Table


def limits() -> None:
    """Print the limits and declared quotas of every pilot, with owner and reason."""
    from policies import limits as known

    loaded = known.load()
    table = Table("limit", "value", "owner", "reason", title="policies/limits.yaml", title_justify="left")
    for name, limit in loaded.limits.items():
        value = ", ".join(limit.value) if isinstance(limit.value, list) else f"{limit.value:g}"
        table.add_row(name, f"{value} {limit.unit}", limit.owner, limit.reason)
    for platform, quotas in loaded.quotas.items():
        for name, limit in quotas.items():
            table.add_row(f"quota on {platform}: {name}", f"{limit.number:g} {limit.unit}", limit.owner, limit.reason)
    Console().print(table)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mlplatform limits")(limits)
