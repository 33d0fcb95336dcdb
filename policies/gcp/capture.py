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
    bigquery.DATASET,
    severity="high",
    says="Captured requests and answers are a share, and are deleted in time from a dataset of the stack; and what is "
    "to take them does.",
    remedy="Set capture.percent and capture.days of the endpoint in the stack file to at most the limits.",
)
def capture(graph: Graph, resource: Resource) -> Iterator[str]:
    """Requests and answers may be about people. Vertex AI logs them all where no rate is given, and BigQuery keeps a
    table for ever where its dataset has no expiry (aiplatform v1, PredictRequestResponseLoggingConfig; BigQuery,
    "Update default table expiration times", https://cloud.google.com/bigquery/docs/updating-datasets). That the dataset
    is the stack's, under its key, is `encryption-request-log`. A dataset that Vertex AI may write to is there for what
    an endpoint captures: where none does, somebody took the capture off.
    """
    if resource.type == bigquery.DATASET:
        if _is_written(resource) and graph.of(vertex.ENDPOINT) and not graph.referring(vertex.ENDPOINT, _AT, resource):
            yield "lets Vertex AI write what is captured, and no endpoint captures into it"
        return
    endpoint = resource
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


def _is_written(dataset: Resource) -> bool:
    """Whether an agent of Vertex AI writes to a dataset, as far as its access list is known."""
    entries = dataset.props.each_section("accesses")
    writes = [one.text_if_known("userByEmail") for one in entries if one.text_if_known("role") == "WRITER"]
    return any("@gcp-sa-aiplatform." in one for one in writes)


RULES = [capture]
