"""A stack file that the engine cannot hand to its program is told, with the number, on each platform."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.stack_files import many_text
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from policies import everywhere
from stacks.config import MAX_FILE_BYTES, handed_bytes, to_engine
from tests.policies.test_sources import stack

EACH = pytest.mark.parametrize("platform", PLATFORMS)


@EACH
@pytest.mark.parametrize(("size", "told"), [(0, False), (131_072, False), (131_073, True)])
def test_what_fits_into_no_variable_is_told(platform: str, size: int, told: bool) -> None:
    (rule,) = [rule for rule in everywhere.rules(platform) if rule.name == "sizes-config"]
    one = stack(platform)
    assert one.placement is not None
    found = rule.judge(replace(one, placement=replace(one.placement, config_bytes=size))).violations
    assert [f"{size:,} bytes" in violation.sentence for violation in found] == [True] * told


def test_a_config_is_as_long_as_its_variable() -> None:
    config = {"mlplatform:team": "risk ä", "mlplatform:models": json.dumps({"m": {"image": "a"}})}
    compact = '{"mlplatform:team":"risk ä","mlplatform:models":"{\\"m\\":{\\"image\\":\\"a\\"}}"}'
    assert handed_bytes(config) == len(f"PULUMI_CONFIG={compact}".encode()) + 1


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is Linux's")
def test_linux_starts_no_process_with_a_longer_variable() -> None:
    # The name, the sign, the value and the zero at its end are one string of execve.
    fits = "x" * (everywhere.VARIABLE_BYTES - len("V=") - 1)
    subprocess.run(["true"], env=os.environ | {"V": fits}, check=True)
    with pytest.raises(OSError, match="Argument list too long"):
        subprocess.run(["true"], env=os.environ | {"V": f"{fits}x"}, check=True)


@EACH
def test_many_models_and_jobs_are_legal_and_a_thousand_are_refused_with_the_number(
    platform: str, tmp_path: Path
) -> None:
    file = tmp_path / "Pulumi.many.yaml"
    file.write_text(many_text(platform, 30), encoding="utf-8")
    assert 0 < handed_bytes(to_engine(file)) < everywhere.VARIABLE_BYTES
    file.write_text(many_text(platform, 1_000), encoding="utf-8")
    with pytest.raises(BadInput, match=rf"found more than {MAX_FILE_BYTES:,} bytes, allowed: .* two stacks of it"):
        to_engine(file)
