"""The edit of a stack file as a pull request: one commit on a branch of its own. The working tree stays as it is."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import join
from shutil import which
from tempfile import TemporaryDirectory

from catalogue.errors import BadInput
from catalogue.registered import Registered
from catalogue.wording import one_line
from stacks.config import display, stack_name

REMOTE = "origin"
"""Where the branch is pushed to, as git calls what a repository was cloned from."""


def branch_of(version: Registered, file: Path) -> str:
    """The branch on which a stack is promoted to a version."""
    return f"promote/{stack_name(file)}-{version.name}-{version.version}"


def opened(file: Path, text: str, version: Registered, digest: str, because: str) -> Iterator[str]:
    """Commit the text of a stack file on a branch, push it, and open the pull request with GitHub's `gh`. Tells each.

    The commit stands on HEAD. Where there is no remote, or no `gh`, it tells what is left to do. Raises BadInput where
    the file is in no repository or has changes that nobody has committed, where the branch is there already, and where
    the remote or GitHub refuses: what was made before stays, and the sentence says what.
    """
    root = Path(_git(file.parent, "rev-parse", "--show-toplevel", why=f"{display(file)}: is in no git repository"))
    path = file.resolve().relative_to(root.resolve()).as_posix()
    if _said(root, "show", f"HEAD:{path}") != file.read_bytes():
        raise BadInput(
            f"{display(file)}: has changes that are in no commit; commit them first, or leave --pull-request out"
        )
    branch, title = branch_of(version, file), f"Serve {version} in {stack_name(file)}"
    if _said(root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") is not None:
        raise BadInput(f"{branch}: is a branch already; look at its pull request, or delete it with `git branch -D`")
    body = f"{version} has the digest {digest}. Its approver: {one_line(because) or 'gave no reason'}."
    commit = _committed(root, path, text, f"{title}\n\n{body}\n")
    _git(root, "branch", branch, commit, why=f"{branch}: git makes no such branch")
    yield f"committed on the branch {branch}: {title}"
    if _said(root, "remote", "get-url", REMOTE) is None:
        yield f"this repository has no remote {REMOTE}; push the branch to where it is reviewed"
        return
    _git(root, "push", "--quiet", REMOTE, branch, why=f"{branch}: is committed here, and {REMOTE} does not take it")
    words = ["gh", "pr", "create", "--head", branch, "--title", title, "--body", body]
    if (gh := which("gh")) is None:
        yield f"pushed to {REMOTE}; gh is not on PATH, so the pull request is yours to open: {join(words)}"
        return
    done = subprocess.run([gh, *words[1:]], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(
            f"{branch}: is pushed to {REMOTE}, and gh opens no pull request: {one_line(done.stderr.strip())}"
        )
    yield f"opened {one_line(done.stdout.strip())}"


def _committed(root: Path, path: str, text: str, message: str) -> str:
    """A commit on HEAD in which the file has this text, made beside the index and the working tree."""
    mode = _git(root, "ls-tree", "HEAD", path, why=f"{path}: git does not read it").partition(" ")[0]
    blob = _git(root, "hash-object", "-w", "--stdin", given=text, why=f"{path}: git does not keep it")
    with TemporaryDirectory() as folder:
        apart = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(root, "read-tree", "HEAD", env=apart, why="HEAD: git does not read it")
        entry = ["--cacheinfo", f"{mode},{blob},{path}"]
        _git(root, "update-index", *entry, env=apart, why=f"{path}: git does not take it")
        tree = _git(root, "write-tree", env=apart, why=f"{path}: git does not take it")
    return _git(root, "commit-tree", tree, "-p", "HEAD", given=message, why="git makes no commit")


def _said(root: Path, *arguments: str) -> bytes | None:
    """What git says; None where it refuses."""
    done = subprocess.run([_program(), "-C", root, *arguments], capture_output=True, check=False)
    return None if done.returncode else done.stdout


def _git(root: Path, *arguments: str, why: str, given: str = "", env: Mapping[str, str] | None = None) -> str:
    """What git says. Raises BadInput, beginning with `why`, where it refuses."""
    done = subprocess.run(
        [_program(), "-C", root, *arguments],
        input=given.encode(),
        env={**os.environ, **(env or {})},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise BadInput(f"{why}: {one_line(done.stderr.decode(errors='replace').strip())}")
    return done.stdout.decode().strip()


def _program() -> str:
    if (git := which("git")) is None:
        raise BadInput("--pull-request: git is not on PATH; leave it out, and commit the file yourself")
    return git
