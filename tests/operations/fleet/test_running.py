"""A fleet: nothing is done twice, nothing is lost, and a stack that breaks is a result."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.fleet import result, running, verbs
from operations.fleet.result import Fleet, Outcome
from operations.fleet.verbs import VERBS, Asked, Verb
from operations.idle import asking
from operations.preview import PreviewFailed, Program, Programs
from operations.progress import Progress
from stacks.config import STACKS
from tests import sharing
from tests.commanding import command
from tests.operations.actual.focus import Row, write
from tests.operations.idle import test_report as idling
from tests.operations.sample_verdict import HOSTILE

TODAY = date(2026, 11, 26)
SAID = StringIO()
SCREEN = Console(file=SAID)
TEAMS = {"risk": (10.0, 20.0)}


class Fake(Verb):
    """A verb that does nothing, and keeps for which stacks it did."""

    def __init__(self, outcome: Callable[[str], Outcome]) -> None:
        super().__init__(self._run)
        object.__setattr__(self, "outcome", outcome)
        object.__setattr__(self, "did", list[str]())

    did: list[str]
    outcome: Callable[[str], Outcome]

    def _run(self, asked: Asked, programs: Sequence[Program], progress: Progress, ended: verbs.Ended) -> None:
        for program in programs:
            ended(program, self.outcome(program.stack))
            self.did.append(program.stack)


def passes(stack: str) -> Outcome:
    return Outcome(state="pass", says="well", by_team=TEAMS, report="report.html")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fleet]:
    """Runs a verb that does nothing over stack files which hold their platform alone."""

    def read(path: Path) -> Program:
        if "wrong" in path.read_text():
            raise BadInput(f"{path.name}: is wrong\nin two ways")
        stack = path.name.split(".")[1]
        config = {f"mlplatform:{name}": name for name in ("team", "environment")} | {"mlplatform:platform": "aws"}
        return Program(path.name, stack, config, path.parent)

    monkeypatch.setattr(Program, "of", staticmethod(read))

    def run(verb: Verb, names: str = "abcdefg", shard: tuple[int, int] = (1, 1), **more: Any) -> Fleet:
        folder = tmp_path / "stacks"
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / f"Pulumi.{name}.yaml").touch()
        monkeypatch.setitem(VERBS, "preview", verb)  # pyright: ignore[reportArgumentType]
        asked = replace(Asked(tmp_path / "out", TODAY), **more)
        return running.run("preview", running.stack_files([folder]), asked, shard, SCREEN)

    return run


def test_what_was_done_is_not_done_again_until_its_input_is_another(
    tmp_path: Path, fleet: Callable[..., Fleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet(first := Fake(passes))
    assert first.did == list("abcdefg")
    (tmp_path / "stacks" / "Pulumi.c.yaml").write_text("another")
    (tmp_path / "out" / "e" / "result.json").write_text('{"half": ')
    again = fleet(second := Fake(passes))
    assert second.did == ["c", "e"]
    assert (again.code, [one.outcome.state for one in again.results]) == (0, ["pass"] * 7)
    fleet(third := Fake(passes), today=date(2026, 11, 27))
    assert len(third.did) == 7
    monkeypatch.setattr(result, "of_ourselves", lambda: "other code")
    fleet(fourth := Fake(passes), today=date(2026, 11, 27))
    assert len(fourth.did) == 7


def test_a_run_that_was_cut_goes_on_and_says_before_that_it_is_not_whole(
    tmp_path: Path, fleet: Callable[..., Fleet]
) -> None:
    fleet(Fake(passes), today=date(2026, 11, 1))

    def cut(stack: str) -> Outcome:
        if stack == "d":
            raise KeyboardInterrupt
        return passes(stack)

    with pytest.raises(KeyboardInterrupt):
        fleet(Fake(cut))
    left = result.read_fleet(tmp_path / "out")
    assert left.code == 1 and {one.outcome.state for one in left.results} == {"missing"}
    whole = fleet(rest := Fake(passes))
    assert (rest.did, whole.code) == (list("defg"), 0)


def test_a_stack_that_breaks_is_a_result_and_is_tried_again(tmp_path: Path, fleet: Callable[..., Fleet]) -> None:
    def breaks(stack: str) -> Outcome:
        return Outcome(state="broke", says="no memory") if stack == "b" else passes(stack)

    assert fleet(Fake(breaks)).code == 1
    (tmp_path / "stacks" / "Pulumi.f.yaml").write_text("wrong")
    found = fleet(again := Fake(passes))
    assert again.did == ["b"]
    assert found.code == 2
    refused = next(one for one in found.results if one.stack == "f")
    assert (refused.outcome.state, refused.outcome.says) == ("refused", "Pulumi.f.yaml: is wrong; and 1 more")
    assert "5 of 7 stacks done already\n" in SAID.getvalue(), "neither what broke nor what is wrong"


def test_a_file_that_nobody_can_read_or_whose_name_no_stack_has_is_a_result_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = tmp_path / "stacks"
    (stacks / "Pulumi.folder.yaml").mkdir(parents=True)
    (stacks / "Pulumi.gone.yaml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(stacks / "Pulumi.pipe.yaml")
    (stacks / "Pulumi.A name.yaml").touch()
    (stacks / "Pulumi.A-name.yaml").touch()
    monkeypatch.setitem(VERBS, "preview", Fake(passes))  # pyright: ignore[reportArgumentType]
    out = tmp_path / "out"
    found = running.run("preview", running.stack_files([stacks]), Asked(out, TODAY), (1, 1), SCREEN)
    said = {one.stack: one.outcome.says for one in found.results}
    assert found.code == 2 and {one.outcome.state for one in found.results} == {"refused"}
    assert "Is a directory" in said["folder"] and "No such file" in said["gone"] and "it is no file" in said["pipe"]
    assert {name[:20] for name in said} == {"folder", "gone", "pipe", "Pulumi.A-name.yaml-8", "Pulumi.A-name.yaml-f"}
    assert running.merge([out], tmp_path / "joined").code == 2


@settings(max_examples=sharing.examples(25))
@given(stacks=st.integers(1, 40), of=st.integers(1, 9))
def test_shards_are_all_of_it_and_none_twice(stacks: int, of: int) -> None:
    files = [Path(f"Pulumi.s{n:02}.yaml") for n in range(stacks)]
    parts = [files[part - 1 :: of] for part in range(1, of + 1)]
    assert sorted(file for part in parts for file in part) == files
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [running.shard_of(f"{part}/{of}") for part in range(1, of + 1)] == [(p, of) for p in range(1, of + 1)]


def test_merged_shards_are_the_whole_and_a_shard_that_is_missing_fails(
    tmp_path: Path, fleet: Callable[..., Fleet]
) -> None:
    whole = fleet(Fake(passes), out=tmp_path / "whole")
    folders = [tmp_path / f"shard-{part}" for part in (1, 2, 3)]
    for part, folder in enumerate(folders, 1):
        fleet(Fake(passes), shard=(part, 3), out=folder)
    joined = running.merge(folders, tmp_path / "joined")
    assert (joined.results, joined.code, joined.shards) == (whole.results, 0, [1, 2, 3])
    assert sorted(path.name for path in (tmp_path / "joined").iterdir()) == sorted(
        [*"abcdefg", "fleet.json", "index.html"]
    )
    lacking = running.merge(folders[:2], tmp_path / "lacking")
    assert (lacking.code, lacking.lacks) == (1, ["shard 3 of 3 is not there"])
    assert "Shard 3 of 3 is not there." in (tmp_path / "lacking" / "index.html").read_text()
    assert json.loads((tmp_path / "lacking" / "fleet.json").read_text())["passed"] is False


def test_what_is_no_part_of_one_fleet_is_refused(tmp_path: Path, fleet: Callable[..., Fleet]) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    fleet(Fake(passes), shard=(1, 2), out=one)
    fleet(Fake(passes), shard=(2, 2), out=other, today=date(2026, 11, 27))
    with pytest.raises(BadInput, match=r"is of another run than .*one: today is 2026-11-27, there 2026-11-26"):
        running.merge([one, other], tmp_path / "out")
    (tmp_path / "stacks" / "Pulumi.b.yaml").write_text("another")
    fleet(Fake(passes), shard=(2, 2), out=other)
    with pytest.raises(BadInput, match="is of other stack files or other code"):
        running.merge([one, other], tmp_path / "out")
    with pytest.raises(BadInput, match="shard 1: is in two of the folders"):
        running.merge([one, one], tmp_path / "out")
    with pytest.raises(BadInput, match="name the --out folder of a fleet run"):
        running.merge([tmp_path], tmp_path / "out")
    told = json.loads((one / "fleet.json").read_text())
    told["results"][0]["stack"] = "../../elsewhere"
    (one / "fleet.json").write_text(json.dumps(told))
    with pytest.raises(BadInput, match="is not the index of a fleet"):
        running.merge([one], tmp_path / "out")


def _index_says_pass(shard: Path) -> None:
    index = shard / "fleet.json"
    index.write_text(index.read_text().replace('"fail"', '"pass"'))


def _index_lacks_a_stack(shard: Path) -> None:
    told = json.loads((shard / "fleet.json").read_text())
    del told["results"][-1]
    (shard / "fleet.json").write_text(json.dumps(told))


def _is_another_shard(shard: Path) -> None:
    told = json.loads((shard / "fleet.json").read_text())
    (shard / "fleet.json").write_text(json.dumps({**told, "shards": [2]}))


def _is_no_shard(shard: Path) -> None:
    told = json.loads((shard / "fleet.json").read_text())
    (shard / "fleet.json").write_text(json.dumps({**told, "shards": [7]}))


def _report_is_a_link(shard: Path) -> None:
    (shard / "secret").write_text("what is elsewhere")
    (shard / "c" / "report.html").symlink_to(shard / "secret")


def _folder_is_a_link(shard: Path) -> None:
    (shard / "c").rename(shard / "elsewhere")
    (shard / "c").symlink_to(shard / "elsewhere")


def _report_is_a_pipe(shard: Path) -> None:
    os.mkfifo(shard / "c" / "report.html")


def _result_is_gone(shard: Path) -> None:
    (shard / "c" / "result.json").unlink()


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        (_index_says_pass, r"shard/c/result.json: is not what fleet.json says of c; run that part again"),
        (_result_is_gone, r"shard/c/result.json: is not what fleet.json says of c"),
        (_index_lacks_a_stack, "shard/fleet.json: lacks the stack g, which is not what shard 1 of 2 is"),
        (_is_another_shard, "shard/fleet.json: has the stack a, which is not what shard 2 of 2 is"),
        (_is_no_shard, "shard/fleet.json: says shard 7 of 2"),
        (_report_is_a_link, "shard/c/report.html: is a link or no file"),
        (_folder_is_a_link, "shard/c: is a link or no file"),
        (_report_is_a_pipe, "shard/c/report.html: is a link or no file"),
    ],
)
def test_a_shard_is_not_believed_where_its_files_say_otherwise(
    tmp_path: Path, fleet: Callable[..., Fleet], forged: Callable[[Path], None], said: str
) -> None:
    def worse(stack: str) -> Outcome:
        return Outcome(state="fail", says="open to all") if stack == "c" else passes(stack)

    fleet(Fake(worse), shard=(1, 2), out=tmp_path / "shard")
    running.merge([tmp_path / "shard"], tmp_path / "honest")
    forged(tmp_path / "shard")
    with pytest.raises(BadInput, match=said) as refused:
        running.merge([tmp_path / "shard"], tmp_path / "out")
    assert "\n" not in str(refused.value) and not (tmp_path / "out").exists()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-5", "1e999", "1e300"])
def test_an_amount_that_no_page_can_draw_is_refused(tmp_path: Path, fleet: Callable[..., Fleet], amount: str) -> None:
    fleet(Fake(passes), names="a")
    index = tmp_path / "out" / "fleet.json"
    told = json.loads(index.read_text())
    told["results"][0]["outcome"]["by_team"] = {"risk": ["AMOUNT", 0]}
    index.write_text(json.dumps(told).replace('"AMOUNT"', amount))
    with pytest.raises(BadInput, match="is not the index of a fleet"):
        running.merge([tmp_path / "out"], tmp_path / "merged")


def test_an_empty_shard_passes(fleet: Callable[..., Fleet]) -> None:
    found = fleet(Fake(passes), names="a", shard=(2, 3))
    assert (found.code, found.results) == (0, [])


def test_a_stack_in_two_folders_is_refused(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Pulumi.prod.yaml").touch()
    with pytest.raises(BadInput, match=r"prod: is in .*x/Pulumi.prod.yaml and in .*y/Pulumi.prod.yaml"):
        running.stack_files([tmp_path / "x", tmp_path / "y"])
    assert running.stack_files([tmp_path / "x", tmp_path / "x" / "Pulumi.prod.yaml"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: is not there; name folders"),
        (["stacks", "idel"], "idel: is not there; did you mean idle?"),
        (["stacks", "--shard", "5/4"], "--shard: found '5/4', allowed: I/N"),
        (["cost"], "fleet cost: names no folder"),
        (["merge"], "fleet merge: names no folder"),
        (["stacks", "preview", "--actual", "x.csv"], "--actual: says something of cost, and this is preview"),
        (["docs", "step"], "docs: holds no Pulumi"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], said: str) -> None:
    done = command("fleet", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said) and done.stderr.count("\n") == 1


def test_the_page_shows_the_worst_first_and_takes_no_markup_from_a_result(
    tmp_path: Path, fleet: Callable[..., Fleet]
) -> None:
    def worse(stack: str) -> Outcome:
        return Outcome(state="fail", says=HOSTILE) if stack == "g" else passes(stack)

    fleet(Fake(worse))
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert page.index(">g<") < page.index('href="a/report.html"')
    assert "1 fail, 6 pass." in page and ">$60.00<" in page and ">unknown<" in page


# ---- the verbs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch, gcp_pilot: Graph) -> None:
    """Programs that leave the graph of gcp's pilot, or break."""

    def run(self: Programs, asked: Program, timeout_seconds: float = 0) -> tuple[Graph, float]:
        if asked.stack == "b":
            raise PreviewFailed("Pulumi.b.yaml: the program failed: boom")
        urn = f"urn:pulumi:{asked.stack}::"
        mine = [replace(r, urn=r.urn.replace("urn:pulumi:gcp-pilot::", urn)) for r in gcp_pilot.resources]
        return replace(gcp_pilot, stack=asked.stack, resources=tuple(mine)), 0.5

    monkeypatch.setattr(Programs, "run", run)
    monkeypatch.setattr(Programs, "step", lambda self, program, standing: (standing, {}))


def asked_for(verb: str, asked: Asked, *stacks: str) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    config = {"mlplatform:platform": "gcp"}
    programs = [Program(f"Pulumi.{stack}.yaml", stack, config, asked.out) for stack in stacks]
    VERBS[verb].run(asked, programs, Progress(SCREEN, 3), lambda program, one: found.update({program.stack: one}))
    return found


@pytest.mark.usefixtures("graphs")
def test_cost_tells_each_stack_and_reads_a_bill_once_for_all(tmp_path: Path) -> None:
    found = asked_for("cost", Asked(tmp_path, TODAY), "a", "b", "c")
    assert {stack: one.state for stack, one in found.items()} == {"a": "pass", "b": "broke", "c": "pass"}
    idle, ceiling = found["a"].by_team["payments-risk"]
    assert found["a"].says == f"${idle:,.2f} to ${ceiling:,.2f} a month"
    rows = [
        Row("Vertex AI", cost, {"stack": stack, "team": "payments-risk"}, hours=744, account="payments-risk-pilot")
        for stack, cost in (("a", 300), ("c", 9000))
    ]
    bill = write(tmp_path / "bill.csv", "gcp", rows)
    found = asked_for("cost", Asked(tmp_path, TODAY, actual=(str(bill),)), "a", "b", "c")
    assert {stack: one.state for stack, one in found.items()} == {"a": "pass", "b": "broke", "c": "fail"}
    assert found["a"].used_by_team == {"payments-risk": 300}
    assert "above its ceiling" in found["c"].says
    assert json.loads((tmp_path / "c" / "cost.json").read_text())["actual"]["months"][0]["used"]["list"] == 9000


@pytest.mark.usefixtures("graphs")
def test_step_reads_what_stands_of_each_stack(tmp_path: Path, gcp_pilot: Graph) -> None:
    stands = json.dumps(replace(gcp_pilot, stack="a").to_json()).replace("urn:pulumi:gcp-pilot::", "urn:pulumi:a::")
    (tmp_path / "a.json").write_text(stands)
    asked = Asked(tmp_path, TODAY, standing=tmp_path)
    found = asked_for("step", asked, "a", "b", "c")
    assert {stack: one.state for stack, one in found.items()} == {"a": "pass", "b": "refused", "c": "refused"}
    assert "nothing changes" in found["a"].says and "`pulumi stack export --file c.json` writes it" in found["c"].says
    program = Program("Pulumi.a.yaml", "a", {}, tmp_path)
    before = VERBS["step"].reads(asked, program)
    (tmp_path / "a.json").write_text("{}")
    assert VERBS["step"].reads(asked, program) != before
    assert VERBS["step"].reads(Asked(tmp_path, TODAY), program) is None


def test_idle_asks_the_account_of_each_stack(tmp_path: Path, gcp_pilot: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    for stack in ("a", "b"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text((STACKS / "Pulumi.gcp-pilot.yaml").read_text())
    stands = json.dumps(replace(gcp_pilot, stack="a").to_json()).replace("urn:pulumi:gcp-pilot::", "urn:pulumi:a::")
    (tmp_path / "a.json").write_text(stands)
    monkeypatch.setattr(asking, "of", lambda platform: idling.Told((idling.part(), idling.IDLE)))
    found = asked_for("idle", Asked(tmp_path, TODAY, standing=tmp_path), "a", "b")
    assert {stack: one.state for stack, one in found.items()} == {"a": "fail", "b": "refused"}
    assert found["a"].says.startswith("1 idle of 1: an unknown amount burned") and "has no b.json" in found["b"].says
    assert json.loads((tmp_path / "a" / "idle.json").read_text())["parts"][0]["state"] == "idle"
    assert VERBS["idle"].reads(Asked(tmp_path, TODAY), Program("", "a", {}, tmp_path)) is None
