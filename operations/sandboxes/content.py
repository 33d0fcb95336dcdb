"""What lies at an address in a sandbox, for whoever takes it out: `export --sandbox`, and `sandbox download`."""

from pathlib import Path
from typing import TYPE_CHECKING

from catalogue.errors import BadInput
from catalogue.wording import in_words
from operations.sandboxes.ground import as_typed, state_of

if TYPE_CHECKING:
    from sandbox.home import Home


def kept(home: "Home", uri: str) -> Path:
    """The folder with what lies at an address in a sandbox. Raises BadInput where nothing does, or it was not kept."""
    from sandbox.state.content import MOST_BYTES

    state = state_of(home)
    if state is None or not state.account.has_artifact(uri):
        raise BadInput(
            f"{uri[:200]!r}: nothing lies there in {as_typed(home)}; `mlplatform sandbox upload` puts it there"
        )
    folder = state.content.kept(state.account.digest(uri))
    below = [one for one in state.account.artifacts() if one.startswith(uri) and one != uri]
    if folder is None and below:
        raise BadInput(f"{uri[:200]!r}: {in_words(below[:5])} lie{'s' if len(below) == 1 else ''} below it; name one")
    if folder is None:
        raise BadInput(
            f"{uri[:200]!r}: {as_typed(home)} has not kept what lies there; upload it with its content, at most "
            f"{MOST_BYTES} bytes"
        )
    return folder
