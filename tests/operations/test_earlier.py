"""The earlier verdict that `--against` names: a kept report, a folder of them, or a commit."""

import subprocess
from datetime import date
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from operations import earlier, report
from stacks.config import STACKS
from tests.operations.sample_verdict import sample

DAY = date(2026, 11, 26)
FILE = STACKS / "Pulumi.aws-pilot.yaml"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    report.write(sample(), {"resources": []}, tmp_path / "out" / "aws-pilot")
    return tmp_path / "out"


@pytest.mark.parametrize("place", ["aws-pilot/report.json", "aws-pilot", "."])
def test_a_kept_report_is_found_by_its_file_or_a_folder(kept: Path, place: str) -> None:
    found = earlier.earlier(str(kept / place), {"aws-pilot": FILE}, DAY)["aws-pilot"]
    assert found.verdict is not None and found.graph == {"resources": []}
    assert found.verdict.cost.ceiling_usd == sample().cost.ceiling_usd


def refusal(against: Path | str, *stacks: str) -> str:
    with pytest.raises(BadInput) as refused:
        earlier.earlier(str(against), dict.fromkeys(stacks or ("aws-pilot",), FILE), DAY)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_no_earlier_verdict_is_a_sentence(kept: Path, tmp_path: Path) -> None:
    whole = kept / "aws-pilot" / "report.json"
    assert "allowed: a report.json, a folder of reports, or a commit" in refusal("no-such-ref")
    assert "allowed: a report.json" in refusal("--upload-pack=x")
    assert "is the report of one stack" in refusal(whole, "aws-pilot", "gcp-pilot")
    assert "is the report of 'aws-pilot', not of gcp-pilot" in refusal(whole, "gcp-pilot")
    assert "cannot read" in refusal(tmp_path)
    whole.write_text("{", encoding="utf-8")
    assert "is not JSON" in refusal(kept)
    whole.write_text('{"stack": "aws-pilot"}', encoding="utf-8")
    assert "is not the report of a verdict, for passed cannot be read" in refusal(kept)
    whole.write_text("[]", encoding="utf-8")
    assert "is not the report of a verdict" in refusal(kept)


def test_a_graph_that_was_not_kept_is_a_sentence(kept: Path) -> None:
    (kept / "aws-pilot" / "graph.json").write_text("{}", encoding="utf-8")
    assert "is not a resource graph" in refusal(kept)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose `operations` writes a report for the files that it is given."""
    root = tmp_path / "repository"
    (root / "stacks").mkdir(parents=True)
    (root / "stacks" / "Pulumi.aws-pilot.yaml").write_text("config: {}\n", encoding="utf-8")
    (root / "operations.py").write_text(
        "import json, pathlib, sys\n"
        "out = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])\n"
        "if 'broken' in pathlib.Path('stacks/Pulumi.aws-pilot.yaml').read_text(): sys.exit('it is broken')\n"
        "folder = out / 'aws-pilot'; folder.mkdir(parents=True)\n"
        "day = sys.argv[sys.argv.index('--today') + 1]\n"
        "verdict = {'stack': 'aws-pilot', 'passed': True, 'findings': [], 'cost': {'idle_usd': 1, 'ceiling_usd': 2}}\n"
        "(folder / 'report.json').write_text(json.dumps(verdict))\n"
        "(folder / 'graph.json').write_text(json.dumps({'resources': [], 'day': day, 'path': sys.path}))\n",
        encoding="utf-8",
    )
    commit(root, "init", "-q")
    commit(root, "add", ".")
    commit(root, "commit", "-qm", "one")
    monkeypatch.setattr(earlier, "_ROOT", root)
    return root


def commit(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)


def test_a_commit_is_judged_by_its_own_program_in_a_copy(repository: Path) -> None:
    stacks = {
        "aws-pilot": repository / "stacks" / "Pulumi.aws-pilot.yaml",
        "new": repository / "stacks" / "Pulumi.new.yaml",
    }
    stacks["aws-pilot"].write_text("config: {broken: true}\n", encoding="utf-8")
    found = earlier.earlier("HEAD", stacks, DAY)
    assert found["new"].verdict is None, "it did not exist then"
    one = found["aws-pilot"]
    assert one.verdict is not None and one.verdict.cost.ceiling_usd == 2, "the file of the commit, not of the folder"
    assert one.since.startswith("commit ") and one.graph is not None and one.graph["day"] == "2026-11-26"
    assert str(STACKS.parent) not in one.graph["path"], "this checkout's packages are not on its path"
    assert (
        subprocess.run(["git", "-C", repository, "worktree", "list"], capture_output=True, check=True).stdout.count(
            b"\n"
        )
        == 1
    )


def test_a_commit_that_gives_no_verdict_says_why(repository: Path) -> None:
    file = repository / "stacks" / "Pulumi.aws-pilot.yaml"
    file.write_text("broken", encoding="utf-8")
    commit(repository, "commit", "-aqm", "two")
    with pytest.raises(BadInput, match="gives no verdict: it is broken"):
        earlier.earlier("HEAD", {"aws-pilot": file}, DAY)
