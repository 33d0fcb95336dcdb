"""What the three platforms give to a step's container, and what they read of it. Python's standard library, no more.

| | Amazon SageMaker | Vertex AI | Azure Machine Learning |
|---|---|---|---|
| started | training: with the one argument `train`; processing: with arguments | arguments | a command |
| reads | `/opt/ml/input/data/CHANNEL`; `/opt/ml/processing/…` | `/gcs/BUCKET/…` | a mounted folder, an argument |
| writes | `/opt/ml/model`; `/opt/ml/processing/…` | `/gcs/…`; `AIP_MODEL_DIR` | a mounted folder, an argument |
| checkpoints | `/opt/ml/checkpoints` | `AIP_CHECKPOINT_DIR` | a mounted folder, an argument |
| hyperparameters | `/opt/ml/input/config/hyperparameters.json`, each a text | arguments | arguments |
| failed | an exit code that is not 0 | the same | the same |
| why | `/opt/ml/output/failure`; of processing `/opt/ml/output/message`, its first 1 KB | the log | the log |

So every step takes the same arguments, `--in FOLDER…`, `--out FOLDER` and its options; what is not said is where
SageMaker's training and Vertex AI's variables have it. An address `gs://BUCKET/…` is the folder that Cloud Storage FUSE
shows of it. A file is found by its name in the one of the folders that has it.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-run-image.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-metadata.html,
https://cloud.google.com/vertex-ai/docs/training/code-requirements,
https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system,
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-read-write-data-v2
"""

import argparse
import hashlib
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

ROOT = Path("/opt/ml")
"""Where SageMaker has everything of a job."""
ARCHIVE = "model.tar.gz"
"""What SageMaker makes of /opt/ml/model, and hands on as it is to a step of processing."""
LARGEST = 256 * 1024 * 1024
"""Bytes of the largest file that a step reads."""
_SHOWN = 1024
"""Bytes that SageMaker shows of why a job failed."""
_SAGEMAKERS = ("sagemaker_", "_tuning_")
"""How hyperparameters begin that SageMaker itself adds: its SDK, and a tuning job."""

Options = TypeVar("Options")


class Refused(ValueError):
    """The step cannot be done. The message is one sentence that whoever started it reads; the exit code is 2."""


@dataclass(frozen=True)
class Folders:
    """Where a step reads, writes and, where it has any, keeps its checkpoints."""

    into: Sequence[Path]
    out: Path
    checkpoints: Path | None = None

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


def arguments(
    step: str,
    what: str,
    options: type[Options],
    given: Sequence[str],
    environment: Mapping[str, str] = os.environ,
    root: Path = ROOT,
) -> tuple[Folders, Options]:
    """The folders and the options of a step, from its arguments and from what the platform left for it.

    `options` is a dataclass of numbers and texts; a field without a default must be given. Raises Refused.
    """
    parser = argparse.ArgumentParser(prog=f"examples.steps {step}", description=what, exit_on_error=False)
    parser.add_argument("--in", dest="into", nargs="+", action="extend", default=[], metavar="FOLDER")
    parser.add_argument("--out", metavar="FOLDER")
    parser.add_argument("--checkpoints", metavar="FOLDER")
    known = {field.name.replace("_", "-"): field for field in fields(cast(Any, options))}
    for name in known:
        parser.add_argument(f"--{name}", dest=name)
    try:
        said, strange = parser.parse_known_args(list(given))
    except argparse.ArgumentError as error:
        raise Refused(f"{step}: {error}; see --help.") from None
    if strange:
        raise Refused(f"{step}: {strange[0]} is no argument of this step; see --help.")
    texts = {**_hyperparameters(root, known), **{name: getattr(said, name) for name in known}}
    values = {name.replace("-", "_"): _value(name, text, known[name].type) for name, text in texts.items() if text}
    missing = [name for name, field in known.items() if field.name not in values and field.default is MISSING]
    if missing:
        raise Refused(f"{step}: --{missing[0]} is missing; see --help.")
    channels = sorted(one for one in (root / "input" / "data").glob("*") if one.is_dir())
    out = said.out or environment.get("AIP_MODEL_DIR") or (str(root / "model") if channels else None)
    if out is None:
        raise Refused(f"{step}: --out is missing; name the folder that the step writes.")
    kept = said.checkpoints or environment.get("AIP_CHECKPOINT_DIR")
    if not kept and (root / "checkpoints").is_dir():
        kept = str(root / "checkpoints")
    into = [place(one) for one in said.into] or channels
    return Folders(into, place(out), place(kept) if kept else None), options(**values)


def place(said: str) -> Path:
    """The folder at an address: of gs://BUCKET/… it is the one that a job of Vertex AI has mounted."""
    return Path("/gcs") / said.removeprefix("gs://") if said.startswith("gs://") else Path(said)


def _hyperparameters(root: Path, known: Mapping[str, Any]) -> dict[str, str]:
    """What SageMaker's file says, where there is one: each a text. Raises Refused for what the step does not know."""
    file = root / "input" / "config" / "hyperparameters.json"
    if not file.is_file():
        return {}
    said = object_of(file.read_bytes(), str(file))
    found = {name: str(value) for name, value in said.items() if not name.startswith(_SAGEMAKERS)}
    if strange := sorted(found.keys() - known.keys()):
        raise Refused(f"{file}: {strange[0]!r} is no hyperparameter, allowed: {', '.join(known)}.")
    return found


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


def tell_failure(sentence: str, root: Path = ROOT) -> None:
    """Leave the sentence where SageMaker looks for it. Elsewhere there is no such folder, and the log has it."""
    output = root / "output"
    if output.is_dir():
        for name in ("failure", "message"):
            (output / name).write_bytes(sentence.encode()[:_SHOWN].decode(errors="ignore").encode())
