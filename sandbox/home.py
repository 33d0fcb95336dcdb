"""The folder of a sandbox. It has all that Pulumi and the simulated clouds keep, laid out so that Pulumi finds it.

    state.sqlite   the simulated cloud (`sandbox.state`)
    home/          PULUMI_HOME, the simulated providers in it as plugins
    backend/       Pulumi's own state
    project/       the project that Pulumi runs: links to the checkout, and its own Pulumi.yaml
    stacks/        copies of stack files; Pulumi writes to these and never to the checked-in ones
    content/       what was uploaded, by its digest
    marker         says that this folder is a sandbox's own; without it nothing here is removed

Two sandboxes are two folders and share nothing but the code.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from catalogue.errors import BadInput
from sandbox.clouds import CLOUDS

ROOT = Path(__file__).resolve().parent.parent
FOLDER_VARIABLE = "MLPLATFORM_SANDBOX"
PASSPHRASE = "sandbox"
"""Encrypts what Pulumi keeps in the sandbox, where nothing is secret."""
_LEFT_OUT = (
    *("PULUMI_", "AWS_", "GOOGLE_", "CLOUDSDK_", "AZURE_", "ARM_", "MLPLATFORM_"),
    # Each of these names the environment or folder outside, and uv would use that in the sandbox.
    *("VIRTUAL_ENV", "UV_PROJECT", "UV_WORKING_DIR"),
)
"""Environment variables whose names begin like this do not reach a sandbox."""
_PARTS = (
    "state.sqlite",
    "home",
    "backend",
    "project",
    "stacks",
    "origins",
    "rest.",
    "lock",
    "trial-",
    "content",
    "marker",
)
_MARKER = "A sandbox of mlplatform. What is in this folder is its own, and is removed with it.\n"
_SALT = re.compile(r"^encryptionsalt: .*\n?", re.MULTILINE)
_SECRETS = re.compile(
    r"""^(?P<quote>["']?)(encryptionsalt|secretsprovider|encryptedkey)(?P=quote)\s*:.*\n?(?:[ \t]+\S.*\n?)*""",
    re.MULTILINE,
)
"""What `pulumi stack init` writes of the key that encrypts a stack's secrets, a value on further lines with it."""


@dataclass(frozen=True)
class Home:
    """The sandbox in the folder `path`. The folder need not exist yet."""

    path: Path

    @property
    def database(self) -> Path:
        """The simulated cloud."""
        return self.path / "state.sqlite"

    @property
    def project(self) -> Path:
        """The folder in which Pulumi runs."""
        return self.path / "project"

    def lay_out(self) -> None:
        """Create the folder, or bring it up to date with the checkout. Its state stays."""
        self.mark()
        for name in ("backend", "project", "stacks", "origins"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        for plugin, cloud in CLOUDS.items():
            # The engine looks for the version of the SDK only.
            folder = self.path / "home" / "plugins" / f"resource-{plugin}-v{version(cloud.sdk)}"
            folder.mkdir(parents=True, exist_ok=True)
            # -P keeps the folder where the engine is run out of the imports: a project may have folders named alike.
            command = f'exec {shlex.quote(sys.executable)} -P -m sandbox.plugin {plugin} "$@"'
            _write(folder / f"pulumi-resource-{plugin}", f"#!/bin/sh\n{command}\n", 0o755)
        for entry in ROOT.iterdir():
            if not entry.name.startswith(".") and entry.name not in ("Pulumi.yaml", "out"):
                _link(self.project / entry.name, entry)
        _link(self.project / ".venv", Path(sys.prefix))
        settings = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
        settings["stackConfigDir"] = "../stacks"
        _write(self.project / "Pulumi.yaml", yaml.safe_dump(settings, sort_keys=False))

    def take(self, stack_file: Path) -> bool:
        """Copy a stack file if it is new or has changed. Otherwise the copy stays, with what Pulumi changed in it.

        The copy has the sandbox's own salt. What the file says of a secrets provider is left out: neither its
        passphrase nor its key in a cloud is known here. https://www.pulumi.com/docs/iac/concepts/secrets/

        Returns True if it replaced a copy that Pulumi had changed.
        """
        wanted = without_secrets(stack_file.read_text(encoding="utf-8"))
        origin, copy = self.path / "origins" / stack_file.name, self.path / "stacks" / stack_file.name
        had = copy.read_text(encoding="utf-8") if copy.is_file() else ""
        before = origin.read_text(encoding="utf-8") if origin.is_file() else ""
        if had and before == wanted:
            return False
        _write(copy, wanted.rstrip("\n") + "\n" + secrets_of(had))
        _write(origin, wanted)
        return bool(had) and yaml.safe_load(_SALT.sub("", had)) != yaml.safe_load(before)

    def forget(self, stack: str) -> None:
        """Remove the copy of a stack's file, once Pulumi does not know the stack any more."""
        for folder in ("stacks", "origins"):
            (self.path / folder / f"Pulumi.{stack}.yaml").unlink(missing_ok=True)

    def strange(self) -> str | None:
        """A name in the folder that no sandbox makes, or None."""
        names = sorted(entry.name for entry in self.path.iterdir()) if self.path.is_dir() else []
        return next((name for name in names if not name.startswith(_PARTS)), None)

    def mark(self) -> None:
        """Create the folder, and mark it as a sandbox's own where it is new or empty. What has files stays as it is."""
        self.path.mkdir(parents=True, exist_ok=True)
        if all(entry.name == "lock" for entry in self.path.iterdir()):
            _write(self.path / "marker", _MARKER)

    def empty(self) -> None:
        """Remove everything in the folder but the lock and the marker. Raises BadInput as `remove` does."""
        self.refuse_unmarked()
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name not in ("lock", "marker"):
                entry.unlink()

    def remove(self) -> None:
        """Remove the folder. Raises BadInput, and removes nothing, where no marker says that it is a sandbox's own."""
        self.refuse_unmarked()
        shutil.rmtree(self.path)

    def refuse_unmarked(self) -> None:
        """Raise BadInput where no marker says that the folder is a sandbox's own, or it holds what none makes."""
        if strange := self.strange():
            raise BadInput(f"{self.path}: holds {strange[:80]}, which no sandbox made; nothing in it is removed")
        marker = self.path / "marker"
        if self.path.is_symlink() or marker.is_symlink() or not marker.is_file():
            raise BadInput(f"{self.path}: has no marker of a sandbox, so nothing in it is removed; remove it by hand")

    def has_stack(self, stack: str) -> bool:
        """Whether Pulumi knows the stack here."""
        return (self.path / "backend" / ".pulumi" / "stacks" / "mlplatform" / f"{stack}.json").is_file()

    def environment(self, tools: Sequence[Path], rest: str, instant: bool, token: str = "") -> dict[str, str]:
        """The environment of a process that works in this sandbox.

        It has no cloud credentials and no other Pulumi settings.

        `tools` come first on PATH. `rest` is the address of the REST double, and `token` the one that it takes.
        `instant` lets a canary's bake pass at once.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
        # The SDKs are large. Without bytecode each start would compile them again.
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        return {
            **kept,
            "PATH": os.pathsep.join((*(str(tool.parent) for tool in tools), os.environ.get("PATH", os.defpath))),
            "UV_OFFLINE": "1",
            "UV_FROZEN": "1",
            "PULUMI_HOME": str(self.path / "home"),
            # The backend keeps a file of attributes beside each file of state. A killed process may leave it cut off.
            "PULUMI_BACKEND_URL": f"{(self.path / 'backend').as_uri()}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",  # a real provider on PATH would reach a real cloud
            FOLDER_VARIABLE: str(self.path),
            "MLPLATFORM_GOOGLE_API": rest,
            "MLPLATFORM_AZURE_API": rest,
            "MLPLATFORM_AWS_API": rest,
            "MLPLATFORM_DOUBLE_TOKEN": token,
            **({"MLPLATFORM_INSTANT": "1"} if instant else {}),
        }


def without_secrets(text: str) -> str:
    """The text of a stack file without what it says of a secrets provider."""
    return _SECRETS.sub("", text)


def secrets_of(text: str) -> str:
    """What the text of a sandbox's copy says of its secrets provider: its salt, once Pulumi has made the stack."""
    salt = _SALT.search(text)
    return salt.group() if salt else ""


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write the file unless it has this text already, for another process may be reading it."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    new.replace(path)


def _link(path: Path, target: Path) -> None:
    """Make the link unless it exists already."""
    if path.is_symlink() and path.readlink() == target:
        return
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)
