"""Places that grants name, folded into the folders that hold them where a cloud bounds how many a policy may name."""

from collections import Counter
from collections.abc import Sequence


def apart(places: Sequence[str]) -> list[str]:
    """The places, each once and none below another. One that ends in '/' means all below it."""
    kept: list[str] = []
    for place in sorted(set(places)):
        # Sorted, all that is below a folder follows it.
        if not (kept and kept[-1].endswith("/") and place.startswith(kept[-1])):
            kept.append(place)
    return kept


def folded(places: Sequence[str]) -> list[str] | None:
    """Fewer places: those below the deepest folder that holds two or more, as that one folder.

    A place is `ROOT/FOLDER/…`, where the root is a bucket or a registry. None where no two share a folder below their
    root: a whole root is never granted.
    """
    held = Counter(folder for place in places for folder in _folders(place))
    shared = [folder for folder, count in held.items() if count > 1]
    if not shared:
        return None
    deepest = max(shared, key=lambda folder: (folder.count("/"), held[folder], folder))
    return apart([deepest, *places])


def _folders(place: str) -> list[str]:
    """The folders above a place, without its root."""
    parts = place.rstrip("/").split("/")
    return ["/".join(parts[:depth]) + "/" for depth in range(2, len(parts))]
