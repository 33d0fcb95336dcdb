"""The command as a user meets it: exit codes, what is printed where, and that wrong input is a sentence."""

import json
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer.main
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.core import TyperGroup
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS
from components.azure.names import worldwide
from operations import console
from operations.__main__ import application, main
from operations.commands import pilot
from operations.verdict import PROOFS, Verdict
from stacks.config import STACKS, stack_file
from tests import sharing
from tests.commanding import here

PILOT = STACKS / "Pulumi.aws-pilot.yaml"


def call(*arguments: str) -> tuple[int, str]:
    """The exit code of the command, and what it said on standard error."""
    done = here(*arguments)
    return done.returncode, done.stderr


def variant(folder: Path, **keys: object) -> Path:
    document = yaml.safe_load(PILOT.read_text(encoding="utf-8"))
    document["config"] |= {f"mlplatform:{key}": value for key, value in keys.items()}
    path = folder / "Pulumi.variant.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


Passed = tuple[subprocess.CompletedProcess[str], Path]
PILOTS = ("aws-pilot", "azure-pilot", "gcp-pilot")
EACH = pytest.mark.parametrize("stack", PILOTS)


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Passed:
    out = tmp_path_factory.mktemp("out")
    # Not `pilot`: whoever keeps a stack file of their own in stacks/ would have it judged here as well.
    return here("preview", *PILOTS, "--out", str(out)), out


def test_help_breaks_where_the_terminal_does() -> None:
    said = CliRunner().invoke(application(), ["step", "--help"], env={"COLUMNS": "200"}).stdout
    assert "Nothing is changed. Exits 1 where the step replaces or deletes what holds data" in said
    said = CliRunner().invoke(application(), ["sandbox", "steps", "--help"], env={"COLUMNS": "200"}).stdout
    assert "Usage: mlplatform sandbox steps" in said


def test_pilot_judges_each_stack_file_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Path] = []
    monkeypatch.setattr(pilot, "STACKS", tmp_path)
    monkeypatch.setattr(pilot, "judge_and_show", lambda files, *_: judged.extend(files))
    none = CliRunner().invoke(application(), ["pilot"])
    assert isinstance(none.exception, BadInput) and "holds no Pulumi" in str(none.exception)
    mine = [tmp_path / f"Pulumi.{name}.yaml" for name in ("a", "b")]
    for file in (*mine, tmp_path / "Pulumi.yaml"):
        file.touch()
    assert CliRunner().invoke(application(), ["pilot"]).exit_code == 0
    assert judged == mine


def report_of(passed: Passed, stack: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((passed[1] / stack / "report.json").read_text(encoding="utf-8"))
    return report


def test_the_pilots_pass_and_end_in_one_comparison(passed: Passed) -> None:
    result, out = passed
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASS" in result.stdout and "Traceback" not in result.stderr
    comparison = result.stdout.partition("Side by side")[2]
    assert all(word in comparison for word in (*PROOFS, *PILOTS, "idle floor", "ceiling", "resources", "findings"))
    page = (out / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{stack}/report.html"' in page for stack in PILOTS)


@EACH
def test_progress_goes_to_standard_error(passed: Passed, stack: str) -> None:
    lines = [line.partition(": ") for line in passed[0].stderr.splitlines()]
    stages = [stage for name, _, stage in lines if name == stack]
    assert stages == ["program", "policies", "cost and hardware", "checkov", "report"]


@EACH
def test_five_files_are_written_and_can_be_read(passed: Passed, stack: str) -> None:
    folder = passed[1] / stack
    names = {"report.html", "report.json", "report.sarif", "report.junit.xml", "graph.json"}
    assert {path.name for path in folder.iterdir()} == names
    report = report_of(passed, stack)
    assert report["passed"] is True and report["stack"] == stack
    resources = json.loads((folder / "graph.json").read_text(encoding="utf-8"))["resources"]
    cloud = [r for r in resources if r["custom"] and not r["type"].startswith("pulumi:providers:")]
    assert len(cloud) == report["resources"] > 80
    assert json.loads((folder / "report.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert ElementTree.parse(folder / "report.junit.xml").getroot().tag == "testsuites"


@EACH
def test_the_five_proofs_are_in_order_and_what_was_not_tried_is_not_yet(passed: Passed, stack: str) -> None:
    states = {proof["name"]: proof["state"] for proof in report_of(passed, stack)["proofs"]}
    assert tuple(states) == PROOFS
    assert states.pop("exportability") == "not yet"
    assert set(states.values()) == {"planned"}


@EACH
def test_every_finding_of_a_pilot_is_an_exception_of_the_design_and_none_a_waiver(passed: Passed, stack: str) -> None:
    report = report_of(passed, stack)
    found = report["findings"]
    assert found and report["counts"] == {"fails": 0, "advisory": 0, "waived": 0, "excepted": len(found)}
    for finding in found:
        assert finding["place"], "each finding names its Python line"
        assert finding["excepted"]["reason"] and (STACKS.parent / finding["excepted"]["decision"]).is_file()
        assert finding["waived"] is finding["waiver"] is finding["never_waived"] is None


COPIES = [
    ("aws-pilot", "claims"),
    ("gcp-pilot", "credit-lines-of-europe"),
    *(("azure-pilot", name) for name in ("a", "credit-lines-of-europe")),
]
"""Another team's name, the shortest there is and the longest: Azure cuts names that are made of it."""


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Passed:
    """Each pilot copied into another folder, under other names, for another team, with a bucket of its own; and beside
    them a stack with too many replicas and a batch job that runs too long. The verdicts are printed as JSON.

    One run for all, for to start Checkov and the three SDKs costs more than to judge.
    """
    folder = tmp_path_factory.mktemp("of-another-team")
    copies: list[str] = []
    for stack, name in COPIES:
        document = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
        document["config"] |= {"mlplatform:team": name, "mlplatform:owner": f"{name}@company.example"}
        # What lies in the pilot's own bucket and repository lies in the copy's.
        text = yaml.safe_dump(document).replace(f"{stack}-", f"{copy_of(stack, name)}-")
        account = document["config"]["mlplatform:account"]
        own, theirs = (worldwide(each, account, "images") for each in (stack, copy_of(stack, name)))
        text = text.replace(own, theirs)  # on Azure the repository is a registry
        copy = folder / stack / f"Pulumi.{copy_of(stack, name)}.yaml"
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text, encoding="utf-8")
        copies.append(str(copy))
    config = yaml.safe_load(PILOT.read_text(encoding="utf-8"))["config"]
    jobs, endpoints = config["mlplatform:batch_jobs"], config["mlplatform:endpoints"]
    jobs["fraud-backfill"]["max_hours"] = 9
    endpoints["document-embedder"]["max_replicas"] = 9
    failing = variant(folder, batch_jobs=jobs, endpoints=endpoints)
    out = folder / "out"
    return here("preview", *copies, str(failing), "--format", "json", "--out", str(out)), out


def copy_of(stack: str, name: str) -> str:
    """The name of a copy: at most 22 characters, as a stack's may be."""
    return f"{name[: 22 - 4].rstrip('-')}-{stack[:3]}"


@pytest.mark.parametrize(("stack", "name"), COPIES)
def test_a_pilot_copied_under_another_name_passes_with_the_same_counts(
    passed: Passed, others: Passed, stack: str, name: str
) -> None:
    ours, theirs = report_of(passed, stack), report_of(others, copy_of(stack, name))
    for key in ("passed", "counts", "checks_passed", "resources"):
        assert ours[key] == theirs[key], key
    assert [f["rule"] for f in ours["findings"]] == [f["rule"] for f in theirs["findings"]]
    assert [(p["name"], p["state"]) for p in ours["proofs"]] == [(p["name"], p["state"]) for p in theirs["proofs"]]
    assert ours["cost"]["ceiling_usd"] == theirs["cost"]["ceiling_usd"]


def test_a_waiver_of_a_stack_in_another_folder_is_taken_and_one_of_no_stack_refused(organisation: Path) -> None:
    file = variant(organisation.parent)
    line = (
        "{rule: limits-retention, resource: x, type: t, owner: a, reason: b, granted: 2026-11-20, expires: 2027-01-01}"
    )
    judged = ("preview", str(file), "--out", str(organisation.parent / "out"), "--today", "2026-11-26")
    (organisation / "waivers.yaml").write_text(f"waivers:\n  variant:\n  - {line}\n", encoding="utf-8")
    assert here(*judged).returncode == 0
    (organisation / "waivers.yaml").write_text(f"waivers:\n  variants:\n  - {line}\n", encoding="utf-8")
    code, said = call(*judged)
    assert code == 2 and "did you mean variant?" in said and "Traceback" not in said


def failed_of(others: Passed) -> Verdict:
    """The verdict of the one that fails, which stands last as it was named."""
    verdicts = [Verdict.model_validate(one) for one in json.loads(others[0].stdout)["verdicts"]]
    assert [one.passed for one in verdicts] == [True] * len(COPIES) + [False]
    return verdicts[-1]


def test_a_failing_stack_is_told_the_lines_that_waive_it_and_that_this_is_reviewed(others: Passed) -> None:
    screen = Console(record=True, file=StringIO())
    console.render(failed_of(others), screen)
    said = " ".join(screen.export_text().split())
    assert "write under waivers, variant in organisation/waivers.yaml what follows" in said and "CODEOWNERS" in said
    of = "rule: limits-batch-time, resource: variant-fraud-backfill, type: 'aws:"
    assert f"- {{{of}" in said or f"- {{{of.replace(chr(39), '')}" in said


@EACH
def test_no_tool_but_our_policies_knows_our_own_provider_and_the_report_says_so(passed: Passed, stack: str) -> None:
    own = {"aws-pilot": 0, "azure-pilot": 5, "gcp-pilot": 6}
    assert len(report_of(passed, stack)["policies_only"]) == own[stack]


def test_one_failing_stack_exits_1_and_prints_json_alone_on_standard_output(others: Passed) -> None:
    verdict = failed_of(others)
    assert others[0].returncode == 1
    assert {"limits-replicas", "quota-declared", "limits-ceiling"} <= {f.rule for f in verdict.failing}
    assert next(p for p in verdict.proofs if p.name == "hardware fit").state == "failed"


def test_the_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(application(), ["--version"])
    assert result.exit_code == 0 and result.output == f"mlplatform {version('mlplatform')}\n"


@pytest.mark.usefixtures("warm")
def test_graph_prints_the_graph_and_nothing_else() -> None:
    result = CliRunner().invoke(application(), ["graph", "aws-pilot"])
    assert result.exit_code == 0 and result.stderr == ""
    graph = json.loads(result.stdout)
    assert set(graph) == {"stack", "platform", "placement", "outputs", "resources"}
    keys = {"urn", "type", "name", "parent", "dependencies", "propertyDependencies", "provider", "protect", "inputs"}
    assert keys | {"outputs", "sourcePosition"} <= set(graph["resources"][0])


@pytest.mark.usefixtures("warm")
def test_cost_prints_lines_teams_assumptions_and_second_hand_sources() -> None:
    result = CliRunner().invoke(application(), ["cost", "aws-pilot"], env={"COLUMNS": "200"})
    assert result.exit_code == 0 and "everything" in result.stdout
    assert "unknown" not in result.stdout and "at least" not in result.stdout
    assert all(word in result.stdout for word in ("payments-risk", "assumed:", "second hand:", "ceiling"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["pilot", "aws-pilot"], "takes none; `uv run mlplatform preview aws-pilot` judges these"),
        (["preview", "aws-pilto"], "'aws-pilto': no such stack; did you mean aws-pilot?"),
        (["graph", "nowhere"], "'nowhere': no such stack; there are aws-full, aws-pilot"),
        (["cost", "/does/not/Pulumi.exist.yaml"], "/does/not/Pulumi.exist.yaml: is not there; give the path"),
        (["preview", "aws-pilot", "--out", "/proc/here"], "/proc/here: /proc cannot be written; name another folder"),
        (["graph", "README.md.yaml"], "allowed: Pulumi.<stack>.yaml"),
        (["preview", "aws-pilot", "--out", "README.md"], "README.md: is a file; name a folder"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_2(arguments: list[str], sentence: str) -> None:
    code, said = call(*arguments)
    assert code == 2
    assert sentence in said and len(said.splitlines()) == 1 and "Traceback" not in said


def test_a_file_beside_it_that_is_no_stacks_stops_no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Pulumi.mine.yaml", "Pulumi.A copy.yaml"):
        (tmp_path / name).touch()
    monkeypatch.setattr("stacks.config.STACKS", tmp_path)
    assert stack_file("mine") == tmp_path / "Pulumi.mine.yaml"
    with pytest.raises(BadInput, match=r"found the file name 'Pulumi.A copy.yaml'"):
        stack_file("A copy")


@pytest.mark.parametrize("place", ["under/README.md", "README.md/below"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_judged(tmp_path: Path, place: str) -> None:
    (tmp_path / "README.md").write_text("a file", encoding="utf-8")
    (tmp_path / "under").mkdir(mode=0o500)
    out = tmp_path / place
    if place.startswith("under") and os.access(out.parent, os.W_OK):
        pytest.skip("this user may write everywhere")
    code, said = call("preview", "aws-pilot", "--out", str(out))
    assert code == 2 and "name" in said and "--out" in said and len(said.splitlines()) == 1


@pytest.mark.parametrize("at", ["import typer", "aws-pilot: program"])
def test_ctrl_c_ends_in_one_line_at_any_moment(tmp_path: Path, at: str) -> None:
    """The process stops itself where it says so, before the signal comes: nothing depends on how fast it is."""
    code = (
        "import os, signal, sys, builtins; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "original = builtins.__import__\n"
        "def importing(name, *rest):\n"
        "    if name == 'typer' and 'interrupt' in sys.argv: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return original(name, *rest)\n"
        "builtins.__import__ = importing\n"
        "from operations.__main__ import main\n"
        "main()\n"
    )
    early = ["interrupt"] if at == "import typer" else []
    command = [sys.executable, "-c", code, "preview", "aws-pilot", "--out", str(tmp_path), *early]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = [] if early else [process.stderr.readline()]
        if not early:
            process.send_signal(signal.SIGINT)
        said += process.stderr.readlines()
    assert process.returncode == 130
    assert said[-1] == "stopped; reports that are not whole were not written\n"
    assert not [line for line in said if "Traceback" in line or "Error" in line]


def test_an_unknown_option_exits_2() -> None:
    assert CliRunner().invoke(application(), ["pilot", "--fast"]).exit_code == 2


def test_a_wrong_stack_file_exits_2_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said = call("preview", "aws-pilot", str(variant(tmp_path, zone="x")), "--out", str(out))
    assert code == 2 and "mlplatform:zone: unknown key" in said and "Traceback" not in said
    assert not out.exists(), "one wrong file stops all, and nothing is half done"


@settings(max_examples=sharing.examples(60), deadline=None, derandomize=True)
@given(name=st.text(max_size=60))
def test_any_stack_name_is_a_sentence(name: str) -> None:
    result = CliRunner().invoke(application(), ["graph", "--", name])
    assert result.exit_code in (1, 2)
    assert result.exception is None or type(result.exception).__name__ in ("BadInput", "SystemExit")


@pytest.mark.parametrize("command", ["pilot", "preview", "graph", "cost", "prices", "limits", "schema"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(application(), [command, "--help"])
    assert result.exit_code == 0 and f"mlplatform {command}" in result.output and "Example" in result.output


def test_limits_prints_each_with_its_owner() -> None:
    result = CliRunner().invoke(application(), ["limits"], env={"COLUMNS": "200"})
    assert result.exit_code == 0 and "platform-team@example.com" in result.output


def test_kinds_lists_what_is_known_and_all_that_is_known_of_one() -> None:
    listed = CliRunner().invoke(application(), ["kinds", "aws"], env={"COLUMNS": "200"})
    assert listed.exit_code == 0 and "aws:kms/key:Key" in listed.output and "gcp:" not in listed.output
    narrow = CliRunner().invoke(application(), ["kinds"], env={"COLUMNS": "80"}).output
    for platform in PLATFORMS:
        assert [token for token in kinds(platform) if len(token) < 80 and token not in narrow] == []
    one = CliRunner().invoke(application(), ["kinds", "aws:sagemaker/endpoint:Endpoint"], env={"COLUMNS": "200"})
    assert one.exit_code == 0 and "costs only" in one.output and "aws_sagemaker_endpoint" in one.output
    assert "from source" in one.output and "https://" in one.output
    assert "not yet read" in one.stdout and "sagemaker:CreateEndpoint" in one.stdout
    as_json = json.loads(CliRunner().invoke(application(), ["kinds", "gcp", "--format", "json"]).output)["kinds"]
    assert [kind["type"] for kind in as_json] == [kind.token for kind in kinds("gcp").values()]
    for fact in (fact for kind in as_json for fact in kind["facts"]):
        assert fact["where"] and (fact["is"] is None) == (fact["status"] == "not yet") == (fact["read"] is None)
    wrong = CliRunner().invoke(application(), ["kinds", "aws:kms/key:Kay"])
    assert isinstance(wrong.exception, BadInput) and "did you mean aws:kms/key:Key?" in str(wrong.exception)


def test_one_bad_stack_file_hides_no_mistake_of_another(tmp_path: Path) -> None:
    files: list[str] = []
    for stack, wrong in (("one", {"team": "Not A Slug"}), ("two", {}), ("three", {"feature_store": {"x": 1}})):
        folder = tmp_path / stack
        folder.mkdir()
        files.append(str(variant(folder, **wrong).rename(folder / f"Pulumi.{stack}.yaml")))
    result = CliRunner().invoke(application(), ["preview", *files, "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, BadInput)
    first, second = str(result.exception).split("\n")
    assert first.startswith(f"{files[0]}: mlplatform:team: found 'Not A Slug'")
    assert second.startswith(f"{files[2]}: mlplatform:feature_store: unknown key; a feature store is not there yet")
    assert not (tmp_path / "out").exists()


def test_the_help_and_the_readme_name_all_that_changes_a_cloud() -> None:
    """`prices refresh --yes` writes the catalogue, `promote --yes` a stack file; all else that says --yes is there."""
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    asks = {name for name, one in group.commands.items() if any("--yes" in option.opts for option in one.params)}
    asks -= {"promote"}
    readme = (STACKS.parent / "README.md").read_text(encoding="utf-8")
    (changes,) = re.findall(r"what says `--yes` or asks first \(([^)]*)\) changes it", readme)
    for said in (group.help or "", changes):
        assert asks and asks <= {*re.findall(r"`([a-z]+)", said)}


def test_a_wrong_choice_is_told_without_words_of_a_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typer hands on pydantic's sentence, which begins with "Value error, "."""
    monkeypatch.setattr(sys, "argv", ["mlplatform", "cost", "aws-pilot", "--format", "xml"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = " ".join(capsys.readouterr().err.replace("\u2502", " ").split())
    assert ended.value.code == 2
    assert "Invalid value for '--format': 'xml' is not one of 'table', 'json'." in told
