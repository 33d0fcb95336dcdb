"""A training job of Azure Machine Learning: `train` with arguments as components/azure/training.py writes them.

Azure Machine Learning has no convention of its own: a job is a command, whose folders on datastores are mounted, and
whose paths stand in the command. It tells each replica how many there are.
Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-read-write-data-v2,
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-train-distributed-gpu (WORLD_SIZE)
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from examples.steps.contract import CHECKPOINTS, OUTPUT, Job, Refused, place, told, words_of

REPLICAS = "WORLD_SIZE"


def is_here(given: Sequence[str]) -> bool:
    """Whether these are the arguments of our component: they name a folder of output."""
    return any(word.startswith(f"--{OUTPUT}=") for word in given)


def job(given: Sequence[str], environment: Mapping[str, str], root: Path, known: Mapping[str, Any]) -> Job:
    """The training job, from its arguments. Raises Refused."""
    words, count = words_of(given), environment.get(REPLICAS, "1")
    if not count.isdecimal():
        raise Refused(f"{REPLICAS}: found {count[:40]!r}, allowed: the number of replicas, as Azure ML sets it.")
    channels, hyperparameters = told(words, known, root)
    return Job(
        channels=channels,
        output=place(words[OUTPUT], root),
        checkpoints=place(words[CHECKPOINTS], root) if words.get(CHECKPOINTS) else None,
        hyperparameters=hyperparameters,
        replicas=int(count),
        said="the arguments",
    )
