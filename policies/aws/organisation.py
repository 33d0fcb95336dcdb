"""What a service control policy forbids, as the landing zone says it: the plan is refused before a call is.

Without a landing zone, and for a policy that it does not say, these rules have nothing to say. Which are known, what
their values are and where each is described: catalogue/org_policies.py.
"""

from collections.abc import Iterator

from catalogue import org_policies
from catalogue.graph import Graph, Resource
from catalogue.kind import Runs
from catalogue.kinds import kind_of, kinds
from policies import given
from policies.given import REMEDY
from policies.rule import stack_rule


@stack_rule(
    "org-machine-types",
    *(token for token, kind in kinds("aws").items() if isinstance(kind.runs, Runs)),
    severity="high",
    proof="hardware fit",
    says="SageMaker starts only machine types that the organisation's policy on sagemaker:InstanceTypes lets through.",
    remedy="Choose another hardware family in the stack file. " + REMEDY,
)
def machine_types(graph: Graph, resource: Resource) -> Iterator[str]:
    """Every variant, task and container."""
    if (allowed := given.org_policy(graph, org_policies.AWS_MACHINES)) is None:
        return
    kind = kind_of(resource.type)
    assert kind is not None and isinstance(kind.runs, Runs)
    for machines in kind.runs.machines(graph, resource):
        if machines.machine_type not in allowed:
            yield f"runs on {machines.machine_type}, allowed by the organisation: {', '.join(allowed)}"


RULES = [machine_types]
