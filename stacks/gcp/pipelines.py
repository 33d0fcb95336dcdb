"""Pipelines on Vertex AI."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.gcp import pipeline as component
from components.gcp.personas import PIPELINE_ROOT, Needs
from components.gcp.pipeline import BatchArgs, Pipeline, PipelineArgs, StepArgs
from components.gcp.training import SpotArgs
from stacks.gcp.ground import Ground
from stacks.gcp.models import model
from stacks.gcp.names import artifacts_of
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import experiments, pipelines, sources, training
from stacks.sections.pipelines import Step, hyperparameters_of, inputs_of, is_step, scored_by


def reaches(config: StackConfig) -> Sequence[str]:
    """What runs need."""
    return component.REACH if pipelines.of(config) else ()


def grants(config: StackConfig) -> Needs:
    """Steps pull their image, read their places, and write below the folder of the runs, which the publisher reads
    where the registry takes versions; those that score write there, too, and read there where they read a step. What a
    job of the file needs, its own section says.
    """
    made = pipelines.of(config).values()
    steps = [step for pipeline in made for step in pipeline.steps.values()]
    scores = [(one.output_uri, step) for one in made for step in one.steps.values() if step.batch is not None]
    scoring = list(dict.fromkeys(uri for uri, _ in scores))
    reading = list(dict.fromkeys(uri for uri, step in scores if any(map(is_step, step.inputs.values()))))
    scored = [*reading, *(said for step in steps if step.batch is not None for said in _places(step))]
    return Needs(
        training_images=[step.image for step in steps if step.image is not None],
        training_uris=[said for step in steps if step.batch is None for said in _places(step)],
        input_uris=scored,
        output_uris=scoring,
        input_elsewhere=sources.in_other_accounts(config, scored),
        output_elsewhere=sources.in_other_accounts(config, scoring),
        trained_uris=[one.output_uri for one in made if any(step.batch is None for step in one.steps.values())],
        candidate_uris=pipelines.candidates(config),
        pipelines=list(pipelines.of(config)),
    )


def _places(step: Step) -> list[str]:
    return [said for said in step.inputs.values() if not is_step(said)]


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """What runs each pipeline where it is switched on."""
    started: dict[str, pulumi.Output[str] | None] = {}
    for name, pipeline in pipelines.of(config).items():
        assert ground.metadata_store is not None  # the ground is laid with one where there are pipelines
        started[name] = Pipeline(
            f"{ground.stack}-{name}",
            PipelineArgs(
                job_name=f"{ground.stack}-{name}",
                enabled=pipeline.enabled,
                project=ground.account,
                region=ground.region,
                steps=[_step(ground, config, called, step) for called, step in pipeline.steps.items()],
                output_uri=pipeline.output_uri,
                root_uri=f"gs://{artifacts_of(ground.stack, ground.account)}/{PIPELINE_ROOT}",
                service_account=ground.account_emails["training"],
                schedule=pipeline.when,
                runs_per_month=pipeline.runs_per_month,
                pipeline_account=ground.account_emails["pipeline"],
                metadata_store=ground.metadata_store,
                scheduler_agent=ground.agents["cloudscheduler"],
                data_key_id=ground.data_key_id,
                channel_id=ground.channel_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).workflow_id
    return {"pipelines": {name: value for name, value in started.items() if value is not None}}


def _step(ground: Ground, config: StackConfig, called: str, step: Step) -> StepArgs:
    """A program of the file, or the job that it names with what the step says of its data."""
    if (scores := scored_by(config, step)) is not None:
        return StepArgs(
            step_name=called,
            batch=BatchArgs(
                model=model(ground, config, scores.model, "batch"),
                format=scores.said(config.platform),
                records_per_request=scores.records_per_request,
            ),
            inputs=inputs_of(config, step),
            machine=machine(config.platform, scores.machine),
            replicas=scores.replicas,
            max_hours=scores.max_hours,
        )
    if step.training is None:
        assert step.image is not None and step.max_hours is not None
        return StepArgs(
            step_name=called,
            image=step.image,
            program=step.program,
            options=step.options,
            inputs=step.inputs,
            machine=machine(config.platform, step.machine, config.region),
            max_hours=step.max_hours,
        )
    job = training.of(config)[step.training]
    return StepArgs(
        step_name=called,
        image=job.image,
        options=hyperparameters_of(config, step),
        inputs=inputs_of(config, step),
        machine=machine(config.platform, job.machine, config.region),
        replicas=job.replicas,
        max_hours=job.max_hours,
        tuning=job.tuning.shape if job.tuning else None,
        spot=SpotArgs(checkpoint_uri=job.spot.checkpoint_uri, wait_hours=job.spot.wait_hours) if job.spot else None,
        tensorboard_name=ground.boards[0] if experiments.recorded(config, step.training) else None,
    )
