"""The drills on Azure Machine Learning: what differs there from the other platforms."""

from catalogue.kinds.azure import IDENTITY, machinelearningservices, monitor
from catalogue.kinds.azure.mlplatform import TRAFFIC
from components.azure.names import worldwide
from operations.drill.cloud import Cloud, Part
from sandbox.state import State
from sandbox.state.records import Record
from stacks.model import StackConfig
from stacks.sections import batch_jobs, endpoints


def _serving(state: State, endpoint: Record) -> list[str]:
    """The deployments of the endpoint that have a share of its traffic."""
    traffic = state.resources.get(TRAFFIC, f"{endpoint.id}/traffic")
    shares: dict[str, int] = traffic.outputs["traffic"] if traffic else {}
    return [name for name, share in shares.items() if share]


def _in_workspace(config: StackConfig) -> list[str]:
    """The registry, whoever has access, and everything that serves: all of it stands in the workspace."""
    serving = [name for name, one in endpoints.of(config).items() if one.enabled]
    jobs = [f"batch job {name}" for name in batch_jobs.of(config)]
    return ["access", "registry", *(f"endpoint {name}" for name in serving), *jobs]


def _publisher(state: State, stack: str) -> str:
    made = [one for one in state.resources.find(type=IDENTITY) if one.urn.endswith(f"::{stack}-identity-publisher")]
    return str(made[0].outputs["principalId"])


CLOUD = Cloud(
    bound=Part(monitor.AUTOSCALE_SETTING, "profiles.0.capacity.maximum", "1"),
    tag=Part(machinelearningservices.WORKSPACE, "tags.owner"),
    workspace=(machinelearningservices.WORKSPACE,),
    no_quota="OutOfQuota",
    no_capacity="OutOfCapacity",
    taken_back="5 % of its answers were errors, above",
    blind=r"its metrics could not be read .*; all traffic is back on v-",
    serving=_serving,
    version=lambda stack, account: f"{stack}/drill/",
    publisher=_publisher,
    images=lambda stack, account: worldwide(stack, account, "images"),
    account="77776666-3333-4444-5555-666677778888",
    in_workspace=_in_workspace,
    unrehearsed="before any `pulumi up`, recover it in the portal, which keeps it for 14 days",
)
