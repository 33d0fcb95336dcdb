"""The stack of every section of a platform, whose pipeline has branches: two models of one table, and one batch scored.

Two trainings read `prepare`, each is evaluated and has its gate; then a version is registered, beside a batch that is
scored once both have passed. Each step is the example's, so that a run of it in a sandbox does the steps for real.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from catalogue.graph import Graph
from stacks.config import STACKS
from tests.previewing import preview

PIPELINE, OTHER = "fraud-path", "fraud-other"
READS = {
    "evaluate": {"prepare", "train"},
    "evaluate-other": {"prepare", "train-other"},
    "gate": {"evaluate"},
    "gate-other": {"evaluate-other"},
    "prepare": set[str](),
    "register": {"prepare", "train", "evaluate", "gate"},
    "score": {"prepare", "train-other", "gate", "gate-other"},
    "train": {"prepare"},
    "train-other": {"prepare"},
}


def said(platform: str) -> dict[str, Any]:
    """The stack file. The clock starts the pipeline each day."""
    found: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    jobs, path = found["config"]["mlplatform:training"], found["config"]["mlplatform:pipelines"][PIPELINE]
    own = {key: value for key, value in jobs["fraud-training"].items() if key != "spot"}
    jobs[OTHER] = own | {
        "output_uri": own["output_uri"].replace("fraud-training", OTHER),
        "hyperparameters": {"regularization": "1.0"},
        "max_hours": 5,
    }
    steps = path["steps"]
    (channel,) = steps["train"]["inputs"]
    steps["train-other"] = {"training": OTHER, "inputs": {channel: "prepare"}}
    steps["evaluate-other"] = steps["evaluate"] | {"inputs": {"prepared": "prepare", "model": "train-other"}}
    steps["gate-other"] = steps["gate"] | {"inputs": {"metrics": "evaluate-other"}}
    steps["register"]["result"] = True
    steps["score"] = {
        **{key: value for key, value in steps["evaluate"].items() if key != "options"},
        "program": ["python", "-m", "examples.steps", "predict"],
        "inputs": {"prepared": "prepare", "model": "train-other", "gate": "gate", "other": "gate-other"},
        "result": True,
    }
    del path["runs_per_month"]
    path |= {"schedule": "30 5 * * *", "timezone": "Europe/Berlin"}
    return found


def graph(platform: str, folder: Path) -> Graph:
    """The graph of that stack file, which is written into a folder."""
    file = folder / f"Pulumi.{platform}-full.yaml"
    file.write_text(json.dumps(said(platform)), encoding="utf-8")
    return preview(file)
