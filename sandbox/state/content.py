"""What was uploaded to a sandbox, kept by its digest: whoever reads the simulated stores gets the very files back."""

import shutil
from pathlib import Path

MOST_BYTES = 256 * 1024 * 1024
"""The most that is kept of one upload. Of a larger one the sandbox knows the digest alone."""


class Content:
    """The files of what was uploaded, in a folder beside the sandbox's state. What is kept is never changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, digest: str, content: Path) -> None:
        """Keep what was uploaded, a file or a folder, unless it is large."""
        place = self._place(digest)
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

    def kept(self, digest: str) -> Path | None:
        """The folder with what was uploaded; a file lies in it by its name. None where it was not kept."""
        place = self._place(digest)
        return place if digest and place.is_dir() else None

    def _place(self, digest: str) -> Path:
        return self._folder / digest.removeprefix("sha256:")
