"""One run of a batch job, as a definition for Google's Workflows: start, watch, retry, stop in time, fail loudly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.shapes import Machine

ATTEMPTS = 3
POLL_SECONDS = 60
_ENDED = (
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
)


@dataclass(kw_only=True)
class RunArgs:
    """What the batch prediction job is to be, once all of it is known; `model` is `projects/…/models/ID@VERSION`."""

    project: str
    region: str
    job_name: str
    model: str
    machine: Machine
    replicas: int
    max_hours: int
    input_uri: str
    output_uri: str
    service_account: str
    data_key_id: str
    tags: Mapping[str, str]


def definition(args: RunArgs) -> dict[str, Any]:
    """The workflow as Workflows reads it.

    A job is named by the execution and the number of jobs that failed before it, and looked for under that name before
    it is created: whatever is repeated after an error of the API, no two jobs run at once. `max_hours` bound all
    attempts together; then the job is cancelled, `overran` is logged, and the run fails. Rule: Workflows, "Syntax
    reference", https://cloud.google.com/workflows/docs/reference/syntax
    """
    api = f"https://{args.region}-aiplatform.googleapis.com/v1"
    jobs = f"{api}/projects/{args.project}/locations/{args.region}/batchPredictionJobs"
    return {"main": {"params": ["input"], "steps": _run(args)}, "score": _score(args, api, jobs)}


def _run(args: RunArgs) -> list[dict[str, Any]]:
    run = 'sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")'
    name = f'${{"{args.job_name}-" + {run} + "-" + string(failed)}}'
    begin: list[dict[str, Any]] = [
        {"deadline": f"${{sys.now() + {args.max_hours * 3600}}}"},
        {"attempt": 0},
        {"failed": 0},
        {"outcome": {}},
    ]
    return [
        {"begin": {"assign": begin}},
        {"next_attempt": {"assign": [{"attempt": "${attempt + 1}"}, {"job_name": name}]}},
        {
            "try_once": {
                "try": {
                    "call": "score",
                    "args": {"job_name": "${job_name}", "deadline": "${deadline}"},
                    "result": "outcome",
                },
                "except": {
                    "as": "error",
                    "steps": [{"keep": {"assign": [{"outcome": {"state": "ERROR", "error": "${error}"}}]}}],
                },
            }
        },
        {
            "judge": {
                "switch": [
                    {"condition": '${outcome.state == "JOB_STATE_SUCCEEDED"}', "return": "${outcome}"},
                    {"condition": "${sys.now() >= deadline}", "next": "report_late"},
                    {"condition": f"${{attempt >= {ATTEMPTS}}}", "next": "give_up"},
                    {"condition": '${outcome.state == "ERROR"}', "next": "pause"},
                ]
            }
        },
        {"count": {"assign": [{"failed": "${failed + 1}"}]}},
        {"pause": {"call": "sys.sleep", "args": {"seconds": POLL_SECONDS}, "next": "next_attempt"}},
        {
            "report_late": {
                "call": "sys.log",
                "args": {"severity": "ERROR", "json": {"event": "overran", "job": "${job_name}"}},
            }
        },
        {"give_up": {"raise": "${outcome}"}},
    ]


def _score(args: RunArgs, api: str, jobs: str) -> dict[str, Any]:
    """One attempt: the job as it ended, or as it was when time was up. Raises what the API answers with."""
    ended = " or ".join(f'job.state == "{state}"' for state in _ENDED)
    query = {"filter": '${"display_name=\\"" + job_name + "\\""}'}
    return {
        "params": ["job_name", "deadline"],
        "steps": [
            {"look": _call("http.get", jobs, "found", query=query)},
            {
                "known": {
                    "switch": [{"condition": '${"batchPredictionJobs" in found.body}', "next": "adopt"}],
                    "next": "start",
                }
            },
            {"adopt": {"assign": [{"job": "${found.body.batchPredictionJobs[0]}"}], "next": "poll"}},
            {"start": _request("http.post", jobs, "started", body=_job(args))},  # not retried: look first
            {"take": {"assign": [{"job": "${started.body}"}]}},
            {
                "poll": {
                    "switch": [
                        {"condition": f"${{{ended}}}", "return": "${job}"},
                        {"condition": "${sys.now() >= deadline}", "next": "cancel"},
                    ]
                }
            },
            {"wait": {"call": "sys.sleep", "args": {"seconds": POLL_SECONDS}}},
            {"read": _call("http.get", f'${{"{api}/" + job.name}}', "answer")},
            {"again": {"assign": [{"job": "${answer.body}"}], "next": "poll"}},
            {"cancel": _call("http.post", f'${{"{api}/" + job.name + ":cancel"}}', "cancelled")},
            {"late": {"return": "${job}"}},
        ],
    }


def _request(call: str, url: str, result: str, **args: Any) -> dict[str, Any]:
    return {"call": call, "args": {"url": url, "auth": {"type": "OAuth2"}, **args}, "result": result}


def _call(call: str, url: str, result: str, **args: Any) -> dict[str, Any]:
    """A request that may be repeated, which Workflows does up to five times for what is likely to pass."""
    return {"try": _request(call, url, result, **args), "retry": "${http.default_retry}"}


def _job(args: RunArgs) -> dict[str, Any]:
    machine: dict[str, Any] = {"machineType": args.machine.type}
    if args.machine.accelerator is not None:
        machine |= {"acceleratorType": args.machine.accelerator, "acceleratorCount": args.machine.accelerators}
    below = f"{args.input_uri}*" if args.input_uri.endswith("/") else args.input_uri
    return {
        "displayName": "${job_name}",
        "model": args.model,
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [below]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": args.output_uri}},
        "dedicatedResources": {
            "machineSpec": machine,
            "startingReplicaCount": args.replicas,
            "maxReplicaCount": args.replicas,  # batch does not scale: Vertex AI takes the starting count
        },
        "serviceAccount": args.service_account,
        "encryptionSpec": {"kmsKeyName": args.data_key_id},
        "labels": dict(args.tags),
    }
