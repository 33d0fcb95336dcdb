"""The earlier verdict that `--against` names: a report that was kept, or what a commit of this repository says."""

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from catalogue.errors import BadInput
from catalogue.files import json_of
from stacks.config import STACKS, stack_name

if TYPE_CHECKING:
    from operations.changes import Earlier

_ROOT = STACKS.parent
_CHECKOV = Path("policies", "checkov", ".venv")
_SECONDS = 600


def earlier(against: str, stacks: Mapping[str, Path], today: date) -> "dict[str, Earlier]":
    """The earlier verdict on each stack, from a report, a folder of reports or a commit.

    `stacks` has the file of each stack by its name. A commit's verdict comes from the commit's own program, policies
    and stack file, judged as of `today` in a copy that is removed again. Raises BadInput where there is no such report
    or commit, or where it cannot be read.
    """
    path = Path(against)
    if path.is_file():
        if len(stacks) > 1:
            raise BadInput(f"--against: {against} is the report of one stack; name the folder that holds all of them")
        return {stack: _kept(path, stack) for stack in stacks}
    if path.is_dir():
        return {stack: _kept(_report(path, stack), stack) for stack in stacks}
    commit = _commit(against)
    if commit is None:
        raise BadInput(
            f"--against: found {against!r:.80}, allowed: a report.json, a folder of reports, or a commit of this "
            "repository"
        )
    return _committed(f"commit {commit[:12]}", commit, stacks, today)


def _report(folder: Path, stack: str) -> Path:
    """The report of a stack in a folder: its own folder, or the one that holds a folder for each stack."""
    held = folder / stack / "report.json"
    return held if held.is_file() else folder / "report.json"


def _kept(report: Path, stack: str) -> "Earlier":
    from pydantic import ValidationError

    from operations.changes import Earlier, VerdictBefore

    graph = report.with_name("graph.json")
    try:
        verdict = VerdictBefore.model_validate(_json(report))
        resources = _json(graph)
    except ValidationError as error:
        what = ".".join(map(str, error.errors()[0]["loc"])) or "all of it"
        raise BadInput(f"--against: {report} is not the report of a verdict, for {what} cannot be read") from None
    if verdict.stack != stack:
        raise BadInput(f"--against: {report} is the report of {verdict.stack!r:.80}, not of {stack}")
    if not isinstance(resources.get("resources"), list):
        raise BadInput(
            f"--against: {graph} is not a resource graph; keep the graph.json that was written with the report"
        )
    return Earlier(f"the report {report}", verdict, resources)


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json_of(path.read_bytes())
    except OSError as error:
        raise BadInput(f"--against: cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise BadInput(f"--against: {path} is not JSON") from None
    return cast(dict[str, Any], read) if isinstance(read, dict) else {}


# ---- a commit -------------------------------------------------------------------------------------------------------


def _git(*arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(["git", "-C", _ROOT, *arguments], env=env, capture_output=True, check=False)
    except FileNotFoundError:
        raise BadInput("--against: git is not on PATH, so no commit can be read; name a report.json instead") from None


def _commit(name: str) -> str | None:
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return found.stdout.decode().strip() if found.returncode == 0 else None


def _committed(since: str, commit: str, stacks: Mapping[str, Path], today: date) -> "dict[str, Earlier]":
    from operations.changes import Earlier

    with tempfile.TemporaryDirectory() as folder:
        # Links lead to where the system puts temporary folders, and the copy compares paths of its own.
        copy = Path(folder).resolve() / "commit"
        _unpack(commit, copy)
        there = {stack: place for stack, file in stacks.items() if (place := _in(copy, file)) is not None}
        if there:
            _judge(since, copy, list(there.values()), today)
        return {
            stack: replace(_kept(copy / "out" / stack / "report.json", stack), since=since)
            if stack in there
            else Earlier(since, None, None)
            for stack in stacks
        }


def _in(copy: Path, file: Path) -> Path | None:
    """Where a stack file stands in the copy. None where it is not of this repository or was not there then."""
    try:
        place = copy / file.resolve().relative_to(_ROOT.resolve())
    except ValueError:
        return None
    return place if place.is_file() else None


def _unpack(commit: str, copy: Path) -> None:
    """Put the files of the commit into a folder. They pass through an index of their own, so the repository stays."""
    index = {**os.environ, "GIT_INDEX_FILE": str(copy.with_name("index"))}
    for arguments in (["read-tree", commit], ["checkout-index", "--all", f"--prefix={copy}{os.sep}"]):
        done = _git(*arguments, env=index)
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise BadInput(f"--against: git cannot unpack {commit[:12]}: {said}")
    environment = _ROOT / _CHECKOV
    if environment.is_dir() and not (copy / _CHECKOV).exists() and (copy / _CHECKOV).parent.is_dir():
        (copy / _CHECKOV).symlink_to(environment, target_is_directory=True)


def _judge(since: str, copy: Path, files: Sequence[Path], today: date) -> None:
    """Run the command of the commit, in this environment, over its own stack files. A failed verdict is one too."""
    # The environment's own Python would also find the packages of this checkout, which the environment names.
    command = [str(Path(sys.executable).resolve()), "-m", "operations", "preview", *map(str, files), "--format", "json"]
    command += ["--out", str(copy / "out"), "--today", today.isoformat()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(copy), sysconfig.get_path("purelib")])}
    try:
        ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BadInput(f"--against: {since} gave no verdict within {_SECONDS} s; name a report.json instead") from None
    if not all((copy / "out" / stack_name(file) / "report.json").is_file() for file in files):
        said = [line.strip(" │") for line in ran.stderr.decode(errors="replace").splitlines()]
        why = next((line for line in reversed(said) if re.search("[a-z]", line)), "it said nothing")
        why = why.replace(f"{copy}{os.sep}", "")
        raise BadInput(f"--against: {since} gives no verdict: {why}")
