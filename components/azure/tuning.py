"""A search of hyperparameters on Azure Machine Learning: a sweep as a step of a pipeline, whose trials run a component.

A step of a pipeline is free-form in Azure's API. The words here are those that Azure's own SDK sends of a sweep in a
pipeline, times in seconds among them:
https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/entities/_builders/sweep.py,
https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/_schema/job/job_limits.py
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import pulumi

from components.given import BadArgument
from components.shapes import Range, Tuning


def trials(tuning: Tuning, component_id: pulumi.Output[str], hours: pulumi.Input[int]) -> dict[str, Any]:
    """What makes a step of a pipeline a sweep of a component: at most `hours` a trial, and all rounds of them a run.

    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-use-sweep-in-pipeline
    """
    each = pulumi.Output.from_input(hours)
    rounds = tuning.rounds
    return {
        "type": "sweep",
        "trial": {"componentId": component_id},
        "sampling_algorithm": "bayesian" if tuning.bayesian else "random",
        "objective": {"goal": "maximize" if tuning.maximize else "minimize", "primary_metric": tuning.metric},
        "search_space": {name: _distribution(one) for name, one in tuning.ranges.items()},
        "limits": {
            "max_total_trials": tuning.total,
            "max_concurrent_trials": tuning.parallel,
            "timeout": each.apply(lambda known: known * rounds * 3600),
            "trial_timeout": each.apply(lambda known: known * 3600),
        },
    }


def searched(tuning: Tuning) -> Mapping[str, Mapping[str, str]]:
    """What a trial is told of the search, as inputs of the component."""
    return {name: {"type": _type(one)} for name, one in tuning.ranges.items()}


def told(tuning: Tuning) -> list[str]:
    """The arguments of a trial, one for each hyperparameter, as a shell reads them."""
    return [f'--{name}="${{{{inputs.{name}}}}}"' for name in tuning.ranges]


def types(tuning: Tuning | None) -> list[str]:
    """What a step takes beside its folders: of another type it is another version."""
    return [] if tuning is None else [f"{name} {said['type']}" for name, said in searched(tuning).items()]


def hold_values(where: str, tuning: Tuning | None) -> None:
    """Hold the values of a search to what a shell reads as they are. Raises BadArgument."""
    values = (text for one in (tuning.ranges.values() if tuning else ()) for text in one.values or ())
    if odd := [text for text in values if not re.fullmatch(r"[\w.,:/+ -]+", text)]:
        raise BadArgument(
            f"{where}: found the value {odd[0]!r}, which a shell may read otherwise; give letters, digits and any of "
            "_ . , : / + -"
        )


def _type(one: Range) -> str:
    return "string" if one.values is not None else "integer" if one.integer else "number"


def _distribution(one: Range) -> dict[str, Any]:
    """What a hyperparameter may be. Whole numbers are a choice of them, for Azure ML's own rounding leaves a fraction's
    form, and the ends of a log scale are logarithms.

    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-tune-hyperparameters#define-the-search-space
    """
    if one.values is not None:
        return {"type": "choice", "values": one.values}
    low, high = one.low or 0.0, one.high or 0.0
    if one.integer:
        return {"type": "choice", "values": list(range(int(low), int(high) + 1))}
    if one.log:
        return {"type": "loguniform", "min_value": math.log(low), "max_value": math.log(high)}
    return {"type": "uniform", "min_value": low, "max_value": high}
