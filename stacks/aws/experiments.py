"""Where runs are recorded on Amazon SageMaker."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from catalogue.experiments import FOLDER
from components.aws import experiments as component
from components.aws.experiments import Experiments, ExperimentsArgs
from components.aws.personas import Needs
from stacks.aws.ground import Ground
from stacks.model import StackConfig
from stacks.sections import experiments


def reaches(config: StackConfig) -> Sequence[str]:
    """What people and training jobs record through."""
    return component.REACH


def grants(config: StackConfig) -> Needs:
    """People record their runs, and so do the training jobs that are named; MLflow keeps the files of them."""
    asked = experiments.of(config)
    return Needs(records=[FOLDER], recorded_jobs=list(asked.training) if asked else [])


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register the MLflow App, of which training jobs are told. Its ARN is the address to record to."""
    assert ground.records_role_arn is not None  # the ground is laid of what `grants` says
    kept = Experiments(
        f"{ground.stack}-experiments",
        ExperimentsArgs(
            app_name=f"{ground.stack}-experiments",
            artifact_uri=pulumi.Output.concat("s3://", ground.bucket_name, "/", FOLDER),
            role_arn=ground.records_role_arn,
            tags=ground.tags,
        ),
        opts=ground.opts,
    )
    ground.apps.append(kept.tracking_arn)
    return {"experiments": kept.tracking_arn}
