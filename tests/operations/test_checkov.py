import json
import os
import runpy
import subprocess
import sys
import tempfile
import textwrap
from collections import defaultdict
from pathlib import Path

import psutil
import pytest

from catalogue.graph import Graph
from operations.checkov import Checkov, CheckovError, CheckovMissing, ScanResult
from operations.rendering import arm, terraform
from operations.rendering.rendered import Rendered
from tests import sharing
from tests.previewing import checkov


def rendered(*resources: object) -> Rendered:
    plan = {"planned_values": {"root_module": {"resources": resources}}}
    return Rendered("terraform_plan", plan, {str(resource): "urn" for resource in resources}, [], [])


ENVIRONMENT = Path(__file__).parents[2] / "policies" / "checkov"
ANSWER = """
framework, path = input().split(" ", 1)
assert framework == "terraform_plan"
print(json.dumps({"checkov_version": "3", "parsing_errors": [], "resources": 1,
    "passed": [{"check_id": "A", "address": json.load(open(path))["planned_values"]["root_module"]["resources"][0]}],
    "failed": [{"check_id": "B", "check_name": "b", "address": "x.y", "guideline": None, "evaluated_keys": ["k"]}]}))
return 0
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def job(body: str) -> str:
    """A stand-in for scan.py whose job this is."""
    return "import json, signal\ndef load():\n    return job\ndef job():\n" + textwrap.indent(body, "    ")


def start(tmp_path: Path, script: str) -> Checkov:
    """Start a stand-in for Checkov: this interpreter and a script of our own."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "scan.py").write_text(script)
    return Checkov.start(tmp_path)


@pytest.fixture
def real() -> Checkov:
    """Checkov itself, which takes a second to import."""
    return checkov()


def test_a_missing_environment_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(CheckovMissing, match=r"is missing: run make setup\.$"):
        Checkov.start(tmp_path)


def test_plans_go_in_and_the_findings_come_out(tmp_path: Path, temporary: Path) -> None:
    with start(tmp_path, job(ANSWER)) as scans:
        for address in ("a.b", "c.d"):
            result = scans.scan(rendered(address))
            assert result.passed[0].address == address
            assert result.failed[0].evaluated_keys == ("k",)
            assert 0 <= result.seconds < 60
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (job("raise ValueError('no such plan')"), "exit code 1: ValueError: no such plan$"),
        (job("import os; os.kill(os.getpid(), signal.SIGKILL)"), "exit code -9: it was ended by SIGKILL$"),
        ("raise ImportError('no module')", "exit code 1: ImportError: no module$"),
        ("raise SystemExit(3)", "exit code 3: no message$"),
        (job("print('{}')\nreturn 0"), "not what scan.py promises: Field required"),
        (job("print('{')\nreturn 0"), "not what scan.py promises: it is no JSON object"),
        (
            job(ANSWER.replace('"parsing_errors": []', '"parsing_errors": ["/plan.json"]')),
            "read 1 of the 1 rendered resources",
        ),
    ],
)
def test_a_failure_is_one_sentence(tmp_path: Path, temporary: Path, script: str, message: str) -> None:
    with start(tmp_path, script) as scans:
        with pytest.raises(CheckovError, match=message) as caught:
            scans.scan(rendered("a.b"))
        assert "\n" not in str(caught.value)
    assert not list(temporary.iterdir())


def test_one_that_hangs_is_a_sentence(tmp_path: Path, temporary: Path) -> None:
    with (
        start(tmp_path, job("signal.pause()")) as scans,
        pytest.raises(CheckovError, match=r"did not finish within 0\.1 seconds"),
    ):
        scans.scan(rendered(), timeout_seconds=0.1)
    assert not list(temporary.iterdir())


def test_a_fork_of_the_real_one_leaves_no_thread_and_no_mark_on_the_next(real: Checkov) -> None:
    """A fork copies the thread that forks and no other: what another holds at that moment would be held for ever."""
    for _ in range(2):
        with pytest.raises(CheckovError, match="read 0 of the 1 rendered"):
            real.scan(rendered({"no": "resource"}))
        assert real.scan(rendered()).failed == ()
    assert psutil.Process(real.pid).num_threads() == 1


TEMPLATE = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@pytest.mark.parametrize(
    "unread",
    [
        rendered({"no": "resource"}),
        Rendered("arm", {"$schema": TEMPLATE, "resources": [{"no": "resource"}]}, {"a": "urn"}, [], []),
        Rendered("arm", {"not": "a template"}, {"a": "urn"}, [], []),
    ],
)
def test_the_real_one_does_not_pass_what_it_cannot_read(real: Checkov, unread: Rendered) -> None:
    with pytest.raises(CheckovError, match="read 0 of the 1 rendered"):
        real.scan(unread)


def test_the_real_one_does_not_pass_over_a_check_it_cannot_load(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ENVIRONMENT / ".venv")
    (tmp_path / "scan.py").write_bytes((ENVIRONMENT / "scan.py").read_bytes())
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "__init__.py").touch()
    (tmp_path / "checks" / "broken.py").write_text("raise ValueError('no rule')")
    with Checkov.start(tmp_path) as scan, pytest.raises(CheckovError, match=r"'broken' .*: no rule$"):
        scan.scan(rendered())


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo", "socket.sendto"])
def test_the_real_one_refuses_a_network(event: str) -> None:
    refuse = runpy.run_path(str(ENVIRONMENT / "scan.py"))["refuse_network"]
    with pytest.raises(ConnectionRefusedError, match=event):
        refuse(event, ())
    refuse("open", ())


@pytest.mark.sweep
def test_our_scan_finds_what_checkovs_own_command_finds(
    aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph, tmp_path: Path, real: Checkov
) -> None:
    """The scan drives Checkov's API, with one of its look-ups made faster; its command line is the reference.

    One command reads all three, for to start it takes longer than to scan: five processor seconds, for what only
    another Checkov or another scan.py changes.
    """
    if not sharing.whole():
        pytest.skip("Checkov's own command takes its time: `make sweeps`")
    command: list[str | Path] = [ENVIRONMENT / ".venv" / "bin" / "checkov", "-o", "json", "--skip-download"]
    command += ["--external-checks-dir", ENVIRONMENT / "checks", "--framework", "terraform_plan", "arm"]
    ours: dict[str, ScanResult] = {}
    for graph in (aws_pilot, gcp_pilot, azure_pilot):
        way = arm if graph.platform == "azure" else terraform
        whole = way.render([resource.to_json() for resource in graph.resources])
        assert not whole.unrendered
        ours[graph.platform] = real.scan(whole)
        path = tmp_path / f"{graph.platform}.json"
        path.write_text(json.dumps(whole.document), encoding="utf-8")
        command += ["-f", path]
    kept = {key: value for key, value in os.environ.items() if key in ("HOME", "LANG", "PATH", "TMPDIR")}
    answer = subprocess.run(command, capture_output=True, text=True, env=kept, timeout=300, check=False)
    theirs: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for report in json.loads(answer.stdout):
        for said in ("passed_checks", "failed_checks"):
            for each in report["results"][said]:
                theirs[Path(each["file_path"]).stem, said].add((each["check_id"], each["resource"]))
    for platform, result in ours.items():
        assert len(theirs[platform, "passed_checks"]) > 30
        assert {(one.check_id, one.address) for one in result.failed} == theirs[platform, "failed_checks"]
        assert {(one.check_id, one.address) for one in result.passed} == theirs[platform, "passed_checks"]
    assert {platform for platform, _ in theirs} == {*ours}
