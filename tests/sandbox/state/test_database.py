"""The file of a sandbox: changes that are done whole or not at all, also under several threads and processes."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sandbox.state import OtherVersion, State
from sandbox.state.database import Database
from sandbox.state.metrics import Played
from sandbox.state.records import New, Taken

VPC = New("aws:ec2/vpc:Vpc", "vpc-1", "aws", "111122223333", "us-east-1", "net", {}, {}, "urn-v")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "made" / "state.sqlite")
    with database.change() as connection:
        connection.execute("CREATE TABLE t(n INTEGER)")
    return database


def add(database, number):
    with database.change() as connection:
        connection.execute("INSERT INTO t VALUES(?)", (number,))


def test_a_change_that_raises_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.change():
        add(database, 1)
        assert database.rows("SELECT n FROM t") == [(1,)]
        raise ZeroDivisionError
    assert database.rows("SELECT n FROM t") == []


def test_a_change_within_a_change_is_seen_by_others_when_the_outer_one_ends(database, tmp_path):
    other = Database(tmp_path / "made" / "state.sqlite")
    with database.change():
        add(database, 1)
        add(database, 2)
        assert other.rows("SELECT n FROM t") == []
    assert other.rows("SELECT n FROM t") == [(1,), (2,)]


def test_a_closed_file_opens_again(database):
    add(database, 1)
    database.close()
    database.close()
    assert database.rows("SELECT n FROM t") == [(1,)]


def test_reset_forgets_everything(tmp_path):
    state = State(tmp_path / "state.sqlite")
    state.resources.create(replace(VPC, names=["n"]))
    state.faults.arm("slow", "*")
    state.metrics.play("e", Played())
    state.operations.keep({"o": {}})
    state.reset()
    assert (state.resources.all(), state.resources.made_for("urn-v")) == ([], 0)
    assert (state.journal.events(), state.faults.armed(), state.metrics.played()) == ([], [], {})
    assert state.operations.since() == ({}, 0)
    state.resources.create(replace(VPC, names=["n"]))


@pytest.mark.parametrize("version", [0, 7])
def test_a_store_with_other_tables_is_told_and_left_alone(tmp_path, version):
    path = tmp_path / "state.sqlite"
    before = Database(path)
    with before.change() as connection:
        connection.execute("CREATE TABLE faults(key INTEGER PRIMARY KEY)")
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(OtherVersion, match="another version of this program made this sandbox"):
        State(path)
    assert before.rows("SELECT name FROM sqlite_master") == [("faults",)]


def test_a_store_of_this_version_opens_again(tmp_path):
    State(tmp_path / "state.sqlite").account.use()
    assert State(tmp_path / "state.sqlite").account.in_use


def _fill(path, who, taken):
    state = State(path)
    for number in range(40):
        try:
            state.resources.create(replace(VPC, id=f"vpc-{number}", urn=f"{who}{number}", run=who))
        except Taken:
            taken.put(number)
    state.close()


@pytest.mark.parametrize("processes", [True, False], ids=["processes", "threads"])
def test_of_many_writers_exactly_one_gets_each_id(tmp_path, processes):
    context = multiprocessing.get_context("spawn")
    taken = context.Queue()
    make = context.Process if processes else threading.Thread
    workers = [make(target=_fill, args=(tmp_path / "s.sqlite", who, taken)) for who in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    refused = [taken.get(timeout=120) for _ in range(40)]
    assert sorted(refused) == list(range(40))
    assert len(State(tmp_path / "s.sqlite").resources.all()) == 40


def test_of_many_who_open_a_new_file_none_is_refused(tmp_path):
    for number in range(20):
        together = threading.Barrier(8)
        path = tmp_path / f"{number}.sqlite"

        def opens(path=path, together=together):
            together.wait()
            database = Database(path)
            found = database.rows("PRAGMA journal_mode")
            database.close()
            return found

        with ThreadPoolExecutor(8) as threads:
            assert [one.result() for one in [threads.submit(opens) for _ in range(8)]] == [[("wal",)]] * 8
