"""A step of a pipeline that searches, as components take it: what is refused beside it, names, rights and hours."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.jobnames import BESIDE_STEP_SEARCH, search_begins, step_search_begins
from components.aws.identity import Identity
from components.aws.personas import IdentityArgs
from components.azure.training import SpotArgs as AzureSpot
from components.gcp.training import SpotArgs
from components.given import BadArgument
from components.shapes import Range, Tuning
from tests.components.aws.examples import EXAMPLES
from tests.components.aws.test_components import example, made
from tests.components.azure.test_pipeline import TRAIN as AZURE
from tests.components.gcp import examples

SEARCH = Tuning(metric="loss", maximize=False, ranges={"depth": Range(low=1, high=9)}, parallel=2, total=5)
_, TRAIN = examples.PIPELINE.steps
GCP = replace(TRAIN, spot=None, tensorboard_name=None)


def test_a_name_of_six_characters_is_one_jobs_alone() -> None:
    names = {step_search_begins(f"stack-{job}") for job in range(5_000)}
    assert len(names) == 5_000 and {len(name) for name in names} == {BESIDE_STEP_SEARCH}
    assert all(name.isalnum() and name == name.lower() for name in names)


def statements_of(searching: list[str]) -> dict[str, Any]:
    needs = replace(cast(IdentityArgs, EXAMPLES["Identity"]).needs, searching_steps=searching)
    graph = made(("ids", example(Identity, needs=needs)))
    (policy,) = (one for one in graph.of("aws:iam/rolePolicy:RolePolicy") if one.name == "ids-pipeline-policy")
    return {one["Sid"]: one for one in json.loads(policy.inputs["policy"])["Statement"]}


def test_on_aws_the_search_of_a_step_is_granted_by_its_name_and_its_trials_with_it() -> None:
    alone, step = statements_of([])["Tune"], statements_of(["search"])["Tune"]
    jobs = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job"
    assert alone["Resource"] == [f"{jobs}/{search_begins('it-search')}-*"]
    assert step["Resource"] == [*alone["Resource"], f"{jobs}/{step_search_begins('it-search')}-*"]
    assert {*step["Action"]} - {*alone["Action"]} == {"sagemaker:ListTrainingJobsForHyperParameterTuningJob"}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (lambda: replace(GCP, tuning=SEARCH, program=["python"]), "found tuning beside batch, program"),
        (lambda: replace(GCP, tuning=SEARCH, spot=SpotArgs(checkpoint_uri="gs://b/c/", wait_hours=1)), "beside"),
        (lambda: replace(GCP, tuning=SEARCH, tensorboard_name="x"), "beside"),
        (lambda: replace(GCP, tuning=SEARCH, options={"depth": "3"}), "'depth' twice"),
        (lambda: replace(AZURE, spot=None, tuning=SEARCH, program=["python"]), "found tuning beside batch, program"),
        (
            lambda: replace(AZURE, tuning=SEARCH, spot=AzureSpot(checkpoint_uri=CHECKPOINTS, wait_hours=1)),
            "found tuning beside",
        ),
        (lambda: replace(AZURE, spot=None, tuning=SEARCH, options={"depth": "3"}), "'depth' would be two"),
        (lambda: replace(AZURE, spot=None, tuning=replace(SEARCH, ranges={"x": Range(values=["a;b"])})), "'a;b'"),
    ],
)
def test_what_a_search_has_no_meaning_beside_is_refused(step: Callable[[], object], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        step()


CHECKPOINTS = "azureml://datastores/artifacts/paths/checkpoints/"


def test_a_step_lasts_for_all_rounds_of_its_trials() -> None:
    assert replace(GCP, tuning=SEARCH, max_hours=2).hours == 6
    assert replace(AZURE, spot=None, tuning=SEARCH, max_hours=2).hours == 6
