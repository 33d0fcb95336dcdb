"""A training job of Vertex AI: arguments as components/gcp/training.py writes them, and variables of Vertex AI's own.

A container gets its arguments with no word before them, so arguments alone are a training job's. Cloud Storage is
mounted below /gcs. What is not said by an argument is where Vertex AI's variables have it.
Sources: https://cloud.google.com/vertex-ai/docs/training/code-requirements,
https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system,
https://cloud.google.com/vertex-ai/docs/training/distributed-training (CLUSTER_SPEC),
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec (baseOutputDirectory),
https://github.com/GoogleCloudPlatform/cloudml-hypertune (the figure of a trial)
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from examples.steps.contract import CHECKPOINTS, OUTPUT, Job, Refused, Tells, object_of, place, told, words_of, written

MODEL, KEPT = "AIP_MODEL_DIR", "AIP_CHECKPOINT_DIR"
CLUSTER = "CLUSTER_SPEC"
TRIAL, FIGURES = "CLOUD_ML_TRIAL_ID", "CLOUD_ML_HP_METRIC_FILE"
"""What Vertex AI calls a trial of a search, and where it looks for its figure."""
USUAL = "/tmp/hypertune/output.metrics"
"""Where it looks if it says nothing."""


def is_here(environment: Mapping[str, str]) -> bool:
    """Whether Vertex AI runs this container, as a job that has a folder of output."""
    return MODEL in environment


def job(given: Sequence[str], environment: Mapping[str, str], root: Path, known: Mapping[str, Any]) -> Job:
    """The training job, from its arguments and Vertex AI's variables. Raises Refused."""
    words = words_of(given)
    channels, hyperparameters = told(words, known, root)
    kept = words.get(CHECKPOINTS) or environment.get(KEPT)
    return Job(
        channels=channels,
        output=place(words.get(OUTPUT) or environment[MODEL], root),
        checkpoints=place(kept, root) if kept else None,
        hyperparameters=hyperparameters,
        replicas=_replicas(environment.get(CLUSTER, "")),
        said="the arguments",
        tells=_tells(environment, root),
    )


def _tells(environment: Mapping[str, str], root: Path) -> Tells | None:
    """What leaves the figure of a trial as cloudml-hypertune does; None for what is no trial:
    https://github.com/GoogleCloudPlatform/cloudml-hypertune/blob/master/hypertune/hypertune.py
    """
    trial, file = environment.get(TRIAL), place(environment.get(FIGURES) or USUAL, root)

    def tell(name: str, figure: float) -> None:
        said = {"timestamp": time.time(), "trial": trial, name: f"{figure:.6f}", "global_step": "0"}
        written(file, json.dumps(said, sort_keys=True).encode() + b"\n")

    return tell if trial else None


def _replicas(spec: str) -> int:
    """How many replicas a job has, in all of its pools; one where Vertex AI says nothing of them."""
    if not spec:
        return 1
    pools: Any = object_of(spec.encode(), CLUSTER, "cluster")["cluster"]
    if not isinstance(pools, dict):
        raise Refused(f"{CLUSTER}: has no pools of replicas; leave it as Vertex AI sets it.")
    return sum(len(replicas) for replicas in cast("dict[str, list[str]]", pools).values())
