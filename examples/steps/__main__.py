"""One step of the path from data to a served version: `python -m examples.steps STEP --in FOLDER… --out FOLDER`.

Exit 0: done. Exit 1: a gate did not let the model through. Exit 2: what was given cannot be used; one sentence says
why. `contract.py` says what each platform gives to a step and reads of it.
"""

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType

from examples.serving.predictor import BadModel, BadRequest
from examples.steps.contract import ROOT, Refused, arguments, tell_failure

STEPS = ("prepare", "train", "evaluate", "gate", "register", "predict")
"""The steps, in their order. Each is a module with what it does (`WHAT`), its `Options`, and `run`."""


def main(given: Sequence[str], root: Path = ROOT) -> int:
    """Do the step that the first argument names, with the rest of them. Returns the exit code."""
    try:
        if not given or given[0] not in STEPS:
            found = repr(given[0][:40]) if given else "nothing"
            raise Refused(f"found {found}, allowed: {', '.join(STEPS)}.")
        module = import_module(f"examples.steps.{given[0]}")
        folders, options = arguments(given[0], module.WHAT, module.Options, given[1:], root=root)
        return module.run(folders, options)
    except (Refused, BadModel, BadRequest, OSError) as error:
        sys.stderr.write(f"{error}\n")
        tell_failure(str(error), root)
        return 2
    except Exception as error:
        tell_failure(f"{type(error).__name__}: {error}", root)
        raise


def _stop(number: int, frame: FrameType | None) -> None:
    # The first process of a container has no handlers of its own, and would be killed minutes later.
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
