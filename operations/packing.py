"""What travels without the rest of the repository: the policy pack, and the requirements of the component packages.

`make policy-pack` builds the folder that `pulumi policy publish` sends, or that any project names with
`--policy-pack`. `make docs` writes the requirements of the component packages. Both take what our modules import, at
the versions of uv.lock.
"""

import ast
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from policies import __main__ as pack

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "out" / "policy-pack"
ENVIRONMENT = ".venv"
_IN_PACK = ("policies", "catalogue")
_NOT_IN_PACK = ("checkov", "custodian", "__pycache__", "documentation.py", "transcripts")
_HEAD = "# Made from uv.lock by `make {target}`: what {what} imports, and what that needs.\n"


def main() -> None:
    """Build the policy pack, or write the requirements of the component packages, as the first argument says."""
    if sys.argv[1:] == ["policy-pack"]:
        try:
            pack.policies()  # what the pack could not read would be found out in somebody else's project
        except BadInput as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(2)
        build_pack(PACK)
        folder = PACK.relative_to(ROOT)
        installed = (PACK / ENVIRONMENT).is_dir()
        told = "" if installed else "; run `pulumi install` in it before it is used, or the engine waits for ever"
        sys.stdout.write(f"built {folder}{told}\n")
    else:
        for platform in PLATFORMS:
            file = ROOT / "components" / platform / "requirements.txt"
            file.write_text(component_requirements(platform), encoding="utf-8")
            sys.stdout.write(f"wrote {file.relative_to(ROOT)}\n")


def build_pack(folder: Path, own: Path = ROOT / "organisation") -> None:
    """Build the policy pack in the folder, which is emptied first, with what is the company's `own`, where it is.

    The environment that was installed in it stays where it needs the same: without one the engine waits for ever.
    """
    before = folder / "requirements.txt"
    needed_before = before.read_text(encoding="utf-8") if before.is_file() else ""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name != ENVIRONMENT:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    parts = [*(ROOT / name for name in _IN_PACK), *([own] if own.is_dir() else [])]
    for part in parts:
        shutil.copytree(part, folder / part.name, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_NOT_IN_PACK))
    for inner in ("PulumiPolicy.yaml", "__main__.py"):
        (folder / "policies" / inner).rename(folder / inner)
    about = (folder / "PulumiPolicy.yaml").read_text(encoding="utf-8")
    alone = (
        about.partition("runtime:")[0]
        + "runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: .venv\n"
    )
    (folder / "PulumiPolicy.yaml").write_text(alone, encoding="utf-8")
    # What is published is what this names nowhere.
    (folder / ".gitignore").write_text(".venv/\n__pycache__/\n", encoding="utf-8")
    files = [folder / "__main__.py", *(file for part in parts for file in (folder / part.name).rglob("*.py"))]
    needed = _HEAD.format(target="policy-pack", what="the pack") + requirements(_third_party(files))
    (folder / "requirements.txt").write_text(needed, encoding="utf-8")
    if needed != needed_before:
        shutil.rmtree(folder / ENVIRONMENT, ignore_errors=True)


def component_requirements(platform: str) -> str:
    """The requirements of a platform's component package: its own SDK, and nothing of the other platforms."""
    files = [*(ROOT / "components").glob("*.py"), *(ROOT / "components" / platform).glob("*.py")]
    head = _HEAD.format(target="docs", what=f"the package mlplatform-{platform}")
    return head + requirements(_third_party(_reached(files)))


def requirements(names: Iterable[str]) -> str:
    """A requirements file that pins the distributions and all that they need, as uv.lock has them."""
    locked: dict[str, Any] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        locked.setdefault(package["name"], package)
    markers: dict[str, set[str]] = {}
    waiting: list[tuple[str, str]] = [(name, "") for name in sorted(names)]
    while waiting:
        name, marker = waiting.pop()
        if marker in markers.setdefault(name, set()) or "" in markers[name]:
            continue
        markers[name].add(marker)
        for need in locked[name].get("dependencies", ()):
            waiting.append((need["name"], " and ".join(filter(None, (marker, need.get("marker", ""))))))
    return "".join(_line(name, locked[name]["version"], markers[name]) for name in sorted(markers))


def _line(name: str, version: str, markers: set[str]) -> str:
    needed = "" if "" in markers else f" ; {' or '.join(f'({marker})' for marker in sorted(markers))}"
    return f"{name}=={version}{needed}\n"


def _reached(files: Iterable[Path]) -> list[Path]:
    """The files of ours, and each that they import, directly or by another."""
    found: dict[Path, None] = {}
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found[file] = None
        for module in _imports(file):
            path = ROOT.joinpath(*module.split("."))
            waiting += [each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()]
    return sorted(found)


def _third_party(files: Iterable[Path]) -> set[str]:
    """The distributions that the files import, by their names on the package index."""
    known: Mapping[str, list[str]] = packages_distributions()
    ours = {path.name for path in ROOT.iterdir() if path.is_dir()}
    found: set[str] = set()
    for module in {module for file in files for module in _imports(file)}:
        top, *inner = module.split(".")
        if top not in ours and top not in sys.stdlib_module_names:
            names = [re.sub(r"[-_.]+", "-", name).lower() for name in known[top]]
            # Several distributions share a namespace such as `google`; each has the next part in its name.
            found.add(next((name for name in names if inner and name == f"{top}-{inner[0]}"), names[0]))
    return found


def _imports(file: Path) -> Sequence[str]:
    """The modules that a file imports when it runs, and what may be a module in `from a import b`.

    What a function of `provider/` imports is left out: it runs in the provider's own process.
    """
    return _imported(file.read_text(encoding="utf-8"), not file.is_relative_to(ROOT / "provider"))


@cache
def _imported(text: str, functions: bool) -> Sequence[str]:
    """Of one text once: each pack and each package reads most of the files that the others read."""
    found: list[str] = []
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        elif not _never_runs(node, functions):
            waiting += ast.iter_child_nodes(node)
    return found


def _never_runs(node: ast.AST, functions: bool) -> bool:
    if isinstance(node, ast.FunctionDef):
        return not functions
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


if __name__ == "__main__":
    main()
