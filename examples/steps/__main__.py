"""One step of the path from data to a served version: `python -m examples.steps STEP --in FOLDER… --out FOLDER`.

As the first program of a container it takes a training job, too, as each platform starts one, and a step of a pipeline;
`contract.py` says how.

Exit 0: done. Exit 1: a gate did not let the model through. Exit 2: what was given cannot be used; one sentence says
why.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from examples.serving.predictor import BadModel, BadRequest
from examples.steps import azure, sagemaker, vertex
from examples.steps.contract import ROOT, Job, Refused, arguments, handed, is_of_a_pipeline, names, of_a_pipeline

STEPS = ("prepare", "train", "compare", "evaluate", "gate", "register", "predict", "rows", "report")
"""The steps, in their order. Each is a module with what it does (`WHAT`), its `Options`, and `run`."""


def main(given: Sequence[str], environment: Mapping[str, str] = os.environ, root: Path = ROOT) -> int:
    """Do the step that the first argument names, with the rest of them. Returns the exit code.

    Arguments alone, with no step before them, are those of a training job of Vertex AI.
    """
    try:
        alone = bool(given) and given[0].startswith("--")
        step, words = ("train", given) if alone else (given[0] if given else "", given[1:])
        if step not in STEPS:
            raise Refused(f"found {repr(step[:40]) if given else 'nothing'}, allowed: {', '.join(STEPS)}.")
        module = import_module(f"examples.steps.{step}")
        job = _job(words, environment, root, names(module.Options)) if step == "train" else None
        if job is not None:
            folders, options = handed(step, job, module.Options)
        elif is_of_a_pipeline(words):
            folders, options = of_a_pipeline(step, module.Options, words, environment, root)
        else:
            folders, options = arguments(step, module.WHAT, module.Options, words, root)
        return module.run(folders, options)
    except (Refused, BadModel, BadRequest, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sagemaker.tell_failure(str(error), root)
        return 2
    except Exception as error:
        sagemaker.tell_failure(f"{type(error).__name__}: {error}", root)
        raise


def _job(words: Sequence[str], environment: Mapping[str, str], root: Path, known: Mapping[str, Any]) -> Job | None:
    """The training job as which a platform started this. None where the step is done with its own arguments."""
    if any(word.partition("=")[0] in ("--in", "--out") for word in words):
        return None
    if sagemaker.is_here(environment):
        return sagemaker.job(root)
    if vertex.is_here(environment):
        return vertex.job(words, environment, root, known)
    return azure.job(words, environment, root, known) if azure.is_here(words) else None


def stop(number: int, frame: FrameType | None) -> None:
    """End as the platform asks: the first process of a container has no handlers of its own, and would be killed
    minutes later.
    """
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main(sys.argv[1:]))
