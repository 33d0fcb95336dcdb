"""The files of a price list: what a refresh would change in them, and the change itself.

A figure stands in the file of the day on which it was last read (`catalogue.price_files`). A refresh writes a file for
its day, and takes what it read anew out of the older ones. What it did not find again stays in them, with its old date.
"""

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Catalogue, Source, price_files
from operations.pricelists.found import Found, Pair

_HEADER = "machine_type,region,usd_per_hour"


@dataclass(frozen=True)
class Refresh:
    """One price list: what stands (dollars an hour, and the day of each figure) and what was read in `regions`."""

    name: str
    stands: Mapping[Pair, tuple[float, date]]
    found: Found
    regions: Collection[str]

    @property
    def changed(self) -> dict[Pair, tuple[float, float]]:
        """The figures that are no longer the same: what stood, and what was read."""
        read = sorted(self.found.figures.items())
        both = {pair: (self.stands[pair][0], usd) for pair, usd in read if pair in self.stands}
        return {pair: (old, new) for pair, (old, new) in both.items() if written(old) != written(new)}

    @property
    def added(self) -> dict[Pair, float]:
        """The figures that did not stand."""
        return {pair: usd for pair, usd in sorted(self.found.figures.items()) if pair not in self.stands}

    @property
    def vanished(self) -> dict[Pair, tuple[float, date]]:
        """The figures that stand, and were not found again where they should be."""
        gone = (pair for pair in sorted(self.stands) if pair not in self.found.figures)
        return {pair: self.stands[pair] for pair in gone if pair[1] in self.regions}


def compare(hardware: Catalogue, name: str, found: Found, regions: Collection[str]) -> Refresh:
    """What a refresh of one list would change."""
    stands: dict[Pair, tuple[float, date]] = {}
    for file in price_files(name):
        for machine_type, region, usd in _rows(file):
            stands[machine_type, region] = float(usd), hardware.sources[file.stem].date
    return Refresh(name, stands, found, regions)


def write(refreshes: Iterable[Refresh], today: date) -> list[Path]:
    """Write what was read into a file of today for each list. A list of which nothing was read is left as it is.

    Everything is written beside its place first, and put there when all of it is whole. A kill between two files leaves
    an older figure beside the newer one, and the newer one is taken. Raises BadInput where the folder cannot be
    written.
    """
    new: dict[Path, str] = {}
    emptied: list[Path] = []
    for refresh in refreshes:
        if not refresh.found.figures:
            continue
        own = catalogue.PRICES / f"{refresh.name}-{today}.csv"
        figures = {pair: written(usd) for pair, usd in refresh.found.figures.items()}
        earlier = {(machine, region): usd for machine, region, usd in _rows(own)} if own.is_file() else {}
        new[own.with_suffix(".yaml")] = _source(refresh.found, today)
        new[own] = _text((*pair, usd) for pair, usd in sorted((earlier | figures).items()))
        for file in price_files(refresh.name):
            rows = list(_rows(file))
            kept = [row for row in rows if row[:2] not in figures]
            if file == own or len(kept) == len(rows):
                continue
            if kept or file.stem == refresh.name:
                new[file] = _text(kept)
            else:
                emptied.append(file)
    _replace(new, emptied)
    return [file for file in new if file.suffix == ".csv"]


def written(usd: float) -> str:
    """A figure as the files have it: nine digits after the point, and no zeros at the end."""
    return f"{usd:.9f}".rstrip("0").rstrip(".")


def _rows(file: Path) -> Iterator[tuple[str, str, str]]:
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        machine_type, region, usd = line.split(",")
        yield machine_type, region, usd


def _text(rows: Iterable[tuple[str, str, str]]) -> str:
    return "\n".join([_HEADER, *(",".join(row) for row in rows)]) + "\n"


def _source(found: Found, today: date) -> str:
    source = Source(hand="first", address=found.address, says=found.says, date=today, note="date of retrieval")
    return yaml.safe_dump(source.model_dump(mode="json"), sort_keys=False, width=120)


def _replace(texts: Mapping[Path, str], emptied: Iterable[Path]) -> None:
    made: list[tuple[Path, Path]] = []
    try:
        for path, text in texts.items():
            handle, temporary = tempfile.mkstemp(prefix=".refresh-", dir=path.parent)
            made.append((Path(temporary), path))
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).chmod(0o644)
        for temporary, path in made:
            temporary.replace(path)
        for path in emptied:
            path.unlink()
            path.with_suffix(".yaml").unlink()
    except OSError as error:
        raise BadInput(f"{catalogue.PRICES}: cannot be written ({error.strerror}); run it in a checkout") from None
    finally:
        for temporary, _ in made:
            temporary.unlink(missing_ok=True)
