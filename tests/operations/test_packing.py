"""What travels without the rest of the repository."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from catalogue.platforms import PLATFORMS
from components.package import VERSION, name_of
from operations.packing import ROOT, build_pack, component_requirements
from provider import plugin

# Runs the pack as the engine does, in a process that finds nothing of the repository, and says what it imported.
ALONE = """
import json, pathlib, runpy, sys
import pulumi_policy
folder, root = sys.argv[1:]
sys.path[:] = [folder, *(entry for entry in sys.path if entry and pathlib.Path(entry).resolve() != pathlib.Path(root))]
served = []
pulumi_policy.PolicyPack = lambda name, policies: served.extend(policy.name for policy in policies)
runpy.run_path(folder, run_name="__main__")
files = [m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)]
print(json.dumps({"served": served, "files": files}))
"""


def pinned(text: str) -> dict[str, str]:
    """The distributions that a requirements file names, and their versions."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def test_the_pack_serves_every_rule_without_the_rest_of_the_repository(tmp_path: Path) -> None:
    build_pack(tmp_path / "pack")
    answer = subprocess.run(
        [sys.executable, "-P", "-c", ALONE, str(tmp_path / "pack"), str(ROOT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(answer.stdout)
    assert {name.partition("-")[0] for name in found["served"]} >= set(PLATFORMS)
    here = [Path(file) for file in found["files"] if Path(file).is_relative_to(ROOT)]
    assert [file for file in here if ".venv" not in file.parts and not file.is_relative_to(sys.prefix)] == []
    assert [file for file in found["files"] if Path(file).is_relative_to(tmp_path)]


def test_what_is_the_companys_travels_with_the_pack(tmp_path: Path) -> None:
    own = tmp_path / "organisation"
    own.mkdir()
    (own / "waivers.yaml").write_text("waivers: {}\n", encoding="utf-8")
    build_pack(tmp_path / "pack", own)
    assert (tmp_path / "pack" / "organisation" / "waivers.yaml").read_text(encoding="utf-8") == "waivers: {}\n"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("CKV_AWS_18", ""),
        ("CKV_AWS_99999", "no rule has this name"),
        ("gcp-network-no-public-address", "this rule is never waived"),
    ],
)
def test_the_pack_that_travels_holds_waivers_to_the_same(tmp_path: Path, rule: str, said: str) -> None:
    own = tmp_path / "organisation"
    own.mkdir()
    line = f"{{rule: {rule}, resource: x, type: t, owner: a, reason: b, granted: 2019-06-01, expires: 2020-01-01}}"
    (own / "waivers.yaml").write_text(f"waivers:\n  theirs/prod:\n  - {line}\n", encoding="utf-8")
    build_pack(tmp_path / "pack", own)
    answer = subprocess.run(
        [sys.executable, "-P", "-c", ALONE, str(tmp_path / "pack"), str(ROOT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},  # the tests' own empty folder of that name would be found first
    )
    assert (answer.returncode, said in answer.stderr) == (2 if said else 0, True), answer.stderr


def test_an_environment_stays_while_the_pack_needs_the_same(tmp_path: Path) -> None:
    build_pack(tmp_path / "pack")
    installed = tmp_path / "pack" / ".venv" / "pyvenv.cfg"
    installed.parent.mkdir()
    installed.write_text("", encoding="utf-8")
    build_pack(tmp_path / "pack")
    assert installed.is_file(), "without one the engine waits for ever"
    (tmp_path / "pack" / "requirements.txt").write_text("pulumi==1.0.0\n", encoding="utf-8")
    build_pack(tmp_path / "pack")
    assert not installed.exists()


def test_the_pack_is_built_anew_with_what_it_must_have_installed(tmp_path: Path) -> None:
    stale = tmp_path / "pack" / "left.py"
    stale.parent.mkdir()
    stale.write_text("", encoding="utf-8")
    build_pack(tmp_path / "pack")
    assert not stale.exists()
    needed = pinned((tmp_path / "pack" / "requirements.txt").read_text(encoding="utf-8"))
    assert {"pulumi", "pulumi-policy", "pydantic", "pyyaml"} <= needed.keys()
    assert not {record.sdk.replace("_", "-") for record in PLATFORMS.values()} & needed.keys()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_package_needs_the_sdk_of_its_platform_and_of_no_other(platform: str) -> None:
    text = (ROOT / "components" / platform / "requirements.txt").read_text(encoding="utf-8")
    assert text == component_requirements(platform), "run `make docs`"
    sdks = {name: record.sdk.replace("_", "-") for name, record in PLATFORMS.items()}
    assert {sdk for sdk in sdks.values() if sdk in pinned(text)} == {sdks[platform]}


def test_every_package_has_the_version_of_the_project() -> None:
    about = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^version = "(.+)"$', about, re.MULTILINE).group(1) == VERSION == plugin.VERSION  # type: ignore[union-attr]
    assert [name_of(platform) for platform in PLATFORMS] == ["mlplatform-aws", "mlplatform-gcp", "mlplatform-azure"]
