"""What a batch run does, run for real: bash, with a stand-in for mlflow."""

import os
import subprocess
from pathlib import Path

import pytest

from catalogue.scoring import scoring

FILES = ("a.csv", "b.csv", "with space.csv", "2026/a.csv", "2026/11/c.csv")
STAND_IN = """\
#!/bin/bash
while [ $# -gt 0 ]; do case "$1" in
  --input-path) input="$2"; shift 2;; --output-path) output="$2"; shift 2;; *) shift;;
esac; done
echo "$input" >> "$(dirname "$0")/../tried"
grep -q broken "$input" && exit 1
echo "$RANK" >> "$output"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("cards", "transfers", "scores", "bin"):
        (tmp_path / name).mkdir()
    for name in FILES:
        put(tmp_path / "cards" / name)
    put(tmp_path / "transfers/a.csv")
    (tmp_path / "bin/mlflow").write_text(STAND_IN, encoding="utf-8")
    (tmp_path / "bin/mlflow").chmod(0o755)
    return tmp_path


def put(path: Path, text: str = "1,2\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(place: Path, rank: int = 0, replicas: int = 1, concurrency: int = 1) -> int:
    """The exit code of one replica; Azure ML replaces ${{…}} in the command and sets RANK and WORLD_SIZE."""
    command = scoring(["cards", "transfers"], "csv", concurrency)
    for of, names in {"inputs": ("cards", "transfers", "model"), "outputs": ("scores",)}.items():
        for name in names:
            command = command.replace(f"${{{{{of}.{name}}}}}", str(place / name))
    environment = {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "RANK": str(rank), "WORLD_SIZE": str(replicas)}
    return subprocess.run(["bash", "-c", command], env=environment, check=False, timeout=120).returncode


def scores(place: Path) -> dict[str, str]:
    return {str(p.relative_to(place / "scores")): p.read_text() for p in (place / "scores").rglob("*.json")}


ALL = {*(f"cards/{name}.json" for name in FILES), "transfers/a.csv.json"}


@pytest.mark.parametrize(("replicas", "concurrency"), [(1, 4), (2, 1), (7, 2)])
def test_every_file_of_each_input_is_scored_once_by_one_replica(place: Path, replicas: int, concurrency: int) -> None:
    assert [run(place, rank, replicas, concurrency) for rank in range(replicas)] == [0] * replicas
    found = scores(place)
    assert set(found) == ALL
    assert all(len(ranks.splitlines()) == 1 for ranks in found.values())
    assert len(set(found.values())) == min(replicas, len(FILES)), "the replicas share the files"


def test_a_file_that_fails_ends_the_run_badly_and_keeps_no_other_from_its_scores(place: Path) -> None:
    put(place / "cards/b.csv", "broken\n")
    assert run(place) != 0
    assert set(scores(place)) == ALL - {"cards/b.csv.json"}
    assert (place / "tried").read_text().splitlines().count(str(place / "cards/b.csv")) == 3


def test_what_has_scores_is_not_scored_again(place: Path) -> None:
    put(place / "cards/b.csv", "broken\n")
    run(place)
    put(place / "cards/b.csv")
    assert run(place) == 0 and set(scores(place)) == ALL
    assert all(len(ranks.splitlines()) == 1 for ranks in scores(place).values())


def test_an_input_that_is_not_there_ends_the_run_badly(place: Path) -> None:
    (place / "transfers/a.csv").unlink()
    (place / "transfers").rmdir()
    assert run(place) != 0
