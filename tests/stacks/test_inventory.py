"""The inventory files say what the stacks create today. A stack of yours needs none."""

from pathlib import Path

import pytest

from catalogue.platforms import PLATFORMS
from stacks.config import STACKS, stack_name
from tests.inventory_of import FOLDER, written
from tests.previewing import preview

FILES = [STACKS / f"Pulumi.{inventory.stem}.yaml" for inventory in sorted(FOLDER.glob("*.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=stack_name)
def test_inventory_is_what_the_stack_creates(file: Path) -> None:
    today = written(preview(file))
    assert (FOLDER / f"{stack_name(file)}.yaml").read_text(encoding="utf-8") == today, "review, then `make inventory`"


def test_every_pilot_has_an_inventory() -> None:
    assert {f"{platform}-pilot" for platform in PLATFORMS} <= {stack_name(file) for file in FILES}
