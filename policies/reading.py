"""What each entry of a file of limits or waivers has, ours or the organisation's."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Entry(BaseModel):
    """One entry of such a file, with who signs it. `file` is what the file is called that it was read from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    _file: str = ""

    owner: Text
    reason: Text

    def model_post_init(self, context: Any, /) -> None:
        """Keep what catalogue/files.py says of the file."""
        self._file = context or ""

    @property
    def file(self) -> str:
        """The file that the entry stands in; empty for one that was read from none."""
        return self._file
