"""The two tools that a sandbox needs beside Python: where they are found, and how the Pulumi CLI is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
from pathlib import Path

from sandbox.home import ROOT

CLI_VERSION = "3.260.0"
"""The Pulumi CLI that the sandbox is tried with."""
FOLDER = ROOT / ".tools"
"""Where make puts what is not on PATH, uv too."""
PATIENCE = 60.0
"""Seconds that the download of the installer may be silent."""


class NotInstalled(Exception):
    """The CLI could not be installed: `str()` is why."""


def find_cli() -> Path | None:
    """The Pulumi CLI on PATH, else the one that `make sandbox` installs."""
    return _first(shutil.which("pulumi"), FOLDER / "bin" / "pulumi")


def find_uv() -> Path | None:
    """The project's uv: the one that runs this process, else the one on PATH, else the one that make installs."""
    return _first(os.environ.get("UV"), shutil.which("uv"), FOLDER / "bin" / "uv")


def _first(*candidates: str | Path | None) -> Path | None:
    return next((Path(found) for found in candidates if found and os.access(found, os.X_OK)), None)


def install_cli(folder: Path = FOLDER) -> Path:
    """Install the Pulumi CLI into `folder`/bin with the installer of Pulumi's SDK.

    Raises NotInstalled where that is refused; `folder` then holds what it held before.
    """
    from pulumi.automation import InvalidVersionError, PulumiCommand
    from semver import VersionInfo

    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="pulumi-") as new:
            PulumiCommand.install(root=new, version=VersionInfo.parse(CLI_VERSION))
            (folder / "bin").mkdir(exist_ok=True)
            # The CLI itself comes last: whoever finds it finds beside it all that it starts.
            for file in sorted(Path(new, "bin").iterdir(), key=lambda file: file.name == "pulumi"):
                file.replace(folder / "bin" / file.name)
    except subprocess.CalledProcessError as error:
        said = bytes(error.output or b"").decode(errors="replace").strip().splitlines()
        raise NotInstalled(said[-1] if said else f"its installer ended with {error.returncode}") from None
    except urllib.error.URLError as error:
        raise NotInstalled(str(error.reason)) from None
    except (OSError, InvalidVersionError) as error:
        raise NotInstalled(str(error)) from None
    finally:
        socket.setdefaulttimeout(patience)
    return folder / "bin" / "pulumi"
