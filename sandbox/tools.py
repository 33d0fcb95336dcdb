"""The two tools that a sandbox needs beside Python: where to find them, and how to install the Pulumi CLI."""

import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
from pathlib import Path

from sandbox.home import ROOT

CLI_VERSION = "3.260.0"
"""The version of the Pulumi CLI that the sandbox is tested with."""
FOLDER = ROOT / ".tools"
"""The folder in which make puts uv and the CLI where they are not on PATH."""
PATIENCE = 60.0
"""Seconds without data after which the download of the installer fails."""


class NotInstalled(Exception):
    """The CLI could not be installed. `str()` says why."""


def find_cli() -> Path | None:
    """The Pulumi CLI on PATH, else the one that `make sandbox` installs."""
    return _first(shutil.which("pulumi"), FOLDER / "bin" / "pulumi")


def find_uv() -> Path | None:
    """The project's uv: the one that runs this process, else the one on PATH, else the one that make installs."""
    return _first(os.environ.get("UV"), shutil.which("uv"), FOLDER / "bin" / "uv")


def _first(*candidates: str | Path | None) -> Path | None:
    return next((Path(found) for found in candidates if found and os.access(found, os.X_OK)), None)


def without_version(cli: Path) -> str:
    """Why Pulumi's Automation API would not take the CLI, as a sentence; "" where it would.

    It reads the version that the CLI says. A CLI of somebody's own `go build` says none, for Pulumi's Makefile alone
    links one in: https://github.com/pulumi/pulumi/blob/master/Makefile
    """
    from pulumi.automation import InvalidVersionError, PulumiCommand

    with tempfile.TemporaryDirectory(prefix="mlplatform-cli-") as root:
        Path(root, "bin").symlink_to(cli.parent.resolve())
        try:
            # Whoever tells that API to skip the check gets no version where the CLI says none.
            if PulumiCommand(root=root).version is not None:
                return ""
            why = "it says none"
        except InvalidVersionError as error:
            why = str(error).partition(". ")[0]
        except (subprocess.CalledProcessError, OSError) as error:
            why = str(error)
    return (
        f"{cli}: Pulumi's Automation API does not take this CLI, by what `pulumi version` says ({why}): put version "
        f"{CLI_VERSION} or later first on PATH, as https://www.pulumi.com/docs/install/ says; a CLI built from "
        "source says its version where Pulumi's own Makefile builds it"
    )


def install_cli(folder: Path = FOLDER) -> Path:
    """Install the Pulumi CLI into `folder`/bin with the installer of Pulumi's SDK.

    Raises NotInstalled where it fails. Then `folder` is as it was before.
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
            # Move the CLI last, so that a process that finds it also finds the programs that it starts.
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
