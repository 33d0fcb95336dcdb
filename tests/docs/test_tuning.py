"""The page on tuning: its example is one that a stack file takes, and its figures are those of the program."""

import re

from stacks import tuning
from stacks.config import STACKS, validate
from stacks.sections import training
from tests.stack_files import pilot_file, taken

PAGE = (STACKS.parent / "docs" / "tuning.md").read_text(encoding="utf-8")


def test_the_example_is_taken_and_lasts_as_the_page_says() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    job = training.of(validate({**pilot_file("aws")["config"], **taken(found[1])}, "a.yaml"))["fraud-tuning"]
    assert job.tuning is not None
    trials = f"here {job.tuning.total} trials by {job.tuning.parallel}"
    assert f"{trials}, so {job.hours} hours, of which {training.LONGEST_HOURS}" in PAGE.replace("\n", " ")


def test_its_bounds_are_those_of_the_stack_file() -> None:
    ranges = f"{tuning.MOST_RANGES} hyperparameters of {tuning.MOST_VALUES} `values` each"
    assert f"{ranges}, {tuning.MOST_PARALLEL} trials at once, {tuning.MOST_TRIALS} in all" in PAGE.replace("\n", " ")
    assert f"{tuning.MOST_INTEGERS:,} at most" in PAGE
