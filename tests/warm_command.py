"""The job of the warm process behind `tests/commanding.py`: one `mlplatform` command, in a fork of it."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from operations import preview, together
from operations.__main__ import application, main
from tests.previewing import KEPT, Kept


def load() -> Callable[[], int]:
    """Import every command, and return the job.

    Standard input says the words, the folder, the environment, and where what programs said is kept.
    """
    application()
    return _run


def _run() -> int:
    asked = json.load(sys.stdin)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    if asked["kept"]:
        KEPT[:] = [Path(asked["kept"])]
        preview.Programs = together.Programs = Kept
    sys.argv = ["mlplatform", *asked["words"]]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
