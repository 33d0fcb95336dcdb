"""The sections of a stack file, one file each: this folder's, and those of `organisation/sections/`, an adopter's own.

`<section>.py` has a SECTION (stacks/model.py says what one is). `<platform>/<section>.py`, beside this folder or in
`organisation/`, deploys it there.
"""

from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from pydantic import create_model

from catalogue.errors import BadInput
from stacks.model import Section, StackConfig
from stacks.wording import nearest

HOMES = ("stacks", "organisation")


@cache
def sections() -> Mapping[str, Section[Any]]:
    """Every section by its name, each after those that it stands on. Raises BadInput for a file that cannot be one."""
    found: dict[str, Section[Any]] = {}
    for home in HOMES:
        for module in iter_modules([str(folder / "sections") for folder in _folders(home)]):
            section: object = getattr(import_module(f"{home}.sections.{module.name}"), "SECTION", None)
            file = f"{home}/sections/{module.name}.py"
            if not isinstance(section, Section):
                raise BadInput(f"{file}: has no section; add one as stacks/sections/budget.py has it, SECTION")
            if module.name in found or module.name in StackConfig.model_fields:
                raise BadInput(f"{file}: stack files have a key {module.name} already; give the file another name")
            found[module.name] = section
    for section in found.values():
        for other in section.after:
            if other not in found:
                raise BadInput(f"{section.module}: stands on {other!r}, which is no section{nearest(other, found)}")
    try:
        order = list(TopologicalSorter({name: sorted(found[name].after) for name in sorted(found)}).static_order())
    except CycleError as error:
        raise BadInput(f"{' → '.join(error.args[1])}: sections stand on each other; take an `after` away") from None
    return {name: found[name] for name in order}


@cache
def stack_model() -> type[StackConfig]:
    """The model of a stack file: the words that every stack has, and one field for each section."""
    fields: dict[str, Any] = {name: (section.value, section.default) for name, section in sections().items()}
    return create_model("StackConfig", __base__=StackConfig, __doc__=StackConfig.__doc__, **fields)


@cache
def deployer(section: str, platform: str) -> str | None:
    """The module that deploys a section on a platform, which is not imported; None where there is no file."""
    for home in HOMES:
        for folder in _folders(home):
            if (folder / platform / f"{section}.py").is_file():
                return f"{home}.{platform}.{section}"
    return None


def deployers(platform: str) -> list[str]:
    """The module of each section that can be deployed on a platform; none is imported."""
    return [module for name in sections() if (module := deployer(name, platform))]


def refusal(section: Section[Any], platform: str) -> str | None:
    """Why a platform does not take a section; None where something makes it there."""
    return None if section.in_ground or deployer(section.name, platform) else section.lacking(platform)


def asked(config: StackConfig) -> list[Section[Any]]:
    """The sections that a stack has, each after those that it stands on."""
    return [section for section in sections().values() if section.of(config) is not None]


def _folders(home: str) -> list[Path]:
    spec = find_spec(home)
    return [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []
