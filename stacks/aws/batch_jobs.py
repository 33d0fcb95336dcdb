"""Scoring on a schedule on Amazon SageMaker."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.aws import batch as component
from components.aws.batch import BatchJob, BatchJobArgs
from components.aws.personas import Needs
from stacks.aws.ground import Ground
from stacks.aws.models import model
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import batch_jobs, sources


def reaches(config: StackConfig) -> Sequence[str]:
    """What runs need."""
    return component.REACH if batch_jobs.scheduled(config) else ()


def grants(config: StackConfig) -> Needs:
    """Runs read their input, write their output, and start their machines."""
    jobs = batch_jobs.of(config).values()
    inputs = [uri for job in jobs for uri in job.data.values()]
    return Needs(
        input_uris=inputs,
        input_keys=sources.keys_of(config, inputs),
        output_uris=[runs.output_uri for _, runs in batch_jobs.scheduled(config).values()],
        machines=[machine(config.platform, job.machine, config.region) for job in jobs],
    )


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register each job, and say what runs it where it is switched on."""
    made: dict[str, pulumi.Output[str] | None] = {}
    for name, (job, runs) in batch_jobs.scheduled(config).items():
        made[name] = BatchJob(
            f"{ground.stack}-{name}",
            BatchJobArgs(
                job_name=f"{ground.stack}-{name}",
                enabled=job.enabled,
                model=model(ground, config, job.model, "batch"),
                machine=machine(config.platform, job.machine, config.region),
                replicas=job.replicas,
                schedule=runs.when,
                max_hours=job.max_hours,
                inputs=job.data,
                format=job.said(config.platform),
                concurrency=job.concurrency or 1,
                records_per_request=job.records_per_request,
                output_uri=runs.output_uri,
                pipeline_role_arn=ground.role_arns["pipeline"],
                data_key_arn=ground.data_key_arn,
                logs_key_arn=ground.logs_key_arn,
                volume_key_arn=ground.data_key_arn,
                topic_arn=ground.topic_arn,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).state_machine_arn
    return {"batch_jobs": {name: value for name, value in made.items() if value is not None}}
