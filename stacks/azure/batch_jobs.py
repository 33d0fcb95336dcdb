"""Scoring on a schedule on Azure Machine Learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.azure import batch as component
from components.azure.batch import BatchJob, BatchJobArgs
from components.azure.names import regional
from stacks.azure.ground import Ground
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import batch_jobs


def reaches(config: StackConfig) -> Sequence[str]:
    """What who starts a run by hand needs."""
    return component.REACH if batch_jobs.scheduled(config) else ()


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register each job, and say which schedule starts it where it is switched on."""
    made: dict[str, pulumi.Output[str] | None] = {}
    for name, (job, runs) in batch_jobs.scheduled(config).items():
        made[name] = BatchJob(
            f"{ground.stack}-{name}",
            BatchJobArgs(
                subscription=ground.account,
                group_name=ground.group_name,
                region=ground.region,
                workspace_name=ground.workspace_name,
                job_name=name,
                endpoint_name=regional(name, ground.account, ground.stack, "batch"),
                enabled=job.enabled,
                model=ground.models[job.model],
                identity_id=ground.identity_ids["batch"],
                client_id=ground.client_ids["batch"],
                machine=machine(config.platform, job.machine),
                replicas=job.replicas,
                schedule=runs.when,
                max_hours=job.max_hours,
                inputs=job.data,
                format=job.said(config.platform),
                concurrency=job.concurrency or 1,
                output_uri=runs.output_uri,
                owner=config.owner,
                log_workspace_id=ground.log_workspace_id,
                action_group_id=ground.action_group_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).schedule_id
    return {"batch_jobs": {name: value for name, value in made.items() if value is not None}}
