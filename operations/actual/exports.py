"""Finds the files of an export: on this machine, or in a store of a cloud, from which they are copied first.

AWS Data Exports, Azure's exports and BigQuery's `EXPORT DATA` all write a folder with parts, and some write a manifest
beside them, which is left out here. A store is read with the credentials that the cloud's own tools use.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from catalogue.errors import BadInput
from operations import stores

ENDINGS = (".parquet", ".csv", ".csv.gz")
_PERIOD = re.compile(r"(?i)billing_period=.+|[0-9]{8}-[0-9]{8}")
"""The folder of one billing period: AWS writes `BILLING_PERIOD=2026-11`, Azure `20261101-20261130`."""


@contextmanager
def files(places: Sequence[str]) -> Generator[list[Path]]:
    """The files of an export, from files, folders or addresses of a store. Copies end with the `with`.

    Raises BadInput where there are none, where a store does not answer, where a place is named twice, and where two
    runs of one billing period lie side by side: their charges would count twice.
    """
    found: dict[Path, Path] = {}
    with TemporaryDirectory(prefix="mlplatform-bill-") as folder:
        for number, place in enumerate(places):
            here = Path(place)
            if stores.is_address(place, "--actual"):
                here = Path(folder) / str(number)
                stores.copy(place, here, "--actual", _is_part)
            elif not here.exists():
                raise BadInput(f"--actual: {place} is not there; give a file, a folder, or an address such as s3://…")
            mine = [here] if here.is_file() else sorted(one for one in here.rglob("*") if _is_part(one.name))
            if not mine:
                raise BadInput(f"--actual: {place} holds no {_either(ENDINGS)}; give the folder that an export wrote")
            if here.is_file() and not _is_part(here.name):
                raise BadInput(f"--actual: {place} is no {_either(ENDINGS)}, which is what FOCUS exports are")
            _refuse_two_runs(place, here, mine)
            for one in mine:
                if one.resolve() in found or (stores.is_address(place, "--actual") and place in places[:number]):
                    raise BadInput(f"--actual: {place} is named twice, and each charge would count twice; name it once")
            found |= {one.resolve(): one for one in mine}
        yield [*found.values()]


def _is_part(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _refuse_two_runs(place: str, here: Path, parts: Sequence[Path]) -> None:
    """Each run of an export that keeps the older ones writes a folder of its own below that of the period."""
    runs: dict[Path, set[str]] = {}
    for part in parts:
        below = part.relative_to(here).parts[:-1] if here.is_dir() else ()
        for depth, folder in enumerate(below[:-1]):
            if _PERIOD.fullmatch(folder):
                runs.setdefault(Path(*below[: depth + 1]), set()).add(below[depth + 1])
    for period, names in runs.items():
        if len(names) > 1:
            newest = sorted(names)
            raise BadInput(
                f"--actual: {place} holds {len(names)} runs of the period {period}, and each charge would count once a "
                f"run; name the folder of one run, such as {period / newest[-1]}"
            )
