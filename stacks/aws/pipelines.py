"""Pipelines on Amazon SageMaker."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi

from components.aws import pipeline as component
from components.aws.personas import Needs
from components.aws.pipeline import BatchArgs, Pipeline, PipelineArgs, StepArgs
from stacks.aws import training
from stacks.aws.ground import Ground
from stacks.aws.models import model
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import pipelines, sources
from stacks.sections import training as jobs
from stacks.sections.pipelines import Step, hyperparameters_of, inputs_of, is_step, scored_by


def reaches(config: StackConfig) -> Sequence[str]:
    """What runs need."""
    return component.REACH if pipelines.of(config) else ()


def grants(config: StackConfig) -> Needs:
    """Steps pull their image, read their places and what the steps before wrote, and start their machines; those that
    score read and write below the folder of the runs, too. Where the registry takes versions, the publisher reads what
    the runs leave.
    """
    found = pipelines.of(config)
    steps = [step for pipeline in found.values() for step in pipeline.steps.values()]
    programs = [step for step in steps if step.training is None and step.batch is None]
    scoring = {name: one for name, one in found.items() if any(step.batch is not None for step in one.steps.values())}
    folders = [pipeline.output_uri for pipeline in scoring.values()]
    scored = [said for step in steps if step.batch is not None for said in _places(step)]
    trained = dict.fromkeys(step.training for step in steps if step.training is not None)
    data = [said for step in steps if step.batch is None for said in _places(step)]
    return Needs(
        input_uris=[*folders, *scored],
        input_keys=sources.keys_of(config, scored),
        output_uris=folders,
        images=[step.image for step in programs if step.image],
        training_uris=data,
        training_keys=sources.keys_of(config, data),
        trained_uris=[pipeline.output_uri for pipeline in found.values()],
        candidate_uris=pipelines.candidates(config),
        searching_steps=[name for name in trained if jobs.of(config)[name].tuning is not None],
        pipelines=list(found),
        scoring_pipelines=list(scoring),
        machines=[machine(config.platform, step.machine, config.region) for step in programs],
    )


def _places(step: Step) -> list[str]:
    return [said for said in step.inputs.values() if not is_step(said)]


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Each pipeline where it is switched on."""
    made: dict[str, pulumi.Output[str] | None] = {}
    for name, pipeline in pipelines.of(config).items():
        made[name] = Pipeline(
            f"{ground.stack}-{name}",
            PipelineArgs(
                job_name=f"{ground.stack}-{name}",
                enabled=pipeline.enabled,
                steps=[_step(ground, config, called, step) for called, step in pipeline.steps.items()],
                output_uri=pipeline.output_uri,
                role_arn=ground.role_arns["training"],
                subnet_ids=list(ground.subnet_ids.values()),
                security_group_id=ground.security_group_id,
                schedule=pipeline.when,
                runs_per_month=pipeline.runs_per_month,
                pipeline_role_arn=ground.role_arns["pipeline"],
                data_key_arn=ground.data_key_arn,
                logs_key_arn=ground.logs_key_arn,
                volume_key_arn=ground.data_key_arn,
                topic_arn=ground.topic_arn,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).pipeline_arn
    return {"pipelines": {name: value for name, value in made.items() if value is not None}}


def _step(ground: Ground, config: StackConfig, called: str, step: Step) -> StepArgs:
    """A program of the file, or the job that it names with what the step says of its data."""
    if (scores := scored_by(config, step)) is not None:
        return StepArgs(
            step_name=called,
            batch=BatchArgs(
                model=model(ground, config, scores.model, "batch"),
                format=scores.said(config.platform),
                concurrency=scores.concurrency or 1,
                records_per_request=scores.records_per_request,
            ),
            inputs=inputs_of(config, step),
            machine=machine(config.platform, scores.machine, config.region),
            replicas=scores.replicas,
            max_hours=scores.max_hours,
        )
    if step.training is not None:
        job = replace(
            training.arguments(ground, config, step.training), hyperparameters=hyperparameters_of(config, step)
        )
        return StepArgs(step_name=called, inputs=step.inputs, training=job)
    return StepArgs(
        step_name=called,
        inputs=step.inputs,
        image=step.image,
        program=step.program,
        options=step.options,
        machine=machine(config.platform, step.machine, config.region),
        max_hours=step.max_hours or 0,
    )
