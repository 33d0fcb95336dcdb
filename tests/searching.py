"""The stack of every section of a platform, whose pipeline searches: the step `train` does the search of a job."""

import json
from pathlib import Path
from typing import Any

import yaml

from catalogue.graph import Graph
from stacks.config import STACKS
from tests.previewing import preview

TUNED, STEP, PIPELINE = "fraud-tuning", "train", "fraud-path"
_METRIC = "validation:log_loss"


def said(platform: str) -> dict[str, Any]:
    """The stack file. The job of the step is another one beside the file's own, which trains once."""
    found: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    config = found["config"]
    own = {key: value for key, value in config["mlplatform:training"]["fraud-training"].items() if key != "spot"}
    config["mlplatform:training"][TUNED] = own | {
        "output_uri": own["output_uri"].replace("fraud-training", TUNED),
        "hyperparameters": {"iterations": "20"},
        "max_hours": 1,
        "tuning": {
            "objective": {
                # Not every MLflow takes a colon.
                "metric": _METRIC.replace(":", "_") if platform == "azure" else _METRIC,
                "goal": "minimize",
                **({"pattern": f"{_METRIC}=([0-9.]+)"} if platform == "aws" else {}),
            },
            "ranges": {"regularization": {"min": 0.001, "max": 10}},
            "parallel": 2,
            "total": 3,
        },
    }
    config["mlplatform:pipelines"][PIPELINE]["steps"][STEP]["training"] = TUNED
    return found


def graph(platform: str, folder: Path) -> Graph:
    """The graph of that stack file, which is written into a folder."""
    file = folder / f"Pulumi.{platform}-full.yaml"
    file.write_text(json.dumps(said(platform)), encoding="utf-8")
    return preview(file)
