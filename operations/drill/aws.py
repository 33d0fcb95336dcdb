"""The drills on Amazon SageMaker: what differs there from the other platforms."""

from catalogue.kinds.aws import appautoscaling, iam, kms, studio
from operations.drill.cloud import Cloud, Part
from sandbox.state import State
from sandbox.state.records import Record


def _serving(state: State, endpoint: Record) -> list[str]:
    """The artifacts of the models in the endpoint's configuration."""
    configuration = state.resources.named(endpoint.inputs["endpointConfigName"])
    names = [variant["modelName"] for one in configuration for variant in one.inputs["productionVariants"]]
    models = [model for name in names for model in state.resources.named(name)]
    return [model.inputs["primaryContainer"]["modelDataUrl"] for model in models]


def _publisher(state: State, stack: str) -> str:
    roles = [one for one in state.resources.find(type=iam.ROLE) if one.inputs.get("name") == f"{stack}-publisher"]
    return str(roles[0].outputs["arn"])


def _key(state: State, account: str) -> str:
    keys = [one for one in state.resources.find(type=kms.KEY, account=account) if one.name.endswith("-data")]
    return str(keys[0].outputs["arn"])


CLOUD = Cloud(
    bound=Part(appautoscaling.TARGET, "maxCapacity", 1),
    tag=Part(studio.DOMAIN, "tags.owner"),
    workspace=(studio.USER_PROFILE, studio.DOMAIN),
    no_quota="ResourceLimitExceeded",
    no_capacity="InsufficientInstanceCapacity",
    taken_back="SageMaker took the new version back",
    serving=_serving,
    version=lambda stack, account: f"{stack}-registry-drill/",
    publisher=_publisher,
    account="444455556666",
    key=_key,
)
