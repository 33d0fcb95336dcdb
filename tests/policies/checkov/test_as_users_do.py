"""Each of our checks passes and fails on files that a user of Terraform, ARM or Bicep would write."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
POLICIES = Path(__file__).parents[3] / "policies"
CHECKOV = POLICIES / "checkov"
FIXTURES = sorted((HERE / "fixtures").iterdir())
OURS = [one for one in (POLICIES / "checks.txt").read_text(encoding="utf-8").split() if one.startswith("CKV_MLP_")]


@pytest.fixture(scope="module")
def said() -> set[tuple[str, str, bool]]:
    """What Checkov's own runners say of all files in one run: the file, the check, and whether it passes."""
    command = [CHECKOV / ".venv" / "bin" / "python", "-I", HERE / "run_as_users_do.py"]
    done = subprocess.run(
        [*command, HERE / "fixtures", CHECKOV / "checks"], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stderr == ""
    return {(file, check, passed) for file, check, passed in json.loads(done.stdout)}


@pytest.mark.parametrize("fixture", FIXTURES, ids=[file.name for file in FIXTURES])
def test_a_file_says_what_its_name_says(said: set[tuple[str, str, bool]], fixture: Path) -> None:
    name = re.fullmatch(r"(ckv_mlp_[0-9]+)_(passes|fails)\.(tf|json|bicep)", fixture.name)
    assert name is not None
    check, passes = name[1].upper(), name[2] == "passes"
    assert (fixture.name, check, passes) in said
    assert (fixture.name, check, not passes) not in said


def test_each_check_has_both_files_in_each_form_that_it_reads() -> None:
    names = {file.name for file in FIXTURES}
    page = (POLICIES.parent / "docs" / "checkov.md").read_text(encoding="utf-8")
    forms = dict(re.findall(r"^\| (CKV_MLP_[0-9]+) \|.*\| (Terraform|ARM, Bicep) \|", page, re.MULTILINE))
    endings = {"Terraform": ("tf",), "ARM, Bicep": ("json", "bicep")}
    wanted = {
        f"{check.lower()}_{way}.{ending}"
        for check in OURS
        for way in ("passes", "fails")
        for ending in endings[forms[check]]
    }
    assert names == wanted


def test_the_page_is_that_of_the_checks() -> None:
    made = subprocess.run(
        [sys.executable, "-I", CHECKOV / "documentation.py"], capture_output=True, text=True, check=True, timeout=60
    )
    assert (POLICIES.parent / "docs" / "checkov.md").read_text(encoding="utf-8") == made.stdout, "run `make docs`"
