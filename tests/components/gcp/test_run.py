"""One run of a batch job: its workflow, executed step by step against a Vertex AI that does as it is told."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, Generic, Protocol, TypeVar

import pytest

from components.gcp.batch import ScoringArgs, scoring
from components.gcp.run import MOST_STEPS, POLL_SECONDS, STEPS_OF_A_LOOK, RunArgs, definition
from components.shapes import Machine

SCORING = ScoringArgs(
    model="projects/payments-risk-pilot/locations/us-central1/models/scorer@3",
    machine=Machine("g2-standard-4", "NVIDIA_L4", 1),
    replicas=2,
    input_uris=["gs://data/in/"],
    output_uri="gs://data/out/",
    service_account="batch@payments-risk-pilot.iam.gserviceaccount.com",
    data_key_id="projects/p/locations/us-central1/keyRings/r/cryptoKeys/k",
    tags={"team": "payments-risk"},
)
ARGS = RunArgs(
    project="payments-risk-pilot",
    region="us-central1",
    job_name="pilot-nightly",
    does="score",
    collection="batchPredictionJobs",
    request=scoring(SCORING),
    max_hours=1,
)
FAILED, RUNNING, SUCCEEDED = "JOB_STATE_FAILED", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"


class Raised(Exception):
    """An error of the workflow, with the map that it carries."""

    def __init__(self, value: Any) -> None:
        super().__init__(str(value))
        self.value = value


class Map(dict[str, Any]):
    """A map of Workflows: a dot reads a key."""

    def __getattr__(self, key: str) -> Any:
        return self[key]


def mapped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Map({key: mapped(item) for key, item in value.items()})
    return [mapped(item) for item in value] if isinstance(value, list) else value


class Api(Protocol):
    """What a workflow calls."""

    def get(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]: ...

    def post(self, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]: ...


@dataclass
class Vertex:
    """Batch prediction jobs by name. `script` has the states that each job passes through; the last one stays."""

    script: Sequence[Sequence[str]]
    errors: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    cancelled: list[str] = field(default_factory=list[str])
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    most_at_once: int = 0

    def get(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        self._fail("list" if query else "get")
        if query:
            wanted = query["filter"].partition('"')[2].rstrip('"')
            found = [self._seen(job) for job in self.jobs.values() if job["displayName"] == wanted]
            return {"batchPredictionJobs": found} if found else {}
        job = next(job for name, job in self.jobs.items() if url.endswith(name))
        if len(job["states"]) > 1:
            job["states"].pop(0)
        return self._seen(job)

    def post(self, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if url.endswith(":cancel"):
            self.cancelled.append(url)
            return {}
        assert body is not None
        self.bodies.append(body)
        number = len(self.jobs)
        name = f"projects/1/locations/us-central1/batchPredictionJobs/{number}"
        states = list(self.script[min(number, len(self.script) - 1)])
        self.jobs[name] = {"name": name, "displayName": body["displayName"], "states": states}
        self.most_at_once = max(self.most_at_once, sum(j["states"][0] == RUNNING for j in self.jobs.values()))
        self._fail("post")  # after the job is made: the answer is lost, the job is not
        return self._seen(self.jobs[name])

    def _fail(self, kind: str) -> None:
        if self.errors.get(kind) and (code := self.errors[kind].pop(0)):
            raise Raised(Map({"code": code, "message": kind}))

    @staticmethod
    def _seen(job: Mapping[str, Any]) -> dict[str, Any]:
        return {"name": job["name"], "displayName": job["displayName"], "state": job["states"][0]}


V = TypeVar("V", bound=Api)


@dataclass
class Execution(Generic[V]):
    """As much of Workflows as the definition uses: assign, switch, call, try with except or retry, raise, return."""

    workflow: Mapping[str, Any]
    vertex: V
    now: float = 1000.0
    log: list[Any] = field(default_factory=list[Any])
    meanwhile: Callable[[float], object] = lambda now: None

    def run(self, argument: Mapping[str, Any] | None = None) -> Any:
        return self._sub("main", {"input": mapped(argument or {})})

    def _sub(self, name: str, args: Mapping[str, Any]) -> Any:
        sub = self.workflow[name]
        assert set(args) == set(sub["params"])
        return self._steps(sub["steps"], dict(args))

    def _steps(self, steps: Sequence[Mapping[str, Any]], scope: dict[str, Any]) -> Any:
        names = [next(iter(step)) for step in steps]
        at = 0
        while at < len(steps):
            step = steps[at][names[at]]
            jump = self._step(step, scope)
            if isinstance(jump, tuple):
                return jump[0]
            at = names.index(jump) if jump else at + 1
        return None

    def _step(self, step: Mapping[str, Any], scope: dict[str, Any]) -> str | tuple[Any] | None:
        for assignment in step.get("assign", ()):
            ((key, value),) = assignment.items()
            scope[key] = self._value(value, scope)
        for case in step.get("switch", ()):
            if self._value(case["condition"], scope):
                return (self._value(case["return"], scope),) if "return" in case else case["next"]
        if "try" in step:
            self._try(step, scope)
        if "call" in step:
            self._call(step, scope)
        if "raise" in step:
            raise Raised(self._value(step["raise"], scope))
        if "return" in step:
            return (self._value(step["return"], scope),)
        return step.get("next")

    def _try(self, step: Mapping[str, Any], scope: dict[str, Any]) -> None:
        repeats = 5 if "retry" in step else 0
        while True:
            try:
                self._step(step["try"], scope)
                return
            except Raised as error:
                if repeats and error.value.get("code") in (429, 502, 503, 504):
                    repeats -= 1
                    self.now += 1
                elif "except" in step:
                    scope[step["except"]["as"]] = error.value
                    self._steps(step["except"]["steps"], scope)
                    return
                else:
                    raise

    def _call(self, step: Mapping[str, Any], scope: dict[str, Any]) -> None:
        args = self._value(step["args"], scope)
        calls: dict[str, Callable[[], Any]] = {
            "http.get": lambda: {"body": self.vertex.get(args["url"], args.get("query"))},
            "http.post": lambda: {"body": self.vertex.post(args["url"], args.get("body"))},
            "sys.sleep": lambda: self._sleep(args["seconds"]),
            "sys.log": lambda: self.log.append(args),
            **{name: partial(self._sub, name, args) for name in self.workflow},
        }
        answer = mapped(calls[step["call"]]())
        if "result" in step:
            scope[step["result"]] = answer

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile(self.now)
        assert self.now < 2 * 86_400, "no run may go on for ever"

    def _value(self, value: Any, scope: Mapping[str, Any]) -> Any:
        if isinstance(value, Mapping):
            return Map({key: self._value(item, scope) for key, item in value.items()})
        if isinstance(value, list):
            return [self._value(item, scope) for item in value]
        if not (isinstance(value, str) and value.startswith("${")):
            return value
        system = Map(now=lambda: self.now, get_env=lambda key: {"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": "e1"}[key])
        own = {"sys": system, "string": str, "len": len, "map": SimpleNamespace(get=_get), "default": _default}
        return eval(value[2:-1], {"__builtins__": {}}, {**scope, **own})


def _get(of: Mapping[str, Any], keys: str | Sequence[str]) -> Any:
    """`map.get` of Workflows: null where a key is missing."""
    for key in [keys] if isinstance(keys, str) else keys:
        if key not in of:
            return None
        of = of[key]
    return of


def _default(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def execution(*script: Sequence[str], max_hours: int = 1, **errors: list[int]) -> Execution[Vertex]:
    return Execution(definition(replace(ARGS, max_hours=max_hours)), Vertex(script, errors))


def test_a_job_that_succeeds_is_one_job_named_by_the_execution() -> None:
    run = execution([RUNNING, RUNNING, SUCCEEDED])
    assert run.run()["state"] == SUCCEEDED
    assert [job["displayName"] for job in run.vertex.jobs.values()] == ["pilot-nightly-e1-0"]
    assert not run.log


@pytest.mark.parametrize("state", [FAILED, "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"])
def test_a_job_that_fails_is_retried_twice_and_then_the_run_fails(state: str) -> None:
    run = execution([RUNNING, state])
    with pytest.raises(Raised, match=state):
        run.run()
    assert [job["displayName"][-1] for job in run.vertex.jobs.values()] == ["0", "1", "2"]
    assert run.vertex.most_at_once == 1


def test_a_job_that_scored_a_part_is_not_tried_again_as_a_whole_and_the_run_fails() -> None:
    """JobState, https://cloud.google.com/vertex-ai/docs/reference/rest/v1/JobState"""
    run = execution([RUNNING, "JOB_STATE_PARTIALLY_SUCCEEDED"])
    with pytest.raises(Raised, match="JOB_STATE_PARTIALLY_SUCCEEDED"):
        run.run()
    assert [job["displayName"][-1] for job in run.vertex.jobs.values()] == ["0"]


def test_a_run_goes_on_where_a_retry_succeeds() -> None:
    run = execution([RUNNING, FAILED], [RUNNING, SUCCEEDED])
    assert run.run()["displayName"] == "pilot-nightly-e1-1"


def test_a_run_that_overran_is_cancelled_logged_and_failed() -> None:
    run = execution([RUNNING], max_hours=2)
    with pytest.raises(Raised, match=RUNNING):
        run.run()
    assert [url.rpartition("/")[2] for url in run.vertex.cancelled] == ["0:cancel"]
    assert run.log == [{"severity": "ERROR", "json": {"event": "overran", "job": "pilot-nightly-e1-0"}}]
    assert 2 * 3600 <= run.now - 1000 <= 2 * 3600 + POLL_SECONDS


@pytest.mark.parametrize(("hours", "seconds"), [(1, 60), (24, 60), (300, 60), (301, 120), (960, 240)])
def test_a_run_of_weeks_looks_seldom_enough_for_the_steps_that_an_execution_may_do(hours: int, seconds: int) -> None:
    once = definition(replace(ARGS, max_hours=hours))[ARGS.does]["steps"]
    (wait,) = (step["wait"] for step in once if "wait" in step)
    assert wait["args"]["seconds"] == seconds
    assert hours * 3600 / seconds * STEPS_OF_A_LOOK < MOST_STEPS


def test_max_hours_bound_all_attempts_together() -> None:
    run = execution([RUNNING] * 40 + [FAILED], [RUNNING])
    with pytest.raises(Raised):
        run.run()
    assert len(run.vertex.jobs) == 2 and run.now - 1000 <= 3600 + 2 * POLL_SECONDS
    assert [url.rpartition("/")[2] for url in run.vertex.cancelled] == ["1:cancel"]


def test_a_job_whose_creation_went_unanswered_is_found_and_not_made_twice() -> None:
    run = execution([RUNNING, SUCCEEDED], post=[503])
    assert run.run()["state"] == SUCCEEDED
    assert len(run.vertex.jobs) == 1


def test_a_read_that_fails_for_a_while_is_repeated() -> None:
    run = execution([RUNNING, RUNNING, SUCCEEDED], get=[503, 503, 0, 429])
    assert run.run()["state"] == SUCCEEDED
    assert len(run.vertex.jobs) == 1


def test_a_read_that_is_refused_starts_no_second_job_beside_the_first() -> None:
    run = execution([RUNNING, RUNNING, SUCCEEDED], get=[403])
    assert run.run()["state"] == SUCCEEDED
    assert len(run.vertex.jobs) == 1


def test_an_api_that_refuses_for_good_fails_the_run() -> None:
    run = execution([RUNNING], list=[403] * 9)
    with pytest.raises(Raised, match="403"):
        run.run()
    assert not run.vertex.jobs


def test_trap_a_batch_job_has_no_network_field_and_is_told_all_it_has() -> None:
    """BatchPredictionJob has no network: what it runs as, its key and its machines are all there is to say."""
    run = execution([SUCCEEDED])
    run.run()
    (body,) = run.vertex.bodies
    assert set(body) == {
        *("displayName", "model", "inputConfig", "outputConfig", "dedicatedResources"),
        *("serviceAccount", "encryptionSpec", "labels"),
    }
    assert body["serviceAccount"] == SCORING.service_account
    assert body["encryptionSpec"] == {"kmsKeyName": SCORING.data_key_id}
    assert body["inputConfig"]["gcsSource"]["uris"] == ["gs://data/in/*"], "a folder is what lies in it"
    resources = body["dedicatedResources"]
    assert resources["startingReplicaCount"] == resources["maxReplicaCount"] == 2, "batch does not scale"
    assert resources["machineSpec"] == {
        "machineType": "g2-standard-4",
        "acceleratorType": "NVIDIA_L4",
        "acceleratorCount": 1,
    }


def test_a_machine_without_accelerator_names_none() -> None:
    plain = scoring(replace(SCORING, machine=Machine("g2-standard-4")))
    assert "accelerator" not in json.dumps(plain)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def test_the_definition_fits_into_workflows() -> None:
    """Workflows, "Quotas and limits": 128 KB of source, 400 characters an expression."""
    longest = definition(replace(ARGS, job_name="p" * 47))
    assert len(json.dumps(longest)) < 128 * 1024
    assert max(len(text) for text in strings(longest) if text.startswith("${")) <= 400


@pytest.mark.parametrize("workflow", ["main", "score"])
def test_every_jump_leads_to_a_step_beside_it(workflow: str) -> None:
    steps = definition(ARGS)[workflow]["steps"]
    names = [next(iter(step)) for step in steps]
    jumps = set(re.findall(r'"next": "(\w+)"', json.dumps(steps)))
    assert len(set(names)) == len(names)
    assert jumps and jumps <= set(names)
