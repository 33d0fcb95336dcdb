"""What a platform itself does or leaves open, which no stack can change. The report says it of what a stack uses."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.graph import Graph
from catalogue.kind import Evidence, documented

_READ = "2026-11-26"
_SAGEMAKER = "https://docs.aws.amazon.com/sagemaker/latest/dg"
_AZURE_ML = "https://learn.microsoft.com/en-us/azure/machine-learning"


@dataclass(frozen=True)
class Caveat:
    """One sentence or two on a platform, for stacks that have a resource of one of the types `about`."""

    about: tuple[str, ...]
    says: str
    evidence: Evidence


_MODEL = "aws:sagemaker/model:Model"
_ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
_VERTEX, _WORKFLOW = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:workflows/workflow:Workflow"
_WORKSPACE = "azure-native:machinelearningservices:Workspace"
_ONLINE = "azure-native:machinelearningservices:OnlineEndpoint"
_COMPUTE = "azure-native:machinelearningservices:Compute"

CAVEATS: Mapping[str, tuple[Caveat, ...]] = {
    "aws": (
        Caveat(
            (_MODEL,),
            "Endpoints and jobs run on machines in a network of SageMaker's. Of the stack's network they have "
            "interfaces only.",
            documented(f"{_SAGEMAKER}/infrastructure-give-access.html", _READ),
        ),
        Caveat(
            (_MODEL,),
            "Network isolation bounds a container alone. SageMaker itself fetches the image and the artifact, with the "
            "model's role.",
            documented(f"{_SAGEMAKER}/mkt-algo-model-internet-free.html", _READ),
        ),
        Caveat(
            (_ENDPOINT,),
            "The network of a model does not bound its callers. SageMaker's runtime has a public address too, and the "
            "caller's identity policy alone decides from where it may be called.",
            documented(f"{_SAGEMAKER}/interface-vpc-endpoint.html", _READ),
        ),
        Caveat(
            ("aws:sagemaker/domain:Domain", "aws:sfn/stateMachine:StateMachine"),
            "Studio and jobs log to groups that all stacks of an account and region share. SageMaker makes them "
            "without a key or an expiry, unless whoever keeps the account does it first, with the component JobLogs.",
            documented(f"{_SAGEMAKER}/logging-cloudwatch.html", _READ),
        ),
    ),
    "gcp": (
        Caveat(
            (_VERTEX, _WORKFLOW),
            "Endpoints and batch jobs run on Google's side. A perimeter of VPC Service Controls alone contains them, "
            "which an organisation has and a project does not: no stack makes one.",
            documented("https://cloud.google.com/vertex-ai/docs/general/vpc-service-controls", _READ),
        ),
        Caveat(
            (_VERTEX, _WORKFLOW),
            "Vertex AI's API answers on the internet too, to whoever has a permission. A private way does not close "
            "that; such a perimeter does.",
            documented("https://cloud.google.com/vertex-ai/docs/general/vpc-service-controls", _READ),
        ),
    ),
    "azure": (
        Caveat(
            (_COMPUTE, _ONLINE),
            "Computes and deployments run in a network that Azure manages for their workspace. The stack's security "
            "groups do not bind them; the workspace's outbound rules do.",
            documented(f"{_AZURE_ML}/how-to-managed-network", _READ),
        ),
        Caveat(
            (_WORKSPACE,),
            "Azure ML opens the way from its managed network to the service tags that it needs, and a stack cannot "
            "close them.",
            documented(f"{_AZURE_ML}/how-to-managed-network", _READ),
        ),
        Caveat(
            (_WORKSPACE,),
            "Names, tags and states of runs, machines and models rest under Microsoft's key, unless a landing zone "
            "gives one. Azure ML supports no key there that rotates, and none in a vault whose public access is off.",
            documented(f"{_AZURE_ML}/concept-customer-managed-keys", _READ),
        ),
        Caveat(
            (_ONLINE,),
            "All online endpoints of a workspace are called through its one private endpoint. Roles tell their callers "
            "apart, the network does not.",
            documented(f"{_AZURE_ML}/concept-secure-online-endpoint", _READ),
        ),
    ),
}
"""By platform."""


def of(graph: Graph) -> list[Caveat]:
    """The caveats of what a stack has."""
    return [caveat for caveat in CAVEATS.get(graph.platform, ()) if graph.of(*caveat.about)]
