"""What the checks of several sections share: addresses and hardware of the stack's own platform."""

import re
from collections.abc import Iterator

from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Use
from catalogue.platforms import PLATFORMS, Form
from catalogue.wording import found_word
from stacks.model import Path, Problem, StackConfig


def address(config: StackConfig, path: Path, uri: str, further: Form | None = None) -> Iterator[Problem]:
    """The address is one of the platform, and has the further form where one is given."""
    for form in (PLATFORMS[config.platform].uri, further):
        if form and not re.fullmatch(form.pattern or "", uri):
            yield Problem(path, f"found {found_word(uri)}, allowed: {form.words}")
            return


def pulled(config: StackConfig, path: Path, image: str) -> Iterator[Problem]:
    """The platform can pull the image: its registry is one that the ML service reads, and of a region that it reads."""
    form = PLATFORMS[config.platform].image
    # A region that is none is a mistake of its own, and no second one of each image.
    region = config.region if config.region in catalogue.region_names(config.platform) else "[a-z0-9-]+"
    if not re.fullmatch((form.pattern or "").replace("{region}", region), image):
        yield Problem(path, f"found {found_word(image)}, allowed: {form.words.replace('{region}', config.region)}")


def offered(config: StackConfig, path: Path, family: str, use: Use) -> Iterator[Problem]:
    """The platform has the hardware family, and offers it for this use."""
    families = catalogue.load(config.platform).families
    if absent := families[family].absent:
        yield Problem(path, f"found {family!r}, which {config.platform} lacks: {absent}")
    elif use not in families[family].uses:
        allowed = ", ".join(name for name, figures in families.items() if use in figures.uses)
        yield Problem(path, f"found {family!r}, which {config.platform} does not offer for {use}, allowed: {allowed}")
