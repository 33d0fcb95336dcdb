"""One run of a job, as a definition for Google's Workflows: start, watch, retry, stop in time, fail loudly."""

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
    """What one attempt does, in a word, which its steps are called by: score or train."""
    collection: str
    """Where Vertex AI makes such jobs: batchPredictionJobs or customJobs."""
    request: Mapping[str, Any]
    """The job that is sent there, but its name."""
    max_hours: int


def definition(args: RunArgs) -> dict[str, Any]:
    """The workflow as Workflows reads it.

    A job is named by the execution and the number of jobs that failed before it, and looked for under that name before
    it is created: whatever is repeated after an error of the API, no two jobs run at once. A job that succeeded in part
    is not tried again as a whole: the run fails with it. `max_hours` bound all attempts together; then the job is
    cancelled, `overran` is logged, and the run fails. Rule: Workflows, "Syntax reference",
    https://cloud.google.com/workflows/docs/reference/syntax
    """
    api = f"https://{args.region}-aiplatform.googleapis.com/v1"
    jobs = f"{api}/projects/{args.project}/locations/{args.region}/{args.collection}"
    return {"main": {"params": ["input"], "steps": _run(args)}, args.does: _once(args, api, jobs)}


def _run(args: RunArgs) -> list[dict[str, Any]]:
    name = f'${{"{args.job_name}-" + {OF_THE_RUN} + "-" + string(failed)}}'
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
                    "call": args.does,
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
                    {"condition": '${outcome.state == "JOB_STATE_PARTIALLY_SUCCEEDED"}', "next": "give_up"},
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


def _once(args: RunArgs, api: str, jobs: str) -> dict[str, Any]:
    """One attempt: the job as it ended, or as it was when time was up. Raises what the API answers with."""
    ended = " or ".join(f'job.state == "{state}"' for state in _ENDED)
    query = {"filter": '${"display_name=\\"" + job_name + "\\""}'}
    named = {"displayName": "${job_name}", **args.request}
    return {
        "params": ["job_name", "deadline"],
        "steps": [
            {"look": _call("http.get", jobs, "found", query=query)},
            {
                "known": {
                    "switch": [{"condition": f'${{"{args.collection}" in found.body}}', "next": "adopt"}],
                    "next": "start",
                }
            },
            {"adopt": {"assign": [{"job": f"${{found.body.{args.collection}[0]}}"}], "next": "poll"}},
            {"start": _request("http.post", jobs, "started", body=named)},  # not retried: look first
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


def machine_spec(machine: Machine) -> dict[str, Any]:
    """A machine as Vertex AI's jobs name it."""
    spec: dict[str, Any] = {"machineType": machine.type}
    if machine.accelerator is not None:
        spec |= {"acceleratorType": machine.accelerator, "acceleratorCount": machine.accelerators}
    return spec
