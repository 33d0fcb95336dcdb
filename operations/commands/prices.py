"""`mlplatform prices refresh`: read the price lists anew from the clouds' own price APIs."""

import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import BadInput

if TYPE_CHECKING:
    from operations.pricelists.files import Refresh

app = typer.Typer(
    help="Read the price lists of the catalogue anew.",
    epilog="Example: uv run mlplatform prices refresh azure --region westeurope",
    no_args_is_help=True,
)


@app.callback()
def _() -> None:
    """Read the price lists of the catalogue anew."""


@app.command(epilog="Example: uv run mlplatform prices refresh azure --region westeurope")
def refresh(
    platform: Annotated[
        str | None, typer.Argument(metavar="[PLATFORM]", help="aws, gcp or azure; without one, each of them.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(metavar="REGION", help="Refresh one region of the platform only.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write the figures. Without it, only show what would change.")
    ] = False,
) -> None:
    """Show what the clouds' price APIs say otherwise than the price lists of the catalogue, and with --yes write it.

    aws and azure are asked without credentials, gcp with an API key in GOOGLE_API_KEY or with application default
    credentials. A figure that is not found again is named, and kept with its old date.
    """
    from catalogue.hardware import catalogue
    from operations.pricelists.files import write

    refreshes = _read(*_chosen(platform, region))
    for one in refreshes:
        typer.echo("\n".join(_told(one)))
    if not yes:
        typer.echo("nothing was written; run it again with --yes to write these figures")
        return
    files = write(refreshes, date.today())
    typer.echo("\n".join(f"wrote {file.relative_to(catalogue.PRICES.parents[2])}" for file in files))
    if files:
        typer.echo("run the tests of tests/catalogue, and review the figures as a change of code")


def _chosen(platform: str | None, region: str | None) -> tuple[list[str], str | None]:
    """The platforms to ask, and the one region. Raises BadInput for a name that there is not."""
    from catalogue.hardware.catalogue import region_names
    from catalogue.platforms import PLATFORMS
    from catalogue.wording import did_you_mean

    if platform is not None and platform not in PLATFORMS:
        raise BadInput(f"{platform[:80]!r}: no platform; allowed: {', '.join(PLATFORMS)}")
    platforms = [platform] if platform else list(PLATFORMS)
    if region is None:
        return platforms, None
    having = [name for name in platforms if region in region_names(name)]
    if not having:
        of = platform or "any platform"
        near = did_you_mean(region, [name for at in platforms for name in region_names(at)])
        raise BadInput(f"--region {region[:80]!r}: no region of {of} in the catalogue{near}")
    return having, region


def _read(platforms: list[str], region: str | None) -> "list[Refresh]":
    """What the APIs of these platforms say. Nothing is written before all of them have answered."""
    from catalogue.hardware import catalogue
    from operations.pricelists import asking
    from operations.pricelists.files import compare

    refreshes: list[Refresh] = []
    readers = {name: import_module(f"operations.pricelists.{name}") for name in platforms}
    # Whoever lacks a credential is to learn it before minutes of reading.
    headers = {name: reader.headers() for name, reader in readers.items()}
    with asking.open_client() as client:
        for name, reader in readers.items():
            hardware = catalogue.load(name)
            regions = frozenset([region] if region else hardware.regions)
            api = asking.Api(reader.BASE, client, _progress, headers[name])
            for listed, found in reader.read(api, hardware, regions).items():
                refreshes.append(compare(hardware, listed, found, regions))
    return refreshes


def _progress(doing: str) -> None:
    sys.stderr.write(f"reading {doing}\n")


def _told(one: "Refresh") -> Iterator[str]:
    """What would change in one list, a line each."""
    from operations.pricelists.files import written

    found = one.found
    if not found.figures:
        yield f"{one.name}: no figure was read from {found.address}; the list stays as it is"
    else:
        same = len(found.figures) - len(one.changed) - len(one.added)
        counts = (
            f"{len(one.changed):,} changed, {len(one.added):,} new, {len(one.vanished):,} vanished, {same:,} the same"
        )
        yield f"{one.name}: {len(found.figures):,} figures read from {found.address}: {counts}"
        for (machine, region), (old, new) in one.changed.items():
            yield f"  {machine} in {region}: {written(old)} -> {written(new)} ({new / old - 1:+.1%})"
        for (machine, region), usd in one.added.items():
            yield f"  {machine} in {region}: new, {written(usd)}"
        for (machine, region), (usd, day) in one.vanished.items():
            yield f"  {machine} in {region}: vanished; {written(usd)} of {day} is kept"
    yield from (f"  {note}" for note in found.notes)


def add(application: typer.Typer) -> None:
    """Add the command."""
    application.add_typer(app, name="prices")
