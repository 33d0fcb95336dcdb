"""The edit of a promotion as a pull request: one commit on a branch, pushed, opened by gh; nothing else changes."""

import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.registered import Registered
from operations.promoting.pull_request import opened

VERSION, DIGEST = Registered("scorer", 2), f"sha256:{'1' * 64}"
BRANCH = "promote/aws-pilot-scorer-2"
GH = '#!/bin/sh\nprintf "%s\\n" "$@" > "$(dirname "$0")/asked"\necho https://github.com/example/pilots/pull/7\n'


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    return subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack file in a repository that has a remote."""
    for key in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{key}_NAME", "ana")
        monkeypatch.setenv(f"GIT_{key}_EMAIL", "ana@example.com")
    root, remote = tmp_path / "pilots", tmp_path / "remote.git"
    (root / "stacks").mkdir(parents=True)
    (root / "stacks" / "Pulumi.aws-pilot.yaml").write_text("config:\r\n  version: 1\r\n", newline="")
    (root / "other.txt").write_text("committed\n")
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    git(root, "remote", "add", "origin", str(remote))
    return root / "stacks" / "Pulumi.aws-pilot.yaml"


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a `gh` on PATH that does this, beside git alone; an empty one is none."""

    def put(script: str) -> Path:
        tools = tmp_path / "tools"
        tools.mkdir()
        found = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
        (tools / "git").symlink_to(found)
        if script:
            (tools / "gh").write_text(script)
            (tools / "gh").chmod((tools / "gh").stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin" if script else str(tools))
        return tools / "asked"

    return put


def edited(file: Path) -> list[str]:
    text = file.read_bytes().decode().replace("version: 1", "version: 2")
    return list(opened(file, text, VERSION, DIGEST, "recall\nholds"))


def test_the_edit_is_one_commit_on_a_branch_and_a_pull_request(file: Path, gh: Callable[[str], Path]) -> None:
    root, asked = file.parent.parent, gh(GH)
    (root / "other.txt").write_text("what somebody works on\n")
    (root / "new.txt").write_text("x\n")
    before = git(root, "status", "--porcelain")
    committed, pull = edited(file)
    assert committed == f"committed on the branch {BRANCH}: Serve scorer@2 in aws-pilot"
    assert pull == "opened https://github.com/example/pilots/pull/7"
    assert git(root, "diff", "--name-only", "main", BRANCH) == "stacks/Pulumi.aws-pilot.yaml"
    shown = subprocess.run(["git", "show", f"{BRANCH}:stacks/{file.name}"], cwd=root, check=True, capture_output=True)
    assert shown.stdout == b"config:\r\n  version: 2\r\n"
    assert git(root, "status", "--porcelain") == before and git(root, "branch", "--show-current") == "main"
    assert git(root, "ls-remote", "origin", BRANCH).split()[0] == git(root, "rev-parse", BRANCH)
    said = asked.read_text().splitlines()
    assert said[:4] == ["pr", "create", "--head", BRANCH]
    assert said[-1] == f"scorer@2 has the digest {DIGEST}. Its approver: recall holds."


def test_without_gh_or_a_remote_what_is_left_is_told(file: Path, gh: Callable[[str], Path]) -> None:
    gh("")
    _, left = edited(file)
    assert left.startswith("pushed to origin; gh is not on PATH") and f"gh pr create --head {BRANCH}" in left
    root = file.parent.parent
    git(root, "branch", "-D", BRANCH)
    git(root, "remote", "remove", "origin")
    assert edited(file)[1] == "this repository has no remote origin; push the branch to where it is reviewed"


def test_what_git_or_github_refuses_is_one_sentence(file: Path, gh: Callable[[str], Path]) -> None:
    root = file.parent.parent
    gh("#!/bin/sh\necho 'no token' >&2\nexit 4\n")
    with pytest.raises(BadInput, match="is pushed to origin, and gh opens no pull request: no token"):
        edited(file)
    with pytest.raises(BadInput, match=f"{BRANCH}: is a branch already"):
        edited(file)
    git(root, "branch", "-D", BRANCH)
    git(root, "remote", "set-url", "origin", str(root / "gone"))
    with pytest.raises(BadInput, match="is committed here, and origin does not take it: "):
        edited(file)
    file.write_text("config: {}\n")
    with pytest.raises(BadInput, match="has changes that are in no commit"):
        edited(file)


def test_a_file_outside_of_a_repository_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.aws-pilot.yaml"
    path.write_text("config: {}\n")
    with pytest.raises(BadInput, match=re.escape(f"{path.name}: is in no git repository")):
        list(opened(path, "", VERSION, DIGEST, ""))
