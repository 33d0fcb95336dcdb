"""What a hyperparameter tuning job of Vertex AI is sent of its search, in the words of a stack file."""

from catalogue.properties import Properties
from catalogue.vertex_jobs import TUNES, Job
from policies.stated import Search, in_range

_STRATEGIES = {"": "bayesian", "ALGORITHM_UNSPECIFIED": "bayesian", "RANDOM_SEARCH": "random"}
"""Where none is named, Vertex AI searches by Bayesian optimisation:
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/StudySpec#Algorithm"""


def search_of(job: Job) -> Search | None:
    """The search of a job; None where it trains once."""
    if job.kind != TUNES:
        return None
    study = job.body.section_or_empty("studySpec")
    metrics = list(study.each_section("metrics"))
    algorithm = study.text_or_empty("algorithm")
    return Search(
        metric=", ".join(one.text_or_empty("metricId") for one in metrics),
        goal=", ".join(one.text_or_empty("goal").lower() for one in metrics),
        strategy=_STRATEGIES.get(algorithm, algorithm.lower()),
        parallel=job.body.number_or_none("parallelTrialCount"),
        total=job.body.number_or_none("maxTrialCount"),
        ranges={one.text_or_empty("parameterId"): _range(one) for one in study.each_section("parameters")},
    )


def _range(one: Properties) -> str:
    values = list(one.each_text("categoricalValueSpec.values"))
    integer = one.is_given("integerValueSpec")
    ends = one.section_or_empty("integerValueSpec" if integer else "doubleValueSpec")
    log = one.text_or_empty("scaleType") == "UNIT_LOG_SCALE"
    return in_range(ends.number_or_none("minValue"), ends.number_or_none("maxValue"), log, integer, values)
