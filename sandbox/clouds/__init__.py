"""The simulated clouds, by the name of their provider's package. Each differs from the others in its manners."""

from collections.abc import Mapping
from importlib import import_module

from catalogue.platforms import PLATFORMS
from sandbox.clouds.manners import Manners


def _by_package() -> dict[str, Manners]:
    found = [import_module(f"sandbox.clouds.{platform}").MANNERS for platform in PLATFORMS]
    return {manners.package: manners for manners in found}


CLOUDS: Mapping[str, Manners] = _by_package()


def account_and_region(package: str, inputs: Mapping[str, object]) -> tuple[str, str]:
    """Account and region in which a provider works, read from its inputs.

    A provider of no cloud, such as our own, has none.
    """
    return CLOUDS[package].account_and_region(inputs) if package in CLOUDS else ("", "")
