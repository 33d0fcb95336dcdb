"""The program that launches a batch job as a step: what it tells Google's launcher, and when it gives a job up."""

import signal
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from catalogue.batch_step import ANSWERED, PROGRAM, STOPS
from catalogue.best_trial import LAUNCHERS

WORDS = [
    *("--type", "BatchPredictionJob", "--payload", "{}", "--project", "p", "--location", "l"),
    *("--gcp_resources", "/tmp/gcp_resources", "--executor_input", ANSWERED),
]
Start = Callable[[Callable[[list[str]], None], str], SimpleNamespace]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Runs the program beside a launcher that does this, with so many seconds. Returns the double of its runner."""

    def go(does: Callable[[list[str]], None], seconds: str) -> SimpleNamespace:
        asked = SimpleNamespace(of=[], cancelled=[])

        class Runner:
            def __init__(self, *told: str) -> None:
                asked.of.append(told)

            def check_if_job_exists(self) -> str:
                return "projects/p/locations/l/batchPredictionJobs/7"

            def send_cancel_request(self, name: str) -> None:
                asked.cancelled.append(name)

        states = SimpleNamespace(JOB_STATE_PARTIALLY_SUCCEEDED="in part", JOB_STATE_EXPIRED="expired")
        told: dict[str, dict[str, Any]] = {
            "google.cloud.aiplatform_v1": {"JobState": states},
            f"{LAUNCHERS}.batch_prediction_job": {"launcher": SimpleNamespace(main=does)},
            f"{LAUNCHERS}.gcp_launcher": {"job_remote_runner": asked},
        }
        asked.JobRemoteRunner, asked._JOB_ERROR_STATES = Runner, ("failed",)
        for name, members in told.items():
            module = ModuleType(name)
            module.__dict__.update(members)
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(sys, "argv", ["-c", *WORDS, STOPS, seconds])
        try:
            exec(PROGRAM, {"__name__": "__main__"})
        finally:
            signal.alarm(0)
        return asked

    return go


def test_google_s_launcher_is_told_all_as_it_is_and_knows_what_is_scored_in_part(start: Start) -> None:
    heard = list[list[str]]()
    asked = start(heard.append, "3600")
    assert heard == [[*WORDS, STOPS, "3600"]]
    assert asked._JOB_ERROR_STATES == ("failed", "in part", "expired") and not asked.cancelled


def test_a_job_whose_time_is_up_is_cancelled_and_fails_the_step(start: Start) -> None:
    found = list[SimpleNamespace]()

    def hang(words: list[str]) -> None:
        found.append(sys.modules[f"{LAUNCHERS}.gcp_launcher"].job_remote_runner)
        time.sleep(20)

    with pytest.raises(SystemExit, match="is cancelled, for its 1 seconds are up"):
        start(hang, "1")
    assert found[0].of == [("BatchPredictionJob", "p", "l", "/tmp/gcp_resources")]
    assert found[0].cancelled == ["projects/p/locations/l/batchPredictionJobs/7"]
