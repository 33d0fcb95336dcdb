"""A training job of Azure Machine Learning: `train` with arguments as components/azure/training.py writes them.

Azure Machine Learning has no convention of its own: a job is a command, whose folders on datastores are mounted, and
whose paths stand in the command. It tells each replica how many there are, and MLflow where it records: a sweep
compares its trials by what each of them has logged there.
Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-read-write-data-v2,
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-train-distributed-gpu (WORLD_SIZE),
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-tune-hyperparameters#log-metrics-for-hyperparameter-tuning,
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-use-mlflow-configure-tracking (set for every job)
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from examples.steps.contract import CHECKPOINTS, OUTPUT, Job, Refused, Tells, place, told, words_of

REPLICAS = "WORLD_SIZE"
TRACKING = "MLFLOW_TRACKING_URI"
"""The variable by which MLflow knows where to record."""


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
        tells=_tells(environment),
    )


def _tells(environment: Mapping[str, str]) -> Tells | None:
    """What logs a figure to the run that Azure ML made of the job. Its name has `_` for a colon, which not every
    MLflow takes: https://github.com/mlflow/mlflow/issues/12940. None where nobody records.
    """
    if not environment.get(TRACKING):
        return None

    def tell(name: str, figure: float) -> None:
        import mlflow  # seconds, and the image of another platform's job need not spend them

        mlflow.log_metric(name.replace(":", "_"), figure)

    return tell
