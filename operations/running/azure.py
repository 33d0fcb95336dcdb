"""A run on Azure Machine Learning: a job of what the schedule of the training job or pipeline says.

Jobs - Create Or Update, https://learn.microsoft.com/en-us/rest/api/azureml/jobs/create-or-update
"""

from datetime import UTC, datetime
from shlex import join

from catalogue.errors import BadInput
from operations.running import Start
from provider import Json
from provider.arm import API_VERSION
from provider.clock import WallClock
from provider.clouds import Clouds
from provider.errors import ProviderError
from provider.rest import Door
from stacks.model import StackConfig

_ML = "providers/Microsoft.MachineLearningServices/workspaces"


def start(stack: str, config: StackConfig, section: str, name: str) -> Start:
    """What would be sent to start a run of the item of the section."""
    says = f"PUT of a job of what the schedule {name} says, in the workspace of the resource group {stack}"
    words = ["--name", name, "--resource-group", stack, "--subscription", config.account]
    return Start(says, join(["az", "ml", "schedule", "trigger", *words, "--workspace-name", "WORKSPACE"]))


def send(stack: str, config: StackConfig, section: str, name: str) -> str:
    """Start a run, and return the id of its job.

    Raises BadInput where nobody is signed in, Azure refuses or the item does not stand.
    """
    return sent(Clouds(WallClock()).azure(), stack, config, section, name)


def sent(door: Door, stack: str, config: StackConfig, section: str, name: str) -> str:
    """As `send`, by a door to Azure Resource Manager."""
    doing = f"starting a run of {name}"
    try:
        group = f"/subscriptions/{config.account}/resourceGroups/{stack}/{_ML}"
        found = door.get(group, doing, API_VERSION) or {}
        workspaces: list[Json] = found.get("value", [])
        if len(workspaces) != 1:
            raise BadInput(f"{section}.{name}: {stack} has {len(workspaces)} workspaces; bring {stack} up first")
        workspace = f"{group}/{workspaces[0]['name']}"
        schedule = door.get(f"{workspace}/schedules/{name}", doing, API_VERSION)
        if schedule is None:
            raise BadInput(f"{section}.{name}: no schedule of that name stands; bring {stack} up first")
        path = f"{workspace}/jobs/{name}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        body = {"properties": schedule["properties"]["action"]["jobDefinition"]}
        answer = door.call("PUT", path, doing, params=API_VERSION, json=body)
    except ProviderError as error:
        words = " ".join(str(error).split())[:300]
        raise BadInput(
            f"{section}.{name}: Azure starts no run ({words}); sign in with `az login` as somebody whom "
            f"workspace.principals names, or as the deployer"
        ) from None
    return str(answer.body.get("id", path))
