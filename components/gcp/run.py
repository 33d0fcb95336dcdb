"""One run of a job, as a definition for Google's Workflows: start, watch, retry, stop in time, fail loudly."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from components.shapes import Machine

ATTEMPTS = 3
POLL_SECONDS = 60
MOST_STEPS, STEPS_OF_A_LOOK = 100_000, 5
"""How many steps an execution may do, and how many it does for each look at its job: poll, wait, read and what may be
repeated in it, again. Workflows, "Quotas and limits", https://cloud.google.com/workflows/quotas
"""
PIPELINES = "pipelineJobs"
_ENDED = (
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
)
_PIPELINE_ENDED = ("PIPELINE_STATE_SUCCEEDED", "PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED")
"""Vertex AI, JobState and PipelineState, https://cloud.google.com/vertex-ai/docs/reference/rest/v1/JobState,
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/PipelineState
"""

OF_THE_RUN = 'sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")'
"""The id of a run in an expression of its definition, the same for each of its attempts. Workflows, "Use built-in
environment variables", https://cloud.google.com/workflows/docs/use-environment-variables
"""


@dataclass(kw_only=True)
class RunArgs:
    """What a run starts and for how long, once all of it is known."""

    project: str
    region: str
    job_name: str
    does: str
    """What one attempt does, in a word, which its steps are called by: score, train or path."""
    collection: str
    """Where Vertex AI makes such jobs: batchPredictionJobs, customJobs or pipelineJobs."""
    request: Mapping[str, Any]
    """The job that is sent there, but its name."""
    max_hours: int


def definition(args: RunArgs) -> dict[str, Any]:
    """The workflow as Workflows reads it.

    A job is named by the execution and the number of jobs that failed before it, and looked for under that name before
    it is created: whatever is repeated after an error of the API, no two jobs run at once. A job that succeeded in part
    is not tried again as a whole: the run fails with it. `max_hours` bound all attempts together; then the job is
    cancelled, `overran` is logged, and the run fails. A pipeline that failed is not tried again, for its program would
    fail again: what Vertex AI says of it, the failed step by name, is logged as `failed`. Rule: Workflows, "Syntax
    reference", https://cloud.google.com/workflows/docs/reference/syntax
    """
    api = f"https://{args.region}-aiplatform.googleapis.com/v1"
    jobs = f"{api}/projects/{args.project}/locations/{args.region}/{args.collection}"
    run = _run_of_steps(args) if args.collection == PIPELINES else _run(args)
    return {"main": {"params": ["input"], "steps": run}, args.does: _once(args, api, jobs)}


def _run(args: RunArgs) -> list[dict[str, Any]]:
    name = f'${{"{args.job_name}-" + {OF_THE_RUN} + "-" + string(failed)}}'
    begin: list[dict[str, Any]] = [_deadline(args), {"attempt": 0}, {"failed": 0}, {"outcome": {}}]
    return [
        {"begin": {"assign": begin}},
        {"next_attempt": {"assign": [_ANOTHER, {"job_name": name}]}},
        _try_once(args),
        {
            "judge": {
                "switch": [
                    {"condition": '${outcome.state == "JOB_STATE_SUCCEEDED"}', "return": "${outcome}"},
                    {"condition": '${outcome.state == "JOB_STATE_PARTIALLY_SUCCEEDED"}', "next": "give_up"},
                    _LATE,
                    {"condition": f"${{attempt >= {ATTEMPTS}}}", "next": "give_up"},
                    {"condition": '${outcome.state == "ERROR"}', "next": "pause"},
                ]
            }
        },
        {"count": {"assign": [{"failed": "${failed + 1}"}]}},
        _PAUSE,
        _REPORT_LATE,
        _GIVE_UP,
    ]


def _run_of_steps(args: RunArgs) -> list[dict[str, Any]]:
    """A run makes one pipeline job. Only what the API answers with is tried again, under the same name."""
    name = f'${{"{args.job_name}-" + {OF_THE_RUN}}}'
    return [
        {"begin": {"assign": [_deadline(args), {"attempt": 0}, {"job_name": name}, {"outcome": {}}]}},
        {"next_attempt": {"assign": [_ANOTHER]}},
        _try_once(args),
        {
            "judge": {
                "switch": [
                    {"condition": '${outcome.state == "PIPELINE_STATE_SUCCEEDED"}', "return": "${outcome}"},
                    _LATE,
                    {"condition": '${outcome.state != "ERROR"}', "next": "report_failed"},
                    {"condition": f"${{attempt >= {ATTEMPTS}}}", "next": "give_up"},
                ]
            }
        },
        _PAUSE,
        {
            "report_failed": {
                "call": "sys.log",
                "args": {
                    "severity": "ERROR",
                    "json": {"event": "failed", "job": "${job_name}", "error": '${map.get(outcome, "error")}'},
                },
                "next": "give_up",
            }
        },
        _REPORT_LATE,
        _GIVE_UP,
    ]


def _deadline(args: RunArgs) -> dict[str, Any]:
    return {"deadline": f"${{sys.now() + {args.max_hours * 3600}}}"}


def _try_once(args: RunArgs) -> dict[str, Any]:
    return {
        "try_once": {
            "try": {
                "call": args.does,
                "args": {"job_name": "${job_name}", "deadline": "${deadline}"},
                "result": "outcome",
            },
            "except": {
                "as": "error",
                "steps": [{"keep": {"assign": [{"outcome": {"state": "ERROR", "error": "${error}"}}]}}],
            },
        }
    }


_ANOTHER = {"attempt": "${attempt + 1}"}
_LATE = {"condition": "${sys.now() >= deadline}", "next": "report_late"}
_PAUSE: dict[str, Any] = {
    "pause": {"call": "sys.sleep", "args": {"seconds": POLL_SECONDS}, "next": "next_attempt"},
}
_REPORT_LATE: dict[str, Any] = {
    "report_late": {
        "call": "sys.log",
        "args": {"severity": "ERROR", "json": {"event": "overran", "job": "${job_name}"}},
    }
}
_GIVE_UP = {"give_up": {"raise": "${outcome}"}}


def _once(args: RunArgs, api: str, jobs: str) -> dict[str, Any]:
    """One attempt: the job as it ended, or as it was when time was up. Raises what the API answers with."""
    states = _PIPELINE_ENDED if args.collection == PIPELINES else _ENDED
    ended = " or ".join(f'job.state == "{state}"' for state in states)
    query = {"filter": '${"display_name=\\"" + job_name + "\\""}'}
    shown = {"query": asked} if (asked := _shown(args, _SHOWN)) else {}
    named = {"displayName": "${job_name}", **args.request}
    return {
        "params": ["job_name", "deadline"],
        "steps": [
            {"look": _call("http.get", jobs, "found", query={**query, **_shown(args, f"{PIPELINES}({_SHOWN})")})},
            {
                "known": {
                    "switch": [{"condition": f'${{"{args.collection}" in found.body}}', "next": "adopt"}],
                    "next": "start",
                }
            },
            {"adopt": {"assign": [{"job": f"${{found.body.{args.collection}[0]}}"}], "next": "poll"}},
            {"start": _request("http.post", jobs, "started", body=named, **shown)},  # not retried: look first
            {"take": {"assign": [{"job": "${started.body}"}]}},
            {
                "poll": {
                    "switch": [
                        {"condition": f"${{{ended}}}", "return": "${job}"},
                        {"condition": "${sys.now() >= deadline}", "next": "cancel"},
                    ]
                }
            },
            {"wait": {"call": "sys.sleep", "args": {"seconds": _poll_seconds(args.max_hours)}}},
            {"read": _call("http.get", f'${{"{api}/" + job.name}}', "answer", **shown)},
            {"again": {"assign": [{"job": "${answer.body}"}], "next": "poll"}},
            {"cancel": _call("http.post", f'${{"{api}/" + job.name + ":cancel"}}', "cancelled")},
            {"late": {"return": "${job}"}},
        ],
    }


def _poll_seconds(hours: int) -> int:
    """A minute between two looks, or as many as keep a run of weeks, such as of a long pipeline, within its steps."""
    looks = (MOST_STEPS - 10_000) // STEPS_OF_A_LOOK
    return POLL_SECONDS * max(1, ceil(hours * 3600 / POLL_SECONDS / looks))


_SHOWN = "name,state,error"


def _shown(args: RunArgs, fields: str) -> dict[str, str]:
    """What is asked for of a pipeline job: all of one has its whole specification and the details of each step in it,
    and an execution keeps 512 KB in variables. Google APIs, "System parameters",
    https://cloud.google.com/apis/docs/system-parameters; Workflows, "Quotas and limits",
    https://cloud.google.com/workflows/quotas
    """
    return {"fields": fields} if args.collection == PIPELINES else {}


def _request(call: str, url: str, result: str, **args: Any) -> dict[str, Any]:
    return {"call": call, "args": {"url": url, "auth": {"type": "OAuth2"}, **args}, "result": result}


def _call(call: str, url: str, result: str, **args: Any) -> dict[str, Any]:
    """A request that may be repeated, which Workflows does up to five times for what is likely to pass."""
    return {"try": _request(call, url, result, **args), "retry": "${http.default_retry}"}


def machine_spec(machine: Machine) -> dict[str, Any]:
    """A machine as Vertex AI's jobs name it."""
    spec: dict[str, Any] = {"machineType": machine.type}
    if machine.accelerator is not None:
        spec |= {"acceleratorType": machine.accelerator, "acceleratorCount": machine.accelerators}
    return spec
