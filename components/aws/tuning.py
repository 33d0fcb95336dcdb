"""A search of hyperparameters on SageMaker: the tuning job that a run sends, whose trials are a training job each."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from components.shapes import Range, Tuning


def tuned(training: Mapping[str, Any], tuning: Tuning, named: Mapping[str, Any], hours: int) -> dict[str, Any]:
    """The request of a tuning job, under what names it, whose trials are the training job but for what they search;
    stopped after `hours`.

    SageMaker's own folder of a trial is named by the trial, so each leaves its model apart from the others'.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html
    """
    own = ("TrainingJobName", "TrainingJobName.$", "HyperParameters", "Tags")
    trial = {key: said for key, said in training.items() if key not in own}
    trial["StaticHyperParameters"] = training.get("HyperParameters", {})
    metric = {"Name": tuning.metric, "Regex": tuning.pattern}
    trial["AlgorithmSpecification"] = {**training["AlgorithmSpecification"], "MetricDefinitions": [metric]}
    return {
        **named,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian" if tuning.bayesian else "Random",
            "HyperParameterTuningJobObjective": {
                "Type": "Maximize" if tuning.maximize else "Minimize",
                "MetricName": tuning.metric,
            },
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": tuning.total,
                "MaxParallelTrainingJobs": tuning.parallel,
                "MaxRuntimeInSeconds": hours * 3600,
            },
            "ParameterRanges": _ranges(tuning.ranges),
        },
        "TrainingJobDefinition": trial,
        "Tags": training["Tags"],
    }


def _ranges(ranges: Mapping[str, Range]) -> dict[str, list[dict[str, Any]]]:
    """Each range in the list of its sort, numbers as text.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name, one in ranges.items():
        if one.values is not None:
            found.setdefault("CategoricalParameterRanges", []).append({"Name": name, "Values": one.values})
        else:
            said = {
                "Name": name,
                "MinValue": _number(one.low, one.integer),
                "MaxValue": _number(one.high, one.integer),
                "ScalingType": "Logarithmic" if one.log else "Linear",
            }
            sort = "IntegerParameterRanges" if one.integer else "ContinuousParameterRanges"
            found.setdefault(sort, []).append(said)
    return found


def _number(figure: float | None, integer: bool) -> str:
    """A number as text, without an exponent."""
    return str(int(figure or 0)) if integer else f"{Decimal(str(figure)).normalize():f}"
