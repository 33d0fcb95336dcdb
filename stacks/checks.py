"""What the checks of several sections share: addresses and hardware of the stack's own platform."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Use
from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word
from stacks.fields import Unsaid
from stacks.model import Path, Problem, StackConfig

Check = Callable[[StackConfig], Iterator[Problem]]


def one_by_one(*checks: Check) -> Check:
    """The checks as one. Where one cannot be made, for what it reads is wrong, the others still are."""

    def check(config: StackConfig) -> Iterator[Problem]:
        for each in checks:
            with suppress(Unsaid):
                yield from each(config)

    return check


def address(config: StackConfig, path: Path, uri: str, folder: bool) -> Iterator[Problem]:
    """The address is one of the platform and, where it must be one, that of a folder."""
    form = PLATFORMS[config.platform].uri
    if not re.fullmatch(form.pattern or "", uri):
        yield Problem(path, f"found {found_word(uri)}, allowed: {form.words}")
    elif folder and not uri.endswith("/"):
        yield Problem(path, f"found {found_word(uri)}, allowed: a folder, which ends with '/'")


def offered(config: StackConfig, path: Path, family: str, use: Use) -> Iterator[Problem]:
    """The platform has the hardware family, and offers it for this use."""
    families = catalogue.load(config.platform).families
    if absent := families[family].absent:
        yield Problem(path, f"found {family!r}, which {config.platform} lacks: {absent}")
    elif use not in families[family].uses:
        allowed = ", ".join(name for name, figures in families.items() if use in figures.uses)
        yield Problem(path, f"found {family!r}, which {config.platform} does not offer for {use}, allowed: {allowed}")
