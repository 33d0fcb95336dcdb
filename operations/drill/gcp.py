"""The drills on Vertex AI: what differs there from the other platforms."""

from catalogue.hardware.catalogue import HardwareFamily
from catalogue.kinds.gcp import workbench
from catalogue.kinds.gcp.mlplatform import DEPLOYMENT
from catalogue.kinds.gcp.serviceaccount import ACCOUNT
from operations.drill.cloud import Cloud, Part
from sandbox.state import State
from sandbox.state.records import Record
from stacks.gcp.names import approvals_of


def _serving(state: State, endpoint: Record) -> list[str]:
    """The models of the endpoint's deployments that have traffic."""
    deployed = [one for one in state.resources.find(type=DEPLOYMENT) if one.id.startswith(f"{endpoint.id}/")]
    return [one.inputs["model"] for one in deployed if one.outputs["trafficPercent"]]


def _counted(family: HardwareFamily) -> str:
    """The accelerator where the family has one: the quota counts accelerators, and other machines share the type."""
    return family.accelerator.name if family.accelerator else str(family.machine_type)


def _publisher(state: State, stack: str) -> str:
    made = [one for one in state.resources.find(type=ACCOUNT) if one.inputs.get("displayName") == f"{stack} publisher"]
    return str(made[0].outputs["email"])


CLOUD = Cloud(
    bound=Part(DEPLOYMENT, "dedicatedResources.maxReplicaCount", 1, "{}-deployment"),
    tag=Part(workbench.INSTANCE, "labels.owner"),
    workspace=(workbench.INSTANCE,),
    no_quota="quota of this machine type is exceeded",
    no_capacity="no capacity for this machine type",
    taken_back="5 % of its answers were errors, above",
    blind=r"its metrics could not be read .*; all traffic is back on deployed model",
    serving=_serving,
    version=lambda stack, account: f"gs://{approvals_of(stack, account)}/approvals/drill/",
    publisher=_publisher,
    account="payments-risk-test",
    counted=_counted,
)
