"""A pipeline job as Vertex AI takes it: KFP's specification, in which each step is the launcher of its job."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from catalogue.batch_step import ANSWERED, STOPS
from catalogue.best_trial import ASKED
from catalogue.vertex_jobs import (
    IN_THE_RUN,
    LAUNCHER,
    LAUNCHES,
    LAUNCHES_SCORING,
    LAUNCHES_SEARCH,
    LAUNCHES_WITH_BEST,
)
from components.gcp.run import OF_THE_RUN

NOTED = "/tmp/gcp_resources"
"""Where a launcher notes the name of its job. An output of KFP's would be a file in Cloud Storage, which FUSE lets only
who may list the whole bucket write."""


@dataclass(kw_only=True)
class Path:
    """What a pipeline job is to be, once all of it is known: `jobs` has the job of each step, `reads` the steps that it
    reads, and `hours` after how many hours its launcher stops a job that has no time of its own.
    """

    job_name: str
    project: str
    region: str
    jobs: Mapping[str, dict[str, Any]]
    reads: Mapping[str, Sequence[str]]
    hours: Mapping[str, int]
    root_uri: str
    pipeline_account: str
    data_key_id: str
    tags: Mapping[str, str]


def pipeline(args: Path) -> dict[str, Any]:
    """What a run sends to Vertex AI: one pipeline job with KFP's own specification in it, but its name."""
    given = {"parameters": {"run": {"parameterType": "STRING"}}}
    return {
        "pipelineSpec": {
            "schemaVersion": "2.1.0",
            "sdkVersion": "kfp-2.17.3",
            "pipelineInfo": {"name": args.job_name},
            "root": {
                "inputDefinitions": given,
                "dag": {"tasks": {name: _task(name, args.reads[name]) for name in args.jobs}},
            },
            "components": {f"comp-{name}": {"executorLabel": name, "inputDefinitions": given} for name in args.jobs},
            "deploymentSpec": {
                "executors": {name: {"container": _launcher(args, name, job)} for name, job in args.jobs.items()}
            },
        },
        "runtimeConfig": {
            "gcsOutputDirectory": args.root_uri,
            "parameterValues": {"run": f"${{{OF_THE_RUN}}}"},
            "failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST",
        },
        "serviceAccount": args.pipeline_account,
        "encryptionSpec": {"kmsKeyName": args.data_key_id},
        "labels": dict(args.tags),
    }


def _task(name: str, reads: Sequence[str]) -> dict[str, Any]:
    return {
        "taskInfo": {"name": name},
        "componentRef": {"name": f"comp-{name}"},
        "inputs": {"parameters": {"run": {"componentInputParameter": "run"}}},
        "cachingOptions": {"enableCache": False},
        "retryPolicy": {"maxRetryCount": 0},
        **({"dependentTasks": list(reads)} if reads else {}),
    }


def _launcher(args: Path, step: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """The launcher of a step, with its job in the arguments, as Google's CustomTrainingJobOp,
    HyperparameterTuningJobRunOp and ModelBatchPredictOp compile to."""
    named = {"displayName": _called(args, step), **job}
    searches, is_search = [one for one in args.reads[step] if "studySpec" in args.jobs[one]], "studySpec" in job
    command = LAUNCHES_WITH_BEST if searches else LAUNCHES_SEARCH if is_search else LAUNCHES
    type_, stops = "HyperparameterTuningJob" if is_search else "CustomJob", list[str]()
    if "inputConfig" in job:
        command, type_ = LAUNCHES_SCORING, "BatchPredictionJob"
        stops = ["--executor_input", ANSWERED, STOPS, str(args.hours[step] * 3600)]
    return {
        "image": LAUNCHER,
        "command": list(command),
        "args": [
            *(word for one in searches for word in (ASKED, _called(args, one))),
            *("--type", type_),
            *("--payload", json.dumps(_snake(named))),
            *("--project", args.project),
            *("--location", args.region),
            *("--gcp_resources", NOTED),
            *stops,
        ],
    }


def _called(args: Path, step: str) -> str:
    """What the job of a step is called in a run."""
    return f"{args.job_name}-{step}-{IN_THE_RUN}"


def _snake(value: Any) -> Any:
    """A request of Vertex AI's with the names that its Python client takes, which are those of the protocol buffer. The
    names of labels are nobody's but the stack's."""
    if isinstance(value, list):
        return [_snake(one) for one in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    return {
        re.sub("[A-Z]", lambda upper: f"_{upper[0].lower()}", key): one if key == "labels" else _snake(one)
        for key, one in cast("Mapping[str, Any]", value).items()
    }
