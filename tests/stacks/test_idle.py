"""What a stack file may say of what stands idle."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from stacks.config import read_stack_file
from tests.stack_files import pilot_file

GOOD = {"owner": "risk@example.com", "reason": "the auditors call it once a quarter", "until": "2027-01-31"}


def written(folder: Path, exempt: Any) -> Path:
    document = pilot_file("gcp")
    document["config"]["mlplatform:idle"] = {"exempt": exempt}
    file = folder / "Pulumi.gcp-pilot.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_an_exemption_has_owner_reason_and_last_day(tmp_path: Path) -> None:
    config = read_stack_file(written(tmp_path, {"fraud-scorer": GOOD}))
    assert config.idle is not None and config.idle.exempt["fraud-scorer"].until == "2027-01-31"


@pytest.mark.parametrize(
    ("exempt", "says"),
    [
        ({"fraud-scorers": GOOD}, "names no endpoint of this file; did you mean fraud-scorer?"),
        ({"fraud-scorer": {**GOOD, "until": "2027-02-30"}}, "a day such as 2027-01-31"),
        ({"fraud-scorer": {**GOOD, "reason": "why"}}, "mlplatform:idle.exempt.fraud-scorer.reason"),
        ({"fraud-scorer": {"reason": GOOD["reason"], "until": GOOD["until"]}}, "owner"),
    ],
)
def test_a_wrong_exemption_is_refused_with_its_key(tmp_path: Path, exempt: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_stack_file(written(tmp_path, exempt))
