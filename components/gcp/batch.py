"""Scoring on a schedule: a batch prediction job that a workflow starts, watches, stops in time and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from catalogue.formats import GCP, USUAL
from components.gcp.model import FOLDER, PLACE, ModelArgs, versioned_model
from components.gcp.run import machine_spec
from components.gcp.runs import Runs, workflow_of_runs
from components.given import Args, BadArgument, Tags, Text, hold, hold_each
from components.shapes import Machine, Schedule

REACH: tuple[str, ...] = ()
"""Nothing: Vertex AI fetches and writes on Google's side."""


@dataclass(kw_only=True)
class BatchJobArgs(Args):
    """What scores what, when, on which machines, and who hears where it fails.

    Raises BadArgument for an input that is not in Cloud Storage, for an output that is no folder there, and for a
    format that Vertex AI does not read from there.
    """

    job_name: Text
    """What batch prediction jobs and alerts are called: a letter, then `[a-z0-9-]`, at most 47 characters."""
    enabled: bool = True
    """Whether the job is scheduled, which it is where this is left out. `False` leaves the model and takes the
    schedule, the workflow and their alerts. The program must know it."""
    model: ModelArgs
    """The model to score with, as the `batch` persona runs it."""
    machine: Machine
    """The machine type that a run takes. Vertex AI offers it for batch inference in the region."""
    replicas: pulumi.Input[int] = 1
    """How many machines a run takes, from its start to its end; one where this is left out."""
    schedule: Schedule
    """When a run starts."""
    max_hours: pulumi.Input[int]
    """Hours after which a run is stopped, its retries included."""
    inputs: Mapping[str, Text]
    """What is scored, all in one batch prediction job, by its name: one file `gs://BUCKET/FILE` or all in the folder
    `gs://BUCKET/FOLDER/`. The `batch` persona must be able to read it. The names must be known."""
    format: str = USUAL["gcp"]
    """What the inputs are: jsonl, csv, tf-record, or file-list, where each `.txt` file in the folder lists files below
    it, one a line. It must be known."""
    records_per_request: int | None = None
    """How many records a replica gets in one request; 64 where this is left out. It must be known."""
    output_uri: Text
    """The folder below which each run writes a folder of its own, `gs://BUCKET/FOLDER/`. The `batch` persona must be
    able to write there."""
    pipeline_account: Text
    """The e-mail address of the `pipeline` persona's service account, of Identity. The workflow runs as it, so it must
    be able to create batch prediction jobs and to act as the model's service account."""
    scheduler_agent: Text
    """Cloud Scheduler's own agent, of ServiceAgents. The schedule waits until the agent has its role."""
    channel_id: Text
    """The notification channel that alerts go to, of Alerts."""
    tags: Tags
    """The labels of everything that is created, of the batch prediction jobs, too."""

    def __post_init__(self) -> None:
        super().__post_init__()
        hold_each(self, "inputs", PLACE, "a file or folder in Cloud Storage such as gs://bucket/folder/")
        hold(self, "output_uri", FOLDER, "a folder in Cloud Storage such as gs://bucket/folder/")
        if self.format not in GCP:
            raise BadArgument(f"BatchJobArgs.format: found {self.format!r}, allowed: {', '.join(GCP)}")


class BatchJob(pulumi.ComponentResource):
    """Creates a model and, while enabled, a schedule that runs a batch prediction job with it, and alerts.

    The model is a resource of the provider `mlplatform`, which your project names under `plugins`.

    Cloud Scheduler starts a workflow and hears no more of it. The workflow starts the job, waits for it, retries it
    twice, stops it after `max_hours`, and fails where the job failed. Alerts say that a run failed, overran or was
    not started. Cloud Scheduler may rarely deliver a start twice: then two runs score the same into two folders.
    Nothing runs and nothing bills between runs.

    A job that scored a part of its records and not others ends the run, which fails and is not retried: the scores stay
    where they are, and beside them lie files whose names begin with `prediction.errors_stats`, with each record that
    was not scored and why. These records alone are scored again.

    A batch prediction job runs on Google's side and takes no network, so no network of yours contains it.
    Rules: Vertex AI, "Get batch inferences", https://cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions;
    Workflows, "Use customer-managed encryption keys", https://cloud.google.com/workflows/docs/use-cmek
    """

    workflow_id: pulumi.Output[str] | None
    """The workflow, `projects/PROJECT/locations/REGION/workflows/NAME`, with which a run can be started by hand. None
    while the job is switched off."""

    def __init__(self, name: str, args: BatchJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:BatchJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = versioned_model(f"{name}-batch-model", args.model, args.tags, self._child)
        self.workflow_id = self._run(name, args, model.version_name) if args.enabled else None
        self.register_outputs({"workflow_id": self.workflow_id})

    def _run(self, name: str, args: BatchJobArgs, model: pulumi.Output[str]) -> pulumi.Output[str]:
        job = pulumi.Output.all(
            model=model,
            replicas=args.replicas,
            input_uris=list(args.inputs.values()),
            output_uri=args.output_uri,
            service_account=args.model.service_account,
            data_key_id=args.model.data_key_id,
            tags=args.tags,
        ).apply(
            lambda known: scoring(
                ScoringArgs(
                    machine=args.machine, format=args.format, records_per_request=args.records_per_request, **known
                )
            )
        )
        told = [part for uri in args.inputs.values() for part in (" and ", uri)][1:]
        return workflow_of_runs(
            name,
            Runs(
                project=args.model.project,
                region=args.model.region,
                job_name=args.job_name,
                description=pulumi.Output.concat(args.job_name, ": score ", *told, " to ", args.output_uri),
                does="score",
                collection="batchPredictionJobs",
                request=job,
                schedule=args.schedule,
                max_hours=args.max_hours,
                pipeline_account=args.pipeline_account,
                scheduler_agent=args.scheduler_agent,
                data_key_id=args.model.data_key_id,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )


@dataclass(kw_only=True)
class ScoringArgs:
    """What a batch prediction job is to be, once all of it is known; `model` is `projects/…/models/ID@VERSION`."""

    model: str
    machine: Machine
    replicas: int
    input_uris: Sequence[str]
    output_uri: str
    service_account: str
    data_key_id: str
    tags: Mapping[str, str]
    format: str = USUAL["gcp"]
    records_per_request: int | None = None


def scoring(args: ScoringArgs) -> dict[str, Any]:
    """What a run sends to Vertex AI: one batch prediction job, but its name.

    BatchPredictionJob, https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs
    """
    within = "*.txt" if args.format == "file-list" else "*"
    uris = [f"{uri}{within}" if uri.endswith("/") else uri for uri in args.input_uris]
    tuned: dict[str, Any] = {}
    if args.records_per_request is not None:
        tuned["manualBatchTuningParameters"] = {"batchSize": args.records_per_request}
    return {
        "model": args.model,
        "inputConfig": {"instancesFormat": GCP[args.format], "gcsSource": {"uris": uris}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": args.output_uri}},
        "dedicatedResources": {
            "machineSpec": machine_spec(args.machine),
            "startingReplicaCount": args.replicas,
            "maxReplicaCount": args.replicas,  # batch does not scale: Vertex AI takes the starting count
        },
        **tuned,
        "serviceAccount": args.service_account,
        "encryptionSpec": {"kmsKeyName": args.data_key_id},
        "labels": dict(args.tags),
    }
