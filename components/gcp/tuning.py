"""A search of hyperparameters on Vertex AI: the tuning job that a run sends, whose trials are a custom job each."""

from collections.abc import Mapping
from typing import Any

from components.shapes import Range, Tuning


def tuned(job: Mapping[str, Any], tuning: Tuning) -> dict[str, Any]:
    """What a run sends to Vertex AI where it searches: one hyperparameter tuning job, but its name.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.hyperparameterTuningJobs
    """
    goal = "MAXIMIZE" if tuning.maximize else "MINIMIZE"
    return {
        "studySpec": {
            "metrics": [{"metricId": tuning.metric, "goal": goal}],
            "parameters": [{"parameterId": name, **_range(one)} for name, one in tuning.ranges.items()],
            "algorithm": "ALGORITHM_UNSPECIFIED" if tuning.bayesian else "RANDOM_SEARCH",
        },
        "maxTrialCount": tuning.total,
        "parallelTrialCount": tuning.parallel,
        "trialJobSpec": job["jobSpec"],
        **{key: said for key, said in job.items() if key != "jobSpec"},
    }


def _range(one: Range) -> dict[str, Any]:
    """What a hyperparameter may be, as a study says it; whole numbers are text there.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/StudySpec#ParameterSpec
    """
    if one.values is not None:
        return {"categoricalValueSpec": {"values": one.values}}
    scale = "UNIT_LOG_SCALE" if one.log else "UNIT_LINEAR_SCALE"
    if one.integer:
        ends = {"minValue": str(int(one.low or 0)), "maxValue": str(int(one.high or 0))}
        return {"integerValueSpec": ends, "scaleType": scale}
    return {"doubleValueSpec": {"minValue": one.low, "maxValue": one.high}, "scaleType": scale}
