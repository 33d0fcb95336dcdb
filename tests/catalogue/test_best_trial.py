"""The program that finds the best trial of a search: started as Google's launcher would be, with doubles beside it."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from catalogue.best_trial import LAUNCHERS, PROGRAM

RUN = "gs://it-artifacts/pipelines/path/r1"
SEARCH = "it-path-search-r1"


def trial(number: int, figure: float | None, state: str = "SUCCEEDED", metric: str = "loss") -> Any:
    metrics = [] if figure is None else [SimpleNamespace(metric_id=metric, value=figure)]
    return SimpleNamespace(id=str(number), state=state, final_measurement=SimpleNamespace(metrics=metrics))


@dataclass
class Job:
    name: str = "projects/p/locations/l/hyperparameterTuningJobs/7"
    state: str = "JOB_STATE_SUCCEEDED"
    goal: str = "MINIMIZE"
    trials: list[Any] = field(default_factory=lambda: [trial(1, 0.5), trial(2, 0.25), trial(3, 0.75)])
    folder: str = f"{RUN}/search/"

    @property
    def study_spec(self) -> Any:
        return SimpleNamespace(metrics=[SimpleNamespace(metric_id="loss", goal=self.goal)])

    @property
    def trial_job_spec(self) -> Any:
        return SimpleNamespace(base_output_directory=SimpleNamespace(output_uri_prefix=self.folder))


def enum(*names: str) -> Any:
    return SimpleNamespace(**{name: name for name in names})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[str, list[str]]]]:
    """Runs the program of a step that is told what it reads. Returns which launcher was started, and with what."""
    started: list[tuple[str, list[str]]] = []

    def go(reads: str, *jobs: Job, searches: list[str] | None = None, kind: str = "CustomJob") -> tuple[str, list[str]]:
        asked: list[Any] = []

        class Client:
            def __init__(self, client_options: dict[str, str]) -> None:
                assert client_options == {"api_endpoint": "us-central1-aiplatform.googleapis.com"}

            def list_hyperparameter_tuning_jobs(self, request: dict[str, str]) -> list[Job]:
                asked.append(request)
                return list(jobs)

            def get_hyperparameter_tuning_job(self, name: str) -> Job:
                return next(job for job in jobs if job.name == name)

        vertex = ModuleType("google.cloud.aiplatform_v1")
        vertex.__dict__.update(
            JobServiceClient=Client,
            JobState=enum("JOB_STATE_SUCCEEDED"),
            Trial=SimpleNamespace(State=enum("SUCCEEDED")),
            StudySpec=SimpleNamespace(MetricSpec=SimpleNamespace(GoalType=enum("MAXIMIZE"))),
        )
        cloud = ModuleType("google.cloud")
        cloud.__dict__.update(aiplatform_v1=vertex)
        monkeypatch.setitem(sys.modules, "google.cloud", cloud)
        monkeypatch.setitem(sys.modules, "google.cloud.aiplatform_v1", vertex)
        for package in ("custom_job", "hyperparameter_tuning_job"):
            launcher = ModuleType(f"{LAUNCHERS}.{package}.launcher")
            launcher.__dict__.update(main=lambda words, package=package: started.append((package, words)))
            monkeypatch.setitem(sys.modules, launcher.__name__, launcher)
        names = [SEARCH] if searches is None else searches
        words = [word for name in names for word in ("--best", name)]
        words += ["--type", kind, "--payload", json.dumps({"args": [f"--model={reads}"]})]
        words += ["--project", "p", "--location", "us-central1", "--gcp_resources", "/tmp/gcp_resources"]
        monkeypatch.setattr(sys, "argv", ["-c", *words])
        exec(PROGRAM, {"__name__": "__main__"})
        assert asked[0] == {"parent": "projects/p/locations/us-central1", "filter": f'display_name="{SEARCH}"'}
        return started[-1]

    yield go


READS = "/gcs/it-artifacts/pipelines/path/r1/search/best-trial/model/"
Run = Callable[..., tuple[str, list[str]]]


def model(told: tuple[str, list[str]]) -> str:
    """What the step is told to read, where the launcher is told all else as it was."""
    _, words = told
    assert words[0] == "--type" and words[4:] == [
        *("--project", "p", "--location", "us-central1"),
        *("--gcp_resources", "/tmp/gcp_resources"),
    ]
    return json.loads(words[3])["args"][0]


@pytest.mark.parametrize(
    ("job", "number"),
    [
        (Job(), "2"),
        (Job(goal="MAXIMIZE"), "3"),
        (Job(trials=[trial(1, 0.5), trial(2, 0.1, "INFEASIBLE"), trial(3, None), trial(4, 0.2, metric="x")]), "1"),
    ],
)
def test_the_step_reads_the_folder_of_the_trial_with_the_best_figure(run: Run, job: Job, number: str) -> None:
    told = run(READS, job)
    assert told[0] == "custom_job"
    assert model(told) == f"--model=/gcs/it-artifacts/pipelines/path/r1/search/{number}/model/"


def test_a_search_may_read_a_search(run: Run) -> None:
    assert run(READS, Job(), kind="HyperparameterTuningJob")[0] == "hyperparameter_tuning_job"


@pytest.mark.parametrize(
    ("reads", "jobs", "said"),
    [
        (READS, [], "found 0 searches called it-path-search-r1 that have succeeded"),
        (READS, [Job(state="JOB_STATE_FAILED")], "found 0 searches"),
        (READS, [Job(), replace(Job(), name="other")], "found 2 searches"),
        (READS, [Job(trials=[trial(1, None)])], "no trial of it-path-search-r1 has told its figure loss"),
        (READS.replace("search", "other"), [Job()], "reads nothing below /gcs/it-artifacts/pipelines/path/r1/search/"),
    ],
)
def test_where_there_is_no_best_trial_nothing_is_launched(run: Run, reads: str, jobs: list[Job], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(reads, *jobs)
    assert said in str(ended.value)


def test_no_word_of_it_is_one_that_workflows_or_kfp_would_fill_in() -> None:
    assert "${" not in PROGRAM and "{{" not in PROGRAM
