"""A teardown through a fake door: the order of what it does, what it refuses, and a kill after each call."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Resource
from catalogue.kinds.aws import ec2, ecr, s3, sagemaker, studio
from operations.teardown import Found, Plan, Refused
from operations.teardown.running import LOCK, MARK, Choice, Teardown

STACK = "aws-claims"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:{STACK}::p::{type_}::{name}"


def state(type_: str, name: str, *on: str, protect: bool = True, **inputs: Any) -> dict[str, Any]:
    return {
        "urn": urn(type_, name),
        "type": type_,
        "custom": True,
        "id": name,
        "protect": protect,
        "dependencies": list(on),
        "propertyDependencies": {"it": list(on)} if on else {},
        "inputs": {"it": [one.rpartition("::")[2] for one in on], **inputs},
        "outputs": {},
    }


VPC, BUCKET, REPOSITORY = urn(ec2.VPC, "vpc"), urn(s3.BUCKET, "artifacts"), urn(ecr.REPOSITORY, "images")
DOMAIN = urn(studio.DOMAIN, "studio")
STANDS = [
    state(ec2.VPC, "vpc", protect=False),
    state(studio.DOMAIN, "studio", VPC),
    state(s3.BUCKET, "artifacts"),
    state(s3.PUBLIC_ACCESS, "block", BUCKET),
    state(ecr.REPOSITORY, "images"),
]


class Killed(BaseException):
    """The process is gone."""


class Door:
    """An account: Pulumi's state, what stores hold, apps that run, and groups that Studio left."""

    def __init__(self, folder: Path, killed: int = 10**6) -> None:
        self.stands = {one["urn"]: dict(one) for one in STANDS}
        self.found = Found()
        self.held, self.apps, self.groups = {BUCKET: 3, REPOSITORY: 2}, 1, 0
        self.said: list[str] = []
        self.pending: list[dict[str, Any]] = []
        self.calls, self.killed, self.folder = 0, killed, folder

    @property
    def pulumi(self) -> "Door":
        return self

    def called(self, what: str) -> None:
        self.calls += 1
        if self.calls > self.killed:
            raise Killed
        self.said.append(what)

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        match list(arguments):
            case ["stack", "export", "--file", file, *_]:
                state = {"resources": [*self.stands.values()], "pending_operations": self.pending}
                Path(file).write_text(json.dumps({"deployment": state}))
            case ["state", "unprotect", "--yes", *urns]:
                self.called("unprotect")
                for one in urns[: urns.index("--stack")]:
                    self.stands[one]["protect"] = False
            case ["destroy", *words]:
                named = [word for word in words if word.startswith("urn:")]
                assert named or not self.stands, "without a target Pulumi would destroy what stays"
                return self.destroy(named, log)
            case ["cancel", *_]:
                self.said.append("cancel")
            case _:
                raise AssertionError(arguments)
        return 0

    def destroy(self, urns: list[str], log: Path | None) -> int:
        """As the engine: what others stand on comes last, and each delete is a call."""
        for one in reversed([known for known in self.stands if known in urns]):
            self.called(f"delete {one.rpartition('::')[2]}")
            wrong = self.wrong(one)
            if wrong:
                assert log is not None
                told = {"diagnosticEvent": {"severity": "error", "urn": one, "message": wrong}}
                log.write_text(json.dumps(told) + "\n")
                return 255
            del self.stands[one]
            self.groups += 2 if one == DOMAIN else 0
        return 0

    def wrong(self, one: str) -> str:
        if self.stands[one]["protect"]:
            return "is protected"
        if self.held.get(one):
            return "BucketNotEmpty"
        if one == DOMAIN and self.apps:
            return "ResourceInUse"
        others = [other for other in self.stands.values() if one in other["dependencies"]]
        if others:
            return "is used"
        return "DependencyViolation" if one == VPC and self.groups else ""

    def stop(self, plan: Plan) -> None:
        self.called("stop")
        self.apps = 0

    def contents(self, store: Resource) -> int:
        return self.held.get(store.urn, 0)

    def empty(self, store: Resource) -> None:
        self.called(f"empty {store.name}")
        self.held[store.urn] = 0

    def clear(self, plan: Plan) -> None:
        self.called("clear")
        self.groups = 0

    def left(self, plan: Plan) -> Found:
        return self.found


def teardown(door: Door, keep: Sequence[str] = (), purge: Sequence[str] = ("homes", "contents")) -> Teardown:
    choice = Choice(frozenset(keep), frozenset(purge))
    return Teardown(STACK, "aws", choice, door, door.folder, lambda sentence: None)


def test_people_are_stopped_then_stores_emptied_and_the_network_comes_last(tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert teardown(door).run() == []
    assert door.stands == {} and not (tmp_path / MARK).exists()
    assert door.said[:4] == ["stop", "empty images", "empty artifacts", "unprotect"]
    assert door.said[-2:] == ["clear", "delete vpc"]


def test_what_the_inventory_lists_yet_is_left_and_what_nobody_saw_is_told(tmp_path: Path) -> None:
    door, told = Door(tmp_path), list[str]()
    door.found = Found(("studio",), ("nobody could look",))
    run = teardown(door)
    run.tell = told.append
    assert run.run() == ["studio"] and "not looked at: nobody could look" in told


def test_what_stays_is_neither_emptied_nor_released(tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert teardown(door, ["artifacts", "registry"], ["homes"]).run() == []
    assert [*door.stands] == [BUCKET, urn(s3.PUBLIC_ACCESS, "block"), REPOSITORY]
    assert all(one["protect"] for one in door.stands.values()) and door.held == {BUCKET: 3, REPOSITORY: 2}


@pytest.mark.parametrize("after", range(1, 10))
def test_a_run_that_is_killed_after_any_call_is_finished_by_the_next(tmp_path: Path, after: int) -> None:
    door = Door(tmp_path, killed=after)
    with pytest.raises(Killed):
        teardown(door).run()
    door.killed = 10**6
    assert teardown(door).run() == []
    assert door.stands == {} and "cancel" in door.said and door.groups == 0


def test_nothing_is_lost_that_nobody_chose_to_lose(tmp_path: Path) -> None:
    door = Door(tmp_path)
    for purge, said in (((), "people's work goes with studio"), (("homes",), "images, artifacts would go")):
        with pytest.raises(BadInput, match=said):
            teardown(door, purge=purge).run()
    assert door.said == [] and len(door.stands) == len(STANDS) and not (tmp_path / MARK).exists()


def test_what_the_cloud_refuses_is_said_in_its_words_and_no_later_run_cancels_anothers_lock(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.wrong = lambda one: "AccessDenied: no" if one == REPOSITORY else ""  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(Refused, match="the next run goes on from there: AccessDenied: no"):
        teardown(door).run()
    assert not (tmp_path / MARK).exists()
    with pytest.raises(Refused, match="AccessDenied: no"):
        teardown(door).run()
    assert "cancel" not in door.said


@pytest.mark.parametrize(("operation", "refused"), [("creating", True), ("deleting", False)])
def test_what_a_cut_up_may_have_made_is_looked_for_first(tmp_path: Path, operation: str, refused: bool) -> None:
    door = Door(tmp_path)
    door.pending = [{"type": operation, "resource": {"urn": urn(sagemaker.ENDPOINT, "scorer")}}]
    run, said = teardown(door), "a run that was cut was creating Endpoint scorer"
    assert any(said in one for one in run.planned().later) is refused
    if refused:
        with pytest.raises(BadInput, match=said):
            run.run()
        assert door.said == []
    else:
        assert run.run() == []


@pytest.mark.parametrize(("purge", "ends"), [(("homes", "contents"), True), (("homes",), False)])
def test_what_is_written_meanwhile_is_emptied_again_where_that_was_chosen(
    tmp_path: Path, purge: Sequence[str], ends: bool
) -> None:
    class Writing(Door):
        def wrong(self, one: str) -> str:
            if one == BUCKET and self.said.count("delete artifacts") == 1:
                self.held[BUCKET] = 1
            return super().wrong(one)

    door = Writing(tmp_path)
    door.held = {}
    if ends:
        assert teardown(door, purge=purge).run() == [] and door.stands == {}
    else:
        with pytest.raises(Refused, match="BucketNotEmpty"):
            teardown(door, purge=purge).run()
        assert door.held == {BUCKET: 1}


def test_what_people_run_is_stopped_before_what_they_leave_is_let_go(tmp_path: Path) -> None:
    door = Door(tmp_path)
    run = teardown(door, purge=["contents"])
    stands = run.standing().graph
    run.release(stands, [stands.by_urn[BUCKET]])
    assert door.said == ["empty artifacts", "unprotect"] and door.apps == 1
    with pytest.raises(BadInput, match="people's work goes with studio; put them back into the stack file, or lose it"):
        run.release(stands, [stands.by_urn[DOMAIN]])
    assert door.apps == 1
    teardown(door, purge=["homes"]).release(stands, [stands.by_urn[DOMAIN]])
    assert door.said[2:] == ["stop", "unprotect"]


def test_a_second_run_meanwhile_is_told_who_holds_the_stack_and_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    class Other(Door):
        """Somebody else tears the same stack down, or retires something of it, while its first resource goes."""

        def destroy(self, urns: list[str], log: Path | None) -> int:
            second = teardown(Door(tmp_path))
            for again in (second.run, lambda: second.release(second.standing().graph, [])):
                with pytest.raises(
                    BadInput, match=rf"another teardown is under way, as process {os.getpid()}, since 2"
                ):
                    again()
            assert (tmp_path / MARK).exists(), "the mark is the first one's"
            return super().destroy(urns, log)

    assert teardown(Other(tmp_path)).run() == []
    (tmp_path / LOCK).write_text("as process 1, since 2020-01-01T00:00:00+00:00\n", encoding="utf-8")
    assert teardown(Door(tmp_path)).run() == []


def test_a_stack_of_which_pulumi_shows_no_state_is_bad_input(tmp_path: Path) -> None:
    class Out(Door):
        def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
            assert log is not None
            log.write_text("error: no stack named 'aws-claims' found\n", encoding="utf-8")
            return 255

    run = Teardown(STACK, "aws", Choice(frozenset()), Out(tmp_path), tmp_path, print)
    with pytest.raises(BadInput, match=r"logged in to has no stack aws-claims .*; log in .*; or .* `--sandbox NAME`"):
        run.planned()
