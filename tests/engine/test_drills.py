"""Every drill on every platform ends as it says, twice in a row in one sandbox."""

import pytest

from catalogue.platforms import PLATFORMS
from operations.drill.drills import DRILLS
from operations.drill.rehearsal import Rehearsal
from tests.engine.conftest import Fresh


def play(fresh: Fresh, stack: str, drill: str, times: int) -> None:
    engine = fresh(stack)
    for _ in range(times):
        with engine.stack(stack) as api:
            rehearsal = Rehearsal(stack, engine, api, print)
            DRILLS[drill].play(rehearsal)
        report = rehearsal.report
        assert report.noticed and report.operator and len(report.again) == 3
        assert "audit" in report.never and "key" in report.never


def test_a_bad_version_on_sagemaker_is_taken_back_and_noticed(fresh: Fresh) -> None:
    """The provider reports success then (issue 48997 of terraform-provider-aws), so only the engine can show it."""
    play(fresh, "aws-pilot", "bad-version", times=1)


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("drill", DRILLS)
def test_a_drill_ends_as_it_says_twice_in_a_row(fresh: Fresh, platform: str, drill: str) -> None:
    play(fresh, f"{platform}-pilot", drill, times=2)
