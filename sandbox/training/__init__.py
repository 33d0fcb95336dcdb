"""The simulated training services: a run of a training job or a pipeline that stands, whose container is the example's.

A run is what the definition that stands says, read again: the state machine's request, the workflow's body, the
schedule's job. The service lays the files that the sandbox's stores hold where the container of that cloud finds them,
runs the program of examples/steps.Dockerfile in a process, and puts what it wrote back into the stores: what it trained
below a folder of the run, and its checkpoints. It does so as the identity that the definition names, by the grants that
stand, of data; who may pull an image, use a key or start a job is asked when a stack comes up, and not here.

A pipeline's run begins a step once those have ended that it waits for, each as such a job does, with their outputs: of
one that searches, that of its best trial. One that does a batch job scores (sandbox/scoring.py). What does not wait for
one another is side by side on the sandbox's clock, so that a run takes as long as its longest way. Once a step has
failed none begins, where the definition says so, and what runs beside it ends: of Vertex AI that is documented,
https://cloud.google.com/vertex-ai/docs/pipelines/configure-failure-policy, of the others it is assumed.

The sandbox runs one image, by the digest of what it is built from. A run of any other is `assumed`: nothing is trained.
A run that searches hyperparameters makes its trials one after the other (`search.py`).
Each platform's module says what it hands to a container, and says with its sources what it does where one fails.
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from signal import SIGKILL, SIGTERM
from tempfile import TemporaryDirectory
from typing import Literal, Protocol, cast

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.order import in_order
from catalogue.pricing import Unpriced
from catalogue.properties import Unreadable
from catalogue.registries import as_written
from examples.pack import STEPS, digest_of, digest_of_image
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.faults import FaultKind
from sandbox.state.records import Record
from sandbox.training import container
from sandbox.training.container import Exit, Struck
from sandbox.training.search import Search, Trial

STARTING = 300
"""Seconds on the sandbox's clock until machines stand and the container has trained. Assumed: minutes, as of most."""
_HOUR = 3600


class RunFailed(Exception):
    """A run ended without a model. `str()` has what the service says, attempt by attempt."""


@dataclass(frozen=True)
class Launch:
    """One attempt of a run, as its service starts the container.

    `name` is that of the job in the cloud, and `identity` what it runs as. Folders are named as the container knows
    them. `reads` has the address of each that it may read. `output` is the folder of what was trained and its address,
    and `keeps` the same of checkpoints. `files` are what the service itself leaves. It stops the job after `hours`.
    """

    name: str
    image: str
    identity: str
    words: Sequence[str]
    variables: Mapping[str, str]
    reads: Mapping[str, str]
    output: tuple[str, str]
    keeps: tuple[str, str] | None
    hours: float
    spot: bool
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    folders: Sequence[str] = ()
    figure: Callable[[Path, str], float | None] | None = None
    """Of a trial, what its service reads as the figure, in the files and the log that the container left."""


@dataclass
class Searching:
    """A step of a pipeline that searches: what, the container of each trial, and the best of them once they are made,
    which the steps after it read."""

    search: Search
    launch: Callable[[Trial], Launch]
    best: Launch | None = None

    @property
    def found(self) -> Launch:
        """The best trial. Raises BadInput before the trials are made."""
        if self.best is None:
            raise BadInput("a step reads the best trial of a search that has made none")
        return self.best


@dataclass(frozen=True)
class Scoring:
    """A step of a pipeline that does a batch job: the name of its job, and what does it, which says what its service
    says and how it ended, and how many seconds it takes, which are as many as a container's."""

    name: str
    does: Callable[[], tuple[str, Literal["done", "failed", "assumed"]]]
    seconds: float = STARTING


@dataclass(frozen=True)
class Steps:
    """The steps of a run of a pipeline, by name: what each waits for, and what it starts once all of that has ended: a
    container, a search or a batch job. `stops` says whether none begins once one has failed.
    """

    waits: Mapping[str, Collection[str]]
    starts: Callable[[str], Launch | Searching | Scoring]
    stops: bool = True


@dataclass(frozen=True)
class Asked:
    """Reading, listing or writing what lies at an address, as the identity of a run."""

    does: Literal["list", "read", "write"]
    address: str


class Service(Protocol):
    """The functions of a platform's module. Each raises BadInput or Unreadable for a definition that it cannot read."""

    def trains(self, record: Record) -> bool:
        """Whether a run of what stands trains a model."""
        ...

    def is_pipeline(self, record: Record) -> bool:
        """Whether a run of what stands does the steps of a pipeline."""
        ...

    def steps(self, state: State, record: Record, run: float) -> Steps:
        """What a run of a pipeline starts."""
        ...

    def search(self, record: Record) -> Search | None:
        """What a run searches; None where it trains once."""
        ...

    def attempts(self, record: Record) -> int:
        """How often a run is tried, the first time included."""
        ...

    def hours(self, record: Record) -> float:
        """After how many hours a run is given up, all attempts together."""
        ...

    def launch(self, state: State, record: Record, run: float, attempt: int, trial: Trial | None = None) -> Launch:
        """What an attempt starts, counted from 0, or a trial of it. `run` is the time at which the run began, in
        seconds since 1970."""
        ...

    def refused(self, state: State, launch: Launch, asked: Asked) -> str:
        """What the store says to the identity of the run; "" where it may."""
        ...

    def failed(self, launch: Launch, ended: Exit, root: Path) -> str:
        """What the service says of a job whose container ended so."""
        ...

    def stopped(self, launch: Launch) -> str:
        """What the service says of a job that it stopped, for its time was up."""
        ...

    def interrupted(self, launch: Launch) -> str:
        """What the service says where it takes a Spot machine."""
        ...

    def stored(self, launch: Launch, folder: Path) -> tuple[str, Path]:
        """Where what was trained lies at the end, and the file or the folder that lies there."""
        ...


def of(record: Record) -> Service:
    """The module of the platform."""
    return cast(Service, import_module(f"sandbox.training.{record.platform}"))  # a module has no self


def trains(record: Record) -> bool:
    """Whether a run of what stands trains a model."""
    return of(record).trains(record)


def is_pipeline(record: Record) -> bool:
    """Whether a run of what stands does the steps of a pipeline."""
    return of(record).is_pipeline(record)


def run(state: State, record: Record) -> str:
    """Run a training job or a pipeline that stands, whose data lie where it reads them. Returns what its service says,
    a line each.

    Raises RunFailed where the run ended without a model or at a step, and BadInput where the sandbox has not kept its
    data, or its definition is not read.
    """
    try:
        service = of(record)
        return (_run_steps if service.is_pipeline(record) else _run)(state, record, service)
    except (Unreadable, Unpriced) as error:
        raise BadInput(f"{record.name}: the sandbox does not read what a run of it is: {error}") from None


def _run(state: State, record: Record, service: Service) -> str:
    if (search := service.search(record)) is not None:
        return _searched(state, record, service, search)
    began, left, lines = state.clock.now(), service.hours(record), list[str]()
    for attempt in range(service.attempts(record)):
        launch = service.launch(state, record, began, attempt)
        if state.account.digest(launch.image) != digest_of_image(STEPS):
            return _noted(state, record, launch.name, _assumed(launch))
        tried = _Attempt(state, record, service, launch)
        trained = tried.trains()
        lines += _ended(state, record, tried.said, tried.seconds)
        if trained:
            return "\n".join(lines)
        left -= tried.seconds / _HOUR
        if left <= 0:
            lines.append(f"{record.name}: the time of the run itself is up, so it is not tried again")
            break
    raise RunFailed("\n".join([f"{record.name}: the run failed", *lines]))


@dataclass
class _Done:
    """What was done of a step: what its service says, each with the name of a job, how many seconds it took, and
    whether it ended well. One that the sandbox does not do is neither done nor failed."""

    said: list[tuple[str, str]]
    seconds: float = 0.0
    end: Literal["done", "failed", "assumed"] = "done"


def _run_steps(state: State, record: Record, service: Service) -> str:
    steps = service.steps(state, record, state.clock.now())
    left, lines = in_order(steps.waits), list[str]()
    if never := sorted(steps.waits.keys() - {*left}):
        raise BadInput(f"{record.name}: its steps {', '.join(never)} wait for each other, or for one that is not there")
    running, ends = dict[str, tuple[float, _Done]](), dict[str, str]()
    while True:
        for name in [] if _is_over(steps, ends) else [one for one in left if _may_begin(steps, one, ends)]:
            left.remove(name)
            done = _step(state, record, service, name, steps.starts(name))
            running[name] = (state.clock.now() + done.seconds, done)
        if not running:
            break
        first = min(at for at, _ in running.values())
        for name in sorted(name for name, (at, _) in running.items() if at <= first):
            _, done = running.pop(name)
            lines += [f"{name}: {line}" for line in _ended(state, record, done.said, first - state.clock.now())]
            ends[name] = done.end
    failed = sorted(name for name, end in ends.items() if end == "failed")
    if failed:
        lines += [f"{record.name}: {', '.join(left)} did not begin"] if left else []
        at_its = f"step{'s' if len(failed) > 1 else ''} {', '.join(failed)}"
        raise RunFailed("\n".join([f"{record.name}: the run failed at its {at_its}", *lines]))
    return "\n".join(lines)


def _is_over(steps: Steps, ends: Mapping[str, str]) -> bool:
    """Whether no more step begins, whatever still runs."""
    return "assumed" in ends.values() or (steps.stops and "failed" in ends.values())


def _may_begin(steps: Steps, name: str, ends: Mapping[str, str]) -> bool:
    return all(ends.get(one) == "done" for one in steps.waits[name])


def _step(state: State, record: Record, service: Service, step: str, starts: Launch | Searching | Scoring) -> _Done:
    if isinstance(starts, Scoring):
        said, end = starts.does()
        return _Done([(starts.name, f"{starts.name}: {said}")], starts.seconds, end)
    if isinstance(starts, Searching):
        return _trials(state, record, service, starts, f"{record.name}: its step {step}")
    if state.account.digest(starts.image) != digest_of_image(STEPS):
        return _Done([(starts.name, _assumed(starts))], end="assumed")
    tried = _Attempt(state, record, service, starts)
    done = tried.trains()
    return _Done(tried.said, tried.seconds, "done" if done else "failed")


def _ended(state: State, record: Record, said: Sequence[tuple[str, str]], seconds: float) -> list[str]:
    """Let so many seconds pass, and note what the service says then. Returns the sentences."""
    state.clock.move(max(seconds, 0.0))
    return [_noted(state, record, name, one) for name, one in said]


def _assumed(launch: Launch) -> str:
    return (
        f"{launch.name}: the sandbox runs only an image of its own, which `sandbox push {launch.image} "
        f"examples/{STEPS.name}` pushes, and not this one; the run ends as `assumed`, and nothing was trained"
    )


def _searched(state: State, record: Record, service: Service, search: Search) -> str:
    """Make the trials of a run, and say which is the best. Raises RunFailed where none left a figure."""
    began = state.clock.now()
    what = Searching(search, lambda trial: service.launch(state, record, began, 0, trial))
    done = _trials(state, record, service, what, record.name)
    lines = _ended(state, record, done.said, done.seconds)
    if done.end == "failed":
        raise RunFailed("\n".join([lines[-1], *lines[:-1]]))
    return "\n".join(lines)


def _trials(state: State, record: Record, service: Service, what: Searching, who: str) -> _Done:
    """Make the trials of a search, and keep the best of them: none where its image is not the sandbox's own. A trial
    that fails is one less; where none left a figure, the search has failed.
    """
    search, done = what.search, _Done([])
    best: tuple[float, Launch, Trial] | None = None
    for number in range(1, search.total + 1):
        trial = Trial(number, search.values(number))
        launch = what.launch(trial)
        if state.account.digest(launch.image) != digest_of_image(STEPS):
            return _Done([*done.said, (launch.name, _assumed(launch))], done.seconds, "assumed")
        tried = _Attempt(state, record, service, launch)
        trained, figure = tried.trains(), tried.figure
        done = _Done([*done.said, *tried.said], done.seconds + tried.seconds)
        if trained and figure is not None and (best is None or search.better(figure, best[0])):
            best = figure, launch, trial
    if best is None:
        none = f"{who}: the run failed, for none of its {search.total} trials left a figure {search.metric}"
        return _Done([*done.said, (record.name, none)], done.seconds, "failed")
    figure, what.best, trial = best
    tried_ = ", ".join(f"{name}={value}" for name, value in trial.values.items())
    name = what.best.name
    said = f"{who}: the best of {search.total} trials is {name}: {search.metric}={figure:g} with {tried_}"
    return _Done([*done.said, (name, said)], done.seconds)


def _noted(state: State, record: Record, name: str, said: str) -> str:
    """The sentence, which the journal has, too."""
    state.journal.note("invoke", record.type, record.name, record.id, name, said)
    return said


class _Attempt:
    """One attempt of a run: how many seconds it took, and what its service said, each with the name of its job."""

    def __init__(self, state: State, record: Record, service: Service, launch: Launch) -> None:
        self._state, self._record, self._service, self._launch = state, record, service, launch
        self.said: list[tuple[str, str]] = []
        self.seconds = 0.0
        self.figure: float | None = None

    def trains(self) -> bool:
        """Make the attempt. Returns whether a model was trained."""
        for asked in self._asks():
            if refused := self._service.refused(self._state, self._launch, asked):
                self.seconds += STARTING
                self._say(refused)
                return False
        # Each interruption takes a strike from what is armed, so this ends.
        while (trained := self._on_one_machine()) is None:
            pass
        return trained

    def _on_one_machine(self) -> bool | None:
        """Run the container once. Returns whether it trained, or None where its machine was taken, and it goes on."""
        launch, fault = self._launch, self._fault()
        with TemporaryDirectory(prefix="mlplatform-training-") as scratch:
            root = Path(scratch) / "root"
            self._lay(root)
            ended = container.run(root, launch.words, launch.variables, self._struck(fault))
            late = ended.struck and fault == "job-overruns"
            self.seconds += launch.hours * _HOUR if late else STARTING
            if launch.keeps is not None:
                self._put(launch.keeps[1], _at(root, launch.keeps[0]))
            if ended.struck and fault == "spot-taken":
                self._say(self._service.interrupted(launch))
                return None
            if late or ended.code:
                self._say(self._service.stopped(launch) if late else self._service.failed(launch, ended, root))
                return False
            self.figure = launch.figure(root, ended.log) if launch.figure is not None else None
            address, what = self._service.stored(launch, _at(root, launch.output[0]))
            self._put(address, what)
        did = "wrote" if self._service.is_pipeline(self._record) else "trained"
        self._say("; ".join([f"{did} {as_written(address)} as {launch.identity}", *ended.log.strip().splitlines()]))
        return True

    def _asks(self) -> Iterator[Asked]:
        """All that the run reads and writes. Each file that it reads is asked for."""
        for address in (*self._launch.reads.values(), *self._kept()):
            yield Asked("list", address)
            yield from (Asked("read", one) for one in below(self._state, address))
        yield Asked("write", self._launch.output[1])
        yield from (Asked("write", one) for one in self._kept())

    def _kept(self) -> Iterator[str]:
        if self._launch.keeps is not None:
            yield self._launch.keeps[1]

    def _fault(self) -> FaultKind | None:
        """What is armed for the job and strikes now. Only a Spot machine is taken."""
        kinds: list[FaultKind] = ["job-fails", "job-overruns", *(["spot-taken"] if self._launch.spot else [])]
        fault = self._state.faults.take(kinds, self._record.type, self._record.name)
        return fault.kind if fault is not None else None

    def _struck(self, fault: FaultKind | None) -> Struck | None:
        """A container with checkpoints is struck after its first file, another before it has written anything."""
        if fault is None:
            return None
        return Struck(SIGKILL if fault == "job-fails" else SIGTERM, 2 if self._launch.keeps is not None else 1)

    def _lay(self, root: Path) -> None:
        """Lay out what the container finds: the files of its folders, and what the service leaves. Raises BadInput."""
        launch = self._launch
        kept = dict([launch.keeps]) if launch.keeps is not None else {}
        for folder in (*launch.folders, launch.output[0], *launch.reads, *kept):
            _at(root, folder).mkdir(parents=True, exist_ok=True)
        for folder, address in {**launch.reads, **kept}.items():
            for one in below(self._state, address):
                lay_one(self._state, one, as_written(address), _at(root, folder))
        for file, content in launch.files.items():
            _at(root, file).parent.mkdir(parents=True, exist_ok=True)
            _at(root, file).write_bytes(content)

    def _put(self, address: str, what: Path) -> None:
        """Put a file, or the files of a folder, at an address of the stores, in place of what lay there."""
        if what.is_dir() and not any(what.iterdir()):
            return
        digest = digest_of(what)
        self._state.content.keep(digest, what)
        self._state.account.upload(address, digest)

    def _say(self, said: str) -> None:
        self.said.append((self._launch.name, f"{self._launch.name}: {said}"))


def below(state: State, address: str) -> list[str]:
    """The addresses of what lies at an address or below it."""
    begins = f"{as_written(address).rstrip('/')}/"
    return [one for one in state.account.artifacts() if f"{as_written(one).rstrip('/')}/".startswith(begins)]


def standing(state: State, platform: str) -> Graph:
    """All that stands, for the readers of grants."""
    return Graph("", platform, tuple(of_record(one) for one in state.resources.all()), {})


def _at(root: Path, folder: str) -> Path:
    return root / folder.removeprefix("/")


def lay_one(state: State, address: str, above: str, folder: Path) -> None:
    """Lay what lies at an address into a folder, which shows what lies below another address. Raises BadInput."""
    content = state.content.kept(state.account.digest(address))
    if content is None:
        raise BadInput(
            f"{address}: the sandbox has not kept what lies there; `sandbox upload {address} CONTENT` says what it is"
        )
    inside = address.rstrip("/").removeprefix(above.rstrip("/")).removeprefix("/")
    files = [one for one in content.rglob("*") if one.is_file()]
    if len(files) == 1 and not address.endswith("/") and inside:
        to = folder / inside
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[0], to)
    else:
        shutil.copytree(content, folder / inside, dirs_exist_ok=True)
