"""Registers a candidate in a sandbox: the same version, at the addresses that the stack's own registry has for it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from catalogue.versions import ARTIFACT, RECORD
from examples.pack import digest_of
from operations.promoting.moving import ARCHIVE
from operations.sandboxes.ground import Chosen, as_typed, in_sandbox, used
from stacks.config import stack_name

if TYPE_CHECKING:
    from operations.promoting.registering import Candidate
    from sandbox import promotion


def register(chosen: Chosen, one: "Candidate", yes: bool) -> None:
    """Register a candidate in a sandbox, and say each thing that is done. Raises BadInput where it is refused."""
    from sandbox import promotion
    from sandbox.state import State

    home, version = chosen.standing(), one.target.version
    with used(home, alone=False), TemporaryDirectory(prefix="mlplatform-version-") as name:
        state, known = State(home.database), known_of(one, Path(name))
        if promotion.registered(state, known):
            typer.echo(f"{as_typed(home)}: the registry has it already")
            return
        for address in known.files:
            typer.echo(f"upload {address}")
        typer.echo(f"register {known.called} there, which waits for the approver")
        if not yes:
            typer.echo("nothing is registered without --yes")
            return
        for said in promotion.register(state, known):
            typer.echo(f"{as_typed(home)}: {said}")
    stack = stack_name(one.target.file)
    approves = in_sandbox(home, "approve", known.called, known.digest)
    typer.echo(f"{version} is registered; `{approves}`, then {stack} serves it once its file names this digest")


def known_of(one: "Candidate", folder: Path) -> "promotion.Candidate":
    """The candidate at the addresses of its stack. Its files are laid out in a folder, as the registry has them."""
    from sandbox import promotion

    target, version = one.target, one.target.version
    called, at = target.registry.simulated(target.stack, target.config, version)
    one.fetch(folder)
    for path, content in one.beside.items():
        (folder / path).write_bytes(content)
    parts = [ARCHIVE if ARCHIVE in one.files else f"{ARTIFACT}/", *one.beside, RECORD]
    return promotion.Candidate(
        called=called,
        digest=one.digest,
        image=str(target.registry.image(target.stack, target.config, version, target.config)),
        image_digest=one.record.image.rpartition("@")[2],
        files={f"{at}{part}": (digest_of(folder / part), folder / part) for part in parts},
    )
