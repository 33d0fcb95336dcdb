"""What was uploaded to a sandbox, kept by its digest: whoever reads the simulated stores gets the very files back."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from catalogue.errors import BadInput
from operations.sandboxes.ground import Chosen, as_typed, state_of

if TYPE_CHECKING:
    from sandbox.home import Home

MOST_BYTES = 256 * 1024 * 1024
"""The most that is kept of one upload. Of a larger one the sandbox knows the digest alone."""


def keep(home: "Home", digest: str, content: Path) -> None:
    """Keep what was uploaded, a file or a folder, unless it is large."""
    place = _place(home, digest)
    files = [content] if content.is_file() else [one for one in content.rglob("*") if one.is_file()]
    if place.exists() or sum(one.stat().st_size for one in files) > MOST_BYTES:
        return
    half = place.with_name(f".{place.name}")
    shutil.rmtree(half, ignore_errors=True)
    for one in files:
        to = half / (one.name if content.is_file() else one.relative_to(content))
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(one, to)
    half.replace(place)


def kept(sandbox: str, uri: str) -> Path:
    """The folder with what lies at an address in a sandbox. Raises BadInput where nothing does, or it was not kept."""
    home = Chosen(sandbox, real_time=False).home()
    state = state_of(home)
    digest = state.account.digest(uri) if state is not None else ""
    if state is None or not state.account.has_artifact(uri):
        raise BadInput(
            f"{uri[:200]!r}: nothing lies there in {as_typed(home)}; `mlplatform sandbox upload` puts it there"
        )
    if not digest or not _place(home, digest).is_dir():
        raise BadInput(
            f"{uri[:200]!r}: {as_typed(home)} has not kept what lies there; upload it with its content, at most "
            f"{MOST_BYTES} bytes"
        )
    return _place(home, digest)


def _place(home: "Home", digest: str) -> Path:
    return home.path / "content" / digest.removeprefix("sha256:")
