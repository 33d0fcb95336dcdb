"""Text that attacks HTML, a shell, YAML, a path or a terminal, in any place of a stack file, ends in a sentence."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from operations.arguments import file_of
from operations.judge_command import refuse_unwritable
from stacks.config import validate
from tests import sharing
from tests.stack_files import pilot_file

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$(touch owned)",
    "`id`",
    "; rm -rf ~",
    "a' || '1",
    "a\nb: c",
    "../../etc/passwd",
    "x\x00.yaml",
    "\x1b[31m",
    "\u202egnp.exe",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "%0d%0aSet-Cookie: x",
    "{{7*7}}",
    "!!python/object/apply:os.system [id]",
    "=cmd|' /C calc'!A0",
)
PILOTS: dict[str, Any] = {platform: pilot_file(platform)["config"] for platform in PLATFORMS}


def texts(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each text in a config."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict):
        for key, one in cast(dict[str, Any], value).items():
            yield from texts(one, (*at, key))
    elif isinstance(value, list):
        for index, one in enumerate(cast(list[Any], value)):
            yield from texts(one, (*at, index))


PLACES = [(platform, place) for platform, config in PILOTS.items() for place in texts(config)]


@settings(max_examples=sharing.examples(150), deadline=None, derandomize=True)
@given(st.sampled_from(PLACES), st.sampled_from(ATTACKS), st.booleans())
def test_an_attack_in_a_stack_file_ends_in_a_sentence_that_is_harmless_itself(
    where: tuple[str, tuple[Any, ...]], attack: str, behind: bool
) -> None:
    platform, place = where
    config = copy.deepcopy(PILOTS[platform])
    holder = config
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = f"{holder[place[-1]]}{attack}" if behind else attack
    with pytest.raises(BadInput) as refused:
        validate(config, "Pulumi.a.yaml")
    for line in str(refused.value).split("\n"):
        assert line.startswith("Pulumi.a.yaml: ") and line.isprintable()


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_as_the_name_of_a_stack_or_as_a_folder_ends_in_a_sentence(attack: str, tmp_path: Path) -> None:
    for name in (attack, f"Pulumi.{attack}.yaml", f"{tmp_path}/Pulumi.{attack}.yaml"):
        with pytest.raises(BadInput) as refused:
            file_of(name)
        assert str(refused.value).isprintable()
    (tmp_path / "file").touch()
    with pytest.raises(BadInput):
        refuse_unwritable(tmp_path / "file" / attack)
