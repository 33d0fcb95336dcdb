"""Alarms that can be heard: each reads a metric that is published, and rings at some of its values and not at all."""

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws.cloudwatch import ALARM, PUBLISHED
from catalogue.kinds.aws.sagemaker import ENDPOINT, configurations, variants
from catalogue.once import once_a_graph
from catalogue.properties import Properties
from catalogue.rollbacks import ERRORS_PERCENT
from catalogue.wording import close
from policies.rule import stack_rule

# Metrics that exist only under EndpointName and VariantName together; the backlog metrics of asynchronous endpoints
# are published under EndpointName alone (developer guide, "Monitor asynchronous endpoint").
_BY_VARIANT = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency", "OverheadLatency")
NEW = "EndpointConfigName"
"""With this dimension too, an alarm watches the fleet of one configuration alone ("Auto-Rollback Configuration and
Monitoring", https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html)."""
MACHINES = "/aws/sagemaker/Endpoints"
"""The namespace of what the machines of a variant publish each minute, called or not ("Endpoint instance metrics",
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html)."""
OLDEST = "ApproximateAgeOfOldestRequest"
_BY_ENDPOINT = (OLDEST, "ApproximateBacklogSize", "ApproximateBacklogSizePerInstance", "HasBacklogWithoutCapacity")


LOST = ("ExpiredRequests", "RequestDownloadFailures", "ResponseUploadFailures")
"""What is published of a request to a queue that nobody answers, and of which no answer with 5xx tells."""


@dataclass(frozen=True)
class _Values:
    """What a statistic of a metric lies between, and the thresholds from which somebody hears of it in time."""

    least: float
    most: float
    heard: tuple[float, float]
    whole: bool = False


_SHARE = _Values(0, 1, (ERRORS_PERCENT[0] / 100, ERRORS_PERCENT[1] / 100))
_COUNT = _Values(0, inf, (0, 1e6), whole=True)
_MICROSECONDS = _Values(0, inf, (1_000, 60_000_000))
_ANY = _Values(-inf, inf, (0, 1e12))
# By statistic; `p` is any percentile. An error is 1 and any other answer 0, so that their average is a share. A failed
# run is heard of at the first one. https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html,
# https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html,
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
_METRICS: Mapping[str, Mapping[str, _Values]] = {
    "Invocation5XXErrors": {"Average": _SHARE, "Sum": _COUNT},
    "Invocation4XXErrors": {"Average": _SHARE, "Sum": _COUNT},
    "ModelLatency": dict.fromkeys(("Average", "Maximum", "p"), _MICROSECONDS),
    "OverheadLatency": dict.fromkeys(("Average", "Maximum", "p"), _MICROSECONDS),
    "Invocations": dict.fromkeys(("Sum", "SampleCount"), _COUNT),
    # SageMaker forgets a request after six hours (RequestTTLSeconds,
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html), so half of them.
    OLDEST: dict.fromkeys(("Average", "Maximum"), _Values(0, inf, (60, 10_800))),
    **{key: {"Sum": _Values(0, inf, (0, 0), whole=True)} for key in LOST},
    "HasBacklogWithoutCapacity": dict.fromkeys(("Average", "Maximum"), _Values(0, 1, (1, 1))),
    "ExecutionsFailed": {"Sum": _Values(0, inf, (0, 0), whole=True)},
    "ExecutionsTimedOut": {"Sum": _Values(0, inf, (0, 0), whole=True)},
    "ExecutionsSucceeded": {"Sum": _Values(0, inf, (1, 1), whole=True)},
    **{
        key: {"Sum": _Values(0, inf, (0, 0), whole=True)}
        for key in ("ExecutionFailed", "ExecutionStopped", "StepFailed")
    },
    "ExecutionSucceeded": {"Sum": _Values(0, inf, (1, 1), whole=True)},
}
_MISSED = ("ExecutionsSucceeded", "ExecutionSucceeded", "Invocations")
"""What is to be there: its alarm is on too little. Of any other it is on too much."""
_LATEST = 1_800
"""How long an endpoint may be unwell before somebody hears of it, in seconds."""
_OF_ONE = ("dimensions", "extendedStatistic", "metricName", "namespace", "period", "statistic")
"""What an alarm says of its one metric, and not beside queries."""
_RINGS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@stack_rule(
    "rollback-alarm-threshold",
    ALARM,
    severity="high",
    says="An alarm reads one metric whole, and its threshold is one that the metric can cross.",
    remedy="Say namespace, metric, period and statistic; give a threshold within what the finding names.",
)
def threshold(graph: Graph, alarm: Resource) -> Iterator[str]:
    """An error rate is a share, so that a threshold of ten is never crossed; a count of failed runs starts at one.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    props = alarm.props
    value, compares = props.number_or_none("threshold"), props.text_or_empty("comparisonOperator")
    if value is None:
        yield "is unheard"
        return
    if props.is_given("metricQueries"):
        if any(props.is_given(key) for key in _OF_ONE):
            yield "reads a metric and queries at once, which CloudWatch refuses"
        yield from _math(props, graph.ours)
        return
    for key in ("namespace", "metricName", "period", "dimensions"):
        if not props.is_given(key):
            yield f"has no {key}"
    metric, statistic = props.text_or_empty("metricName"), props.text_or_empty("statistic")
    percentile = props.text_or_empty("extendedStatistic")
    if bool(statistic) == bool(percentile):
        yield "has neither a statistic nor an extended one, or both, which CloudWatch refuses"
        return
    known = _METRICS.get(metric, {})
    values = known.get(statistic or percentile[:1], None if known else _ANY)
    if values is None:
        yield f"compares a threshold with the {statistic or percentile} of {metric}, which says nothing of it"
        return
    if known and compares.startswith("LessThan") != (metric in _MISSED):
        yield f"is heard while {metric} is well, by {compares or 'no comparison'}"
    low, high = values.heard
    if not low <= value <= high or (values.whole and value != int(value)):
        yield f"is heard at {value:g}, where {low:g} to {high:g} is heard"
    yield from _told_apart({_RINGS[compares](one, value) for one in (values.least, values.most) if compares in _RINGS})


def _told_apart(outcomes: set[bool]) -> Iterator[str]:
    """Whether an alarm tells what is well from what is not, by what it does at the ends of what it reads."""
    if outcomes == {True}:
        yield "rings whatever it reads"
    if outcomes == {False}:
        yield "never rings, whatever it reads"


@stack_rule(
    "rollback-alarm-looks",
    ALARM,
    severity="high",
    says="An alarm looks as often and as far back as CloudWatch lets it, and means silence as its metric does.",
    remedy="Give it periods of whole minutes, a day of them at most, or a week by the hour; count missing data as "
    "breaching where something is to be there, and nowhere else.",
)
def looks(graph: Graph, alarm: Resource) -> Iterator[str]:
    """A period is 10, 20, 30 or whole minutes; periods below an hour make a day at most, others a week: PutMetricAlarm,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html. These services publish
    by the minute and only while something happens, so silence is well for what is on too much.
    """
    props = alarm.props
    queries = [query for query in props.each_section("metricQueries") if query.is_given("metric")]
    read = [(one, one.number_or_none("period") or 0) for one in (props, *props.each_section("metricQueries.metric"))]
    periods = props.number_or_none("evaluationPeriods") or 0
    for metric, seconds in read:
        published = metric.text_or_empty("metricName") in _METRICS
        if seconds and (seconds % 60 and (published or seconds not in (10, 20, 30))):
            yield f"has a period of {seconds:g} s, in which nothing is published"
        if seconds * periods > (604_800 if seconds >= 3600 else 86_400):
            yield f"looks back {seconds * periods:g} s in periods of {seconds:g} s, which CloudWatch refuses"
    if (props.number_or_none("datapointsToAlarm") or 0) > periods:
        yield "waits for more periods than it looks at"
    if queries and len({metric.number_or_none("period") for metric, _ in read[1:]}) > 1:
        yield "reads metrics of different periods"
    metric, missing = props.text_or_empty("metricName"), props.text_or_empty("treatMissingData") or "missing"
    if metric in (*_BY_VARIANT, *_BY_ENDPOINT) and metric not in _MISSED and periods * read[0][1] > _LATEST:
        yield f"rings after {periods * read[0][1]:g} s of {metric}, where it is to be heard within {_LATEST} s"
    if metric in _MISSED and missing != "breaching":
        yield f"is silent where there is no {metric}: missing data are {missing}"
    if metric in _METRICS and metric not in _MISSED and missing == "breaching":
        yield f"rings where there is no {metric}: missing data are breaching"


@stack_rule(
    "rollback-alarm-dimensions",
    ALARM,
    severity="high",
    says="An alarm reads a metric that AWS publishes, in its namespace and under its dimensions: a filter on an "
    "endpoint alone, or on a name that is misspelt, matches nothing, and the alarm never rings.",
    remedy="Name what AWS's page has; of an endpoint's metric both EndpointName and VariantName.",
)
def dimensions(graph: Graph, alarm: Resource) -> Iterator[str]:
    """Metrics of a variant need both dimensions, and may name a configuration beside. Those of the backlog exist only
    under the endpoint's name, and those of runs under their state machine's. A variant is one that the endpoint has.

    `catalogue.kinds.aws.cloudwatch` has the pages; a filter on the endpoint alone: cloud-custodian issue 10853.
    """
    for watched in (alarm.props, *alarm.props.each_section("metricQueries.metric")):
        if watched.is_given("metricName"):
            yield from _published(watched, graph.ours)
        named = watched.section_or_empty("dimensions")
        endpoint, variant = named.text_if_known("EndpointName"), named.text_if_known("VariantName")
        known = _variants(graph).get(endpoint)
        if known and variant and variant not in known:
            yield f"watches nothing: {endpoint} has no variant {variant}"


def _published(watched: Properties, ours: bool) -> Iterator[str]:
    """What keeps a metric from being one that AWS publishes. In a program of others a name that is far from those that
    are known may be their own.
    """
    metric, namespace = watched.text_or_empty("metricName"), watched.text_or_empty("namespace")
    metrics = PUBLISHED.get(namespace)
    if metrics is None:
        where = [name for name, each in PUBLISHED.items() if metric in each]
        if near := close(namespace, PUBLISHED) or (ours and " or ".join(where or PUBLISHED)):
            yield f"watches nothing: {metric} is published in {near}, and not in {namespace or 'no namespace'}"
    elif metric in metrics:
        given = frozenset(key for key in watched.section_or_empty("dimensions").names() if not key.startswith("__"))
        if given not in metrics[metric]:
            under = " and ".join(sorted(metrics[metric][0]))
            yield f"watches nothing: {metric} is published under {under}"
    elif where := [name for name, each in PUBLISHED.items() if metric in each]:
        yield f"watches nothing: {metric} is published in {' or '.join(where)}, and not in {namespace}"
    elif (near := close(metric, metrics)) or ours:
        yield f"watches nothing that is known: {namespace} has no {metric}{f', but {near}' if near else ''}"


@once_a_graph
def _variants(graph: Graph) -> Mapping[str, set[str]]:
    """The variants of each endpoint of the stack, by its name."""
    return {
        endpoint.props.text_if_known("name"): {
            variant.text_if_known("variantName")
            for configuration in configurations(graph, endpoint)
            for variant in variants(configuration)
        }
        for endpoint in graph.of(ENDPOINT)
    }


# ---- metric math ----------------------------------------------------------------------------------------------------

_MOST_READ = 10
"""The metrics that one alarm may read: PutMetricAlarm, MetricDataQuery."""


class NotArithmetic(Exception):
    """An expression of metric math that is not of numbers, metrics, brackets and the four signs."""


def _divided(left: float, right: float) -> float:
    if not right:
        raise NotArithmetic("it divides by what may be 0")
    return left / right


_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
}


_OF_MANY: Mapping[str, Callable[[Iterable[float]], float]] = {"MAX": max, "MIN": min, "SUM": sum}
"""What is made of several metrics at each moment. Of a single one it is another thing, a number of all the time."""


def _math(props: Properties, ours: bool) -> Iterator[str]:
    """Whether one query gives what is compared, and whether the alarm tells anything apart by it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. What cannot be read is a
    finding in a stack of ours alone: metric math has a hundred functions.
    """
    queries = list(props.each_section("metricQueries"))
    ids = [query.text_or_empty("id") for query in queries]
    if "" in ids or len(set(ids)) != len(ids):
        yield "has queries without an id of their own"
        return
    if any(query.is_given("metric") == query.is_given("expression") for query in queries):
        yield "has a query that is neither a metric nor an expression, or both, which CloudWatch refuses"
        return
    if len([query for query in queries if query.flag_or_none("returnData")]) != 1:
        yield "does not say by returnData which one of its queries it compares"
        return
    read = [query.text_or_empty("id") for query in queries if query.is_given("metric")][:_MOST_READ]
    try:
        rung = {rings(props, dict(zip(read, each, strict=True))) for each in product((0, 1e9), repeat=len(read))}
    except NotArithmetic as error:
        if ours:
            yield f"reads by an expression that nobody can judge: {error}"
        return
    yield from _told_apart(rung)


def rings(alarm: Properties, values: Mapping[str, float]) -> bool:
    """Whether an alarm on queries rings where its metrics have these values, by their ids. Raises NotArithmetic."""
    queries = {query.text_or_empty("id"): query for query in alarm.each_section("metricQueries")}

    def of(name: str, above: Sequence[str]) -> float:
        if name in values:
            return values[name]
        if name not in queries or name in above:
            raise NotArithmetic(f"{name} is no query of it")
        said = queries[name].text_or_empty("expression")
        try:
            return calculated(ast.parse(said, mode="eval").body, (*above, name))
        except (SyntaxError, ValueError, RecursionError):
            raise NotArithmetic(f"{said!r} cannot be read") from None

    def calculated(part: ast.expr, above: Sequence[str]) -> float:
        if isinstance(part, ast.Name):
            return of(part.id, above)
        if isinstance(part, ast.Constant) and isinstance(part.value, int | float):
            return float(part.value)
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub):
            return -calculated(part.operand, above)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and not part.keywords:
            return of_many(part.func.id, part.args, above)
        if isinstance(part, ast.BinOp) and type(part.op) in _ARITHMETIC:
            return _ARITHMETIC[type(part.op)](calculated(part.left, above), calculated(part.right, above))
        raise NotArithmetic(f"{ast.unparse(part)} is no arithmetic")

    def of_many(name: str, said: Sequence[ast.expr], above: Sequence[str]) -> float:
        if name == "FILL" and len(said) == 2 and isinstance(said[1], ast.Constant):
            return calculated(said[0], above)
        if name in _OF_MANY and len(said) == 1:
            if isinstance(said[0], ast.List) and said[0].elts:
                return _OF_MANY[name](calculated(one, above) for one in said[0].elts)
            if ast.unparse(said[0]) == "METRICS()" and values:
                return _OF_MANY[name](values.values())
        raise NotArithmetic(f"{name} of this is no arithmetic")

    compared = next(id_ for id_, query in queries.items() if query.flag_or_none("returnData"))
    compares = _RINGS.get(alarm.text_or_empty("comparisonOperator"))
    return compares is not None and compares(of(compared, ()), alarm.number_or_none("threshold") or 0)


RULES = [threshold, looks, dimensions]
