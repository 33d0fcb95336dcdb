"""Pipelines on Azure Machine Learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.azure import pipeline as component
from components.azure.pipeline import BatchArgs, Pipeline, PipelineArgs, StepArgs
from components.azure.training import SpotArgs
from stacks.azure.ground import Ground
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import pipelines, training
from stacks.sections.pipelines import Step, hyperparameters_of, inputs_of, scored_by


def reaches(config: StackConfig) -> Sequence[str]:
    """What who starts a run by hand needs."""
    return component.REACH if pipelines.of(config) else ()


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """What a run of each pipeline is where it is switched on, and the schedule that says so."""
    started: dict[str, pulumi.Output[str] | None] = {}
    for name, pipeline in pipelines.of(config).items():
        started[name] = Pipeline(
            f"{ground.stack}-{name}",
            PipelineArgs(
                subscription=ground.account,
                group_name=ground.group_name,
                region=ground.region,
                workspace_name=ground.workspace_name,
                job_name=name,
                enabled=pipeline.enabled,
                steps={called: _step(ground, config, step) for called, step in pipeline.steps.items()},
                output_uri=pipeline.output_uri,
                identity_id=ground.identity_ids["training"],
                client_id=ground.client_ids["training"],
                schedule=pipeline.when,
                runs_per_month=pipeline.runs_per_month,
                owner=config.owner,
                log_workspace_id=ground.log_workspace_id,
                action_group_id=ground.action_group_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).schedule_id
    return {"pipelines": {name: value for name, value in started.items() if value is not None}}


def _step(ground: Ground, config: StackConfig, step: Step) -> StepArgs:
    """A step of the file: a program, or what its job says. The section has held each to what it must say."""
    if (scores := scored_by(config, step)) is not None:
        return StepArgs(
            batch=BatchArgs(
                model=ground.models[scores.model],
                identity_id=ground.identity_ids["batch"],
                client_id=ground.client_ids["batch"],
                format=scores.said(config.platform),
                concurrency=scores.concurrency or 1,
            ),
            inputs=inputs_of(config, step),
            machine=machine(config.platform, scores.machine),
            replicas=scores.replicas,
            max_hours=scores.max_hours,
        )
    job = training.of(config)[step.training] if step.training is not None else None
    spot = job.spot if job is not None else None
    return StepArgs(
        image=job.image if job is not None else step.image or "",
        program=step.program,
        options=hyperparameters_of(config, step) if job is not None else step.options,
        inputs=inputs_of(config, step),
        machine=machine(config.platform, (job or step).machine),
        replicas=job.replicas if job is not None else 1,
        max_hours=job.max_hours if job is not None else step.max_hours or 0,
        tuning=job.tuning.shape if job is not None and job.tuning is not None else None,
        spot=SpotArgs(checkpoint_uri=spot.checkpoint_uri, wait_hours=spot.wait_hours) if spot is not None else None,
    )
