"""The command without what a start of it costs.

`command` is a process of its own that costs little: a fork of one in which everything is imported already. A start of
Python with the command's imports takes half a processor second, a fork a tenth of that. It runs no program that was
run for another test. `here` is this process, with
programs and scans in the tests' warm processes: a verdict then starts neither an SDK nor Checkov, which take more than
the judgement. What a test says of the start itself or of signals needs a true process.
"""

import atexit
import gc
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from operations.__main__ import main
from operations.warm import Warm
from stacks.config import STACKS
from tests.conftest import forget
from tests.previewing import KEPT, judging_warm, what_ships_stands

_JOB = Path(__file__).with_name("warm_command.py")


def command(
    *words: str | Path, environment: Mapping[str, str] | None = None, timeout: float = 100
) -> "subprocess.CompletedProcess[str]":
    """Run `mlplatform WORDS` at the root, in this process's environment or the one given, as from a shell.

    Raises TimeoutError where it has not ended in time.
    """
    said = [str(word) for word in words]
    kept = str(KEPT[0]) if KEPT and what_ships_stands() else None
    asked = {"words": said, "folder": str(STACKS.parent), "environment": dict(environment or os.environ), "kept": kept}
    done = _warm().run(json.dumps(asked), timeout)
    return subprocess.CompletedProcess(said, done.code, done.out, done.said)


def here(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run `mlplatform WORDS` in this process, through the shell's own door.

    Where a company's own folder stands, it is read anew, and programs run in processes that read it as well.
    """
    said = [str(word) for word in words]
    code, out, told = 0, StringIO(), StringIO()
    if not what_ships_stands():
        forget()
    with (
        judging_warm(),
        patch.object(sys, "argv", ["mlplatform", *said]),
        patch.object(gc, "disable"),  # this process goes on
        redirect_stdout(out),
        redirect_stderr(told),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(said, code, out.getvalue(), told.getvalue())


@cache
def _warm() -> Warm:
    warm = Warm([sys.executable, "-P"], [_JOB], os.environ)
    atexit.register(warm.close)
    return warm
