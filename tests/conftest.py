"""What several folders of tests share: the resource graph of each pilot, made once a worker."""

import gc
import os
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.graph import Graph
from stacks.config import STACKS
from tests import sharing
from tests.forgetting import forget
from tests.previewing import KEPT, preview, staying_warm

# The SDKs and the tests are a million objects that live to the end. Without this the garbage collector looks at each
# again and again: it took more than half of what loading the tests takes.
gc.disable()
# Python takes the first package of a name, here and in the processes that tests start.
_SHIPPED = str(Path(__file__).with_name("shipped"))
sys.path.insert(0, _SHIPPED)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_SHIPPED, os.environ.get("PYTHONPATH"))))


@pytest.fixture(scope="session", autouse=True)
def _kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what programs say where the other workers of this run look, too."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "kept"
    folder.mkdir(exist_ok=True)
    KEPT[:] = [folder]


@pytest.fixture(scope="session")
def aws_pilot() -> Graph:
    """The resource graph of stacks/Pulumi.aws-pilot.yaml."""
    return preview(STACKS / "Pulumi.aws-pilot.yaml")


@pytest.fixture(scope="session")
def gcp_pilot() -> Graph:
    """The resource graph of stacks/Pulumi.gcp-pilot.yaml."""
    return preview(STACKS / "Pulumi.gcp-pilot.yaml")


@pytest.fixture(scope="session")
def azure_pilot() -> Graph:
    """The resource graph of stacks/Pulumi.azure-pilot.yaml."""
    return preview(STACKS / "Pulumi.azure-pilot.yaml")


@pytest.fixture
def organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A company's own folder, empty, which this process and those it starts find in place of the project's."""
    yield from company(tmp_path / "company", monkeypatch)


def company(root: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """Stand in a company's folder below `root`, which is made if it is not there."""
    folder = root / "organisation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.setenv("PYTHONPATH", str(root), prepend=os.pathsep)
    forget()
    yield folder
    forget()


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this process run programs in the tests' own processes, which have the SDKs loaded."""
    monkeypatch.setattr("operations.preview.Programs", staying_warm)


@pytest.fixture
def pilot(aws_pilot: Graph) -> Graph:
    """The pilot of a test for which any platform would do."""
    return aws_pilot


def pytest_collection(session: pytest.Session) -> None:
    """Before all tests are collected, import a share of their files in each worker.

    Each worker imports every file. In a fresh clone pytest compiles each with its asserts rewritten, which took 9 of 16
    processor seconds. Who has done so writes the bytecode for the others; where there is some already nothing is lost.
    """
    if session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS or "PYTEST_XDIST_WORKER" not in os.environ:
        return
    tests = Path(__file__).parent
    files = sorted(file for file in tests.rglob("test_*.py") if not (file.parent / "__init__.py").exists())
    first = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    for file in files[first :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]:
        with suppress(Exception, pytest.skip.Exception):  # said where the file is collected
            import_module(".".join(file.relative_to(tests.parent).with_suffix("").parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test` runs a share of each sweep. What draws its inputs draws more of them in a whole one."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("sweep")
    sharing.leave_out(config, items)


def pytest_collection_finish() -> None:
    """Collect garbage from here on, and look no more at what was loaded with the tests.

    What a whole collection leaves was mostly loaded since, by a test, and stays too: the SDKs come with the first
    program, and one look at them takes seconds.
    """
    gc.freeze()
    given(st.none())(lambda _: None)()  # Hypothesis collects once, and warns where who holds its random numbers froze
    gc.callbacks.append(_keep_what_is_left)
    gc.enable()


def _keep_what_is_left(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()


_MEMORY, _ROOM = Path("/dev/shm"), 2 * 2**30


def pytest_configure(config: pytest.Config) -> None:
    """Keep what tests write in memory, where there is a place for it with room: on a disk each rename waits.

    A run writes some 100 MB, programs among them: a container's place for shared memory may run none. What runs on the
    engine has homes of its own, with plugins in them, and stays on the disk.
    https://docs.pytest.org/en/stable/reference/reference.html#envvar-PYTEST_DEBUG_TEMPROOT
    """
    sharing.begin(config)
    # How fast a machine draws its inputs is no judgement on the code. A share of what is drawn is the same on each run.
    settings.register_profile(
        "any machine",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=sharing.examples(100),
        derandomize=not sharing.whole(),
    )
    settings.load_profile("any machine")
    if config.getoption("--long") or not os.access(_MEMORY, os.W_OK):
        return
    there = os.statvfs(_MEMORY)
    if there.f_bavail * there.f_frsize > _ROOM and not there.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make drills` runs what takes minutes on the engine, and `make sweeps` each sweep whole; `make test` does not."""
    parser.addoption("--long", action="store_true", help="run each sweep whole, every drill twice and the twenty kills")
