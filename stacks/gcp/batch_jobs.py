"""Scoring on a schedule on Vertex AI."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.gcp import batch as component
from components.gcp.batch import BatchJob, BatchJobArgs
from components.gcp.personas import Needs
from stacks.gcp.ground import Ground
from stacks.gcp.models import model
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import batch_jobs, sources


def reaches(config: StackConfig) -> Sequence[str]:
    """What runs need."""
    return component.REACH if batch_jobs.scheduled(config) else ()


def grants(config: StackConfig) -> Needs:
    """Runs read their input and write their output."""
    read = [uri for job in batch_jobs.of(config).values() for uri in job.data.values()]
    written = [runs.output_uri for _, runs in batch_jobs.scheduled(config).values()]
    return Needs(
        input_uris=read,
        output_uris=written,
        input_elsewhere=sources.in_other_accounts(config, read),
        output_elsewhere=sources.in_other_accounts(config, written),
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
                machine=machine(config.platform, job.machine),
                replicas=job.replicas,
                schedule=runs.when,
                max_hours=job.max_hours,
                inputs=job.data,
                format=job.said(config.platform),
                records_per_request=job.records_per_request,
                output_uri=runs.output_uri,
                pipeline_account=ground.account_emails["pipeline"],
                scheduler_agent=ground.agents["cloudscheduler"],
                channel_id=ground.channel_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).workflow_id
    return {"batch_jobs": {name: value for name, value in made.items() if value is not None}}
