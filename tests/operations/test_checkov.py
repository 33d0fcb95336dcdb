import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from catalogue.graph import Graph
from operations.checkov import CheckovError, CheckovMissing, CheckovScan
from operations.rendering import arm, terraform
from operations.rendering.rendered import Rendered


def rendered(*resources: object) -> Rendered:
    plan = {"planned_values": {"root_module": {"resources": resources}}}
    return Rendered("terraform_plan", plan, {str(resource): "urn" for resource in resources}, [], [])


ENVIRONMENT = Path(__file__).parents[2] / "policies" / "checkov"
ANSWER = """
import json
framework, path = input().split(" ", 1)
assert framework == "terraform_plan"
print(json.dumps({"checkov_version": "3", "seconds_import": 1, "seconds_scan": 1, "parsing_errors": [], "resources": 1,
    "passed": [{"check_id": "A", "address": json.load(open(path))["planned_values"]["root_module"]["resources"][0]}],
    "failed": [{"check_id": "B", "check_name": "b", "address": "x.y", "guideline": None, "evaluated_keys": ["k"]}]}))
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def start(tmp_path: Path, script: str) -> CheckovScan:
    """Start a stand-in for Checkov: this interpreter and a script of our own."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "scan.py").write_text(script)
    return CheckovScan.start(tmp_path)


def assert_nothing_left(scan: CheckovScan, temporary: Path) -> None:
    assert scan._process.poll() is not None
    assert not list(temporary.iterdir())


def test_a_missing_environment_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(CheckovMissing, match=r"is missing: run make setup\.$"):
        CheckovScan.start(tmp_path)


def test_the_plan_goes_in_and_the_findings_come_out(tmp_path: Path, temporary: Path) -> None:
    scan = start(tmp_path, ANSWER)
    result = scan.scan(rendered("a.b"))
    assert result.passed[0].address == "a.b"
    assert result.failed[0].evaluated_keys == ("k",)
    assert_nothing_left(scan, temporary)
    with pytest.raises(CheckovError, match="one process does one scan"):
        scan.scan(rendered())


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("input(); raise ValueError('no such plan')", "exit code 1: ValueError: no such plan$"),
        ("raise ImportError('no module')", "exit code 1: ImportError: no module$"),
        ("raise SystemExit(3)", "exit code 3: no message$"),
        ("input(); print('{}')", "not what scan.py promises: Field required"),
        (
            ANSWER.replace('"parsing_errors": []', '"parsing_errors": ["/plan.json"]'),
            "read 1 of the 1 rendered resources",
        ),
    ],
)
def test_a_failure_is_one_sentence(tmp_path: Path, temporary: Path, script: str, message: str) -> None:
    scan = start(tmp_path, script)
    with pytest.raises(CheckovError, match=message) as caught:
        scan.scan(rendered("a.b"))
    assert "\n" not in str(caught.value)
    assert_nothing_left(scan, temporary)


def test_one_that_hangs_is_killed(tmp_path: Path, temporary: Path) -> None:
    scan = start(tmp_path, "import signal; signal.pause()")
    with pytest.raises(CheckovError, match=r"did not finish within 0\.1 seconds"):
        scan.scan(rendered(), timeout_seconds=0.1)
    assert_nothing_left(scan, temporary)


def test_leaving_early_kills_it(tmp_path: Path, temporary: Path) -> None:
    with start(tmp_path, "import signal; signal.pause()") as scan:
        assert scan._process.poll() is None
    scan.close()
    assert_nothing_left(scan, temporary)


def test_the_real_one_leaves_quietly_without_a_plan() -> None:
    with CheckovScan.start(ENVIRONMENT) as scan:
        assert scan._process.communicate("\n", timeout=60) == ("", "")
        assert scan._process.returncode == 0


TEMPLATE = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@pytest.mark.parametrize(
    "unread",
    [
        rendered({"no": "resource"}),
        Rendered("arm", {"$schema": TEMPLATE, "resources": [{"no": "resource"}]}, {"a": "urn"}, [], []),
        Rendered("arm", {"not": "a template"}, {"a": "urn"}, [], []),
    ],
)
def test_the_real_one_does_not_pass_what_it_cannot_read(unread: Rendered) -> None:
    with CheckovScan.start(ENVIRONMENT) as scan, pytest.raises(CheckovError, match="read 0 of the 1 rendered"):
        scan.scan(unread)


def test_the_real_one_does_not_pass_over_a_check_it_cannot_load(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ENVIRONMENT / ".venv")
    (tmp_path / "scan.py").write_bytes((ENVIRONMENT / "scan.py").read_bytes())
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "__init__.py").touch()
    (tmp_path / "checks" / "broken.py").write_text("raise ValueError('no rule')")
    with CheckovScan.start(tmp_path) as scan, pytest.raises(CheckovError, match=r"'broken' .*: no rule$"):
        scan.scan(rendered())


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo", "socket.sendto"])
def test_the_real_one_refuses_a_network(event: str) -> None:
    refuse = runpy.run_path(str(ENVIRONMENT / "scan.py"))["refuse_network"]
    with pytest.raises(ConnectionRefusedError, match=event):
        refuse(event, ())
    refuse("open", ())


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_our_scan_finds_what_checkovs_own_command_finds(
    platform: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The scan drives Checkov's API, with one of its look-ups made faster; its command line is the reference."""
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    whole = (arm if platform == "azure" else terraform).render([resource.to_json() for resource in graph.resources])
    assert not whole.unrendered
    with CheckovScan.start(ENVIRONMENT) as checkov:
        ours = checkov.scan(whole)
    path = tmp_path / "rendered.json"
    path.write_text(json.dumps(whole.document), encoding="utf-8")
    command = [ENVIRONMENT / ".venv" / "bin" / "checkov", "-f", path, "--framework", whole.framework, "-o", "json"]
    command += ["--skip-download", "--external-checks-dir", ENVIRONMENT / "checks"]
    kept = {key: value for key, value in os.environ.items() if key in ("HOME", "LANG", "PATH", "TMPDIR")}
    answer = subprocess.run(command, capture_output=True, text=True, env=kept, timeout=120, check=False)
    theirs = json.loads(answer.stdout)["results"]
    assert len(theirs["passed_checks"]) > 30
    assert {(f.check_id, f.address) for f in ours.failed} == {
        (f["check_id"], f["resource"]) for f in theirs["failed_checks"]
    }
    assert {(p.check_id, p.address) for p in ours.passed} == {
        (p["check_id"], p["resource"]) for p in theirs["passed_checks"]
    }
