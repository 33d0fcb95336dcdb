"""What a training job of Azure ML makes: what its runs are, how they end, and who starts them."""

import inspect
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import machinelearningservices as ml

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.kind import Bills
from catalogue.kinds import kind_of
from catalogue.pricing import Pricing
from components.azure.training import TrainingJob, TrainingJobArgs
from components.given import BadArgument
from components.shapes import Schedule
from tests.components.azure.examples import EXAMPLES, REGION
from tests.components.azure.test_components import made

ML = "azure-native:machinelearningservices:"
SCHEDULE = f"{ML}Schedule"


def graph_of(**changed: Any) -> Graph:
    def make(opts: pulumi.ResourceOptions) -> object:
        args: Any = replace(EXAMPLES["TrainingJob"], **changed)
        return TrainingJob("weekly", args, opts)

    return made(make)


def schedule(**changed: Any) -> Any:
    (one,) = graph_of(**changed).of(SCHEDULE)
    return one.inputs["properties"]


def step(**changed: Any) -> Any:
    return schedule(**changed)["action"]["jobDefinition"]["jobs"]["train"]


def command(**changed: Any) -> str:
    (one,) = graph_of(**changed).of(f"{ML}ComponentVersion")
    return one.inputs["properties"]["componentSpec"]["command"]


def test_a_schedule_starts_it_and_where_people_do_the_schedule_is_off_and_counts_their_runs() -> None:
    by_hand = {"schedule": None, "runs_per_month": 8}
    assert schedule()["isEnabled"] is True and "runs-per-month" not in schedule()["tags"]
    off = schedule(**by_hand)
    assert off["isEnabled"] is False and off["tags"]["runs-per-month"] == "8"
    graph = graph_of(**by_hand)
    (one,) = graph.of(SCHEDULE)
    kind = kind_of(SCHEDULE)
    assert kind is not None and isinstance(kind.bills, Bills)
    few = kind.bills.price(Pricing(graph, catalogue.load("azure"), REGION), one)
    more = graph_of(schedule=None, runs_per_month=16)
    twice = kind.bills.price(Pricing(more, catalogue.load("azure"), REGION), more.of(SCHEDULE)[0])
    assert few.idle == 0 and 0 < few.ceiling < twice.ceiling


def test_a_run_is_the_training_personas_and_ends_in_time_in_folders_of_its_own() -> None:
    args: Any = EXAMPLES["TrainingJob"]
    one, job = step(), schedule()["action"]["jobDefinition"]
    assert one["limits"]["timeout"] == f"PT{args.max_hours}H" or one["limits"]["timeout"] == f"PT{args.hours}H"
    assert job["identity"]["clientId"] == args.client_id
    assert all("${{name}}" in out["uri"] for out in job["outputs"].values())
    assert all(given["mode"] == "ReadOnlyMount" for given in job["inputs"].values())


def test_a_hyperparameter_is_one_argument_whatever_it_says(tmp_path: Path) -> None:
    odd = 'a b\'; echo "$(id)" `id` $HOME'
    told = command(hyperparameters={"note": odd, "rounds": "20"})
    (tmp_path / "train").write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (tmp_path / "train").chmod(0o755)
    filled = re.sub(r"\$\{\{[^}]*\}\}", "/folder", told)
    ran = subprocess.run(
        ["bash", "-c", filled],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    said = ran.stdout.splitlines()
    assert f"--note={odd}" in said and "--rounds=20" in said and "--train=/folder" in said


def test_what_runs_goes_while_it_is_switched_off_and_the_environment_stays() -> None:
    off = graph_of(enabled=False)
    assert not off.of(SCHEDULE) and not off.of(f"{ML}Compute") and not off.of(f"{ML}ComponentVersion")
    assert off.of(f"{ML}EnvironmentVersion")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"runs_per_month": 8}, "one of the two"),
        ({"schedule": None}, "one of the two"),
        ({"image": "docker.io/x:1"}, "an image of"),
        ({"output_uri": "azureml://datastores/artifacts/paths/x"}, "a datastore's folder"),
        ({"hyperparameters": {"train": "1"}}, "two arguments"),
        ({"hyperparameters": {"a": "${{inputs.train}}"}}, "hand on as it is"),
        ({"schedule": Schedule("0 0 1 * *", "UTC")}, "days of a month|day"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    example: Any = EXAMPLES["TrainingJob"]
    with pytest.raises(BadArgument, match=said):
        TrainingJobArgs(**{**vars(example), **given})


# A step of a pipeline is free-form to the provider, and so are the words of its parts. Azure reads it as a job of the
# kind that it says: https://learn.microsoft.com/en-us/rest/api/azureml/schedules/create-or-update (CommandJob)
MODELS: Mapping[str, type] = {
    "": ml.PipelineJobArgs,
    "jobs.*": ml.CommandJobArgs,
    "jobs.*.identity": ml.ManagedIdentityArgs,
    "jobs.*.limits": ml.CommandJobLimitsArgs,
    "jobs.*.resources": ml.JobResourceConfigurationArgs,
    "jobs.*.distribution": ml.PyTorchArgs,
    "jobs.*.inputs.*": ml.LiteralJobInputArgs,
    "identity": ml.ManagedIdentityArgs,
    "inputs.*": ml.UriFolderJobInputArgs,
    "outputs.*": ml.UriFolderJobOutputArgs,
    "notificationSetting": ml.NotificationSettingArgs,
}
# The settings are free-form, too: those of PipelineJobSettings of azure-ai-ml,
# https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/entities/_job/pipeline/pipeline_job_settings.py
SETTINGS = ("continue_on_step_failure", "default_compute", "default_datastore", "force_rerun")
# In a step azure-ai-ml writes the kind as `type`, the step's own name beside it, and what an output is bound to.
OF_A_STEP = {"type": "job_type", "name": "display_name"}
VALUES: Mapping[str, type] = {
    "identity_type": ml.IdentityConfigurationType,
    "job_limits_type": ml.JobLimitsType,
    "distribution_type": ml.DistributionType,
    "mode": ml.InputDeliveryMode,
    "job_input_type": ml.JobInputType,
    "job_output_type": ml.JobOutputType,
}


def odd(job: Any, at: str = "") -> Iterator[str]:
    """What Azure's model of a job does not know in one, at any depth, and what it wants and does not find there."""
    model = MODELS.get(at)
    said = {OF_A_STEP.get(key, snake) if at == "jobs.*" else snake: key for key in job if (snake := snaked(key))}
    if model is not None:
        known = inspect.signature(model.__init__).parameters
        yield from (f"{at}.{key} is not known" for snake, key in said.items() if snake not in known)
        # A step has the command of its component, and the environment too.
        wanted = {n for n, one in known.items() if one.default is inspect.Parameter.empty} - {"__self__"}
        named = {"command", "environment_id"} if "componentId" in job else set[str]()
        yield from (f"{at} has no {one}" for one in sorted(wanted - {*said} - named))
        for snake, key in said.items():
            values: Any = VALUES.get(snake, ())
            if values and job[key] not in {one.value for one in values}:
                yield f"{at}.{key} is {job[key]}"
    if at == "settings":
        yield from (f"settings.{key} is not known" for key in job if key not in SETTINGS)
    for key, value in job.items():
        below = f"{at}.{key}".lstrip(".")
        if isinstance(value, dict):
            yield from odd(value, below if at.rpartition(".")[2] not in ("jobs", "inputs", "outputs") else f"{at}.*")


def snaked(word: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()


@pytest.mark.parametrize("given", [{}, {"schedule": None, "runs_per_month": 8}, {"spot": None}, {"replicas": 3}])
def test_what_a_run_sends_is_what_azures_model_of_a_job_knows(given: dict[str, Any]) -> None:
    job = schedule(**given)["action"]["jobDefinition"]
    assert not list(odd(job))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("resources", {"instances": 1}, "jobs.*.resources.instances is not known"),
        ("limits", {"job_limits_type": "Forever"}, "jobs.*.limits.job_limits_type is Forever"),
        ("compute", "x", "jobs.*.compute is not known"),
        ("identity", {"client_id": "x"}, "jobs.*.identity has no identity_type"),
    ],
)
def test_what_azures_model_of_a_job_does_not_know_is_told(path: str, value: Any, said: str) -> None:
    job = schedule()["action"]["jobDefinition"]
    job["settings"]["force"] = True
    assert "settings.force is not known" in list(odd(job))
    job["jobs"]["train"][path] = value
    assert said in list(odd(job))
