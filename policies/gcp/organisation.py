"""What a policy of the organisation forbids, as the landing zone says it: the plan is refused before a call is.

Without a landing zone, and for a policy that it does not say, these rules have nothing to say. Which are known, what
their values are and where each is described: catalogue/org_policies.py.
"""

import re
from collections.abc import Iterator

from catalogue import org_policies
from catalogue.graph import Graph, Resource
from catalogue.kind import Apis
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.gcp import KEY, compute, workbench
from catalogue.marked import texts_in
from policies import given
from policies.given import REMEDY
from policies.rule import stack_rule

_PEERING = "gcp:compute/networkPeering:NetworkPeering"
_KEY = re.compile(r"projects/([^/]+)/locations/[^/]+/keyRings/.+")
_SUBNET = re.compile(r"(?:.*/)?(projects/([^/]+)/regions/[^/]+/subnetworks/[^/]+)")


@stack_rule(
    "org-key-projects",
    *(token for token in kinds("gcp") if not token.startswith("pulumi:")),
    severity="high",
    says="Every key comes from a project that the organisation takes keys from.",
    remedy="Give a key of such a project under the landing zone's keys. " + REMEDY,
    stack_key="landing_zone",
)
def keys(graph: Graph, resource: Resource) -> Iterator[str]:
    """A key that the stack makes is of its own project; one that is given says its project."""
    values = given.org_policy(graph, org_policies.KEY_PROJECTS)
    if values is None:
        return
    allowed = [value.removeprefix("under:").removeprefix("projects/") for value in values]
    own = graph.placement.account if graph.placement else ""
    if resource.type == KEY:
        found = {own}
    else:  # whoever uses a key that the stack makes has its finding at the key
        found = {match[1] for text in texts_in(resource.inputs) if (match := _KEY.fullmatch(text))} - {own}
    for project in sorted(found - {*allowed}):
        yield f"has a key of {project}, allowed by {org_policies.KEY_PROJECTS}: {', '.join(allowed)}"


@stack_rule(
    "org-networks",
    _PEERING,
    workbench.INSTANCE,
    compute.ADDRESS,
    severity="high",
    proof="network fit",
    says="Networks are peered and shared, and hold Workbench, only as the organisation allows.",
    remedy="Name a network that is allowed in the landing zone. " + REMEDY,
    stack_key="landing_zone",
)
def networks(graph: Graph, resource: Resource) -> Iterator[str]:
    """A subnet of the stack's own project is no shared one."""

    def outside(id_: str, name: str) -> Iterator[str]:
        allowed = given.org_policy(graph, id_) or ()
        if name[name.find("projects/") :] not in allowed:
            yield f"uses {name or 'a network without a name'}, allowed by {id_}: {', '.join(allowed)}"

    props = resource.props
    if resource.type == _PEERING and given.org_policy(graph, org_policies.PEERINGS) is not None:
        yield from outside(org_policies.PEERINGS, props.text_or_empty("peerNetwork"))
    if resource.type == workbench.INSTANCE and given.org_policy(graph, org_policies.WORKBENCH_NETWORKS) is not None:
        for name in props.each_text("gceSetup.networkInterfaces.network"):
            yield from outside(org_policies.WORKBENCH_NETWORKS, name)
    if given.org_policy(graph, org_policies.SHARED_SUBNETS) is None:
        return
    for path in ("gceSetup.networkInterfaces.subnet", "subnetwork"):
        for name in props.each_text_if_known(path):
            match = _SUBNET.fullmatch(name)
            if match and graph.placement and match[2] != graph.placement.account:
                yield from outside(org_policies.SHARED_SUBNETS, match[1])


@stack_rule(
    "org-private-endpoints",
    compute.GLOBAL_FORWARDING_RULE,
    compute.FORWARDING_RULE,
    severity="high",
    proof="network fit",
    says="No endpoint of Private Service Connect is made that the organisation denies.",
    remedy="Stand in a network of the landing zone that has the endpoint. " + REMEDY,
    stack_key="landing_zone",
)
def endpoints(graph: Graph, resource: Resource) -> Iterator[str]:
    """An endpoint of Google's APIs is a global rule; one of a producer names a service attachment."""
    denied = "GOOGLE_APIS" if resource.type == compute.GLOBAL_FORWARDING_RULE else "SERVICE_PRODUCERS"
    if denied in (given.org_policy(graph, org_policies.NO_ENDPOINTS) or ()):
        yield f"is an endpoint of {denied}, which {org_policies.NO_ENDPOINTS} denies"


_UNRESTRICTED = frozenset(
    {"billingbudgets", "cloudbilling", "cloudresourcemanager", "iam", "logging", "monitoring", "serviceusage"}
)


@stack_rule(
    "org-services",
    *(token for token, kind in kinds("gcp").items() if isinstance(kind.apis, Apis)),
    severity="high",
    proof="workflow speed",
    says="Only services are used that the organisation allows.",
    remedy="Leave the section out that asks for the service. " + REMEDY,
    stack_key="landing_zone",
)
def services(graph: Graph, resource: Resource) -> Iterator[str]:
    """The policy cannot restrict what everything needs, such as IAM, Logging and Monitoring. No resource of Billing,
    Resource Manager or Service Usage stands in a project. Source: Resource Manager, "Restricting resource usage",
    https://cloud.google.com/resource-manager/docs/organization-policy/restricting-resources
    """
    allowed = given.org_policy(graph, org_policies.SERVICES)
    kind = kind_of(resource.type)
    if allowed is None or kind is None or not isinstance(kind.apis, Apis):
        return
    for api in kind.apis.names:
        if api not in _UNRESTRICTED and f"{api}.googleapis.com" not in allowed:
            yield f"is of {api}.googleapis.com, allowed by {org_policies.SERVICES}: {', '.join(allowed)}"


_OWN_IMAGES = "cloud-notebooks-managed"
"""The project of the image that Workbench takes where an instance names none. Workbench, "Create a specific version of
an instance", https://cloud.google.com/vertex-ai/docs/workbench/instances/create-specific-version
"""


@stack_rule(
    "org-workbench",
    workbench.INSTANCE,
    severity="high",
    proof="workflow speed",
    says="A Workbench instance is made as the organisation allows: its image, its terminal and its upgrades.",
    remedy="Leave the workspace out. " + REMEDY,
    stack_key="landing_zone",
)
def instances(graph: Graph, instance: Resource) -> Iterator[str]:
    """What the policies read stands in the instance's metadata: Workbench, "Manage features through metadata",
    https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-metadata
    """

    def in_force(id_: str) -> bool:
        return given.org_policy(graph, id_) is not None

    metadata = instance.props.section_or_empty("gceSetup.metadata")
    if in_force(org_policies.NO_TERMINAL) and metadata.text_or_empty("notebook-disable-terminal").lower() != "true":
        yield f"has a terminal, which {org_policies.NO_TERMINAL} denies"
    if in_force(org_policies.WORKBENCH_UPGRADES) and not metadata.text_or_empty("notebook-upgrade-schedule"):
        yield f"has no notebook-upgrade-schedule, which {org_policies.WORKBENCH_UPGRADES} asks for"
    if in_force(org_policies.NO_GUEST_ATTRIBUTES) and "enable-guest-attributes" in metadata.names():
        yield f"reports through guest attributes when it is idle, which {org_policies.NO_GUEST_ATTRIBUTES} denies"
    image = instance.props.section_or_empty("gceSetup.vmImage")
    project = image.text_if_known("project") or _OWN_IMAGES
    for id_, place in ((org_policies.IMAGE_PROJECTS, "projects/"), (org_policies.WORKBENCH_IMAGES, "ainotebooks-vm/")):
        values = given.org_policy(graph, id_)
        if values is not None and not any(
            f"{value.removeprefix('under:')}/".startswith(f"{place}{project}/") for value in values
        ):
            yield f"starts from an image of {project}, allowed by {id_}: {', '.join(values)}"


@stack_rule(
    "org-members",
    *(token for token in kinds("gcp") if token.lower().endswith("iammember")),
    severity="high",
    proof="workflow speed",
    says="People get a role only where the organisation lets their domain or their workforce pool in.",
    remedy="Name under workspace.principals an account of a domain that is let in. " + REMEDY,
    stack_key="landing_zone",
)
def members(graph: Graph, grant: Resource) -> Iterator[str]:
    """The policy names customers and organisations by their ids; the landing zone says the domains and pools of these.

    Resource Manager, "Restricting identities by domain",
    https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains
    """
    allowed, member = given.org_policy(graph, org_policies.MEMBER_DOMAINS), grant.props.text_if_known("member")
    if allowed is not None and org_policies.outside(member, allowed):
        yield f"grants a role to {member}, allowed by {org_policies.MEMBER_DOMAINS}: {', '.join(allowed)}"


RULES = [keys, networks, endpoints, services, instances, members]
