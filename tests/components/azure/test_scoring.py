"""What a batch run does, run for real: bash, with a stand-in for mlflow."""

import os
import subprocess
from pathlib import Path

import pytest

from components.azure.batch import SCORE

FILES = ("a.csv", "b.csv", "with space.csv", "2026/a.csv", "2026/11/c.csv")
STAND_IN = """\
#!/bin/bash
while [ $# -gt 0 ]; do case "$1" in
  --input-path) input="$2"; shift 2;; --output-path) output="$2"; shift 2;; *) shift;;
esac; done
grep -q broken "$input" && exit 1
echo "$RANK" >> "$output"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("data", "scores", "bin"):
        (tmp_path / name).mkdir()
    for name in FILES:
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text("1,2\n", encoding="utf-8")
    (tmp_path / "bin/mlflow").write_text(STAND_IN, encoding="utf-8")
    (tmp_path / "bin/mlflow").chmod(0o755)
    return tmp_path


def run(place: Path, rank: int, replicas: int) -> int:
    """The exit code of one replica; Azure ML replaces ${{…}} in the command and sets RANK and WORLD_SIZE."""
    command = SCORE
    for name, path in {"inputs.data": "data", "outputs.scores": "scores", "inputs.model": "model"}.items():
        command = command.replace(f"${{{{{name}}}}}", str(place / path))
    environment = {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "RANK": str(rank), "WORLD_SIZE": str(replicas)}
    return subprocess.run(["bash", "-c", command], env=environment, check=False, timeout=120).returncode


@pytest.mark.parametrize("replicas", [1, 2, 7])
def test_every_file_is_scored_once_by_one_replica(place: Path, replicas: int) -> None:
    assert [run(place, rank, replicas) for rank in range(replicas)] == [0] * replicas
    scores = {str(p.relative_to(place / "scores")): p.read_text() for p in (place / "scores").rglob("*.json")}
    assert set(scores) == {f"{name}.json" for name in FILES}
    assert all(len(ranks.splitlines()) == 1 for ranks in scores.values())
    assert len(set(scores.values())) == min(replicas, len(FILES)), "the replicas share the files"


def test_a_file_that_fails_ends_the_run_badly(place: Path) -> None:
    (place / "data/b.csv").write_text("broken\n", encoding="utf-8")
    assert run(place, 0, 1) != 0
