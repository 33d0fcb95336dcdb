"""The inventory files say what the stacks create today."""

from pathlib import Path

import pytest

from operations.preview import preview
from stacks.config import STACKS, stack_name
from tests.inventory_of import FOLDER, written

FILES = sorted(STACKS.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=stack_name)
def test_inventory_is_what_the_stack_creates(file: Path) -> None:
    today = written(preview(file))
    assert (FOLDER / f"{stack_name(file)}.yaml").read_text(encoding="utf-8") == today, "review, then `make inventory`"


def test_every_inventory_has_its_stack() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {stack_name(file) for file in FILES}
