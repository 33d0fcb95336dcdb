"""The tag by which something that people start says how often they do, so that its bill has a ceiling."""

from catalogue.properties import Malformed, Properties

RUNS_PER_MONTH = "runs-per-month"
"""The tag or label: how many runs people start in a month at most. Nothing enforces it; the budget sees what is more.
"""


RUN_VARIABLE = "MLPLATFORM_RUN"
"""The variable that tells each step of a pipeline the id of its run. The steps of examples/, whose image has nothing of
this, have it too."""

SCORES_DAYS, CHECKPOINTS_DAYS, PIPELINES_DAYS, ANSWERS_DAYS = 365, 30, 30, 30
"""After how many days scores, checkpoints, what a pipeline's runs wrote and the answers of an endpoint with a queue are
deleted, where a stack file leaves the days out."""


def by_hand(tags: Properties) -> float | None:
    """How many runs people start in a month at most, by the tag; None where there is none.

    Raises Malformed where it is no whole number above 0.
    """
    if not tags.is_given(RUNS_PER_MONTH):
        return None
    said = tags.text_or_empty(RUNS_PER_MONTH)
    if not said.isdecimal() or int(said) < 1:
        raise Malformed(f"{tags.at}.{RUNS_PER_MONTH}", f"is {said!r}, which is no number of runs", tags.owner)
    return float(said)


def scoring_step(step: str, name: str) -> str:
    """How the step of SageMaker is called that scores one of several inputs of a step. A transform job has one place,
    and no step of a stack file has a `_` in its name."""
    return f"{step}_{name}"
