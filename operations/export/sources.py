"""Where a version comes from: a folder of this machine, or a copy of what was uploaded to an address."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from catalogue.errors import BadInput
from operations import stores

MOST_BYTES = 64 * 1024**3
"""The most that is copied from a store: no bundle is read that is larger."""


@contextmanager
def opened(place: str, sandbox: str | None) -> Generator[Path]:
    """The folder of a version. A copy ends with the `with`. Raises BadInput where there is none."""
    if sandbox is not None:
        from operations.sandboxes.content import kept
        from operations.sandboxes.ground import Chosen

        yield kept(Chosen(sandbox, real_time=False).home(), place)
    elif stores.is_address(place, "--from"):
        with TemporaryDirectory(prefix="mlplatform-export-") as folder:
            stores.copy(place, Path(folder), "--from", most=MOST_BYTES)
            yield Path(folder)
    else:
        if not Path(place).is_dir():
            raise BadInput(
                f"--from: {place} is no folder; give the one that `register` wrote, or its address in a store"
            )
        yield Path(place)
