"""The job of the warm processes behind `tests/previewing.py`: one program, in a fork of a process that has its SDK.

Where a company's own folder stands before the project's, the fork forgets what the process has read of that one, and
reads the company's, as a new process would.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from io import StringIO

from operations import offline
from tests.forgetting import forget

learned, learn = offline.learned, offline.learn


def load(platform: str) -> Callable[[], int]:
    """Import what the offline preview imports, and return the job, whose input also says what stands `before`."""
    return partial(_run, platform, offline.load(platform))


def _run(platform: str, job: Callable[[], int]) -> int:
    given = sys.stdin.read()
    sys.stdin = StringIO(given)
    before = json.loads(given).get("before")
    if not before:
        return job()
    sys.path[:0] = before
    forget()
    try:
        return offline.load(platform)()
    except SystemExit as ended:  # it has said what cannot be read of the company's
        return int(ended.code or 0)
    finally:
        forget()  # the next fork is to know none of the company's modules
