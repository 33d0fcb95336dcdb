"""What a training job that searches does not take, on each platform, and what a search itself does not."""

from importlib import import_module
from typing import Any

import pytest

from components.given import BadArgument
from components.shapes import Range, Tuning
from tests.components.test_every_component import examples

SEARCH = Tuning(
    metric="loss",
    maximize=False,
    ranges={"rate": Range(low=0.001, high=1, log=True), "solver": Range(values=["a", "b"])},
    parallel=2,
    total=3,
    pattern="loss=(.*)",
)


def job(platform: str, **other: Any) -> Any:
    args = examples(platform)["TrainingJob"]
    record = {"aws": "tracking_arn", "gcp": "tensorboard_name"}.get(platform)
    given = {**vars(args), **({record: None} if record else {}), **other}
    return type(args)(**{name: given[name] for name in type(args).__dataclass_fields__})


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_a_search_takes_the_hours_of_all_its_rounds_and_no_spot_machines(platform: str) -> None:
    assert import_module(f"components.{platform}.training").TrainingJobArgs is type(examples(platform)["TrainingJob"])
    alone = job(platform, spot=None, tuning=SEARCH)
    assert alone.hours == 2 * alone.max_hours, "three trials, two at once"
    with pytest.raises(BadArgument, match=r"^TrainingJobArgs: found tuning beside spot[^\n]+$"):
        job(platform, tuning=SEARCH)


@pytest.mark.parametrize(
    ("platform", "other", "said"),
    [
        ("aws", {"pattern": None}, "give the pattern by which SageMaker reads the metric"),
        ("azure", {"ranges": {"solver": Range(values=["$(id)", "b"])}}, "which a shell may read otherwise"),
        ("gcp", {"ranges": {"train": Range(low=1, high=2)}}, "'train' twice among channels, hyperparameters"),
    ],
)
def test_what_a_platform_does_not_do_with_it_is_one_sentence(platform: str, other: dict[str, Any], said: str) -> None:
    search = Tuning(**{**vars(SEARCH), **other})
    with pytest.raises(BadArgument) as found:
        job(platform, spot=None, tuning=search)
    assert said in str(found.value)


def test_a_search_that_is_none_is_refused() -> None:
    with pytest.raises(BadArgument, match="give low and high, or values"):
        Range(low=1)
    with pytest.raises(BadArgument, match="found 4 of 3 trials at once; give 1 to 3"):
        Tuning(metric="a", maximize=True, ranges={}, parallel=4, total=3)
