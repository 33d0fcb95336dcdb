"""What is written for a while expires in a bucket of the stack: scores, checkpoints, what steps hand on and what goes
through a queue.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import s3, sagemaker, sfn
from catalogue.kinds.aws.jobs import STATE_MACHINE
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable
from policies import limits
from policies.aws.capture import expires, lifecycle_rules
from policies.aws.queues import answers, requests_beside
from policies.passing import folders
from policies.rule import stack_rule


@once_a_graph
def written_for_a_while(graph: Graph) -> frozenset[str]:
    """The s3:// folders that jobs of the stack write scores, checkpoints and the steps' outputs to."""
    found = list[str]()
    for machine in graph.of(*sfn.DEFINED):
        with suppress(Unreadable):  # what is not known yet, the stack file says
            found += sfn.passing(graph, machine)
    return folders(graph, found)


@once_a_graph
def trained_into(graph: Graph) -> frozenset[str]:
    """The s3:// folders in which training jobs of the graph put what they trained, as far as they can be read."""
    found = set[str]()
    for machine in graph.of(STATE_MACHINE):
        with suppress(Unreadable):
            for job in sfn.jobs_of(graph, machine):
                found.update(job.written() if job.action == "createTrainingJob" else ())
    return frozenset(found - {""})


@stack_rule(
    "limits-outputs-expire",
    *sfn.DEFINED,
    sagemaker.CONFIGURATION,
    severity="medium",
    says="The scores of a batch job, the checkpoints of a training job, what the steps of a pipeline write and the "
    "requests and answers of an asynchronous endpoint are deleted in time from a bucket of the stack.",
    remedy="Set keep_days of the batch job, the pipeline or the endpoint, or spot.keep_days of the training job, to at "
    "most the limit.",
)
def outputs_expire(graph: Graph, resource: Resource) -> Iterator[str]:
    """Each run writes a copy of its scores or checkpoints, and each request an answer, and nothing but a lifecycle
    deletes one: "Managing the lifecycle of objects",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html. What lies in a bucket of others is
    its owner's to clean.
    """
    most = limits.of(graph)["output-days"].number
    for uri in dict.fromkeys(_written(graph, resource)):
        named, _, folder = uri.removeprefix("s3://").partition("/")
        if (bucket := _buckets(graph).get(named)) is not None and not any(
            expires(rule, folder, "expiration.days", most) for rule in lifecycle_rules(graph, bucket)
        ):
            yield f"keeps what lies below {uri} for longer than {most:g} days ({bucket.name})"


def _written(graph: Graph, resource: Resource) -> Iterable[str]:
    """The folders that a run or an endpoint fills. The requests to an endpoint of ours lie beside its answers."""
    if resource.type in sfn.DEFINED:
        return sfn.passing(graph, resource)
    found = [f"{uri.rstrip('/')}/" for uri in answers(resource)]
    return [*found, *(requests_beside(uri) for uri in found if graph.ours)]


@once_a_graph
def _buckets(graph: Graph) -> Mapping[str, Resource]:
    """The buckets of the graph by their names, as far as they are known."""
    return {name: bucket for bucket in graph.of(s3.BUCKET) if (name := bucket.props.text_if_known("bucket"))}


RULES = [outputs_expire]
