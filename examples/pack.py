"""Lays out what a person uploads and sends, as the manual steps of a verdict name it: `uv run python -m examples.pack`.

Each platform gets a folder under out/example/, where the commands of its verdict work as they are printed: `model/` is
the folder that Vertex AI and Azure Machine Learning take, `model.tar.gz` the archive that SageMaker takes, and
`request.json` a first call.
"""

import hashlib
import io
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from catalogue import archives

HERE = Path(__file__).parent
MODEL = HERE / "model"
OUT = HERE.parent / "out" / "example"
STEPS = HERE / "steps.Dockerfile"
"""What the image of all steps is built from, the same for each platform."""
NAME = "mlplatform-example"
"""What the example is called in a stack file: its image, or the image's tag in a repository that has the stack's name,
and the folder of its artifact and of its data. By that name the manual steps know what to build and to pack."""
TRAINS = f"{NAME}-train"
"""What the image is called that trains it: that of all steps."""


def is_example(address: str) -> bool:
    """Whether an image, or an artifact, is the example's by its address, such as REGISTRY/mlplatform-example:1."""
    return re.search(rf"[/:]{NAME}[-/:@]", address) is not None


def built(platform: str, image: str) -> str:
    """The command that builds an image of the example for a platform, at the root of the checkout."""
    return f"docker build --platform linux/amd64 -f examples/{dockerfile(platform, image).name} -t {image} examples"


def dockerfile(platform: str, image: str = NAME) -> Path:
    """What an image of the example is built from, in the folder whose files it copies: what serves, or what trains."""
    return STEPS if TRAINS in image else HERE / f"{platform}.Dockerfile"


def digest_of_image(file: Path) -> str:
    """The digest of what an image is built from: its Dockerfile, and the files that it copies from beside it.

    It stands for the digest of the image, which nobody has built. Raises OSError.
    """
    text = file.read_text(encoding="utf-8")
    copied = [file.parent / place for place in re.findall(r"^COPY (\S+) \S+$", text, re.MULTILINE)]
    return _digest([("Dockerfile", file), *(pair for place in copied for pair in _files(place))])


def digest_of(place: Path) -> str:
    """The digest of a file, or of the files of a folder by their names in it. Raises OSError."""
    return _digest(_files(place)) if place.is_dir() else _said(place.read_bytes())


def digest_of_model(platform: str, model: Path = MODEL) -> str:
    """The digest of the example's model, or of another of its form, as it is uploaded on a platform."""
    return _said(archive(model)) if platform == "aws" else digest_of(model)


def packed(platform: str) -> str:
    """What is uploaded of the example's model on a platform, at the root of the checkout, once it is laid out."""
    return f"out/example/{platform}/{'model.tar.gz' if platform == 'aws' else 'model'}"


def _files(place: Path) -> list[tuple[str, Path]]:
    found = sorted(place.rglob("*")) if place.is_dir() else [place]
    return [
        (one.relative_to(place.parent).as_posix().partition("/")[2] or one.name, one)
        for one in found
        if one.is_file() and "__pycache__" not in one.parts
    ]


def _digest(files: Iterable[tuple[str, Path]]) -> str:
    return _said("".join(f"{name} {_said(file.read_bytes())}\n" for name, file in files).encode())


def _said(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


PREPARED = "uv run python -m examples.train"
"""The command that lays out the data on which the example is trained, in out/example/data, at the root of a checkout.
"""
DATA, RAW_DATA = "out/example/data", "out/example/raw"


def data_of(address: str) -> str:
    """The folder with what a place of the example's data holds: the raw table, with which a pipeline begins, or what is
    prepared of it, on which a training job trains.
    """
    return RAW_DATA if address.rstrip("/").endswith("-raw") else DATA


PACKED = "uv run python -m examples.pack"
"""The command that lays the folders out, at the root of the checkout."""


def archive(model: Path = MODEL) -> bytes:
    """model.tar.gz, with the files of the model at its top, which are those that the version's record names."""
    packed = io.BytesIO()
    archives.archive(model, [name for name, _ in _files(model)], packed)
    return packed.getvalue()


def pack(out: Path = OUT) -> list[Path]:
    """Writes the folders, in place of those that are there, and returns them."""
    folders: list[Path] = []
    for recorded in sorted((HERE / "recorded").iterdir()):
        folder = out / recorded.name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(recorded, folder)
        if recorded.name == "aws":
            (folder / "model.tar.gz").write_bytes(archive())
        else:
            shutil.copytree(MODEL, folder / "model")
        folders.append(folder)
    return folders


if __name__ == "__main__":
    pack()
