"""What an Azure Policy forbids, as the landing zone says it: the plan is refused before a call is.

Without a landing zone, and for a policy that it does not say, these rules have nothing to say. Which are known, what
their values are and where each is described: catalogue/org_policies.py.
"""

from collections.abc import Iterator

from catalogue import org_policies
from catalogue.graph import Graph, Resource
from policies import given
from policies.given import REMEDY
from policies.rule import stack_rule


@stack_rule(
    "org-public-network",
    *org_policies.PUBLIC_SWITCHES,
    severity="high",
    says="No type answers the public network that the organisation denies it to.",
    remedy="Give the log store of the landing zone where the type is one of logs. " + REMEDY,
    stack_key="landing_zone",
)
def public_network(graph: Graph, resource: Resource) -> Iterator[str]:
    """The switches that Azure's own definitions read. One that is left out is on."""
    denied = given.org_policy(graph, org_policies.NO_PUBLIC_NETWORK) or ()
    if resource.type in (org_policies.PUBLIC_TYPES[name] for name in denied):
        for switch in org_policies.PUBLIC_SWITCHES[resource.type]:
            if resource.props.text_or_empty(switch) != "Disabled":
                yield f"may be reached from the public network ({switch}), which the organisation denies"


RULES = [public_network]
