"""What the judgement reads of a stack on Vertex AI."""

from collections.abc import Iterator

from catalogue.graph import Graph
from operations.facts import MachineUse
from operations.verdict import Link, NetworkPicture
from policies.gcp import cost
from policies.gcp.encryption import batch_jobs
from policies.gcp.network import NEEDS
from policies.rule import Stack, get, refers, section

_DEPLOYMENT, _MODEL = "mlplatform:gcp:Deployment", "mlplatform:gcp:Model"
_SERVED, _WORKFLOW = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:workflows/workflow:Workflow"
_INSTANCE, _SUBNET = "gcp:workbench/instance:Instance", "gcp:compute/subnetwork:Subnetwork"
_ZONE, _ATTACHED = "gcp:dns/managedZone:ManagedZone", "gcp:compute/forwardingRule:ForwardingRule"
_GOOGLE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
_BUDGET = "gcp:billing/budget:Budget"
# The API that the resources of a module are made through; Workflows are started through another beside it.
_APIS = {
    "gcp:artifactregistry/": "artifactregistry",
    "gcp:bigquery/": "bigquery",
    "gcp:billing/": "billingbudgets",
    "gcp:cloudscheduler/": "cloudscheduler",
    "gcp:compute/": "compute",
    "gcp:dns/": "dns",
    "gcp:kms/": "cloudkms",
    "gcp:logging/": "logging",
    "gcp:monitoring/": "monitoring",
    "gcp:projects/": "cloudresourcemanager",
    "gcp:serviceaccount/": "iam",
    "gcp:storage/": "storage",
    "gcp:vertex/": "aiplatform",
    "gcp:workbench/": "notebooks",
    "gcp:workflows/": "workflows",
    "gcp:cloudscheduler/job": "workflowexecutions",
    "mlplatform:gcp:": "aiplatform",
}
_NEEDED_BY = {_INSTANCE: "the workspace"}

tags_at = cost.tags_at


def place(graph: Graph) -> tuple[str, str]:
    """The project and region of Google's provider."""
    provider = next(r for r in graph.resources if r.type == "pulumi:providers:gcp")
    return str(provider.inputs["project"]), str(provider.inputs["region"])


def uses(stack: Stack) -> Iterator[MachineUse]:
    """Deployments with their range of replicas, under their endpoint's name, and the batch jobs of workflows."""
    for deployment in stack.of(_DEPLOYMENT):
        machine, added = str(deployment.props.get("machineType")), deployment.props.get("acceleratorType")
        low, high = int(deployment.props.get("minReplicas") or 1), int(deployment.props.get("maxReplicas") or 1)
        for endpoint in refers(deployment, "endpoint", _SERVED) or [deployment]:
            yield MachineUse(endpoint.name, machine, "online", low, high, added)
    for workflow in stack.of(_WORKFLOW):
        for job in batch_jobs(workflow.props):
            resources, machine = section(job, "dedicatedResources"), section(job, "dedicatedResources.machineSpec")
            count = int(resources.get("maxReplicaCount") or 1)
            added = machine.get("acceleratorType")
            yield MachineUse(workflow.name, str(machine.get("machineType")), "batch", count, count, added)


def budgets(stack: Stack) -> Iterator[float]:
    """The specified amount of each budget, whole units and billionths."""
    for budget in stack.of("gcp:billing/budget:Budget"):
        amount = section(budget.props, "amount.specifiedAmount")
        if amount.get("units"):
            yield float(amount["units"]) + float(amount.get("nanos") or 0) / 1e9


def artifacts(stack: Stack) -> set[str]:
    """Where the models' containers take their artifacts from."""
    return {str(uri) for model in stack.of(_MODEL) if (uri := model.props.get("artifactUri"))}


def exportable(stack: Stack) -> str:
    """Artifacts in Cloud Storage, and the models of the registry."""
    models = len(stack.of(_MODEL))
    return f"{len(artifacts(stack))} model artifacts in Cloud Storage and {models} registered models"


def before_up(stack: Stack) -> Iterator[str]:
    """A new project has its APIs off, and no role in it lets anybody make a budget on what pays for it."""
    apis = sorted({api for r in stack.resources for part, api in _APIS.items() if r.resource_type.startswith(part)})
    if apis:
        yield f"enable the project's APIs ({', '.join(apis)})"
    if stack.of(_BUDGET):
        yield "have the right to make budgets on the billing account (roles/billing.costsManager)"


def after_up(stack: Stack) -> Iterator[str]:
    """An e-mail channel needs no yes; a first call needs somebody inside."""
    if served := stack.of(_SERVED):
        yield f"call {served[0].props.get('name')} from inside the network, for example from Workbench"


def network(stack: Stack) -> NetworkPicture | None:
    """The subnets, who is inside, each of Google's domains and each endpoint reached through an address of the VPC."""
    subnets = stack.of(_SUBNET)
    if not subnets:
        return None
    google = [rule.name for rule in stack.of(_GOOGLE)]
    links = [
        Link(
            service=str(zone.props["dnsName"]).rstrip("."),
            endpoint=", ".join(google) or "nothing",
            kind="Private Service Connect",
            needed_by=sorted(
                _NEEDED_BY[type_]
                for type_, domains in NEEDS.items()
                if str(zone.props["dnsName"]).rstrip(".") in domains and stack.of(type_)
            ),
        )
        for zone in stack.of(_ZONE)
    ]
    for attached in stack.of(_ATTACHED):
        for deployment in refers(attached, "target", _DEPLOYMENT):
            served = str(get(deployment.props, "endpoint")).rpartition("/")[2]
            links.append(
                Link(
                    service=served,
                    endpoint=attached.name,
                    kind="Private Service Connect",
                    needed_by=["callers of endpoints"],
                )
            )
    return NetworkPicture(
        cidr=", ".join(str(s.props["ipCidrRange"]) for s in subnets),
        subnets=[(str(s.props["ipCidrRange"]), str(s.props["region"])) for s in subnets],
        inside=[resource.name for resource in stack.of(_INSTANCE)],
        links=links,
    )
