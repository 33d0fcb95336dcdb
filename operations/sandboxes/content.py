"""What lies at an address in a sandbox, for whoever takes it out: `export --sandbox`, and `sandbox download`."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from catalogue.errors import BadInput
from catalogue.registries import as_written
from operations.sandboxes.ground import as_typed, state_of

if TYPE_CHECKING:
    from sandbox.home import Home
    from sandbox.state import State


@contextmanager
def kept(home: "Home", uri: str) -> Generator[Path]:
    """The folder with what lies at an address in a sandbox, or below it, as a version of a registry does.

    A copy ends with the `with`. Raises BadInput where nothing lies there, or it was not kept.
    """
    state = state_of(home)
    if state is None or not state.account.has_artifact(uri):
        raise BadInput(
            f"{uri[:200]!r}: nothing lies there in {as_typed(home)}; `mlplatform sandbox upload` puts it there"
        )
    at = as_written(uri).rstrip("/")
    below = [one for one in state.account.artifacts() if one.startswith(f"{at}/") and one.rstrip("/") != at]
    if state.account.digest(uri) or not below:
        yield _content(home, state, uri)
        return
    with TemporaryDirectory(prefix="mlplatform-sandbox-") as folder:
        for address in below:
            path, content = address.removeprefix(f"{at}/"), _content(home, state, address)
            alone = content / Path(path).name
            if path.endswith("/") or not alone.is_file():
                shutil.copytree(content, Path(folder) / path, dirs_exist_ok=True)
            else:
                (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(alone, Path(folder) / path)
        yield Path(folder)


def _content(home: "Home", state: "State", address: str) -> Path:
    from sandbox.state.content import MOST_BYTES

    folder = state.content.kept(state.account.digest(address))
    if folder is None:
        raise BadInput(
            f"{address[:200]!r}: {as_typed(home)} has not kept what lies there; upload it with its content, at most "
            f"{MOST_BYTES} bytes"
        )
    return folder
