"""The sections of a stack file, one file each: this folder's, and those of `organisation/sections/`, an adopter's own.

`<section>.py` has a SECTION (stacks/model.py says what one is). `<platform>/<section>.py`, beside this folder or in
`organisation/`, deploys it there.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from pydantic import create_model

from catalogue import organisation
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from catalogue.wording import nearest
from stacks.model import Section, StackConfig

_STACKS = Path(__file__).parent.parent


@cache
def sections() -> Mapping[str, Section[Any]]:
    """Every section by its name, each after those that it stands on. Raises BadInput for a file that cannot be one."""
    found: dict[str, Section[Any]] = {}
    for file, module in _files():
        section: object = getattr(module, "SECTION", None)
        if not isinstance(section, Section):
            raise BadInput(f"{file}: has no section; add one as stacks/sections/budget.py has it, SECTION")
        name = Path(file).stem
        if name in found or name in StackConfig.model_fields:
            raise BadInput(f"{file}: stack files have a key {name} already; give the file another name")
        found[name] = section
    for section in found.values():
        for other in section.after:
            if other not in found:
                raise BadInput(f"{section.module}: stands on {other!r}, which is no section{nearest(other, found)}")
    _refuse_idle_deployers(found)
    try:
        order = list(TopologicalSorter({name: sorted(found[name].after) for name in sorted(found)}).static_order())
    except CycleError as error:
        raise BadInput(f"{' → '.join(error.args[1])}: sections stand on each other; take an `after` away") from None
    return {name: found[name] for name in order}


def _files() -> Iterator[tuple[str, ModuleType]]:
    for module in iter_modules(__path__):
        yield f"stacks/sections/{module.name}.py", import_module(f"stacks.sections.{module.name}")
    yield from organisation.modules("sections")


def _refuse_idle_deployers(found: Mapping[str, Section[Any]]) -> None:
    """Refuse a deployer of the organisation's that no stack would ever run."""
    for platform in PLATFORMS:
        for name in organisation.names(platform):
            file = f"{organisation.NAME}/{platform}/{name}.py"
            if name not in found:
                raise BadInput(f"{file}: deploys {name!r}, which is no section{nearest(name, found)}")
            if (_STACKS / platform / f"{name}.py").is_file():
                raise BadInput(f"{file}: stacks/{platform}/{name}.py deploys that section already; take this file away")


@cache
def stack_model() -> type[StackConfig]:
    """The model of a stack file: the words that every stack has, and one field for each section."""
    fields: dict[str, Any] = {name: (section.value, section.default) for name, section in sections().items()}
    return create_model("StackConfig", __base__=StackConfig, __doc__=StackConfig.__doc__, **fields)


@cache
def deployer(section: str, platform: str) -> str | None:
    """The module that deploys a section on a platform, which is not imported; None where there is no file."""
    if (_STACKS / platform / f"{section}.py").is_file():
        return f"stacks.{platform}.{section}"
    return f"{organisation.NAME}.{platform}.{section}" if section in organisation.names(platform) else None


_SAYS = ("deploy", "reaches", "grants")
"""What a deployer may have, and the program asks of it; stacks/aws/models.py has grants alone."""


def imported(name: str) -> ModuleType:
    """The module of a deployer. Raises BadInput for one of the organisation's that breaks or deploys nothing."""
    if not name.startswith(f"{organisation.NAME}."):
        return import_module(name)
    module = organisation.load(name)
    if not any(callable(getattr(module, each, None)) for each in _SAYS):
        file = f"{name.replace('.', '/')}.py"
        raise BadInput(
            f"{file}: has none of deploy(ground, config), reaches(config) and grants(config); add one as "
            "stacks/aws/budget.py has it"
        )
    return module


def deployers(platform: str) -> list[str]:
    """The module of each section that can be deployed on a platform; none is imported."""
    return [module for name in sections() if (module := deployer(name, platform))]


def refusal(section: Section[Any], platform: str) -> str | None:
    """Why a platform does not take a section; None where something makes it there."""
    return None if section.in_ground or deployer(section.name, platform) else section.lacking(platform)


def asked(config: StackConfig) -> list[Section[Any]]:
    """The sections that a stack has, each after those that it stands on."""
    return [section for section in sections().values() if section.of(config) is not None]


def standing(config: StackConfig) -> list[Section[Any]]:
    """The sections that stand in the phase of a stack: all that it has, or those that need nothing that serves."""
    return [section for section in asked(config) if config.phase == "serve" or config.platform not in section.serves]
