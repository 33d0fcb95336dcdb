"""The folder of a sandbox: what Pulumi finds there, and that nothing else is touched or shared."""

import hashlib
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from catalogue.errors import BadInput
from sandbox.clouds import CLOUDS
from sandbox.engine import Forwarding
from sandbox.home import ROOT, Home

STACK_FILE = ROOT / "stacks" / "Pulumi.aws-pilot.yaml"
SALT = "encryptionsalt: v1:abc=:v1:def==\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "a sandbox")
    made.lay_out()
    return made


def environment(home: Home, **options: bool) -> dict[str, str]:
    tools = (Path("/cli/pulumi"), Path("/tools/uv"))
    return home.environment(tools, "http://127.0.0.1:9", options.get("instant", True))


def checked_in() -> dict[Path, str]:
    """A digest of each file that Pulumi could write to."""
    files = [ROOT / "Pulumi.yaml", ROOT / "uv.lock", *(ROOT / "stacks").glob("*.yaml")]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(("plugin", "sdk"), [(name, cloud.sdk) for name, cloud in CLOUDS.items()])
def test_each_simulated_provider_is_a_plugin_of_its_sdks_version(home: Home, plugin: str, sdk: str) -> None:
    launcher = home.path / "home" / "plugins" / f"resource-{plugin}-v{version(sdk)}" / f"pulumi-resource-{plugin}"
    assert os.access(launcher, os.X_OK)
    assert f"-m sandbox.plugin {plugin}" in launcher.read_text(encoding="utf-8")


def test_a_launcher_starts_the_projects_interpreter_whatever_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = tmp_path / "it's a python"
    shell.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))
    home = Home(tmp_path / "s")
    home.lay_out()
    (launcher,) = home.path.glob("home/plugins/resource-gcp-*/pulumi-resource-gcp")
    done = subprocess.run([launcher, "127.0.0.1:1"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["-P", "-m", "sandbox.plugin", "gcp", "127.0.0.1:1"]


def test_pulumi_sees_the_checkout_but_writes_beside_it(home: Home) -> None:
    seen = yaml.safe_load((home.project / "Pulumi.yaml").read_text(encoding="utf-8"))
    real = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert seen.pop("stackConfigDir") == "../stacks" and real.pop("stackConfigDir") == "stacks"
    assert seen == real
    assert (home.project / "stacks").resolve() == ROOT / "stacks"
    assert (home.project / "provider" / "PulumiPlugin.yaml").is_file()
    assert (home.project / ".venv").resolve() == Path(sys.prefix).resolve()
    assert not (home.project / "out").exists(), "a sandbox in out/ would hold itself"


def test_laying_out_again_changes_nothing(home: Home) -> None:
    def seen() -> dict[str, float]:
        return {str(path): path.lstat().st_mtime_ns for path in home.path.rglob("*") if not path.is_dir()}

    before = seen()
    home.lay_out()
    assert seen() == before


def test_a_stack_file_is_copied_once_and_keeps_what_pulumi_wrote(home: Home) -> None:
    before = checked_in()
    copy = home.path / "stacks" / STACK_FILE.name
    assert home.take(STACK_FILE) is False
    assert copy.read_text(encoding="utf-8") == STACK_FILE.read_text(encoding="utf-8")
    copy.write_text(copy.read_text(encoding="utf-8") + "  mlplatform:team: others\n" + SALT, encoding="utf-8")
    assert home.take(STACK_FILE) is False
    assert "team: others" in copy.read_text(encoding="utf-8")
    assert checked_in() == before


@pytest.mark.parametrize("set_by_pulumi", ["", "  mlplatform:enabled: false\n"])
def test_a_changed_stack_file_is_taken_anew_with_the_salt(home: Home, tmp_path: Path, set_by_pulumi: str) -> None:
    file, copy = tmp_path / "Pulumi.mine.yaml", home.path / "stacks" / "Pulumi.mine.yaml"
    file.write_text("config:\n  mlplatform:team: one\n", encoding="utf-8")
    home.take(file)
    copy.write_text(copy.read_text(encoding="utf-8") + set_by_pulumi + SALT, encoding="utf-8")
    file.write_text("config:\n  mlplatform:team: two\n", encoding="utf-8")
    assert home.take(file) is bool(set_by_pulumi), "it says so only where something of the user's is dropped"
    assert copy.read_text(encoding="utf-8") == "config:\n  mlplatform:team: two\n" + SALT


OTHERS = {
    "passphrase": "encryptionsalt: v1:0th3r=:v1:s4lt==\n",
    "quoted": '"encryptionsalt": v1:0th3r=:v1:s4lt==\n',
    "key of a cloud": "secretsprovider: gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k\nencryptedkey: CiQA=\n",
    "on further lines": "encryptedkey: >-\n  AQICAHh\n  kdWBk=\nsecretsprovider: awskms://alias/pulumi\n",
}
"""What `pulumi stack init` leaves in a stack file, with a secret that no sandbox has."""


@pytest.mark.parametrize("others", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("first", [True, False])
def test_the_secrets_provider_of_a_stack_stays_outside(home: Home, tmp_path: Path, others: str, first: bool) -> None:
    config = "config:\n  mlplatform:team: one\n  mlplatform:note: 'encryptionsalt: is a word'\n"
    file, copy = tmp_path / "Pulumi.mine.yaml", home.path / "stacks" / "Pulumi.mine.yaml"
    file.write_text(others + config if first else config + others, encoding="utf-8")
    assert home.take(file) is False
    assert copy.read_text(encoding="utf-8") == config
    copy.write_text(copy.read_text(encoding="utf-8") + SALT, encoding="utf-8")  # as `pulumi stack init` does
    assert home.take(file) is False, "nothing of the user's is dropped"
    file.write_text(f"{config}  mlplatform:owner: two\n{others}", encoding="utf-8")
    assert home.take(file) is False
    assert copy.read_text(encoding="utf-8") == f"{config}  mlplatform:owner: two\n{SALT}"


def test_no_credentials_and_no_real_provider_can_be_reached(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "secret-value")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "secret-value")
    monkeypatch.setenv("PULUMI_STACK", "prod")
    seen = environment(home)
    assert "secret-value" not in seen.values() and "PULUMI_STACK" not in seen
    assert seen["PULUMI_IGNORE_AMBIENT_PLUGINS"] == seen["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert seen["MLPLATFORM_GOOGLE_API"] == seen["MLPLATFORM_AZURE_API"] == "http://127.0.0.1:9"


def test_the_tools_come_first_on_path(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin")
    assert environment(home)["PATH"] == "/cli:/tools:/bin"


def test_no_variable_of_uv_names_another_project(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a container with UV_PROJECT_ENVIRONMENT, say: uv must run the sandbox's program with the sandbox's `.venv`."""
    for name in ("UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("UV_CACHE_DIR", "/cache")
    seen = environment(home)
    assert "elsewhere" not in seen.values() and seen["UV_CACHE_DIR"] == "/cache"


def test_a_bake_passes_at_once_unless_asked_otherwise(home: Home) -> None:
    assert environment(home)["MLPLATFORM_INSTANT"] == "1"
    assert "MLPLATFORM_INSTANT" not in environment(home, instant=False)


def test_a_killed_process_leaves_no_file_of_state_cut_off(home: Home) -> None:
    """Pulumi's own file backend writes attributes beside each file, and not in one step."""
    assert environment(home)["PULUMI_BACKEND_URL"] == f"{(home.path / 'backend').as_uri()}?metadata=skip"


def test_two_sandboxes_share_nothing(tmp_path: Path) -> None:
    one, two = Home(tmp_path / "one"), Home(tmp_path / "two")
    for home in (one, two):
        home.lay_out()
        home.take(STACK_FILE)
    ours = {
        name: value for name, value in environment(one).items() if str(one.path) in value or one.path.as_uri() in value
    }
    assert {"PULUMI_HOME", "PULUMI_BACKEND_URL", "MLPLATFORM_SANDBOX"} <= set(ours)
    assert not any(str(two.path) in value for value in environment(one).values())
    assert not any(path.is_symlink() and two.path in path.resolve().parents for path in one.path.rglob("*"))
    two.remove()
    assert one.take(STACK_FILE) is False and not two.path.exists()


def test_what_is_no_sandboxs_is_named(home: Home, tmp_path: Path) -> None:
    assert home.strange() is None
    assert Home(tmp_path / "nowhere").strange() is None
    (home.path / "thesis.txt").write_text("years", encoding="utf-8")
    assert home.strange() == "thesis.txt"


def test_only_what_a_marker_says_is_a_sandboxs_own_is_removed(home: Home, tmp_path: Path) -> None:
    """The folder of somebody's project may have no name in it but those that a sandbox has too."""
    theirs = Home(tmp_path / "theirs")
    (theirs.path / "project").mkdir(parents=True)
    (theirs.path / "project" / "thesis.txt").write_text("years", encoding="utf-8")
    theirs.lay_out()
    link = tmp_path / "link"
    link.symlink_to(home.path, target_is_directory=True)
    for kept in (theirs, Home(link)):
        for removes in (kept.empty, kept.remove):
            with pytest.raises(BadInput, match="has no marker"):
                removes()
    (home.path / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(BadInput, match=r"holds thesis\.txt, which no sandbox made"):
        home.remove()
    assert (theirs.path / "project" / "thesis.txt").is_file() and (home.path / "thesis.txt").is_file()


def test_emptying_leaves_the_checkout_alone(home: Home) -> None:
    before = checked_in()
    (home.path / "lock").touch()
    home.empty()
    assert {path.name for path in home.path.iterdir()} == {"lock", "marker"}
    home.lay_out()
    home.remove()
    assert checked_in() == before and not home.path.exists()


def test_an_end_that_comes_while_the_cli_starts_reaches_it() -> None:
    asleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with Forwarding() as forwarding, subprocess.Popen(asleep, stderr=subprocess.DEVNULL) as process:
        os.kill(os.getpid(), signal.SIGTERM)
        forwarding.to(process)
        assert process.wait(120) != 0
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
