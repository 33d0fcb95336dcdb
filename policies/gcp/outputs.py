"""What jobs write for a while, scores and checkpoints, expires in a bucket of the stack."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import WORKFLOW, storage, workflows
from catalogue.once import once_a_graph
from catalogue.properties import Properties, Unreadable
from policies import limits
from policies.passing import folders
from policies.rule import stack_rule


@once_a_graph
def written_for_a_while(graph: Graph) -> frozenset[str]:
    """The gs:// folders that jobs of the stack write scores and checkpoints to."""
    found = list[str]()
    for workflow in graph.of(WORKFLOW):
        with suppress(Unreadable):  # what is not known yet, the stack file says
            found += workflows.passing(workflow)
    return folders(graph, found)


@stack_rule(
    "limits-outputs-expire",
    WORKFLOW,
    severity="medium",
    says="The scores of a batch job and the checkpoints of a training job are deleted in time from a bucket of the "
    "stack.",
    remedy="Set keep_days of the batch job, or spot.keep_days of the training job, to at most the limit.",
)
def outputs_expire(graph: Graph, workflow: Resource) -> Iterator[str]:
    """Each run writes a folder of its own, and nothing but a lifecycle deletes one: "Object Lifecycle Management",
    https://cloud.google.com/storage/docs/lifecycle. What lies in a bucket of others is its owner's to clean.
    """
    most = limits.of(graph)["output-days"].number
    for uri in dict.fromkeys(workflows.passing(workflow)):
        named, _, folder = uri.removeprefix("gs://").partition("/")
        if (bucket := _buckets(graph).get(named)) is not None and not any(
            _deletes(rule, folder, most) for rule in bucket.props.each_section("lifecycleRules")
        ):
            yield f"keeps what lies below {uri} for longer than {most:g} days ({bucket.name})"


@once_a_graph
def _buckets(graph: Graph) -> Mapping[str, Resource]:
    """The buckets of the graph by their names, as far as they are known."""
    return {name: bucket for bucket in graph.of(storage.BUCKET) if (name := bucket.props.text_if_known("name"))}


_DELETES = {"age", "matchesPrefixes", "withState"}


def _deletes(rule: Properties, folder: str, most: float) -> bool:
    """Whether a rule deletes all that is current below the folder in time, and is narrowed by nothing else."""
    when = rule.section_or_empty("condition")
    age, below = when.number_or_none("age"), [*when.each_text("matchesPrefixes")]
    return (
        rule.text_or_empty("action.type") == "Delete"
        and {*when.names()} <= _DELETES
        and when.text_or_empty("withState") in ("", "ANY", "LIVE")
        and any(map(folder.startswith, below or [""]))
        and age is not None
        and 0 < age <= most
    )


RULES = [outputs_expire]
