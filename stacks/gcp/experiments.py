"""Where runs are recorded on Vertex AI."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.gcp import experiments as component
from components.gcp.experiments import Experiments, ExperimentsArgs
from components.gcp.personas import Needs
from stacks.gcp.ground import Ground
from stacks.model import StackConfig
from stacks.sections import experiments


def reaches(config: StackConfig) -> Sequence[str]:
    """What people record through."""
    return component.REACH


def grants(config: StackConfig) -> Needs:
    """People record their runs, and so do the training jobs that are named."""
    asked = experiments.of(config)
    return Needs(records=["experiments"], recorded_jobs=list(asked.training) if asked else [])


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register the TensorBoard, of which training jobs are told."""
    kept = Experiments(
        f"{ground.stack}-experiments",
        ExperimentsArgs(
            project=ground.account,
            region=ground.region,
            display_name=f"{ground.stack}-experiments",
            data_key_id=ground.data_key_id,
            tags=ground.tags,
        ),
        opts=ground.opts,
    )
    ground.boards.append(kept.tensorboard_name)
    return {"experiments": kept.tensorboard_name}
