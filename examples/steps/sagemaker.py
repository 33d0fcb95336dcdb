"""A training job of Amazon SageMaker: the container is run with the one argument `train`, and finds all else in files.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html. What a step of processing leaves of its end:
https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-metadata.html
"""

from collections.abc import Mapping
from pathlib import Path

from examples.steps.contract import Job, object_of

JOB = "TRAINING_JOB_NAME"
"""The variable that SageMaker sets in the container of a training job."""
FOLDER = "opt/ml"
_SHOWN = 1024
"""Bytes that SageMaker shows of why a job failed."""
_OWN = ("sagemaker_", "_tuning_")
"""How hyperparameters begin that SageMaker itself adds: its SDK, and a tuning job."""


def is_here(environment: Mapping[str, str]) -> bool:
    """Whether SageMaker runs this container as a training job."""
    return JOB in environment


def job(root: Path) -> Job:
    """The training job, from the files below /opt/ml. Raises Refused for a file that cannot be read."""
    folder = root / FOLDER
    said, cluster = (folder / "input" / "config" / f"{name}.json" for name in ("hyperparameters", "resourceconfig"))
    given = object_of(said.read_bytes(), str(said)) if said.is_file() else {}
    hosts = object_of(cluster.read_bytes(), str(cluster), "hosts")["hosts"] if cluster.is_file() else ["algo-1"]
    kept = folder / "checkpoints"
    return Job(
        channels={one.name: one for one in sorted((folder / "input" / "data").glob("*")) if one.is_dir()},
        output=folder / "model",
        checkpoints=kept if kept.is_dir() else None,
        hyperparameters={name: str(value) for name, value in given.items() if not name.startswith(_OWN)},
        replicas=len(hosts),
        said=str(said),
    )


def tell_failure(sentence: str, root: Path) -> None:
    """Leave the sentence where SageMaker looks for it. Elsewhere there is no such folder, and the log has it."""
    output = root / FOLDER / "output"
    if output.is_dir():
        for name in ("failure", "message"):
            (output / name).write_bytes(sentence.encode()[:_SHOWN].decode(errors="ignore").encode())
