"""A warm process and its forks: what goes in and comes out, that nothing hangs, and that nothing outlives its asker."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from catalogue.platforms import PLATFORMS
from operations.warm import Warm, WarmEnded
from stacks.config import STACKS
from tests.previewing import programs

SECONDS = 120
"""Far more than anything here takes; a test that hangs fails by it."""
# The pipe is open in the warm process and in each of its forks, so it ends when the last of them has.
JOB = """
import os, signal, sys
end = os.open(os.environ["ALIVE"], os.O_WRONLY)
known = []
def learned():
    return known
def learn(words):
    known.extend(word for word in words if word not in known)
def load(*arguments):
    def job():
        asked = sys.stdin.read()
        match asked.split():
            case ["pause"]:
                os.write(end, b"p")
                signal.pause()
            case ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["raise"]:
                raise ValueError("no such plan")
            case ["who"]:
                print(os.getpid())
            case ["kill-the-warm-one"]:
                os.kill(os.getppid(), signal.SIGKILL)
                signal.pause()
            case ["more"]:
                print("colorsys" in sys.modules, "xml.dom.minidom" in sys.modules, "fractions" in sys.modules)
                import fractions, xml.dom.minidom
            case ["known"]:
                print(*known)
                known.append(f"word{len(known)}")
            case _:
                sys.stderr.write("said")
                print(*arguments, asked)
                return 7
        return 0
    import colorsys, xml
    return job
"""


class Alive:
    """The reading end of the pipe that warm processes and their forks hold open."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    @property
    def has_said(self) -> bool:
        return bool(select.select([self.end], [], [], 0)[0])

    def read(self) -> bytes:
        ready, _, _ = select.select([self.end], [], [], SECONDS)
        assert ready, "nothing was said, and nothing ended"
        return os.read(self.end, 1)


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[Alive]:
    pipe = Alive(tmp_path / "alive")
    yield pipe
    os.close(pipe.end)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    file = tmp_path / "job.py"
    file.write_text(JOB, encoding="utf-8")
    return file


def start(job: Path, alive: Alive, *, one: bool = False) -> Warm:
    return Warm([sys.executable, "-I"], [job, "one", "two"], {"ALIVE": str(alive.path)}, one=one)


def test_a_job_reads_its_input_writes_its_output_and_gives_its_code(job: Path, alive: Alive) -> None:
    with start(job, alive) as warm:
        for word in ("first", "second"):
            done = warm.run(word, SECONDS)
            assert (done.code, done.out, done.said) == (7, f"one two {word}\n", "said")
            assert 0 <= done.seconds < SECONDS


@pytest.mark.parametrize(("word", "line"), [("die", "it was ended by SIGKILL"), ("raise", "ValueError: no such plan")])
def test_a_fork_that_breaks_harms_no_other(job: Path, alive: Alive, word: str, line: str) -> None:
    with start(job, alive) as warm:
        done = warm.run(word, SECONDS)
        assert done.code != 0 and done.last_line == line
        assert warm.run("next", SECONDS).code == 7


def test_the_only_job_runs_in_the_warm_process_itself(job: Path, alive: Alive) -> None:
    with start(job, alive, one=True) as warm:
        assert warm.run("who", SECONDS).out == f"{warm.pid}\n"
    with start(job, alive, one=True) as warm:
        done = warm.run("first", SECONDS)
        assert (done.code, done.out, done.said) == (7, "one two first\n", "said")
        assert 0 <= done.seconds < SECONDS
        with pytest.raises(WarmEnded):
            warm.run("second", SECONDS)


def test_the_only_job_says_how_it_broke(job: Path, alive: Alive) -> None:
    with start(job, alive, one=True) as warm:
        done = warm.run("raise", SECONDS)
        assert (done.code, done.last_line) == (1, "ValueError: no such plan")
    with start(job, alive, one=True) as warm, pytest.raises(WarmEnded, match="it was ended by SIGKILL") as ended:
        warm.run("die", SECONDS)
    assert ended.value.code == -signal.SIGKILL


def test_the_only_job_is_ended_when_nobody_waits_for_it_any_more(job: Path, alive: Alive) -> None:
    with start(job, alive, one=True) as warm:
        with pytest.raises(TimeoutError):
            warm.run("pause", 0.5)
        assert alive.read() in (b"p", b"")
        psutil.Process(warm.pid).wait(SECONDS)


def test_a_fork_that_hangs_is_ended_and_harms_no_other(job: Path, alive: Alive) -> None:
    with start(job, alive) as warm:
        warm.run("ready", SECONDS)
        for seconds in (0.5, 5, 50):  # a slow machine has not begun it after the first
            with pytest.raises(TimeoutError):
                warm.run("pause", seconds)
            if alive.has_said:
                break
        assert alive.read() == b"p"
        assert warm.run("next", SECONDS).code == 7
        _, left = psutil.wait_procs(psutil.Process(warm.pid).children(), timeout=SECONDS)
        assert not left


def test_a_warm_process_that_dies_is_a_sentence_and_takes_its_forks_along(job: Path, alive: Alive) -> None:
    with start(job, alive) as warm:
        with pytest.raises(WarmEnded, match="it was ended by SIGKILL") as ended:
            warm.run("kill-the-warm-one", SECONDS)
        assert ended.value.code == -signal.SIGKILL
        assert alive.read() == b"", "its fork has ended as well"
        with pytest.raises(WarmEnded):
            warm.run("next", SECONDS)


def test_leaving_ends_the_forks_and_frees_who_waits(job: Path, alive: Alive) -> None:
    freed: list[Exception] = []

    def wait() -> None:
        try:
            warm.run("pause", SECONDS)
        except WarmEnded as error:
            freed.append(error)

    with start(job, alive) as warm:
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert alive.read() == b"p"
    waiting.join(SECONDS)
    assert len(freed) == 1 and alive.read() == b""
    warm.close()


def test_a_later_fork_has_what_an_earlier_one_imported_of_the_same_libraries(job: Path, alive: Alive) -> None:
    with start(job, alive) as warm:
        assert warm.run("more", SECONDS).out == "True False False\n"
        assert warm.run("more", SECONDS).out == "True True False\n", "fractions is of no library that was there"


def test_a_later_fork_knows_what_earlier_ones_have_learned(job: Path, alive: Alive) -> None:
    with start(job, alive) as warm:
        assert [warm.run("known", SECONDS).out.split() for _ in range(3)] == [[], ["word0"], ["word0", "word1"]]
        assert warm.run("die", SECONDS).code != 0
        assert len(warm.run("known", SECONDS).out.split()) == 3, "who was killed has said nothing"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_command(job: Path, alive: Alive, tmp_path: Path, how: signal.Signals) -> None:
    """However it ends: the job here stands in the program's place, and never ends by itself."""
    code = (
        "import signal, sys, pathlib; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from operations import preview, __main__; preview.OFFLINE = pathlib.Path(sys.argv.pop(1)); __main__.main()"
    )
    # The offline preview asks with JSON, which is no word of the job's.
    job.write_text(job.read_text(encoding="utf-8").replace("sys.stdin.read()", "'pause'"), encoding="utf-8")
    arguments = ["preview", "aws-pilot", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        [sys.executable, "-c", code, str(job), *arguments],
        env={**os.environ, "ALIVE": str(alive.path)},
        stderr=subprocess.PIPE,
        cwd=STACKS.parent,
        text=True,
    ) as command:
        assert alive.read() == b"p"
        command.send_signal(how)
        _, said = command.communicate(timeout=SECONDS)
    assert command.returncode != 0 and "Traceback" not in said
    assert alive.read() == b""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_is_imported_without_a_thread(platform: str) -> None:
    """A fork copies the thread that forks and no other: what another holds at that moment would be held for ever.

    The process is the one that the tests' previews are forks of, whatever it was asked for before.
    """
    warm = programs().start(platform)
    warm.run("{}", SECONDS)  # no stack: it breaks, once everything is imported
    assert psutil.Process(warm.pid).num_threads() == 1
