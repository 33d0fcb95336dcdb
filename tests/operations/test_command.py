"""The command as a user meets it: exit codes, what is printed where, and that wrong input is a sentence."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from operations.__main__ import app
from operations.verdict import PROOFS, Verdict
from stacks.config import STACKS

PILOT = STACKS / "Pulumi.aws-pilot.yaml"


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as from a shell."""
    command = [sys.executable, "-m", "operations", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd or STACKS.parent, timeout=200, check=False)


def variant(folder: Path, **keys: object) -> Path:
    document = yaml.safe_load(PILOT.read_text(encoding="utf-8"))
    document["config"] |= {f"mlplatform:{key}": value for key, value in keys.items()}
    path = folder / "Pulumi.variant.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = tmp_path_factory.mktemp("out")
    return run("pilot", "--out", str(out)), out / "aws-pilot"


def test_the_pilot_passes_and_says_so(passed: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    result, _ = passed
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASS" in result.stdout and "Traceback" not in result.stderr
    assert all(proof in result.stdout for proof in PROOFS)


def test_progress_goes_to_standard_error(passed: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    stages = [line.removeprefix("aws-pilot: ") for line in passed[0].stderr.splitlines()]
    assert stages == ["program", "policies", "cost and hardware", "checkov", "report"]


def test_five_files_are_written_and_can_be_read(passed: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    folder = passed[1]
    names = {"report.html", "report.json", "report.sarif", "report.junit.xml", "graph.json"}
    assert {path.name for path in folder.iterdir()} == names
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["passed"] is True and report["stack"] == "aws-pilot"
    assert len(json.loads((folder / "graph.json").read_text(encoding="utf-8"))["resources"]) == 104
    assert json.loads((folder / "report.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert ElementTree.parse(folder / "report.junit.xml").getroot().tag == "testsuites"


def test_the_five_proofs_are_in_order_and_what_was_not_tried_is_not_yet(
    passed: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    report = json.loads((passed[1] / "report.json").read_text(encoding="utf-8"))
    states = {proof["name"]: proof["state"] for proof in report["proofs"]}
    assert tuple(states) == PROOFS
    assert states["exportability"] == "not yet"


def test_every_mandatory_finding_of_the_pilot_is_a_dated_waiver_with_an_owner(
    passed: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    report = json.loads((passed[1] / "report.json").read_text(encoding="utf-8"))
    assert report["findings"]
    for finding in report["findings"]:
        assert finding["place"], "each finding names its Python line"
        assert finding["waived"]["owner"] and finding["waived"]["expires"] and finding["waived"]["reason"]


def test_a_failing_pilot_exits_1_and_prints_json_alone_on_standard_output(tmp_path: Path) -> None:
    endpoints = yaml.safe_load(PILOT.read_text(encoding="utf-8"))["config"]["mlplatform:endpoints"]
    endpoints["document-embedder"]["max_replicas"] = 9
    result = run("preview", str(variant(tmp_path, endpoints=endpoints)), "--format", "json", "--out", str(tmp_path))
    verdict = Verdict.model_validate({**json.loads(result.stdout)})
    assert result.returncode == 1 and not verdict.passed
    assert {"limits-replicas", "quota-declared", "hardware-fit", "limits-ceiling"} <= {f.rule for f in verdict.failing}
    assert next(p for p in verdict.proofs if p.name == "hardware fit").state == "failed"


def test_graph_prints_the_graph_and_nothing_else(tmp_path: Path) -> None:
    result = run("graph", "aws-pilot")
    assert result.returncode == 0 and result.stderr == ""
    graph = json.loads(result.stdout)
    assert set(graph) == {"stack", "platform", "outputs", "resources"}
    keys = {"urn", "type", "name", "parent", "dependencies", "propertyDependencies", "provider", "protect", "inputs"}
    assert keys | {"outputs", "sourcePosition"} <= set(graph["resources"][0])


def test_cost_prints_lines_teams_assumptions_and_second_hand_sources() -> None:
    result = run("cost", "aws-pilot")
    assert result.returncode == 0
    assert all(word in result.stdout for word in ("payments-risk", "assumed:", "second hand:", "ceiling"))


def call(*arguments: str) -> tuple[int, str]:
    """The command in this process, through the same door as the shell's: exit code and what it said."""
    code = "import sys; from operations.__main__ import main; sys.argv[0] = 'mlplatform'; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=100, check=False
    )
    return result.returncode, result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["preview", "aws-pilto"], "'aws-pilto': no such stack; did you mean aws-pilot?"),
        (["graph", "nowhere"], "'nowhere': no such stack; there are aws-pilot"),
        (["cost", "/does/not/Pulumi.exist.yaml"], "no such stack"),
        (["graph", "README.md.yaml"], "allowed: Pulumi.<stack>.yaml"),
        (["preview", "aws-pilot", "--out", "README.md"], "README.md: is a file; name a folder"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_2(arguments: list[str], sentence: str) -> None:
    code, said = call(*arguments)
    assert code == 2
    assert sentence in said and len(said.splitlines()) == 1 and "Traceback" not in said


def test_an_unknown_option_exits_2() -> None:
    assert CliRunner().invoke(app, ["pilot", "--fast"]).exit_code == 2


def test_a_wrong_stack_file_exits_2_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said = call("preview", "aws-pilot", str(variant(tmp_path, zone="x")), "--out", str(out))
    assert code == 2 and "mlplatform:zone: unknown key" in said and "Traceback" not in said
    assert not out.exists(), "one wrong file stops all, and nothing is half done"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(name=st.text(max_size=60))
def test_any_stack_name_is_a_sentence(name: str) -> None:
    result = CliRunner().invoke(app, ["graph", "--", name])
    assert result.exit_code in (1, 2)
    assert result.exception is None or type(result.exception).__name__ in ("BadInput", "SystemExit")


@pytest.mark.parametrize("command", ["pilot", "preview", "graph", "cost", "limits", "schema"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0 and f"mlplatform {command}" in result.output and "Example" in result.output


def test_limits_prints_each_with_its_owner() -> None:
    result = CliRunner().invoke(app, ["limits"], env={"COLUMNS": "200"})
    assert result.exit_code == 0 and "platform-team@example.com" in result.output
