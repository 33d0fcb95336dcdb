"""Training jobs on Vertex AI."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.gcp import training as component
from components.gcp.personas import Needs
from components.gcp.training import SpotArgs, TrainingJob, TrainingJobArgs
from stacks.gcp.ground import Ground
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import experiments, training


def reaches(config: StackConfig) -> Sequence[str]:
    """What runs need."""
    return component.REACH if training.of(config) else ()


def grants(config: StackConfig) -> Needs:
    """Runs pull their image, read their data, and keep what they trained."""
    jobs = training.of(config).values()
    return Needs(
        training_images=[job.image for job in jobs],
        training_uris=[uri for job in jobs for uri in job.data.values()],
        trained_uris=[job.output_uri for job in jobs] + [job.spot.checkpoint_uri for job in jobs if job.spot],
        training_jobs=list(training.of(config)),
        tuned_jobs=[name for name, job in training.of(config).items() if job.tuning],
    )


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """What runs each job where it is switched on."""
    started: dict[str, pulumi.Output[str] | None] = {}
    for name, job in training.of(config).items():
        started[name] = TrainingJob(
            f"{ground.stack}-{name}",
            TrainingJobArgs(
                job_name=f"{ground.stack}-{name}",
                enabled=job.enabled,
                project=ground.account,
                region=ground.region,
                image=job.image,
                hyperparameters=job.hyperparameters,
                data=job.data,
                output_uri=job.output_uri,
                service_account=ground.account_emails["training"],
                machine=machine(config.platform, job.machine, config.region),
                replicas=job.replicas,
                max_hours=job.max_hours,
                tuning=job.tuning.shape if job.tuning else None,
                spot=SpotArgs(checkpoint_uri=job.spot.checkpoint_uri, wait_hours=job.spot.wait_hours)
                if job.spot
                else None,
                schedule=job.when,
                runs_per_month=job.runs_per_month,
                pipeline_account=ground.account_emails["pipeline"],
                scheduler_agent=ground.agents["cloudscheduler"],
                tensorboard_name=ground.boards[0] if experiments.recorded(config, name) else None,
                data_key_id=ground.data_key_id,
                channel_id=ground.channel_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).workflow_id
    return {"training": {name: value for name, value in started.items() if value is not None}}
