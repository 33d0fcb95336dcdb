"""`mlplatform idle` and `wake` on what stands of the pilots, with a double of the account and of the Pulumi CLI."""

import csv
import io
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.commands import idle, wake
from operations.doctor import NoCredentials
from operations.idle import Part, acting, asking
from operations.idle.decision import Evidence, Figures
from operations.preview import Programs
from operations.standing import reading
from operations.standing.reading import Standing
from stacks.config import STACKS, read_stack_file
from tests.operations.idle.test_report import BUSY, END, IDLE, KEY, M5, STOOD, Told, part
from tests.previewing import programs

STEP = acting.show_step
OLD = Figures({}, STOOD, "its machines", made=END - timedelta(days=90))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, aws_pilot: Graph) -> Path:
    """What stands, as `mlplatform graph` writes it."""
    file = tmp_path_factory.mktemp("standing") / "aws-pilot.json"
    file.write_text(json.dumps(aws_pilot.to_json()), encoding="utf-8")
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A stack file of the tests' own."""
    copy = tmp_path / "Pulumi.aws-pilot.yaml"
    copy.write_text((STACKS / copy.name).read_text(encoding="utf-8"), encoding="utf-8")
    return copy


@pytest.fixture
def pulumi(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A double of the CLI, which notes what it is asked, with what stands as the engine exports it.

    Whoever wants a true step takes `stepping` beside it.
    """
    asked, cli = tmp_path / "asked", tmp_path / "pulumi"
    cli.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n', encoding="utf-8")
    cli.chmod(0o755)
    monkeypatch.setattr(acting, "which", lambda name: str(cli) if name == "pulumi" else None)
    monkeypatch.setattr(acting, "show_step", lambda *_: True)

    def exported(stack: str, platform: str, _: Path) -> Standing:
        return reading.read(kept, stack, platform)

    monkeypatch.setattr(reading, "exported", exported)
    yield asked


@pytest.fixture
def stepping(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are told, in the tests' own warm process, which takes seconds."""

    @contextmanager
    def running() -> Generator[Programs]:
        yield programs()

    monkeypatch.setattr(acting, "show_step", STEP)
    monkeypatch.setattr(acting, "Programs", running)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    app = Typer()
    idle.add(app)
    wake.add(app)

    def called(told: Told, *words: object, said: str = "") -> Result:
        monkeypatch.setattr(asking, "of", lambda platform: told)
        return CliRunner().invoke(app, [str(word) for word in words], input=said)

    return called


def test_it_says_what_is_idle_and_exits_1(run: Any, file: Path, kept: Path) -> None:
    result = run(Told((part(), IDLE)), "idle", file, "--standing", kept, "--format", "json")
    said = json.loads(result.stdout)
    assert result.exit_code == 1 and said["stacks"] == ["aws-pilot"] and said["since_hours"] == 72
    (one,) = said["parts"]
    assert (one["name"], one["state"], one["stack_key"]) == ("fraud-scorer/live", "idle", KEY)
    assert said["burned_usd"] == one["burned_usd"] > 0
    table = run(Told((part(), BUSY)), "idle", file, "--standing", kept)
    assert table.exit_code == 0 and "0 idle of 1" in table.stdout


def test_csv_gives_a_spreadsheet_no_formula(run: Any, file: Path, kept: Path) -> None:
    bad = Part("=cmd()", "app", None, owner="@ana")
    (row,) = csv.DictReader(
        io.StringIO(run(Told((bad, IDLE)), "idle", file, "--standing", kept, "--format", "csv").stdout)
    )
    assert (row["name"], row["owner"], row["state"]) == ("'=cmd()", "'@ana", "idle")


@pytest.mark.usefixtures("stepping")
def test_off_shows_the_step_and_does_nothing_unless_somebody_says_yes(run: Any, file: Path, pulumi: Path) -> None:
    before = file.read_text(encoding="utf-8")
    refused = run(Told((part(), IDLE)), "idle", file, "--off", "--by", "ana", said="n\n")
    assert refused.exit_code == 1 and "nothing was written" in refused.stdout and "delete" in refused.stdout
    assert "would be deleted" not in refused.stdout, "models, registry and homes stay"
    assert file.read_text(encoding="utf-8") == before and not pulumi.exists()


def test_off_runs_the_step_and_wake_brings_it_back(run: Any, file: Path, pulumi: Path) -> None:
    before, told = file.read_text(encoding="utf-8"), Told((part(), IDLE))
    done = run(told, "idle", file, "--off", "--by", "ana", said="y\n")
    assert done.exit_code == 0, done.output
    off = read_stack_file(file)
    assert [name for name, one in vars(off)["endpoints"].items() if not one.enabled] == ["fraud-scorer"]
    assert "by ana: nobody asked anything of it while it stood for 336 hours, which cost $" in file.read_text("utf-8")
    assert (
        pulumi.read_text("utf-8")
        == f"up --policy-pack policies --stack aws-pilot --yes --non-interactive --config-file {file}\n"
    )
    back = run(told, "wake", file, "--yes")
    assert back.exit_code == 0, back.output
    assert file.read_text(encoding="utf-8") == before and pulumi.read_text("utf-8").count("up ") == 2


@pytest.mark.parametrize("words", [("idle", "--off", "--by", "ana"), ("wake",)])
def test_an_up_that_fails_is_told_and_is_no_bad_input(
    run: Any, file: Path, kept: Path, pulumi: Path, words: tuple[str, ...]
) -> None:
    command, *more = words
    if command == "wake":
        run(Told((part(), IDLE)), "idle", file, "--standing", kept, "--off", "--yes", "--only-file", "--by", "ana")
    (pulumi.parent / "pulumi").write_text("#!/bin/sh\nexit 255\n", encoding="utf-8")
    result = run(Told((part(), IDLE)), command, file, "--yes", *more)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert f"pulumi up --policy-pack policies --stack aws-pilot failed; {file} says what is meant" in result.output


def test_off_leaves_alone_what_is_busy_and_runs_nothing_for_a_pull_request(
    run: Any, file: Path, kept: Path, pulumi: Path
) -> None:
    before = file.read_text(encoding="utf-8")
    words = ("idle", file, "--standing", kept, "--off", "--yes", "--only-file", "--by", "ana")
    busy = run(Told((part(), IDLE), (part("fraud-scorer/old"), BUSY)), *words)
    assert "no endpoint is to be taken off" in busy.stdout and file.read_text(encoding="utf-8") == before
    written = run(Told((part(), IDLE)), *words)
    assert written.exit_code == 0 and file.read_text(encoding="utf-8") != before and not pulumi.exists()


def test_a_step_that_destroys_what_is_guarded_is_not_done(
    run: Any, file: Path, pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_text(encoding="utf-8")
    monkeypatch.setattr(acting, "show_step", lambda *_: False)
    result = run(Told((part(), IDLE)), "idle", file, "--off", "--yes", "--by", "ana")
    assert result.exit_code == 1 and "destroys what is guarded" in result.stdout
    assert file.read_text(encoding="utf-8") == before and not pulumi.exists()


@pytest.mark.usefixtures("pulumi")
def test_a_step_that_is_run_is_not_judged_by_a_file(run: Any, file: Path, kept: Path) -> None:
    before = file.read_text(encoding="utf-8")
    for words in (("idle", file, "--off"), ("wake", file, "fraud-scorer")):
        if words[0] == "wake":
            before = before.replace("      kind: online\n", "      enabled: false\n      kind: online\n", 1)
            file.write_text(before, encoding="utf-8")
        refused = run(Told((part(), IDLE)), *words, "--standing", kept, "--yes")
        assert isinstance(refused.exception, BadInput) and "the engine says what stands" in str(refused.exception)
        assert file.read_text(encoding="utf-8") == before


class Shut(Told):
    """An account that nobody can open."""

    def open_account(self, account: str, region: str) -> None:
        raise NoCredentials("no AWS credentials: set AWS_PROFILE")


def test_an_account_that_cannot_be_opened_is_bad_input_alone_and_unknown_beside_others(
    run: Any, file: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = run(Shut(), "idle", file, "--standing", kept)
    assert isinstance(alone.exception, BadInput) and "no AWS credentials" in str(alone.exception)
    one = asking.stacks([str(file)], kept)[0]
    other = asking.Stack(file, "gcp-pilot", one.config.model_copy(update={"platform": "gcp"}), one.standing)
    opened = {"aws": Shut(), "gcp": Told((part(), BUSY))}
    monkeypatch.setattr(asking, "of", opened.__getitem__)
    rows = asking.ask([one, other], 72, account_too=False).rows
    assert [(row.stack, str(row.judged.state)) for row in rows] == [("aws-pilot", "unknown"), ("gcp-pilot", "busy")]


def test_what_no_state_names_is_listed_once_an_account(run: Any, file: Path, kept: Path) -> None:
    class Strays(Told):
        def standing(self, *_: Any) -> Iterator[tuple[Part, Evidence]]:
            yield from ()

    stray = Strays((Part("left", "variant", machines=M5), OLD))
    result = run(stray, "idle", file, "--standing", kept, "--account", "--format", "json")
    (one,) = json.loads(result.stdout)["parts"]
    assert (one["stack"], one["name"], one["owner"], result.exit_code) == (None, "left", "nobody", 1)


@pytest.mark.parametrize("since", ["72", "0h", "31d", "9999h", "-3h", "3 d", "a week"])
def test_a_wrong_time_is_refused(since: str) -> None:
    with pytest.raises(BadInput, match="allowed: hours or days such as 72h or 3d"):
        asking.hours(since)
    assert (asking.hours("3d"), asking.hours("72h"), asking.hours("30d")) == (72, 72, 720)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--only-file"], "--only-file: says something of --off"),
        (["--yes"], "--yes: says something of --off"),
        (["--off", "--format", "json"], "--off: shows the step beside what was found, so leave --format out"),
        (["--page", "idle.pdf"], "--page: found idle.pdf, allowed: a file whose name ends in .html"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_asked(
    run: Any, file: Path, kept: Path, words: list[str], sentence: str
) -> None:
    result = run(Shut(), "idle", file, "--standing", kept, *words)
    assert isinstance(result.exception, BadInput) and str(result.exception).startswith(sentence)


def test_wake_names_the_file_of_what_it_refuses(run: Any, file: Path) -> None:
    on = run(Shut(), "wake", file, "fraud-scorer", "--only-file").exception
    assert isinstance(on, BadInput) and str(on).startswith(
        f"{file}: mlplatform:endpoints.fraud-scorer: is on already; "
    )
    none = run(Shut(), "wake", file, "fraud_scorer", "--only-file").exception
    assert isinstance(none, BadInput) and str(none).startswith(f"{file}: mlplatform:endpoints: has no endpoint")
    file.write_text("config: {mlplatform:platform: [aws\n", encoding="utf-8")
    broken = run(Shut(), "wake", file, "--only-file").exception
    assert isinstance(broken, BadInput) and file.name in str(broken) and "\n" not in str(broken)


def test_off_names_the_file_that_it_cannot_edit(run: Any, file: Path, kept: Path) -> None:
    gone = replace(part(), key="endpoints.other")
    refused = run(Told((gone, IDLE)), "idle", file, "--standing", kept, "--off", "--only-file", "--yes").exception
    assert isinstance(refused, BadInput)
    assert str(refused).startswith(f"{file}: mlplatform:endpoints: has no endpoint other that could be switched")


def test_a_folder_has_the_state_of_each_stack(tmp_path: Path, file: Path, kept: Path) -> None:
    assert asking.stacks([str(file)], kept.parent)[0].standing.graph.cloud
    with pytest.raises(BadInput, match=r"is no folder, and there are [0-9]+ stacks"):
        asking.stacks((), kept)
