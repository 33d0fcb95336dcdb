"""What a step is given, and how it says that it cannot go on. Python's standard library, no more.

Every step takes the same arguments on each platform, `--in FOLDER…`, `--out FOLDER` and its options. A file is found
by its name in the one of the folders that has it. An address `gs://BUCKET/…` is the folder that Cloud Storage FUSE
shows of it (https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system).

A training job is started by the platform itself, each in its own way, and as the components of this repository ask for
it. So `train` takes these three, too; each has a module that reads it into a `Job`:

| | [Amazon SageMaker](sagemaker.py) | [Vertex AI](vertex.py) | [Azure Machine Learning](azure.py) |
|---|---|---|---|
| started | with the one argument `train` | with arguments, and no word before them | as `train` with arguments |
| reads | `/opt/ml/input/data/CHANNEL` | `--CHANNEL=/gcs/BUCKET/…` | `--CHANNEL=FOLDER`, mounted |
| writes | `/opt/ml/model` | `--output=/gcs/…`, `AIP_MODEL_DIR` | `--output=FOLDER`, mounted |
| checkpoints | `/opt/ml/checkpoints` | `--checkpoints=/gcs/…`, `AIP_CHECKPOINT_DIR` | `--checkpoints=FOLDER`, mounted |
| hyperparameters | `/opt/ml/input/config/hyperparameters.json`, each a text | `--NAME=VALUE` | `--NAME=VALUE` |
| a figure | a line of the log | the log, and a file for that of a trial | the log, and `mlflow.log_metric` |
| failed | an exit code that is not 0 | the same | the same |
| why | `/opt/ml/output/failure` | the log | the log |

A step of a pipeline of ours gets `--INPUT=FOLDER…`, `--output=FOLDER` and `--OPTION=VALUE…` on each platform, and the
id of its run in the variable MLPLATFORM_RUN (docs/adr/0021-a-pipeline-is-a-chain-of-steps.md).
"""

import argparse
import hashlib
import json
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

ROOT = Path("/")
"""Below which the folders of a container lie. A sandbox, which has no containers, has another."""
ARCHIVE = "model.tar.gz"
"""What SageMaker makes of /opt/ml/model, and hands on as it is to a step of processing."""
LARGEST = 256 * 1024 * 1024
"""Bytes of the largest file that a step reads."""
OUTPUT, CHECKPOINTS = "output", "checkpoints"
"""The arguments that name where a training job writes, on the platforms that hand it arguments."""
RUN = "MLPLATFORM_RUN"
"""The variable with the id of a pipeline's run."""

Options = TypeVar("Options")


class Refused(ValueError):
    """The step cannot be done. The message is one sentence that whoever started it reads; the exit code is 2."""


Tells = Callable[[str, float], None]
"""Tells the service of a platform a figure, by its name."""


@dataclass(frozen=True)
class Folders:
    """Where a step reads, writes and, where it has any, keeps its checkpoints, and what tells its service a figure."""

    into: Sequence[Path]
    out: Path
    checkpoints: Path | None = None
    tells: Tells | None = None

    def read(self, name: str) -> bytes:
        """The file of that name, in the one folder that has it. Raises Refused where none has it, or several do."""
        found = [content for folder in self.into for content in _contents(folder, name)]
        if len(found) != 1:
            shown = ", ".join(map(str, self.into)) or "no folder"
            raise Refused(f"{name}: found {len(found)} times in {shown}; give --in the one folder that has it.")
        return found[0]

    def has(self, name: str) -> bool:
        """Whether a folder has the file."""
        return any(True for folder in self.into for _ in _contents(folder, name))

    def write(self, name: str, content: bytes) -> None:
        """Write a file below `out`, whole or not at all."""
        written(self.out / name, content)

    def report(self, name: str, figure: float) -> None:
        """Say a figure in a line of the log, and to the service where it is told figures otherwise."""
        sys.stdout.write(f"{name}={figure:.6f}\n")
        if self.tells is not None:
            self.tells(name, figure)


def written(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a container may be stopped at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    half.write_bytes(content)
    half.replace(path)


def _contents(folder: Path, name: str) -> Sequence[bytes]:
    """The file of that name in a folder, or in SageMaker's archive there."""
    place = folder / name
    if place.is_file():
        if place.stat().st_size > LARGEST:
            raise Refused(f"{place}: is larger than {LARGEST} bytes, which is the most that a step reads.")
        return [place.read_bytes()]
    if not (folder / ARCHIVE).is_file():
        return []
    try:
        with tarfile.open(folder / ARCHIVE, mode="r:gz") as tar:
            for entry in tar:
                if entry.name.removeprefix("./") == name and entry.isfile() and entry.size <= LARGEST:
                    held = tar.extractfile(entry)
                    return [held.read()] if held else []
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Refused(f"{folder / ARCHIVE}: cannot be read ({error}); give the archive that training wrote.") from error
    return []


@dataclass(frozen=True)
class Job:
    """A training job, as its platform handed it over. `said` is where its hyperparameters were said."""

    channels: Mapping[str, Path]
    output: Path
    checkpoints: Path | None
    hyperparameters: Mapping[str, str]
    replicas: int
    said: str
    tells: Tells | None = None


def handed(step: str, job: Job, options: type[Options]) -> tuple[Folders, Options]:
    """The folders and the options of a step that a platform started as a training job. Raises Refused."""
    if job.replicas != 1:
        raise Refused(f"{step}: is one of {job.replicas} replicas, and trains on one machine alone; give it one.")
    known = names(options)
    if strange := sorted({name.replace("_", "-") for name in job.hyperparameters} - known.keys()):
        raise Refused(f"{job.said}: {strange[0]!r} is no hyperparameter, allowed: {', '.join(known)}.")
    texts = {name.replace("_", "-"): value for name, value in job.hyperparameters.items()}
    return Folders([*job.channels.values()], job.output, job.checkpoints, job.tells), _made(step, options, texts)


def is_of_a_pipeline(given: Sequence[str]) -> bool:
    """Whether these are the arguments of a pipeline's step: they name the folder of its output."""
    return any(word.startswith(f"--{OUTPUT}=") for word in given)


def of_a_pipeline(
    step: str, options: type[Options], given: Sequence[str], environment: Mapping[str, str], root: Path
) -> tuple[Folders, Options]:
    """The folders and the options of a pipeline's step. One that asks for the run, and is not told, has it of the
    service. Raises Refused."""
    words, known = words_of(given), names(options)
    inputs, texts = told(words, known, root)
    if "run" in known and not texts.get("run"):
        texts["run"] = environment.get(RUN, "")
    texts = {name.replace("_", "-"): value for name, value in texts.items()}
    return Folders([*inputs.values()], place(words[OUTPUT], root)), _made(step, options, texts)


def arguments(
    step: str, what: str, options: type[Options], given: Sequence[str], root: Path = ROOT
) -> tuple[Folders, Options]:
    """The folders and the options of a step, from its arguments.

    `options` is a dataclass of numbers and texts; a field without a default must be given. Raises Refused.
    """
    parser = argparse.ArgumentParser(prog=f"examples.steps {step}", description=what, exit_on_error=False)
    parser.add_argument("--in", dest="into", nargs="+", action="extend", default=[], metavar="FOLDER")
    parser.add_argument("--out", metavar="FOLDER")
    parser.add_argument("--checkpoints", metavar="FOLDER")
    known = names(options)
    for name in known:
        parser.add_argument(f"--{name}", dest=name)
    try:
        said, strange = parser.parse_known_args(list(given))
    except argparse.ArgumentError as error:
        raise Refused(f"{step}: {error}; see --help.") from None
    if strange:
        raise Refused(f"{step}: {strange[0]} is no argument of this step; see --help.")
    if said.out is None:
        raise Refused(f"{step}: --out is missing; name the folder that the step writes.")
    kept = place(said.checkpoints, root) if said.checkpoints else None
    texts = {name: text for name in known if (text := getattr(said, name)) is not None}
    return Folders([place(one, root) for one in said.into], place(said.out, root), kept), _made(step, options, texts)


def names(options: type[Any]) -> dict[str, Any]:
    """The options of a step, by their names as arguments."""
    return {field.name.replace("_", "-"): field for field in fields(options)}


def _made(step: str, options: type[Options], texts: Mapping[str, str]) -> Options:
    """The options with these values. An empty text is one that was not given. Raises Refused."""
    known = names(options)
    values = {name.replace("-", "_"): _value(name, text, known[name].type) for name, text in texts.items() if text}
    missing = [name for name, field in known.items() if field.name not in values and field.default is MISSING]
    if missing:
        raise Refused(f"{step}: --{missing[0]} is missing; see --help.")
    return options(**values)


def words_of(given: Sequence[str]) -> dict[str, str]:
    """The arguments `--NAME=VALUE` of a training job, by name. Raises Refused for another, and for one given twice."""
    found: dict[str, str] = {}
    for word in given:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not equals or name in found:
            raise Refused(f"train: found {word[:80]!r}, allowed: --NAME=VALUE, each name once.")
        found[name] = value
    return found


def told(words: Mapping[str, str], known: Mapping[str, Any], root: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The channels and the hyperparameters among the arguments of a training job: a channel is a whole path.

    Raises Refused for an argument that is neither.
    """
    channels, hyperparameters = dict[str, Path](), dict[str, str]()
    for name, value in words.items():
        if name in (OUTPUT, CHECKPOINTS):
            continue
        if name.replace("_", "-") in known:
            hyperparameters[name] = value
        elif value.startswith(("/", "gs://")):
            channels[name] = place(value, root)
        else:
            raise Refused(f"--{name}: is no hyperparameter and names no folder, allowed: {', '.join(known)}.")
    return channels, hyperparameters


def place(said: str, root: Path = ROOT) -> Path:
    """The folder at an address: of gs://BUCKET/… it is the one that a job of Vertex AI has mounted."""
    if said.startswith("gs://"):
        return root / "gcs" / said.removeprefix("gs://")
    return root / said.removeprefix("/") if said.startswith("/") else Path(said)


def _value(name: str, text: str, kind: Any) -> int | float | str:
    try:
        return kind(text)
    except ValueError:
        raise Refused(f"--{name}: found {text[:40]!r}, allowed: {kind.__name__}.") from None


def parsed(content: bytes, called: str) -> Any:
    """What a file of JSON says. Raises Refused where it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Refused(f"{called}: is no JSON that can be read.") from None


def object_of(content: bytes, called: str, *keys: str) -> dict[str, Any]:
    """The object in a file of JSON that has these keys. Raises Refused where it is none, or lacks one."""
    said = parsed(content, called)
    if not isinstance(said, dict):
        raise Refused(f"{called}: is no object; give the file as the step before wrote it.")
    found = cast("dict[str, Any]", said)
    if lacking := [key for key in keys if key not in found]:
        raise Refused(f"{called}: has no {lacking[0]!r}; give the file as the step before wrote it.")
    return found


def canonical(value: object) -> bytes:
    """JSON that says the same in the same bytes: sorted keys, no white space. `catalogue/versions.py` has the same."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def as_json(value: object) -> bytes:
    """JSON for people, which says the same in the same bytes."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def digest(content: bytes) -> str:
    """The SHA-256 of a content, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
