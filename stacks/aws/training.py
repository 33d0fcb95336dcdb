"""Training jobs on Amazon SageMaker."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.aws import training as component
from components.aws.personas import Needs
from components.aws.training import SpotArgs, TrainingJob, TrainingJobArgs
from stacks.aws.ground import Ground
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import experiments, sources, training


def reaches(config: StackConfig) -> Sequence[str]:
    """What runs need."""
    return component.REACH if training.of(config) else ()


def grants(config: StackConfig) -> Needs:
    """Runs pull their image, read their data, keep what they trained, and start their machines."""
    jobs = training.of(config).values()
    data = [uri for job in jobs for uri in job.data.values()]
    return Needs(
        images=[job.image for job in jobs],
        training_uris=data,
        training_keys=sources.keys_of(config, data),
        trained_uris=[job.output_uri for job in jobs] + [job.spot.checkpoint_uri for job in jobs if job.spot],
        training_jobs=list(training.of(config)),
        tuned_jobs=[name for name, job in training.of(config).items() if job.tuning],
        machines=[machine(config.platform, job.machine, config.region) for job in jobs],
    )


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """What runs each job where it is switched on."""
    started: dict[str, pulumi.Output[str] | None] = {}
    for name in training.of(config):
        job = TrainingJob(f"{ground.stack}-{name}", arguments(ground, config, name), opts=ground.opts)
        started[name] = job.state_machine_arn
    return {"training": {name: value for name, value in started.items() if value is not None}}


def arguments(ground: Ground, config: StackConfig, name: str) -> TrainingJobArgs:
    """What the training job of that name is, for itself and for the steps of pipelines."""
    job = training.of(config)[name]
    return TrainingJobArgs(
        job_name=f"{ground.stack}-{name}",
        enabled=job.enabled,
        image=job.image,
        hyperparameters=job.hyperparameters,
        data=job.data,
        output_uri=job.output_uri,
        role_arn=ground.role_arns["training"],
        subnet_ids=list(ground.subnet_ids.values()),
        security_group_id=ground.security_group_id,
        machine=machine(config.platform, job.machine, config.region),
        replicas=job.replicas,
        max_hours=job.max_hours,
        tuning=job.tuning.shape if job.tuning else None,
        spot=SpotArgs(checkpoint_uri=job.spot.checkpoint_uri, wait_hours=job.spot.wait_hours) if job.spot else None,
        schedule=job.when,
        runs_per_month=job.runs_per_month,
        tracking_arn=ground.apps[0] if experiments.recorded(config, name) else None,
        pipeline_role_arn=ground.role_arns["pipeline"],
        data_key_arn=ground.data_key_arn,
        logs_key_arn=ground.logs_key_arn,
        volume_key_arn=ground.data_key_arn,
        topic_arn=ground.topic_arn,
        tags=ground.tags,
    )
