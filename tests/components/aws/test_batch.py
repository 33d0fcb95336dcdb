"""A batch job of SageMaker: what its runs send for each format and input, and that what was scored stays scored."""

import json
import re
from typing import Any

import pytest

from catalogue.formats import AWS
from catalogue.hardware import catalogue
from catalogue.jobnames import BESIDE_RUN, shortened
from catalogue.kind import Bills, Runs
from catalogue.kinds import kind_of
from catalogue.pricing import Pricing
from components.aws.batch import BatchJob
from components.given import BadArgument
from sandbox.training.intrinsics import filled
from tests.components.aws.examples import REGION
from tests.components.aws.test_api_models import Call, _structure, request
from tests.components.aws.test_components import example, formatted, inputs, made

MACHINE = "aws:sfn/stateMachine:StateMachine"


def test_a_run_that_is_let_go_on_names_its_jobs_anew_for_its_retries_count_from_zero() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html"""
    for long in ("x" * 44, "x" * 45, f"{'s' * 22}-{'i' * 24}"):
        definition = json.loads(inputs(made(("nightly", example(BatchJob, job_name=long))), MACHINE)["definition"])
        template = definition["States"]["Transform"]["Parameters"]["TransformJobName.$"]
        names = {formatted(template, "2026-11-26T02:30:00Z", *counts) for counts in ((0, 0), (0, 2), (1, 0))}
        assert len(names) == 3 and all(len(name) <= 63 for name in names)


def test_two_long_names_that_begin_alike_are_two() -> None:
    one, other = (shortened(f"{'x' * 50}{end}", BESIDE_RUN) for end in "ab")
    assert one != other and len(one) <= 44


def test_each_input_is_a_job_of_its_own_after_the_other_and_writes_apart() -> None:
    several = example(BatchJob, inputs={"cards": "s3://b/cards/", "wire_transfers": "s3://b/wires/"}, format="jsonl")
    states = json.loads(inputs(made(("nightly", several)), MACHINE)["definition"])["States"]
    first, second = states["Transform-cards"], states["Transform-wire_transfers"]
    after = [states[one["Next"]]["Choices"][0]["Next"] for one in (first, second)]
    assert after == ["Transform-wire_transfers", "Completed"]
    assert first["ResultPath"] == "$.done", "the time of the run stays, which names the second job"
    assert [one["Parameters"]["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] for one in (first, second)] == [
        "s3://b/cards/",
        "s3://b/wires/",
    ]
    written = [one["Parameters"]["TransformOutput"]["S3OutputPath.$"] for one in (first, second)]
    assert [re.findall(r"/([a-z_]+)/'", one) for one in written] == [["cards"], ["wire_transfers"]]
    names = [one["Parameters"]["TransformJobName.$"] for one in (first, second)]
    assert "it-nightly-cards-{}" in names[0] and "it-nightly-wire-transfers-{}" in names[1]
    assert all(text.count("States.") <= 10 for text in (*written, *names))


def test_jobs_one_after_the_other_take_the_machines_of_one_and_cost_as_one() -> None:
    def bill(count: int) -> tuple[list[int], float]:
        named = {f"part{at}": f"s3://b/{at}/" for at in range(count)}
        graph = made(("nightly", example(BatchJob, inputs=named)))
        (machine,), kind = graph.of(MACHINE), kind_of(MACHINE)
        assert kind is not None and isinstance(kind.runs, Runs) and isinstance(kind.bills, Bills)
        pricing = Pricing(graph, catalogue.load("aws"), REGION)
        return [one.high for one in kind.runs.machines(graph, machine)], kind.bills.price(pricing, machine).ceiling

    assert bill(1) == bill(3)
    assert bill(1)[0] == [2]


@pytest.mark.parametrize("format", AWS)
@pytest.mark.parametrize("concurrency", [1, 16])
def test_the_api_takes_each_format(format: str, concurrency: int) -> None:
    job = example(BatchJob, format=format, concurrency=concurrency)
    sent = json.loads(inputs(made(("nightly", job)), MACHINE)["definition"])["States"]["Transform"]["Parameters"]
    assert sent["MaxConcurrentTransforms"] == concurrency
    assert sent.get("MaxPayloadInMB", 6) * concurrency <= 100, "CreateTransformJob refuses more"
    assert ("BatchStrategy" in sent) == (sent["TransformInput"]["SplitType"] != "None")
    context = {"Execution": {"RedriveCount": 0}, "State": {"RetryCount": 0}}
    sent = filled(sent, {"run": "2026-11-26T02:30:00Z"}, context)
    assert sent["TransformOutput"]["S3OutputPath"].endswith("/batch/out/2026-11-26-023000/data/")
    assert (
        list(_structure(Call("sagemaker", "CreateTransformJob"), request("sagemaker", "CreateTransformJob"), sent, ""))
        == []
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"format": "file-list"}, "BatchJobArgs.format: found 'file-list', allowed: csv"),
        ({"records_per_request": 2}, "give 1 of a format of records"),
        ({"format": "parquet", "records_per_request": 1}, "give 1 of a format of records"),
        ({"inputs": {}}, "BatchJobArgs.inputs: has none"),
        ({"output_uri": "s3://b/scores"}, "BatchJobArgs.output_uri"),
    ],
)
def test_a_batch_job_that_no_transform_job_can_do_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=re.escape(said)):
        made(("nightly", example(BatchJob, **given)))


def test_a_request_has_one_record_where_that_is_said() -> None:
    job = example(BatchJob, records_per_request=1)
    sent = json.loads(inputs(made(("nightly", job)), MACHINE)["definition"])["States"]["Transform"]["Parameters"]
    assert sent["BatchStrategy"] == "SingleRecord"
