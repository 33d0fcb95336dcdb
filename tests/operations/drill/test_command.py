"""`mlplatform drill` ended from outside, with a stand-in for the Pulumi CLI."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.home import ROOT
from sandbox.tools import CLI_VERSION
from tests.commanding import here

CLI = """#!/bin/sh
case " $* " in
*" version "*) echo v3.260.0 ;;
*" up "*) trap "touch '$DONE'; exit 255" INT; touch "$READY"; while :; do sleep 0.1; done ;;
*" init "*) mkdir -p ../backend/.pulumi/stacks/mlplatform && echo '{}' \
    > ../backend/.pulumi/stacks/mlplatform/gcp-pilot.json ;;
esac
"""


IN_BACKGROUND = ["/bin/sh", "-c", 'trap "" INT && exec "$@"', "sh"]
"""As a shell starts what is to run in the background: told to ignore interrupts, and all that it starts with it."""


@pytest.mark.sweep(2)
@pytest.mark.parametrize(
    ("drill", "number", "how"),
    [
        ("drift", signal.SIGTERM, []),
        ("idle-endpoint", signal.SIGINT, []),
        ("gpu-quota", signal.SIGTERM, IN_BACKGROUND),
        ("no-capacity", signal.SIGINT, IN_BACKGROUND),
    ],
)
def test_what_runs_is_interrupted_with_the_drill(
    tmp_path: Path, drill: str, number: signal.Signals, how: list[str]
) -> None:
    for name, text in (("pulumi", CLI), ("uv", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    ready, done = tmp_path / "ready", tmp_path / "done"
    environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "READY": str(ready), "DONE": str(done)}
    environment.pop("UV", None)
    command = [*how, sys.executable, "-m", "operations", "drill", drill, "gcp-pilot"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 120
        while not ready.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        assert ready.exists(), process.communicate()[1]
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        _, said = process.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the stand-in too
        shutil.rmtree(ROOT / "out" / "sandbox" / f"drill-{drill}-gcp-pilot", ignore_errors=True)
    assert process.returncode not in (0, 1) and "Traceback" not in said
    assert done.exists(), "the engine was not interrupted"


@pytest.mark.parametrize("version", ["", "v0.1.0", "v3.260.0; exit 7"])
def test_a_cli_whose_version_pulumi_does_not_take_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """A CLI that somebody built says an empty one."""
    for name, text in (("pulumi", f"#!/bin/sh\necho {version}\n"), ("uv", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    said = here("drill", "drift", "gcp-pilot")
    assert said.returncode == 2
    assert re.fullmatch(rf"[^\n]*{tmp_path}/pulumi: Pulumi's Automation API does not take [^\n]+\n", said.stderr)
    assert f"put version {CLI_VERSION} or later first on PATH" in said.stderr
    assert not (ROOT / "out" / "sandbox" / "drill-drift-gcp-pilot").exists(), "nothing was made"
