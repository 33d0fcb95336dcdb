"""What is the company's has a place of its own: a release brings nothing there, and those who sign it are asked."""

import re
import subprocess
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from catalogue import environments, landing_zones
from catalogue.organisation import NAME, PLACES
from catalogue.platforms import PLATFORMS
from policies import levels, limits, waivers
from tests.catalogue.test_organisation import examples_of, put
from tests.conftest import forget

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / NAME / "README.md").read_text(encoding="utf-8")
SIGNED = ("policies/limits.yaml", "policies/waivers.yaml", f"{NAME}/limits.yaml", f"{NAME}/waivers.yaml")
A_COMPANYS = (ROOT / ".github" / "CODEOWNERS").exists()
"""A company's copy has code owners of its own, and files of its own."""


def tracked(*folders: str) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()


@pytest.mark.skipif(A_COMPANYS, reason="this copy is a company's, which has files of its own in its folder")
def test_a_release_brings_nothing_there_but_the_page() -> None:
    assert tracked(NAME) in ([], [f"{NAME}/README.md"]), "what ships stands elsewhere, or a company's copy conflicts"


def test_the_page_names_every_place_and_what_it_has() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
    assert list(rows) == list(PLACES)
    for place, what in PLACES.items():
        assert rows[place].startswith(what), place


def test_what_the_page_shows_is_read_as_it_says(organisation: Path) -> None:
    shown = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
    assert {*shown} == {"limits.yaml", "waivers.yaml", "landing_zones.yaml"}
    for name, text in shown.items():
        put(organisation, name, text)
    forget()
    said = yaml.safe_load(shown["limits.yaml"])
    own = [line for line in limits.load().every() if line.file == limits.OWN]
    for line in own:
        entry = said
        for key in line.at:
            entry = entry[key]
        assert line.model_dump() == entry
    assert {line.at[0] for line in own} == {*said} == {"limits", "environments", "teams", "accounts", "quotas"}
    assert "staging" in environments.names()
    levels.check()
    for stack, entries in yaml.safe_load(shown["waivers.yaml"])["waivers"].items():
        assert [waiver.model_dump() for waiver in waivers.load()[stack]] == entries
    zones = yaml.safe_load(shown["landing_zones.yaml"])["landing_zones"]
    assert {zones[name]["platform"] for name in zones} == {*PLATFORMS}
    loaded = landing_zones.load()
    assert {name: zone.model_dump(exclude_unset=True) for name, zone in loaded.items()} == zones


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert links and all((ROOT / NAME / link).exists() for link in links)


# ---- CODEOWNERS -----------------------------------------------------------------------------------------------------


def owners() -> Mapping[str, list[str]]:
    """The teams of each pattern, in the order of the file: the last that matches counts."""
    lines = (ROOT / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    return {words[0]: words[1:] for line in lines if (words := line.partition("#")[0].split())}


def asked(path: str) -> list[str]:
    """Who GitHub asks for a change of a file."""
    found: list[str] = []
    for pattern, teams in owners().items():
        below = pattern.removeprefix("/")
        if fnmatch(path, f"{below}*" if below.endswith("/") else below):
            found = teams
    return found


@pytest.mark.parametrize("path", SIGNED)
def test_limits_and_waivers_go_to_those_who_sign_them(path: str) -> None:
    """A team is called as an owner is: finops@example.com is @example/finops."""
    if path.endswith("waivers.yaml"):  # none ships, and who signs rules signs what is waived of them
        assert asked(path) == asked("policies/everywhere.py")
        return
    signed = limits.load().every()
    assert {*asked(path)} == {f"@example/{entry.owner.partition('@')[0]}" for entry in signed}


def test_rules_and_kinds_of_both_sides_go_to_the_same_teams() -> None:
    for platform in PLATFORMS:
        for ours, theirs in (("policies", f"{NAME}/policies"), ("catalogue/kinds", f"{NAME}/kinds")):
            assert asked(f"{ours}/{platform}/x.py") == asked(f"{theirs}/{platform}/x.py") != []
    assert asked("policies/exceptions/aws.py") == asked("policies/everywhere.py")
    assert asked("README.md") == []


def test_every_pattern_names_what_is_there_or_may_be_there() -> None:
    files = tracked()
    may_be = [f"{NAME}/{path}" for place in PLACES for path in examples_of(place, "x")] + [".github/CODEOWNERS"]
    for pattern in owners():
        below = pattern.removeprefix("/")
        assert pattern.startswith("/"), "a pattern without it matches at any depth"
        assert any(fnmatch(path, f"{below}*" if below.endswith("/") else below) for path in (*files, *may_be)), pattern


def test_whoever_changes_who_is_asked_is_asked_too() -> None:
    assert asked("CODEOWNERS") and asked(".github/CODEOWNERS")
