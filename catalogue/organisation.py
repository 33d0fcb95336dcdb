"""What is the company's own: its files in the folder `organisation/`, which no release edits.

The folder is found as Python finds a package, and need not be there. `PLACES` has every file that is read in it; a file
that stands elsewhere in it is refused, for a limit in a misspelt file would bound nothing. Pages (`*.md`) are left
alone, and so is every name that begins with `_` or `.`.
"""

import re
import traceback
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from catalogue.wording import close

NAME = "organisation"

PLACES: Mapping[str, str] = {
    "limits.yaml": "limits by environment, team and account, and the quotas of each account",
    "waivers.yaml": "waivers, beside those of the stacks that ship",
    "landing_zones.yaml": "what the company has already, and stacks stand in",
    "transcripts/*.json": "acceptance runs, one a stack: what `mlplatform accept` met in an account",
    "kinds/<platform>/*.py": "kinds of resource that the catalogue does not know",
    "policies/*.py": "rules for every platform",
    "policies/<platform>/*.py": "rules for one platform",
    "sections/*.py": "sections of a stack file",
    "<platform>/*.py": "what deploys a section on a platform, under the section's name",
    "stack.schema.json": "the editors' schema of stack files that have those sections",
    "components/**": "components that only those sections import",
    "tests/**": "tests of all of these",
}
"""Where a file may stand, and what it has there. `*` is any name, `**` whatever is below."""

_NOT_LOOKED_INTO = tuple(place.removesuffix("**") for place in PLACES if place.endswith("**"))
_PLACE = re.compile(
    "|".join(
        re.escape(place)
        .replace("<platform>", f"({'|'.join(PLATFORMS)})")
        .replace(r"\*\*", ".+")
        .replace(r"\*", "[^/]+")
        for place in PLACES
    )
)


@cache
def folders() -> tuple[Path, ...]:
    """Where the organisation's files are: none, or one folder.

    Raises BadInput for a file that nothing would read, and for a second folder, which a dependency may bring.
    """
    spec = find_spec(NAME)
    found = dict.fromkeys(Path(folder).resolve() for folder in (spec and spec.submodule_search_locations) or ())
    if len(found) > 1:
        raise BadInput(f"{NAME}: stands in {' and in '.join(map(str, found))}; keep the one of the project")
    for folder in found:
        for path in sorted(_files(folder)):
            if not _PLACE.fullmatch(path):
                raise BadInput(f"{NAME}/{path}: nothing reads a file there{_instead(path)}")
    return tuple(found)


def _files(folder: Path, below: str = "") -> Iterator[str]:
    for entry in folder.iterdir():
        path = f"{below}{entry.name}"
        if entry.name.startswith(("_", ".")) or f"{path}/" in _NOT_LOOKED_INTO:
            continue
        if _PLACE.fullmatch(path) and not entry.is_file():  # a folder, a pipe or a link to nowhere, which nothing reads
            raise BadInput(f"{NAME}/{path}: found {_sort(entry)}, allowed: a file")
        if entry.is_dir():
            yield from _files(entry, f"{path}/")
        elif entry.suffix != ".md":
            yield path


def _sort(entry: Path) -> str:
    if entry.is_dir():
        return "a folder"
    return "no file" if entry.exists() else "a link to nowhere"


def _instead(path: str) -> str:
    near = close(path, (place for place in PLACES if "*" not in place))
    return f"; did you mean {NAME}/{near}?" if near else f"; allowed: {', '.join(PLACES)}"


def file(name: str) -> Path | None:
    """The organisation's file of this name; None where it has none. Raises BadInput as `folders` does."""
    return next((folder / name for folder in folders() if (folder / name).is_file()), None)


def names(part: str) -> list[str]:
    """The names of the Python files in a part of the folder, such as `kinds/aws`; none is imported.

    Raises BadInput as `folders` does.
    """
    found = iter_modules([str(folder / part) for folder in folders()])
    return sorted(module.name for module in found if not module.ispkg and not module.name.startswith("_"))


def modules(part: str) -> Iterator[tuple[str, ModuleType]]:
    """Each Python file in a part of the folder: its path from the root, and the module.

    Raises BadInput as `folders` and `load` do.
    """
    for name in names(part):
        yield f"{NAME}/{part}/{name}.py", load(f"{NAME}.{part.replace('/', '.')}.{name}")


def load(module: str) -> ModuleType:
    """Import one of the organisation's files. Raises BadInput, with the line, for one that breaks."""
    file = f"{module.replace('.', '/')}.py"
    try:
        return import_module(module)
    except BadInput:
        raise
    except Exception as error:  # whatever a file that is not ours does when it is imported
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(file)]
        said = " ".join(f"{type(error).__name__}: {error}".split())
        place = f"line {lines[-1]} of it breaks" if lines else "it breaks"
        raise BadInput(f"{file}: cannot be imported, for {place} ({said})") from None
