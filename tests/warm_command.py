"""The job of the warm process behind `tests/commanding.py`: one `mlplatform` command, in a fork of it."""

import json
import os
import sys
from collections.abc import Callable

from operations.__main__ import application, main


def load() -> Callable[[], int]:
    """Import every command, and return the job: standard input says the words, the folder and the environment."""
    application()
    return _run


def _run() -> int:
    asked = json.load(sys.stdin)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["mlplatform", *asked["words"]]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
