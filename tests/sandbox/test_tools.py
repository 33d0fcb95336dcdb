"""Installing the Pulumi CLI, with a stand-in for what Pulumi's SDK downloads."""

import subprocess
import urllib.error
from pathlib import Path

import pytest
from pulumi.automation import InvalidVersionError, PulumiCommand
from semver import VersionInfo

from sandbox.tools import CLI_VERSION, NotInstalled, install_cli

FILES = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


def unpack(root: str, version: VersionInfo) -> None:
    assert str(version) == CLI_VERSION
    (Path(root) / "bin").mkdir()
    for name in FILES:
        (Path(root) / "bin" / name).write_text(name, encoding="utf-8")
        (Path(root) / "bin" / name).chmod(0o755)


def test_the_cli_stands_with_what_it_starts_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PulumiCommand, "install", unpack)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").touch()
    cli = install_cli(tmp_path)
    assert cli == tmp_path / "bin" / "pulumi" and cli.stat().st_mode & 0o111
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bin", *FILES, "uv"]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (urllib.error.URLError("Name or service not known"), "Name or service not known"),
        (subprocess.CalledProcessError(1, "install.sh", b"downloading\nerror: no such version\n"), "no such version"),
        (subprocess.CalledProcessError(7, "install.sh", b""), "ended with 7"),
        (InvalidVersionError("The minimum CLI version requirement is 3.1.0"), "minimum CLI version"),
        (OSError(8, "Exec format error"), "Exec format error"),
    ],
)
def test_an_installation_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    def fail(root: str, version: VersionInfo) -> None:
        unpack(root, version)
        raise error

    monkeypatch.setattr(PulumiCommand, "install", fail)
    with pytest.raises(NotInstalled, match=f"^[^<]*{why}"):
        install_cli(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_put_in_place_leaves_no_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PulumiCommand, "install", unpack)
    (tmp_path / "bin" / FILES[1]).mkdir(parents=True)
    with pytest.raises(NotInstalled):
        install_cli(tmp_path)
    assert not (tmp_path / "bin" / "pulumi").exists()
