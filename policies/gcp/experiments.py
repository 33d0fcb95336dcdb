"""Experiments: what records runs is the stack's own, and no run is recorded where others read it."""

from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import vertex, workflows
from catalogue.properties import NotKnown
from catalogue.vertex_jobs import CUSTOM
from policies.rule import stack_rule
from policies.stated import item_of


def records(workflow: Resource) -> bool:
    """Whether the jobs that a workflow starts are recorded. One that is not known yet is judged again once it is."""
    try:
        return any(job.spec.is_given("tensorboard") for job in workflows.jobs(workflow.props))
    except NotKnown:
        return False


@stack_rule(
    "experiments-own",
    vertex.TENSORBOARD,
    workflows.WORKFLOW,
    severity="high",
    says="A run is recorded to a TensorBoard of the stack's own where the stack file names its job, else to none, and "
    "a TensorBoard stands in the stack's region.",
    remedy="Hand the training job the name that the experiments component returns.",
)
def own(graph: Graph, resource: Resource) -> Iterator[str]:
    """Vertex AI writes what a job logs to whatever TensorBoard the job names, of another project too, as the account
    of the job: https://cloud.google.com/vertex-ai/docs/experiments/tensorboard-training
    """
    if resource.type == vertex.TENSORBOARD:
        region, wanted = resource.props.text_if_known("region"), graph.placement.region if graph.placement else ""
        if wanted and region and region != wanted:
            yield f"keeps what is recorded in {region}, where the stack is in {wanted}"
        return
    recorded = graph.placement.recorded if graph.placement and graph.ours else ()
    boards = {board.props.text_if_known("name") for board in graph.of(vertex.TENSORBOARD)} - {""}
    for job in workflows.jobs(resource.props):
        if not job.spec.is_given("tensorboard"):
            if job.kind == CUSTOM and (name := _trained(graph, resource, job)) in recorded:
                yield f"does not record the runs of {name}, which experiments.training of the stack file names"
            continue
        named = job.spec.text_or_empty("tensorboard")
        if graph.ours and named not in boards:
            yield f"records its runs to {named[:120]}, which is no TensorBoard of the stack"


def _trained(graph: Graph, workflow: Resource, job: workflows.Job) -> str:
    """The training job of the stack file that a custom job is: by itself, or as a step of a pipeline."""
    item = item_of(graph, workflow) or ""
    if job.step and graph.placement:
        return graph.placement.states(f"{item}.steps.{job.step}.training")
    return item.removeprefix("training.")


RULES = [own]
