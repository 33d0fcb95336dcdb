"""Every workflow that ships names each action by its commit: a tag may be moved to other code.

https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions
"""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "workflows"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in {".yml", ".yaml"})
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\b.*")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_action_is_named_by_its_commit_and_says_its_version(file: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses:\s*(.*)$", file.read_text(encoding="utf-8"), re.M)
    assert used, "a workflow without an action is another test's matter"
    assert [each for each in used if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize("tag", ["actions/checkout@v4", "actions/checkout@v4.2.2 # v4.2.2", "a/b@11bd719 # v4.2.2"])
def test_a_tag_or_a_short_commit_is_found(tag: str) -> None:
    assert not PINNED.fullmatch(tag)


def test_two_workflows_name_one_commit_for_one_version() -> None:
    said = {
        pair for file in FILES for pair in re.findall(r"uses: (\S+)@([0-9a-f]{40} # v[\d.]+)", file.read_text("utf-8"))
    }
    versions = [(action, commit.split()[-1]) for action, commit in said]
    assert len(versions) == len(set(versions))
