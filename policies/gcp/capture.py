"""Capture: a share of the requests and answers is kept, in a dataset of the stack, and expires."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import bigquery, vertex
from policies import limits
from policies.rule import stack_rule

_AT = "predictRequestResponseLoggingConfig"


@stack_rule(
    "limits-capture",
    vertex.ENDPOINT,
    severity="high",
    says="Captured requests and answers are a share, and are deleted in time from a dataset of the stack.",
    remedy="Set capture.percent and capture.days of the endpoint in the stack file to at most the limits.",
)
def capture(graph: Graph, endpoint: Resource) -> Iterator[str]:
    """Requests and answers may be about people. Vertex AI logs them all where no rate is given, and BigQuery keeps a
    table for ever where its dataset has no expiry (aiplatform v1, PredictRequestResponseLoggingConfig; BigQuery,
    "Update default table expiration times", https://cloud.google.com/bigquery/docs/updating-datasets). That the dataset
    is the stack's, under its key, is `encryption-request-log`.
    """
    if not endpoint.props.flag_or_none(f"{_AT}.enabled"):
        return
    known = limits.of(graph)
    share, most = known["capture-percent"].number, known["capture-days"].number
    rate = endpoint.props.number_or_none(f"{_AT}.samplingRate")
    if not 0 < (1 if rate is None else rate) * 100 <= share:
        yield f"captures more than {share:g} % of requests and answers"
    for dataset in graph.refers(endpoint, _AT, bigquery.DATASET):
        if not all(days is not None and 1 <= days <= most for days in bigquery.days(graph, dataset)):
            yield f"keeps what it captures for less than a day, or for longer than {most:g} days ({dataset.name})"


RULES = [capture]
