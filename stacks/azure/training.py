"""Training jobs on Azure Machine Learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.azure import training as component
from components.azure.training import SpotArgs, TrainingJob, TrainingJobArgs
from stacks.azure.ground import Ground
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import training


def reaches(config: StackConfig) -> Sequence[str]:
    """What who starts a run by hand needs."""
    return component.REACH if training.of(config) else ()


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """What a run of each job is where it is switched on, and the schedule that says so."""
    started: dict[str, pulumi.Output[str] | None] = {}
    for name, job in training.of(config).items():
        started[name] = TrainingJob(
            f"{ground.stack}-{name}",
            TrainingJobArgs(
                subscription=ground.account,
                group_name=ground.group_name,
                region=ground.region,
                workspace_name=ground.workspace_name,
                job_name=name,
                enabled=job.enabled,
                image=job.image,
                hyperparameters=job.hyperparameters,
                data=job.data,
                output_uri=job.output_uri,
                identity_id=ground.identity_ids["training"],
                client_id=ground.client_ids["training"],
                machine=machine(config.platform, job.machine),
                replicas=job.replicas,
                max_hours=job.max_hours,
                tuning=job.tuning.shape if job.tuning else None,
                spot=SpotArgs(checkpoint_uri=job.spot.checkpoint_uri, wait_hours=job.spot.wait_hours)
                if job.spot
                else None,
                schedule=job.when,
                runs_per_month=job.runs_per_month,
                owner=config.owner,
                log_workspace_id=ground.log_workspace_id,
                action_group_id=ground.action_group_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).schedule_id
    return {"training": {name: value for name, value in started.items() if value is not None}}
