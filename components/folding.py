"""Places that grants or lifecycles name, folded where a cloud bounds how many of them a policy or a rule may name."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence


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


def kept_alike(days: Mapping[str, int], most: int) -> Iterator[tuple[int, int, list[str]]]:
    """The folders that keep their files as long as each other, at most so many together, for one rule of a lifecycle.

    Each with the days, and with its number among those of the same days, from 0 on.
    """
    alike: dict[int, list[str]] = defaultdict(list)
    for folder in sorted(days):
        alike[days[folder]].append(folder)
    for kept, folders in sorted(alike.items()):
        for number, at in enumerate(range(0, len(folders), most)):
            yield kept, number, folders[at : at + most]
