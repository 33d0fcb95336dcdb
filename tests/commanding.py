"""The command in a process of its own that costs little: a fork of one in which everything is imported already.

A start of Python with the command's imports takes half a processor second, a fork a tenth of that. What a test says of
the start itself, of signals or of another `organisation` on PYTHONPATH needs a true process.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from operations.warm import Warm
from stacks.config import STACKS

_JOB = Path(__file__).with_name("warm_command.py")


def command(
    *words: str | Path, environment: Mapping[str, str] | None = None, timeout: float = 100
) -> "subprocess.CompletedProcess[str]":
    """Run `mlplatform WORDS` at the root, in this process's environment or the one given, as from a shell.

    Raises TimeoutError where it has not ended in time.
    """
    said = [str(word) for word in words]
    asked = {"words": said, "folder": str(STACKS.parent), "environment": dict(environment or os.environ)}
    done = _warm().run(json.dumps(asked), timeout)
    return subprocess.CompletedProcess(said, done.code, done.out, done.said)


@cache
def _warm() -> Warm:
    warm = Warm([sys.executable, "-P"], [_JOB], os.environ)
    atexit.register(warm.close)
    return warm
