"""What Azure Monitor publishes of an online endpoint and of its deployments: each metric, how it is added up, and by
what it can be split. A metric that is asked otherwise answers nothing, and an alarm on nothing never rings.

https://learn.microsoft.com/en-us/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-onlineendpoints-metrics
and the page of …-onlineendpoints-deployments-metrics, both as of 2026-07-13.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, SERVED
from catalogue.properties import Properties

_AVERAGE, _EACH = ("Average",), ("Average", "Maximum", "Minimum")
_ENDPOINTS = "microsoft.machinelearningservices/workspaces/onlineendpoints"
NAMESPACES: Mapping[str, str] = {SERVED: _ENDPOINTS, ONLINE_DEPLOYMENT: f"{_ENDPOINTS}/deployments"}
"""The namespace of the metrics of each kind of resource, which Azure reads in any case."""


@dataclass(frozen=True)
class Metric:
    """How the values of a metric are added up, and the dimensions by which it can be split."""

    by: tuple[str, ...] = _AVERAGE
    dimensions: frozenset[str] = field(default_factory=frozenset[str])


def _split(by: tuple[str, ...], *dimensions: str) -> Metric:
    return Metric(by, frozenset(dimensions))


METRICS: Mapping[str, Mapping[str, Metric]] = {
    SERVED: {
        "ConnectionsActive": Metric(),
        "DataCollectionErrorsPerMinute": _split(_EACH, "deployment", "reason", "type"),
        "DataCollectionEventsPerMinute": _split(_EACH, "deployment", "type"),
        "NetworkBytes": Metric(),
        "NewConnectionsPerSecond": Metric(),
        "RequestLatency": _split(_AVERAGE, "deployment"),
        "RequestLatency_P50": _split(_AVERAGE, "deployment"),
        "RequestLatency_P90": _split(_AVERAGE, "deployment"),
        "RequestLatency_P95": _split(_AVERAGE, "deployment"),
        "RequestLatency_P99": _split(_AVERAGE, "deployment"),
        "RequestsPerMinute": _split(_AVERAGE, "deployment", "statusCode", "statusCodeClass", "modelStatusCode"),
    },
    ONLINE_DEPLOYMENT: {
        "CpuMemoryUtilizationPercentage": _split(_EACH, "instanceId"),
        "CpuUtilizationPercentage": _split(_EACH, "instanceId"),
        "DataCollectionErrorsPerMinute": _split(_EACH, "instanceId", "reason", "type"),
        "DataCollectionEventsPerMinute": _split(_EACH, "instanceId", "type"),
        "DeploymentCapacity": _split(_EACH, "instanceId", "State"),
        "DiskUtilization": _split(_EACH, "instanceId", "disk"),
        "GpuEnergyJoules": _split(_EACH, "instanceId"),
        "GpuMemoryUtilizationPercentage": _split(_EACH, "instanceId"),
        "GpuUtilizationPercentage": _split(_EACH, "instanceId"),
    },
}
"""The metrics by the kind of resource that publishes them."""


def kinds_with(metric: str) -> list[str]:
    """The kinds of resource that publish a metric of this name, in any case."""
    return [kind for kind, known in METRICS.items() if metric.casefold() in {one.casefold() for one in known}]


def asked_wrongly(kind: str, asked: Properties, namespace: str, by: str) -> Iterator[str]:
    """What is wrong with how a metric of a kind is asked; `by` is the input that says how it is added up."""
    names = {name.casefold(): name for name in METRICS[kind]}
    name = names[asked.text_or_empty("metricName").casefold()]
    metric, place = METRICS[kind][name], asked.text_or_empty(namespace)
    if place and place.casefold() != NAMESPACES[kind]:
        yield f"asks for {name} in {place}, where it is published in {NAMESPACES[kind]}"
    how = asked.text_or_empty(by)
    if how and how not in metric.by:
        yield f"asks for the {how} of {name}, which is published as {' and '.join(metric.by)}"
    known = {one.casefold() for one in metric.dimensions}
    for split in asked.each_section("dimensions"):
        said = (split.text_or_empty(key) for key in ("name", "dimensionName", "DimensionName"))
        yield from (f"splits {name} by {one}, which it has not" for one in said if one and one.casefold() not in known)
