"""The job of the warm processes behind `tests/previewing.py`: the offline preview's own, or what a program imports."""

import json
import sys
from collections.abc import Callable
from io import StringIO

from operations import offline


def load(platform: str) -> Callable[[], int]:
    """Import what the offline preview does. The job lists the modules there are after a program asked for by `imports`.

    A later fork has what an earlier one imported: the list holds what any program before it imported as well.
    """
    preview = offline.load(platform)

    def job() -> int:
        said = sys.stdin.read()
        asked = json.loads(said)
        if "imports" not in asked:
            sys.stdin = StringIO(said)
            return preview()
        offline.preview(asked["stack"], asked["config"])
        json.dump(sorted(sys.modules), sys.stdout)
        return 0

    return job
